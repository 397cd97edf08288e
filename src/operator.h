/* What the orders of operators share: how they are answered. And the one to give a budget back. */
#pragma once

#include <sys/types.h>

#include "agent.h"

struct control_order;
struct http_reply;

/* "NAME: text" (NULL: all workers), once all that was changed so far is on disk, so that whoever was
 * answered can rely on it; or with what that failed of. */
void operator_answer_kept(struct agent *a, const char *worker, const char *text, struct http_reply *reply);
/* The same at once, where nothing was changed. */
void operator_answer(const char *worker, const char *text, struct http_reply *reply);
/* 409: text is a sentence of its own. */
void operator_refuse(struct http_reply *reply, const char *format, ...) _printf_(2, 3);
/* At the agent's end, once the ledger calls nobody back any more. */
void operator_orders_free(struct agent *a);

/* The worker has its whole budget of restarts, as if there had been none, and so have its connectors. */
void operator_reset(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply);
