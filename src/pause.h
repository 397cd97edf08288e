/* Operators' pauses: begun and ended by an order or by time, told, and kept in the ledger. */
#pragma once

#include <sys/types.h>

#include "agent.h"

struct control_order;
struct http_reply;

/* Takes up what the ledger kept, once the workers are there: tells what is paused still. Returns 0 or a
 * negative errno. */
int pauses_resume(struct agent *a);
/* One whose worker is not in fresh any more goes on under the name that its unit has there. Before the
 * workers themselves become those of fresh. */
void pauses_follow(struct agent *a, const struct settings *fresh);
/* At the agent's end. */
void pauses_free(struct agent *a);

/* Both answer when it is on disk. */
void pause_begin(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply);
void pause_end(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply);

/* Under which the worker is; NULL: under none. */
const struct pause *worker_pause(const struct worker *w) _pure_;
