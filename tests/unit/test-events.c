/* The table of events, the fields of a journal entry, and the line on a terminal. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include <cmocka.h>

#include "report/events.h"
#include "util/text.h"

#define NOON (1795176000 * USEC_PER_SEC) /* 2026-11-20 12:00:00 UTC */

static void test_table_is_whole_and_unique(void **state _unused_) {
        for (enum event_type i = 0; i < _EVENT_TYPE_MAX; i++) {
                const struct event_info *a = event_info(i);

                assert_non_null(a->name);
                assert_int_equal(strspn(a->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(a->name));
                assert_int_equal(strlen(a->message_id), 32);
                assert_int_equal(strspn(a->message_id, "0123456789abcdef"), 32);
                assert_in_range(a->priority, LOG_CRIT, LOG_INFO);

                for (enum event_type k = 0; k < i; k++) {
                        assert_string_not_equal(a->name, event_info(k)->name);
                        assert_string_not_equal(a->message_id, event_info(k)->message_id);
                }
        }
}

/* The design's closed set; others may be added. */
static void test_names_of_the_design(void **state _unused_) {
        static const char *const names[] = {
                "agent-started",  "config-rejected", "config-reloaded",   "state-changed", "incident-opened",
                "hold-begun",     "hold-ended",      "would-restart",     "evidence",      "incident-closed",
                "restart-done",   "restart-failed",  "restart-requested", "cannot-tell",   "startup-slow",
                "exhausted",      "flapping",        "held-long",         "unit-down",     "journal-lost",
                "ledger-damaged",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t n = 0;

                for (enum event_type k = 0; k < _EVENT_TYPE_MAX; k++)
                        n += streq(event_info(k)->name, names[i]);
                assert_int_equal(n, 1);
        }
}

static void assert_fields(const struct event *e, const char *const *expected, size_t n) {
        _cleanup_strv_ char **fields = event_to_fields(e);

        assert_non_null(fields);
        for (size_t i = 0; i < n && fields[i]; i++)
                assert_string_equal(fields[i], expected[i]);
        assert_int_equal(strv_length(fields), n);
}

static void test_all_fields(void **state _unused_) {
        static const char *const expected[] = {
                "MESSAGE=connect-a: the 2nd message",
                "MESSAGE_ID=e0edf35b928a434a97ba3cc992859989",
                "PRIORITY=3",
                "SYSLOG_IDENTIFIER=connect-watchdog",
                "CONNECT_WATCHDOG_EVENT=state-changed",
                "CONNECT_WATCHDOG_WORKER=connect-a",
                "CONNECT_WATCHDOG_UNIT=kafka-connect.service",
                "CONNECT_WATCHDOG_STATE=unhealthy",
                "CONNECT_WATCHDOG_INCIDENT=00c0ffee",
                "CONNECT_WATCHDOG_OUTCOME=failing",
                "CONNECT_WATCHDOG_REASON=timeout",
                "CONNECT_WATCHDOG_STAGE=flushing = hard",
                "CONNECT_WATCHDOG_HOLD=backoff",
                "CONNECT_WATCHDOG_HTTP_STATUS=500",
                "CONNECT_WATCHDOG_LATENCY_USEC=0",
                "CONNECT_WATCHDOG_FAILURES=0",
                "CONNECT_WATCHDOG_THREAD_DUMP=line 1\nline 2",
        };
        _cleanup_(event_freep) struct event *e =
                event_new(EVENT_STATE_CHANGED, "the %u%s message", 2U, "nd");

        assert_non_null(e);
        assert_int_equal(e->priority, LOG_INFO);
        e->priority = LOG_ERR;
        assert_int_equal(event_about(e, "connect-a", "kafka-connect.service", "00c0ffee"), 0);
        e->state = "unhealthy";
        e->outcome = "failing";
        e->reason = "timeout";
        e->hold = "backoff";
        e->stage = strdup("flushing = hard");
        e->http_status = 500;
        e->latency_usec = 0;
        e->failures = 0;
        assert_int_equal(event_field(e, "THREAD_DUMP", "line %d\nline %d", 1, 2), 0);

        assert_fields(e, expected, ELEMENTSOF(expected));
}

static void test_fields_that_do_not_apply_are_left_out(void **state _unused_) {
        static const char *const expected[] = {
                "MESSAGE=nothing to watch",
                "MESSAGE_ID=18934e06d6654315991d8e37f4b92d8e",
                "PRIORITY=5",
                "SYSLOG_IDENTIFIER=connect-watchdog",
                "CONNECT_WATCHDOG_EVENT=no-worker",
        };
        _cleanup_(event_freep) struct event *e = event_new(EVENT_NO_WORKER, "nothing to watch");

        assert_non_null(e);
        assert_int_equal(event_about(e, "", NULL, ""), 0);
        assert_fields(e, expected, ELEMENTSOF(expected));
}

static void test_about_replaces(void **state _unused_) {
        _cleanup_(event_freep) struct event *e = event_new(EVENT_WATCHING, "x");

        assert_non_null(e);
        assert_int_equal(event_about(e, "a", "b", "c"), 0);
        assert_int_equal(event_about(e, "d", NULL, ""), 0);
        assert_string_equal(e->worker, "d");
        assert_null(e->unit);
        assert_null(e->incident);
}

/* Upper case, digits and underscores; with our prefix no longer than journald takes. */
static void test_field_names(void **state _unused_) {
        static const struct {
                const char *name;
                int r;
        } names[] = {
                { "RESTARTS", 0 },
                { "A1_", 0 },
                { "A2345678901234567890123456789012345678901234567", 0 },
                { "A23456789012345678901234567890123456789012345678", -EINVAL },
                { "", -EINVAL },
                { "restarts", -EINVAL },
                { "A B", -EINVAL },
                { "A=B", -EINVAL },
                { "A-B", -EINVAL },
                { "A\n", -EINVAL },
        };
        _cleanup_(event_freep) struct event *e = event_new(EVENT_WATCHING, "x");
        size_t valid = 0;

        assert_non_null(e);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(event_field(e, names[i].name, "v"), names[i].r);
                valid += names[i].r == 0;
        }
        assert_int_equal(strv_length(e->fields), valid);
        STRV_FOREACH (f, e->fields)
                assert_in_range(strcspn(*f, "="), 1, 64);
}

