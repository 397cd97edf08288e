/* What must outlive the agent: restarts and their budget, the open incident, what is known of the unit's
 * start. Plain data, one per worker; kept on disk by act/ledger.c. All times are agent time (agent.h). */
#pragma once

#include "judge/unit_view.h"
#include "observe/observation.h"

#define INCIDENT_ID_SIZE 17 /* 16 hexadecimal digits */
#define TARGET_ID_SIZE 17   /* the same */
#define RESTARTS_KEPT 32    /* more than any restart_limit */
#define RESTART_LIMIT_MAX 24

enum restart_result {
        RESTART_PENDING, /* the intent is written down, the outcome is not: it costs */
        RESTART_DONE,
        RESTART_FAILED, /* the job failed, timed out or was lost */
        _RESTART_RESULT_MAX,
};

struct restart_record {
        usec_t at_usec;
        enum restart_result result;
        bool revive;   /* brought a crashed unit back: costs backoff, not budget */
        bool operator; /* an operator ordered it: costs nothing, but backoff counts from it */
        char incident[INCIDENT_ID_SIZE];
        char invocation_id[INVOCATION_ID_SIZE]; /* of the start that was ended */
        char stage[STAGE_TEXT_SIZE];            /* why: the stage of the last answer, or "" */
        char connector[CONNECTOR_NAME_SIZE];    /* the connector it named, or "" */
};

/* Restarts done (or, when observing only, told): the oldest first. */
struct budget {
        struct restart_record restarts[RESTARTS_KEPT];
        size_t n_restarts;
        unsigned n; /* Strimzi's n: restarts since it was last healthy for longer than its backoff */
        usec_t exhausted_at_usec;     /* 0: not exhausted */
        bool recurring;               /* exhausted not by number, but because the same connector came back */
        usec_t last_try_usec;         /* the last counted try while exhausted; 0: none */
        usec_t distrusted_until_usec; /* the ledger was damaged: spent until then; 0: not */
};

struct incident {
        char id[INCIDENT_ID_SIZE]; /* "": none is open */
        usec_t opened_at_usec;
        unsigned restarts;
        bool was_unhealthy;
        bool flapping_told;
};

/* What the polls of an open incident had added up to when the agent was ended in an orderly way, as for an
 * upgrade: counted on from there, if the next poll comes before it would count as a gap. Only on its way
 * from one agent to the next. */
struct streak {
        usec_t received_at_usec; /* of the last poll; 0: nothing to be counted on */
        unsigned failures;
        usec_t sustained_usec;
        bool any_answered;
        unsigned silent;
        usec_t silent_usec;
        usec_t stage_began_at_usec; /* the worker's own clock */
        unsigned successes;
        usec_t healthy_usec;
};

struct history {
        struct budget budget;
        struct budget virtual_budget; /* of would-be restarts while observe-only stands */
        struct incident incident;
        struct streak streak;
        char invocation_id[INVOCATION_ID_SIZE]; /* the start of the unit that the next two speak of */
        bool seen_ok;                           /* its first ok was seen */
        bool stop_seen;                         /* a stop job was seen for it */
        bool lacks_health;                      /* its worker has no GET /health */
        char target[TARGET_ID_SIZE]; /* of the kind and URL of which seen_ok and lacks_health speak */
};

/* Appends; the oldest makes room, a revive before a counted restart. */
void budget_add(struct budget *b, const struct restart_record *r);
const struct restart_record *budget_last(const struct budget *b) _pure_;

/* Both look only at the restarts that there are: a worker that was never restarted takes and costs next to
 * nothing. */
void history_copy(struct history *to, const struct history *from);
bool history_equal(const struct history *a, const struct history *b) _pure_;
