/* What verify-config makes of one check of a Kafka cluster. */
#include <errno.h>

#include "ctl/kafka_checks.h"
#include "kafka-scene.h"
#include "util/text.h"

#define GOOD_TOPIC "has 3 partitions, with 3 replicas at least, all in sync"

static char *topics[] = { (char *) "configs", (char *) "status", NULL };

static void check(struct cluster *c, struct kafka_facts *facts, struct findings *f) {
        struct kafka_answer a = { .facts = facts };

        c->k.group = (char *) "connect-a";
        kafka_check(&c->k, &a, true, f);
        assert_null(a.facts);
        assert_false(f->out_of_memory);
        for (size_t i = 0; i < f->n; i++) {
                assert_null(f->list[i].worker);
                assert_string_equal(f->list[i].kafka, "main");
        }
}

static void expect(const struct findings *f,
                   size_t i,
                   enum severity severity,
                   enum check check,
                   const char *text,
                   const char *remedy) {
        assert_true(i < f->n);
        assert_string_equal(f->list[i].text, text);
        assert_string_equal(strempty(f->list[i].remedy), strempty(remedy));
        assert_int_equal(f->list[i].severity, severity);
        assert_int_equal(f->list[i].check, check);
}

static void all_is_well(void **state) {
        _cleanup_(findings_done) struct findings f = {};
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        check(&c, cluster_facts(&c), &f);
        assert_int_equal(f.n, 3);
        expect(&f, 0, FINDING_GOOD, CHECK_KAFKA,
               "3 brokers answer, and group connect-a has its coordinator (after 20ms)", NULL);
        expect(&f, 1, FINDING_GOOD, CHECK_TOPIC, "topic configs " GOOD_TOPIC, NULL);
        expect(&f, 2, FINDING_GOOD, CHECK_TOPIC, "topic status " GOOD_TOPIC, NULL);
        cluster_done(&c);
}

static void one_broker_is_counted_as_one(void **state) {
        _cleanup_(findings_done) struct findings f = {};
        struct kafka_facts *facts;
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", NULL);
        facts = cluster_facts(&c);
        facts->n_brokers = 1;
        check(&c, facts, &f);
        assert_int_equal(f.n, 1);
        expect(&f, 0, FINDING_GOOD, CHECK_KAFKA,
               "1 broker answers, and group connect-a has its coordinator (after 20ms)", NULL);
        cluster_done(&c);
}

/* Of topics nothing is said then: the cluster's own finding says why. */
static void a_cluster_that_cannot_be_used_is_a_problem(void **state) {
        static const struct {
                enum kafka_error error;
                const char *text, *remedy;
        } rows[] = {
                { KAFKA_NO_ANSWER, "no broker answers (the library's words)",
                  "Look at the brokers and at the network between." },
                { KAFKA_NOT_RESOLVED, "no name of bootstrap = has an address (the library's words)",
                  "Correct bootstrap =, or see to the host's name service." },
                { KAFKA_UNAUTHENTICATED, "it refuses our credentials (the library's words)",
                  "Correct username = and password_file = of the section." },
        };
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(findings_done) struct findings f = {};

                check(&c, cluster_silence(&c, rows[i].error), &f);
                assert_int_equal(f.n, 1);
                expect(&f, 0, FINDING_PROBLEM, CHECK_KAFKA, rows[i].text, rows[i].remedy);
        }
        cluster_done(&c);
}

static void a_slow_cluster_is_a_warning(void **state) {
        _cleanup_(findings_done) struct findings f = {};
        struct kafka_facts *facts;
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", NULL);
        facts = cluster_facts(&c);
        facts->took_usec = 6 * USEC_PER_SEC;
        check(&c, facts, &f);
        expect(&f, 0, FINDING_WARNING, CHECK_KAFKA,
               "all was answered, but took more than half of the timeout (6s of 10s)",
               "Look at the brokers' load and at the network.");
        cluster_done(&c);
}

static void what_is_wrong_with_topics_is_said_of_each(void **state) {
        _cleanup_(findings_done) struct findings f = {};
        struct kafka_facts *facts;
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        facts = cluster_facts(&c);
        facts_topic(facts, "configs")->partitions[1].leader = -1;
        facts_topic(facts, "status")->error = KAFKA_NO_SUCH_TOPIC;
        check(&c, facts, &f);
        assert_int_equal(f.n, 3);
        expect(&f, 0, FINDING_GOOD, CHECK_KAFKA,
               "3 brokers answer, and group connect-a has its coordinator (after 20ms)", NULL);
        expect(&f, 1, FINDING_PROBLEM, CHECK_TOPIC,
               "topic configs is offline: 1 of 3 partitions without a leader that answers, the first is "
               "partition 1",
               NULL);
        expect(&f, 2, FINDING_WARNING, CHECK_TOPIC,
               "topic status: there is no such topic; correct topics =, or let Connect create it, which it "
               "does when it starts",
               NULL);
        cluster_done(&c);
}

static void a_broker_that_is_gone_is_a_warning_of_each_topic(void **state) {
        _cleanup_(findings_done) struct findings f = {};
        struct kafka_facts *facts;
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        facts = cluster_facts(&c);
        facts_lose_broker(facts, 2);
        check(&c, facts, &f);
        assert_int_equal(f.n, 3);
        for (size_t i = 1; i < f.n; i++) {
                assert_int_equal(f.list[i].severity, FINDING_WARNING);
                assert_non_null(strstr(f.list[i].text, " is under-replicated: 3 of 3 partitions"));
        }
        cluster_done(&c);
}

static void what_cannot_be_asked_says_why(void **state) {
        _cleanup_(findings_done) struct findings f = {};
        struct kafka_answer gone = { .error = -ENOENT, .problem = "no module; install the package" },
                            kept = { .error = -EACCES, .problem = "password_file /p: Permission denied" };
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        kafka_check(&c.k, &gone, false, &f);
        kafka_check(&c.k, &kept, true, &f);
        kafka_check(&c.k, &kept, false, &f);
        assert_int_equal(f.n, 3);
        expect(&f, 0, FINDING_PROBLEM, CHECK_KAFKA, "it cannot be asked: no module; install the package",
               NULL);
        expect(&f, 1, FINDING_PROBLEM, CHECK_KAFKA,
               "it cannot be asked: password_file /p: Permission denied", NULL);
        expect(&f, 2, FINDING_UNKNOWN, CHECK_KAFKA, "it was not asked: password_file /p: Permission denied",
               "run this as root, who can read credentials");
        cluster_done(&c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_is_well),
                cmocka_unit_test(one_broker_is_counted_as_one),
                cmocka_unit_test(a_cluster_that_cannot_be_used_is_a_problem),
                cmocka_unit_test(a_slow_cluster_is_a_warning),
                cmocka_unit_test(what_is_wrong_with_topics_is_said_of_each),
                cmocka_unit_test(a_broker_that_is_gone_is_a_warning_of_each_topic),
                cmocka_unit_test(what_cannot_be_asked_says_why),
        };

        return cmocka_run_group_tests_name("verify-kafka", tests, NULL, NULL);
}
