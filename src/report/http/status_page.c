/* GET /status: one page for a person, whole in itself. What comes from outside, and a worker's answers
 * do, is escaped where it is written: put() is the only way in. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "judge/connectors.h"
#include "judge/pauses.h"
#include "observe/kind.h"
#include "report/http/document.h"
#include "report/status_line.h"
#include "report/words.h"
#include "util/text.h"

/* So many of what is wrong with connectors are listed. */
#define TROUBLES_MAX 10

struct page {
        FILE *f;
        const struct snapshot *s;
};

/* It is not loaded again by itself: that would take the place, the selection and a screen reader's focus
 * from whoever reads, and put a browser's error over the last known state when the agent ends. */
static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<style>\n"
        ":root{--bg:#f6f7f9;--card:#fff;--fg:#1b1f24;--dim:#545d68;--line:#d0d7de;--link:#0550ae;"
        "--good:#116329;--warn:#7d4e00;--bad:#a40e26;--idle:#4b5563}\n"
        "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--card:#161b22;--fg:#e6edf3;--dim:#9da7b3;"
        "--line:#3d444d;--link:#79b8ff;--good:#56d364;--warn:#e3b341;--bad:#ff8d85;--idle:#aab4c0}}\n"
        "body{margin:0 auto;max-width:64rem;padding:1rem;background:var(--bg);color:var(--fg);"
        "font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
        "h1{font-size:1.3rem;margin:0}h2{font-size:1.1rem;margin:0}p{margin:.4rem 0}a{color:var(--link)}\n"
        "section,.note{background:var(--card);border:1px solid var(--line);"
        "border-left:.4rem solid var(--tone,var(--idle));border-radius:.4rem;padding:.7rem 1rem;"
        "margin:1rem 0}\n"
        ".good{--tone:var(--good)}.warn{--tone:var(--warn)}.bad{--tone:var(--bad)}\n"
        ".state{color:var(--tone,var(--idle));border:1px solid;border-radius:1rem;padding:0 .6rem;"
        "margin-left:.5rem;white-space:nowrap}\n"
        "dl{display:grid;grid-template-columns:9rem 1fr;gap:.2rem 1rem;margin:.6rem 0 0}\n"
        "dt,footer,.sum+p{color:var(--dim)}dd,ul{margin:0}ul{padding-left:1.1rem}\n"
        "code,pre{font:.9em ui-monospace,\"DejaVu Sans Mono\",monospace}pre{white-space:pre-wrap}\n"
        ".sum{font-weight:600}\n"
        "@media(max-width:36rem){dl{display:block}dt{margin-top:.5rem}}\n"
        "</style>\n";

/* ---- text ---- */

/* Escaped for text and for quoted attributes. */
static void put(const struct page *p, const char *text) {
        bool utf8 = text_is_utf8(text, strlen(text));

        for (const char *c = text; *c; c++)
                switch (*c) {
                case '&':
                        (void) fputs("&amp;", p->f);
                        break;
                case '<':
                        (void) fputs("&lt;", p->f);
                        break;
                case '>':
                        (void) fputs("&gt;", p->f);
                        break;
                case '"':
                        (void) fputs("&quot;", p->f);
                        break;
                case '\'':
                        (void) fputs("&#39;", p->f);
                        break;
                default:
                        if ((unsigned char) *c < 0x20 || *c == 0x7f)
                                (void) fputc(' ', p->f);
                        else
                                (void) fputc((unsigned char) *c < 0x80 || utf8 ? *c : '?', p->f);
                }
}

/* Text of others within a sentence of ours: marks of direction in it end with it. */
static void put_quoted(const struct page *p, const char *element, const char *text) {
        (void) fprintf(p->f, "<%s dir=\"auto\">", element);
        put(p, text);
        (void) fprintf(p->f, "</%s>", element);
}

