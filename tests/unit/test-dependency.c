/* What a worker requires, taken together: the worst of its clusters, in words. */
#include "kafka-scene.h"
#include "util/text.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

/* Agent time 1000 h is this moment, in UTC: 2026-11-20 14:00:00. */
#define OFFSET ((int64_t) (1795183200 * SEC - 1000 * USEC_PER_HOUR))

static char offsets[] = "connect-offsets", name_main[] = "main", name_b[] = "b";
static char *topics[] = { offsets, NULL };
static char *one[] = { name_main, NULL }, *two[] = { name_main, name_b, NULL };

static struct worker_settings requiring(char **names) {
        return (struct worker_settings) { .requires = names, .dependency_grace_usec = 2 * MIN_ };
}

static struct dependency of(const struct cluster *c) {
        const struct kafka_health *const required[] = { &c->h };
        const struct worker_settings w = requiring(one);
        struct dependency d;

        dependency_of(required, &w, c->now, OFFSET, &d);
        assert_int_equal(dependency_excuses(&d), d.state == DEPENDENCY_DOWN || d.state == DEPENDENCY_GRACE);
        assert_int_equal(dependency_holds(&d, &w), d.state != DEPENDENCY_UP);
        return d;
}

static struct dependency of_both(const struct cluster *a, const struct cluster *b) {
        const struct kafka_health *const required[] = { &a->h, &b->h };
        const struct worker_settings w = requiring(two);
        struct dependency d;

        dependency_of(required, &w, a->now, OFFSET, &d);
        return d;
}

#define assert_dependency(d, s, t)                                                                          \
        do {                                                                                                \
                assert_string_equal(dependency_state_to_string((d).state), dependency_state_to_string(s));  \
                assert_string_equal((d).text, t);                                                           \
        } while (0)

static void well(struct cluster *c, const char *name) {
        cluster_init(c, name, topics);
        cluster_up(c);
        c->now += 5 * MIN_ + 10 * SEC;
}

static void test_nothing_required_is_none(void **state) {
        static char *const nothing[] = { NULL };
        struct worker_settings w = requiring(NULL);
        struct dependency d;

        (void) state;
        dependency_of(NULL, &w, 0, 0, &d);
        assert_dependency(d, DEPENDENCY_NONE, "");
        assert_false(dependency_holds(&d, &w));
        assert_int_equal(dependency_deadline(&d), USEC_INFINITY);
        w.requires = (char **) nothing;
        assert_false(dependency_holds(&d, &w));
        w.requires = one; /* and nobody has said yet how it is */
        assert_true(dependency_holds(&d, &w));
}

static void test_before_the_first_check_it_cannot_be_told(void **state) {
        struct cluster c;

        (void) state;
        cluster_init(&c, "main", topics);
        assert_dependency(of(&c), DEPENDENCY_UNKNOWN,
                          "cannot tell whether Kafka main is up (it has not been asked yet)");
        cluster_up(&c);
        assert_dependency(of(&c), DEPENDENCY_UP, ""); /* without a grace */
        cluster_done(&c);
}

static void test_each_state_has_its_words(void **state) {
        struct cluster c;

        (void) state;
        well(&c, "main");
        cluster_down(&c);
        c.now += 60 * SEC;
        assert_dependency(of(&c), DEPENDENCY_DOWN,
                          "Kafka main is down since 14:05:10 (no broker answers; the library's words)");
        assert_int_equal(of(&c).since_usec, c.now - 60 * SEC);

        struct kafka_facts *f = cluster_facts(&c);
        f->took_usec = 9 * SEC;
        cluster_check(&c, f);
        assert_dependency(of(&c), DEPENDENCY_DOWN, "Kafka main answers slowly since 14:06:10");

        cluster_check(&c, cluster_silence(&c, KAFKA_UNAUTHENTICATED));
        assert_dependency(of(&c), DEPENDENCY_UNKNOWN,
                          "cannot tell whether Kafka main is up (it refuses our credentials; the library's "
                          "words)");

        c.now += 20 * USEC_PER_HOUR;
        cluster_up(&c);
        c.now += 119 * SEC;
        assert_dependency(of(&c), DEPENDENCY_GRACE,
                          "Kafka main has been back since 10:06:10, not yet for dependency_grace (2min)");
        assert_int_equal(dependency_deadline(&(struct dependency) { .until_usec = 7 }), USEC_INFINITY);
        struct dependency d = of(&c);
        assert_int_equal(dependency_deadline(&d), c.now + SEC);
        c.now += SEC;
        assert_dependency(of(&c), DEPENDENCY_UP, "");
        cluster_done(&c);
}

static void test_another_day_is_said(void **state) {
        struct cluster c;

        (void) state;
        well(&c, "main");
        cluster_down(&c);
        c.now += 12 * USEC_PER_HOUR;
        assert_non_null(strstr(of(&c).text, "is down since 2026-11-20 14:05:10 ("));
        cluster_done(&c);
}

