/* A worker that was found on this host, as sections of the configuration. Pure. */
#pragma once

#include "ctl/connect_process.h"
#include "ctl/java_properties.h"

/* What was found of it. */
struct connect_found {
        const char *unit;    /* its service; NULL: it has none, and cannot be restarted */
        const char *service; /* then: where it runs beside others, or NULL */
        enum connect_mode mode;
        const char *properties_file;
        const struct java_properties *properties; /* NULL: the file could not be read */
        const char *unreadable;                   /* why, then */
        bool kafka_module;                        /* whether [kafka] sections work on this host */
};

/* Its name in the configuration, from its unit or its group. Returns buf. */
#define CONNECT_NAME_SIZE 64
char *connect_name(const struct connect_found *f, char buf[static CONNECT_NAME_SIZE]);

/* [worker NAME] and [kafka NAME], with a comment for what has to be done by hand. Nothing of the properties
 * that may be secret is copied, and nothing that an INI file would read as something else. Returns 0 or
 * -ENOMEM. Owned by the caller. */
int connect_ini_format(const struct connect_found *f, char **ret);
