#include "observe/kafka/causes.h"

#include <stdio.h>

#include "util/text.h"

/* Brokers that come and go under ever new names must not make it grow for ever. */
#define CAUSES_MAX 1024U
#define FIRST_WITH_RIGHT_SCRAM 0x02060100

void kafka_causes_done(struct kafka_causes *c) {
        for (size_t i = 0; i < c->n; i++)
                free(c->list[i].broker);
        free(c->list);
        *c = (struct kafka_causes) { 0 };
}

enum kafka_error kafka_error_of(rd_kafka_resp_err_t err) {
        switch ((int) err) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
                return KAFKA_OK;
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
        case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        case RD_KAFKA_RESP_ERR__WAIT_COORD:
                return KAFKA_NO_ANSWER;
        case RD_KAFKA_RESP_ERR__RESOLVE:
                return KAFKA_NOT_RESOLVED;
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
        case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
                return KAFKA_UNAUTHENTICATED;
        case RD_KAFKA_RESP_ERR__SSL:
                return KAFKA_TLS;
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
                return KAFKA_UNAUTHORIZED;
        case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
        case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
        case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
        case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
        case RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND:
        case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
        case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
        case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
        case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
        case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
                return KAFKA_UNAVAILABLE;
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
                return KAFKA_NO_SUCH_TOPIC;
        case RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE:
        case RD_KAFKA_RESP_ERR__INVALID_ARG:
        case RD_KAFKA_RESP_ERR__FS:
        case RD_KAFKA_RESP_ERR__QUEUE_FULL:
                return KAFKA_OUR_OWN;
        default:
                return KAFKA_OTHER;
        }
}

static struct kafka_cause *cause_for(struct kafka_causes *c, const char *broker, size_t len) {
        struct kafka_cause *grown;
        char *copy;

        for (size_t i = 0; i < c->n; i++)
                if (strncmp(c->list[i].broker, broker, len) == 0 && c->list[i].broker[len] == '\0')
                        return &c->list[i];
        if (c->n >= CAUSES_MAX)
                kafka_causes_done(c);
        copy = strndup(broker, len);
        if (!copy)
                return NULL;
        grown = reallocarray(c->list, c->n + 1, sizeof(*grown));
        if (!grown) {
                free(copy);
                return NULL;
        }
        c->list = grown;
        grown[c->n] = (struct kafka_cause) { .broker = copy };
        return &grown[c->n++];
}

/* Where that ends what a person can use: without how long the connection had been in which state, and
 * without the guess that a broker which is silent must be an old one. */
static size_t useful_length(const char *said) {
        static const char *const noise[] = { " (after ", " (average rtt ",
                                             ": probably due to broker version < 0.10" };
        size_t len = strlen(said);

        for (size_t i = 0; i < ELEMENTSOF(noise); i++) {
                const char *at = strstr(said, noise[i]);

                if (at)
                        len = MIN(len, (size_t) (at - said));
        }
        return len;
}

void kafka_causes_add(struct kafka_causes *c, rd_kafka_resp_err_t err, const char *said, usec_t now_usec) {
        const char *end = strstr(said, ": "), *slash;
        struct kafka_cause *cause;
        size_t len = end ? (size_t) (end - said) : 0;
        char *rest;
        long id;

        /* "3/3 brokers are down" only repeats what was told of each. */
        if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
                return;
        cause = cause_for(c, said, len);
        if (!cause)
                return;
        cause->node_id = -1;
        slash = strrchr(cause->broker, '/');
        if (slash) {
                id = strtol(slash + 1, &rest, 10);
                if (rest != slash + 1 && *rest == '\0' && id >= 0 && id <= INT32_MAX)
                        cause->node_id = (int32_t) id;
        }
        cause->at_usec = now_usec;
        cause->error = kafka_error_of(err);
        /* What OpenSSL finds wrong comes under two codes, one of which is that of a broken connection. */
        if (cause->error == KAFKA_NO_ANSWER && strstr(said, "SSL routines"))
                cause->error = KAFKA_TLS;
        cause->text[0] = '\0';
        /* It repeats its own nonce, which Kafka has refused since 4.0 in the words for a wrong password. */
        if (cause->error == KAFKA_UNAUTHENTICATED && strstr(said, "SCRAM") &&
            rd_kafka_version() < FIRST_WITH_RIGHT_SCRAM)
                text_append(cause->text, sizeof(cause->text),
                            "librdkafka %s cannot authenticate by SCRAM at Kafka 4, which takes 2.6.1: ",
                            rd_kafka_version_str());
        len = strlen(cause->text);
        (void) text_copy_line(cause->text + len, sizeof(cause->text) - len, said, useful_length(said));
}

void kafka_causes_forget(struct kafka_causes *c, int32_t node_id) {
        for (size_t i = 0; i < c->n; i++)
                if (c->list[i].node_id == node_id)
                        c->list[i].error = KAFKA_OK;
}

void kafka_step_set(struct kafka_step *s, rd_kafka_resp_err_t err, const char *said) {
        const char *text = isempty(said) ? rd_kafka_err2str(err) : said;

        s->error = kafka_error_of(err);
        s->detail[0] = '\0';
        if (s->error != KAFKA_OK)
                (void) text_copy_line(s->detail, sizeof(s->detail), text, strlen(text));
}

/* Our own mistakes, which an answering broker proves, before an outage; and an outage before a name that has
 * no address, for then other names have one. */
static unsigned weight(enum kafka_error e) {
        switch ((int) e) {
        case KAFKA_UNAUTHENTICATED:
                return 4;
        case KAFKA_TLS:
                return 3;
        case KAFKA_NO_ANSWER:
                return 2;
        case KAFKA_NOT_RESOLVED:
                return 1;
        default:
                return 0;
        }
}

static void explain(struct kafka_step *s, const struct kafka_cause *cause) {
        if (!cause)
                return;
        s->error = cause->error;
        memcpy(s->detail, cause->text, sizeof(s->detail));
}

void kafka_step_explain(struct kafka_step *s, const struct kafka_causes *c, usec_t since_usec) {
        const struct kafka_cause *best = NULL;

        if (s->error != KAFKA_NO_ANSWER)
                return;
        for (size_t i = 0; i < c->n; i++) {
                const struct kafka_cause *cause = &c->list[i];

                if (cause->at_usec >= since_usec && weight(cause->error) > 0 &&
                    (!best || weight(cause->error) > weight(best->error) ||
                     (cause->error == best->error && cause->at_usec > best->at_usec)))
                        best = cause;
        }
        explain(s, best);
}

void kafka_step_explain_broker(struct kafka_step *s, const struct kafka_causes *c, int32_t node_id) {
        if (s->error != KAFKA_NO_ANSWER)
                return;
        for (size_t i = 0; i < c->n; i++)
                if (c->list[i].node_id == node_id && weight(c->list[i].error) > 0)
                        explain(s, &c->list[i]);
}
