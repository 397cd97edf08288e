/* Which values fit together, and which are worth a warning. Pure. */
#pragma once

#include "config/kafka_property.h"
#include "config/scratch.h"

/* A section as it was written. */
struct checked {
        const struct raw_section *section;  /* NULL: nobody wrote it */
        const struct raw_section *defaults; /* NULL: there are none */
};

/* What was given here, or else in [defaults]; or NULL. */
const struct raw_value *checked_find(const struct checked *c, const struct config_key *k) _pure_;
/* Where the key stands, or else its section. */
const struct place *checked_at(const struct checked *c, const char *key) _pure_;
/* Neither of them was told already: a mistake is told once. */
bool checked_sound(const struct checked *c, const char *a, const char *b) _pure_;

/* Each problem is told at the line of the key at fault. */
void check_worker(struct problems *p, const struct checked *c, const struct worker_settings *w);
void check_kafka(struct problems *p, const struct checked *c, const struct kafka_settings *k);

void check_notify(struct problems *p, const struct checked *c, const struct notify_settings *n);

void check_lag(struct problems *p, const struct checked *c, const struct worker_settings *w);
/* What librdkafka says to each property; NULL: nobody is asked. */
void check_properties(struct problems *p, const struct scratch *s, kafka_property_check *check);

/* What a cluster is for shows in who requires it: sets any_cleanup_policy of each. */
void note_who_requires(struct settings *settings);
/* Whether each section that requires = names is there, and protects in time. */
void check_requires(struct problems *p, const struct settings *settings, const struct scratch *s);

/* a goes only with b. */
void check_pair(struct problems *p,
                const struct checked *c,
                const char *a,
                const char *a_value,
                const char *b,
                const char *b_value);

/* What no two sections may share, and whether what one names is there. The workers of both come in the same
 * order. */
void check_workers_together(struct problems *p, const struct settings *settings, const struct scratch *s);
