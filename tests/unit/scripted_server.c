/* An HTTP server on a loopback port for unit tests: what it does is named by the path it is asked for. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "scripted_server.h"

#define CONNECTIONS_MAX 2048

struct connection {
        struct scripted_server *server;
        pthread_t thread;
        int fd;
};

struct scripted_server {
        int fd;
        unsigned port;
        pthread_t thread;
        pthread_mutex_t mutex;
        bool stop;
        unsigned n_connections, n_requests;
        char last[4096];
        struct connection connections[CONNECTIONS_MAX];
};

static bool put(int fd, const char *text, size_t len) {
        while (len > 0) {
                ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

                if (n <= 0)
                        return false;
                text += n;
                len -= (size_t) n;
        }
        return true;
}

static bool puts_to(int fd, const char *text) {
        return put(fd, text, strlen(text));
}

/* Waits until the other side has gone. */
static void hang(int fd) {
        char c[512];

        while (recv(fd, c, sizeof(c), 0) > 0)
                ;
}

static void flood(int fd, const char *head, const char *piece) {
        char block[8192];
        size_t len = strlen(piece), n = 0;

        if (!puts_to(fd, head))
                return;
        for (; n + len < sizeof(block); n += len)
                memcpy(block + n, piece, len);
        while (put(fd, block, n))
                ;
}

