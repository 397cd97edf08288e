/* What each answer of a Kafka Connect worker means: the rows of the outcome table, the probe of older
 * workers, the stage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "observe/kind.h"
#include "observe/stage.h"

#define JSON "application/json"
#define HTML "text/html;charset=iso-8859-1"
#define HEALTHY                                                                                             \
        "{\"status\":\"healthy\",\"message\":\"Worker has completed startup and is ready to handle "        \
        "requests.\"}"
#define STARTING "{\"status\":\"starting\",\"message\":\"Worker is still starting up.\"}"
#define UNHEALTHY                                                                                           \
        "{\"status\":\"unhealthy\",\"message\":\"Worker was unable to handle this request and may be "      \
        "unable "                                                                                           \
        "to handle other requests.\"}"
#define DOWN "{\"error_code\":500,\"message\":\"Worker is shutting down\"}"
#define NO_RESOURCE "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}"
#define NO_CONNECTOR "{\"error_code\":404,\"message\":\"Connector connect-watchdog-probe not found\"}"
#define TIMED_OUT_500 "{\"error_code\":500,\"message\":\"Request timed out\"}"
#define JETTY_404 "<html>\n<head>\n<title>Error 404 Not Found</title>\n</head>\n"

enum asked { HEALTH, CONNECTOR, ROOT };

static const struct row {
        enum asked asked;
        bool seen_ok;
        enum transfer_error error;
        unsigned status;
        const char *type, *body;
        enum outcome outcome;
        enum reason reason;
        bool answered;
} rows[] = {
        { HEALTH, false, TRANSFER_OK, 200, JSON, HEALTHY, OUTCOME_OK, REASON_HEALTHY, false },
        { HEALTH, false, TRANSFER_OK, 200, JSON, "\n" HEALTHY "\r\n", OUTCOME_OK, REASON_HEALTHY, false },
        { HEALTH, false, TRANSFER_OK, 503, JSON, STARTING, OUTCOME_STARTING, REASON_STARTING_UP, false },
        { HEALTH, true, TRANSFER_OK, 503, JSON, STARTING, OUTCOME_STARTING, REASON_STARTING_UP, false },
        { HEALTH, false, TRANSFER_OK, 500, JSON, UNHEALTHY, OUTCOME_FAILING, REASON_UNHEALTHY, true },
        { HEALTH, true, TRANSFER_OK, 500, JSON, UNHEALTHY, OUTCOME_FAILING, REASON_UNHEALTHY, true },
        { HEALTH, true, TRANSFER_OK, 500, JSON, DOWN, OUTCOME_FAILING, REASON_SHUTTING_DOWN, true },

        /* any other 5xx */
        { HEALTH, true, TRANSFER_OK, 500, JSON, TIMED_OUT_500, OUTCOME_FAILING, REASON_SERVER_ERROR, true },
        { HEALTH, true, TRANSFER_OK, 500, HTML, "<h1>Oops</h1>", OUTCOME_FAILING, REASON_SERVER_ERROR,
          true },
        { HEALTH, true, TRANSFER_OK, 502, HTML, "<h1>Bad Gateway</h1>", OUTCOME_FAILING, REASON_SERVER_ERROR,
          true },
        { HEALTH, true, TRANSFER_OK, 503, HTML, "<h1>No backend</h1>", OUTCOME_FAILING, REASON_SERVER_ERROR,
          true },
        { HEALTH, true, TRANSFER_OK, 503, JSON, HEALTHY, OUTCOME_FAILING, REASON_SERVER_ERROR, true },
        { HEALTH, true, TRANSFER_OK, 500, JSON, STARTING, OUTCOME_FAILING, REASON_SERVER_ERROR, true },
        { HEALTH, true, TRANSFER_OK, 599, "", "", OUTCOME_FAILING, REASON_SERVER_ERROR, true },

        /* no answer in time, whenever; refused or reset after the first ok */
        { HEALTH, false, TRANSFER_TIMEOUT, 0, "", "", OUTCOME_FAILING, REASON_TIMEOUT, false },
        { HEALTH, true, TRANSFER_TIMEOUT, 0, "", "", OUTCOME_FAILING, REASON_TIMEOUT, false },
        { HEALTH, true, TRANSFER_REFUSED, 0, "", "", OUTCOME_FAILING, REASON_REFUSED, false },
        { HEALTH, true, TRANSFER_RESET, 0, "", "", OUTCOME_FAILING, REASON_RESET, false },
        /* refused, reset, or HTML 404 before the first ok */
        { HEALTH, false, TRANSFER_REFUSED, 0, "", "", OUTCOME_STARTING, REASON_NOT_LISTENING_YET, false },
        { HEALTH, false, TRANSFER_RESET, 0, "", "", OUTCOME_STARTING, REASON_NOT_LISTENING_YET, false },
        { HEALTH, false, TRANSFER_OK, 404, HTML, JETTY_404, OUTCOME_STARTING, REASON_NOT_READY_YET, false },
        { HEALTH, false, TRANSFER_OK, 404, "", " \n" JETTY_404, OUTCOME_STARTING, REASON_NOT_READY_YET,
          false },

        /* an old worker */
        { CONNECTOR, false, TRANSFER_OK, 404, JSON, NO_CONNECTOR, OUTCOME_OK, REASON_HEALTHY, false },
        { CONNECTOR, false, TRANSFER_OK, 200, JSON, "{\"name\":\"connect-watchdog-probe\"}", OUTCOME_OK,
          REASON_HEALTHY, false },
        { CONNECTOR, true, TRANSFER_OK, 500, JSON, TIMED_OUT_500, OUTCOME_FAILING, REASON_HERDER_STUCK,
          true },
        /* before its first ok it may be a slow start, which has no 503 to tell it */
        { CONNECTOR, false, TRANSFER_OK, 500, JSON, TIMED_OUT_500, OUTCOME_STARTING,
          REASON_HERDER_NOT_READY_YET, false },
        { ROOT, false, TRANSFER_OK, 200, JSON, "{\"version\":\"3.8.1\"}", OUTCOME_STARTING,
          REASON_HERDER_NOT_READY_YET, false },
        { CONNECTOR, true, TRANSFER_OK, 500, JSON, DOWN, OUTCOME_FAILING, REASON_SHUTTING_DOWN, true },
        { CONNECTOR, true, TRANSFER_OK, 502, HTML, "<h1>x</h1>", OUTCOME_FAILING, REASON_SERVER_ERROR,
          true },
        { CONNECTOR, true, TRANSFER_OK, 404, JSON, NO_RESOURCE, OUTCOME_UNKNOWN, REASON_NOT_FOUND, false },
        { CONNECTOR, false, TRANSFER_OK, 404, JSON, NO_RESOURCE, OUTCOME_UNKNOWN, REASON_NOT_FOUND, false },
        { CONNECTOR, false, TRANSFER_OK, 404, HTML, JETTY_404, OUTCOME_STARTING, REASON_NOT_READY_YET,
          false },
        { CONNECTOR, true, TRANSFER_OK, 404, HTML, JETTY_404, OUTCOME_UNKNOWN, REASON_NOT_FOUND, false },
        { CONNECTOR, true, TRANSFER_OK, 409, JSON, "{\"error_code\":409,\"message\":\"busy\"}",
          OUTCOME_UNKNOWN, REASON_CLIENT_ERROR, false },
        { CONNECTOR, true, TRANSFER_OK, 401, "", "", OUTCOME_UNKNOWN, REASON_UNAUTHORIZED, false },
        { CONNECTOR, true, TRANSFER_OK, 200, JSON, HEALTHY, OUTCOME_UNKNOWN, REASON_NOT_CONNECT, false },
        { CONNECTOR, true, TRANSFER_REFUSED, 0, "", "", OUTCOME_FAILING, REASON_REFUSED, false },
        { ROOT, true, TRANSFER_OK, 200, JSON, "{\"version\":\"3.8.1\"}", OUTCOME_FAILING,
          REASON_HERDER_STUCK, true },
        { ROOT, true, TRANSFER_OK, 401, "", "", OUTCOME_FAILING, REASON_HERDER_STUCK, true },
        { ROOT, true, TRANSFER_OK, 500, JSON, DOWN, OUTCOME_FAILING, REASON_SERVER_ERROR, true },
        { ROOT, true, TRANSFER_TIMEOUT, 0, "", "", OUTCOME_FAILING, REASON_TIMEOUT, false },
        { ROOT, true, TRANSFER_RESET, 0, "", "", OUTCOME_FAILING, REASON_RESET, false },
        { ROOT, false, TRANSFER_REFUSED, 0, "", "", OUTCOME_STARTING, REASON_NOT_LISTENING_YET, false },
        { ROOT, true, TRANSFER_NO_RESOURCES, 0, "", "", OUTCOME_UNKNOWN, REASON_NO_RESOURCES, false },

        /* cannot tell */
        { HEALTH, true, TRANSFER_OK, 401, JSON, "User cannot access the resource.", OUTCOME_UNKNOWN,
          REASON_UNAUTHORIZED, false },
        { HEALTH, true, TRANSFER_OK, 403, "", "", OUTCOME_UNKNOWN, REASON_FORBIDDEN, false },
        { HEALTH, true, TRANSFER_OK, 301, "", "", OUTCOME_UNKNOWN, REASON_REDIRECT, false },
        { HEALTH, true, TRANSFER_OK, 304, "", "", OUTCOME_UNKNOWN, REASON_REDIRECT, false },
        { HEALTH, true, TRANSFER_OK, 308, "", "", OUTCOME_UNKNOWN, REASON_REDIRECT, false },
        { HEALTH, true, TRANSFER_OK, 429, "", "", OUTCOME_UNKNOWN, REASON_RATE_LIMITED, false },
        { HEALTH, true, TRANSFER_OK, 400, "", "", OUTCOME_UNKNOWN, REASON_CLIENT_ERROR, false },
        { HEALTH, true, TRANSFER_OK, 418, "", "", OUTCOME_UNKNOWN, REASON_CLIENT_ERROR, false },
        { HEALTH, true, TRANSFER_OK, 404, HTML, JETTY_404, OUTCOME_UNKNOWN, REASON_NOT_FOUND, false },
        { HEALTH, false, TRANSFER_OK, 404, JSON, "{\"error\":\"nope\"}", OUTCOME_UNKNOWN, REASON_NOT_FOUND,
          false },
        { HEALTH, false, TRANSFER_OK, 404, "text/plain", "404 page not found", OUTCOME_UNKNOWN,
          REASON_NOT_FOUND, false },
        { HEALTH, false, TRANSFER_NOT_RESOLVED, 0, "", "", OUTCOME_UNKNOWN, REASON_NAME_NOT_RESOLVED,
          false },
        { HEALTH, true, TRANSFER_UNREACHABLE, 0, "", "", OUTCOME_UNKNOWN, REASON_UNREACHABLE, false },
        { HEALTH, true, TRANSFER_TLS_UNTRUSTED, 0, "", "", OUTCOME_UNKNOWN, REASON_TLS_UNTRUSTED, false },
        { HEALTH, true, TRANSFER_TLS_EXPIRED, 0, "", "", OUTCOME_UNKNOWN, REASON_TLS_EXPIRED, false },
        { HEALTH, true, TRANSFER_TLS_CLIENT, 0, "", "", OUTCOME_UNKNOWN, REASON_TLS_CLIENT, false },
        { HEALTH, true, TRANSFER_NOT_HTTP, 0, "", "", OUTCOME_UNKNOWN, REASON_NOT_HTTP, false },
        { HEALTH, true, TRANSFER_TOO_LARGE, 200, "", "", OUTCOME_UNKNOWN, REASON_TOO_LARGE, false },
        { HEALTH, true, TRANSFER_CREDENTIAL, 0, "", "", OUTCOME_UNKNOWN, REASON_CREDENTIAL, false },
        { HEALTH, true, TRANSFER_NO_RESOURCES, 0, "", "", OUTCOME_UNKNOWN, REASON_NO_RESOURCES, false },
        { HEALTH, true, TRANSFER_OK, 204, "", "", OUTCOME_UNKNOWN, REASON_NOT_CONNECT, false },

