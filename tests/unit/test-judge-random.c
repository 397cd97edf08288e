/* The judge under random behaviour of everything around it, with random settings: after each step its
 * invariants hold. The seed is printed; TEST_SEED repeats a run, TEST_RUNS makes it longer. */
#include "judge-sim.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE
#define HOUR USEC_PER_HOUR
#define DAY USEC_PER_DAY

#define RUNS 20
#define STEPS 400
#define RESTARTS_MAX 4096

/* What the invariants are checked against, kept apart from the judge's own books. */
struct books {
        uint64_t random;
        uint64_t seed;
        unsigned run;
        usec_t restarts[RESTARTS_MAX];
        size_t n_restarts;
        usec_t failing_since; /* the first failing answer of the run of failures that count; 0: none */
        usec_t counted_from;  /* when what is required last ceased to excuse them; 0: it never did */
        char incident[INCIDENT_ID_SIZE];
        bool standing[_HOLD_MAX];
        unsigned long answers, excused, restarted, revived, would, told;
};

static uint64_t draw(struct books *b) {
        /* xorshift64* */
        b->random ^= b->random >> 12;
        b->random ^= b->random << 25;
        b->random ^= b->random >> 27;
        return b->random * UINT64_C(2685821657736338717);
}

static uint64_t below(struct books *b, uint64_t n) {
        return (draw(b) >> 11) % n;
}

#define check(s, b, condition)                                                                              \
        do {                                                                                                \
                if (!(condition)) {                                                                         \
                        _cleanup_free_ char *words = sim_words(s, MAX((s)->n_events, (size_t) 30) - 30);    \
                        fail_msg("%s: seed %ju, run %u, at %ju s, after: %s", #condition,                   \
                                 (uintmax_t) (b)->seed, (b)->run,                                           \
                                 (uintmax_t) (((s)->now - (s)->began) / SEC), words);                       \
                }                                                                                           \
        } while (0)

/* ---- the invariants ---- */

static void check_incident(struct sim *s, struct books *b, const struct told *t) {
        switch (t->type) {
        case TOLD_INCIDENT_OPENED:
                check(s, b, !b->incident[0]);
                check(s, b, strlen(t->incident) == 16);
                memcpy(b->incident, t->incident, sizeof(b->incident));
                break;
        case TOLD_INCIDENT_CLOSED:
                check(s, b, b->incident[0]);
                check(s, b, streq(b->incident, t->incident));
                b->incident[0] = '\0';
                break;
        default:
                check(s, b, streq(b->incident, t->incident));
        }
}

static void check_hold(struct sim *s, struct books *b, const struct told *t) {
        if (t->type == TOLD_HOLD_BEGUN || t->type == TOLD_EXHAUSTED) {
                check(s, b, !b->standing[t->hold]);
                check(s, b, t->text[0]);
                b->standing[t->hold] = true;
        } else if (t->type == TOLD_HOLD_ENDED) {
                check(s, b, b->standing[t->hold]);
                b->standing[t->hold] = false;
        }
}

static void on_told(struct sim *s, const struct tolds *told, void *userdata) {
        struct books *b = userdata;

        check(s, b, told->n < TOLDS_MAX); /* at the limit one may have been overwritten */
        for (size_t i = 0; i < told->n; i++) {
                check_incident(s, b, &told->told[i]);
                check_hold(s, b, &told->told[i]);
        }
        check(s, b, streq(s->history.incident.id, b->incident));
        b->told += told->n;
}

static bool same_counters(const struct health *a, const struct health *b) {
        return a->failures == b->failures && a->sustained_usec == b->sustained_usec &&
               a->silent == b->silent && a->silent_usec == b->silent_usec && a->successes == b->successes &&
               a->healthy_usec == b->healthy_usec;
}

static bool no_counters(const struct health *h) {
        return same_counters(h, &(struct health) {}) && !h->any_answered;
}

