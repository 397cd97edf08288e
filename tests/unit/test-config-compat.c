/* kafka-connect-healthcheck's flags and variables: the settings they become, and what is said of wrong ones.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

#include <cmocka.h>

#include "config-fixture.h"
#include "config/compat.h"
#include "observe/connectors.h"

#define FAILED connector_state_bit(CONNECTOR_FAILED)

struct got {
        struct settings *settings;
        struct config_errors errors;
};

static int load(struct got *g, const struct compat_options *compat) {
        const struct config_options o = { .compat = compat };

        g->settings = settings_free(g->settings);
        config_errors_done(&g->errors);
        return config_load(&o, &g->settings, &g->errors);
}

static void done(struct got *g) {
        settings_free(g->settings);
        config_errors_done(&g->errors);
}

/* Loads, without even a warning. Returns its one worker. */
static const struct worker_settings *load_well(struct got *g, const struct compat_options *compat) {
        int r = load(g, compat);

        fixture_assert_lines(g->errors.lines, "", "flags and variables");
        fixture_assert_lines(g->errors.warnings, "", "flags and variables");
        assert_int_equal(r, 0);
        assert_int_equal(g->settings->n_workers, 1);
        return g->settings->workers[0];
}

static void nothing_given_is_the_peers_default(void **state) {
        const struct compat_options none = { 0 };
        const struct worker_settings *w;
        struct got g = { 0 };

        (void) state;
        w = load_well(&g, &none);
        assert_int_equal(strv_length(g.settings->http.listen), 1);
        assert_string_equal(g.settings->http.listen[0], "0.0.0.0:18083");
        assert_true(g.settings->http.healthcheck_compat);
        assert_true(g.settings->http.expose_traces);
        assert_int_equal(g.settings->agent.log_level, LOG_INFO);
        assert_string_equal(w->url, "http://localhost:8083");
        assert_null(w->worker_id);
        assert_int_equal(w->unhealthy_states, FAILED);
        assert_int_equal(w->considered, CONSIDER_CONNECTOR | CONSIDER_TASK);
        assert_int_equal(w->failure_threshold, 0);
        assert_null(w->username);
        assert_null(w->password);
        assert_null(w->unit);
        assert_int_equal(w->action, ACTION_ALERT);
        assert_false(w->connector_restart);
        done(&g);
}

/* What peer.c serves of one look: also of one that takes all of its time, until the next one has ended. */
static void no_verdict_is_older_than_ten_seconds(void **state) {
        const struct compat_options none = { 0 };
        const struct worker_settings *w;
        struct got g = { 0 };
        usec_t next;

        (void) state;
        w = load_well(&g, &none);
        assert_int_equal(2 * w->connectors_interval_usec + w->connectors_timeout_usec, 10 * USEC_PER_SEC);
        next = (w->connectors_timeout_usec / w->connectors_interval_usec + 1) * w->connectors_interval_usec;
        assert_in_range(next + w->connectors_timeout_usec, 0, 10 * USEC_PER_SEC);
        done(&g);
}

static const struct compat_options all_variables = {
        .variables = {
                [COMPAT_PORT] = "1",
                [COMPAT_CONNECT_URL] = "http://variable:1/",
                [COMPAT_CONNECT_WORKER_ID] = "variable:1",
                [COMPAT_UNHEALTHY_STATES] = "failed, paused,UNASSIGNED",
                [COMPAT_CONSIDERED_CONTAINERS] = "connector",
                [COMPAT_FAILURE_THRESHOLD_PERCENTAGE] = "1",
                [COMPAT_BASIC_AUTH] = "variable:pass:word",
                [COMPAT_LOG_LEVEL] = "Warning",
        },
};

static void each_variable_counts(void **state) {
        const struct worker_settings *w;
        struct got g = { 0 };

        (void) state;
        w = load_well(&g, &all_variables);
        assert_string_equal(g.settings->http.listen[0], "0.0.0.0:1");
        assert_int_equal(g.settings->agent.log_level, LOG_WARNING);
        assert_string_equal(w->url, "http://variable:1");
        assert_string_equal(w->worker_id, "variable:1");
        assert_int_equal(w->unhealthy_states, FAILED | connector_state_bit(CONNECTOR_PAUSED) |
                                                      connector_state_bit(CONNECTOR_UNASSIGNED));
        assert_int_equal(w->considered, CONSIDER_CONNECTOR);
        assert_int_equal(w->failure_threshold, 1);
        assert_string_equal(w->username, "variable");
        assert_string_equal(w->password, "pass:word");
        done(&g);
}

static void a_flag_wins(void **state) {
        struct compat_options o = all_variables;
        const struct worker_settings *w;
        struct got g = { 0 };

        (void) state;
        o.flags[COMPAT_PORT] = "2";
        o.flags[COMPAT_CONNECT_URL] = "https://flag";
        o.flags[COMPAT_CONNECT_WORKER_ID] = "flag:2";
        o.flags[COMPAT_UNHEALTHY_STATES] = "FAILED";
        o.flags[COMPAT_CONSIDERED_CONTAINERS] = "TASK";
        o.flags[COMPAT_FAILURE_THRESHOLD_PERCENTAGE] = "100";
        o.flags[COMPAT_BASIC_AUTH] = "flag:";
        o.flags[COMPAT_LOG_LEVEL] = "CRITICAL";
        w = load_well(&g, &o);
        assert_string_equal(g.settings->http.listen[0], "0.0.0.0:2");
        assert_int_equal(g.settings->agent.log_level, LOG_CRIT);
        assert_string_equal(w->url, "https://flag");
        assert_string_equal(w->worker_id, "flag:2");
        assert_int_equal(w->unhealthy_states, FAILED);
        assert_int_equal(w->considered, CONSIDER_TASK);
        assert_int_equal(w->failure_threshold, 100);
        assert_string_equal(w->username, "flag");
        assert_string_equal(w->password, "");
        done(&g);
}

