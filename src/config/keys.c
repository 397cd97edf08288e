/* THE table of keys: section, name, type, place, default, range, meaning. Knows no file; how values are
 * read and written is the part of key_value.c and key_format.c. */

#include "config/keys.h"

#include <errno.h>

#include "config/values.h"
#include "judge/history.h"
#include "observe/connectors.h"
#include "observe/kind.h"
#include "util/text.h"

#define AGENT(member) .section = SECTION_AGENT, .offset = offsetof(struct agent_settings, member)
#define HTTP(member) .section = SECTION_HTTP, .offset = offsetof(struct http_settings, member)
#define WORKER(member) .section = SECTION_WORKER, .offset = offsetof(struct worker_settings, member)
#define KAFKA(member) .section = SECTION_KAFKA, .offset = offsetof(struct kafka_settings, member)
#define NOTIFY(member) .section = SECTION_NOTIFY, .offset = offsetof(struct notify_settings, member)
#define RANGE(from, to) .min = (from), .max = (to)

#define KIB ((uint64_t) 1024)
#define GIB (KIB * KIB * KIB)

const struct config_section_type config_sections[_CONFIG_SECTION_MAX] = {
        [SECTION_AGENT] = { "agent", "[agent]", false, SECTION_AGENT, sizeof(struct agent_settings) },
        [SECTION_HTTP] = { "http", "[http]", false, SECTION_HTTP, sizeof(struct http_settings) },
        [SECTION_DEFAULTS] = { "defaults", "[defaults]", false, SECTION_WORKER,
                               sizeof(struct worker_settings) },
        [SECTION_KAFKA] = { "kafka", "[kafka NAME]", true, SECTION_KAFKA, sizeof(struct kafka_settings) },
        [SECTION_NOTIFY] = { "notify", "[notify NAME]", true, SECTION_NOTIFY,
                             sizeof(struct notify_settings) },
        [SECTION_WORKER] = { "worker", "[worker NAME]", true, SECTION_WORKER,
                             sizeof(struct worker_settings) },
};

/* What somebody wants to be called for, and its end. */
#define EVENTS_FALLBACK                                                                                     \
        "unhealthy recovered restart-done restart-failed restart-refused exhausted held-long cannot-tell "  \
        "startup-slow unit-down connector-failed connector-recovered connector-stuck connector-exhausted "  \
        "connectors-changed kafka-changed config-rejected ledger-*"

static const char *const considered_names[] = { "connector", "task", NULL };