/* 200, but not Connect's answer */
#define NOT_CONNECT(body)                                                                                   \
        { HEALTH, true, TRANSFER_OK, 200, JSON, body, OUTCOME_UNKNOWN, REASON_NOT_CONNECT, false }
        NOT_CONNECT(""),
        NOT_CONNECT("{}"),
        NOT_CONNECT("[]"),
        NOT_CONNECT("\"healthy\""),
        NOT_CONNECT("{\"status\":\"UP\"}"),
        NOT_CONNECT("{\"status\":\"unhealthy\"}"),
        NOT_CONNECT("{\"status\":\"healthy\"} x"),
        NOT_CONNECT("{\"status\":\"healthy\"}{}"),
        NOT_CONNECT("{\"status\":\"healthy\""),
        NOT_CONNECT("{'status':'healthy'}"),
        NOT_CONNECT("{\"status\":'healthy'}"),
        NOT_CONNECT("{\"status\":\"healthy\",\"n\":NaN}"),
        NOT_CONNECT("{\"status\":\"healthy\",\"n\":Infinity}"),
        NOT_CONNECT("{\"status\":\"healthy\"/* */}"),
        NOT_CONNECT("{\"status\":\"healthy\",\"n\":\"a\nb\"}"),
        NOT_CONNECT("{\"status\":\"healthy\",\"n\":\"\xff\"}"),
        NOT_CONNECT("{\"status\":\"healthy\\u0000\"}"),
        NOT_CONNECT("{\"status\":\"healthy\\n\"}"),
        NOT_CONNECT("{\"status\":null}"),
        NOT_CONNECT("{\"status\":1}"),
        NOT_CONNECT("{\"status\":[\"healthy\"]}"),
        NOT_CONNECT("{\"status\":\"healthy\",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]"
                    "]]]]]]]]]]]}"),
        NOT_CONNECT("{\"message\":\"Worker has completed startup and is ready to handle requests.\"}"),
        NOT_CONNECT("<html>healthy</html>"),
};

