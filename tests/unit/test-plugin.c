/* What check says of what the agent answers, and of one poll. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ctl/plugin.h"
#include "judge/told.h"

struct said {
        char *text;
        enum plugin_status status;
};

static struct said say(const char *json, size_t worker, bool one) {
        _cleanup_(json_object_unrefp) json_object *all = json_tokener_parse(json);
        struct said s = {};
        size_t len = 0;
        FILE *f = open_memstream(&s.text, &len);

        assert_non_null(all);
        assert_non_null(f);
        s.status = plugin_print(
                f, all,
                one ? json_object_array_get_idx(json_member(all, "workers", json_type_array), worker)
                    : NULL);
        assert_int_equal(fclose(f), 0);
        return s;
}

static void expect_all(const char *json, enum plugin_status status, const char *expected) {
        struct said s = say(json, 0, false);

        assert_string_equal(s.text, expected);
        assert_int_equal(s.status, status);
        free(s.text);
}

static void expect_one(const char *json, size_t worker, enum plugin_status status, const char *expected) {
        struct said s = say(json, worker, true);

        assert_string_equal(s.text, expected);
        assert_int_equal(s.status, status);
        free(s.text);
}

static const char two_workers[] =
        "{\"now\":\"2026-11-21T14:00:00.000Z\",\"config_rejected\":false,\"workers\":["
        "{\"name\":\"a\",\"state\":\"healthy\",\"since\":\"2026-11-21T13:00:00.000Z\",\"failures\":0,"
        "\"holds\":[],"
        "\"last_answer\":{\"latency_seconds\":0.0041,\"text\":\"is healthy\"},"
        "\"budget\":{\"left\":3,\"limit\":3},\"connectors\":{\"connectors_failed\":0,\"tasks_failed\":1}},"
        "{\"name\":\"b\",\"state\":\"exhausted\",\"since\":\"2026-11-21T13:58:00.000Z\",\"failures\":12,"
        "\"holds\":[{\"name\":\"budget-exhausted\"}],"
        "\"last_answer\":{\"latency_seconds\":15.0,\"text\":\"says a|b\\nand more\"}}]}";

static void all_of_them(_unused_ void **state) {
        expect_all(two_workers, PLUGIN_CRITICAL,
                   "WORKERS CRITICAL - 2 workers: 1 healthy, 1 exhausted (b, held: budget-exhausted) | "
                   "workers=2;;;0 "
                   "healthy=1;;;0;2 a_latency=0.004100s;;;0 b_latency=15.000000s;;;0\n");
}

/* Nagios takes 8 KiB. */
static void very_many_are_told_in_one_line_too(_unused_ void **state) {
        _cleanup_free_ char *json = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&json, &len);
        struct said s;

        assert_non_null(f);
        (void) fputs("{\"workers\":[", f);
        for (unsigned i = 0; i < 1000; i++)
                (void) fprintf(f,
                               "%s{\"name\":\"a-worker-%u\",\"state\":\"healthy\",\"last_answer\":{\"text\":"
                               "\"x\"}}",
                               i > 0 ? "," : "", i);
        (void) fputs("]}", f);
        assert_int_equal(fclose(f), 0);
        s = say(json, 0, false);
        assert_int_equal(s.status, PLUGIN_OK);
        assert_string_equal(
                s.text,
                "WORKERS OK - 1000 workers: 1000 healthy | workers=1000;;;0 healthy=1000;;;0;1000\n");
        free(s.text);
}

static void one_of_them(_unused_ void **state) {
        expect_one(two_workers, 0, PLUGIN_OK,
                   "WORKER OK - a: healthy for 1h; is healthy | latency=0.004100s;;;0 failures=0;;;0 "
                   "restarts_left=3;;;0;3 connectors_failed=0;;;0 tasks_failed=1;;;0\n");
        /* Nothing that it says can end the line or begin the data. */
        expect_one(two_workers, 1, PLUGIN_CRITICAL,
                   "WORKER CRITICAL - b: exhausted for 2min; says a/b and more; held by budget-exhausted | "
                   "latency=15.000000s;;;0 failures=12;;;0\n");
}

static void nobody_is_watched(_unused_ void **state) {
        expect_all(
                "{\"workers\":[]}", PLUGIN_UNKNOWN,
                "WORKERS UNKNOWN - watching nothing: no worker configured; see connect-watchdog.conf(5) | "
                "workers=0;;;0 healthy=0;;;0;0\n");
        expect_all(
                "{}", PLUGIN_UNKNOWN,
                "WORKERS UNKNOWN - watching nothing: no worker configured; see connect-watchdog.conf(5) | "
                "workers=0;;;0 healthy=0;;;0;0\n");
}

static void a_rejected_configuration_is_a_warning(_unused_ void **state) {
        expect_all("{\"config_rejected\":true,\"workers\":[{\"name\":\"a\",\"state\":\"healthy\"}]}",
                   PLUGIN_WARNING,
                   "WORKERS WARNING - 1 worker: 1 healthy; the configuration on disk was rejected | "
                   "workers=1;;;0 healthy=1;;;0;1\n");
}

static enum plugin_status of_states(const char *states) {
        char json[512] = "{\"workers\":[";
        struct said s;

