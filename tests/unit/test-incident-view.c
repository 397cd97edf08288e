/* Incidents as they are kept: what is read of them, and how it is drawn. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "ctl/incident_view.h"

#define ID "a220503fa14ddc0a"
#define AT(seconds) "\"__REALTIME_TIMESTAMP\":\"" #seconds "000000\","
#define OF_A "\"CONNECT_WATCHDOG_WORKER\":\"a\",\"CONNECT_WATCHDOG_UNIT\":\"a.service\","
#define EVENT(name) "\"CONNECT_WATCHDOG_EVENT\":\"" name "\""
#define STATE(name) "\"CONNECT_WATCHDOG_STATE\":\"" name "\","

#define OPENED                                                                                              \
        "{" AT(1000) OF_A STATE("suspect") "\"PRIORITY\":\"4\",\"MESSAGE\":\"a: did not answer\"," EVENT(   \
                "incident-opened") "}\n"
#define UNHEALTHY                                                                                           \
        "{" AT(1180) OF_A STATE("unhealthy") "\"PRIORITY\":\"3\",\"MESSAGE\":\"a: unhealthy\"," EVENT(      \
                "state-changed") "}\n"
#define EVIDENCE                                                                                            \
        "{" AT(1181) OF_A STATE("unhealthy") "\"MESSAGE\":\"a: evidence: JVM pid 1\"," EVENT(               \
                "evidence") ","                                                                             \
                            "\"CONNECT_WATCHDOG_TICK_THREAD\":\"\\\"DistributedHerder-1\\\"\\n\\tat "       \
                            "x.Y(Y.java:1)\","                                                              \
                            "\"CONNECT_WATCHDOG_UNIT_LOG\":\"00:19:00 one\\n00:19:01 two\\u001b[31m\\n\","  \
                            "\"CONNECT_WATCHDOG_THREAD_DUMP\":\"Full thread dump\\n\\\"passed\\\" #1\\n   " \
                            "java.lang.Thread.State: BLOCKED (x)\\n"                                        \
                            "\\tat p.Q(Q.java:1)\\n\\nFull thread dump\\n\\\"passed\\\" #1\\n   "           \
                            "java.lang.Thread.State: RUNNABLE\\n\\n"                                        \
                            "\\\"stuck\\\" #2\\n   java.lang.Thread.State: BLOCKED (on object "             \
                            "monitor)\\n\\tat com.example.C.d(C.java:7)\\n\"}\n"
#define RESTART                                                                                             \
        "{" AT(1182) OF_A STATE("restarting") "\"MESSAGE\":\"a: restarting a.service\"," EVENT(             \
                "restart-requested") "}\n"
#define WELL                                                                                                \
        "{" AT(1200) OF_A STATE("healthy") "\"MESSAGE\":\"a: healthy again\"," EVENT("state-changed") "}\n"
#define ILL                                                                                                 \
        "{" AT(1210) OF_A STATE("suspect") "\"MESSAGE\":\"a: failing again\"," EVENT("state-changed") "}\n"
#define WELL_AGAIN                                                                                          \
        "{" AT(1220) OF_A STATE("healthy") "\"MESSAGE\":\"a: healthy again\"," EVENT("state-changed") "}\n"
#define CLOSED                                                                                              \
        "{" AT(1400) OF_A STATE("healthy") "\"MESSAGE\":\"a: recovered\"," EVENT("incident-closed") "}\n"

#define SECONDS(n) ((usec_t) (n) *USEC_PER_SEC)

static struct incident_story read_story(const char *text) {
        struct incident_story s;

        assert_int_equal(incident_story_parse(ID, text, strlen(text), &s), 0);
        return s;
}

static void a_story_is_summed_up(_unused_ void **state) {
        struct incident_story s = read_story(OPENED UNHEALTHY EVIDENCE RESTART WELL CLOSED);

        assert_string_equal(s.worker, "a");
        assert_string_equal(s.unit, "a.service");
        assert_string_equal(s.what, "did not answer");
        assert_int_equal(s.opened_usec, SECONDS(1000));
        assert_int_equal(s.unhealthy_usec, SECONDS(1180));
        /* The span of health after it is no outage. */
        assert_int_equal(s.recovered_usec, SECONDS(1200));
        assert_int_equal(s.closed_usec, SECONDS(1400));
        assert_int_equal(s.restarts, 1);
        incident_story_done(&s);
}

