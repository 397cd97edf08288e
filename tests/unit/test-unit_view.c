/* What a unit's properties mean: each row is one thing that was seen of systemd, or that its documents name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "judge/unit_view.h"

enum {
        EXITED = 1,
        KILLED = 2,
        DUMPED = 3,
};

#define START 1000
#define LATER 2000

static const struct row {
        const char *what;
        const char *load, *active, *sub, *result, *job, *freezer;
        int code, status;
        usec_t inactive_exit, active_enter;
        enum unit_condition condition, after_stop; /* after_stop: a stop job was seen */
        bool in_transition;
        const char *describe;
} rows[] = {
        { "runs", "loaded", "active", "running", "success", "", "running", 0, 0, START, START, UNIT_UP,
          UNIT_UP, false, "active (running)" },
        { "runs, and its file is gone", "not-found", "active", "running", "success", "", "running", 0, 0,
          START, START, UNIT_UP, UNIT_UP, false, "not-found, active" },
        { "runs, masked", "masked", "active", "running", "success", "", "running", 0, 0, START, START,
          UNIT_UP, UNIT_UP, false, "masked, active" },
        { "oneshot that remains", "loaded", "active", "exited", "success", "", "", EXITED, 0, START, START,
          UNIT_UP, UNIT_UP, false, "active (exited)" },

        /* on its way */
        { "starts", "loaded", "activating", "start", "success", "start", "running", 0, 0, LATER, START,
          UNIT_BUSY, UNIT_BUSY, true, "activating, with a start job queued" },
        { "auto-restart waits", "loaded", "activating", "auto-restart", "exit-code", "", "running", EXITED,
          1, START, START, UNIT_BUSY, UNIT_BUSY, true, "activating (auto-restart)" },
        { "auto-restart, queued", "loaded", "activating", "auto-restart-queued", "exit-code", "restart", "",
          EXITED, 1, START, START, UNIT_BUSY, UNIT_BUSY, true, "activating, with a restart job queued" },
        { "reloads", "loaded", "reloading", "reload", "success", "reload", "running", 0, 0, START, START,
          UNIT_BUSY, UNIT_BUSY, false, "reloading, with a reload job queued" },
        { "reloads by notify", "loaded", "reloading", "reload-notify", "success", "", "running", 0, 0, START,
          START, UNIT_BUSY, UNIT_BUSY, false, "reloading (reload-notify)" },
        { "refreshes (257)", "loaded", "refreshing", "refresh-extensions", "success", "", "running", 0, 0,
          START, START, UNIT_BUSY, UNIT_BUSY, false, "refreshing (refresh-extensions)" },
        { "cleaned", "loaded", "maintenance", "cleaning", "success", "", "", 0, 0, START, START, UNIT_BUSY,
          UNIT_BUSY, false, "maintenance (cleaning)" },
        { "restart job queued", "loaded", "active", "running", "success", "restart", "running", 0, 0, START,
          START, UNIT_BUSY, UNIT_BUSY, true, "active, with a restart job queued" },
        { "restart job stops it", "loaded", "deactivating", "stop-sigterm", "success", "restart", "running",
          0, 0, START, START, UNIT_BUSY, UNIT_BUSY, true, "deactivating, with a restart job queued" },
        { "goes down by itself", "loaded", "deactivating", "stop-post", "exit-code", "", "", EXITED, 1,
          START, START, UNIT_BUSY, UNIT_STOPPED, true, "deactivating (stop-post)" },
        { "start queued for a stopped one", "loaded", "inactive", "dead", "success", "start", "", EXITED, 0,
          START, START, UNIT_BUSY, UNIT_BUSY, true, "inactive, with a start job queued" },
        { "start queued for a crashed one", "loaded", "failed", "failed", "exit-code", "start", "", EXITED,
          1, START, START, UNIT_BUSY, UNIT_BUSY, true, "failed, with a start job queued" },
        { "another job", "loaded", "active", "running", "success", "verify-active", "running", 0, 0, START,
          START, UNIT_BUSY, UNIT_BUSY, false, "active, with a verify-active job queued" },
        { "frozen", "loaded", "active", "running", "success", "", "frozen", 0, 0, START, START, UNIT_BUSY,
          UNIT_BUSY, false, "frozen" },
        { "freezes", "loaded", "active", "running", "success", "", "freezing", 0, 0, START, START, UNIT_BUSY,
          UNIT_BUSY, false, "freezing" },
        { "thaws", "loaded", "active", "running", "success", "", "thawing", 0, 0, START, START, UNIT_BUSY,
          UNIT_BUSY, false, "thawing" },
        { "frozen with its slice", "loaded", "active", "running", "success", "", "frozen-by-parent", 0, 0,
          START, START, UNIT_BUSY, UNIT_BUSY, false, "frozen-by-parent" },
        { "no freezer", "loaded", "active", "running", "success", "", "", 0, 0, START, START, UNIT_UP,
          UNIT_UP, false, "active (running)" },

        /* stopped */
        { "admin's stop queued", "loaded", "active", "running", "success", "stop", "running", 0, 0, START,
          START, UNIT_STOPPED, UNIT_STOPPED, false, "active, with a stop job queued" },
        { "admin's stop under way", "loaded", "deactivating", "stop-sigterm", "success", "stop", "running",
          0, 0, START, START, UNIT_STOPPED, UNIT_STOPPED, true, "deactivating, with a stop job queued" },
        { "admin's stop done", "loaded", "inactive", "dead", "success", "", "", EXITED, 0, START, START,
          UNIT_STOPPED, UNIT_STOPPED, false, "inactive (dead)" },
        { "admin's stop timed out", "loaded", "failed", "failed", "timeout", "", "", KILLED, 9, START, START,
          UNIT_STOPPED, UNIT_STOPPED, false, "failed: a timeout of its start or stop" },
        { "exit 143 after SIGTERM", "loaded", "failed", "failed", "exit-code", "", "", EXITED, 143, START,
          START, UNIT_STOPPED, UNIT_STOPPED, false, "failed: exit code 143" },
        { "exit 130 after SIGINT", "loaded", "failed", "failed", "exit-code", "", "", EXITED, 130, START,
          START, UNIT_STOPPED, UNIT_STOPPED, false, "failed: exit code 130" },
        { "exit 0", "loaded", "inactive", "dead", "success", "", "", EXITED, 0, START, START, UNIT_STOPPED,
          UNIT_STOPPED, false, "inactive (dead)" },
        { "terminated by hand", "loaded", "inactive", "dead", "success", "", "", KILLED, 15, START, START,
          UNIT_STOPPED, UNIT_STOPPED, false, "inactive (dead)" },
        { "never started", "loaded", "inactive", "dead", "success", "", "", 0, 0, 0, 0, UNIT_STOPPED,
          UNIT_STOPPED, false, "inactive (dead)" },
        { "masked", "masked", "inactive", "dead", "success", "", "", EXITED, 0, START, START, UNIT_STOPPED,
          UNIT_STOPPED, false, "masked, inactive" },
        { "masked after a crash", "masked", "failed", "failed", "exit-code", "", "", EXITED, 1, START, START,
          UNIT_STOPPED, UNIT_STOPPED, false, "failed: exit code 1" },
        { "gone", "not-found", "inactive", "dead", "success", "", "", 0, 0, 0, 0, UNIT_STOPPED, UNIT_STOPPED,
          false, "not-found, inactive" },
        { "gone after a crash", "not-found", "failed", "failed", "signal", "", "", KILLED, 9, START, START,
          UNIT_STOPPED, UNIT_STOPPED, false, "failed: killed by signal 9" },

        /* crashed: a stop job that was seen makes each of them a stop */
        { "exit 1", "loaded", "failed", "failed", "exit-code", "", "", EXITED, 1, START, START, UNIT_CRASHED,
          UNIT_STOPPED, false, "failed: exit code 1" },
        { "exit 2: Kafka was down at its start", "loaded", "failed", "failed", "exit-code", "", "", EXITED,
          2, START, START, UNIT_CRASHED, UNIT_STOPPED, false, "failed: exit code 2" },
        { "SIGKILL", "loaded", "failed", "failed", "signal", "", "", KILLED, 9, START, START, UNIT_CRASHED,
          UNIT_STOPPED, false, "failed: killed by signal 9" },
        { "dumped core", "loaded", "failed", "failed", "core-dump", "", "", DUMPED, 6, START, START,
          UNIT_CRASHED, UNIT_STOPPED, false, "failed: killed by signal 6" },
        { "signal number 143 is no exit code", "loaded", "failed", "failed", "signal", "", "", KILLED, 143,
          START, START, UNIT_CRASHED, UNIT_STOPPED, false, "failed: killed by signal 143" },
        { "out of memory", "loaded", "failed", "failed", "oom-kill", "", "", KILLED, 9, START, START,
          UNIT_CRASHED, UNIT_STOPPED, false, "failed: killed for lack of memory" },
        { "its own watchdog", "loaded", "failed", "failed", "watchdog", "", "", DUMPED, 6, START, START,
          UNIT_CRASHED, UNIT_STOPPED, false, "failed: killed by signal 6" },
        { "start limit", "loaded", "failed", "failed", "start-limit-hit", "", "", EXITED, 1, START, START,
          UNIT_CRASHED, UNIT_STOPPED, false, "failed: its start limit was hit" },
        { "start limit after 143", "loaded", "failed", "failed", "start-limit-hit", "", "", EXITED, 143,
          START, START, UNIT_CRASHED, UNIT_STOPPED, false, "failed: its start limit was hit" },
        { "start timed out", "loaded", "failed", "failed", "timeout", "", "", KILLED, 15, LATER, START,
          UNIT_CRASHED, UNIT_STOPPED, false, "failed: a timeout of its start or stop" },
        { "first start timed out", "loaded", "failed", "failed", "timeout", "", "", KILLED, 15, START, 0,
          UNIT_CRASHED, UNIT_STOPPED, false, "failed: a timeout of its start or stop" },
        { "resources", "loaded", "failed", "failed", "resources", "", "", 0, 0, START, START, UNIT_CRASHED,
          UNIT_STOPPED, false, "failed: resources" },
        { "no reason told", "loaded", "failed", "failed", "", "", "", 0, 0, START, START, UNIT_CRASHED,
          UNIT_STOPPED, false, "failed: no reason told" },
};

