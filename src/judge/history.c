/* The restarts of one worker, kept in a bounded list, and the names of what the judge speaks of. */
#include "judge/history.h"
#include "judge/told.h"

/* Of the oldest, what costs no budget goes first: a unit that crashes often must not wash counted restarts away. */
static size_t least_needed(const struct budget *b) {
        for (size_t i = 0; i < b->n_restarts; i++)
                if (b->restarts[i].revive)
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

const char *restart_result_to_string(enum restart_result r) {
        static const char *const names[_RESTART_RESULT_MAX] = {
                [RESTART_PENDING] = "pending",
                [RESTART_DONE] = "done",
                [RESTART_FAILED] = "failed",
        };

        return names[r];
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
