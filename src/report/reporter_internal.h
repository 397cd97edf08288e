/* Between the reporter's queue and what it writes to; for the tests as well. Nobody else's business. */
#pragma once

#include "report/reporter.h"

#define REPORTER_QUEUE_ENTRIES_MAX 1024
#define REPORTER_QUEUE_BYTES_MAX (4U * 1024U * 1024U)
#define REPORTER_FLUSH_USEC (2 * USEC_PER_SEC)

/* Called on the reporter's thread, one event at a time; may block for as long as it likes. Returns 0 or a
 * negative errno, and then the event counts as lost. userdata must live until the thread ends, which may
 * be never. */
typedef int (*reporter_write_t)(void *userdata, const struct event *e, usec_t realtime_usec);

int reporter_new_with_writer(reporter_write_t write, void *userdata, int max_level, struct reporter **ret);

/* journal_writer.c */
bool journal_is_there(void);
bool journal_is_stderr(void); /* whether stderr is the stream that $JOURNAL_STREAM names */
int journal_write(void *userdata, const struct event *e, usec_t realtime_usec);

/* console_writer.c */
int console_write(void *userdata, const struct event *e, usec_t realtime_usec);
