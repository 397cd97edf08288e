/* The design's section "The judge", paragraph "Failing and unhealthy": each test is one sentence of it. */
#include "judge-scene.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

static void test_unhealthy_needs_both_failures_and_sustain(void **state) {
        static const struct {
                unsigned failures;
                usec_t sustain, every, unhealthy_after;
        } table[] = {
                { 3, 180 * SEC, 5 * SEC, 180 * SEC },  { 3, 180 * SEC, 20 * SEC, 180 * SEC },
                { 3, 0, 5 * SEC, 10 * SEC },           { 1, 0, 5 * SEC, 0 },
                { 1, 180 * SEC, 20 * SEC, 180 * SEC }, { 30, 60 * SEC, 5 * SEC, 145 * SEC },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct scene s;

                scene_init(&s);
                s.w.failures = table[i].failures;
                s.w.sustain_usec = table[i].sustain;
                scene_ok(&s);
                for (usec_t t = 0; t <= table[i].unhealthy_after; t += table[i].every) {
                        scene_pass(&s, table[i].every);
                        scene_silent(&s);
                        assert_state(&s, t < table[i].unhealthy_after ? STATE_SUSPECT : STATE_UNHEALTHY);
                        assert_int_equal(health_wants_remedy(&s.h, &s.w, s.now),
                                         t >= table[i].unhealthy_after);
                }
        }
}

static void test_sustain_is_counted_from_the_answer_of_the_first_failing_poll(void **state) {
        struct observation o = { .outcome = OUTCOME_FAILING, .reason = REASON_TIMEOUT };
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.failures = 1;
        o.sent_at_usec = s.now;
        o.received_at_usec = s.now + 15 * SEC;
        health_observe(&s.h, &s.history, &s.w, &o, o.received_at_usec, &s.told);
        assert_usec_equal(health_deadline(&s.h, &s.w), s.now + 15 * SEC + 180 * SEC);
}

static void test_the_time_to_a_verdict_does_not_wait_for_the_poll_under_way(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        scene_pass(&s, 10 * SEC);
        usec_t first = s.now;
        scene_silent(&s);
        assert_usec_equal(health_deadline(&s.h, &s.w), USEC_INFINITY); /* more answers are needed first */
        scene_pass(&s, 20 * SEC);
        scene_repeat(&s, scene_silent, 20 * SEC, 140 * SEC);
        assert_usec_equal(health_deadline(&s.h, &s.w), first + 180 * SEC);
        s.now = first + 180 * SEC - 1;
        scene_tick(&s);
        assert_state(&s, STATE_SUSPECT);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        s.now++;
        scene_tick(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        assert_usec_equal(scene_told(&s, TOLD_STATE_CHANGED)->sustained_usec, 180 * SEC);
        assert_usec_equal(health_deadline(&s.h, &s.w), USEC_INFINITY);
}

static void test_while_suspect_one_good_poll_resets_the_count(void **state) {
        static void (*const good[])(struct scene *) = { scene_ok, scene_degraded };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                struct scene s;

                scene_init(&s);
                scene_repeat(&s, scene_silent, 5 * SEC, 175 * SEC);
                assert_state(&s, STATE_SUSPECT);
                scene_pass(&s, SEC);
                good[i](&s);
                assert_int_equal(s.h.failures, 0);
                assert_usec_equal(s.h.sustained_usec, 0);
                assert_state(&s, i == 0 ? STATE_HEALTHY : STATE_DEGRADED);
                scene_pass(&s, 5 * SEC);
                scene_repeat(&s, scene_silent, 5 * SEC, 175 * SEC);
                assert_state(&s, STATE_SUSPECT);
                scene_pass(&s, 5 * SEC);
                scene_silent(&s);
                assert_state(&s, STATE_UNHEALTHY);
        }
}

static void test_no_answer_needs_sustain_and_an_answered_500_sustain_kafka(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 175 * SEC);
        assert_usec_equal(health_sustain_needed(&s.h, &s.w), 180 * SEC);
        assert_state(&s, STATE_SUSPECT);

        scene_init(&s);
        scene_repeat(&s, scene_500, 5 * SEC, 595 * SEC);
        assert_usec_equal(health_sustain_needed(&s.h, &s.w), 600 * SEC);
        assert_state(&s, STATE_SUSPECT);
        scene_pass(&s, 5 * SEC);
        scene_500(&s);
        assert_state(&s, STATE_UNHEALTHY);
}

