/* The orders of the control protocol: what a POST asks for, read strictly, and what is answered. Pure. */
#pragma once

#include "judge/pauses.h"
#include "report/http/control.h"

#define CONTROL_NOTHING_HERE "there is nothing under this path of the control socket"

enum control_verb {
        CONTROL_PAUSE,
        CONTROL_RESUME,
        CONTROL_RESET,
        CONTROL_RESTART,
        CONTROL_NOTIFY_TEST,
        _CONTROL_VERB_MAX,
};

struct control_order {
        enum control_verb verb;
        char *worker; /* NULL: all */
        char *name;   /* of a receiver */
        char *reason; /* of a pause, in one line */
        usec_t for_usec;
        bool force;
};

void control_order_done(struct control_order *o);

/* The verb of that path, or -ENOENT. */
int control_order_verb(const char *path) _pure_;

/* Returns 0; 1: it is none, and *ret_refusal says why; -ENOMEM. */
int control_order_read(const char *path,
                       const char *body,
                       size_t len,
                       struct control_order *ret,
                       struct document *ret_refusal);

/* The answer to one that was carried out. worker: NULL for all. kept: it is on disk. Returns 0 or -ENOMEM.
 */
int control_done(struct document *ret, const char *worker, const char *text, bool kept);

/* 409: it is not restarted, and these holds are why. Returns 0 or -ENOMEM. */
int control_held(struct document *ret,
                 const char *text,
                 const struct decision *d,
                 int64_t clock_offset_usec);

/* "paused until 2026-11-21 14:00:00 UTC (by uid 0: REASON)". Returns buf. */
#define CONTROL_TEXT_SIZE 512
char *control_pause_text(const struct pause *p,
                         int64_t clock_offset_usec,
                         char buf[static CONTROL_TEXT_SIZE]);
