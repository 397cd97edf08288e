/* Sink connectors that run and do not get on: by samples of what was committed and of the ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include <cmocka.h>

#include "judge/lag.h"
#include "report/narrate_kafka.h"
#include "util/text.h"

#define MIN_ USEC_PER_MINUTE

static const struct worker_settings w = { .lag_interval_usec = MIN_, .lag_stuck_usec = 5 * MIN_ };

/* What the looks of one test share. */
struct looks {
        struct lag_view v;
        struct lag_changes changes; /* of the last look */
        usec_t now;
};

static void begin(struct looks *l) {
        *l = (struct looks) { .now = 1000 * USEC_PER_HOUR };
}

static void end(struct looks *l) {
        lag_changes_done(&l->changes);
        lag_view_done(&l->v);
}

static void look(struct looks *l,
                 const char *const *connectors,
                 const struct kafka_lag_group *groups,
                 size_t n,
                 const struct worker_settings *with) {
        const struct kafka_lag lag = { .groups = (struct kafka_lag_group *) groups, .n_groups = n };

        lag_changes_done(&l->changes);
        assert_int_equal(lag_observe(&l->v, with, connectors, &lag, l->now, &l->changes), 0);
}

/* One connector with one partition, a minute after the last look. */
static void sample(struct looks *l, int64_t committed, int64_t at_end) {
        static const char *const names[] = { "orders" };
        struct kafka_lag_partition p = {
                .topic = (char *) "t", .id = 3, .committed = committed, .begin = -1, .end = at_end
        };
        const struct kafka_lag_group g = { .name = (char *) "connect-orders",
                                           .partitions = &p,
                                           .n_partitions = 1 };

        l->now += MIN_;
        look(l, names, &g, 1, &w);
}

static bool is_stuck(const struct looks *l) {
        return l->v.n > 0 && l->v.list[0].stuck_since_usec > 0;
}

static void stick(struct looks *l) {
        begin(l);
        for (int64_t i = 0; i <= 5; i++) {
                assert_false(is_stuck(l));
                sample(l, 100, 110 + 10 * i);
        }
        assert_true(is_stuck(l));
}

static void test_a_lag_that_grows_while_nothing_is_committed_is_stuck(void **state) {
        struct looks l;

        (void) state;
        stick(&l);
        assert_int_equal(l.changes.n, 1);
        const struct lag_change *c = &l.changes.list[0];
        assert_int_equal(c->type, LAG_STUCK);
        assert_string_equal(c->connector, "orders");
        assert_string_equal(c->topic, "t");
        assert_int_equal(c->partition, 3);
        assert_int_equal(c->committed, 100);
        assert_int_equal(c->lag_then, 10);
        assert_int_equal(c->lag, 60);
        assert_true(c->lasted_usec == 5 * MIN_);
        _cleanup_(event_freep) struct event *e = narrate_lag(c);
        assert_non_null(e);
        assert_int_equal(e->priority, LOG_ERR);
        assert_string_equal(e->message,
                            "connector orders is RUNNING, but stuck: partition 3 of topic t has stood at "
                            "offset 100 for 5min, while its lag grew from 10 to 60");

        sample(&l, 100, 200);
        assert_int_equal(l.changes.n, 0); /* once */
        assert_true(is_stuck(&l));
        sample(&l, 101, 200);
        assert_int_equal(l.changes.n, 1);
        assert_int_equal(l.changes.list[0].type, LAG_RECOVERED);
        _cleanup_(event_freep) struct event *again = narrate_lag(&l.changes.list[0]);
        assert_non_null(again);
        assert_int_equal(again->priority, LOG_NOTICE);
        assert_string_equal(again->message, "connector orders gets on again, after it was stuck for 2min");
        end(&l);
}