static void test_silence_after_an_answered_500_needs_sustain_of_silence(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_500, 5 * SEC, 60 * SEC);
        scene_pass(&s, 5 * SEC);
        scene_repeat(&s, scene_silent, 5 * SEC, 175 * SEC);
        assert_state(&s, STATE_SUSPECT);
        scene_pass(&s, 5 * SEC);
        scene_silent(&s);
        assert_state(&s, STATE_UNHEALTHY);
}

static void test_an_answered_500_among_silence_needs_sustain_kafka(void **state) {
        struct scene s;
        usec_t began;

        (void) state;
        scene_init(&s);
        began = s.now;
        while (s.now - began < 595 * SEC) {
                (s.now - began) % (120 * SEC) == 0 ? scene_500(&s) : scene_silent(&s);
                assert_state(&s, STATE_SUSPECT);
                scene_pass(&s, 5 * SEC);
        }
        scene_pass(&s, 5 * SEC);
        scene_silent(&s);
        assert_state(&s, STATE_UNHEALTHY);
}

static void test_the_stage_is_a_hint_not_proof(void **state) {
        static const char *const stages[] = { "", "stopping 2 and 2 tasks",
                                              "flushing updates to the status topic" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(stages); i++) {
                struct scene s;

                scene_init(&s);
                for (unsigned n = 0; n <= 120; n++, scene_pass(&s, 5 * SEC)) {
                        scene_answered(&s, stages[(i + n) % 3], "", 0);
                        assert_state(&s, n < 120 ? STATE_SUSPECT : STATE_UNHEALTHY);
                }
        }
}

static void test_an_unchanged_began_at_means_stuck_and_an_advancing_one_progress(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        for (usec_t t = 0; t < USEC_PER_DAY; t += 5 * SEC, scene_pass(&s, 5 * SEC)) {
                scene_answered(&s, "reading to the end of the config topic", "", SEC + t / (590 * SEC));
                assert_state(&s, STATE_SUSPECT);
                assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        }
        usec_t progress = s.now;
        scene_answered(&s, "x", "", USEC_PER_DAY);
        assert_int_equal(s.h.failures, 1);
        for (; s.now < progress + 600 * SEC; scene_pass(&s, 5 * SEC)) {
                scene_answered(&s, "x", "", USEC_PER_DAY);
                assert_state(&s, STATE_SUSPECT);
        }
        scene_answered(&s, "x", "", USEC_PER_DAY);
        assert_state(&s, STATE_UNHEALTHY);
        scene_answered(&s, "x", "", USEC_PER_DAY - 1); /* an earlier one is no progress */
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        scene_answered(&s, "x", "", USEC_PER_DAY + 1);
        assert_state(&s, STATE_UNHEALTHY);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
}

static void test_starting_never_counts(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.startup_timeout_usec = 100 * USEC_PER_HOUR;
        scene_repeat(&s, scene_starting, 10 * SEC, 2 * USEC_PER_HOUR);
        assert_state(&s, STATE_STARTING);
        assert_int_equal(s.h.failures, 0);
        assert_false(s.history.incident.id[0]);
}

static void test_a_500_or_no_answer_in_time_counts_from_the_beginning(void **state) {
        static void (*const failing[])(struct scene *) = { scene_silent, scene_500 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(failing); i++) {
                struct scene s;

                scene_init(&s);
                scene_unit_starts(&s, "start-2");
                assert_false(s.history.seen_ok);
                scene_repeat(&s, failing[i], 5 * SEC, i == 0 ? 180 * SEC : 600 * SEC);
                assert_state(&s, STATE_UNHEALTHY);
        }
}

static void test_longer_than_startup_timeout_raises_one_alert(void **state) {
        struct scene s;
        unsigned alerts = 0;

        (void) state;
        scene_init(&s);
        scene_unit_starts(&s, "start-2");
        usec_t start = s.now;
        for (; s.now < start + 5 * USEC_PER_HOUR; scene_pass(&s, 10 * SEC)) {
                scene_starting(&s);
                assert_state(&s, STATE_STARTING);
                if (scene_count(&s, TOLD_STARTUP_SLOW) == 0)
                        continue;
                alerts++;
                assert_usec_equal(s.now, start + 30 * MIN_);
                assert_usec_equal(scene_told(&s, TOLD_STARTUP_SLOW)->lasted_usec, 30 * MIN_);
        }
        assert_int_equal(alerts, 1);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        assert_false(s.history.incident.id[0]);
}

