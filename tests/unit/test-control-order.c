/* What a POST on the control socket asks for, and what it must not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "report/http/control_order.h"

/* Reads one that is whole. */
static struct control_order read_order(const char *path, const char *body) {
        struct document refusal = {};
        struct control_order o;
        int r = control_order_read(path, body, strlen(body), &o, &refusal);

        if (r != 0)
                fail_msg("%s %s: %d %s", path, body, r, strempty(refusal.body));
        return o;
}

static void the_orders_are_read(void **state) {
        struct control_order o;

        (void) state;
        o = read_order("/pause",
                       "{\"worker\":\"a\",\"for_seconds\":7200,\"reason\":\"new\\ndisks \xc3\xa9\"}");
        assert_int_equal(o.verb, CONTROL_PAUSE);
        assert_string_equal(o.worker, "a");
        assert_string_equal(o.reason, "new disks \xc3\xa9");
        assert_int_equal(o.for_usec, 2 * USEC_PER_HOUR);
        control_order_done(&o);

        o = read_order("/pause", " {\"for_seconds\":1,\"worker\":null}\n");
        assert_null(o.worker);
        assert_null(o.reason);
        assert_int_equal(o.for_usec, USEC_PER_SEC);
        control_order_done(&o);

        o = read_order("/reset", "{\"worker\":\"a\"}");
        assert_int_equal(o.verb, CONTROL_RESET);
        assert_string_equal(o.worker, "a");
        control_order_done(&o);

        o = read_order("/restart", "{\"worker\":\"a\"}");
        assert_int_equal(o.verb, CONTROL_RESTART);
        assert_false(o.force);
        control_order_done(&o);
        o = read_order("/restart", "{\"force\":true,\"worker\":\"a\"}");
        assert_true(o.force);
        control_order_done(&o);

        o = read_order("/notify-test", "{\"name\":\"ops\"}");
        assert_int_equal(o.verb, CONTROL_NOTIFY_TEST);
        assert_string_equal(o.name, "ops");
        assert_null(o.worker);
        control_order_done(&o);

        o = read_order("/resume", "{\"worker\":null}");
        assert_int_equal(o.verb, CONTROL_RESUME);
        assert_null(o.worker);
        control_order_done(&o);
}

#define PAUSE(rest) "{\"worker\":\"a\",\"for_seconds\":60" rest "}"

static const struct {
        const char *path, *body;
        unsigned status;
        const char *why;
} refused[] = {
        { "/pauses", "{}", 404, "nothing under this path" },
        { "/", "{}", 404, "nothing under this path" },
        { "/pause", "", 400, "no JSON" },
        { "/pause", "{", 400, "no JSON: it ends too early" },
        { "/pause", PAUSE("") "x", 400, "the body is no JSON: " },
        { "/pause", "{'worker':null}", 400, "no JSON" },
        { "/pause", "[]", 400, "no JSON object" },
        { "/pause", "{\"worker\":[[[[[[]]]]]]}", 400, "no JSON: nesting too deep" },
        { "/pause", "{}", 400, "\\\"worker\\\" is missing; null stands for all" },
        { "/pause", "{\"worker\":null}", 400, "\\\"for_seconds\\\" is missing: a pause has an end" },
        { "/pause", "{\"worker\":7,\"for_seconds\":60}", 400, "\\\"worker\\\" is no text" },
        { "/pause", "{\"worker\":\"\",\"for_seconds\":60}", 400, "\\\"worker\\\" is empty" },
        { "/pause", "{\"worker\":\"a\\u0000b\",\"for_seconds\":60}", 400, "\\\"worker\\\" is no text" },
        { "/pause", "{\"worker\":\"a\",\"for_seconds\":\"60\"}", 400, "no whole number" },
        { "/pause", "{\"worker\":\"a\",\"for_seconds\":60.5}", 400, "no whole number" },
        { "/pause", "{\"worker\":\"a\",\"for_seconds\":null}", 400, "no whole number" },
        { "/pause", "{\"worker\":\"a\",\"for_seconds\":0}", 400, "a pause lasts from 1s to 31d" },
        { "/pause", "{\"worker\":\"a\",\"for_seconds\":-1}", 400, "a pause lasts from 1s to 31d" },
        { "/pause", "{\"worker\":\"a\",\"for_seconds\":2678401}", 400, "write action = alert" },
        { "/pause", "{\"worker\":\"a\",\"for_seconds\":9223372036854775807}", 400, "a pause lasts" },
        { "/pause", PAUSE(",\"reason\":null"), 400, "\\\"reason\\\" is no text" },
        { "/pause", PAUSE(",\"force\":true"), 400, "\\\"force\\\" is nothing that /pause takes" },
        { "/reset", "{\"worker\":null}", 400, "\\\"worker\\\" is no text" },
        { "/reset", "{}", 400, "\\\"worker\\\" is missing" },
        { "/restart", "{\"worker\":null}", 400, "\\\"worker\\\" is no text" },
        { "/restart", "{\"worker\":\"a\",\"force\":1}", 400, "\\\"force\\\" is neither true nor false" },
        { "/restart", "{\"worker\":\"a\",\"force\":null}", 400, "\\\"force\\\" is neither true nor false" },
        { "/resume", PAUSE(""), 400, "\\\"for_seconds\\\" is nothing that /resume takes" },
};

