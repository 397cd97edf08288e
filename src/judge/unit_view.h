/* A systemd unit as the judge sees it: the properties that decide, read by act/unit.c. Plain data. */
#pragma once

#include "util/macro.h"

#define INVOCATION_ID_SIZE 33 /* 32 hexadecimal digits; "" when the unit has none */
#define UNIT_WORD_SIZE 32

struct unit_view {
        bool known;                        /* false: no bus, or the unit was not read yet */
        char load_state[UNIT_WORD_SIZE];   /* loaded, not-found, masked, bad-setting, error */
        char active_state[UNIT_WORD_SIZE]; /* active, reloading, inactive, failed, activating, deactivating,
                                              … */
        char sub_state[UNIT_WORD_SIZE];    /* running, dead, auto-restart, … */
        char unit_file_state[UNIT_WORD_SIZE]; /* enabled, disabled, static, … */
        char freezer_state[UNIT_WORD_SIZE];   /* running, frozen, freezing, thawing, or "" */
        char result[UNIT_WORD_SIZE];          /* of a service: success, exit-code, signal, timeout, … */
        char job_type[UNIT_WORD_SIZE]; /* of the job that is queued or running: start, stop, restart; or ""
                                        */
        uint32_t job_id;               /* 0: no job */
        char invocation_id[INVOCATION_ID_SIZE];
        int exec_main_code; /* CLD_EXITED, CLD_KILLED, CLD_DUMPED or 0 */
        int exec_main_status;
        uint32_t main_pid;
        uint32_t n_restarts;
        usec_t inactive_exit_usec; /* agent time of the start of this invocation; 0: never */
        usec_t active_enter_usec;  /* agent time when it last became active; 0: never */
        usec_t timeout_start_usec;
        usec_t timeout_stop_usec;
        uint64_t memory_current_bytes; /* UINT64_MAX: not told */
        usec_t cpu_usage_usec;         /* USEC_INFINITY: not told */
};

/* What a unit is doing, as far as we care. */
enum unit_condition {
        UNIT_UNKNOWN, /* cannot be told */
        UNIT_UP,
        UNIT_BUSY,    /* activating, deactivating, reloading, has a job, is frozen */
        UNIT_CRASHED, /* failed by itself */
        UNIT_STOPPED, /* not meant to run: being stopped, inactive, masked, gone, or failed by its own stop
                       */
        _UNIT_CONDITION_MAX,
};

/* stop_seen: a stop job was seen for this invocation. */
enum unit_condition unit_view_condition(const struct unit_view *u, bool stop_seen) _pure_;
/* On its way up or down, or about to be: what its worker answers now proves nothing. */
bool unit_view_in_transition(const struct unit_view *u) _pure_;
const char *unit_condition_to_string(enum unit_condition c) _pure_;

/* How the unit ended or what keeps it busy, one clause: "exit code 2", "killed by signal 9", "stop job
 * queued". Returns buf. */
char *unit_view_describe(const struct unit_view *u, char *buf, size_t size);

/* The time within which a restart's job must end: twice TimeoutStopSec plus TimeoutStartSec, where infinity
 * means an hour. */
usec_t unit_view_job_deadline(const struct unit_view *u) _pure_;
