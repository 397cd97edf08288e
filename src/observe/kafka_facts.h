/* The vocabulary of the Kafka checks: what was asked of a cluster and what it answered, before anybody
 * judges it. Plain data, filled by the module on a thread of its own and handed over whole. */
#pragma once

#include "util/macro.h"

/* How one request of a check ended. */
enum kafka_error {
        KAFKA_OK,
        KAFKA_NO_ANSWER,       /* nothing came in time, or every connection was refused or broke */
        KAFKA_NOT_RESOLVED,    /* no bootstrap name has an address */
        KAFKA_UNAUTHENTICATED, /* SASL: our credentials were refused */
        KAFKA_TLS,             /* no trust, or ours was refused */
        KAFKA_UNAUTHORIZED,    /* an ACL keeps it from us: a broker answered */
        KAFKA_UNAVAILABLE,     /* a broker answered that it cannot: no coordinator, no leader */
        KAFKA_NO_SUCH_TOPIC,
        KAFKA_OUR_OWN, /* memory, descriptors, a setting that the library refuses */
        KAFKA_OTHER,   /* any other answer of a broker; the detail says which */
        _KAFKA_ERROR_MAX,
};

#define KAFKA_DETAIL_SIZE 256

struct kafka_step {
        bool asked;
        enum kafka_error error;
        usec_t took_usec;
        char detail[KAFKA_DETAIL_SIZE]; /* the library's words, one line, or "" */
};

struct kafka_broker {
        int32_t id;
        char *address; /* advertised host:port */
};

struct kafka_partition {
        int32_t id;
        int32_t leader; /* -1: none */
        enum kafka_error
                error; /* of asking its leader for the end of the partition; its absence is UNAVAILABLE */
        int32_t *replicas, *isrs; /* broker ids */
        size_t n_replicas, n_isrs;
};

struct kafka_topic {
        char *name;
        enum kafka_error error; /* of its metadata */
        struct kafka_partition *partitions;
        size_t n_partitions;
        int min_isr;          /* negative: may not be read */
        char *cleanup_policy; /* NULL: may not be read */
};

/* One liveness check. */
struct kafka_facts {
        usec_t timeout_usec; /* that it had */
        usec_t took_usec;
        struct kafka_step metadata;
        struct kafka_step coordinator; /* of the group that was named */
        struct kafka_step leaders;     /* the worst of the partitions' */
        char *cluster_id;              /* NULL: not told */
        int32_t controller;            /* as metadata names it; proves nothing under KRaft. -1: none */
        struct kafka_broker *brokers;  /* that metadata names */
        size_t n_brokers;
        struct kafka_topic *topics; /* in the order in which they were asked for */
        size_t n_topics;
};

struct kafka_facts *kafka_facts_free(struct kafka_facts *f);
DEFINE_CLEANUP(struct kafka_facts *, kafka_facts_free)

/* The deep check: one message produced to, and consumed from, each partition. */
struct kafka_deep_partition {
        int32_t id;
        enum kafka_error error;
        usec_t took_usec;
        char detail[KAFKA_DETAIL_SIZE];
};

struct kafka_deep {
        enum kafka_error error; /* that kept it from beginning; OK: the partitions say the rest */
        char detail[KAFKA_DETAIL_SIZE];
        usec_t took_usec;
        struct kafka_deep_partition *partitions; /* by id */
        size_t n_partitions;
};

struct kafka_deep *kafka_deep_free(struct kafka_deep *d);
DEFINE_CLEANUP(struct kafka_deep *, kafka_deep_free)

/* Consumer lag: what a group has committed, against the ends of its partitions: those that it has committed
 * something of, or that its members were assigned. */
struct kafka_lag_partition {
        char *topic;
        int32_t id;
        int64_t committed; /* -1: nothing was */
        int64_t begin,
                end; /* offsets of the first message that is there and the next that will be; -1: not told */
};

struct kafka_lag_group {
        char *name;
        enum kafka_error error;
        char detail[KAFKA_DETAIL_SIZE];
        struct kafka_lag_partition *partitions;
        size_t n_partitions;
};

/* committed: negative where nothing was. Returns 0, -ENOMEM, or -EBADMSG: Kafka has no topic of that name.
 */
int kafka_lag_group_add(struct kafka_lag_group *g, const char *topic, int32_t id, int64_t committed);
/* Leaves the first n. */
void kafka_lag_group_cut(struct kafka_lag_group *g, size_t n);
/* By topic and id, each once: the one of which something was committed. */
void kafka_lag_group_sort(struct kafka_lag_group *g);
/* Of one that is sorted; NULL: there is none. */
struct kafka_lag_partition *kafka_lag_group_find(const struct kafka_lag_group *g,
                                                 const char *topic,
                                                 int32_t id);
void kafka_lag_group_done(struct kafka_lag_group *g);

struct kafka_lag {
        usec_t took_usec;
        struct kafka_lag_group *groups; /* in the order in which they were asked for */
        size_t n_groups;
};

struct kafka_lag *kafka_lag_free(struct kafka_lag *l);
DEFINE_CLEANUP(struct kafka_lag *, kafka_lag_free)

const char *kafka_error_to_string(enum kafka_error e) _pure_;
