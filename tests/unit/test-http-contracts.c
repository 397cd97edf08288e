/* What Zeebe's, Spring's, KrakenD's and Connect's clients are answered, through the lives of two workers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "judge-scene.h"
#include "report/http/document.h"
#include "util/json.h"

#define SPRING "application/vnd.spring-boot.actuator.v3+json"

/* Two workers of one agent; most tests move only the first one. */
struct play {
        struct scene a, b;
        struct settings settings;
        struct worker_snapshot workers[2];
        struct snapshot snapshot;
        const char *accept, *worker;
        struct document got;
        json_object *json; /* of the last answer, where it is JSON */
};

static char krakend_path[] = "/__health", other_name[] = "connect-b";

static int set_up(void **state) {
        struct play *p = calloc(1, sizeof(*p));

        assert_non_null(p);
        scene_init(&p->a);
        scene_init(&p->b);
        p->b.w.name = other_name;
        p->accept = "";
        p->settings.http.krakend_path = krakend_path;
        p->settings.http.healthcheck_compat = true;
        p->workers[0] = (struct worker_snapshot) { .settings = &p->a.w,
                                                   .health = &p->a.h,
                                                   .history = &p->a.history };
        p->workers[1] = (struct worker_snapshot) { .settings = &p->b.w,
                                                   .health = &p->b.h,
                                                   .history = &p->b.history };
        p->snapshot = (struct snapshot) {
                .started_at_usec = p->a.now - USEC_PER_MINUTE,
                .settings = &p->settings,
                .workers = p->workers,
                .n_workers = 2,
        };
        scene_ok(&p->b);
        *state = p;
        return 0;
}

static int tear_down(void **state) {
        struct play *p = *state;

        document_done(&p->got);
        json_object_unref(p->json);
        free(p);
        return 0;
}

/* Asks; returns the status. */
static unsigned ask(struct play *p, const char *path) {
        const struct question q = { .path = path, .rest = "", .worker = p->worker, .accept = p->accept };
        const char *problem;

        document_done(&p->got);
        p->json = json_object_unref(p->json);
        p->snapshot.now_usec = p->a.now;
        assert_int_equal(document_answer(&p->snapshot, &q, &p->got), 0);
        assert_int_equal(p->got.body_len, p->got.body ? strlen(p->got.body) : 0);
        if (p->got.content_type && strstr(p->got.content_type, "json"))
                assert_int_equal(json_parse(p->got.body, p->got.body_len, 8, &p->json, &problem), 0);
        return p->got.status;
}

/* The text at a path of keys in the last answer, such as "components/connect-a/status". */
static const char *text_at(const struct play *p, const char *keys) {
        json_object *o = p->json;
        char copy[256], *rest = NULL;

        assert_in_range(strlen(keys), 1, sizeof(copy) - 1);
        (void) strcpy(copy, keys);
        for (char *key = strtok_r(copy, "/", &rest); key; key = strtok_r(NULL, "/", &rest))
                if (!json_object_object_get_ex(o, key, &o))
                        return NULL;
        return json_object_get_string(o);
}

static void assert_answer(struct play *p, const char *path, unsigned status, const char *word) {
        unsigned got = ask(p, path);

        if (got != status || !text_at(p, "status") || !streq(text_at(p, "status"), word))
                fail_msg("%s: %u %s, not %u %s", path, got, strempty(p->got.body), status, word);
}

/* ---- Zeebe's broker ---- */

static void startup_and_ready_are_empty_or_say_why_not(void **state) {
        struct play *p = *state;

        scene_starting(&p->a);
        assert_int_equal(ask(p, "/startup"), 503);
        assert_string_equal(
                p->got.body,
                "connect-a: starting; says that it is still starting up (HTTP 503 after under 1ms)\n");
        assert_int_equal(ask(p, "/ready"), 503);
        assert_non_null(strstr(p->got.body, "connect-a: starting"));
        assert_null(strstr(p->got.body, "connect-b"));

        scene_ok(&p->a);
        assert_int_equal(ask(p, "/startup"), 204);
        assert_null(p->got.body);
        assert_null(p->got.content_type);
        assert_int_equal(ask(p, "/ready"), 204);
        assert_null(p->got.body);

        scene_silent(&p->a);
        assert_int_equal(ask(p, "/startup"), 204); /* it did start */
        assert_int_equal(ask(p, "/ready"), 503);
        scene_ok(&p->a);
        assert_int_equal(ask(p, "/ready"), 204);

        scene_unit_starts(&p->a, "start-2");
        assert_int_equal(ask(p, "/startup"), 503);
}

