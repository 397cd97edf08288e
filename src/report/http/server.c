/* Connections and requests. Where they come from is listener.c's part. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <microhttpd.h>

#include "report/http/server_internal.h"
#include "report/http/socket_peer.h"
#include "util/clock.h"

/* What a browser may do with what is answered: nothing; a page has a style of its own, within itself. */
#define NOTHING_POLICY "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#define PAGE_POLICY NOTHING_POLICY "; style-src 'unsafe-inline'"

/* How often connections are looked for that take too long. */
#define SWEEP_USEC USEC_PER_SEC

static usec_t monotonic_now_usec(void) {
        return clock_now(CLOCK_MONOTONIC);
}

/* ---- answers ---- */

/* Takes the body over. last: what else was asked on this connection goes unanswered. */
static enum MHD_Result respond(const struct http_server *s,
                               struct MHD_Connection *c,
                               struct document *d,
                               bool last) {
        const struct http_control *control = s->calls.control;
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
        if (control)
                (void) MHD_add_response_header(response, control->header, control->header_value);
        if (last)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        if (d->status == MHD_HTTP_METHOD_NOT_ALLOWED)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                               control ? "GET, HEAD, POST" : "GET, HEAD");
        result = MHD_queue_response(c, d->status, response);
        MHD_destroy_response(response);
        return result;
}

static int complain(const struct http_server *s, struct document *ret, unsigned status, const char *text) {
        return s->calls.control ? s->calls.control->complain(ret, status, text)
                                : document_text(ret, status, text);
}

static enum MHD_Result respond_refusal(const struct http_server *s,
                                       struct MHD_Connection *c,
                                       unsigned status,
                                       const char *text) {
        _cleanup_(document_done) struct document d = {};

        if (complain(s, &d, status, text) < 0)
                return MHD_NO;
        return respond(s, c, &d, false);
}

static const char *header_of(struct MHD_Connection *c, const char *name) {
        return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* What clients do not read is kept for them, so there is an end to it. */
static bool has_room(const struct http_server *s, size_t body_bytes) {
        return body_bytes <= HTTP_SMALL_BODY_BYTES || s->body_bytes == 0 ||
               s->body_bytes + body_bytes <= HTTP_BODY_BYTES_MAX;
}

static enum MHD_Result answer(struct http_server *s,
                              struct request *q,
                              const char *method,
                              const char *path) {
        _cleanup_(document_done) struct document d = {};
        struct MHD_Connection *c = q->connection->handle;
        const struct http_control *control = s->calls.control;
        const struct question question = {
                .path = path,
                .rest = "",
                .worker = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "worker"),
                .kafka = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "kafka"),
                .accept = strempty(header_of(c, MHD_HTTP_HEADER_ACCEPT)),
                .protocol = strempty(control ? header_of(c, control->header) : NULL),
        };
        bool turned_away;

        if (q->order) {
                d = q->answer;
                q->answer = (struct document) {};
        } else if (s->calls.answer(&question, &d, s->calls.userdata) < 0)
                return respond_refusal(s, c, MHD_HTTP_INTERNAL_SERVER_ERROR,
                                       "The answer could not be made for want of memory.\n");
        turned_away = !has_room(s, d.body_len);
        if (turned_away) {
                document_done(&d);
                if (complain(s, &d, MHD_HTTP_SERVICE_UNAVAILABLE,
                             "Too many clients are slow to take large answers; try again.\n") < 0)
                        return MHD_NO;
        }
        q->body_bytes = d.body_len;
        s->body_bytes += d.body_len;
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
        return respond(s, c, &d, turned_away);
}

/* ---- a round of the loop ---- */

/* Its sockets are edge-triggered: what is left to do after a run is told by the time it wants to be run
 * again. But for one thing: where every place was taken, it listens again only in the run after that in
 * which one was left. */
static void run(struct listener *l) {
        MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

        l->server->round_began_usec = monotonic_now_usec();
        l->any_left = false;
        if (MHD_run(l->daemon) == MHD_YES &&
            (l->any_left || MHD_get_timeout(l->daemon, &timeout_ms) == MHD_YES)) {
                (void) sd_event_source_set_time_relative(l->timer_source,
                                                         (usec_t) timeout_ms * USEC_PER_MSEC);
                (void) sd_event_source_set_enabled(l->timer_source, SD_EVENT_ONESHOT);
        } else
                (void) sd_event_source_set_enabled(l->timer_source, SD_EVENT_OFF);
}

/* ---- waiting ---- */

static struct request **end_of(struct request **list) {
        while (*list)
                list = &(*list)->next;
        return list;
}

