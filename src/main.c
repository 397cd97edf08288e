/* argv, then the agent. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "agent.h"
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
              "      --state-dir DIR        where the ledger of restarts is kept ($STATE_DIRECTORY)\n"
              "      --version              the version\n"
              "      --help                 this\n"
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
        OPTION_STATE_DIR,
        OPTION_VERSION,
        OPTION_HELP,
};

static const struct option long_options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
        { "dry-run", no_argument, NULL, OPTION_DRY_RUN },
        { "state-dir", required_argument, NULL, OPTION_STATE_DIR },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
        {},
};

int main(int argc, char *argv[]) {
        struct agent_options options = {
                .state_directory = getenv("STATE_DIRECTORY"),
                .config.credentials_directory = getenv("CREDENTIALS_DIRECTORY"),
                .config.check_property = kafka_module_check_property,
        };
        bool check = false;

        for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0;)
                switch (c) {
                case OPTION_CONFIG:
                        options.config.file = optarg;
                        break;
                case OPTION_CHECK_CONFIG:
                        check = true;
                        break;
                case OPTION_DRY_RUN:
                        options.dry_run = true;
                        break;
                case OPTION_STATE_DIR:
                        options.state_directory = optarg;
                        break;
                case OPTION_VERSION:
                        puts("connect-watchdog " PROJECT_VERSION);
                        return EXIT_SUCCESS;
                case 'h':
                case OPTION_HELP:
                        help(stdout);
                        return EXIT_SUCCESS;
                default:
                        fputs("See connect-watchdog --help.\n", stderr);
                        return EXIT_FAILURE;
                }

        if (check && optind < argc)
                options.config.file = argv[optind++];
        if (optind < argc) {
                fprintf(stderr, "connect-watchdog: what is \"%s\"? See connect-watchdog --help.\n",
                        argv[optind]);
                return EXIT_FAILURE;
        }
        if (!check)
                return agent_run(&options);
        /* Run by hand, what systemd would hand over is looked up where it takes it from. */
        if (!options.config.credentials_directory)
                options.config.credentials_directory = CONFIG_CREDENTIALS_SOURCE;
        return check_config(&options.config);
}
