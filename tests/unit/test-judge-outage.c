/* Stories of a worker that requires Kafka, over hours of virtual time: what is told, in order, and when the
 * unit is restarted. */
#include "judge-sim.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE
#define HOUR USEC_PER_HOUR

static void told_from(const struct sim *s, size_t from, const char *expected) {
        _cleanup_free_ char *words = sim_words(s, from);

        assert_string_equal(words, expected);
}

/* An hour of health with so many clusters; the record then begins anew. */
static void well(struct sim *s, size_t n) {
        sim_init(s);
        sim_requires(s, n);
        sim_run(s, HOUR);
        assert_int_equal(sim_count(s, "healthy"), 1);
        assert_int_equal(s->n_events, 1 + n);
        s->n_events = 0;
        s->began = s->now;
}

static void outage(struct sim *s, usec_t span) {
        sim_kafka(s, 0, KAFKA_DOWN);
        sim_run(s, span);
        sim_kafka(s, 0, KAFKA_UP);
}

static void an_outage_of_40_s_or_10_min_restarts_nothing(void **state) {
        static const usec_t spans[] = { 40 * SEC, 10 * MIN_, 14 * MIN_ };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                struct sim s;

                well(&s, 1);
                outage(&s, spans[i]);
                sim_run(&s, HOUR);
                told_from(&s, 0, "kafka-a-down opened kafka-a-up healthy closed");
                assert_true(s.h.cause[0] == '\0');
                sim_done(&s);
        }
}

/* The worker's poll sees it before the check of Kafka does. */
static void an_outage_that_the_worker_tells_first_is_one_story_too(void **state) {
        struct sim s;

        (void) state;
        well(&s, 1);
        s.kafkas[0].next_check = s.now + 45 * SEC;
        outage(&s, 10 * MIN_);
        sim_run(&s, HOUR);
        told_from(&s, 0, "opened kafka-a-down dependency-changed kafka-a-up healthy closed");
        sim_done(&s);
}

static void an_outage_of_hours_is_told_as_held_long(void **state) {
        struct sim s;

        (void) state;
        well(&s, 1);
        outage(&s, 70 * MIN_);
        sim_run(&s, HOUR);
        told_from(&s, 0, "kafka-a-down opened held-long held-long held-long kafka-a-up healthy closed");
        sim_done(&s);
}

static void a_worker_that_hangs_in_it_and_stays_hung_is_restarted_after_it(void **state) {
        struct sim s;

        (void) state;
        well(&s, 1);
        sim_kafka(&s, 0, KAFKA_DOWN);
        sim_run(&s, MIN_);
        s.answer = SIM_HUNG;
        sim_run(&s, 9 * MIN_);
        sim_kafka(&s, 0, KAFKA_UP);
        usec_t back = s.now - s.began;
        sim_run(&s, HOUR);
        told_from(&s, 0,
                  "kafka-a-down opened kafka-a-up dependency-changed unhealthy restart healthy closed");
        usec_t counted = sim_when(&s, "dependency-changed", 0);
        assert_true(counted >= back + 2 * MIN_ && counted <= back + 2 * MIN_ + 20 * SEC);
        assert_true(sim_when(&s, "restart", 0) >= counted + 3 * MIN_);
        assert_true(sim_when(&s, "restart", 0) <= counted + 3 * MIN_ + 20 * SEC);
        sim_done(&s);
}

static void a_kafka_that_flaps_restarts_nothing_and_is_told(void **state) {
        struct sim s;

        (void) state;
        well(&s, 1);
        for (unsigned i = 0; i < 12; i++) {
                outage(&s, 4 * MIN_);
                sim_run(&s, MIN_);
        }
        sim_run(&s, HOUR);
        assert_int_equal(sim_count(&s, "restart") + sim_count(&s, "unhealthy"), 0);
        assert_int_equal(sim_count(&s, "opened"), 1);
        assert_int_equal(sim_count(&s, "closed"), 1);
        assert_int_equal(sim_count(&s, "kafka-a-down"), 12);
        sim_done(&s);

        /* And one that is hung all the while is not waited for in silence. */
        well(&s, 1);
        s.answer = SIM_HUNG;
        for (unsigned i = 0; i < 12; i++) {
                outage(&s, 4 * MIN_);
                sim_run(&s, MIN_);
        }
        assert_int_equal(sim_count(&s, "restart") + sim_count(&s, "unhealthy"), 0);
        assert_int_equal(sim_count(&s, "held-long"), 2);
        sim_run(&s, HOUR);
        assert_int_equal(sim_count(&s, "restart"), 1);
        sim_done(&s);
}

static void a_worker_that_an_admin_restarts_in_it_is_revived_after_it(void **state) {
        struct sim s;

        (void) state;
        well(&s, 1);
        sim_kafka(&s, 0, KAFKA_DOWN);
        sim_run(&s, 3 * MIN_);
        sim_admin_restart(&s);
        sim_run(&s, 17 * MIN_);
        assert_string_equal(s.unit.active_state, "failed");
        assert_int_equal(sim_count(&s, "revive"), 0);
        sim_kafka(&s, 0, KAFKA_UP);
        usec_t back = s.now - s.began;
        sim_run(&s, HOUR);
        assert_int_equal(sim_count(&s, "restart"), 0);
        assert_int_equal(sim_count(&s, "revive"), 1);
        usec_t at = sim_when(&s, "revive", 0) - back;
        assert_true(at >= 5 * MIN_ && at <= 5 * MIN_ + 30 * SEC); /* the grace, then sustain */
        assert_int_equal(s.h.state, STATE_HEALTHY);
        assert_int_equal(sim_count(&s, "opened"), 1);
        assert_int_equal(sim_count(&s, "closed"), 1);
        sim_done(&s);
}

