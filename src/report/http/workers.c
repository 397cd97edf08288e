/* GET /workers and /workers/NAME: everything that is known, for tools. Its fields stand in the same order in
 * connect-watchdog.conf(5); secrets, and the paths where they lie, are not among them. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "judge/connectors.h"
#include "observe/kind.h"
#include "report/http/document.h"
#include "report/narrate.h"
#include "util/json.h"

/* So many of what is wrong with connectors are listed; the numbers beside them are whole. */
#define TROUBLES_MAX 1000

/* Trees under construction: a lack of memory is noted wherever it comes, and told once at the end. */
struct maker {
        const struct snapshot *s;
        bool failed;
};

static json_object *made(struct maker *m, json_object *o) {
        m->failed = m->failed || !o;
        return o;
}

/* Takes value over; NULL is null. */
static void put(struct maker *m, json_object *o, const char *key, json_object *value) {
        if (o && json_object_object_add(o, key, value) >= 0)
                return;
        json_object_unref(value);
        m->failed = true;
}

/* The same at the end of a list. */
static void append(struct maker *m, json_object *list, json_object *value) {
        if (list && json_object_array_add(list, value) >= 0)
                return;
        json_object_unref(value);
        m->failed = true;
}

static void put_text(struct maker *m, json_object *o, const char *key, const char *text) {
        put(m, o, key, isempty(text) ? NULL : made(m, json_object_new_string(text)));
}

static void put_number(struct maker *m, json_object *o, const char *key, uint64_t number) {
        put(m, o, key, made(m, json_object_new_uint64(number)));
}

static void put_bool(struct maker *m, json_object *o, const char *key, bool value) {
        put(m, o, key, made(m, json_object_new_boolean(value)));
}

static void put_span(struct maker *m, json_object *o, const char *key, usec_t span) {
        char text[SECONDS_SIZE];

        put(m, o, key,
            made(m, json_object_new_double_s((double) span / (double) USEC_PER_SEC,
                                             document_seconds(text, span))));
}

/* RFC 3339, in UTC; 0 and infinity are not known. */
static void put_realtime(struct maker *m, json_object *o, const char *key, usec_t at_usec) {
        time_t seconds = (time_t) (at_usec / USEC_PER_SEC);
        char text[64] = "";
        struct tm tm;
        size_t n = 0;

        if (at_usec > 0 && at_usec < USEC_INFINITY && gmtime_r(&seconds, &tm))
                n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        if (n > 0)
                (void) snprintf(text + n, sizeof(text) - n, ".%03uZ",
                                (unsigned) (at_usec % USEC_PER_SEC / USEC_PER_MSEC));
        put_text(m, o, key, text);
}

static void put_time(struct maker *m, json_object *o, const char *key, usec_t at_usec) {
        bool known = at_usec > 0 && at_usec < USEC_INFINITY;

        put_realtime(m, o, key, known ? snapshot_realtime(m->s, at_usec) : 0);
}

/* ---- parts of a worker ---- */

static json_object *make_holds(struct maker *m, const struct worker_snapshot *w) {
        json_object *list = made(m, json_object_new_array());

        for (size_t i = 0; i < w->n_holds; i++) {
                json_object *o = made(m, json_object_new_object());

                put_text(m, o, "name", hold_to_string(w->holds[i].hold));
                put_time(m, o, "until", w->holds[i].until_usec);
                put_text(m, o, "text", w->holds[i].text);
                append(m, list, o);
        }
        return list;
}

static json_object *make_answer(struct maker *m, const struct observation *seen) {
        json_object *o = made(m, json_object_new_object());
        char text[CLAUSE_SIZE];

        put_time(m, o, "sent", seen->sent_at_usec);
        put_time(m, o, "received", seen->received_at_usec);
        put_span(m, o, "latency_seconds", seen->latency_usec);
        put(m, o, "http_status",
            seen->http_status > 0 ? made(m, json_object_new_int64(seen->http_status)) : NULL);
        put_text(m, o, "detail", seen->detail);
        put_text(m, o, "connector", seen->stage.connector);
        put_realtime(m, o, "stage_began", seen->stage.began_at_usec);
        put_realtime(m, o, "stage_completed", seen->stage.completed ? seen->stage.completed_at_usec : 0);
        put_text(m, o, "text",
                 narrate_observation(seen, m->s->now_usec, m->s->clock_offset_usec, text, sizeof(text)));
        return o;
}

