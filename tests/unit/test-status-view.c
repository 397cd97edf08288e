/* What status draws of what the agent answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "ctl/status_parts.h"
#include "util/text.h"

#define HEAD                                                                                                \
        "{\"hostname\":\"host-1\",\"version\":\"0.1.0\",\"now\":\"2026-11-21T14:00:00.500Z\","              \
        "\"started\":\"2026-11-20T10:00:00.000Z\","

static const char three_workers[] = HEAD
        "\"dry_run\":false,\"config_rejected\":true,\"workers\":["
        "{\"name\":\"connect-a\",\"kind\":\"kafka-connect\",\"unit\":\"kafka-connect.service\","
        "\"url\":\"http://127.0.0.1:8083\",\"action\":\"restart\",\"state\":\"healthy\","
        "\"since\":\"2026-11-20T10:00:01.000Z\",\"failures\":0,\"holds\":[],"
        "\"last_answer\":{\"text\":\"is healthy (HTTP 200 after 4ms)\"}},"
        "{\"name\":\"connect-b\",\"kind\":\"kafka-connect\",\"unit\":\"other.service\","
        "\"url\":\"http://127.0.0.1:8084\",\"action\":\"restart\",\"state\":\"unhealthy\","
        "\"since\":\"2026-11-21T13:48:00.000Z\",\"failures\":40,\"failures_needed\":3,"
        "\"sustained_seconds\":720.214,\"sustain_needed_seconds\":180.0,\"outcome\":\"failing\","
        "\"stage\":\"generating task configs for connector orders\","
        "\"last_ok\":\"2026-11-21T13:40:00.000Z\",\"requires\":[\"main\"],"
        "\"dependency\":{\"state\":\"up\",\"text\":\"Kafka main is up\"},"
        "\"holds\":[{\"name\":\"backoff\",\"until\":\"2026-11-21T14:01:00.500Z\",\"text\":\"6min after "
        "restart 2\"},"
        "{\"name\":\"unit-busy\",\"until\":null,\"text\":\"it has a job\"}],"
        "\"incident\":\"1f2e\",\"incident_opened\":\"2026-11-21T13:41:00.000Z\",\"incident_restarts\":2,"
        "\"last_answer\":{\"received\":\"2026-11-21T13:59:57.000Z\",\"stage_began\":\"2026-11-21T13:41:00."
        "000Z\","
        "\"text\":\"did not answer within the timeout (15s; connected, but nothing came)\","
        "\"remedy\":\"Look at the thread dump.\"},"
        "\"budget\":{\"limit\":3,\"window_seconds\":3600.0,\"left\":1,"
        "\"last_restart\":\"2026-11-21T13:55:00.500Z\",\"exhausted_since\":null},"
        "\"unit_state\":{\"active\":\"active\",\"sub\":\"running\",\"main_pid\":4711,"
        "\"started\":\"2026-11-21T13:55:01.000Z\"},"
        "\"connectors\":{\"seen\":\"2026-11-21T13:55:00.500Z\",\"connectors\":{\"UNASSIGNED\":0,\"RUNNING\":"
        "2,\"FAILED\":1},\"tasks\":{"
        "\"RUNNING\":5},"
        "\"troubles\":[{\"connector\":\"orders\",\"task\":0,\"state\":\"FAILED\",\"worker_id\":\"10.0.0.1:"
        "8083\","
        "\"since\":\"2026-11-21T13:30:00.000Z\"},{\"connector\":\"bills\",\"task\":null,\"state\":"
        "\"FAILED\"}]},"
        "\"lag\":[{\"connector\":\"sink\",\"lag\":12345,\"stuck_since\":\"2026-11-21T13:00:00.000Z\"},"
        "{\"connector\":\"fine\",\"lag\":1,\"stuck_since\":null}]},"
        "{\"name\":\"gateway\",\"kind\":\"krakend\",\"unit\":null,\"url\":\"http://127.0.0.1:8080\","
        "\"action\":\"alert\",\"state\":\"unknown\",\"since\":null,\"last_answer\":null,\"holds\":[],"
        "\"virtual_budget\":{\"limit\":3,\"window_seconds\":3600.0,\"left\":3}}],"
        "\"kafka\":[{\"name\":\"main\",\"outcome\":\"up\",\"reason\":\"up\",\"detail\":null,"
        "\"since\":\"2026-11-20T10:00:02.000Z\"}]}";

static void expect_drawn(const char *json,
                         const char *worker,
                         size_t width,
                         bool colors,
                         const char *expected) {
        _cleanup_(json_object_unrefp) json_object *all = json_tokener_parse(json);
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        struct view v = { .f = open_memstream(&text, &len), .width = width, .colors = colors, .all = all };
        json_object *workers = json_member(all, "workers", json_type_array);

        assert_non_null(all);
        assert_non_null(v.f);
        if (!worker)
                assert_int_equal(status_view_all(&v), 0);
        for (size_t i = 0; worker && i < json_object_array_length(workers); i++) {
                json_object *w = json_object_array_get_idx(workers, i);

                if (streq(json_member_text(w, "name"), worker))
                        status_view_worker(&v, w);
        }
        assert_int_equal(fclose(v.f), 0);
        assert_string_equal(text, expected);
}

static void all_in_a_pipe(_unused_ void **state) {
        expect_drawn(
                three_workers, NULL, 0, false,
                "connect-watchdog 0.1.0 on host-1, running for 1d 4h\n"
                "3 workers: 1 healthy, 1 unknown, 1 unhealthy (connect-b, held: backoff)\n"
                "! the configuration on disk was rejected, the one before it is in force: "
                "connect-watchdogctl verify-config says where the errors are\n"
                "\n"
                "  WORKER     STATE      SINCE      HELD BY  UNIT                   WHY\n"
                "● connect-a  healthy    1d 3h ago           kafka-connect.service  is healthy (HTTP 200 "
                "after 4ms)\n"
                "× connect-b  unhealthy  12min ago  backoff  other.service          did not answer within "
                "the timeout (15s; connected, but nothing came)\n"
                "○ gateway    unknown                                               no poll has ended yet\n"
                "\n"
                "  KAFKA  STATE  SINCE      WHY\n"
                "● main   up     1d 3h ago  all that was asked was answered\n");
}

static void all_at_80_columns(_unused_ void **state) {
        expect_drawn(three_workers, NULL, 80, false,
                     "connect-watchdog 0.1.0 on host-1, running for 1d 4h\n"
                     "3 workers: 1 healthy, 1 unknown, 1 unhealthy (connect-b, held: backoff)\n"
                     "! the configuration on disk was rejected, the one before it is in force:\n"
                     "  connect-watchdogctl verify-config says where the errors are\n"
                     "\n"
                     "  WORKER     STATE      SINCE      HELD BY  WHY\n"
                     "● connect-a  healthy    1d 3h ago           is healthy (HTTP 200 after 4ms)\n"
                     "× connect-b  unhealthy  12min ago  backoff  did not answer within the timeout (…\n"
                     "○ gateway    unknown                        no poll has ended yet\n"
                     "\n"
                     "  KAFKA  STATE  SINCE      WHY\n"
                     "● main   up     1d 3h ago  all that was asked was answered\n");
}

static void all_where_there_is_little_room(_unused_ void **state) {
        expect_drawn(three_workers, NULL, 40, false,
                     "connect-watchdog 0.1.0 on host-1,\n"
                     "running for 1d 4h\n"
                     "3 workers: 1 healthy, 1 unknown, 1\n"
                     "unhealthy (connect-b, held: backoff)\n"
                     "! the configuration on disk was\n"
                     "  rejected, the one before it is in\n"
                     "  force: connect-watchdogctl\n"
                     "  verify-config says where the errors\n"
                     "  are\n"
                     "\n"
                     "  WORKER     STATE\n"
                     "● connect-a  healthy\n"
                     "× connect-b  unhealthy\n"
                     "○ gateway    unknown\n"
                     "\n"
                     "  KAFKA  STATE  WHY\n"
                     "● main   up     all that was asked was …\n");
}

static void states_are_coloured(_unused_ void **state) {
        expect_drawn(three_workers, NULL, 40, true,
                     "connect-watchdog 0.1.0 on host-1,\n"
                     "running for 1d 4h\n"
                     "3 workers: 1 healthy, 1 unknown, 1\n"
                     "unhealthy (connect-b, held: backoff)\n"
                     "! the configuration on disk was\n"
                     "  rejected, the one before it is in\n"
                     "  force: connect-watchdogctl\n"
                     "  verify-config says where the errors\n"
                     "  are\n"
                     "\n"
                     "  \033[1mWORKER\033[0m     \033[1mSTATE\033[0m\n"
                     "\033[1;32m●\033[0m connect-a  \033[1;32mhealthy\033[0m\n"
                     "\033[1;31m×\033[0m connect-b  \033[1;31munhealthy\033[0m\n"
                     "\033[1;33m○\033[0m gateway    \033[1;33munknown\033[0m\n"
                     "\n"
                     "  \033[1mKAFKA\033[0m  \033[1mSTATE\033[0m  \033[1mWHY\033[0m\n"
                     "\033[1;32m●\033[0m main   \033[1;32mup\033[0m     all that was asked was …\n");
}

static void nothing_is_watched(_unused_ void **state) {
        expect_drawn(HEAD "\"dry_run\":true,\"config_rejected\":false,\"workers\":[],\"kafka\":[]}", NULL,
                     80, false,
                     "connect-watchdog 0.1.0 on host-1, running for 1d 4h\n"
                     "watching nothing: no worker configured; see connect-watchdog.conf(5)\n"
                     "! dry run: nothing is restarted, whatever a worker's action\n");
}

static void one_in_an_incident(_unused_ void **state) {
        expect_drawn(
                three_workers, "connect-b", 0, false,
                "× connect-b - kafka-connect at http://127.0.0.1:8084\n"
                "      State: unhealthy since 13:48:00 (12min ago)\n"
                "        Why: did not answer within the timeout (15s; connected, but nothing came)\n"
                "      To do: Look at the thread dump.\n"
                "      Stage: generating task configs for connector orders, since 13:41:00 (19min ago)\n"
                "    Failing: 40 polls in a row over 12min; unhealthy after 3 over 3min\n"
                "Last answer: none to the poll that ended at 13:59:57 (3s ago)\n"
                "    Last ok: 13:40:00 (20min ago)\n"
                "       Unit: other.service, active (running) since 13:55:01 (4min 59s ago), main PID 4711\n"
                "     Action: restart\n"
                "    Held by: backoff until 14:01:00 (in 1min): 6min after restart 2\n"
                "             unit-busy: it has a job\n"
                "     Budget: 1 of 3 restarts left within 1h; the last was at 13:55:00 (5min ago)\n"
                "   Incident: 1f2e since 13:41:00 (19min ago), 2 restarts\n"
                "             journalctl CONNECT_WATCHDOG_INCIDENT=1f2e\n"
                " Connectors: 2 RUNNING, 1 FAILED; tasks: 5 RUNNING; seen 5min ago\n"
                "             orders, task 0: FAILED on 10.0.0.1:8083 since 13:30:00 (30min ago)\n"
                "             bills: FAILED\n"
                "      Stuck: sink commits nothing since 13:00:00 (1h ago), 12345 behind\n"
                "      Kafka: main: up since 2026-11-20 10:00:02 (1d 3h ago); all that was asked was "
                "answered\n");
}

static void one_at_60_columns(_unused_ void **state) {
        expect_drawn(three_workers, "connect-b", 60, true,
                     "\033[1;31m×\033[0m connect-b - kafka-connect at http://127.0.0.1:8084\n"
                     "      State: \033[1;31munhealthy\033[0m since 13:48:00 (12min ago)\n"
                     "        Why: did not answer within the timeout (15s;\n"
                     "             connected, but nothing came)\n"
                     "      To do: Look at the thread dump.\n"
                     "      Stage: generating task configs for connector orders,\n"
                     "             since 13:41:00 (19min ago)\n"
                     "    Failing: 40 polls in a row over 12min; unhealthy after 3\n"
                     "             over 3min\n"
                     "Last answer: none to the poll that ended at 13:59:57 (3s\n"
                     "             ago)\n"
                     "    Last ok: 13:40:00 (20min ago)\n"
                     "       Unit: other.service, active (running) since 13:55:01\n"
                     "             (4min 59s ago), main PID 4711\n"
                     "     Action: restart\n"
                     "    Held by: backoff until 14:01:00 (in 1min): 6min after\n"
                     "             restart 2\n"
                     "             unit-busy: it has a job\n"
                     "     Budget: 1 of 3 restarts left within 1h; the last was at\n"
                     "             13:55:00 (5min ago)\n"
                     "   Incident: 1f2e since 13:41:00 (19min ago), 2 restarts\n"
                     "             journalctl CONNECT_WATCHDOG_INCIDENT=1f2e\n"
                     " Connectors: 2 RUNNING, 1 FAILED; tasks: 5 RUNNING; seen\n"
                     "             5min ago\n"
                     "             orders, task 0: FAILED on 10.0.0.1:8083 since\n"
                     "             13:30:00 (30min ago)\n"
                     "             bills: FAILED\n"
                     "      Stuck: sink commits nothing since 13:00:00 (1h ago),\n"
                     "             12345 behind\n"
                     "      Kafka: main: up since 2026-11-20 10:00:02 (1d 3h ago);\n"
                     "             all that was asked was answered\n");
}

static void one_of_which_nothing_is_known(_unused_ void **state) {
        expect_drawn(three_workers, "gateway", 80, false,
                     "○ gateway - krakend at http://127.0.0.1:8080\n"
                     "      State: unknown\n"
                     "        Why: no poll has ended yet\n"
                     "    Last ok: not since the agent started\n"
                     "       Unit: none is named\n"
                     "     Action: alert\n"
                     "     Budget: 3 of 3 restarts left within 1h; they are only told, not done\n");
}

/* An agent of another version may say less, more, and other words. */
static void what_is_not_there_is_left_out(_unused_ void **state) {
        static const char strange[] = "{\"workers\":[{\"name\":\"a\",\"state\":\"dozing\",\"holds\":7}, 3]}";

        expect_drawn(strange, NULL, 80, false,
                     "connect-watchdog\n"
                     "\n"
                     "  WORKER  STATE   WHY\n"
                     "● a       dozing  no poll has ended yet\n"
                     "●                 no poll has ended yet\n");
        expect_drawn(strange, "a", 80, false,
                     "● a - at\n"
                     "      State: dozing\n"
                     "        Why: no poll has ended yet\n"
                     "    Last ok: not since the agent started\n"
                     "       Unit: none is named\n"
                     "     Action: \n");
        expect_drawn("{}", NULL, 80, false,
                     "connect-watchdog\n"
                     "watching nothing: no worker configured; see connect-watchdog.conf(5)\n");
}

