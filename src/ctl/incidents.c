/* incidents, incident, report: what happened, out of what the agent keeps of it. Asks no agent: it may be
 * down. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "ctl/ctl.h"
#include "ctl/incident_view.h"
#include "ctl/pager.h"
#include "report/http/json_maker.h"
#include "report/incident_line.h"
#include "report/incident_log.h"
#include "util/clock.h"
#include "util/regular_file.h"
#include "util/terminal.h"
#include "util/text.h"

#define STATE_DIRECTORY "/var/lib/connect-watchdog"
#define REPORT_SINCE "30d"
/* The end of a story comes on top of what else is kept of it. */
#define STORY_SIZE_MAX (2 * INCIDENT_BYTES_MAX)

struct stories {
        const struct ctl_options *options;
        const char *verb;
        char *directory;
        struct incident_story *list; /* the newest first */
        size_t n;
        usec_t now_usec, since_usec; /* realtime; 0: from the beginning */
        bool whole;                  /* with their entries */
};

static void stories_done(struct stories *s) {
        for (size_t i = 0; i < s->n; i++)
                incident_story_done(&s->list[i]);
        free(s->list);
        free(s->directory);
}

static int fail(const struct stories *s, int error) {
        const char *me = "connect-watchdogctl";

        if (error == -EACCES || error == -EPERM) {
                fprintf(stderr, "%s %s: only root may read %s: use sudo\n", me, s->verb, s->directory);
                return CTL_NOT_ALLOWED;
        }
        fprintf(stderr, "%s %s: %s cannot be read: %s\n", me, s->verb, strempty(s->directory),
                strerror(-error));
        return CTL_FAILED;
}

/* ---- reading ---- */

/* Takes the story in if it is wanted. */
static int add_story(struct stories *s, int dir_fd, const char *file, const char *id, const char *worker) {
        struct incident_story story, *grown;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = read_regular_at(dir_fd, file, STORY_SIZE_MAX, &text, &len);
        if (r >= 0)
                r = incident_story_parse(id, text, len, &story);
        /* Gone since, or of nobody's making: the others are worth showing. */
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (worker && !streq(story.worker, worker)) {
                incident_story_done(&story);
                return 0;
        }
        grown = reallocarray(s->list, s->n + 1, sizeof(*grown));
        if (!grown) {
                incident_story_done(&story);
                return -ENOMEM;
        }
        s->list = grown;
        /* A thread dump in each of a thousand would be gigabytes. */
        if (!s->whole)
                incident_story_forget_entries(&story);
        s->list[s->n++] = story;
        return 0;
}

static int newest_first(const void *a, const void *b) {
        const struct incident_story *x = a, *y = b;

        return x->opened_usec > y->opened_usec ? -1 : x->opened_usec < y->opened_usec;
}

/* A worker has one incident at a time. */
static void end_lost_ones(struct stories *s) {
        for (size_t i = 0; i < s->n; i++)
                for (size_t k = 0; k < i && s->list[i].closed_usec == 0; k++)
                        if (streq(s->list[k].worker, s->list[i].worker))
                                incident_story_end(&s->list[i]);
}

static void drop_those_before(struct stories *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
                if (s->list[i].recovered_usec > 0 && s->list[i].recovered_usec < s->since_usec)
                        incident_story_done(&s->list[i]);
                else
                        s->list[n++] = s->list[i];
        s->n = n;
}

/* prefix: of the ids that are wanted; ""; all. */
static int read_stories(struct stories *s, const char *worker, const char *prefix) {
        const char *state = s->options->state_directory ? s->options->state_directory : STATE_DIRECTORY;
        const struct dirent *e;
        int r = 0;
        DIR *d;

        if (asprintf(&s->directory, "%s/" INCIDENT_DIRECTORY, state) < 0) {
                s->directory = NULL;
                return -ENOMEM;
        }
        d = opendir(s->directory);
        if (!d)
                /* None has been kept yet. */
                return errno == ENOENT && access(state, F_OK) == 0 ? 0 : -errno;
        while (r >= 0 && (e = readdir(d))) {
                char id[INCIDENT_ID_SIZE];

                if (incident_id_of_file(e->d_name, id) && strncmp(id, prefix, strlen(prefix)) == 0)
                        r = add_story(s, dirfd(d), e->d_name, id, worker);
        }
        (void) closedir(d);
        if (s->n > 0) {
                qsort(s->list, s->n, sizeof(*s->list), newest_first);
                end_lost_ones(s);
                drop_those_before(s);
        }
        return r;
}