static struct answer answer(enum transfer_error error, unsigned status, const char *type, const char *body) {
        return (struct answer) {
                .error = error,
                .status = status,
                .content_type = type,
                .body = body,
                .body_len = strlen(body),
                .redirect = "",
                .detail = error == TRANSFER_OK ? "" : "the cause",
        };
}

/* Brings a probe to the request that is asked, the way a poll does. */
static void go_to(struct probe *p, enum asked asked) {
        struct observation o = { 0 };
        struct probe_ask ask = {};
        struct answer a;

        p->lacks_health = asked != HEALTH;
        kafka_connect_kind.begin(p, NULL, &ask);
        assert_string_equal(ask.path, asked == HEALTH ? "/health" : "/connectors/connect-watchdog-probe");
        if (asked != ROOT)
                return;
        a = answer(TRANSFER_TIMEOUT, 0, "", "");
        assert_int_equal(kafka_connect_kind.classify(p, NULL, &a, &o, &ask), PROBE_ASK);
        assert_string_equal(ask.path, "/");
}

static void test_rows_of_the_outcome_table(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const struct row *row = &rows[i];
                struct answer a = answer(row->error, row->status, row->type, row->body);
                struct probe p = { .seen_ok = row->seen_ok };
                struct observation o = { 0 };
                struct probe_ask ask = {};

                go_to(&p, row->asked);
                if (kafka_connect_kind.classify(&p, NULL, &a, &o, &ask) != PROBE_DONE ||
                    o.outcome != row->outcome || o.reason != row->reason || o.answered != row->answered)
                        fail_msg("row %zu (%u %s): %s/%s", i, row->status, row->body,
                                 outcome_to_string(o.outcome), reason_to_string(o.reason));
                assert_int_equal(p.seen_ok, row->seen_ok || row->outcome == OUTCOME_OK);
                if (row->error != TRANSFER_OK)
                        assert_string_equal(o.detail, "the cause");
                if (row->asked != ROOT)
                        assert_int_equal(o.http_status, row->status);
        }
}

