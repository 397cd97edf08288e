/* Which values fit together, and which are worth a warning. Pure. */
#pragma once

#include "config/scratch.h"

struct checked_worker {
        const struct worker_settings *worker;
        const struct raw_section *section;
        const struct raw_value *values[CONFIG_KEYS_MAX]; /* by key_index(); NULL: not given, neither here nor
                                                          * in [defaults] */
};

/* Each problem is told at the line of the key at fault. */
void check_worker(struct problems *p, const struct checked_worker *c);

/* What no two sections may share. The workers of both come in the same order. */
void check_workers_together(struct problems *p, const struct settings *settings, const struct scratch *s);
