/* What a check says of the section's topics. Pure; kafka_health.c judges with it. */
#pragma once

#include "judge/kafka_health.h"

/* facts NULL: nothing can be told of any topic. Returns 0 or -ENOMEM. */
int kafka_topics_observe(struct kafka_health *h,
                         const struct kafka_facts *facts,
                         usec_t now_usec,
                         struct kafka_tolds *ret);
/* Whether one of them is an impediment. */
bool kafka_topics_impede(const struct kafka_health *h) _pure_;

/* Appends one, zeroed but for its type; NULL when out of memory. */
struct kafka_told *kafka_tolds_add(struct kafka_tolds *t, enum kafka_told_type type);
