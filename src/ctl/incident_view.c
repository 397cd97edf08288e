#include <errno.h>
#include <syslog.h>
#include <time.h>

#include "act/evidence.h"
#include "config/values.h"
#include "ctl/incident_view.h"
#include "ctl/table.h"
#include "ctl/text_width.h"
#include "util/span.h"
#include "util/text.h"

#define RED "\033[1;31m"
#define YELLOW "\033[33m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define END "\033[0m"

#define TIME_SIZE 32
#define LINE_SIZE 2048

static const char *time_text(usec_t at_usec, bool day, char buf[static TIME_SIZE]) {
        time_t t = (time_t) (at_usec / USEC_PER_SEC);
        struct tm tm;

        buf[0] = '\0';
        if (localtime_r(&t, &tm))
                (void) (day ? strftime(buf, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm)
                            : strftime(buf, TIME_SIZE, "%H:%M:%S", &tm));
        return buf;
}

/* As exact as one wants to know it. */
static usec_t rounded(usec_t span) {
        return span - span % (span < USEC_PER_SEC ? USEC_PER_MSEC : USEC_PER_SEC);
}

/* ---- all of them ---- */

static const struct table_column list_columns[] = {
        { "INCIDENT", 0, 0 }, { "OPENED", 0, 0 },  { "LASTED", 0, 0 },
        { "RESTARTS", 1, 0 }, { "WORKER", 0, 12 }, { "WHAT", 2, 24 },
};

static void add_story(const struct incident_page *p, struct table *t, const struct incident_story *s) {
        bool open = s->closed_usec == 0;
        usec_t end = s->recovered_usec ? s->recovered_usec : p->now_usec;
        char at[TIME_SIZE], lasted[64] = "", restarts[16];

        table_add(t, s->id, open ? RED : NULL);
        table_add(t, time_text(s->opened_usec, true, at), NULL);
        text_append(lasted, sizeof(lasted), "%s%s", SPAN(rounded(usec_sub(end, s->opened_usec))),
                    open ? ", open" : "");
        table_add(t, lasted, open ? RED : NULL);
        (void) snprintf(restarts, sizeof(restarts), "%u", s->restarts);
        table_add(t, s->restarts > 0 ? restarts : "", s->exhausted ? RED : NULL);
        table_add(t, s->worker, NULL);
        table_add(t, s->what, NULL);
}

int incident_view_list(const struct incident_page *p, const struct incident_story *stories, size_t n) {
        _cleanup_(table_done) struct table t = { .columns = list_columns,
                                                 .n_columns = ELEMENTSOF(list_columns) };

        for (size_t i = 0; i < n; i++)
                add_story(p, &t, &stories[i]);
        if (t.out_of_memory)
                return -ENOMEM;
        table_print(p->f, &t, p->width, p->colors);
        return 0;
}

/* ---- one ---- */

static void heading(const struct incident_page *p, const char *text) {
        fprintf(p->f, "\n%s%s%s\n", p->colors ? BOLD : "", text, p->colors ? END : "");
}

static const char *color_of(json_object *entry) {
        uint64_t priority;

        if (value_unsigned(json_member_text(entry, "PRIORITY"), &priority) < 0)
                return NULL;
        return priority <= LOG_ERR ? RED : priority == LOG_WARNING ? YELLOW : NULL;
}

static void put_head(const struct incident_page *p, const struct incident_story *s) {
        char at[TIME_SIZE], line[512] = "";

        text_append(line, sizeof(line), "incident %s of %s%s%s", s->id, s->worker, s->unit[0] ? ", " : "",
                    s->unit);
        fprintf(p->f, "%s%s%s\n", p->colors ? (s->closed_usec ? BOLD GREEN : RED) : "", line,
                p->colors ? END : "");
        line[0] = '\0';
        text_append(line, sizeof(line), "from %s", time_text(s->opened_usec, true, at));
        if (s->recovered_usec > 0)
                text_append(line, sizeof(line), " to %s, %s", time_text(s->recovered_usec, true, at),
                            SPAN(rounded(usec_sub(s->recovered_usec, s->opened_usec))));
        if (s->unhealthy_usec > 0)
                text_append(line, sizeof(line), "; unhealthy after %s",
                            SPAN(rounded(usec_sub(s->unhealthy_usec, s->opened_usec))));
        text_append(line, sizeof(line), "; %u restart%s%s%s", s->restarts, s->restarts == 1 ? "" : "s",
                    s->exhausted ? ", used up" : "", s->closed_usec ? "" : "; open");
        text_print_wrapped(p->f, line, 0, 0, p->width);
        (void) fputs("\n\n", p->f);
}

