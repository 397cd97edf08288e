/* Connections and requests. Where they come from is listener.c's part. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <microhttpd.h>

#include "report/http/server_internal.h"

/* What a browser may do with what is answered: nothing; a page has a style of its own, within itself. */
#define NOTHING_POLICY "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#define PAGE_POLICY NOTHING_POLICY "; style-src 'unsafe-inline'"

/* How often connections are looked for that take too long. */
#define SWEEP_USEC USEC_PER_SEC

/* since_usec begins anew with each request. */
struct connection {
        struct listener *listener;
        struct connection *next, **back; /* in the listener's list */
        struct MHD_Connection *handle;
        usec_t since_usec; /* CLOCK_MONOTONIC */
        char peer[INET6_ADDRSTRLEN];
};

/* From the end of its header to the end of its answer. */
struct request {
        struct connection *connection;
        struct request *next, **back; /* in the server's list while it waits for the first polls */
        bool has_waited;
};

static usec_t monotonic_now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

/* ---- answers ---- */

/* Takes the body over. */
static enum MHD_Result respond(struct MHD_Connection *c, struct document *d) {
        struct MHD_Response *response;
        enum MHD_Result result;

        response = MHD_create_response_from_buffer(d->body_len, d->body, MHD_RESPMEM_MUST_FREE);
        if (!response)
                return MHD_NO;
        d->body = NULL;
        if (d->content_type)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, d->content_type);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        (void) MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        (void) MHD_add_response_header(
                response, "Content-Security-Policy",
                d->content_type && strncmp(d->content_type, "text/html", strlen("text/html")) == 0
                        ? PAGE_POLICY
                        : NOTHING_POLICY);
        if (d->status == MHD_HTTP_METHOD_NOT_ALLOWED)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        result = MHD_queue_response(c, d->status, response);
        MHD_destroy_response(response);
        return result;
}

static enum MHD_Result respond_text(struct MHD_Connection *c, unsigned status, const char *text) {
        _cleanup_(document_done) struct document d = {};

        if (document_text(&d, status, text) < 0)
                return MHD_NO;
        return respond(c, &d);
}

static enum MHD_Result answer(struct http_server *s,
                              struct request *q,
                              const char *method,
                              const char *path) {
        _cleanup_(document_done) struct document d = {};
        struct MHD_Connection *c = q->connection->handle;
        const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
        const struct question question = {
                .path = path,
                .rest = "",
                .worker = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "worker"),
                .kafka = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "kafka"),
                .accept = strempty(accept),
        };

        if (s->calls.answer(&question, &d, s->calls.userdata) < 0)
                return respond_text(c, MHD_HTTP_INTERNAL_SERVER_ERROR,
                                    "The answer could not be made for want of memory.\n");
        if (s->calls.access) {
                const struct http_access access = {
                        .method = method,
                        .path = path,
                        .status = d.status,
                        .body_bytes = d.body_len,
                        .peer = q->connection->peer,
                };

                s->calls.access(&access, s->calls.userdata);
        }
        return respond(c, &d);
}

/* ---- waiting for the first polls ---- */

static void stop_waiting(struct request *q) {
        if (!q->back)
                return;
        *q->back = q->next;
        if (q->next)
                q->next->back = q->back;
        q->next = NULL;
        q->back = NULL;
}

static void resume_all(struct http_server *s) {
        while (s->waiting) {
                struct request *q = s->waiting;

                stop_waiting(q);
                q->has_waited = true;
                MHD_resume_connection(q->connection->handle);
        }
        (void) sd_event_source_set_enabled(s->wait_source, SD_EVENT_OFF);
        for (struct listener *l = s->listeners; l; l = l->next)
                if (l->daemon) /* what was resumed is only looked at in its next run */
                        (void) sd_event_source_set_time_relative(l->timer_source, 0),
                                (void) sd_event_source_set_enabled(l->timer_source, SD_EVENT_ONESHOT);
}

static int on_waited_enough(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        resume_all(userdata);
        return 0;
}

/* The first to come sets the time: nobody waits longer, and those who come later wait less. */
static void wait_for_first_polls(struct http_server *s, struct request *q) {
        if (!s->waiting) {
                (void) sd_event_source_set_time_relative(s->wait_source, HTTP_FIRST_POLL_WAIT_USEC);
                (void) sd_event_source_set_enabled(s->wait_source, SD_EVENT_ONESHOT);
        }
        q->next = s->waiting;
        q->back = &s->waiting;
        if (q->next)
                q->next->back = &q->next;
        s->waiting = q;
        MHD_suspend_connection(q->connection->handle);
}

