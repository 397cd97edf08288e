/* One look at all connectors of a worker's cluster: GET /connectors?expand=status, streamed; of a worker
 * before Kafka 2.3 each connector's status, a few at a time; and, where no connector runs on this worker,
 * one question through the herder's thread. Within one timeout of its own. */
#pragma once

#include "observe/connector_rules.h"
#include "observe/poll.h"

struct connectors_look;

struct connectors_look_result {
        int error;         /* 0, or negative: nothing that was found counts */
        char problem[256]; /* and why, one clause */
        struct connector_tally tally;
        bool broker_failed;         /* the question through the herder's thread failed */
        char broker_connector[256]; /* for which one, */
        char broker_detail[256];    /* and how, one clause */
        size_t largest_bytes;       /* the largest connector */
};

typedef void (*connectors_look_done_t)(struct connectors_look *l,
                                       const struct connectors_look_result *result,
                                       void *userdata);

/* found is called for each connector as it comes in, from within the HTTP client, which it must not touch;
 * what it returns, if negative, ends the look. done is called exactly once, from the loop, unless l is
 * unref'd before. w must live as long. Returns 0 or a negative errno. */
int connectors_look_start(struct http_client *c,
                          const struct worker_settings *w,
                          poll_clock_t clock,
                          connector_found_t found,
                          connectors_look_done_t done,
                          void *userdata,
                          struct connectors_look **ret);
struct connectors_look *connectors_look_unref(struct connectors_look *l);
DEFINE_CLEANUP(struct connectors_look *, connectors_look_unref)
