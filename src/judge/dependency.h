/* What a worker requires, taken together: the worst of its [kafka] sections. Pure: time is an argument. */
#pragma once

#include "judge/kafka_health.h"

enum dependency_state {
        DEPENDENCY_NONE,    /* nothing is required */
        DEPENDENCY_UP,      /* and has been for at least dependency_grace, or always as far as we know */
        DEPENDENCY_UNKNOWN, /* cannot be told: failing polls count, but no restart */
        DEPENDENCY_GRACE,   /* it came back less than dependency_grace ago: failing polls do not count */
        DEPENDENCY_DOWN,    /* down or slow, or a topic is offline, missing or below its minimum ISR: they do
                               not count */
        _DEPENDENCY_STATE_MAX,
};

#define DEPENDENCY_TEXT_SIZE 384

struct dependency {
        enum dependency_state state;
        usec_t since_usec;
        usec_t until_usec;               /* grace: its end */
        char text[DEPENDENCY_TEXT_SIZE]; /* for the hold and the incident: "Kafka main is down since
                                            14:05:10 (no broker answers)"; "" when up */
};

/* required: one each of w->requires, in that order. clock_offset_usec: agent time + this = realtime. */
void dependency_of(const struct kafka_health *const *required,
                   const struct worker_settings *w,
                   usec_t now_usec,
                   int64_t clock_offset_usec,
                   struct dependency *ret);
/* Failing polls are not counted. */
bool dependency_excuses(const struct dependency *d) _pure_;
/* No restart, for that reason: also while nobody has said yet how what is required is. */
bool dependency_holds(const struct dependency *d, const struct worker_settings *w) _pure_;
/* When a grace that stands now ends, agent time; USEC_INFINITY: none does. */
usec_t dependency_deadline(const struct dependency *d) _pure_;

const char *dependency_state_to_string(enum dependency_state s) _pure_;
