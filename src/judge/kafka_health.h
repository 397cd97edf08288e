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
        KAFKA_REASON_OTHER,   /* a broker answered with an error that says neither */
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

/* Bits: how a topic is not as Connect needs it. */
enum topic_unfit {
        TOPIC_UNFIT_MISSING = 1,
        TOPIC_UNFIT_NOT_COMPACTED = 2,
        TOPIC_UNFIT_SINGLE_REPLICA = 4,
};

/* One of the section's topics. */
struct kafka_topic_health {
        char *name; /* owned */
        enum topic_state state;
        usec_t since_usec;
        enum topic_state known; /* the last state that could be told */
        usec_t known_since_usec;
        size_t n_partitions, n_under_replicated, n_below_min_isr, n_offline;
        int32_t worst_partition;         /* the first of the worst kind; -1: none */
        int min_isr, replication_factor; /* the least of its partitions'; negative: not known */
        unsigned unfit;                  /* enum topic_unfit: each is told once, until it is mended */
};

struct kafka_health {
        enum kafka_outcome outcome;
        enum kafka_reason reason;
        char detail[KAFKA_DETAIL_SIZE];
        usec_t since_usec;      /* of the outcome */
        usec_t checked_at_usec; /* 0: never */
        usec_t took_usec;
        usec_t last_up_usec; /* last check that found it up or slow; 0: never */
        bool impeded;        /* its last check, or one since it was last well, found an impediment: it, or
                                a topic of it, could not be used, or this could not be told */
        usec_t back_at_usec; /* when that last ended; 0: it never was */
        struct kafka_facts *facts;         /* of the last check that got metadata; NULL: none. Owned */
        struct kafka_topic_health *topics; /* in the order of settings->topics. Owned */
        size_t n_topics;
        bool any_cleanup_policy;             /* as the settings have it */
        uint64_t checks[_KAFKA_OUTCOME_MAX]; /* how many ended so */
};

/* Returns 0 or -ENOMEM. */
int kafka_health_init(struct kafka_health *h, const struct kafka_settings *k, usec_t now_usec);
void kafka_health_done(struct kafka_health *h);
/* A reload: what is known of the topics that stay in the list is kept. Returns 0 or -ENOMEM; then the list
 * is the old one, and the next check tries again. */
int kafka_health_reconfigure(struct kafka_health *h, const struct kafka_settings *k, usec_t now_usec);

/* From now on others are asked, which may be another cluster: that it is up is not known until they have
 * answered. An outage stands until then. */
void kafka_health_doubt(struct kafka_health *h, usec_t now_usec);

enum kafka_told_type {
        KAFKA_TOLD_OUTCOME, /* up, slow, down, unknown: changed; unknown also when its reason did */
        KAFKA_TOLD_TOPIC,   /* a topic's state changed from the last that could be told. That one is missing
                               is told as unfit */
        KAFKA_TOLD_UNFIT,   /* a topic is not as Connect needs it */
        _KAFKA_TOLD_TYPE_MAX,
};

struct kafka_told {
        enum kafka_told_type type;
        enum kafka_outcome from, to;
        usec_t lasted_usec; /* how long from lasted */
        enum topic_state topic_from, topic_to;
        size_t topic;                 /* its place in settings->topics */
        enum topic_unfit unfit;       /* one of them */
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

/* Whether a worker that needs the topic cannot do without it as it is now: offline, missing, below its
 * minimum ISR. */
bool topic_state_impedes(enum topic_state s) _pure_;

const char *kafka_outcome_to_string(enum kafka_outcome o) _pure_;
const char *kafka_reason_to_string(enum kafka_reason r) _pure_;
const char *kafka_reason_text(enum kafka_reason r) _pure_;   /* one clause: "no broker answers" */
const char *kafka_reason_remedy(enum kafka_reason r) _pure_; /* one sentence, or "" */
const char *topic_state_to_string(enum topic_state s) _pure_;
