/* Why requests fail: librdkafka's codes in our words, and what it says of each broker apart from any
 * request. A refused password, an untrusted certificate and a name without an address come that way only;
 * the request itself just times out. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "observe/kafka_facts.h"

struct kafka_cause {
        char *broker;    /* librdkafka's name of it */
        int32_t node_id; /* -1: one of bootstrap */
        usec_t at_usec;
        enum kafka_error error;
        char text[KAFKA_DETAIL_SIZE];
};

struct kafka_causes {
        struct kafka_cause *list; /* the newest of each broker */
        size_t n;
};

void kafka_causes_done(struct kafka_causes *c);
/* An error that librdkafka told of a broker: "host:port/7: what is wrong". */
void kafka_causes_add(struct kafka_causes *c, rd_kafka_resp_err_t err, const char *said, usec_t now_usec);

/* That broker answered. */
void kafka_causes_forget(struct kafka_causes *c, int32_t node_id);

enum kafka_error kafka_error_of(rd_kafka_resp_err_t err) _pure_;
/* Fills in how a request ended: err, and said or, without it, librdkafka's words for err. */
void kafka_step_set(struct kafka_step *s, rd_kafka_resp_err_t err, const char *said);
/* Where no answer came: what was told of the brokers since then says why. */
void kafka_step_explain(struct kafka_step *s, const struct kafka_causes *c, usec_t since_usec);
/* The same for one broker; whenever that was, for librdkafka repeats nothing for half a minute. */
void kafka_step_explain_broker(struct kafka_step *s, const struct kafka_causes *c, int32_t node_id);
