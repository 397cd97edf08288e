/* What a group has committed: asked of its coordinator, once that is found. */

#include "observe/kafka/client.h"

/* As long as librdkafka takes: kafka_client_settle() says why. */
#define NEVER_USEC USEC_PER_HOUR

rd_kafka_queue_t *kafka_committed_begin(struct kafka_client *c, const char *group) {
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

rd_kafka_event_t *kafka_committed_end(struct kafka_client *c,
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
        rd_kafka_queue_destroy(queue);
        if (!event) {
                c->unanswered = true;
                kafka_step_set(s, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
                return NULL;
        }
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
