/* What receivers are sent, in each format; and which events they ask for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <syslog.h>

#include <cmocka.h>

#include "report/notification/notification.h"
#include "util/json.h"
#include "util/text.h"

#define AT (1795287600 * USEC_PER_SEC + 123456) /* 2026-11-21T19:00:00.123Z */

static struct event *new_event(enum event_type type, const char *state) {
        struct event *e = event_new(type, "a <b> & \"c\" \303\244");

        assert_non_null(e);
        assert_int_equal(event_about(e, "w", "w.service", "i1"), 0);
        e->state = state;
        e->reason = "timeout";
        e->http_status = 500;
        return e;
}

static struct notification *taken(struct event *e) {
        struct notification *n = notification_new(e, "host", AT);

        assert_non_null(n);
        event_free(e);
        return n;
}

static void assert_text(struct event *e, enum notify_format format, const char *expected) {
        struct notification *n = taken(e);
        char *text = notification_text(n, format);

        assert_non_null(text);
        assert_string_equal(text, expected);
        free(text);
        notification_free(n);
}

static void json_has_all_fields(void **state) {
        (void) state;
        assert_text(new_event(EVENT_RESTART_FAILED, "unhealthy"), NOTIFY_JSON,
                    "{\"message\":\"w: a <b> & \\\"c\\\" \303\244\",\"priority\":\"err\","
                    "\"time\":\"2026-11-21T19:00:00.123Z\",\"event\":\"restart-failed\",\"worker\":\"w\","
                    "\"unit\":\"w.service\",\"state\":\"unhealthy\",\"incident\":\"i1\","
                    "\"reason\":\"timeout\",\"http_status\":\"500\",\"hostname\":\"host\"}");
}

static void slack_is_given_no_markup(void **state) {
        (void) state;
        assert_text(new_event(EVENT_RESTART_DONE, NULL), NOTIFY_SLACK,
                    "{\"text\":\"[host] notice: w: a &lt;b&gt; &amp; \\\"c\\\" \303\244\"}");
}

#define LABELS "\"instance\":\"host\",\"worker\":\"w\",\"unit\":\"w.service\""
#define ANNOTATIONS(event, more)                                                                            \
        "\"annotations\":{\"summary\":\"w: a <b> & \\\"c\\\" \303\244\",\"event\":\"" event                 \
        "\",\"incident\":\"i1\"" more ",\"reason\":\"timeout\"}"

static void alertmanager_is_told_of_begin_and_end(void **state) {
        struct event *e;

        (void) state;
        assert_text(
                new_event(EVENT_STATE_CHANGED, "unhealthy"), NOTIFY_ALERTMANAGER,
                "[{\"labels\":{\"alertname\":\"ConnectWatchdogIncident\",\"severity\":\"page\"," LABELS
                "}," ANNOTATIONS("state-changed",
                                 ",\"state\":\"unhealthy\"") ","
                                                             "\"startsAt\":\"2026-11-21T19:00:00.123Z\","
                                                             "\"endsAt\":\"2026-11-22T19:00:00.123Z\"}]");
        assert_text(new_event(EVENT_INCIDENT_CLOSED, NULL), NOTIFY_ALERTMANAGER,
                    "[{\"labels\":{\"alertname\":\"ConnectWatchdogIncident\",\"severity\":\"page\"," LABELS
                    "}," ANNOTATIONS("incident-closed", "") ","
                                                            "\"endsAt\":\"2026-11-21T19:00:00.123Z\"}]");
        /* News stands for an hour. */
        assert_text(
                new_event(EVENT_CANNOT_TELL, NULL), NOTIFY_ALERTMANAGER,
                "[{\"labels\":{\"alertname\":\"ConnectWatchdogCannotTell\",\"severity\":\"ticket\"," LABELS
                "}," ANNOTATIONS("cannot-tell", "") ","
                                                    "\"startsAt\":\"2026-11-21T19:00:00.123Z\",\"endsAt\":"
                                                    "\"2026-11-21T20:00:00.123Z\"}]");
        /* An end that has no name of its own. */
        e = new_event(EVENT_CONNECTOR_STUCK, NULL);
        e->priority = LOG_NOTICE;
        assert_int_equal(event_field(e, "CONNECTOR", "s"), 0);
        assert_text(
                e, NOTIFY_ALERTMANAGER,
                "[{\"labels\":{\"alertname\":\"ConnectWatchdogConnectorStuck\",\"severity\":\"page\"," LABELS
                ",\"connector\":\"s\"}," ANNOTATIONS("connector-stuck",
                                                     "") ","
                                                         "\"endsAt\":\"2026-11-21T19:00:00.123Z\"}]");
}

