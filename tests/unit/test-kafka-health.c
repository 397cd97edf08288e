/* What the checks of one Kafka cluster add up to, and what of it is told. */
#include "kafka-scene.h"
#include "util/text.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

#define assert_outcome(c, o, r)                                                                             \
        do {                                                                                                \
                assert_string_equal(kafka_outcome_to_string((c)->h.outcome), kafka_outcome_to_string(o));   \
                assert_string_equal(kafka_reason_to_string((c)->h.reason), kafka_reason_to_string(r));      \
        } while (0)
#define assert_topic(c, i, s)                                                                               \
        assert_string_equal(topic_state_to_string((c)->h.topics[i].state), topic_state_to_string(s))

static char offsets[] = "connect-offsets", status[] = "connect-status";
static char *two_topics[] = { offsets, status, NULL };
static char *one_topic[] = { offsets, NULL };

static void well(struct cluster *c, char **topics) {
        cluster_init(c, "main", topics);
        cluster_up(c);
        assert_outcome(c, KAFKA_UP, KAFKA_REASON_UP);
        c->now += 10 * SEC;
}

static void test_nothing_is_known_before_the_first_check(void **state) {
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", one_topic);
        assert_outcome(&c, KAFKA_UNKNOWN, KAFKA_REASON_NOT_ASKED);
        assert_topic(&c, 0, TOPIC_UNKNOWN);
        c.now += 3 * SEC;
        cluster_up(&c);
        const struct kafka_told *t = cluster_told(&c, KAFKA_TOLD_OUTCOME);
        assert_int_equal(t->from, KAFKA_UNKNOWN);
        assert_int_equal(t->to, KAFKA_UP);
        assert_int_equal(t->lasted_usec, 3 * SEC);
        assert_topic(&c, 0, TOPIC_OK);
        assert_int_equal(c.h.back_at_usec, 0);
        assert_int_equal(c.h.checked_at_usec, c.now);
        assert_non_null(c.h.facts);
        cluster_done(&c);
}

static void test_how_metadata_ends_says_what_is_wrong(void **state) {
        static const struct {
                enum kafka_error error;
                enum kafka_outcome outcome;
                enum kafka_reason reason;
        } table[] = {
                { KAFKA_NO_ANSWER, KAFKA_DOWN, KAFKA_REASON_NO_BROKER },
                { KAFKA_UNAVAILABLE, KAFKA_DOWN, KAFKA_REASON_NO_BROKER },
                { KAFKA_NOT_RESOLVED, KAFKA_UNKNOWN, KAFKA_REASON_NOT_RESOLVED },
                { KAFKA_UNAUTHENTICATED, KAFKA_UNKNOWN, KAFKA_REASON_UNAUTHENTICATED },
                { KAFKA_UNAUTHORIZED, KAFKA_UNKNOWN, KAFKA_REASON_UNAUTHORIZED },
                { KAFKA_TLS, KAFKA_UNKNOWN, KAFKA_REASON_TLS },
                { KAFKA_OUR_OWN, KAFKA_UNKNOWN, KAFKA_REASON_OUR_OWN },
                { KAFKA_NO_SUCH_TOPIC, KAFKA_UNKNOWN, KAFKA_REASON_OTHER },
                { KAFKA_OTHER, KAFKA_UNKNOWN, KAFKA_REASON_OTHER },
        };

        (void) state;
        assert_int_equal(ELEMENTSOF(table), _KAFKA_ERROR_MAX - 1);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct cluster c;

                well(&c, one_topic);
                cluster_check(&c, cluster_silence(&c, table[i].error));
                assert_outcome(&c, table[i].outcome, table[i].reason);
                assert_string_equal(c.h.detail, "the library's words");
                assert_int_equal(cluster_told(&c, KAFKA_TOLD_OUTCOME)->to, table[i].outcome);
                assert_non_null(c.h.facts); /* of the check before */
                assert_int_equal(c.h.checks[table[i].outcome], 1);
                cluster_done(&c);
        }
}

