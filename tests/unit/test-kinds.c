/* Whole polls of the kinds that ask more than once: which requests, in which order, and what they add up to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "config/settings.h"
#include "observe/kind.h"

#define REQUESTS_MAX 10
#define UP "{\"status\":\"UP\"}"
#define DOWN                                                                                                \
        "{\"status\":\"DOWN\",\"components\":{\"disk\":{\"status\":\"DOWN\"},\"ram\":{\"status\":\"UP\"}}}"

/* A server: what it answers at which path; 404 at any other. */
struct page {
        const char *path;
        unsigned status; /* 0: refused */
        const char *body, *redirect;
};

struct polled {
        char asked[512]; /* "/a /b " */
        struct observation o;
};

static struct polled poll(const struct worker_settings *w, struct probe *p, const struct page *pages) {
        struct polled ret = {};
        struct probe_ask ask = {};
        char path[128];

        w->kind->begin(p, w, &ask);
        for (unsigned n = 0;; n++) {
                struct answer a = {
                        .status = 404, .content_type = "", .body = "", .redirect = "", .detail = ""
                };

                assert_true(n < REQUESTS_MAX);
                assert_int_equal(ask.path[0], '/');
                (void) snprintf(path, sizeof(path), "%s", ask.path);
                strcat(strcat(ret.asked, path), " ");
                for (const struct page *page = pages; page->path; page++)
                        if (streq(page->path, path)) {
                                a.status = page->status;
                                a.error = page->status > 0 ? TRANSFER_OK : TRANSFER_REFUSED;
                                a.body = strempty(page->body);
                                a.redirect = strempty(page->redirect);
                        }
                a.body_len = strlen(a.body);
                if (w->kind->classify(p, w, &a, &ret.o, &ask) == PROBE_DONE)
                        return ret;
        }
}

