/* Makes what the judge tells into events with sentences. Pure. */
#pragma once

#include "config/settings.h"
#include "judge/told.h"
#include "report/events.h"

/* The event for t about worker w; NULL when out of memory. now: agent time; clock_offset: what to add to agent time
 * to get realtime, for "until 14:05:10". */
struct event *narrate(const struct worker_settings *w, const struct told *t, usec_t now_usec, int64_t clock_offset_usec);

/* An observation in one clause: "HTTP 500 after 10.0s: unhealthy (generating task configs for connector X since
 * 3min)". now: agent time. Returns buf. */
char *narrate_observation(const struct observation *o, usec_t now_usec, char *buf, size_t size);
