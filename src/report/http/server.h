/* The HTTP server: listeners on the agent's loop (libmicrohttpd), its limits, and waiting for the first
 * polls. GET and HEAD, and orders. It knows nothing of workers; what is answered comes from its answer
 * callback. A server that is given a struct http_control is the operator's own, and admits nobody else. */
#pragma once

#include <sys/types.h>

#include "report/http/document.h"

typedef struct sd_event sd_event;
struct http_server;

/* Limits of each listener; see connect-watchdog.conf(5), section [http]. */
#define HTTP_CONNECTIONS_MAX 256
#define HTTP_CONNECTIONS_PER_ADDRESS_MAX 64
#define HTTP_HEADER_BYTES_MAX ((size_t) 16 * 1024)
/* From its first byte to the end of its answer, and idle between two requests. */
#define HTTP_PATIENCE_USEC (10 * USEC_PER_SEC)
/* After so long in one round of the loop, a request waits for the next: nothing else on it waits longer than
 * for this and one document. */
#define HTTP_ROUND_USEC (2 * USEC_PER_MSEC)
/* Of an answer, so much is handed to the kernel ahead of its client. */
#define HTTP_SEND_BYTES (128 * 1024)
/* Of all listeners: what clients are slow to take is at most so much, beside small bodies. */
#define HTTP_BODY_BYTES_MAX ((size_t) 64 * 1024 * 1024)
#define HTTP_SMALL_BODY_BYTES ((size_t) 64 * 1024)
/* Of an order. */
#define HTTP_ORDER_BYTES_MAX ((size_t) 16 * 1024)
/* How long a request may wait for the first poll of every worker. */
#define HTTP_FIRST_POLL_WAIT_USEC (2 * USEC_PER_SEC)

/* One request that was answered. */
struct http_access {
        const char *method, *path; /* as they came */
        unsigned status;
        size_t body_bytes;
        const char *peer; /* "127.0.0.1", or "unix" */
};

/* A POST, whole. The strings live for the call. */
struct http_order {
        const char *path;
        const char *protocol; /* as in struct question */
        const char *body;     /* no string: it may hold anything */
        size_t body_len;
        uid_t uid; /* of who gives it */
};

/* Where its answer is awaited; it outlives whoever asked. */
struct http_reply;
/* Answers, now or later, and once: reply is gone then. d is taken over. */
void http_reply_send(struct http_reply *reply, struct document *d);
/* No answer could be made for want of memory: 500, without a body. */
void http_reply_drop(struct http_reply *reply);

/* What makes a server the operator's own: its unix sockets are for this user and its group alone, and it
 * takes orders. */
struct http_control {
        const char *header, *header_value; /* of every answer */
        /* Makes the answer to what the server itself refuses. Returns 0 or -ENOMEM. */
        int (*complain)(struct document *ret, unsigned status, const char *text);
        /* Carries it out. */
        void (*order)(const struct http_order *o, struct http_reply *reply, void *userdata);
};

struct http_server_calls {
        /* Makes the answer. Returns 0 or -ENOMEM. */
        int (*answer)(const struct question *q, struct document *ret, void *userdata);
        /* A listener began to listen (error 0), or cannot (negative errno; it is tried again every 5 s).
         * Told when it changes. */
        void (*listening)(const char *address, int error, void *userdata);
        /* NULL: not told. */
        void (*access)(const struct http_access *a, void *userdata);
        const struct http_control *control; /* static; NULL: whoever can connect may ask, and only that */
        void *userdata;
};

/* calls are copied. Returns 0 or a negative errno. */
int http_server_new(sd_event *event, const struct http_server_calls *calls, struct http_server **ret);
/* Closes all connections. */
struct http_server *http_server_free(struct http_server *s);
DEFINE_CLEANUP(struct http_server *, http_server_free)

/* Listens on just these addresses (listen_address.h; a strv) from now on: listeners that stay are left
 * alone, with their connections. One that cannot be had is told and tried again. Returns 0 or -ENOMEM. */
int http_server_listen(struct http_server *s, char *const *addresses);
/* Listens on sockets that systemd handed over (LISTEN_FDS); they are its for good. Returns how many there
 * were, or a negative errno. */
int http_server_take_sockets(struct http_server *s);
/* Every worker was polled once: nobody waits any more. */
void http_server_open(struct http_server *s);