static void who_falls_ill_again_had_not_recovered(_unused_ void **state) {
        struct incident_story s = read_story(OPENED WELL ILL WELL_AGAIN CLOSED),
                              open = read_story(OPENED WELL ILL);

        assert_int_equal(s.recovered_usec, SECONDS(1220));
        assert_int_equal(open.recovered_usec, 0);
        assert_int_equal(open.closed_usec, 0);
        incident_story_done(&s);
        incident_story_done(&open);
}

static void what_is_damaged_is_left_out(_unused_ void **state) {
        static const char *const none[] = {
                "", "\n", "{", "[]\n", "{\"MESSAGE\":\"a\"}\n", "{\"__REALTIME_TIMESTAMP\":\"soon\"}"
        };
        struct incident_story s =
                read_story("garbage\n" OPENED "[1]\n" CLOSED "{\"__REALTIME_TIMESTAMP\":\"13");

        assert_int_equal(json_object_array_length(s.entries), 2);
        incident_story_done(&s);
        for (size_t i = 0; i < ELEMENTSOF(none); i++)
                assert_int_equal(incident_story_parse(ID, none[i], strlen(none[i]), &s), -ENODATA);
}

/* ---- drawings ---- */

struct drawing {
        struct incident_page page;
        char *text;
        size_t size;
};

static struct drawing begin(size_t width) {
        return (struct drawing) { .page = { .width = width, .now_usec = SECONDS(1100) } };
}

static const char *drawn(struct drawing *d) {
        assert_int_equal(fclose(d->page.f), 0);
        return d->text;
}

static void the_list_says_what_and_how_long(_unused_ void **state) {
        struct incident_story stories[] = { read_story(OPENED),
                                            read_story(OPENED UNHEALTHY RESTART WELL CLOSED) };
        struct drawing d = begin(0);

        d.page.f = open_memstream(&d.text, &d.size);
        assert_int_equal(incident_view_list(&d.page, stories, 2), 0);
        assert_string_equal(
                drawn(&d),
                "INCIDENT          OPENED               LASTED          RESTARTS  WORKER  WHAT\n" ID
                "  1970-01-01 00:16:40  1min 40s, open            a       did not answer\n" ID
                "  1970-01-01 00:16:40  3min 20s        1         a       did not answer\n");
        free(d.text);
        incident_story_done(&stories[0]);
        incident_story_done(&stories[1]);
}

static void one_is_told_with_its_evidence(_unused_ void **state) {
        struct incident_story s = read_story(OPENED UNHEALTHY EVIDENCE RESTART WELL CLOSED);
        struct drawing d = begin(80);

        d.page.f = open_memstream(&d.text, &d.size);
        incident_view_story(&d.page, &s, false);
        assert_string_equal(
                drawn(&d),
                "incident " ID " of a, a.service\n"
                "from 1970-01-01 00:16:40 to 1970-01-01 00:20:00, 3min 20s; unhealthy after 3min;\n"
                "1 restart\n"
                "\n"
                "00:16:40  did not answer\n"
                "00:19:40  unhealthy\n"
                "00:19:41  evidence: JVM pid 1\n"
                "00:19:42  restarting a.service\n"
                "00:20:00  healthy again\n"
                "00:23:20  recovered\n"
                "\n"
                "The herder's thread at 00:19:41\n"
                "    \"DistributedHerder-1\"\n"
                "     at x.Y(Y.java:1)\n"
                "\n"
                "Threads that wait for a lock\n"
                "    stuck: BLOCKED at com.example.C.d(C.java:7)\n"
                "\n"
                "The unit's last lines before 00:19:41\n"
                "    00:19:00 one\n"
                "    00:19:01 two [31m\n");
        free(d.text);

        d.page.f = open_memstream(&d.text, &d.size);
        incident_view_story(&d.page, &s, true);
        assert_non_null(
                strstr(drawn(&d), "\nThread dumps at 00:19:41\n    Full thread dump\n    \"passed\" #1\n"));
        free(d.text);
        incident_story_done(&s);
}