static json_object *make_budget(struct maker *m,
                                const struct budget *b,
                                const struct worker_settings *settings) {
        const struct restart_record *last = budget_last(b);
        json_object *o = made(m, json_object_new_object());

        put_number(m, o, "limit", settings->restart_limit);
        put_span(m, o, "window_seconds", settings->restart_window_usec);
        put_number(m, o, "restarts", remedy_restarts_in_window(b, settings, m->s->now_usec));
        put_number(m, o, "left", remedy_restarts_left(b, settings, m->s->now_usec));
        put_time(m, o, "last_restart", last ? last->at_usec : 0);
        put_number(m, o, "n", b->n);
        put_span(m, o, "backoff_seconds", remedy_backoff(b, settings));
        put_time(m, o, "exhausted_since", b->exhausted_at_usec);
        return o;
}

static json_object *make_unit(struct maker *m, const struct unit_view *u) {
        json_object *o = made(m, json_object_new_object());

        put_text(m, o, "load", u->load_state);
        put_text(m, o, "active", u->active_state);
        put_text(m, o, "sub", u->sub_state);
        put_text(m, o, "file", u->unit_file_state);
        put_text(m, o, "result", u->result);
        put(m, o, "main_pid", u->main_pid > 0 ? made(m, json_object_new_int64(u->main_pid)) : NULL);
        put_text(m, o, "invocation_id", u->invocation_id);
        put_time(m, o, "started", u->inactive_exit_usec);
        return o;
}

static json_object *make_counts(struct maker *m, const struct worker_counts *c) {
        json_object *o = made(m, json_object_new_object());
        json_object *polls = made(m, json_object_new_object());
        json_object *restarts = made(m, json_object_new_object());

        for (enum outcome i = 0; i < _OUTCOME_MAX; i++)
                put_number(m, polls, outcome_to_string(i), c->outcomes[i]);
        put_number(m, restarts, "done", c->restarts[RESTART_DONE]);
        put_number(m, restarts, "failed", c->restarts[RESTART_FAILED]);
        put_number(m, restarts, "refused", c->restarts_refused);

        put(m, o, "polls", polls);
        put_number(m, o, "incidents", c->incidents);
        put(m, o, "restarts", restarts);
        put_number(m, o, "would_restarts", c->would_restarts);
        return o;
}

static json_object *make_states(struct maker *m, const unsigned *n) {
        json_object *o = made(m, json_object_new_object());

        for (enum connector_state i = 0; i < _CONNECTOR_STATE_MAX; i++)
                put_number(m, o, connector_state_to_string(i), n[i]);
        return o;
}

/* Traces may hold anything: unless told otherwise, they stay in the journal. */
static json_object *make_troubles(struct maker *m, const struct connectors_view *v) {
        json_object *list = made(m, json_object_new_array());
        size_t n = 0;

        for (size_t i = 0; i < v->n; i++)
                for (size_t j = 0; j < v->list[i].n_troubles && n < TROUBLES_MAX; j++, n++) {
                        const struct connector_trouble *t = &v->list[i].troubles[j];
                        json_object *o = made(m, json_object_new_object());

                        put_text(m, o, "connector", v->list[i].name);
                        put(m, o, "task", t->task >= 0 ? made(m, json_object_new_int64(t->task)) : NULL);
                        put_text(m, o, "state", connector_state_to_string(t->state));
                        put_text(m, o, "worker_id", t->worker_id);
                        put_bool(m, o, "counts", t->counts);
                        put_time(m, o, "since", t->since_usec);
                        if (m->s->settings->http.expose_traces)
                                put_text(m, o, "trace", t->trace);
                        append(m, list, o);
                }
        return list;
}

