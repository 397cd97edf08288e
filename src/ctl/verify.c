/* verify-config: what would be read, and what on this host stands in its way. */
#include <errno.h>

#include "ctl/ctl.h"
#include "util/text.h"

int verb_verify_config(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(settings_freep) struct settings *settings = NULL;
        struct config_errors errors = {};
        int r;

        if (argc > 1) {
                fprintf(stderr, "connect-watchdogctl verify-config: what is \"%s\"?\n", argv[1]);
                return CTL_USAGE;
        }
        r = config_load(&options->config, &settings, &errors);
        STRV_FOREACH (line, errors.lines)
                fprintf(stderr, "%s\n", *line);
        STRV_FOREACH (line, errors.warnings)
                fprintf(stderr, "warning: %s\n", *line);
        config_errors_done(&errors);
        if (r < 0)
                return r == -EBADMSG ? CTL_CONFIG : CTL_FAILED;
        config_print(stdout, settings);
        return CTL_OK;
}
