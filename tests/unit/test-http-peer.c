/* GET / against what kafka-connect-healthcheck 0.3.0 answers for the same connectors. */

#include "document-scene.h"
#include "judge/connectors.h"
#include "observe/kind.h"
#include "util/json.h"

struct play {
        struct document_scene d;
        struct connectors_view *view;
};

static int set_up(void **state) {
        struct play *p = calloc(1, sizeof(*p));
        struct worker_settings *w;

        assert_non_null(p);
        document_scene_init(&p->d);
        p->d.snapshot.n_workers = 1;
        w = &p->d.judge.w;
        w->connectors = true;
        w->connectors_interval_usec = w->connectors_timeout_usec = 30 * USEC_PER_SEC;
        w->unhealthy_states = connector_state_bit(CONNECTOR_FAILED);
        w->considered = CONSIDER_CONNECTOR | CONSIDER_TASK;
        scene_ok(&p->d.judge);
        *state = p;
        return 0;
}

static int tear_down(void **state) {
        struct play *p = *state;

        connectors_view_free(p->view);
        document_scene_done(&p->d);
        free(p);
        return 0;
}

static struct connectors_view *new_view(void) {
        struct connectors_view *v = calloc(1, sizeof(*v));

        assert_non_null(v);
        return v;
}

static void see(struct play *p,
                const char *name,
                enum connector_state connector,
                enum connector_state task) {
        const struct connector_part parts[] = { { 0, task, "10.0.0.1:8083", "secret\n\tat x" },
                                                { 1, CONNECTOR_RUNNING, "10.0.0.2:8083", "" } };
        const struct connector_status c = {
                .name = name,
                .type = "sink",
                .connector = { -1, connector, "10.0.0.2:8083", "secret" },
                .tasks = parts,
                .n_tasks = ELEMENTSOF(parts),
        };

        connector_rules_count(&p->view->tally, &p->d.judge.w, &c);
        assert_int_equal(connectors_view_add(p->view, &p->d.judge.w, &c, p->d.judge.now), 0);
}

/* One look at these two connectors, of two tasks each. */
static void look(struct play *p, enum connector_state connector, enum connector_state task) {
        struct connector_changes changes = {};

        connectors_view_free(p->view);
        p->view = new_view();
        p->view->at_usec = p->d.judge.now;
        see(p, "orders", connector, task);
        see(p, "payments", CONNECTOR_RUNNING, CONNECTOR_PAUSED);
        assert_int_equal(connectors_view_finish(p->view, NULL, &p->d.judge.w, p->d.judge.now, &changes), 0);
        connector_changes_done(&changes);
        p->d.workers[0].connectors = p->view;
}

static const char *ask(struct play *p, unsigned status) {
        return document_scene_get(&p->d, "/", NULL, "", status);
}

static void nothing_failed_is_healthy(void **state) {
        struct play *p = *state;

        look(p, CONNECTOR_RUNNING, CONNECTOR_RUNNING);
        assert_string_equal(ask(p, 200), "{\"failures\":[],\"failure_states\":[\"FAILED\"],"
                                         "\"failure_rate\":0.0,\"failure_threshold\":0.0,\"healthy\":true}");
        assert_string_equal(p->d.answer.content_type, "application/json");
}

static void no_connector_at_all_is_healthy(void **state) {
        struct play *p = *state;

        p->d.workers[0].connectors = p->view = new_view();
        p->view->at_usec = p->d.judge.now;
        assert_non_null(strstr(ask(p, 200), "\"failure_rate\":0.0,"));
}

static void failures_are_named_without_their_traces(void **state) {
        struct play *p = *state;
        const char *body;

        look(p, CONNECTOR_FAILED, CONNECTOR_FAILED);
        body = ask(p, 503);
        assert_non_null(strstr(body, "{\"failures\":[{\"type\":\"connector\",\"connector\":\"orders\","
                                     "\"state\":\"FAILED\",\"worker_id\":\"10.0.0.2:8083\"},"
                                     "{\"type\":\"task\",\"connector\":\"orders\",\"id\":0,"
                                     "\"state\":\"FAILED\",\"worker_id\":\"10.0.0.1:8083\","
                                     "\"trace\":null}],"));
        assert_non_null(strstr(body, "\"failure_rate\":0.333"));
        assert_non_null(strstr(body, "\"healthy\":false}"));
        assert_null(strstr(body, "secret"));
}

