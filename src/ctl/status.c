/* status: how the workers are. */
#include <errno.h>
#include <time.h>

#include "ctl/control_client.h"
#include "ctl/pager.h"
#include "ctl/status_view.h"
#include "util/terminal.h"

#define WATCH_SECONDS 2

/* ---- what is asked ---- */

/* Returns CTL_OK with *ret_worker, which is a->body's (NULL: all were asked for), or else the exit status.
 */
static int ask(const struct ctl_options *options,
               const char *name,
               struct control_answer *a,
               json_object **ret_worker) {
        int r = control_get(options->socket, "/workers", a);

        *ret_worker = NULL;
        if (r != CTL_OK || !name)
                return r;
        *ret_worker = control_find_worker(a, name);
        return *ret_worker ? CTL_OK : CTL_NO_WORKER;
}

static bool is_healthy(json_object *worker) {
        return streq(json_member_text(worker, "state"), "healthy");
}

static int exit_status(json_object *all, json_object *worker) {
        json_object *workers = json_member(all, "workers", json_type_array);
        bool healthy = !worker || is_healthy(worker);

        for (size_t i = 0; !worker && workers && i < json_object_array_length(workers); i++)
                healthy = healthy && is_healthy(json_object_array_get_idx(workers, i));
        return healthy ? CTL_OK : CTL_NOT_HEALTHY;
}

static int draw(const struct ctl_options *options,
                FILE *f,
                json_object *all,
                json_object *worker,
                unsigned columns) {
        const struct view view = { .f = f, .width = columns, .colors = options->colors, .all = all };

        if (!worker)
                return status_view_all(&view);
        status_view_worker(&view, worker);
        return 0;
}

static int fail(const char *problem, int status) {
        fprintf(stderr, "connect-watchdogctl status: %s\n", problem);
        return status;
}

/* ---- once ---- */

static int print_json(json_object *o) {
        const char *text =
                json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

        return text && puts(text) >= 0 ? 0 : -ENOMEM;
}

static int print_names(json_object *all) {
        json_object *workers = json_member(all, "workers", json_type_array);

        for (size_t i = 0; workers && i < json_object_array_length(workers); i++)
                (void) puts(json_member_text(json_object_array_get_idx(workers, i), "name"));
        return 0;
}

static int print_drawing(const struct ctl_options *options, json_object *all, json_object *worker) {
        unsigned columns = terminal_columns(STDOUT_FILENO);
        struct pager pager = { .terminal = -1 };
        int r;

        if (!options->no_pager)
                pager_open(&pager);
        r = draw(options, stdout, all, worker, columns);
        pager_close(&pager);
        return r;
}

static int show(const struct ctl_options *options, const char *name) {
        _cleanup_(control_answer_done) struct control_answer a = {};
        json_object *worker;
        int r = ask(options, name, &a, &worker);

        if (r != CTL_OK)
                return fail(a.problem, r);
        if (options->list)
                r = print_names(a.body);
        else if (options->json)
                r = print_json(worker ? worker : a.body);
        else
                r = print_drawing(options, a.body, worker);
        if (r < 0)
                return fail(strerror(-r), CTL_FAILED);
        return options->list ? CTL_OK : exit_status(a.body, worker);
}

/* ---- again and again ---- */

/* In place of what stands there, without a moment in which nothing does; lines that have no room are
 * counted. */
static void put_frame(const char *text, unsigned rows) {
        unsigned n = 0, left = 0;

        for (const char *c = text; *c; c++)
                left += *c == '\n';
        (void) fputs("\033[H", stdout);
        for (const char *line = text, *end; *line; line = end + 1, n++, left--) {
                end = strchrnul(line, '\n');
                if (rows > 0 && n + 2 >= rows && left > 1) {
                        (void) fprintf(stdout, "and %u more lines\033[K\n", left);
                        break;
                }
                (void) fprintf(stdout, "%.*s\033[K\n", (int) (end - line), line);
                if (!*end)
                        break;
        }
        (void) fputs("\033[J", stdout);
        (void) fflush(stdout);
}

/* One look. What cannot be asked now may well be asked again soon, as while the agent is restarted: it is
 * shown as well, except the first time. Returns CTL_OK, or what ends it. */
static int look(const struct ctl_options *options, const char *name, bool first) {
        _cleanup_(control_answer_done) struct control_answer a = {};
        _cleanup_free_ char *text = NULL;
        json_object *worker;
        size_t len = 0;
        int r = ask(options, name, &a, &worker), drawn = 0;
        FILE *f;

        if (r != CTL_OK && first)
                return fail(a.problem, r);
        f = open_memstream(&text, &len);
        if (!f)
                return fail(strerror(ENOMEM), CTL_FAILED);
        if (r == CTL_OK)
                drawn = draw(options, f, a.body, worker, terminal_columns(STDOUT_FILENO));
        else
                (void) fprintf(f, "%s\n", a.problem);
        if (fclose(f) != 0 || drawn < 0)
                return fail(strerror(ENOMEM), CTL_FAILED);
        if (first)
                (void) fputs("\033[2J", stdout);
        put_frame(text, terminal_rows(STDOUT_FILENO));
        return ferror(stdout) ? CTL_FAILED : CTL_OK;
}

/* Ends by a signal alone: nothing of the terminal is changed that would have to be put right then. */
static int watch(const struct ctl_options *options, const char *name) {
        const struct timespec pause = { .tv_sec = WATCH_SECONDS };

        if (!terminal_can_draw(STDOUT_FILENO))
                return fail("--watch draws on a terminal, and here is none: ask again and again without it",
                            CTL_USAGE);
        for (bool first = true;; first = false) {
                int r = look(options, name, first);

                if (r != CTL_OK)
                        return r;
                (void) nanosleep(&pause, NULL);
        }
}

int verb_status(const struct ctl_options *options, int argc, char *argv[]) {
        const char *name = argc > 1 ? argv[1] : NULL;

        if (argc > 2) {
                fprintf(stderr, "connect-watchdogctl status: one worker or all, but what is \"%s\"?\n",
                        argv[2]);
                return CTL_USAGE;
        }
        if (options->list + options->json + options->watch > 1 || (options->list && name))
                return fail("--list, --json and --watch go one by one, and --list goes with no worker",
                            CTL_USAGE);
        return options->watch ? watch(options, name) : show(options, name);
}