/* With its zone, since the reader's may be another: journalctl shows the same. */
static void put_clock(const struct page *p, usec_t at_usec) {
        time_t seconds = (time_t) (snapshot_realtime(p->s, at_usec) / USEC_PER_SEC);
        char machine[64], person[64];
        struct tm tm;

        if (!localtime_r(&seconds, &tm) ||
            strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%S%z", &tm) == 0 ||
            strftime(person, sizeof(person), "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                return;
        (void) fprintf(p->f, "<time datetime=\"%s\">", machine);
        put(p, person);
        (void) fputs("</time>", p->f);
}

static void put_past(const struct page *p, usec_t at_usec) {
        usec_t ago = usec_sub(p->s->now_usec, at_usec);

        put_clock(p, at_usec);
        if (ago >= USEC_PER_SEC)
                (void) fprintf(p->f, " (%s ago)", SAY_SPAN(ago));
        else
                (void) fputs(" (just now)", p->f);
}

/* ---- a worker's rows ---- */

static void begin_row(const struct page *p, const char *term) {
        (void) fprintf(p->f, "<dt>%s</dt><dd>", term);
}

static void end_row(const struct page *p) {
        (void) fputs("</dd>\n", p->f);
}

static void put_unit(const struct page *p, const struct worker_snapshot *w) {
        const struct unit_view *u = &w->health->unit;

        begin_row(p, "Unit");
        if (!w->settings->unit)
                (void) fputs("none named: can only be alerted about", p->f);
        else {
                put_quoted(p, "code", w->settings->unit);
                if (!u->known)
                        (void) fputs(" (systemd did not say how it is)", p->f);
                else if (streq(u->load_state, "loaded")) {
                        (void) fputs(" (", p->f);
                        put(p, u->active_state);
                        (void) fputs(", ", p->f);
                        put(p, u->sub_state);
                        (void) fputs(")", p->f);
                } else {
                        (void) fputs(" (", p->f);
                        put(p, u->load_state);
                        (void) fputs(")", p->f);
                }
        }
        end_row(p);
}

static void put_stage(const struct page *p, const struct worker_snapshot *w) {
        const struct stage *stage = &w->health->last.stage;

        if (!stage->text[0])
                return;
        begin_row(p, stage->completed ? "Last stage" : "Stage");
        put_quoted(p, "bdi", stage->text);
        end_row(p);
}

static void put_last_answer(const struct page *p, const struct worker_snapshot *w) {
        const struct observation *seen = &w->health->last;

        begin_row(p, "Last answer");
        if (seen->sent_at_usec == 0)
                (void) fputs("none yet", p->f);
        else {
                if (seen->http_status > 0)
                        (void) fprintf(p->f, "HTTP %u after %s, ", seen->http_status,
                                       SAY_SPAN(seen->latency_usec));
                else
                        (void) fputs("none to the poll that ended ", p->f);
                put_past(p, seen->received_at_usec);
        }
        end_row(p);

        begin_row(p, "Last ok");
        if (w->health->last_ok_usec > 0)
                put_past(p, w->health->last_ok_usec);
        else
                (void) fputs("not since the agent started", p->f);
        end_row(p);
}

/* In the future. */
static void put_until(const struct page *p, usec_t at_usec) {
        (void) fputs(" until ", p->f);
        put_clock(p, at_usec);
        if (at_usec > p->s->now_usec)
                (void) fprintf(p->f, " (in %s)", SAY_SPAN(at_usec - p->s->now_usec));
}

static void put_pause(const struct page *p, const struct worker_snapshot *w) {
        char text[PAUSE_TEXT_SIZE];

        if (!w->pause)
                return;
        begin_row(p, "Paused");
        (void) fputs("not restarted", p->f);
        put_until(p, w->pause->until_usec);
        (void) fputs("; ", p->f);
        put_quoted(p, "bdi", pause_text(w->pause, text));
        end_row(p);
}

static void put_holds(const struct page *p, const struct worker_snapshot *w) {
        if (w->n_holds == 0)
                return;
        begin_row(p, "Not restarted because");
        (void) fputs("<ul>", p->f);
        for (size_t i = 0; i < w->n_holds; i++) {
                const struct hold_entry *e = &w->holds[i];

                (void) fprintf(p->f, "<li><strong>%s</strong>", hold_to_string(e->hold));
                if (e->until_usec > 0 && e->until_usec < USEC_INFINITY)
                        put_until(p, e->until_usec);
                if (e->text[0]) {
                        (void) fputs(": ", p->f);
                        put_quoted(p, "bdi", e->text);
                }
                (void) fputs("</li>", p->f);
        }
        (void) fputs("</ul>", p->f);
        end_row(p);
}

static void put_states(const struct page *p, const char *what, const unsigned *n) {
        const char *separator = " ";

        (void) fputs(what, p->f);
        for (enum connector_state i = 0; i < _CONNECTOR_STATE_MAX; i++) {
                if (n[i] == 0)
                        continue;
                (void) fprintf(p->f, "%s%u %s", separator, n[i], connector_state_to_string(i));
                separator = ", ";
        }
        if (streq(separator, " "))
                (void) fputs(" none", p->f);
}

static void put_trouble(const struct page *p,
                        const struct troubled_connector *c,
                        const struct connector_trouble *t) {
        (void) fputs("<li>", p->f);
        put_quoted(p, "bdi", c->name);
        if (t->task >= 0)
                (void) fprintf(p->f, ", task %" PRId64, t->task);
        if (t->kind == TROUBLE_NO_TASKS)
                (void) fputs(": has no task", p->f);
        else
                (void) fprintf(p->f, ": <strong>%s</strong>", connector_state_to_string(t->state));
        if (!isempty(t->worker_id)) {
                (void) fputs(" on ", p->f);
                put_quoted(p, "bdi", t->worker_id);
        }
        (void) fputs(" since ", p->f);
        put_past(p, t->since_usec);
        (void) fputs("</li>", p->f);
}

static void put_connectors(const struct page *p, const struct worker_snapshot *w) {
        const struct connectors_view *v = w->connectors;
        size_t n = 0;

        if (!v)
                return;
        begin_row(p, "Connectors");
        put_states(p, "connectors:", v->tally.connectors);
        put_states(p, "; tasks:", v->tally.tasks);
        (void) fputs("; seen ", p->f);
        put_past(p, v->at_usec);
        for (size_t i = 0; i < v->n; i++)
                for (size_t j = 0; j < v->list[i].n_troubles; j++, n++) {
                        if (n == 0)
                                (void) fputs("<ul>", p->f);
                        if (n < TROUBLES_MAX)
                                put_trouble(p, &v->list[i], &v->list[i].troubles[j]);
                }
        if (n > TROUBLES_MAX)
                (void) fprintf(p->f, "<li>and %zu more</li>", n - TROUBLES_MAX);
        if (n > 0)
                (void) fputs("</ul>", p->f);
        end_row(p);
}

/* What is only told is counted against a budget of its own. */
static void put_budget(const struct page *p, const struct worker_snapshot *w) {
        const struct worker_settings *settings = w->settings;
        bool acts = settings->action == ACTION_RESTART && settings->unit && !p->s->dry_run;
        const struct budget *b = acts ? &w->history->budget : &w->history->virtual_budget;

        begin_row(p, "Budget");
        (void) fprintf(p->f, "%u of %u %s left within %s", remedy_restarts_left(b, settings, p->s->now_usec),
                       settings->restart_limit, acts ? "restarts" : "restarts, only told and not done,",
                       SAY_SPAN(settings->restart_window_usec));
        if (budget_last(b)) {
                (void) fputs("; the last was ", p->f);
                put_past(p, budget_last(b)->at_usec);
        }
        end_row(p);
}

static void put_incident(const struct page *p, const struct worker_snapshot *w) {
        const struct incident *i = &w->history->incident;
        char command[128] = "journalctl CONNECT_WATCHDOG_INCIDENT=";

        if (!i->id[0])
                return;
        begin_row(p, "Incident");
        put_quoted(p, "code", i->id);
        (void) fputs(" since ", p->f);
        put_past(p, i->opened_at_usec);
        (void) fprintf(p->f, ", %u restart%s in it; its story: ", i->restarts, i->restarts == 1 ? "" : "s");
        text_append(command, sizeof(command), "%s", i->id);
        put_quoted(p, "code", command);
        end_row(p);
}

static void put_remedy(const struct page *p, const struct worker_snapshot *w) {
        const char *remedy = observation_remedy(&w->health->last);

        if (w->health->last.sent_at_usec == 0 || !remedy[0])
                return;
        begin_row(p, "What to do");
        put(p, remedy);
        end_row(p);
}

static void put_dependency(const struct page *p, const struct worker_snapshot *w) {
        const struct dependency *d = &w->health->dependency;
        const char *separator = " (";

        if (d->state == DEPENDENCY_NONE)
                return;
        begin_row(p, "Requires");
        (void) fprintf(p->f, "Kafka: %s", dependency_state_to_string(d->state));
        STRV_FOREACH (name, w->settings->requires) {
                (void) fputs(separator, p->f);
                put_quoted(p, "bdi", *name);
                separator = ", ";
        }
        (void) fputs(streq(separator, ", ") ? ")" : "", p->f);
        if (d->text[0]) {
                (void) fputs("; ", p->f);
                put_quoted(p, "bdi", d->text);
        }
        end_row(p);
}

/* ---- workers ---- */

static const char *tone_of(enum worker_state state) {
        switch (state) {
        case STATE_HEALTHY:
                return "good";
        case STATE_STARTING:
        case STATE_DEGRADED:
        case STATE_SUSPECT:
        case STATE_RESTARTING:
                return "warn";
        case STATE_UNHEALTHY:
        case STATE_EXHAUSTED:
                return "bad";
        default:
                return "idle";
        }
}

static void put_worker(const struct page *p, const struct worker_snapshot *w, size_t number) {
        enum worker_state state = snapshot_shown_state(w);
        const char *word = worker_state_to_string(state), *why;
        char clause[CLAUSE_SIZE], where[WORKER_WHERE_SIZE];

        (void) fprintf(p->f, "<section class=\"%s\" aria-labelledby=\"w%zu\">\n<h2 id=\"w%zu\">",
                       tone_of(state), number, number);
        put_quoted(p, "bdi", w->settings->name);
        (void) fprintf(p->f, " <span class=\"state\">%s</span></h2>\n", word);
        why = snapshot_clause(p->s, w, clause);
        /* The clause begins with the state; where it is not paused, that stands there already. */
        if (!w->pause)
                why += MIN(strlen(why), strlen(word) + strlen("; "));
        if (*why) {
                (void) fputs("<p>", p->f);
                put_quoted(p, "bdi", why);
                (void) fputs("</p>\n", p->f);
        }
        (void) fputs("<dl>\n", p->f);

        begin_row(p, "Since");
        put_past(p, w->health->state_since_usec);
        end_row(p);
        put_pause(p, w);
        put_stage(p, w);
        put_connectors(p, w);
        put_remedy(p, w);
        put_dependency(p, w);
        put_holds(p, w);
        put_incident(p, w);
        put_last_answer(p, w);
        put_unit(p, w);
        put_budget(p, w);
        begin_row(p, "Kind");
        put(p, w->settings->kind->name);
        end_row(p);
        begin_row(p, "Asked at");
        put_quoted(p, "code", worker_where(w->settings, where, sizeof(where)));
        end_row(p);
        (void) fputs("</dl>\n</section>\n", p->f);
}

/* ---- [kafka] sections ---- */

static const char *tone_of_kafka(const struct kafka_health *h) {
        switch (h->outcome) {
        case KAFKA_UP:
                for (size_t i = 0; i < h->n_topics; i++)
                        if (h->topics[i].state != TOPIC_OK)
                                return "warn";
                return "good";
        case KAFKA_SLOW:
                return "warn";
        case KAFKA_DOWN:
                return "bad";
        default:
                return "idle";
        }
}

static void put_topics(const struct page *p, const struct kafka_health *h) {
        if (h->n_topics == 0)
                return;
        begin_row(p, "Topics");
        (void) fputs("<ul>", p->f);
        for (size_t i = 0; i < h->n_topics; i++) {
                const struct kafka_topic_health *t = &h->topics[i];

                (void) fputs("<li>", p->f);
                put_quoted(p, "bdi", t->name);
                (void) fprintf(p->f, ": %s", topic_state_to_string(t->state));
                if (t->since_usec > 0) {
                        (void) fputs(" since ", p->f);
                        put_past(p, t->since_usec);
                }
                if (t->state > TOPIC_OK && t->worst_partition >= 0)
                        (void) fprintf(p->f, ", as partition %d", (int) t->worst_partition);
                (void) fputs("</li>", p->f);
        }
        (void) fputs("</ul>", p->f);
        end_row(p);
}

static void put_kafka(const struct page *p, const struct kafka_snapshot *k, size_t number) {
        const struct kafka_health *h = k->health;
        const char *remedy = kafka_reason_remedy(h->reason);

        (void) fprintf(p->f, "<section class=\"%s\" aria-labelledby=\"k%zu\">\n<h2 id=\"k%zu\">Kafka ",
                       tone_of_kafka(h), number, number);
        put_quoted(p, "bdi", k->settings->name);
        (void) fprintf(p->f, " <span class=\"state\">%s</span></h2>\n<p>",
                       kafka_outcome_to_string(h->outcome));
        put(p, kafka_reason_text(h->reason));
        if (h->detail[0]) {
                (void) fputs(": ", p->f);
                put_quoted(p, "bdi", h->detail);
        }
        (void) fputs("</p>\n<dl>\n", p->f);

        begin_row(p, "Since");
        put_past(p, h->since_usec);
        end_row(p);
        if (remedy[0]) {
                begin_row(p, "What to do");
                put(p, remedy);
                end_row(p);
        }
        put_topics(p, h);
        begin_row(p, "Last check");
        if (h->checked_at_usec > 0) {
                put_past(p, h->checked_at_usec);
                (void) fprintf(p->f, ", took %s", SAY_SPAN(h->took_usec));
        } else
                (void) fputs("none yet", p->f);
        end_row(p);
        if (h->facts) {
                begin_row(p, "Brokers");
                (void) fprintf(p->f, "%zu", h->facts->n_brokers);
                end_row(p);
        }
        (void) fputs("</dl>\n</section>\n", p->f);
}

static void put_no_worker(const struct page *p) {
        (void) fputs("<section aria-labelledby=\"none\">\n<h2 id=\"none\">What to do next</h2>\n"
                     "<p>Write a section for each worker into a file such as "
                     "<code>" SYSCONFDIR "/connect-watchdog/conf.d/workers.conf</code>:</p>\n"
                     "<pre>[worker connect]\nurl = http://127.0.0.1:8083\n"
                     "unit = kafka-connect.service</pre>\n"
                     "<p>Then <code>connect-watchdogctl verify-config</code> says what stands in its way, "
                     "and <code>systemctl reload connect-watchdog</code> begins to watch it. Nothing is "
                     "restarted before <code>action = restart</code> is set.</p>\n</section>\n",
                     p->f);
}

/* ---- the page ---- */

static void put_notes(const struct page *p) {
        if (p->s->config_rejected)
                (void) fputs(
                        "<p class=\"note bad\"><strong>The configuration on disk was rejected</strong>; "
                        "the one before it is in force. <code>journalctl "
                        "CONNECT_WATCHDOG_EVENT=config-rejected</code> says where the errors are; "
                        "then <code>systemctl reload connect-watchdog</code>.</p>\n",
                        p->f);
        if (p->s->dry_run)
                (void) fputs(
                        "<p class=\"note warn\"><strong>Dry run</strong>: nothing is restarted, whatever "
                        "a worker&#39;s <code>action</code>.</p>\n",
                        p->f);
}

/* Returns 0 or -ENOMEM. */
static int put_sum(const struct page *p, const struct worker_snapshot *workers, size_t n) {
        _cleanup_free_ struct status_item *items = calloc(n + 1, sizeof(*items));
        char line[512];

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct health *h = workers[i].health;

                items[i] = (struct status_item) {
                        .name = workers[i].settings->name,
                        .state = snapshot_shown_state(&workers[i]),
                        .failures = h->failures,
                        .last_failure_usec = h->failures > 0 ? h->last.received_at_usec : 0,
                        .hold = workers[i].n_holds > 0 ? hold_to_string(workers[i].holds[0].hold) : NULL,
                };
        }
        (void) fputs("<p class=\"sum\">", p->f);
        put_quoted(p, "bdi", status_line(items, n, p->s->now_usec, line, sizeof(line)));
        (void) fputs("</p>\n", p->f);
        return 0;
}

/* Returns 0 or -ENOMEM. */
static int put_page(const struct page *p, const struct worker_snapshot *workers, size_t n) {
        const char *host = strempty(p->s->hostname), *on = host[0] ? " on " : "";
        int r;

        (void) fprintf(p->f, "%s<title>connect-watchdog%s", head, on);
        put(p, host);
        (void) fprintf(p->f, "</title>\n</head>\n<body>\n<header>\n<h1>connect-watchdog%s", on);
        put_quoted(p, "bdi", host);
        (void) fputs("</h1>\n", p->f);
        r = put_sum(p, workers, n);
        if (r < 0)
                return r;
        (void) fputs("<p>As of ", p->f);
        put_clock(p, p->s->now_usec);
        (void) fputs("; load the page again for what is newer.</p>\n", p->f);
        put_notes(p);
        (void) fputs("</header>\n<main>\n", p->f);
        if (n == 0)
                put_no_worker(p);
        for (size_t i = 0; i < n; i++)
                put_worker(p, &workers[i], i);
        for (size_t i = 0; i < p->s->n_kafkas; i++)
                put_kafka(p, &p->s->kafkas[i], i);
        (void) fputs("</main>\n<footer>\n<p>connect-watchdog " PROJECT_VERSION ", running since ", p->f);
        put_past(p, p->s->started_at_usec);
        (void) fputs(". The same for programs: <a href=\"workers\">/workers</a>.</p>\n"
                     "</footer>\n</body>\n</html>\n",
                     p->f);
        return 0;
}

int document_status(const struct snapshot *s, const struct question *q, struct document *ret) {
        const struct worker_snapshot *workers;
        _cleanup_free_ char *body = NULL;
        struct page p = { .s = s };
        size_t n, len = 0;
        int r;

        if (question_workers(s, q, &workers, &n) < 0)
                return document_no_worker(ret);
        p.f = open_memstream(&body, &len);
        if (!p.f)
                return -ENOMEM;
        r = put_page(&p, workers, n);
        if (ferror(p.f))
                r = -ENOMEM;
        if (fclose(p.f) != 0 || r < 0)
                return -ENOMEM;
        *ret = (struct document) {
                .status = 200,
                .content_type = "text/html; charset=utf-8",
                .body = TAKE_PTR(body),
                .body_len = len,
        };
        return 0;
}
