/* N consecutive failures: what the polls of one worker add up to. Pure: time is an argument (agent time, in
 * microseconds), nothing is read and nothing is done. The design's section "The judge" is its specification.
 */
#pragma once

#include "config/settings.h"
#include "judge/dependency.h"
#include "judge/told.h"

struct health {
        enum worker_state state;
        usec_t state_since_usec;
        uint64_t incident_seed; /* makes the ids of incidents differ between agents */

        struct unit_view unit; /* as last told */
        enum unit_condition condition;
        usec_t started_at_usec;    /* of this start of the unit, or when we first looked */
        usec_t transition_at_usec; /* since when the unit is on its way up or down; 0: it is not */
        bool startup_slow_told;
        bool unit_down_told;

        struct dependency dependency; /* as last told */
        usec_t excused_since_usec;    /* the first failing poll that was not counted for its sake, since a
                                         good one; 0: none */
        usec_t excused_until_usec;    /* when polls last began to count again; 0: always did */
        char cause[DEPENDENCY_TEXT_SIZE]; /* what it was that excused polls of this incident; "": nothing */

        struct observation last; /* the last one that was taken into account; sent_at 0: none */
        usec_t last_ok_usec;     /* 0: never */

        unsigned failures;     /* consecutive failing polls */
        usec_t sustained_usec; /* how long they have been failing, without time of which we cannot tell */
        bool any_answered;     /* one of them was an answered one */
        unsigned silent;       /* the last run of polls without any answer */
        usec_t silent_usec;    /* how long that run is, counted the same way */
        usec_t stage_began_at_usec; /* of the last failing poll that told one */

        unsigned successes;  /* consecutive good polls */
        usec_t healthy_usec; /* how long that run is, without time of which we cannot tell */
        unsigned unknowns;   /* consecutive */
        bool cannot_tell_told;
        unsigned relapses;    /* good → suspect within this incident */
        bool startup_overdue; /* startup_timeout passed and startup_action = restart */
        enum worker_state
                before_restart; /* our restart is under way: what it is if its unit does not start anew */
};

/* incident_seed: any number that differs between agents. h may carry over a reload as it is. */
void health_init(struct health *h, uint64_t incident_seed, usec_t now_usec);

/* The agent ends: an open incident's counters into *history. Returns whether there was something to keep. */
bool health_suspend(const struct health *h, struct history *history);
/* The next agent begins: takes them over, and out of *history. The rules of gaps, and of a new start of the
 * unit, hold for them as for any. */
void health_resume(struct health *h, struct history *history);

/* What is known of the unit changed. *history's invocation and its memory follow; told gets the events.
 * Returns true when this is a new start of the unit (its counters and its probe's memory begin anew). */
bool health_unit_changed(struct health *h,
                         struct history *history,
                         const struct worker_settings *w,
                         const struct unit_view *unit,
                         bool stop_seen,
                         usec_t now_usec,
                         struct tolds *told);

/* What is known of what the worker requires changed, or a grace ended. Failing polls are not counted while
 * it is down, and counting begins anew when its grace ends. */
void health_dependency_changed(struct health *h,
                               struct history *history,
                               const struct worker_settings *w,
                               const struct dependency *d,
                               usec_t now_usec,
                               struct tolds *told);

/* One observation. An observation sent before this start of the unit is dropped. */
void health_observe(struct health *h,
                    struct history *history,
                    const struct worker_settings *w,
                    const struct observation *o,
                    usec_t now_usec,
                    struct tolds *told);

/* Our own restart: begun (state restarting, polls do not count), and ended, well or not: a new start of the
 * unit, which health_unit_changed() must have been told before, begins the startup grace; without one the
 * verdict still stands. */
void health_restart_begun(struct health *h, usec_t now_usec);
void health_restart_ended(struct health *h,
                          struct history *history,
                          const struct worker_settings *w,
                          usec_t now_usec,
                          struct tolds *told);

/* Time passed without an answer: the verdict may be due before the poll under way ends. */
void health_tick(struct health *h,
                 struct history *history,
                 const struct worker_settings *w,
                 usec_t now_usec,
                 struct tolds *told);
/* When health_tick() would come to a verdict, agent time; USEC_INFINITY: only another answer can bring one.
 */
usec_t health_deadline(const struct health *h, const struct worker_settings *w) _pure_;

/* Whether a remedy is asked for now: unhealthy, and for long enough up to the last poll, or counting stands
 * still since what it requires is down, which holds it. */
bool health_wants_remedy(const struct health *h, const struct worker_settings *w, usec_t now_usec) _pure_;

/* The state for a person: unhealthy becomes exhausted while the budget is spent. */
enum worker_state health_shown_state(const struct health *h, const struct history *history) _pure_;

/* How long it has been failing up to now, and how long that must last for what is seen. */
usec_t health_sustained(const struct health *h, const struct worker_settings *w, usec_t now_usec) _pure_;
usec_t health_sustain_needed(const struct health *h, const struct worker_settings *w) _pure_;
