/* The table of keys against the design's table, and against itself. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "config/keys.h"
#include "util/text.h"

/* The design's table, as far as this version goes: section, key, default as the operator would write it. */
static const struct {
        enum config_section section;
        const char *name, *fallback;
} design[] = {
        { SECTION_AGENT, "dry_run", "no" },
        { SECTION_AGENT, "log_level", "info" },
        { SECTION_AGENT, "hostname", "" },
        { SECTION_AGENT, "history", "90d" },
        { SECTION_HTTP, "listen", "127.0.0.1:18083" },
        { SECTION_HTTP, "access_log", "no" },
        { SECTION_HTTP, "access_log_skip", "" },
        { SECTION_HTTP, "krakend_path", "/__health" },
        { SECTION_HTTP, "krakend_body", "" },
        { SECTION_HTTP, "healthcheck_compat", "yes" },
        { SECTION_HTTP, "expose_traces", "no" },
        { SECTION_HTTP, "metrics_connectors", "no" },
        { SECTION_KAFKA, "bootstrap", "" },
        { SECTION_KAFKA, "property", "" },
        { SECTION_KAFKA, "username", "" },
        { SECTION_KAFKA, "password_file", "" },
        { SECTION_KAFKA, "ca_file", "" },
        { SECTION_KAFKA, "cert_file", "" },
        { SECTION_KAFKA, "key_file", "" },
        { SECTION_KAFKA, "key_password_file", "" },
        { SECTION_KAFKA, "group", "connect-watchdog" },
        { SECTION_KAFKA, "topics", "" },
        { SECTION_KAFKA, "interval", "10s" },
        { SECTION_KAFKA, "timeout", "10s" },
        { SECTION_KAFKA, "deep", "no" },
        { SECTION_KAFKA, "deep_topic", "" },
        { SECTION_KAFKA, "deep_interval", "5min" },
        { SECTION_NOTIFY, "events",
          "unhealthy recovered restart-done restart-failed restart-refused exhausted held-long cannot-tell "
          "startup-slow unit-down connector-failed connector-recovered connector-stuck connector-exhausted "
          "connectors-changed kafka-changed config-rejected ledger-*" },
        { SECTION_NOTIFY, "webhook", "" },
        { SECTION_NOTIFY, "webhook_file", "" },
        { SECTION_NOTIFY, "command", "" },
        { SECTION_NOTIFY, "format", "json" },
        { SECTION_NOTIFY, "timeout", "10s" },
        { SECTION_NOTIFY, "heartbeat", "" },
        { SECTION_NOTIFY, "heartbeat_interval", "1min" },
        { SECTION_NOTIFY, "username", "" },
        { SECTION_NOTIFY, "password_file", "" },
        { SECTION_NOTIFY, "bearer_token_file", "" },
        { SECTION_NOTIFY, "ca_file", "" },
        { SECTION_NOTIFY, "cert_file", "" },
        { SECTION_NOTIFY, "key_file", "" },
        { SECTION_NOTIFY, "verify", "yes" },
        { SECTION_WORKER, "kind", "kafka-connect" },
        { SECTION_WORKER, "url", "http://127.0.0.1:8083" },
        { SECTION_WORKER, "url_is_local", "no" },
        { SECTION_WORKER, "unit", "" },
        { SECTION_WORKER, "action", "alert" },
        { SECTION_WORKER, "requires", "" },
        { SECTION_WORKER, "peers", "" },
        { SECTION_WORKER, "min_healthy_peers", "1" },
        { SECTION_WORKER, "interval", "10s" },
        { SECTION_WORKER, "retry_interval", "5s" },
        { SECTION_WORKER, "timeout", "15s" },
        { SECTION_WORKER, "max_response", "16M" },
        { SECTION_WORKER, "failures", "3" },
        { SECTION_WORKER, "sustain", "3min" },
        { SECTION_WORKER, "sustain_kafka", "10min" },
        { SECTION_WORKER, "successes", "2" },
        { SECTION_WORKER, "startup_timeout", "30min" },
        { SECTION_WORKER, "startup_action", "alert" },
        { SECTION_WORKER, "revive", "yes" },
        { SECTION_WORKER, "restart_limit", "3" },
        { SECTION_WORKER, "restart_window", "1h" },
        { SECTION_WORKER, "backoff_max", "1h" },
        { SECTION_WORKER, "exhausted_retry", "6h" },
        { SECTION_WORKER, "dependency_grace", "2min" },
        { SECTION_WORKER, "thread_dump", "no" },
        { SECTION_WORKER, "thread_dump_interval", "5s" },
        { SECTION_WORKER, "username", "" },
        { SECTION_WORKER, "password_file", "" },
        { SECTION_WORKER, "bearer_token_file", "" },
        { SECTION_WORKER, "ca_file", "" },
        { SECTION_WORKER, "cert_file", "" },
        { SECTION_WORKER, "key_file", "" },
        { SECTION_WORKER, "verify", "yes" },
        { SECTION_WORKER, "connectors", "yes" },
        { SECTION_WORKER, "connectors_interval", "30s" },
        { SECTION_WORKER, "connectors_timeout", "30s" },
        { SECTION_WORKER, "connectors_max_response", "64M" },
        { SECTION_WORKER, "unhealthy_states", "FAILED" },
        { SECTION_WORKER, "considered", "connector task" },
        { SECTION_WORKER, "failure_threshold", "0" },
        { SECTION_WORKER, "rebalance_delay", "5min" },
        { SECTION_WORKER, "worker_id", "" },
        { SECTION_WORKER, "broker_connector", "" },
        { SECTION_WORKER, "connector_restart", "no" },
        { SECTION_WORKER, "connector_restart_limit", "7" },
        { SECTION_WORKER, "lag", "no" },
        { SECTION_WORKER, "lag_interval", "1min" },
        { SECTION_WORKER, "lag_stuck", "0s" },
        { SECTION_WORKER, "path", "" },
        { SECTION_WORKER, "method", "GET" },
        { SECTION_WORKER, "headers_file", "" },
        { SECTION_WORKER, "expect_status", "200-299" },
        { SECTION_WORKER, "expect_body", "" },
        { SECTION_WORKER, "degraded_body", "" },
        { SECTION_WORKER, "starting_status", "" },
        { SECTION_WORKER, "agent_stale", "5min" },
        { SECTION_WORKER, "replicas", "0" },
        { SECTION_WORKER, "deep", "no" },
};

