/* What is wrong with connectors, and what changed between two looks; what a worker is taken for because of
 * it; and that this never leads to a restart. */
#include <errno.h>
#include <syslog.h>

#include "judge-scene.h"
#include "judge/connectors.h"
#include "report/narrate_connectors.h"
#include "util/text.h"

#define HERE "a:8083"

/* "name" or "name/task": the state of each part of a small cluster, as a test writes it. */
struct part {
        const char *connector;
        int64_t task; /* -1: the connector itself */
        enum connector_state state;
        const char *worker_id, *trace;
};

struct cluster {
        struct worker_settings w;
        struct connectors_view *view;
        struct connector_changes changes;
        usec_t now;
        char said[4096]; /* the sentences of the changes */
};

static void setup(struct cluster *c) {
        *c = (struct cluster) { .now = USEC_PER_HOUR };
        scene_settings(&c->w);
        c->w.connectors = true;
        c->w.unhealthy_states = connector_state_bit(CONNECTOR_FAILED);
        c->w.considered = CONSIDER_CONNECTOR | CONSIDER_TASK;
        c->w.rebalance_delay_usec = 5 * USEC_PER_MINUTE;
}

static void teardown(struct cluster *c) {
        connectors_view_free(c->view);
}

static void add(struct cluster *c, struct connectors_view *v, const struct part *parts, size_t n) {
        struct connector_part tasks[64];
        struct connector_status s = { .name = parts[0].connector, .type = "" };

        for (size_t i = 0; i < n; i++) {
                struct connector_part p = { parts[i].task, parts[i].state,
                                            parts[i].worker_id ? parts[i].worker_id : HERE,
                                            strempty(parts[i].trace) };

                if (p.id < 0)
                        s.connector = p;
                else
                        tasks[s.n_tasks++] = p;
        }
        s.tasks = tasks;
        connector_rules_count(&v->tally, &c->w, &s);
        assert_int_equal(connectors_view_add(v, &c->w, &s, c->now), 0);
}

/* One look, n parts: those of one connector stand together, the connector itself first. */
static void look(struct cluster *c, const struct part *parts, size_t n) {
        struct connectors_view *v = calloc(1, sizeof(*v)), *before = c->view;

        assert_non_null(v);
        for (size_t i = 0, k; i < n; i = k) {
                for (k = i + 1; k < n && streq(parts[k].connector, parts[i].connector); k++)
                        ;
                add(c, v, parts + i, k - i);
        }
        assert_int_equal(connectors_view_finish(v, before, &c->w, c->now, &c->changes), 0);
        c->said[0] = '\0';
        for (size_t i = 0; i < c->changes.n; i++) {
                struct event *e = narrate_connector_change(&c->changes.list[i], c->now);

                assert_non_null(e);
                text_append(c->said, sizeof(c->said), "%s%s", i > 0 ? "\n" : "", e->message);
                event_free(e);
        }
        connector_changes_done(&c->changes);
        connectors_view_free(before);
        c->view = v;
        c->now += 30 * USEC_PER_SEC;
}

#define LOOK(c, ...)                                                                                        \
        look((c), (const struct part[]) { __VA_ARGS__ }, ELEMENTSOF(((const struct part[]) { __VA_ARGS__ })))
#define UP(name)                                                                                            \
        { name, -1, CONNECTOR_RUNNING, NULL, NULL }
