/* The rules of kafka-connect-healthcheck. Knows no answer and no time. */
#include <strings.h>

#include "observe/connector_rules.h"

static bool considers(const struct worker_settings *w, const struct connector_part *p) {
        return w->considered & (p->id < 0 ? CONSIDER_CONNECTOR : CONSIDER_TASK);
}

bool connector_rules_here(const struct worker_settings *w, const struct connector_part *p) {
        return !w->worker_id || strcasecmp(p->worker_id, w->worker_id) == 0;
}

bool connector_rules_failed(const struct worker_settings *w, const struct connector_part *p) {
        return considers(w, p) && connector_rules_here(w, p) &&
               (w->unhealthy_states & connector_state_bit(p->state));
}

void connector_rules_count(struct connector_tally *t,
                           const struct worker_settings *w,
                           const struct connector_status *c) {
        t->n_connectors++;
        t->connectors[c->connector.state]++;
        t->any_here = t->any_here ||
                      ((w->considered & CONSIDER_CONNECTOR) && connector_rules_here(w, &c->connector));
        t->connectors_failed += connector_rules_failed(w, &c->connector);
        for (size_t i = 0; i < c->n_tasks; i++) {
                t->n_tasks++;
                t->tasks[c->tasks[i].state]++;
                t->tasks_failed += connector_rules_failed(w, &c->tasks[i]);
        }
}

bool connector_rules_wants_broker_check(const struct connector_tally *t) {
        return t->n_connectors > 0 && !t->any_here;
}

bool connector_rules_unhealthy(const struct connector_tally *t, const struct worker_settings *w) {
        uint64_t considered = 0, failed = (uint64_t) t->connectors_failed + t->tasks_failed;

        considered += w->considered & CONSIDER_CONNECTOR ? t->n_connectors : 0;
        considered += w->considered & CONSIDER_TASK ? t->n_tasks : 0;
        return failed * 100 > considered * w->failure_threshold;
}
