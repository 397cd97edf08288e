/* Makes changes of connectors and tasks into events with sentences. Pure. */
#pragma once

#include "judge/connectors.h"
#include "report/events.h"

/* More changes than this in one look are told by one event. */
#define CONNECTOR_CHANGES_TOLD_MAX 10

/* The event for one change; NULL when out of memory. Whom it is about (worker, unit, incident) is left to
 * the caller. */
struct event *narrate_connector_change(const struct connector_change *c, usec_t now_usec);
/* One event for all of them. */
struct event *narrate_connector_storm(const struct connector_changes *c);