/* What a person is called for as an incident is one alert, whatever else is known at its end. */
static void labels_stay_from_begin_to_end(void **state) {
        static const enum event_type pairs[][2] = {
                { EVENT_INCIDENT_OPENED, EVENT_INCIDENT_CLOSED },
                { EVENT_CONNECTOR_FAILED, EVENT_CONNECTOR_RECOVERED },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                char *labels[2];

                for (size_t k = 0; k < 2; k++) {
                        struct event *e = new_event(pairs[i][k], k == 0 ? "suspect" : "healthy");
                        json_object *o = NULL;
                        const char *why;

                        if (pairs[i][k] != EVENT_INCIDENT_CLOSED)
                                assert_int_equal(event_field(e, "CONNECTOR", "c"), 0);
                        struct notification *n = taken(e);
                        char *text = notification_text(n, NOTIFY_ALERTMANAGER);
                        assert_int_equal(json_parse(text, strlen(text), 8, &o, &why), 0);
                        labels[k] = strdup(json_object_to_json_string(
                                json_member(json_object_array_get_idx(o, 0), "labels", json_type_object)));
                        json_object_unref(o);
                        free(text);
                        notification_free(n);
                }
                assert_string_equal(labels[0], labels[1]);
                free(labels[0]);
                free(labels[1]);
        }
}

static void what_is_long_or_no_text_is_made_fit(void **state) {
        struct event *e = event_new(EVENT_EVIDENCE, "bad \377\200 bytes");
        char *dump = malloc(100001);
        struct notification *n;
        json_object *o = NULL;
        const char *why;
        char *text;

        (void) state;
        memset(dump, 'x', 100000);
        dump[100000] = '\0';
        dump[1] = '\n';
        assert_non_null(e);
        assert_int_equal(event_field(e, "THREAD_DUMP", "%s", dump), 0);
        n = taken(e);
        assert_int_equal(strlen(notification_field(n, "CONNECT_WATCHDOG_THREAD_DUMP")),
                         NOTIFICATION_VALUE_MAX - 1);
        assert_true(notification_field(n, "CONNECT_WATCHDOG_THREAD_DUMP")[1] == '\n');
        assert_string_equal(notification_field(n, "MESSAGE"), "bad ?? bytes");
        for (enum notify_format f = NOTIFY_JSON; f <= NOTIFY_ALERTMANAGER; f++) {
                text = notification_text(n, f);
                assert_non_null(text);
                assert_int_equal(json_parse(text, strlen(text), 8, &o, &why), 0);
                o = json_object_unref(o);
                free(text);
        }
        free(dump);
        notification_free(n);
}

static void the_event_says_its_host_itself(void **state) {
        struct event *e = event_new(EVENT_EVIDENCE, "m");
        struct notification *n;

        (void) state;
        assert_non_null(e);
        assert_int_equal(event_field(e, "HOSTNAME", "mine"), 0);
        n = taken(e);
        assert_string_equal(notification_field(n, "CONNECT_WATCHDOG_HOSTNAME"), "mine");
        assert_int_equal(notification_fold(n, 3, USEC_PER_MINUTE), 0);
        assert_string_equal(notification_field(n, "MESSAGE"),
                            "and 3 more evidence within 1min, the last: m");
        assert_string_equal(notification_field(n, "CONNECT_WATCHDOG_FOLDED"), "3");
        assert_string_equal(notification_field(n, "CONNECT_WATCHDOG_HOSTNAME"), "mine");
        notification_free(n);
}

static void patterns_ask_for_events(void **state) {
        static const struct {
                const char *pattern;
                enum event_type type;
                const char *call;
                bool known, asked;
        } rows[] = {
                { "*", EVENT_HTTP_REQUEST, NULL, true, true },
                { "exhausted", EVENT_EXHAUSTED, NULL, true, true },
                { "exhausted", EVENT_CONNECTOR_EXHAUSTED, NULL, true, false },
                { "*exhausted", EVENT_CONNECTOR_EXHAUSTED, NULL, true, true },
                { "unhealthy", EVENT_STATE_CHANGED, NULL, true, false },
                { "unhealthy", EVENT_STATE_CHANGED, EVENT_CALL_UNHEALTHY, true, true },
                { "recovered", EVENT_INCIDENT_CLOSED, EVENT_CALL_RECOVERED, true, true },
                { "incident-closed", EVENT_INCIDENT_CLOSED, EVENT_CALL_RECOVERED, true, true },
                { "incident", EVENT_INCIDENT_CLOSED, NULL, false, false },
                { "", EVENT_INCIDENT_CLOSED, NULL, false, false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char *const patterns[] = { (char *) rows[i].pattern, NULL };
                const struct event e = { .type = rows[i].type, .call = rows[i].call };

                assert_int_equal(event_pattern_is_known(rows[i].pattern), rows[i].known);
                assert_int_equal(event_is_asked_for(&e, patterns), rows[i].asked);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(json_has_all_fields),
                cmocka_unit_test(slack_is_given_no_markup),
                cmocka_unit_test(alertmanager_is_told_of_begin_and_end),
                cmocka_unit_test(labels_stay_from_begin_to_end),
                cmocka_unit_test(what_is_long_or_no_text_is_made_fit),
                cmocka_unit_test(the_event_says_its_host_itself),
                cmocka_unit_test(patterns_ask_for_events),
        };

        return cmocka_run_group_tests_name("notification", tests, NULL, NULL);
}
