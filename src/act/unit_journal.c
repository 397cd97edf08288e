/* A unit's lines, out of the journal. Knows nothing of why they are read. */
#include "act/unit_journal.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-journal.h>

#include "util/clock.h"
#include "util/text.h"

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

/* ---- the last lines ---- */

static int match_unit(sd_journal *j, const char *unit) {
        char match[320];
        int r;

        (void) snprintf(match, sizeof(match), "_SYSTEMD_UNIT=%s", unit);
        r = sd_journal_add_match(j, match, 0);
        if (r >= 0)
                r = sd_journal_add_disjunction(j);
        if (r >= 0)
                r = sd_journal_add_match(j, "_PID=1", 0);
        if (r >= 0) {
                (void) snprintf(match, sizeof(match), "UNIT=%s", unit);
                r = sd_journal_add_match(j, match, 0);
        }
        return r;
}

/* "14:05:10 MESSAGE" of where j stands. */
static int copy_line(sd_journal *j, FILE *to) {
        static const size_t prefix = sizeof("MESSAGE=") - 1;
        char line[UNIT_LOG_LINE_MAX + 1], at[16] = "";
        usec_t realtime_usec;
        const void *data;
        struct tm tm;
        time_t t;
        size_t len;
        int r;

        r = sd_journal_get_data(j, "MESSAGE", &data, &len);
        if (r == -ENOENT || r == -EBADMSG || r == -E2BIG)
                return 0;
        if (r >= 0)
                r = sd_journal_get_realtime_usec(j, &realtime_usec);
        if (r < 0)
                return r;
        t = (time_t) (realtime_usec / USEC_PER_SEC);
        if (localtime_r(&t, &tm))
                (void) strftime(at, sizeof(at), "%H:%M:%S", &tm);
        fprintf(to, "%s %s\n", at,
                text_copy_line(line, sizeof(line), (const char *) data + prefix, len - prefix));
        return 0;
}

static int copy_last(sd_journal *j, usec_t before_realtime_usec, FILE *to) {
        usec_t at_usec = 0;
        int r;

        r = sd_journal_seek_realtime_usec(j, before_realtime_usec);
        if (r >= 0)
                r = sd_journal_previous_skip(j, UNIT_LOG_LINES);
        while (r > 0) {
                r = sd_journal_get_realtime_usec(j, &at_usec);
                if (r < 0 || at_usec >= before_realtime_usec)
                        return r;
                r = copy_line(j, to);
                if (r >= 0)
                        r = sd_journal_next(j);
        }
        return r;
}

int unit_journal_read_last(const char *unit, usec_t before_realtime_usec, char **ret) {
        _cleanup_free_ char *text = NULL;
        sd_journal *j = NULL;
        size_t size = 0;
        FILE *f;
        int r;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r >= 0)
                r = match_unit(j, unit);
        if (r >= 0)
                r = copy_last(j, before_realtime_usec, f);
        sd_journal_close(j);
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r >= 0)
                *ret = size > 0 ? TAKE_PTR(text) : NULL;
        return r;
}