#define TASK(name, id, state)                                                                               \
        { name, id, CONNECTOR_##state, NULL, NULL }

static void test_a_failure_is_told_once_and_its_end(_unused_ void **state) {
        struct cluster c;

        setup(&c);
        LOOK(&c, UP("b"), TASK("b", 0, RUNNING), UP("a"), TASK("a", 0, RUNNING));
        assert_string_equal(c.said, "");
        assert_int_equal(c.view->n, 0);
        LOOK(&c, UP("b"), { "b", 0, CONNECTOR_FAILED, "w:1", "java.lang.X: y\n\tat z" }, UP("a"),
             TASK("a", 0, RUNNING));
        assert_string_equal(c.said, "task 0 of connector b is FAILED on w:1: java.lang.X: y");
        assert_string_equal(c.view->list[0].troubles[0].trace, "java.lang.X: y\n\tat z");
        LOOK(&c, UP("b"), TASK("b", 0, FAILED), { "a", -1, CONNECTOR_FAILED, NULL, NULL });
        assert_string_equal(c.said, "connector a is FAILED on a:8083");
        LOOK(&c, UP("b"), TASK("b", 0, RUNNING), { "a", -1, CONNECTOR_FAILED, NULL, NULL });
        assert_string_equal(c.said, "task 0 of connector b is no longer FAILED, after 1min");
        LOOK(&c, UP("b"), TASK("b", 0, RUNNING)); /* deleted */
        assert_string_equal(c.said, "connector a is no longer FAILED, after 1min");
        teardown(&c);
}

static void test_unassigned_and_without_tasks_only_after_the_delay(_unused_ void **state) {
        struct cluster c;

        setup(&c);
        for (int i = 0; i < 10; i++) {
                LOOK(&c, UP("a"), TASK("a", 0, UNASSIGNED), UP("b"),
                     { "c", -1, CONNECTOR_STOPPED, NULL, NULL });
                assert_string_equal(c.said, "");
        }
        LOOK(&c, UP("a"), TASK("a", 0, UNASSIGNED), UP("b"));
        assert_string_equal(c.said, "task 0 of connector a has been UNASSIGNED for 5min: no worker runs it\n"
                                    "connector b runs, but has not had a single task for 5min");
        LOOK(&c, UP("a"), TASK("a", 0, UNASSIGNED), UP("b"));
        assert_string_equal(c.said, "");
        LOOK(&c, UP("a"), TASK("a", 0, RUNNING), UP("b"), TASK("b", 0, RUNNING));
        assert_string_equal(c.said, "task 0 of connector a is no longer UNASSIGNED, after 6min\n"
                                    "connector b is no longer without a task, after 6min");
        /* What was over before it was told, nobody has to know. */
        LOOK(&c, UP("a"), TASK("a", 0, UNASSIGNED));
        LOOK(&c, UP("a"), TASK("a", 0, RUNNING));
        assert_string_equal(c.said, "");
        assert_int_equal(c.view->n, 0);
        teardown(&c);
}

static void test_from_unassigned_to_failed_both_count(_unused_ void **state) {
        struct cluster c;

        setup(&c);
        LOOK(&c, UP("a"), TASK("a", 0, FAILED));
        LOOK(&c, UP("a"), TASK("a", 0, UNASSIGNED));
        assert_string_equal(c.said, "task 0 of connector a is no longer FAILED, after 30s");
        LOOK(&c, UP("a"), TASK("a", 0, FAILED));
        assert_string_equal(c.said, "task 0 of connector a is FAILED on a:8083");
        teardown(&c);
}

static void test_other_workers_failures_are_theirs_to_tell(_unused_ void **state) {
        struct cluster c;

        setup(&c);
        c.w.worker_id = (char *) "A:8083";
        LOOK(&c, UP("a"), { "a", 0, CONNECTOR_FAILED, "b:8083", NULL },
             { "b", -1, CONNECTOR_FAILED, "b:8083", NULL });
        assert_string_equal(c.said, "");
        /* Yet whoever the connector belongs to must know that a task of it has failed. */
        assert_non_null(connectors_view_find(c.view, "a"));
        assert_true(connectors_view_find(c.view, "a")->here && connectors_view_find(c.view, "a")->failed);
        assert_false(connectors_view_find(c.view, "b")->here);
        teardown(&c);
}

static void test_many_troubles_are_found_again(_unused_ void **state) {
        static struct part parts[20 * 51];
        char names[20][8];
        struct cluster c;

        setup(&c);
        for (size_t i = 0; i < 20; i++) {
                (void) snprintf(names[i], sizeof(names[i]), "c%zu", i * 7919 % 20);
                for (size_t k = 0; k <= 50; k++)
                        parts[i * 51 + k] = (struct part) { names[i], (int64_t) ((k * 31) % 51) - 1,
                                                            CONNECTOR_FAILED, NULL, "trace" };
        }
        look(&c, parts, ELEMENTSOF(parts));
        assert_int_equal(c.view->n, 20);
        LOOK(&c, UP("none"), TASK("none", 0, RUNNING));
        look(&c, parts, ELEMENTSOF(parts));
        look(&c, parts, ELEMENTSOF(parts));
        assert_string_equal(c.said, "");
        teardown(&c);
}

static void test_traces_are_kept_as_far_as_there_is_room(_unused_ void **state) {
        static char trace[16000];
        struct connectors_view *v;
        struct cluster c;
        size_t kept = 0;

        setup(&c);
        memset(trace, 'x', sizeof(trace) - 1);
        v = calloc(1, sizeof(*v));
        assert_non_null(v);
        for (int i = 0; i < 200; i++) {
                char name[16];

                (void) snprintf(name, sizeof(name), "c%d", i);
                add(&c, v, &(struct part) { name, -1, CONNECTOR_FAILED, NULL, trace }, 1);
        }
        for (size_t i = 0; i < v->n; i++)
                kept += v->list[i].troubles[0].trace ? 1 : 0;
        assert_int_equal(kept, 1024 * 1024 / (sizeof(trace) - 1));
        connectors_view_free(v);
}

/* ---- degraded ---- */

static struct observation weigh(const struct cluster *c) {
        struct observation o = { .outcome = OUTCOME_OK, .reason = REASON_HEALTHY };

        connectors_weigh(c->view, &c->w, &o);
        return o;
}

static void test_what_makes_degraded(_unused_ void **state) {
        struct observation o;
        struct cluster c;

        setup(&c);
        assert_int_equal(weigh(&c).outcome, OUTCOME_OK); /* nothing is known yet */
        LOOK(&c, UP("a"), TASK("a", 0, FAILED), TASK("a", 1, FAILED),
             { "b", -1, CONNECTOR_FAILED, NULL, NULL }, UP("c"), TASK("c", 0, UNASSIGNED), UP("d"),
             TASK("d", 3, FAILED), UP("e"), TASK("e", 0, FAILED), UP("f"), TASK("f", 0, FAILED));
        o = weigh(&c);
        assert_int_equal(o.outcome, OUTCOME_DEGRADED);
        assert_int_equal(o.reason, REASON_CONNECTORS_FAILED);
        assert_string_equal(
                o.detail, "task 0 of a with 1 more of it, connector b, task 3 of d and 2 other connectors");

        c.w.failure_threshold = 60;
        assert_int_equal(weigh(&c).outcome, OUTCOME_OK);
        c.view->broker_failed = true;
        o = weigh(&c);
        assert_int_equal(o.outcome, OUTCOME_DEGRADED);
        assert_int_equal(o.reason, REASON_CONNECTOR_UNREADABLE);

        /* A worker that fails, starts, or of which nothing can be told stays what it is. */
        static const enum outcome others[] = { OUTCOME_UNKNOWN, OUTCOME_STARTING, OUTCOME_FAILING };
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                o = (struct observation) { .outcome = others[i] };
                connectors_weigh(c.view, &c.w, &o);
                assert_int_equal(o.outcome, others[i]);
        }
        teardown(&c);
}

