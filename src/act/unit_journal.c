/* A unit's lines, out of the journal. Knows nothing of why they are read. */
#include "act/unit_journal.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-journal.h>

#include "util/clock.h"

#define QUIET (1500 * USEC_PER_MSEC)
#define WAIT_STEP (250 * USEC_PER_MSEC)
#define LINES_MAX 200000U /* a chatty worker ends the reading, too */

static usec_t now_monotonic(void) {
        return clock_now(CLOCK_MONOTONIC);
}

static int open_at(const struct unit_journal_query *q, sd_journal **ret) {
        char match[320];
        sd_journal *j = NULL;
        int r;

        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r < 0)
                return r;
        (void) snprintf(match, sizeof(match), "_SYSTEMD_UNIT=%s", q->unit);
        r = sd_journal_add_match(j, match, 0);
        if (r >= 0) {
                (void) snprintf(match, sizeof(match), "_PID=%u", q->pid);
                r = sd_journal_add_match(j, match, 0);
        }
        if (r >= 0)
                r = sd_journal_seek_realtime_usec(j, q->since_realtime_usec);
        if (r < 0) {
                sd_journal_close(j);
                return r;
        }
        *ret = j;
        return 0;
}

static int take_line(sd_journal *j, struct thread_dumps *to) {
        static const size_t prefix = sizeof("MESSAGE=") - 1;
        const void *data;
        size_t len;
        int r;

        r = sd_journal_get_data(j, "MESSAGE", &data, &len);
        if (r == -ENOENT || r == -EBADMSG || r == -E2BIG)
                return 0;
        if (r < 0)
                return r;
        return thread_dumps_add(to, (const char *) data + prefix, len - prefix);
}

static int read_until(sd_journal *j, const struct unit_journal_query *q, struct thread_dumps *to) {
        usec_t end = usec_add(now_monotonic(), q->patience_usec), last = now_monotonic();
        int r;

        for (unsigned n = 0; n < LINES_MAX && to->n_ended < q->dumps_expected;) {
                usec_t now = now_monotonic();

                r = sd_journal_next(j);
                if (r < 0)
                        return r;
                if (r > 0) {
                        n++;
                        last = now;
                        r = take_line(j, to);
                        if (r < 0)
                                return r;
                        if (now >= end)
                                return 0;
                        continue;
                }
                if (now >= end || (to->n_begun >= q->dumps_expected && now >= usec_add(last, QUIET)))
                        return 0;
                r = sd_journal_wait(j, MIN(WAIT_STEP, end - now));
                if (r < 0)
                        return r;
        }
        return 0;
}

int unit_journal_read_dumps(const struct unit_journal_query *q, struct thread_dumps *ret) {
        sd_journal *j;
        int r;

        r = open_at(q, &j);
        if (r < 0)
                return r;
        (void) sd_journal_set_data_threshold(j, 0);
        r = read_until(j, q, ret);
        sd_journal_close(j);
        return r;
}
