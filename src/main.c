/* argv, then the agent. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "agent.h"
#include "config/compat.h"
#include "config/service_user.h"
#include "observe/kafka_module.h"
#include "util/text.h"

static void help(FILE *f) {
        fputs("connect-watchdog [OPTION…]\n"
              "\n"
              "Watches Kafka Connect workers and restarts their systemd units when, and only when,\n"
              "that helps.\n"
              "\n"
              "      --config FILE          read FILE, and conf.d beside it\n"
              "                             (default: " CONFIG_DEFAULT_FILE ")\n"
              "      --check-config [FILE]  say what would be read, or every error in it; exit 78 on error\n"
              "      --dry-run              watch and tell, restart nothing\n"
              "      --runtime-dir DIR      where the control socket lies ($RUNTIME_DIRECTORY)\n"
              "      --state-dir DIR        where the ledger of restarts is kept ($STATE_DIRECTORY)\n"
              "      --version              the version\n"
              "      --help                 this\n"
              "\n"
              "In the place of kafka-connect-healthcheck, without any file; or with its variables, such as\n"
              "HEALTHCHECK_CONNECT_URL:\n"
              "\n"
              "      --healthcheck-compat   take these:\n"
              "      --port PORT            serve here, on all addresses (18083)\n"
              "      --connect-url URL      the worker's (http://localhost:8083)\n"
              "      --connect-worker-id ID count what runs on this worker alone\n"
              "      --unhealthy-states LIST\n"
              "                             the states that count as failed (FAILED)\n"
              "      --considered-containers LIST\n"
              "                             connector, task, or both (CONNECTOR,TASK)\n"
              "      --failure-threshold-percentage N\n"
              "                             how many percent may have failed (0)\n"
              "      --basic-auth USER:PASSWORD\n"
              "                             how to get in\n"
              "      --log-level LEVEL      the least important messages that are told (INFO)\n"
              "\n"
              "Reload with SIGHUP. The journal of the service: journalctl -u connect-watchdog\n",
              f);
}

/* What root can read, the service may not: tells that, as its user. Returns 0 also where there is no such
 * user here. */
static int check_as_service(const struct config_options *options) {
        _cleanup_(settings_freep) struct settings *settings = NULL;
        struct config_errors errors = {};
        struct identity before;
        int r;

        if (!service_user_become(&before))
                return 0;
        r = config_load(options, &settings, &errors);
        service_user_return(&before);
        STRV_FOREACH (line, errors.lines)
                fprintf(stderr, "%s\n", *line);
        config_errors_done(&errors);
        return r;
}

static int check_config(const struct config_options *options) {
        _cleanup_(settings_freep) struct settings *settings = NULL;
        struct config_errors errors = {};
        int r;

        r = config_load(options, &settings, &errors);
        STRV_FOREACH (line, errors.lines)
                fprintf(stderr, "%s\n", *line);
        STRV_FOREACH (line, errors.warnings)
                fprintf(stderr, "warning: %s\n", *line);
        config_errors_done(&errors);
        if (r >= 0) {
                config_print(stdout, settings);
                r = check_as_service(options);
        }
        if (r < 0 && r != -EBADMSG)
                fprintf(stderr, "cannot read the configuration: %s\n", strerror(-r));
        return r >= 0 ? EXIT_SUCCESS : r == -EBADMSG ? EXIT_CONFIG : EXIT_FAILURE;
}

enum {
        OPTION_CONFIG = 0x100,
        OPTION_CHECK_CONFIG,
        OPTION_DRY_RUN,
        OPTION_RUNTIME_DIR,
        OPTION_STATE_DIR,
        OPTION_HEALTHCHECK_COMPAT,
        OPTION_VERSION,
        OPTION_HELP,
        OPTION_COMPAT_FLAG, /* and those after it: enum compat_flag */
};

/* Without kafka-connect-healthcheck's. */
static const struct option long_options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
        { "dry-run", no_argument, NULL, OPTION_DRY_RUN },
        { "runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR },
        { "state-dir", required_argument, NULL, OPTION_STATE_DIR },
        { "healthcheck-compat", no_argument, NULL, OPTION_HEALTHCHECK_COMPAT },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
};

struct command_line {
        struct agent_options options;
        struct compat_options compat;
        char *flag_secret, *variable_secret; /* --basic-auth and its variable */
        bool check;
};

static void command_line_done(struct command_line *l) {
        secret_free(l->flag_secret);
        secret_free(l->variable_secret);
}