static void word(char *to, const char *from) {
        (void) snprintf(to, UNIT_WORD_SIZE, "%s", from);
}

static struct unit_view view(const struct row *r) {
        struct unit_view u = {
                .known = true,
                .job_id = r->job[0] ? 42 : 0,
                .exec_main_code = r->code,
                .exec_main_status = r->status,
                .inactive_exit_usec = r->inactive_exit,
                .active_enter_usec = r->active_enter,
        };

        word(u.load_state, r->load);
        word(u.active_state, r->active);
        word(u.sub_state, r->sub);
        word(u.result, r->result);
        word(u.job_type, r->job);
        word(u.freezer_state, r->freezer);
        return u;
}

static void what_a_unit_is_doing(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct unit_view u = view(&rows[i]);
                enum unit_condition c = unit_view_condition(&u, false),
                                    after_stop = unit_view_condition(&u, true);

                if (c != rows[i].condition || after_stop != rows[i].after_stop)
                        fail_msg("%s: %s, after a stop %s", rows[i].what, unit_condition_to_string(c),
                                 unit_condition_to_string(after_stop));
                if (unit_view_in_transition(&u) != rows[i].in_transition)
                        fail_msg("%s: in transition", rows[i].what);
        }
}

static void a_unit_is_described_in_one_clause(void **state) {
        char buf[128], small[8];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct unit_view u = view(&rows[i]);

                assert_string_equal(unit_view_describe(&u, buf, sizeof(buf)), rows[i].describe);
                unit_view_describe(&u, small, sizeof(small));
                assert_true(strlen(small) < sizeof(small));
                assert_memory_equal(small, buf, MIN(strlen(small), strlen(buf)));
        }
}

