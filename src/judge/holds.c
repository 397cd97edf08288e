/* The holds: one predicate each, one table, in the order in which they are told. Changes nothing. */
#include <stdio.h>

#include "judge/holds.h"
#include "judge/pauses.h"
#include "util/span.h"
#include "util/text.h"

/* What a predicate may ask. budget is the one that counts: the virtual one while observe-only stands. */
struct asking {
        const struct health *health;
        const struct history *history;
        const struct worker_settings *w;
        const struct surroundings *s;
        const struct budget *budget;
        enum unit_condition condition;
        bool observe_only;
        usec_t now_usec;
};

#define SAY(e, ...) text_append((e)->text, sizeof((e)->text), __VA_ARGS__)

static void list(struct hold_entry *e, const char *reason) {
        SAY(e, "%s%s", e->text[0] ? ", " : "", reason);
}

static bool observe_only(const struct asking *a, struct hold_entry *e) {
        if (a->s->dry_run)
                list(e, "dry run");
        if (a->w->action != ACTION_RESTART)
                list(e, "action = alert");
        if (!a->w->unit)
                list(e, "no unit is named");
        if (!a->s->bus)
                list(e, "no systemd to act over");
        return e->text[0];
}

static bool not_this_host(const struct asking *a, struct hold_entry *e) {
        if (a->w->url_is_local || a->s->url_is_local > 0)
                return false;
        if (a->s->url_is_local == 0)
                SAY(e,
                    "%s is not an address of this machine, so its failure says nothing about %s; "
                    "url_is_local = yes overrules",
                    a->w->url, strempty(a->w->unit));
        else
                SAY(e, "whether %s is an address of this machine cannot be told", a->w->url);
        return true;
}

static bool paused(const struct asking *a, struct hold_entry *e) {
        char text[PAUSE_TEXT_SIZE];

        if (!a->s->pause)
                return false;
        e->until_usec = a->s->pause->until_usec;
        SAY(e, "%s", pause_text(a->s->pause, text));
        return true;
}

/* The verdict is on a start of the unit that is no more. */
static bool started_anew(const struct asking *a) {
        return a->s->unit.invocation_id[0] && a->history->invocation_id[0] &&
               !streq(a->s->unit.invocation_id, a->history->invocation_id);
}

static bool unit_busy(const struct asking *a, struct hold_entry *e) {
        char what[128];

        if (!a->w->unit || !a->s->bus)
                return false;
        if (streq(a->s->system_state, "stopping") || streq(a->s->system_state, "maintenance"))
                SAY(e, "the system is in state %s", a->s->system_state);
        else if (a->condition == UNIT_STOPPED)
                SAY(e, "%s is not meant to run (%s)", a->w->unit,
                    unit_view_describe(&a->s->unit, what, sizeof(what)));
        else if (a->condition != UNIT_UP && a->condition != UNIT_CRASHED)
                SAY(e, "%s: %s", a->w->unit, unit_view_describe(&a->s->unit, what, sizeof(what)));
        else if (a->condition == UNIT_CRASHED && !a->w->revive)
                SAY(e, "%s %s, and revive = no", a->w->unit,
                    unit_view_describe(&a->s->unit, what, sizeof(what)));
        else if (started_anew(a))
                SAY(e, "%s was started anew just now", a->w->unit);
        return e->text[0];
}

static bool package_manager(const struct asking *a, struct hold_entry *e) {
        if (a->s->package_manager[0])
                SAY(e, "%s is at work", a->s->package_manager);
        return e->text[0];
}

/* Not by the time: what the judge has not been told of has not ended. */
static bool dependency_down(const struct asking *a, struct hold_entry *e) {
        const struct dependency *d = &a->health->dependency;

        if (!dependency_holds(d, a->w))
                return false;
        e->until_usec = d->until_usec;
        if (d->state == DEPENDENCY_NONE)
                SAY(e, "how Kafka %s is has not been asked yet", a->w->requires[0]);
        else
                SAY(e, "%s", d->text);
        return true;
}

