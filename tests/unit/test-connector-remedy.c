/* Backoff and limit of a connector's restarts, and which way of restarting a worker knows. */
#include <errno.h>
#include <stdio.h>

#include "act/connector.h"
#include "judge-scene.h"
#include "judge/connector_remedy.h"

#define MINUTE USEC_PER_MINUTE

struct fixture {
        struct worker_settings w;
        struct connector_attempts attempts;
        struct connectors_view *view;
        usec_t now;
};

/* A view in which just these have failed, all of them here; "-x": one on another worker. */
static void see_failed(struct fixture *f, const char *const *names) {
        struct connector_changes changes = { 0 };

        connectors_view_free(f->view);
        f->view = calloc(1, sizeof(*f->view));
        assert_non_null(f->view);
        for (; *names; names++) {
                const char *where = **names == '-' ? "b:1" : "a:1";
                const struct connector_status s = { .name = *names,
                                                    .type = "",
                                                    .connector = { -1, CONNECTOR_FAILED, where, "" } };

                assert_int_equal(connectors_view_add(f->view, &f->w, &s, f->now), 0);
        }
        assert_int_equal(connectors_view_finish(f->view, NULL, &f->w, f->now, &changes), 0);
        connector_changes_done(&changes);
        (void) connector_remedy_credit(&f->attempts, f->view, &f->w, f->now);
}
#define FAILED(f, ...) see_failed((f), (const char *const[]) { __VA_ARGS__ })

static void setup(struct fixture *f) {
        *f = (struct fixture) { .now = 1000 * USEC_PER_HOUR };
        scene_settings(&f->w);
        f->w.unhealthy_states = connector_state_bit(CONNECTOR_FAILED);
        f->w.worker_id = (char *) "A:1";
        f->w.connector_restart_limit = 7;
}

static void teardown(struct fixture *f) {
        connectors_view_free(f->view);
        connector_attempts_done(&f->attempts);
}

static const char *next(struct fixture *f, enum connector_remedy_action *ret) {
        struct connector_decision d;

        connector_remedy_decide(&f->attempts, f->view, &f->w, f->now, 0, &d);
        *ret = d.action;
        return d.connector ? d.connector->name : NULL;
}

static void assert_next(struct fixture *f, const char *name) {
        enum connector_remedy_action action;
        const char *found = next(f, &action);

        assert_int_equal(action, name ? CONNECTOR_REMEDY_RESTART : CONNECTOR_REMEDY_NONE);
        if (name)
                assert_string_equal(found, name);
}

static void test_the_pauses_are_strimzis(_unused_ void **state) {
        static const unsigned minutes[] = { 2, 6, 12, 20, 30, 42, 56, 60, 60 };
        struct fixture f;

        setup(&f);
        f.w.connector_restart_limit = 1000;
        FAILED(&f, "x", NULL);
        for (size_t i = 0; i < ELEMENTSOF(minutes); i++) {
                assert_next(&f, "x");
                assert_int_equal(connector_remedy_charge(&f.attempts, "x", f.now), 0);
                f.now += minutes[i] * MINUTE - 1;
                FAILED(&f, "x", NULL);
                assert_next(&f, NULL);
                f.now++;
                FAILED(&f, "x", NULL);
        }
        teardown(&f);
}

static void test_seven_and_then_a_person(_unused_ void **state) {
        enum connector_remedy_action action;
        struct fixture f;

        setup(&f);
        FAILED(&f, "x", NULL);
        for (unsigned i = 0; i < 7; i++) {
                assert_next(&f, "x");
                assert_int_equal(connector_remedy_charge(&f.attempts, "x", f.now), 0);
                f.now += USEC_PER_HOUR;
        }
        (void) next(&f, &action);
        assert_int_equal(action, CONNECTOR_REMEDY_EXHAUSTED);
        connector_attempts_get(&f.attempts, "x")->exhausted = true;
        f.now += 100 * USEC_PER_HOUR;
        assert_next(&f, NULL);

        /* A higher limit gives it more; the end of those is told again. */
        f.w.connector_restart_limit = 8;
        assert_next(&f, "x");
        assert_int_equal(connector_remedy_charge(&f.attempts, "x", f.now), 0);
        f.now += USEC_PER_HOUR;
        (void) next(&f, &action);
        assert_int_equal(action, CONNECTOR_REMEDY_EXHAUSTED);
        teardown(&f);
}

static void test_only_health_for_longer_than_its_pause_counts(_unused_ void **state) {
        struct fixture f;

        setup(&f);
        FAILED(&f, "x", NULL);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(connector_remedy_charge(&f.attempts, "x", f.now), 0);

        /* Well for 12 minutes, the pause after the third, and not a moment longer. */
        FAILED(&f, NULL);
        f.now += 12 * MINUTE;
        FAILED(&f, NULL);
        FAILED(&f, "x", NULL);
        assert_int_equal(connector_attempts_find(&f.attempts, "x")->n, 3);
        f.now += MINUTE;
        FAILED(&f, NULL);
        f.now += 12 * MINUTE;
        FAILED(&f, NULL);
        assert_non_null(connector_attempts_find(&f.attempts, "x"));
        f.now++;
        FAILED(&f, NULL);
        assert_null(connector_attempts_find(&f.attempts, "x"));
        FAILED(&f, "x", NULL);
        assert_next(&f, "x");
        teardown(&f);
}