static void test_a_topic_that_cannot_be_used_is_an_outage_for_the_worker(void **state) {
        struct cluster c;

        (void) state;
        well(&c, "main");
        struct kafka_facts *f = cluster_facts(&c);
        facts_lose_broker(f, 1);
        cluster_check(&c, f);
        assert_dependency(of(&c), DEPENDENCY_UP, ""); /* under-replicated */

        f = cluster_facts(&c);
        facts_topic(f, offsets)->partitions[2].n_isrs = 1;
        cluster_check(&c, f);
        assert_dependency(
                of(&c), DEPENDENCY_DOWN,
                "topic connect-offsets of Kafka main has been below its minimum ISR since 14:05:10 "
                "(partition 2 of 3)");
        f = cluster_facts(&c);
        facts_topic(f, offsets)->partitions[1].leader = -1;
        cluster_check(&c, f);
        assert_dependency(of(&c), DEPENDENCY_DOWN,
                          "topic connect-offsets of Kafka main has been offline since 14:05:10 (partition 1 "
                          "of 3)");
        f = cluster_facts(&c);
        facts_topic(f, offsets)->error = KAFKA_NO_SUCH_TOPIC;
        cluster_check(&c, f);
        assert_dependency(of(&c), DEPENDENCY_DOWN,
                          "topic connect-offsets of Kafka main has been missing since 14:05:10");
        cluster_up(&c);
        assert_int_equal(of(&c).state, DEPENDENCY_GRACE);
        cluster_done(&c);
}

static void test_a_topic_that_a_reload_added_has_not_been_looked_at(void **state) {
        static char added[] = "connect-status";
        static char *more[] = { offsets, added, NULL };
        struct cluster c;

        (void) state;
        well(&c, "main");
        c.k.topics = more;
        assert_int_equal(kafka_health_reconfigure(&c.h, &c.k, c.now), 0);
        assert_dependency(of(&c), DEPENDENCY_UNKNOWN,
                          "topic connect-status of Kafka main has not been looked at yet");
        cluster_up(&c);
        assert_dependency(of(&c), DEPENDENCY_UP, "");
        cluster_done(&c);
}

static void test_what_asks_elsewhere_is_not_known_to_be_up(void **state) {
        struct cluster c;

        (void) state;
        well(&c, "main");
        kafka_health_doubt(&c.h, c.now);
        assert_dependency(of(&c), DEPENDENCY_UNKNOWN,
                          "cannot tell whether Kafka main is up (it has not been asked yet)");
        cluster_up(&c);
        assert_dependency(of(&c), DEPENDENCY_UP, "");
        cluster_down(&c);
        kafka_health_doubt(&c.h, c.now);
        assert_int_equal(of(&c).state, DEPENDENCY_DOWN);
        cluster_up(&c);
        assert_int_equal(of(&c).state, DEPENDENCY_GRACE);
        cluster_done(&c);
}

static void test_of_two_the_worse_counts(void **state) {
        struct cluster a, b;

        (void) state;
        well(&a, "main");
        well(&b, "b");
        assert_dependency(of_both(&a, &b), DEPENDENCY_UP, "");
        cluster_check(&a, cluster_silence(&a, KAFKA_TLS));
        assert_int_equal(of_both(&a, &b).state, DEPENDENCY_UNKNOWN);
        cluster_down(&b);
        assert_non_null(strstr(of_both(&a, &b).text, "Kafka b is down"));

        a.now = b.now = a.now + 10 * SEC;
        cluster_up(&b);
        assert_int_equal(of_both(&a, &b).state, DEPENDENCY_GRACE); /* the other one is unknown */
        a.now = b.now = a.now + 10 * SEC;
        cluster_up(&a);
        struct dependency d = of_both(&a, &b);
        assert_int_equal(d.state, DEPENDENCY_GRACE);
        assert_int_equal(d.until_usec, a.now + 2 * MIN_); /* the later one's */
        assert_non_null(strstr(d.text, "Kafka main has been back"));
        cluster_done(&a);
        cluster_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_required_is_none),
                cmocka_unit_test(test_before_the_first_check_it_cannot_be_told),
                cmocka_unit_test(test_each_state_has_its_words),
                cmocka_unit_test(test_another_day_is_said),
                cmocka_unit_test(test_a_topic_that_cannot_be_used_is_an_outage_for_the_worker),
                cmocka_unit_test(test_a_topic_that_a_reload_added_has_not_been_looked_at),
                cmocka_unit_test(test_what_asks_elsewhere_is_not_known_to_be_up),
                cmocka_unit_test(test_of_two_the_worse_counts),
        };

        (void) setenv("TZ", "UTC", 1);
        return cmocka_run_group_tests_name("dependency", tests, NULL, NULL);
}
