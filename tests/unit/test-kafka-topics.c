/* What a check says of the topics that Connect needs, and what of it is told. */
#include "kafka-scene.h"
#include "util/text.h"

#define SEC USEC_PER_SEC

#define assert_topic(c, i, s)                                                                               \
        assert_string_equal(topic_state_to_string((c)->h.topics[i].state), topic_state_to_string(s))

static char configs[] = "connect-configs", offsets[] = "connect-offsets", status[] = "connect-status";
static char *all_topics[] = { configs, offsets, status, NULL };
static char *one_topic[] = { offsets, NULL };

static void well(struct cluster *c, char **topics) {
        cluster_init(c, "main", topics);
        cluster_up(c);
        assert_int_equal(c->told.n, 1); /* that it is up, and nothing of the topics */
        c->now += 10 * SEC;
}

static struct kafka_facts *without(const struct cluster *c, const char *topic) {
        struct kafka_facts *f = cluster_facts(c);

        facts_topic(f, topic)->error = KAFKA_NO_SUCH_TOPIC;
        return f;
}

static void test_a_broker_that_dies_is_told_per_topic_and_not_per_partition(void **state) {
        struct cluster c;

        (void) state;
        well(&c, all_topics);
        struct kafka_facts *f = cluster_facts(&c);
        facts_lose_broker(f, 1);
        cluster_check(&c, f);
        assert_int_equal(c.h.outcome, KAFKA_UP);
        assert_int_equal(c.told.n, 3);
        for (size_t i = 0; i < 3; i++) {
                assert_topic(&c, i, TOPIC_UNDER_REPLICATED);
                assert_int_equal(c.told.list[i].type, KAFKA_TOLD_TOPIC);
                assert_int_equal(c.told.list[i].topic, i);
                assert_int_equal(c.told.list[i].topic_from, TOPIC_OK);
                assert_int_equal(c.told.list[i].lasted_usec, 10 * SEC);
                assert_int_equal(c.h.topics[i].n_under_replicated, 3);
                assert_int_equal(c.h.topics[i].n_below_min_isr, 0);
        }

        f = cluster_facts(&c);
        facts_lose_broker(f, 1);
        facts_lose_broker(f, 2);
        cluster_check(&c, f);
        assert_int_equal(c.told.n, 3);
        assert_topic(&c, 0, TOPIC_BELOW_MIN_ISR);
        assert_int_equal(c.h.topics[0].worst_partition, 0);

        cluster_up(&c);
        assert_int_equal(c.told.n, 3);
        assert_int_equal(c.told.list[2].topic_from, TOPIC_BELOW_MIN_ISR);
        assert_int_equal(c.told.list[2].topic_to, TOPIC_OK);
        cluster_done(&c);
}

static void test_the_worst_partition_is_the_topic_s_state(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        struct kafka_facts *f = cluster_facts(&c);
        struct kafka_topic *t = facts_topic(f, offsets);
        t->partitions[0].n_isrs = 2;
        t->partitions[1].n_isrs = 1;
        t->partitions[2].leader = -1;
        cluster_check(&c, f);
        assert_topic(&c, 0, TOPIC_OFFLINE);
        assert_int_equal(c.h.topics[0].worst_partition, 2);
        assert_int_equal(c.h.topics[0].n_partitions, 3);
        assert_int_equal(c.h.topics[0].n_under_replicated, 2);
        assert_int_equal(c.h.topics[0].n_below_min_isr, 1);
        assert_int_equal(c.h.topics[0].n_offline, 1);
        assert_int_equal(c.h.topics[0].replication_factor, 3);
        cluster_done(&c);
}

static void test_a_minimum_isr_that_may_not_be_read_is_not_guessed(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        struct kafka_facts *f = cluster_facts(&c);
        facts_topic(f, offsets)->min_isr = -1;
        facts_topic(f, offsets)->partitions[0].n_isrs = 1;
        cluster_check(&c, f);
        assert_topic(&c, 0, TOPIC_UNDER_REPLICATED);
        cluster_done(&c);
}

