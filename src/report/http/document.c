/* Which path is whose document, and what the documents share. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "report/http/routes.h"
#include "report/narrate.h"
#include "util/json.h"
#include "util/text.h"

/* Which would put them in two columns: */
/* clang-format off */
static const struct route routes[] = {
        { "/", COMPAT, document_peer },
        { "/ping", COMPAT, document_ping },
        { "/health", EXACT, document_health },
        { "/startup", EXACT, document_startup },
        { "/ready", EXACT, document_ready },
        { "/actuator/health", HAS_REST, document_spring },
        { "/healthcheck", HAS_REST, document_backbeat },
        { "/_/healthcheck", HAS_REST, document_backbeat },
        { "/_/backbeat/api/healthcheck", HAS_REST, document_backbeat },
        { "/metrics", EXACT, document_metrics },
        { "/workers", HAS_REST, document_workers },
        { "/status", EXACT, document_status },
};
/* clang-format on */

void document_done(struct document *d) {
        free(d->body);
        *d = (struct document) {};
}

int document_text(struct document *ret, unsigned status, const char *text) {
        ret->body = strdup(text);
        if (!ret->body)
                return -ENOMEM;
        ret->body_len = strlen(text);
        ret->status = status;
        ret->content_type = "text/plain; charset=utf-8";
        return 0;
}

int document_no_worker(struct document *ret) {
        return document_text(ret, 404, "There is no worker of that name.\n");
}

int document_json(struct document *ret, unsigned status, const char *content_type, json_object *o) {
        _cleanup_(json_object_unrefp) json_object *owned = o;
        const char *text =
                owned ? json_object_to_json_string_ext(owned, JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;

        ret->body = text ? strdup(text) : NULL;
        if (!ret->body)
                return -ENOMEM;
        ret->body_len = strlen(ret->body);
        ret->status = status;
        ret->content_type = content_type;
        return 0;
}

usec_t snapshot_realtime(const struct snapshot *s, usec_t at_usec) {
        return usec_shift(at_usec, s->clock_offset_usec);
}

char *document_seconds(char buf[static SECONDS_SIZE], usec_t span) {
        int n = snprintf(buf, SECONDS_SIZE, "%" PRIu64 ".%06" PRIu64, span / USEC_PER_SEC,
                         span % USEC_PER_SEC);

        while (buf[n - 1] == '0' && buf[n - 2] != '.')
                buf[--n] = '\0';
        return buf;
}

int question_workers(const struct snapshot *s,
                     const struct question *q,
                     const struct worker_snapshot **ret,
                     size_t *ret_n) {
        *ret = s->workers;
        *ret_n = s->n_workers;
        if (!q->worker)
                return 0;
        for (size_t i = 0; i < s->n_workers; i++)
                if (streq(s->workers[i].settings->name, q->worker)) {
                        *ret = &s->workers[i];
                        *ret_n = 1;
                        return 0;
                }
        return -ENOENT;
}

const struct kafka_topic *kafka_snapshot_topic(const struct kafka_snapshot *k, const char *name) {
        const struct kafka_facts *f = k->health->facts;

        for (size_t i = 0; f && i < f->n_topics; i++)
                if (streq(f->topics[i].name, name))
                        return &f->topics[i];
        return NULL;
}

enum worker_state snapshot_shown_state(const struct worker_snapshot *w) {
        return w->pause ? STATE_PAUSED : health_shown_state(w->health, w->history);
}

struct verdict snapshot_verdict(const struct snapshot *s, const struct worker_snapshot *w) {
        bool lost = health_wants_remedy(w->health, w->settings, s->now_usec);

        for (size_t i = 0; i < w->n_holds; i++)
                lost = lost && !hold_spares(w->holds[i].hold);
        return verdict_of(health_shown_state(w->health, w->history), w->history->seen_ok, lost);
}

struct verdict snapshot_verdict_of_all(const struct snapshot *s, const struct worker_snapshot *w, size_t n) {
        struct verdict worst = n > 0 ? snapshot_verdict(s, &w[0]) : verdict_of_none();

        for (size_t i = 1; i < n; i++)
                worst = verdict_worse(worst, snapshot_verdict(s, &w[i]));
        return worst;
}

char *snapshot_clause(const struct snapshot *s,
                      const struct worker_snapshot *w,
                      char buf[static CLAUSE_SIZE]) {
        char seen[CLAUSE_SIZE - 128];

        (void) snprintf(buf, CLAUSE_SIZE, "%s",
                        worker_state_to_string(health_shown_state(w->health, w->history)));
        if (w->health->last.sent_at_usec > 0)
                text_append(buf, CLAUSE_SIZE, "; %s",
                            narrate_observation(&w->health->last, s->now_usec, s->clock_offset_usec, seen,
                                                sizeof(seen)));
        if (w->health->failures > 0)
                text_append(buf, CLAUSE_SIZE, "; %u failing poll%s in a row", w->health->failures,
                            w->health->failures == 1 ? "" : "s");
        if (w->n_holds > 0)
                text_append(buf, CLAUSE_SIZE, "; held: %s", hold_to_string(w->holds[0].hold));
        return buf;
}

int routes_answer(const struct route *table,
                  size_t n,
                  unsigned leave_out,
                  const struct snapshot *s,
                  const struct question *q,
                  struct document *ret) {
        for (size_t i = 0; i < n; i++) {
                const struct route *r = &table[i];
                size_t len = strlen(r->path);
                struct question here = *q;

                if (strncmp(q->path, r->path, len) != 0 ||
                    (q->path[len] != '\0' && !((r->flags & HAS_REST) && q->path[len] == '/')) ||
                    (r->flags & leave_out))
                        continue;
                here.path = r->path;
                here.rest = q->path[len] == '/' ? q->path + len + 1 : "";
                return r->render(s, &here, ret);
        }
        return -ENOENT;
}

int document_answer(const struct snapshot *s, const struct question *q, struct document *ret) {
        const struct http_settings *http = &s->settings->http;
        int r;

        /* Where the operator put it, it takes precedence. */
        if (http->krakend_path && streq(q->path, http->krakend_path))
                return document_krakend(s, q, ret);
        r = routes_answer(routes, ELEMENTSOF(routes), http->healthcheck_compat ? 0 : COMPAT, s, q, ret);
        if (r != -ENOENT)
                return r;
        return document_text(ret, 404, "There is nothing under this path; see connect-watchdog.conf(5).\n");
}