/* The table of what one step of a check, after metadata was answered, makes of the whole. */
static void test_how_the_other_steps_end(void **state) {
        static const struct {
                enum kafka_error coordinator, leaders;
                enum kafka_outcome outcome;
                enum kafka_reason reason;
        } table[] = {
                { KAFKA_NO_ANSWER, KAFKA_OK, KAFKA_DOWN, KAFKA_REASON_NO_COORDINATOR },
                { KAFKA_UNAVAILABLE, KAFKA_OK, KAFKA_DOWN, KAFKA_REASON_NO_COORDINATOR },
                { KAFKA_UNAVAILABLE, KAFKA_TLS, KAFKA_DOWN, KAFKA_REASON_NO_COORDINATOR },
                { KAFKA_UNAUTHORIZED, KAFKA_OK, KAFKA_UNKNOWN, KAFKA_REASON_UNAUTHORIZED },
                { KAFKA_TLS, KAFKA_OK, KAFKA_UNKNOWN, KAFKA_REASON_TLS },
                { KAFKA_OK, KAFKA_TLS, KAFKA_UNKNOWN, KAFKA_REASON_TLS },
                { KAFKA_OK, KAFKA_OTHER, KAFKA_UNKNOWN, KAFKA_REASON_OTHER },
                { KAFKA_OK, KAFKA_UNAVAILABLE, KAFKA_UP, KAFKA_REASON_UP },
                { KAFKA_OK, KAFKA_NO_SUCH_TOPIC, KAFKA_UP, KAFKA_REASON_UP },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct cluster c;

                well(&c, one_topic);
                struct kafka_facts *f = cluster_facts(&c);
                f->coordinator.error = table[i].coordinator;
                f->leaders.error = table[i].leaders;
                cluster_check(&c, f);
                assert_outcome(&c, table[i].outcome, table[i].reason);
                cluster_done(&c);
        }
}

static void test_a_step_that_was_not_asked_says_nothing(void **state) {
        struct cluster c;

        (void) state;
        well(&c, NULL);
        struct kafka_facts *f = cluster_facts(&c);
        f->coordinator = (struct kafka_step) { .error = KAFKA_NO_ANSWER };
        f->leaders = (struct kafka_step) { .error = KAFKA_TLS };
        cluster_check(&c, f);
        assert_outcome(&c, KAFKA_UP, KAFKA_REASON_UP);
        cluster_done(&c);
}

static void silence_leaders(struct kafka_facts *f, int32_t only) {
        f->leaders.error = KAFKA_NO_ANSWER;
        f->took_usec = f->timeout_usec;
        for (size_t i = 0; i < f->n_topics; i++)
                for (size_t k = 0; k < f->topics[i].n_partitions; k++)
                        if (only == 0 || f->topics[i].partitions[k].leader == only)
                                f->topics[i].partitions[k].error = KAFKA_NO_ANSWER;
}

/* A frozen broker still stands in metadata, which another one answers. */
static void test_one_silent_leader_is_its_topics_and_all_of_them_are_the_cluster_s(void **state) {
        struct cluster c;

        (void) state;
        well(&c, two_topics);
        struct kafka_facts *f = cluster_facts(&c);
        silence_leaders(f, 2);
        cluster_check(&c, f);
        assert_outcome(&c, KAFKA_UP, KAFKA_REASON_UP);
        assert_topic(&c, 0, TOPIC_OFFLINE);
        assert_int_equal(c.h.topics[0].n_offline, 1);
        assert_int_equal(c.h.topics[0].worst_partition, 1);
        assert_int_equal(c.told.n, 2);

        f = cluster_facts(&c);
        silence_leaders(f, 0);
        cluster_check(&c, f);
        assert_outcome(&c, KAFKA_DOWN, KAFKA_REASON_LEADERS_SILENT);
        assert_int_equal(c.told.n, 1);
        cluster_done(&c);
}

static void test_more_than_half_of_the_timeout_is_slow(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        struct kafka_facts *f = cluster_facts(&c);
        f->took_usec = 5 * SEC;
        cluster_check(&c, f);
        assert_outcome(&c, KAFKA_UP, KAFKA_REASON_UP);
        f = cluster_facts(&c);
        f->took_usec = 6 * SEC;
        cluster_check(&c, f);
        assert_outcome(&c, KAFKA_SLOW, KAFKA_REASON_SLOW);
        assert_string_equal(c.h.detail, "6s of 10s");
        assert_int_equal(c.h.last_up_usec, c.now);
        assert_topic(&c, 0, TOPIC_OK);
        cluster_done(&c);
}

