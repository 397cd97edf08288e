/* N consecutive failures, and how long is long enough. Knows no clock, no unit's bus and no holds. */
#include <stdio.h>

#include "judge/health.h"
#include "util/hash.h"

/* So many returns to suspicion within one incident, without a verdict, are going to and fro. */
#define FLAPPING_RELAPSES 4

void health_init(struct health *h, uint64_t incident_seed, usec_t now_usec) {
        *h = (struct health) {
                .state = STATE_UNKNOWN,
                .state_since_usec = now_usec,
                .started_at_usec = now_usec,
                .incident_seed = incident_seed,
        };
}

static void forget_failures(struct health *h) {
        h->failures = 0;
        h->sustained_usec = 0;
        h->any_answered = false;
        h->silent = 0;
        h->silent_usec = 0;
        h->stage_began_at_usec = 0;
}

static void forget_successes(struct health *h) {
        h->successes = 0;
        h->healthy_usec = 0;
}

static void forget_unknowns(struct health *h) {
        h->unknowns = 0;
        h->cannot_tell_told = false;
}

static void begin_anew(struct health *h) {
        h->excused_since_usec = 0;
        forget_failures(h);
        forget_successes(h);
        forget_unknowns(h);
}

/* Longer without an answer than this, and polling stood still: a suspended machine, a stopped agent. */
static bool stood_still(const struct health *h, const struct worker_settings *w, usec_t now_usec) {
        usec_t longest = 2 * MAX(w->interval_usec, w->retry_interval_usec) + w->timeout_usec;

        return h->last.sent_at_usec > 0 && usec_sub(now_usec, h->last.received_at_usec) > longest;
}

/* Time since the last failing answer, which belongs to the failure as long as polling did not stand still.
 */
static usec_t since_last_failure(const struct health *h, const struct worker_settings *w, usec_t now_usec) {
        if (h->failures == 0 || h->last.outcome != OUTCOME_FAILING || stood_still(h, w, now_usec))
                return 0;
        return usec_sub(now_usec, h->last.received_at_usec);
}

usec_t health_sustained(const struct health *h, const struct worker_settings *w, usec_t now_usec) {
        return usec_add(h->sustained_usec, since_last_failure(h, w, now_usec));
}

usec_t health_sustain_needed(const struct health *h, const struct worker_settings *w) {
        if (!h->any_answered || h->dependency.state == DEPENDENCY_UP)
                return w->sustain_usec;
        return MAX(w->sustain_kafka_usec, w->sustain_usec);
}

/* An answered failure may be Kafka's, unless that is known to be up; silence alone, even after answers,
 * needs only `sustain`. */
static bool verdict(const struct health *h, const struct worker_settings *w, usec_t more_usec) {
        if (h->startup_overdue)
                return true;
        if (h->failures < w->failures)
                return false;
        if (usec_add(h->sustained_usec, more_usec) >= health_sustain_needed(h, w))
                return true;
        return h->silent >= w->failures && usec_add(h->silent_usec, more_usec) >= w->sustain_usec;
}

usec_t health_deadline(const struct health *h, const struct worker_settings *w) {
        if (h->state != STATE_SUSPECT || h->last.outcome != OUTCOME_FAILING || h->failures < w->failures)
                return USEC_INFINITY;

        usec_t left = usec_sub(health_sustain_needed(h, w), h->sustained_usec);
        if (h->silent >= w->failures)
                left = MIN(left, usec_sub(w->sustain_usec, h->silent_usec));
        return usec_add(h->last.received_at_usec, left);
}

bool health_wants_remedy(const struct health *h, const struct worker_settings *w, usec_t now_usec) {
        if (h->state != STATE_UNHEALTHY || stood_still(h, w, now_usec))
                return false;
        if (h->last.outcome == OUTCOME_STARTING)
                return h->startup_overdue;
        return h->last.outcome == OUTCOME_FAILING &&
               (dependency_excuses(&h->dependency) || verdict(h, w, since_last_failure(h, w, now_usec)));
}

enum worker_state health_shown_state(const struct health *h, const struct history *history) {
        if (h->state == STATE_UNHEALTHY && history->budget.exhausted_at_usec != 0)
                return STATE_EXHAUSTED;
        return h->state;
}

/* ---- telling ---- */

