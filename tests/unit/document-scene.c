/* Snapshots for the tests of the documents. */
#include "document-scene.h"

#include "judge/connectors.h"
#include "observe/kind.h"
#include "report/http/process.h"

static void measure(struct process_usage *ret) {
        *ret = (struct process_usage) {
                .cpu_usec = 1500 * USEC_PER_MSEC,
                .resident_bytes = 4096,
                .virtual_bytes = 8192,
                .open_fds = 12,
        };
}

static void init_other_worker(struct document_scene *s) {
        static char name[] = "connect-b", url[] = "https://[::1]:8443/\"x\"";
        static struct worker_settings settings;
        static struct worker_counts counts;
        static struct history history;
        static struct health health;

        scene_settings(&settings);
        settings.name = name;
        settings.url = url;
        settings.unit = NULL;
        settings.action = ACTION_ALERT;
        settings.kind = &kafka_connect_kind;
        health_init(&health, 4713, s->judge.now);
        s->workers[1] = (struct worker_snapshot) {
                .settings = &settings,
                .health = &health,
                .history = &history,
                .counts = &counts,
        };
}

void document_scene_init(struct document_scene *s) {
        *s = (struct document_scene) {};
        scene_init(&s->judge);
        s->judge.w.kind = &kafka_connect_kind;
        s->workers[0] = (struct worker_snapshot) {
                .settings = &s->judge.w,
                .health = &s->judge.h,
                .history = &s->judge.history,
                .counts = &s->counts,
        };
        init_other_worker(s);
        s->settings.http.healthcheck_compat = true;
        s->snapshot = (struct snapshot) {
                .started_at_usec = s->judge.now,
                .hostname = "host.example.org",
                .settings = &s->settings,
                .workers = s->workers,
                .n_workers = ELEMENTSOF(s->workers),
                .measure = measure,
        };
}

void document_scene_decide(struct document_scene *s) {
        (void) scene_decide(&s->judge);
        s->workers[0].holds = s->judge.decision.holds;
        s->workers[0].n_holds = s->judge.decision.n_holds;
}

const char *document_scene_get(struct document_scene *s,
                               const char *path,
                               const char *worker,
                               const char *accept,
                               unsigned status) {
        const struct question q = {
                .path = path, .rest = "", .worker = worker, .kafka = s->kafka_asked, .accept = accept
        };

        document_done(&s->answer);
        s->snapshot.now_usec = s->judge.now;
        assert_int_equal(document_answer(&s->snapshot, &q, &s->answer), 0);
        assert_int_equal(s->answer.status, status);
        assert_non_null(s->answer.body);
        assert_int_equal(strlen(s->answer.body), s->answer.body_len);
        return s->answer.body;
}

void document_scene_look(struct document_scene *s) {
        const struct connector_part tasks[] = {
                { 0, CONNECTOR_RUNNING, "10.0.0.1:8083", "" },
                { 1, CONNECTOR_FAILED, "10.0.0.2:8083", "hidden trace" },
        };
        const struct connector_status c = { .name = "orders \"x\"",
                                            .type = "sink",
                                            .connector = { -1, CONNECTOR_RUNNING, "10.0.0.1:8083", "" },
                                            .tasks = tasks,
                                            .n_tasks = ELEMENTSOF(tasks) };
        struct connectors_view *v = calloc(1, sizeof(*v));
        struct connector_changes changes = {};

        assert_non_null(v);
        s->judge.w.unhealthy_states = connector_state_bit(CONNECTOR_FAILED);
        s->judge.w.considered = CONSIDER_CONNECTOR | CONSIDER_TASK;
        connector_rules_count(&v->tally, &s->judge.w, &c);
        assert_int_equal(connectors_view_add(v, &s->judge.w, &c, s->judge.now), 0);
        assert_int_equal(connectors_view_finish(v, NULL, &s->judge.w, s->judge.now, &changes), 0);
        connector_changes_done(&changes);
        s->workers[0].connectors = s->connectors = v;
}

