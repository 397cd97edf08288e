/* GET /healthcheck and /healthcheck/deep, as Backbeat documents them. */
#include "document-scene.h"

static int set_up(void **state) {
        struct document_scene *s = calloc(1, sizeof(*s));

        assert_non_null(s);
        document_scene_init(s);
        document_scene_kafka(s);
        *state = s;
        return 0;
}

static int tear_down(void **state) {
        document_scene_done(*state);
        free(*state);
        return 0;
}

static const char *get(struct document_scene *s, const char *path, unsigned status) {
        const char *body = document_scene_get(s, path, NULL, "", status);

        assert_string_equal(s->answer.content_type, "application/json");
        return body;
}

/* Whether text is in the answer, spaces left aside. */
static bool says(const struct document_scene *s, const char *text) {
        char body[8192];
        size_t n = 0;

        for (const char *c = s->answer.body; *c && n + 1 < sizeof(body); c++)
                if (*c != ' ')
                        body[n++] = *c;
        body[n] = '\0';
        return strstr(body, text);
}

#define assert_says(s, text)                                                                                \
        do {                                                                                                \
                if (!says(s, text))                                                                         \
                        fail_msg("\"%s\" is not in:\n%s", text, (s)->answer.body);                          \
        } while (0)

#define ZOOKEEPER "\"zookeeper\":{\"status\":\"ok\",\"details\":{\"name\":\"SYNC_CONNECTED\",\"code\":3}}"

static void all_is_well(void **state) {
        static const char *const paths[] = { "/healthcheck", "/_/healthcheck", "/_/backbeat/api/healthcheck",
                                             "/healthcheck/" };
        struct document_scene *s = *state;

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                (void) get(s, paths[i], 200);
                assert_says(s,
                            "{\"topics\":{\"connect-offsets\":{\"name\":\"connect-offsets\",\"partitions\":["
                            "{\"id\":0,\"leader\":1,\"replicas\":[2,1],\"isrs\":[2,1]},"
                            "{\"id\":1,\"leader\":1,\"replicas\":[2,1],\"isrs\":[2,1]}]},"
                            "\"connect-status\":{\"name\":\"connect-status\",\"partitions\":[");
                assert_says(s, "\"internalConnections\":{\"isrHealth\":\"ok\"," ZOOKEEPER
                               ",\"kafkaProducer\":{\"status\":\"ok\"}}}");
        }
        assert_null(strstr(s->answer.body, "hidden"));
}

/* min.insync.replicas is what counts, not three. */
static void isr_health_is_that_of_the_topics(void **state) {
        static const struct {
                enum topic_state state;
                const char *says;
        } cases[] = {
                { TOPIC_UNDER_REPLICATED, "\"isrHealth\":\"ok\"" },
                { TOPIC_OK, "\"isrHealth\":\"ok\"" },
                { TOPIC_BELOW_MIN_ISR, "\"isrHealth\":\"error\"" },
                { TOPIC_OFFLINE, "\"isrHealth\":\"error\"" },
                { TOPIC_UNKNOWN, "\"isrHealth\":\"error\"" },
                { TOPIC_MISSING, "\"isrHealth\":\"error\"" },
        };
        struct document_scene *s = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                s->topic_health[1].state = cases[i].state;
                (void) get(s, "/healthcheck", 200);
                assert_says(s, cases[i].says);
        }
}

static void a_topic_that_is_missing_is_left_out(void **state) {
        struct document_scene *s = *state;

        s->topics[0].error = KAFKA_NO_SUCH_TOPIC;
        s->topics[0].n_partitions = 0;
        s->topic_health[0].state = TOPIC_MISSING;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "{\"topics\":{\"connect-status\":");
        assert_says(s, "\"isrHealth\":\"error\"");

        s->kafka_health.n_topics = 0;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "{\"topics\":{},\"internalConnections\":{" ZOOKEEPER);
}

static void a_partition_without_leader_has_none(void **state) {
        struct document_scene *s = *state;

        s->partitions[1].leader = -1;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "{\"id\":1,\"leader\":-1,");
        s->partitions[1].id = -1;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "{\"id\":-1,\"leader\":-1,");
}

static void no_isr_at_all_is_500(void **state) {
        struct document_scene *s = *state;

        s->partitions[2].n_isrs = 0;
        (void) get(s, "/healthcheck", 500);
        assert_says(s, "{\"code\":500,\"description\":\"topicconnect-statushas");
        assert_says(s, "\"InternalError\":true}");
}

