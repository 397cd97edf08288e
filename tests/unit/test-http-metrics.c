/* GET /metrics. That real parsers read it is tests/integration/test_http_documents.py's part. */
#include "document-scene.h"
#include "judge/connectors.h"

#define OPENMETRICS "application/openmetrics-text"

static const char *get(struct document_scene *s, const char *accept) {
        return document_scene_get(s, "/metrics", NULL, accept, 200);
}

/* One whole line of what was answered last. */
static bool has_line(const struct document_scene *s, const char *line) {
        size_t len = strlen(line);

        for (const char *p = s->answer.body; (p = strstr(p, line)); p++)
                if ((p == s->answer.body || p[-1] == '\n') && p[len] == '\n')
                        return true;
        return false;
}

#define assert_line(s, line)                                                                                \
        do {                                                                                                \
                if (!has_line(s, line))                                                                     \
                        fail_msg("no line \"%s\" in:\n%s", line, (s)->answer.body);                         \
        } while (0)
#define W "connect_watchdog_"
#define A "{worker=\"connect-a\""
#define B "{worker=\"connect-b\""

static void a_worker_that_is_well(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        scene_ok(&s.judge);
        scene_pass(&s.judge, 1250 * USEC_PER_MSEC);
        scene_ok(&s.judge);
        (void) get(&s, "");

        assert_string_equal(s.answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
        assert_line(&s, W "build_info{version=\"" PROJECT_VERSION "\"} 1");
        assert_line(&s, W "dry_run 0");
        assert_line(&s, W "config_last_reload_successful 1");
        assert_line(&s, W "worker_info" A
                          ",kind=\"kafka-connect\",unit=\"kafka-connect.service\",action=\"restart\"} 1");
        assert_line(&s, W "worker_info" B ",kind=\"kafka-connect\",action=\"alert\"} 1");
        assert_line(&s, W "worker_state" A ",state=\"healthy\"} 1");
        assert_line(&s, W "worker_state" A ",state=\"unknown\"} 0");
        assert_line(&s, W "worker_state" B ",state=\"unknown\"} 1");
        assert_line(&s, W "consecutive_failures" A "} 0");
        assert_line(&s, W "last_ok_timestamp_seconds" A "} 3600001.25");
        assert_line(&s, W "last_ok_timestamp_seconds" B "} 0.0");
        assert_line(&s, W "incident_open" A "} 0");
        assert_line(&s, W "restart_budget_remaining" A "} 3");
        assert_line(&s, W "hold" A ",hold=\"backoff\"} 0");
        assert_line(&s, "process_cpu_seconds_total 1.5");
        assert_line(&s, "process_resident_memory_bytes 4096");
        assert_line(&s, "process_virtual_memory_bytes 8192");
        assert_line(&s, "process_open_fds 12");
        assert_line(&s, "process_start_time_seconds 3600000.0");
        /* which could not be had */
        assert_null(strstr(s.answer.body, "\nprocess_max_fds "));
        document_scene_done(&s);
}

static void a_worker_in_an_incident(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        scene_ok(&s.judge);
        scene_repeat(&s.judge, scene_silent, 5 * USEC_PER_SEC, 4 * USEC_PER_MINUTE);
        scene_restart(&s.judge, "start-2");
        scene_answered(&s.judge, "", "", 0);
        document_scene_decide(&s);
        (void) get(&s, "");

        assert_line(&s, W "worker_state" A ",state=\"suspect\"} 1");
        assert_line(&s, W "worker_state" A ",state=\"healthy\"} 0");
        assert_line(&s, W "consecutive_failures" A "} 1");
        assert_line(&s, W "incident_open" A "} 1");
        assert_line(&s, W "restart_budget_remaining" A "} 2");
        assert_line(&s, W "hold" A ",hold=\"backoff\"} 1");
        assert_line(&s, W "hold" A ",hold=\"unit-busy\"} 0");

        s.judge.history.budget.exhausted_at_usec = s.judge.now;
        s.judge.h.state = STATE_UNHEALTHY;
        (void) get(&s, "");
        assert_line(&s, W "worker_state" A ",state=\"exhausted\"} 1");
        assert_line(&s, W "worker_state" A ",state=\"unhealthy\"} 0");
        assert_line(&s, W "restart_budget_remaining" A "} 0");
        document_scene_done(&s);
}

static void what_is_counted(void **state) {
        struct document_scene s;
        struct observation o = { .outcome = OUTCOME_OK, .latency_usec = 2500 };
        struct told told = { .type = TOLD_INCIDENT_OPENED };

        (void) state;
        document_scene_init(&s);
        counts_observe(&s.counts, &o); /* a bound belongs to its bucket */
        o.latency_usec = 2501;
        counts_observe(&s.counts, &o);
        o = (struct observation) { .outcome = OUTCOME_FAILING, .latency_usec = 40 * USEC_PER_SEC };
        counts_observe(&s.counts, &o);
        counts_told(&s.counts, &told);
        told.type = TOLD_WOULD_RESTART;
        counts_told(&s.counts, &told);
        counts_told(&s.counts, &told);
        told.type = TOLD_INCIDENT_CLOSED;
        counts_told(&s.counts, &told);
        s.counts.restarts[RESTART_DONE] = 3;
        s.counts.restarts[RESTART_FAILED] = 4;
        s.counts.restarts_refused = 5;
        (void) get(&s, "");

        assert_line(&s, W "polls_total" A ",outcome=\"ok\"} 2");
        assert_line(&s, W "polls_total" A ",outcome=\"failing\"} 1");
        assert_line(&s, W "polls_total" A ",outcome=\"unknown\"} 0");
        assert_line(&s, W "poll_duration_seconds_bucket" A ",le=\"0.001\"} 0");
        assert_line(&s, W "poll_duration_seconds_bucket" A ",le=\"0.0025\"} 1");
        assert_line(&s, W "poll_duration_seconds_bucket" A ",le=\"0.005\"} 2");
        assert_line(&s, W "poll_duration_seconds_bucket" A ",le=\"30.0\"} 2");
        assert_line(&s, W "poll_duration_seconds_bucket" A ",le=\"+Inf\"} 3");
        assert_line(&s, W "poll_duration_seconds_sum" A "} 40.005001");
        assert_line(&s, W "poll_duration_seconds_count" A "} 3");
        assert_line(&s, W "poll_duration_seconds_count" B "} 0");
        assert_line(&s, W "incidents_total" A "} 1");
        assert_line(&s, W "would_restarts_total" A "} 2");
        assert_line(&s, W "restarts_total" A ",result=\"done\"} 3");
        assert_line(&s, W "restarts_total" A ",result=\"failed\"} 4");
        assert_line(&s, W "restarts_total" A ",result=\"refused\"} 5");
        document_scene_done(&s);
}

static void connectors_by_state(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        document_scene_look(&s);
        (void) get(&s, "");
        assert_line(&s, W "connectors" A ",state=\"RUNNING\"} 1");
        assert_line(&s, W "connectors" A ",state=\"FAILED\"} 0");
        assert_line(&s, W "tasks" A ",state=\"RUNNING\"} 1");
        assert_line(&s, W "tasks" A ",state=\"FAILED\"} 1");
        assert_line(&s, W "tasks" A ",state=\"OTHER\"} 0");
        /* of which it is not known, and which names stay out of it */
        assert_null(strstr(s.answer.body, W "connectors" B));
        assert_null(strstr(s.answer.body, "orders"));
        document_scene_done(&s);
}

static void those_that_are_not_well_by_name_where_that_is_wanted(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        s.settings.http.metrics_connectors = true;
        document_scene_look(&s);
        (void) get(&s, "");
        assert_line(&s, W "connector_trouble" A
                          ",connector=\"orders \\\"x\\\"\",task=\"1\",state=\"FAILED\"} 1");
        assert_null(strstr(s.answer.body, "task=\"0\""));
        assert_null(strstr(s.answer.body, W "connector_trouble" B));

        s.connectors->list[0].troubles[0].task = -1;
        s.connectors->list[0].troubles[0].kind = TROUBLE_NO_TASKS;
        (void) get(&s, OPENMETRICS);
        assert_line(&s, W "connector_trouble" A ",connector=\"orders \\\"x\\\"\",state=\"NO_TASKS\"} 1");
        document_scene_done(&s);
}

/* A storm of failures must not become one of series. */
static void but_no_more_than_a_thousand_of_a_worker(void **state) {
        struct document_scene s;
        struct connector_trouble *few, *many;
        size_t n = 0;

        (void) state;
        document_scene_init(&s);
        s.settings.http.metrics_connectors = true;
        document_scene_look(&s);
        many = calloc(1500, sizeof(*many));
        assert_non_null(many);
        for (size_t i = 0; i < 1500; i++)
                many[i] = (struct connector_trouble) { .task = (int64_t) i, .state = CONNECTOR_FAILED };
        few = s.connectors->list[0].troubles;
        s.connectors->list[0].troubles = many;
        s.connectors->list[0].n_troubles = 1500;
        (void) get(&s, "");
        for (const char *p = s.answer.body; (p = strstr(p, "\n" W "connector_trouble{")); p++)
                n++;
        assert_int_equal(n, 1000);

        s.connectors->list[0].troubles = few;
        s.connectors->list[0].n_troubles = 1;
        free(many);
        document_scene_done(&s);
}

static void clusters_and_what_is_required_of_them(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        document_scene_kafka(&s);
        document_scene_deep(&s);
        s.topic_health[0].state = TOPIC_OFFLINE;
        s.topic_health[0].n_under_replicated = 2;
        s.topic_health[0].n_offline = 1;
        s.topic_health[1].state = TOPIC_UNKNOWN;
        s.judge.h.dependency.state = DEPENDENCY_DOWN;
        (void) get(&s, "");
#define K "{kafka=\"main\""
        assert_line(&s, W "kafka_outcome" K ",outcome=\"up\"} 1");
        assert_line(&s, W "kafka_outcome" K ",outcome=\"down\"} 0");
        assert_line(&s, W "kafka_checks_total" K ",outcome=\"up\"} 3");
        assert_line(&s, W "kafka_checks_total" K ",outcome=\"down\"} 1");
        assert_line(&s, W "kafka_check_duration_seconds" K "} 0.0125");
        assert_line(&s, W "kafka_brokers" K "} 1");
        assert_line(&s, W "kafka_topic_state" K ",topic=\"connect-offsets\",state=\"offline\"} 1");
        assert_line(&s, W "kafka_topic_state" K ",topic=\"connect-offsets\",state=\"ok\"} 0");
        assert_line(&s, W "kafka_topic_state" K ",topic=\"connect-status\",state=\"unknown\"} 1");
        assert_line(&s, W "kafka_topic_bad_partitions" K
                          ",topic=\"connect-offsets\",state=\"under-replicated\"} 2");
        assert_line(&s, W "kafka_topic_bad_partitions" K ",topic=\"connect-offsets\",state=\"offline\"} 1");
        /* of which nothing can be told */
        assert_null(strstr(s.answer.body, W "kafka_topic_bad_partitions" K ",topic=\"connect-status\""));
        assert_line(&s, W "kafka_deep_partitions" K ",result=\"ok\"} 1");
        assert_line(&s, W "kafka_deep_partitions" K ",result=\"error\"} 1");
        assert_line(&s, W "kafka_deep_duration_seconds" K "} 0.56");
        assert_line(&s, W "kafka_deep_timestamp_seconds" K "} 3600000.0");
        assert_line(&s, W "dependency_state" A ",state=\"down\"} 1");
        assert_line(&s, W "dependency_state" A ",state=\"up\"} 0");
        assert_null(strstr(s.answer.body, W "dependency_state" B));
        document_scene_done(&s);
}

static void a_cluster_that_was_not_asked_yet(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        document_scene_kafka(&s);
        s.kafka_health = (struct kafka_health) {};
        (void) get(&s, "");
        assert_line(&s, W "kafka_outcome" K ",outcome=\"unknown\"} 1");
        assert_line(&s, W "kafka_checks_total" K ",outcome=\"unknown\"} 0");
        assert_null(strstr(s.answer.body, W "kafka_check_duration_seconds" K));
        assert_null(strstr(s.answer.body, W "kafka_brokers" K));
        assert_null(strstr(s.answer.body, W "kafka_deep_partitions" K));
        document_scene_done(&s);
}

static void label_values_are_escaped(void **state) {
        static char unit[] = "a\\x2db\"c\nd.service";
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        s.judge.w.unit = unit;
        (void) get(&s, "");
        assert_non_null(strstr(s.answer.body, ",unit=\"a\\\\x2db\\\"c\\nd.service\","));
        document_scene_done(&s);
}

static size_t samples(const char *body, char *buf, size_t size) {
        size_t n = 0, len = 0;

        for (const char *p = body; *p; p += strcspn(p, "\n") + 1) {
                size_t line = strcspn(p, "\n") + 1;

                if (*p == '#')
                        continue;
                assert_in_range(line, 1, size - len - 1);
                memcpy(buf + len, p, line);
                len += line;
                n++;
        }
        buf[len] = '\0';
        return n;
}

static void both_formats_have_the_same_samples(void **state) {
        static char text[64 * 1024], openmetrics[64 * 1024];
        struct document_scene s;
        size_t n;

        (void) state;
        document_scene_init(&s);
        scene_ok(&s.judge);
        n = samples(get(&s, ""), text, sizeof(text));
        assert_in_range(n, 100, 200);
        assert_line(&s, "# TYPE " W "build_info gauge");
        assert_line(&s, "# TYPE " W "polls_total counter");
        assert_line(&s, "# TYPE " W "poll_duration_seconds histogram");
        assert_null(strstr(s.answer.body, "# UNIT"));
        assert_null(strstr(s.answer.body, "# EOF"));

        assert_int_equal(samples(get(&s, OPENMETRICS), openmetrics, sizeof(openmetrics)), n);
        assert_string_equal(s.answer.content_type,
                            "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert_string_equal(text, openmetrics);
        assert_line(&s, "# TYPE " W "build info");
        assert_line(&s, "# TYPE " W "polls counter");
        assert_line(&s, "# UNIT " W "poll_duration_seconds seconds");
        assert_line(&s, "# UNIT process_cpu_seconds seconds");
        assert_string_equal(s.answer.body + s.answer.body_len - 6, "# EOF\n");
        document_scene_done(&s);
}

static void which_format(void **state) {
        static const struct {
                const char *accept;
                bool openmetrics;
        } rows[] = {
                { "", false },
                { "*/*", false },
                { "text/html,application/xhtml+xml,*/*;q=0.8", false },
                { "application/*", false },
                { "application/json", false },
                { OPENMETRICS, true },
                { OPENMETRICS ";version=1.0.0,*/*", true },
                { OPENMETRICS ";version=2.0.0,*/*;q=0.5", false },
                { OPENMETRICS ";q=0.4,text/plain;q=0.5", false },
                { OPENMETRICS ";q=0.5,text/plain;q=0.4", true },
                { OPENMETRICS ";q=0", false },
                { OPENMETRICS ";version=1.0.0," OPENMETRICS
                              ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                  true },
        };
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                (void) get(&s, rows[i].accept);
                if ((strncmp(s.answer.content_type, OPENMETRICS, strlen(OPENMETRICS)) == 0) !=
                    rows[i].openmetrics)
                        fail_msg("\"%s\": %s", rows[i].accept, s.answer.content_type);
        }
        document_scene_done(&s);
}

static void which_workers(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        (void) document_scene_get(&s, "/metrics", "connect-b", "", 200);
        assert_line(&s, W "incident_open" B "} 0");
        assert_false(has_line(&s, W "incident_open" A "} 0"));
        (void) document_scene_get(&s, "/metrics", "connect-c", "", 404);
        (void) document_scene_get(&s, "/metrics/connect-a", NULL, "", 404);

        s.snapshot.n_workers = 0;
        s.snapshot.dry_run = s.snapshot.config_rejected = true;
        (void) get(&s, "");
        assert_line(&s, W "dry_run 1");
        assert_line(&s, W "config_last_reload_successful 0");
        assert_null(strstr(s.answer.body, "worker="));
        document_scene_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_worker_that_is_well),
                cmocka_unit_test(a_worker_in_an_incident),
                cmocka_unit_test(what_is_counted),
                cmocka_unit_test(connectors_by_state),
                cmocka_unit_test(those_that_are_not_well_by_name_where_that_is_wanted),
                cmocka_unit_test(but_no_more_than_a_thousand_of_a_worker),
                cmocka_unit_test(clusters_and_what_is_required_of_them),
                cmocka_unit_test(a_cluster_that_was_not_asked_yet),
                cmocka_unit_test(label_values_are_escaped),
                cmocka_unit_test(both_formats_have_the_same_samples),
                cmocka_unit_test(which_format),
                cmocka_unit_test(which_workers),
        };

        return cmocka_run_group_tests_name("http-metrics", tests, NULL, NULL);
}