static void begin_waiting(struct request **list, struct request *q) {
        q->back = end_of(list);
        *q->back = q;
        MHD_suspend_connection(q->connection->handle);
}

static void stop_waiting(struct request *q) {
        if (!q->back)
                return;
        *q->back = q->next;
        if (q->next)
                q->next->back = q->back;
        q->next = NULL;
        q->back = NULL;
}

/* A timer, although there is nothing to wait for: a deferred source that is armed again counts as older than
 * all others of its priority, so no other listener would be heard. */
static void arm_turn(struct http_server *s) {
        (void) sd_event_source_set_time_relative(s->turn_source, 0);
        (void) sd_event_source_set_enabled(s->turn_source, SD_EVENT_ONESHOT);
}

static void wait_for_turn(struct http_server *s, struct request *q) {
        if (!s->due)
                arm_turn(s);
        begin_waiting(&s->due, q);
}

/* One at a time: between two of them the loop sees to whatever else has become due. */
static int on_turn(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct http_server *s = userdata;
        struct request *q = s->due;
        struct listener *l;

        if (!q)
                return 0;
        l = q->connection->listener;
        stop_waiting(q);
        q->its_turn = true;
        MHD_resume_connection(q->connection->handle);
        run(l);
        if (s->due)
                arm_turn(s);
        return 0;
}

void server_let_answer(struct request *q) {
        struct http_server *s = q->connection->listener->server;

        q->connection->obeyed = false;
        q->connection->since_usec = monotonic_now_usec();
        if (!q->back)
                return; /* it did not have to wait */
        stop_waiting(q);
        q->back = end_of(&s->due);
        *q->back = q;
        arm_turn(s);
}

/* Who waits for the first polls has waited enough. */
static void let_in(struct http_server *s) {
        (void) sd_event_source_set_enabled(s->wait_source, SD_EVENT_OFF);
        if (!s->waiting)
                return;
        s->waiting->back = end_of(&s->due);
        *s->waiting->back = s->waiting;
        s->waiting = NULL;
        arm_turn(s);
}

static int on_waited_enough(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        let_in(userdata);
        return 0;
}

/* The first to come sets the time: nobody waits longer, and those who come later wait less. */
static void wait_for_first_polls(struct http_server *s, struct request *q) {
        if (!s->waiting) {
                (void) sd_event_source_set_time_relative(s->wait_source, HTTP_FIRST_POLL_WAIT_USEC);
                (void) sd_event_source_set_enabled(s->wait_source, SD_EVENT_ONESHOT);
        }
        begin_waiting(&s->waiting, q);
}

void http_server_open(struct http_server *s) {
        if (s->open)
                return;
        s->open = true;
        let_in(s);
}

/* ---- requests ---- */

