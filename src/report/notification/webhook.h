/* One notification POSTed to a receiver. */
#pragma once

#include "report/notification/queue.h"

#define NOTIFY_WHY_SIZE 512

struct http_client;
struct webhook; /* the slot: unref cancels */

/* why: a clause that follows the receiver's name, where it was not taken. */
typedef void (*webhook_done_t)(enum notify_result result, const char *why, void *userdata);

/* done is called exactly once, from the loop, unless w is unref'd before. Returns 0, or a negative errno and
 * such a clause in why. */
int webhook_send(struct http_client *http,
                 const struct notify_settings *settings,
                 const struct notification *n,
                 webhook_done_t done,
                 void *userdata,
                 char why[static NOTIFY_WHY_SIZE],
                 struct webhook **ret);
struct webhook *webhook_unref(struct webhook *w);
DEFINE_CLEANUP(struct webhook *, webhook_unref)