void http_server_open(struct http_server *s) {
        if (s->open)
                return;
        s->open = true;
        resume_all(s);
}

/* ---- requests ---- */

static bool announces_body(struct MHD_Connection *c) {
        const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

        return (length && !streq(length, "0")) ||
               MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called when the header is there, and again until there is an answer. To answer at once would close the
 * connection, which is what is wanted only for what is refused. */
static enum MHD_Result on_request(void *userdata,
                                  struct MHD_Connection *c,
                                  const char *path,
                                  const char *method,
                                  const char *version _unused_,
                                  const char *body _unused_,
                                  size_t *body_len _unused_,
                                  void **request) {
        struct listener *l = userdata;
        struct request *q = *request;

        if (!q) {
                const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

                if (!streq(method, MHD_HTTP_METHOD_GET) && !streq(method, MHD_HTTP_METHOD_HEAD))
                        return respond_text(c, MHD_HTTP_METHOD_NOT_ALLOWED,
                                            "Only GET and HEAD are answered here.\n");
                if (announces_body(c))
                        return respond_text(c, MHD_HTTP_CONTENT_TOO_LARGE, "Nothing here takes a body.\n");
                q = info && info->socket_context ? calloc(1, sizeof(*q)) : NULL;
                if (!q)
                        return MHD_NO;
                q->connection = info->socket_context;
                *request = q;
                return MHD_YES;
        }
        if (!l->server->open && !q->has_waited) {
                wait_for_first_polls(l->server, q);
                return MHD_YES;
        }
        return answer(l->server, q, method, path);
}

static void on_request_done(void *userdata _unused_,
                            struct MHD_Connection *c _unused_,
                            void **request,
                            enum MHD_RequestTerminationCode code _unused_) {
        struct request *q = *request;

        if (!q)
                return;
        stop_waiting(q);
        q->connection->since_usec = monotonic_now_usec();
        free(q);
        *request = NULL;
}

/* ---- connections ---- */

static void name_peer(struct MHD_Connection *c, char *buf, size_t size) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct sockaddr *peer = info ? info->client_addr : NULL;

        (void) snprintf(buf, size, "unix");
        if (peer && peer->sa_family == AF_INET)
                (void) inet_ntop(AF_INET, &((const struct sockaddr_in *) peer)->sin_addr, buf,
                                 (socklen_t) size);
        else if (peer && peer->sa_family == AF_INET6)
                (void) inet_ntop(AF_INET6, &((const struct sockaddr_in6 *) peer)->sin6_addr, buf,
                                 (socklen_t) size);
}

static void on_connection(void *userdata,
                          struct MHD_Connection *c,
                          void **context,
                          enum MHD_ConnectionNotificationCode code) {
        struct listener *l = userdata;
        struct connection *k = *context;

        if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
                if (!k)
                        return;
                *k->back = k->next;
                if (k->next)
                        k->next->back = k->back;
                free(k);
                *context = NULL;
                return;
        }
        k = calloc(1, sizeof(*k));
        if (!k)
                return; /* its requests are then refused */
        k->listener = l;
        k->handle = c;
        k->since_usec = monotonic_now_usec();
        name_peer(c, k->peer, sizeof(k->peer));
        k->next = l->connections;
        k->back = &l->connections;
        if (k->next)
                k->next->back = &k->next;
        l->connections = k;
        *context = k;

        int enabled = SD_EVENT_OFF;
        (void) sd_event_source_get_enabled(l->server->sweep_source, &enabled);
        if (enabled == SD_EVENT_OFF) {
                (void) sd_event_source_set_time_relative(l->server->sweep_source, SWEEP_USEC);
                (void) sd_event_source_set_enabled(l->server->sweep_source, SD_EVENT_ONESHOT);
        }
}

/* libmicrohttpd counts only silence: a client that sends a byte now and then would stay for ever. */
static int on_sweep(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        struct http_server *s = userdata;
        usec_t now = monotonic_now_usec();
        bool any = false;

        for (struct listener *l = s->listeners; l; l = l->next)
                for (struct connection *k = l->connections; k; k = k->next) {
                        const union MHD_ConnectionInfo *info =
                                MHD_get_connection_info(k->handle, MHD_CONNECTION_INFO_CONNECTION_FD);

                        any = true;
                        if (info && usec_sub(now, k->since_usec) > HTTP_PATIENCE_USEC)
                                (void) shutdown(info->connect_fd, SHUT_RDWR);
                }
        if (any) {
                (void) sd_event_source_set_time_relative(source, SWEEP_USEC);
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        }
        return 0;
}