static void on_observed(struct sim *s, const struct health *before, void *userdata) {
        struct books *b = userdata;
        const struct observation *o = &s->h.last;

        if (o->received_at_usec != s->now)
                return; /* it was dropped */
        b->answers++;
        switch (o->outcome) {
        case OUTCOME_UNKNOWN:
                check(s, b, same_counters(&s->h, before) || no_counters(&s->h)); /* the latter after a gap */
                break;
        case OUTCOME_FAILING:
                if (dependency_excuses(&s->h.dependency)) {
                        check(s, b, s->h.failures == 0 && s->h.sustained_usec == 0 && s->h.successes == 0);
                        check(s, b, s->h.state == STATE_SUSPECT || s->h.state == STATE_UNHEALTHY);
                        check(s, b, s->h.state == before->state || s->h.state == STATE_SUSPECT);
                        b->excused++;
                        break;
                }
                if (b->failing_since == 0)
                        b->failing_since = s->now;
                check(s, b, s->h.failures > 0 && s->h.successes == 0);
                check(s, b, s->h.sustained_usec <= s->now - b->failing_since);
                break;
        default:
                b->failing_since = 0;
                check(s, b, s->h.failures == 0 && s->h.sustained_usec == 0);
        }
        check(s, b, s->h.silent_usec <= s->h.sustained_usec && s->h.silent <= s->h.failures);
}

static void on_new_start(struct sim *s, bool is_new, void *userdata) {
        struct books *b = userdata;

        if (!is_new)
                return;
        b->failing_since = 0;
        check(s, b, no_counters(&s->h));
        check(s, b, s->h.unknowns == 0);
        check(s, b, !s->history.seen_ok);
        check(s, b, s->h.state != STATE_SUSPECT && s->h.state != STATE_UNHEALTHY);
}

static void on_required(struct sim *s, const struct dependency *before, void *userdata) {
        struct books *b = userdata;
        bool excuses = dependency_excuses(&s->h.dependency);

        if (excuses == dependency_excuses(before))
                return;
        b->failing_since = 0;
        b->counted_from = excuses ? b->counted_from : s->now;
        check(s, b, s->h.failures == 0 && s->h.sustained_usec == 0 && s->h.silent_usec == 0);
}

/* Each was found up by this agent, and has been for its grace if ever it was not. */
static void check_required(struct sim *s, struct books *b) {
        for (size_t i = 0; i < s->n_kafkas; i++) {
                const struct kafka_health *k = &s->kafkas[i].cluster.h;

                check(s, b, k->checked_at_usec > 0);
                check(s, b, k->outcome == KAFKA_UP);
                check(s, b, k->back_at_usec == 0 || s->now - k->back_at_usec >= s->w.dependency_grace_usec);
        }
}

/* A revive is charged to the backoff only, so it is not among the restarts. */
static void check_budget(struct sim *s, struct books *b) {
        unsigned in_window = 1;

        for (size_t i = b->n_restarts; i-- > 0 && s->now - b->restarts[i] < s->w.restart_window_usec;)
                in_window++;
        check(s, b, in_window <= s->w.restart_limit);
        if (s->history.budget.exhausted_at_usec > 0) {
                check(s, b, in_window == 1);
                check(s, b, s->w.exhausted_retry_usec > 0);
                check(s, b, s->now - s->history.budget.exhausted_at_usec >= s->w.exhausted_retry_usec);
                if (b->n_restarts > 0)
                        check(s, b, s->now - b->restarts[b->n_restarts - 1] >= s->w.exhausted_retry_usec);
        }
        check(s, b, b->n_restarts < RESTARTS_MAX);
        b->restarts[b->n_restarts++] = s->now;
}

static void check_nothing_holds(struct sim *s, struct books *b, const struct decision *d) {
        const struct surroundings *a = &s->around;
        const struct restart_record *last = budget_last(&s->history.budget);

        check(s, b, d->n_holds == 0);
        check(s, b, !a->dry_run && s->w.action == ACTION_RESTART);
        check(s, b, a->url_is_local == 1 || s->w.url_is_local);
        check(s, b, s->move == SIM_STILL && !s->unit.job_id);
        check(s, b, streq(s->unit.active_state, d->action == REMEDY_REVIVE ? "failed" : "active"));
        check(s, b, !streq(a->system_state, "stopping"));
        check(s, b, !a->package_manager[0]);
        check(s, b, a->ledger_writable);
        check(s, b, s->now >= a->refused_until_usec);
        check(s, b, !last || s->now - last->at_usec >= remedy_backoff(&s->history.budget, &s->w));
}

