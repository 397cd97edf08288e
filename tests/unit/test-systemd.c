/* The systemd client against a real bus with a scripted manager on it: units, stops in all their orders,
 * losses. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "fake-bus.h"
#include "systemd-scene.h"

/* ---- views ---- */

static void test_a_view_holds_every_property(void **state) {
        NEEDS_BUS(state);
        fake_do("{'do':'unit','name':'" UNIT
                "','properties':{'SubState':'running','UnitFileState':'disabled',"
                "'FreezerState':'frozen','Result':'signal','ExecMainCode':2,'ExecMainStatus':9,'MainPID':"
                "4711,"
                "'NRestarts':3,'TimeoutStartUSec':1000000,'TimeoutStopUSec':18446744073709551615,"
                "'MemoryCurrent':123456,'CPUUsageNSec':5000000,'RefuseManualStart':true}}");
        watch(UNIT);
        assert_string_equal(got.view.load_state, "loaded");
        assert_string_equal(got.view.active_state, "active");
        assert_string_equal(got.view.sub_state, "running");
        assert_string_equal(got.view.unit_file_state, "disabled");
        assert_string_equal(got.view.freezer_state, "frozen");
        assert_string_equal(got.view.result, "signal");
        assert_string_equal(got.view.job_type, "");
        assert_int_equal(got.view.job_id, 0);
        assert_string_equal(got.view.invocation_id, "00000000000000000000000000000001");
        assert_int_equal(got.view.exec_main_code, 2);
        assert_int_equal(got.view.exec_main_status, 9);
        assert_int_equal(got.view.main_pid, 4711);
        assert_int_equal(got.view.n_restarts, 3);
        assert_int_equal(got.view.timeout_start_usec, USEC_PER_SEC);
        assert_true(got.view.timeout_stop_usec == USEC_INFINITY);
        assert_int_equal(got.view.memory_current_bytes, 123456);
        assert_int_equal(got.view.cpu_usage_usec, 5000);
        assert_true(got.view.inactive_exit_usec <= agent_clock());
        assert_true(got.view.inactive_exit_usec + 30 * USEC_PER_SEC > agent_clock());
        assert_true(got.view.active_enter_usec + 30 * USEC_PER_SEC > agent_clock());
        assert_false(got.stop_seen);
}

static void test_what_is_not_told_is_absent(void **state) {
        NEEDS_BUS(state);
        fake_do("{'do':'unit','name':'" UNIT "','started':false}");
        watch(UNIT);
        assert_string_equal(got.view.active_state, "inactive");
        assert_string_equal(got.view.invocation_id, "");
        assert_int_equal(got.view.inactive_exit_usec, 0);
        assert_true(got.view.memory_current_bytes == UINT64_MAX);
        assert_true(got.view.cpu_usage_usec == USEC_INFINITY);
}

static unsigned counted(const char *method) {
        _cleanup_free_ char *counts = fake_tell("{'do':'counts'}");
        const char *at = strstr(counts, method);

        return at ? (unsigned) strtoul(at + strlen(method) + 3, NULL, 10) : 0;
}

static void test_a_unit_that_is_not_there_is_read_and_does_not_wake_us_for_ever(void **state) {
        NEEDS_BUS(state);
        watch("absent.service");
        assert_string_equal(got.view.load_state, "not-found");
        assert_string_equal(got.view.active_state, "inactive");
        run_for(200 * USEC_PER_MSEC);
        (void) counted("GetAll");
        run_for(500 * USEC_PER_MSEC);
        assert_int_equal(counted("GetAll"), 0);
}

static void test_a_unit_that_was_stopped_and_collected_is_seen_when_it_starts(void **state) {
        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'stop','name':'" UNIT "','ms':0}");
        RUN_UNTIL(streq(got.view.active_state, "inactive"));
        run_for(300 * USEC_PER_MSEC);
        fake_do("{'do':'start','name':'" UNIT "'}");
        RUN_UNTIL(streq(got.view.active_state, "active"));
        assert_string_equal(got.view.invocation_id, "00000000000000000000000000000002");
        assert_false(got.stop_seen);
}

static void test_a_unit_that_comes_to_be_by_a_reload_is_seen(void **state) {
        NEEDS_BUS(state);
        watch("new.service");
        fake_do("{'do':'unit','name':'new.service','started':false}");
        fake_do("{'do':'reload'}");
        RUN_UNTIL(streq(got.view.load_state, "loaded"));
}

static void test_an_alias_stands_for_its_unit(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        NEEDS_BUS(state);
        fake_do("{'do':'unit','name':'" UNIT "'}");
        fake_do("{'do':'alias','alias':'connect.service','name':'" UNIT "'}");
        watch("connect.service");
        assert_string_equal(got.view.active_state, "active");
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 10 * USEC_PER_SEC, on_done, unit, &c), 0);
        RUN_UNTIL(got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        assert_string_equal(got.invocation_at_end, "00000000000000000000000000000002");
}

