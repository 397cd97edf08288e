#include "report/http/counts.h"

/* Connect answers 500 when it has waited for 10 s; 15 s is the default timeout. */
const usec_t latency_bounds_usec[LATENCY_BOUNDS] = {
        1 * USEC_PER_MSEC,    2500,
        5 * USEC_PER_MSEC,    10 * USEC_PER_MSEC,
        25 * USEC_PER_MSEC,   50 * USEC_PER_MSEC,
        100 * USEC_PER_MSEC,  250 * USEC_PER_MSEC,
        500 * USEC_PER_MSEC,  USEC_PER_SEC,
        2500 * USEC_PER_MSEC, 5 * USEC_PER_SEC,
        10 * USEC_PER_SEC,    15 * USEC_PER_SEC,
        30 * USEC_PER_SEC,
};

void counts_observe(struct worker_counts *c, const struct observation *o) {
        size_t i = 0;

        while (i < LATENCY_BOUNDS && o->latency_usec > latency_bounds_usec[i])
                i++;
        c->latencies[i]++;
        c->latency_sum_usec += o->latency_usec;
        c->outcomes[o->outcome]++;
}

void counts_told(struct worker_counts *c, const struct told *t) {
        if (t->type == TOLD_INCIDENT_OPENED)
                c->incidents++;
        else if (t->type == TOLD_WOULD_RESTART)
                c->would_restarts++;
}
