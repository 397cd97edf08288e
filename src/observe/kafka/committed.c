/* What a group has committed: asked of its coordinator, once that is found.
 *
 * Librdkafka, at least 2.0.2 to 2.8.0, keeps a request that waits for a coordinator also when it has timed
 * out and was freed, sends it when the coordinator is back, and dies of it; and it dies when it is closed
 * meanwhile. So none times out, the next check waits for the answer to the last one's, and a client that
 * waits is never closed. */

#include "observe/kafka/client.h"

/* As long as librdkafka takes. */
#define NEVER_USEC USEC_PER_HOUR

/* A question that was not answered in time. */
struct kafka_pending {
        struct kafka_pending *next;
        char *group;
        rd_kafka_queue_t *queue;
};

static void free_pending(struct kafka_pending *p) {
        rd_kafka_queue_destroy(p->queue);
        free(p->group);
        free(p);
}

/* Whether the answer has come, too late to be of use. */
static bool is_answered(struct kafka_pending *p) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(p->queue, 0);

        if (event)
                rd_kafka_event_destroy(event);
        return event != NULL;
}

static void forget_answered(struct kafka_client *c) {
        for (struct kafka_pending **p = &c->pending; *p;) {
                struct kafka_pending *one = *p;

                if (is_answered(one)) {
                        *p = one->next;
                        free_pending(one);
                } else
                        p = &one->next;
        }
}

bool kafka_committed_is_pending(struct kafka_client *c) {
        forget_answered(c);
        return c->pending != NULL;
}

static rd_kafka_queue_t *take_pending(struct kafka_client *c, const char *group) {
        for (struct kafka_pending **p = &c->pending; *p; p = &(*p)->next) {
                struct kafka_pending *one = *p;
                rd_kafka_queue_t *queue;

                if (!streq(one->group, group))
                        continue;
                *p = one->next;
                queue = one->queue;
                free(one->group);
                free(one);
                return queue;
        }
        return NULL;
}

/* Takes queue over. */
static void keep_pending(struct kafka_client *c, const char *group, rd_kafka_queue_t *queue) {
        struct kafka_pending *p = calloc(1, sizeof(*p));

        if (p)
                p->group = strdup(group);
        if (!p || !p->group) {
                /* It is asked once more then. */
                free(p);
                rd_kafka_queue_destroy(queue);
                c->pending_lost = true;
                return;
        }
        p->queue = queue;
        p->next = c->pending;
        c->pending = p;
}

static rd_kafka_queue_t *ask(struct kafka_client *c, const char *group) {
        rd_kafka_ListConsumerGroupOffsets_t *asked = rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(c->rk);
        rd_kafka_AdminOptions_t *options;

        options = kafka_admin_options(c->rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
                                      usec_add(kafka_now(), NEVER_USEC));
        rd_kafka_ListConsumerGroupOffsets(c->rk, &asked, 1, options, queue);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_ListConsumerGroupOffsets_destroy(asked);
        return queue;
}

rd_kafka_queue_t *kafka_committed_begin(struct kafka_client *c, const char *group) {
        rd_kafka_queue_t *queue;

        forget_answered(c);
        queue = take_pending(c, group);
        return queue ? queue : ask(c, group);
}

rd_kafka_event_t *kafka_committed_end(struct kafka_client *c,
                                      const char *group,
                                      rd_kafka_queue_t *queue,
                                      usec_t deadline_usec,
                                      struct kafka_step *s,
                                      const rd_kafka_topic_partition_list_t **ret) {
        const rd_kafka_ListConsumerGroupOffsets_result_t *result;
        const rd_kafka_group_result_t **groups;
        const rd_kafka_error_t *error;
        rd_kafka_event_t *event;
        size_t n = 0;

        event = rd_kafka_queue_poll(queue, kafka_left_msec(deadline_usec));
        if (!event) {
                keep_pending(c, group, queue);
                kafka_step_set(s, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
                return NULL;
        }
        rd_kafka_queue_destroy(queue);
        kafka_step_set(s, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
        result = rd_kafka_event_ListConsumerGroupOffsets_result(event);
        if (s->error != KAFKA_OK || !result)
                return event;
        groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &n);
        if (n == 0)
                return event;
        error = rd_kafka_group_result_error(groups[0]);
        if (error)
                kafka_step_set(s, rd_kafka_error_code(error), rd_kafka_error_string(error));
        else if (ret)
                *ret = rd_kafka_group_result_partitions(groups[0]);
        return event;
}
