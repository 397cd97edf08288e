/* The vocabulary of the whole program: what one poll of a worker found. Plain data; owns nothing. */
#pragma once

#include "util/macro.h"

enum outcome {
        OUTCOME_UNKNOWN, /* we cannot tell: never counted for, never against */
        OUTCOME_OK,
        OUTCOME_DEGRADED, /* it lives, but part of its work has failed */
        OUTCOME_STARTING,
        OUTCOME_FAILING,
        _OUTCOME_MAX,
};

/* Why the outcome is what it is. Each has a name (field CONNECT_WATCHDOG_REASON), a sentence and a remedy
 * in the table of observation.c. */
enum reason {
        REASON_NONE,
        REASON_HEALTHY,
        /* degraded; said of its connectors, not of its own health */
        REASON_CONNECTORS_FAILED,
        REASON_CONNECTOR_STUCK,      /* RUNNING, but its lag grows and nothing is committed */
        REASON_CONNECTOR_UNREADABLE, /* no connector runs here, and one cannot be asked for */
        REASON_AGENT_STALE,          /* one of its agents was not seen for too long */
        REASON_DEGRADED,             /* it says so itself; the detail has what it names */
        /* starting */
        REASON_STARTING_UP,       /* 503 "starting" */
        REASON_NOT_LISTENING_YET, /* refused or reset before the first ok of this start */
        REASON_NOT_READY_YET, /* HTML 404 before the first ok of this start: Jetty is up, Connect is not */
        REASON_HERDER_NOT_READY_YET, /* an old worker before the first ok: its tick thread answers nothing */
        /* failing, answered */
        REASON_UNHEALTHY,     /* 500 "unhealthy" */
        REASON_SHUTTING_DOWN, /* 500 "Worker is shutting down" */
        REASON_SERVER_ERROR,  /* any other 5xx */
        REASON_UNEXPECTED,    /* not what the settings expect */
        REASON_HERDER_STUCK,  /* an old worker: its tick thread answers nothing while GET / does */
        /* failing, no answer */
        REASON_TIMEOUT,
        REASON_REFUSED,
        REASON_RESET,
        /* failing; said by the judge, not by a poll */
        REASON_UNIT_FAILED,     /* the unit crashed and revive = yes */
        REASON_STARTUP_TIMEOUT, /* startup_timeout passed and startup_action = restart */
        /* unknown */
        REASON_UNAUTHORIZED, /* 401 */
        REASON_FORBIDDEN,    /* 403 */
        REASON_REDIRECT,     /* 3xx */
        REASON_RATE_LIMITED, /* 429 */
        REASON_CLIENT_ERROR, /* any other 4xx */
        REASON_NOT_FOUND,    /* HTML 404 after an ok: is the URL still Connect's? */
        REASON_NAME_NOT_RESOLVED,
        REASON_UNREACHABLE, /* no route */
        REASON_TLS_UNTRUSTED,
        REASON_TLS_EXPIRED,
        REASON_TLS_CLIENT,     /* the server refused our certificate, or ours cannot be read */
        REASON_NOT_CONNECT,    /* an answer, but not Connect's */
        REASON_NOT_UNDERSTOOD, /* the same of any other kind */
        REASON_NOT_HTTP,
        REASON_TOO_LARGE,    /* body over max_response */
        REASON_CREDENTIAL,   /* a …_file could not be read */
        REASON_NO_RESOURCES, /* our own lack of descriptors or memory */
        _REASON_MAX,
};

#define STAGE_TEXT_SIZE 256
#define CONNECTOR_NAME_SIZE 128

/* The operation of the herder that GET /health names (KIP-1017's message,
 * R/rest/entities/WorkerStatus.java). */
struct stage {
        char text[STAGE_TEXT_SIZE]; /* "" when none was told: "generating task configs for connector X" */
        char connector[CONNECTOR_NAME_SIZE]; /* the connector it names, or "" */
        bool completed;                      /* the last operation completed, rather than one under way */
        usec_t began_at_usec;                /* realtime of the worker; 0 when not told or not in ISO form */
        usec_t completed_at_usec;            /* the same */
};

/* How one kind of worker puts a reason, where its system has words of its own for it. */
struct reason_words {
        enum reason reason;
        const char *text, *remedy;
};

#define OBSERVATION_DETAIL_SIZE 256

struct observation {
        enum outcome outcome;
        enum reason reason;
        bool answered;           /* failing: the JVM answered (500) rather than nothing at all */
        bool restarted;          /* its process began anew since the answer before */
        unsigned http_status;    /* 0: no answer */
        usec_t sent_at_usec;     /* agent time (agent.h) */
        usec_t received_at_usec; /* agent time */
        usec_t latency_usec;
        struct stage stage;
        const struct reason_words *words;     /* of the worker's kind; NULL: none */
        char detail[OBSERVATION_DETAIL_SIZE]; /* what else is worth saying, one line, or "" */
};

static inline bool outcome_is_good(enum outcome o) {
        return o == OUTCOME_OK || o == OUTCOME_DEGRADED;
}

const char *outcome_to_string(enum outcome o) _pure_;
const char *reason_to_string(enum reason r) _pure_;
/* One clause for a person, to follow "connect-a: ": "did not answer within the timeout". */
const char *reason_text(enum reason r) _pure_;
/* What to do about it, one sentence; "" where there is nothing to do. */
const char *reason_remedy(enum reason r) _pure_;
/* The same, in the words of the worker's kind. */
const char *observation_text(const struct observation *o) _pure_;
const char *observation_remedy(const struct observation *o) _pure_;
