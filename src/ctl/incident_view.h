/* Incidents, drawn for a person. Pure, but for the time zone. */
#pragma once

#include <stdio.h>

#include "ctl/incident_story.h"

struct incident_page {
        FILE *f;
        size_t width; /* of the terminal; 0: there is none, and nothing is cut */
        bool colors;
        usec_t now_usec; /* realtime */
};

/* A table of them, in their order. Returns 0 or -ENOMEM. */
int incident_view_list(const struct incident_page *p, const struct incident_story *stories, size_t n);

/* One as a whole. whole: the thread dumps too, and not only what matters in them. */
void incident_view_story(const struct incident_page *p, const struct incident_story *s, bool whole);

/* What became of a worker within a window of time. */
struct worker_report {
        const char *worker;
        unsigned incidents, restarts, exhausted;
        unsigned detected, recovered; /* how many went into these sums: */
        usec_t to_detect_usec;        /* from the first failing poll until it was called unhealthy */
        usec_t to_recover_usec;       /* from the first failing poll until it was well again */
        usec_t down_usec;             /* within the window */
        usec_t window_usec;
};

/* Of those incidents that touch the time from since to now. *ret is sorted by name, owned by the caller; the
 * names are the stories'. Returns 0 or -ENOMEM. */
int incident_report(const struct incident_story *stories,
                    size_t n,
                    usec_t since_usec,
                    usec_t now_usec,
                    struct worker_report **ret,
                    size_t *ret_n);
/* Returns 0 or -ENOMEM. */
int incident_view_report(const struct incident_page *p,
                         const struct worker_report *reports,
                         size_t n,
                         usec_t since_usec);
