/* One notification POSTed to a receiver. */
#pragma once

#include "report/notification/delivery.h"

struct http_client;
struct webhook; /* the slot: unref cancels */

/* done is called exactly once, from the loop, unless w is unref'd before. Returns 0, or a negative errno and
 * such a clause in why. */
int webhook_send(struct http_client *http,
                 const struct notify_settings *settings,
                 const struct notification *n,
                 notify_sent_t done,
                 void *userdata,
                 char why[static NOTIFY_WHY_SIZE],
                 struct webhook **ret);
struct webhook *webhook_unref(struct webhook *w);
DEFINE_CLEANUP(struct webhook *, webhook_unref)
