/* What the files of the HTTP server share: nobody else includes this. */
#pragma once

#include <sys/types.h>

#include <systemd/sd-event.h>

#include "report/http/server.h"
#include "util/listen_address.h"

struct MHD_Connection;
struct MHD_Daemon;
struct connection;
struct request;

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

struct http_server {
        sd_event *event;
        struct http_server_calls calls;
        struct listener *listeners;
        struct request *waiting; /* for the first polls */
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

/* ---- listener.c ---- */

/* Tries those that do not listen yet, tells what changed, and arms the next try. */
void listeners_try(struct http_server *s);