static void on_decided(struct sim *s, const struct decision *d, void *userdata) {
        struct books *b = userdata;
        bool startup = s->h.startup_overdue && s->w.startup_action == ACTION_RESTART;

        check(s, b, s->h.state == STATE_UNHEALTHY);
        if (d->action == REMEDY_NONE) {
                check(s, b, d->n_holds > 0);
                return;
        }
        check_required(s, b);
        if (startup)
                check(s, b, s->now - b->counted_from >= s->w.startup_timeout_usec);
        else {
                check(s, b, b->failing_since > 0);
                check(s, b, s->now - b->failing_since >= s->w.sustain_usec);
                check(s, b, s->h.failures >= s->w.failures);
        }
        if (d->action == REMEDY_WOULD_RESTART) {
                check(s, b, d->n_holds == 1 && d->holds[0].hold == HOLD_OBSERVE_ONLY);
                b->would++;
                return;
        }
        check(s, b, !s->admin_stopped);
        check(s, b, d->action != REMEDY_REVIVE || s->w.revive);
        check_nothing_holds(s, b, d);
        if (s->refuses)
                return;
        if (d->action == REMEDY_REVIVE) {
                b->revived++;
                return;
        }
        b->restarted++;
        check_budget(s, b);
}

/* ---- what happens ---- */

static usec_t some_span(struct books *b) {
        static const usec_t most[] = { 20 * SEC, 5 * MIN_, 20 * MIN_, 2 * HOUR, 10 * HOUR };

        return 1 + below(b, most[below(b, ELEMENTSOF(most))]);
}

static void random_settings(struct sim *s, struct books *b) {
        struct worker_settings *w = &s->w;

        if (below(b, 3) == 0)
                return; /* the defaults */
        w->interval_usec = (1 + below(b, 60)) * SEC;
        w->retry_interval_usec = 1 + below(b, w->interval_usec);
        w->retry_interval_usec = MAX(w->retry_interval_usec, SEC);
        w->timeout_usec = (1 + below(b, 30)) * SEC;
        w->failures = (unsigned) (1 + below(b, 6));
        w->sustain_usec = below(b, 10 * MIN_);
        w->sustain_kafka_usec = below(b, 20 * MIN_);
        w->successes = (unsigned) (1 + below(b, 5));
        w->startup_timeout_usec = (1 + below(b, 60)) * MIN_;
        w->startup_action = below(b, 2) ? ACTION_RESTART : ACTION_ALERT;
        w->revive = below(b, 4) > 0;
        w->restart_limit = (unsigned) (1 + below(b, below(b, 4) ? 5 : RESTART_LIMIT_MAX));
        w->restart_window_usec = (5 + below(b, 24 * 60)) * MIN_;
        w->backoff_max_usec = below(b, 2) ? HOUR : below(b, 10 * MIN_);
        w->exhausted_retry_usec = below(b, 4) ? below(b, 12 * HOUR) : 0;
        w->action = below(b, 5) ? ACTION_RESTART : ACTION_ALERT;
        w->dependency_grace_usec = below(b, 4) ? below(b, 10 * MIN_) : 0;
}

static void random_start(struct sim *s, struct books *b) {
        static const enum sim_answer meanwhile[] = { SIM_REFUSED, SIM_STARTING, SIM_HUNG, SIM_500 };
        enum sim_answer then = below(b, 3) ? SIM_OK : (enum sim_answer) below(b, _SIM_ANSWER_MAX);

        s->start = (struct sim_start) {
                .takes = below(b, 4) ? below(b, 2 * MIN_) : below(b, HOUR),
                .meanwhile = meanwhile[below(b, ELEMENTSOF(meanwhile))],
                .then = then,
                .sick_after = below(b, 2) ? USEC_INFINITY : some_span(b),
                .sick = (enum sim_answer) below(b, _SIM_ANSWER_MAX),
                .crash_after = below(b, 4) ? USEC_INFINITY : some_span(b),
                .fails = below(b, 8) == 0,
        };
        s->auto_restarts = below(b, 3) == 0;
        s->stop_takes = below(b, 3) ? below(b, 10 * SEC) : below(b, 3 * MIN_);
}