static void traces_stand_where_they_may(void **state) {
        struct play *p = *state;

        p->d.settings.http.expose_traces = true;
        look(p, CONNECTOR_FAILED, CONNECTOR_FAILED);
        assert_non_null(strstr(ask(p, 503), "\"worker_id\":\"10.0.0.2:8083\"},"));
        assert_non_null(strstr(p->d.answer.body, "\"trace\":\"secret\\n\\tat x\"}"));
        assert_null(strstr(document_scene_get(&p->d, "/status", NULL, "", 200), "secret"));
        assert_null(strstr(document_scene_get(&p->d, "/metrics", NULL, "", 200), "secret"));
}

static void it_can_be_switched_off(void **state) {
        struct play *p = *state;

        look(p, CONNECTOR_RUNNING, CONNECTOR_RUNNING);
        p->d.settings.http.healthcheck_compat = false;
        (void) ask(p, 404);
        (void) document_scene_get(&p->d, "/ping", NULL, "", 404);
}

static void up_to_the_threshold_is_healthy(void **state) {
        struct play *p = *state;

        look(p, CONNECTOR_RUNNING, CONNECTOR_FAILED); /* one of six */
        p->d.judge.w.failure_threshold = 16;
        assert_non_null(strstr(ask(p, 503), "\"failure_threshold\":0.16"));
        p->d.judge.w.failure_threshold = 17;
        assert_non_null(strstr(ask(p, 200), "\"id\":0"));
}

static void what_is_not_considered_is_no_failure(void **state) {
        struct play *p = *state;

        p->d.judge.w.considered = CONSIDER_CONNECTOR;
        look(p, CONNECTOR_RUNNING, CONNECTOR_FAILED);
        assert_non_null(strstr(ask(p, 200), "{\"failures\":[],"));
        p->d.judge.w.considered = CONSIDER_TASK;
        look(p, CONNECTOR_FAILED, CONNECTOR_FAILED);
        assert_null(strstr(ask(p, 503), "\"type\":\"connector\""));
        assert_non_null(strstr(p->d.answer.body, "\"failure_rate\":0.25"));
}

static void only_this_workers_failures_count_of_the_whole_cluster(void **state) {
        static char id[] = "10.0.0.1:8083";
        struct play *p = *state;

        p->d.judge.w.worker_id = id;
        look(p, CONNECTOR_FAILED, CONNECTOR_FAILED);
        assert_null(strstr(ask(p, 503), "\"type\":\"connector\""));
        assert_non_null(strstr(p->d.answer.body, "\"failure_rate\":0.1666"));
        p->d.judge.w.worker_id = NULL;
}

static void a_broker_failure_overrides(void **state) {
        struct play *p = *state;

        look(p, CONNECTOR_RUNNING, CONNECTOR_RUNNING);
        p->d.judge.w.failure_threshold = 100;
        p->view->broker_failed = true;
        (void) snprintf(p->view->broker_connector, sizeof(p->view->broker_connector), "orders");
        assert_non_null(
                strstr(ask(p, 503), "{\"failures\":[{\"type\":\"broker\",\"connector\":\"orders\"}],"));
        assert_non_null(strstr(p->d.answer.body, "\"healthy\":false}"));
}

static void expect_error(struct play *p, const char *error) {
        char expected[1024];

        (void) snprintf(
                expected, sizeof(expected),
                "{\"healthy\":false,\"message\":\"Exception raised while attempting to calculate "
                "health result, assuming unhealthy.\",\"error\":\"%s\",\"failure_states\":[\"FAILED\"]}",
                error);
        assert_string_equal(ask(p, 503), expected);
}

