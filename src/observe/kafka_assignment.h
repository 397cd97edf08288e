/* The partitions that a member of a consumer group was assigned, as its assignor writes them: the
 * ConsumerProtocolAssignment of Kafka's protocol, of any version, for newer ones only add at the end. Pure.
 */
#pragma once

#include "observe/kafka_facts.h"

/* Of one group; more are not taken. */
#define ASSIGNED_PARTITIONS_MAX 4096

/* Adds them to g, as ones of which nothing was committed. Returns 0, -EBADMSG or -ENOMEM: then g is as it
 * was. */
int kafka_assignment_read(struct kafka_lag_group *g, const void *data, size_t size);
