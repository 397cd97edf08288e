/* What is wrong with the connectors and tasks of a worker's cluster, and what changed since the last look.
 * Kept is only what is not well, so 10,000 healthy connectors take nothing. Pure. */
#pragma once

#include "judge/told.h"
#include "observe/connector_rules.h"

enum connector_trouble_kind {
        TROUBLE_FAILED,     /* in one of unhealthy_states */
        TROUBLE_UNASSIGNED, /* told once it has lasted for longer than rebalance_delay */
        TROUBLE_NO_TASKS,   /* a running connector without a single task; the same */
};

struct connector_trouble {
        int64_t task; /* -1: the connector itself */
        enum connector_trouble_kind kind;
        enum connector_state state;
        bool counts; /* towards degraded */
        bool told;
        usec_t since_usec; /* when it was first seen */
        char *worker_id;   /* failed: where */
        char *trace;       /* failed: as much of it as there is room for, or NULL */
};

struct troubled_connector {
        char *name;
        bool here;                          /* the connector itself is on the worker of worker_id */
        bool failed;                        /* it, or one of its tasks, is FAILED; anywhere */
        struct connector_trouble *troubles; /* by task */
        size_t n_troubles;
};

/* So many sinks are asked for their lag. */
#define CONNECTOR_SINKS_MAX 500

struct connectors_view {
        struct troubled_connector *list; /* by name, once it is whole */
        size_t n, size;
        size_t trace_bytes;
        struct connector_tally tally;
        char **sinks; /* with lag = yes: those that run, on the worker of worker_id if one is named */
        size_t n_sinks;
        usec_t at_usec; /* when the look that found it began */
        bool broker_failed;
        char broker_connector[256], broker_detail[256];
};

struct connectors_view *connectors_view_free(struct connectors_view *v);
DEFINE_CLEANUP(struct connectors_view *, connectors_view_free)

/* One connector of the look under way. Returns 0 or -ENOMEM. */
int connectors_view_add(struct connectors_view *v,
                        const struct worker_settings *w,
                        const struct connector_status *c,
                        usec_t now_usec);

enum connector_change_type {
        CHANGE_FAILED,
        CHANGE_RECOVERED,
        CHANGE_UNASSIGNED,
        CHANGE_NO_TASKS,
        _CONNECTOR_CHANGE_MAX,
};

struct connector_change {
        enum connector_change_type type;
        const struct troubled_connector *connector;
        const struct connector_trouble *trouble; /* recovered: as it was */
};

struct connector_changes {
        struct connector_change *list;
        size_t n, size;
};

void connector_changes_done(struct connector_changes *c);

/* v is whole: takes over from the look before (NULL: there was none) since when each trouble is seen and
 * what was told, and fills *ret, which points into both. Returns 0 or -ENOMEM. */
int connectors_view_finish(struct connectors_view *v,
                           const struct connectors_view *before,
                           const struct worker_settings *w,
                           usec_t now_usec,
                           struct connector_changes *ret);

/* That connector's troubles, or NULL where it has none. v must be whole. */
const struct troubled_connector *connectors_view_find(const struct connectors_view *v,
                                                      const char *name) _pure_;

/* A worker that is well, but not its connectors, is degraded. v NULL: nothing is known. */
void connectors_weigh(const struct connectors_view *v,
                      const struct worker_settings *w,
                      struct observation *o);
