/* One watched worker: its timer, its poll, what the judge knows of it, and the restart under way. */
#pragma once

#include "agent.h"
#include "connectors_watch.h"
#include "judge/connector_remedy.h"
#include "judge/lag.h"
#include "judge/remedy.h"
#include "observe/poll.h"
#include "report/http/counts.h"
#include "report/status_line.h"

struct restart;
struct restart_order;
struct peer;

struct worker {
        struct agent *agent;
        struct worker_settings *settings; /* owned by agent->settings; replaced by a reload */

        struct health health;
        struct history history;
        struct history saved; /* as last handed to the ledger */
        struct remedy remedy;
        struct hold_entry *holds; /* what kept the last remedy that was asked for back */
        size_t n_holds;
        struct worker_counts counts;
        struct status_item status; /* as last made known for STATUS= */

        struct probe probe;
        struct poll *poll;
        usec_t due_usec;   /* of the poll under way, or of the next */
        bool polled_first; /* the first poll was sent */
        bool observed;     /* and brought something */
        bool polled;       /* a poll at this pace has ended, and given it its phase */
        sd_event_source *poll_source, *deadline_source;
        sd_event_source *grace_source; /* the end of a dependency's grace */

        uint64_t introduced; /* checksum of what was last told of how it is watched */
        struct unit_watch *unit;
        struct restart *restart;
        struct restart_order *ordered; /* an operator's, which is not begun yet */
        bool pending_restart;          /* an intent of an earlier agent has no outcome yet */
        int url_is_local;              /* negative: not known */
        struct poll_local *url_query;
        usec_t url_asked_for; /* the answer for which it was last asked; USEC_INFINITY: it was not */
        usec_t refused_until_usec;
        unsigned refusals;
        char refused_why[192];
        char refused_incident[INCIDENT_ID_SIZE];

        struct connectors_watch *connectors;
        struct connector_attempts attempts; /* restarts of single connectors */
        struct lag_view lag;                /* of its sinks, with lag = yes */
        usec_t lag_due_usec;

        struct peer *peers;
        size_t n_peers, n_peers_asked;
        int peers_healthy; /* negative: not known */
        usec_t peers_at_usec;
};

int worker_new(struct agent *a, struct worker_settings *settings, struct worker **ret);
struct worker *worker_free(struct worker *w);
/* Begins: watches the unit, sends the first poll. */
int worker_start(struct worker *w);
/* New settings of the same name. What they do not change goes on as it was. */
int worker_reconfigure(struct worker *w, struct worker_settings *settings);

/* The bus came or went. */
void worker_bus_changed(struct worker *w);
/* Remembers what keeps a remedy back, for those who ask; d NULL: nothing does. */
void worker_remember_holds(struct worker *w, const struct decision *d);
/* Decides whether something is to be done, and begins it. */
void worker_consider(struct worker *w);
/* After the judge was asked: tells, saves, arms. */
void worker_settled(struct worker *w, const struct tolds *told);
/* Feeds a fresh view of the unit to the judge. */
void worker_unit_changed(struct worker *w, const struct unit_view *view, bool stop_seen);
/* Something was found of what it requires, or its settings changed: has the judge told. */
void worker_dependency_changed(struct worker *w);
/* What STATUS= may say of it. */
struct status_item worker_status(const struct worker *w);
/* Whether its poll has brought no result for too long: by due time + timeout + one interval. */
bool worker_overdue(const struct worker *w, usec_t now_usec) _pure_;

/* An event about this worker, with its unit, incident and state; sent by worker_tell(). */
struct event *worker_event(const struct worker *w, enum event_type type, const char *format, ...)
        _printf_(3, 4);
void worker_tell(const struct worker *w, struct event *e);
/* Makes an event made elsewhere one about this worker. Returns 0 or -ENOMEM. */
int worker_about(const struct worker *w, struct event *e);
