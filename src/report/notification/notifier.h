/* One [notify NAME] at work: its queue on the loop, its receiver, which is asked over HTTP or
 * run. Decides nothing but when the
 * queue is asked. */
#pragma once

#include "report/notification/queue.h"

typedef struct sd_event sd_event;
struct http_client;
struct notifier;

struct notifier_calls {
        /* How it goes with the receiver, to be told; takes e over. From the loop, never from within
         * notifier_take(). */
        void (*tell)(struct event *e, void *userdata);
        /* Whether the heartbeat may be sent. */
        bool (*is_well)(void *userdata);
        /* Nothing more will be sent, after notifier_finish(). */
        void (*finished)(void *userdata);
        void *userdata;
};

/* settings stay the caller's, and must live until they are replaced. Returns 0 or a negative errno. */
int notifier_new(sd_event *event,
                 struct http_client *http,
                 const struct notify_settings *settings,
                 const struct notifier_calls *calls,
                 struct notifier **ret);
/* What waits is lost, and told. */
struct notifier *notifier_free(struct notifier *n);
DEFINE_CLEANUP(struct notifier *, notifier_free)

const char *notifier_name(const struct notifier *n) _pure_;

/* New settings of the same name. What waits goes on waiting; where anything is different, it is tried at
 * once. Returns 0 or a negative errno. */
int notifier_reconfigure(struct notifier *n, const struct notify_settings *settings);

/* Queues e if it is one that is to be told here, and not about the receiver itself, nor about another while
 * this one takes nothing. Sends nothing yet. */
void notifier_take(struct notifier *n, const struct event *e, const char *hostname, usec_t realtime_usec);

/* How a test ended. text: of a sentence that follows the section's name. */
typedef void (*notifier_tested_t)(enum notify_result result, const char *text, void *userdata);
/* Queues e, which is only a test, whatever is to be told here, and has all that waits tried now. done is
 * called once, from the loop or when n is freed: when e was sent, or could not be. Returns 0; -EBUSY:
 * another test is under way; -EOPNOTSUPP: nobody is told here; -ENOMEM. */
int notifier_test(struct notifier *n,
                  const struct event *e,
                  const char *hostname,
                  usec_t realtime_usec,
                  notifier_tested_t done,
                  void *userdata);

/* The agent ends: each that waits is tried once, now. */
void notifier_finish(struct notifier *n);
/* Whether nothing will come of waiting any more. */
bool notifier_is_finished(const struct notifier *n) _pure_;