static struct told *tell(struct tolds *told,
                         enum told_type type,
                         const struct health *h,
                         const struct history *history,
                         const struct worker_settings *w,
                         usec_t now_usec) {
        struct told *t = tolds_add(told, type);

        t->from = t->to = h->state;
        t->seen = h->last;
        t->failures = h->failures;
        t->failures_needed = w->failures;
        t->sustained_usec = health_sustained(h, w, now_usec);
        t->sustain_needed_usec = health_sustain_needed(h, w);
        memcpy(t->incident, history->incident.id, sizeof(t->incident));
        return t;
}

static bool enter(struct health *h, enum worker_state to, usec_t now_usec) {
        if (h->state == to)
                return false;
        h->state = to;
        h->state_since_usec = now_usec;
        return true;
}

/* Returns what is told, or NULL where the state is the same. */
static struct told *enter_and_tell(struct health *h,
                                   enum worker_state to,
                                   const struct history *history,
                                   const struct worker_settings *w,
                                   usec_t now_usec,
                                   struct tolds *told) {
        enum worker_state from = h->state;

        if (!enter(h, to, now_usec))
                return NULL;
        struct told *t = tell(told, TOLD_STATE_CHANGED, h, history, w, now_usec);
        t->from = from;
        t->lasted_usec = usec_sub(now_usec, h->started_at_usec);
        return t;
}

/* ---- what it requires ---- */

static void blame(struct told *t, const char *cause) {
        t->excused = cause[0];
        (void) snprintf(t->text, sizeof(t->text), "%s", cause);
}

/* A failing poll that is not counted. */
static void excuse(struct health *h) {
        if (h->excused_since_usec == 0)
                h->excused_since_usec = h->last.received_at_usec;
        if (h->dependency.state == DEPENDENCY_DOWN || !h->cause[0])
                memcpy(h->cause, h->dependency.text, sizeof(h->cause));
}

void health_dependency_changed(struct health *h,
                               struct history *history,
                               const struct worker_settings *w,
                               const struct dependency *d,
                               usec_t now_usec,
                               struct tolds *told) {
        bool was = dependency_excuses(&h->dependency), is = dependency_excuses(d);
        bool fails = h->last.outcome == OUTCOME_FAILING &&
                     (h->state == STATE_SUSPECT || h->state == STATE_UNHEALTHY);

        h->dependency = *d;
        if (was == is)
                return;
        forget_failures(h);
        h->startup_overdue = false;
        if (!is)
                h->excused_until_usec = now_usec;
        else if (fails)
                excuse(h);
        /* Of one that is unhealthy the hold says it. */
        if (!fails || (is && h->state == STATE_UNHEALTHY))
                return;

        struct told *t = tell(told, TOLD_DEPENDENCY_CHANGED, h, history, w, now_usec);
        blame(t, d->text);
        t->excused = is; /* there may be more to say of why it counts again */
}

/* ---- incidents ---- */

static void open_incident(struct health *h,
                          struct history *history,
                          const struct worker_settings *w,
                          usec_t now_usec,
                          struct tolds *told) {
        uint64_t id = HASH_BASIS;

        if (history->incident.id[0])
                return;
        id = hash_bytes(id, &h->incident_seed, sizeof(h->incident_seed));
        id = hash_bytes(id, w->name, strlen(w->name));
        id = hash_bytes(id, &now_usec, sizeof(now_usec));

        history->incident = (struct incident) { .opened_at_usec = now_usec };
        (void) snprintf(history->incident.id, sizeof(history->incident.id), "%016llx",
                        (unsigned long long) id);
        h->relapses = 0;
        struct told *t = tell(told, TOLD_INCIDENT_OPENED, h, history, w, now_usec);
        if (dependency_excuses(&h->dependency))
                blame(t, h->dependency.text);
}

static void close_incident(struct health *h,
                           struct history *history,
                           const struct worker_settings *w,
                           usec_t now_usec,
                           struct tolds *told) {
        if (!history->incident.id[0])
                return;

        struct told *t = tell(told, TOLD_INCIDENT_CLOSED, h, history, w, now_usec);
        t->lasted_usec = usec_sub(now_usec, history->incident.opened_at_usec);
        t->restarts = history->incident.restarts;
        t->was_unhealthy = history->incident.was_unhealthy;
        blame(t, h->cause);
        h->cause[0] = '\0';
        history->incident = (struct incident) {};
}

/* ---- the unit ---- */

