/* May this connector be restarted now? Backoff and limit of each connector. Pure: time is an argument. */
#pragma once

#include "judge/connectors.h"

/* Restarts of one connector since it was last well for longer than its backoff. */
struct connector_attempt {
        char *name;
        unsigned n;
        usec_t last_at_usec;
        bool exhausted; /* told that it is left to a person */
        /* Not kept on disk: */
        usec_t well_since_usec; /* 0: it is not */
        usec_t not_before_usec; /* put off by a rebalance, or because nothing could be asked */
        bool refusal_told;
};

struct connector_attempts {
        struct connector_attempt *list; /* by name */
        size_t n, size;
};

void connector_attempts_done(struct connector_attempts *a);
/* Returns 0 or -ENOMEM (*to is then empty). */
int connector_attempts_copy(struct connector_attempts *to, const struct connector_attempts *from);
struct connector_attempt *connector_attempts_find(const struct connector_attempts *a,
                                                  const char *name) _pure_;
/* Adds one (with n 0) where there is none. NULL when out of memory. */
struct connector_attempt *connector_attempts_get(struct connector_attempts *a, const char *name);

/* To be called with each whole view: who was well for longer than its backoff is forgotten. Returns whether
 * any was. */
bool connector_remedy_credit(struct connector_attempts *a,
                             const struct connectors_view *v,
                             const struct worker_settings *w,
                             usec_t now_usec);

enum connector_remedy_action {
        CONNECTOR_REMEDY_NONE,
        CONNECTOR_REMEDY_RESTART,
        CONNECTOR_REMEDY_EXHAUSTED, /* its limit is reached, and that was not told yet */
};

struct connector_decision {
        enum connector_remedy_action action;
        const struct troubled_connector *connector;
        unsigned n;  /* restarts before this one */
        size_t next; /* connector of the view, to go on with */
};

/* The first connector from begin on that is FAILED (or has a task that is), is on this worker, and is due.
 */
void connector_remedy_decide(const struct connector_attempts *a,
                             const struct connectors_view *v,
                             const struct worker_settings *w,
                             usec_t now_usec,
                             size_t begin,
                             struct connector_decision *ret);

/* Its n-th restart is begun. Returns 0 or -ENOMEM. */
int connector_remedy_charge(struct connector_attempts *a, const char *name, usec_t now_usec);
/* It came to nothing, and is tried again from then on. before_usec: when the one before was, 0: none. */
void connector_remedy_refund(struct connector_attempts *a,
                             const char *name,
                             usec_t before_usec,
                             usec_t not_before_usec);