static void one_that_answered(_unused_ void **state) {
        expect_drawn("{\"now\":\"2026-11-21T14:00:00.000Z\",\"workers\":[{\"name\":\"a\",\"kind\":\"http\","
                     "\"url\":\"http://a\",\"state\":\"healthy\",\"action\":\"alert\","
                     "\"last_ok\":\"2026-11-21T13:59:57.000Z\",\"last_answer\":{\"http_status\":200,"
                     "\"received\":\"2026-11-21T13:59:57.000Z\",\"text\":\"is healthy\"}}]}",
                     "a", 80, false,
                     "● a - http at http://a\n"
                     "      State: healthy\n"
                     "        Why: is healthy\n"
                     "Last answer: HTTP 200 at 13:59:57 (3s ago)\n"
                     "    Last ok: 13:59:57 (3s ago)\n"
                     "       Unit: none is named\n"
                     "     Action: alert\n");
}

/* One that is stopped is not asked why it does not answer. */
static void one_that_is_stopped(_unused_ void **state) {
        static const char stopped[] =
                "{\"now\":\"2026-11-21T14:00:00.000Z\",\"workers\":[{\"name\":\"a\",\"state\":\"stopped\","
                "\"kind\":\"http\",\"url\":\"http://a\",\"action\":\"alert\","
                "\"unit\":\"a.service\",\"since\":\"2026-11-21T13:00:00.000Z\","
                "\"last_answer\":{\"text\":\"refuses connections\"},"
                "\"unit_state\":{\"load\":\"loaded\",\"active\":\"failed\",\"sub\":\"failed\","
                "\"started\":\"2026-11-21T12:00:00.000Z\"}}]}";

        expect_drawn(stopped, NULL, 80, false,
                     "connect-watchdog\n"
                     "1 worker: 1 stopped (a)\n"
                     "\n"
                     "  WORKER  STATE    SINCE   UNIT       WHY\n"
                     "○ a       stopped  1h ago  a.service  a.service is failed (failed)\n");
        expect_drawn(stopped, "a", 80, false,
                     "○ a - http at http://a\n"
                     "      State: stopped since 13:00:00 (1h ago)\n"
                     "        Why: a.service is failed (failed)\n"
                     "    Last ok: not since the agent started\n"
                     "       Unit: a.service, failed (failed)\n"
                     "     Action: alert\n");
}