static struct cluster *failing;

static void poll_weighed(struct scene *s) {
        struct observation o = { .outcome = OUTCOME_OK, .reason = REASON_HEALTHY, .http_status = 200 };

        connectors_weigh(failing->view, &failing->w, &o);
        assert_int_equal(o.outcome, OUTCOME_DEGRADED);
        scene_observe(s, &o);
        assert_false(health_wants_remedy(&s->h, &s->w, s->now));
        assert_int_equal(s->h.state, STATE_DEGRADED);
}

static void test_all_failed_for_a_week_never_restarts_the_worker(_unused_ void **state) {
        struct cluster c;
        struct scene s;

        setup(&c);
        LOOK(&c, { "a", -1, CONNECTOR_FAILED, NULL, NULL }, TASK("a", 0, FAILED),
             { "b", -1, CONNECTOR_UNASSIGNED, NULL, NULL }, TASK("b", 0, UNASSIGNED));
        scene_init(&s);
        scene_ok(&s);
        failing = &c;
        scene_repeat(&s, poll_weighed, 10 * USEC_PER_SEC, 7 * USEC_PER_DAY);
        assert_int_equal(s.history.budget.n_restarts, 0);
        assert_int_equal(s.h.failures, 0);
        teardown(&c);
}

/* ---- many at once ---- */

