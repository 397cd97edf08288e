/* GET /workers and /workers/NAME. */
#include "document-scene.h"
#include "judge/connectors.h"
#include "judge/lag.h"
#include "judge/pauses.h"
#include "util/json.h"
#include "util/text.h"

static json_object *get(struct document_scene *s, const char *path) {
        const char *body = document_scene_get(s, path, NULL, "", 200), *problem = NULL;
        json_object *o = NULL;

        assert_string_equal(s->answer.content_type, "application/json");
        if (json_parse(body, strlen(body), 16, &o, &problem) < 0)
                fail_msg("%s: %s", strempty(problem), body);
        return o;
}

/* "holds.0.name": what stands there, as JSON. */
static const char *at(json_object *o, const char *path) {
        char name[64];

        while (*path) {
                size_t len = strcspn(path, ".");

                assert_in_range(len, 1, sizeof(name) - 1);
                memcpy(name, path, len);
                name[len] = '\0';
                if (json_object_is_type(o, json_type_array))
                        o = json_object_array_get_idx(o, (size_t) atoi(name));
                else if (!json_object_object_get_ex(o, name, &o))
                        fail_msg("there is no %s", name);
                path += len + (path[len] == '.');
        }
        return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

#define assert_at(o, path, expected) assert_string_equal(at(o, path), expected)

/* 1000 hours after 1970 is 1970-02-11T16:00; the scene's agent stands there. */
static void a_worker_that_is_well(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        scene_ok(&s.judge);
        scene_pass(&s.judge, 1234567);
        scene_ok(&s.judge);

        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers/connect-a");
        assert_at(o, "name", "\"connect-a\"");
        assert_at(o, "kind", "\"kafka-connect\"");
        assert_at(o, "unit", "\"kafka-connect.service\"");
        assert_at(o, "url", "\"http://127.0.0.1:8083\"");
        assert_at(o, "action", "\"restart\"");
        assert_at(o, "state", "\"healthy\"");
        assert_at(o, "health_state", "\"healthy\"");
        assert_at(o, "paused", "null");
        assert_at(o, "outcome", "\"ok\"");
        assert_at(o, "reason", "\"healthy\"");
        assert_at(o, "stage", "null");
        assert_at(o, "since", "\"1970-02-11T16:00:00.000Z\"");
        assert_at(o, "last_ok", "\"1970-02-11T16:00:01.234Z\"");
        assert_at(o, "failures", "0");
        assert_at(o, "failures_needed", "3");
        assert_at(o, "sustained_seconds", "0.0");
        assert_at(o, "sustain_needed_seconds", "180.0");
        assert_at(o, "holds", "[]");
        assert_at(o, "incident", "null");
        assert_at(o, "incident_opened", "null");
        assert_at(o, "last_answer.http_status", "200");
        assert_at(o, "last_answer.detail", "null");
        assert_at(o, "last_answer.remedy", "null");
        assert_at(o, "seen_ok", "true");
        assert_at(o, "budget.left", "3");
        assert_at(o, "budget.last_restart", "null");
        assert_at(o, "unit_state.active", "\"active\"");
        assert_at(o, "unit_state.main_pid", "4711");
        assert_at(o, "unit_state.started", "\"1970-02-11T15:00:00.000Z\"");
        document_scene_done(&s);
}

/* Killed and hung, restarted once in vain, and held now. */
static void a_worker_in_an_incident(void **state) {
        struct document_scene s;
        char incident[INCIDENT_ID_SIZE + 2];

        (void) state;
        document_scene_init(&s);
        scene_ok(&s.judge);
        scene_repeat(&s.judge, scene_silent, 5 * USEC_PER_SEC, 4 * USEC_PER_MINUTE);
        scene_restart(&s.judge, "start-2");
        scene_answered(&s.judge, "generating task configs for connector \"x\"", "\"x\"",
                       UINT64_C(1795199344123456));
        document_scene_decide(&s);

        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers/connect-a");
        (void) snprintf(incident, sizeof(incident), "\"%s\"", s.judge.history.incident.id);
        assert_at(o, "state", "\"suspect\"");
        assert_at(o, "outcome", "\"failing\"");
        assert_at(o, "reason", "\"unhealthy\"");
        assert_at(o, "stage", "\"generating task configs for connector \\\"x\\\"\"");
        assert_at(o, "failures", "1");
        assert_at(o, "sustain_needed_seconds", "600.0");
        assert_at(o, "holds.0.name", "\"backoff\"");
        assert_at(o, "holds.0.until", "\"1970-02-11T16:06:00.000Z\"");
        assert_at(o, "holds.0.text", "\"2min after restart 1\"");
        assert_at(o, "incident", incident);
        assert_at(o, "incident_opened", "\"1970-02-11T16:00:00.000Z\"");
        assert_at(o, "incident_restarts", "1");
        assert_at(o, "last_answer.http_status", "500");
        assert_at(o, "last_answer.connector", "\"\\\"x\\\"\"");
        assert_at(o, "last_answer.stage_began", "\"2026-11-20T18:29:04.123Z\"");
        assert_at(o, "last_answer.stage_completed", "null");
        assert_at(o, "last_answer.remedy",
                  "\"See which stage it names; when it names a flush or the group, look at Kafka first.\"");
        assert_at(o, "seen_ok", "false");
        assert_at(o, "budget.restarts", "1");
        assert_at(o, "budget.left", "2");
        assert_at(o, "budget.last_restart", "\"1970-02-11T16:04:00.000Z\"");
        assert_at(o, "budget.n", "1");
        assert_at(o, "budget.backoff_seconds", "120.0");
        assert_at(o, "virtual_budget.left", "3");
        document_scene_done(&s);
}

static void a_worker_that_is_paused(void **state) {
        struct pause pause = { .reason = (char *) "new disks", .uid = 1000 };
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        scene_ok(&s.judge);
        pause.since_usec = s.judge.now;
        pause.until_usec = s.judge.now + 2 * USEC_PER_HOUR;
        s.workers[0].pause = &pause;

        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers/connect-a");
        assert_at(o, "state", "\"paused\"");
        assert_at(o, "health_state", "\"healthy\"");
        assert_at(o, "paused.all_workers", "true");
        assert_at(o, "paused.since", "\"1970-02-11T16:00:00.000Z\"");
        assert_at(o, "paused.until", "\"1970-02-11T18:00:00.000Z\"");
        assert_at(o, "paused.uid", "1000");
        assert_at(o, "paused.reason", "\"new disks\"");
        /* The worker serves as before. */
        (void) document_scene_get(&s, "/health", "connect-a", "", 200);
        (void) document_scene_get(&s, "/actuator/health", "connect-a", "", 200);
        document_scene_done(&s);
}

static void a_worker_of_which_nothing_is_known(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers/connect-b");
        assert_at(o, "unit", "null");
        assert_at(o, "url", "\"https://[::1]:8443/\\\"x\\\"\"");
        assert_at(o, "action", "\"alert\"");
        assert_at(o, "state", "\"unknown\"");
        assert_at(o, "outcome", "null");
        assert_at(o, "reason", "null");
        assert_at(o, "last_ok", "null");
        assert_at(o, "last_answer", "null");
        assert_at(o, "unit_state", "null");
        assert_at(o, "seen_ok", "false");
        document_scene_done(&s);
}

static void all_of_them(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        s.counts.outcomes[OUTCOME_UNKNOWN] = 7;
        s.counts.restarts[RESTART_FAILED] = 2;
        s.counts.restarts_refused = 1;
        s.snapshot.dry_run = true;
        /* the wall clock was put forward by a day */
        s.snapshot.clock_offset_usec = (int64_t) USEC_PER_DAY;

        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers");
        assert_at(o, "hostname", "\"host.example.org\"");
        assert_at(o, "version", "\"" PROJECT_VERSION "\"");
        assert_at(o, "now", "\"1970-02-12T16:00:00.000Z\"");
        assert_at(o, "started", "\"1970-02-12T16:00:00.000Z\"");
        assert_at(o, "dry_run", "true");
        assert_at(o, "config_rejected", "false");
        assert_at(o, "workers.0.name", "\"connect-a\"");
        assert_at(o, "workers.0.since", "\"1970-02-12T16:00:00.000Z\"");
        assert_at(o, "workers.0.counts.polls.unknown", "7");
        assert_at(o, "workers.0.counts.restarts", "{\"done\":0,\"failed\":2,\"refused\":1}");
        assert_at(o, "workers.1.name", "\"connect-b\"");
        assert_at(o, "workers.1.counts.polls.ok", "0");
        document_scene_done(&s);
}

static void connectors_and_their_troubles(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        document_scene_look(&s);
        s.connectors->at_usec = s.judge.now - 5 * USEC_PER_MINUTE;
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers");
        assert_at(o, "workers.1.connectors", "null");
        assert_at(o, "workers.0.connectors.seen", "\"1970-02-11T15:55:00.000Z\"");
        assert_at(o, "workers.0.connectors.connectors.RUNNING", "1");
        assert_at(o, "workers.0.connectors.connectors.FAILED", "0");
        assert_at(o, "workers.0.connectors.tasks.FAILED", "1");
        assert_at(o, "workers.0.connectors.tasks.OTHER", "0");
        assert_at(o, "workers.0.connectors.connectors_failed", "0");
        assert_at(o, "workers.0.connectors.tasks_failed", "1");
        assert_at(o, "workers.0.connectors.broker_failed", "false");
        assert_at(o, "workers.0.connectors.troubles",
                  "[{\"connector\":\"orders \\\"x\\\"\",\"task\":1,\"state\":\"FAILED\","
                  "\"worker_id\":\"10.0.0.2:8083\",\"counts\":true,"
                  "\"since\":\"1970-02-11T16:00:00.000Z\"}]");
        assert_null(strstr(s.answer.body, "hidden"));

        s.settings.http.expose_traces = true;
        _cleanup_(json_object_unrefp) json_object *with = get(&s, "/workers");
        assert_at(with, "workers.0.connectors.troubles.0.trace", "\"hidden trace\"");
        document_scene_done(&s);
}

static void clusters_and_their_topics(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        document_scene_kafka(&s);
        document_scene_deep(&s);
        s.partitions[1].leader = -1;
        s.partitions[1].error = KAFKA_UNAVAILABLE;
        s.topics[1].min_isr = -1;
        s.topics[1].cleanup_policy = NULL;
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers");
        assert_at(o, "kafka.0.name", "\"main\"");
        assert_at(o, "kafka.0.bootstrap", "[\"kafka1:9092\"]");
        assert_at(o, "kafka.0.outcome", "\"up\"");
        assert_at(o, "kafka.0.detail", "null");
        assert_at(o, "kafka.0.since", "\"1970-02-11T16:00:00.000Z\"");
        assert_at(o, "kafka.0.took_seconds", "0.0125");
        assert_at(o, "kafka.0.controller", "1");
        assert_at(o, "kafka.0.brokers", "[{\"id\":1,\"address\":\"kafka1.example.org:9092\"}]");
        assert_at(o, "kafka.0.topics.0.name", "\"connect-offsets\"");
        assert_at(o, "kafka.0.topics.0.state", "\"ok\"");
        assert_at(o, "kafka.0.topics.0.min_isr", "1");
        assert_at(o, "kafka.0.topics.0.cleanup_policy", "\"compact\"");
        assert_at(o, "kafka.0.topics.0.partitions.0",
                  "{\"id\":0,\"leader\":1,\"replicas\":[2,1],\"isrs\":[2,1],\"error\":null}");
        assert_at(o, "kafka.0.topics.0.partitions.1.leader", "null");
        assert_string_not_equal(at(o, "kafka.0.topics.0.partitions.1.error"), "null");
        assert_at(o, "kafka.0.topics.1.min_isr", "null");
        assert_at(o, "kafka.0.topics.1.cleanup_policy", "null");
        assert_at(o, "kafka.0.deep.topic", "\"health\"");
        assert_at(o, "kafka.0.deep.error", "null");
        assert_at(o, "kafka.0.deep.partitions.0.error", "null");
        assert_at(o, "kafka.0.deep.partitions.1.detail", "\"timed out\"");
        assert_at(o, "kafka.0.checks.up", "3");
        assert_at(o, "kafka.0.checks.down", "1");
        assert_null(strstr(s.answer.body, "hidden"));
        document_scene_done(&s);
}

static void a_cluster_of_which_nothing_is_known(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        document_scene_kafka(&s);
        s.kafka_health.outcome = KAFKA_UNKNOWN;
        s.kafka_health.reason = KAFKA_REASON_NOT_ASKED;
        s.kafka_health.facts = NULL;
        s.kafka_health.checked_at_usec = s.kafka_health.last_up_usec = 0;
        s.topic_health[0].state = TOPIC_UNKNOWN;
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers");
        assert_at(o, "kafka.0.outcome", "\"unknown\"");
        assert_at(o, "kafka.0.checked_at", "null");
        assert_at(o, "kafka.0.last_up", "null");
        assert_at(o, "kafka.0.cluster_id", "null");
        assert_at(o, "kafka.0.controller", "null");
        assert_at(o, "kafka.0.brokers", "[]");
        assert_at(o, "kafka.0.topics.0.partitions", "[]");
        assert_at(o, "kafka.0.deep", "null");
        document_scene_done(&s);
}

static void what_a_worker_requires(void **state) {
        static char name[] = "main";
        static char *names[] = { name, NULL };
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        s.judge.w.requires = names;
        s.judge.h.dependency = (struct dependency) {
                .state = DEPENDENCY_GRACE,
                .since_usec = s.judge.now,
                .until_usec = s.judge.now + 2 * USEC_PER_MINUTE,
                .text = "Kafka main is back",
        };
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers");
        assert_at(o, "workers.0.requires", "[\"main\"]");
        assert_at(o, "workers.0.dependency",
                  "{\"state\":\"grace\",\"since\":\"1970-02-11T16:00:00.000Z\","
                  "\"until\":\"1970-02-11T16:02:00.000Z\",\"text\":\"Kafka main is back\"}");
        assert_at(o, "workers.1.requires", "[]");
        assert_at(o, "workers.1.dependency", "null");
        assert_at(o, "kafka", "[]");
        document_scene_done(&s);
}

static void what_its_sinks_have_not_read_yet(void **state) {
        static char orders[] = "orders", topic[] = "orders-in", fresh[] = "fresh";
        struct document_scene s;
        struct lag_partition partition = {
                .topic = topic, .id = 3, .committed = 7, .end = 10, .lag = 3, .stuck = true
        };
        struct lag_connector sinks[] = {
                { .name = fresh }, { .name = orders, .lag = 3, .partitions = &partition, .n_partitions = 1 }
        };
        const struct lag_view view = { .list = sinks, .n = ELEMENTSOF(sinks) };

        (void) state;
        document_scene_init(&s);
        sinks[1].at_usec = sinks[1].stuck_since_usec = s.judge.now;
        s.workers[0].lag = &view;
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers");
        assert_at(o, "workers.0.lag.0",
                  "{\"connector\":\"fresh\",\"checked_at\":null,\"lag\":null,\"stuck_since\":null,"
                  "\"partitions\":[]}");
        assert_at(o, "workers.0.lag.1.lag", "3");
        assert_at(o, "workers.0.lag.1.stuck_since", "\"1970-02-11T16:00:00.000Z\"");
        assert_at(o, "workers.0.lag.1.partitions",
                  "[{\"topic\":\"orders-in\",\"partition\":3,\"committed\":7,\"end\":10,\"lag\":3,"
                  "\"stuck\":true}]");
        assert_at(o, "workers.1.lag", "null");
        document_scene_done(&s);
}

static void exhausted_and_for_how_long_is_not_known(void **state) {
        struct document_scene s;
        struct hold_entry hold = { .hold = HOLD_BUDGET_EXHAUSTED, .until_usec = USEC_INFINITY };

        (void) state;
        document_scene_init(&s);
        scene_ok(&s.judge);
        scene_repeat(&s.judge, scene_silent, 5 * USEC_PER_SEC, 4 * USEC_PER_MINUTE);
        s.judge.history.budget.exhausted_at_usec = s.judge.now;
        s.workers[0].holds = &hold;
        s.workers[0].n_holds = 1;

        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers/connect-a");
        assert_at(o, "state", "\"exhausted\"");
        assert_at(o, "holds", "[{\"name\":\"budget-exhausted\",\"until\":null,\"text\":null}]");
        assert_at(o, "budget.left", "0");
        assert_at(o, "budget.exhausted_since", "\"1970-02-11T16:04:00.000Z\"");
        document_scene_done(&s);
}

static void which_are_asked_for(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers/");
        assert_at(o, "workers.1.name", "\"connect-b\"");
        assert_non_null(strstr(document_scene_get(&s, "/workers", "connect-b", "", 200), "connect-b"));
        assert_null(strstr(s.answer.body, "connect-a"));
        (void) document_scene_get(&s, "/workers", "connect-c", "", 404);
        (void) document_scene_get(&s, "/workers/connect-c", NULL, "", 404);
        (void) document_scene_get(&s, "/workers/connect-a/", NULL, "", 404);
        (void) document_scene_get(&s, "/workers/connect", NULL, "", 404);
        (void) document_scene_get(&s, "/workersx", NULL, "", 404);
        document_scene_done(&s);
}

static void nothing_is_watched(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        s.snapshot.n_workers = 0;
        s.snapshot.hostname = NULL;
        _cleanup_(json_object_unrefp) json_object *o = get(&s, "/workers");
        assert_at(o, "workers", "[]");
        assert_at(o, "hostname", "null");
        document_scene_done(&s);
}

/* What could help an intruder is left out, whatever is configured. */
static void no_secret_and_no_path_of_one(void **state) {
        static char secret[] = "/etc/hidden";
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        s.judge.w.username = s.judge.w.password_file = s.judge.w.bearer_token_file = secret;
        s.judge.w.ca_file = s.judge.w.cert_file = s.judge.w.key_file = secret;
        assert_null(strstr(document_scene_get(&s, "/workers", NULL, "", 200), "hidden"));
        document_scene_done(&s);
}

static void seconds_are_decimal(void **state) {
        char buf[SECONDS_SIZE];

        (void) state;
        assert_string_equal(document_seconds(buf, 0), "0.0");
        assert_string_equal(document_seconds(buf, 1), "0.000001");
        assert_string_equal(document_seconds(buf, 2500), "0.0025");
        assert_string_equal(document_seconds(buf, 10 * USEC_PER_SEC), "10.0");
        assert_string_equal(document_seconds(buf, 3600 * USEC_PER_SEC + 500000), "3600.5");
        assert_string_equal(document_seconds(buf, USEC_INFINITY), "18446744073709.551615");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_worker_that_is_well),
                cmocka_unit_test(a_worker_in_an_incident),
                cmocka_unit_test(a_worker_that_is_paused),
                cmocka_unit_test(a_worker_of_which_nothing_is_known),
                cmocka_unit_test(all_of_them),
                cmocka_unit_test(connectors_and_their_troubles),
                cmocka_unit_test(clusters_and_their_topics),
                cmocka_unit_test(a_cluster_of_which_nothing_is_known),
                cmocka_unit_test(what_a_worker_requires),
                cmocka_unit_test(what_its_sinks_have_not_read_yet),
                cmocka_unit_test(exhausted_and_for_how_long_is_not_known),
                cmocka_unit_test(which_are_asked_for),
                cmocka_unit_test(nothing_is_watched),
                cmocka_unit_test(no_secret_and_no_path_of_one),
                cmocka_unit_test(seconds_are_decimal),
        };

        return cmocka_run_group_tests_name("http-workers", tests, NULL, NULL);
}
