/* The simulation: the next thing that is due happens, then the judge is asked, as agent.c does it. */
#include "judge-sim.h"
#include "util/text.h"

#define SEC USEC_PER_SEC

static void record(struct sim *s, const char *what) {
        if ((s->n_events & (s->n_events + 1)) == 0) { /* 0, 1, 3, 7 … are full */
                s->events = realloc(s->events, (2 * s->n_events + 1) * sizeof(*s->events));
                assert_non_null(s->events);
        }
        struct sim_event *e = &s->events[s->n_events++];
        e->at = s->now;
        (void) snprintf(e->what, sizeof(e->what), "%s", what);
}

static void record_told(struct sim *s, const struct told *t) {
        static const char *const names[_TOLD_TYPE_MAX] = {
                [TOLD_INCIDENT_OPENED] = "opened",
                [TOLD_INCIDENT_CLOSED] = "closed",
                [TOLD_CANNOT_TELL] = "cannot-tell",
                [TOLD_STARTUP_SLOW] = "startup-slow",
                [TOLD_FLAPPING] = "flapping",
                [TOLD_UNIT_DOWN] = "unit-down",
                [TOLD_UNIT_RESTARTED] = "unit-restarted",
                [TOLD_DEPENDENCY_CHANGED] = "dependency-changed",
                [TOLD_WOULD_RESTART] = "would-restart",
                [TOLD_EXHAUSTED] = "exhausted",
                [TOLD_HELD_LONG] = "held-long",
        };
        char what[40];

        if (t->type == TOLD_STATE_CHANGED)
                record(s, worker_state_to_string(t->to));
        else if (t->type == TOLD_HOLD_BEGUN || t->type == TOLD_HOLD_ENDED) {
                (void) snprintf(what, sizeof(what), "%c%s", t->type == TOLD_HOLD_BEGUN ? '+' : '-',
                                hold_to_string(t->hold));
                record(s, what);
        } else
                record(s, names[t->type]);
}

static void told(struct sim *s, const struct tolds *t) {
        for (size_t i = 0; i < t->n; i++)
                record_told(s, &t->told[i]);
        if (s->watch.told)
                s->watch.told(s, t, s->watch.userdata);
}

/* ---- Kafka ---- */

/* A worker that was started without Kafka gives up after so long, with exit code 2. */
#define GIVES_UP_USEC (62 * SEC)
/* One that lost it is well so long after it is back. */
#define REJOINS_USEC (12 * SEC)

static void consider(struct sim *s);

static bool lacks_kafka(const struct sim *s) {
        return s->now < s->rejoins_at;
}

static void tell_dependency(struct sim *s) {
        const struct kafka_health *required[SIM_KAFKAS];
        const struct dependency before = s->h.dependency;
        struct dependency d;
        struct tolds t;

        if (s->agent_down || s->n_kafkas == 0)
                return;
        for (size_t i = 0; i < s->n_kafkas; i++)
                required[i] = &s->kafkas[i].cluster.h;
        dependency_of(required, &s->w, s->now, 0, &d);
        tolds_init(&t);
        health_dependency_changed(&s->h, &s->history, &s->w, &d, s->now, &t);
        if (s->watch.required)
                s->watch.required(s, &before, s->watch.userdata);
        told(s, &t);
        consider(s);
}

static void agent_meets_kafka(struct sim *s) {
        static const char *const names[SIM_KAFKAS] = { "a", "b" };

        for (size_t i = 0; i < s->n_kafkas; i++) {
                struct sim_kafka *k = &s->kafkas[i];

                cluster_done(&k->cluster);
                cluster_init(&k->cluster, names[i], NULL);
                k->cluster.now = k->next_check = s->now;
                k->checking = false;
        }
        tell_dependency(s);
}

void sim_requires(struct sim *s, size_t n) {
        static char a[] = "a", b[] = "b";
        static char *lists[][SIM_KAFKAS + 1] = { { a, NULL, NULL }, { a, b, NULL } };

        s->n_kafkas = n;
        s->w.requires = lists[n - 1];
        for (size_t i = 0; i < n; i++)
                s->kafkas[i].is = KAFKA_UP;
        agent_meets_kafka(s);
}

