/* The ledger to JSON text; ledger_parse.c reads it. Knows neither file nor clock: the clocks' readings are
 * an argument.
 *
 * {"version":1,"checksum":"<16 hex digits>","ledger":{…}}: the checksum is taken over all bytes after
 * "ledger":, so that no damaged number can pass for another one. */
#include "act/ledger.h"

#include <errno.h>
#include <stdio.h>

#include "act/ledger_text.h"
#include "util/hash.h"
#include "util/json.h"
#include "util/text.h"

/* The letters of the format; not those of a log, which may change. */
const char *const ledger_result_names[_RESTART_RESULT_MAX] = {
        [RESTART_PENDING] = "pending",
        [RESTART_DONE] = "done",
        [RESTART_FAILED] = "failed",
};

struct ledger_entry *ledger_entries_free(struct ledger_entry *entries, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(entries[i].worker);
                free(entries[i].unit);
                connector_attempts_done(&entries[i].connectors);
        }
        free(entries);
        return NULL;
}

uint64_t ledger_checksum(const char *data, size_t len) {
        return hash_bytes(HASH_BASIS, data, len);
}

/* ---- to text ---- */

struct writer {
        const struct ledger_clock *now;
        bool failed; /* out of memory */
};

static void add(struct writer *w, json_object *to, const char *key, json_object *value) {
        if (!value || json_object_object_add(to, key, value) < 0) {
                json_object_put(value);
                w->failed = true;
        }
}

static void add_null(struct writer *w, json_object *to, const char *key) {
        if (json_object_object_add(to, key, NULL) < 0)
                w->failed = true;
}

static void append(struct writer *w, json_object *to, json_object *value) {
        if (!value || json_object_array_add(to, value) < 0) {
                json_object_put(value);
                w->failed = true;
        }
}

static void add_string(struct writer *w, json_object *to, const char *key, const char *s) {
        char clean[STAGE_TEXT_SIZE]; /* the longest that comes from outside */

        /* What is not UTF-8 would make the whole file unreadable. */
        if (!text_is_utf8(s, strlen(s)))
                s = text_copy_line(clean, sizeof(clean), s, strlen(s));
        add(w, to, key, json_object_new_string(s));
}

static void add_bool(struct writer *w, json_object *to, const char *key, bool b) {
        add(w, to, key, json_object_new_boolean(b));
}

static void add_number(struct writer *w, json_object *to, const char *key, uint64_t n) {
        add(w, to, key, json_object_new_int64((int64_t) MIN(n, (uint64_t) LEDGER_STAMP_MAX)));
}

/* A stamp is [CLOCK_BOOTTIME, realtime]; before this boot the former is negative. Never is null. */
static void add_stamp(struct writer *w, json_object *to, const char *key, usec_t at) {
        int64_t age = (int64_t) (w->now->agent_usec - at);
        json_object *pair;

        if (at == 0) {
                add_null(w, to, key);
                return;
        }
        pair = json_object_new_array();
        if (!pair) {
                w->failed = true;
                return;
        }
        append(w, pair, json_object_new_int64((int64_t) w->now->boottime_usec - age));
        append(w, pair, json_object_new_int64((int64_t) w->now->realtime_usec - age));
        add(w, to, key, pair);
}

static json_object *restart_to_json(struct writer *w, const struct restart_record *r) {
        json_object *o = json_object_new_object();

        if (!o)
                return NULL;
        add_stamp(w, o, "at", MAX(r->at_usec, (usec_t) 1));
        add_string(w, o, "result",
                   ledger_result_names[r->result < _RESTART_RESULT_MAX ? r->result : RESTART_PENDING]);
        add_bool(w, o, "revive", r->revive);
        if (r->operator)
                add_bool(w, o, "operator", true);
        add_string(w, o, "incident", r->incident);
        add_string(w, o, "invocation_id", r->invocation_id);
        add_string(w, o, "stage", r->stage);
        add_string(w, o, "connector", r->connector);
        return o;
}

static json_object *budget_to_json(struct writer *w, const struct budget *b) {
        json_object *o = json_object_new_object(), *list;

        if (!o)
                return NULL;
        list = json_object_new_array();
        for (size_t i = 0; list && i < MIN(b->n_restarts, (size_t) RESTARTS_KEPT); i++)
                append(w, list, restart_to_json(w, &b->restarts[i]));
        add(w, o, "restarts", list);
        add_number(w, o, "n", b->n);
        add_stamp(w, o, "exhausted_at", b->exhausted_at_usec);
        add_bool(w, o, "recurring", b->recurring);
        add_stamp(w, o, "last_try", b->last_try_usec);
        /* A moment to come is kept as what is left of it, so that no jump of a clock can make it years. */
        add_number(w, o, "distrusted_left", usec_sub(b->distrusted_until_usec, w->now->agent_usec));
        return o;
}

