/* Reads the configuration: the main file, then conf.d beside it, into settings; all errors at once. */
#pragma once

#include <stdio.h>

#include "config/kafka_property.h"
#include "config/settings.h"

struct compat_options;

#define CONFIG_DEFAULT_FILE SYSCONFDIR "/connect-watchdog/connect-watchdog.conf"
#define CONFIG_CREDENTIALS_SOURCE SYSCONFDIR "/connect-watchdog/credentials" /* what systemd hands over */

/* What is wrong, and what would be right: "FILE:LINE: …; …". */
struct config_errors {
        char **lines;                /* strv */
        char **warnings;             /* strv; of the same form; also set when there are no errors */
        size_t n_errors, n_warnings; /* also those beyond what is listed */
};
void config_errors_done(struct config_errors *e);

struct config_options {
        const char *file;                    /* NULL: the default */
        const struct compat_options *compat; /* not NULL: no file is read, this takes their place */
        /* $CREDENTIALS_DIRECTORY; for --check-config without one, CONFIG_CREDENTIALS_SOURCE (both forms
         * of a credential's name are tried). NULL: none; a bare …_file name is then an error. */
        const char *credentials_directory;
        kafka_property_check *check_property; /* asked where there is a [kafka NAME]. NULL: nobody is */
};

/* Reads everything into a fresh *ret. Returns 0; -EBADMSG when there are errors (each a line in *errors,
 * *ret untouched); -ENOMEM. The caller frees *errors in every case. A missing main file is an error if
 * one was named by options->file, and no worker otherwise. */
int config_load(const struct config_options *options, struct settings **ret, struct config_errors *errors);

/* What was read, worker by worker, for --check-config: each key with its value, those left at their
 * default marked. */
void config_print(FILE *f, const struct settings *s);
