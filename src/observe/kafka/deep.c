/* The deep check: one message to each partition of the topic that is there for it, and back. It is in no
 * consumer group, and begins to read where the broker says that the message is. */

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "observe/kafka/client.h"
#include "util/text.h"

#define PAYLOAD_SIZE 96
/* A topic with the policy "compact" takes none without a key. */
#define KEY "connect-watchdog"
/* How long it may take to take back what was not sent in time. */
#define PURGE_MSEC 200

enum stage {
        STAGE_TO_WRITE,
        STAGE_WRITTEN,   /* not acknowledged yet */
        STAGE_DELIVERED, /* being read */
        STAGE_OVER,
};

struct passage {
        enum stage stage;
        usec_t begun_usec;
        int64_t offset;
        bool reading;
        char payload[PAYLOAD_SIZE];
};

struct deep_run {
        struct kafka_deep *result;
        struct passage *passages; /* one each of result->partitions */
        rd_kafka_topic_t *topic;
        rd_kafka_queue_t *queue;
        usec_t deadline;
};

static void end_passage(struct deep_run *run, size_t i, rd_kafka_resp_err_t err, const char *said) {
        struct kafka_deep_partition *p = &run->result->partitions[i];
        struct kafka_step s = { 0 };

        kafka_step_set(&s, err, said);
        p->error = s.error;
        memcpy(p->detail, s.detail, sizeof(p->detail));
        p->took_usec = usec_sub(kafka_now(), run->passages[i].begun_usec);
        run->passages[i].stage = STAGE_OVER;
}

/* The passage that this message belongs to: an earlier run's may come late. */
static bool find_passage(const struct deep_run *run, const rd_kafka_message_t *m, size_t *ret) {
        for (size_t i = 0; i < run->result->n_partitions; i++)
                if (run->result->partitions[i].id == m->partition) {
                        *ret = i;
                        return m->payload && m->len == strlen(run->passages[i].payload) &&
                               memcmp(m->payload, run->passages[i].payload, m->len) == 0;
                }
        return false;
}

void kafka_deep_delivered(_unused_ rd_kafka_t *rk, const rd_kafka_message_t *m, void *userdata) {
        struct kafka_client *c = userdata;
        struct deep_run *run = c->deep_run;
        struct passage *passage;
        size_t i;

        if (!run || !find_passage(run, m, &i))
                return;
        passage = &run->passages[i];
        if (passage->stage != STAGE_WRITTEN)
                return;
        if (m->err) {
                end_passage(run, i, m->err, NULL);
                return;
        }
        passage->offset = m->offset;
        if (rd_kafka_consume_start_queue(run->topic, m->partition, m->offset, run->queue) < 0) {
                end_passage(run, i, rd_kafka_last_error(), NULL);
                return;
        }
        passage->reading = true;
        passage->stage = STAGE_DELIVERED;
}