static void an_agent_that_restarts_knows_what_was_started(void **state) {
        struct play *p = *state;

        scene_ok(&p->a);
        scene_agent_restarts(&p->a);
        assert_int_equal(ask(p, "/startup"), 204);
        assert_int_equal(ask(p, "/ready"), 503);
        scene_ok(&p->a);
        assert_int_equal(ask(p, "/ready"), 204);
}

static void one_worker_can_be_asked_for(void **state) {
        static const char *const paths[] = { "/health", "/startup", "/ready", "/__health" };
        struct play *p = *state;

        scene_starting(&p->a);
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                p->worker = "connect-b";
                assert_in_range(ask(p, paths[i]), 200, 204);
                p->worker = "connect-c";
                assert_int_equal(ask(p, paths[i]), 404);
                assert_string_equal(p->got.body, "There is no worker of that name.\n");
        }
        p->worker = "connect-b";
        assert_answer(p, "/actuator/health", 200, "UP");
        assert_null(text_at(p, "components/connect-a"));
        p->worker = "connect-c";
        assert_int_equal(ask(p, "/actuator/health"), 404);
}

/* ---- Spring ---- */

static void spring_shows_workers_as_components(void **state) {
        struct play *p = *state;

        scene_ok(&p->a);
        assert_answer(p, "/actuator/health", 200, "UP");
        assert_string_equal(p->got.content_type, SPRING);
        assert_string_equal(text_at(p, "components/connect-a/status"), "UP");
        assert_string_equal(text_at(p, "components/connect-a/details/state"), "healthy");
        assert_string_equal(text_at(p, "components/connect-a/details/outcome"), "ok");
        assert_string_equal(text_at(p, "components/connect-a/details/reason"), "healthy");
        assert_string_equal(text_at(p, "components/connect-a/details/unit"), "kafka-connect.service");
        assert_string_equal(text_at(p, "groups"), "[ \"liveness\", \"readiness\", \"startup\" ]");

        scene_silent(&p->a);
        assert_answer(p, "/actuator/health", 503, "DOWN");
        assert_string_equal(text_at(p, "components/connect-a/status"), "DOWN");
        assert_string_equal(text_at(p, "components/connect-a/details/message"),
                            "suspect; did not answer within the timeout (50ms); 1 failing poll in a row");
        assert_string_equal(text_at(p, "components/connect-b/status"), "UP");
}

static void spring_shows_one_component(void **state) {
        struct play *p = *state;

        scene_silent(&p->a);
        assert_answer(p, "/actuator/health/connect-a", 503, "DOWN");
        assert_string_equal(text_at(p, "details/state"), "suspect");
        assert_null(text_at(p, "components"));
        assert_answer(p, "/actuator/health/connect-b", 200, "UP");
        assert_answer(p, "/actuator/health/readiness/connect-a", 503, "OUT_OF_SERVICE");
        assert_answer(p, "/actuator/health/liveness/connect-a", 200, "UP");
        assert_answer(p, "/actuator/health/startup/connect-b", 200, "UP");

        static const char *const absent[] = { "/actuator/health/connect-c", "/actuator/health/connect-a/x",
                                              "/actuator/health/ready",     "/actuator/health/liveness/x",
                                              "/actuator/health//",         "/actuator/healthy" };
        for (size_t i = 0; i < ELEMENTSOF(absent); i++)
                assert_int_equal(ask(p, absent[i]), 404);
        assert_int_equal(ask(p, absent[0]), 404);
        assert_null(p->got.body);
}

