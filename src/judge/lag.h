/* Whether the sink connectors of a worker get on. RUNNING is not progress: one that is stuck on a record
 * commits nothing while its lag grows. Kept are only partitions that lag, and not more than so many. Pure:
 * time is an argument. */
#pragma once

#include "config/settings.h"
#include "observe/kafka_facts.h"
#include "observe/observation.h"

/* Of one connector; what lags beyond them is counted, and not judged. */
#define LAG_PARTITIONS_MAX 256

struct lag_partition {
        char *topic;
        int32_t id;
        int64_t committed; /* -1: nothing was */
        int64_t end, lag;
        usec_t at_usec;             /* when its end was last told */
        usec_t since_usec;          /* committed has not moved since then */
        int64_t lag_then, end_then; /* what they were at that time */
        bool stuck;
};

struct lag_connector {
        char *name;
        usec_t at_usec;                   /* of what was last answered; 0: nothing was yet */
        int64_t lag;                      /* of all partitions together */
        struct lag_partition *partitions; /* that lag, by topic and id */
        size_t n_partitions, n_stuck;
        usec_t stuck_since_usec; /* 0: it is not */
};

struct lag_view {
        struct lag_connector *list; /* those that were asked for last, by name */
        size_t n;
};

void lag_view_done(struct lag_view *v);

enum lag_change_type {
        LAG_STUCK,
        LAG_RECOVERED,   /* it commits again, or has nothing left to read */
        LAG_NOT_RUNNING, /* it was stuck, and is not asked for any more */
        _LAG_CHANGE_MAX,
};

struct lag_change {
        enum lag_change_type type;
        char *connector;   /* owned */
        char *topic;       /* owned; of the stuck partition that lags most; NULL but for LAG_STUCK */
        int32_t partition; /* the same */
        int64_t committed; /* -1: nothing was */
        int64_t end, lag, lag_then;
        size_t n_stuck;     /* partitions */
        usec_t lasted_usec; /* how long it has not moved, or was stuck */
};

struct lag_changes {
        struct lag_change *list;
        size_t n;
};

void lag_changes_done(struct lag_changes *c);

/* One look: connectors are those that run, each the one of lag's group at the same place. A group that could
 * not be asked stays as it was. *ret is overwritten. Returns 0 or -ENOMEM: then the view is as it was. */
int lag_observe(struct lag_view *v,
                const struct worker_settings *w,
                const char *const *connectors,
                const struct kafka_lag *lag,
                usec_t now_usec,
                struct lag_changes *ret);

/* A worker that is well otherwise is degraded while one of its connectors is stuck. */
void lag_weigh(const struct lag_view *v, struct observation *o);
