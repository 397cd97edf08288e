/* Every sentence about Kafka itself, as an operator reads it. */
#include <syslog.h>

#include "judge/kafka_deep.h"
#include "kafka-scene.h"
#include "report/narrate_kafka.h"
#include "util/text.h"

#define SEC USEC_PER_SEC

static char offsets[] = "connect-offsets", health[] = "watchdog-health";
static char *topics[] = { offsets, NULL };

static void assert_event(const struct event *e,
                         enum event_type type,
                         int priority,
                         const char *message,
                         const char *field) {
        _cleanup_strv_ char **fields = NULL;

        assert_non_null(e);
        assert_string_equal(e->message, message);
        assert_int_equal(e->type, type);
        assert_int_equal(e->priority, priority);
        fields = event_to_fields(e);
        assert_non_null(fields);
        assert_true(strv_contains(fields, "CONNECT_WATCHDOG_KAFKA=main"));
        if (!strv_contains(fields, field))
                fail_msg("%s is missing", field);
}

/* What the last check has to tell, of which there is one. */
static void told(const struct cluster *c,
                 enum event_type type,
                 int priority,
                 const char *message,
                 const char *field) {
        _cleanup_(event_freep) struct event *e = narrate_kafka(&c->k, &c->h, &c->told.list[0]);

        assert_int_equal(c->told.n, 1);
        assert_event(e, type, priority, message, field);
}

static void outcome(const struct cluster *c, int priority, const char *message, const char *field) {
        told(c, EVENT_KAFKA_CHANGED, priority, message, field);
}

static void topic(const struct cluster *c, int priority, const char *message, const char *field) {
        told(c, EVENT_KAFKA_TOPIC, priority, message, field);
}

static void test_a_cluster_goes_and_comes(void **state) {
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        cluster_up(&c);
        outcome(&c, LOG_INFO, "kafka main: up (3 brokers, answered in 20ms)",
                "CONNECT_WATCHDOG_KAFKA_OUTCOME=up");
        c.now += 10 * SEC;
        cluster_down(&c);
        outcome(&c, LOG_ERR,
                "kafka main: down: no broker answers (the library's words); no worker that requires it is "
                "restarted. Look at the brokers and at the network between.",
                "CONNECT_WATCHDOG_KAFKA_REASON=no-broker");
        c.now += 600 * SEC;
        struct kafka_facts *f = cluster_facts(&c);
        f->took_usec = 9 * SEC;
        cluster_check(&c, f);
        outcome(&c, LOG_WARNING,
                "kafka main: slow: all was answered, but took more than half of the timeout (9s of 10s); no "
                "worker that requires it is restarted. Look at the brokers' load and at the network.",
                "CONNECT_WATCHDOG_KAFKA_OUTCOME=slow");
        c.now += 20 * SEC;
        cluster_up(&c);
        outcome(&c, LOG_NOTICE,
                "kafka main: up again, after it was slow for 20s (3 brokers, answered in 20ms)",
                "CONNECT_WATCHDOG_KAFKA_REASON=up");
        cluster_done(&c);
}

static void test_that_it_cannot_be_told_says_what_to_do(void **state) {
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        cluster_check(&c, cluster_silence(&c, KAFKA_UNAUTHENTICATED));
        outcome(&c, LOG_WARNING,
                "kafka main: cannot tell whether it is up: it refuses our credentials (the library's "
                "words); "
                "no worker that requires it is restarted. Correct username = and password_file = of the "
                "section.",
                "CONNECT_WATCHDOG_KAFKA_OUTCOME=unknown");
        c.now += 60 * SEC;
        cluster_up(&c);
        outcome(&c, LOG_NOTICE,
                "kafka main: up, after 1min in which that could not be told (3 brokers, answered in 20ms)",
                "CONNECT_WATCHDOG_KAFKA_OUTCOME=up");
        cluster_done(&c);
}