static void test_what_is_not_stuck(void **state) {
        static const struct {
                const char *what;
                int64_t committed[8], end[8];
        } table[] = {
                { "commits", { 1, 2, 3, 4, 5, 6, 7, 8 }, { 10, 20, 30, 40, 50, 60, 70, 80 } },
                { "stands still", { 1, 1, 1, 1, 1, 1, 1, 1 }, { 2, 2, 2, 2, 2, 2, 2, 2 } },
                { "is empty", { 5, 5, 5, 5, 5, 5, 5, 5 }, { 5, 5, 5, 5, 5, 5, 5, 5 } },
                { "shrinks", { 1, 1, 1, 1, 1, 1, 1, 1 }, { 90, 80, 70, 60, 50, 40, 30, 20 } },
                { "shrinks once", { 1, 1, 1, 1, 1, 1, 1, 1 }, { 10, 20, 30, 40, 35, 50, 60, 70 } },
                { "committed nothing, and has no begin",
                  { -1, -1, -1, -1, -1, -1, -1, -1 },
                  { 1, 2, 3, 4, 5, 6, 7, 8 } },
                { "has no end", { 1, 1, 1, 1, 1, 1, 1, 1 }, { -1, -1, -1, -1, -1, -1, -1, -1 } },
                { "is reset", { 9, 9, 9, 9, 2, 2, 2, 2 }, { 10, 20, 30, 40, 50, 60, 70, 80 } },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct looks l;

                begin(&l);
                for (size_t k = 0; k < 8; k++) {
                        sample(&l, table[i].committed[k], table[i].end[k]);
                        if (is_stuck(&l) || l.changes.n > 0)
                                fail_msg("one that %s is stuck at sample %zu", table[i].what, k);
                }
                end(&l);
        }
}

static void test_what_was_deleted_unread_is_no_lag(void **state) {
        static const char *const names[] = { "orders" };
        struct kafka_lag_partition p = { .topic = (char *) "t", .committed = 5, .begin = 90, .end = 100 };
        const struct kafka_lag_group g = { .partitions = &p, .n_partitions = 1 };
        struct looks l;

        (void) state;
        begin(&l);
        look(&l, names, &g, 1, &w);
        assert_int_equal(l.v.list[0].lag, 10);
        p.begin = 100;
        look(&l, names, &g, 1, &w);
        assert_int_equal(l.v.list[0].lag, 0);
        assert_int_equal(l.v.list[0].n_partitions, 0);
        end(&l);
}

/* One connector that has never committed anything. */
static void sample_uncommitted(struct looks *l, int64_t at_begin, int64_t at_end) {
        static const char *const names[] = { "orders" };
        struct kafka_lag_partition p = {
                .topic = (char *) "t", .id = 3, .committed = -1, .begin = at_begin, .end = at_end
        };
        const struct kafka_lag_group g = { .partitions = &p, .n_partitions = 1 };

        l->now += MIN_;
        look(l, names, &g, 1, &w);
}

static void test_one_that_is_stuck_on_its_first_record_is_found(void **state) {
        struct looks l;

        (void) state;
        begin(&l);
        sample_uncommitted(&l, 40, 40); /* nothing to read yet */
        assert_int_equal(l.v.list[0].n_partitions, 0);
        for (int64_t i = 0; i <= 5; i++) {
                assert_false(is_stuck(&l));
                sample_uncommitted(&l, 40, 50 + 10 * i);
                assert_int_equal(l.v.list[0].lag, 10 + 10 * i);
        }
        assert_true(is_stuck(&l));
        assert_int_equal(l.changes.n, 1);
        assert_int_equal(l.changes.list[0].committed, -1);
        _cleanup_(event_freep) struct event *e = narrate_lag(&l.changes.list[0]);
        assert_non_null(e);
        assert_string_equal(
                e->message,
                "connector orders is RUNNING, but stuck: nothing was ever committed of partition 3 "
                "of topic t, for 5min now, while its lag grew from 10 to 60");
        sample(&l, 41, 100); /* its first commit */
        assert_int_equal(l.changes.n, 1);
        assert_int_equal(l.changes.list[0].type, LAG_RECOVERED);
        end(&l);
}

static void test_a_first_commit_and_what_stands_still_uncommitted_are_not_stuck(void **state) {
        struct looks l;

        (void) state;
        begin(&l);
        for (int64_t i = 0; i < 4; i++)
                sample_uncommitted(&l, 0, 10 + i);
        for (int64_t i = 0; i < 5; i++) {
                sample(&l, 1, 20 + i);
                assert_false(is_stuck(&l));
        }
        end(&l);

        begin(&l);
        for (int64_t i = 0; i < 10; i++) {
                sample_uncommitted(&l, 0, 10);
                assert_false(is_stuck(&l));
        }
        end(&l);
}

