/* The systemd client against a real bus with a scripted manager on it: calls, jobs, and what is read
 * before acting. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "fake-bus.h"
#include "systemd-scene.h"

/* ---- calls ---- */

static void test_a_restart_is_followed_to_its_jobs_end(void **state) {
        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','job_ms':150}");
        call_and_wait(UNIT_TRY_RESTART, 10 * USEC_PER_SEC);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        assert_string_equal(got.report.detail, "done");
        assert_true(got.report.took_usec >= 150 * USEC_PER_MSEC);
        assert_string_equal(got.invocation_at_end, "00000000000000000000000000000002");
        assert_false(got.stop_seen);
}

static void test_a_job_that_ends_before_the_call_returns_is_ours_all_the_same(void **state) {
        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','early_removed':true}");
        call_and_wait(UNIT_TRY_RESTART, 10 * USEC_PER_SEC);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        assert_string_equal(got.invocation_at_end, "00000000000000000000000000000002");
}

static void test_a_job_that_ends_otherwise_has_failed(void **state) {
        static const char *const results[] = { "failed",   "timeout",   "dependency",
                                               "canceled", "collected", "new-word" };

        NEEDS_BUS(state);
        watch_running();
        for (size_t i = 0; i < ELEMENTSOF(results); i++) {
                fake_do("{'do':'restarts','job_ms':1,'job_result':'%s'}", results[i]);
                fake_do("{'do':'start','name':'" UNIT "'}");
                call_and_wait(UNIT_TRY_RESTART, 10 * USEC_PER_SEC);
                assert_int_equal(got.report.result, UNIT_CALL_FAILED);
                assert_string_equal(got.report.detail, results[i]);
        }
}

static void test_reviving_resets_and_restarts(void **state) {
        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'crash','name':'" UNIT "'}");
        RUN_UNTIL(streq(got.view.active_state, "failed"));
        call_and_wait(UNIT_RESET_FAILED, 10 * USEC_PER_SEC);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        call_and_wait(UNIT_RESTART, 10 * USEC_PER_SEC);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        RUN_UNTIL(streq(got.view.active_state, "active"));
}

static void test_a_job_that_never_ends_is_lost_at_the_deadline(void **state) {
        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','job_ms':-1}");
        call_and_wait(UNIT_TRY_RESTART, 200 * USEC_PER_MSEC);
        assert_int_equal(got.report.result, UNIT_CALL_LOST);
        assert_non_null(strstr(got.report.detail, "the job did not end within"));
        fake_do("{'do':'answer','method':'TryRestartUnit'}");
        call_and_wait(UNIT_TRY_RESTART, 200 * USEC_PER_MSEC);
        assert_int_equal(got.report.result, UNIT_CALL_LOST);
        assert_non_null(strstr(got.report.detail, "systemd did not answer within"));
}

static void test_a_refused_call_says_why_and_what_to_do(void **state) {
        static const struct {
                const char *error, *detail, *remedy;
        } refusals[] = {
                { "org.freedesktop.DBus.Error.AccessDenied", "not authorised",
                  "connect-watchdogctl authorize " UNIT },
                { "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "not authorised",
                  "\"try-restart\" was refused" },
                { "org.freedesktop.systemd1.UnitMasked", "masked", "systemctl unmask " UNIT },
                { "org.freedesktop.systemd1.OnlyByDependency", "by hand", "RefuseManualStart" },
                { "org.freedesktop.systemd1.TransactionIsDestructive", "busy", "later" },
        };

        NEEDS_BUS(state);
        watch_running();
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++) {
                fake_do("{'do':'answer','method':'TryRestartUnit','error':['%s','It said no.']}",
                        refusals[i].error);
                call_and_wait(UNIT_TRY_RESTART, 10 * USEC_PER_SEC);
                assert_int_equal(got.report.result, UNIT_CALL_REFUSED);
                assert_non_null(strstr(got.report.detail, refusals[i].detail));
                assert_non_null(strstr(got.report.detail, "It said no."));
                assert_non_null(strstr(got.report.remedy, refusals[i].remedy));
        }
        assert_string_equal(unit_watch_view(unit)->invocation_id, "00000000000000000000000000000001");
}

static void test_a_dropped_slot_is_never_delivered(void **state) {
        struct unit_call *c = NULL;

        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','job_ms':20}");
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 10 * USEC_PER_SEC, on_done, unit, &c), 0);
        c = unit_call_unref(c);
        assert_int_equal(unit_read_surroundings(unit, on_surroundings, NULL, &c), 0);
        c = unit_call_unref(c);
        RUN_UNTIL(streq(got.view.invocation_id, "00000000000000000000000000000002"));
        assert_int_equal(got.n_done, 0);
        assert_int_equal(got.n_surroundings, 0);
}

