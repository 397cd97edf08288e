/* The service's side of sd_notify(3), never waiting: sd_notify() itself blocks once the receiver's queue
 * is full (seen with libsystemd 252 at the 12th message to a socket that nobody reads), and a systemd
 * that hangs must not stop the polls. It must not know what the texts mean. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "report/notify.h"
#include "util/text.h"

static struct {
        int fd;         /* opened with the first message; lives as long as the process */
        bool ready_due; /* READY=1 did not get through yet: it ends a start or a reload */
        char *status;   /* the last one that got through */
} notify = { .fd = -1 };

static int notify_address(struct sockaddr_un *ret, socklen_t *ret_len) {
        const char *path = getenv("NOTIFY_SOCKET");
        size_t len;

        if (isempty(path))
                return -ENOENT;
        /* The other kind, vsock, is for virtual machines' managers and not for services. */
        if (path[0] != '/' && path[0] != '@')
                return -EAFNOSUPPORT;

        len = strlen(path);
        if (len >= sizeof(ret->sun_path))
                return -ENAMETOOLONG;

        *ret = (struct sockaddr_un) { .sun_family = AF_UNIX };
        memcpy(ret->sun_path, path, len);
        if (path[0] == '@')
                ret->sun_path[0] = '\0';

        *ret_len = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/' ? 1 : 0));
        return 0;
}

static int notify_send(const char *text) {
        struct sockaddr_un address;
        socklen_t address_len;
        ssize_t n;
        int r;

        r = notify_address(&address, &address_len);
        if (r < 0)
                return r;

        if (notify.fd < 0) {
                notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                if (notify.fd < 0)
                        return -errno;
        }

        n = sendto(notify.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                   (const struct sockaddr *) &address, address_len);
        return n < 0 ? -errno : 0;
}

/* Sends lines, preceded by a READY=1 that is still due, with the status (NULL: none) if it is a new one. */
static void notify_lines(const char *lines, const char *status) {
        _cleanup_free_ char *text = NULL;
        bool new_status = status && !streq_ptr(status, notify.status);

        if (isempty(lines) && !new_status && !notify.ready_due)
                return;

        if (asprintf(&text, "%s%s%s%s%s", notify.ready_due ? "READY=1\n" : "", strempty(lines),
                     new_status ? "STATUS=" : "", new_status ? status : "", new_status ? "\n" : "") < 0) {
                text = NULL;
                return;
        }

        if (notify_send(text) < 0)
                return;

        notify.ready_due = false;
        if (new_status)
                (void) free_and_strdup(&notify.status, status);
}

void notify_ready(const char *status) {
        notify.ready_due = true;
        notify_lines(NULL, status);
}

void notify_status(const char *status) {
        notify_lines(NULL, status);
}

void notify_reloading(void) {
        struct timespec ts;
        char lines[64];

        if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
                return;

        (void) snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
                        (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000);
        notify_lines(lines, NULL);
}

void notify_stopping(void) {
        notify_lines("STOPPING=1\n", NULL);
}

void notify_watchdog(void) {
        notify_lines("WATCHDOG=1\n", NULL);
}

usec_t notify_watchdog_interval(void) {
        uint64_t usec;

        /* Also 0 where another process is meant, or for junk in $WATCHDOG_USEC. */
        if (sd_watchdog_enabled(/* unset_environment= */ false, &usec) <= 0)
                return 0;

        return usec / 2;
}
