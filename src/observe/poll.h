/* One poll of one worker: its kind's requests in turn, within one timeout, to one observation. */
#pragma once

#include "config/settings.h"
#include "observe/http_client.h"

struct poll;

/* now: agent time, read by the caller's clock. */
typedef usec_t (*poll_clock_t)(void);
typedef void (*poll_done_t)(struct poll *p, const struct observation *o, void *userdata);

/* Starts polling w; *probe is updated as answers come and must outlive the poll. done is called exactly
 * once, from the loop, unless the poll is unref'd before. The timeout is that of the whole poll. Returns
 * 0 or a negative errno. */
int poll_start(struct http_client *c,
               const struct worker_settings *w,
               struct probe *probe,
               poll_clock_t clock,
               poll_done_t done,
               void *userdata,
               struct poll **ret);
/* How w is reached and entered, for one who asks it something else; the strings stay w's. */
struct http_target poll_target(const struct worker_settings *w);
struct poll *poll_unref(struct poll *p);
DEFINE_CLEANUP(struct poll *, poll_unref)

/* Whether url's host is an address of this machine, asked for the hold not-this-host. Off the loop;
 * cached by the client. done gets 1, 0, or a negative errno where it cannot be told (not resolved); from
 * the loop, never from within this call, and not after the slot was unref'd (which done may do). Returns
 * 0 or a negative errno. */
struct poll_local;
typedef void (*poll_local_t)(struct poll_local *l, int is_local, void *userdata);
int poll_url_is_local(struct http_client *c,
                      const char *url,
                      poll_local_t done,
                      void *userdata,
                      struct poll_local **ret);
struct poll_local *poll_local_unref(struct poll_local *l);
DEFINE_CLEANUP(struct poll_local *, poll_local_unref)