/* Retention takes from the lag what will never be read now: nothing got on by that. */
static void test_what_is_deleted_of_the_lag_is_no_progress(void **state) {
        static const char *const names[] = { "orders" };
        struct kafka_lag_partition p = { .topic = (char *) "t", .id = 3, .committed = 100, .end = 170 };
        const struct kafka_lag_group g = { .partitions = &p, .n_partitions = 1 };
        struct looks l;

        (void) state;
        stick(&l);
        for (p.begin = 120; p.begin <= 165; p.begin += 15, p.end++) {
                l.now += MIN_;
                look(&l, names, &g, 1, &w);
                assert_true(is_stuck(&l));
                assert_int_equal(l.changes.n, 0);
        }
        p.begin = p.end;
        l.now += MIN_;
        look(&l, names, &g, 1, &w);
        assert_int_equal(l.changes.n, 1);
        assert_int_equal(l.changes.list[0].type, LAG_RECOVERED);
        end(&l);
}

/* Where its leader was silent, or there was no time left to ask. */
static void test_an_end_that_was_not_told_is_no_progress(void **state) {
        struct looks l;

        (void) state;
        stick(&l);
        for (unsigned i = 0; i < 3; i++) {
                sample(&l, 100, -1);
                assert_true(is_stuck(&l));
                assert_int_equal(l.changes.n, 0);
                assert_int_equal(l.v.list[0].lag, 60);
        }
        sample(&l, 100, 300);
        assert_true(is_stuck(&l));
        sample(&l, 120, -1);
        assert_false(is_stuck(&l));
        end(&l);

        stick(&l);
        for (unsigned i = 0; i < 4; i++)
                sample(&l, 100, -1);
        assert_false(is_stuck(&l)); /* as of a topic that is gone */
        end(&l);

        begin(&l);
        for (int64_t i = 0; i <= 5; i++)
                sample(&l, 100, i % 2 == 0 ? 110 + i : -1);
        sample(&l, 100, 200);
        assert_true(is_stuck(&l));
        end(&l);
}

/* A broker may say anything. */
static void test_a_lag_beyond_all_numbers_is_as_large_as_can_be(void **state) {
        static const char *const names[] = { "orders" };
        struct kafka_lag_partition p[] = { { .topic = (char *) "t", .end = INT64_MAX },
                                           { .topic = (char *) "t", .id = 1, .end = INT64_MAX } };
        const struct kafka_lag_group g = { .partitions = p, .n_partitions = 2 };
        struct looks l;

        (void) state;
        begin(&l);
        look(&l, names, &g, 1, &w);
        assert_true(l.v.list[0].lag == INT64_MAX);
        end(&l);
}

static void test_off_it_only_counts(void **state) {
        static const char *const names[] = { "orders" };
        static const struct worker_settings off = { .lag_interval_usec = MIN_ };
        struct looks l;

        (void) state;
        begin(&l);
        for (int64_t i = 1; i < 100; i++, l.now += MIN_) {
                struct kafka_lag_partition p = { .topic = (char *) "t", .committed = 0, .end = i };
                const struct kafka_lag_group g = { .partitions = &p, .n_partitions = 1 };

                look(&l, names, &g, 1, &off);
                assert_int_equal(l.v.list[0].lag, i);
                assert_false(is_stuck(&l));
        }
        end(&l);
}

/* Kafka, the worker or the agent was away. */
static void test_looks_that_are_missing_begin_the_time_anew(void **state) {
        struct looks l;

        (void) state;
        begin(&l);
        sample(&l, 100, 110);
        sample(&l, 100, 120);
        l.now += 20 * MIN_;
        for (int64_t i = 0; i < 5; i++) {
                sample(&l, 100, 500 + i);
                assert_false(is_stuck(&l));
        }
        sample(&l, 100, 600);
        assert_true(is_stuck(&l));
        l.now += 20 * MIN_; /* what is stuck stays so */
        sample(&l, 100, 700);
        assert_true(is_stuck(&l));
        assert_int_equal(l.changes.n, 0);
        end(&l);
}

static void test_a_group_that_cannot_be_asked_stays_as_it_was(void **state) {
        static const char *const names[] = { "orders" };
        const struct kafka_lag_group refused = { .error = KAFKA_UNAUTHORIZED };
        struct looks l;

        (void) state;
        stick(&l);
        l.now += MIN_;
        look(&l, names, &refused, 1, &w);
        assert_int_equal(l.changes.n, 0);
        assert_true(is_stuck(&l));
        assert_int_equal(l.v.list[0].n_partitions, 1);
        sample(&l, 100, 900);
        assert_int_equal(l.changes.n, 0);
        end(&l);

        begin(&l);
        look(&l, names, &refused, 1, &w);
        assert_false(is_stuck(&l));
        end(&l);
}