static void test_startup_timeout_counts_from_the_unit_s_start(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s); /* the unit is up for an hour already */
        scene_starting(&s);
        assert_usec_equal(scene_told(&s, TOLD_STARTUP_SLOW)->lasted_usec, USEC_PER_HOUR);
}

static void test_starting_after_the_first_ok_is_not_the_unit_s_slow_start(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.startup_action = ACTION_RESTART;
        scene_ok(&s);
        scene_pass(&s, 10 * SEC);
        scene_repeat(&s, scene_starting, 10 * SEC, 29 * MIN_);
        assert_state(&s, STATE_STARTING);
        assert_int_equal(scene_count(&s, TOLD_STARTUP_SLOW), 0);
        scene_pass(&s, MIN_);
        scene_starting(&s);
        assert_int_equal(scene_count(&s, TOLD_STARTUP_SLOW), 1);
}

static void test_startup_timeout_restarts_only_if_startup_action_is_restart(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.startup_action = ACTION_RESTART;
        scene_unit_starts(&s, "start-2");
        scene_repeat(&s, scene_starting, 10 * SEC, 30 * MIN_ - 10 * SEC);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        scene_pass(&s, 10 * SEC);
        scene_starting(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_int_equal(scene_count(&s, TOLD_STARTUP_SLOW), 1);
        assert_int_equal(scene_count(&s, TOLD_INCIDENT_OPENED), 1);
        assert_int_equal(scene_told(&s, TOLD_STATE_CHANGED)->seen.reason, REASON_STARTUP_TIMEOUT);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        scene_unknown(&s); /* now we cannot tell whether it still starts */
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        scene_starting(&s);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        scene_ok(&s);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
}

static void test_any_restart_of_the_unit_resets_the_counters_and_begins_the_startup_grace(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 300 * SEC);
        scene_unknown(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_true(scene_unit_starts(&s, "start-2"));
        assert_state(&s, STATE_STARTING);
        assert_int_equal(scene_count(&s, TOLD_UNIT_RESTARTED), 1);
        assert_int_equal(s.h.failures + s.h.silent + s.h.unknowns + s.h.successes, 0);
        assert_usec_equal(s.h.sustained_usec + s.h.silent_usec + s.h.healthy_usec, 0);
        assert_false(s.h.any_answered);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        assert_false(scene_unit(&s)); /* the same start again */
        assert_int_equal(s.told.n, 0);
        scene_pass(&s, 5 * SEC);
        scene_repeat(&s, scene_starting, 10 * SEC, 29 * MIN_);
        assert_state(&s, STATE_STARTING);
}

static void test_an_answer_asked_for_before_this_start_is_dropped(void **state) {
        struct observation o = { .outcome = OUTCOME_FAILING, .reason = REASON_TIMEOUT };
        struct scene s;

        (void) state;
        scene_init(&s);
        o.sent_at_usec = s.now;
        scene_pass(&s, 5 * SEC);
        scene_unit_starts(&s, "start-2");
        scene_pass(&s, 10 * SEC);
        o.received_at_usec = s.now;
        health_observe(&s.h, &s.history, &s.w, &o, s.now, &s.told);
        assert_int_equal(s.h.failures, 0);
        assert_state(&s, STATE_STARTING);
}

static void test_the_first_ok_is_remembered_across_restarts_of_the_agent(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        assert_false(s.history.seen_ok);
        scene_ok(&s);
        assert_true(s.history.seen_ok);
        scene_agent_restarts(&s);
        assert_int_equal(scene_count(&s, TOLD_UNIT_RESTARTED), 0);
        assert_true(s.history.seen_ok);
        scene_unit_starts(&s, "start-2");
        assert_false(s.history.seen_ok);
}

static void test_a_restart_of_the_unit_while_the_agent_was_away_is_seen(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        scene_pass(&s, MIN_);
        s.unit = scene_unit_up("start-2", s.now - 10 * SEC);
        scene_agent_restarts(&s);
        assert_int_equal(scene_count(&s, TOLD_UNIT_RESTARTED), 1);
        assert_false(s.history.seen_ok);
        assert_state(&s, STATE_STARTING);
}

static void test_unknown_neither_counts_nor_resets(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 120 * SEC);
        unsigned failures = s.h.failures;
        scene_pass(&s, 5 * SEC);
        scene_unknown(&s);
        assert_int_equal(s.h.failures, failures);
        assert_usec_equal(s.h.sustained_usec, 120 * SEC);
        assert_state(&s, STATE_SUSPECT);
        scene_pass(&s, 5 * SEC);
        scene_repeat(&s, scene_silent, 5 * SEC, 55 * SEC);
        assert_state(&s, STATE_SUSPECT);
        scene_pass(&s, 5 * SEC);
        scene_silent(&s);
        assert_state(&s, STATE_UNHEALTHY);
}