static void new_start(struct health *h, struct history *history) {
        memcpy(history->invocation_id, h->unit.invocation_id, sizeof(history->invocation_id));
        history->seen_ok = false;
        history->stop_seen = false;
        history->lacks_health = false;
        begin_anew(h);
        h->startup_slow_told = false;
        h->startup_overdue = false;
        h->unit_down_told = false;
        h->before_restart = STATE_STARTING;
}

/* Heard of only now, as when the bus came late: what was seen since it began is of this very start. */
static bool is_the_start_we_saw(const struct health *h,
                                const struct history *history,
                                const struct unit_view *unit) {
        return !history->invocation_id[0] && unit->inactive_exit_usec > 0 &&
               h->last_ok_usec > unit->inactive_exit_usec;
}

static void follow_transition(struct health *h, usec_t now_usec) {
        if (!unit_view_in_transition(&h->unit))
                h->transition_at_usec = 0;
        else if (h->transition_at_usec == 0)
                h->transition_at_usec = now_usec;
}

/* The unit is down, and nothing is to be done about it. */
static bool is_left_down(const struct health *h, const struct worker_settings *w) {
        return h->condition == UNIT_STOPPED || (h->condition == UNIT_CRASHED && !w->revive);
}

static void unit_went_down(struct health *h,
                           struct history *history,
                           const struct worker_settings *w,
                           usec_t now_usec,
                           struct tolds *told) {
        bool enabled = streq(h->unit.unit_file_state, "enabled") && streq(h->unit.load_state, "loaded");
        bool missing = streq(h->unit.load_state, "not-found");
        bool unasked = missing || h->condition == UNIT_CRASHED ||
                       (enabled && !history->stop_seen && streq(h->unit.active_state, "inactive"));

        begin_anew(h);
        h->startup_overdue = false;
        struct told *down = enter_and_tell(h, STATE_STOPPED, history, w, now_usec, told);
        if (down)
                unit_view_describe(&h->unit, down->text, sizeof(down->text));
        if (unasked && !h->unit_down_told) {
                h->unit_down_told = true;
                struct told *t = tell(told, TOLD_UNIT_DOWN, h, history, w, now_usec);
                unit_view_describe(&h->unit, t->text, sizeof(t->text));
                t->no_such_unit = missing;
        }
        close_incident(h, history, w, now_usec, told);
}

bool health_unit_changed(struct health *h,
                         struct history *history,
                         const struct worker_settings *w,
                         const struct unit_view *unit,
                         bool stop_seen,
                         usec_t now_usec,
                         struct tolds *told) {
        bool is_new, was_known;

        h->unit = *unit;
        if (!unit->known) {
                h->condition = UNIT_UNKNOWN;
                return false;
        }

        was_known = history->invocation_id[0];
        is_new = unit->invocation_id[0] && !streq(history->invocation_id, unit->invocation_id);
        if (is_new && is_the_start_we_saw(h, history, unit)) {
                memcpy(history->invocation_id, unit->invocation_id, sizeof(history->invocation_id));
                is_new = false;
        } else if (is_new)
                new_start(h, history);
        if (unit->inactive_exit_usec > 0)
                h->started_at_usec = unit->inactive_exit_usec;
        history->stop_seen = history->stop_seen || stop_seen;
        follow_transition(h, now_usec);

        h->condition = unit_view_condition(unit, history->stop_seen);
        if (h->state == STATE_RESTARTING)
                return is_new;

        if (is_left_down(h, w))
                unit_went_down(h, history, w, now_usec, told);
        else if (is_new && was_known) {
                enter(h, STATE_STARTING, now_usec);
                tell(told, TOLD_UNIT_RESTARTED, h, history, w, now_usec);
        } else if (h->state == STATE_STOPPED)
                enter_and_tell(h, STATE_STARTING, history, w, now_usec, told);
        return is_new;
}

/* ---- observations ---- */

static void observe_good(struct health *h,
                         struct history *history,
                         const struct worker_settings *w,
                         const struct observation *before,
                         usec_t now_usec,
                         struct tolds *told) {
        history->seen_ok = true;
        h->startup_overdue = false;
        h->startup_slow_told = false;
        h->excused_since_usec = 0;
        forget_unknowns(h);
        forget_failures(h);
        if (h->successes > 0 && outcome_is_good(before->outcome))
                h->healthy_usec += usec_sub(h->last.received_at_usec, before->received_at_usec);
        h->successes++;

        if (h->state != STATE_UNHEALTHY || h->successes >= w->successes)
                enter_and_tell(h, h->last.outcome == OUTCOME_DEGRADED ? STATE_DEGRADED : STATE_HEALTHY,
                               history, w, now_usec, told);
        if (h->state != STATE_UNHEALTHY && h->successes >= w->successes &&
            h->healthy_usec >= w->sustain_usec)
                close_incident(h, history, w, now_usec, told);
}