static void put_entry(const struct incident_page *p, json_object *entry) {
        const char *color = p->colors ? color_of(entry) : NULL;
        const char *message = incident_message(entry);
        char at[TIME_SIZE], line[LINE_SIZE];

        fprintf(p->f, "%s  %s", time_text(incident_time(entry), false, at), strempty(color));
        text_print_wrapped(p->f, text_copy_line(line, sizeof(line), message, strlen(message)), 10, 10,
                           p->width);
        fprintf(p->f, "%s\n", color ? END : "");
}

/* ---- its evidence ---- */

/* Line by line; what came from outside must not move the cursor. */
static void put_lines(const struct incident_page *p, const char *text) {
        while (*text != '\0') {
                size_t len = strcspn(text, "\n");
                char line[LINE_SIZE];

                fprintf(p->f, "    %s\n", text_copy_line(line, sizeof(line), text, len));
                text += len + (text[len] == '\n');
        }
}

/* The next thread of a dump, which begins with its name in quotes, and its length; NULL at its end. */
static const char *next_thread(const char *dump, size_t *ret_len) {
        const char *begin = dump[0] == '"' ? dump : strstr(dump, "\n\""), *end;

        if (!begin)
                return NULL;
        begin += begin[0] == '\n';
        end = strstr(begin, "\n\"");
        *ret_len = end ? (size_t) (end + 1 - begin) : strlen(begin);
        return begin;
}

/* Those that wait for a monitor, in the last dump; the first one shows the same, or something that has
 * passed. */
static void put_blocked(const struct incident_page *p, const char *dump) {
        const char *last = dump, *thread;
        bool any = false;
        size_t len;

        for (const char *next = dump; (next = strstr(next, "Full thread dump")); next++)
                last = next;
        for (const char *at = last; (thread = next_thread(at, &len)); at = thread + len) {
                _cleanup_free_ char *text = strndup(thread, len), *where = NULL;
                char name[128], at_frame[512];

                if (!text || !strstr(text, "java.lang.Thread.State: BLOCKED"))
                        continue;
                where = evidence_where(text);
                if (!any)
                        heading(p, "Threads that wait for a lock");
                any = true;
                fprintf(p->f, "    %s: %s\n",
                        text_copy_line(name, sizeof(name), text + 1, strcspn(text + 1, "\"\n")),
                        where ? text_copy_line(at_frame, sizeof(at_frame), where, strlen(where))
                              : "BLOCKED");
        }
}

static void put_evidence(const struct incident_page *p, json_object *entry, bool whole) {
        const char *log = incident_field(entry, "UNIT_LOG"), *tick = incident_field(entry, "TICK_THREAD"),
                   *dump = incident_field(entry, "THREAD_DUMP");
        char title[96], at[TIME_SIZE];

        time_text(incident_time(entry), false, at);
        if (tick[0]) {
                (void) snprintf(title, sizeof(title), "The herder's thread at %s", at);
                heading(p, title);
                put_lines(p, tick);
        }
        if (dump[0])
                put_blocked(p, dump);
        if (log[0]) {
                (void) snprintf(title, sizeof(title), "The unit's last lines before %s", at);
                heading(p, title);
                put_lines(p, log);
        }
        if (dump[0] && whole) {
                (void) snprintf(title, sizeof(title), "Thread dumps at %s", at);
                heading(p, title);
                put_lines(p, dump);
        }
}

void incident_view_story(const struct incident_page *p, const struct incident_story *s, bool whole) {
        size_t n = json_object_array_length(s->entries);

        put_head(p, s);
        for (size_t i = 0; i < n; i++)
                put_entry(p, json_object_array_get_idx(s->entries, i));
        for (size_t i = 0; i < n; i++)
                put_evidence(p, json_object_array_get_idx(s->entries, i), whole);
}

/* ---- the report ---- */

static int by_worker(const void *a, const void *b) {
        const struct worker_report *x = a, *y = b;

        return strcmp(x->worker, y->worker);
}