/* ---- JSON ---- */

static int print_json(struct json_maker *m, json_object *o) {
        if (!m->failed)
                puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
                                                               JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(o);
        return m->failed ? -ENOMEM : 0;
}

static json_object *story_to_json(struct json_maker *m, const struct incident_story *s) {
        json_object *o = json_make_object(m);

        json_put_text(m, o, "incident", s->id);
        json_put_text(m, o, "worker", s->worker);
        json_put_text(m, o, "unit", s->unit);
        json_put_text(m, o, "what", s->what);
        json_put_realtime(m, o, "opened", s->opened_usec);
        json_put_realtime(m, o, "unhealthy", s->unhealthy_usec);
        json_put_realtime(m, o, "recovered", s->recovered_usec);
        json_put_realtime(m, o, "closed", s->closed_usec);
        json_put_number(m, o, "restarts", s->restarts);
        json_put_bool(m, o, "exhausted", s->exhausted);
        return o;
}

static int list_to_json(const struct stories *s) {
        struct json_maker m = {};
        json_object *all = json_make_object(&m), *list = json_make_list(&m);

        for (size_t i = 0; i < s->n; i++)
                json_append(&m, list, story_to_json(&m, &s->list[i]));
        json_put(&m, all, "incidents", list);
        return print_json(&m, all);
}

static int one_to_json(const struct incident_story *s) {
        struct json_maker m = {};
        json_object *o = story_to_json(&m, s);

        json_put(&m, o, "entries", json_object_get(s->entries));
        return print_json(&m, o);
}

static void put_mean(struct json_maker *m, json_object *o, const char *key, usec_t sum, unsigned n) {
        if (n > 0)
                json_put_span(m, o, key, sum / n);
        else
                json_put(m, o, key, NULL);
}

static int report_to_json(const struct stories *s, const struct worker_report *reports, size_t n) {
        struct json_maker m = {};
        json_object *all = json_make_object(&m), *list = json_make_list(&m);

        json_put_realtime(&m, all, "since", s->since_usec);
        for (size_t i = 0; i < n; i++) {
                const struct worker_report *r = &reports[i];
                json_object *o = json_make_object(&m);

                json_put_text(&m, o, "worker", r->worker);
                json_put_span(&m, o, "window_seconds", r->window_usec);
                json_put_span(&m, o, "down_seconds", r->down_usec);
                json_put_number(&m, o, "incidents", r->incidents);
                json_put_number(&m, o, "restarts", r->restarts);
                json_put_number(&m, o, "exhausted", r->exhausted);
                put_mean(&m, o, "mean_seconds_to_detect", r->to_detect_usec, r->detected);
                put_mean(&m, o, "mean_seconds_to_recover", r->to_recover_usec, r->recovered);
                json_append(&m, list, o);
        }
        json_put(&m, all, "workers", list);
        return print_json(&m, all);
}

/* ---- drawing ---- */

static struct incident_page begin_page(const struct stories *s, struct pager *pager) {
        struct incident_page page = {
                .f = stdout,
                .width = terminal_columns(STDOUT_FILENO),
                .colors = s->options->colors,
                .now_usec = s->now_usec,
        };

        *pager = (struct pager) { .terminal = -1 };
        if (!s->options->no_pager)
                pager_open(pager);
        return page;
}

/* Of what nobody watched nothing is known, nor of a worker whose name is mistyped. */
static int tell_none(const struct stories *s, const char *worker) {
        char name[128];

        fprintf(stderr, "No incident %s%s is kept%s%s.\n", worker ? "of " : "",
                worker ? text_copy_line(name, sizeof(name), worker, strlen(worker)) : "of any worker",
                s->options->since ? " since " : "", s->options->since ? s->options->since : "");
        return 0;
}

