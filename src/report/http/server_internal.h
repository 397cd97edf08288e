/* What the files of the HTTP server share: nobody else includes this. */
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include "report/http/server.h"
#include "util/listen_address.h"

struct MHD_Connection;
struct MHD_Daemon;
struct listener {
        struct listener *next; /* in server->listeners */
        struct http_server *server;
        struct listen_address at;
        bool handed_over; /* by systemd: never closed before the end */
        dev_t socket_dev; /* of its unix socket */
        ino_t socket_ino;
        int error;                 /* as last told; 1: not told yet */
        struct MHD_Daemon *daemon; /* NULL: not listening, and tried again */
        sd_event_source *io_source, *timer_source;
        struct connection *connections;
        bool any_left; /* of them, in this round */
};

/* since_usec begins anew with each request. */
struct connection {
        struct listener *listener;
        struct connection *next, **back; /* in the listener's list */
        struct MHD_Connection *handle;
        usec_t since_usec; /* CLOCK_MONOTONIC */
        char peer[INET6_ADDRSTRLEN];
        bool is_ours; /* see socket_peer.h; asked of the operator's own server alone */
        uid_t uid;
        bool obeyed; /* an order is being carried out, for as long as it takes */
};

/* From the end of its header to the end of its answer. */
struct request {
        struct connection *connection;
        struct request *next, **back; /* in one of the server's lists while it waits */
        bool its_turn;                /* waits no more */
        size_t body_bytes;            /* of its answer */
        char *order;                  /* the body of a POST; NULL: a question */
        size_t order_len;
        struct http_reply *reply; /* to an order that is being carried out */
        struct document answer;   /* to one that was */
};

struct http_server {
        sd_event *event;
        struct http_server_calls calls;
        struct listener *listeners;
        struct request *waiting; /* for the first polls */
        struct request *obeyed;  /* orders that are being carried out */
        struct request *due;     /* those whose turn comes, the first to come first */
        bool open;
        usec_t round_began_usec; /* CLOCK_MONOTONIC */
        size_t body_bytes;       /* of answers on their way */
        sd_event_source *sweep_source, *retry_source, *wait_source, *turn_source;
};

/* ---- server.c ---- */

/* The sources that all listeners share, none of them armed. Returns 0 or a negative errno. */
int http_server_add_sources(struct http_server *s);

/* Has libmicrohttpd serve the listening socket fd, which it takes over. Returns 0 or a negative errno. */
int listener_serve(struct listener *l, int fd);
/* Closes its connections and its socket. */
void listener_stop(struct listener *l);

/* What it waited for is there: its turn to be answered comes. */
void server_let_answer(struct request *q);

/* ---- order.c ---- */

/* By its header: 0, or the status with which it is refused, and why. */
unsigned order_refusal(const char *length, const char *transfer_encoding, const char **ret_why);
/* Begins to take its body, and takes a part of it. Both return 0 or a negative errno. */
int order_begin(struct request *q);
int order_take(struct request *q, const char *data, size_t len);
/* Returns 1 when q->answer is there already, 0 when server_let_answer() is to follow, or -ENOMEM. */
int order_carry_out(struct http_server *s, struct request *q, const char *path, const char *protocol);
/* The request ends. */
void order_done(struct request *q);

/* ---- listener.c ---- */

/* Tries those that do not listen yet, tells what changed, and arms the next try. */
void listeners_try(struct http_server *s);
