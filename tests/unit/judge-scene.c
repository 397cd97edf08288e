/* One worker, its unit and a clock: the stage on which the judge's tests play. Decides nothing itself. */
#include "judge-scene.h"

static char worker_name[] = "connect-a", unit_name[] = "kafka-connect.service",
            url[] = "http://127.0.0.1:8083";

void scene_settings(struct worker_settings *w) {
        *w = (struct worker_settings) {
                .name = worker_name,
                .url = url,
                .unit = unit_name,
                .action = ACTION_RESTART,
                .interval_usec = 10 * USEC_PER_SEC,
                .retry_interval_usec = 5 * USEC_PER_SEC,
                .timeout_usec = 15 * USEC_PER_SEC,
                .failures = 3,
                .sustain_usec = 3 * USEC_PER_MINUTE,
                .sustain_kafka_usec = 10 * USEC_PER_MINUTE,
                .successes = 2,
                .startup_timeout_usec = 30 * USEC_PER_MINUTE,
                .startup_action = ACTION_ALERT,
                .revive = true,
                .dependency_grace_usec = 2 * USEC_PER_MINUTE,
                .restart_limit = 3,
                .restart_window_usec = USEC_PER_HOUR,
                .backoff_max_usec = USEC_PER_HOUR,
                .exhausted_retry_usec = 6 * USEC_PER_HOUR,
        };
}

static void word(char *to, const char *from) {
        (void) snprintf(to, UNIT_WORD_SIZE, "%s", from);
}

struct unit_view scene_unit_up(const char *invocation, usec_t since) {
        struct unit_view u = {
                .known = true,
                .load_state = "loaded",
                .active_state = "active",
                .sub_state = "running",
                .unit_file_state = "enabled",
                .freezer_state = "running",
                .result = "success",
                .main_pid = 4711,
                .inactive_exit_usec = since,
                .active_enter_usec = since,
                .timeout_start_usec = 90 * USEC_PER_SEC,
                .timeout_stop_usec = 90 * USEC_PER_SEC,
                .memory_current_bytes = UINT64_MAX,
                .cpu_usage_usec = USEC_INFINITY,
        };

        (void) snprintf(u.invocation_id, sizeof(u.invocation_id), "%s", invocation);
        return u;
}

void scene_init(struct scene *s) {
        *s = (struct scene) {
                .now = 1000 * USEC_PER_HOUR,
                .around = { .bus = true,
                            .url_is_local = 1,
                            .system_state = "running",
                            .ledger_writable = true },
        };
        scene_settings(&s->w);
        s->unit = scene_unit_up("start-1", s->now - USEC_PER_HOUR);
        health_init(&s->h, 4711, s->now);
        (void) scene_unit(s);
}

void scene_agent_restarts(struct scene *s) {
        s->remedy = (struct remedy) {};
        health_init(&s->h, 4712, s->now);
        (void) scene_unit(s);
}

void scene_pass(struct scene *s, usec_t span) {
        s->now += span;
}

bool scene_unit(struct scene *s) {
        s->told.n = 0;
        return health_unit_changed(&s->h, &s->history, &s->w, &s->unit, s->stop_seen, s->now, &s->told);
}

bool scene_unit_starts(struct scene *s, const char *invocation) {
        s->unit = scene_unit_up(invocation, s->now);
        s->stop_seen = false;
        return scene_unit(s);
}

void scene_unit_ends(struct scene *s, const char *active_state, const char *result, int code, int status) {
        word(s->unit.active_state, active_state);
        word(s->unit.sub_state, streq(active_state, "failed") ? "failed" : "dead");
        word(s->unit.result, result);
        s->unit.exec_main_code = code;
        s->unit.exec_main_status = status;
        s->unit.main_pid = 0;
        (void) scene_unit(s);
}

void scene_requires(struct scene *s, enum dependency_state state) {
        static char kafka[] = "main";
        static char *requires[] = { kafka, NULL };
        static const char *const texts[_DEPENDENCY_STATE_MAX] = {
                [DEPENDENCY_UNKNOWN] = "cannot tell whether Kafka main is up (it refuses our credentials)",
                [DEPENDENCY_GRACE] = "Kafka main has been back since 14:00:00",
                [DEPENDENCY_DOWN] = "Kafka main is down since 13:50:00 (no broker answers)",
        };
        struct dependency d = { .state = state, .since_usec = s->now };

        s->w.requires = state == DEPENDENCY_NONE ? NULL : requires;
        d.until_usec = state == DEPENDENCY_GRACE ? s->now + s->w.dependency_grace_usec : 0;
        (void) snprintf(d.text, sizeof(d.text), "%s", texts[state] ? texts[state] : "");
        s->told.n = 0;
        health_dependency_changed(&s->h, &s->history, &s->w, &d, s->now, &s->told);
}