static void test_what_cannot_be_told_is_told_neither_way(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        cluster_down(&c);
        assert_topic(&c, 0, TOPIC_UNKNOWN);
        (void) cluster_told(&c, KAFKA_TOLD_OUTCOME);
        c.now += 10 * SEC;
        cluster_up(&c);
        assert_topic(&c, 0, TOPIC_OK);
        (void) cluster_told(&c, KAFKA_TOLD_OUTCOME);

        cluster_down(&c);
        c.now += 10 * SEC;
        struct kafka_facts *f = cluster_facts(&c);
        facts_lose_broker(f, 3);
        cluster_check(&c, f);
        assert_int_equal(c.told.n, 2);
        assert_int_equal(c.told.list[1].topic_from, TOPIC_OK);
        assert_int_equal(c.told.list[1].topic_to, TOPIC_UNDER_REPLICATED);
        assert_int_equal(c.told.list[1].lasted_usec, 30 * SEC);
        cluster_done(&c);
}

static void test_a_topic_that_is_kept_from_us_leaves_the_cluster_unknown(void **state) {
        struct cluster c;

        (void) state;
        well(&c, all_topics);
        struct kafka_facts *f = cluster_facts(&c);
        facts_topic(f, status)->error = KAFKA_UNAUTHORIZED;
        cluster_check(&c, f);
        assert_int_equal(c.h.outcome, KAFKA_UNKNOWN);
        assert_int_equal(c.h.reason, KAFKA_REASON_UNAUTHORIZED);
        assert_string_equal(c.h.detail, status);
        assert_topic(&c, 2, TOPIC_UNKNOWN);

        f = cluster_facts(&c);
        facts_topic(f, status)->partitions[1].error = KAFKA_TLS;
        f->leaders.error = KAFKA_TLS;
        cluster_check(&c, f);
        assert_int_equal(c.h.reason, KAFKA_REASON_TLS);
        assert_topic(&c, 2, TOPIC_UNKNOWN);
        assert_topic(&c, 1, TOPIC_OK);
        cluster_done(&c);
}

static void test_a_missing_topic_is_warned_of_once_until_it_is_there(void **state) {
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", one_topic);
        for (unsigned i = 0; i < 3; i++) {
                cluster_check(&c, without(&c, offsets));
                assert_topic(&c, 0, TOPIC_MISSING);
                assert_int_equal(c.told.n, i == 0 ? 2 : 0); /* with that the cluster is up */
                cluster_down(&c);
                cluster_check(&c, without(&c, offsets));
                (void) cluster_told(&c, KAFKA_TOLD_OUTCOME);
        }
        cluster_up(&c);
        assert_int_equal(cluster_told(&c, KAFKA_TOLD_TOPIC)->topic_from, TOPIC_MISSING);
        cluster_check(&c, without(&c, offsets));
        const struct kafka_told *t = cluster_told(&c, KAFKA_TOLD_UNFIT);
        assert_int_equal(t->unfit, TOPIC_UNFIT_MISSING);
        assert_int_equal(t->topic_to, TOPIC_MISSING);
        assert_non_null(strstr(t->text, "there is no such topic"));
        cluster_done(&c);
}

static struct kafka_facts *badly_made(const struct cluster *c, const char *policy, size_t replicas) {
        struct kafka_facts *f = cluster_facts(c);
        struct kafka_topic *t = facts_topic(f, offsets);

        free(t->cleanup_policy);
        t->cleanup_policy = policy ? strdup(policy) : NULL;
        t->min_isr = 1;
        for (size_t i = 0; i < t->n_partitions; i++)
                t->partitions[i].n_replicas = t->partitions[i].n_isrs = replicas;
        return f;
}