static void test_a_flood_of_signals_is_few_readings(void **state) {
        NEEDS_BUS(state);
        watch_running();
        (void) counted("GetAll");
        fake_do("{'do':'flood','name':'" UNIT "','n':500}");
        fake_do("{'do':'crash','name':'" UNIT "'}");
        RUN_UNTIL(streq(got.view.active_state, "failed"));
        assert_in_range(counted("GetAll"), 1, 20);
}

static void test_a_signal_during_a_slow_reading_is_not_missed(void **state) {
        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'answer','method':'GetAll','delay':200,'times':1}");
        fake_do("{'do':'set','name':'" UNIT "','properties':{'NRestarts':1}}");
        run_for(100 * USEC_PER_MSEC);
        fake_do("{'do':'set','name':'" UNIT "','properties':{'NRestarts':2}}");
        RUN_UNTIL(got.view.n_restarts == 2);
}

/* ---- was it stopped? ---- */

static const struct {
        const char *name;
        const char *tell;  /* what happens to the running unit */
        const char *state; /* how it ends */
        bool stop_seen;
} ends[] = {
        { "a stop that takes its time", "{'do':'stop','name':'" UNIT "','ms':200}", "inactive", true },
        { "a stop that is quick", "{'do':'stop','name':'" UNIT "','ms':1}", "inactive", true },
        { "a stop whose job is gone before one can ask", "{'do':'stop','name':'" UNIT "','ms':-1}",
          "inactive", true },
        { "a stop that ends in 143", "{'do':'stop','name':'" UNIT "','ms':100,'failed':true}", "failed",
          true },
        { "a stop that ends in 143, its job gone", "{'do':'stop','name':'" UNIT "','ms':-1,'failed':true}",
          "failed", true },
        { "a crash", "{'do':'crash','name':'" UNIT "'}", "failed", false },
        { "a restart that fails", "{'do':'stop','name':'" UNIT "','ms':100,'failed':true,'type':'restart'}",
          "failed", false },
        { "a stop and a start", "{'do':'stop-start','name':'" UNIT "'}", "active", false },
        { "a stop, a start and a crash", "{'do':'stop-start','name':'" UNIT "','crash':true}", "failed",
          false },
};

static void test_a_stop_is_seen_in_every_order_of_signals(void **state) {
        NEEDS_BUS(state);
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                char before[INVOCATION_ID_SIZE];

                fake_do("{'do':'unit','name':'" UNIT "'}");
                if (!unit)
                        watch(UNIT);
                RUN_UNTIL(streq(got.view.active_state, "active") && !got.stop_seen);
                strcpy(before, got.view.invocation_id);
                fake_do("%s", ends[i].tell);
                RUN_UNTIL(streq(got.view.active_state, ends[i].state) && got.view.job_id == 0 &&
                          (!streq(ends[i].state, "active") || !streq(before, got.view.invocation_id)));
                run_for(250 * USEC_PER_MSEC);
                if (got.stop_seen != ends[i].stop_seen)
                        fail_msg("%s: %s", ends[i].name,
                                 got.stop_seen ? "seen as a stop" : "not seen as a stop");
        }
}

static void test_a_stop_under_way_is_told_at_once(void **state) {
        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'stop','name':'" UNIT "','ms':5000}");
        RUN_UNTIL(got.stop_seen);
        assert_string_equal(got.view.active_state, "deactivating");
        assert_string_equal(got.view.job_type, "stop");
        assert_int_not_equal(got.view.job_id, 0);
}

static void own_call_too_late(void **state, const char *early) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','early_removed':%s}", early);
        fake_do("{'do':'crash','name':'" UNIT "'}");
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 10 * USEC_PER_SEC, on_done, unit, &c), 0);
        RUN_UNTIL(got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        assert_non_null(strstr(got.report.detail, "nothing was restarted"));
        run_for(250 * USEC_PER_MSEC);
        assert_string_equal(got.view.active_state, "failed");
        assert_false(got.stop_seen);
}

static void test_our_own_call_that_came_too_late_is_nobodys_stop(void **state) {
        own_call_too_late(state, "false");
}

static void test_nor_when_its_job_is_gone_before_it_returns(void **state) {
        own_call_too_late(state, "true");
}

/* ---- losses ---- */

