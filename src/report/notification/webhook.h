/* One notification POSTed to a receiver. */
#pragma once

#include "report/notification/delivery.h"

/* Nobody reads more than the beginning of what is answered. */
#define WEBHOOK_ANSWER_BYTES_MAX ((uint64_t) 64 * 1024)

struct answer;
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

/* "https://h:1/a?b" to "https://h:1" and "/a?b", which is part of url. Returns 0 or -ENOMEM. */
int webhook_split_url(const char *url, char **ret_base, const char **ret_path);
/* What was answered, or why nothing was, as such a clause. withheld: nobody is shown any of the body. */
void webhook_describe(const struct answer *a, bool withheld, char *buf, size_t size);
