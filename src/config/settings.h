/* What the operator configured, as plain data: the result of config/, read by everybody. Knows no file and
 * no I/O. */
#pragma once

#include "util/macro.h"

struct worker_kind;

enum http_method {
        HTTP_GET,
        HTTP_HEAD,
        HTTP_POST, /* without a body */
};

enum worker_action {
        ACTION_ALERT,
        ACTION_RESTART,
};

/* Bits: the places of their names in considered =. */
enum considered {
        CONSIDER_CONNECTOR = 1,
        CONSIDER_TASK = 2,
};

/* [agent] */
struct agent_settings {
        bool dry_run;
        int log_level;       /* syslog level: nothing above it is told */
        char *hostname;      /* NULL: the machine's */
        usec_t history_usec; /* 0: none is kept */
};

/* [http] */
struct http_settings {
        char **listen; /* as listen_address.h has them; NULL: off */
        bool access_log;
        char **access_log_skip; /* paths whose requests are not told */
        char *krakend_path;     /* NULL: off */
        char *krakend_body;     /* JSON; NULL: what is known of the workers */
        bool healthcheck_compat;
        bool expose_traces;
        bool metrics_connectors;
};

void http_settings_done(struct http_settings *h);

/* [kafka NAME]: a cluster that workers require. Credentials as of a worker: files, never their content. */
struct kafka_settings {
        char *name;
        char *source_file; /* where the section stands */
        unsigned source_line;

        char **bootstrap;  /* host:port */
        char **properties; /* librdkafka's, "name=value" */
        char *username;    /* sasl.username */
        char *password_file;
        char *ca_file;
        char *cert_file;
        char *key_file;
        char *key_password_file;
        char *group;             /* whose coordinator must be found */
        char **topics;           /* that must be usable */
        bool any_cleanup_policy; /* no Kafka Connect requires it, whose own have to be compacted */
        usec_t interval_usec;
        usec_t timeout_usec; /* of one check as a whole */

        bool deep;
        char *deep_topic; /* the operator's own; never one of Connect's */
        usec_t deep_interval_usec;
};

struct kafka_settings *kafka_settings_free(struct kafka_settings *k);
/* For a thread, which a reload must not pull them away from. Returns 0 or -ENOMEM. */
int kafka_settings_copy(const struct kafka_settings *k, struct kafka_settings **ret);
/* Wherever they stand. */
bool kafka_settings_equal(const struct kafka_settings *a, const struct kafka_settings *b) _pure_;
DEFINE_CLEANUP(struct kafka_settings *, kafka_settings_free)

enum notify_format {
        NOTIFY_JSON,
        NOTIFY_SLACK,
        NOTIFY_ALERTMANAGER,
};

/* [notify NAME]: who is told of events. Credentials as of a worker. */
struct notify_settings {
        char *name;
        char *source_file; /* where the section stands */
        unsigned source_line;

        char **events;      /* names and globs */
        char *webhook;      /* one of these three, or none: only the heartbeat */
        char *webhook_file; /* holds the URL, which may be a secret */
        char *command;      /* as command_line.h has it */
        enum notify_format format;
        usec_t timeout_usec; /* of one try */
        char *heartbeat;     /* asked while all is well; NULL: nothing is */
        usec_t heartbeat_interval_usec;

        char *username;
        char *password_file;
        char *bearer_token_file;
        char *ca_file;
        char *cert_file;
        char *key_file;
        bool verify;
};

struct notify_settings *notify_settings_free(struct notify_settings *n);
DEFINE_CLEANUP(struct notify_settings *, notify_settings_free)

/* [worker NAME], with [defaults] applied. Spans in microseconds, sizes in bytes. A credential is named by
 * the file that holds it, resolved (a bare name is below $CREDENTIALS_DIRECTORY), never by its content; but
 * for the password that kafka-connect-healthcheck is given by a flag. */
struct worker_settings {
        char *name;
        char *source_file; /* where the section stands */
        unsigned source_line;

        const struct worker_kind *kind;
        char *url; /* without a trailing slash */
        bool url_is_local;
        char *unit; /* NULL: can only alert */
        enum worker_action action;
        char **peers;
        unsigned min_healthy_peers;
        char **requires; /* names of [kafka] sections */
        usec_t dependency_grace_usec;

        usec_t interval_usec;
        usec_t retry_interval_usec;
        usec_t timeout_usec;
        uint64_t max_response_bytes;

        unsigned failures;
        usec_t sustain_usec;
        usec_t sustain_kafka_usec;
        unsigned successes;
        usec_t startup_timeout_usec;
        enum worker_action startup_action;
        bool revive;

        unsigned restart_limit;
        usec_t restart_window_usec;
        usec_t backoff_max_usec;
        usec_t exhausted_retry_usec; /* 0: never */

        bool thread_dump;
        usec_t thread_dump_interval_usec;

        char *username;
        char *password; /* with --healthcheck-compat, in place of its file */
        char *password_file;
        char *bearer_token_file;
        char *ca_file;
        char *cert_file;
        char *key_file;
        bool verify;

        bool connectors;
        usec_t connectors_interval_usec;
        usec_t connectors_timeout_usec;
        uint64_t connectors_max_response_bytes;
        unsigned unhealthy_states;  /* connector_state_bit() of each */
        unsigned considered;        /* enum considered */
        unsigned failure_threshold; /* percent */
        usec_t rebalance_delay_usec;
        char *worker_id; /* NULL: all count */
        char *broker_connector;
        bool connector_restart;
        unsigned connector_restart_limit;

        /* kinds other than kafka-connect */
        char *path; /* NULL: the kind's own */
        enum http_method method;
        char *headers_file;
        char **expect_status, **starting_status; /* ranges: "200-299" */
        char *expect_body, *degraded_body;       /* NULL: any, none */
        usec_t agent_stale_usec;
        unsigned replicas; /* 0: as many as each partition has */
        bool deep;

        bool lag; /* of sink connectors, in the first of requires */
        usec_t lag_interval_usec;
        usec_t lag_stuck_usec; /* 0: never */
};

struct settings {
        struct agent_settings agent;
        struct http_settings http;
        struct worker_settings **workers; /* in the order of the files */
        size_t n_workers;
        struct kafka_settings **kafkas; /* the same */
        size_t n_kafkas;
        struct notify_settings **notifies; /* the same */
        size_t n_notifies;
};

struct settings *settings_free(struct settings *s);
DEFINE_CLEANUP(struct settings *, settings_free)

struct worker_settings *worker_settings_free(struct worker_settings *w);
DEFINE_CLEANUP(struct worker_settings *, worker_settings_free)

/* The worker of that name, or NULL. */
struct worker_settings *settings_find_worker(const struct settings *s, const char *name) _pure_;
/* The cluster of that name, or NULL. */
struct kafka_settings *settings_find_kafka(const struct settings *s, const char *name) _pure_;

/* The receiver of that name, or NULL. */
struct notify_settings *settings_find_notify(const struct settings *s, const char *name) _pure_;

/* By their values; each list ends with NULL. */
extern const char *const worker_action_names[];
extern const char *const http_method_names[];
extern const char *const notify_format_names[];
const char *worker_action_to_string(enum worker_action a) _pure_;