static json_object *incident_to_json(struct writer *w, const struct incident *i) {
        json_object *o = json_object_new_object();

        if (!o)
                return NULL;
        add_string(w, o, "id", i->id);
        add_stamp(w, o, "opened_at", i->opened_at_usec);
        add_number(w, o, "restarts", i->restarts);
        add_bool(w, o, "was_unhealthy", i->was_unhealthy);
        add_bool(w, o, "flapping_told", i->flapping_told);
        return o;
}

static json_object *streak_to_json(struct writer *w, const struct streak *s) {
        json_object *o = json_object_new_object();

        if (!o)
                return NULL;
        add_stamp(w, o, "received_at", s->received_at_usec);
        add_number(w, o, "failures", s->failures);
        add_number(w, o, "sustained", s->sustained_usec);
        add_bool(w, o, "any_answered", s->any_answered);
        add_number(w, o, "silent", s->silent);
        add_number(w, o, "silent_for", s->silent_usec);
        add_number(w, o, "stage_began", s->stage_began_at_usec);
        add_number(w, o, "successes", s->successes);
        add_number(w, o, "healthy_for", s->healthy_usec);
        return o;
}

static json_object *connectors_to_json(struct writer *w, const struct connector_attempts *a) {
        json_object *list = json_object_new_array();

        for (size_t i = 0; list && i < a->n; i++) {
                const struct connector_attempt *t = &a->list[i];
                json_object *o = json_object_new_object();

                if (o) {
                        add(w, o, "name", json_object_new_string(t->name));
                        add_number(w, o, "n", t->n);
                        add_stamp(w, o, "last_at", t->last_at_usec);
                        add_bool(w, o, "exhausted", t->exhausted);
                }
                append(w, list, o);
        }
        return list;
}

static json_object *entry_to_json(struct writer *w, const struct ledger_entry *e) {
        const struct history *h = &e->history;
        json_object *o = json_object_new_object();

        if (!o)
                return NULL;
        add_string(w, o, "worker", e->worker);
        if (e->unit)
                add_string(w, o, "unit", e->unit);
        else
                add_null(w, o, "unit");
        add(w, o, "budget", budget_to_json(w, &h->budget));
        add(w, o, "virtual_budget", budget_to_json(w, &h->virtual_budget));
        add(w, o, "incident", incident_to_json(w, &h->incident));
        add_string(w, o, "invocation_id", h->invocation_id);
        add_bool(w, o, "seen_ok", h->seen_ok);
        add_bool(w, o, "stop_seen", h->stop_seen);
        add_bool(w, o, "lacks_health", h->lacks_health);
        add_string(w, o, "target", h->target);
        if (h->streak.received_at_usec > 0)
                add(w, o, "streak", streak_to_json(w, &h->streak));
        if (e->connectors.n > 0)
                add(w, o, "connectors", connectors_to_json(w, &e->connectors));
        return o;
}

static json_object *pauses_to_json(struct writer *w, const struct pauses *pauses) {
        json_object *list = json_object_new_array();

        for (size_t i = 0; list && i < pauses->n; i++) {
                const struct pause *p = &pauses->list[i];
                json_object *o = json_object_new_object();

                if (o) {
                        if (p->worker)
                                add_string(w, o, "worker", p->worker);
                        else
                                add_null(w, o, "worker");
                        add_stamp(w, o, "since", p->since_usec);
                        add_number(w, o, "left", usec_sub(p->until_usec, w->now->agent_usec));
                        add_string(w, o, "reason", p->reason);
                        add_number(w, o, "uid", p->uid);
                }
                append(w, list, o);
        }
        return list;
}

static json_object *ledger_to_json(struct writer *w,
                                   const struct ledger_entry *entries,
                                   size_t n,
                                   const struct pauses *pauses) {
        json_object *o = json_object_new_object(), *list;

        if (!o)
                return NULL;
        add_string(w, o, "boot_id", w->now->boot_id);
        add_stamp(w, o, "written_at", MAX(w->now->agent_usec, (usec_t) 1));
        list = json_object_new_array();
        for (size_t i = 0; list && i < n; i++)
                append(w, list, entry_to_json(w, &entries[i]));
        add(w, o, "workers", list);
        if (pauses->n > 0)
                add(w, o, "pauses", pauses_to_json(w, pauses));
        return o;
}

char *ledger_to_text(const struct ledger_entry *entries,
                     size_t n,
                     const struct pauses *pauses,
                     const struct ledger_clock *now) {
        struct writer w = { .now = now };
        json_object *o = ledger_to_json(&w, entries, n, pauses);
        _cleanup_free_ char *body = NULL;
        char *text = NULL;
        const char *s;

        if (!o || w.failed)
                goto finish;
        s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!s || asprintf(&body, "%s}\n", s) < 0)
                goto finish;
        if (asprintf(&text, LEDGER_HEAD_FORMAT "%s", LEDGER_VERSION, ledger_checksum(body, strlen(body)),
                     body) < 0)
                text = NULL;
finish:
        json_object_put(o);
        return text;
}