        for (size_t len; *states; states += len + (states[len] == ' ')) {
                size_t used = strlen(json);

                len = strcspn(states, " ");
                (void) snprintf(json + used, sizeof(json) - used, "%s{\"name\":\"w\",\"state\":\"%.*s\"}",
                                json[used - 1] == '[' ? "" : ",", (int) len, states);
        }
        strncat(json, "]}", sizeof(json) - strlen(json) - 1);
        s = say(json, 0, false);
        free(s.text);
        return s.status;
}

static void each_state_has_its_status(_unused_ void **state) {
        static const enum plugin_status expected[_STATE_MAX] = {
                [STATE_UNKNOWN] = PLUGIN_UNKNOWN,     [STATE_STARTING] = PLUGIN_WARNING,
                [STATE_HEALTHY] = PLUGIN_OK,          [STATE_DEGRADED] = PLUGIN_WARNING,
                [STATE_SUSPECT] = PLUGIN_WARNING,     [STATE_UNHEALTHY] = PLUGIN_CRITICAL,
                [STATE_RESTARTING] = PLUGIN_CRITICAL, [STATE_EXHAUSTED] = PLUGIN_CRITICAL,
                [STATE_STOPPED] = PLUGIN_WARNING,     [STATE_PAUSED] = PLUGIN_WARNING,
        };

        for (enum worker_state s = 0; s < _STATE_MAX; s++)
                assert_int_equal(of_states(worker_state_to_string(s)), expected[s]);
        assert_int_equal(of_states("dozing"), PLUGIN_UNKNOWN);
}

static void the_worst_of_all_counts(_unused_ void **state) {
        assert_int_equal(of_states("healthy healthy"), PLUGIN_OK);
        assert_int_equal(of_states("healthy unknown healthy"), PLUGIN_UNKNOWN);
        assert_int_equal(of_states("unknown degraded"), PLUGIN_WARNING);
        assert_int_equal(of_states("unhealthy degraded unknown"), PLUGIN_CRITICAL);
}

/* While somebody works on it, only that it does not answer is worth a look. */
static void a_paused_one_is_judged_by_its_health(_unused_ void **state) {
        expect_one("{\"workers\":[{\"name\":\"a\",\"state\":\"paused\",\"health_state\":\"healthy\","
                   "\"last_answer\":{\"text\":\"is healthy\",\"latency_seconds\":1.0}}]}",
                   0, PLUGIN_OK,
                   "WORKER OK - a: paused; is healthy | latency=1.000000s;;;0 failures=0;;;0\n");
        expect_one("{\"workers\":[{\"name\":\"a\",\"state\":\"paused\",\"health_state\":\"unhealthy\"}]}", 0,
                   PLUGIN_WARNING, "WORKER WARNING - a: paused; no poll has ended yet | failures=0;;;0\n");
}

static void expect_poll(enum outcome outcome,
                        enum reason reason,
                        enum plugin_status status,
                        const char *expected) {
        const struct observation seen = {
                .outcome = outcome,
                .reason = reason,
                .http_status = reason == REASON_REFUSED ? 0 : 200,
                .sent_at_usec = USEC_PER_HOUR,
                .received_at_usec = USEC_PER_HOUR + 4 * USEC_PER_MSEC,
                .latency_usec = 4 * USEC_PER_MSEC,
        };
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);

        assert_non_null(f);
        assert_int_equal(plugin_print_poll(f, "http://a:1", &seen, 2 * USEC_PER_HOUR, 0), status);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(text, expected);
}

static void one_poll(_unused_ void **state) {
        expect_poll(OUTCOME_OK, REASON_HEALTHY, PLUGIN_OK,
                    "WORKER OK - http://a:1 is healthy (HTTP 200 after 4ms) | latency=0.004000s;;;0\n");
        expect_poll(OUTCOME_FAILING, REASON_REFUSED, PLUGIN_CRITICAL,
                    "WORKER CRITICAL - http://a:1 refused the connection | latency=0.004000s;;;0\n");
        expect_poll(OUTCOME_STARTING, REASON_STARTING_UP, PLUGIN_WARNING,
                    "WORKER WARNING - http://a:1 says that it is still starting up (HTTP 200 after 4ms) | "
                    "latency=0.004000s;;;0\n");
        expect_poll(OUTCOME_DEGRADED, REASON_DEGRADED, PLUGIN_WARNING,
                    "WORKER WARNING - http://a:1 lives, but says that part of it does not work (HTTP 200 "
                    "after 4ms) | "
                    "latency=0.004000s;;;0\n");
        expect_poll(OUTCOME_UNKNOWN, REASON_UNAUTHORIZED, PLUGIN_UNKNOWN,
                    "WORKER UNKNOWN - http://a:1 wants credentials (401) (HTTP 200 after 4ms) | "
                    "latency=0.004000s;;;0\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_of_them),
                cmocka_unit_test(very_many_are_told_in_one_line_too),
                cmocka_unit_test(one_of_them),
                cmocka_unit_test(nobody_is_watched),
                cmocka_unit_test(a_rejected_configuration_is_a_warning),
                cmocka_unit_test(each_state_has_its_status),
                cmocka_unit_test(the_worst_of_all_counts),
                cmocka_unit_test(a_paused_one_is_judged_by_its_health),
                cmocka_unit_test(one_poll),
        };

        return cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