static void what_is_empty_is_the_default(void **state) {
        struct compat_options o = all_variables;
        const struct worker_settings *w;
        struct got g = { 0 };

        (void) state;
        for (enum compat_flag f = 0; f < _COMPAT_FLAG_MAX; f++)
                o.flags[f] = "";
        w = load_well(&g, &o);
        assert_string_equal(g.settings->http.listen[0], "0.0.0.0:18083");
        assert_string_equal(w->url, "http://localhost:8083");
        assert_int_equal(w->unhealthy_states, FAILED);
        assert_null(w->worker_id);
        assert_null(w->username);
        assert_null(w->password);
        done(&g);
}

static void every_level_of_python_is_one(void **state) {
        static const struct {
                const char *name;
                int level;
        } levels[] = {
                { "CRITICAL", LOG_CRIT },   { "FATAL", LOG_CRIT },   { "ERROR", LOG_ERR },
                { "WARNING", LOG_WARNING }, { "warn", LOG_WARNING }, { "info", LOG_INFO },
                { "DEBUG", LOG_DEBUG },     { "NOTSET", LOG_DEBUG },
        };
        struct got g = { 0 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(levels); i++) {
                const struct compat_options o = { .flags[COMPAT_LOG_LEVEL] = levels[i].name };

                (void) load_well(&g, &o);
                assert_int_equal(g.settings->agent.log_level, levels[i].level);
        }
        done(&g);
}

static void an_error_names_the_flag_or_the_variable(void **state) {
        static const struct {
                enum compat_flag flag;
                const char *value, *begins; /* after its name */
        } wrong[] = {
                { COMPAT_PORT, "0", "\"0\" is no port; write one of 1 to 65535, like 18083" },
                { COMPAT_PORT, "http", "\"http\" is no port; write one of 1 to 65535, like 18083" },
                { COMPAT_CONNECT_URL, "localhost:8083", "url = \"localhost:8083\" is no URL" },
                { COMPAT_CONNECT_URL, "http://u:secret@h:8083/x",
                  "has a user in it; write http://HOST:PORT, and give --basic-auth USER:PASSWORD" },
                { COMPAT_CONNECT_URL, "http://h:8083/a@b?", "url = \"http://h:8083/a@b?\" has a query" },
                { COMPAT_CONNECT_WORKER_ID, "connect", "worker_id = \"connect\" is no worker's id" },
                { COMPAT_UNHEALTHY_STATES, "FAILED,BROKEN",
                  "unhealthy_states = \"BROKEN\" is no such name" },
                { COMPAT_UNHEALTHY_STATES, ",", "unhealthy_states = \",\" is no such name" },
                { COMPAT_CONSIDERED_CONTAINERS, "TASKS",
                  "considered = \"TASKS\" is no such name; did you mean task?" },
                { COMPAT_FAILURE_THRESHOLD_PERCENTAGE, "0.5", "failure_threshold = \"0.5\" is no number" },
                { COMPAT_FAILURE_THRESHOLD_PERCENTAGE, "101",
                  "failure_threshold = \"101\" is out of range" },
                { COMPAT_BASIC_AUTH, "secret", "is no user and password; write USER:PASSWORD" },
                { COMPAT_BASIC_AUTH, ":secret", "is no user and password; write USER:PASSWORD" },
                { COMPAT_LOG_LEVEL, "LOUD",
                  "\"LOUD\" is no level; write CRITICAL, ERROR, WARNING, INFO or DEBUG" },
        };
        char expected[256];
        struct got g = { 0 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                for (int by_flag = 0; by_flag <= 1; by_flag++) {
                        const struct compat_flag_info *info = &compat_flag_infos[wrong[i].flag];
                        struct compat_options o = { 0 };

                        *(by_flag ? &o.flags[wrong[i].flag] : &o.variables[wrong[i].flag]) = wrong[i].value;
                        assert_int_equal(load(&g, &o), -EBADMSG);
                        assert_int_equal(strv_length(g.errors.lines), 1);
                        (void) snprintf(expected, sizeof(expected), "%s: %s",
                                        by_flag ? info->flag : info->variable, wrong[i].begins);
                        assert_memory_equal(g.errors.lines[0], expected, strlen(expected));
                        assert_null(strstr(g.errors.lines[0], "secret"));
                }
        done(&g);
}

static void all_errors_are_told_at_once(void **state) {
        const struct compat_options o = { .flags[COMPAT_PORT] = "x", .variables[COMPAT_LOG_LEVEL] = "x" };
        struct got g = { 0 };

        (void) state;
        assert_int_equal(load(&g, &o), -EBADMSG);
        assert_int_equal(g.errors.n_errors, 2);
        done(&g);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_given_is_the_peers_default),
                cmocka_unit_test(no_verdict_is_older_than_ten_seconds),
                cmocka_unit_test(each_variable_counts),
                cmocka_unit_test(a_flag_wins),
                cmocka_unit_test(what_is_empty_is_the_default),
                cmocka_unit_test(every_level_of_python_is_one),
                cmocka_unit_test(an_error_names_the_flag_or_the_variable),
                cmocka_unit_test(all_errors_are_told_at_once),
        };

        return cmocka_run_group_tests_name("config-compat", tests, NULL, NULL);
}
