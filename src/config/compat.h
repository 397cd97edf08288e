/* kafka-connect-healthcheck's flags and environment in place of the configuration's files: which key each of
 * them is. Pure. */
#pragma once

#include "util/macro.h"

struct scratch;

enum compat_flag {
        COMPAT_PORT,
        COMPAT_CONNECT_URL,
        COMPAT_CONNECT_WORKER_ID,
        COMPAT_UNHEALTHY_STATES,
        COMPAT_CONSIDERED_CONTAINERS,
        COMPAT_FAILURE_THRESHOLD_PERCENTAGE,
        COMPAT_BASIC_AUTH,
        COMPAT_LOG_LEVEL,
        _COMPAT_FLAG_MAX,
};

struct compat_flag_info {
        const char *flag, *variable; /* "--port", "HEALTHCHECK_PORT" */
        const char *fallback;        /* the peer's default; NULL: nothing is set */
        const char *key;             /* of the worker; NULL: it takes more than to set one */
};

extern const struct compat_flag_info compat_flag_infos[_COMPAT_FLAG_MAX];

/* What was given, or NULL. A flag wins over its variable; what is empty counts as the default. */
struct compat_options {
        const char *flags[_COMPAT_FLAG_MAX];
        const char *variables[_COMPAT_FLAG_MAX];
};

/* Writes into the scratch what files would have to say to have the peer's behaviour: one worker, which is
 * only watched. Errors name the flag or the variable. o must live as long as the scratch. */
void compat_read(const struct compat_options *o, struct scratch *s);
