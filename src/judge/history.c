/* The restarts of one worker, kept in a bounded list, and the names of what the judge speaks of. */
#include <stddef.h>

#include "judge/history.h"
#include "judge/told.h"

/* Of the oldest, what costs no budget goes first: a unit that crashes often must not wash counted restarts
 * away. */
static size_t least_needed(const struct budget *b) {
        for (size_t i = 0; i < b->n_restarts; i++)
                if (b->restarts[i].revive || b->restarts[i].operator)
                        return i;
        return 0;
}

void budget_add(struct budget *b, const struct restart_record *r) {
        if (b->n_restarts == RESTARTS_KEPT) {
                struct restart_record *gone = b->restarts + least_needed(b);

                b->n_restarts--;
                memmove(gone, gone + 1, sizeof(*gone) * (size_t) (b->restarts + b->n_restarts - gone));
        }
        b->restarts[b->n_restarts++] = *r;
}

const struct restart_record *budget_last(const struct budget *b) {
        return b->n_restarts > 0 ? &b->restarts[b->n_restarts - 1] : NULL;
}

/* What follows the list of restarts, and what follows the budgets, goes in one piece each. */
static void budget_copy(struct budget *to, const struct budget *from) {
        const size_t list = offsetof(struct budget, n_restarts);

        memcpy(to->restarts, from->restarts, from->n_restarts * sizeof(from->restarts[0]));
        memcpy((char *) to + list, (const char *) from + list, sizeof(*to) - list);
}

void history_copy(struct history *to, const struct history *from) {
        const size_t budgets = offsetof(struct history, incident);

        budget_copy(&to->budget, &from->budget);
        budget_copy(&to->virtual_budget, &from->virtual_budget);
        memcpy((char *) to + budgets, (const char *) from + budgets, sizeof(*to) - budgets);
}

static bool budget_equal(const struct budget *a, const struct budget *b) {
        const size_t list = offsetof(struct budget, n_restarts);

        return memcmp((const char *) a + list, (const char *) b + list, sizeof(*a) - list) == 0 &&
               memcmp(a->restarts, b->restarts, a->n_restarts * sizeof(a->restarts[0])) == 0;
}

bool history_equal(const struct history *a, const struct history *b) {
        const size_t budgets = offsetof(struct history, incident);

        return memcmp((const char *) a + budgets, (const char *) b + budgets, sizeof(*a) - budgets) == 0 &&
               budget_equal(&a->budget, &b->budget) && budget_equal(&a->virtual_budget, &b->virtual_budget);
}

struct told *tolds_add(struct tolds *t, enum told_type type) {
        struct told *told = &t->told[t->n < TOLDS_MAX ? t->n++ : TOLDS_MAX - 1];

        *told = (struct told) { .type = type };
        return told;
}

const char *worker_state_to_string(enum worker_state s) {
        static const char *const names[_STATE_MAX] = {
                [STATE_UNKNOWN] = "unknown",       [STATE_STARTING] = "starting",
                [STATE_HEALTHY] = "healthy",       [STATE_DEGRADED] = "degraded",
                [STATE_SUSPECT] = "suspect",       [STATE_UNHEALTHY] = "unhealthy",
                [STATE_RESTARTING] = "restarting", [STATE_EXHAUSTED] = "exhausted",
                [STATE_STOPPED] = "stopped",       [STATE_PAUSED] = "paused",
        };

        return names[s];
}

const char *hold_to_string(enum hold h) {
        static const char *const names[_HOLD_MAX] = {
                [HOLD_OBSERVE_ONLY] = "observe-only",
                [HOLD_NOT_THIS_HOST] = "not-this-host",
                [HOLD_PAUSED] = "paused",
                [HOLD_UNIT_BUSY] = "unit-busy",
                [HOLD_PACKAGE_MANAGER] = "package-manager",
                [HOLD_DEPENDENCY_DOWN] = "dependency-down",
                [HOLD_PEERS_UNHEALTHY] = "peers-unhealthy",
                [HOLD_LEDGER_UNWRITABLE] = "ledger-unwritable",
                [HOLD_BACKOFF] = "backoff",
                [HOLD_RECURRING] = "recurring",
                [HOLD_BUDGET_EXHAUSTED] = "budget-exhausted",
                [HOLD_NOT_OUR_TURN] = "not-our-turn",
                [HOLD_REFUSED] = "refused",
        };

        return names[h];
}