static void *new_base(enum config_section section) {
        void *base = calloc(1, config_sections[section].size);

        assert_non_null(base);
        return base;
}

static void free_base(enum config_section section, void *base) {
        for (size_t i = 0; i < n_config_keys; i++)
                if (config_keys[i].section == section)
                        key_clear(&config_keys[i], base);
        free(base);
}

static void the_table_is_the_designs(void **state) {
        (void) state;
        assert_int_equal(n_config_keys, ELEMENTSOF(design));
        for (size_t i = 0; i < ELEMENTSOF(design); i++) {
                int index = key_index(design[i].section, design[i].name);
                _cleanup_free_ char *value = NULL;
                void *base = new_base(design[i].section);

                if (index < 0)
                        fail_msg("%s is missing", design[i].name);
                assert_string_equal(strempty(config_keys[index].fallback), design[i].fallback);
                assert_int_equal(keys_set_fallbacks(design[i].section, base), 0);
                assert_int_equal(key_format(&config_keys[index], base, &value), 0);
                assert_string_equal(value, design[i].fallback);
                free_base(design[i].section, base);
        }
}

static void the_table_holds_together(void **state) {
        (void) state;
        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *k = &config_keys[i];
                bool number = k->type == KEY_UNSIGNED || k->type == KEY_SPAN || k->type == KEY_SIZE;

                assert_int_equal(key_index(k->section, k->name), i); /* no name twice */
                assert_true(strlen(k->meaning) > 10);
                assert_int_equal(number, k->max > 0);
                assert_true(k->min <= k->max);
                assert_int_equal(config_sections[k->section].keys, k->section);
                if (k->one_worker)
                        assert_int_equal(k->section, SECTION_WORKER);
                for (size_t j = 0; j < i; j++)
                        assert_false(config_keys[j].section == k->section &&
                                     config_keys[j].offset == k->offset);
        }
}

