/* An incident out of the file that the agent keeps of it (report/incident_line.h). Pure, but for the time
 * zone. */
#pragma once

#include "util/json.h"

struct incident_story {
        char id[20];
        json_object *entries;      /* of its journal, in order; owned */
        const char *worker, *unit; /* of its first entry; "" */
        const char *what;          /* what its first entry says, without the worker's name */
        usec_t opened_usec;        /* realtime, as are those below */
        usec_t unhealthy_usec;     /* when it was called unhealthy; 0: never */
        usec_t recovered_usec;     /* since when it was well again and stayed so; 0: it is not */
        usec_t closed_usec;        /* 0: it is open, or its end is not known */
        usec_t last_usec;          /* of its last entry */
        unsigned restarts;         /* that systemd was asked for */
        bool exhausted;            /* its restarts were used up */
};

/* Reads the lines; one that is damaged is left out, as the last one may be. Returns 0; -ENODATA: there is no
 * whole line; or -ENOMEM. */
int incident_story_parse(const char *id, const char *text, size_t len, struct incident_story *ret);
void incident_story_done(struct incident_story *s);
/* Keeps the sum of it alone: of the entries only the first stays. */
void incident_story_forget_entries(struct incident_story *s);
/* Its end was lost: the worker has had another one since. */
void incident_story_end(struct incident_story *s);

/* A field of an entry, "EVENT" for CONNECT_WATCHDOG_EVENT; "" where it has none. */
const char *incident_field(json_object *entry, const char *name);
/* When it was, in realtime; 0: not known. */
usec_t incident_time(json_object *entry);
/* Its message without the worker's name. */
const char *incident_message(json_object *entry);

/* What is asked for by --since: a span ("7d": so long ago), "today", "yesterday", or local time as
 * "2026-11-20" or "2026-11-20 14:00[:00]". Returns 0 or -EINVAL. */
int since_parse(const char *text, usec_t now_usec, usec_t *ret);
