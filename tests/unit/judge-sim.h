/* A small discrete-event simulation of one worker, its unit, an admin and an agent that calls the judge as
 * the real one does. Virtual time only; what happens is recorded, and nothing is judged here. */
#pragma once

#include "judge-scene.h"
#include "kafka-scene.h"

/* How the worker answers a poll. */
enum sim_answer {
        SIM_OK,
        SIM_DEGRADED,
        SIM_HUNG,     /* nothing until the poll's timeout */
        SIM_500,      /* the same stage, whose "began at" stands still */
        SIM_PROGRESS, /* 500 with a stage that moves on */
        SIM_POISON,   /* 500 with a stage that names a connector */
        SIM_REFUSED,
        SIM_UNKNOWN,  /* 401 */
        SIM_STARTING, /* 503 */
        _SIM_ANSWER_MAX,
};

/* How a stop of the unit ends. */
enum sim_stop_end {
        SIM_STOP_CLEAN,
        SIM_STOP_143,
        SIM_STOP_TIMEOUT,
        SIM_STOP_EXIT_1,
        _SIM_STOP_END_MAX,
};

/* What each start of the unit will be like. */
struct sim_start {
        usec_t takes; /* until it answers `then` */
        enum sim_answer meanwhile, then;
        usec_t sick_after; /* after the start; USEC_INFINITY: never */
        enum sim_answer sick;
        usec_t crash_after; /* the same */
        bool fails;         /* the unit fails at once */
};

enum sim_move {
        SIM_STILL,
        SIM_STOPPING,
        SIM_RESTARTING, /* a restart job, ours or the admin's */
        SIM_AUTO_RESTART,
};

/* One line of the record: an event told, or an action taken ("restart", "revive"). */
struct sim_event {
        usec_t at;
        char what[40];
};

/* A Kafka cluster, and the agent's checks of it. */
struct sim_kafka {
        struct cluster cluster; /* as the agent knows it */
        enum kafka_outcome is;  /* what a check that begins now would find */
        bool checking;
        enum kafka_outcome found;
        usec_t next_check, check_ends;
};

#define SIM_KAFKAS 2

struct sim;
struct sim_watch {
        /* After each call of the judge; before is the health before it. */
        void (*told)(struct sim *s, const struct tolds *told, void *userdata);
        void (*observed)(struct sim *s, const struct health *before, void *userdata);
        void (*new_start)(struct sim *s, bool is_new, void *userdata);
        void (*decided)(struct sim *s, const struct decision *d, void *userdata);
        void (*required)(struct sim *s, const struct dependency *before, void *userdata);
        void *userdata;
};

struct sim {
        struct worker_settings w;
        struct health h;
        struct history history;
        struct remedy remedy;
        struct surroundings around;
        bool refuses; /* systemd refuses our calls */
        usec_t now, began;

        struct unit_view unit;
        bool stop_seen, admin_stopped, auto_restarts;
        unsigned starts;
        enum sim_move move;
        enum sim_stop_end stop_end;
        bool ours; /* the job under way is ours */
        usec_t move_ends, stop_takes;

        struct sim_start start;
        enum sim_answer answer;
        usec_t startup_ends, sick_at, crash_at;
        uint64_t stage;

        struct sim_kafka kafkas[SIM_KAFKAS];
        size_t n_kafkas;
        usec_t rejoins_at; /* until then the worker answers 500, and crashes when it is started */

        bool agent_down, polling;
        usec_t poll_sent, poll_ends, next_poll;
        enum sim_answer poll_answer;

        struct sim_watch watch;
        struct sim_event *events;
        size_t n_events;
};

/* A worker that is healthy and whose agent was just started; every start takes 20 s and goes well. Settings
 * may be changed before the first sim_run(). */
void sim_init(struct sim *s);
void sim_done(struct sim *s);
void sim_run(struct sim *s, usec_t span);

/* The worker requires so many clusters, all of them up. Before the first sim_run(). */
void sim_requires(struct sim *s, size_t n);
/* One of them is like this from now on. Unknown: only for us. */
void sim_kafka(struct sim *s, size_t i, enum kafka_outcome is);

void sim_admin_stop(struct sim *s, enum sim_stop_end end);
void sim_admin_start(struct sim *s);
void sim_admin_restart(struct sim *s);
void sim_crash(struct sim *s);
void sim_agent_ends(struct sim *s);
void sim_agent_starts(struct sim *s);
/* Time passes and nothing runs. */
void sim_suspend(struct sim *s, usec_t span);

/* The record as words, from its `from`th event on; to be freed. */
char *sim_words(const struct sim *s, size_t from);
unsigned sim_count(const struct sim *s, const char *what);
/* When the nth (from 0) of these happened, since the sim began; USEC_INFINITY: it did not. */
usec_t sim_when(const struct sim *s, const char *what, unsigned n);
