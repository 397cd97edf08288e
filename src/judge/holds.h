/* Which holds stand. Pure; remedy.c decides with it. */
#pragma once

#include "judge/remedy.h"

/* Fills ret's holds, in the design's order; returns what the unit is doing by the surroundings. */
enum unit_condition holds_standing(const struct health *h,
                                   const struct history *history,
                                   const struct worker_settings *w,
                                   const struct surroundings *s,
                                   usec_t now_usec,
                                   struct decision *ret);
