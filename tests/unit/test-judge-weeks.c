/* Stories over hours, days and weeks of virtual time: what is told, in order, and when the unit is
 * restarted. */
#include "judge-sim.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE
#define HOUR USEC_PER_HOUR
#define DAY USEC_PER_DAY

static void told_from(const struct sim *s, size_t from, const char *expected) {
        _cleanup_free_ char *words = sim_words(s, from);

        assert_string_equal(words, expected);
}

static void told_in_all(const struct sim *s, const char *expected) {
        told_from(s, 0, expected);
}

/* From here on every start of the unit is like this: after 20 s of starting, this answer for good. */
static void starts_into(struct sim *s, enum sim_answer then) {
        s->start.then = s->start.sick = then;
}

static void a_week_of_health_is_one_line(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, 7 * DAY);
        told_in_all(&s, "healthy");
        sim_done(&s);
}

static void a_hung_jvm_is_restarted_once_sustain_after_the_first_failing_answer(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, DAY);
        s.answer = SIM_HUNG;
        sim_run(&s, DAY);
        told_in_all(&s, "healthy opened unhealthy restart healthy closed");
        assert_usec_equal(sim_when(&s, "restart", 0), sim_when(&s, "opened", 0) + 3 * MIN_);
        assert_true(sim_when(&s, "closed", 0) - sim_when(&s, "restart", 0) < 4 * MIN_);
        assert_int_equal(s.history.budget.n_restarts, 0); /* given back by now */
        sim_done(&s);
}

static void a_hang_shorter_than_sustain_is_left_alone(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.answer = SIM_HUNG;
        sim_run(&s, 12 * SEC);
        s.answer = SIM_OK;
        sim_run(&s, HOUR);
        s.answer = SIM_HUNG;
        sim_run(&s, 2 * MIN_);
        s.answer = SIM_OK;
        sim_run(&s, HOUR);
        assert_int_equal(sim_count(&s, "restart") + sim_count(&s, "unhealthy"), 0);
        told_in_all(&s, "healthy opened healthy closed opened healthy closed");
        sim_done(&s);
}

static void a_slow_start_of_25_minutes_is_left_alone(void **state) {
        static const enum sim_answer meanwhile[] = { SIM_REFUSED, SIM_STARTING };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(meanwhile); i++) {
                struct sim s;

                sim_init(&s);
                sim_run(&s, HOUR);
                s.start.takes = 25 * MIN_;
                s.start.meanwhile = meanwhile[i];
                s.w.startup_action = ACTION_RESTART;
                sim_admin_restart(&s);
                sim_run(&s, DAY);
                told_in_all(&s, "healthy unit-restarted healthy");
                sim_done(&s);
        }
}

static void a_start_of_an_hour_is_told_once_and_restarted_only_if_asked(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.start.takes = HOUR;
        s.start.meanwhile = SIM_STARTING;
        sim_admin_restart(&s);
        sim_run(&s, DAY);
        told_in_all(&s, "healthy unit-restarted startup-slow healthy");
        sim_done(&s);

        sim_init(&s);
        s.w.startup_action = ACTION_RESTART;
        sim_run(&s, HOUR);
        s.start.takes = HOUR;
        s.start.meanwhile = SIM_STARTING;
        sim_admin_restart(&s);
        sim_run(&s, 30 * MIN_);
        s.start.takes = 20 * SEC;
        sim_run(&s, 2 * HOUR);
        told_in_all(&s, "healthy unit-restarted startup-slow opened unhealthy restart healthy closed");
        sim_done(&s);
}

