/* GET /workers and /workers/NAME: everything that is known, for tools. Its fields stand in the same order in
 * connect-watchdog.conf(5); secrets, and the paths where they lie, are not among them. */
#include <errno.h>

#include "judge/connectors.h"
#include "judge/pauses.h"
#include "observe/kind.h"
#include "report/http/json_maker.h"
#include "report/http/workers_kafka.h"
#include "report/narrate.h"

/* So many of what is wrong with connectors are listed; the numbers beside them are whole. */
#define TROUBLES_MAX 1000

/* ---- parts of a worker ---- */

static json_object *make_pause(struct json_maker *m, const struct pause *p) {
        json_object *o = json_make_object(m);

        json_put_bool(m, o, "all_workers", !p->worker);
        json_put_time(m, o, "since", p->since_usec);
        json_put_time(m, o, "until", p->until_usec);
        json_put_number(m, o, "uid", p->uid);
        json_put_text(m, o, "reason", p->reason);
        return o;
}

static json_object *make_answer(struct json_maker *m, const struct observation *seen) {
        json_object *o = json_make_object(m);
        char text[CLAUSE_SIZE];

        json_put_time(m, o, "sent", seen->sent_at_usec);
        json_put_time(m, o, "received", seen->received_at_usec);
        json_put_span(m, o, "latency_seconds", seen->latency_usec);
        json_put(m, o, "http_status",
                 seen->http_status > 0 ? json_made(m, json_object_new_int64(seen->http_status)) : NULL);
        json_put_text(m, o, "detail", seen->detail);
        json_put_text(m, o, "connector", seen->stage.connector);
        json_put_realtime(m, o, "stage_began", seen->stage.began_at_usec);
        json_put_realtime(m, o, "stage_completed",
                          seen->stage.completed ? seen->stage.completed_at_usec : 0);
        json_put_text(
                m, o, "text",
                narrate_observation(seen, m->s->now_usec, m->s->clock_offset_usec, text, sizeof(text)));
        json_put_text(m, o, "remedy", observation_remedy(seen));
        return o;
}

static json_object *make_budget(struct json_maker *m,
                                const struct budget *b,
                                const struct worker_settings *settings) {
        const struct restart_record *last = budget_last(b);
        json_object *o = json_make_object(m);

        json_put_number(m, o, "limit", settings->restart_limit);
        json_put_span(m, o, "window_seconds", settings->restart_window_usec);
        json_put_number(m, o, "restarts", remedy_restarts_in_window(b, settings, m->s->now_usec));
        json_put_number(m, o, "left", remedy_restarts_left(b, settings, m->s->now_usec));
        json_put_time(m, o, "last_restart", last ? last->at_usec : 0);
        json_put_number(m, o, "n", b->n);
        json_put_span(m, o, "backoff_seconds", remedy_backoff(b, settings));
        json_put_time(m, o, "exhausted_since", b->exhausted_at_usec);
        return o;
}

static json_object *make_unit(struct json_maker *m, const struct unit_view *u) {
        json_object *o = json_make_object(m);

        json_put_text(m, o, "load", u->load_state);
        json_put_text(m, o, "active", u->active_state);
        json_put_text(m, o, "sub", u->sub_state);
        json_put_text(m, o, "file", u->unit_file_state);
        json_put_text(m, o, "result", u->result);
        json_put(m, o, "main_pid",
                 u->main_pid > 0 ? json_made(m, json_object_new_int64(u->main_pid)) : NULL);
        json_put_text(m, o, "invocation_id", u->invocation_id);
        json_put_time(m, o, "started", u->inactive_exit_usec);
        return o;
}

static json_object *make_counts(struct json_maker *m, const struct worker_counts *c) {
        json_object *o = json_make_object(m);
        json_object *polls = json_make_object(m);
        json_object *restarts = json_make_object(m);

        for (enum outcome i = 0; i < _OUTCOME_MAX; i++)
                json_put_number(m, polls, outcome_to_string(i), c->outcomes[i]);
        json_put_number(m, restarts, "done", c->restarts[RESTART_DONE]);
        json_put_number(m, restarts, "failed", c->restarts[RESTART_FAILED]);
        json_put_number(m, restarts, "refused", c->restarts_refused);

        json_put(m, o, "polls", polls);
        json_put_number(m, o, "incidents", c->incidents);
        json_put(m, o, "restarts", restarts);
        json_put_number(m, o, "would_restarts", c->would_restarts);
        return o;
}

static json_object *make_states(struct json_maker *m, const unsigned *n) {
        json_object *o = json_make_object(m);

        for (enum connector_state i = 0; i < _CONNECTOR_STATE_MAX; i++)
                json_put_number(m, o, connector_state_to_string(i), n[i]);
        return o;
}

/* Traces may hold anything: unless told otherwise, they stay in the journal. */
static json_object *make_troubles(struct json_maker *m, const struct connectors_view *v) {
        json_object *list = json_make_list(m);
        size_t n = 0;

        for (size_t i = 0; i < v->n; i++)
                for (size_t j = 0; j < v->list[i].n_troubles && n < TROUBLES_MAX; j++, n++) {
                        const struct connector_trouble *t = &v->list[i].troubles[j];
                        json_object *o = json_make_object(m);

                        json_put_text(m, o, "connector", v->list[i].name);
                        json_put(m, o, "task",
                                 t->task >= 0 ? json_made(m, json_object_new_int64(t->task)) : NULL);
                        json_put_text(m, o, "state", connector_state_to_string(t->state));
                        json_put_text(m, o, "worker_id", t->worker_id);
                        json_put_bool(m, o, "counts", t->counts);
                        json_put_time(m, o, "since", t->since_usec);
                        if (m->s->settings->http.expose_traces)
                                json_put_text(m, o, "trace", t->trace);
                        json_append(m, list, o);
                }
        return list;
}

