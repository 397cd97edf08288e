/* The judge's unit that stops or crashes, its states and its incidents: the rest of the design's "Failing
 * and unhealthy", all of "Healthy again", and the words for states. */
#include "judge-scene.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

enum {
        EXITED = 1,
        KILLED = 2,
};

static void test_a_unit_that_crashed_counts_as_failing_when_revive(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        scene_pass(&s, 5 * SEC);
        scene_unit_ends(&s, "failed", "exit-code", EXITED, 1);
        scene_repeat(&s, scene_starting, 5 * SEC,
                     175 * SEC); /* nobody listens, whatever the kind makes of that */
        assert_int_equal(s.h.failures, 36);
        assert_int_equal(s.h.last.reason, REASON_UNIT_FAILED);
        assert_state(&s, STATE_SUSPECT);
        scene_pass(&s, 5 * SEC);
        scene_unknown(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
        assert_int_equal(scene_decide(&s), REMEDY_REVIVE);
}

static void test_what_answers_for_a_crashed_unit_proves_nothing(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_unit_ends(&s, "failed", "exit-code", EXITED, 1);
        scene_repeat(&s, scene_ok, 10 * SEC, 30 * SEC);
        assert_state(&s, STATE_UNKNOWN);
        assert_int_equal(s.h.successes, 0);
        assert_int_equal(s.h.failures, 0);
        assert_false(s.history.seen_ok);
}

static void test_a_unit_that_crashed_is_stopped_and_told_once_when_revive_is_no(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.revive = false;
        scene_repeat(&s, scene_silent, 5 * SEC, 30 * SEC);
        scene_unit_ends(&s, "failed", "signal", KILLED, 9);
        assert_state(&s, STATE_STOPPED);
        assert_string_equal(scene_told(&s, TOLD_UNIT_DOWN)->text, "failed: killed by signal 9");
        assert_int_equal(scene_count(&s, TOLD_INCIDENT_CLOSED), 1);
        scene_unit(&s);
        assert_int_equal(s.told.n, 0);
        scene_repeat(&s, scene_silent, 5 * SEC, 10 * MIN_);
        assert_state(&s, STATE_STOPPED);
        assert_int_equal(s.told.n, 0);
}

static void test_a_unit_that_was_stopped_is_stopped_and_stays_so(void **state) {
        static const struct {
                const char *load, *active, *result;
                int code, status;
                bool stop_seen;
        } table[] = {
                { "loaded", "inactive", "success", EXITED, 0, false },
                { "masked", "inactive", "success", EXITED, 0, false },
                { "masked", "failed", "exit-code", EXITED, 1, false },
                { "not-found", "inactive", "success", 0, 0, false },
                { "not-found", "failed", "exit-code", EXITED, 1, false },
                { "loaded", "failed", "exit-code", EXITED, 143, false },
                { "loaded", "failed", "exit-code", EXITED, 130, false },
                { "loaded", "failed", "timeout", KILLED, 9, false },
                { "loaded", "failed", "exit-code", EXITED, 1, true },
                { "loaded", "failed", "signal", KILLED, 9, true },
                { "loaded", "failed", "oom-kill", KILLED, 9, true },
                { "loaded", "inactive", "success", EXITED, 0, true },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct scene s;

                scene_init(&s);
                scene_repeat(&s, scene_silent, 5 * SEC, 200 * SEC);
                s.stop_seen = table[i].stop_seen;
                (void) snprintf(s.unit.load_state, sizeof(s.unit.load_state), "%s", table[i].load);
                scene_unit_ends(&s, table[i].active, table[i].result, table[i].code, table[i].status);
                assert_state(&s, STATE_STOPPED);
                assert_int_equal(scene_count(&s, TOLD_INCIDENT_CLOSED), 1);
                /* One that is not there is most often one that was misspelt. */
                if (streq(table[i].load, "not-found"))
                        assert_int_equal(scene_count(&s, TOLD_UNIT_DOWN), 1);
                assert_false(s.history.incident.id[0]);
                scene_repeat(&s, scene_silent, 5 * SEC, USEC_PER_DAY);
                assert_state(&s, STATE_STOPPED);
                assert_false(health_wants_remedy(&s.h, &s.w, s.now));
                assert_int_not_equal(scene_decide(&s), REMEDY_TRY_RESTART);
                assert_int_not_equal(s.decision.action, REMEDY_REVIVE);
                scene_agent_restarts(&s);
                assert_state(&s, STATE_STOPPED);
                scene_unit_starts(&s, "start-2");
                assert_state(&s, STATE_STARTING);
        }
}

static void test_a_stop_seen_is_remembered_for_this_invocation_only(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.stop_seen = true;
        scene_unit(&s);
        s.stop_seen = false;
        scene_agent_restarts(&s);
        scene_unit_ends(&s, "failed", "exit-code", EXITED, 1);
        assert_state(&s, STATE_STOPPED);
        scene_unit_starts(&s, "start-2");
        scene_unit_ends(&s, "failed", "exit-code", EXITED, 1);
        assert_true(s.h.condition == UNIT_CRASHED);
}

static void test_an_enabled_unit_down_without_a_stop_is_told_once(void **state) {
        static const struct {
                const char *file_state, *active, *result;
                int status;
                bool stop_seen, told;
        } table[] = {
                { "enabled", "inactive", "success", 0, false, true },
                { "enabled", "inactive", "success", 0, true, false },
                { "disabled", "inactive", "success", 0, false, false },
                { "enabled", "failed", "exit-code", 143, false, false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct scene s;

                scene_init(&s);
                scene_ok(&s);
                s.stop_seen = table[i].stop_seen;
                (void) snprintf(s.unit.unit_file_state, UNIT_WORD_SIZE, "%s", table[i].file_state);
                scene_unit_ends(&s, table[i].active, table[i].result, EXITED, table[i].status);
                assert_int_equal(scene_count(&s, TOLD_UNIT_DOWN), table[i].told);
                for (unsigned n = 0; n < 5; n++) {
                        scene_unit(&s);
                        assert_int_equal(s.told.n, 0);
                }
        }
}

static void test_an_incident_closes_after_successes_and_sustain_of_health(void **state) {
        static const struct {
                unsigned successes;
                usec_t sustain, closed_after;
        } table[] = {
                { 2, 180 * SEC, 180 * SEC },
                { 2, 5 * SEC, 10 * SEC },
                { 30, 60 * SEC, 290 * SEC },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char id[INCIDENT_ID_SIZE];
                struct scene s;

                scene_init(&s);
                s.w.successes = table[i].successes;
                s.w.sustain_usec = table[i].sustain;
                scene_silent(&s);
                memcpy(id, scene_told(&s, TOLD_INCIDENT_OPENED)->incident, sizeof(id));
                assert_int_equal(strlen(id), 16);
                for (usec_t t = 0; t <= table[i].closed_after; t += 10 * SEC) {
                        assert_string_equal(s.history.incident.id, id);
                        scene_pass(&s, 10 * SEC);
                        scene_ok(&s);
                }
                const struct told *t = scene_told(&s, TOLD_INCIDENT_CLOSED);
                assert_string_equal(t->incident, id);
                assert_false(t->was_unhealthy);
                assert_usec_equal(t->lasted_usec, table[i].closed_after + 10 * SEC);
                assert_false(s.history.incident.id[0]);
        }
}

static void test_an_unhealthy_worker_is_healthy_after_successes_good_polls(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        scene_pass(&s, 5 * SEC);
        scene_ok(&s);
        assert_state(&s, STATE_UNHEALTHY);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
        scene_pass(&s, 5 * SEC);
        scene_ok(&s);
        assert_state(&s, STATE_HEALTHY);
        assert_true(s.history.incident.id[0]);
        scene_repeat(&s, scene_ok, 10 * SEC, 180 * SEC);
        assert_false(s.history.incident.id[0]);
}

static void test_fine_for_ten_seconds_after_each_restart_is_one_incident(void **state) {
        char id[INCIDENT_ID_SIZE], name[16];
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        for (unsigned i = 0; i < 3; i++) {
                scene_pass(&s, 5 * SEC);
                scene_repeat(&s, scene_silent, 5 * SEC, 20 * MIN_);
                if (i == 0)
                        memcpy(id, s.history.incident.id, sizeof(id));
                assert_string_equal(s.history.incident.id, id);
                assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
                (void) snprintf(name, sizeof(name), "again-%u", i);
                scene_restart(&s, name);
                scene_pass(&s, 5 * SEC);
                scene_repeat(&s, scene_ok, 5 * SEC, 10 * SEC);
                assert_state(&s, STATE_HEALTHY);
        }
        scene_pass(&s, 10 * SEC);
        scene_repeat(&s, scene_ok, 10 * SEC, 150 * SEC);
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        const struct told *t = scene_told(&s, TOLD_INCIDENT_CLOSED);
        assert_string_equal(t->incident, id);
        assert_int_equal(t->restarts, 3);
        assert_true(t->was_unhealthy);
}

static void test_going_to_and_fro_is_told_once_as_flapping(void **state) {
        struct scene s;
        unsigned flapping = 0;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        for (unsigned i = 0; i < 200; i++) {
                scene_pass(&s, 10 * SEC);
                i % 3 == 0 ? scene_silent(&s) : scene_ok(&s);
                flapping += scene_count(&s, TOLD_FLAPPING);
        }
        assert_int_equal(flapping, 1);
        assert_true(s.history.incident.flapping_told);
}

static void test_what_became_unhealthy_is_not_flapping(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 200 * SEC);
        scene_repeat(&s, scene_ok, 5 * SEC, 10 * SEC);
        for (unsigned i = 0; i < 200; i++) {
                scene_pass(&s, 10 * SEC);
                i % 3 == 0 ? scene_silent(&s) : scene_ok(&s);
                assert_int_equal(scene_count(&s, TOLD_FLAPPING), 0);
        }
}

static void test_every_event_of_an_incident_carries_its_id_and_the_next_has_another(void **state) {
        char id[INCIDENT_ID_SIZE];
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_silent(&s);
        memcpy(id, s.history.incident.id, sizeof(id));
        for (unsigned i = 0; i < 60; i++) {
                scene_pass(&s, 5 * SEC);
                i < 40 ? scene_silent(&s) : scene_ok(&s);
                for (size_t n = 0; n < s.told.n; n++)
                        assert_string_equal(s.told.told[n].incident, id);
        }
        scene_repeat(&s, scene_ok, 10 * SEC, 300 * SEC);
        scene_silent(&s);
        assert_string_not_equal(s.history.incident.id, id);
}

static void test_an_incident_survives_a_restart_of_the_agent(void **state) {
        char id[INCIDENT_ID_SIZE];
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 200 * SEC);
        memcpy(id, s.history.incident.id, sizeof(id));
        scene_agent_restarts(&s);
        scene_silent(&s);
        assert_state(&s, STATE_SUSPECT);
        assert_int_equal(scene_count(&s, TOLD_INCIDENT_OPENED), 0);
        assert_string_equal(scene_told(&s, TOLD_STATE_CHANGED)->incident, id);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now)); /* stopped agent: the count begins anew */
}

