/* GET /, as kafka-connect-healthcheck 0.3.0 answers it (its health.py): whether so many connectors and tasks
 * have failed that it counts. From the last look at them, so nobody waits for a worker; and with traces only
 * where expose_traces says so, for they may hold what is not for everybody who can connect. */
#include <stdio.h>

#include "judge/connectors.h"
#include "observe/kind.h"
#include "report/http/document.h"
#include "util/json.h"
#include "util/text.h"

#define TYPE "application/json"
#define ERROR_SIZE 4096

struct totals {
        unsigned states; /* connector_state_bit() of each */
        double rate, threshold;
        bool healthy;
};

/* Why nothing can be said of the worker's connectors; NULL: it can. */
static const char *why_not(const struct snapshot *s,
                           const struct worker_snapshot *w,
                           char buf[static CLAUSE_SIZE]) {
        enum worker_state state = health_shown_state(w->health, w->history);
        const struct worker_settings *c = w->settings;

        if (c->kind->has_connectors && !c->connectors)
                return "its connectors are not watched (connectors = no)";
        if (state != STATE_HEALTHY && state != STATE_DEGRADED)
                return snapshot_clause(s, w, buf);
        if (!c->kind->has_connectors) {
                (void) snprintf(buf, CLAUSE_SIZE,
                                "a worker of kind %s has no connectors; ask /health for it", c->kind->name);
                return buf;
        }
        if (w->connectors && usec_sub(s->now_usec, w->connectors->at_usec) <=
                                     2 * c->connectors_interval_usec + c->connectors_timeout_usec)
                return NULL;
        (void) snprintf(buf, CLAUSE_SIZE, "its connectors %s",
                        w->connectors                    ? "could not be read for some time"
                        : isempty(w->connectors_problem) ? "were not looked at yet"
                                                         : "cannot be read");
        if (!isempty(w->connectors_problem))
                text_append(buf, CLAUSE_SIZE, ": %s", w->connectors_problem);
        return buf;
}

static void add_text(json_object *o, const char *key, const char *text) {
        (void) json_object_object_add(o, key, json_object_new_string(text));
}

static json_object *make_failure(const char *connector, const struct connector_trouble *t, bool traces) {
        json_object *o = json_object_new_object();

        if (!o)
                return NULL;
        add_text(o, "type", t->task < 0 ? "connector" : "task");
        add_text(o, "connector", connector);
        if (t->task >= 0)
                (void) json_object_object_add(o, "id", json_object_new_int64(t->task));
        add_text(o, "state", connector_state_to_string(t->state));
        add_text(o, "worker_id", strempty(t->worker_id));
        if (t->task >= 0)
                (void) json_object_object_add(o, "trace",
                                              traces && t->trace ? json_object_new_string(t->trace) : NULL);
        return o;
}

static void add_failures(json_object *to, const struct connectors_view *v, bool traces) {
        for (size_t i = 0; i < v->n; i++)
                for (size_t k = 0; k < v->list[i].n_troubles; k++)
                        if (v->list[i].troubles[k].counts)
                                (void) json_object_array_add(
                                        to, make_failure(v->list[i].name, &v->list[i].troubles[k], traces));
        if (v->broker_failed) {
                json_object *o = json_object_new_object();

                if (o) {
                        add_text(o, "type", "broker");
                        add_text(o, "connector", v->broker_connector);
                }
                (void) json_object_array_add(to, o);
        }
}

/* The peer's arithmetic; of several workers the worst. */
static void add_up(struct totals *t, const struct worker_snapshot *w) {
        const struct connector_tally *tally = &w->connectors->tally;
        unsigned considered = (w->settings->considered & CONSIDER_CONNECTOR ? tally->n_connectors : 0) +
                              (w->settings->considered & CONSIDER_TASK ? tally->n_tasks : 0);
        double failed = tally->connectors_failed + tally->tasks_failed;

        t->rate = MAX(t->rate, considered > 0 ? failed / considered : 0);
        t->threshold = MIN(t->threshold, w->settings->failure_threshold / 100.0);
        t->healthy = t->healthy && !connector_rules_unhealthy(tally, w->settings) &&
                     !w->connectors->broker_failed;
}

static json_object *make_states(unsigned states) {
        json_object *list = json_object_new_array();

        for (size_t i = 0; list && connector_state_names[i]; i++)
                if (states & 1U << i)
                        (void) json_object_array_add(list, json_object_new_string(connector_state_names[i]));
        return list;
}

static int answer_error(struct document *ret, const char *error, unsigned states) {
        json_object *o = json_object_new_object();

        if (o) {
                (void) json_object_object_add(o, "healthy", json_object_new_boolean(false));
                add_text(o, "message",
                         "Exception raised while attempting to calculate health result, assuming "
                         "unhealthy.");
                add_text(o, "error", error);
                (void) json_object_object_add(o, "failure_states", make_states(states));
        }
        return document_json(ret, 503, TYPE, o);
}

static json_object *make_health(const struct snapshot *s,
                                const struct worker_snapshot *workers,
                                size_t n,
                                const struct totals *t) {
        json_object *o = json_object_new_object(), *failures = json_object_new_array();

        for (size_t i = 0; failures && i < n; i++)
                if (workers[i].connectors)
                        add_failures(failures, workers[i].connectors, s->settings->http.expose_traces);
        if (!o)
                return json_object_unref(failures);
        (void) json_object_object_add(o, "failures", failures);
        (void) json_object_object_add(o, "failure_states", make_states(t->states));
        (void) json_object_object_add(o, "failure_rate", json_object_new_double(t->rate));
        (void) json_object_object_add(o, "failure_threshold", json_object_new_double(t->threshold));
        (void) json_object_object_add(o, "healthy", json_object_new_boolean(t->healthy));
        return o;
}

/* Beside those that have connectors, one of a kind without says nothing of them. */
static bool any_has_connectors(const struct worker_snapshot *workers, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (workers[i].settings->kind->has_connectors)
                        return true;
        return false;
}

int document_peer(const struct snapshot *s, const struct question *q, struct document *ret) {
        struct totals t = { .threshold = 1, .healthy = true };
        const struct worker_snapshot *workers;
        char error[ERROR_SIZE] = "";
        bool any;
        size_t n;

        if (question_workers(s, q, &workers, &n) < 0)
                return document_no_worker(ret);
        if (n == 0)
                text_append(error, sizeof(error), "No worker is configured; see connect-watchdog.conf(5)");
        any = any_has_connectors(workers, n);
        for (size_t i = 0; i < n; i++) {
                char clause[CLAUSE_SIZE];
                const char *why;

                if (any && !workers[i].settings->kind->has_connectors)
                        continue;
                why = why_not(s, &workers[i], clause);
                t.states |= workers[i].settings->unhealthy_states;
                if (why)
                        text_append(error, sizeof(error), "%s%s: %s", error[0] ? "\n" : "",
                                    workers[i].settings->name, why);
                else
                        add_up(&t, &workers[i]);
        }
        if (error[0])
                return answer_error(ret, error, t.states);
        return document_json(ret, t.healthy ? 200 : 503, TYPE, make_health(s, workers, n, &t));
}