static void colours_only_where_they_are_wanted(_unused_ void **state) {
        struct incident_story s = read_story(OPENED UNHEALTHY);
        struct drawing d = begin(80);

        d.page.colors = true;
        d.page.f = open_memstream(&d.text, &d.size);
        incident_view_story(&d.page, &s, false);
        assert_non_null(strstr(drawn(&d), "00:19:40  \033[1;31munhealthy\033[0m\n"));
        free(d.text);
        incident_story_done(&s);
}

/* ---- the report ---- */

static void a_report_counts_what_falls_into_its_window(_unused_ void **state) {
        struct incident_story stories[] = { read_story(OPENED UNHEALTHY RESTART WELL CLOSED),
                                            read_story(OPENED) };
        _cleanup_free_ struct worker_report *reports = NULL;
        struct drawing d = begin(0);
        size_t n;

        /* 100 s of the first, 200 s of the second, which is open. */
        assert_int_equal(incident_report(stories, 2, SECONDS(1100), SECONDS(1300), &reports, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(reports[0].incidents, 2);
        assert_int_equal(reports[0].down_usec, SECONDS(300));
        free(TAKE_PTR(reports));

        assert_int_equal(incident_report(stories, 1, SECONDS(1201), SECONDS(1300), &reports, &n), 0);
        assert_int_equal(n, 0);
        free(TAKE_PTR(reports));

        assert_int_equal(incident_report(stories, 1, 0, SECONDS(20000), &reports, &n), 0);
        d.page.f = open_memstream(&d.text, &d.size);
        assert_int_equal(incident_view_report(&d.page, reports, n, 0), 0);
        assert_string_equal(drawn(&d),
                            "since 1970-01-01 00:00:00; time in which nobody watched counts as available\n"
                            "\n"
                            "WORKER  AVAILABLE  DOWN      INCIDENTS  RESTARTS  TO DETECT  TO RECOVER\n"
                            "a       99.000 %   3min 20s  1          1         3min       3min 20s\n");
        free(d.text);
        incident_story_done(&stories[0]);
        incident_story_done(&stories[1]);
}

static void since_is_a_span_or_a_time(_unused_ void **state) {
        static const struct {
                const char *text;
                usec_t expected; /* USEC_INFINITY: none */
        } rows[] = {
                { "1h", SECONDS(1000000 - 3600) },
                { "90", SECONDS(1000000 - 90) },
                { "today", SECONDS(950400) },
                { "yesterday", SECONDS(864000) },
                { "1970-01-02", SECONDS(86400) },
                { "1970-01-02 01:00", SECONDS(90000) },
                { "1970-01-02 01:00:05", SECONDS(90005) },
                { "1970-01-02 25:00", USEC_INFINITY },
                { "tomorrow", USEC_INFINITY },
                { "", USEC_INFINITY },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                usec_t found = USEC_INFINITY;

                (void) since_parse(rows[i].text, SECONDS(1000000), &found);
                if (found != rows[i].expected)
                        fail_msg("%s: %llu", rows[i].text, (unsigned long long) found);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_story_is_summed_up),
                cmocka_unit_test(who_falls_ill_again_had_not_recovered),
                cmocka_unit_test(what_is_damaged_is_left_out),
                cmocka_unit_test(the_list_says_what_and_how_long),
                cmocka_unit_test(one_is_told_with_its_evidence),
                cmocka_unit_test(colours_only_where_they_are_wanted),
                cmocka_unit_test(a_report_counts_what_falls_into_its_window),
                cmocka_unit_test(since_is_a_span_or_a_time),
        };

        assert_int_equal(setenv("TZ", "UTC", true), 0);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
