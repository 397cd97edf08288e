/* The systemd manager and logind over sd-bus: the connection, calls, jobs. The connection is made anew
 * when it is lost. */
#pragma once

#include "judge/unit_view.h"

typedef struct sd_event sd_event;
struct systemd;
struct unit_watch;
struct unit_call; /* the slot of a call: unref cancels its delivery, not the call */

/* connected: false when the bus went away or cannot be had; why is then a sentence. Called when it
 * changes and once for the first result. */
typedef void (*systemd_changed_t)(struct systemd *s, bool connected, const char *why, void *userdata);

/* clock: agent time. Returns 0 also when there is no bus yet: changed tells. DBUS_SYSTEM_BUS_ADDRESS is
 * honoured. */
int systemd_new(sd_event *event,
                usec_t (*clock)(void),
                systemd_changed_t changed,
                void *userdata,
                struct systemd **ret);
struct systemd *systemd_free(struct systemd *s);
DEFINE_CLEANUP(struct systemd *, systemd_free)
/* NULL: it is not asked for anything. */
bool systemd_connected(const struct systemd *s) _pure_;

/* ---- one unit ---- */

/* Something about the unit changed; its view was read whole. stop_seen: a stop job was seen for the
 * invocation that the view names (also one that has ended by now). */
typedef void (*unit_changed_t)(struct unit_watch *u,
                               const struct unit_view *view,
                               bool stop_seen,
                               void *userdata);

/* Watches a unit by name (also one that does not exist yet). Signals wake it; each wake is one GetAll. */
int unit_watch_new(struct systemd *s,
                   const char *name,
                   unit_changed_t changed,
                   void *userdata,
                   struct unit_watch **ret);
struct unit_watch *unit_watch_free(struct unit_watch *u);
DEFINE_CLEANUP(struct unit_watch *, unit_watch_free)
const struct unit_view *unit_watch_view(const struct unit_watch *u) _pure_;
/* Its canonical name, as the journal has it; the name it is watched by until that is known. */
const char *unit_watch_id(const struct unit_watch *u) _pure_;

/* What is asked of systemd right before acting; every part is fresh. */
struct surroundings_read {
        usec_t at_usec; /* agent time of the reading */
        struct unit_view unit;
        bool stop_seen;
        char system_state[UNIT_WORD_SIZE];    /* running, degraded, stopping, …; "" when not told */
        bool logind_asked;                    /* false: logind could not be asked (no hold) */
        char package_manager[UNIT_WORD_SIZE]; /* APT, DNF or RPM exactly, when at work; else "" */
        char logind_error[128];
};
typedef void (*surroundings_done_t)(struct unit_call *c,
                                    int error,
                                    const struct surroundings_read *r,
                                    void *userdata);

/* Reads all of it: GetAll of unit and service, the job's type, SystemState, ListInhibitors. error:
 * negative errno when the unit could not be read. Bounded in time (5 s). */
int unit_read_surroundings(struct unit_watch *u,
                           surroundings_done_t done,
                           void *userdata,
                           struct unit_call **ret);

enum unit_verb {
        UNIT_RESET_FAILED,
        UNIT_TRY_RESTART,
        UNIT_RESTART, /* only to revive: it starts a stopped unit */
        _UNIT_VERB_MAX,
};

enum unit_call_result {
        UNIT_CALL_DONE,    /* the job ended with "done" (reset-failed: the call returned) */
        UNIT_CALL_FAILED,  /* the job ended otherwise; detail is its result: failed, timeout, … */
        UNIT_CALL_REFUSED, /* nothing happened; detail says why, remedy what to do */
        UNIT_CALL_LOST,    /* the deadline passed or the bus went away: the outcome is not known */
};

struct unit_call_report {
        enum unit_call_result result;
        char detail[192];
        char remedy[256]; /* refused: by polkit, RefuseManualStart, masked, not found, … */
        usec_t took_usec;
};
typedef void (*unit_call_done_t)(struct unit_call *c, const struct unit_call_report *r, void *userdata);

/* Calls and, for the restarts, follows the job to JobRemoved. deadline_usec: a span. When done is called,
 * the unit's view is newer than the job's end. -ENOTCONN without a bus. A try-restart that found nothing
 * to restart is DONE, and detail says so. */
int unit_call(struct unit_watch *u,
              enum unit_verb verb,
              usec_t deadline_usec,
              unit_call_done_t done,
              void *userdata,
              struct unit_call **ret);
/* queued is called when systemd has the job, before done. It must not drop c. */
void unit_call_on_queued(struct unit_call *c, void (*queued)(void *userdata));
/* Follows a job that is already pending (adopted after a restart of the agent) to its end. */
int unit_follow_job(struct unit_watch *u,
                    uint32_t job_id,
                    usec_t deadline_usec,
                    unit_call_done_t done,
                    void *userdata,
                    struct unit_call **ret);
/* KillUnit(name, "main", signal): for SIGQUIT only. done: as above. */
int unit_kill_main(struct unit_watch *u,
                   int signo,
                   unit_call_done_t done,
                   void *userdata,
                   struct unit_call **ret);
struct unit_call *unit_call_unref(struct unit_call *c);
DEFINE_CLEANUP(struct unit_call *, unit_call_unref)
