/* May we act now? The decision, what is told of it, and the budget of restarts. Knows no clock and no bus.
 */
#include <stdio.h>

#include "judge/holds.h"
#include "judge/remedy.h"
#include "util/text.h"

/* Held for longer than this is an alert. */
#define HELD_LONG_USEC (15 * USEC_PER_MINUTE)

/* Strimzi's cap, in minutes. */
#define BACKOFF_CAP_MINUTES 60

usec_t remedy_backoff_of(unsigned restarts, const struct worker_settings *w) {
        uint64_t n = MIN(restarts, (unsigned) BACKOFF_CAP_MINUTES);

        usec_t backoff = MIN(n * n + n, (uint64_t) BACKOFF_CAP_MINUTES) * USEC_PER_MINUTE;

        return MIN(backoff, w->backoff_max_usec);
}

usec_t remedy_backoff(const struct budget *b, const struct worker_settings *w) {
        return remedy_backoff_of(b->n, w);
}

unsigned remedy_restarts_in_window(const struct budget *b,
                                   const struct worker_settings *w,
                                   usec_t now_usec) {
        unsigned n = 0;

        for (size_t i = 0; i < b->n_restarts; i++)
                if (!b->restarts[i].revive &&
                    !b->restarts[i].operator&&
                            usec_sub(now_usec, b->restarts[i].at_usec) < w->restart_window_usec)
                        n++;
        return n;
}

unsigned remedy_restarts_left(const struct budget *b, const struct worker_settings *w, usec_t now_usec) {
        if (b->exhausted_at_usec > 0 || now_usec < b->distrusted_until_usec)
                return 0;
        return w->restart_limit - MIN(remedy_restarts_in_window(b, w, now_usec), w->restart_limit);
}

static bool stands(const struct decision *d, enum hold hold) {
        for (size_t i = 0; i < d->n_holds; i++)
                if (d->holds[i].hold == hold)
                        return true;
        return false;
}

void remedy_decide(const struct health *h,
                   const struct history *history,
                   const struct worker_settings *w,
                   const struct surroundings *s,
                   usec_t now_usec,
                   struct decision *ret) {
        *ret = (struct decision) {};
        enum unit_condition condition = holds_standing(h, history, w, s, now_usec, ret);

        if (ret->n_holds == 0)
                ret->action = condition == UNIT_CRASHED ? REMEDY_REVIVE : REMEDY_TRY_RESTART;
        else if (ret->n_holds == 1 && stands(ret, HOLD_OBSERVE_ONLY))
                ret->action = REMEDY_WOULD_RESTART;
}

bool hold_yields_to_force(enum hold hold) {
        return hold != HOLD_OBSERVE_ONLY && hold != HOLD_UNIT_BUSY && hold != HOLD_LEDGER_UNWRITABLE;
}

/* Where there are such holds, the others are not what keeps it back. */
static bool keep_unyielding(struct decision *d) {
        size_t n = 0;

        for (size_t i = 0; i < d->n_holds; i++)
                n += !hold_yields_to_force(d->holds[i].hold);
        if (n == 0)
                return false;
        for (size_t i = n = 0; i < d->n_holds; i++)
                if (!hold_yields_to_force(d->holds[i].hold))
                        d->holds[n++] = d->holds[i];
        d->n_holds = n;
        return true;
}

void remedy_decide_order(const struct health *h,
                         const struct history *history,
                         const struct worker_settings *w,
                         const struct surroundings *s,
                         bool force,
                         usec_t now_usec,
                         struct decision *ret) {
        *ret = (struct decision) {};
        enum unit_condition condition = holds_standing(h, history, w, s, now_usec, ret);

        if (force && keep_unyielding(ret))
                return;
        if (!force && ret->n_holds > 0)
                return;
        ret->action = condition == UNIT_CRASHED ? REMEDY_REVIVE : REMEDY_TRY_RESTART;
}

/* ---- telling ---- */

static struct told *tell(struct tolds *told,
                         enum told_type type,
                         const struct health *h,
                         const struct history *history,
                         const struct worker_settings *w,
                         usec_t now_usec) {
        struct told *t = tolds_add(told, type);

        t->from = t->to = health_shown_state(h, history);
        t->seen = h->last;
        t->failures = h->failures;
        t->failures_needed = w->failures;
        t->sustained_usec = health_sustained(h, w, now_usec);
        t->sustain_needed_usec = health_sustain_needed(h, w);
        memcpy(t->incident, history->incident.id, sizeof(t->incident));
        return t;
}