static void one_whose_unit_does_not_exist(_unused_ void **state) {
        static const char lost[] =
                "{\"now\":\"2026-11-21T14:00:00.000Z\",\"workers\":[{\"name\":\"a\",\"state\":\"stopped\","
                "\"kind\":\"http\",\"url\":\"http://a\",\"action\":\"restart\","
                "\"unit\":\"typo.service\",\"since\":\"2026-11-21T13:00:00.000Z\","
                "\"last_answer\":{\"text\":\"is healthy\",\"remedy\":\"Start it.\"},"
                "\"unit_state\":{\"load\":\"not-found\",\"active\":\"inactive\",\"sub\":\"dead\"}}]}";

        expect_drawn(lost, NULL, 0, false,
                     "connect-watchdog\n"
                     "1 worker: 1 stopped (a)\n"
                     "\n"
                     "  WORKER  STATE    SINCE   UNIT          WHY\n"
                     "○ a       stopped  1h ago  typo.service  typo.service does not exist\n");
        expect_drawn(lost, "a", 0, false,
                     "○ a - http at http://a\n"
                     "      State: stopped since 13:00:00 (1h ago)\n"
                     "        Why: typo.service does not exist\n"
                     "      To do: correct unit = in its section: see systemctl list-units --type=service\n"
                     "    Last ok: not since the agent started\n"
                     "       Unit: typo.service, which does not exist\n"
                     "     Action: restart\n");
}

