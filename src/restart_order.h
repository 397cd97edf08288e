/* An operator's order to restart a worker's unit: from its arrival to its answer. */
#pragma once

#include <sys/types.h>

#include "worker.h"

struct control_order;
struct http_reply;

struct restart_order {
        uid_t uid;
        bool force;
        bool tries_disk;          /* whether the ledger can be written is about to be known */
        struct http_reply *reply; /* NULL: it was answered */
        char overruled[128];      /* holds that stood */
};

/* Begins it, on the path of every restart. It is answered when systemd has the job, or with what stands
 * against it. */
void restart_ordered(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply);
/* Of one that is not answered yet, whoever asked is told that nothing comes of it. */
struct restart_order *restart_order_free(struct restart_order *o);
DEFINE_CLEANUP(struct restart_order *, restart_order_free)

/* The answers; the first is the one that is given. */
void restart_order_queued(struct restart_order *o, const struct worker *w);
void restart_order_held(struct restart_order *o, const struct worker *w, const struct decision *d);
void restart_order_failed(struct restart_order *o, unsigned status, const char *format, ...) _printf_(3, 4);
