/* What the checks of one Kafka cluster add up to, and what of it is to be told. Pure: time is an argument.
 */
#pragma once

#include "config/settings.h"
#include "observe/kafka_facts.h"

enum kafka_outcome {
        KAFKA_UNKNOWN, /* we cannot tell: not asked yet, our credentials, DNS, TLS. No outage, but it holds
                        */
        KAFKA_UP,
        KAFKA_SLOW, /* all was answered, but took more than half of the timeout */
        KAFKA_DOWN,
        _KAFKA_OUTCOME_MAX,
};

enum kafka_reason {
        KAFKA_REASON_NOT_ASKED, /* no check has ended yet */
        KAFKA_REASON_UP,
        KAFKA_REASON_SLOW,
        KAFKA_REASON_NO_BROKER,      /* none answered metadata */
        KAFKA_REASON_NO_COORDINATOR, /* brokers answer, but none coordinates the group */
        KAFKA_REASON_LEADERS_SILENT, /* metadata names leaders that do not answer */
        KAFKA_REASON_NOT_RESOLVED,
        KAFKA_REASON_UNAUTHENTICATED,
        KAFKA_REASON_UNAUTHORIZED,
        KAFKA_REASON_TLS,
        KAFKA_REASON_OUR_OWN, /* our module, memory, descriptors, credentials' files */
        _KAFKA_REASON_MAX,
};

enum topic_state {
        TOPIC_UNKNOWN, /* cannot be told, as while no broker answers */
        TOPIC_OK,
        TOPIC_UNDER_REPLICATED,
        TOPIC_BELOW_MIN_ISR, /* takes no message with acks=all, which is Connect's way */
        TOPIC_OFFLINE,       /* a partition has no leader, or one that does not answer */
        TOPIC_MISSING,
        _TOPIC_STATE_MAX,
};

/* One of the section's topics. */
struct kafka_topic_health {
        enum topic_state state;
        usec_t since_usec;
        size_t n_partitions, n_under_replicated, n_below_min_isr, n_offline;
        int32_t worst_partition;         /* the first of the worst kind; -1: none */
        int min_isr, replication_factor; /* the least of its partitions'; negative: not known */
        bool told_unfit;                 /* missing, not compacted or a single replica: warned of once */
};

struct kafka_health {
        enum kafka_outcome outcome;
        enum kafka_reason reason;
        char detail[KAFKA_DETAIL_SIZE];
        usec_t since_usec;      /* of the outcome */
        usec_t checked_at_usec; /* 0: never */
        usec_t took_usec;
        usec_t last_up_usec; /* last check that found it up or slow; 0: never */
        usec_t back_at_usec; /* when it, or the last of its topics, last ceased to be an impediment; 0: it
                                never was one */
        struct kafka_facts *facts;         /* of the last check that got metadata; NULL: none. Owned */
        struct kafka_topic_health *topics; /* in the order of settings->topics */
        size_t n_topics;
        uint64_t checks[_KAFKA_OUTCOME_MAX]; /* how many ended so */
};

/* Returns 0 or -ENOMEM. */
int kafka_health_init(struct kafka_health *h, const struct kafka_settings *k, usec_t now_usec);
void kafka_health_done(struct kafka_health *h);

enum kafka_told_type {
        KAFKA_TOLD_OUTCOME, /* up, slow, down, unknown: changed */
        KAFKA_TOLD_TOPIC,   /* a topic's state changed */
        KAFKA_TOLD_UNFIT,   /* a topic is not as Connect needs it */
        _KAFKA_TOLD_TYPE_MAX,
};

struct kafka_told {
        enum kafka_told_type type;
        enum kafka_outcome from, to;
        usec_t lasted_usec; /* how long from lasted */
        enum topic_state topic_from, topic_to;
        size_t topic;                 /* its place in settings->topics */
        char text[KAFKA_DETAIL_SIZE]; /* unfit: what is, and what would be right */
};

struct kafka_tolds {
        struct kafka_told *list;
        size_t n, size;
};

void kafka_tolds_done(struct kafka_tolds *t);

/* One check; facts is taken over, also on error. now_usec: when its result came. Returns 0 or -ENOMEM. */
int kafka_health_observe(struct kafka_health *h,
                         const struct kafka_settings *k,
                         struct kafka_facts *facts,
                         usec_t now_usec,
                         struct kafka_tolds *ret);
/* No check could be made: why, in one line. The same as one that ended unknown. */
int kafka_health_cannot_check(struct kafka_health *h,
                              const struct kafka_settings *k,
                              const char *why,
                              usec_t now_usec,
                              struct kafka_tolds *ret);

const char *kafka_outcome_to_string(enum kafka_outcome o) _pure_;
const char *kafka_reason_to_string(enum kafka_reason r) _pure_;
const char *kafka_reason_text(enum kafka_reason r) _pure_;   /* one clause: "no broker answers" */
const char *kafka_reason_remedy(enum kafka_reason r) _pure_; /* one sentence, or "" */
const char *topic_state_to_string(enum topic_state s) _pure_;