/* Every user may read the arguments of a process, and its own user the environment. */
static int hide_secret(const char **value, char **ret) {
        if (!*value)
                return 0;
        *ret = strdup(*value);
        if (!*ret)
                return -ENOMEM;
        explicit_bzero((char *) *value, strlen(*value));
        *value = *ret;
        return 0;
}

static int usage_error(const char *option, const char *problem) {
        fprintf(stderr, "connect-watchdog: %s %s; see connect-watchdog --help\n", option, problem);
        return EXIT_FAILURE;
}

/* Returns an exit status, or -1: go on. */
static int take_compat(struct command_line *l, bool wanted) {
        for (enum compat_flag f = 0; f < _COMPAT_FLAG_MAX; f++) {
                l->compat.variables[f] = wanted ? getenv(compat_flag_infos[f].variable) : NULL;
                if (!wanted && l->compat.flags[f])
                        return usage_error(compat_flag_infos[f].flag, "goes only with --healthcheck-compat");
        }
        if (!wanted)
                return -1;
        if (l->options.config.file)
                return usage_error("--config", "does not go with --healthcheck-compat, which reads no file");
        if (hide_secret(&l->compat.flags[COMPAT_BASIC_AUTH], &l->flag_secret) < 0 ||
            hide_secret(&l->compat.variables[COMPAT_BASIC_AUTH], &l->variable_secret) < 0)
                return EXIT_FAILURE;
        l->options.config.compat = &l->compat;
        /* Nothing is done that would have to be kept, or that anybody could have a say in. */
        l->options.state_directory = l->options.runtime_directory = NULL;
        return -1;
}

/* Returns an exit status, or -1: go on. */
static int parse(int argc, char *argv[], struct command_line *l) {
        struct option all[ELEMENTSOF(long_options) + _COMPAT_FLAG_MAX + 1] = {};
        bool compat = false;

        memcpy(all, long_options, sizeof(long_options));
        for (int f = 0; f < _COMPAT_FLAG_MAX; f++)
                all[(int) ELEMENTSOF(long_options) + f] =
                        (struct option) { compat_flag_infos[f].flag + strlen("--"), required_argument, NULL,
                                          OPTION_COMPAT_FLAG + f };

        for (int c; (c = getopt_long(argc, argv, "h", all, NULL)) >= 0;)
                switch (c) {
                case OPTION_CONFIG:
                        l->options.config.file = optarg;
                        break;
                case OPTION_CHECK_CONFIG:
                        l->check = true;
                        break;
                case OPTION_DRY_RUN:
                        l->options.dry_run = true;
                        break;
                case OPTION_RUNTIME_DIR:
                        l->options.runtime_directory = optarg;
                        break;
                case OPTION_STATE_DIR:
                        l->options.state_directory = optarg;
                        break;
                case OPTION_HEALTHCHECK_COMPAT:
                        compat = true;
                        break;
                case OPTION_VERSION:
                        puts("connect-watchdog " PROJECT_VERSION);
                        return EXIT_SUCCESS;
                case 'h':
                case OPTION_HELP:
                        help(stdout);
                        return EXIT_SUCCESS;
                default:
                        if (c < OPTION_COMPAT_FLAG) {
                                fputs("See connect-watchdog --help.\n", stderr);
                                return EXIT_FAILURE;
                        }
                        l->compat.flags[c - OPTION_COMPAT_FLAG] = optarg;
                }

        if (l->check && optind < argc)
                l->options.config.file = argv[optind++];
        if (optind < argc) {
                fprintf(stderr, "connect-watchdog: what is \"%s\"? See connect-watchdog --help.\n",
                        argv[optind]);
                return EXIT_FAILURE;
        }
        return take_compat(l, compat);
}

int main(int argc, char *argv[]) {
        _cleanup_(command_line_done) struct command_line l = {
                .options.runtime_directory = getenv("RUNTIME_DIRECTORY"),
                .options.state_directory = getenv("STATE_DIRECTORY"),
                .options.config.credentials_directory = getenv("CREDENTIALS_DIRECTORY"),
                .options.config.check_property = kafka_module_check_property,
        };
        int r;

        r = parse(argc, argv, &l);
        if (r >= 0)
                return r;
        if (!l.check)
                return agent_run(&l.options);
        /* Run by hand, what systemd would hand over is looked up where it takes it from. */
        if (!l.options.config.credentials_directory)
                l.options.config.credentials_directory = CONFIG_CREDENTIALS_SOURCE;
        return check_config(&l.options.config);
}
