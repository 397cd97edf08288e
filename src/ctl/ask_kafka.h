/* Asks the Kafka clusters, as the agent would. */
#pragma once

#include "config/settings.h"
#include "ctl/kafka_checks.h"

/* One check of each cluster, one after the other: each takes up to its timeout and a second. answers: one
 * for each of s->kafkas, zeroed. Returns 0 or -ENOMEM. */
int ask_kafka(const struct settings *s, struct kafka_answer *answers);
