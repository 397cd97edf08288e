/* connect-watchdogctl: argv to a verb. */
#include <getopt.h>

#include "ctl/ctl.h"

struct verb {
        const char *name, *arguments, *summary;
        int (*run)(const struct ctl_options *options, int argc, char *argv[]);
};

static const struct verb verbs[] = {
        { "verify-config", "", "say what would be read, and what on this host stands in its way",
          verb_verify_config },
};

static void help(FILE *f) {
        fputs("connect-watchdogctl [OPTION…] VERB [ARGUMENT…]\n"
              "\n"
              "The operator's hand on connect-watchdog. Verbs:\n"
              "\n",
              f);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                fprintf(f, "  %s%s%s\n        %s\n", verbs[i].name, verbs[i].arguments[0] ? " " : "",
                        verbs[i].arguments, verbs[i].summary);
        fputs("\n"
              "Options:\n"
              "\n"
              "      --config FILE  read FILE, and conf.d beside it\n"
              "                     (default: " CONFIG_DEFAULT_FILE ")\n"
              "      --json         answer in JSON\n"
              "      --verbose      say more; verify-config: each key that is read, first\n"
              "      --version      the version\n"
              "      --help         this\n"
              "\n"
              "See connect-watchdogctl(1).\n",
              f);
}

enum {
        OPTION_CONFIG = 0x100,
        OPTION_JSON,
        OPTION_VERBOSE,
        OPTION_VERSION,
        OPTION_HELP,
};

static const struct option long_options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "json", no_argument, NULL, OPTION_JSON },
        { "verbose", no_argument, NULL, OPTION_VERBOSE },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
        {},
};

static const struct verb *find_verb(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i].name, name))
                        return &verbs[i];
        return NULL;
}

int main(int argc, char *argv[]) {
        struct ctl_options options = {
                .config.credentials_directory = CONFIG_CREDENTIALS_SOURCE,
                .colors = isatty(STDOUT_FILENO) && isempty(getenv("NO_COLOR")),
        };
        const struct verb *verb;

        /* As systemctl's: options may follow the verb. */
        for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0;)
                switch (c) {
                case OPTION_CONFIG:
                        options.config.file = optarg;
                        break;
                case OPTION_JSON:
                        options.json = true;
                        break;
                case OPTION_VERBOSE:
                        options.verbose = true;
                        break;
                case OPTION_VERSION:
                        puts("connect-watchdogctl " PROJECT_VERSION);
                        return CTL_OK;
                case 'h':
                case OPTION_HELP:
                        help(stdout);
                        return CTL_OK;
                default:
                        fputs("See connect-watchdogctl --help.\n", stderr);
                        return CTL_USAGE;
                }
        if (optind >= argc) {
                help(stderr);
                return CTL_USAGE;
        }
        verb = find_verb(argv[optind]);
        if (!verb) {
                fprintf(stderr,
                        "connect-watchdogctl: there is no verb \"%s\"; see connect-watchdogctl --help\n",
                        argv[optind]);
                return CTL_USAGE;
        }
        return verb->run(&options, argc - optind, argv + optind);
}