/* What can be set is printed such that it can be set again. */
static const struct {
        const char *name, *text, *printed;
        enum config_section section;
} round_trips[] = {
        { "kind", "kafka-connect", NULL, SECTION_WORKER },
        { "url", "HTTP://h:1/a/", "http://h:1/a", SECTION_WORKER },
        { "unit", "a@b.service", NULL, SECTION_WORKER },
        { "action", "restart", NULL, SECTION_WORKER },
        { "peers", "http://a:1/ \thttps://b http://a:1", "http://a:1 https://b", SECTION_WORKER },
        { "min_healthy_peers", "0", NULL, SECTION_WORKER },
        { "interval", "1.5min", "1min 30s", SECTION_WORKER },
        { "interval", "100ms", NULL, SECTION_WORKER },
        { "interval", "3600.000001", "1h 1us", SECTION_WORKER },
        { "startup_timeout", "infinity", NULL, SECTION_WORKER },
        { "exhausted_retry", "0", "0s", SECTION_WORKER },
        { "max_response", "4097", NULL, SECTION_WORKER },
        { "max_response", "1024M", "1G", SECTION_WORKER },
        { "failures", "0003", "3", SECTION_WORKER },
        { "revive", "OFF", "no", SECTION_WORKER },
        { "username", "J. Doe = x", NULL, SECTION_WORKER },
        { "password_file", "connect-password", NULL, SECTION_WORKER },
        { "ca_file", "/etc/ssl/with space.pem", NULL, SECTION_WORKER },
        { "access_log_skip", "/ping \t/__health /ping", "/ping /__health", SECTION_HTTP },
        { "krakend_path", "/health", NULL, SECTION_HTTP },
        { "krakend_path", "off", NULL, SECTION_HTTP },
        { "krakend_body", "{ \"a\": [1, \"\303\244\"] }", NULL, SECTION_HTTP },
        { "unhealthy_states", "failed,PAUSED , FAILED", "PAUSED FAILED", SECTION_WORKER },
        { "considered", "TASK", "task", SECTION_WORKER },
        { "worker_id", "[::1]:8083", NULL, SECTION_WORKER },
        { "broker_connector", "orders / of today", NULL, SECTION_WORKER },
        { "path", "/health?full=1", NULL, SECTION_WORKER },
        { "method", "HEAD", NULL, SECTION_WORKER },
        { "expect_status", "200, 204 300-399 204", "200 204 300-399", SECTION_WORKER },
        { "expect_body", "/status/db = up to date", NULL, SECTION_WORKER },
        { "degraded_body", "some = thing", NULL, SECTION_WORKER },
        { "requires", "main, other main", "main other", SECTION_WORKER },
        { "dependency_grace", "0", "0s", SECTION_WORKER },
        { "bootstrap", "a,b:9093 [::1], a:9092", "a:9092 b:9093 [::1]:9092", SECTION_KAFKA },
        { "property", "ssl.cipher.suites\t= A B=C", "ssl.cipher.suites=A B=C", SECTION_KAFKA },
        { "username", "a:b c", NULL, SECTION_KAFKA },
        { "topics", "a,B.c-d_e a", "a B.c-d_e", SECTION_KAFKA },
        { "deep_topic", "a.b", NULL, SECTION_KAFKA },
        { "lag_stuck", "0", "0s", SECTION_WORKER },
        { "webhook", "HTTPS://h:1/a/?b=c://d&e", "https://h:1/a/?b=c://d&e", SECTION_NOTIFY },
        { "command", "\"/a b\" 'c\\n d'", NULL, SECTION_NOTIFY },
        { "format", "alertmanager", NULL, SECTION_NOTIFY },
        { "events", "*,connector-* exhausted, *", "* connector-* exhausted", SECTION_NOTIFY },
};

static void values_come_back_as_they_were_meant(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(round_trips); i++) {
                enum config_section section = round_trips[i].section;
                const char *expected = round_trips[i].printed ? round_trips[i].printed : round_trips[i].text;
                const struct config_key *k = &config_keys[key_index(section, round_trips[i].name)];
                _cleanup_free_ char *once = NULL, *twice = NULL;
                void *a = new_base(section), *b = new_base(section);
                char problem[KEY_PROBLEM_SIZE] = "";

                if (key_set(k, round_trips[i].text, a, problem) < 0)
                        fail_msg("%s", problem);
                assert_int_equal(key_format(k, a, &once), 0);
                assert_string_equal(once, expected);
                assert_int_equal(key_set(k, once, b, problem), 0);
                assert_int_equal(key_format(k, b, &twice), 0);
                assert_string_equal(twice, expected);
                free_base(section, a);
                free_base(section, b);
        }
}

static void limits_themselves_are_allowed(void **state) {
        (void) state;
        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *k = &config_keys[i];
                uint64_t limits[] = { k->min, k->max, k->min - 1, k->max + 1 };

                if (k->max == 0)
                        continue;
                for (size_t j = 0; j < ELEMENTSOF(limits); j++) {
                        bool inside = limits[j] >= k->min && limits[j] <= k->max;
                        char text[32], problem[KEY_PROBLEM_SIZE];
                        void *base = new_base(k->section);

                        (void) snprintf(text, sizeof(text), "%ju%s", (uintmax_t) limits[j],
                                        k->type == KEY_SPAN ? "us" : "");
                        if ((key_set(k, text, base, problem) == 0) != inside)
                                fail_msg("%s = %s", k->name, text);
                        free_base(k->section, base);
                }
        }
}