static void spring_has_the_type_that_is_asked_for(void **state) {
        static const struct {
                const char *accept, *type;
        } cases[] = {
                { "*/*", SPRING },
                { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", SPRING },
                { SPRING, SPRING },
                { "application/json", "application/json" },
                { "Application/JSON", "application/json" },
                { "application/json, " SPRING ";q=0.9", SPRING },
        };
        struct play *p = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                p->accept = cases[i].accept;
                assert_int_equal(ask(p, "/actuator/health"), 200);
                assert_string_equal(p->got.content_type, cases[i].type);
        }
}

static void the_groups_follow_a_start(void **state) {
        struct play *p = *state;

        assert_answer(p, "/actuator/health", 200, "UNKNOWN");
        assert_answer(p, "/actuator/health/startup", 503, "DOWN");
        assert_answer(p, "/actuator/health/readiness", 503, "OUT_OF_SERVICE");
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        assert_null(text_at(p, "groups"));
        assert_string_equal(text_at(p, "components/connect-a/status"), "UP");

        scene_starting(&p->a);
        assert_answer(p, "/actuator/health", 503, "OUT_OF_SERVICE");
        assert_answer(p, "/actuator/health/liveness", 200, "UP");

        scene_ok(&p->a);
        assert_answer(p, "/actuator/health/startup", 200, "UP");
        assert_answer(p, "/actuator/health/readiness", 200, "UP");
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
}

/* ---- liveness ---- */

static void lost_for_less_than_sustain_is_live(void **state) {
        struct play *p = *state;

        scene_ok(&p->a);
        scene_repeat(&p->a, scene_silent, 5 * USEC_PER_SEC, 175 * USEC_PER_SEC);
        assert_answer(p, "/actuator/health", 503, "DOWN");
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        scene_pass(&p->a, 5 * USEC_PER_SEC);
        scene_silent(&p->a);
        assert_answer(p, "/actuator/health/liveness", 503, "DOWN");
        assert_string_equal(text_at(p, "components/connect-b/status"), "UP");

        scene_ok(&p->a); /* of two that it takes: live, and not yet ready */
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        assert_answer(p, "/actuator/health/readiness", 503, "OUT_OF_SERVICE");
        scene_pass(&p->a, 10 * USEC_PER_SEC);
        scene_ok(&p->a);
        assert_answer(p, "/actuator/health/readiness", 200, "UP");
}

/* The cause may be Kafka, and who kills for that makes it worse. */
static void answered_errors_have_the_patience_of_sustain_kafka(void **state) {
        struct play *p = *state;

        scene_ok(&p->a);
        scene_repeat(&p->a, scene_500, 5 * USEC_PER_SEC, 9 * USEC_PER_MINUTE);
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        scene_repeat(&p->a, scene_500, 5 * USEC_PER_SEC, 2 * USEC_PER_MINUTE);
        assert_answer(p, "/actuator/health/liveness", 503, "DOWN");
}

static void lose(struct play *p) {
        scene_ok(&p->a);
        scene_repeat(&p->a, scene_silent, 5 * USEC_PER_SEC, 4 * USEC_PER_MINUTE);
        assert_answer(p, "/actuator/health/liveness", 503, "DOWN");
}

static void what_cannot_be_told_is_live(void **state) {
        struct play *p = *state;

        lose(p);
        scene_pass(&p->a, 5 * USEC_PER_SEC);
        scene_unknown(&p->a);
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        assert_answer(p, "/health", 500, "unhealthy");
        for (int i = 0; i < 2; i++) {
                scene_pass(&p->a, 5 * USEC_PER_SEC);
                scene_unknown(&p->a);
        }
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        assert_answer(p, "/actuator/health", 200, "UNKNOWN");
        assert_answer(p, "/health", 503, "unknown");
        assert_int_equal(ask(p, "/ready"), 503);
        assert_int_equal(ask(p, "/startup"), 204);
}

/* A suspended machine: nobody has looked for long. */
static void old_news_kill_nobody(void **state) {
        struct play *p = *state;

        lose(p);
        scene_pass(&p->a, USEC_PER_HOUR);
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
}

