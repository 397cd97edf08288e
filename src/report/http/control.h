/* The control protocol: what is answered on the socket that connect-watchdogctl asks, beside the orders
 * that it gives. Pure. Its bodies are JSON, its errors {"error": "one sentence"}. */
#pragma once

#include "report/http/document.h"

/* In this header of each request (where it is left out, any version will do) and of each answer. */
#define CONTROL_PROTOCOL_HEADER "Connect-Watchdog-Protocol"
#define CONTROL_PROTOCOL 1
#define CONTROL_PROTOCOL_TEXT "1"

/* An error; a newline at the end of the text is left out. Returns 0 or -ENOMEM. */
int control_error(struct document *ret, unsigned status, const char *text);

/* Returns 0; 1: the other side speaks another version, and *ret says so; -ENOMEM. */
int control_check_protocol(const char *protocol, struct document *ret);

/* The answer to a GET. Returns 0 or -ENOMEM. */
int control_answer(const struct snapshot *s, const struct question *q, struct document *ret);
/* That no worker is called q->worker, and which name is near. Returns 0 or -ENOMEM. */
int control_no_worker(const struct snapshot *s, const struct question *q, struct document *ret);