static void test_unknown_neither_counts_for_health_nor_resets_it(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_ok, 10 * SEC, 100 * SEC);
        scene_unknown(&s);
        assert_usec_equal(s.h.healthy_usec, 100 * SEC);
        assert_int_equal(s.h.successes, 11);
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        assert_usec_equal(s.h.healthy_usec, 100 * SEC);
        assert_int_equal(s.h.successes, 12);
}

static void test_time_spent_in_unknown_does_not_count_as_sustained(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 10 * SEC);
        assert_usec_equal(s.h.sustained_usec, 10 * SEC);
        scene_pass(&s, 10 * SEC);
        scene_repeat(&s, scene_unknown, 10 * SEC, USEC_PER_HOUR);
        assert_usec_equal(health_deadline(&s.h, &s.w), USEC_INFINITY);
        scene_tick(&s);
        assert_false(s.h.state == STATE_UNHEALTHY);
        scene_pass(&s, 10 * SEC);
        scene_silent(&s);
        assert_usec_equal(s.h.sustained_usec, 10 * SEC);
        assert_state(&s, STATE_SUSPECT);
        assert_int_equal(s.h.failures, 4);
}

static void test_failures_unknown_in_a_row_are_told_as_one_alert(void **state) {
        struct scene s;
        unsigned alerts = 0;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        for (unsigned i = 1; i <= 500; i++) {
                scene_pass(&s, 10 * SEC);
                scene_unknown(&s);
                alerts += scene_count(&s, TOLD_CANNOT_TELL);
                assert_int_equal(alerts, i >= 3);
                assert_state(&s, i >= 3 ? STATE_UNKNOWN : STATE_HEALTHY);
        }
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        assert_state(&s, STATE_HEALTHY);
        scene_repeat(&s, scene_unknown, 10 * SEC, 20 * SEC);
        assert_int_equal(scene_count(&s, TOLD_CANNOT_TELL), 1);
}

static void test_an_unhealthy_worker_of_which_we_cannot_tell_is_not_acted_on(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        scene_pass(&s, 5 * SEC);
        scene_unknown(&s);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        scene_pass(&s, 5 * SEC);
        scene_silent(&s);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
}

static void test_a_gap_longer_than_two_intervals_and_a_timeout_begins_the_count_anew(void **state) {
        const usec_t gap = 35 * SEC;

        (void) state;
        for (usec_t more = 0; more <= 1; more++) {
                struct scene s;

                scene_init(&s);
                scene_repeat(&s, scene_silent, 5 * SEC, 175 * SEC);
                unsigned failures = s.h.failures;
                scene_pass(&s, gap + more);
                scene_silent(&s);
                assert_int_equal(s.h.failures, more ? 1 : failures + 1);
                assert_state(&s, more ? STATE_SUSPECT : STATE_UNHEALTHY);
                if (more)
                        assert_usec_equal(s.h.sustained_usec, 0);
        }
}

static void test_a_gap_begins_the_count_anew_for_a_tick_and_for_a_verdict_that_stood(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 175 * SEC);
        scene_pass(&s, USEC_PER_HOUR); /* suspended; the deadline's timer is the first to fire */
        scene_tick(&s);
        assert_state(&s, STATE_SUSPECT);
        assert_usec_equal(health_deadline(&s.h, &s.w),
                          USEC_INFINITY); /* not in the past: a timer would spin */

        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 300 * SEC);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        scene_pass(&s, USEC_PER_HOUR);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        scene_silent(&s);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
}