static void test_others_do_not_wait_for_one(_unused_ void **state) {
        struct fixture f;

        setup(&f);
        FAILED(&f, "b", "-elsewhere", "a", "c", NULL);
        assert_next(&f, "a");
        assert_int_equal(connector_remedy_charge(&f.attempts, "a", f.now), 0);
        assert_next(&f, "b");
        assert_int_equal(connector_remedy_charge(&f.attempts, "b", f.now), 0);
        assert_next(&f, "c");
        assert_int_equal(connector_remedy_charge(&f.attempts, "c", f.now), 0);
        assert_next(&f, NULL);
        teardown(&f);
}

static void test_what_came_to_nothing_costs_nothing(_unused_ void **state) {
        usec_t first;
        struct fixture f;

        setup(&f);
        FAILED(&f, "x", NULL);
        first = f.now;
        assert_int_equal(connector_remedy_charge(&f.attempts, "x", first), 0);
        f.now += 2 * MINUTE;
        assert_int_equal(connector_remedy_charge(&f.attempts, "x", f.now), 0);
        connector_remedy_refund(&f.attempts, "x", first, f.now + 10 * USEC_PER_SEC);
        assert_next(&f, NULL);
        f.now += 10 * USEC_PER_SEC;
        assert_next(&f, "x");
        assert_int_equal(connector_attempts_find(&f.attempts, "x")->n, 1);
        connector_remedy_refund(&f.attempts, "never", 0, 0);
        teardown(&f);
}

static void test_the_cap_is_the_operators(_unused_ void **state) {
        struct fixture f;

        setup(&f);
        f.w.backoff_max_usec = 5 * MINUTE;
        FAILED(&f, "x", NULL);
        for (unsigned i = 0; i < 6; i++)
                assert_int_equal(connector_remedy_charge(&f.attempts, "x", f.now), 0);
        f.now += 5 * MINUTE;
        assert_next(&f, "x");
        teardown(&f);
}

static void test_versions(_unused_ void **state) {
        static const struct {
                const char *text;
                int has_flags;
        } cases[] = {
                { "{\"version\":\"4.1.1\",\"commit\":\"x\"}", 1 },
                { "{\"version\":\"3.0.0\"}", 1 },
                { "{\"version\":\"10.0.0\"}", 1 },
                { "{\"version\":\"2.8.1\"}", 0 },
                { "{\"version\":\"6.2.1-ccs\"}", 0 },
                { "{\"version\":\"6.2.1-ce\"}", 0 },
                { "{\"version\":\"7.0.0-ccs\"}", 1 },
                { "{\"version\":\"3.4.1.7.1.9.0-387\"}", 1 },
                { "{\"version\":\"unknown\"}", -EBADMSG },
                { "{\"version\":4}", -EBADMSG },
                { "{}", -EBADMSG },
                { "", -EBADMSG },
                { "[]", -EBADMSG },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (connector_version_has_flags(cases[i].text, strlen(cases[i].text)) != cases[i].has_flags)
                        fail_msg("%s", cases[i].text);
}

/* Each is considered once: every one anew for each would hold the loop for hours. */
static void test_a_great_many_at_once(void **state _unused_) {
        enum { MANY = 20000 };
        struct connector_decision d = {};
        char names[MANY][16];
        const char *list[MANY + 1] = {};
        struct fixture f;
        size_t n = 0;

        setup(&f);
        for (size_t i = 0; i < MANY; i++) {
                (void) snprintf(names[i], sizeof(names[i]), "c%zu", (i * 7919) % MANY);
                list[i] = names[i];
        }
        see_failed(&f, list);
        for (;; n++) {
                connector_remedy_decide(&f.attempts, f.view, &f.w, f.now, d.next, &d);
                if (d.action != CONNECTOR_REMEDY_RESTART)
                        break;
                assert_int_equal(connector_remedy_charge(&f.attempts, d.connector->name, f.now), 0);
        }
        assert_int_equal(n, MANY);
        for (size_t i = 0; i < MANY; i++)
                assert_int_equal(connector_attempts_find(&f.attempts, names[i])->n, 1);
        teardown(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_pauses_are_strimzis),
                cmocka_unit_test(test_seven_and_then_a_person),
                cmocka_unit_test(test_only_health_for_longer_than_its_pause_counts),
                cmocka_unit_test(test_others_do_not_wait_for_one),
                cmocka_unit_test(test_what_came_to_nothing_costs_nothing),
                cmocka_unit_test(test_the_cap_is_the_operators),
                cmocka_unit_test(test_a_great_many_at_once),
                cmocka_unit_test(test_versions),
        };

        return cmocka_run_group_tests_name("connector-remedy", tests, NULL, NULL);
}