static void reset(int fd) {
        const struct linger now = { .l_onoff = 1 };

        (void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* Workers: what follows the first part of the path is what a worker is asked for. Returns -1 for other
 * paths, and whether the connection stays open. */
static int answer_as_worker(int fd, const char *path) {
        static const struct {
                const char *path;
                const char *status, *body; /* NULL: hangs */
        } rows[] = {
                { "/healthy/health", "200 OK", "{\"status\":\"healthy\",\"message\":\"x\"}" },
                { "/old/health", "404 X", "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}" },
                { "/old/connectors/connect-watchdog-probe", "404 X",
                  "{\"error_code\":404,\"message\":\"Connector connect-watchdog-probe not found\"}" },
                { "/stuck/health", "404 X", "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}" },
                { "/stuck/connectors/connect-watchdog-probe", NULL, NULL },
                { "/stuck/", "200 OK", "{\"version\":\"3.8.1\"}" },
                { "/dead/health", "404 X", "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}" },
                { "/dead/connectors/connect-watchdog-probe", NULL, NULL },
                { "/dead/", NULL, NULL },
        };
        char text[512];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                if (!streq(rows[i].path, path))
                        continue;
                if (!rows[i].body) {
                        hang(fd);
                        return false;
                }
                (void) snprintf(
                        text, sizeof(text),
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        rows[i].status, strlen(rows[i].body), rows[i].body);
                return puts_to(fd, text);
        }
        return -1;
}

/* Returns whether the connection stays open. */
static bool answer(int fd, const char *path) {
        char text[512];
        unsigned status;
        int worker;

        worker = answer_as_worker(fd, path);
        if (worker >= 0)
                return worker;
        if (streq(path, "/ok"))
                return puts_to(
                        fd,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        if (streq(path, "/chunked"))
                return puts_to(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                                   "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        if (sscanf(path, "/status/%u", &status) == 1) {
                (void) snprintf(text, sizeof(text),
                                "HTTP/1.1 %u X\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: "
                                "0\r\n\r\n",
                                status);
                return puts_to(fd, text);
        }
        if (strncmp(path, "/sent-to=", strlen("/sent-to=")) == 0) {
                (void) snprintf(text, sizeof(text),
                                "HTTP/1.1 301 X\r\nLocation: %.200s\r\nContent-Length: 0\r\n\r\n",
                                path + strlen("/sent-to="));
                return puts_to(fd, text);
        }
        /* As to a HEAD, which has no body. */
        if (streq(path, "/head"))
                return puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        if (streq(path, "/ok-then-close"))
                (void) puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        else if (streq(path, "/hang"))
                hang(fd);
        else if (streq(path, "/half-head")) {
                if (puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Ty"))
                        hang(fd);
        } else if (streq(path, "/half-body")) {
                if (puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
                        hang(fd);
        } else if (streq(path, "/cut-body"))
                (void) puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        else if (streq(path, "/endless-body"))
                flood(fd, "HTTP/1.1 200 OK\r\n\r\n", "x");
        else if (streq(path, "/large-announced")) {
                if (puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"))
                        flood(fd, "", "x");
        } else if (streq(path, "/endless-headers"))
                flood(fd, "HTTP/1.1 200 OK\r\n", "X-Header: and another one\r\n");
        else if (streq(path, "/endless-line"))
                flood(fd, "HTTP/1.1 200 OK\r\nX-Header: ", "x");
        else if (streq(path, "/endless-interim"))
                flood(fd, "", "HTTP/1.1 103 Early Hints\r\n\r\n");
        else if (streq(path, "/reset"))
                reset(fd);
        else if (streq(path, "/reset-in-body")) {
                (void) puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
                reset(fd);
        } else if (streq(path, "/not-http"))
                (void) puts_to(fd, "220 mail.example ESMTP\r\n");
        else if (streq(path, "/garbage"))
                (void) puts_to(fd, "HTTP/9.9 abc\r\n\r\n");
        return false;
}

/* The head, and the body that it announces. */
static bool is_whole(const char *request) {
        const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");

        if (!end)
                return false;
        return !length || length > end ||
               strlen(end + 4) >= strtoul(length + strlen("Content-Length: "), NULL, 10);
}

static void *serve(void *arg) {
        struct connection *c = arg;
        struct scripted_server *s = c->server;
        char head[4096], path[256];
        size_t n = 0;

        for (;;) {
                ssize_t k = recv(c->fd, head + n, sizeof(head) - 1 - n, 0);

                if (k <= 0)
                        break;
                n += (size_t) k;
                head[n] = '\0';
                if (!is_whole(head))
                        continue;
                pthread_mutex_lock(&s->mutex);
                s->n_requests++;
                memcpy(s->last, head, n + 1);
                pthread_mutex_unlock(&s->mutex);
                if (sscanf(head, "%*[A-Z] %255s", path) != 1 || !answer(c->fd, path))
                        break;
                n = 0;
        }
        pthread_mutex_lock(&s->mutex);
        (void) close(c->fd);
        c->fd = -1;
        pthread_mutex_unlock(&s->mutex);
        return NULL;
}

static void *accept_all(void *arg) {
        struct scripted_server *s = arg;

        for (;;) {
                struct connection *c;
                int fd = accept(s->fd, NULL, NULL);

                if (fd < 0)
                        return NULL;
                pthread_mutex_lock(&s->mutex);
                if (s->stop || s->n_connections >= CONNECTIONS_MAX) {
                        (void) close(fd);
                        pthread_mutex_unlock(&s->mutex);
                        return NULL;
                }
                c = &s->connections[s->n_connections++];
                *c = (struct connection) { .server = s, .fd = fd };
                if (pthread_create(&c->thread, NULL, serve, c) != 0)
                        abort();
                pthread_mutex_unlock(&s->mutex);
        }
}

static struct scripted_server *listen_at(const struct sockaddr *a, socklen_t len) {
        struct scripted_server *s = calloc(1, sizeof(*s));

        if (!s)
                abort();
        pthread_mutex_init(&s->mutex, NULL);
        s->fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s->fd < 0 || bind(s->fd, a, len) < 0 || listen(s->fd, 1024) < 0 ||
            pthread_create(&s->thread, NULL, accept_all, s) != 0)
                abort();
        return s;
}

struct scripted_server *scripted_server_new(void) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct scripted_server *s = listen_at((struct sockaddr *) &a, sizeof(a));
        socklen_t len = sizeof(a);

        if (getsockname(s->fd, (struct sockaddr *) &a, &len) < 0)
                abort();
        s->port = ntohs(a.sin_port);
        return s;
}

struct scripted_server *scripted_server_new_at(const char *path) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        (void) snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
        return listen_at((struct sockaddr *) &a, sizeof(a));
}

struct scripted_server *scripted_server_free(struct scripted_server *s) {
        if (!s)
                return NULL;
        pthread_mutex_lock(&s->mutex);
        s->stop = true;
        (void) shutdown(s->fd, SHUT_RDWR);
        for (unsigned i = 0; i < s->n_connections; i++)
                if (s->connections[i].fd >= 0)
                        (void) shutdown(s->connections[i].fd, SHUT_RDWR);
        pthread_mutex_unlock(&s->mutex);
        pthread_join(s->thread, NULL);
        for (unsigned i = 0; i < s->n_connections; i++)
                pthread_join(s->connections[i].thread, NULL);
        (void) close(s->fd);
        pthread_mutex_destroy(&s->mutex);
        free(s);
        return NULL;
}

unsigned scripted_server_port(const struct scripted_server *s) {
        return s->port;
}

static unsigned read_count(struct scripted_server *s, const unsigned *count) {
        unsigned n;

        pthread_mutex_lock(&s->mutex);
        n = *count;
        pthread_mutex_unlock(&s->mutex);
        return n;
}

unsigned scripted_server_connections(struct scripted_server *s) {
        return read_count(s, &s->n_connections);
}

unsigned scripted_server_requests(struct scripted_server *s) {
        return read_count(s, &s->n_requests);
}

void scripted_server_last_request(struct scripted_server *s, char *buf, size_t size) {
        pthread_mutex_lock(&s->mutex);
        (void) snprintf(buf, size, "%s", s->last);
        pthread_mutex_unlock(&s->mutex);
}
