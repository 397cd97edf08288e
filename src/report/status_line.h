/* The one sentence of STATUS=: "2 workers: 1 healthy, 1 restarting (connect-a, 3rd failure 40s ago)".
 * Pure. */
#pragma once

#include "judge/told.h"

struct status_item {
        const char *name;
        enum worker_state state;
        unsigned failures;        /* consecutive failing polls */
        usec_t last_failure_usec; /* agent time; 0: none */
        const char *hold;         /* the first hold that stands while unhealthy, or NULL */
};

/* Names the worst worker. Returns buf. */
char *status_line(const struct status_item *items, size_t n_items, usec_t now_usec, char *buf, size_t size);
