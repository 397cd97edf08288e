/* Metadata, from whichever broker answers. librdkafka chooses one, and asks it again and again even when it
 * is frozen: such a one is given up first, by socket.timeout.ms, and then another is asked in what time is
 * left. */

#include "observe/kafka/client.h"

#define TRIES 4

void kafka_ask_metadata(struct kafka_client *c,
                        rd_kafka_topic_t *only,
                        usec_t deadline_usec,
                        struct kafka_step *s,
                        const struct rd_kafka_metadata **ret) {
        rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__TIMED_OUT;

        *ret = NULL;
        for (unsigned i = 0; i < TRIES; i++) {
                int left = kafka_left_msec(deadline_usec);
                int part = i == 0 ? left / 3 * 2 : left / (int) (TRIES - i);

                if (left <= 0)
                        break;
                err = rd_kafka_metadata(c->rk, 0, only, ret, MAX(part, 1));
                (void) rd_kafka_poll(c->rk, 0);
                if (kafka_error_of(err) != KAFKA_NO_ANSWER)
                        break;
        }
        kafka_step_set(s, err, NULL);
        if (s->error == KAFKA_OK)
                c->answered_at_usec = kafka_now();
        else
                kafka_step_explain(s, &c->causes, c->answered_at_usec);
}