static void what_is_not_known_is_not_healthy(void **state) {
        struct play *p = *state;

        expect_error(p, "connect-a: its connectors were not looked at yet");
        p->d.workers[0].connectors_problem = "HTTP 401";
        expect_error(p, "connect-a: its connectors cannot be read: HTTP 401");
        p->d.workers[0].connectors_problem = "";
        p->d.judge.w.kind = &krakend_kind;
        expect_error(p, "connect-a: a worker of kind krakend has no connectors; ask /health for it");
        p->d.judge.w.kind = &kafka_connect_kind;
        look(p, CONNECTOR_RUNNING, CONNECTOR_RUNNING);
        scene_pass(&p->d.judge, 90 * USEC_PER_SEC);
        scene_ok(&p->d.judge);
        (void) ask(p, 200);
        scene_pass(&p->d.judge, 1);
        expect_error(p, "connect-a: its connectors could not be read for some time");
        p->d.workers[0].connectors_problem = "HTTP 401";
        expect_error(p, "connect-a: its connectors could not be read for some time: HTTP 401");
        p->d.workers[0].connectors_problem = "";

        look(p, CONNECTOR_RUNNING, CONNECTOR_RUNNING);
        scene_silent(&p->d.judge);
        expect_error(
                p, "connect-a: suspect; did not answer within the timeout (50ms); 1 failing poll in a row");
        scene_ok(&p->d.judge);
        p->d.judge.w.connectors = false;
        expect_error(p, "connect-a: its connectors are not watched (connectors = no)");
}

static void one_without_connectors_is_left_out_beside_others(void **state) {
        struct play *p = *state;
        struct worker_settings other = p->d.judge.w;

        look(p, CONNECTOR_RUNNING, CONNECTOR_RUNNING);
        other.kind = &krakend_kind;
        p->d.snapshot.n_workers = 2;
        p->d.workers[1] = p->d.workers[0];
        p->d.workers[1].settings = &other;
        p->d.workers[1].connectors = NULL;
        assert_non_null(strstr(ask(p, 200), "\"healthy\":true"));
}

static void several_answer_the_worst(void **state) {
        struct play *p = *state;
        struct worker_settings other = p->d.judge.w;

        look(p, CONNECTOR_RUNNING, CONNECTOR_FAILED);
        p->d.snapshot.n_workers = 2;
        p->d.workers[1] = p->d.workers[0];
        p->d.workers[1].settings = &other;
        other.unhealthy_states |= connector_state_bit(CONNECTOR_PAUSED);
        other.failure_threshold = 50;
        assert_non_null(strstr(ask(p, 503), "\"failure_states\":[\"PAUSED\",\"FAILED\"]"));
        assert_non_null(strstr(p->d.answer.body, "\"failure_threshold\":0.0"));
        p->d.judge.w.failure_threshold = 50;
        (void) ask(p, 200);
}

static void nothing_is_watched(void **state) {
        struct play *p = *state;

        p->d.snapshot.n_workers = 0;
        assert_non_null(strstr(ask(p, 503), "\"error\":\"No worker is configured; "));
        (void) document_scene_get(&p->d, "/", "connect-z", "", 404);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(nothing_failed_is_healthy),
                TEST(no_connector_at_all_is_healthy),
                TEST(failures_are_named_without_their_traces),
                TEST(traces_stand_where_they_may),
                TEST(it_can_be_switched_off),
                TEST(up_to_the_threshold_is_healthy),
                TEST(what_is_not_considered_is_no_failure),
                TEST(only_this_workers_failures_count_of_the_whole_cluster),
                TEST(a_broker_failure_overrides),
                TEST(what_is_not_known_is_not_healthy),
                TEST(one_without_connectors_is_left_out_beside_others),
                TEST(several_answer_the_worst),
                TEST(nothing_is_watched),
        };

        return cmocka_run_group_tests_name("http-peer", tests, NULL, NULL);
}
