/* What consumer groups have committed, against the ends of their partitions. It asks, and never subscribes:
 * one more member would have a group rebalance. */

#include <errno.h>

#include "observe/kafka/client.h"

static int add_all(struct kafka_lag_group *g, const rd_kafka_topic_partition_list_t *list) {
        int r = 0;

        for (int i = 0; r != -ENOMEM && list && i < list->cnt; i++)
                r = kafka_lag_group_add(g, list->elems[i].topic, list->elems[i].partition,
                                        list->elems[i].offset);
        return r == -ENOMEM ? r : 0;
}

static int ask_committed(struct kafka_client *c, struct kafka_lag_group *g, usec_t deadline) {
        const rd_kafka_topic_partition_list_t *committed = NULL;
        struct kafka_step s = { 0 };
        rd_kafka_event_t *event;
        int r = 0;

        if (kafka_left_msec(deadline) == 0) {
                kafka_step_set(&s, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
                event = NULL;
        } else
                event = kafka_committed_end(c, g->name, kafka_committed_begin(c, g->name), deadline, &s,
                                            &committed);
        g->error = s.error;
        memcpy(g->detail, s.detail, sizeof(g->detail));
        if (s.error == KAFKA_OK)
                r = add_all(g, committed);
        if (event)
                rd_kafka_event_destroy(event);
        if (r >= 0 && s.error == KAFKA_OK)
                r = kafka_assigned_add(c, g);
        kafka_lag_group_sort(g);
        return r;
}

/* offset: RD_KAFKA_OFFSET_BEGINNING or …_END, of all of the group's partitions at once. What is not told
 * stays -1. */
static void ask_offsets(struct kafka_client *c, struct kafka_lag_group *g, int64_t offset, usec_t deadline) {
        rd_kafka_topic_partition_list_t *list;
        int left = kafka_left_msec(deadline);

        if (g->n_partitions == 0 || left == 0)
                return;
        list = rd_kafka_topic_partition_list_new((int) g->n_partitions);
        for (size_t i = 0; i < g->n_partitions; i++)
                rd_kafka_topic_partition_list_add(list, g->partitions[i].topic, g->partitions[i].id)
                        ->offset = offset;
        if (rd_kafka_offsets_for_times(c->rk, list, left) == RD_KAFKA_RESP_ERR_NO_ERROR)
                for (int e = 0; e < list->cnt; e++) {
                        const rd_kafka_topic_partition_t *told = &list->elems[e];
                        struct kafka_lag_partition *p =
                                kafka_lag_group_find(g, told->topic, told->partition);

                        if (!p || told->err || told->offset < 0)
                                continue;
                        if (offset == RD_KAFKA_OFFSET_END)
                                p->end = told->offset;
                        else
                                p->begin = told->offset;
                }
        rd_kafka_topic_partition_list_destroy(list);
}

int kafka_lag(struct kafka_client *c,
              const char *const *groups,
              size_t n_groups,
              usec_t timeout_usec,
              struct kafka_lag **ret) {
        _cleanup_(kafka_lag_freep) struct kafka_lag *l = NULL;
        usec_t begun = kafka_now(), deadline = usec_add(begun, timeout_usec);
        int r;

        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->groups = calloc(n_groups + 1, sizeof(*l->groups));
        if (!l->groups)
                return -ENOMEM;
        for (size_t i = 0; i < n_groups; i++) {
                struct kafka_lag_group *g = &l->groups[l->n_groups++];

                g->name = strdup(groups[i]);
                if (!g->name)
                        return -ENOMEM;
                r = ask_committed(c, g, deadline);
                if (r < 0)
                        return r;
                ask_offsets(c, g, RD_KAFKA_OFFSET_BEGINNING, deadline);
                ask_offsets(c, g, RD_KAFKA_OFFSET_END, deadline);
        }
        /* Last, for it may take all the time that is left: the next look has it. */
        for (size_t i = 0; i < n_groups; i++)
                if (kafka_assigned_refresh(c, &l->groups[i], deadline) < 0)
                        return -ENOMEM;
        (void) rd_kafka_poll(c->rk, 0);
        l->took_usec = usec_sub(kafka_now(), begun);
        *ret = TAKE_PTR(l);
        return 0;
}
