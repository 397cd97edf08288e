/* GET /startup and GET /ready, as Zeebe's broker answers them: 204 without a body, or 503. Why not is more
 * than the broker says. */
#include "report/http/document.h"
#include "util/text.h"

#define WHY_SIZE 4096

static bool is_started(struct verdict v) {
        return v.started;
}

static bool is_ready(struct verdict v) {
        return v.ready;
}

static int answer(const struct snapshot *s,
                  const struct question *q,
                  bool (*passes)(struct verdict v),
                  struct document *ret) {
        const struct worker_snapshot *workers;
        char why[WHY_SIZE] = "";
        size_t n;

        if (question_workers(s, q, &workers, &n) < 0)
                return document_no_worker(ret);
        if (passes(snapshot_verdict_of_all(s, workers, n))) {
                ret->status = 204;
                return 0;
        }
        if (n == 0)
                text_append(why, sizeof(why), "No worker is configured; see connect-watchdog.conf(5).\n");
        for (size_t i = 0; i < n; i++) {
                char clause[CLAUSE_SIZE];

                if (!passes(snapshot_verdict(s, &workers[i])))
                        text_append(why, sizeof(why), "%s: %s\n", workers[i].settings->name,
                                    snapshot_clause(s, &workers[i], clause));
        }
        return document_text(ret, 503, why);
}

int document_startup(const struct snapshot *s, const struct question *q, struct document *ret) {
        return answer(s, q, is_started, ret);
}

int document_ready(const struct snapshot *s, const struct question *q, struct document *ret) {
        return answer(s, q, is_ready, ret);
}
