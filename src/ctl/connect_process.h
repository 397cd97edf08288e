/* What the command line of a process says of a Kafka Connect worker. Pure. */
#pragma once

#include "util/macro.h"

enum connect_mode {
        CONNECT_DISTRIBUTED,
        CONNECT_STANDALONE,
};

struct connect_process {
        enum connect_mode mode;
        bool script;            /* a start script, which becomes the JVM or waits for it */
        const char *properties; /* the worker's file as it was named; points into the command line */
};

/* cmdline: NUL-separated, a NUL behind it. Returns whether that is a worker with a properties file. */
bool connect_process_parse(const char *cmdline, size_t len, struct connect_process *ret);