static void write_all(struct kafka_client *c, struct deep_run *run) {
        uint64_t nonce = 0;

        (void) getrandom(&nonce, sizeof(nonce), 0);
        for (size_t i = 0; i < run->result->n_partitions; i++) {
                struct passage *passage = &run->passages[i];
                rd_kafka_resp_err_t err;

                passage->begun_usec = kafka_now();
                passage->stage = STAGE_WRITTEN;
                (void) snprintf(passage->payload, sizeof(passage->payload),
                                "connect-watchdog %016llx %llu %d", (unsigned long long) nonce,
                                (unsigned long long) passage->begun_usec,
                                (int) run->result->partitions[i].id);
                err = rd_kafka_producev(c->writer, RD_KAFKA_V_TOPIC(c->deep_topic),
                                        RD_KAFKA_V_PARTITION(run->result->partitions[i].id),
                                        RD_KAFKA_V_KEY(KEY, strlen(KEY)),
                                        RD_KAFKA_V_VALUE(passage->payload, strlen(passage->payload)),
                                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
                if (err)
                        end_passage(run, i, err, NULL);
        }
}

static void read_one(struct deep_run *run, rd_kafka_message_t *m) {
        size_t i;

        if (find_passage(run, m, &i)) {
                if (run->passages[i].stage == STAGE_DELIVERED)
                        end_passage(run, i, RD_KAFKA_RESP_ERR_NO_ERROR, NULL);
                return;
        }
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                return;
        for (i = 0; i < run->result->n_partitions; i++)
                if (run->result->partitions[i].id == m->partition &&
                    run->passages[i].stage == STAGE_DELIVERED)
                        end_passage(run, i, m->err, rd_kafka_message_errstr(m));
}

static bool all_over(const struct deep_run *run, bool but_for_reading) {
        for (size_t i = 0; i < run->result->n_partitions; i++)
                if (run->passages[i].stage != STAGE_OVER &&
                    !(but_for_reading && run->passages[i].stage == STAGE_DELIVERED))
                        return false;
        return true;
}

/* Delivery reports and messages come by two queues; while both may, they are looked at in turns. */
static void wait_for_all(struct kafka_client *c, struct deep_run *run) {
        int left;

        while (!all_over(run, false) && (left = kafka_left_msec(run->deadline)) > 0) {
                bool acknowledged = all_over(run, true);
                rd_kafka_message_t *m;

                (void) rd_kafka_poll(c->writer, acknowledged ? 0 : MIN(left, 5));
                m = rd_kafka_consume_queue(run->queue, acknowledged ? left : 0);
                if (m) {
                        read_one(run, m);
                        rd_kafka_message_destroy(m);
                }
        }
}

static void give_up(struct kafka_client *c, struct deep_run *run) {
        for (size_t i = 0; i < run->result->n_partitions; i++) {
                char text[KAFKA_DETAIL_SIZE];

                if (run->passages[i].stage == STAGE_WRITTEN)
                        end_passage(run, i, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "not acknowledged in time");
                else if (run->passages[i].stage == STAGE_DELIVERED) {
                        (void) snprintf(text, sizeof(text),
                                        "acknowledged at offset %lld, but not read back in time",
                                        (long long) run->passages[i].offset);
                        end_passage(run, i, RD_KAFKA_RESP_ERR__TIMED_OUT, text);
                }
                if (run->passages[i].reading)
                        (void) rd_kafka_consume_stop(run->topic, run->result->partitions[i].id);
        }
        /* The next run is not to find this one's messages before its own. */
        if (rd_kafka_outq_len(c->writer) > 0) {
                (void) rd_kafka_purge(c->writer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
                (void) rd_kafka_flush(c->writer, PURGE_MSEC);
        }
}

static int by_id(const void *a, const void *b) {
        const struct kafka_deep_partition *x = a, *y = b;

        return (x->id > y->id) - (x->id < y->id);
}

static int copy_partitions(const rd_kafka_metadata_topic_t *topic, struct deep_run *run) {
        struct kafka_deep *d = run->result;
        size_t n = topic->partition_cnt > 0 ? (size_t) topic->partition_cnt : 0;

        d->partitions = calloc(n + 1, sizeof(*d->partitions));
        run->passages = calloc(n + 1, sizeof(*run->passages));
        if (!d->partitions || !run->passages)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                d->partitions[d->n_partitions++].id = topic->partitions[i].id;
        qsort(d->partitions, d->n_partitions, sizeof(*d->partitions), by_id);
        return 0;
}

/* Which partitions there are. What keeps it from beginning stands in the result. */
static int ask_partitions(struct kafka_client *c, struct deep_run *run) {
        const struct rd_kafka_metadata *md;
        struct kafka_step s = { 0 };
        int r = 0;

        kafka_ask_metadata(c, run->topic, run->deadline, &s, &md);
        if (md && md->topic_cnt > 0)
                kafka_step_set(&s, md->topics[0].err, NULL);
        run->result->error = s.error;
        memcpy(run->result->detail, s.detail, sizeof(s.detail));
        if (s.error == KAFKA_OK && md && md->topic_cnt > 0)
                r = copy_partitions(&md->topics[0], run);
        if (md)
                rd_kafka_metadata_destroy(md);
        return r;
}

static void cannot(struct kafka_deep *d, const char *said) {
        d->error = KAFKA_OUR_OWN;
        (void) text_copy_line(d->detail, sizeof(d->detail), said, strlen(said));
}

static bool have_writer(struct kafka_client *c, struct kafka_deep *d) {
        char errstr[KAFKA_DETAIL_SIZE];

        if (c->writer)
                return true;
        if (!c->for_writing) {
                cannot(d, "this section has no deep check");
                return false;
        }
        c->writer = rd_kafka_new(RD_KAFKA_PRODUCER, c->for_writing, errstr, sizeof(errstr));
        if (!c->writer) {
                cannot(d, errstr);
                return false;
        }
        c->for_writing = NULL;
        return true;
}

int kafka_deep(struct kafka_client *c, struct kafka_deep **ret) {
        _cleanup_(kafka_deep_freep) struct kafka_deep *d = NULL;
        usec_t begun = kafka_now();
        struct deep_run run = { .deadline = usec_add(begun, c->timeout_usec) };
        int r = 0;

        d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        if (have_writer(c, d)) {
                run.result = d;
                run.queue = rd_kafka_queue_new(c->rk);
                run.topic = rd_kafka_topic_new(c->rk, c->deep_topic, NULL);
                r = ask_partitions(c, &run);
                if (r >= 0 && d->error == KAFKA_OK) {
                        c->deep_run = &run;
                        write_all(c, &run);
                        wait_for_all(c, &run);
                        give_up(c, &run);
                        c->deep_run = NULL;
                }
                rd_kafka_topic_destroy(run.topic);
                rd_kafka_queue_destroy(run.queue);
                free(run.passages);
        }
        if (r < 0)
                return r;
        d->took_usec = usec_sub(kafka_now(), begun);
        *ret = TAKE_PTR(d);
        return 0;
}