static json_object *make_connectors(struct json_maker *m, const struct connectors_view *v) {
        json_object *o = json_make_object(m);

        json_put_time(m, o, "seen", v->at_usec);
        json_put(m, o, "connectors", make_states(m, v->tally.connectors));
        json_put(m, o, "tasks", make_states(m, v->tally.tasks));
        json_put_number(m, o, "connectors_failed", v->tally.connectors_failed);
        json_put_number(m, o, "tasks_failed", v->tally.tasks_failed);
        json_put_bool(m, o, "broker_failed", v->broker_failed);
        json_put(m, o, "troubles", make_troubles(m, v));
        return o;
}

/* ---- documents ---- */

static void put_verdict(struct json_maker *m, json_object *o, const struct worker_snapshot *w) {
        const struct health *h = w->health;
        bool polled = h->last.sent_at_usec > 0;

        json_put_text(m, o, "state", worker_state_to_string(snapshot_shown_state(w)));
        json_put_text(m, o, "health_state", worker_state_to_string(health_shown_state(h, w->history)));
        json_put_text(m, o, "outcome", polled ? outcome_to_string(h->last.outcome) : NULL);
        json_put_text(m, o, "reason", polled ? reason_to_string(h->last.reason) : NULL);
        json_put_text(m, o, "stage", h->last.stage.text);
        json_put_time(m, o, "since", h->state_since_usec);
        json_put_time(m, o, "last_ok", h->last_ok_usec);
        json_put_number(m, o, "failures", h->failures);
        json_put_number(m, o, "failures_needed", w->settings->failures);
        json_put_span(m, o, "sustained_seconds", health_sustained(h, w->settings, m->s->now_usec));
        json_put_span(m, o, "sustain_needed_seconds", health_sustain_needed(h, w->settings));
}

static json_object *make_worker(struct json_maker *m, const struct worker_snapshot *w) {
        const struct incident *incident = &w->history->incident;
        const struct worker_settings *settings = w->settings;
        const struct health *h = w->health;
        json_object *o = json_make_object(m);

        json_put_text(m, o, "name", settings->name);
        json_put_text(m, o, "kind", settings->kind->name);
        json_put_text(m, o, "unit", settings->unit);
        json_put_text(m, o, "url", settings->url);
        json_put_text(m, o, "action", worker_action_to_string(settings->action));
        put_verdict(m, o, w);
        json_put_strv(m, o, "requires", w->settings->requires);
        json_put(m, o, "dependency", make_dependency(m, &h->dependency));
        json_put(m, o, "paused", w->pause ? make_pause(m, w->pause) : NULL);
        json_put(m, o, "holds", json_make_holds(m, w->holds, w->n_holds));
        json_put_text(m, o, "incident", incident->id);
        json_put_time(m, o, "incident_opened", incident->opened_at_usec);
        json_put_number(m, o, "incident_restarts", incident->restarts);
        json_put(m, o, "last_answer", h->last.sent_at_usec > 0 ? make_answer(m, &h->last) : NULL);
        json_put_bool(m, o, "seen_ok", w->history->seen_ok);
        json_put(m, o, "budget", make_budget(m, &w->history->budget, settings));
        json_put(m, o, "virtual_budget", make_budget(m, &w->history->virtual_budget, settings));
        json_put(m, o, "unit_state", h->unit.known ? make_unit(m, &h->unit) : NULL);
        json_put(m, o, "connectors", w->connectors ? make_connectors(m, w->connectors) : NULL);
        json_put(m, o, "lag", make_lag(m, w->lag));
        json_put(m, o, "counts", make_counts(m, w->counts));
        return o;
}

static json_object *make_all(struct json_maker *m, const struct worker_snapshot *workers, size_t n) {
        json_object *o = json_make_object(m);
        json_object *list = json_make_list(m);

        json_put_text(m, o, "hostname", m->s->hostname);
        json_put_text(m, o, "version", PROJECT_VERSION);
        json_put_time(m, o, "now", m->s->now_usec);
        json_put_time(m, o, "started", m->s->started_at_usec);
        json_put_bool(m, o, "dry_run", m->s->dry_run);
        json_put_bool(m, o, "config_rejected", m->s->config_rejected);
        for (size_t i = 0; i < n; i++)
                json_append(m, list, make_worker(m, &workers[i]));
        json_put(m, o, "workers", list);
        json_put(m, o, "kafka", make_kafkas(m));
        return o;
}

int document_workers(const struct snapshot *s, const struct question *q, struct document *ret) {
        const struct worker_snapshot *workers;
        struct json_maker m = { .s = s };
        struct question named = *q;
        bool one = q->rest[0];
        json_object *o;
        size_t n;

        if (one)
                named.worker = q->rest;
        if (question_workers(s, &named, &workers, &n) < 0)
                return document_no_worker(ret);

        o = one ? make_worker(&m, workers) : make_all(&m, workers, n);
        return json_make_document(&m, o, 200, ret);
}