/* Restarts with backoff 0, 2, 6, then exhausted, then one try each six hours; nothing else in two weeks. */
static void a_worker_that_never_recovers_is_restarted_three_times_then_each_six_hours(void **state) {
        struct sim s;
        size_t tries = 0;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.start.takes = 0;
        starts_into(&s, SIM_HUNG);
        s.answer = SIM_HUNG;
        sim_run(&s, 14 * DAY);
        usec_t first = sim_when(&s, "opened", 0), exhausted = sim_when(&s, "exhausted", 0);
        usec_t at[3] = { sim_when(&s, "restart", 0), sim_when(&s, "restart", 1),
                         sim_when(&s, "restart", 2) };
        assert_usec_equal(at[0], first + 3 * MIN_);
        assert_true(at[1] - at[0] >= 3 * MIN_ && at[1] - at[0] < 4 * MIN_); /* backoff 2 is over by then */
        assert_true(at[2] - at[1] >= 6 * MIN_ && at[2] - at[1] < 7 * MIN_);
        assert_true(exhausted - at[2] >= 3 * MIN_ && exhausted - at[2] < 4 * MIN_);
        assert_int_equal(sim_count(&s, "exhausted"), 1);
        assert_int_equal(sim_count(&s, "opened"), 1);
        assert_int_equal(sim_count(&s, "closed"), 0);
        for (usec_t last = exhausted; sim_when(&s, "restart", 3 + (unsigned) tries) != USEC_INFINITY;
             tries++) {
                usec_t try = sim_when(&s, "restart", 3 + (unsigned) tries);

                assert_true(try - last >= 6 * HOUR && try - last < 6 * HOUR + 5 * MIN_);
                last = try;
        }
        assert_int_equal(tries, 55);
        assert_int_equal(s.history.incident.restarts, 58);
        sim_done(&s);
}

static void an_exhausted_worker_without_retry_is_never_tried_again(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        s.w.exhausted_retry_usec = 0;
        sim_run(&s, HOUR);
        starts_into(&s, SIM_HUNG);
        s.answer = SIM_HUNG;
        sim_run(&s, 14 * DAY);
        assert_int_equal(sim_count(&s, "restart"), 3);
        assert_int_equal(health_shown_state(&s.h, &s.history), STATE_EXHAUSTED);
        sim_done(&s);
}

static void the_budget_is_back_after_an_hour_of_health(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        starts_into(&s, SIM_HUNG);
        s.answer = SIM_HUNG;
        sim_run(&s, DAY);
        assert_true(s.history.budget.exhausted_at_usec > 0);
        size_t tries = sim_count(&s, "restart");
        s.answer = s.start.then = s.start.sick = SIM_OK; /* somebody mended it without a restart */
        sim_run(&s, 59 * MIN_);
        assert_true(s.history.budget.exhausted_at_usec > 0);
        assert_int_equal(sim_count(&s, "closed"), 1);
        sim_run(&s, 3 * MIN_);
        assert_usec_equal(s.history.budget.exhausted_at_usec, 0);
        starts_into(&s, SIM_HUNG);
        s.answer = SIM_HUNG;
        sim_run(&s, DAY);
        assert_true(sim_count(&s, "restart") >= tries + 6);
        assert_int_equal(sim_count(&s, "exhausted"), 2);
        assert_int_equal(sim_count(&s, "opened"), 2);
        sim_done(&s);
}

static void an_admin_s_stop_during_backoff_stays(void **state) {
        for (enum sim_stop_end end = 0; end < _SIM_STOP_END_MAX; end++) {
                struct sim s;

                (void) state;
                sim_init(&s);
                sim_run(&s, HOUR);
                s.start.takes = 0;
                starts_into(&s, SIM_HUNG);
                s.answer = SIM_HUNG;
                sim_run(&s, 12 * MIN_);
                assert_true(s.remedy.standing[HOLD_BACKOFF]);
                unsigned restarts = sim_count(&s, "restart");
                size_t from = s.n_events;
                sim_admin_stop(&s, end);
                sim_run(&s, 7 * DAY);
                told_from(&s, from, "stopped closed -backoff");
                assert_int_equal(sim_count(&s, "restart"), restarts);
                starts_into(&s, SIM_OK);
                from = s.n_events;
                sim_admin_start(&s);
                sim_run(&s, DAY);
                told_from(&s, from, "unit-restarted healthy");
                sim_done(&s);
        }
}

static void an_admin_s_stop_while_our_restart_is_under_way_stays(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        s.stop_takes = 60 * SEC;
        sim_run(&s, HOUR);
        s.answer = SIM_HUNG;
        while (!s.ours)
                sim_run(&s, SEC);
        sim_run(&s, 5 * SEC);
        sim_admin_stop(&s, SIM_STOP_TIMEOUT);
        sim_run(&s, 7 * DAY);
        told_in_all(&s, "healthy opened unhealthy restart stopped closed");
        sim_done(&s);
}

