/* Calls that change a unit, and jobs followed to their end. Each has its own deadline, and outlives a
 * reload and a re-execution of systemd; what it cannot outlive is told as lost. */
#include <errno.h>
#include <stdio.h>

#include "act/call_error.h"
#include "act/systemd_internal.h"
#include "util/span.h"

/* For the job's end to come after all, once it is known to be gone; and for a fresh view of the unit
 * after its end. */
#define AFTERMATH (5 * USEC_PER_SEC)

static int on_deliver(_unused_ sd_event_source *source, void *userdata) {
        struct unit_call *c = userdata;

        c->timer = sd_event_source_disable_unref(c->timer);
        /* The last thing, and with copies: c may be gone before its callback has read them. */
        if (c->kind == CALL_SURROUNDINGS) {
                struct surroundings_read read = c->read;

                c->surroundings_done(c, c->error, &read, c->userdata);
        } else if (c->done) {
                struct unit_call_report report = c->report;

                c->done(c, &report, c->userdata);
        }
        return 0;
}

void unit_call_deliver(struct unit_call *c) {
        c->slot = sd_bus_slot_unref(c->slot);
        c->state_slot = sd_bus_slot_unref(c->state_slot);
        c->logind_slot = sd_bus_slot_unref(c->logind_slot);
        if (c->timer)
                (void) sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
        if (!c->deliver)
                (void) arm_defer(c->s->event, &c->deliver, on_deliver, c);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* Until it returns, a job that has come and gone may be ours. */
static void await_return(struct unit_call *c, bool begins) {
        if (c->u && c->returns != begins) {
                c->returns = begins;
                stop_tracker_own_call(&c->u->stops, begins);
        }
}

/* The report stands. What changed the unit waits for a view of it that shows the change. */
static void end(struct unit_call *c) {
        if (c->ended)
                return;
        c->ended = true;
        await_return(c, false);
        c->report.took_usec = usec_sub(c->s->clock(), c->begun_usec);
        c->slot = sd_bus_slot_unref(c->slot);
        if (!systemd_usable(c->s) || c->kind == CALL_KILL || c->report.result == UNIT_CALL_REFUSED ||
            c->report.result == UNIT_CALL_LOST) {
                unit_call_deliver(c);
                return;
        }
        (void) arm_timer(c->s->event, &c->timer, AFTERMATH, on_timer, c);
        c->wants_reading = UINT64_MAX;
        c->wants_reading = unit_watch_read(c->u);
}

static void end_as(struct unit_call *c, enum unit_call_result result, const char *detail) {
        if (c->ended)
                return;
        c->report.result = result;
        (void) snprintf(c->report.detail, sizeof(c->report.detail), "%s", detail);
        end(c);
}

static void end_by_error(struct unit_call *c, const sd_bus_error *e) {
        const char *verb = c->kind == CALL_KILL ? "kill" : unit_verb_to_string(c->verb);

        call_error_describe(e->name, e->message, verb, c->u->id, &c->report);
        end(c);
}

static void end_by_job(struct unit_call *c, const char *result) {
        if (streq(result, "done"))
                end_as(c, UNIT_CALL_DONE, result);
        else
                end_as(c, UNIT_CALL_FAILED, result);
}

void unit_call_read_done(struct unit_call *c, uint64_t n, int error) {
        if (c->wants_reading == 0 || n < c->wants_reading)
                return;
        c->wants_reading = 0;
        if (c->kind == CALL_SURROUNDINGS) {
                c->error = error;
                surroundings_take_view(c);
                surroundings_advance(c);
                return;
        }
        /* A job that had nothing to do ends with "done", too. */
        if (error >= 0 && c->kind == CALL_VERB && c->verb == UNIT_TRY_RESTART &&
            c->report.result == UNIT_CALL_DONE && streq(c->invocation_before, c->u->view.invocation_id))
                (void) snprintf(c->report.detail, sizeof(c->report.detail),
                                "nothing was restarted: the unit was stopping, or did not run any more");
        unit_call_deliver(c);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        struct unit_call *c = userdata;
        char why[sizeof(c->report.detail)];

        if (c->ended)
                unit_call_deliver(c);
        else {
                (void) snprintf(why, sizeof(why), "%s within %s",
                                c->job_path[0] == '\0' ? "systemd did not answer" : "the job did not end",
                                SPAN(usec_sub(c->s->clock(), c->begun_usec)));
                end_as(c, UNIT_CALL_LOST, why);
        }
        return 0;
}

void unit_call_offline(struct unit_call *c, const char *why) {
        if (c->deliver || !c->u)
                return;
        c->wants_reading = 0;
        if (c->kind == CALL_SURROUNDINGS) {
                c->error = -ENOTCONN;
                unit_call_deliver(c);
        } else if (c->ended)
                unit_call_deliver(c);
        else
                end_as(c, UNIT_CALL_LOST, why);
}

void unit_call_abandon(struct unit_call *c) {
        await_return(c, false);
        c->slot = sd_bus_slot_unref(c->slot);
        c->state_slot = sd_bus_slot_unref(c->state_slot);
        c->logind_slot = sd_bus_slot_unref(c->logind_slot);
        c->timer = sd_event_source_disable_unref(c->timer);
        c->deliver = sd_event_source_disable_unref(c->deliver);
        c->ended = true;
        c->wants_reading = 0;
        c->u = NULL;
}

/* ---- jobs ---- */

void unit_call_job_removed(struct unit_call *c, const char *path, const char *result) {
        struct removed_job *r;

        if (c->ended || c->kind == CALL_SURROUNDINGS || c->kind == CALL_KILL)
                return;
        if (c->job_path[0] != '\0') {
                if (streq(c->job_path, path))
                        end_by_job(c, result);
                return;
        }
        /* The call has not returned: which job is ours is told later. */
        if (c->n_removed == REMOVED_KEPT) {
                memmove(c->removed, c->removed + 1, (REMOVED_KEPT - 1) * sizeof(c->removed[0]));
                c->n_removed--;
        }
        r = &c->removed[c->n_removed++];
        (void) snprintf(r->path, sizeof(r->path), "%s", path);
        (void) snprintf(r->result, sizeof(r->result), "%s", result);
}

static int on_job_asked(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct unit_call *c = userdata;
        const char *unit, *path;

        c->slot = sd_bus_slot_unref(c->slot);
        if (sd_bus_message_is_method_error(m, NULL)) {
                /* Its end may have been told while nobody listened. */
                end_as(c, UNIT_CALL_LOST, "the job ended unseen");
                return 0;
        }
        if (sd_bus_message_read(m, "v", "(so)", &unit, &path) < 0 || !streq(unit, c->u->id))
                end_as(c, UNIT_CALL_LOST, "the job is another unit's by now");
        return 0;
}

/* Is the job still there? If so, its JobRemoved is to come. */
static int ask_job(struct unit_call *c) {
        return systemd_call(c->s, &c->slot, on_job_asked, c, AFTERMATH, SYSTEMD_NAME, c->job_path,
                            PROPERTIES, "Get", "ss", SYSTEMD_JOB, "Unit");
}

void unit_call_manager_back(struct unit_call *c) {
        if (!c->ended && c->job_path[0] != '\0' && !c->slot && ask_job(c) < 0)
                end_as(c, UNIT_CALL_LOST, "the system bus cannot be written to");
}

static int on_called(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct unit_call *c = userdata;
        const char *path;

        c->slot = sd_bus_slot_unref(c->slot);
        await_return(c, false);
        if (sd_bus_message_is_method_error(m, NULL)) {
                end_by_error(c, sd_bus_message_get_error(m));
                return 0;
        }
        if (c->kind == CALL_KILL || c->verb == UNIT_RESET_FAILED) {
                end_as(c, UNIT_CALL_DONE, "done");
                return 0;
        }
        if (sd_bus_message_read(m, "o", &path) < 0) {
                end_as(c, UNIT_CALL_LOST, "systemd's answer is not understood");
                return 0;
        }
        (void) snprintf(c->job_path, sizeof(c->job_path), "%s", path);
        /* Our own job is nobody's stop, however quickly it is gone. */
        stop_tracker_job_type(&c->u->stops, job_path_id(path), unit_verb_to_string(c->verb));
        if (c->queued)
                c->queued(c->userdata);
        for (size_t i = 0; i < c->n_removed; i++)
                if (streq(c->removed[i].path, path)) {
                        end_by_job(c, c->removed[i].result);
                        break;
                }
        return 0;
}

/* ---- slots ---- */

int unit_call_new(struct unit_watch *u, enum unit_call_kind kind, void *userdata, struct unit_call **ret) {
        struct unit_call *c;

        if (!systemd_usable(u->s))
                return -ENOTCONN;
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->s = u->s;
        c->u = u;
        c->kind = kind;
        c->userdata = userdata;
        c->begun_usec = u->s->clock();
        memcpy(c->invocation_before, u->view.invocation_id, sizeof(c->invocation_before));
        c->next = u->s->calls;
        u->s->calls = c;
        *ret = c;
        return 0;
}

struct unit_call *unit_call_unref(struct unit_call *c) {
        if (!c)
                return NULL;
        if (c->s)
                for (struct unit_call **p = &c->s->calls; *p; p = &(*p)->next)
                        if (*p == c) {
                                *p = c->next;
                                break;
                        }
        unit_call_abandon(c);
        free(c);
        return NULL;
}

static int begin(struct unit_call *c, usec_t deadline_usec, int sent) {
        if (sent < 0)
                return sent;
        return arm_timer(c->s->event, &c->timer, deadline_usec, on_timer, c);
}

int unit_call(struct unit_watch *u,
              enum unit_verb verb,
              usec_t deadline_usec,
              unit_call_done_t done,
              void *userdata,
              struct unit_call **ret) {
        static const char *const members[_UNIT_VERB_MAX] = {
                [UNIT_RESET_FAILED] = "ResetFailedUnit",
                [UNIT_TRY_RESTART] = "TryRestartUnit",
                [UNIT_RESTART] = "RestartUnit",
        };
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;
        int r;

        r = unit_call_new(u, CALL_VERB, userdata, &c);
        if (r < 0)
                return r;
        c->verb = verb;
        c->done = done;
        await_return(c, verb != UNIT_RESET_FAILED);
        /* By its canonical name, as polkit is told it. Our own deadline counts, not the call's. */
        if (verb == UNIT_RESET_FAILED)
                r = systemd_call(c->s, &c->slot, on_called, c, UINT64_MAX, SYSTEMD_NAME, SYSTEMD_PATH,
                                 SYSTEMD_MANAGER, members[verb], "s", u->id);
        else
                r = systemd_call(c->s, &c->slot, on_called, c, UINT64_MAX, SYSTEMD_NAME, SYSTEMD_PATH,
                                 SYSTEMD_MANAGER, members[verb], "ss", u->id, "replace");
        r = begin(c, deadline_usec, r);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

void unit_call_on_queued(struct unit_call *c, void (*queued)(void *userdata)) {
        c->queued = queued;
}

int unit_follow_job(struct unit_watch *u,
                    uint32_t job_id,
                    usec_t deadline_usec,
                    unit_call_done_t done,
                    void *userdata,
                    struct unit_call **ret) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;
        int r;

        r = unit_call_new(u, CALL_FOLLOW, userdata, &c);
        if (r < 0)
                return r;
        c->done = done;
        (void) snprintf(c->job_path, sizeof(c->job_path), SYSTEMD_JOB_PATH "%u", job_id);
        r = begin(c, deadline_usec, ask_job(c));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

int unit_kill_main(struct unit_watch *u,
                   int signo,
                   unit_call_done_t done,
                   void *userdata,
                   struct unit_call **ret) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;
        int r;

        r = unit_call_new(u, CALL_KILL, userdata, &c);
        if (r < 0)
                return r;
        c->done = done;
        r = systemd_call(c->s, &c->slot, on_called, c, UINT64_MAX, SYSTEMD_NAME, SYSTEMD_PATH,
                         SYSTEMD_MANAGER, "KillUnit", "ssi", u->id, "main", signo);
        r = begin(c, READ_TIMEOUT, r);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}
