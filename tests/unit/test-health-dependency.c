/* The design's sentences about what a worker requires: what its failing polls count while that is down, just
 * back, up, or cannot be told. */
#include "judge-scene.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

static void well(struct scene *s, enum dependency_state requires) {
        scene_init(s);
        scene_requires(s, requires);
        scene_ok(s);
        scene_pass(s, 10 * SEC);
}

static void test_failing_polls_do_not_count_while_it_is_down_or_just_back(void **state) {
        static void (*const polls[])(struct scene * s) = { scene_silent, scene_500 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(polls); i++) {
                struct scene s;

                well(&s, DEPENDENCY_UP);
                scene_requires(&s, DEPENDENCY_DOWN);
                assert_int_equal(s.told.n, 0);
                polls[i](&s);
                const struct told *t = scene_told(&s, TOLD_INCIDENT_OPENED);
                assert_true(t->excused);
                assert_string_equal(t->text, "Kafka main is down since 13:50:00 (no broker answers)");
                scene_repeat(&s, polls[i], 10 * SEC, USEC_PER_HOUR);
                assert_state(&s, STATE_SUSPECT);
                assert_int_equal(s.h.failures, 0);
                assert_usec_equal(health_deadline(&s.h, &s.w), USEC_INFINITY);
                assert_false(health_wants_remedy(&s.h, &s.w, s.now));
                scene_tick(&s);
                assert_state(&s, STATE_SUSPECT);

                scene_requires(&s, DEPENDENCY_GRACE);
                assert_int_equal(s.told.n, 0);
                scene_repeat(&s, polls[i], 10 * SEC, 2 * MIN_);
                assert_state(&s, STATE_SUSPECT);

                /* Counting begins anew, so no restart comes at the moment at which the worker rejoins. */
                scene_requires(&s, DEPENDENCY_UP);
                assert_false(scene_told(&s, TOLD_DEPENDENCY_CHANGED)->excused);
                scene_repeat(&s, polls[i], 5 * SEC, 3 * MIN_ - SEC);
                assert_state(&s, STATE_SUSPECT);
                scene_pass(&s, SEC);
                polls[i](&s);
                assert_state(&s, STATE_UNHEALTHY);
                assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        }
}

