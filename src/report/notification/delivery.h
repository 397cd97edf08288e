/* How a try to send one notification ended, whichever way it went. */
#pragma once

#include "report/notification/queue.h"

#define NOTIFY_WHY_SIZE 512

/* why: where it was not taken, a clause that follows "the receiver" or "the command". */
typedef void (*notify_sent_t)(enum notify_result result, const char *why, void *userdata);
