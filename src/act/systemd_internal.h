/* What the files of the systemd client share: nobody else includes this. User code is never called while
 * one of the lists is walked: what there is to tell is told from a deferred source of its own. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "act/stop_tracker.h"
#include "act/systemd.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_JOB "org.freedesktop.systemd1.Job"
#define SYSTEMD_JOB_PATH "/org/freedesktop/systemd1/job/"
#define LOGIN_NAME "org.freedesktop.login1"
#define PROPERTIES "org.freedesktop.DBus.Properties"

#define UNIT_ID_SIZE 256
#define JOB_PATH_SIZE 64
#define READ_TIMEOUT (5 * USEC_PER_SEC)

struct systemd {
        sd_event *event;
        usec_t (*clock)(void);
        systemd_changed_t changed;
        void *userdata;

        sd_bus *bus;
        sd_bus_slot *disconnected_slot, *owner_slot, *signals_slot, *subscribe_slot;
        sd_event_source *timer; /* retry, or how long the manager may be away */
        sd_event_source *notify;
        enum {
                BUS_WAITING, /* for the next attempt */
                BUS_CONNECTING,
                BUS_UP,
                BUS_MANAGER_AWAY, /* its name has no owner; it may only be re-executing itself */
                BUS_NO_MANAGER,   /* connected to a bus without systemd */
                BUS_LOST,         /* to be dropped, then waited */
        } state;
        unsigned attempt;
        bool told, told_connected;
        char why[256];

        struct unit_watch *watches;
        struct unit_call *calls;
};

struct unit_watch {
        struct unit_watch *next;
        struct systemd *s; /* NULL once that is gone */
        char *name;
        unit_changed_t changed;
        void *userdata;

        char id[UNIT_ID_SIZE]; /* the canonical name; as name until it is known */
        char *path;            /* of the unit's object; NULL: to be asked */
        bool path_is_stale;
        bool path_was_asked; /* in this reading */
        sd_bus_slot *match;
        sd_bus_slot *reading; /* the call of the reading under way */
        struct job_question { /* the types of jobs that signals told of */
                sd_bus_slot *slot;
                struct unit_watch *unit;
                uint32_t job_id;
        } questions[4];
        sd_event_source *pace; /* the next reading, not too soon after the last one */
        sd_event_source *notify;
        bool dirty, urgent;
        uint64_t n_readings;
        usec_t began_usec; /* CLOCK_MONOTONIC, of the last reading */

        struct unit_view view;
        struct unit_view next_view; /* while its job's type is asked */
        struct stop_tracker stops;
};

enum unit_call_kind {
        CALL_VERB,
        CALL_FOLLOW,
        CALL_KILL,
        CALL_SURROUNDINGS,
};

#define REMOVED_KEPT 8

struct unit_call {
        struct unit_call *next;
        struct systemd *s;
        struct unit_watch *u;
        enum unit_call_kind kind;
        enum unit_verb verb;
        unit_call_done_t done;
        surroundings_done_t surroundings_done;
        void *userdata;

        sd_bus_slot *slot, *state_slot, *logind_slot;
        sd_event_source *timer;
        sd_event_source *deliver;
        usec_t begun_usec;
        uint64_t wants_reading; /* the number of the reading that is awaited; 0: none */
        int error;

        char job_path[JOB_PATH_SIZE]; /* "": not known yet */
        struct removed_job {
                char path[JOB_PATH_SIZE];
                char result[UNIT_WORD_SIZE];
        } removed[REMOVED_KEPT]; /* jobs that ended before the call returned */
        size_t n_removed;
        bool returns;                   /* its return is awaited, and the unit's tracker knows */
        void (*queued)(void *userdata); /* NULL: nobody asks */
        char invocation_before[INVOCATION_ID_SIZE];
        bool ended; /* the report stands; only a fresh view is awaited */

        struct unit_call_report report;
        struct surroundings_read read;
};

/* ---- systemd.c ---- */
bool systemd_usable(const struct systemd *s) _pure_;
/* A method call that neither starts the service nor asks anybody for a password. timeout_usec 0: sd-bus's
 * own. */
int systemd_call(struct systemd *s,
                 sd_bus_slot **slot,
                 sd_bus_message_handler_t handler,
                 void *userdata,
                 usec_t timeout_usec,
                 const char *destination,
                 const char *path,
                 const char *interface,
                 const char *member,
                 const char *types,
                 ...);
/* (Re-)arms a ONESHOT timer on CLOCK_MONOTONIC. */
int arm_timer(sd_event *event,
              sd_event_source **source,
              usec_t in_usec,
              sd_event_time_handler_t handler,
              void *userdata);
/* Calls handler once from the loop, soon. */
int arm_defer(sd_event *event, sd_event_source **source, sd_event_handler_t handler, void *userdata);
usec_t monotonic_now(void);
/* The number in a job's object path; 0: it is none. */
uint32_t job_path_id(const char *path) _pure_;

/* ---- unit_watch.c ---- */
void unit_watch_online(struct unit_watch *u);
void unit_watch_offline(struct unit_watch *u);
/* Something may have changed. forget_path: also the object that stands for the name. */
void unit_watch_wake(struct unit_watch *u, bool forget_path);
void unit_watch_job_new(struct unit_watch *u, uint32_t id, const char *path);
void unit_watch_job_removed(struct unit_watch *u, uint32_t id, const char *result);
void unit_watch_removed(struct unit_watch *u);
/* Asks for a reading that begins from now on; returns its number. */
uint64_t unit_watch_read(struct unit_watch *u);

/* ---- unit_properties.c ---- */
struct unit_properties {
        struct unit_view view;
        char id[UNIT_ID_SIZE];
        char job_path[JOB_PATH_SIZE];
        usec_t inactive_exit_monotonic, inactive_exit_realtime;
        usec_t active_enter_monotonic, active_enter_realtime;
};
/* Reads the answer of GetAll. now: agent time. */
int unit_properties_read(sd_bus_message *m, usec_t now_usec, struct unit_properties *ret);

/* ---- unit_call.c ---- */
void unit_call_job_removed(struct unit_call *c, const char *path, const char *result);
void unit_call_offline(struct unit_call *c, const char *why);
/* The manager is back under its name: signals may have been missed meanwhile. */
void unit_call_manager_back(struct unit_call *c);
/* Reading number n of its unit ended; error is 0 or a negative errno. */
void unit_call_read_done(struct unit_call *c, uint64_t n, int error);
int unit_call_new(struct unit_watch *u, enum unit_call_kind kind, void *userdata, struct unit_call **ret);
void unit_call_deliver(struct unit_call *c);
/* Its unit is watched no more: it is never delivered. */
void unit_call_abandon(struct unit_call *c);

/* ---- surroundings.c ---- */
void surroundings_take_view(struct unit_call *c);
/* Delivers when all parts are there. */
void surroundings_advance(struct unit_call *c);
