/* What this process uses, for /metrics. */
#pragma once

#include "util/macro.h"

/* 0 where it could not be had. */
struct process_usage {
        usec_t cpu_usec; /* user and system */
        uint64_t resident_bytes, virtual_bytes;
        uint64_t open_fds, max_fds;
};

/* Reads it from /proc/self. Does not wait for anything. */
void process_usage_read(struct process_usage *ret);
