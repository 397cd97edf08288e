/* One notification given to a program: as JSON on its standard input, and in its environment. */
#pragma once

#include "report/notification/delivery.h"

typedef struct sd_event sd_event;
struct command; /* the slot: unref kills it */

/* done is called exactly once, from the loop, unless c is unref'd before. SIGCHLD must be blocked. Returns
 * 0, or a negative errno and such a clause in why. */
int command_run(sd_event *event,
                const struct notify_settings *settings,
                const struct notification *n,
                notify_sent_t done,
                void *userdata,
                char why[static NOTIFY_WHY_SIZE],
                struct command **ret);
struct command *command_unref(struct command *c);
DEFINE_CLEANUP(struct command *, command_unref)