void sim_kafka(struct sim *s, size_t i, enum kafka_outcome is) {
        bool down = false;

        s->kafkas[i].is = is;
        for (size_t k = 0; k < s->n_kafkas; k++)
                down = down || s->kafkas[k].is == KAFKA_DOWN;
        if (down)
                s->rejoins_at = USEC_INFINITY;
        else if (s->rejoins_at == USEC_INFINITY)
                s->rejoins_at = s->now + REJOINS_USEC;
}

static usec_t due_kafka(const struct sim *s) {
        usec_t due = s->agent_down ? USEC_INFINITY : dependency_deadline(&s->h.dependency);

        for (size_t i = 0; i < s->n_kafkas && !s->agent_down; i++)
                due = MIN(due, s->kafkas[i].checking ? s->kafkas[i].check_ends : s->kafkas[i].next_check);
        return due;
}

static struct kafka_facts *found(const struct sim_kafka *k) {
        if (k->found == KAFKA_DOWN)
                return cluster_silence(&k->cluster, KAFKA_NO_ANSWER);
        if (k->found == KAFKA_UNKNOWN)
                return cluster_silence(&k->cluster, KAFKA_UNAUTHENTICATED);

        struct kafka_facts *f = cluster_facts(&k->cluster);
        f->took_usec = k->found == KAFKA_SLOW ? f->timeout_usec : f->took_usec;
        return f;
}

static void check_kafka(struct sim *s, struct sim_kafka *k) {
        char what[40];

        if (!k->checking && k->next_check <= s->now) {
                k->found = k->is;
                k->checking = true;
                k->check_ends = s->now + (k->found == KAFKA_UP ? SEC / 100 : k->cluster.k.timeout_usec);
                k->next_check = s->now + k->cluster.k.interval_usec;
        } else if (k->checking && k->check_ends <= s->now) {
                k->checking = false;
                k->cluster.now = s->now;
                k->next_check = MAX(k->next_check, s->now);
                cluster_check(&k->cluster, found(k));
                for (size_t i = 0; i < k->cluster.told.n; i++) {
                        (void) snprintf(what, sizeof(what), "kafka-%s-%s", k->cluster.k.name,
                                        kafka_outcome_to_string(k->cluster.told.list[i].to));
                        record(s, what);
                }
                tell_dependency(s);
        }
}

static void kafka_moves(struct sim *s) {
        if (dependency_deadline(&s->h.dependency) <= s->now)
                tell_dependency(s);
        for (size_t i = 0; i < s->n_kafkas; i++)
                check_kafka(s, &s->kafkas[i]);
}

/* ---- the agent ---- */

static void tell_unit(struct sim *s) {
        struct tolds t;

        tolds_init(&t);
        if (s->agent_down)
                return;
        bool is_new = health_unit_changed(&s->h, &s->history, &s->w, &s->unit, s->stop_seen, s->now, &t);
        if (is_new || s->h.condition == UNIT_CRASHED) {
                s->polling = s->polling && !is_new;
                s->next_poll = s->polling ? s->next_poll : s->now;
        }
        told(s, &t);
        if (s->watch.new_start)
                s->watch.new_start(s, is_new, s->watch.userdata);
}

static void word(char *to, const char *from) {
        (void) snprintf(to, UNIT_WORD_SIZE, "%s", from);
}

static void job(struct sim *s, const char *active, const char *type, enum sim_move move, usec_t takes) {
        word(s->unit.active_state, active);
        word(s->unit.job_type, type);
        s->unit.job_id = type[0] ? 1 : 0;
        s->move = move;
        s->move_ends = s->now + takes;
        tell_unit(s);
}

static void act(struct sim *s, enum remedy_action action) {
        if (action == REMEDY_NONE)
                return;
        remedy_charge(&s->history, &s->h, action, s->now);
        if (action == REMEDY_WOULD_RESTART)
                return;
        if (s->refuses) {
                remedy_refund(&s->history);
                s->around.refused_until_usec = s->now + USEC_PER_MINUTE;
                return;
        }
        record(s, action == REMEDY_REVIVE ? "revive" : "restart");
        health_restart_begun(&s->h, s->now);
        s->ours = true;
        job(s, "deactivating", "restart", SIM_RESTARTING, s->stop_takes);
}

