/* What goes over from one agent to the next of what polls had added up to. */
#include "judge-scene.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

/* The agent is ended as for an upgrade, and the next one begins. */
static bool agent_is_upgraded(struct scene *s) {
        bool kept = health_suspend(&s->h, &s->history);

        s->h = (struct health) {};
        health_init(&s->h, 4712, s->now);
        health_resume(&s->h, &s->history);
        assert_usec_equal(s->history.streak.received_at_usec, 0);
        (void) scene_unit(s);
        return kept;
}

static void test_the_counters_of_an_open_incident_go_over_to_the_next_agent(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        scene_pass(&s, 10 * SEC);
        scene_repeat(&s, scene_silent, 5 * SEC, 170 * SEC);
        unsigned failures = s.h.failures;
        usec_t sustained = s.h.sustained_usec;
        scene_pass(&s, 5 * SEC);
        assert_true(agent_is_upgraded(&s));
        scene_pass(&s, 5 * SEC);
        scene_silent(&s);
        assert_int_equal(s.h.failures, failures + 1);
        assert_usec_equal(s.h.sustained_usec, sustained + 10 * SEC);
        assert_state(&s, STATE_UNHEALTHY);
        assert_int_equal(scene_count(&s, TOLD_INCIDENT_OPENED), 0);
}

static void test_an_answered_500_goes_over_to_the_next_agent(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        scene_500(&s);
        assert_true(agent_is_upgraded(&s));
        /* It is still not silence alone. */
        scene_repeat(&s, scene_silent, 5 * SEC, 3 * MIN_ - 5 * SEC);
        assert_state(&s, STATE_SUSPECT);
        assert_usec_equal(health_sustain_needed(&s.h, &s.w), s.w.sustain_kafka_usec);
}

static void test_the_good_polls_of_an_open_incident_go_over_to_the_next_agent(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        scene_silent(&s);
        scene_repeat(&s, scene_ok, 10 * SEC, 2 * MIN_ + 50 * SEC);
        assert_true(s.history.incident.id[0]);
        assert_true(agent_is_upgraded(&s));
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        assert_int_equal(scene_count(&s, TOLD_INCIDENT_CLOSED), 1);
}

static void test_what_goes_over_is_subject_to_gaps_new_starts_and_incidents(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        assert_false(agent_is_upgraded(&s)); /* no incident */

        scene_repeat(&s, scene_silent, 5 * SEC, 60 * SEC);
        assert_true(agent_is_upgraded(&s));
        scene_pass(&s, 36 * SEC);
        scene_silent(&s);
        assert_int_equal(s.h.failures, 1);

        scene_repeat(&s, scene_silent, 5 * SEC, 60 * SEC);
        s.unit = scene_unit_up("start-2", s.now);
        assert_true(agent_is_upgraded(&s));
        assert_int_equal(s.h.failures, 0);

        /* A restart of ours that is under way is adopted by its intent, not by counters. */
        scene_repeat(&s, scene_500, 5 * SEC, 60 * SEC);
        health_restart_begun(&s.h, s.now);
        assert_false(agent_is_upgraded(&s));
}

/* The next agent could not tell whether it comes back, as which it would have a grace. */
static void test_failures_go_not_over_while_what_is_required_cannot_be_told(void **state) {
        static const struct {
                enum dependency_state requires;
                bool kept;
        } table[] = {
                { DEPENDENCY_NONE, true },   { DEPENDENCY_UP, true },    { DEPENDENCY_UNKNOWN, false },
                { DEPENDENCY_GRACE, false }, { DEPENDENCY_DOWN, false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct scene s;

                scene_init(&s);
                scene_ok(&s);
                scene_requires(&s, table[i].requires);
                scene_repeat(&s, scene_silent, 5 * SEC, 60 * SEC);
                assert_int_equal(agent_is_upgraded(&s), table[i].kept);

                scene_requires(&s, table[i].requires);
                scene_repeat(&s, scene_ok, 10 * SEC, 60 * SEC);
                assert_true(agent_is_upgraded(&s));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_counters_of_an_open_incident_go_over_to_the_next_agent),
                cmocka_unit_test(test_an_answered_500_goes_over_to_the_next_agent),
                cmocka_unit_test(test_the_good_polls_of_an_open_incident_go_over_to_the_next_agent),
                cmocka_unit_test(test_what_goes_over_is_subject_to_gaps_new_starts_and_incidents),
                cmocka_unit_test(test_failures_go_not_over_while_what_is_required_cannot_be_told),
        };

        return cmocka_run_group_tests_name("health-handover", tests, NULL, NULL);
}