const struct config_key config_keys[] = {
        { AGENT(dry_run), .name = "dry_run", .type = KEY_BOOL, .fallback = "no",
          .meaning = "only say what would be done to any worker" },
        { AGENT(log_level), .name = "log_level", .type = KEY_LOG_LEVEL, .fallback = "info",
          .meaning = "the least important messages that are still told" },
        { AGENT(hostname), .name = "hostname", .type = KEY_HOSTNAME,
          .meaning = "this host's name in reports; unset: the machine's" },
        { AGENT(history_usec), .name = "history", .type = KEY_SPAN, .fallback = "90d",
          RANGE(USEC_PER_HOUR, 3650 * USEC_PER_DAY), .zero_is_never = true,
          .meaning = "how long what happened in incidents is kept; 0: it is not" },

        { HTTP(listen), .name = "listen", .type = KEY_LISTEN, .fallback = "127.0.0.1:18083",
          .meaning = "where others can ask over HTTP; off: nowhere" },
        { HTTP(access_log), .name = "access_log", .type = KEY_BOOL, .fallback = "no",
          .meaning = "tell of each request" },
        { HTTP(access_log_skip), .name = "access_log_skip", .type = KEY_URL_PATHS,
          .meaning = "but not of those for these paths" },
        { HTTP(krakend_path), .name = "krakend_path", .type = KEY_URL_PATH, .fallback = "/__health",
          .meaning = "where it is answered as KrakenD does; off: nowhere" },
        { HTTP(krakend_body), .name = "krakend_body", .type = KEY_JSON,
          .meaning = "what is answered there; unset: when each worker was last ok" },
        { HTTP(healthcheck_compat), .name = "healthcheck_compat", .type = KEY_BOOL, .fallback = "yes",
          .meaning = "answer / and /ping as kafka-connect-healthcheck does" },
        { HTTP(expose_traces), .name = "expose_traces", .type = KEY_BOOL, .fallback = "no",
          .meaning = "show the traces of failed connectors and tasks in / and /workers" },
        { HTTP(metrics_connectors), .name = "metrics_connectors", .type = KEY_BOOL, .fallback = "no",
          .meaning = "name in /metrics each connector and task that is not well" },

        { KAFKA(bootstrap), .name = "bootstrap", .type = KEY_BROKERS,
          .meaning = "some of the cluster's brokers; they tell the others" },
        { KAFKA(properties), .name = "property", .type = KEY_PROPERTIES,
          .meaning = "one more property of librdkafka's" },
        { KAFKA(username), .name = "username", .type = KEY_TEXT, .meaning = "for SASL authentication" },
        { KAFKA(password_file), .name = "password_file", .type = KEY_FILE,
          .meaning = "the file that holds the password of username" },
        { KAFKA(ca_file), .name = "ca_file", .type = KEY_FILE,
          .meaning = "the authorities (PEM) that may sign the brokers' certificates; unset: the system's" },
        { KAFKA(cert_file), .name = "cert_file", .type = KEY_FILE,
          .meaning = "our certificate (PEM), where one is asked for" },
        { KAFKA(key_file), .name = "key_file", .type = KEY_FILE,
          .meaning = "the private key (PEM) of cert_file" },
        { KAFKA(key_password_file), .name = "key_password_file", .type = KEY_FILE,
          .meaning = "the file that holds the password of key_file" },
        { KAFKA(group), .name = "group", .type = KEY_TEXT, .fallback = "connect-watchdog",
          .meaning = "the group whose coordinator must be found" },
        { KAFKA(topics), .name = "topics", .type = KEY_TOPICS, .meaning = "the topics that must be usable" },
        { KAFKA(interval_usec), .name = "interval", .type = KEY_SPAN, .fallback = "10s",
          RANGE(100 * USEC_PER_MSEC, USEC_PER_DAY), .meaning = "time from check to check" },
        { KAFKA(timeout_usec), .name = "timeout", .type = KEY_SPAN, .fallback = "10s",
          RANGE(USEC_PER_SEC, 10 * USEC_PER_MINUTE), .meaning = "how long a check may take" },
        { KAFKA(deep), .name = "deep", .type = KEY_BOOL, .fallback = "no",
          .meaning = "whether a message is produced to, and consumed from, deep_topic" },
        { KAFKA(deep_topic), .name = "deep_topic", .type = KEY_TOPIC,
          .meaning = "a topic that is there for that alone" },
        { KAFKA(deep_interval_usec), .name = "deep_interval", .type = KEY_SPAN, .fallback = "5min",
          RANGE(USEC_PER_SEC, USEC_PER_DAY), .meaning = "time from one such message to the next" },

        { NOTIFY(events), .name = "events", .type = KEY_EVENTS, .fallback = EVENTS_FALLBACK,
          .meaning = "of which events it is told" },
        { NOTIFY(webhook), .name = "webhook", .type = KEY_LINK,
          .meaning = "the URL that events are POSTed to" },
        { NOTIFY(webhook_file), .name = "webhook_file", .type = KEY_FILE,
          .meaning = "the file that holds that URL, where it is a secret" },
        { NOTIFY(command), .name = "command", .type = KEY_COMMAND,
          .meaning = "the program that is run for each event" },
        { NOTIFY(format), .name = "format", .type = KEY_FORMAT, .fallback = "json",
          .meaning = "in whose format they are POSTed" },
        { NOTIFY(timeout_usec), .name = "timeout", .type = KEY_SPAN, .fallback = "10s",
          RANGE(USEC_PER_SEC, 10 * USEC_PER_MINUTE), .meaning = "how long one try may take" },
        { NOTIFY(heartbeat), .name = "heartbeat", .type = KEY_LINK,
          .meaning = "the URL that is asked while the agent does its work" },
        { NOTIFY(heartbeat_interval_usec), .name = "heartbeat_interval", .type = KEY_SPAN,
          .fallback = "1min", RANGE(USEC_PER_SEC, USEC_PER_DAY),
          .meaning = "time from one such request to the next" },
        { NOTIFY(username), .name = "username", .type = KEY_USERNAME,
          .meaning = "for HTTP basic authentication" },
        { NOTIFY(password_file), .name = "password_file", .type = KEY_FILE,
          .meaning = "the file that holds the password of username" },
        { NOTIFY(bearer_token_file), .name = "bearer_token_file", .type = KEY_FILE,
          .meaning = "the file that holds a bearer token" },
        { NOTIFY(ca_file), .name = "ca_file", .type = KEY_FILE,
          .meaning = "the authorities (PEM) that may sign its certificate; unset: the system's" },
        { NOTIFY(cert_file), .name = "cert_file", .type = KEY_FILE,
          .meaning = "our certificate (PEM), where one is asked for" },
        { NOTIFY(key_file), .name = "key_file", .type = KEY_FILE,
          .meaning = "the private key (PEM) of cert_file" },
        { NOTIFY(verify), .name = "verify", .type = KEY_BOOL, .fallback = "yes",
          .meaning = "whether its certificate is checked" },

        { WORKER(kind), .name = "kind", .type = KEY_KIND, .fallback = "kafka-connect",
          .meaning = "what the worker is, and so how it is asked" },
        { WORKER(url), .name = "url", .type = KEY_URL, .fallback = "http://127.0.0.1:8083",
          .one_worker = true, .meaning = "where the worker's REST interface listens" },
        { WORKER(url_is_local), .name = "url_is_local", .type = KEY_BOOL, .fallback = "no",
          .meaning = "the url speaks of this machine although its address is not one of ours" },
        { WORKER(unit), .name = "unit", .type = KEY_UNIT, .one_worker = true,
          .meaning = "the systemd service that runs the worker; unset: can only alert" },
        { WORKER(action), .name = "action", .type = KEY_ACTION, .fallback = "alert",
          .meaning = "what may be done about an unhealthy worker" },
        { WORKER(requires), .name = "requires", .type = KEY_SECTION_NAMES,
          .meaning = "the Kafka clusters without which the worker cannot be well" },
        { WORKER(peers), .name = "peers", .type = KEY_URLS,
          .meaning = "the other workers of the same cluster" },
        { WORKER(min_healthy_peers), .name = "min_healthy_peers", .type = KEY_UNSIGNED, .fallback = "1",
          RANGE(0, 1000), .meaning = "no restart while fewer of the peers answer healthy" },

        { WORKER(interval_usec), .name = "interval", .type = KEY_SPAN, .fallback = "10s",
          RANGE(100 * USEC_PER_MSEC, USEC_PER_DAY), .meaning = "time from poll to poll" },
        { WORKER(retry_interval_usec), .name = "retry_interval", .type = KEY_SPAN, .fallback = "5s",
          RANGE(100 * USEC_PER_MSEC, USEC_PER_DAY), .meaning = "the same after a first failure" },
        { WORKER(timeout_usec), .name = "timeout", .type = KEY_SPAN, .fallback = "15s",
          RANGE(USEC_PER_SEC, 10 * USEC_PER_MINUTE), .meaning = "how long an answer may take" },
        { WORKER(max_response_bytes), .name = "max_response", .type = KEY_SIZE, .fallback = "16M",
          RANGE(4 * KIB, GIB), .meaning = "how large an answer may be" },

        { WORKER(failures), .name = "failures", .type = KEY_UNSIGNED, .fallback = "3", RANGE(1, 1000),
          .meaning = "failing polls in a row before a worker is unhealthy" },
        { WORKER(sustain_usec), .name = "sustain", .type = KEY_SPAN, .fallback = "3min",
          RANGE(100 * USEC_PER_MSEC, 7 * USEC_PER_DAY),
          .meaning = "and the time since the first of them, where nothing is answered" },
        { WORKER(sustain_kafka_usec), .name = "sustain_kafka", .type = KEY_SPAN, .fallback = "10min",
          RANGE(100 * USEC_PER_MSEC, 7 * USEC_PER_DAY),
          .meaning = "the same where an error is answered, of which Kafka may be the cause" },
        { WORKER(successes), .name = "successes", .type = KEY_UNSIGNED, .fallback = "2", RANGE(1, 1000),
          .meaning = "good polls in a row before it is healthy again" },
        { WORKER(startup_timeout_usec), .name = "startup_timeout", .type = KEY_SPAN, .fallback = "30min",
          RANGE(USEC_PER_SEC, 30 * USEC_PER_DAY), .infinity = true,
          .meaning = "how long a start may take before it is told" },
        { WORKER(startup_action), .name = "startup_action", .type = KEY_ACTION, .fallback = "alert",
          .meaning = "what may be done about a start that takes longer" },
        { WORKER(revive), .name = "revive", .type = KEY_BOOL, .fallback = "yes",
          .meaning = "a unit that crashed counts as failing; one that was stopped never does" },

        { WORKER(restart_limit), .name = "restart_limit", .type = KEY_UNSIGNED, .fallback = "3",
          RANGE(1, RESTART_LIMIT_MAX), .meaning = "restarts within restart_window" },
        { WORKER(restart_window_usec), .name = "restart_window", .type = KEY_SPAN, .fallback = "1h",
          RANGE(USEC_PER_SEC, 30 * USEC_PER_DAY), .meaning = "the time in which restart_limit counts" },
        { WORKER(backoff_max_usec), .name = "backoff_max", .type = KEY_SPAN, .fallback = "1h",
          RANGE(USEC_PER_SEC, 7 * USEC_PER_DAY), .meaning = "the longest pause between two restarts" },
        { WORKER(exhausted_retry_usec), .name = "exhausted_retry", .type = KEY_SPAN, .fallback = "6h",
          RANGE(USEC_PER_SEC, 30 * USEC_PER_DAY), .zero_is_never = true,
          .meaning = "time between single tries once the restarts are used up; 0: never" },
        { WORKER(dependency_grace_usec), .name = "dependency_grace", .type = KEY_SPAN, .fallback = "2min",
          RANGE(0, USEC_PER_DAY), .meaning = "time to recover once Kafka is back" },

        { WORKER(thread_dump), .name = "thread_dump", .type = KEY_BOOL, .fallback = "no",
          .meaning = "have a JVM print its threads before it is restarted" },
        { WORKER(thread_dump_interval_usec), .name = "thread_dump_interval", .type = KEY_SPAN,
          .fallback = "5s", RANGE(100 * USEC_PER_MSEC, USEC_PER_MINUTE),
          .meaning = "time between the two thread dumps" },

        { WORKER(username), .name = "username", .type = KEY_USERNAME,
          .meaning = "for HTTP basic authentication" },
        { WORKER(password_file), .name = "password_file", .type = KEY_FILE,
          .meaning = "the file that holds the password of username" },
        { WORKER(bearer_token_file), .name = "bearer_token_file", .type = KEY_FILE,
          .meaning = "the file that holds a bearer token" },
        { WORKER(ca_file), .name = "ca_file", .type = KEY_FILE,
          .meaning = "the authorities (PEM) that may sign the worker's certificate; unset: the system's" },
        { WORKER(cert_file), .name = "cert_file", .type = KEY_FILE,
          .meaning = "our certificate (PEM), where one is asked for" },
        { WORKER(key_file), .name = "key_file", .type = KEY_FILE,
          .meaning = "the private key (PEM) of cert_file" },
        { WORKER(verify), .name = "verify", .type = KEY_BOOL, .fallback = "yes",
          .meaning = "whether the worker's certificate is checked" },

        { WORKER(connectors), .name = "connectors", .kinds = "kafka-connect", .type = KEY_BOOL,
          .fallback = "yes", .meaning = "whether connectors and tasks are watched, too" },
        { WORKER(connectors_interval_usec), .name = "connectors_interval", .kinds = "kafka-connect",
          .type = KEY_SPAN, .fallback = "30s", RANGE(100 * USEC_PER_MSEC, USEC_PER_DAY),
          .meaning = "time from one look at them to the next" },
        { WORKER(connectors_timeout_usec), .name = "connectors_timeout", .kinds = "kafka-connect",
          .type = KEY_SPAN, .fallback = "30s", RANGE(USEC_PER_SEC, 10 * USEC_PER_MINUTE),
          .meaning = "how long one look at all of them may take" },
        { WORKER(connectors_max_response_bytes), .name = "connectors_max_response", .kinds = "kafka-connect",
          .type = KEY_SIZE, .fallback = "64M", RANGE(4 * KIB, GIB),
          .meaning = "how large the answer about them may be" },
        { WORKER(unhealthy_states), .name = "unhealthy_states", .kinds = "kafka-connect", .type = KEY_SET,
          .fallback = "FAILED", .names = connector_state_names,
          .meaning = "the states that count as failed" },
        { WORKER(considered), .name = "considered", .kinds = "kafka-connect", .type = KEY_SET,
          .fallback = "connector task", .names = considered_names,
          .meaning = "what can make a worker degraded" },
        { WORKER(failure_threshold), .name = "failure_threshold", .kinds = "kafka-connect",
          .type = KEY_UNSIGNED, .fallback = "0", RANGE(0, 100),
          .meaning = "how many percent of them may have failed" },
        { WORKER(rebalance_delay_usec), .name = "rebalance_delay", .kinds = "kafka-connect",
          .type = KEY_SPAN, .fallback = "5min", RANGE(USEC_PER_SEC, USEC_PER_DAY),
          .meaning = "how long they may be UNASSIGNED, or without a task, before it is told" },
        { WORKER(worker_id), .name = "worker_id", .kinds = "kafka-connect", .type = KEY_WORKER_ID,
          .one_worker = true,
          .meaning = "the worker's advertised HOST:PORT; unset: all workers' connectors count" },
        { WORKER(broker_connector), .name = "broker_connector", .kinds = "kafka-connect",
          .type = KEY_CONNECTOR,
          .meaning = "what is asked for where no connector runs here; unset: the first one" },
        { WORKER(connector_restart), .name = "connector_restart", .kinds = "kafka-connect", .type = KEY_BOOL,
          .fallback = "no", .meaning = "whether failed connectors and tasks are restarted" },
        { WORKER(connector_restart_limit), .name = "connector_restart_limit", .kinds = "kafka-connect",
          .type = KEY_UNSIGNED, .fallback = "7", RANGE(1, 1000),
          .meaning = "restarts of one connector before a person has to look" },
        { WORKER(lag), .name = "lag", .kinds = "kafka-connect", .type = KEY_BOOL, .fallback = "no",
          .meaning = "whether the lag of sink connectors is watched" },
        { WORKER(lag_interval_usec), .name = "lag_interval", .kinds = "kafka-connect", .type = KEY_SPAN,
          .fallback = "1min", RANGE(USEC_PER_SEC, USEC_PER_DAY),
          .meaning = "time from one look at it to the next" },
        { WORKER(lag_stuck_usec), .name = "lag_stuck", .kinds = "kafka-connect", .type = KEY_SPAN,
          .fallback = "0s", RANGE(USEC_PER_SEC, 30 * USEC_PER_DAY), .zero_is_never = true,
          .meaning = "how long nothing may be committed while the lag grows; 0: for ever" },

        { WORKER(path), .name = "path", .type = KEY_PATH, .kinds = "krakend http",
          .meaning = "what is asked for below url; unset: /__health of krakend, / of http" },
        { WORKER(method), .name = "method", .type = KEY_METHOD, .fallback = "GET", .kinds = "http",
          .meaning = "the method it is asked with" },
        { WORKER(headers_file), .name = "headers_file", .type = KEY_FILE, .kinds = "http",
          .meaning = "the file that holds more headers of the request, one in each line" },
        { WORKER(expect_status), .name = "expect_status", .type = KEY_STATUSES, .fallback = "200-299",
          .kinds = "http", .meaning = "the statuses of a good answer" },
        { WORKER(expect_body), .name = "expect_body", .type = KEY_BODY, .kinds = "http",
          .meaning = "what must stand in the body of a good answer" },
        { WORKER(degraded_body), .name = "degraded_body", .type = KEY_BODY, .kinds = "http",
          .meaning = "what stands in the body while part of it does not work" },
        { WORKER(starting_status), .name = "starting_status", .type = KEY_STATUSES, .kinds = "http",
          .meaning = "the statuses of a service that is still starting" },
        { WORKER(agent_stale_usec), .name = "agent_stale", .type = KEY_SPAN, .fallback = "5min",
          RANGE(USEC_PER_SEC, USEC_PER_DAY), .kinds = "krakend",
          .meaning = "how long an agent may go unseen" },
        { WORKER(replicas), .name = "replicas", .type = KEY_UNSIGNED, .fallback = "0", RANGE(0, 100),
          .kinds = "backbeat",
          .meaning = "in-sync replicas that each partition must have; 0: as many as it has replicas" },
        { WORKER(deep), .name = "deep", .type = KEY_BOOL, .fallback = "no", .kinds = "backbeat",
          .meaning = "whether its deep healthcheck is asked for, too" },
};

