/* The one place that knows everything: timers in, actions out. main.c starts it; worker.c and restart.c are
 * its parts. */
#pragma once

#include <sys/types.h>

#include "act/ledger.h"
#include "act/systemd.h"
#include "config/config.h"
#include "observe/http_client.h"
#include "report/reporter.h"

typedef struct sd_event_source sd_event_source;
struct control_order;
struct document;
struct http_reply;
struct http_server;
struct kafka_watch;
struct kept_order;
struct notifier;
struct question;
struct saved_intent;
struct snapshot;
struct worker;

#define EXIT_CONFIG 78 /* EX_CONFIG of sysexits.h; the unit's RestartPreventExitStatus= */

struct agent_options {
        struct config_options config;
        bool dry_run;
        const char *runtime_directory; /* NULL: there is no control socket */
        const char *state_directory;   /* NULL: nothing is kept, and acting is held */
};

struct agent {
        const struct agent_options *options;
        sd_event *event;
        struct reporter *reporter;
        struct http_client *http;
        struct http_server *http_server; /* NULL: none could be made */
        bool started;                    /* agent-started was told */
        bool stopping;
        char http_addresses[256];    /* what it tells of them */
        bool http_sockets_given;     /* by systemd */
        struct http_server *control; /* the operator's own; NULL: there is none */
        bool http_opened;            /* nobody waits for the first polls any more */
        struct systemd *systemd;     /* NULL: with --healthcheck-compat */
        struct ledger *ledger;
        struct settings *settings;
        struct worker **workers;
        size_t n_workers;
        struct kafka_watch **kafkas;
        size_t n_kafkas;
        struct kafka_watch *kafkas_leaving; /* not configured any more; their threads are about to end */

        struct notifier **notifiers;
        size_t n_notifiers;
        sd_event_source *farewell_source; /* the end waits for them */

        /* Ledger entries of workers that are not configured now: taken out and put back, a worker keeps its
         * budget. */
        struct ledger_entry *absent;
        size_t n_absent;
        bool ledger_dirty, ledger_saving, ledger_writable, ledger_failure_told;
        bool ledger_distrusted; /* it was lost: whoever has no entry has a spent budget for one window */
        usec_t started_at_usec;
        struct pauses pauses;
        struct kept_order *kept_orders; /* answered when they are on disk; operator.c's */
        struct saved_intent *intents;   /* on their way to the disk; intent.c's */

        uint64_t incident_seed;
        bool logind_failure_told, bus_known, ready;
        bool config_rejected; /* what is on disk is not what is in force */
        sd_event_source *ledger_source, *status_source, *watchdog_source, *pause_source;
};

/* Runs until it is told to stop. Returns the exit status: 0, 78 (EX_CONFIG) or 1. */
int agent_run(const struct agent_options *options);

/* Agent time: microseconds that begin as realtime and go on as CLOCK_BOOTTIME, so that a step of the wall
 * clock moves nothing. */
usec_t agent_now(void);
/* What to add to agent time for realtime. */
int64_t agent_clock_offset(void);

/* What to subtract from agent time for CLOCK_BOOTTIME, the clock of the timers. */
int64_t agent_boottime_offset(void);

bool agent_dry_run(const struct agent *a) _pure_;
/* Reads what an earlier agent left, before the workers are made. Returns 0 or a negative errno. */
int agent_open_ledger(struct agent *a);
/* Something that outlives the agent changed: written soon, and once for all changes of this round. */
void agent_history_changed(struct agent *a);
/* Written now; saved is called when it is on disk or failed. */
int agent_save_ledger(struct agent *a, ledger_saved_t saved, void *userdata);
void agent_ledger_result(struct agent *a, int error);
/* Serves what is known over HTTP, as the settings say. What cannot be had there is told and never keeps the
 * agent from watching. */
void agent_http_start(struct agent *a);
void agent_http_reconfigure(struct agent *a);
/* Makes an answer out of what is known now. Returns 0 or -ENOMEM. */
typedef int (*agent_answer_t)(const struct snapshot *s, const struct question *q, struct document *ret);
int agent_http_answer(struct agent *a,
                      agent_answer_t answer,
                      const struct question *q,
                      struct document *ret);
/* The control socket. What cannot be had of it is told, and keeps the agent from nothing else. */
void agent_control_start(struct agent *a);
/* Makes the receivers of events those of the settings, which must not be freed before; those that are gone
 * are told of with their old ones. Returns 0 or a negative errno. */
int agent_notify_apply(struct agent *a, const struct settings *settings, struct notifier **room);
/* Room for them, which it takes over: what was could not go on without. NULL when out of memory. */
struct notifier **agent_notify_room(const struct settings *settings);
/* The agent ends: what waits is sent now. Returns whether there is nothing to wait for; else the loop ends
 * when it is sent, or after a moment. */
bool agent_notify_finish(struct agent *a);
void agent_notify_free(struct agent *a);
/* An order: one event, which is only a test, to the receiver of that name. */
void agent_notify_test(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply);
/* A state or count that STATUS= shows changed. */
void agent_status_changed(struct agent *a);
/* A first poll was sent; READY=1 follows the last of them. */
void agent_polled(struct agent *a);
/* A worker whose poll is overdue, or NULL. */
const struct worker *agent_overdue(const struct agent *a);
/* A first poll, or look at connectors, brought something; whoever asks over HTTP waits for the last of them.
 */
void agent_observed(struct agent *a);
/* w leaves the configuration, or its unit: what was kept of it stays in the ledger. */
void agent_keep_history(struct agent *a, const struct worker *w);
struct worker *agent_find_worker(const struct agent *a, const char *name) _pure_;
/* The entry of a unit (or of a worker without one) that was absent, taken out; false: there is none. */
bool agent_take_history(struct agent *a,
                        const char *worker,
                        const char *unit,
                        struct history *ret,
                        struct connector_attempts *ret_attempts);
