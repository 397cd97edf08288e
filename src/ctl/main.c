/* connect-watchdogctl: argv to a verb. */
#include <errno.h>
#include <getopt.h>

#include "ctl/ctl.h"
#include "ctl/plugin.h"
#include "ctl/verbs.h"
#include "observe/kafka_module.h"
#include "util/terminal.h"

typedef int (*verb_t)(const struct ctl_options *options, int argc, char *argv[]);

static const verb_t verbs[_VERB_MAX] = {
        [VERB_STATUS] = verb_status,
        [VERB_CHECK] = verb_check,
        [VERB_PAUSE] = verb_pause,
        [VERB_RESUME] = verb_resume,
        [VERB_RESTART] = verb_restart,
        [VERB_RESET] = verb_reset,
        [VERB_NOTIFY_TEST] = verb_notify_test,
        [VERB_INCIDENTS] = verb_incidents,
        [VERB_INCIDENT] = verb_incident,
        [VERB_REPORT] = verb_report,
        [VERB_DISCOVER] = verb_discover,
        [VERB_VERIFY_CONFIG] = verb_verify_config,
        [VERB_AUTHORIZE] = verb_authorize,
};

/* What getopt_long() gives for a long option, past every short one. */
#define LONG_OPTION 0x100

static void help(FILE *f) {
        fputs("connect-watchdogctl [OPTION…] VERB [ARGUMENT…]\n"
              "\n"
              "The operator's hand on connect-watchdog. Verbs, and the options of each:\n"
              "\n",
              f);
        for (enum ctl_verb v = 0; v < _VERB_MAX; v++) {
                const struct ctl_verb_info *verb = &ctl_verb_infos[v];

                fprintf(f, "  %s%s%s\n        %s\n       ", verb->name, verb->arguments[0] ? " " : "",
                        verb->arguments, verb->summary);
                for (enum ctl_option o = 0; o < _OPTION_MAX; o++)
                        if (verb->options & OPTION_BIT(o))
                                fprintf(f, " --%s", ctl_option_infos[o].name);
                fputc('\n', f);
        }
        fputs("\nOptions:\n\n", f);
        for (enum ctl_option o = 0; o < _OPTION_MAX; o++) {
                const struct ctl_option_info *option = &ctl_option_infos[o];
                const char *argument = option->argument ? option->argument : "";

                fprintf(f, "      --%s %-*s  %s\n", option->name, (int) (13 - strlen(option->name)),
                        argument, option->summary);
        }
        fputs("\nSee connect-watchdogctl(1).\n", f);
}

/* Returns CTL_OK, CTL_USAGE, or -1 when help or version was asked for, and given. */
static int parse_options(int argc, char *argv[], struct ctl_options *options, unsigned *ret_given) {
        bool *flags[_OPTION_MAX] = {
                [OPTION_FORCE] = &options->force,   [OPTION_JSON] = &options->json,
                [OPTION_LIST] = &options->list,     [OPTION_NO_PAGER] = &options->no_pager,
                [OPTION_REVOKE] = &options->revoke, [OPTION_VERBOSE] = &options->verbose,
                [OPTION_WATCH] = &options->watch,   [OPTION_WRITE] = &options->write,
        };
        const char **texts[_OPTION_MAX] = {
                [OPTION_CONFIG] = &options->config.file,
                [OPTION_FOR] = &options->span,
                [OPTION_KIND] = &options->kind,
                [OPTION_ONCE] = &options->once,
                [OPTION_REASON] = &options->reason,
                [OPTION_ROOT] = &options->root,
                [OPTION_SINCE] = &options->since,
                [OPTION_SOCKET] = &options->socket,
                [OPTION_STATE_DIR] = &options->state_directory,
                [OPTION_TIMEOUT] = &options->timeout,
        };
        struct option long_options[_OPTION_MAX + 1] = {};

        for (enum ctl_option o = 0; o < _OPTION_MAX; o++)
                long_options[o] = (struct option) {
                        .name = ctl_option_infos[o].name,
                        .has_arg = ctl_option_infos[o].argument ? required_argument : no_argument,
                        .val = LONG_OPTION + (int) o,
                };
        /* As systemctl's: options may follow the verb. */
        for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0;) {
                enum ctl_option o = c == 'h' ? OPTION_HELP : (enum ctl_option)(c - LONG_OPTION);

                if (c != 'h' && c < LONG_OPTION) {
                        fputs("See connect-watchdogctl --help.\n", stderr);
                        return CTL_USAGE;
                }
                if (o == OPTION_VERSION)
                        puts("connect-watchdogctl " PROJECT_VERSION);
                else if (o == OPTION_HELP)
                        help(stdout);
                if (OPTIONS_OF_ALL & OPTION_BIT(o))
                        return -1;
                if (flags[o])
                        *flags[o] = true;
                else
                        *texts[o] = optarg;
                *ret_given |= OPTION_BIT(o);
        }
        return CTL_OK;
}

/* To whoever runs plugins, 2 is an alarm about what is checked. */
static int usage_status(int argc, char *argv[]) {
        for (int i = 1; i < argc; i++)
                if (streq(argv[i], ctl_verb_infos[VERB_CHECK].name))
                        return PLUGIN_UNKNOWN;
        return CTL_USAGE;
}

/* An option that would mean nothing is refused rather than ignored. */
static bool options_fit(enum ctl_verb verb, unsigned given) {
        bool fit = true;

        for (enum ctl_option o = 0; o < _OPTION_MAX; o++)
                if ((given & OPTION_BIT(o)) && !ctl_verb_takes(verb, o)) {
                        fprintf(stderr,
                                "connect-watchdogctl %s: it takes no --%s; see connect-watchdogctl --help\n",
                                ctl_verb_infos[verb].name, ctl_option_infos[o].name);
                        fit = false;
                }
        return fit;
}

static int no_such_verb(const char *text) {
        const char *nearest = ctl_verb_nearest(text);

        fprintf(stderr, "connect-watchdogctl: there is no verb \"%s\"; ", text);
        if (nearest)
                fprintf(stderr, "did you mean %s? See connect-watchdogctl --help\n", nearest);
        else
                fputs("see connect-watchdogctl --help\n", stderr);
        return CTL_USAGE;
}

int main(int argc, char *argv[]) {
        struct ctl_options options = {
                .config.credentials_directory = CONFIG_CREDENTIALS_SOURCE,
                .config.check_property = kafka_module_check_property,
                .socket = CTL_SOCKET,
                .colors = terminal_has_colors(STDOUT_FILENO),
        };
        unsigned given = 0;
        enum ctl_verb verb;
        int r;

        r = parse_options(argc, argv, &options, &given);
        if (r != CTL_OK)
                return r < 0 ? CTL_OK : usage_status(argc, argv);
        if (optind >= argc) {
                help(stderr);
                return CTL_USAGE;
        }
        verb = ctl_verb_by_name(argv[optind]);
        if (verb == _VERB_MAX)
                return no_such_verb(argv[optind]);
        if (!options_fit(verb, given))
                return usage_status(argc, argv);
        r = verbs[verb](&options, argc - optind, argv + optind);
        /* Who reads less than all must not take it for all. */
        if (fflush(stdout) != 0 || ferror(stdout)) {
                fprintf(stderr, "connect-watchdogctl: the answer cannot be written: %s\n", strerror(errno));
                return CTL_FAILED;
        }
        return r;
}