static void test_an_old_worker_is_found_out_once(_unused_ void **state) {
        struct probe p = { 0 };
        struct observation o = { 0 };
        struct answer a = answer(TRANSFER_OK, 404, JSON, NO_RESOURCE);
        struct probe_ask ask = {};

        kafka_connect_kind.begin(&p, NULL, &ask);
        assert_string_equal(ask.path, "/health");
        assert_int_equal(p.keep_percent, 0);
        assert_int_equal(kafka_connect_kind.classify(&p, NULL, &a, &o, &ask), PROBE_ASK);
        assert_string_equal(ask.path, "/connectors/connect-watchdog-probe");
        assert_true(p.lacks_health);
        assert_in_range(p.keep_percent, 1, 99);
        assert_int_equal(p.before.status, 404);

        kafka_connect_kind.begin(&p, NULL, &ask);
        assert_string_equal(ask.path, "/connectors/connect-watchdog-probe");
        assert_in_range(p.keep_percent, 1, 99);

        probe_begin_start(&p);
        assert_false(p.lacks_health);
        kafka_connect_kind.begin(&p, NULL, &ask);
        assert_string_equal(ask.path, "/health");
}

static void test_a_new_start_leaves_the_poll_under_way(_unused_ void **state) {
        struct probe p = { .seen_ok = true };
        struct observation o = { 0 };
        struct answer a = answer(TRANSFER_OK, 404, JSON, NO_CONNECTOR);
        struct probe_ask ask = {};

        go_to(&p, CONNECTOR);
        probe_begin_start(&p);
        assert_false(p.seen_ok);
        assert_int_equal(kafka_connect_kind.classify(&p, NULL, &a, &o, &ask), PROBE_DONE);
        assert_int_equal(o.outcome, OUTCOME_OK);
}