static void a_refused_value_changes_nothing(void **state) {
        (void) state;
        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *k = &config_keys[i];
                _cleanup_free_ char *before = NULL, *after = NULL;
                char problem[KEY_PROBLEM_SIZE] = "";
                void *base = new_base(k->section);

                if (k->type == KEY_USERNAME || k->type == KEY_CONNECTOR || k->type == KEY_TEXT ||
                    k->type == KEY_BODY) {
                        free_base(k->section, base);
                        continue;
                }
                assert_int_equal(keys_set_fallbacks(k->section, base), 0);
                assert_int_equal(key_format(k, base, &before), 0);
                assert_true(key_set(k, "../?", base, problem) < 0);
                assert_non_null(strstr(problem, k->name));
                assert_int_equal(key_format(k, base, &after), 0);
                assert_string_equal(before, after);
                free_base(k->section, base);
        }
}

static void defaults_that_hang_on_others_follow_them(void **state) {
        struct worker_settings *w = new_base(SECTION_WORKER);
        bool given[CONFIG_KEYS_MAX] = { false };

        (void) state;
        assert_int_equal(keys_set_fallbacks(SECTION_WORKER, w), 0);
        assert_int_equal(keys_adapt_fallbacks(w, w, given), 0);
        assert_int_equal(w->min_healthy_peers, 0);
        assert_true(w->retry_interval_usec == 5 * USEC_PER_SEC);
        assert_string_equal(w->url, "http://127.0.0.1:8083");

        w->interval_usec = 2 * USEC_PER_SEC;
        w->sustain_usec = 20 * USEC_PER_MINUTE;
        w->restart_window_usec = 12 * USEC_PER_HOUR;
        assert_int_equal(strv_extend(&w->peers, "http://b:1"), 0);
        assert_int_equal(keys_adapt_fallbacks(w, w, given), 0);
        assert_true(w->retry_interval_usec == 2 * USEC_PER_SEC);
        assert_true(w->sustain_kafka_usec == 20 * USEC_PER_MINUTE);
        assert_true(w->exhausted_retry_usec == 12 * USEC_PER_HOUR);
        assert_int_equal(w->min_healthy_peers, 1);

        memset(given, true, sizeof(given));
        w->interval_usec = USEC_PER_SEC;
        w->min_healthy_peers = 0;
        assert_int_equal(keys_adapt_fallbacks(w, w, given), 0);
        assert_true(w->retry_interval_usec == 2 * USEC_PER_SEC);
        assert_int_equal(w->min_healthy_peers, 0);
        worker_settings_free(w);
}

static const char *other_value(const struct config_key *k) {
        switch (k->type) {
        case KEY_BOOL:
                return "yes";
        case KEY_SPAN:
                return "1min";
        case KEY_BROKERS:
                return "kafka1:9092";
        case KEY_PROPERTIES:
                return "client.id=x";
        case KEY_FILE:
                return "/etc/x";
        default:
                return "x";
        }
}

/* A key that is forgotten in either would make a reload do nothing. */
static void a_cluster_is_compared_and_copied_whole(void **state) {
        (void) state;
        for (size_t i = 0; i < n_config_keys; i++) {
                struct kafka_settings *plain = new_base(SECTION_KAFKA), *other = new_base(SECTION_KAFKA);
                _cleanup_(kafka_settings_freep) struct kafka_settings *copy = NULL;
                char problem[KEY_PROBLEM_SIZE];
                const struct config_key *k = &config_keys[i];

                if (k->section == SECTION_KAFKA) {
                        assert_int_equal(keys_set_fallbacks(SECTION_KAFKA, plain), 0);
                        assert_int_equal(keys_set_fallbacks(SECTION_KAFKA, other), 0);
                        assert_true(kafka_settings_equal(plain, other));
                        assert_true(keys_equal(SECTION_KAFKA, plain, other));
                        if (key_set(k, other_value(k), other, problem) < 0)
                                fail_msg("%s", problem);
                        assert_false(keys_equal(SECTION_KAFKA, plain, other));
                        if (kafka_settings_equal(plain, other) || kafka_settings_equal(other, plain))
                                fail_msg("%s is not compared", k->name);
                        assert_int_equal(kafka_settings_copy(other, &copy), 0);
                        if (!kafka_settings_equal(copy, other))
                                fail_msg("%s is not copied", k->name);
                }
                free_base(SECTION_KAFKA, plain);
                free_base(SECTION_KAFKA, other);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_table_is_the_designs),
                cmocka_unit_test(the_table_holds_together),
                cmocka_unit_test(values_come_back_as_they_were_meant),
                cmocka_unit_test(limits_themselves_are_allowed),
                cmocka_unit_test(a_refused_value_changes_nothing),
                cmocka_unit_test(defaults_that_hang_on_others_follow_them),
                cmocka_unit_test(a_cluster_is_compared_and_copied_whole),
        };

        return cmocka_run_group_tests_name("config-keys", tests, NULL, NULL);
}
