/* Makes what is to be told of Kafka into events with sentences. Pure. */
#pragma once

#include "judge/kafka_health.h"
#include "judge/lag.h"
#include "report/events.h"

/* The event for one thing told of cluster k; NULL when out of memory. Its message begins "kafka main: ". To
 * which incidents of workers it belongs is left to the caller: a field INCIDENT for each. */
struct event *narrate_kafka(const struct kafka_settings *k,
                            const struct kafka_health *h,
                            const struct kafka_told *t);
/* A deep check that is to be told (judge/kafka_deep.h): it failed, or is well again. NULL: as above. */
struct event *narrate_kafka_deep(const struct kafka_settings *k, const struct kafka_deep *d);
/* A connector that is stuck, or is no longer. Whom it is about (worker, unit, incident) is left to the
 * caller. NULL: as above. */
struct event *narrate_lag(const struct lag_change *c);