static void a_crash_without_systemd_s_restart_is_revived(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        sim_crash(&s);
        sim_run(&s, DAY);
        told_in_all(&s, "healthy opened unhealthy revive healthy closed");
        assert_usec_equal(sim_when(&s, "revive", 0), sim_when(&s, "opened", 0) + 3 * MIN_);
        sim_done(&s);

        sim_init(&s);
        s.w.revive = false;
        sim_run(&s, HOUR);
        sim_crash(&s);
        sim_run(&s, DAY);
        told_in_all(&s, "healthy stopped unit-down");
        sim_done(&s);
}

static void a_crash_that_systemd_restarts_is_not_ours(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        s.auto_restarts = true;
        sim_run(&s, HOUR);
        sim_crash(&s);
        sim_run(&s, DAY);
        assert_int_equal(sim_count(&s, "restart") + sim_count(&s, "revive"), 0);
        assert_int_equal(sim_count(&s, "unit-restarted"), 1);
        sim_done(&s);
}

/* Kafka is down and the worker exits at each start: revived by backoff alone, at most once an hour. */
static void a_worker_that_crashes_at_each_start_is_revived_ever_more_slowly(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.start.crash_after = 60 * SEC;
        s.start.takes = HOUR;
        sim_crash(&s);
        sim_run(&s, 2 * DAY);
        unsigned n = sim_count(&s, "revive");
        assert_true(n > 48 && n < 60);
        assert_true(sim_when(&s, "revive", n - 1) - sim_when(&s, "revive", n - 2) >= HOUR);
        assert_int_equal(sim_count(&s, "exhausted") + sim_count(&s, "restart"), 0);
        assert_int_equal(sim_count(&s, "opened"), 1);
        sim_done(&s);
}

static void a_poison_connector_is_named_after_two_restarts(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        starts_into(&s, SIM_POISON);
        s.answer = SIM_POISON;
        sim_run(&s, 5 * HOUR);
        told_in_all(&s, "healthy opened unhealthy restart suspect unhealthy restart suspect unhealthy "
                        "exhausted held-long held-long held-long held-long held-long");
        assert_true(s.history.budget.recurring);
        assert_usec_equal(sim_when(&s, "restart", 0), sim_when(&s, "opened", 0) + 10 * MIN_);
        assert_string_equal(s.unit.active_state, "active");
        sim_done(&s);
}

static void a_kafka_outage_of_nine_minutes_or_with_progress_restarts_nothing(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.answer = SIM_500;
        sim_run(&s, 9 * MIN_);
        s.answer = SIM_OK;
        sim_run(&s, HOUR);
        s.answer = SIM_PROGRESS;
        sim_run(&s, 3 * HOUR);
        s.answer = SIM_OK;
        sim_run(&s, HOUR);
        told_in_all(&s, "healthy opened healthy closed opened healthy closed");
        sim_done(&s);
}

static void a_long_kafka_outage_spends_the_budget_and_no_more(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.start.meanwhile = s.answer = SIM_500;
        s.start.takes = DAY;
        sim_run(&s, 5 * HOUR);
        assert_int_equal(sim_count(&s, "restart"), 3);
        assert_int_equal(sim_count(&s, "exhausted"), 1);
        s.answer = SIM_OK;
        sim_run(&s, HOUR);
        assert_int_equal(sim_count(&s, "closed"), 1);
        sim_done(&s);
}

static void observe_only_tells_a_virtual_budget(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        s.w.action = ACTION_ALERT;
        sim_run(&s, HOUR);
        s.answer = SIM_HUNG;
        sim_run(&s, 5 * HOUR);
        usec_t first = sim_when(&s, "would-restart", 0);
        assert_usec_equal(first, sim_when(&s, "opened", 0) + 3 * MIN_);
        assert_true(sim_when(&s, "would-restart", 1) - first >= 2 * MIN_);
        assert_true(sim_when(&s, "would-restart", 2) - first >= 8 * MIN_);
        told_in_all(&s,
                    "healthy opened unhealthy would-restart would-restart would-restart held-long held-long "
                    "held-long held-long held-long");
        sim_run(&s, 4 * DAY);
        assert_int_equal(sim_count(&s, "would-restart"), 3 + 16);
        assert_int_equal(sim_count(&s, "exhausted") + sim_count(&s, "restart"), 0);
        s.answer = SIM_OK;
        sim_run(&s, 2 * HOUR);
        assert_int_equal(s.history.virtual_budget.n_restarts, 0);
        sim_done(&s);
}