static void become_unhealthy(struct health *h,
                             struct history *history,
                             const struct worker_settings *w,
                             usec_t now_usec,
                             struct tolds *told) {
        open_incident(h, history, w, now_usec, told);
        history->incident.was_unhealthy = true;
        enter_and_tell(h, STATE_UNHEALTHY, history, w, now_usec, told);
}

static void observe_starting(struct health *h,
                             struct history *history,
                             const struct worker_settings *w,
                             usec_t now_usec,
                             struct tolds *told) {
        /* After an ok it starts anew without its unit: as slowly as that takes. */
        usec_t unit_since = MAX(h->started_at_usec, h->transition_at_usec);
        usec_t since = MAX(unit_since, h->last_ok_usec);

        begin_anew(h);

        bool overdue = usec_sub(now_usec, since) >= w->startup_timeout_usec;
        bool excused = dependency_excuses(&h->dependency) ||
                       usec_sub(now_usec, h->excused_until_usec) < w->startup_timeout_usec;
        h->startup_overdue = overdue && w->startup_action == ACTION_RESTART && !excused;
        if (!h->startup_overdue)
                enter_and_tell(h, STATE_STARTING, history, w, now_usec, told);
        if (overdue && !h->startup_slow_told) {
                h->startup_slow_told = true;
                struct told *t = tell(told, TOLD_STARTUP_SLOW, h, history, w, now_usec);
                t->lasted_usec = usec_sub(now_usec, since);
                t->excused = excused && w->startup_action == ACTION_RESTART;
        }
        if (h->startup_overdue) {
                h->last.reason = REASON_STARTUP_TIMEOUT;
                become_unhealthy(h, history, w, now_usec, told);
        }
}

static void become_suspect(struct health *h,
                           struct history *history,
                           const struct worker_settings *w,
                           usec_t now_usec,
                           struct tolds *told) {
        bool open = history->incident.id[0], relapse;
        enum worker_state from = h->state;

        if (!enter(h, STATE_SUSPECT, now_usec))
                return;
        if (!open) {
                open_incident(h, history, w, now_usec, told);
                return;
        }

        struct told *t = tell(told, TOLD_STATE_CHANGED, h, history, w, now_usec);
        t->from = from;
        if (dependency_excuses(&h->dependency))
                blame(t, h->dependency.text);

        relapse = from == STATE_HEALTHY || from == STATE_DEGRADED;
        if (relapse && !history->incident.was_unhealthy && ++h->relapses >= FLAPPING_RELAPSES &&
            !history->incident.flapping_told) {
                history->incident.flapping_told = true;
                t = tell(told, TOLD_FLAPPING, h, history, w, now_usec);
                t->lasted_usec = usec_sub(now_usec, history->incident.opened_at_usec);
        }
}

static void observe_failing(struct health *h,
                            struct history *history,
                            const struct worker_settings *w,
                            const struct observation *before,
                            usec_t now_usec,
                            struct tolds *told) {
        usec_t began = h->last.stage.began_at_usec;

        forget_successes(h);
        forget_unknowns(h);
        h->startup_overdue = false;
        if (dependency_excuses(&h->dependency)) {
                excuse(h);
                if (h->state != STATE_UNHEALTHY)
                        become_suspect(h, history, w, now_usec, told);
                return;
        }

        /* An operation that began later than the last one is progress, however slow. */
        if (began > h->stage_began_at_usec && h->stage_began_at_usec > 0)
                forget_failures(h);
        if (began > 0)
                h->stage_began_at_usec = began;

        if (h->failures > 0 && before->outcome == OUTCOME_FAILING) {
                usec_t delta = usec_sub(h->last.received_at_usec, before->received_at_usec);
                h->sustained_usec += delta;
                h->silent_usec += h->silent > 0 ? delta : 0;
        }
        h->failures++;
        if (h->last.answered) {
                h->any_answered = true;
                h->silent = 0;
                h->silent_usec = 0;
        } else
                h->silent++;

        if (h->state == STATE_UNHEALTHY)
                return;
        become_suspect(h, history, w, now_usec, told);
        if (verdict(h, w, 0))
                become_unhealthy(h, history, w, now_usec, told);
}