static void consider(struct sim *s) {
        struct decision d;
        struct tolds t;

        tolds_init(&t);
        if (s->agent_down || s->ours)
                return;
        if (!health_wants_remedy(&s->h, &s->w, s->now)) {
                remedy_tell(&s->remedy, &s->h, &s->history, &s->w, NULL, s->now, &t);
                told(s, &t);
                return;
        }
        s->around.unit = s->unit;
        s->around.stop_seen = s->stop_seen;
        remedy_decide(&s->h, &s->history, &s->w, &s->around, s->now, &d);
        if (s->watch.decided)
                s->watch.decided(s, &d, s->watch.userdata);
        remedy_tell(&s->remedy, &s->h, &s->history, &s->w, &d, s->now, &t);
        told(s, &t);
        act(s, d.action);
}

static void poll_begins(struct sim *s) {
        static const usec_t latency[_SIM_ANSWER_MAX] = {
                [SIM_OK] = 5000,      [SIM_DEGRADED] = 5000,     [SIM_HUNG] = USEC_INFINITY,
                [SIM_500] = 10 * SEC, [SIM_PROGRESS] = 10 * SEC, [SIM_POISON] = 10 * SEC,
                [SIM_REFUSED] = 200,  [SIM_UNKNOWN] = 5000,      [SIM_STARTING] = 5000,
        };

        s->polling = true;
        s->poll_sent = s->now;
        s->poll_answer = streq(s->unit.active_state, "active") ? s->answer : SIM_REFUSED;
        if (lacks_kafka(s) && (s->poll_answer == SIM_OK || s->poll_answer == SIM_DEGRADED))
                s->poll_answer = SIM_500;
        s->poll_ends = s->now + MIN(latency[s->poll_answer], s->w.timeout_usec);
}

static struct observation answered(struct sim *s) {
        struct observation o = { .sent_at_usec = s->poll_sent, .received_at_usec = s->now };

        switch (s->poll_answer) {
        case SIM_OK:
                o.outcome = OUTCOME_OK;
                break;
        case SIM_DEGRADED:
                o.outcome = OUTCOME_DEGRADED;
                break;
        case SIM_STARTING:
                o.outcome = OUTCOME_STARTING;
                break;
        case SIM_UNKNOWN:
                o.outcome = OUTCOME_UNKNOWN;
                break;
        case SIM_REFUSED:
                o.outcome = s->history.seen_ok ? OUTCOME_FAILING : OUTCOME_STARTING;
                break;
        case SIM_HUNG:
                o.outcome = OUTCOME_FAILING;
                break;
        default:
                o.outcome = OUTCOME_FAILING;
                o.answered = s->w.timeout_usec > 10 * SEC;
                if (!o.answered)
                        break;
                if (s->poll_answer == SIM_PROGRESS)
                        s->stage++;
                o.stage.began_at_usec = USEC_PER_HOUR + s->stage;
                (void) snprintf(o.stage.text, sizeof(o.stage.text),
                                "generating task configs for connector x");
                if (s->poll_answer == SIM_POISON)
                        (void) snprintf(o.stage.connector, sizeof(o.stage.connector), "x");
        }
        return o;
}

static void poll_ended(struct sim *s) {
        struct observation o = answered(s);
        struct health before = s->h;
        struct tolds t;

        tolds_init(&t);
        s->polling = false;
        health_observe(&s->h, &s->history, &s->w, &o, s->now, &t);
        remedy_credit(&s->history, &s->h, &s->w);
        if (s->watch.observed)
                s->watch.observed(s, &before, s->watch.userdata);
        told(s, &t);
        usec_t every = s->h.failures > 0 ? s->w.retry_interval_usec : s->w.interval_usec;
        s->next_poll += (usec_sub(s->now, s->next_poll) / every + 1) * every;
        consider(s);
}

static void tick(struct sim *s) {
        struct tolds t;

        tolds_init(&t);
        health_tick(&s->h, &s->history, &s->w, s->now, &t);
        told(s, &t);
        consider(s);
}

static void restart_ended(struct sim *s, enum restart_result result) {
        struct tolds t;

        tolds_init(&t);
        if (!s->ours)
                return;
        s->ours = false;
        if (s->agent_down)
                return;
        remedy_settle(&s->history, result);
        health_restart_ended(&s->h, &s->history, &s->w, s->now, &t);
        told(s, &t);
}

