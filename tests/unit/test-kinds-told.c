/* Workers that are no Kafka Connect, as a person reads of them: each answer of tests/data, and each way in
 * which none comes, through the judge into the journal, /status, /workers, /metrics and STATUS=. None of it
 * may speak of Kafka Connect. */
#include <dirent.h>

#include <json-c/json.h>
#include <json-c/json_visit.h>

#include "../fuzz/answer-input.h"
#include "document-scene.h"
#include "report/narrate.h"
#include "report/status_line.h"
#include "util/text.h"

#define ANSWER_MAX 100000

/* What only Kafka Connect has. */
static const char *const foreign[] = { "Kafka", "onnector", "erder", "REST", "Stage", "rebalance", NULL };

static void assert_not_foreign(const struct worker_kind *kind, const char *where, const char *text) {
        for (const char *const *word = foreign; *word; word++)
                if (strstr(text, *word) && !(kind->needs_kafka && streq(*word, "Kafka")))
                        fail_msg("%s: \"%s\" in %s: %s", kind->name, *word, where, text);
}

/* ---- answers ---- */

static void classify(const struct answer_input *in, struct observation *ret) {
        struct answer_input i = *in;
        struct probe_ask next = {};

        *ret = (struct observation) {};
        if (i.kind->classify(&i.probe, &i.settings, &i.answer, ret, &next) == PROBE_ASK)
                *ret = (struct observation) {};
        ret->words = i.kind->words;
        ret->latency_usec = 3 * USEC_PER_MSEC;
}

static void read_answer(const char *kind, const char *name, struct observation *ret) {
        static char data[ANSWER_MAX];
        struct answer_input in;
        char path[1024];
        size_t n;
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/../data/%s/%s", getenv("TEST_SOURCE_DIR"), kind, name);
        f = fopen(path, "re");
        assert_non_null(f);
        n = fread(data, 1, sizeof(data), f);
        assert_int_equal(fclose(f), 0);
        answer_input_read(data, n, NULL, &in);
        classify(&in, ret);
}

/* What comes in place of one, or is answered by whatever stands there: the number of what is tried. */
static bool no_answer(const struct worker_kind *kind, unsigned n, struct observation *ret) {
        static const int statuses[] = { 301, 400, 401, 403, 404, 429, 500, 502, 503 };
        const unsigned n_errors = _TRANSFER_ERROR_MAX - 1;
        char head[128];
        struct answer_input in;

        if (n >= 2 * (n_errors + ELEMENTSOF(statuses)))
                return false;
        (void) snprintf(head, sizeof(head), "%s %u %u 1 0 %d text/plain\nno", kind->name, kind->n_steps - 1,
                        n % 2, n / 2 < n_errors ? -(int) (n / 2 + 1) : statuses[n / 2 - n_errors]);
        answer_input_read(head, strlen(head), NULL, &in);
        classify(&in, ret);
        return true;
}

/* ---- what is told of them ---- */

static void assert_narrated(struct document_scene *s) {
        for (size_t i = 0; i < s->judge.told.n; i++) {
                struct event *e = narrate(&s->judge.w, &s->judge.told.told[i], s->judge.now, 0);

                assert_non_null(e);
                assert_not_foreign(s->judge.w.kind, "the journal", e->message);
                event_free(e);
        }
}

static int visit(json_object *o,
                 int flags,
                 _unused_ json_object *parent,
                 _unused_ const char *key,
                 _unused_ size_t *index,
                 void *userdata) {
        if (flags != JSON_C_VISIT_SECOND && json_object_is_type(o, json_type_string))
                assert_not_foreign(userdata, "/workers", json_object_get_string(o));
        return JSON_C_VISIT_RETURN_CONTINUE;
}

static void assert_documents(struct document_scene *s) {
        const struct worker_kind *kind = s->judge.w.kind;
        const struct status_item item = { .name = "a",
                                          .state = s->judge.h.state,
                                          .failures = s->judge.h.failures };
        char line[512], *rest = NULL;
        json_object *o;

        assert_not_foreign(kind, "/status", document_scene_get(s, "/status", NULL, "", 200));
        o = json_tokener_parse(document_scene_get(s, "/workers", NULL, "", 200));
        assert_non_null(o);
        assert_int_equal(json_c_visit(o, 0, visit, (void *) kind), 0);
        json_object_put(o);
        (void) document_scene_get(s, "/metrics", NULL, "", 200);
        for (char *l = strtok_r(s->answer.body, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest))
                if (l[0] != '#')
                        assert_not_foreign(kind, "/metrics", l);
        assert_not_foreign(kind, "STATUS=", status_line(&item, 1, s->judge.now, line, sizeof(line)));
}