static void random_surroundings(struct sim *s, struct books *b) {
        s->around.dry_run = below(b, 6) == 0;
        s->around.url_is_local = below(b, 8) ? 1 : (int) below(b, 2) - 1;
        s->around.ledger_writable = below(b, 8) > 0;
        s->refuses = below(b, 8) == 0;
        (void) snprintf(s->around.package_manager, UNIT_WORD_SIZE, "%s", below(b, 8) ? "" : "APT");
        (void) snprintf(s->around.system_state, UNIT_WORD_SIZE, "%s", below(b, 12) ? "running" : "stopping");
}

static void new_agent(struct sim *s, struct books *b) {
        bool damaged = below(b, 10) == 0;

        memset(b->standing, 0, sizeof(b->standing));
        b->failing_since = b->counted_from = 0;
        if (damaged) {
                usec_t until = s->now + s->w.restart_window_usec;

                s->history = (struct history) {
                        .budget.distrusted_until_usec = until,
                        .virtual_budget.distrusted_until_usec = until,
                };
                b->incident[0] = '\0';
        }
        sim_agent_starts(s);
}

static void something_happens(struct sim *s, struct books *b) {
        if (s->n_kafkas > 0 && below(b, 3) == 0) {
                sim_kafka(s, below(b, s->n_kafkas),
                          below(b, 2) ? KAFKA_UP : (enum kafka_outcome) below(b, _KAFKA_OUTCOME_MAX));
                return;
        }
        switch (below(b, 16)) {
        case 0:
                sim_admin_stop(s, (enum sim_stop_end) below(b, _SIM_STOP_END_MAX));
                break;
        case 1:
        case 2:
                sim_admin_start(s);
                break;
        case 3:
                sim_admin_restart(s);
                break;
        case 4:
                sim_crash(s);
                break;
        case 5:
                if (!s->agent_down)
                        sim_agent_ends(s);
                break;
        case 6:
                sim_suspend(s, some_span(b));
                break;
        case 7:
                random_surroundings(s, b);
                break;
        case 8:
        case 9:
                random_start(s, b);
                break;
        case 10:
                s->answer = SIM_OK;
                break;
        default:
                s->answer = (enum sim_answer) below(b, _SIM_ANSWER_MAX);
        }
}

static void one_run(struct books *b) {
        struct sim s;

        b->random = b->seed * UINT64_C(0x9e3779b97f4a7c15) + b->run + 1;
        b->n_restarts = 0;
        b->failing_since = b->counted_from = 0;
        b->incident[0] = '\0';
        memset(b->standing, 0, sizeof(b->standing));

        sim_init(&s);
        random_settings(&s, b);
        if (b->run % 2 > 0)
                sim_requires(&s, 1 + below(b, SIM_KAFKAS));
        s.watch = (struct sim_watch) {
                .told = on_told,
                .observed = on_observed,
                .new_start = on_new_start,
                .decided = on_decided,
                .required = on_required,
                .userdata = b,
        };
        for (unsigned i = 0; i < STEPS; i++) {
                something_happens(&s, b);
                sim_run(&s, some_span(b));
                if (s.agent_down && below(b, 2))
                        new_agent(&s, b);
        }
        sim_done(&s);
}

static void invariants_hold_under_random_behaviour(void **state) {
        const char *seed = getenv("TEST_SEED"), *runs = getenv("TEST_RUNS");
        unsigned n = runs ? (unsigned) strtoul(runs, NULL, 0) : RUNS;
        struct books *b = calloc(1, sizeof(*b));

        (void) state;
        assert_non_null(b);
        b->seed = seed ? strtoull(seed, NULL, 0) : 20241120;
        print_message("# seed %ju, %u runs of %u steps\n", (uintmax_t) b->seed, n, STEPS);
        for (b->run = 0; b->run < n; b->run++)
                one_run(b);
        print_message("# %lu answers, %lu excused, %lu events, %lu restarts, %lu revives, %lu would-be "
                      "restarts\n",
                      b->answers, b->excused, b->told, b->restarted, b->revived, b->would);
        if (!runs)
                assert_true(b->restarted > 0 && b->revived > 0 && b->would > 0 && b->excused > 0);
        free(b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(invariants_hold_under_random_behaviour),
        };

        return cmocka_run_group_tests_name("judge-random", tests, NULL, NULL);
}
