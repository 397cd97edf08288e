/* May we act now? Holds, backoff and the restart budget. Pure: time is an argument. */
#pragma once

#include "judge/health.h"

struct pause;

/* What stands around the worker at this moment, as far as the holds ask for it. */
struct surroundings {
        bool dry_run;              /* of the agent */
        bool bus;                  /* there is a systemd to act over */
        int url_is_local;          /* 1, 0, or negative: cannot be told */
        const struct pause *pause; /* under which the worker is; NULL: under none */
        struct unit_view unit;
        bool stop_seen;
        char system_state[UNIT_WORD_SIZE];
        char package_manager[UNIT_WORD_SIZE];
        int peers_healthy; /* negative: not known yet */
        bool ledger_writable;
        usec_t refused_until_usec; /* the last call was refused: not tried again before; 0: it was not */
        char refused_why[192];
};

enum remedy_action {
        REMEDY_NONE,
        REMEDY_TRY_RESTART,   /* the unit runs */
        REMEDY_REVIVE,        /* the unit crashed */
        REMEDY_WOULD_RESTART, /* only observe-only stands: tell, and charge the virtual budget */
};

struct hold_entry {
        enum hold hold;
        usec_t until_usec; /* 0: not known */
        char text[TOLD_TEXT_SIZE];
};

struct decision {
        enum remedy_action action;
        struct hold_entry holds[_HOLD_MAX]; /* all that stand, in the design's order */
        size_t n_holds;
};

/* Decides. Changes nothing. */
void remedy_decide(const struct health *h,
                   const struct history *history,
                   const struct worker_settings *w,
                   const struct surroundings *s,
                   usec_t now_usec,
                   struct decision *ret);

/* Decides on a restart that an operator orders, however the worker is. force: only those holds count that
 * say what cannot be done, or never may: observe-only, unit-busy, ledger-unwritable. ret's holds are those
 * that keep it back, or, where it is done all the same, those that are overruled. */
void remedy_decide_order(const struct health *h,
                         const struct history *history,
                         const struct worker_settings *w,
                         const struct surroundings *s,
                         bool force,
                         usec_t now_usec,
                         struct decision *ret);
bool hold_yields_to_force(enum hold hold) _pure_;

/* What was told of the holds, so that each is told once when it begins and once when it ends. */
struct remedy {
        bool standing[_HOLD_MAX];
        usec_t held_since_usec;     /* unhealthy and held; 0: not */
        usec_t held_long_next_usec; /* when to alert again */
};

/* Compares d with what was told before, and latches a spent budget (the virtual one while observe-only
 * stands). d NULL: no remedy is asked for now. */
void remedy_tell(struct remedy *r,
                 const struct health *h,
                 struct history *history,
                 const struct worker_settings *w,
                 const struct decision *d,
                 usec_t now_usec,
                 struct tolds *told);

/* The intent: a restart is charged to the budget, a would-be one to the virtual budget. */
void remedy_charge(struct history *history,
                   const struct health *h,
                   enum remedy_action action,
                   usec_t now_usec);
/* The same of one that an operator ordered: it is written down, and costs nothing. */
void remedy_charge_order(struct history *history,
                         const struct health *h,
                         enum remedy_action action,
                         usec_t now_usec);
/* Its outcome; a refused one gives the charge back. */
void remedy_settle(struct history *history, enum restart_result result);
void remedy_refund(struct history *history);

/* All of it is given back, as if there had been no restart: an operator says so. */
void remedy_reset(struct history *history);

/* Health gives credit back: n to zero once healthy for longer than its backoff, exhausted to its end once
 * healthy for restart_window. To be called after each observation. */
void remedy_credit(struct history *history, const struct health *h, const struct worker_settings *w);

/* min(n² + n, 60) minutes, capped. */
usec_t remedy_backoff_of(unsigned restarts, const struct worker_settings *w) _pure_;
usec_t remedy_backoff(const struct budget *b, const struct worker_settings *w) _pure_;
/* Counted restarts within restart_window. */
unsigned remedy_restarts_in_window(const struct budget *b,
                                   const struct worker_settings *w,
                                   usec_t now_usec) _pure_;
/* How many more there may be now: none while the budget is spent or distrusted. */
unsigned remedy_restarts_left(const struct budget *b,
                              const struct worker_settings *w,
                              usec_t now_usec) _pure_;
