/* The pauses that operators asked for: while one lasts nothing is restarted, and all is watched and told as
 * ever. Plain data and pure; kept on disk by act/ledger.c. All times are agent time (agent.h). */
#pragma once

#include "util/macro.h"

#define PAUSE_REASON_SIZE 257
#define PAUSE_TEXT_SIZE 352
/* What is not to be restarted for longer is a matter of the configuration. */
#define PAUSE_MAX_USEC (31 * USEC_PER_DAY)

struct pause {
        char *worker; /* NULL: all of them */
        char *reason; /* may be "" */
        usec_t since_usec, until_usec;
        uint32_t uid; /* of who asked for it */
};

/* At most one of each worker, and one of all. */
struct pauses {
        struct pause *list;
        size_t n;
};

void pauses_done(struct pauses *p);
/* Begins one, in the place of that of the same worker (NULL: of all); the strings are copied. Returns 0 or
 * -ENOMEM (nothing has changed then). */
int pauses_begin(struct pauses *p, const struct pause *pause);
/* The worker's own, or with NULL that of all; NULL: there is none. */
const struct pause *pauses_find(const struct pauses *p, const char *worker) _pure_;
/* Ends that one. Returns whether there was one. */
bool pauses_end(struct pauses *p, const char *worker);
/* That of from is that of to now; of both, the one that lasts longer stays. Returns 0 or -ENOMEM (nothing
 * has changed then). */
int pauses_rename(struct pauses *p, const char *from, const char *to);

/* Under which a worker is: of its own and that of all, the one that lasts longer; NULL: under none. */
const struct pause *pauses_of(const struct pauses *p, const char *worker, usec_t now_usec) _pure_;
/* The one that ends first; NULL: there is none. */
const struct pause *pauses_first_to_end(const struct pauses *p) _pure_;

/* "by uid 0: REASON". Returns buf. */
char *pause_text(const struct pause *p, char buf[static PAUSE_TEXT_SIZE]);
