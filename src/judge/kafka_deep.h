/* What a deep check adds up to. Pure. */
#pragma once

#include "observe/kafka_facts.h"

/* It began, and every partition took its message and gave it back. */
bool kafka_deep_is_well(const struct kafka_deep *d) _pure_;
/* Whether this one is to be told: it failed and the one before did not, or the other way round. before NULL:
 * there was none. */
bool kafka_deep_changed(const struct kafka_deep *before, const struct kafka_deep *d) _pure_;
/* The first partition that failed, or NULL; how many did. */
const struct kafka_deep_partition *kafka_deep_failed(const struct kafka_deep *d, size_t *ret_n);
