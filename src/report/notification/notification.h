/* One event on its way to a receiver, and what is sent of it. Pure. (notify.h is systemd's.) */
#pragma once

#include "config/settings.h"
#include "report/events.h"

/* Of each field, so that what waits stays small; a thread dump has more. */
#define NOTIFICATION_VALUE_MAX ((size_t) 4 * 1024)

struct notification {
        struct notification *next; /* the queue's */
        usec_t queued_usec;        /* the same */
        enum event_type type;
        int priority;
        usec_t realtime_usec; /* when it happened */
        char **fields;        /* as the journal has them: "CONNECT_WATCHDOG_WORKER=a"; cut */
};

/* hostname: told where the event itself does not say it. NULL when out of memory. */
struct notification *notification_new(const struct event *e, const char *hostname, usec_t realtime_usec);
struct notification *notification_free(struct notification *n);
DEFINE_CLEANUP(struct notification *, notification_free)

/* "MESSAGE" or "CONNECT_WATCHDOG_WORKER": its value, or "". */
const char *notification_field(const struct notification *n, const char *name) _pure_;

/* Becomes what stands for n_folded further ones of the same type. Returns 0 or -ENOMEM. */
int notification_fold(struct notification *n, unsigned n_folded, usec_t within_usec);

/* What is POSTed, or written to a command. NULL when out of memory. */
char *notification_text(const struct notification *n, enum notify_format format);

/* The fields a command has in its environment, besides those of base: a strv. NULL when out of memory. */
char **notification_environment(const struct notification *n, char *const *base);

/* Whether one of the patterns, names or globs, is that of the event, or of what it calls for. */
bool event_is_asked_for(const struct event *e, char *const *patterns);
bool event_pattern_is_known(const char *pattern);
/* All that patterns can be, without globs; ends with NULL. */
const char *const *event_names(void);