static void fill_topics(struct document_scene *s) {
        static char offsets[] = "connect-offsets", status[] = "connect-status", compact[] = "compact";
        static int32_t both[] = { 2, 1 };

        for (size_t i = 0; i < ELEMENTSOF(s->partitions); i++)
                s->partitions[i] = (struct kafka_partition) {
                        .id = i == 1 ? 1 : 0,
                        .leader = 1,
                        .replicas = both,
                        .isrs = both,
                        .n_replicas = ELEMENTSOF(both),
                        .n_isrs = ELEMENTSOF(both),
                };
        s->topics[0] =
                (struct kafka_topic) { .name = offsets, .partitions = s->partitions, .n_partitions = 2 };
        s->topics[1] =
                (struct kafka_topic) { .name = status, .partitions = &s->partitions[2], .n_partitions = 1 };
        for (size_t i = 0; i < ELEMENTSOF(s->topics); i++) {
                s->topics[i].min_isr = 1;
                s->topics[i].cleanup_policy = compact;
                s->topic_health[i] = (struct kafka_topic_health) {
                        .name = s->topics[i].name,
                        .state = TOPIC_OK,
                        .since_usec = s->judge.now,
                        .worst_partition = -1,
                };
        }
}

void document_scene_kafka(struct document_scene *s) {
        static char name[] = "main", bootstrap[] = "kafka1:9092", address[] = "kafka1.example.org:9092";
        static char id[] = "4L6g3nShT-eMCtK--X86sw", offsets[] = "connect-offsets";
        static char status[] = "connect-status", hidden[] = "sasl.password=hidden";
        static char *bootstraps[] = { bootstrap, NULL }, *topics[] = { offsets, status, NULL };
        static char *properties[] = { hidden, NULL };
        static struct kafka_broker brokers[] = { { 1, address } };

        fill_topics(s);
        s->kafka_settings = (struct kafka_settings) {
                .name = name,
                .bootstrap = bootstraps,
                .properties = properties,
                .topics = topics,
        };
        s->facts = (struct kafka_facts) {
                .cluster_id = id,
                .controller = 1,
                .brokers = brokers,
                .n_brokers = ELEMENTSOF(brokers),
                .topics = s->topics,
                .n_topics = ELEMENTSOF(s->topics),
        };
        s->kafka_health = (struct kafka_health) {
                .outcome = KAFKA_UP,
                .reason = KAFKA_REASON_UP,
                .since_usec = s->judge.now,
                .checked_at_usec = s->judge.now,
                .took_usec = 12500,
                .last_up_usec = s->judge.now,
                .facts = &s->facts,
                .topics = s->topic_health,
                .n_topics = ELEMENTSOF(s->topic_health),
                .checks = { [KAFKA_UP] = 3, [KAFKA_DOWN] = 1 },
        };
        s->kafka = (struct kafka_snapshot) { .settings = &s->kafka_settings, .health = &s->kafka_health };
        s->snapshot.kafkas = &s->kafka;
        s->snapshot.n_kafkas = 1;
}

void document_scene_deep(struct document_scene *s) {
        static char topic[] = "health";

        s->kafka_settings.deep = true;
        s->kafka_settings.deep_topic = topic;
        s->deep_partitions[0] = (struct kafka_deep_partition) { .id = 0, .took_usec = 5 * USEC_PER_MSEC };
        s->deep_partitions[1] = (struct kafka_deep_partition) {
                .id = 1, .error = KAFKA_NO_ANSWER, .took_usec = 560 * USEC_PER_MSEC, .detail = "timed out"
        };
        s->deep = (struct kafka_deep) {
                .took_usec = 560 * USEC_PER_MSEC,
                .partitions = s->deep_partitions,
                .n_partitions = ELEMENTSOF(s->deep_partitions),
        };
        s->kafka.deep = &s->deep;
        s->kafka.deep_at_usec = s->judge.now;
}

void document_scene_done(struct document_scene *s) {
        connectors_view_free(s->connectors);
        document_done(&s->answer);
}