/* ---- the unit and its worker ---- */

static void worker_gone(struct sim *s) {
        s->startup_ends = s->sick_at = s->crash_at = USEC_INFINITY;
}

static void ends(struct sim *s, const char *active, const char *result, int code, int status) {
        worker_gone(s);
        word(s->unit.result, result);
        s->unit.exec_main_code = code;
        s->unit.exec_main_status = status;
        job(s, active, "", SIM_STILL, 0);
}

static void starts(struct sim *s) {
        char invocation[INVOCATION_ID_SIZE];

        (void) snprintf(invocation, sizeof(invocation), "start-%u", ++s->starts);
        s->unit = scene_unit_up(invocation, s->now);
        s->stop_seen = s->admin_stopped = false;
        s->move = SIM_STILL;
        s->answer = s->start.takes > 0 ? s->start.meanwhile : s->start.then;
        s->startup_ends = s->start.takes > 0 ? s->now + s->start.takes : USEC_INFINITY;
        s->sick_at = usec_add(s->now, s->start.sick_after);
        s->crash_at = usec_add(s->now, s->start.crash_after);
        if (lacks_kafka(s)) {
                s->answer = SIM_REFUSED;
                s->startup_ends = s->sick_at = USEC_INFINITY;
                s->crash_at = s->now + GIVES_UP_USEC;
        }
        if (s->start.fails)
                ends(s, "failed", "exit-code", 1, 2);
        else
                tell_unit(s);
        restart_ended(s, s->start.fails ? RESTART_FAILED : RESTART_DONE);
        consider(s);
}

static void stop_ended(struct sim *s) {
        if (s->stop_end == SIM_STOP_CLEAN)
                ends(s, "inactive", "success", 1, 0);
        else if (s->stop_end == SIM_STOP_TIMEOUT)
                ends(s, "failed", "timeout", 2, 9);
        else
                ends(s, "failed", "exit-code", 1, s->stop_end == SIM_STOP_143 ? 143 : 1);
        restart_ended(s, RESTART_FAILED);
        consider(s);
}

void sim_crash(struct sim *s) {
        if (!streq(s->unit.active_state, "active") || s->move != SIM_STILL)
                return;
        ends(s, "failed", "exit-code", 1, 1);
        if (s->auto_restarts)
                job(s, "activating", "", SIM_AUTO_RESTART, 5 * SEC);
        consider(s);
}

void sim_admin_stop(struct sim *s, enum sim_stop_end end) {
        bool down = streq(s->unit.active_state, "inactive") || streq(s->unit.active_state, "failed");

        if (down && s->agent_down)
                return; /* leaves no trace */
        s->admin_stopped = true;
        s->stop_seen = s->stop_seen || !s->agent_down;
        if (down) {
                tell_unit(s);
                return;
        }
        /* What was stopped unseen must show by itself. */
        s->stop_end = s->agent_down && end == SIM_STOP_EXIT_1 ? SIM_STOP_143 : end;
        job(s, "deactivating", "stop", SIM_STOPPING, s->stop_takes);
        consider(s);
}

void sim_admin_start(struct sim *s) {
        if (!streq(s->unit.active_state, "active") && s->move == SIM_STILL)
                starts(s);
}

void sim_admin_restart(struct sim *s) {
        if (s->move == SIM_STILL)
                job(s, "deactivating", "restart", SIM_RESTARTING, s->stop_takes);
        consider(s);
}

/* ---- the agent's own life ---- */

void sim_agent_ends(struct sim *s) {
        s->agent_down = true;
        s->polling = false;
}

void sim_agent_starts(struct sim *s) {
        const struct restart_record *last = budget_last(&s->history.budget);

        if (!s->agent_down)
                return;
        s->agent_down = false;
        s->remedy = (struct remedy) {};
        s->stop_seen = s->stop_seen || streq(s->unit.job_type, "stop");
        health_init(&s->h, s->now, s->now);
        tell_unit(s);
        if (s->ours && s->move == SIM_RESTARTING)
                health_restart_begun(&s->h, s->now); /* its job is adopted */
        else if (last && last->result == RESTART_PENDING)
                remedy_settle(&s->history, RESTART_FAILED);
        s->next_poll = s->now;
        agent_meets_kafka(s);
}

