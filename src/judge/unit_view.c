/* What a unit's properties mean for us: up, busy, crashed or stopped. Knows no bus. */
#include <stdio.h>

#include "judge/unit_view.h"
#include "util/text.h"

/* waitid(2)'s codes, spelled out so that this file needs no signal.h semantics: systemd passes them through.
 */
enum {
        CODE_EXITED = 1,
        CODE_KILLED = 2,
        CODE_DUMPED = 3,
};

/* What a shell or a JVM makes of SIGTERM and SIGINT. */
enum {
        EXIT_BY_SIGTERM = 143,
        EXIT_BY_SIGINT = 130,
};

static bool ended_by_its_own_stop(const struct unit_view *u) {
        if (streq(u->result, "exit-code") && u->exec_main_code == CODE_EXITED &&
            (u->exec_main_status == EXIT_BY_SIGTERM || u->exec_main_status == EXIT_BY_SIGINT))
                return true;

        /* A start that timed out never became active; a stop that did was. RuntimeMaxSec= ends like a stop,
         * and in doubt the unit is left alone. */
        return streq(u->result, "timeout") && u->active_enter_usec >= u->inactive_exit_usec &&
               u->active_enter_usec > 0;
}

enum unit_condition unit_view_condition(const struct unit_view *u, bool stop_seen) {
        if (!u->known)
                return UNIT_UNKNOWN;

        bool meant_to_run = streq(u->load_state, "loaded");
        bool failed = streq(u->active_state, "failed"), inactive = streq(u->active_state, "inactive");

        if (stop_seen && (failed || inactive || streq(u->active_state, "deactivating")))
                return streq(u->job_type, "start") || streq(u->job_type, "restart") ? UNIT_BUSY
                                                                                    : UNIT_STOPPED;
        if (streq(u->job_type, "stop"))
                return UNIT_STOPPED;
        if (u->job_id != 0)
                return UNIT_BUSY;
        if (inactive)
                return UNIT_STOPPED;
        if (failed)
                return !meant_to_run || ended_by_its_own_stop(u) ? UNIT_STOPPED : UNIT_CRASHED;
        if (!streq(u->active_state, "active"))
                return UNIT_BUSY;
        if (u->freezer_state[0] && !streq(u->freezer_state, "running"))
                return UNIT_BUSY;
        return UNIT_UP;
}

bool unit_view_in_transition(const struct unit_view *u) {
        return u->known && (streq(u->active_state, "activating") || streq(u->active_state, "deactivating") ||
                            streq(u->job_type, "start") || streq(u->job_type, "restart") ||
                            streq(u->job_type, "try-restart"));
}

const char *unit_condition_to_string(enum unit_condition c) {
        static const char *const names[_UNIT_CONDITION_MAX] = {
                [UNIT_UNKNOWN] = "unknown", [UNIT_UP] = "up",           [UNIT_BUSY] = "busy",
                [UNIT_CRASHED] = "crashed", [UNIT_STOPPED] = "stopped",
        };

        return names[c];
}

static void describe_end(const struct unit_view *u, char *buf, size_t size) {
        if (streq(u->result, "start-limit-hit"))
                text_append(buf, size, "its start limit was hit");
        else if (streq(u->result, "timeout"))
                text_append(buf, size, "a timeout of its start or stop");
        else if (streq(u->result, "oom-kill"))
                text_append(buf, size, "killed for lack of memory");
        else if (u->exec_main_code == CODE_EXITED)
                text_append(buf, size, "exit code %d", u->exec_main_status);
        else if (u->exec_main_code == CODE_KILLED || u->exec_main_code == CODE_DUMPED)
                text_append(buf, size, "killed by signal %d", u->exec_main_status);
        else
                text_append(buf, size, "%s", u->result[0] ? u->result : "no reason told");
}

char *unit_view_describe(const struct unit_view *u, char *buf, size_t size) {
        buf[0] = '\0';
        if (!u->known)
                text_append(buf, size, "its state could not be read");
        else if (u->job_id != 0)
                text_append(buf, size, "%s, with a %s job queued", u->active_state,
                            u->job_type[0] ? u->job_type : "new");
        else if (streq(u->active_state, "failed")) {
                text_append(buf, size, "failed: ");
                describe_end(u, buf, size);
        } else if (streq(u->load_state, "not-found") || streq(u->load_state, "masked"))
                text_append(buf, size, "%s, %s", u->load_state, u->active_state);
        else if (u->freezer_state[0] && !streq(u->freezer_state, "running"))
                text_append(buf, size, "%s", u->freezer_state);
        else if (u->sub_state[0] && !streq(u->sub_state, u->active_state))
                text_append(buf, size, "%s (%s)", u->active_state, u->sub_state);
        else
                text_append(buf, size, "%s", u->active_state);
        return buf;
}

static usec_t bounded(usec_t span) {
        return span == USEC_INFINITY ? USEC_PER_HOUR : span;
}

usec_t unit_view_job_deadline(const struct unit_view *u) {
        usec_t stop = bounded(u->timeout_stop_usec);

        return usec_add(usec_add(stop, stop), bounded(u->timeout_start_usec));
}