int http_server_add_timers(struct http_server *s) {
        int r;

        r = sd_event_add_time_relative(s->event, &s->sweep_source, CLOCK_MONOTONIC, 0, 0, on_sweep, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(s->sweep_source, SD_EVENT_OFF);
        r = sd_event_add_time_relative(s->event, &s->wait_source, CLOCK_MONOTONIC, 0, 0, on_waited_enough,
                                       s);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(s->wait_source, SD_EVENT_OFF);
}

/* ---- the loop ---- */

/* Its sockets are edge-triggered: what is left to do after a run is told by the time it wants to be run
 * again, and by nothing else. */
static void run(struct listener *l) {
        MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

        if (MHD_run(l->daemon) == MHD_YES && MHD_get_timeout(l->daemon, &timeout_ms) == MHD_YES) {
                (void) sd_event_source_set_time_relative(l->timer_source,
                                                         (usec_t) timeout_ms * USEC_PER_MSEC);
                (void) sd_event_source_set_enabled(l->timer_source, SD_EVENT_ONESHOT);
        } else
                (void) sd_event_source_set_enabled(l->timer_source, SD_EVENT_OFF);
}

static int on_ready(sd_event_source *source _unused_,
                    int fd _unused_,
                    uint32_t revents _unused_,
                    void *userdata) {
        run(userdata);
        return 0;
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        run(userdata);
        return 0;
}

/* What a client does wrong is no news. */
static void ignore_log(void *userdata _unused_, const char *format _unused_, va_list ap _unused_) {
}

/* A NUL would end the text where the request does not: "/%00x" is not "/". What holds one stays escaped, and
 * is then nothing's name. */
static size_t unescape(void *userdata _unused_, struct MHD_Connection *c _unused_, char *text) {
        return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

static int watch_daemon(struct listener *l) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        int r;

        if (!info)
                return -EIO;
        r = sd_event_add_io(l->server->event, &l->io_source, info->epoll_fd, EPOLLIN, on_ready, l);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(l->server->event, &l->timer_source, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
                                       on_timer, l);
        if (r < 0)
                return r;
        /* Polls come first. */
        (void) sd_event_source_set_priority(l->io_source, SD_EVENT_PRIORITY_IDLE);
        (void) sd_event_source_set_priority(l->timer_source, SD_EVENT_PRIORITY_IDLE);
        return 0;
}

int listener_serve(struct listener *l, int fd) {
        int r;

        l->daemon = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, l,
                MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,                                    /**/
                MHD_OPTION_LISTEN_SOCKET, fd,                                                    /**/
                MHD_OPTION_CONNECTION_LIMIT, (unsigned) HTTP_CONNECTIONS_MAX,                    /**/
                MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned) HTTP_CONNECTIONS_PER_ADDRESS_MAX, /**/
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_HEADER_BYTES_MAX,                       /**/
                MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) (HTTP_PATIENCE_USEC / USEC_PER_SEC),   /**/
                MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,                                    /**/
                MHD_OPTION_STRICT_FOR_CLIENT, 1,                                                 /**/
                MHD_OPTION_NOTIFY_COMPLETED, on_request_done, NULL,                              /**/
                MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,                                  /**/
                MHD_OPTION_END);
        if (!l->daemon) {
                (void) close(fd);
                return errno > 0 ? -errno : -EIO;
        }
        r = watch_daemon(l);
        if (r < 0)
                listener_stop(l);
        return r;
}

void listener_stop(struct listener *l) {
        l->io_source = sd_event_source_disable_unref(l->io_source);
        l->timer_source = sd_event_source_disable_unref(l->timer_source);
        if (!l->daemon)
                return;
        /* One that is suspended may not be stopped. Those of other listeners wait on. */
        for (struct request *q = l->server->waiting, *next; q; q = next) {
                next = q->next;
                if (q->connection->listener != l)
                        continue;
                stop_waiting(q);
                MHD_resume_connection(q->connection->handle);
        }
        MHD_stop_daemon(l->daemon);
        l->daemon = NULL;
}
