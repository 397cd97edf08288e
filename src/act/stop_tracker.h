/* Whether somebody asked for the stop of a unit: jobs seen by signal and by reading, in all their orders.
 * Pure. */
#pragma once

#include "judge/unit_view.h"

#define STOP_JOBS_KEPT 8

struct stop_job {
        uint32_t id;               /* 0: the place is free */
        char type[UNIT_WORD_SIZE]; /* "": never learned, jobs can be gone before one can ask */
        bool removed;
        bool done;         /* with result "done" */
        bool judged;       /* only its end is awaited, so that it is not taken for another's */
        uint64_t noted_at; /* the tracker's count when it was last told of */
};

struct stop_tracker {
        struct stop_job jobs[STOP_JOBS_KEPT]; /* the oldest first */
        uint64_t count;
        uint64_t snapshot_at;
        char invocation[INVOCATION_ID_SIZE]; /* the start for which a stop was seen */
        bool seen;
        unsigned own_calls; /* of ours that have not returned: a job that nobody knows may be theirs */
};

void stop_tracker_job_new(struct stop_tracker *t, uint32_t id);
/* The type of a job was learned; also of our own jobs, when their call returns. */
void stop_tracker_job_type(struct stop_tracker *t, uint32_t id, const char *type);
void stop_tracker_job_removed(struct stop_tracker *t, uint32_t id, const char *result);

/* Signals may have been missed: what is known of jobs is worth nothing any more. */
void stop_tracker_forget_jobs(struct stop_tracker *t);
/* A call of ours that makes a job begins, and returns (its job's type, if any, told before). */
void stop_tracker_own_call(struct stop_tracker *t, bool begins);

/* The unit's properties have arrived. The bus keeps order: what was told before them is behind them, and
 * is judged by what they say; what comes later waits for the next ones. */
void stop_tracker_snapshot(struct stop_tracker *t);
/* The reading ended. before: the view as it was until now (known false: none). */
void stop_tracker_read_done(struct stop_tracker *t,
                            const struct unit_view *before,
                            const struct unit_view *view);

/* Whether a stop was seen for the start that view names. */
bool stop_tracker_seen(const struct stop_tracker *t, const struct unit_view *view) _pure_;