void sim_suspend(struct sim *s, usec_t span) {
        s->now += span;
}

/* ---- time ---- */

static usec_t due_poll(const struct sim *s) {
        if (s->agent_down)
                return USEC_INFINITY;
        return s->polling ? s->poll_ends : s->next_poll;
}

static usec_t due_move(const struct sim *s) {
        return s->move == SIM_STILL ? USEC_INFINITY : s->move_ends;
}

static usec_t due_worker(const struct sim *s) {
        return MIN(s->startup_ends, s->crash_at);
}

static usec_t due_tick(const struct sim *s) {
        return s->agent_down ? USEC_INFINITY : health_deadline(&s->h, &s->w);
}

static void worker_moves(struct sim *s) {
        if (s->crash_at <= s->now) {
                s->crash_at = USEC_INFINITY;
                sim_crash(s);
        } else {
                s->startup_ends = USEC_INFINITY;
                s->answer = s->start.then;
        }
}

static void move_ends(struct sim *s) {
        enum sim_move move = s->move;

        s->move = SIM_STILL;
        if (move == SIM_STOPPING)
                stop_ended(s);
        else
                starts(s);
}

static bool step(struct sim *s, usec_t end) {
        usec_t worker = due_worker(s), move = due_move(s), poll = due_poll(s), deadline = due_tick(s);
        usec_t soon = MIN(worker, move), later = MIN(poll, deadline), kafka = due_kafka(s);
        usec_t first = MIN(soon, later), sick = MIN(s->sick_at, kafka), due = MIN(first, sick);

        if (due > end || due == USEC_INFINITY)
                return false;
        s->now = MAX(s->now, due);
        if (kafka == due)
                kafka_moves(s);
        else if (s->sick_at == due) {
                s->sick_at = USEC_INFINITY;
                s->answer = s->start.sick;
        } else if (worker == due)
                worker_moves(s);
        else if (move == due)
                move_ends(s);
        else if (poll == due)
                s->polling ? poll_ended(s) : poll_begins(s);
        else
                tick(s);
        return true;
}

void sim_run(struct sim *s, usec_t span) {
        usec_t end = s->now + span;

        while (step(s, end))
                ;
        s->now = MAX(s->now, end);
}

void sim_init(struct sim *s) {
        *s = (struct sim) {
                .now = 1000 * USEC_PER_HOUR,
                .around = { .bus = true, .url_is_local = 1, .system_state = "running", .ledger_writable = true },
                .stop_takes = 4 * SEC,
                .start = {
                        .takes = 20 * SEC,
                        .meanwhile = SIM_REFUSED,
                        .then = SIM_OK,
                        .sick_after = USEC_INFINITY,
                        .crash_after = USEC_INFINITY,
                },
                .startup_ends = USEC_INFINITY,
                .sick_at = USEC_INFINITY,
                .crash_at = USEC_INFINITY,
        };
        s->began = s->next_poll = s->now;
        scene_settings(&s->w);
        s->unit = scene_unit_up("start-0", s->now - USEC_PER_HOUR);
        health_init(&s->h, s->now, s->now);
        tell_unit(s);
}

void sim_done(struct sim *s) {
        for (size_t i = 0; i < s->n_kafkas; i++)
                cluster_done(&s->kafkas[i].cluster);
        free(s->events);
        s->events = NULL;
}

/* ---- the record ---- */

char *sim_words(const struct sim *s, size_t from) {
        size_t size = 64 + (s->n_events - MIN(from, s->n_events)) * sizeof(s->events[0].what);
        char *words = calloc(1, size);

        assert_non_null(words);
        for (size_t i = from; i < s->n_events; i++)
                text_append(words, size, "%s%s", i > from ? " " : "", s->events[i].what);
        return words;
}

unsigned sim_count(const struct sim *s, const char *what) {
        unsigned n = 0;

        for (size_t i = 0; i < s->n_events; i++)
                n += streq(s->events[i].what, what);
        return n;
}

usec_t sim_when(const struct sim *s, const char *what, unsigned n) {
        for (size_t i = 0; i < s->n_events; i++)
                if (streq(s->events[i].what, what) && n-- == 0)
                        return s->events[i].at - s->began;
        return USEC_INFINITY;
}