/* One hold's reason, then the names of the others. */
static void tell_hold(struct told *t, const struct decision *d, const struct hold_entry *e) {
        const char *separator = "; also ";

        t->hold = e->hold;
        t->until_usec = e->until_usec;
        text_append(t->text, sizeof(t->text), "%s", e->text);
        for (size_t i = 0; i < d->n_holds; i++) {
                if (&d->holds[i] == e)
                        continue;
                text_append(t->text, sizeof(t->text), "%s%s", separator, hold_to_string(d->holds[i].hold));
                separator = ", ";
        }
}

static void tell_ended(struct remedy *r,
                       const struct health *h,
                       const struct history *history,
                       const struct worker_settings *w,
                       const struct decision *d,
                       usec_t now_usec,
                       struct tolds *told) {
        for (enum hold hold = 0; hold < _HOLD_MAX; hold++) {
                if (!r->standing[hold] || (d && stands(d, hold)))
                        continue;
                r->standing[hold] = false;
                tell(told, TOLD_HOLD_ENDED, h, history, w, now_usec)->hold = hold;
        }
}

static bool ends_trying(enum hold hold) {
        return hold == HOLD_RECURRING || hold == HOLD_BUDGET_EXHAUSTED;
}

/* A spent budget is told at once, also where another hold comes first. */
static void latch(struct remedy *r,
                  const struct health *h,
                  struct history *history,
                  const struct worker_settings *w,
                  const struct decision *d,
                  usec_t now_usec,
                  struct tolds *told) {
        bool virtual = stands(d, HOLD_OBSERVE_ONLY);
        struct budget *b = virtual ? &history->virtual_budget : &history->budget;

        if (b->exhausted_at_usec > 0 || now_usec < b->distrusted_until_usec)
                return;
        for (size_t i = 0; i < d->n_holds; i++) {
                enum hold hold = d->holds[i].hold;

                if (!ends_trying(hold))
                        continue;
                b->exhausted_at_usec = now_usec;
                b->recurring = hold == HOLD_RECURRING;
                if (virtual)
                        return;
                r->standing[hold] = true;
                tell_hold(tell(told, TOLD_EXHAUSTED, h, history, w, now_usec), d, &d->holds[i]);
                return;
        }
}

static void tell_begun(struct remedy *r,
                       const struct health *h,
                       const struct history *history,
                       const struct worker_settings *w,
                       const struct decision *d,
                       usec_t now_usec,
                       struct tolds *told) {
        const struct hold_entry *first = &d->holds[0];

        if (first->hold == HOLD_OBSERVE_ONLY || r->standing[first->hold])
                return;
        r->standing[first->hold] = true;
        tell_hold(tell(told, TOLD_HOLD_BEGUN, h, history, w, now_usec), d, first);
}

/* Returns what is told of it, or NULL while that is not due. */
static struct told *tell_held_long(struct remedy *r,
                                   usec_t since_usec,
                                   const struct health *h,
                                   const struct history *history,
                                   const struct worker_settings *w,
                                   usec_t now_usec,
                                   struct tolds *told) {
        if (r->held_since_usec == 0) {
                r->held_since_usec = since_usec;
                r->held_long_next_usec = usec_add(since_usec, HELD_LONG_USEC);
        }
        if (now_usec < r->held_long_next_usec)
                return NULL;

        struct told *t = tell(told, TOLD_HELD_LONG, h, history, w, now_usec);
        t->lasted_usec = usec_sub(now_usec, r->held_since_usec);
        r->held_long_next_usec = usec_add(now_usec, t->lasted_usec);
        return t;
}

/* While failing polls are not counted no remedy is asked for, which nobody may have to wait for in silence.
 * A dependency that comes and goes begins no new wait. */
static void tell_excused_long(struct remedy *r,
                              const struct health *h,
                              const struct history *history,
                              const struct worker_settings *w,
                              usec_t now_usec,
                              struct tolds *told) {
        if (h->excused_since_usec == 0) {
                r->held_since_usec = 0;
                return;
        }
        if (!dependency_excuses(&h->dependency))
                return;

        struct told *t = tell_held_long(r, h->excused_since_usec, h, history, w, now_usec, told);
        if (!t)
                return;
        t->hold = HOLD_DEPENDENCY_DOWN;
        t->until_usec = h->dependency.until_usec;
        text_append(t->text, sizeof(t->text), "%s", h->dependency.text);
}