static void a_hung_worker_is_held_and_told_while_our_credentials_are_wrong(void **state) {
        struct sim s;

        (void) state;
        well(&s, 1);
        sim_kafka(&s, 0, KAFKA_UNKNOWN);
        sim_run(&s, MIN_);
        s.answer = SIM_HUNG;
        sim_run(&s, 35 * MIN_);
        told_from(&s, 0, "kafka-a-unknown opened unhealthy +dependency-down held-long held-long");
        size_t from = s.n_events;
        sim_kafka(&s, 0, KAFKA_UP); /* put right: it may have been an outage all the same */
        sim_run(&s, HOUR);
        told_from(&s, from, "kafka-a-up dependency-changed -dependency-down restart healthy closed");
        sim_done(&s);
}

static void an_agent_that_is_restarted_in_it_knows_no_more_and_restarts_nothing(void **state) {
        (void) state;
        for (usec_t at = 0; at <= 12 * MIN_; at += 30 * SEC) {
                struct sim s;

                well(&s, 1);
                sim_run(&s, 3 * SEC); /* not at the moment of a check */
                sim_kafka(&s, 0, KAFKA_DOWN);
                for (usec_t t = 0; t < 15 * MIN_; t += 30 * SEC) {
                        if (t == at) {
                                sim_agent_ends(&s);
                                sim_run(&s, 2 * SEC);
                                sim_agent_starts(&s);
                        }
                        if (t == 10 * MIN_)
                                sim_kafka(&s, 0, KAFKA_UP);
                        sim_run(&s, 30 * SEC);
                }
                sim_run(&s, HOUR);
                assert_int_equal(sim_count(&s, "restart") + sim_count(&s, "unhealthy"), 0);
                assert_int_equal(sim_count(&s, "opened"), 1);
                assert_int_equal(sim_count(&s, "closed"), 1);
                sim_done(&s);
        }
}

/* The check that finds it back, and the end of its grace, meet the verdict at every distance. */
static void kafka_goes_and_comes_around_the_verdict(void **state) {
        (void) state;
        for (usec_t at = 2 * MIN_; at <= 4 * MIN_; at += SEC) {
                struct sim s;

                well(&s, 1);
                s.answer = SIM_HUNG; /* for good */
                s.stop_takes = 40 * SEC;
                sim_run(&s, at);
                outage(&s, MIN_);
                usec_t back = s.now - s.began;
                sim_run(&s, 20 * MIN_);
                usec_t restart = sim_when(&s, "restart", 0);
                /* The check that finds it down may be due in an interval, and ends after its timeout. */
                assert_true(restart <= at + 21 * SEC || restart >= back + 5 * MIN_);
                assert_true(restart != USEC_INFINITY);
                sim_done(&s);
        }
}

static void of_two_clusters_the_worse_one_counts(void **state) {
        struct sim s;

        (void) state;
        well(&s, 2);
        sim_kafka(&s, 1, KAFKA_UNKNOWN);
        sim_run(&s, 5 * MIN_);
        outage(&s, 5 * MIN_); /* the other one */
        sim_run(&s, 10 * MIN_);
        told_from(&s, 0, "kafka-b-unknown kafka-a-down opened kafka-a-up healthy closed");

        size_t from = s.n_events;
        s.answer = SIM_HUNG;
        sim_run(&s, 10 * MIN_);
        told_from(&s, from, "opened unhealthy +dependency-down");
        sim_kafka(&s, 1, KAFKA_DOWN);
        sim_run(&s, 5 * MIN_);
        sim_kafka(&s, 0, KAFKA_DOWN);
        sim_run(&s, 5 * MIN_);
        sim_kafka(&s, 1, KAFKA_UP);
        sim_run(&s, 5 * MIN_);
        assert_int_equal(sim_count(&s, "restart"), 0);
        sim_kafka(&s, 0, KAFKA_UP);
        sim_run(&s, 10 * MIN_);
        assert_int_equal(sim_count(&s, "restart"), 1);
        sim_done(&s);
}

static void a_slow_kafka_is_an_outage_that_we_do_not_restart_into(void **state) {
        struct sim s;

        (void) state;
        well(&s, 1);
        sim_kafka(&s, 0, KAFKA_SLOW);
        sim_run(&s, MIN_);
        s.answer = SIM_HUNG;
        sim_run(&s, 10 * MIN_);
        s.answer = SIM_OK;
        sim_kafka(&s, 0, KAFKA_UP);
        sim_run(&s, HOUR);
        told_from(&s, 0, "kafka-a-slow opened healthy kafka-a-up closed");
        sim_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_outage_of_40_s_or_10_min_restarts_nothing),
                cmocka_unit_test(an_outage_that_the_worker_tells_first_is_one_story_too),
                cmocka_unit_test(an_outage_of_hours_is_told_as_held_long),
                cmocka_unit_test(a_worker_that_hangs_in_it_and_stays_hung_is_restarted_after_it),
                cmocka_unit_test(a_kafka_that_flaps_restarts_nothing_and_is_told),
                cmocka_unit_test(a_worker_that_an_admin_restarts_in_it_is_revived_after_it),
                cmocka_unit_test(a_hung_worker_is_held_and_told_while_our_credentials_are_wrong),
                cmocka_unit_test(an_agent_that_is_restarted_in_it_knows_no_more_and_restarts_nothing),
                cmocka_unit_test(kafka_goes_and_comes_around_the_verdict),
                cmocka_unit_test(of_two_clusters_the_worse_one_counts),
                cmocka_unit_test(a_slow_kafka_is_an_outage_that_we_do_not_restart_into),
        };

        return cmocka_run_group_tests_name("judge-outage", tests, NULL, NULL);
}