static void holds_that_speak_for_the_worker_keep_it_live(void **state) {
        static const struct {
                enum hold hold;
                bool live;
        } cases[] = {
                { HOLD_OBSERVE_ONLY, false },
                { HOLD_NOT_THIS_HOST, false },
                { HOLD_PAUSED, true },
                { HOLD_UNIT_BUSY, true },
                { HOLD_PACKAGE_MANAGER, true },
                { HOLD_DEPENDENCY_DOWN, true },
                { HOLD_PEERS_UNHEALTHY, true },
                { HOLD_LEDGER_UNWRITABLE, false },
                { HOLD_BACKOFF, false },
                { HOLD_RECURRING, false },
                { HOLD_BUDGET_EXHAUSTED, false },
                { HOLD_NOT_OUR_TURN, true },
                { HOLD_REFUSED, false },
        };
        struct play *p = *state;
        struct hold_entry holds[2] = { { .hold = HOLD_OBSERVE_ONLY } };

        lose(p);
        assert_int_equal(ELEMENTSOF(cases), _HOLD_MAX);
        p->workers[0].holds = holds;
        p->workers[0].n_holds = 2;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(cases[i].hold, i);
                holds[1].hold = cases[i].hold;
                assert_answer(p, "/actuator/health/liveness", cases[i].live ? 200 : 503,
                              cases[i].live ? "UP" : "DOWN");
                assert_answer(p, "/actuator/health", 503, "DOWN");
        }
}

static void an_exhausted_worker_is_down(void **state) {
        struct play *p = *state;

        lose(p);
        p->a.history.budget.exhausted_at_usec = p->a.now;
        assert_answer(p, "/actuator/health/liveness", 503, "DOWN");
        assert_answer(p, "/health", 500, "unhealthy");
        assert_answer(p, "/actuator/health/connect-a", 503, "DOWN");
        assert_string_equal(text_at(p, "details/state"), "exhausted");
}

static void a_stopped_worker_is_out_of_service_and_live(void **state) {
        struct play *p = *state;

        scene_ok(&p->a);
        p->a.stop_seen = true;
        scene_unit_ends(&p->a, "inactive", "success", 0, 0);
        assert_state(&p->a, STATE_STOPPED);
        assert_answer(p, "/health", 503, "stopped");
        assert_answer(p, "/actuator/health", 503, "OUT_OF_SERVICE");
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        assert_int_equal(ask(p, "/ready"), 503);
        assert_int_equal(ask(p, "/startup"), 503);
}

static void a_worker_that_we_restart_is_out_of_service_and_live(void **state) {
        struct play *p = *state;

        lose(p);
        health_restart_begun(&p->a.h, p->a.now);
        assert_answer(p, "/health", 503, "starting");
        assert_answer(p, "/actuator/health", 503, "OUT_OF_SERVICE");
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
}

static void a_degraded_worker_is_ready(void **state) {
        struct play *p = *state;

        scene_degraded(&p->a);
        assert_int_equal(ask(p, "/ready"), 204);
        assert_answer(p, "/actuator/health/connect-a", 200, "UP");
        assert_string_equal(text_at(p, "details/state"), "degraded");
}

static void without_any_worker_nothing_is_ready_and_nobody_is_killed(void **state) {
        struct play *p = *state;

        p->snapshot.n_workers = 0;
        assert_answer(p, "/health", 503, "unknown");
        assert_int_equal(ask(p, "/startup"), 503);
        assert_string_equal(p->got.body, "No worker is configured; see connect-watchdog.conf(5).\n");
        assert_int_equal(ask(p, "/ready"), 503);
        assert_answer(p, "/actuator/health", 200, "UNKNOWN");
        assert_null(text_at(p, "components"));
        assert_answer(p, "/actuator/health/liveness", 200, "UP");
        assert_answer(p, "/__health", 200, "ok");
        assert_string_equal(text_at(p, "agents"), "{ }");
}

/* ---- KrakenD ---- */