void remedy_tell(struct remedy *r,
                 const struct health *h,
                 struct history *history,
                 const struct worker_settings *w,
                 const struct decision *d,
                 usec_t now_usec,
                 struct tolds *told) {
        /* While we cannot tell, nothing begins and nothing ends. */
        if (!d && h->state == STATE_UNHEALTHY && h->last.outcome == OUTCOME_UNKNOWN)
                return;

        tell_ended(r, h, history, w, d, now_usec, told);
        if (!d) {
                tell_excused_long(r, h, history, w, now_usec, told);
                return;
        }
        if (d->n_holds == 0) {
                r->held_since_usec = 0;
                return;
        }

        latch(r, h, history, w, d, now_usec, told);
        if (d->action == REMEDY_WOULD_RESTART)
                tell_hold(tell(told, TOLD_WOULD_RESTART, h, history, w, now_usec), d, &d->holds[0]);
        else
                tell_begun(r, h, history, w, d, now_usec, told);
        struct told *t = tell_held_long(r, now_usec, h, history, w, now_usec, told);
        if (t)
                tell_hold(t, d, &d->holds[0]);
}

/* ---- the budget ---- */

/* The restart that begins now, for what is seen now. */
static void record(struct budget *b,
                   const struct history *history,
                   const struct health *h,
                   struct restart_record r) {
        memcpy(r.incident, history->incident.id, sizeof(r.incident));
        memcpy(r.invocation_id, history->invocation_id, sizeof(r.invocation_id));
        memcpy(r.stage, h->last.stage.text, sizeof(r.stage));
        memcpy(r.connector, h->last.stage.connector, sizeof(r.connector));
        budget_add(b, &r);
}

void remedy_charge(struct history *history,
                   const struct health *h,
                   enum remedy_action action,
                   usec_t now_usec) {
        bool would = action == REMEDY_WOULD_RESTART, revive = action == REMEDY_REVIVE;
        struct budget *b = would ? &history->virtual_budget : &history->budget;

        record(b, history, h,
               (struct restart_record) { .at_usec = now_usec,
                                         .result = would ? RESTART_DONE : RESTART_PENDING,
                                         .revive = revive });
        b->n++;
        if (b->exhausted_at_usec > 0 && !revive)
                b->last_try_usec = now_usec;
        if (!would)
                history->incident.restarts++;
}

void remedy_charge_order(struct history *history,
                         const struct health *h,
                         enum remedy_action action,
                         usec_t now_usec) {
        record(&history->budget, history, h,
               (struct restart_record) { .at_usec = now_usec,
                                         .result = RESTART_PENDING,
                                         .revive = action == REMEDY_REVIVE,
                                         .operator = true });
        if (history->incident.id[0])
                history->incident.restarts++;
}

void remedy_settle(struct history *history, enum restart_result result) {
        struct budget *b = &history->budget;

        if (b->n_restarts > 0)
                b->restarts[b->n_restarts - 1].result = result;
}

void remedy_refund(struct history *history) {
        struct budget *b = &history->budget;
        const struct restart_record *last;

        if (b->n_restarts == 0)
                return;
        last = &b->restarts[--b->n_restarts];
        /* A refused try is still due. */
        if (!last->revive && !last->operator)
                b->last_try_usec = 0;
        if (!last->operator)
                b->n -= b->n > 0 ? 1 : 0;
        if (history->incident.restarts > 0)
                history->incident.restarts--;
}

void remedy_reset(struct history *history) {
        history->budget = history->virtual_budget = (struct budget) {};
}

static void credit(struct budget *b, const struct health *h, const struct worker_settings *w) {
        if (b->n > 0 && h->healthy_usec > remedy_backoff(b, w))
                b->n = 0;
        if (h->healthy_usec < w->restart_window_usec)
                return;
        if (b->n == 0)
                *b = (struct budget) {};
        b->exhausted_at_usec = b->last_try_usec = b->distrusted_until_usec = 0;
        b->recurring = false;
}

void remedy_credit(struct history *history, const struct health *h, const struct worker_settings *w) {
        if (h->state != STATE_HEALTHY && h->state != STATE_DEGRADED)
                return;
        credit(&history->budget, h, w);
        credit(&history->virtual_budget, h, w);
}
