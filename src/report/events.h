/* Typed events: everything the agent says to the journal is one of these. Pure: building and formatting
 * only; the reporter's thread sends them. Each type has its own MESSAGE_ID and an entry in
 * units/connect-watchdog.catalog. */
#pragma once

#include <stdio.h>

#include "util/macro.h"

enum event_type {
        EVENT_AGENT_STARTED,
        EVENT_AGENT_STOPPING,
        EVENT_CONFIG_REJECTED,
        EVENT_CONFIG_WARNING, /* it was taken, but is hardly what was meant */
        EVENT_CONFIG_RELOADED,
        EVENT_NO_WORKER,     /* nothing is configured to be watched */
        EVENT_CANNOT_ACT,    /* no bus, no systemd */
        EVENT_LISTENING,     /* HTTP is answered at an address */
        EVENT_LISTEN_FAILED, /* it cannot be had; tried again */
        EVENT_HTTP_REQUEST,  /* access_log = yes */
        EVENT_WATCHING,      /* a worker begins to be watched: how, and what may be done about it */
        EVENT_STATE_CHANGED,
        EVENT_INCIDENT_OPENED,
        EVENT_INCIDENT_CLOSED,
        EVENT_CANNOT_TELL,
        EVENT_STARTUP_SLOW,
        EVENT_FLAPPING,
        EVENT_UNIT_DOWN,
        EVENT_UNIT_RESTARTED, /* by somebody else: its InvocationID changed */
        EVENT_PAUSED,         /* by an operator; and again by each agent that begins while it lasts */
        EVENT_RESUMED,
        EVENT_BUDGET_RESET,
        EVENT_DEPENDENCY_CHANGED, /* failing polls are no longer counted, or are again */
        EVENT_HOLD_BEGUN,
        EVENT_HOLD_ENDED,
        EVENT_HELD_LONG,
        EVENT_WOULD_RESTART,
        EVENT_EXHAUSTED,
        EVENT_EVIDENCE,
        EVENT_RESTART_REQUESTED,
        EVENT_RESTART_DONE,
        EVENT_RESTART_FAILED,
        EVENT_RESTART_REFUSED, /* polkit, RefuseManualStart, masked: costs no budget */
        EVENT_CONNECTOR_FAILED,
        EVENT_CONNECTOR_RECOVERED,
        EVENT_CONNECTOR_UNASSIGNED,
        EVENT_CONNECTOR_WITHOUT_TASKS,
        EVENT_CONNECTOR_STUCK,       /* its lag grows and nothing is committed; or it gets on again */
        EVENT_CONNECTORS_CHANGED,    /* many at once, told as one */
        EVENT_CONNECTORS_UNREADABLE, /* and again with a lower priority when they can be read */
        EVENT_CONNECTOR_WOULD_RESTART,
        EVENT_CONNECTOR_RESTART_REQUESTED,
        EVENT_CONNECTOR_RESTART_REFUSED,
        EVENT_CONNECTOR_EXHAUSTED,
        EVENT_KAFKA_CHANGED, /* a cluster is up, slow, down, or we cannot tell */
        EVENT_KAFKA_TOPIC,   /* one of its topics is ok, under-replicated, below its minimum ISR, offline */
        EVENT_KAFKA_TOPIC_UNFIT,
        EVENT_KAFKA_DEEP, /* the deep check failed, or is well again */
        EVENT_LOGIND_UNREACHABLE,
        EVENT_LEDGER_DAMAGED,
        EVENT_LEDGER_UNWRITABLE,
        EVENT_HISTORY_UNWRITABLE, /* what happens in incidents cannot be kept */
        EVENT_NOTIFY_TEST,        /* an operator has one sent */
        EVENT_NOTIFY_FAILED,      /* a receiver of [notify NAME] does not take what it is told */
        EVENT_NOTIFY_RECOVERED,
        EVENT_NOTIFY_LOST, /* it was never told these */
        EVENT_JOURNAL_LOST,
        EVENT_INTERNAL_ERROR,
        _EVENT_TYPE_MAX,
};

struct event_info {
        const char *name;       /* CONNECT_WATCHDOG_EVENT: "state-changed" */
        const char *message_id; /* 32 hexadecimal digits */
        int priority;           /* the usual one, syslog's numbers */
};

const struct event_info *event_info(enum event_type type) _pure_;

/* A verdict, and the end of an incident that came to one; others are over before anybody could look. */
#define EVENT_CALL_UNHEALTHY "unhealthy"
#define EVENT_CALL_RECOVERED "recovered"

/* One event. It owns its strings; the static ones are names from tables. */
struct event {
        enum event_type type;
        int priority;
        char *message; /* one sentence for a person, without the worker's name in front */
        char *worker;
        char *unit;
        char *incident;
        const char *call; /* static: a name for the few of its type that somebody is called for, or NULL */
        const char *state, *outcome, *reason, *hold; /* static; NULL: the field is left out */
        char *stage;
        unsigned http_status; /* 0: left out */
        usec_t latency_usec;  /* USEC_INFINITY: left out */
        int failures;         /* -1: left out */
        char **fields;        /* further "FIELD=value" entries: a strv */
};

struct event *event_free(struct event *e);
DEFINE_CLEANUP(struct event *, event_free)

/* A new event of that type with its usual priority and a message; NULL when out of memory. */
struct event *event_new(enum event_type type, const char *format, ...) _printf_(2, 3);
/* Sets worker, unit and incident (each may be NULL or ""). Returns 0 or -ENOMEM. */
int event_about(struct event *e, const char *worker, const char *unit, const char *incident);
/* Adds "CONNECT_WATCHDOG_<name>=value". Returns 0 or -ENOMEM. */
int event_field(struct event *e, const char *name, const char *format, ...) _printf_(3, 4);

/* All fields as sd_journal_sendv(3) takes them: MESSAGE (with "worker: " in front), MESSAGE_ID, PRIORITY,
 * SYSLOG_IDENTIFIER, CONNECT_WATCHDOG_…: a strv of "FIELD=value", or NULL when out of memory. */
char **event_to_fields(const struct event *e);

/* One line for stderr: "<time> worker: message", coloured by priority when asked. */
void event_print(FILE *f, const struct event *e, usec_t realtime_usec, bool colour);
