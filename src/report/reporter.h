/* Where events go: the journal, by its own thread from a bounded queue, or lines on stderr where no
 * journal is. Never blocks its caller. */
#pragma once

#include "report/events.h"

typedef struct sd_event sd_event;
struct reporter;

enum reporter_target {
        REPORTER_AUTO, /* the journal when stderr is a stream of it ($JOURNAL_STREAM), else stderr */
        REPORTER_JOURNAL,
        REPORTER_CONSOLE,
};

/* max_level: syslog level above which nothing is told. Returns 0 or a negative errno. */
int reporter_new(enum reporter_target target, int max_level, struct reporter **ret);
/* Flushes for at most two seconds, then gives up what is left and ends the thread. */
struct reporter *reporter_free(struct reporter *r);
DEFINE_CLEANUP(struct reporter *, reporter_free)

void reporter_set_level(struct reporter *r, int max_level);
/* Told with each entry as CONNECT_WATCHDOG_HOSTNAME; NULL: it is left out, the journal knows the machine's.
 * Returns 0 or -ENOMEM. */
int reporter_set_hostname(struct reporter *r, const char *hostname);

/* What belongs to an incident is kept in a file of its own below that directory as well, whatever the level,
 * for keep_usec after it has ended; 0: it is not. Once, before anything is told. Returns 0 or -ENOMEM. */
int reporter_keep_incidents(struct reporter *r, const char *state_directory);
void reporter_set_history(struct reporter *r, usec_t keep_usec);

/* Is shown each event, also those that the level keeps from the journal; on the loop, before it is queued,
 * and must tell nothing itself. NULL: nobody. */
typedef void (*reporter_listener_t)(const struct event *e, usec_t realtime_usec, void *userdata);
void reporter_set_listener(struct reporter *r, reporter_listener_t listener, void *userdata);

/* Takes e over (NULL is told as an internal error: out of memory). When the queue is full the entry is
 * lost and counted; the next one that gets through is preceded by journal-lost with the count. */
void reporter_tell(struct reporter *r, struct event *e);