static void begin_well(struct document_scene *s, const struct worker_kind *kind) {
        static char name[] = "a", unit[] = "a.service";

        document_scene_init(s);
        s->snapshot.n_workers = 1;
        s->judge.w.kind = kind;
        s->judge.w.name = name;
        s->judge.w.unit = unit;
        s->judge.w.url = (char *) kind->default_url;
        if (!kind->needs_kafka)
                s->judge.w.sustain_kafka_usec = s->judge.w.sustain_usec;
        scene_ok(&s->judge);
}

/* A worker that was well is seen so for four minutes, which makes an incident of a failure. */
static void assert_told(const struct worker_kind *kind, const struct observation *o) {
        struct document_scene s;

        if (o->reason == REASON_NONE)
                return;
        begin_well(&s, kind);
        assert_narrated(&s);
        for (unsigned i = 0; i < 48; i++) {
                scene_pass(&s.judge, 5 * USEC_PER_SEC);
                scene_observe(&s.judge, o);
                assert_narrated(&s);
        }
        document_scene_decide(&s);
        assert_narrated(&s);
        assert_documents(&s);
        document_scene_done(&s);
}

/* ---- tests ---- */

static unsigned tell_recorded(const struct worker_kind *kind) {
        const struct dirent *entry;
        struct observation o;
        char path[1024];
        unsigned n = 0;
        DIR *d;

        (void) snprintf(path, sizeof(path), "%s/../data/%s", getenv("TEST_SOURCE_DIR"), kind->name);
        d = opendir(path);
        assert_non_null(d);
        for (; (entry = readdir(d)); n++)
                if (entry->d_name[0] != '.') {
                        read_answer(kind->name, entry->d_name, &o);
                        assert_told(kind, &o);
                }
        (void) closedir(d);
        return n;
}

static void test_nothing_speaks_of_kafka_connect(_unused_ void **state) {
        for (const char *const *name = kind_names(); *name; name++) {
                const struct worker_kind *kind = kind_by_name(*name);
                struct observation o;

                if (kind == &kafka_connect_kind)
                        continue;
                assert_true(tell_recorded(kind) >= 10);
                for (unsigned n = 0; no_answer(kind, n, &o); n++)
                        assert_told(kind, &o);
        }
}

static const char *member(json_object *o, const char *key) {
        json_object *value = NULL;

        assert_true(json_object_object_get_ex(o, key, &value));
        return strempty(json_object_get_string(value));
}

static void assert_shown(const struct worker_kind *kind,
                         const struct observation *o,
                         const char *sentence,
                         const char *remedy) {
        struct document_scene s;
        json_object *worker, *answer = NULL;
        char expected[128];
        const struct question one = { .path = "/workers/", .rest = "a", .accept = "", .protocol = "" };

        begin_well(&s, kind);
        scene_observe(&s.judge, o);
        (void) snprintf(expected, sizeof(expected), "<dt>Kind</dt><dd>%s</dd>\n<dt>Asked at</dt><dd>",
                        kind->name);
        assert_non_null(strstr(document_scene_get(&s, "/status", NULL, "", 200), expected));
        (void) snprintf(expected, sizeof(expected), "_worker_info{worker=\"a\",kind=\"%s\",", kind->name);
        assert_non_null(strstr(document_scene_get(&s, "/metrics", NULL, "", 200), expected));

        document_done(&s.answer);
        assert_int_equal(document_workers(&s.snapshot, &one, &s.answer), 0);
        worker = json_tokener_parse(s.answer.body);
        assert_string_equal(member(worker, "kind"), kind->name);
        assert_true(json_object_object_get_ex(worker, "last_answer", &answer));
        assert_string_equal(member(answer, "text"), sentence);
        assert_string_equal(member(answer, "remedy"), remedy);
        json_object_put(worker);
        document_scene_done(&s);
}