static json_object *make_connectors(struct maker *m, const struct connectors_view *v) {
        json_object *o = made(m, json_object_new_object());

        put(m, o, "connectors", make_states(m, v->tally.connectors));
        put(m, o, "tasks", make_states(m, v->tally.tasks));
        put_number(m, o, "connectors_failed", v->tally.connectors_failed);
        put_number(m, o, "tasks_failed", v->tally.tasks_failed);
        put_bool(m, o, "broker_failed", v->broker_failed);
        put(m, o, "troubles", make_troubles(m, v));
        return o;
}

/* ---- documents ---- */

static void put_verdict(struct maker *m, json_object *o, const struct worker_snapshot *w) {
        const struct health *h = w->health;
        bool polled = h->last.sent_at_usec > 0;

        put_text(m, o, "state", worker_state_to_string(health_shown_state(h, w->history)));
        put_text(m, o, "outcome", polled ? outcome_to_string(h->last.outcome) : NULL);
        put_text(m, o, "reason", polled ? reason_to_string(h->last.reason) : NULL);
        put_text(m, o, "stage", h->last.stage.text);
        put_time(m, o, "since", h->state_since_usec);
        put_time(m, o, "last_ok", h->last_ok_usec);
        put_number(m, o, "failures", h->failures);
        put_number(m, o, "failures_needed", w->settings->failures);
        put_span(m, o, "sustained_seconds", health_sustained(h, w->settings, m->s->now_usec));
        put_span(m, o, "sustain_needed_seconds", health_sustain_needed(h, w->settings));
}

static json_object *make_worker(struct maker *m, const struct worker_snapshot *w) {
        const struct incident *incident = &w->history->incident;
        const struct worker_settings *settings = w->settings;
        const struct health *h = w->health;
        json_object *o = made(m, json_object_new_object());

        put_text(m, o, "name", settings->name);
        put_text(m, o, "kind", settings->kind->name);
        put_text(m, o, "unit", settings->unit);
        put_text(m, o, "url", settings->url);
        put_text(m, o, "action", worker_action_to_string(settings->action));
        put_verdict(m, o, w);
        put(m, o, "holds", make_holds(m, w));
        put_text(m, o, "incident", incident->id);
        put_time(m, o, "incident_opened", incident->opened_at_usec);
        put_number(m, o, "incident_restarts", incident->restarts);
        put(m, o, "last_answer", h->last.sent_at_usec > 0 ? make_answer(m, &h->last) : NULL);
        put_bool(m, o, "seen_ok", w->history->seen_ok);
        put(m, o, "budget", make_budget(m, &w->history->budget, settings));
        put(m, o, "virtual_budget", make_budget(m, &w->history->virtual_budget, settings));
        put(m, o, "unit_state", h->unit.known ? make_unit(m, &h->unit) : NULL);
        put(m, o, "connectors", w->connectors ? make_connectors(m, w->connectors) : NULL);
        put(m, o, "counts", make_counts(m, w->counts));
        return o;
}

static json_object *make_all(struct maker *m, const struct worker_snapshot *workers, size_t n) {
        json_object *o = made(m, json_object_new_object());
        json_object *list = made(m, json_object_new_array());

        put_text(m, o, "hostname", m->s->hostname);
        put_text(m, o, "version", PROJECT_VERSION);
        put_time(m, o, "now", m->s->now_usec);
        put_time(m, o, "started", m->s->started_at_usec);
        put_bool(m, o, "dry_run", m->s->dry_run);
        put_bool(m, o, "config_rejected", m->s->config_rejected);
        for (size_t i = 0; i < n; i++)
                append(m, list, make_worker(m, &workers[i]));
        put(m, o, "workers", list);
        return o;
}

int document_workers(const struct snapshot *s, const struct question *q, struct document *ret) {
        const struct worker_snapshot *workers;
        struct maker m = { .s = s };
        struct question named = *q;
        bool one = q->rest[0];
        json_object *o;
        size_t n;

        if (one)
                named.worker = q->rest;
        if (question_workers(s, &named, &workers, &n) < 0)
                return document_no_worker(ret);

        o = one ? make_worker(&m, workers) : make_all(&m, workers, n);
        if (m.failed) {
                json_object_unref(o);
                return -ENOMEM;
        }
        return document_json(ret, 200, "application/json", o);
}
