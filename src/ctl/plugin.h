/* What check says: one line and performance data as the guidelines of monitoring plugins (Nagios, Icinga)
 * have them. Pure. */
#pragma once

#include <stdio.h>

#include "observe/observation.h"
#include "util/json.h"

/* Exit statuses. */
enum plugin_status {
        PLUGIN_OK,
        PLUGIN_WARNING,
        PLUGIN_CRITICAL,
        PLUGIN_UNKNOWN,
};

/* all: what GET /workers answered. worker: one of them, or NULL: all. */
enum plugin_status plugin_print(FILE *f, json_object *all, json_object *worker);
/* The same of one poll; now: agent time, with clock_offset realtime. */
enum plugin_status plugin_print_poll(FILE *f,
                                     const char *url,
                                     const struct observation *seen,
                                     usec_t now_usec,
                                     int64_t clock_offset_usec);
/* That nothing can be told, and why. */
enum plugin_status plugin_print_unknown(FILE *f, const char *problem);