static void test_a_process_that_says_it_began_anew_is_counted_anew(void **state) {
        const struct observation anew = { .outcome = OUTCOME_OK,
                                          .reason = REASON_HEALTHY,
                                          .restarted = true };
        struct scene s;

        (void) state;
        for (int known = 0; known < 2; known++) {
                scene_init(&s);
                s.h.unit.known = known;
                scene_ok(&s);
                scene_pass(&s, 10 * SEC);
                scene_ok(&s);
                assert_int_equal(s.h.successes, 2);
                scene_pass(&s, 10 * SEC);
                scene_observe(&s, &anew);
                assert_int_equal(s.h.successes, 1);
                assert_int_equal(scene_count(&s, TOLD_UNIT_RESTARTED), !known);
                scene_pass(&s, 10 * SEC);
                scene_ok(&s);
                assert_int_equal(scene_count(&s, TOLD_UNIT_RESTARTED), 0);
        }
}

static void test_a_long_retry_interval_is_no_gap(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.retry_interval_usec = 2 * MIN_;
        scene_repeat(&s, scene_silent, 2 * MIN_, 6 * MIN_);
        assert_int_equal(s.h.failures, 4);
        assert_state(&s, STATE_UNHEALTHY);
}

static void test_a_gap_begins_the_count_of_good_polls_anew(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_ok, 10 * SEC, 10 * MIN_);
        scene_pass(&s, USEC_PER_HOUR);
        scene_ok(&s);
        assert_int_equal(s.h.successes, 1);
        assert_usec_equal(s.h.healthy_usec, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_unhealthy_needs_both_failures_and_sustain),
                cmocka_unit_test(test_sustain_is_counted_from_the_answer_of_the_first_failing_poll),
                cmocka_unit_test(test_the_time_to_a_verdict_does_not_wait_for_the_poll_under_way),
                cmocka_unit_test(test_while_suspect_one_good_poll_resets_the_count),
                cmocka_unit_test(test_no_answer_needs_sustain_and_an_answered_500_sustain_kafka),
                cmocka_unit_test(test_silence_after_an_answered_500_needs_sustain_of_silence),
                cmocka_unit_test(test_an_answered_500_among_silence_needs_sustain_kafka),
                cmocka_unit_test(test_the_stage_is_a_hint_not_proof),
                cmocka_unit_test(test_an_unchanged_began_at_means_stuck_and_an_advancing_one_progress),
                cmocka_unit_test(test_starting_never_counts),
                cmocka_unit_test(test_a_500_or_no_answer_in_time_counts_from_the_beginning),
                cmocka_unit_test(test_longer_than_startup_timeout_raises_one_alert),
                cmocka_unit_test(test_startup_timeout_counts_from_the_unit_s_start),
                cmocka_unit_test(test_starting_after_the_first_ok_is_not_the_unit_s_slow_start),
                cmocka_unit_test(test_startup_timeout_restarts_only_if_startup_action_is_restart),
                cmocka_unit_test(
                        test_any_restart_of_the_unit_resets_the_counters_and_begins_the_startup_grace),
                cmocka_unit_test(test_an_answer_asked_for_before_this_start_is_dropped),
                cmocka_unit_test(test_the_first_ok_is_remembered_across_restarts_of_the_agent),
                cmocka_unit_test(test_a_restart_of_the_unit_while_the_agent_was_away_is_seen),
                cmocka_unit_test(test_unknown_neither_counts_nor_resets),
                cmocka_unit_test(test_unknown_neither_counts_for_health_nor_resets_it),
                cmocka_unit_test(test_time_spent_in_unknown_does_not_count_as_sustained),
                cmocka_unit_test(test_failures_unknown_in_a_row_are_told_as_one_alert),
                cmocka_unit_test(test_an_unhealthy_worker_of_which_we_cannot_tell_is_not_acted_on),
                cmocka_unit_test(test_a_gap_longer_than_two_intervals_and_a_timeout_begins_the_count_anew),
                cmocka_unit_test(test_a_gap_begins_the_count_anew_for_a_tick_and_for_a_verdict_that_stood),
                cmocka_unit_test(test_a_process_that_says_it_began_anew_is_counted_anew),
                cmocka_unit_test(test_a_long_retry_interval_is_no_gap),
                cmocka_unit_test(test_a_gap_begins_the_count_of_good_polls_anew),
        };

        return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
