/* The URL that is asked again and again while all is well: a dead-man's switch, which calls somebody when
 * that ends. */
#pragma once

#include "config/settings.h"

typedef struct sd_event sd_event;
struct heartbeat;
struct http_client;

struct heartbeat_calls {
        bool (*is_well)(void *userdata);
        /* How a beat ended. why: NULL where it was taken, else a clause that follows "the heartbeat". */
        void (*beaten)(const char *why, void *userdata);
        void *userdata;
};

/* The first beat comes at once, from the loop. settings must live as long. Returns 0 or a negative errno. */
int heartbeat_new(sd_event *event,
                  struct http_client *http,
                  const struct notify_settings *settings,
                  const struct heartbeat_calls *calls,
                  struct heartbeat **ret);
/* The same settings, which stand elsewhere now. h may be NULL. */
void heartbeat_keep(struct heartbeat *h, const struct notify_settings *settings);
struct heartbeat *heartbeat_free(struct heartbeat *h);
DEFINE_CLEANUP(struct heartbeat *, heartbeat_free)