static void test_a_bus_that_goes_and_comes_back(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL, *d = NULL;

        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','job_ms':-1}");
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 60 * USEC_PER_SEC, on_done, NULL, &c), 0);
        RUN_UNTIL(got.view.job_id != 0);
        fake_bus_stop();
        RUN_UNTIL(!got.connected && got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_LOST);
        assert_true(got.why[0] != '\0');
        RUN_UNTIL(!got.view.known);
        assert_false(systemd_connected(manager));
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, USEC_PER_SEC, on_done, NULL, &d), -ENOTCONN);

        assert_true(fake_bus_start(true));
        fake_do("{'do':'unit','name':'" UNIT "','properties':{'NRestarts':7}}");
        RUN_UNTIL(got.connected && got.view.known && got.view.n_restarts == 7);
        assert_true(systemd_connected(manager));
        call_and_wait(UNIT_TRY_RESTART, 10 * USEC_PER_SEC);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
}

static void test_systemd_that_executes_itself_anew_loses_no_job(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','job_ms':400}");
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 20 * USEC_PER_SEC, on_done, unit, &c), 0);
        RUN_UNTIL(got.view.job_id != 0);
        fake_do("{'do':'away','ms':100}");
        RUN_UNTIL(got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_DONE);
        assert_int_equal(got.n_changed, 1);
        assert_true(got.connected);
}

static void test_a_job_that_ended_unseen_is_lost(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        NEEDS_BUS(state);
        watch_running();
        fake_do("{'do':'restarts','job_ms':-1}");
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 60 * USEC_PER_SEC, on_done, unit, &c), 0);
        RUN_UNTIL(got.view.job_id != 0);
        fake_do("{'do':'job-forget','job':%u}", got.view.job_id);
        fake_do("{'do':'away','ms':1}");
        RUN_UNTIL(got.n_done == 1);
        assert_int_equal(got.report.result, UNIT_CALL_LOST);
}

static void test_a_bus_without_systemd_says_so_and_notices_when_it_comes(void **state) {
        NEEDS_BUS(state);
        RUN_UNTIL(got.n_changed == 1);
        fake_do("{'do':'away','ms':-1}");
        manager = systemd_free(manager);
        got.n_changed = 0;
        assert_int_equal(systemd_new(event, agent_clock, on_changed, NULL, &manager), 0);
        RUN_UNTIL(got.n_changed == 1);
        assert_false(got.connected);
        assert_non_null(strstr(got.why, "systemd is not on the system bus"));
        fake_do("{'do':'away','ms':0}");
        RUN_UNTIL(got.connected);
        assert_int_equal(got.n_changed, 2);
}

static void test_without_a_bus_one_is_told_and_can_still_ask(_unused_ void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
        begin();
        assert_int_equal(unit_watch_new(manager, UNIT, on_view, NULL, &unit), 0);
        RUN_UNTIL(got.n_changed == 1);
        assert_false(got.connected);
        assert_non_null(strstr(got.why, "there is no system bus"));
        assert_false(unit_watch_view(unit)->known);
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, USEC_PER_SEC, on_done, NULL, &c), -ENOTCONN);
        assert_int_equal(unit_read_surroundings(unit, on_surroundings, NULL, &c), -ENOTCONN);
}

static void test_the_client_may_go_first(void **state) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        NEEDS_BUS(state);
        watch_running();
        assert_int_equal(unit_call(unit, UNIT_TRY_RESTART, 10 * USEC_PER_SEC, on_done, NULL, &c), 0);
        manager = systemd_free(manager);
        (void) sd_event_run(event, 0);
        assert_int_equal(got.n_done, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        static const struct CMUnitTest tests[] = {
                T(test_a_view_holds_every_property),
                T(test_what_is_not_told_is_absent),
                T(test_a_unit_that_is_not_there_is_read_and_does_not_wake_us_for_ever),
                T(test_a_unit_that_was_stopped_and_collected_is_seen_when_it_starts),
                T(test_a_unit_that_comes_to_be_by_a_reload_is_seen),
                T(test_an_alias_stands_for_its_unit),
                T(test_a_flood_of_signals_is_few_readings),
                T(test_a_signal_during_a_slow_reading_is_not_missed),
                T(test_a_stop_is_seen_in_every_order_of_signals),
                T(test_a_stop_under_way_is_told_at_once),
                T(test_our_own_call_that_came_too_late_is_nobodys_stop),
                T(test_nor_when_its_job_is_gone_before_it_returns),
                T(test_a_bus_that_goes_and_comes_back),
                T(test_systemd_that_executes_itself_anew_loses_no_job),
                T(test_a_job_that_ended_unseen_is_lost),
                T(test_a_bus_without_systemd_says_so_and_notices_when_it_comes),
                cmocka_unit_test_teardown(test_without_a_bus_one_is_told_and_can_still_ask, tear_down),
                T(test_the_client_may_go_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