/* There is room for it. */
static struct worker_report *report_of(struct worker_report *reports, size_t *n, const char *worker) {
        for (size_t i = 0; i < *n; i++)
                if (streq(reports[i].worker, worker))
                        return &reports[i];
        reports[*n] = (struct worker_report) { .worker = worker };
        return &reports[(*n)++];
}

static void count(struct worker_report *r,
                  const struct incident_story *s,
                  usec_t since_usec,
                  usec_t end_usec) {
        r->incidents++;
        r->restarts += s->restarts;
        r->exhausted += s->exhausted;
        r->down_usec += usec_sub(end_usec, MAX(s->opened_usec, since_usec));
        if (s->unhealthy_usec > 0) {
                r->detected++;
                r->to_detect_usec += usec_sub(s->unhealthy_usec, s->opened_usec);
        }
        if (s->recovered_usec > 0) {
                r->recovered++;
                r->to_recover_usec += usec_sub(s->recovered_usec, s->opened_usec);
        }
}

int incident_report(const struct incident_story *stories,
                    size_t n,
                    usec_t since_usec,
                    usec_t now_usec,
                    struct worker_report **ret,
                    size_t *ret_n) {
        struct worker_report *reports = calloc(MAX(n, (size_t) 1), sizeof(*reports));
        size_t n_reports = 0;

        if (!reports)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                usec_t end = stories[i].recovered_usec ? stories[i].recovered_usec : now_usec;

                if (end > since_usec)
                        count(report_of(reports, &n_reports, stories[i].worker), &stories[i], since_usec,
                              end);
        }
        for (size_t i = 0; i < n_reports; i++)
                reports[i].window_usec = usec_sub(now_usec, since_usec);
        if (n_reports > 0)
                qsort(reports, n_reports, sizeof(*reports), by_worker);
        *ret = reports;
        *ret_n = n_reports;
        return 0;
}

static const struct table_column report_columns[] = {
        { "WORKER", 0, 12 },  { "AVAILABLE", 0, 0 }, { "DOWN", 0, 0 },       { "INCIDENTS", 0, 0 },
        { "RESTARTS", 3, 0 }, { "TO DETECT", 2, 0 }, { "TO RECOVER", 1, 0 },
};

/* Cut, not rounded: 100 % is said of what was never down. */
static void available(const struct worker_report *r, char *buf, size_t size) {
        usec_t window = r->window_usec / USEC_PER_SEC,
               down = (r->down_usec + USEC_PER_SEC - 1) / USEC_PER_SEC;
        usec_t thousandths = window > 0 ? usec_sub(window, down) * 100000 / window : 0;

        (void) snprintf(buf, size, "%u.%03u %%", (unsigned) (thousandths / 1000),
                        (unsigned) (thousandths % 1000));
}

static void add_mean(struct table *t, usec_t sum, unsigned n) {
        table_add(t, n > 0 ? SPAN(rounded(sum / n)) : "", NULL);
}

int incident_view_report(const struct incident_page *p,
                         const struct worker_report *reports,
                         size_t n,
                         usec_t since_usec) {
        _cleanup_(table_done) struct table t = { .columns = report_columns,
                                                 .n_columns = ELEMENTSOF(report_columns) };
        char text[TIME_SIZE];

        fprintf(p->f, "since %s; time in which nobody watched counts as available\n\n",
                time_text(since_usec, true, text));
        for (size_t i = 0; i < n; i++) {
                const struct worker_report *r = &reports[i];

                table_add(&t, r->worker, NULL);
                available(r, text, sizeof(text));
                table_add(&t, text, NULL);
                table_add(&t, SPAN(rounded(r->down_usec)), NULL);
                (void) snprintf(text, sizeof(text), "%u", r->incidents);
                table_add(&t, text, NULL);
                (void) snprintf(text, sizeof(text), "%u%s", r->restarts, r->exhausted ? ", used up" : "");
                table_add(&t, r->restarts > 0 ? text : "", r->exhausted ? RED : NULL);
                add_mean(&t, r->to_detect_usec, r->detected);
                add_mean(&t, r->to_recover_usec, r->recovered);
        }
        if (t.out_of_memory)
                return -ENOMEM;
        table_print(p->f, &t, p->width, p->colors);
        return 0;
}
