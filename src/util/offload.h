/* A thread for what may block (names, disk, journal), with the result delivered on the loop. */
#pragma once

#include "util/macro.h"

typedef struct sd_event sd_event;
struct offload;
struct offload_job; /* the slot: unref drops the result */

/* Runs on the thread; must touch nothing but its own data. */
typedef void (*offload_work_t)(void *data);
/* Runs on the loop once work has returned; not called after the job was unref'd. */
typedef void (*offload_done_t)(struct offload_job *j, void *data);
typedef void (*offload_free_t)(void *data);

/* name: the thread's, at most 15 bytes. The thread is started with the first job. Returns 0 or a negative
 * errno. */
int offload_new(sd_event *event, const char *name, struct offload **ret);
/* Waits at most patience until all jobs that were queued have run; their results are delivered by the loop,
 * or not at all. Returns whether they have. */
bool offload_drain(struct offload *o, usec_t patience_usec);
/* Waits at most patience for the work under way; a thread that hangs is left behind (its data is then leaked
 * on purpose). Jobs not begun are dropped, their data freed. */
struct offload *offload_free(struct offload *o, usec_t patience_usec);

/* Queues work. data belongs to the job from now on (also on error) and is freed with free_data on the loop's
 * thread. Jobs run one after another. Returns 0 and a slot, or -ENOMEM, -ENOBUFS (more than 1024 jobs wait).
 */
int offload_submit(struct offload *o,
                   offload_work_t work,
                   offload_done_t done,
                   offload_free_t free_data,
                   void *data,
                   struct offload_job **ret);
struct offload_job *offload_job_unref(struct offload_job *j);
DEFINE_CLEANUP(struct offload_job *, offload_job_unref)