void scene_observe(struct scene *s, const struct observation *o) {
        struct observation timed = *o;

        timed.sent_at_usec = timed.received_at_usec = s->now;
        s->told.n = 0;
        health_observe(&s->h, &s->history, &s->w, &timed, s->now, &s->told);
        remedy_credit(&s->history, &s->h, &s->w);
}

void scene_ok(struct scene *s) {
        scene_observe(s, &(struct observation) {
                                 .outcome = OUTCOME_OK, .reason = REASON_HEALTHY, .http_status = 200 });
}

void scene_degraded(struct scene *s) {
        scene_observe(s, &(struct observation) { .outcome = OUTCOME_DEGRADED, .http_status = 200 });
}

void scene_starting(struct scene *s) {
        scene_observe(s, &(struct observation) { .outcome = OUTCOME_STARTING,
                                                 .reason = REASON_STARTING_UP,
                                                 .http_status = 503 });
}

void scene_silent(struct scene *s) {
        scene_observe(s, &(struct observation) { .outcome = OUTCOME_FAILING, .reason = REASON_TIMEOUT });
}

void scene_answered(struct scene *s, const char *stage, const char *connector, usec_t began_at) {
        struct observation o = {
                .outcome = OUTCOME_FAILING,
                .reason = REASON_UNHEALTHY,
                .answered = true,
                .http_status = 500,
                .stage.began_at_usec = began_at,
        };

        (void) snprintf(o.stage.text, sizeof(o.stage.text), "%s", stage);
        (void) snprintf(o.stage.connector, sizeof(o.stage.connector), "%s", connector);
        scene_observe(s, &o);
}

void scene_500(struct scene *s) {
        scene_answered(s, "flushing updates to the status topic", "", 17 * USEC_PER_SEC);
}

void scene_unknown(struct scene *s) {
        scene_observe(s, &(struct observation) { .reason = REASON_UNAUTHORIZED, .http_status = 401 });
}

void scene_repeat(struct scene *s, void (*poll)(struct scene *s), usec_t every, usec_t span) {
        usec_t end = s->now + span;

        for (; s->now <= end; s->now += every)
                poll(s);
        s->now = end;
}

void scene_tick(struct scene *s) {
        s->told.n = 0;
        health_tick(&s->h, &s->history, &s->w, s->now, &s->told);
}

enum remedy_action scene_decide(struct scene *s) {
        s->around.unit = s->unit;
        s->around.stop_seen = s->stop_seen;
        remedy_decide(&s->h, &s->history, &s->w, &s->around, s->now, &s->decision);
        s->told.n = 0;
        remedy_tell(&s->remedy, &s->h, &s->history, &s->w, &s->decision, s->now, &s->told);
        return s->decision.action;
}

void scene_restart(struct scene *s, const char *invocation) {
        remedy_charge(&s->history, &s->h, s->decision.action, s->now);
        health_restart_begun(&s->h, s->now);
        (void) scene_unit_starts(s, invocation);
        remedy_settle(&s->history, RESTART_DONE);
        s->told.n = 0;
        health_restart_ended(&s->h, &s->history, &s->w, s->now, &s->told);
}

const struct hold_entry *scene_hold(const struct scene *s, enum hold hold) {
        for (size_t i = 0; i < s->decision.n_holds; i++)
                if (s->decision.holds[i].hold == hold)
                        return &s->decision.holds[i];
        return NULL;
}

bool scene_holds(const struct scene *s, enum hold hold) {
        return scene_hold(s, hold);
}

unsigned scene_count(const struct scene *s, enum told_type type) {
        unsigned n = 0;

        for (size_t i = 0; i < s->told.n; i++)
                n += s->told.told[i].type == type;
        return n;
}

const struct told *scene_told(const struct scene *s, enum told_type type) {
        for (size_t i = 0; i < s->told.n; i++)
                if (s->told.told[i].type == type)
                        return &s->told.told[i];
        fail_msg("told nothing of type %d", (int) type);
        return NULL;
}
