/* What polls had added up to, from one agent to the next. */
#include "judge/health.h"

bool health_suspend(const struct health *h, struct history *history) {
        /* The next agent could not tell whether it comes back, as which counting begins anew. */
        bool dubious = h->dependency.state == DEPENDENCY_UNKNOWN;
        bool counts = (!dubious && h->failures > 0 && h->last.outcome == OUTCOME_FAILING) ||
                      (h->successes > 0 && outcome_is_good(h->last.outcome));

        history->streak = (struct streak) {};
        if (!history->incident.id[0] || !counts || h->state == STATE_RESTARTING)
                return false;
        history->streak = (struct streak) {
                .received_at_usec = h->last.received_at_usec,
                .failures = h->failures,
                .sustained_usec = h->sustained_usec,
                .any_answered = h->any_answered,
                .silent = h->silent,
                .silent_usec = h->silent_usec,
                .stage_began_at_usec = h->stage_began_at_usec,
                .successes = h->successes,
                .healthy_usec = h->healthy_usec,
        };
        return true;
}

void health_resume(struct health *h, struct history *history) {
        const struct streak s = history->streak;

        history->streak = (struct streak) {};
        if (s.received_at_usec == 0 || !history->incident.id[0])
                return;
        h->last = (struct observation) {
                .outcome = s.failures > 0 ? OUTCOME_FAILING : OUTCOME_OK,
                .reason = REASON_NONE,
                .sent_at_usec = s.received_at_usec,
                .received_at_usec = s.received_at_usec,
        };
        h->failures = s.failures;
        h->sustained_usec = s.sustained_usec;
        h->any_answered = s.any_answered;
        h->silent = s.silent;
        h->silent_usec = s.silent_usec;
        h->stage_began_at_usec = s.stage_began_at_usec;
        h->successes = s.successes;
        h->healthy_usec = s.healthy_usec;
}
