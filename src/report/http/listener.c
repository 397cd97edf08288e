/* Where connections come from: addresses to sockets, those that systemd hands over, and the next try for one
 * that cannot be had. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <systemd/sd-daemon.h>

#include "report/http/server_internal.h"
#include "util/text.h"

#define RETRY_USEC (5 * USEC_PER_SEC)
#define BACKLOG 128

static const char *path_of(const struct listen_address *at) {
        return ((const struct sockaddr_un *) &at->address)->sun_path;
}

static bool find_socket(const struct listen_address *at, struct stat *ret) {
        return lstat(path_of(at), ret) == 0 && S_ISSOCK(ret->st_mode);
}

/* What a killed agent left behind: nobody accepts there. Somebody else's socket stays, and so does a file:
 * connect() refuses that in the same words. */
static void remove_stale_socket(const struct listen_address *at) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat st;

        if (fd >= 0 && find_socket(at, &st) &&
            connect(fd, (const struct sockaddr *) &at->address, at->address_len) < 0 &&
            errno == ECONNREFUSED)
                (void) unlink(path_of(at));
}

/* Returns the descriptor or a negative errno. */
static int open_socket(const struct listen_address *at, mode_t mode) {
        static const int yes = 1, no = 0;
        int family = at->address.ss_family;
        _cleanup_close_ int fd = -1;

        fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (family == AF_UNIX)
                remove_stale_socket(at);
        else
                (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (family == AF_INET6) {
                bool all = strncmp(at->text, "*:", 2) == 0;

                (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, all ? &no : &yes, sizeof(no));
        }
        if (bind(fd, (const struct sockaddr *) &at->address, at->address_len) < 0)
                return -errno;
        if (family == AF_UNIX && chmod(path_of(at), mode) < 0)
                return -errno;
        if (listen(fd, BACKLOG) < 0)
                return -errno;
        return take_fd(&fd);
}

static int try_to_listen(struct listener *l) {
        /* What is read-only may be asked by all, as on a port that every user of this host can reach. */
        int fd = open_socket(&l->at, l->server->calls.control ? 0660 : 0666);
        struct stat st;

        if (fd < 0)
                return fd;
        if (l->at.address.ss_family == AF_UNIX && find_socket(&l->at, &st)) {
                l->socket_dev = st.st_dev;
                l->socket_ino = st.st_ino;
        }
        return listener_serve(l, fd);
}

static int on_retry(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        listeners_try(userdata);
        return 0;
}

void listeners_try(struct http_server *s) {
        bool again = false;

        for (struct listener *l = s->listeners; l; l = l->next) {
                int r;

                if (l->daemon)
                        continue;
                r = try_to_listen(l);
                again = again || r < 0;
                if (r != l->error)
                        s->calls.listening(l->at.text, r, s->calls.userdata);
                l->error = r;
        }
        if (!again)
                return;
        if (!s->retry_source)
                (void) sd_event_add_time_relative(s->event, &s->retry_source, CLOCK_MONOTONIC, RETRY_USEC, 0,
                                                  on_retry, s);
        else {
                (void) sd_event_source_set_time_relative(s->retry_source, RETRY_USEC);
                (void) sd_event_source_set_enabled(s->retry_source, SD_EVENT_ONESHOT);
        }
}

static struct listener *find_listener(const struct http_server *s, const char *address) {
        for (struct listener *l = s->listeners; l; l = l->next)
                if (streq(l->at.text, address))
                        return l;
        return NULL;
}

static struct listener *add_listener(struct http_server *s) {
        struct listener *l = calloc(1, sizeof(*l)), **at = &s->listeners;

        if (!l)
                return NULL;
        l->server = s;
        l->error = 1;
        while (*at)
                at = &(*at)->next;
        *at = l;
        return l;
}

/* Somebody may have put another socket in the place of a listener's own: that one stays. */
static void drop_listener(struct listener **at) {
        struct listener *l = *at;
        struct stat st;

        if (l->daemon && !l->handed_over && l->at.address.ss_family == AF_UNIX && find_socket(&l->at, &st) &&
            st.st_dev == l->socket_dev && st.st_ino == l->socket_ino)
                (void) unlink(path_of(&l->at));
        listener_stop(l);
        *at = l->next;
        free(l);
}

int http_server_listen(struct http_server *s, char *const *addresses) {
        for (struct listener **l = &s->listeners; *l;) {
                if ((*l)->handed_over || strv_contains(addresses, (*l)->at.text))
                        l = &(*l)->next;
                else
                        drop_listener(l);
        }
        STRV_FOREACH (address, addresses) {
                const char *problem;
                struct listen_address at;
                struct listener *l;

                if (find_listener(s, *address) || listen_address_parse(*address, &at, &problem) < 0)
                        continue;
                l = add_listener(s);
                if (!l)
                        return -ENOMEM;
                l->at = at;
        }
        listeners_try(s);
        return 0;
}

int http_server_take_sockets(struct http_server *s) {
        int n = sd_listen_fds(1);

        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i, r;
                struct listener *l;

                if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
                        s->calls.listening("a descriptor handed over by systemd", -ENOTSOCK,
                                           s->calls.userdata);
                        continue;
                }
                l = add_listener(s);
                if (!l)
                        return -ENOMEM;
                l->handed_over = true;
                l->error = 0;
                l->at.address_len = sizeof(l->at.address);
                if (getsockname(fd, (struct sockaddr *) &l->at.address, &l->at.address_len) < 0)
                        return -errno;
                (void) listen_address_format(&l->at);
                r = listener_serve(l, fd);
                s->calls.listening(l->at.text, r, s->calls.userdata);
                if (r < 0)
                        return r;
        }
        return n;
}

int http_server_new(sd_event *event, const struct http_server_calls *calls, struct http_server **ret) {
        _cleanup_(http_server_freep) struct http_server *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->event = sd_event_ref(event);
        s->calls = *calls;
        r = http_server_add_sources(s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

struct http_server *http_server_free(struct http_server *s) {
        if (!s)
                return NULL;
        while (s->listeners)
                drop_listener(&s->listeners);
        sd_event_source_disable_unref(s->sweep_source);
        sd_event_source_disable_unref(s->retry_source);
        sd_event_source_disable_unref(s->wait_source);
        sd_event_source_disable_unref(s->turn_source);
        sd_event_unref(s->event);
        free(s);
        return NULL;
}