static bool peers_unhealthy(const struct asking *a, struct hold_entry *e) {
        size_t n = strv_length(a->w->peers);

        if (n == 0)
                return false;
        if (a->s->peers_healthy < 0)
                SAY(e, "the peers have not been asked yet");
        else if ((unsigned) a->s->peers_healthy < a->w->min_healthy_peers)
                SAY(e, "%d of %zu peers answer healthy, %u must", a->s->peers_healthy, n,
                    a->w->min_healthy_peers);
        return e->text[0];
}

static bool ledger_unwritable(const struct asking *a, struct hold_entry *e) {
        if (a->observe_only || a->s->ledger_writable)
                return false;
        SAY(e, "what is about to be done could not be written down");
        return true;
}

static bool backoff(const struct asking *a, struct hold_entry *e) {
        const struct restart_record *last = budget_last(a->budget);

        if (!last)
                return false;

        usec_t wait = remedy_backoff(a->budget, a->w);
        if (usec_sub(a->now_usec, last->at_usec) >= wait)
                return false;
        e->until_usec = usec_add(last->at_usec, wait);
        SAY(e, "%s after restart %u", SPAN(wait), a->budget->n);
        return true;
}

static bool same_connector_again(const struct asking *a) {
        const struct stage *now = &a->health->last.stage;
        unsigned alike = 0;

        if (!now->connector[0])
                return false;
        for (size_t i = a->budget->n_restarts; i-- > 0 && alike < 2;) {
                const struct restart_record *r = &a->budget->restarts[i];

                if (r->revive || r->operator)
                        continue;
                if (!streq(r->connector, now->connector) || !streq(r->stage, now->text))
                        return false;
                alike++;
        }
        return alike == 2;
}

/* The first counted try if it latches now; 0 is never. */
static usec_t first_try(const struct asking *a) {
        if (a->w->exhausted_retry_usec == 0)
                return 0;
        return usec_add(a->now_usec, MAX(a->w->exhausted_retry_usec, a->w->restart_window_usec));
}

/* While exhausted, the next counted try; 0 is never. */
static usec_t next_try(const struct budget *b, const struct worker_settings *w) {
        if (w->exhausted_retry_usec == 0)
                return 0;
        usec_t last = MAX(b->exhausted_at_usec, b->last_try_usec);

        return usec_add(last, MAX(w->exhausted_retry_usec, w->restart_window_usec));
}

/* The restart that was done for a connector last: a revive in between names none. */
static const struct restart_record *last_for_connector(const struct budget *b) {
        for (size_t i = b->n_restarts; i-- > 0;)
                if (b->restarts[i].connector[0])
                        return &b->restarts[i];
        return NULL;
}

static void say_next_try(const struct asking *a, struct hold_entry *e) {
        if (e->until_usec > 0)
                SAY(e, "; one try again in %s", SPAN(usec_sub(e->until_usec, a->now_usec)));
        else
                SAY(e, "; no further try");
}

static bool recurring(const struct asking *a, struct hold_entry *e) {
        const struct budget *b = a->budget;
        const struct restart_record *last = last_for_connector(b);
        bool latched = b->exhausted_at_usec > 0 && b->recurring;

        if (a->condition == UNIT_CRASHED)
                return false;
        if (!latched && (b->exhausted_at_usec > 0 || !same_connector_again(a)))
                return false;
        if (latched) {
                e->until_usec = next_try(b, a->w);
                if (e->until_usec > 0 && a->now_usec >= e->until_usec)
                        return false;
        } else
                e->until_usec = first_try(a);
        SAY(e, "after two restarts connector %s blocks the worker again (%s): look at that connector",
            last ? last->connector : "", last ? last->stage : "");
        say_next_try(a, e);
        return true;
}