static void observe_unknown(struct health *h,
                            struct history *history,
                            const struct worker_settings *w,
                            usec_t now_usec,
                            struct tolds *told) {
        h->unknowns++;
        if (h->unknowns < w->failures || h->cannot_tell_told)
                return;

        enum worker_state from = h->state;
        h->cannot_tell_told = true;
        enter(h, STATE_UNKNOWN, now_usec);
        struct told *t = tell(told, TOLD_CANNOT_TELL, h, history, w, now_usec);
        t->from = from;
}

/* What the unit says over what the answer says. */
static void weigh_unit(struct health *h, const struct worker_settings *w) {
        struct observation *o = &h->last;

        if (h->condition == UNIT_CRASHED && w->revive) {
                char how[128];

                unit_view_describe(&h->unit, how, sizeof(how));
                if (outcome_is_good(o->outcome)) {
                        o->outcome = OUTCOME_UNKNOWN;
                        (void) snprintf(o->detail, sizeof(o->detail),
                                        "the unit has %s, but something answers at its URL", how);
                } else {
                        o->outcome = OUTCOME_FAILING;
                        o->answered = false;
                        (void) snprintf(o->detail, sizeof(o->detail), "%s", how);
                }
                o->reason = REASON_UNIT_FAILED;
        } else if (o->outcome == OUTCOME_FAILING && h->failures == 0 && h->state != STATE_UNHEALTHY &&
                   unit_view_in_transition(&h->unit))
                o->outcome = OUTCOME_STARTING;
}

void health_observe(struct health *h,
                    struct history *history,
                    const struct worker_settings *w,
                    const struct observation *o,
                    usec_t now_usec,
                    struct tolds *told) {
        const struct observation before = h->last;

        if (h->state == STATE_STOPPED || h->state == STATE_RESTARTING)
                return;
        if (h->unit.known && o->sent_at_usec < h->started_at_usec)
                return;
        if (stood_still(h, w, o->received_at_usec) || o->restarted)
                begin_anew(h);

        h->last = *o;
        weigh_unit(h, w);
        /* Of a unit that is known its InvocationID says so. */
        if (o->restarted && !h->unit.known)
                tell(told, TOLD_UNIT_RESTARTED, h, history, w, now_usec);

        switch (h->last.outcome) {
        case OUTCOME_OK:
        case OUTCOME_DEGRADED:
                h->last_ok_usec = o->received_at_usec;
                observe_good(h, history, w, &before, now_usec, told);
                break;
        case OUTCOME_STARTING:
                observe_starting(h, history, w, now_usec, told);
                break;
        case OUTCOME_FAILING:
                observe_failing(h, history, w, &before, now_usec, told);
                break;
        default:
                observe_unknown(h, history, w, now_usec, told);
        }
}

void health_tick(struct health *h,
                 struct history *history,
                 const struct worker_settings *w,
                 usec_t now_usec,
                 struct tolds *told) {
        /* Also ends health_deadline(), or it would lie in the past until the next answer. */
        if (stood_still(h, w, now_usec))
                begin_anew(h);
        else if (h->state == STATE_SUSPECT && h->last.outcome == OUTCOME_FAILING &&
                 verdict(h, w, since_last_failure(h, w, now_usec)))
                become_unhealthy(h, history, w, now_usec, told);
}

/* ---- our own restart ---- */

void health_restart_begun(struct health *h, usec_t now_usec) {
        if (h->state == STATE_HEALTHY || h->state == STATE_DEGRADED || h->state == STATE_SUSPECT)
                h->before_restart = h->state;
        else
                h->before_restart = h->failures > 0 || h->startup_overdue ? STATE_UNHEALTHY : STATE_STARTING;
        enter(h, STATE_RESTARTING, now_usec);
}

void health_restart_ended(struct health *h,
                          struct history *history,
                          const struct worker_settings *w,
                          usec_t now_usec,
                          struct tolds *told) {
        if (h->state != STATE_RESTARTING)
                return;

        enter(h, h->before_restart, now_usec);
        if (is_left_down(h, w))
                unit_went_down(h, history, w, now_usec, told);
}
