/* What is counted of a worker for /metrics: never reset but by a restart of the agent. Pure. */
#pragma once

#include "judge/told.h"

/* Upper bounds of the histogram of poll latencies, in microseconds; the last bucket is +Inf. */
#define LATENCY_BOUNDS 15
extern const usec_t latency_bounds_usec[LATENCY_BOUNDS];

struct worker_counts {
        uint64_t outcomes[_OUTCOME_MAX];        /* polls by outcome */
        uint64_t latencies[LATENCY_BOUNDS + 1]; /* not cumulative */
        usec_t latency_sum_usec;
        uint64_t incidents;
        uint64_t restarts[_RESTART_RESULT_MAX]; /* by how they ended; none is counted as pending */
        uint64_t restarts_refused;
        uint64_t would_restarts;
};

void counts_observe(struct worker_counts *c, const struct observation *o);
void counts_told(struct worker_counts *c, const struct told *t);
