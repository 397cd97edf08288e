/* The module connect-watchdog-kafka.so: what it exports, and a client of librdkafka made of a section's
 * settings. */

#include "observe/kafka/client.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "util/clock.h"
#include "util/regular_file.h"
#include "util/secret.h"
#include "util/text.h"

#define ERRSTR_SIZE 512
/* What librdkafka takes for all its timeouts, and a second more than fetch.wait.max.ms. */
#define MSEC_MIN ((usec_t) 1100)
#define MSEC_MAX ((usec_t) 300000)

/* Whoever sets these would make something else of an onlooker, or point it elsewhere. */
static const char *const not_the_operators[] = {
        "allow.auto.create.topics", "bootstrap.servers",    "enable.auto.commit", "group.id",
        "group.instance.id",        "metadata.broker.list", "transactional.id",
};

usec_t kafka_now(void) {
        return clock_now(CLOCK_BOOTTIME);
}

int kafka_left_msec(usec_t deadline_usec) {
        return (int) MIN(usec_sub(deadline_usec, kafka_now()) / USEC_PER_MSEC, (usec_t) INT32_MAX);
}

rd_kafka_AdminOptions_t *kafka_admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op, usec_t deadline_usec) {
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, op);
        char errstr[ERRSTR_SIZE];

        /* At least one, for none means "as long as it takes". */
        (void) rd_kafka_AdminOptions_set_request_timeout(o, MAX(kafka_left_msec(deadline_usec), 1), errstr,
                                                         sizeof(errstr));
        return o;
}

/* On the thread that polls, not on one of librdkafka's. */
static void on_error(_unused_ rd_kafka_t *rk, int err, const char *reason, void *userdata) {
        struct kafka_client *c = userdata;

        kafka_causes_add(&c->causes, (rd_kafka_resp_err_t) err, strempty(reason), kafka_now());
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, char *problem, size_t size) {
        char errstr[ERRSTR_SIZE];

        if (rd_kafka_conf_set(conf, name, value, errstr, sizeof(errstr)) == RD_KAFKA_CONF_OK)
                return 0;
        problem[0] = '\0';
        text_append(problem, size, "librdkafka: %s", errstr);
        return -EINVAL;
}

static int set_msec(rd_kafka_conf_t *conf, const char *name, usec_t value, char *problem, size_t size) {
        char text[24];

        (void) snprintf(text, sizeof(text), "%d", (int) MAX(MIN(value / USEC_PER_MSEC, MSEC_MAX), MSEC_MIN));
        return set(conf, name, text, problem, size);
}