const size_t n_config_keys = ELEMENTSOF(config_keys);
_Static_assert(ELEMENTSOF(config_keys) <= CONFIG_KEYS_MAX, "raise CONFIG_KEYS_MAX");

/* Named by the design, not yet built: known, so that nobody is sent to a name that only looks alike. */
static const char *const planned_sections[] = { "coordination", NULL };

int key_index(enum config_section section, const char *name) {
        for (size_t i = 0; i < n_config_keys; i++)
                if (config_keys[i].section == section && streq(config_keys[i].name, name))
                        return (int) i;
        return -1;
}

bool key_is_list(const struct config_key *k) {
        switch (k->type) {
        case KEY_URLS:
        case KEY_SET:
        case KEY_LISTEN:
        case KEY_URL_PATHS:
        case KEY_SECTION_NAMES:
        case KEY_BROKERS:
        case KEY_PROPERTIES:
        case KEY_TOPICS:
        case KEY_STATUSES:
        case KEY_EVENTS:
                return true;
        default:
                return false;
        }
}

bool key_is_for(const struct config_key *k, const struct worker_kind *kind) {
        const char *at = k->kinds ? strstr(k->kinds, kind->name) : NULL;
        size_t len = strlen(kind->name);

        return !k->kinds || (at && (at == k->kinds || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '));
}

bool section_is_planned(const char *name) {
        for (size_t i = 0; planned_sections[i]; i++)
                if (streq(planned_sections[i], name))
                        return true;
        return false;
}

int keys_set_fallbacks(enum config_section section, void *base) {
        char problem[KEY_PROBLEM_SIZE];
        int r;

        for (size_t i = 0; i < n_config_keys; i++) {
                if (config_keys[i].section != section || !config_keys[i].fallback)
                        continue;
                r = key_set(&config_keys[i], config_keys[i].fallback, base, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_given(const bool *given, const char *name) {
        return given && given[key_index(SECTION_WORKER, name)];
}

int keys_adapt_fallbacks(struct worker_settings *w, const struct worker_settings *from, const bool *given) {
        if (!is_given(given, "url") && from->kind && free_and_strdup(&w->url, from->kind->default_url) < 0)
                return -ENOMEM;
        if (!is_given(given, "min_healthy_peers"))
                w->min_healthy_peers = from->peers ? 1 : 0;
        if (!is_given(given, "interval") && from->kind)
                w->interval_usec = MAX(w->interval_usec, from->kind->least_interval_usec);
        if (!is_given(given, "retry_interval")) {
                if (from->kind)
                        w->retry_interval_usec =
                                MAX(w->retry_interval_usec, from->kind->least_interval_usec);
                w->retry_interval_usec = MIN(w->retry_interval_usec, from->interval_usec);
        }
        if (!is_given(given, "sustain_kafka") && from->kind && !from->kind->needs_kafka)
                w->sustain_kafka_usec = from->sustain_usec;
        else if (!is_given(given, "sustain_kafka"))
                w->sustain_kafka_usec = MAX(w->sustain_kafka_usec, from->sustain_usec);
        if (!is_given(given, "exhausted_retry"))
                w->exhausted_retry_usec = MAX(w->exhausted_retry_usec, from->restart_window_usec);
        return 0;
}
