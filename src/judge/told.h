/* What the judge has to say: facts in order, made into sentences by report/narrate.c. Plain data; owns
 * nothing. */
#pragma once

#include "judge/history.h"

enum worker_state {
        STATE_UNKNOWN,
        STATE_STARTING,
        STATE_HEALTHY,
        STATE_DEGRADED,
        STATE_SUSPECT,
        STATE_UNHEALTHY,
        STATE_RESTARTING,
        STATE_EXHAUSTED,
        STATE_STOPPED,
        STATE_PAUSED, /* only shown, in the place of the state that it has all the while */
        _STATE_MAX,
};

/* Reasons not to act now, in the design's order. */
enum hold {
        HOLD_OBSERVE_ONLY,
        HOLD_NOT_THIS_HOST,
        HOLD_PAUSED,
        HOLD_UNIT_BUSY,
        HOLD_PACKAGE_MANAGER,
        HOLD_DEPENDENCY_DOWN,
        HOLD_PEERS_UNHEALTHY,
        HOLD_LEDGER_UNWRITABLE,
        HOLD_BACKOFF,
        HOLD_RECURRING,
        HOLD_BUDGET_EXHAUSTED,
        HOLD_NOT_OUR_TURN, /* comes with [coordination] */
        HOLD_REFUSED,      /* systemd or polkit refused the last call: tried again with backoff */
        _HOLD_MAX,
};

enum told_type {
        TOLD_STATE_CHANGED,
        TOLD_INCIDENT_OPENED, /* also the change of state to suspect */
        TOLD_INCIDENT_CLOSED,
        TOLD_CANNOT_TELL, /* `failures` polls in a row were unknown */
        TOLD_STARTUP_SLOW,
        TOLD_FLAPPING,
        TOLD_UNIT_DOWN,          /* an enabled unit is down without anybody having stopped it */
        TOLD_UNIT_RESTARTED,     /* a new start of the unit that is not ours */
        TOLD_DEPENDENCY_CHANGED, /* failing polls are no longer counted, or are again */
        TOLD_HOLD_BEGUN,
        TOLD_HOLD_ENDED,
        TOLD_WOULD_RESTART,
        TOLD_EXHAUSTED,
        TOLD_HELD_LONG,
        _TOLD_TYPE_MAX,
};

#define TOLD_TEXT_SIZE 384

struct told {
        enum told_type type;
        enum worker_state from, to; /* state-changed; elsewhere to is the state now */
        char incident[INCIDENT_ID_SIZE];
        struct observation seen; /* the last answer */
        unsigned failures;       /* consecutive failing polls */
        unsigned failures_needed;
        usec_t sustained_usec;      /* how long it has been failing */
        usec_t sustain_needed_usec; /* how long is long enough for what is seen */
        usec_t lasted_usec; /* incident-closed: its length; held-long: how long; startup-slow: since start */
        unsigned restarts;  /* incident-closed: restarts in it */
        bool no_such_unit;  /* unit-down: there is none of that name */
        bool was_unhealthy; /* incident-closed: it came to more than suspicion */
        bool excused;       /* what it requires is taken for the cause, so it is not counted; text says what
                               that is */
        enum hold hold;     /* hold-…: which; held-long, would-restart: the first */
        usec_t until_usec;  /* the hold's expected end, agent time; 0: not known */
        char text[TOLD_TEXT_SIZE]; /* holds: the reason, with all that stand; else what is worth adding */
};

#define TOLDS_MAX 16

struct tolds {
        struct told told[TOLDS_MAX];
        size_t n;
};

/* Begins an empty list. What is not in it stays as it is: zeroing 20 KB would be much of a poll's own work.
 */
static inline void tolds_init(struct tolds *t) {
        t->n = 0;
}

/* Returns the appended element, zeroed but for its type; the last one is overwritten when full. */
struct told *tolds_add(struct tolds *t, enum told_type type);

const char *worker_state_to_string(enum worker_state s) _pure_;
const char *hold_to_string(enum hold h) _pure_;
