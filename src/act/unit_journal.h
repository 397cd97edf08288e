/* Reads what a process of a unit wrote to the journal. Blocks: for a thread. */
#pragma once

#include "act/evidence_text.h"

struct unit_journal_query {
        const char *unit;
        uint32_t pid;
        usec_t since_realtime_usec;
        usec_t patience_usec; /* from the call on */
        unsigned dumps_expected;
};

/* Collects thread dumps until as many as expected have ended, until it stays quiet after one, or patience
 * ends. Returns 0 (also when there was none) or a negative errno. */
int unit_journal_read_dumps(const struct unit_journal_query *q, struct thread_dumps *ret);

/* How much of a unit's log is copied, and how much of one line. */
#define UNIT_LOG_LINES 50
#define UNIT_LOG_LINE_MAX 1024

/* The last lines that the unit and systemd on its behalf have written before then, as journalctl -u shows
 * them, each after its time: "14:05:10 …". *ret is NULL where there are none; owned by the caller. Returns 0
 * or a negative errno. */
int unit_journal_read_last(const char *unit, usec_t before_realtime_usec, char **ret);
