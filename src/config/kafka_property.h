/* Which of librdkafka's properties can stand in property =. Whether librdkafka knows the others it says
 * itself. Pure. */
#pragma once

#include "util/macro.h"

/* NULL for a property, "NAME=VALUE" or with blanks around the "=", that the agent leaves to the operator;
 * else what is wrong with it and what would be right, to follow its name. */
const char *kafka_property_problem(const char *text) _pure_;

/* The last one's value, or NULL. The list is of "NAME=VALUE". */
const char *kafka_property_value(char *const *properties, const char *name) _pure_;

/* librdkafka's own verdict on a property. Returns 0; -EINVAL with its words in problem; or another negative
 * errno: it cannot be asked, why and what would help stands in problem. name NULL: only whether it can. */
typedef int kafka_property_check(const char *name, const char *value, char *problem, size_t size);