static void test_topics(void **state) {
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        cluster_up(&c);
        struct kafka_facts *f = cluster_facts(&c);
        facts_lose_broker(f, 1);
        cluster_check(&c, f);
        topic(&c, LOG_WARNING,
              "kafka main: topic connect-offsets is under-replicated: 3 of 3 partitions with fewer replicas "
              "in sync, the first is partition 0",
              "CONNECT_WATCHDOG_TOPIC_STATE=under-replicated");
        f = cluster_facts(&c);
        facts_topic(f, offsets)->partitions[1].n_isrs = 1;
        cluster_check(&c, f);
        topic(&c, LOG_ERR,
              "kafka main: topic connect-offsets is below its minimum ISR (min.insync.replicas = 2): 1 of 3 "
              "partitions with too few replicas in sync for acks=all, the first is partition 1",
              "CONNECT_WATCHDOG_TOPIC=connect-offsets");
        f = cluster_facts(&c);
        facts_topic(f, offsets)->partitions[2].leader = -1;
        cluster_check(&c, f);
        topic(&c, LOG_ERR,
              "kafka main: topic connect-offsets is offline: 1 of 3 partitions without a leader that "
              "answers, the first is partition 2",
              "CONNECT_WATCHDOG_TOPIC_STATE=offline");
        c.now += 90 * SEC;
        cluster_up(&c);
        topic(&c, LOG_NOTICE,
              "kafka main: topic connect-offsets is ok again, after it was offline for 1min 30s",
              "CONNECT_WATCHDOG_TOPIC_STATE=ok");

        f = cluster_facts(&c);
        facts_topic(f, offsets)->error = KAFKA_NO_SUCH_TOPIC;
        cluster_check(&c, f);
        told(&c, EVENT_KAFKA_TOPIC_UNFIT, LOG_WARNING,
             "kafka main: topic connect-offsets: there is no such topic; correct topics =, or let Connect "
             "create it, which it does when it starts",
             "CONNECT_WATCHDOG_TOPIC_STATE=missing");
        cluster_done(&c);
}

static void test_deep_checks(void **state) {
        const struct kafka_settings k = { .name = (char *) "main", .deep_topic = health };
        struct kafka_deep_partition partitions[] = { { .id = 0 }, { .id = 1 }, { .id = 2 } };
        struct kafka_deep d = { .took_usec = 50 * USEC_PER_MSEC,
                                .partitions = partitions,
                                .n_partitions = 3 };
        const struct kafka_deep well = d, begun = { .error = KAFKA_NO_SUCH_TOPIC, .detail = "the words" };

        (void) state;
        assert_true(kafka_deep_is_well(&well));
        assert_false(kafka_deep_changed(NULL, &well));
        assert_false(kafka_deep_changed(&well, &well));
        assert_true(kafka_deep_changed(NULL, &begun));
        assert_true(kafka_deep_changed(&begun, &well));
        struct event *e = narrate_kafka_deep(&k, &well);
        assert_event(e, EVENT_KAFKA_DEEP, LOG_NOTICE,
                     "kafka main: the deep check is well again: a message went through each of 3 partitions "
                     "in 50ms",
                     "CONNECT_WATCHDOG_TOPIC=watchdog-health");
        event_free(e);

        partitions[1].error = partitions[2].error = KAFKA_NO_ANSWER;
        assert_false(kafka_deep_is_well(&d));
        e = narrate_kafka_deep(&k, &d);
        assert_event(e, EVENT_KAFKA_DEEP, LOG_ERR,
                     "kafka main: the deep check failed: no message went through 2 of 3 partitions, the "
                     "first is partition 1: no-answer",
                     "CONNECT_WATCHDOG_TOPIC=watchdog-health");
        event_free(e);
        e = narrate_kafka_deep(&k, &begun);
        assert_event(e, EVENT_KAFKA_DEEP, LOG_ERR,
                     "kafka main: the deep check could not begin: no-such-topic (the words)",
                     "CONNECT_WATCHDOG_TOPIC=watchdog-health");
        event_free(e);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_cluster_goes_and_comes),
                cmocka_unit_test(test_that_it_cannot_be_told_says_what_to_do),
                cmocka_unit_test(test_topics),
                cmocka_unit_test(test_deep_checks),
        };

        return cmocka_run_group_tests_name("narrate-kafka", tests, NULL, NULL);
}
