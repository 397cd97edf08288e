/* Which of librdkafka's properties can stand in property =. Whether librdkafka knows the others it says
 * itself. Pure. */
#pragma once

#include "util/macro.h"

/* NULL for a property, "NAME=VALUE" or with blanks around the "=", that the agent leaves to the operator;
 * else what is wrong with it and what would be right, to follow its name. */
const char *kafka_property_problem(const char *text) _pure_;

/* The last one's value, or NULL. The list is of "NAME=VALUE". */
const char *kafka_property_value(char *const *properties, const char *name) _pure_;