static void one_that_awaits_a_reset(_unused_ void **state) {
        static const char *const names[] = { "budget-exhausted", "recurring" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char json[512] = "", expected[512] = "";

                text_append(json, sizeof(json),
                            "{\"now\":\"2026-11-21T14:00:00.000Z\",\"workers\":[{\"name\":\"a\","
                            "\"kind\":\"http\",\"url\":\"http://"
                            "a\",\"state\":\"exhausted\",\"action\":\"restart\","
                            "\"holds\":[{\"name\":\"%s\",\"text\":\"3 restarts\"},"
                            "{\"name\":\"backoff\"}]}]}",
                            names[i]);
                text_append(expected, sizeof(expected),
                            "× a - http at http://a\n"
                            "      State: exhausted\n"
                            "        Why: no poll has ended yet\n"
                            "    Last ok: not since the agent started\n"
                            "       Unit: none is named\n"
                            "     Action: restart\n"
                            "    Held by: %s: 3 restarts\n"
                            "             backoff\n"
                            "             when the cause is mended: connect-watchdogctl reset a\n",
                            names[i]);
                expect_drawn(json, "a", 80, false, expected);
        }
}

static void one_that_is_paused(_unused_ void **state) {
        static const char paused[] =
                "{\"now\":\"2026-11-21T14:00:00.000Z\",\"workers\":[{\"name\":\"a\",\"kind\":\"http\","
                "\"url\":\"http://"
                "a\",\"state\":\"paused\",\"health_state\":\"suspect\",\"action\":\"alert\",\"since\":"
                "\"2026-11-21T13:00:00.000Z\","
                "\"paused\":{\"all_workers\":false,\"since\":\"2026-11-21T13:30:00.000Z\",\"until\":\"2026-"
                "11-21T16:00:00.000Z\",\"uid\":1000,"
                "\"reason\":\"upgrade of Kafka\"},\"last_answer\":{\"text\":\"refused the connection\"}}]}";

        expect_drawn(paused, NULL, 0, false,
                     "connect-watchdog\n"
                     "1 worker: 1 paused (a)\n"
                     "\n"
                     "  WORKER  STATE   SINCE      WHY\n"
                     "○ a       paused  30min ago  suspect: refused the connection; paused until 16:00:00 "
                     "(in 2h) by uid 1000: upgrade of Kafka\n");
        expect_drawn(paused, "a", 80, false,
                     "○ a - http at http://a\n"
                     "      State: paused since 13:30:00 (30min ago)\n"
                     "     Paused: until 16:00:00 (in 2h) by uid 1000: upgrade of Kafka\n"
                     "  Otherwise: suspect since 13:00:00 (1h ago)\n"
                     "        Why: refused the connection\n"
                     "    Last ok: not since the agent started\n"
                     "       Unit: none is named\n"
                     "     Action: alert\n");
}

static int utc(_unused_ void **state) {
        if (setenv("TZ", "UTC", true) < 0)
                return -1;
        tzset();
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_in_a_pipe),
                cmocka_unit_test(all_at_80_columns),
                cmocka_unit_test(all_where_there_is_little_room),
                cmocka_unit_test(states_are_coloured),
                cmocka_unit_test(nothing_is_watched),
                cmocka_unit_test(one_in_an_incident),
                cmocka_unit_test(one_at_60_columns),
                cmocka_unit_test(one_of_which_nothing_is_known),
                cmocka_unit_test(what_is_not_there_is_left_out),
                cmocka_unit_test(one_that_answered),
                cmocka_unit_test(one_that_is_stopped),
                cmocka_unit_test(one_whose_unit_does_not_exist),
                cmocka_unit_test(one_that_awaits_a_reset),
                cmocka_unit_test(one_that_is_paused),
        };

        return cmocka_run_group_tests_name("status-view", tests, utc, NULL);
}