static int set_defaults(rd_kafka_conf_t *conf, usec_t timeout_usec, char *problem, size_t size) {
        static const char *const defaults[][2] = {
                { "client.id", "connect-watchdog" },
                { "enable.auto.commit", "false" },
                { "fetch.wait.max.ms", "100" },
                { "socket.keepalive.enable", "true" },
                /* It asks often enough itself. */
                { "topic.metadata.refresh.interval.ms", "-1" },
                /* Whoever asks every ten seconds is to find a broker that is back. */
                { "reconnect.backoff.max.ms", "1000" },
        };
        /* So that a frozen broker is given up while there is time to ask another one. */
        static const char *const timeouts[] = {
                "api.version.request.timeout.ms",
                "socket.connection.setup.timeout.ms",
                "socket.timeout.ms",
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(defaults); i++) {
                r = set(conf, defaults[i][0], defaults[i][1], problem, size);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < ELEMENTSOF(timeouts); i++) {
                r = set_msec(conf, timeouts[i], timeout_usec / 2, problem, size);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_properties(rd_kafka_conf_t *conf, char *const *properties, char *problem, size_t size) {
        int r;

        STRV_FOREACH (p, properties) {
                _cleanup_free_ char *name = NULL;
                const char *equals = strchr(*p, '=');

                if (!equals) {
                        problem[0] = '\0';
                        text_append(problem, size, "the property %s has no value", *p);
                        return -EINVAL;
                }
                name = strndup(*p, (size_t) (equals - *p));
                if (!name)
                        return -ENOMEM;
                r = set(conf, name, equals + 1, problem, size);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_bootstrap(rd_kafka_conf_t *conf, char *const *bootstrap, char *problem, size_t size) {
        _cleanup_free_ char *joined = NULL;
        size_t len = 1;

        STRV_FOREACH (b, bootstrap)
                len += strlen(*b) + 1;
        joined = calloc(1, len);
        if (!joined)
                return -ENOMEM;
        STRV_FOREACH (b, bootstrap)
                text_append(joined, len, "%s%s", b == bootstrap ? "" : ",", *b);
        return set(conf, "bootstrap.servers", joined, problem, size);
}

static int set_secret(rd_kafka_conf_t *conf,
                      const char *name,
                      const char *key,
                      const char *path,
                      char *problem,
                      size_t size) {
        const char *said;
        char *secret = NULL;
        int r;

        r = read_secret(path, &secret, &said);
        if (r < 0)
                return r == -ENOMEM ? r : describe_file_problem(key, path, r, said, problem, size);
        r = set(conf, name, secret, problem, size);
        secret_free(secret);
        return r;
}

/* librdkafka opens it itself, but would wait for ever for the other end of a pipe. */
static int set_file(rd_kafka_conf_t *conf,
                    const char *name,
                    const char *key,
                    const char *path,
                    char *problem,
                    size_t size) {
        _cleanup_close_ int fd = open_regular(path);

        if (fd < 0)
                return describe_file_problem(key, path, fd, fd == -EINVAL ? "is no regular file" : NULL,
                                             problem, size);
        return set(conf, name, path, problem, size);
}

static int set_credentials(rd_kafka_conf_t *conf,
                           const struct kafka_settings *s,
                           char *problem,
                           size_t size) {
        const struct {
                int (*set)(rd_kafka_conf_t *, const char *, const char *, const char *, char *, size_t);
                const char *name, *key, *path;
        } files[] = {
                { set_secret, "sasl.password", "password_file", s->password_file },
                { set_secret, "ssl.key.password", "key_password_file", s->key_password_file },
                { set_file, "ssl.ca.location", "ca_file", s->ca_file },
                { set_file, "ssl.certificate.location", "cert_file", s->cert_file },
                { set_file, "ssl.key.location", "key_file", s->key_file },
        };
        int r = 0;

        if (s->username)
                r = set(conf, "sasl.username", s->username, problem, size);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(files); i++)
                if (files[i].path)
                        r = files[i].set(conf, files[i].name, files[i].key, files[i].path, problem, size);
        return r;
}

static int configure(rd_kafka_conf_t *conf, const struct kafka_settings *s, char *problem, size_t size) {
        int r;

        r = set_defaults(conf, s->timeout_usec, problem, size);
        if (r >= 0)
                r = set_properties(conf, s->properties, problem, size);
        if (r >= 0)
                r = set_bootstrap(conf, s->bootstrap, problem, size);
        if (r >= 0)
                r = set_credentials(conf, s, problem, size);
        if (r >= 0)
                r = set(conf, "allow.auto.create.topics", "false", problem, size);
        /* What matters of it comes as an error, too. */
        rd_kafka_conf_set_log_cb(conf, NULL);
        rd_kafka_conf_set_error_cb(conf, on_error);
        return r;
}

static int copy_settings(struct kafka_client *c, const struct kafka_settings *s) {
        c->timeout_usec = s->timeout_usec;
        STRV_FOREACH (t, s->topics)
                if (strv_extend(&c->topics, *t) < 0)
                        return -ENOMEM;
        c->configs = calloc(strv_length(c->topics) + 1, sizeof(*c->configs));
        if (!c->configs || free_and_strdup(&c->group, s->group) < 0 ||
            free_and_strdup(&c->deep_topic, s->deep ? s->deep_topic : NULL) < 0)
                return -ENOMEM;
        return 0;
}

/* A second client, as one that reads cannot write; what it may not do without is not the operator's. */
static int prepare_writer(struct kafka_client *c, const rd_kafka_conf_t *conf, char *problem, size_t size) {
        int r;

        c->for_writing = rd_kafka_conf_dup(conf);
        if (!c->for_writing)
                return -ENOMEM;
        r = set(c->for_writing, "acks", "all", problem, size);
        if (r >= 0)
                r = set_msec(c->for_writing, "message.timeout.ms", c->timeout_usec, problem, size);
        rd_kafka_conf_set_dr_msg_cb(c->for_writing, kafka_deep_delivered);
        return r;
}

/* Metadata is asked for what librdkafka has a handle of, and for all topics of the cluster without any. */
static int make_handles(struct kafka_client *c, char *problem, size_t size) {
        char *const substitute[] = { (char *) KAFKA_TOPIC_OF_GROUPS, NULL };
        char *const *topics = c->topics ? c->topics : substitute;

        c->handles = calloc(strv_length(topics), sizeof(rd_kafka_topic_t *));
        if (!c->handles)
                return -ENOMEM;
        STRV_FOREACH (t, topics) {
                rd_kafka_topic_t *handle = rd_kafka_topic_new(c->rk, *t, NULL);

                if (!handle) {
                        problem[0] = '\0';
                        text_append(problem, size, "librdkafka takes no topic %s: %s", *t,
                                    rd_kafka_err2str(rd_kafka_last_error()));
                        return -EINVAL;
                }
                c->handles[c->n_handles++] = handle;
        }
        return 0;
}

static void close_asking(struct kafka_client *c) {
        for (size_t i = 0; i < c->n_handles; i++)
                rd_kafka_topic_destroy(c->handles[i]);
        free(c->handles);
        if (c->rk)
                rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static int open_asking(struct kafka_client *c, char *problem, size_t size) {
        char errstr[ERRSTR_SIZE];

        c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, c->for_asking, errstr, sizeof(errstr));
        if (c->rk) {
                c->for_asking = NULL;
                return make_handles(c, problem, size);
        }
        problem[0] = '\0';
        text_append(problem, size, "librdkafka: %s", errstr);
        return -EINVAL;
}

/* Clients that could not be closed: their threads go on, and use them. */
static struct kafka_client *left_behind;

static void leave_behind(struct kafka_client *c) {
        c->next = __atomic_load_n(&left_behind, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&left_behind, &c->next, c, true, __ATOMIC_RELEASE,
                                            __ATOMIC_RELAXED))
                ;
}

static void client_free(struct kafka_client *c) {
        if (!c)
                return;
        if (c->rk && (kafka_committed_is_pending(c) || c->pending_lost)) {
                leave_behind(c);
                return;
        }
        close_asking(c);
        if (c->writer)
                rd_kafka_destroy(c->writer);
        if (c->for_asking)
                rd_kafka_conf_destroy(c->for_asking);
        if (c->for_writing)
                rd_kafka_conf_destroy(c->for_writing);
        for (size_t i = 0; i < strv_length(c->topics); i++)
                free(c->configs[i].cleanup_policy);
        free(c->configs);
        strv_free(c->topics);
        free(c->group);
        free(c->deep_topic);
        kafka_causes_done(&c->causes);
        kafka_assigned_free(c->assigned);
        free(c);
}

static int client_new(const struct kafka_settings *s,
                      struct kafka_client **ret,
                      char *problem,
                      size_t size) {
        struct kafka_client *c;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->for_asking = rd_kafka_conf_new();
        rd_kafka_conf_set_opaque(c->for_asking, c);
        r = copy_settings(c, s);
        if (r >= 0)
                r = configure(c->for_asking, s, problem, size);
        if (r >= 0 && c->deep_topic)
                r = prepare_writer(c, c->for_asking, problem, size);
        if (r >= 0)
                r = open_asking(c, problem, size);
        if (r < 0) {
                client_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

static int check_property(const char *name, const char *value, char *problem, size_t size) {
        rd_kafka_conf_t *conf;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(not_the_operators); i++)
                if (streq(name, not_the_operators[i])) {
                        problem[0] = '\0';
                        text_append(problem, size, "%s is set by this program itself", name);
                        return -EINVAL;
                }
        conf = rd_kafka_conf_new();
        r = set(conf, name, value, problem, size);
        rd_kafka_conf_destroy(conf);
        return r;
}

extern const struct kafka_module connect_watchdog_kafka_module;
__attribute__((visibility("default"))) const struct kafka_module connect_watchdog_kafka_module = {
        .abi = KAFKA_MODULE_ABI,
        .library_version = rd_kafka_version_str,
        .check_property = check_property,
        .client_new = client_new,
        .client_free = client_free,
        .check = kafka_check,
        .deep = kafka_deep,
        .lag = kafka_lag,
};