static void test_details_help_and_tell_no_secret(_unused_ void **state) {
        static const struct {
                const char *body, *detail;
        } cases[] = {
                { "<h1>No backend</h1>\nis up\x01 today", "text/html: <h1>No backend</h1> is up  today" },
                { "", "text/html, empty" },
                { "GET / Authorization: Basic dTpw", "text/html" },
                { "your PASSWORD=x", "text/html" },
                { "Bearer abc", "text/html" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct answer a = answer(TRANSFER_OK, 502, "text/html", cases[i].body);
                struct probe p = { 0 };
                struct observation o = { 0 };
                struct probe_ask ask = {};

                kafka_connect_kind.begin(&p, NULL, &ask);
                assert_int_equal(kafka_connect_kind.classify(&p, NULL, &a, &o, &ask), PROBE_DONE);
                assert_string_equal(o.detail, cases[i].detail);
        }
}

static void test_a_stuck_herder_tells_the_question_that_failed(_unused_ void **state) {
        struct probe p = { .seen_ok = true };
        struct observation o = { 0 };
        struct answer a = answer(TRANSFER_OK, 200, JSON, "{}");
        struct probe_ask ask = {};

        go_to(&p, ROOT);
        assert_int_equal(kafka_connect_kind.classify(&p, NULL, &a, &o, &ask), PROBE_DONE);
        assert_int_equal(o.http_status, 0);
        assert_string_equal(
                o.detail,
                "GET /connectors/connect-watchdog-probe was not answered in time, GET / was with HTTP 200");
}

#define S(s) ((usec_t) (s) *USEC_PER_SEC)

static void test_times(_unused_ void **state) {
        static const struct {
                const char *text;
                usec_t time;
        } cases[] = {
                { "1970-01-01T00:00:01Z", S(1) },
                { "2026-11-20T18:29:04Z", S(1795199344) },
                { "2026-11-20T18:29:04.5Z", S(1795199344) + 500000 },
                { "2026-11-20T18:29:04.123456Z", S(1795199344) + 123456 },
                { "2026-11-20T18:29:04.123456789Z", S(1795199344) + 123456 },
                { "2026-11-20T20:29:04+02:00", S(1795199344) },
                { "2026-11-20T13:59:04.25-04:30", S(1795199344) + 250000 },
                { "2024-02-29T00:00:00Z", S(1709164800) },
                { "2023-02-29T00:00:00Z", 0 },
                { "2026-11-20T18:29:04", 0 },
                { "2026-11-20 18:29:04Z", 0 },
                { "2026-11-20T18:29:04.Zx", 0 },
                { "2026-11-20T18:29:04+0200", 0 },
                { "2026-11-20T18:29:04+99:00", 0 },
                { "2026-13-20T18:29:04Z", 0 },
                { "2026-11-20T24:29:04Z", 0 },
                { "2026-11-20T18:29:60Z", 0 },
                { "1970-01-01T00:00:00+02:00", 0 },
                { "1969-12-31T23:59:59Z", 0 },
                { "+12026-11-20T18:29:04Z", 0 },
                { "1795199344000", 0 },
                { "20 Nov 2026, 18:29:04", 0 },
                { "", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (stage_parse_time(cases[i].text, strlen(cases[i].text)) != cases[i].time)
                        fail_msg(
                                "%s: %llu", cases[i].text,
                                (unsigned long long) stage_parse_time(cases[i].text, strlen(cases[i].text)));
}

static void test_both_forms_of_the_stage(_unused_ void **state) {
        struct stage s;

        stage_parse("Worker was unable to handle this request and may be unable to handle other requests. "
                    "The worker is "
                    "currently stopping 2 and 2 tasks, which began at 2026-11-20T18:29:04.250Z.",
                    &s);
        assert_string_equal(s.text, "stopping 2 and 2 tasks");
        assert_string_equal(s.connector, "");
        assert_false(s.completed);
        assert_true(s.began_at_usec == S(1795199344) + 250000);
        assert_true(s.completed_at_usec == 0);

        stage_parse("The last operation the worker completed was flushing updates to the status topic, "
                    "which began at "
                    "2026-11-20T18:29:04Z and completed at 2026-11-20T18:29:05.5Z.",
                    &s);
        assert_string_equal(s.text, "flushing updates to the status topic");
        assert_true(s.completed);
        assert_true(s.began_at_usec == S(1795199344));
        assert_true(s.completed_at_usec == S(1795199345) + 500000);

        stage_parse("Worker is still starting up.", &s);
        assert_string_equal(s.text, "");
        assert_false(s.completed);
}

static void test_odd_stages_are_harmless(_unused_ void **state) {
        char long_message[4096];
        struct stage s;

        stage_parse("The worker is currently asleep, which began at noon.", &s);
        assert_string_equal(s.text, "asleep");
        assert_true(s.began_at_usec == 0);
        stage_parse("The worker is currently asleep", &s);
        assert_string_equal(s.text, "asleep");
        stage_parse("The worker is currently ", &s);
        assert_string_equal(s.text, "");
        stage_parse("The last operation the worker completed was x, which began at  and completed at .", &s);
        assert_string_equal(s.text, "x");
        assert_true(s.began_at_usec == 0 && s.completed_at_usec == 0);
        stage_parse("The worker is currently starting connector a, which began at , which began at "
                    "2026-11-20T18:29:04Z.",
                    &s);
        assert_string_equal(s.connector, "a, which began at ");
        assert_true(s.began_at_usec == S(1795199344));

        memset(long_message, 'x', sizeof(long_message) - 1);
        long_message[sizeof(long_message) - 1] = '\0';
        memcpy(long_message, "The worker is currently stopping connector ",
               strlen("The worker is currently stopping connector "));
        stage_parse(long_message, &s);
        assert_int_equal(strlen(s.text), STAGE_TEXT_SIZE - 1);
        assert_int_equal(strlen(s.connector), CONNECTOR_NAME_SIZE - 1);
}

static void test_the_connector_that_a_stage_names(_unused_ void **state) {
        /* Each text of DistributedHerder 4.1.1 that names one, and some that name none. */
        static const struct {
                const char *stage, *connector;
        } cases[] = {
                { "generating task configs for connector X", "X" },
                { "starting connector X", "X" },
                { "stopping connector X", "X" },
                { "stopping to-be-restarted connector X", "X" },
                { "stopping 3 to-be-restarted tasks for connector X", "X" },
                { "stopping restarted connector X", "X" },
                { "restarting task X-12", "X" },
                { "restarting task a-b-0", "a-b" },
                { "writing 3 task configs for connector X to the config topic", "X" },
                { "writing a config for connector X to the config topic", "X" },
                { "writing a task count record for connector X to the config topic", "X" },
                { "writing restart request for connector X to the config topic", "X" },
                { "writing the STOPPED target stage for connector X to the config topic", "X" },
                { "removing the config for connector X from the config topic", "X" },
                { "handling restart request for connector X", "X" },
                { "modifying offsets for connector X", "X" },
                { "generating task configs for connector my odd name", "my odd name" },
                { "generating task configs for connector a connector b", "a connector b" },
                { "starting 4 connector(s) and task(s) after a rebalance", "" },
                { "restarting 2 reconfigured connectors", "" },
                { "starting the connector", "" },
                { "restarting task X", "" },
                { "restarting task X-", "" },
                { "stopping 2 and 2 tasks", "" },
                { "reading to the end of the config topic", "" },
                { "sleeping for a backoff duration of 250ms", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char message[256];
                struct stage s;

                (void) snprintf(message, sizeof(message), "The worker is currently %s, which began at x.",
                                cases[i].stage);
                stage_parse(message, &s);
                assert_string_equal(s.text, cases[i].stage);
                assert_string_equal(s.connector, cases[i].connector);
        }
}

static void test_the_stage_of_an_answer(_unused_ void **state) {
        struct answer a = answer(
                TRANSFER_OK, 500, JSON,
                "{\"status\":\"unhealthy\",\"message\":\"Other words. The worker is currently generating "
                "task "
                "configs for connector caf\xc3\xa9 \\\"x\\\", which began at 2026-11-20T18:29:04Z.\"}");
        struct probe p = { 0 };
        struct observation o = { 0 };
        struct probe_ask ask = {};

        kafka_connect_kind.begin(&p, NULL, &ask);
        assert_int_equal(kafka_connect_kind.classify(&p, NULL, &a, &o, &ask), PROBE_DONE);
        assert_string_equal(o.stage.connector, "caf\xc3\xa9 \"x\"");
        assert_string_equal(o.detail, "");
        assert_true(o.stage.began_at_usec == S(1795199344));
}

static void test_kinds(_unused_ void **state) {
        size_t n = 0;

        for (const char *const *name = kind_names(); *name; name++, n++)
                assert_string_equal(kind_by_name(*name)->name, *name);
        assert_true(n >= 3);
        assert_null(kind_by_name("zeebe"));
        assert_ptr_equal(kind_by_name("kafka-connect"), &kafka_connect_kind);
        assert_true(kafka_connect_kind.jvm);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows_of_the_outcome_table),
                cmocka_unit_test(test_an_old_worker_is_found_out_once),
                cmocka_unit_test(test_a_new_start_leaves_the_poll_under_way),
                cmocka_unit_test(test_details_help_and_tell_no_secret),
                cmocka_unit_test(test_a_stuck_herder_tells_the_question_that_failed),
                cmocka_unit_test(test_times),
                cmocka_unit_test(test_both_forms_of_the_stage),
                cmocka_unit_test(test_odd_stages_are_harmless),
                cmocka_unit_test(test_the_connector_that_a_stage_names),
                cmocka_unit_test(test_the_stage_of_an_answer),
                cmocka_unit_test(test_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