static void test_a_url_that_names_a_page_is_asked_for_as_it_stands(_unused_ void **state) {
        static const struct {
                const char *url, *path, *asked;
        } cases[] = {
                { "http://127.0.0.1:80", NULL, "/" },
                { "http://127.0.0.1:80", "/up", "/up" },
                { "http://127.0.0.1:80/up", NULL, "" },
                { "http://127.0.0.1:80/api", "/up", "/up" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct worker_settings w = { .url = (char *) cases[i].url,
                                                   .path = (char *) cases[i].path };
                struct probe p = {};
                struct probe_ask ask = {};

                http_kind.begin(&p, &w, &ask);
                assert_string_equal(ask.path, cases[i].asked);
        }
}

static void test_where_a_poll_asks_is_told(_unused_ void **state) {
        static const struct {
                const struct worker_kind *kind;
                const char *url, *path, *where;
        } cases[] = {
                { &http_kind, "http://a:80", NULL, "http://a:80/" },
                { &http_kind, "http://a:80", "/up?x=1", "http://a:80/up?x=1" },
                { &http_kind, "http://a:80/up", NULL, "http://a:80/up" },
                { &http_kind, "unix:/run/x.sock", "/up", "/up at unix:/run/x.sock" },
                { &krakend_kind, "http://a:8080", NULL, "http://a:8080/__health" },
                { &krakend_kind, "http://a:8080", "/up", "http://a:8080/up" },
                { &kafka_connect_kind, "http://a:8083", "/not-its-own", "http://a:8083" },
                { &backbeat_kind, "unix:/run/x.sock", NULL, "unix:/run/x.sock" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct worker_settings w = { .kind = cases[i].kind,
                                                   .url = (char *) cases[i].url,
                                                   .path = (char *) cases[i].path };
                char where[WORKER_WHERE_SIZE];

                assert_string_equal(worker_where(&w, where, sizeof(where)), cases[i].where);
        }
}

static void expect(const struct polled *got, enum outcome outcome, enum reason reason, const char *asked) {
        if (got->o.outcome != outcome || got->o.reason != reason)
                fail_msg("%s %s after %s", outcome_to_string(got->o.outcome),
                         reason_to_string(got->o.reason), got->asked);
        assert_string_equal(got->asked, asked);
}

#define EXPECT(pages, outcome, reason, asked)                                                               \
        do {                                                                                                \
                const struct polled got = poll(&w, &p, pages);                                              \
                expect(&got, outcome, reason, asked);                                                       \
        } while (false)

#define BEFORE_OK "/actuator/health/startup /actuator/health/readiness "
#define LIVE "/actuator/health/liveness "

static void test_a_broker_of_today(_unused_ void **state) {
        static const struct page refused[] = { { "/actuator/health/startup", 0, NULL, NULL }, {} };
        static const struct page starting[] = { { "/actuator/health/startup", 503, DOWN, NULL }, {} };
        static const struct page not_ready[] = { { "/actuator/health/startup", 200, UP, NULL },
                                                 { "/actuator/health/readiness", 503, DOWN, NULL },
                                                 {} };
        static const struct page well[] = { { "/actuator/health/startup", 200, UP, NULL },
                                            { "/actuator/health/readiness", 200, UP, NULL },
                                            { "/actuator/health/liveness", 200, UP, NULL },
                                            { "/actuator/health/status", 200, UP, NULL },
                                            {} };
        static const struct page ill[] = { { "/actuator/health/readiness", 503, DOWN, NULL },
                                           { "/actuator/health/liveness", 200, UP, NULL },
                                           { "/actuator/health/status", 503, DOWN, NULL },
                                           {} };
        static const struct page dead[] = { { "/actuator/health/liveness", 503, DOWN, NULL }, {} };
        struct worker_settings w = { .kind = &zeebe_broker_kind };
        struct probe p = {};

        EXPECT(refused, OUTCOME_STARTING, REASON_NOT_LISTENING_YET, "/actuator/health/startup ");
        EXPECT(starting, OUTCOME_STARTING, REASON_STARTING_UP, "/actuator/health/startup ");
        EXPECT(not_ready, OUTCOME_STARTING, REASON_NOT_READY_YET, BEFORE_OK);
        EXPECT(well, OUTCOME_OK, REASON_HEALTHY, BEFORE_OK LIVE "/actuator/health/status ");
        EXPECT(well, OUTCOME_OK, REASON_HEALTHY, LIVE "/actuator/health/status ");
        EXPECT(ill, OUTCOME_DEGRADED, REASON_DEGRADED, LIVE "/actuator/health/status ");

        const struct polled got = poll(&w, &p, dead);
        expect(&got, OUTCOME_FAILING, REASON_UNHEALTHY, LIVE);
        assert_true(got.o.answered);
        assert_string_equal(got.o.detail, "DOWN: disk DOWN");
}

/* Its readiness says no while it starts anew, which is no failure. */
static void test_a_broker_that_starts_anew(_unused_ void **state) {
        static const struct page starting[] = { { "/actuator/health/startup", 503, DOWN, NULL },
                                                { "/actuator/health/liveness", 503, DOWN, NULL },
                                                {} };
        struct worker_settings w = { .kind = &zeebe_broker_kind };
        struct probe p = { .seen_ok = true };

        probe_begin_start(&p);
        EXPECT(starting, OUTCOME_STARTING, REASON_STARTING_UP, "/actuator/health/startup ");
}

static void test_a_broker_without_liveness(_unused_ void **state) {
        static const struct page well[] = { { "/actuator/health/startup", 200, UP, NULL },
                                            { "/actuator/health/readiness", 200, UP, NULL },
                                            { "/actuator/health/status", 200, UP, NULL },
                                            {} };
        static const struct page ill[] = { { "/actuator/health/status", 503, DOWN, NULL }, {} };
        struct worker_settings w = { .kind = &zeebe_broker_kind };
        struct probe p = {};

        EXPECT(well, OUTCOME_OK, REASON_HEALTHY, BEFORE_OK LIVE "/actuator/health/status ");
        /* Not asked for again in this start. */
        EXPECT(ill, OUTCOME_FAILING, REASON_UNHEALTHY, "/actuator/health/status ");
}

#define NONE_OF_TODAY BEFORE_OK LIVE "/actuator/health/status "

static void test_an_old_broker(_unused_ void **state) {
        static const struct page starting[] = { { "/startup", 503, NULL, NULL }, {} };
        static const struct page not_looked_yet[] = { { "/startup", 204, NULL, NULL },
                                                      { "/ready", 204, NULL, NULL },
                                                      { "/health", 503, NULL, NULL },
                                                      {} };
        static const struct page well[] = { { "/startup", 204, NULL, NULL },
                                            { "/ready", 204, NULL, NULL },
                                            { "/health", 204, NULL, NULL },
                                            {} };
        static const struct page ill[] = { { "/health", 503, NULL, NULL }, {} };
        static const struct page nothing[] = { {} };
        struct worker_settings w = { .kind = &zeebe_broker_kind };
        struct probe p = {};

        EXPECT(starting, OUTCOME_STARTING, REASON_STARTING_UP, NONE_OF_TODAY "/startup ");
        assert_true(p.lacks_health);
        EXPECT(not_looked_yet, OUTCOME_STARTING, REASON_NOT_READY_YET, "/startup /ready /health ");
        EXPECT(well, OUTCOME_OK, REASON_HEALTHY, "/startup /ready /health ");
        EXPECT(ill, OUTCOME_FAILING, REASON_UNHEALTHY, "/health ");
        /* It may have been another version's turn: looked at from the beginning. */
        EXPECT(nothing, OUTCOME_UNKNOWN, REASON_NOT_FOUND, "/health ");
        EXPECT(nothing, OUTCOME_UNKNOWN, REASON_NOT_FOUND, LIVE "/actuator/health/status /health ");
}

/* Its settings, or an agent's memory, speak of the old paths, which redirect. */
static void test_old_paths_that_redirect(_unused_ void **state) {
        static const struct page redirecting[] = { { "/health", 301, NULL, "/actuator/health/status" },
                                                   { "/actuator/health/status", 200, UP, NULL },
                                                   {} };
        static const struct page in_circles[] = { { "/health", 301, NULL, "/health" }, {} };
        static const struct page away[] = { { "/health", 301, NULL, "" }, {} };
        struct worker_settings w = { .kind = &zeebe_broker_kind };
        struct probe p = { .seen_ok = true, .lacks_health = true };

        EXPECT(redirecting, OUTCOME_OK, REASON_HEALTHY, "/health /actuator/health/status ");
        EXPECT(in_circles, OUTCOME_UNKNOWN, REASON_REDIRECT, "/health /health ");
        EXPECT(away, OUTCOME_UNKNOWN, REASON_REDIRECT, "/health ");
}

static void test_a_gateway(_unused_ void **state) {
        static const struct page well[] = { { "/actuator/health/startup", 200, UP, NULL },
                                            { "/actuator/health/liveness", 200, UP, NULL },
                                            { "/actuator/health", 200, UP, NULL },
                                            {} };
        static const struct page degraded[] = {
                { "/actuator/health/liveness", 200, UP, NULL },
                { "/actuator/health", 200,
                  "{\"status\":\"DEGRADED\",\"components\":{\"clusterHealth\":{\"status\":\"DEGRADED\"}}}",
                  NULL },
                {}
        };
        static const struct page alone[] = { { "/actuator/health/startup", 200, UP, NULL },
                                             { "/actuator/health/liveness", 503, DOWN, NULL },
                                             {} };
        struct worker_settings w = { .kind = &zeebe_gateway_kind };
        struct probe p = {};

        EXPECT(alone, OUTCOME_STARTING, REASON_NOT_READY_YET, "/actuator/health/startup " LIVE);
        EXPECT(well, OUTCOME_OK, REASON_HEALTHY, "/actuator/health/startup " LIVE "/actuator/health ");
        EXPECT(alone, OUTCOME_FAILING, REASON_UNHEALTHY, LIVE);
        const struct polled got = poll(&w, &p, degraded);
        expect(&got, OUTCOME_DEGRADED, REASON_DEGRADED, LIVE "/actuator/health ");
        assert_string_equal(got.o.detail, "DEGRADED: clusterHealth DEGRADED");
}

static void test_krakend_s_clock_that_goes_back(_unused_ void **state) {
#define SINCE(m) "{\"status\":\"ok\",\"now\":\"2026-11-21 10:00:00 +0000 UTC m=+" m "\"}"
        static const struct page young[] = { { "/__health", 200, SINCE("10.5"), NULL }, {} };
        static const struct page older[] = { { "/__health", 200, SINCE("40.5"), NULL }, {} };
        static const struct page silent[] = { { "/__health", 200, "{\"status\":\"ok\"}", NULL }, {} };
        static const struct {
                const struct page *pages;
                bool restarted;
        } rows[] = { { young, false }, { older, false }, { silent, false },
                     { older, false }, { young, true },  { young, false } };
        struct worker_settings w = { .kind = &krakend_kind, .agent_stale_usec = USEC_PER_MINUTE };
        struct probe p = {};

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const struct polled got = poll(&w, &p, rows[i].pages);

                expect(&got, OUTCOME_OK, REASON_HEALTHY, "/__health ");
                assert_int_equal(got.o.restarted, rows[i].restarted);
        }
}

static void test_backbeat_s_paths(_unused_ void **state) {
#define FINE "{\"topics\":{},\"internalConnections\":{\"kafkaProducer\":{\"status\":\"ok\"}}}"
        static const struct page direct[] = { { "/_/live", 200, "OK", NULL },
                                              { "/_/healthcheck", 200, FINE, NULL },
                                              {} };
        static const struct page proxied[] = { { "/_/backbeat/api/healthcheck", 200, FINE, NULL },
                                               { "/_/backbeat/api/healthcheck/deep", 200,
                                                 "{\"0\":\"error\"}", NULL },
                                               {} };
        static const struct page nothing[] = { {} };
        struct worker_settings w = { .kind = &backbeat_kind };
        struct probe p = {};

        EXPECT(direct, OUTCOME_OK, REASON_HEALTHY, "/_/live /_/healthcheck ");
        EXPECT(proxied, OUTCOME_OK, REASON_HEALTHY, "/_/live /_/healthcheck /_/backbeat/api/healthcheck ");
        /* Where it was found it is asked first. */
        w.deep = true;
        EXPECT(proxied, OUTCOME_DEGRADED, REASON_DEGRADED,
               "/_/live /_/backbeat/api/healthcheck /_/backbeat/api/healthcheck/deep ");
        EXPECT(nothing, OUTCOME_UNKNOWN, REASON_NOT_FOUND,
               "/_/live /_/backbeat/api/healthcheck /_/healthcheck ");
        /* Its deep check is not offered. */
        EXPECT(direct, OUTCOME_OK, REASON_HEALTHY, "/_/live /_/healthcheck /_/healthcheck/deep ");
}

static void test_each_kind_has_what_it_takes(_unused_ void **state) {
        for (const char *const *name = kind_names(); *name; name++) {
                const struct worker_kind *kind = kind_by_name(*name);

                assert_true(kind->begin && kind->classify && kind->n_steps > 0);
                for (const struct reason_words *w = kind->words; w && w->text; w++) {
                        assert_true(w->reason < _REASON_MAX && w->text[0]);
                        assert_non_null(w->remedy);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_url_that_names_a_page_is_asked_for_as_it_stands),
                cmocka_unit_test(test_where_a_poll_asks_is_told),
                cmocka_unit_test(test_a_broker_of_today),
                cmocka_unit_test(test_a_broker_that_starts_anew),
                cmocka_unit_test(test_a_broker_without_liveness),
                cmocka_unit_test(test_an_old_broker),
                cmocka_unit_test(test_old_paths_that_redirect),
                cmocka_unit_test(test_a_gateway),
                cmocka_unit_test(test_krakend_s_clock_that_goes_back),
                cmocka_unit_test(test_backbeat_s_paths),
                cmocka_unit_test(test_each_kind_has_what_it_takes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
