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
