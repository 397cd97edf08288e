/* The rules against what kafka-connect-healthcheck 0.3.0 documents and does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "observe/connector_rules.h"

#define HERE "10.0.0.1:8083"
#define ELSEWHERE "10.0.0.2:8083"

static const struct connector_part tasks[] = {
        { .id = 0, .state = CONNECTOR_RUNNING, .worker_id = HERE, .trace = "" },
        { .id = 1, .state = CONNECTOR_FAILED, .worker_id = HERE, .trace = "t" },
        { .id = 2, .state = CONNECTOR_FAILED, .worker_id = ELSEWHERE, .trace = "t" },
        { .id = 3, .state = CONNECTOR_PAUSED, .worker_id = ELSEWHERE, .trace = "" },
};

/* One that runs elsewhere, with four tasks; one that has failed here, without any. */
static const struct connector_status connectors[] = {
        { .name = "a", .connector = { -1, CONNECTOR_RUNNING, ELSEWHERE, "" }, .tasks = tasks, .n_tasks = 4 },
        { .name = "b", .connector = { -1, CONNECTOR_FAILED, HERE, "t" } },
};

static struct worker_settings defaults(void) {
        return (struct worker_settings) {
                .unhealthy_states = connector_state_bit(CONNECTOR_FAILED),
                .considered = CONSIDER_CONNECTOR | CONSIDER_TASK,
        };
}

static struct connector_tally count(const struct worker_settings *w, size_t n) {
        struct connector_tally t = { 0 };

        for (size_t i = 0; i < n; i++)
                connector_rules_count(&t, w, &connectors[i]);
        return t;
}

static void test_any_failure_is_unhealthy_by_default(_unused_ void **state) {
        struct worker_settings w = defaults();
        struct connector_tally t = count(&w, 2);

        assert_int_equal(t.n_connectors, 2);
        assert_int_equal(t.n_tasks, 4);
        assert_int_equal(t.connectors_failed, 1);
        assert_int_equal(t.tasks_failed, 2);
        assert_int_equal(t.tasks[CONNECTOR_FAILED], 2);
        assert_int_equal(t.connectors[CONNECTOR_RUNNING], 1);
        assert_true(connector_rules_unhealthy(&t, &w));
        assert_false(connector_rules_wants_broker_check(&t));
}

static void test_nothing_to_consider_is_healthy(_unused_ void **state) {
        struct worker_settings w = defaults();
        struct connector_tally t = { 0 };

        assert_false(connector_rules_unhealthy(&t, &w));
        assert_false(connector_rules_wants_broker_check(&t));
        w.considered = CONSIDER_TASK;
        connector_rules_count(&t, &w, &connectors[1]);
        assert_false(connector_rules_unhealthy(&t, &w));
}

static void test_states_that_count(_unused_ void **state) {
        struct worker_settings w = defaults();
        struct connector_tally t;

        w.unhealthy_states |= connector_state_bit(CONNECTOR_PAUSED);
        t = count(&w, 2);
        assert_int_equal(t.tasks_failed, 3);
        w.unhealthy_states = connector_state_bit(CONNECTOR_STOPPED);
        t = count(&w, 2);
        assert_int_equal(t.tasks_failed + t.connectors_failed, 0);
        assert_false(connector_rules_unhealthy(&t, &w));
}

static void test_considered_containers(_unused_ void **state) {
        struct worker_settings w = defaults();
        struct connector_tally t;

        w.considered = CONSIDER_CONNECTOR;
        t = count(&w, 2);
        assert_int_equal(t.connectors_failed, 1);
        assert_int_equal(t.tasks_failed, 0);

        /* Its flag for "on this worker" is only set where connectors are considered. */
        w.considered = CONSIDER_TASK;
        t = count(&w, 2);
        assert_int_equal(t.connectors_failed, 0);
        assert_int_equal(t.tasks_failed, 2);
        assert_true(connector_rules_wants_broker_check(&t));
}

static void test_worker_id_filters_failures_whatever_its_capitals(_unused_ void **state) {
        static const struct connector_part p = { .worker_id = "Connect-1.Example:8083" };
        struct worker_settings w = defaults();
        struct connector_tally t;

        w.worker_id = (char *) ELSEWHERE;
        t = count(&w, 2);
        assert_int_equal(t.connectors_failed, 0);
        assert_int_equal(t.tasks_failed, 1);
        w.worker_id = (char *) "connect-1.example:8083";
        assert_true(connector_rules_here(&w, &p));
        w.worker_id = (char *) "connect-1.example:808";
        assert_false(connector_rules_here(&w, &p));
}

static void test_the_threshold_is_of_the_whole_cluster(_unused_ void **state) {
        struct worker_settings w = defaults();
        struct connector_tally t;

        w.worker_id = (char *) HERE; /* two failures of six in all */
        t = count(&w, 2);
        w.failure_threshold = 33;
        assert_true(connector_rules_unhealthy(&t, &w));
        w.failure_threshold = 34;
        assert_false(connector_rules_unhealthy(&t, &w));

        /* Exactly as many as allowed is healthy. */
        t = (struct connector_tally) { .n_tasks = 100, .tasks_failed = 7 };
        w.failure_threshold = 7;
        assert_false(connector_rules_unhealthy(&t, &w));
        t.tasks_failed = 8;
        assert_true(connector_rules_unhealthy(&t, &w));
        w.failure_threshold = 100;
        t.tasks_failed = 100;
        assert_false(connector_rules_unhealthy(&t, &w));
}

static void test_a_worker_without_connectors_is_asked_for_one(_unused_ void **state) {
        struct worker_settings w = defaults();
        struct connector_tally t;

        w.worker_id = (char *) HERE;
        t = count(&w, 1);
        assert_true(connector_rules_wants_broker_check(&t));
        t = count(&w, 2);
        assert_false(connector_rules_wants_broker_check(&t));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_any_failure_is_unhealthy_by_default),
                cmocka_unit_test(test_nothing_to_consider_is_healthy),
                cmocka_unit_test(test_states_that_count),
                cmocka_unit_test(test_considered_containers),
                cmocka_unit_test(test_worker_id_filters_failures_whatever_its_capitals),
                cmocka_unit_test(test_the_threshold_is_of_the_whole_cluster),
                cmocka_unit_test(test_a_worker_without_connectors_is_asked_for_one),
        };

        return cmocka_run_group_tests_name("connector-rules", tests, NULL, NULL);
}