static void test_states_go_from_unknown_by_starting_healthy_suspect_unhealthy_to_restarting(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        assert_state(&s, STATE_UNKNOWN);
        scene_starting(&s);
        assert_state(&s, STATE_STARTING);
        scene_ok(&s);
        assert_state(&s, STATE_HEALTHY);
        scene_degraded(&s);
        assert_state(&s, STATE_DEGRADED);
        scene_silent(&s);
        assert_state(&s, STATE_SUSPECT);
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        assert_state(&s, STATE_UNHEALTHY);
        assert_int_equal(health_shown_state(&s.h, &s.history), STATE_UNHEALTHY);
        s.history.budget.exhausted_at_usec = s.now;
        assert_int_equal(health_shown_state(&s.h, &s.history), STATE_EXHAUSTED);
        health_restart_begun(&s.h, s.now);
        assert_state(&s, STATE_RESTARTING);
        scene_silent(&s); /* what is asked during a restart does not count */
        assert_state(&s, STATE_RESTARTING);
        scene_unit_starts(&s, "start-2");
        assert_int_equal(scene_count(&s, TOLD_UNIT_RESTARTED), 0); /* it is ours */
        health_restart_ended(&s.h, &s.history, &s.w, s.now, &s.told);
        assert_state(&s, STATE_STARTING);
        assert_int_equal(s.h.failures, 0);
}

