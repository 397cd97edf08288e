/* May we act now? The decision, what is told of it, and the budget of restarts. Knows no clock and no bus. */
#include <stdio.h>

#include "judge/holds.h"
#include "judge/remedy.h"
#include "util/text.h"

/* Held for longer than this is an alert. */
#define HELD_LONG_USEC (15 * USEC_PER_MINUTE)

/* Strimzi's cap, in minutes. */
#define BACKOFF_CAP_MINUTES 60

usec_t remedy_backoff(const struct budget *b, const struct worker_settings *w) {
        uint64_t n = MIN(b->n, (unsigned) BACKOFF_CAP_MINUTES);

        usec_t backoff = MIN(n * n + n, (uint64_t) BACKOFF_CAP_MINUTES) * USEC_PER_MINUTE;

        return MIN(backoff, w->backoff_max_usec);
}

unsigned remedy_restarts_in_window(const struct budget *b, const struct worker_settings *w, usec_t now_usec) {
        unsigned n = 0;

        for (size_t i = 0; i < b->n_restarts; i++)
                if (!b->restarts[i].revive && usec_sub(now_usec, b->restarts[i].at_usec) < w->restart_window_usec)
                        n++;
        return n;
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

/* ---- telling ---- */

static struct told *tell(struct tolds *told,
                         enum told_type type,
                         const struct health *h,
                         const struct history *history,
                         const struct worker_settings *w) {
        struct told *t = tolds_add(told, type);

        t->from = t->to = health_shown_state(h, history);
        t->seen = h->last;
        t->failures = h->failures;
        t->failures_needed = w->failures;
        t->sustained_usec = h->sustained_usec;
        t->sustain_needed_usec = health_sustain_needed(h, w);
        memcpy(t->incident, history->incident.id, sizeof(t->incident));
        return t;
}

/* The first hold's reason, then the names of the others. */
static void tell_holds(struct told *t, const struct decision *d) {
        t->hold = d->holds[0].hold;
        t->until_usec = d->holds[0].until_usec;
        text_append(t->text, sizeof(t->text), "%s", d->holds[0].text);
        for (size_t i = 1; i < d->n_holds; i++)
                text_append(t->text, sizeof(t->text), "%s%s", i == 1 ? "; also " : ", ",
                            hold_to_string(d->holds[i].hold));
}

static void tell_ended(struct remedy *r,
                       const struct health *h,
                       const struct history *history,
                       const struct worker_settings *w,
                       const struct decision *d,
                       struct tolds *told) {
        for (enum hold hold = 0; hold < _HOLD_MAX; hold++) {
                if (!r->standing[hold] || (d && stands(d, hold)))
                        continue;
                r->standing[hold] = false;
                tell(told, TOLD_HOLD_ENDED, h, history, w)->hold = hold;
        }
}

static bool ends_trying(enum hold hold) {
        return hold == HOLD_RECURRING || hold == HOLD_BUDGET_EXHAUSTED;
}

static void tell_begun(struct remedy *r,
                       const struct health *h,
                       struct history *history,
                       const struct worker_settings *w,
                       const struct decision *d,
                       usec_t now_usec,
                       struct tolds *told) {
        enum hold first = d->holds[0].hold;
        struct budget *b = &history->budget;
        bool latches = ends_trying(first) && b->exhausted_at_usec == 0 && now_usec >= b->distrusted_until_usec;

        if (latches) {
                b->exhausted_at_usec = now_usec;
                b->recurring = first == HOLD_RECURRING;
        }
        if (r->standing[first])
                return;
        r->standing[first] = true;
        tell_holds(tell(told, latches ? TOLD_EXHAUSTED : TOLD_HOLD_BEGUN, h, history, w), d);
}

static void tell_held_long(struct remedy *r,
                           const struct health *h,
                           const struct history *history,
                           const struct worker_settings *w,
                           const struct decision *d,
                           usec_t now_usec,
                           struct tolds *told) {
        if (r->held_since_usec == 0) {
                r->held_since_usec = now_usec;
                r->held_long_next_usec = usec_add(now_usec, HELD_LONG_USEC);
        }
        if (now_usec < r->held_long_next_usec)
                return;

        struct told *t = tell(told, TOLD_HELD_LONG, h, history, w);
        tell_holds(t, d);
        t->lasted_usec = usec_sub(now_usec, r->held_since_usec);
        r->held_long_next_usec = usec_add(now_usec, t->lasted_usec);
}

void remedy_tell(struct remedy *r,
                 const struct health *h,
                 struct history *history,
                 const struct worker_settings *w,
                 const struct decision *d,
                 usec_t now_usec,
                 struct tolds *told) {
        tell_ended(r, h, history, w, d, told);
        if (!d || d->n_holds == 0) {
                r->held_since_usec = 0;
                return;
        }

        if (d->action == REMEDY_WOULD_RESTART)
                tell_holds(tell(told, TOLD_WOULD_RESTART, h, history, w), d);
        else if (d->holds[0].hold != HOLD_OBSERVE_ONLY)
                tell_begun(r, h, history, w, d, now_usec, told);
        tell_held_long(r, h, history, w, d, now_usec, told);
}

/* ---- the budget ---- */

void remedy_charge(struct history *history,
                   const struct health *h,
                   const struct worker_settings *w,
                   enum remedy_action action,
                   usec_t now_usec) {
        bool would = action == REMEDY_WOULD_RESTART;
        struct budget *b = would ? &history->virtual_budget : &history->budget;
        struct restart_record r = {
                .at_usec = now_usec,
                .result = would ? RESTART_DONE : RESTART_PENDING,
                .revive = action == REMEDY_REVIVE,
        };

        memcpy(r.incident, history->incident.id, sizeof(r.incident));
        memcpy(r.invocation_id, history->invocation_id, sizeof(r.invocation_id));
        memcpy(r.stage, h->last.stage.text, sizeof(r.stage));
        memcpy(r.connector, h->last.stage.connector, sizeof(r.connector));
        budget_add(b, &r);
        b->n++;

        if (b->exhausted_at_usec > 0)
                b->last_try_usec = now_usec;
        if (!would)
                history->incident.restarts++;
        else if (b->exhausted_at_usec == 0 && remedy_restarts_in_window(b, w, now_usec) >= w->restart_limit)
                b->exhausted_at_usec = now_usec;
}

void remedy_settle(struct history *history, enum restart_result result) {
        struct budget *b = &history->budget;

        if (b->n_restarts > 0)
                b->restarts[b->n_restarts - 1].result = result;
}

void remedy_refund(struct history *history) {
        struct budget *b = &history->budget;

        if (b->n_restarts == 0)
                return;
        b->n_restarts--;
        b->n -= b->n > 0 ? 1 : 0;
        b->last_try_usec = 0;
        if (history->incident.restarts > 0)
                history->incident.restarts--;
}

static void credit(struct budget *b, const struct health *h, const struct worker_settings *w) {
        if (b->n > 0 && h->healthy_usec > remedy_backoff(b, w))
                b->n = 0;
        if (h->healthy_usec >= w->restart_window_usec)
                *b = (struct budget) {};
}

void remedy_credit(struct history *history, const struct health *h, const struct worker_settings *w) {
        if (h->state != STATE_HEALTHY && h->state != STATE_DEGRADED)
                return;
        credit(&history->budget, h, w);
        credit(&history->virtual_budget, h, w);
}
