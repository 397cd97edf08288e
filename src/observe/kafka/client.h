/* What the files of the module connect-watchdog-kafka.so share. All of it is used by one thread at a time.
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include "observe/kafka/causes.h"
#include "observe/kafka_module.h"

/* What DescribeConfigs said of one topic, which changes rarely. */
struct topic_config {
        usec_t read_at_usec; /* 0: never */
        int min_isr;         /* negative: may not be read */
        char *cleanup_policy;
};

struct kafka_client {
        struct kafka_client *next;     /* of those that were left behind */
        rd_kafka_conf_t *for_asking;   /* until rk is made of it */
        rd_kafka_t *rk;                /* a consumer in no group: asks, and reads for the deep check */
        struct kafka_pending *pending; /* what coordinators have not answered yet; committed.c's */
        bool pending_lost;             /* there was no memory to remember one of them */
        rd_kafka_conf_t *for_writing;  /* until the first deep check makes writer of it */
        rd_kafka_t *writer;
        struct deep_run *deep_run; /* that is under way */
        struct kafka_causes causes;
        struct kafka_assigned *assigned; /* what the members of groups were assigned last */

        usec_t answered_at_usec; /* when metadata was last answered */

        usec_t timeout_usec;
        char *group;
        char *deep_topic;
        char **topics;
        struct topic_config *configs; /* one each of topics */
        usec_t configs_not_before_usec;
        rd_kafka_topic_t *
                *handles; /* what metadata asks for: the topics; without any, KAFKA_TOPIC_OF_GROUPS */
        size_t n_handles;
};

/* What metadata is asked for, so that it is not asked for all topics. */
#define KAFKA_TOPIC_OF_GROUPS "__consumer_offsets"

usec_t kafka_now(void);
/* Until then, for a call that waits so many milliseconds at most. */
int kafka_left_msec(usec_t deadline_usec);

/* For a request of librdkafka's admin interface that is to be answered until then. Never NULL. */
rd_kafka_AdminOptions_t *kafka_admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op, usec_t deadline_usec);

/* only: NULL for all topics that there is a handle of. *ret is NULL, or the caller's to destroy. */
void kafka_ask_metadata(struct kafka_client *c,
                        rd_kafka_topic_t *only,
                        usec_t deadline_usec,
                        struct kafka_step *s,
                        const struct rd_kafka_metadata **ret);
/* Asks the group's coordinator what the group has committed; without waiting. What it was asked before and
 * has not answered yet is not asked again. */
rd_kafka_queue_t *kafka_committed_begin(struct kafka_client *c, const char *group);
/* Waits for its answer; queue is taken over. Returns what *ret points into, or NULL: no answer came. */
rd_kafka_event_t *kafka_committed_end(struct kafka_client *c,
                                      const char *group,
                                      rd_kafka_queue_t *queue,
                                      usec_t deadline_usec,
                                      struct kafka_step *s,
                                      const rd_kafka_topic_partition_list_t **ret);

/* Whether a coordinator still owes an answer: then rk must not be closed. */
bool kafka_committed_is_pending(struct kafka_client *c);

/* Adds to g what its members were assigned last. 0 or -ENOMEM. */
int kafka_assigned_add(struct kafka_client *c, struct kafka_lag_group *g);
/* Asks for that, when it is time for it. 0 or -ENOMEM. */
int kafka_assigned_refresh(struct kafka_client *c, const struct kafka_lag_group *g, usec_t deadline_usec);
struct kafka_assigned *kafka_assigned_free(struct kafka_assigned *list);

int kafka_check(struct kafka_client *c, struct kafka_facts **ret);
/* librdkafka's callback for what became of a message. */
void kafka_deep_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *userdata);
int kafka_deep(struct kafka_client *c, struct kafka_deep **ret);
int kafka_lag(struct kafka_client *c,
              const char *const *groups,
              size_t n_groups,
              usec_t timeout_usec,
              struct kafka_lag **ret);
