/* Writes one event as a line on stderr, which may be a pipe that nobody reads: it must only run on the
 * reporter's thread. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "report/reporter_internal.h"
#include "util/terminal.h"

static int write_all(int fd, const char *text, size_t len) {
        while (len > 0) {
                ssize_t n = write(fd, text, len);

                if (n >= 0) {
                        text += n;
                        len -= (size_t) n;
                        continue;
                }

                if (errno == EAGAIN) {
                        /* Somebody made the terminal we share non-blocking. */
                        struct pollfd p = { .fd = fd, .events = POLLOUT };

                        if (poll(&p, 1, -1) < 0 && errno != EINTR)
                                return -errno;
                } else if (errno != EINTR)
                        return -errno;
        }

        return 0;
}

int console_write(void *userdata _unused_, const struct event *e, usec_t realtime_usec) {
        _cleanup_free_ char *line = NULL;
        size_t len = 0;
        FILE *f;

        /* Not stdio on stderr: a thread that hangs in it would hold its lock against everybody else. */
        f = open_memstream(&line, &len);
        if (!f)
                return -errno;

        event_print(f, e, realtime_usec, terminal_has_colors(STDERR_FILENO));
        if (fclose(f) != 0)
                return -errno;

        return write_all(STDERR_FILENO, line, len);
}
