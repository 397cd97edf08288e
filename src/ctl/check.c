/* check: the workers as a monitoring plugin tells of them; with --once without agent and configuration. */
#include <errno.h>
#include <time.h>

#include "config/scratch.h"
#include "ctl/ask_urls.h"
#include "ctl/control_client.h"
#include "ctl/plugin.h"
#include "util/clock.h"
#include "util/text.h"

/* Less than whoever runs plugins gives them; the guidelines' own. */
#define TIMEOUT_DEFAULT "10s"

/* ---- what the agent knows ---- */

static int check(const struct ctl_options *options, const char *name) {
        _cleanup_(control_answer_done) struct control_answer a = {};
        json_object *worker = NULL;

        if (control_get(options->socket, "/workers", &a) != CTL_OK)
                return (int) plugin_print_unknown(stdout, a.problem);
        if (name) {
                worker = control_find_worker(&a, name);
                if (!worker)
                        return (int) plugin_print_unknown(stdout, a.problem);
        }
        return (int) plugin_print(stdout, a.body, worker);
}

/* ---- what the worker answers now ---- */

/* As if these stood in a section of their own. */
static int make_settings(const struct ctl_options *options, struct scratch *s, struct settings **ret) {
        const struct place once = { .file = "--once" }, kind = { .file = "--kind" },
                           timeout = { .file = "--timeout" };

        scratch_section(s, &once, "worker once");
        scratch_key(s, &once, "url", options->once);
        if (options->kind)
                scratch_key(s, &kind, "kind", options->kind);
        scratch_key(s, &timeout, "timeout", options->timeout ? options->timeout : TIMEOUT_DEFAULT);
        return scratch_build(s, ret);
}

static int tell_problems(struct problems *p) {
        _cleanup_strv_ char **errors = NULL, **warnings = NULL;

        if (problems_to_lines(p, &errors, &warnings) < 0 || !errors)
                return (int) plugin_print_unknown(stdout, strerror(ENOMEM));
        return (int) plugin_print_unknown(stdout, errors[0]);
}

static int check_once(const struct ctl_options *options) {
        _cleanup_(settings_freep) struct settings *settings = NULL;
        _cleanup_(url_facts_done) struct url_facts facts = {};
        _cleanup_(scratch_done) struct scratch scratch = {};
        usec_t now;
        int r = make_settings(options, &scratch, &settings);

        if (r >= 0 && scratch.problems.n_errors > 0)
                return tell_problems(&scratch.problems);
        if (r >= 0)
                r = ask_urls(settings, &facts);
        if (r < 0)
                return (int) plugin_print_unknown(stdout, strerror(-r));
        now = ask_urls_now();
        return (int) plugin_print_poll(stdout, settings->workers[0]->url, &facts.seen, now,
                                       (int64_t) (clock_now(CLOCK_REALTIME) - now));
}

int verb_check(const struct ctl_options *options, int argc, char *argv[]) {
        const char *name = argc > 1 ? argv[1] : NULL;

        if (argc > 2)
                return (int) plugin_print_unknown(stdout, "it checks one worker or all, not some of them");
        if (options->once)
                return name ? (int) plugin_print_unknown(stdout,
                                                         "--once asks a URL, and goes with no worker")
                            : check_once(options);
        if (options->kind || options->timeout)
                return (int) plugin_print_unknown(stdout, "--kind and --timeout go only with --once");
        return check(options, name);
}