/* Old answers are not passed off as new ones: without metadata from the last check it is 500. */
static void nothing_is_hidden_behind_200(void **state) {
        static const struct {
                enum kafka_outcome outcome;
                enum kafka_reason reason;
                unsigned status;
        } cases[] = {
                { KAFKA_UP, KAFKA_REASON_UP, 200 },
                { KAFKA_SLOW, KAFKA_REASON_SLOW, 200 },
                { KAFKA_DOWN, KAFKA_REASON_NO_COORDINATOR, 200 },
                { KAFKA_DOWN, KAFKA_REASON_LEADERS_SILENT, 200 },
                { KAFKA_DOWN, KAFKA_REASON_NO_BROKER, 500 },
                { KAFKA_UNKNOWN, KAFKA_REASON_NOT_ASKED, 500 },
                { KAFKA_UNKNOWN, KAFKA_REASON_UNAUTHENTICATED, 500 },
                { KAFKA_UNKNOWN, KAFKA_REASON_TLS, 500 },
        };
        struct document_scene *s = *state;

        document_scene_deep(s);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                s->kafka_health.outcome = cases[i].outcome;
                s->kafka_health.reason = cases[i].reason;
                (void) get(s, "/healthcheck", cases[i].status);
                (void) get(s, "/healthcheck/deep", cases[i].status);
        }
        (void) snprintf(s->kafka_health.detail, sizeof(s->kafka_health.detail), "not trusted");
        (void) get(s, "/healthcheck", 500);
        assert_non_null(strstr(s->answer.body, "Kafka main is unknown: "));
        assert_non_null(strstr(s->answer.body, "(not trusted)"));
}

static void the_producer_is_the_deep_check(void **state) {
        struct document_scene *s = *state;

        document_scene_deep(s);
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "\"kafkaProducer\":{\"status\":\"error\"}");
        s->deep_partitions[1].error = KAFKA_OK;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "\"kafkaProducer\":{\"status\":\"ok\"}");
        s->deep.error = KAFKA_UNAUTHORIZED;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "\"kafkaProducer\":{\"status\":\"error\"}");

        s->kafka.deep = NULL;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "\"kafkaProducer\":{\"status\":\"ok\"}");
        s->kafka_health.outcome = KAFKA_DOWN;
        s->kafka_health.reason = KAFKA_REASON_NO_COORDINATOR;
        (void) get(s, "/healthcheck", 200);
        assert_says(s, "\"kafkaProducer\":{\"status\":\"error\"}");
}

static void deep(void **state) {
        struct document_scene *s = *state;

        (void) get(s, "/healthcheck/deep", 404);
        assert_says(s, "deep=no");
        assert_says(s, "\"RouteNotFound\":true}");

        document_scene_deep(s);
        (void) get(s, "/_/backbeat/api/healthcheck/deep", 200);
        assert_says(s, "{\"0\":\"ok\",\"1\":\"error\",\"timeElapsed\":560}");

        s->deep.error = KAFKA_NO_SUCH_TOPIC;
        (void) snprintf(s->deep.detail, sizeof(s->deep.detail), "no topic health");
        (void) get(s, "/healthcheck/deep", 500);
        assert_non_null(strstr(s->answer.body, "could not begin: "));
        assert_non_null(strstr(s->answer.body, ": no topic health"));

        s->kafka.deep = NULL;
        (void) get(s, "/healthcheck/deep", 500);
        assert_non_null(strstr(s->answer.body, "no deep check has ended yet"));
}

static void which_section_is_asked_for(void **state) {
        struct document_scene *s = *state;

        s->kafka_asked = "main";
        (void) get(s, "/healthcheck", 200);
        s->kafka_asked = "other";
        (void) get(s, "/healthcheck", 404);
        assert_non_null(strstr(s->answer.body, "of that name"));
        s->kafka_asked = NULL;
        (void) get(s, "/healthcheck/deeper", 404);
        s->snapshot.n_kafkas = 0;
        (void) get(s, "/healthcheck", 404);
        assert_non_null(strstr(s->answer.body, "no [kafka] section is configured"));
        (void) get(s, "/healthcheck/deep", 404);
        (void) document_scene_get(s, "/healthcheckx", NULL, "", 404);
        (void) document_scene_get(s, "/_/backbeat/api", NULL, "", 404);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_SCENE(all_is_well),
                WITH_SCENE(isr_health_is_that_of_the_topics),
                WITH_SCENE(a_topic_that_is_missing_is_left_out),
                WITH_SCENE(a_partition_without_leader_has_none),
                WITH_SCENE(no_isr_at_all_is_500),
                WITH_SCENE(nothing_is_hidden_behind_200),
                WITH_SCENE(the_producer_is_the_deep_check),
                WITH_SCENE(deep),
                WITH_SCENE(which_section_is_asked_for),
        };

        return cmocka_run_group_tests_name("http-backbeat", tests, NULL, NULL);
}