static void test_a_storm_in_one_sentence(_unused_ void **state) {
        struct connector_trouble troubles[30] = { 0 };
        struct connector_changes changes = { 0 };
        struct troubled_connector connector = { .name = (char *) "orders" };
        struct connector_change list[30];
        struct event *e;
        bool listed = false;

        for (size_t i = 0; i < 30; i++) {
                troubles[i] = (struct connector_trouble) { .task = (int64_t) i,
                                                           .state = CONNECTOR_FAILED,
                                                           .worker_id = (char *) HERE,
                                                           .trace = (char *) "java.lang.X: y\nz" };
                list[i] = (struct connector_change) { i < 20 ? CHANGE_RECOVERED : CHANGE_FAILED, &connector,
                                                      &troubles[i] };
        }
        changes.list = list;
        changes.n = 30;
        e = narrate_connector_storm(&changes);
        assert_non_null(e);
        assert_string_equal(
                e->message,
                "30 connectors and tasks changed at once: 10 failed, 20 recovered; first task 20 of "
                "connector orders: java.lang.X: y");
        assert_int_equal(e->priority, LOG_ERR);
        STRV_FOREACH (f, e->fields)
                listed = listed ||
                         strstr(*f, "CONNECTORS=orders task 0 recovered\norders task 1 recovered\n");
        assert_true(listed);
        event_free(e);

        changes.n = 20;
        e = narrate_connector_storm(&changes);
        assert_non_null(e);
        assert_int_equal(e->priority, LOG_NOTICE);
        event_free(e);
}

static void add_sink(struct cluster *c,
                     const char *name,
                     const char *type,
                     enum connector_state state,
                     const char *where) {
        const struct connector_part task = { 0, CONNECTOR_RUNNING, HERE, "" };
        const struct connector_status s = { .name = name,
                                            .type = type,
                                            .connector = { -1, state, where, "" },
                                            .tasks = &task,
                                            .n_tasks = 1 };

        assert_int_equal(connectors_view_add(c->view, &c->w, &s, c->now), 0);
}

static void sinks_that_run_are_kept_for_their_lag(void **state) {
        static char here[] = HERE;
        struct cluster c;

        (void) state;
        setup(&c);
        c.view = calloc(1, sizeof(*c.view));
        assert_non_null(c.view);
        add_sink(&c, "unasked", "sink", CONNECTOR_RUNNING, HERE);
        assert_int_equal(c.view->n_sinks, 0);
        c.w.lag = true;
        add_sink(&c, "a", "sink", CONNECTOR_RUNNING, HERE);
        add_sink(&c, "source", "source", CONNECTOR_RUNNING, HERE);
        add_sink(&c, "paused", "sink", CONNECTOR_PAUSED, HERE);
        c.w.worker_id = here;
        add_sink(&c, "elsewhere", "sink", CONNECTOR_RUNNING, "b:8083");
        add_sink(&c, "b", "sink", CONNECTOR_RUNNING, HERE);
        assert_int_equal(c.view->n_sinks, 2);
        assert_string_equal(c.view->sinks[0], "a");
        assert_string_equal(c.view->sinks[1], "b");
        for (size_t i = 0; i < CONNECTOR_SINKS_MAX; i++)
                add_sink(&c, "many", "sink", CONNECTOR_RUNNING, HERE);
        assert_int_equal(c.view->n_sinks, CONNECTOR_SINKS_MAX);
        assert_int_equal(strv_length(c.view->sinks), CONNECTOR_SINKS_MAX);
        teardown(&c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_failure_is_told_once_and_its_end),
                cmocka_unit_test(test_unassigned_and_without_tasks_only_after_the_delay),
                cmocka_unit_test(test_from_unassigned_to_failed_both_count),
                cmocka_unit_test(test_other_workers_failures_are_theirs_to_tell),
                cmocka_unit_test(test_many_troubles_are_found_again),
                cmocka_unit_test(test_traces_are_kept_as_far_as_there_is_room),
                cmocka_unit_test(test_what_makes_degraded),
                cmocka_unit_test(test_all_failed_for_a_week_never_restarts_the_worker),
                cmocka_unit_test(test_a_storm_in_one_sentence),
                cmocka_unit_test(sinks_that_run_are_kept_for_their_lag),
        };

        return cmocka_run_group_tests_name("connectors-view", tests, NULL, NULL);
}