static void test_one_that_is_asked_no_more_is_told(void **state) {
        struct looks l;

        (void) state;
        stick(&l);
        look(&l, NULL, NULL, 0, &w);
        assert_int_equal(l.changes.n, 1);
        assert_int_equal(l.changes.list[0].type, LAG_NOT_RUNNING);
        _cleanup_(event_freep) struct event *e = narrate_lag(&l.changes.list[0]);
        assert_non_null(e);
        assert_int_equal(e->priority, LOG_NOTICE);
        assert_int_equal(l.v.n, 0);
        end(&l);
}

static void test_of_many_the_worst_partition_is_told_and_few_are_kept(void **state) {
        static const char *const names[] = { "b", "a" };
        struct kafka_lag_partition p[LAG_PARTITIONS_MAX + 10] = {}, moving = { .topic = (char *) "t" };
        struct looks l;

        (void) state;
        begin(&l);
        for (int64_t i = 0; i <= 5; i++, l.now += MIN_) {
                const struct kafka_lag_group groups[] = { { .partitions = p, .n_partitions = ELEMENTSOF(p) },
                                                          { .partitions = &moving, .n_partitions = 1 } };

                for (size_t k = 0; k < ELEMENTSOF(p); k++)
                        p[k] = (struct kafka_lag_partition) { .topic = (char *) "t",
                                                              .id = (int32_t) k,
                                                              .end = 1 + i * (k == 7 ? 9 : 1) };
                moving.committed = i;
                moving.end = 2 * i + 1;
                look(&l, names, groups, 2, &w);
        }
        assert_int_equal(l.v.n, 2);
        assert_string_equal(l.v.list[0].name, "a");
        assert_int_equal(l.v.list[0].stuck_since_usec, 0);
        assert_int_equal(l.v.list[1].n_partitions, LAG_PARTITIONS_MAX);
        assert_int_equal(l.v.list[1].lag, 46 + 6 * (ELEMENTSOF(p) - 1));
        assert_int_equal(l.changes.n, 1);
        assert_string_equal(l.changes.list[0].connector, "b");
        assert_int_equal(l.changes.list[0].partition, 7);
        assert_int_equal(l.changes.list[0].n_stuck, LAG_PARTITIONS_MAX);
        end(&l);
}

static void test_a_worker_is_degraded_while_one_is_stuck(void **state) {
        struct observation o = { .outcome = OUTCOME_OK, .reason = REASON_HEALTHY };
        struct looks l;

        (void) state;
        begin(&l);
        lag_weigh(&l.v, &o);
        sample(&l, 100, 110);
        lag_weigh(&l.v, &o);
        assert_int_equal(o.outcome, OUTCOME_OK);
        end(&l);

        stick(&l);
        lag_weigh(&l.v, &o);
        assert_int_equal(o.outcome, OUTCOME_DEGRADED);
        assert_int_equal(o.reason, REASON_CONNECTOR_STUCK);
        assert_string_equal(o.detail, "connector orders");
        o = (struct observation) { .outcome = OUTCOME_FAILING, .reason = REASON_TIMEOUT };
        lag_weigh(&l.v, &o);
        assert_int_equal(o.outcome, OUTCOME_FAILING);
        end(&l);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_lag_that_grows_while_nothing_is_committed_is_stuck),
                cmocka_unit_test(test_what_is_not_stuck),
                cmocka_unit_test(test_what_was_deleted_unread_is_no_lag),
                cmocka_unit_test(test_one_that_is_stuck_on_its_first_record_is_found),
                cmocka_unit_test(test_a_first_commit_and_what_stands_still_uncommitted_are_not_stuck),
                cmocka_unit_test(test_what_is_deleted_of_the_lag_is_no_progress),
                cmocka_unit_test(test_an_end_that_was_not_told_is_no_progress),
                cmocka_unit_test(test_a_lag_beyond_all_numbers_is_as_large_as_can_be),
                cmocka_unit_test(test_off_it_only_counts),
                cmocka_unit_test(test_looks_that_are_missing_begin_the_time_anew),
                cmocka_unit_test(test_a_group_that_cannot_be_asked_stays_as_it_was),
                cmocka_unit_test(test_one_that_is_asked_no_more_is_told),
                cmocka_unit_test(test_of_many_the_worst_partition_is_told_and_few_are_kept),
                cmocka_unit_test(test_a_worker_is_degraded_while_one_is_stuck),
        };

        return cmocka_run_group_tests_name("lag", tests, NULL, NULL);
}
