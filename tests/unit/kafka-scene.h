/* What the tests of Kafka's judge share: one cluster of three brokers, what a check of it finds, and a clock
 * that only the test moves. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "judge/dependency.h"

struct cluster {
        struct kafka_settings k;
        struct kafka_health h;
        struct kafka_tolds told; /* of the last check */
        usec_t now;
};

/* topics: NULL-terminated; kept by the caller. NULL: none. */
void cluster_init(struct cluster *c, const char *name, char **topics);
void cluster_done(struct cluster *c);

/* All is well: three partitions each with three replicas, minimum ISR 2, compacted. */
struct kafka_facts *cluster_facts(const struct cluster *c);
/* Nothing was answered: metadata ended with this. */
struct kafka_facts *cluster_silence(const struct cluster *c, enum kafka_error error);
struct kafka_topic *facts_topic(struct kafka_facts *f, const char *name);
/* One broker is gone: where it led another of the replicas does, and it is in no ISR. */
void facts_lose_broker(struct kafka_facts *f, int32_t id);

/* One check, which has just ended; takes the facts over. */
void cluster_check(struct cluster *c, struct kafka_facts *f);
void cluster_up(struct cluster *c);
void cluster_down(struct cluster *c);
/* The one thing that was told; fails when it is not of that type. */
const struct kafka_told *cluster_told(const struct cluster *c, enum kafka_told_type type);