static bool budget_exhausted(const struct asking *a, struct hold_entry *e) {
        const struct budget *b = a->budget;

        if (a->condition == UNIT_CRASHED)
                return false;
        if (a->now_usec < b->distrusted_until_usec) {
                e->until_usec = b->distrusted_until_usec;
                SAY(e, "the ledger of past restarts was lost, so the budget counts as spent");
                return true;
        }
        if (b->exhausted_at_usec > 0 && !b->recurring) {
                e->until_usec = next_try(b, a->w);
                if (e->until_usec > 0 && a->now_usec >= e->until_usec)
                        return false;
        } else if (b->exhausted_at_usec == 0 &&
                   remedy_restarts_in_window(b, a->w, a->now_usec) >= a->w->restart_limit)
                e->until_usec = first_try(a);
        else
                return false;
        SAY(e, "%u restart%s within %s did not help", a->w->restart_limit,
            a->w->restart_limit == 1 ? "" : "s", SPAN(a->w->restart_window_usec));
        say_next_try(a, e);
        return true;
}

static bool refused(const struct asking *a, struct hold_entry *e) {
        if (a->observe_only || a->now_usec >= a->s->refused_until_usec)
                return false;
        e->until_usec = a->s->refused_until_usec;
        SAY(e, "the last call was refused: %s", a->s->refused_why);
        return true;
}

/* In the design's order. not-our-turn comes with its feature, at its place. */
static const struct {
        enum hold hold;
        bool (*stands)(const struct asking *a, struct hold_entry *e);
} table[] = {
        { HOLD_OBSERVE_ONLY, observe_only },
        { HOLD_NOT_THIS_HOST, not_this_host },
        { HOLD_PAUSED, paused },
        { HOLD_UNIT_BUSY, unit_busy },
        { HOLD_PACKAGE_MANAGER, package_manager },
        { HOLD_DEPENDENCY_DOWN, dependency_down },
        { HOLD_PEERS_UNHEALTHY, peers_unhealthy },
        { HOLD_LEDGER_UNWRITABLE, ledger_unwritable },
        { HOLD_BACKOFF, backoff },
        { HOLD_RECURRING, recurring },
        { HOLD_BUDGET_EXHAUSTED, budget_exhausted },
        { HOLD_REFUSED, refused },
};

/* A spent budget that lasts longer than the pause after the last restart is what a person is to read: told
 * first, the pause would name a time at which nothing happens. */
static void leave_out_outlasted_backoff(struct decision *d) {
        struct hold_entry *pause = NULL;
        bool outlasted = false;

        for (size_t i = 0; i < d->n_holds; i++) {
                struct hold_entry *e = &d->holds[i];

                if (e->hold == HOLD_BACKOFF)
                        pause = e;
                else if (pause && (e->hold == HOLD_RECURRING || e->hold == HOLD_BUDGET_EXHAUSTED))
                        outlasted = outlasted || e->until_usec == 0 || e->until_usec >= pause->until_usec;
        }
        if (!outlasted)
                return;
        d->n_holds--;
        memmove(pause, pause + 1, sizeof(*pause) * (size_t) (d->holds + d->n_holds - pause));
}

enum unit_condition holds_standing(const struct health *h,
                                   const struct history *history,
                                   const struct worker_settings *w,
                                   const struct surroundings *s,
                                   usec_t now_usec,
                                   struct decision *ret) {
        struct asking a = {
                .health = h,
                .history = history,
                .w = w,
                .s = s,
                .budget = &history->budget,
                .condition = unit_view_condition(&s->unit, s->stop_seen || history->stop_seen),
                .now_usec = now_usec,
        };

        ret->n_holds = 0;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct hold_entry *e = &ret->holds[ret->n_holds];

                *e = (struct hold_entry) { .hold = table[i].hold };
                if (!table[i].stands(&a, e))
                        continue;
                ret->n_holds++;
                if (e->hold == HOLD_OBSERVE_ONLY) {
                        a.observe_only = true;
                        a.budget = &history->virtual_budget;
                }
        }
        leave_out_outlasted_backoff(ret);
        return a.condition;
}