static void test_a_restart_without_a_new_start_leaves_the_verdict_standing(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        health_restart_begun(&s.h, s.now);
        health_restart_ended(&s.h, &s.history, &s.w, s.now, &s.told);
        assert_state(&s, STATE_UNHEALTHY);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));

        scene_init(&s);
        s.w.startup_action = ACTION_RESTART;
        scene_starting(&s);
        assert_state(&s, STATE_UNHEALTHY);
        health_restart_begun(&s.h, s.now);
        health_restart_ended(&s.h, &s.history, &s.w, s.now, &s.told);
        assert_state(&s, STATE_UNHEALTHY);
        assert_true(health_wants_remedy(&s.h, &s.w, s.now));
}

static void test_an_admin_s_stop_during_our_restart_leaves_the_worker_stopped(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        health_restart_begun(&s.h, s.now);
        s.stop_seen = true;
        scene_unit_ends(&s, "failed", "timeout", KILLED, 9);
        assert_state(&s, STATE_RESTARTING);
        health_restart_ended(&s.h, &s.history, &s.w, s.now, &s.told);
        assert_state(&s, STATE_STOPPED);
        assert_int_equal(scene_count(&s, TOLD_INCIDENT_CLOSED), 1);
        assert_int_equal(scene_count(&s, TOLD_UNIT_DOWN), 0);
}

