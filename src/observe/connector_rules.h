/* Which connectors count as failed, and when so many that the worker is degraded: the rules of
 * kafka-connect-healthcheck 0.3.0 (its health.py). Pure. */
#pragma once

#include "config/settings.h"
#include "observe/connectors.h"

/* What one pass over all connectors adds up to. Begins as zeros. */
struct connector_tally {
        unsigned n_connectors, n_tasks;
        unsigned connectors[_CONNECTOR_STATE_MAX], tasks[_CONNECTOR_STATE_MAX]; /* by state */
        unsigned connectors_failed, tasks_failed; /* by the rules: considered, here, in an unhealthy state */
        bool any_here;                            /* a considered connector sits on this worker */
};

/* Whether the part sits on the worker that worker_id names; all do when none is named. */
bool connector_rules_here(const struct worker_settings *w, const struct connector_part *p) _pure_;
/* Whether the part counts as a failure. */
bool connector_rules_failed(const struct worker_settings *w, const struct connector_part *p) _pure_;

void connector_rules_count(struct connector_tally *t,
                           const struct worker_settings *w,
                           const struct connector_status *c);

/* Whether a connector is to be asked for through the herder's thread, which alone shows whether a worker
 * without connectors of its own still takes part: broker_connector, or the first one. */
bool connector_rules_wants_broker_check(const struct connector_tally *t) _pure_;

/* Failures among all that is considered, of the whole cluster: more than failure_threshold percent. */
bool connector_rules_unhealthy(const struct connector_tally *t, const struct worker_settings *w) _pure_;