static void a_unit_that_was_not_read_is_unknown(void **state) {
        struct unit_view u = { .active_state = "failed", .load_state = "loaded", .result = "signal" };
        char buf[64];

        (void) state;
        assert_int_equal(unit_view_condition(&u, false), UNIT_UNKNOWN);
        assert_int_equal(unit_view_condition(&u, true), UNIT_UNKNOWN);
        assert_false(unit_view_in_transition(&u));
        assert_string_equal(unit_view_describe(&u, buf, sizeof(buf)), "its state could not be read");
}

static void a_job_whose_type_is_not_read_yet_is_busy(void **state) {
        struct unit_view u = view(&rows[0]);
        char buf[64];

        (void) state;
        u.job_id = 42;
        assert_int_equal(unit_view_condition(&u, false), UNIT_BUSY);
        assert_string_equal(unit_view_describe(&u, buf, sizeof(buf)), "active, with a new job queued");
}

static void a_job_may_take_twice_the_stop_and_once_the_start_timeout(void **state) {
        static const struct {
                usec_t stop, start, deadline;
        } table[] = {
                { 90 * USEC_PER_SEC, 90 * USEC_PER_SEC, 270 * USEC_PER_SEC },
                { 180 * USEC_PER_SEC, 0, 360 * USEC_PER_SEC },
                { USEC_INFINITY, 90 * USEC_PER_SEC, 2 * USEC_PER_HOUR + 90 * USEC_PER_SEC },
                { 90 * USEC_PER_SEC, USEC_INFINITY, USEC_PER_HOUR + 180 * USEC_PER_SEC },
                { USEC_INFINITY, USEC_INFINITY, 3 * USEC_PER_HOUR },
                { 48 * USEC_PER_HOUR, 0, 96 * USEC_PER_HOUR },
                { USEC_INFINITY - 1, USEC_INFINITY - 1, USEC_INFINITY },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct unit_view u = { .timeout_stop_usec = table[i].stop,
                                       .timeout_start_usec = table[i].start };

                assert_true(unit_view_job_deadline(&u) == table[i].deadline);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_unit_is_doing),
                cmocka_unit_test(a_unit_is_described_in_one_clause),
                cmocka_unit_test(a_unit_that_was_not_read_is_unknown),
                cmocka_unit_test(a_job_whose_type_is_not_read_yet_is_busy),
                cmocka_unit_test(a_job_may_take_twice_the_stop_and_once_the_start_timeout),
        };

        return cmocka_run_group_tests_name("unit_view", tests, NULL, NULL);
}