static void a_package_manager_that_hangs_is_told_at_15_30_and_60_minutes(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        (void) snprintf(s.around.package_manager, UNIT_WORD_SIZE, "APT");
        sim_run(&s, HOUR);
        s.answer = SIM_HUNG;
        sim_run(&s, 100 * MIN_);
        (void) snprintf(s.around.package_manager, UNIT_WORD_SIZE, "%s", "");
        sim_run(&s, HOUR);
        told_in_all(
                &s,
                "healthy opened unhealthy +package-manager held-long held-long held-long -package-manager "
                "restart healthy closed");
        usec_t begun = sim_when(&s, "+package-manager", 0);
        for (unsigned i = 0; i < 3; i++) {
                usec_t late = sim_when(&s, "held-long", i) - begun - (15u << i) * MIN_;

                assert_true(late < MIN_ << i);
        }
        sim_done(&s);
}

static void flapping_for_a_week_is_told_once_and_restarts_nothing(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        for (usec_t t = 0; t < 7 * DAY; t += 2 * MIN_) {
                sim_run(&s, MIN_);
                s.answer = SIM_HUNG;
                sim_run(&s, MIN_);
                s.answer = SIM_OK;
        }
        assert_int_equal(sim_count(&s, "flapping"), 1);
        assert_int_equal(sim_count(&s, "opened"), 1);
        assert_int_equal(sim_count(&s, "restart"), 0);
        sim_run(&s, HOUR);
        assert_int_equal(sim_count(&s, "closed"), 1);
        sim_done(&s);
}

/* Fine for ten minutes after each restart: n comes back, the budget does not. */
static void a_worker_that_hangs_ten_minutes_after_each_start_ends_exhausted(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.start.sick_after = 10 * MIN_;
        s.start.sick = s.answer = SIM_HUNG;
        sim_run(&s, 7 * DAY);
        assert_int_equal(sim_count(&s, "exhausted"), 1);
        assert_true(sim_count(&s, "restart") >= 3 + 26 && sim_count(&s, "restart") <= 3 + 28);
        assert_int_equal(sim_count(&s, "opened"), sim_count(&s, "closed") + 1);
        sim_done(&s);
}

static void a_kill_of_the_agent_gives_no_fresh_budget(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.start.takes = 0;
        starts_into(&s, SIM_HUNG);
        s.answer = SIM_HUNG;
        for (usec_t t = 0; t < 5 * HOUR; t += 5 * MIN_) {
                sim_run(&s, 5 * MIN_ - 2 * SEC);
                sim_agent_ends(&s);
                sim_run(&s, 2 * SEC);
                sim_agent_starts(&s);
        }
        assert_int_equal(sim_count(&s, "restart"), 3);
        assert_int_equal(sim_count(&s, "exhausted"), 1);
        assert_int_equal(sim_count(&s, "opened"), 1);
        sim_done(&s);
}

static void a_kill_of_the_agent_during_a_restart_causes_no_second_one(void **state) {
        for (usec_t moment = 0; moment < 12; moment++) {
                struct sim s;

                (void) state;
                sim_init(&s);
                s.stop_takes = 8 * SEC;
                sim_run(&s, HOUR);
                s.answer = SIM_HUNG;
                while (!s.ours)
                        sim_run(&s, SEC);
                sim_run(&s, moment * SEC);
                sim_agent_ends(&s);
                sim_run(&s, 3 * SEC);
                sim_agent_starts(&s);
                sim_run(&s, 50 * MIN_);
                assert_int_equal(sim_count(&s, "restart"), 1);
                assert_int_equal(sim_count(&s, "opened"), 1);
                assert_int_equal(sim_count(&s, "closed"), 1);
                assert_int_equal(s.history.budget.n_restarts, 1);
                assert_int_not_equal(budget_last(&s.history.budget)->result, RESTART_PENDING);
                sim_done(&s);
        }
}