static bool announces_body(struct MHD_Connection *c) {
        const char *length = header_of(c, MHD_HTTP_HEADER_CONTENT_LENGTH);

        return (length && !streq(length, "0")) || header_of(c, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* To answer at once closes the connection, which is what is wanted only for what is refused. */
static enum MHD_Result begin_request(const struct http_server *s,
                                     struct MHD_Connection *c,
                                     const char *method,
                                     void **request) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct connection *k = info ? info->socket_context : NULL;
        bool is_order = s->calls.control && streq(method, MHD_HTTP_METHOD_POST);
        const char *why = "";
        struct request *q;

        if (s->calls.control && !(k && k->is_ours))
                return respond_refusal(s, c, MHD_HTTP_FORBIDDEN,
                                       "Only root and members of the agent's group are answered here.\n");
        if (is_order) {
                unsigned status = order_refusal(header_of(c, MHD_HTTP_HEADER_CONTENT_LENGTH),
                                                header_of(c, MHD_HTTP_HEADER_TRANSFER_ENCODING), &why);

                if (status > 0)
                        return respond_refusal(s, c, status, why);
        } else if (!streq(method, MHD_HTTP_METHOD_GET) && !streq(method, MHD_HTTP_METHOD_HEAD))
                return respond_refusal(s, c, MHD_HTTP_METHOD_NOT_ALLOWED,
                                       "Only GET and HEAD are answered here.\n");
        else if (announces_body(c))
                return respond_refusal(s, c, MHD_HTTP_CONTENT_TOO_LARGE, "Nothing here takes a body.\n");
        q = k ? calloc(1, sizeof(*q)) : NULL;
        if (!q || (is_order && order_begin(q) < 0)) {
                free(q);
                return MHD_NO;
        }
        q->connection = k;
        *request = q;
        return MHD_YES;
}

/* Its turn has come: a question is answered, an order carried out, or answered if that is done. */
static enum MHD_Result serve(struct http_server *s,
                             struct request *q,
                             const char *method,
                             const char *path) {
        int r;

        if (!q->order || q->answer.status > 0)
                return answer(s, q, method, path);
        q->its_turn = false;
        q->connection->obeyed = true;
        r = order_carry_out(s, q, path,
                            strempty(header_of(q->connection->handle, s->calls.control->header)));
        if (r != 0)
                return r < 0 ? MHD_NO : answer(s, q, method, path);
        begin_waiting(&s->obeyed, q);
        return MHD_YES;
}

/* Called when the header is there, with each part of a body, and again until there is an answer. */
static enum MHD_Result on_request(void *userdata,
                                  struct MHD_Connection *c,
                                  const char *path,
                                  const char *method,
                                  const char *version _unused_,
                                  const char *body,
                                  size_t *body_len,
                                  void **request) {
        struct listener *l = userdata;
        struct http_server *s = l->server;
        struct request *q = *request;

        if (!q)
                return begin_request(s, c, method, request);
        if (*body_len > 0) {
                int r = order_take(q, body, *body_len);

                *body_len = 0;
                return r < 0 ? MHD_NO : MHD_YES;
        }
        if (q->its_turn)
                return serve(s, q, method, path);
        if (!s->open)
                wait_for_first_polls(s, q);
        else if (s->due || monotonic_now_usec() - s->round_began_usec > HTTP_ROUND_USEC)
                wait_for_turn(s, q);
        else
                return serve(s, q, method, path);
        return MHD_YES;
}

static void on_request_done(void *userdata _unused_,
                            struct MHD_Connection *c _unused_,
                            void **request,
                            enum MHD_RequestTerminationCode code _unused_) {
        struct request *q = *request;

        if (!q)
                return;
        stop_waiting(q);
        order_done(q);
        q->connection->obeyed = false;
        q->connection->listener->server->body_bytes -= q->body_bytes;
        q->connection->since_usec = monotonic_now_usec();
        free(q);
        *request = NULL;
}

/* ---- connections ---- */

/* Negative: it has none any more. */
static int descriptor_of(struct MHD_Connection *c) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

        return info ? info->connect_fd : -1;
}

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
                l->any_left = true;
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
        if (l->server->calls.control)
                k->is_ours = socket_peer_is_ours(descriptor_of(c), &k->uid);
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
                        any = true;
                        if (!k->obeyed && usec_sub(now, k->since_usec) > HTTP_PATIENCE_USEC)
                                (void) shutdown(descriptor_of(k->handle), SHUT_RDWR);
                }
        if (any) {
                (void) sd_event_source_set_time_relative(source, SWEEP_USEC);
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        }
        return 0;
}

int http_server_add_sources(struct http_server *s) {
        int r;

        r = sd_event_add_time_relative(s->event, &s->sweep_source, CLOCK_MONOTONIC, 0, 0, on_sweep, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(s->sweep_source, SD_EVENT_OFF);
        r = sd_event_add_time_relative(s->event, &s->wait_source, CLOCK_MONOTONIC, 0, 0, on_waited_enough,
                                       s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(s->wait_source, SD_EVENT_OFF);
        r = sd_event_add_time_relative(s->event, &s->turn_source, CLOCK_MONOTONIC, 0, 1, on_turn, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_priority(s->turn_source, SD_EVENT_PRIORITY_IDLE);
        return sd_event_source_set_enabled(s->turn_source, SD_EVENT_OFF);
}

/* ---- listening ---- */

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
        static const int send_bytes = HTTP_SEND_BYTES;
        int r;

        /* Each connection inherits it. Left to itself, the kernel keeps up to 4M for one that does not read,
         * and all of it counts as ours. */
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
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

static void resume_those_of(const struct listener *l, struct request *list) {
        for (struct request *q = list, *next; q; q = next) {
                next = q->next;
                if (q->connection->listener != l)
                        continue;
                stop_waiting(q);
                MHD_resume_connection(q->connection->handle);
        }
}

void listener_stop(struct listener *l) {
        l->io_source = sd_event_source_disable_unref(l->io_source);
        l->timer_source = sd_event_source_disable_unref(l->timer_source);
        if (!l->daemon)
                return;
        /* One that is suspended may not be stopped. */
        resume_those_of(l, l->server->waiting);
        resume_those_of(l, l->server->obeyed);
        resume_those_of(l, l->server->due);
        MHD_stop_daemon(l->daemon);
        l->daemon = NULL;
}