static void assert_printed(const struct event *e, bool colour, const char *expected) {
        _cleanup_free_ char *line = NULL;
        size_t len;
        FILE *f = open_memstream(&line, &len);

        assert_non_null(f);
        event_print(f, e, NOON + 999999, colour);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(line, expected);
}

static void test_line(void **state _unused_) {
        _cleanup_(event_freep) struct event *e = event_new(EVENT_INCIDENT_OPENED, "did not answer");

        assert_non_null(e);
        assert_printed(e, false, "2026-11-20 12:00:00 did not answer\n");
        assert_int_equal(event_about(e, "connect-a", NULL, NULL), 0);
        assert_printed(e, false, "2026-11-20 12:00:00 connect-a: did not answer\n");
        assert_printed(e, true, "2026-11-20 12:00:00 \033[33mconnect-a: did not answer\033[0m\n");

        e->priority = LOG_INFO;
        assert_printed(e, true, "2026-11-20 12:00:00 connect-a: did not answer\n");
        e->priority = LOG_CRIT;
        assert_printed(e, true, "2026-11-20 12:00:00 \033[1;31mconnect-a: did not answer\033[0m\n");
        e->priority = LOG_ERR;
        assert_printed(e, true, "2026-11-20 12:00:00 \033[31mconnect-a: did not answer\033[0m\n");
        e->priority = LOG_NOTICE;
        assert_printed(e, true, "2026-11-20 12:00:00 \033[1mconnect-a: did not answer\033[0m\n");
        e->priority = LOG_DEBUG;
        assert_printed(e, true, "2026-11-20 12:00:00 \033[2mconnect-a: did not answer\033[0m\n");
}

static void test_a_line_stays_one_line(void **state _unused_) {
        _cleanup_(event_freep) struct event *e =
                event_new(EVENT_WATCHING, "one\ntwo\r\033[2Jthree\177 %s", "\303\244");

        assert_non_null(e);
        assert_printed(e, false, "2026-11-20 12:00:00 one two  [2Jthree  \303\244\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table_is_whole_and_unique),
                cmocka_unit_test(test_names_of_the_design),
                cmocka_unit_test(test_all_fields),
                cmocka_unit_test(test_fields_that_do_not_apply_are_left_out),
                cmocka_unit_test(test_about_replaces),
                cmocka_unit_test(test_field_names),
                cmocka_unit_test(test_line),
                cmocka_unit_test(test_a_line_stays_one_line),
        };

        (void) setenv("TZ", "UTC", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
