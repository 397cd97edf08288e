/* Sends one event to the journal, and tells whether there is one. Blocks when journald hangs, so it must
 * only run on the reporter's thread. */

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* The entry is about a worker, not about a line of ours. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "report/reporter_internal.h"
#include "util/text.h"

bool journal_is_there(void) {
        return access("/run/systemd/journal/socket", W_OK) >= 0;
}

bool journal_is_stderr(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long dev, ino;
        struct stat st;
        char *end;

        /* systemd.exec(5): device and inode in decimal, separated by a colon */
        if (isempty(stream))
                return false;
        dev = strtoull(stream, &end, 10);
        if (end == stream || *end != ':')
                return false;
        stream = end + 1;
        ino = strtoull(stream, &end, 10);
        if (end == stream || *end != '\0')
                return false;

        if (fstat(STDERR_FILENO, &st) < 0)
                return false;

        return st.st_dev == (dev_t) dev && st.st_ino == (ino_t) ino;
}

int journal_write(void *userdata _unused_, const struct event *e, usec_t realtime_usec _unused_) {
        _cleanup_strv_ char **fields = NULL;
        _cleanup_free_ struct iovec *iov = NULL;
        size_t n;

        fields = event_to_fields(e);
        if (!fields)
                return -ENOMEM;

        n = strv_length(fields);
        iov = calloc(n, sizeof(*iov));
        if (!iov)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                iov[i] = (struct iovec) { .iov_base = fields[i], .iov_len = strlen(fields[i]) };

        return sd_journal_sendv(iov, (int) n);
}