static void test_our_restart_that_ends_in_a_crash_counts_as_any_crash(void **state) {
        (void) state;
        for (int revive = 0; revive <= 1; revive++) {
                struct scene s;

                scene_init(&s);
                s.w.revive = revive;
                scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
                health_restart_begun(&s.h, s.now);
                scene_unit_starts(&s, "start-2");
                scene_unit_ends(&s, "failed", "exit-code", EXITED, 2);
                health_restart_ended(&s.h, &s.history, &s.w, s.now, &s.told);
                assert_state(&s, revive ? STATE_STARTING : STATE_STOPPED);
                assert_int_equal(scene_count(&s, TOLD_UNIT_DOWN), !revive);
                scene_starting(&s);
                assert_state(&s, revive ? STATE_SUSPECT : STATE_STOPPED);
        }
}

static void test_a_unit_on_its_way_down_or_up_does_not_begin_a_count(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        (void) snprintf(s.unit.active_state, UNIT_WORD_SIZE, "deactivating");
        (void) snprintf(s.unit.job_type, UNIT_WORD_SIZE, "restart");
        s.unit.job_id = 1;
        scene_unit(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 300 * SEC);
        assert_int_equal(s.h.failures, 0);
        assert_state(&s, STATE_STARTING);
        scene_unit_starts(&s, "start-2");
        assert_state(&s, STATE_STARTING);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_unit_that_crashed_counts_as_failing_when_revive),
                cmocka_unit_test(test_what_answers_for_a_crashed_unit_proves_nothing),
                cmocka_unit_test(test_a_unit_that_crashed_is_stopped_and_told_once_when_revive_is_no),
                cmocka_unit_test(test_a_unit_that_was_stopped_is_stopped_and_stays_so),
                cmocka_unit_test(test_a_stop_seen_is_remembered_for_this_invocation_only),
                cmocka_unit_test(test_an_enabled_unit_down_without_a_stop_is_told_once),
                cmocka_unit_test(test_an_incident_closes_after_successes_and_sustain_of_health),
                cmocka_unit_test(test_an_unhealthy_worker_is_healthy_after_successes_good_polls),
                cmocka_unit_test(test_fine_for_ten_seconds_after_each_restart_is_one_incident),
                cmocka_unit_test(test_going_to_and_fro_is_told_once_as_flapping),
                cmocka_unit_test(test_what_became_unhealthy_is_not_flapping),
                cmocka_unit_test(test_every_event_of_an_incident_carries_its_id_and_the_next_has_another),
                cmocka_unit_test(test_an_incident_survives_a_restart_of_the_agent),
                cmocka_unit_test(
                        test_states_go_from_unknown_by_starting_healthy_suspect_unhealthy_to_restarting),
                cmocka_unit_test(test_a_restart_without_a_new_start_leaves_the_verdict_standing),
                cmocka_unit_test(test_an_admin_s_stop_during_our_restart_leaves_the_worker_stopped),
                cmocka_unit_test(test_our_restart_that_ends_in_a_crash_counts_as_any_crash),
                cmocka_unit_test(test_a_unit_on_its_way_down_or_up_does_not_begin_a_count),
        };

        return cmocka_run_group_tests_name("incident", tests, NULL, NULL);
}
