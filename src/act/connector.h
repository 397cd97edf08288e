/* One connector restarted through the worker's REST interface: what has failed of it, and nothing else. */
#pragma once

#include "observe/poll.h"

struct connector_call;

enum connector_call_result {
        CONNECTOR_CALL_DONE,        /* Connect took it up; whether it helps is seen later */
        CONNECTOR_CALL_REBALANCING, /* 409: to be tried later */
        CONNECTOR_CALL_NOT_ASKED,   /* nothing was POSTed: what had to be known before could not be had */
        CONNECTOR_CALL_GONE,        /* 404: it was deleted */
        CONNECTOR_CALL_FAILED,
};

struct connector_call_report {
        enum connector_call_result result;
        char detail[256]; /* one clause; "" when done */
};

typedef void (*connector_called_t)(struct connector_call *c,
                                   const struct connector_call_report *report,
                                   void *userdata);

/* From Kafka 3.0 on one POST with includeTasks and onlyFailed (KIP-745); before, what has failed one by one.
 * done is called exactly once, from the loop, unless c is unref'd before. Returns 0 or a negative errno. */
int connector_restart(struct http_client *client,
                      const struct worker_settings *w,
                      const char *name,
                      poll_clock_t clock,
                      connector_called_t done,
                      void *userdata,
                      struct connector_call **ret);
/* Drops the answer; what was asked for goes on in Connect. */
struct connector_call *connector_call_unref(struct connector_call *c);
DEFINE_CLEANUP(struct connector_call *, connector_call_unref)

/* ---- pure (act/connector_version.c) ---- */

/* Whether the answer of GET / is of a worker with KIP-745. Returns 1, 0, or -EBADMSG: it is not Connect's.
 */
int connector_version_has_flags(const char *text, size_t len);
