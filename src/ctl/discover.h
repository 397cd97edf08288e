/* The Kafka Connect workers that run on this host. */
#pragma once

#include "ctl/connect_ini.h"
#include "util/text.h"

struct discovered {
        uint32_t pid;
        char *unit;    /* its service, whose main process it is; NULL: there is none */
        char *service; /* then: the one in which it runs all the same, or NULL */
        enum connect_mode mode;
        char *properties_file;             /* as the worker sees it: in the root of its own */
        struct java_properties properties; /* none when unreadable says why */
        char unreadable[128];
};

struct discovered_list {
        struct discovered *workers;
        size_t n;
};

void discovered_list_done(struct discovered_list *l);

/* Looks at every process, and reads the properties files of those that run Kafka Connect; of a unit's
 * processes the JVM is told. systemd is asked whose main process each is. Returns 0 or a negative errno:
 * /proc cannot be read, or -ENOMEM. */
int discover_workers(struct discovered_list *ret);

/* As connect_ini.h takes it; points into w. */
struct connect_found discovered_found(const struct discovered *w, bool kafka_module);
