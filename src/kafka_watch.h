/* One [kafka NAME]: when it is asked, on a thread of its own, and which workers are told what came of it.
 * Apart from the polls of workers, which it never delays. */
#pragma once

#include "judge/kafka_health.h"

struct agent;
struct kafka_snapshot;
struct kafka_watch;
struct settings;

/* Makes the watches those of the settings, before those in force are freed: unchanged sections go on,
 * changed ones get a new client, and what was known of them stands until its first check has ended; but that
 * it was up is not known of another bootstrap. Each begins, or goes on, at once. room is taken over. Returns
 * 0 or a negative errno: then some of them are missing. */
int kafka_watches_apply(struct agent *a, const struct settings *s, struct kafka_watch **room);
/* What kafka_watches_apply() needs for these settings; NULL: no memory. */
struct kafka_watch **kafka_watches_room(const struct settings *s);
/* At the agent's end: waits at most patience for checks under way, all together. */
void kafka_watches_free(struct agent *a, usec_t patience_usec);

/* What is known of the section of that name; NULL: it could not be made. */
const struct kafka_health *kafka_watch_health(const struct agent *a, const char *name) _pure_;
void kafka_watch_snapshot(const struct kafka_watch *k, struct kafka_snapshot *ret);
/* For STATUS=: "; Kafka main is down" for each that is not well. */
void kafka_watches_status(const struct agent *a, char *buf, size_t size);