static void test_what_is_not_as_connect_needs_it_is_warned_of_once(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        cluster_check(&c, badly_made(&c, "delete", 1));
        assert_topic(&c, 0, TOPIC_OK);
        assert_int_equal(c.told.n, 2);
        assert_int_equal(c.told.list[0].unfit, TOPIC_UNFIT_NOT_COMPACTED);
        assert_non_null(strstr(c.told.list[0].text, "cleanup.policy is delete"));
        assert_int_equal(c.told.list[1].unfit, TOPIC_UNFIT_SINGLE_REPLICA);
        assert_non_null(strstr(c.told.list[1].text, "single replica"));
        cluster_check(&c, badly_made(&c, "delete", 1));
        assert_int_equal(c.told.n, 0);

        /* Neither an outage nor a right that was taken away mends anything. */
        cluster_down(&c);
        cluster_check(&c, badly_made(&c, NULL, 1));
        (void) cluster_told(&c, KAFKA_TOLD_OUTCOME);
        cluster_check(&c, badly_made(&c, "delete", 1));
        assert_int_equal(c.told.n, 0);

        cluster_check(&c, badly_made(&c, "compact,delete", 1));
        assert_int_equal(c.told.n, 0);
        cluster_check(&c, badly_made(&c, "delete", 1));
        assert_int_equal(cluster_told(&c, KAFKA_TOLD_UNFIT)->unfit, TOPIC_UNFIT_NOT_COMPACTED);
        cluster_done(&c);
}

static void test_topics_of_others_need_no_compaction(void **state) {
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        c.k.any_cleanup_policy = true;
        assert_int_equal(kafka_health_reconfigure(&c.h, &c.k, c.now), 0);
        cluster_check(&c, badly_made(&c, "delete", 1));
        assert_int_equal(cluster_told(&c, KAFKA_TOLD_UNFIT)->unfit, TOPIC_UNFIT_SINGLE_REPLICA);
        assert_int_equal(c.told.n, 1);
        cluster_done(&c);
}

static void test_a_changed_list_of_topics_keeps_what_is_known(void **state) {
        static char *fewer[] = { status, configs, NULL };
        struct cluster c;

        (void) state;
        well(&c, one_topic);
        struct kafka_facts *f = cluster_facts(&c);
        facts_lose_broker(f, 1);
        cluster_check(&c, f);
        usec_t since = c.h.topics[0].since_usec;

        c.k.topics = all_topics;
        c.now += 5 * SEC;
        assert_int_equal(kafka_health_reconfigure(&c.h, &c.k, c.now), 0);
        assert_int_equal(c.h.n_topics, 3);
        assert_string_equal(c.h.topics[1].name, offsets);
        assert_topic(&c, 1, TOPIC_UNDER_REPLICATED);
        assert_int_equal(c.h.topics[1].since_usec, since);
        assert_topic(&c, 0, TOPIC_UNKNOWN);
        assert_int_equal(c.h.topics[0].since_usec, c.now);

        /* The check under way was begun with the old list. */
        c.k.topics = one_topic;
        f = cluster_facts(&c);
        c.k.topics = all_topics;
        cluster_check(&c, f);
        assert_topic(&c, 1, TOPIC_OK);
        assert_topic(&c, 2, TOPIC_UNKNOWN);
        assert_int_equal(cluster_told(&c, KAFKA_TOLD_TOPIC)->topic, 1);

        c.k.topics = fewer; /* and nobody said so */
        cluster_up(&c);
        assert_int_equal(c.h.n_topics, 2);
        assert_string_equal(c.h.topics[1].name, configs);
        assert_topic(&c, 1, TOPIC_OK);
        c.k.topics = NULL;
        cluster_up(&c);
        assert_int_equal(c.h.n_topics, 0);
        cluster_done(&c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_broker_that_dies_is_told_per_topic_and_not_per_partition),
                cmocka_unit_test(test_the_worst_partition_is_the_topic_s_state),
                cmocka_unit_test(test_a_minimum_isr_that_may_not_be_read_is_not_guessed),
                cmocka_unit_test(test_what_cannot_be_told_is_told_neither_way),
                cmocka_unit_test(test_a_topic_that_is_kept_from_us_leaves_the_cluster_unknown),
                cmocka_unit_test(test_a_missing_topic_is_warned_of_once_until_it_is_there),
                cmocka_unit_test(test_what_is_not_as_connect_needs_it_is_warned_of_once),
                cmocka_unit_test(test_topics_of_others_need_no_compaction),
                cmocka_unit_test(test_a_changed_list_of_topics_keeps_what_is_known),
        };

        return cmocka_run_group_tests_name("kafka-topics", tests, NULL, NULL);
}