static void test_a_500_needs_sustain_when_it_is_up_and_sustain_kafka_when_that_is_not_known(void **state) {
        struct scene s;

        (void) state;
        well(&s, DEPENDENCY_UP);
        scene_500(&s);
        assert_usec_equal(health_sustain_needed(&s.h, &s.w), 3 * MIN_);
        assert_usec_equal(scene_told(&s, TOLD_INCIDENT_OPENED)->sustain_needed_usec, 3 * MIN_);
        scene_repeat(&s, scene_500, 10 * SEC, 3 * MIN_);
        assert_state(&s, STATE_UNHEALTHY);

        well(&s, DEPENDENCY_UNKNOWN);
        scene_repeat(&s, scene_500, 10 * SEC, 10 * MIN_ - SEC);
        assert_state(&s, STATE_SUSPECT);
        scene_pass(&s, SEC);
        scene_500(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_int_equal(scene_told(&s, TOLD_HOLD_BEGUN)->hold, HOLD_DEPENDENCY_DOWN);
}

static void test_when_it_goes_down_after_the_verdict_the_state_stays_and_is_held(void **state) {
        struct scene s;

        (void) state;
        well(&s, DEPENDENCY_UP);
        scene_repeat(&s, scene_silent, 5 * SEC, 3 * MIN_);
        assert_state(&s, STATE_UNHEALTHY);
        scene_requires(&s, DEPENDENCY_DOWN);
        assert_int_equal(s.told.n, 0); /* the hold says it */
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_int_equal(scene_told(&s, TOLD_HOLD_BEGUN)->hold, HOLD_DEPENDENCY_DOWN);
        scene_repeat(&s, scene_silent, 5 * SEC, 5 * MIN_);
        assert_state(&s, STATE_UNHEALTHY);
        scene_requires(&s, DEPENDENCY_GRACE);
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_int_equal(s.told.n, 0);
        scene_repeat(&s, scene_silent, 5 * SEC, 2 * MIN_);

        scene_requires(&s, DEPENDENCY_UP);
        assert_int_equal(scene_count(&s, TOLD_DEPENDENCY_CHANGED), 1);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        s.told.n = 0;
        remedy_tell(&s.remedy, &s.h, &s.history, &s.w, NULL, s.now, &s.told);
        assert_int_equal(scene_told(&s, TOLD_HOLD_ENDED)->hold, HOLD_DEPENDENCY_DOWN);
        scene_repeat(&s, scene_silent, 5 * SEC, 3 * MIN_ - SEC);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        scene_pass(&s, SEC);
        scene_silent(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void test_what_failed_before_it_went_down_is_forgotten_and_that_is_told(void **state) {
        struct scene s;

        (void) state;
        well(&s, DEPENDENCY_UP);
        scene_repeat(&s, scene_silent, 5 * SEC, 2 * MIN_);
        scene_requires(&s, DEPENDENCY_DOWN);
        const struct told *t = scene_told(&s, TOLD_DEPENDENCY_CHANGED);
        assert_true(t->excused);
        assert_string_equal(t->text, "Kafka main is down since 13:50:00 (no broker answers)");
        assert_string_equal(t->incident, s.history.incident.id);
        assert_int_equal(s.h.failures, 0);

        /* What is told again is told for nobody. */
        scene_requires(&s, DEPENDENCY_DOWN);
        assert_int_equal(s.told.n, 0);
        scene_repeat(&s, scene_ok, 10 * SEC, 3 * MIN_);
        assert_state(&s, STATE_HEALTHY);
        t = scene_told(&s, TOLD_INCIDENT_CLOSED);
        assert_true(t->excused);
        assert_string_equal(t->text, "Kafka main is down since 13:50:00 (no broker answers)");
        scene_requires(&s, DEPENDENCY_UP);
        assert_int_equal(s.told.n, 0);

        /* The next incident has another cause. */
        scene_silent(&s);
        assert_false(scene_told(&s, TOLD_INCIDENT_OPENED)->excused);
        scene_repeat(&s, scene_ok, 10 * SEC, 3 * MIN_);
        assert_false(scene_told(&s, TOLD_INCIDENT_CLOSED)->excused);
}

static void test_a_unit_that_crashed_meanwhile_is_revived_after_it(void **state) {
        struct scene s;

        (void) state;
        well(&s, DEPENDENCY_UP);
        scene_requires(&s, DEPENDENCY_DOWN);
        scene_unit_ends(&s, "failed", "exit-code", 1, 2);
        scene_repeat(&s, scene_silent, 10 * SEC, 10 * MIN_);
        assert_state(&s, STATE_SUSPECT);
        scene_requires(&s, DEPENDENCY_GRACE);
        scene_repeat(&s, scene_silent, 10 * SEC, 2 * MIN_);
        scene_requires(&s, DEPENDENCY_UP);
        scene_repeat(&s, scene_silent, 5 * SEC, 3 * MIN_);
        assert_state(&s, STATE_UNHEALTHY);
        assert_int_equal(scene_decide(&s), REMEDY_REVIVE);
}

static void test_a_start_is_not_overdue_for_the_time_that_it_was_down(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.startup_action = ACTION_RESTART;
        scene_requires(&s, DEPENDENCY_DOWN);
        (void) scene_unit_starts(&s, "start-2");
        scene_repeat(&s, scene_starting, 10 * SEC, 30 * MIN_);
        const struct told *t = scene_told(&s, TOLD_STARTUP_SLOW);
        assert_true(t->excused);
        assert_state(&s, STATE_STARTING);
        scene_requires(&s, DEPENDENCY_UP);
        scene_repeat(&s, scene_starting, 10 * SEC, 30 * MIN_ - SEC);
        assert_state(&s, STATE_STARTING);
        scene_pass(&s, SEC);
        scene_starting(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);

        scene_requires(&s, DEPENDENCY_DOWN);
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        scene_requires(&s, DEPENDENCY_UP); /* before another poll has ended */
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
}

/* As the agent asks when it is not to act: at each poll. */
static unsigned held_long(struct scene *s) {
        bool wanted = health_wants_remedy(&s->h, &s->w, s->now);

        s->told.n = 0;
        remedy_tell(&s->remedy, &s->h, &s->history, &s->w, NULL, s->now, &s->told);
        assert_false(wanted);
        return scene_count(s, TOLD_HELD_LONG);
}

static void test_one_that_fails_for_long_without_being_counted_is_told_at_doubling_distances(void **state) {
        static const unsigned at[] = { 15, 30, 60, 120 };
        struct scene s;
        size_t n = 0;

        (void) state;
        well(&s, DEPENDENCY_UP);
        scene_requires(&s, DEPENDENCY_DOWN);
        usec_t began = s.now;
        for (; s.now <= began + 3 * USEC_PER_HOUR; scene_pass(&s, 10 * SEC)) {
                scene_silent(&s);
                if (held_long(&s) == 0)
                        continue;
                const struct told *t = scene_told(&s, TOLD_HELD_LONG);
                assert_true(n < ELEMENTSOF(at));
                assert_usec_equal(s.now, began + at[n] * MIN_);
                assert_usec_equal(t->lasted_usec, at[n++] * MIN_);
                assert_int_equal(t->hold, HOLD_DEPENDENCY_DOWN);
                assert_int_equal(t->to, STATE_SUSPECT);
                assert_non_null(strstr(t->text, "Kafka main is down"));
        }
        assert_int_equal(n, ELEMENTSOF(at));

        scene_ok(&s);
        assert_int_equal(held_long(&s), 0);
        assert_usec_equal(s.remedy.held_since_usec, 0);
}

static void test_a_dependency_that_comes_and_goes_does_not_keep_it_silent(void **state) {
        struct scene s;
        unsigned n = 0;

        (void) state;
        well(&s, DEPENDENCY_UP);
        usec_t began = s.now;
        while (s.now < began + 65 * MIN_) {
                scene_requires(&s, DEPENDENCY_DOWN);
                for (unsigned i = 0; i < 18; i++, scene_pass(&s, 10 * SEC)) {
                        scene_silent(&s);
                        n += held_long(&s);
                }
                scene_requires(&s, DEPENDENCY_UP);
                for (unsigned i = 0; i < 12; i++, scene_pass(&s, 10 * SEC)) {
                        scene_silent(&s);
                        assert_int_equal(held_long(&s), 0);
                }
        }
        assert_int_equal(n, 3);
        assert_int_equal(s.h.state, STATE_SUSPECT);
}

static void test_a_restart_that_was_given_up_since_it_went_down_leaves_the_verdict(void **state) {
        struct scene s;

        (void) state;
        well(&s, DEPENDENCY_UP);
        scene_repeat(&s, scene_silent, 5 * SEC, 3 * MIN_);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        health_restart_begun(&s.h, s.now);
        scene_requires(&s, DEPENDENCY_DOWN);
        s.told.n = 0;
        health_restart_ended(&s.h, &s.history, &s.w, s.now, &s.told);
        assert_state(&s, STATE_UNHEALTHY);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_true(scene_holds(&s, HOLD_DEPENDENCY_DOWN));
}

static void test_a_reload_that_takes_it_out_begins_to_count(void **state) {
        struct scene s;

        (void) state;
        well(&s, DEPENDENCY_UP);
        scene_requires(&s, DEPENDENCY_DOWN);
        scene_repeat(&s, scene_silent, 5 * SEC, 10 * MIN_);
        scene_requires(&s, DEPENDENCY_NONE);
        assert_false(scene_told(&s, TOLD_DEPENDENCY_CHANGED)->excused);
        scene_repeat(&s, scene_silent, 5 * SEC, 3 * MIN_ - SEC);
        assert_state(&s, STATE_SUSPECT);
        scene_pass(&s, SEC);
        scene_silent(&s);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void test_unknown_polls_and_good_ones_are_what_they_are(void **state) {
        struct scene s;

        (void) state;
        well(&s, DEPENDENCY_DOWN);
        scene_repeat(&s, scene_unknown, 10 * SEC, 30 * SEC);
        assert_state(&s, STATE_UNKNOWN);
        scene_ok(&s);
        assert_state(&s, STATE_HEALTHY);
        scene_degraded(&s);
        assert_state(&s, STATE_DEGRADED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_failing_polls_do_not_count_while_it_is_down_or_just_back),
                cmocka_unit_test(
                        test_a_500_needs_sustain_when_it_is_up_and_sustain_kafka_when_that_is_not_known),
                cmocka_unit_test(test_when_it_goes_down_after_the_verdict_the_state_stays_and_is_held),
                cmocka_unit_test(test_what_failed_before_it_went_down_is_forgotten_and_that_is_told),
                cmocka_unit_test(test_a_unit_that_crashed_meanwhile_is_revived_after_it),
                cmocka_unit_test(test_a_start_is_not_overdue_for_the_time_that_it_was_down),
                cmocka_unit_test(
                        test_one_that_fails_for_long_without_being_counted_is_told_at_doubling_distances),
                cmocka_unit_test(test_a_dependency_that_comes_and_goes_does_not_keep_it_silent),
                cmocka_unit_test(test_a_restart_that_was_given_up_since_it_went_down_leaves_the_verdict),
                cmocka_unit_test(test_a_reload_that_takes_it_out_begins_to_count),
                cmocka_unit_test(test_unknown_polls_and_good_ones_are_what_they_are),
        };

        return cmocka_run_group_tests_name("health-dependency", tests, NULL, NULL);
}