static void a_suspended_machine_wakes_to_a_fresh_count(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        for (unsigned i = 0; i < 20; i++) {
                s.answer = SIM_HUNG;
                sim_run(&s, 2 * MIN_);
                sim_suspend(&s, 8 * HOUR);
                sim_run(&s, 2 * MIN_); /* the network takes as long to come back */
                s.answer = SIM_OK;
                sim_run(&s, HOUR);
        }
        assert_int_equal(sim_count(&s, "unhealthy") + sim_count(&s, "restart"), 0);
        sim_done(&s);
}

static void credentials_that_expire_for_a_week_are_one_alert(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        sim_run(&s, HOUR);
        s.answer = SIM_UNKNOWN;
        sim_run(&s, 7 * DAY);
        s.answer = SIM_OK;
        sim_run(&s, HOUR);
        told_in_all(&s, "healthy cannot-tell healthy");
        sim_done(&s);
}

static void a_refused_call_is_retried_and_costs_nothing(void **state) {
        struct sim s;

        (void) state;
        sim_init(&s);
        s.refuses = true;
        sim_run(&s, HOUR);
        s.answer = SIM_HUNG;
        sim_run(&s, 10 * HOUR);
        assert_int_equal(s.history.budget.n_restarts + s.history.budget.n, 0);
        assert_int_equal(sim_count(&s, "restart"), 0);
        s.refuses = false;
        sim_run(&s, HOUR);
        assert_int_equal(sim_count(&s, "restart"), 1);
        assert_int_equal(sim_count(&s, "closed"), 1);
        sim_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_week_of_health_is_one_line),
                cmocka_unit_test(a_hung_jvm_is_restarted_once_sustain_after_the_first_failing_answer),
                cmocka_unit_test(a_hang_shorter_than_sustain_is_left_alone),
                cmocka_unit_test(a_slow_start_of_25_minutes_is_left_alone),
                cmocka_unit_test(a_start_of_an_hour_is_told_once_and_restarted_only_if_asked),
                cmocka_unit_test(a_worker_that_never_recovers_is_restarted_three_times_then_each_six_hours),
                cmocka_unit_test(an_exhausted_worker_without_retry_is_never_tried_again),
                cmocka_unit_test(the_budget_is_back_after_an_hour_of_health),
                cmocka_unit_test(an_admin_s_stop_during_backoff_stays),
                cmocka_unit_test(an_admin_s_stop_while_our_restart_is_under_way_stays),
                cmocka_unit_test(a_crash_without_systemd_s_restart_is_revived),
                cmocka_unit_test(a_crash_that_systemd_restarts_is_not_ours),
                cmocka_unit_test(a_worker_that_crashes_at_each_start_is_revived_ever_more_slowly),
                cmocka_unit_test(a_poison_connector_is_named_after_two_restarts),
                cmocka_unit_test(a_kafka_outage_of_nine_minutes_or_with_progress_restarts_nothing),
                cmocka_unit_test(a_long_kafka_outage_spends_the_budget_and_no_more),
                cmocka_unit_test(observe_only_tells_a_virtual_budget),
                cmocka_unit_test(a_package_manager_that_hangs_is_told_at_15_30_and_60_minutes),
                cmocka_unit_test(flapping_for_a_week_is_told_once_and_restarts_nothing),
                cmocka_unit_test(a_worker_that_hangs_ten_minutes_after_each_start_ends_exhausted),
                cmocka_unit_test(a_kill_of_the_agent_gives_no_fresh_budget),
                cmocka_unit_test(a_kill_of_the_agent_during_a_restart_causes_no_second_one),
                cmocka_unit_test(a_suspended_machine_wakes_to_a_fresh_count),
                cmocka_unit_test(credentials_that_expire_for_a_week_are_one_alert),
                cmocka_unit_test(a_refused_call_is_retried_and_costs_nothing),
        };

        return cmocka_run_group_tests_name("judge-weeks", tests, NULL, NULL);
}