static void whatever_else_is_refused_with_a_reason(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                struct document refusal = {};
                struct control_order o;
                int r = control_order_read(refused[i].path, refused[i].body, strlen(refused[i].body), &o,
                                           &refusal);

                if (r != 1 || refusal.status != refused[i].status || !strstr(refusal.body, refused[i].why))
                        fail_msg("%s %s: %d, %u %s", refused[i].path, refused[i].body, r, refusal.status,
                                 strempty(refusal.body));
                assert_null(o.worker);
                assert_null(o.reason);
                document_done(&refusal);
        }
}

static void a_reason_has_an_end(void **state) {
        char body[2 * PAUSE_REASON_SIZE], reason[PAUSE_REASON_SIZE + 1];
        struct document refusal = {};
        struct control_order o;

        (void) state;
        memset(reason, 'x', sizeof(reason));
        reason[PAUSE_REASON_SIZE - 1] = '\0';
        (void) snprintf(body, sizeof(body), PAUSE(",\"reason\":\"%s\""), reason);
        o = read_order("/pause", body);
        assert_string_equal(o.reason, reason);
        control_order_done(&o);

        reason[PAUSE_REASON_SIZE - 1] = 'x';
        reason[PAUSE_REASON_SIZE] = '\0';
        (void) snprintf(body, sizeof(body), PAUSE(",\"reason\":\"%s\""), reason);
        assert_int_equal(control_order_read("/pause", body, strlen(body), &o, &refusal), 1);
        assert_non_null(strstr(refusal.body, "has 257 bytes; at most 256 are taken"));
        document_done(&refusal);
}

static void what_is_held_is_listed(void **state) {
        struct decision decision = { .n_holds = 2 };
        struct document d = {};

        (void) state;
        decision.holds[0] = (struct hold_entry) { .hold = HOLD_BACKOFF,
                                                  .until_usec = 5,
                                                  .text = "2min after restart 1" };
        decision.holds[1] = (struct hold_entry) { .hold = HOLD_PACKAGE_MANAGER };
        assert_int_equal(control_held(&d, "a is not restarted", &decision, UINT64_C(1795269600000000) - 5),
                         0);
        assert_int_equal(d.status, 409);
        assert_string_equal(d.body, "{\"error\":\"a is not restarted\",\"holds\":["
                                    "{\"name\":\"backoff\",\"until\":\"2026-11-21T14:00:00.000Z\",\"text\":"
                                    "\"2min after restart 1\"},"
                                    "{\"name\":\"package-manager\",\"until\":null,\"text\":null}]}");
        document_done(&d);
}

/* 2026-11-21 14:00:00 UTC */
static void the_answer_names_the_end_in_utc(void **state) {
        const struct pause p = { .reason = (char *) "new disks",
                                 .until_usec = UINT64_C(1795269600000000) - 5 };
        char text[CONTROL_TEXT_SIZE];
        struct document d = {};

        (void) state;
        assert_string_equal(control_pause_text(&p, 5, text),
                            "paused until 2026-11-21 14:00:00 UTC (all workers, by uid 0: new disks)");
        assert_int_equal(control_done(&d, NULL, text, true), 0);
        assert_int_equal(d.status, 200);
        assert_string_equal(d.body, "{\"worker\":null,\"text\":\"paused until 2026-11-21 14:00:00 UTC (all "
                                    "workers, by uid 0: new disks)\",\"kept\":true}");
        document_done(&d);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_orders_are_read),
                cmocka_unit_test(whatever_else_is_refused_with_a_reason),
                cmocka_unit_test(a_reason_has_an_end),
                cmocka_unit_test(what_is_held_is_listed),
                cmocka_unit_test(the_answer_names_the_end_in_utc),
        };

        return cmocka_run_group_tests_name("control-order", tests, NULL, NULL);
}