static void test_sentences(_unused_ void **state) {
        static const struct {
                const char *kind, *answer, *sentence, *remedy;
        } rows[] = {
                { "zeebe-broker", "startup-down.starting-up",
                  "says that it is still starting up (HTTP 503 after 3ms; DOWN)", "" },
                { "zeebe-broker", "liveness-not-ready.unhealthy",
                  "says that it is down (HTTP 503 after 3ms; DOWN: brokerReady DOWN)",
                  "See the components it names, and its own log; one that misses other brokers or "
                  "partitions' leaders may only wait for them." },
                { "zeebe-broker", "status-down-but-live.degraded",
                  "lives, but says that part of it does not work (HTTP 503 after 3ms; DOWN)",
                  "See what it names, and look into its own log." },
                { "zeebe-broker", "timeout.timeout", "did not answer within the timeout (53ms)",
                  "Look at the worker's threads, memory and garbage collection." },
                { "zeebe-broker", "nothing-of-it.not-found",
                  "answers, but not with Zeebe's health (404) (application/json: "
                  "{\"status\":404,\"error\":\"Not Found\"})",
                  "See that url is that of the management port (9600), and that its health endpoint is "
                  "exposed." },
                { "zeebe-gateway", "startup-out-of-service.shutting-down",
                  "says that it is out of service (HTTP 503 after 3ms; OUT_OF_SERVICE)", "" },
                { "zeebe-gateway", "health-degraded.degraded",
                  "lives, but says that part of it does not work (HTTP 200 after 3ms; DEGRADED: "
                  "clusterHealth DEGRADED)",
                  "See what it names, and look into its own log." },
                { "zeebe-gateway", "liveness-down.unhealthy",
                  "says that it is down (HTTP 503 after 3ms; DOWN: livenessGatewayPartitionLeaderAwareness "
                  "DOWN)",
                  "See the components it names, and its own log; one that misses other brokers or "
                  "partitions' leaders may only wait for them." },
                { "krakend", "plain.healthy", "is healthy (HTTP 200 after 3ms)", "" },
                { "krakend", "stale-by-its-clock.agent-stale",
                  "serves, but an agent of it is no longer seen (HTTP 200 after 3ms; agent orders was last "
                  "seen 16min 40s ago)",
                  "Look at what the agent consumes from; agent_stale says how long is too long." },
                { "krakend", "moved.not-found",
                  "answers, but not with KrakenD's health (404) (application/json: {\"error\":\"404 page "
                  "not found\"})",
                  "See that path is what health_path of its router says, and that disable_health is not "
                  "set." },
                { "krakend", "refused-after-ok.refused", "refused the connection",
                  "See whether the worker still runs, and listens where url says." },
                { "backbeat", "not-live.unhealthy",
                  "says that it is not live (HTTP 500 after 3ms; application/json: [{\"component\":\"log "
                  "reader\",\"status\":\"error\"}])",
                  "See what it names, and its own log." },
                { "backbeat", "not-live-503.unhealthy",
                  "says that it is not live (HTTP 503 after 3ms; application/json: "
                  "{\"errorType\":\"ServiceUnavailable\",\"errorMessage\":\"lifecycle not ready\"})",
                  "See what it names, and its own log." },
                { "backbeat", "zookeeper-lost.degraded",
                  "lives, but what it works with does not (HTTP 200 after 3ms; ZooKeeper DISCONNECTED)",
                  "See what it names: Kafka and ZooKeeper first, for restarting Backbeat mends neither." },
                { "backbeat", "check-hangs-but-live.degraded",
                  "lives, but what it works with does not (its healthcheck did not answer within the "
                  "timeout)",
                  "See what it names: Kafka and ZooKeeper first, for restarting Backbeat mends neither." },
                { "backbeat", "forbidden.forbidden",
                  "forbids us to ask (403) (application/json: {\"code\":\"AccessDenied\"})",
                  "Put this host's address into server.healthChecks.allowFrom of its config.json." },
                { "http", "other-value.unexpected",
                  "answers, but not with what is expected of it (HTTP 200 after 3ms; application/json: "
                  "{\"status\":{\"db\":\"down\"}})",
                  "See expect_status and expect_body, and the service's own log." },
                { "http", "degraded.degraded",
                  "lives, but says that part of it does not work (HTTP 200 after 3ms; application/json: "
                  "{\"status\":{\"db\":\"up\"},\"note\":\"cache is cold\"})",
                  "See what it names, and look into its own log." },
                { "http", "starting.starting-up",
                  "answers with a status that means that it is starting (HTTP 425 after 3ms)", "" },
                { "http", "gone.not-found", "answers that there is no such path (404) (text/plain: no)",
                  "See that url and path are right; write expect_status = 404 if that is what it should "
                  "say." },
                { "http", "password.unauthorized", "wants credentials (401) (no content type, empty)",
                  "Set username and password_file, bearer_token_file or headers_file, and see that they are "
                  "right." },
                { "http", "timeout.timeout", "did not answer within the timeout (53ms)",
                  "See what the service waits for, and look at its CPU and memory." },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct observation o;

                read_answer(rows[i].kind, rows[i].answer, &o);
                assert_shown(kind_by_name(rows[i].kind), &o, rows[i].sentence, rows[i].remedy);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_speaks_of_kafka_connect),
                cmocka_unit_test(test_sentences),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