static void krakend_has_each_workers_last_ok_in_gos_time(void **state) {
        struct play *p = *state;

        /* The seed document's own times. */
        p->a.now = 1642613838084402;
        p->snapshot.started_at_usec = p->a.now - 30674738;
        p->a.h.last_ok_usec = 0;
        p->b.h.last_ok_usec = p->snapshot.started_at_usec + 31662;
        assert_answer(p, "/__health", 200, "ok");
        assert_string_equal(p->got.content_type, "application/json; charset=utf-8");
        assert_string_equal(text_at(p, "now"), "2022-01-19 18:37:18.084402 +0100 CET m=+30.674738000");
        assert_null(text_at(p, "agents/connect-a")); /* it never was */
        assert_string_equal(text_at(p, "agents/connect-b"),
                            "2022-01-19 18:36:47.441326 +0100 CET m=+0.031662000");

        /* Go leaves zeros out. */
        p->a.h.last_ok_usec = p->snapshot.started_at_usec + 1590336;
        p->b.h.last_ok_usec = p->snapshot.started_at_usec + 1090336;
        assert_answer(p, "/__health", 200, "ok");
        assert_string_equal(text_at(p, "agents/connect-a"), "2022-01-19 18:36:49 +0100 CET m=+1.590336000");
        assert_string_equal(text_at(p, "agents/connect-b"),
                            "2022-01-19 18:36:48.5 +0100 CET m=+1.090336000");

        p->snapshot.clock_offset_usec = -(int64_t) USEC_PER_HOUR; /* the wall clock was set back */
        assert_answer(p, "/__health", 200, "ok");
        assert_string_equal(text_at(p, "now"), "2022-01-19 17:37:18.084402 +0100 CET m=+30.674738000");
}

static void krakend_is_200_whatever_is(void **state) {
        struct play *p = *state;

        lose(p);
        assert_answer(p, "/__health", 200, "ok");
        assert_non_null(text_at(p, "agents/connect-a"));
}

static void krakend_can_be_moved_switched_off_and_rewritten(void **state) {
        static char elsewhere[] = "/health", body[] = "{\"custom\": \"response\"}";
        struct play *p = *state;

        lose(p);
        p->settings.http.krakend_path = elsewhere;
        assert_answer(p, "/health", 200, "ok");
        assert_int_equal(ask(p, "/__health"), 404);

        p->settings.http.krakend_body = body;
        assert_int_equal(ask(p, "/health"), 200);
        assert_string_equal(p->got.body, body);
        assert_string_equal(p->got.content_type, "application/json; charset=utf-8");

        p->settings.http.krakend_path = NULL;
        assert_answer(p, "/health", 500, "unhealthy");
        assert_int_equal(ask(p, "/__health"), 404);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(startup_and_ready_are_empty_or_say_why_not),
                TEST(an_agent_that_restarts_knows_what_was_started),
                TEST(one_worker_can_be_asked_for),
                TEST(spring_shows_workers_as_components),
                TEST(spring_shows_one_component),
                TEST(spring_has_the_type_that_is_asked_for),
                TEST(the_groups_follow_a_start),
                TEST(lost_for_less_than_sustain_is_live),
                TEST(answered_errors_have_the_patience_of_sustain_kafka),
                TEST(what_cannot_be_told_is_live),
                TEST(old_news_kill_nobody),
                TEST(holds_that_speak_for_the_worker_keep_it_live),
                TEST(an_exhausted_worker_is_down),
                TEST(a_stopped_worker_is_out_of_service_and_live),
                TEST(a_worker_that_we_restart_is_out_of_service_and_live),
                TEST(a_degraded_worker_is_ready),
                TEST(without_any_worker_nothing_is_ready_and_nobody_is_killed),
                TEST(krakend_has_each_workers_last_ok_in_gos_time),
                TEST(krakend_is_200_whatever_is),
                TEST(krakend_can_be_moved_switched_off_and_rewritten),
        };

        assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
        tzset();
        return cmocka_run_group_tests_name("http-contracts", tests, NULL, NULL);
}