static int draw_list(const struct stories *s, const char *worker) {
        struct pager pager;
        struct incident_page page;
        int r;

        if (s->n == 0)
                return tell_none(s, worker);
        page = begin_page(s, &pager);
        r = incident_view_list(&page, s->list, s->n);
        pager_close(&pager);
        return r;
}

static void draw_one(const struct stories *s, const struct incident_story *story) {
        struct pager pager;
        const struct incident_page page = begin_page(s, &pager);

        incident_view_story(&page, story, s->options->verbose);
        pager_close(&pager);
}

static int draw_report(const struct stories *s,
                       const char *worker,
                       const struct worker_report *reports,
                       size_t n) {
        struct pager pager;
        struct incident_page page;
        int r;

        if (n == 0)
                return tell_none(s, worker);
        page = begin_page(s, &pager);
        r = incident_view_report(&page, reports, n, s->since_usec);
        pager_close(&pager);
        return r;
}

/* ---- the verbs ---- */

/* Returns CTL_OK, or the exit status after it was told. */
static int begin(struct stories *s,
                 const struct ctl_options *options,
                 int argc,
                 char *argv[],
                 const char *since) {
        s->options = options;
        s->verb = argv[0];
        s->now_usec = clock_now(CLOCK_REALTIME);
        if (argc > 2) {
                fprintf(stderr,
                        "connect-watchdogctl %s: too many arguments; see connect-watchdogctl --help\n",
                        argv[0]);
                return CTL_USAGE;
        }
        if (options->since)
                since = options->since;
        if (since && since_parse(since, s->now_usec, &s->since_usec) < 0) {
                fprintf(stderr,
                        "connect-watchdogctl %s: --since %s is no time; write a span such as 7d, today, "
                        "yesterday, or a time such as \"2026-11-20 14:00\"\n",
                        argv[0], since);
                return CTL_USAGE;
        }
        return CTL_OK;
}

int verb_incidents(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(stories_done) struct stories s = {};
        int r = begin(&s, options, argc, argv, NULL);

        if (r != CTL_OK)
                return r;
        r = read_stories(&s, argv[1], "");
        if (r >= 0 && options->list)
                for (size_t i = 0; i < s.n; i++)
                        (void) puts(s.list[i].id);
        else if (r >= 0)
                r = options->json ? list_to_json(&s) : draw_list(&s, argv[1]);
        return r < 0 ? fail(&s, r) : CTL_OK;
}

int verb_incident(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(stories_done) struct stories s = {};
        int r = begin(&s, options, argc, argv, NULL);

        if (r != CTL_OK)
                return r;
        s.whole = true;
        r = read_stories(&s, NULL, argc > 1 ? argv[1] : "");
        if (r < 0)
                return fail(&s, r);
        if (s.n == 0 || (argc > 1 && s.n > 1)) {
                char id[32];

                fprintf(stderr,
                        "connect-watchdogctl incident: %s %s; connect-watchdogctl incidents lists them\n",
                        s.n == 0 ? "there is no incident" : "more than one incident begins with",
                        argc > 1 ? text_copy_line(id, sizeof(id), argv[1], strlen(argv[1])) : "yet");
                return CTL_NO_WORKER;
        }
        if (options->json)
                r = one_to_json(&s.list[0]);
        else
                draw_one(&s, &s.list[0]);
        return r < 0 ? fail(&s, r) : CTL_OK;
}

int verb_report(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(stories_done) struct stories s = {};
        _cleanup_free_ struct worker_report *reports = NULL;
        int r = begin(&s, options, argc, argv, REPORT_SINCE);
        size_t n = 0;

        if (r != CTL_OK)
                return r;
        r = read_stories(&s, argv[1], "");
        if (r >= 0)
                r = incident_report(s.list, s.n, s.since_usec, s.now_usec, &reports, &n);
        if (r >= 0)
                r = options->json ? report_to_json(&s, reports, n) : draw_report(&s, argv[1], reports, n);
        return r < 0 ? fail(&s, r) : CTL_OK;
}