static void test_a_unit_may_go_before_its_call(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        NEEDS_BUS(state);
        watch_running();
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 10 * USEC_PER_SEC, on_done, NULL, &c), 0);
        unit = unit_watch_free(unit);
        run_for(100 * USEC_PER_MSEC);
        assert_int_equal(got.n_done, 0);
}

static void test_a_unit_may_go_before_its_call_and_the_bus_after_it(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        NEEDS_BUS(state);
        watch_running();
        assert_int_equal(unit_read_surroundings(unit, on_surroundings, NULL, &c), 0);
        unit = unit_watch_free(unit);
        fake_bus_stop();
        RUN_UNTIL(!got.connected);
        run_for(50 * USEC_PER_MSEC);
        assert_int_equal(got.n_surroundings, 0);
}

static struct unit_call *dropped_in_done;

static void on_done_drop(_unused_ struct unit_call *c, const struct unit_call_report *r, void *userdata) {
        on_done(c, r, userdata);
        dropped_in_done = unit_call_unref(dropped_in_done);
        unit = unit_watch_free(unit);
}

static void test_everything_may_be_dropped_inside_the_callback(void **state) {
        NEEDS_BUS(state);
        watch_running();
        assert_int_equal(
                unit_call(unit, UNIT_TRY_RESTART, 10 * USEC_PER_SEC, on_done_drop, NULL, &dropped_in_done),
                0);
        RUN_UNTIL(got.n_done == 1);
        assert_null(dropped_in_done);
        run_for(50 * USEC_PER_MSEC);
}

static void test_a_pending_job_is_adopted(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;
        _cleanup_free_ char *job = NULL;

        NEEDS_BUS(state);
        watch_running();
        job = fake_tell("{'do':'job-begin','name':'" UNIT "','type':'restart'}");
        RUN_UNTIL(got.view.job_id != 0);
        assert_int_equal(got.view.job_id, strtoul(job, NULL, 10));
        assert_string_equal(got.view.job_type, "restart");
        assert_int_equal(unit_follow_job(unit, got.view.job_id, 10 * USEC_PER_SEC, on_done, NULL, &c), 0);
        run_for(50 * USEC_PER_MSEC);
        assert_int_equal(got.n_done, 0);
        fake_do("{'do':'job-end','job':%s}", job);
        RUN_UNTIL(got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        assert_false(got.stop_seen);
}

static void test_a_job_that_is_gone_or_anothers_is_lost(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL, *d = NULL;
        _cleanup_free_ char *job = NULL;

        NEEDS_BUS(state);
        watch_running();
        assert_int_equal(unit_follow_job(unit, 99, 10 * USEC_PER_SEC, on_done, NULL, &c), 0);
        RUN_UNTIL(got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_LOST);
        fake_do("{'do':'unit','name':'other.service'}");
        job = fake_tell("{'do':'job-begin','name':'other.service','type':'restart'}");
        assert_int_equal(unit_follow_job(unit, (uint32_t) strtoul(job, NULL, 10), 10 * USEC_PER_SEC, on_done,
                                         NULL, &d),
                         0);
        RUN_UNTIL(got.n_done == 2);
        assert_int_equal(got.report.result, UNIT_CALL_LOST);
        assert_non_null(strstr(got.report.detail, "another unit's"));
}

static void test_a_signal_goes_to_the_main_process_through_systemd(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL, *d = NULL;
        _cleanup_free_ char *killed = NULL;

        NEEDS_BUS(state);
        watch_running();
        assert_int_equal(unit_kill_main(unit, SIGQUIT, on_done, NULL, &c), 0);
        RUN_UNTIL(got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        killed = fake_tell("{'do':'killed'}");
        assert_string_equal(killed, "[[\"" UNIT "\", \"main\", 3]]");
        fake_do("{'do':'answer','method':'KillUnit','error':['org.freedesktop.DBus.Error.AccessDenied','no']"
                "}");
        assert_int_equal(unit_kill_main(unit, SIGQUIT, on_done, NULL, &d), 0);
        RUN_UNTIL(got.n_done == 2);
        assert_int_equal(got.report.result, UNIT_CALL_REFUSED);
        assert_non_null(strstr(got.report.remedy, "\"kill\""));
}

/* ---- surroundings ---- */

static void read_surroundings(void) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        got.n_surroundings = 0;
        assert_int_equal(unit_read_surroundings(unit, on_surroundings, NULL, &c), 0);
        RUN_UNTIL(got.n_surroundings == 1);
}

static void test_surroundings_are_fresh(void **state) {
        NEEDS_BUS(state);
        watch_running();
        /* Nobody is told of these. */
        fake_do("{'do':'set','name':'" UNIT
                "','quiet':true,'properties':{'MemoryCurrent':77,'UnitFileState':'masked'}}");
        fake_do("{'do':'system-state','state':'maintenance'}");
        read_surroundings();
        assert_int_equal(got.error, 0);
        assert_int_equal(got.read.unit.memory_current_bytes, 77);
        assert_string_equal(got.read.unit.unit_file_state, "masked");
        assert_string_equal(got.read.system_state, "maintenance");
        assert_true(got.read.logind_asked);
        assert_string_equal(got.read.package_manager, "");
        assert_false(got.read.stop_seen);
        fake_do("{'do':'stop','name':'" UNIT "','ms':-1,'failed':true}");
        read_surroundings();
        assert_true(got.read.stop_seen);
        assert_string_equal(got.read.unit.active_state, "failed");
}

static void test_package_managers_are_known_by_their_exact_names(void **state) {
        static const struct {
                const char *list, *found;
        } cases[] = {
                { "[]", "" },
                { "[['APT','block']]", "APT" },
                { "[['DNF','delay']]", "DNF" },
                { "[['RPM','block']]", "RPM" },
                { "[['gdm','delay'],['RPM','block'],['x','block']]", "RPM" },
                { "[['Unattended Upgrades Shutdown','delay'],['apt','block'],['APT "
                  "','block'],['MYRPM','block']]",
                  "" },
        };

        NEEDS_BUS(state);
        watch_running();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                fake_do("{'do':'inhibitors','list':%s}", cases[i].list);
                read_surroundings();
                assert_true(got.read.logind_asked);
                assert_string_equal(got.read.package_manager, cases[i].found);
        }
}

