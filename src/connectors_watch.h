/* One worker's connectors: when they are looked at, what is told of them, which are restarted. Apart from
 * the polls of its health, which it never delays. */
#pragma once

#include "judge/connectors.h"

struct worker;
struct connectors_watch;

int connectors_watch_new(struct worker *w, struct connectors_watch **ret);
struct connectors_watch *connectors_watch_free(struct connectors_watch *c);

/* The worker's settings were replaced; what was known of another target, or by other rules, is forgotten. */
void connectors_watch_reconfigure(struct connectors_watch *c,
                                  const struct worker_settings *old,
                                  bool same_target);
/* The worker was polled: the first look follows its first good answer. */
void connectors_watch_polled(struct connectors_watch *c);
/* One of them is being restarted right now. */
bool connectors_watch_is_restarting(const struct connectors_watch *c) _pure_;
/* What was restarted so far counts no more. */
void connectors_watch_forget_restarts(struct connectors_watch *c);
/* What was found by the last look, or NULL. */
const struct connectors_view *connectors_watch_view(const struct connectors_watch *c) _pure_;
/* Why the last look found nothing; "" where it did, or there was none. */
const char *connectors_watch_problem(const struct connectors_watch *c) _pure_;
/* The first look is still to come, or under way. */
bool connectors_watch_is_awaited(const struct connectors_watch *c) _pure_;
