/* The clocks of the system, in our unit. */
#pragma once

#include <time.h>

#include "util/macro.h"

/* What that clock shows; 0 where there is none such. */
static inline usec_t clock_now(clockid_t clock) {
        struct timespec ts = {};

        (void) clock_gettime(clock, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}
