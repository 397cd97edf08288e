/* What there is to say of a worker's unit: its facts to findings. Pure. */
#pragma once

#include "config/settings.h"
#include "ctl/finding.h"

#define UNIT_NAME_SIZE 256
#define UNIT_FACT_SIZE 32

/* A file of /proc/PID. */
struct proc_text {
        char *data; /* NULL: could not be read; else a NUL behind it */
        size_t len;
};

struct unit_facts {
        bool known; /* false: systemd could not be asked, which was told of the host */
        char id[UNIT_NAME_SIZE];
        char load_state[UNIT_FACT_SIZE];
        char active_state[UNIT_FACT_SIZE];
        char sub_state[UNIT_FACT_SIZE];
        char unit_file_state[UNIT_FACT_SIZE];
        char restart[UNIT_FACT_SIZE];
        uint32_t main_pid;
        usec_t timeout_stop_usec;
        usec_t start_limit_usec; /* StartLimitIntervalSec= */
        uint32_t start_limit_burst;
        bool accepts_143; /* SuccessExitStatus= has it */
        bool refuse_manual_start, refuse_manual_stop;
        char similar[UNIT_NAME_SIZE]; /* of one that is not there: services that may be meant, or "" */
        const struct worker_settings *same_as; /* an earlier worker with the same unit, or NULL */

        struct proc_text cmdline, environ, status; /* of the main process */
};

/* What polkit says of the agent and the unit. */
struct polkit_facts {
        enum {
                POLKIT_NOT_ASKED, /* why says it */
                POLKIT_ASKED,
                POLKIT_MISSING, /* there is none, so nothing is allowed; why is its error */
        } state;
        char why[256];
        const char *remedy;
        char refused[64]; /* "try-restart, restart", or "" */
        bool refused_kill;
        bool refused_restart;
};

/* Whether the unit runs or is about to. */
bool unit_facts_running(const struct unit_facts *u) _pure_;

/* The agent's own unit. */
void service_check(const struct unit_facts *agent, struct findings *f);

/* acts: whether the agent may restart this worker's unit at all (action, dry_run). */
void unit_check(const struct worker_settings *w, const struct unit_facts *u, struct findings *f);
void polkit_check(const struct worker_settings *w,
                  const struct unit_facts *u,
                  const struct polkit_facts *p,
                  bool acts,
                  struct findings *f);
/* Its settings, and the options of its JVM: only what is not as it should be; nothing of a unit that is
 * never to be restarted, as another one is to be named, and not this one edited. */
void unit_check_settings(const struct worker_settings *w,
                         const struct unit_facts *u,
                         bool acts,
                         struct findings *f);
