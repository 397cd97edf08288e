/* What the verbs of connect-watchdogctl share. One file per verb; main.c's table lists them. */
#pragma once

#include <stdio.h>

#include "config/config.h"

/* Exit statuses, as connect-watchdogctl(1) has them. */
enum {
        CTL_OK = 0,
        CTL_FAILED = 1, /* what was asked for could not be done, or something needs a hand */
        CTL_USAGE = 2,
        CTL_NOT_HEALTHY = 3,  /* status: as systemctl's of a unit that does not run */
        CTL_NO_WORKER = 4,    /* as systemctl's of a unit that there is not */
        CTL_NO_AGENT = 69,    /* EX_UNAVAILABLE */
        CTL_HELD = 75,        /* EX_TEMPFAIL: refused because of how things stand */
        CTL_NOT_ALLOWED = 77, /* EX_NOPERM */
        CTL_CONFIG = 78,      /* EX_CONFIG: the configuration has errors */
};

struct ctl_options {
        struct config_options config;
        bool json;    /* one JSON object on stdout, and nothing else there */
        bool verbose; /* more than what one wants to know each time */
        bool list, revoke, write;
        const char *root; /* NULL: this system, which runs */
        bool colors;      /* of stdout */
        const char *socket;
        bool no_pager, watch;
        const char *once, *kind, *timeout; /* NULL: not given */
        const char *span, *reason;         /* likewise */
        bool force;
        const char *since, *state_directory; /* likewise */
};

/* argv[0] is the verb. Returns the exit status. */
int verb_verify_config(const struct ctl_options *options, int argc, char *argv[]);
int verb_discover(const struct ctl_options *options, int argc, char *argv[]);
int verb_authorize(const struct ctl_options *options, int argc, char *argv[]);
/* Its exit statuses are a plugin's: plugin.h. */
int verb_check(const struct ctl_options *options, int argc, char *argv[]);
int verb_status(const struct ctl_options *options, int argc, char *argv[]);
int verb_incidents(const struct ctl_options *options, int argc, char *argv[]);
int verb_incident(const struct ctl_options *options, int argc, char *argv[]);
int verb_report(const struct ctl_options *options, int argc, char *argv[]);
int verb_pause(const struct ctl_options *options, int argc, char *argv[]);
int verb_resume(const struct ctl_options *options, int argc, char *argv[]);
int verb_restart(const struct ctl_options *options, int argc, char *argv[]);
int verb_reset(const struct ctl_options *options, int argc, char *argv[]);
int verb_notify_test(const struct ctl_options *options, int argc, char *argv[]);