static void test_logind_that_cannot_be_asked_is_no_error(void **state) {
        static const char *const errors[] = {
                "org.freedesktop.DBus.Error.ServiceUnknown",
                "org.freedesktop.systemd1.NoSuchUnit",
                "org.freedesktop.DBus.Error.AccessDenied",
        };

        NEEDS_BUS(state);
        watch_running();
        for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
                fake_do("{'do':'inhibitors','list':[],'error':['%s','No such luck.']}", errors[i]);
                read_surroundings();
                assert_int_equal(got.error, 0);
                assert_false(got.read.logind_asked);
                assert_string_equal(got.read.logind_error, "No such luck.");
        }
}

static void test_surroundings_end_when_nobody_answers(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL, *d = NULL;

        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'answer','method':'ListInhibitors'}");
        assert_int_equal(unit_read_surroundings(unit, on_surroundings, NULL, &c), 0);
        RUN_UNTIL(got.n_surroundings == 1);
        assert_int_equal(got.error, 0);
        assert_false(got.read.logind_asked);
        assert_string_equal(got.read.unit.active_state, "active");
        fake_do("{'do':'answer','method':'GetAll'}");
        assert_int_equal(unit_read_surroundings(unit, on_surroundings, NULL, &d), 0);
        RUN_UNTIL(got.n_surroundings == 2);
        assert_true(got.error < 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        static const struct CMUnitTest tests[] = {
                T(test_a_restart_is_followed_to_its_jobs_end),
                T(test_a_job_that_ends_before_the_call_returns_is_ours_all_the_same),
                T(test_a_job_that_ends_otherwise_has_failed),
                T(test_reviving_resets_and_restarts),
                T(test_a_job_that_never_ends_is_lost_at_the_deadline),
                T(test_a_refused_call_says_why_and_what_to_do),
                T(test_a_dropped_slot_is_never_delivered),
                T(test_a_unit_may_go_before_its_call),
                T(test_a_unit_may_go_before_its_call_and_the_bus_after_it),
                T(test_everything_may_be_dropped_inside_the_callback),
                T(test_a_pending_job_is_adopted),
                T(test_a_job_that_is_gone_or_anothers_is_lost),
                T(test_a_signal_goes_to_the_main_process_through_systemd),
                T(test_surroundings_are_fresh),
                T(test_package_managers_are_known_by_their_exact_names),
                T(test_logind_that_cannot_be_asked_is_no_error),
                T(test_surroundings_end_when_nobody_answers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
