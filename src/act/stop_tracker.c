/* Decides from a unit's jobs whether its end was asked for. Knows no bus.
 *
 * A job's type can be asked only while the job exists, and a quick one is gone by then. What is left is
 * its end: when a job of unknown type ended with "done" and the unit is down without having been started
 * anew, nothing but a stop (or a job that had nothing to do) can have been it. A stop of an admin must
 * never be undone, so that counts as one. */
#include "act/stop_tracker.h"

#include <stdio.h>

static struct stop_job *find(struct stop_tracker *t, uint32_t id) {
        struct stop_job *j;

        for (size_t i = 0; i < STOP_JOBS_KEPT; i++)
                if (t->jobs[i].id == id)
                        return &t->jobs[i];
        /* The oldest makes room. */
        if (t->jobs[STOP_JOBS_KEPT - 1].id != 0)
                memmove(t->jobs, t->jobs + 1, (STOP_JOBS_KEPT - 1) * sizeof(t->jobs[0]));
        else
                for (size_t i = 0; i < STOP_JOBS_KEPT; i++)
                        if (t->jobs[i].id == 0) {
                                t->jobs[i].id = id;
                                return &t->jobs[i];
                        }
        j = &t->jobs[STOP_JOBS_KEPT - 1];
        *j = (struct stop_job) { .id = id };
        return j;
}

static void forget(struct stop_tracker *t, size_t i) {
        memmove(t->jobs + i, t->jobs + i + 1, (STOP_JOBS_KEPT - 1 - i) * sizeof(t->jobs[0]));
        t->jobs[STOP_JOBS_KEPT - 1] = (struct stop_job) { 0 };
}

void stop_tracker_job_new(struct stop_tracker *t, uint32_t id) {
        if (id != 0)
                find(t, id)->noted_at = ++t->count;
}

void stop_tracker_job_type(struct stop_tracker *t, uint32_t id, const char *type) {
        struct stop_job *j;

        if (id == 0)
                return;
        j = find(t, id);
        (void) snprintf(j->type, sizeof(j->type), "%s", type);
        j->noted_at = ++t->count;
}

void stop_tracker_job_removed(struct stop_tracker *t, uint32_t id, const char *result) {
        struct stop_job *j;

        if (id == 0)
                return;
        j = find(t, id);
        j->removed = true;
        j->done = streq(result, "done");
        j->noted_at = ++t->count;
}

void stop_tracker_forget_jobs(struct stop_tracker *t) {
        memset(t->jobs, 0, sizeof(t->jobs));
}

void stop_tracker_own_call(struct stop_tracker *t, bool begins) {
        if (begins)
                t->own_calls++;
        else if (t->own_calls > 0)
                t->own_calls--;
}

void stop_tracker_snapshot(struct stop_tracker *t) {
        t->snapshot_at = t->count;
}

static bool is_down(const struct unit_view *v) {
        return streq(v->active_state, "inactive") || streq(v->active_state, "failed");
}

static void mark(struct stop_tracker *t, const struct unit_view *view) {
        memcpy(t->invocation, view->invocation_id, sizeof(t->invocation));
        t->seen = true;
}

static bool newer_job_exists(const struct stop_tracker *t, size_t i) {
        return i + 1 < STOP_JOBS_KEPT && t->jobs[i + 1].id != 0;
}

static bool is_stop(const struct stop_tracker *t,
                    size_t i,
                    const struct unit_view *before,
                    const struct unit_view *view) {
        const struct stop_job *j = &t->jobs[i];
        /* A unit that was collected after its end has no start any more, and no new one for sure. */
        bool same_start = before->known && (view->invocation_id[0] == '\0' ||
                                            streq(before->invocation_id, view->invocation_id));

        if (j->type[0] == '\0')
                return j->removed && j->done && is_down(view) && same_start;
        if (!streq(j->type, "stop"))
                return false;
        /* A stop of an earlier start says nothing of one that came after it. */
        return view->job_id == j->id || same_start || (is_down(view) && !newer_job_exists(t, i));
}

void stop_tracker_read_done(struct stop_tracker *t,
                            const struct unit_view *before,
                            const struct unit_view *view) {
        if (view->invocation_id[0] != '\0' && !streq(t->invocation, view->invocation_id))
                t->seen = false;
        for (size_t i = 0; i < STOP_JOBS_KEPT && t->jobs[i].id != 0;) {
                struct stop_job *j = &t->jobs[i];
                bool known = j->type[0] != '\0';

                if (j->noted_at > t->snapshot_at || (!known && t->own_calls > 0)) {
                        i++;
                        continue;
                }
                if (!j->judged && is_stop(t, i, before, view))
                        mark(t, view);
                j->judged = known;
                if (j->removed)
                        forget(t, i);
                else
                        i++;
        }
        if (view->job_id != 0 && streq(view->job_type, "stop"))
                mark(t, view);
}

bool stop_tracker_seen(const struct stop_tracker *t, const struct unit_view *view) {
        return t->seen && (view->invocation_id[0] == '\0' || streq(t->invocation, view->invocation_id));
}
