/* Makes what the judge tells into events with sentences. Pure. */
#pragma once

#include "config/settings.h"
#include "judge/told.h"
#include "report/events.h"

/* The event for t about worker w; NULL when out of memory. now: agent time; clock_offset: what to add to
 * agent time to get realtime, for "until 14:05:10". A change of state that another event of the same
 * moment tells too (restarting: restart-requested, starting after it: restart-done, exhausted) has
 * priority debug. */
struct event *narrate(const struct worker_settings *w,
                      const struct told *t,
                      usec_t now_usec,
                      int64_t clock_offset_usec);

/* An observation in one clause, to follow "connect-a: ": "says that it is unhealthy (HTTP 500 after 10s;
 * generating task configs for connector X, for 3min)". now, clock_offset: as above, for the stage, whose
 * times are realtime. Returns buf. */
char *narrate_observation(const struct observation *o,
                          usec_t now_usec,
                          int64_t clock_offset_usec,
                          char *buf,
                          size_t size);

/* Sets the fields that speak of an observation: outcome, reason, HTTP status, latency, stage and, as
 * CONNECT_WATCHDOG_CONNECTOR, the connector it names. Returns 0 or -ENOMEM. */
int event_observed(struct event *e, const struct observation *o);