static void test_an_outcome_is_told_when_it_changes_and_unknown_when_its_reason_does(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        for (unsigned i = 0; i < 3; i++, c.now += 10 * SEC) {
                cluster_down(&c);
                assert_int_equal(c.told.n, i == 0);
        }
        struct kafka_facts *f = cluster_facts(&c);
        f->coordinator.error = KAFKA_UNAVAILABLE;
        cluster_check(&c, f);
        assert_outcome(&c, KAFKA_DOWN, KAFKA_REASON_NO_COORDINATOR);
        assert_int_equal(c.told.n, 0);

        cluster_check(&c, cluster_silence(&c, KAFKA_NOT_RESOLVED));
        assert_int_equal(cluster_told(&c, KAFKA_TOLD_OUTCOME)->lasted_usec, 30 * SEC);
        cluster_check(&c, cluster_silence(&c, KAFKA_NOT_RESOLVED));
        assert_int_equal(c.told.n, 0);
        cluster_check(&c, cluster_silence(&c, KAFKA_UNAUTHENTICATED));
        assert_int_equal(cluster_told(&c, KAFKA_TOLD_OUTCOME)->to, KAFKA_UNKNOWN);
        cluster_done(&c);
}

static void test_back_is_when_nothing_impedes_any_more(void **state) {
        struct cluster c;
        usec_t back;

        (void) state;
        well(&c, one_topic);
        cluster_down(&c);
        c.now += 10 * SEC;
        struct kafka_facts *f = cluster_facts(&c);
        facts_topic(f, offsets)->partitions[0].leader = -1;
        cluster_check(&c, f);
        assert_outcome(&c, KAFKA_UP, KAFKA_REASON_UP);
        assert_int_equal(c.h.back_at_usec, 0);
        c.now += 10 * SEC;
        cluster_up(&c);
        back = c.now;
        assert_int_equal(c.h.back_at_usec, back);
        c.now += 10 * SEC;
        cluster_up(&c);
        assert_int_equal(c.h.back_at_usec, back);

        /* That it could not be told may have been an outage. */
        cluster_check(&c, cluster_silence(&c, KAFKA_NOT_RESOLVED));
        c.now += 10 * SEC;
        cluster_up(&c);
        assert_int_equal(c.h.back_at_usec, c.now);

        /* An under-replicated topic is none. */
        back = c.now;
        c.now += 10 * SEC;
        f = cluster_facts(&c);
        facts_lose_broker(f, 1);
        cluster_check(&c, f);
        c.now += 10 * SEC;
        cluster_up(&c);
        assert_int_equal(c.h.back_at_usec, back);
        cluster_done(&c);
}

static void test_that_no_check_can_be_made_is_unknown(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        c.told.n = 0;
        assert_int_equal(kafka_health_cannot_check(&c.h, &c.k, "no such file", c.now, &c.told), 0);
        assert_outcome(&c, KAFKA_UNKNOWN, KAFKA_REASON_OUR_OWN);
        assert_string_equal(c.h.detail, "no such file");
        assert_topic(&c, 0, TOPIC_UNKNOWN);
        assert_int_equal(cluster_told(&c, KAFKA_TOLD_OUTCOME)->from, KAFKA_UP);
        cluster_done(&c);
}

static void test_everything_has_words(void **state) {
        (void) state;
        for (enum kafka_reason r = 0; r < _KAFKA_REASON_MAX; r++) {
                assert_true(kafka_reason_to_string(r)[0]);
                assert_true(kafka_reason_text(r)[0]);
                assert_non_null(kafka_reason_remedy(r));
        }
        for (enum kafka_outcome o = 0; o < _KAFKA_OUTCOME_MAX; o++)
                assert_true(kafka_outcome_to_string(o)[0]);
        for (enum topic_state s = 0; s < _TOPIC_STATE_MAX; s++)
                assert_true(topic_state_to_string(s)[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_is_known_before_the_first_check),
                cmocka_unit_test(test_how_metadata_ends_says_what_is_wrong),
                cmocka_unit_test(test_how_the_other_steps_end),
                cmocka_unit_test(test_a_step_that_was_not_asked_says_nothing),
                cmocka_unit_test(test_one_silent_leader_is_its_topics_and_all_of_them_are_the_cluster_s),
                cmocka_unit_test(test_more_than_half_of_the_timeout_is_slow),
                cmocka_unit_test(test_an_outcome_is_told_when_it_changes_and_unknown_when_its_reason_does),
                cmocka_unit_test(test_back_is_when_nothing_impedes_any_more),
                cmocka_unit_test(test_that_no_check_can_be_made_is_unknown),
                cmocka_unit_test(test_everything_has_words),
        };

        return cmocka_run_group_tests_name("kafka-health", tests, NULL, NULL);
}
