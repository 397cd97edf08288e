/* What is told of holds, and the budget of restarts: when it is spent, what gives it back. */
#include "judge-scene.h"
#include "judge/pauses.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

static void hung(struct scene *s) {
        scene_init(s);
        scene_ok(s);
        scene_pass(s, 10 * SEC);
        scene_repeat(s, scene_silent, 5 * SEC, 180 * SEC);
}

static void no_remedy_asked(struct scene *s) {
        s->told.n = 0;
        remedy_tell(&s->remedy, &s->h, &s->history, &s->w, NULL, s->now, &s->told);
}

/* Three restarts that helped nothing, the fourth wish right after: exhausted. */
static void spent(struct scene *s) {
        char invocation[16];

        hung(s);
        for (unsigned i = 0; i < 3; i++) {
                scene_pass(s, 6 * MIN_);
                assert_int_equal(scene_decide(s), REMEDY_TRY_RESTART);
                (void) snprintf(invocation, sizeof(invocation), "again-%u", i);
                scene_restart(s, invocation);
                scene_pass(s, 5 * SEC);
                scene_repeat(s, scene_silent, 5 * SEC, 180 * SEC);
        }
        assert_int_equal(scene_decide(s), REMEDY_NONE);
}

static void test_a_hold_is_told_once_when_it_begins_and_once_when_it_ends(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        (void) snprintf(s.around.package_manager, UNIT_WORD_SIZE, "APT");
        scene_decide(&s);
        assert_int_equal(s.told.n, 1);
        assert_int_equal(scene_told(&s, TOLD_HOLD_BEGUN)->hold, HOLD_PACKAGE_MANAGER);
        assert_string_equal(s.told.told[0].incident, s.history.incident.id);
        for (unsigned i = 0; i < 10; i++) {
                scene_pass(&s, SEC);
                scene_decide(&s);
                assert_int_equal(s.told.n, 0);
        }
        s.around.url_is_local = 0; /* another one comes first: it is told, the old one still stands */
        scene_decide(&s);
        assert_int_equal(s.told.n, 1);
        assert_int_equal(scene_told(&s, TOLD_HOLD_BEGUN)->hold, HOLD_NOT_THIS_HOST);
        s.around.url_is_local = 1;
        scene_decide(&s);
        assert_int_equal(s.told.n, 1);
        assert_int_equal(scene_told(&s, TOLD_HOLD_ENDED)->hold, HOLD_NOT_THIS_HOST);
        s.around.package_manager[0] = '\0';
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        assert_int_equal(s.told.n, 1);
        assert_int_equal(scene_told(&s, TOLD_HOLD_ENDED)->hold, HOLD_PACKAGE_MANAGER);
}

static void test_a_hold_ends_when_no_remedy_is_asked_for_any_more(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        (void) snprintf(s.around.package_manager, UNIT_WORD_SIZE, "APT");
        scene_decide(&s);
        scene_unknown(&s);
        no_remedy_asked(&s); /* we cannot tell: nothing ends */
        assert_int_equal(s.told.n, 0);
        scene_ok(&s);
        no_remedy_asked(&s);
        assert_int_equal(s.told.n, 1);
        assert_int_equal(scene_told(&s, TOLD_HOLD_ENDED)->hold, HOLD_PACKAGE_MANAGER);
        no_remedy_asked(&s);
        assert_int_equal(s.told.n, 0);
}

static void test_held_longer_than_15_minutes_is_an_alert_repeated_at_doubling_distances(void **state) {
        static const usec_t alerts[] = { 15, 30, 60, 120, 240, 480, 960 };
        struct scene s;
        size_t n = 0;

        (void) state;
        hung(&s);
        (void) snprintf(s.around.package_manager, UNIT_WORD_SIZE, "RPM");
        for (usec_t t = 0; t <= USEC_PER_DAY; t += SEC, scene_pass(&s, SEC)) {
                scene_decide(&s);
                if (scene_count(&s, TOLD_HELD_LONG) == 0)
                        continue;
                assert_true(n < ELEMENTSOF(alerts));
                assert_usec_equal(t, alerts[n] * MIN_);
                assert_usec_equal(scene_told(&s, TOLD_HELD_LONG)->lasted_usec, alerts[n] * MIN_);
                assert_int_equal(scene_told(&s, TOLD_HELD_LONG)->hold, HOLD_PACKAGE_MANAGER);
                n++;
        }
        assert_int_equal(n, ELEMENTSOF(alerts));
}

static void test_held_shorter_or_not_at_all_is_no_alert(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        for (unsigned i = 0; i < 10; i++) {
                (void) snprintf(s.around.package_manager, UNIT_WORD_SIZE, "APT");
                scene_decide(&s);
                scene_pass(&s, 15 * MIN_ - 1);
                scene_decide(&s);
                assert_int_equal(scene_count(&s, TOLD_HELD_LONG), 0);
                s.around.package_manager[0] = '\0';
                scene_decide(&s);
                assert_int_equal(scene_count(&s, TOLD_HELD_LONG), 0);
                scene_pass(&s, SEC);
        }
}

static void test_a_restart_is_written_down_with_its_cause(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        for (usec_t end = s.now + 11 * MIN_; s.now < end; scene_pass(&s, 5 * SEC))
                scene_answered(&s, "generating task configs for connector x", "x", 9);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        remedy_charge(&s.history, &s.h, s.decision.action, s.now);
        const struct restart_record *r = budget_last(&s.history.budget);
        assert_usec_equal(r->at_usec, s.now);
        assert_int_equal(r->result, RESTART_PENDING);
        assert_false(r->revive);
        assert_string_equal(r->incident, s.history.incident.id);
        assert_string_equal(r->invocation_id, "start-1");
        assert_string_equal(r->stage, "generating task configs for connector x");
        assert_string_equal(r->connector, "x");
        assert_int_equal(s.history.budget.n, 1);
        assert_int_equal(s.history.incident.restarts, 1);
        assert_int_equal(remedy_restarts_in_window(&s.history.budget, &s.w, s.now), 1); /* an intent costs */
        remedy_settle(&s.history, RESTART_FAILED);
        assert_int_equal(budget_last(&s.history.budget)->result, RESTART_FAILED);
        assert_int_equal(remedy_restarts_in_window(&s.history.budget, &s.w, s.now), 1);
}

static void test_a_refused_call_costs_no_budget(void **state) {
        struct scene s;

        (void) state;
        spent(&s);
        scene_pass(&s, 7 * USEC_PER_HOUR);
        struct history before = s.history;
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        remedy_charge(&s.history, &s.h, s.decision.action, s.now);
        remedy_refund(&s.history);
        assert_int_equal(s.history.budget.n_restarts, before.budget.n_restarts);
        assert_int_equal(s.history.budget.n, before.budget.n);
        assert_int_equal(s.history.incident.restarts, before.incident.restarts);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART); /* the try is still due */
        s.history = (struct history) {};
        remedy_refund(&s.history);
        remedy_settle(&s.history, RESTART_DONE);
        assert_int_equal(s.history.budget.n_restarts, 0);
}

static void test_a_spent_budget_latches_and_is_an_alert_now(void **state) {
        struct scene s;

        (void) state;
        spent(&s);
        assert_true(scene_holds(&s, HOLD_BUDGET_EXHAUSTED));
        const struct told *t = scene_told(&s, TOLD_EXHAUSTED);
        assert_int_equal(t->hold, HOLD_BUDGET_EXHAUSTED);
        assert_int_equal(t->to, STATE_EXHAUSTED);
        assert_usec_equal(t->until_usec, s.now + 6 * USEC_PER_HOUR);
        usec_t latched = s.now;
        for (; s.now < latched + 6 * USEC_PER_HOUR; scene_pass(&s, MIN_)) {
                scene_silent(&s);
                assert_int_equal(scene_decide(&s), REMEDY_NONE);
                assert_int_equal(scene_count(&s, TOLD_EXHAUSTED) + scene_count(&s, TOLD_HOLD_BEGUN), 0);
                assert_true(scene_holds(&s, HOLD_BUDGET_EXHAUSTED));
        }
}

static void test_exhausted_gets_one_counted_try_each_exhausted_retry(void **state) {
        static const struct {
                usec_t retry, distance;
        } table[] = {
                { 6 * USEC_PER_HOUR, 6 * USEC_PER_HOUR },
                { 0, 0 },
                { 30 * MIN_, USEC_PER_HOUR }, /* not below restart_window */
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct scene s;
                usec_t last;

                spent(&s);
                s.w.exhausted_retry_usec = table[i].retry;
                last = s.history.budget.exhausted_at_usec;
                for (usec_t end = s.now + 7 * USEC_PER_DAY; s.now < end; scene_pass(&s, MIN_)) {
                        enum remedy_action a = scene_decide(&s);

                        assert_int_equal(a == REMEDY_TRY_RESTART,
                                         table[i].retry && s.now >= last + table[i].distance);
                        if (a == REMEDY_NONE)
                                continue;
                        last = s.now;
                        remedy_charge(&s.history, &s.h, a, s.now);
                }
                if (table[i].retry)
                        assert_true(last + table[i].distance >= s.now);
        }
}

static void test_a_revive_while_exhausted_delays_no_try(void **state) {
        struct scene s;

        (void) state;
        spent(&s);
        remedy_charge(&s.history, &s.h, REMEDY_REVIVE, s.now + USEC_PER_HOUR);
        assert_usec_equal(s.history.budget.last_try_usec, 0);
        s.history.budget.last_try_usec = 17;
        remedy_refund(&s.history);
        assert_usec_equal(s.history.budget.last_try_usec, 17);
}

static void test_exhausted_ends_once_the_worker_was_healthy_for_restart_window(void **state) {
        struct scene s;

        (void) state;
        spent(&s);
        scene_pass(&s, 5 * SEC);
        scene_repeat(&s, scene_ok, 10 * SEC, USEC_PER_HOUR - 10 * SEC);
        assert_true(s.history.budget.exhausted_at_usec > 0);
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        assert_usec_equal(s.history.budget.exhausted_at_usec, 0);
        assert_int_equal(s.history.budget.n_restarts, 0);
        scene_pass(&s, 5 * SEC);
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void test_n_begins_at_zero_once_healthy_for_longer_than_its_backoff(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.history.budget.n = 3;
        scene_repeat(&s, scene_ok, 10 * SEC, 12 * MIN_);
        assert_int_equal(s.history.budget.n, 3);
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        assert_int_equal(s.history.budget.n, 0);
}

static void test_a_short_restart_window_gives_no_credit_for_a_long_backoff(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        s.w.restart_window_usec = MIN_;
        s.history.budget.n = 5;
        budget_add(&s.history.budget, &(struct restart_record) { .at_usec = s.now });
        scene_repeat(&s, scene_ok, 10 * SEC, 30 * MIN_);
        assert_int_equal(s.history.budget.n, 5);
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        assert_int_equal(s.history.budget.n, 0);
        assert_int_equal(s.history.budget.n_restarts, 0);
}

static void test_n_lives_across_incidents(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.history.budget.n = 4;
        budget_add(&s.history.budget, &(struct restart_record) { .at_usec = s.now });
        scene_pass(&s, 5 * SEC);
        scene_repeat(&s, scene_ok, 10 * SEC, 4 * MIN_);
        assert_false(s.history.incident.id[0]);
        assert_int_equal(s.history.budget.n, 4);
}

static void test_revives_wash_no_counted_restart_away(void **state) {
        struct budget b = {};

        (void) state;
        for (unsigned i = 0; i < 10 * RESTARTS_KEPT; i++)
                budget_add(&b, &(struct restart_record) { .at_usec = i + 1, .revive = i >= 24 });
        assert_int_equal(b.n_restarts, RESTARTS_KEPT);
        for (unsigned i = 0; i < 24; i++)
                assert_usec_equal(b.restarts[i].at_usec, i + 1);
        assert_usec_equal(budget_last(&b)->at_usec, 10 * RESTARTS_KEPT);
        for (unsigned i = 0; i < RESTARTS_KEPT; i++)
                budget_add(&b, &(struct restart_record) { .at_usec = 1000 + i });
        assert_usec_equal(b.restarts[0].at_usec, 1000);
        assert_usec_equal(budget_last(&b)->at_usec, 1000 + RESTARTS_KEPT - 1);
}

static void test_would_restart_is_told_once_per_would_be_restart_of_a_virtual_budget(void **state) {
        static const usec_t minutes[] = { 0, 2, 8, 380, 740, 1100 }; /* 0, +2, +6; then exhausted */
        struct scene s;
        size_t n = 0;

        (void) state;
        hung(&s);
        s.w.action = ACTION_ALERT;
        usec_t first = s.now;
        for (; s.now < first + USEC_PER_DAY; scene_pass(&s, 5 * SEC)) {
                scene_silent(&s);
                enum remedy_action a = scene_decide(&s);
                assert_int_equal(scene_count(&s, TOLD_WOULD_RESTART), a == REMEDY_WOULD_RESTART);
                assert_int_equal(scene_count(&s, TOLD_HOLD_BEGUN) + scene_count(&s, TOLD_EXHAUSTED), 0);
                assert_true(a == REMEDY_NONE || a == REMEDY_WOULD_RESTART);
                if (a == REMEDY_NONE)
                        continue;
                remedy_charge(&s.history, &s.h, a, s.now);
                assert_true(n < ELEMENTSOF(minutes));
                usec_t late = s.now - first - minutes[n] * MIN_;
                if (n < 3)
                        assert_usec_equal(late, 0);
                n++;
        }
        assert_int_equal(n, 6);
        assert_int_equal(s.history.budget.n_restarts + s.history.budget.n + s.history.incident.restarts, 0);
        assert_int_not_equal(health_shown_state(&s.h, &s.history), STATE_EXHAUSTED);
}

static void test_a_recurring_connector_latches_the_virtual_budget_too(void **state) {
        struct scene s;
        unsigned would = 0;

        (void) state;
        scene_init(&s);
        s.around.dry_run = true;
        usec_t first = s.now;
        for (; s.now < first + USEC_PER_DAY; scene_pass(&s, 5 * SEC)) {
                scene_answered(&s, "generating task configs for connector x", "x", 9);
                if (!health_wants_remedy(&s.h, &s.w, s.now) || scene_decide(&s) == REMEDY_NONE)
                        continue;
                would++;
                remedy_charge(&s.history, &s.h, s.decision.action, s.now);
        }
        assert_true(s.history.virtual_budget.recurring);
        assert_int_equal(would, 2 + 3); /* and one each six hours */
}

static void test_a_hold_that_stands_is_told_again_by_a_new_agent(void **state) {
        struct scene s;

        (void) state;
        spent(&s);
        scene_agent_restarts(&s);
        scene_repeat(&s, scene_silent, 5 * SEC, 180 * SEC);
        scene_pass(&s, 20 * MIN_);
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_int_equal(s.told.n, 1);
        assert_int_equal(scene_told(&s, TOLD_HOLD_BEGUN)->hold, HOLD_BUDGET_EXHAUSTED);
}

static void test_told_events_never_overflow(void **state) {
        struct tolds t = {};

        (void) state;
        for (unsigned i = 0; i < 3 * TOLDS_MAX; i++)
                tolds_add(&t, i < TOLDS_MAX ? TOLD_STATE_CHANGED : TOLD_EXHAUSTED)->failures = i;
        assert_int_equal(t.n, TOLDS_MAX);
        assert_int_equal(t.told[TOLDS_MAX - 2].failures, TOLDS_MAX - 2);
        assert_int_equal(t.told[TOLDS_MAX - 1].failures, 3 * TOLDS_MAX - 1);
}

static void test_a_reset_gives_all_of_it_back(void **state) {
        struct scene s;

        (void) state;
        spent(&s);
        assert_true(s.history.budget.exhausted_at_usec > 0);
        assert_string_equal(worker_state_to_string(health_shown_state(&s.h, &s.history)), "exhausted");
        s.history.virtual_budget.n = 2;
        remedy_reset(&s.history);
        assert_string_equal(worker_state_to_string(health_shown_state(&s.h, &s.history)), "unhealthy");
        assert_int_equal(remedy_restarts_left(&s.history.budget, &s.w, s.now), s.w.restart_limit);
        assert_int_equal(s.history.virtual_budget.n, 0);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        assert_int_equal(scene_told(&s, TOLD_HOLD_ENDED)->hold, HOLD_BUDGET_EXHAUSTED);
        /* Also where its ledger was lost, and the incident goes on. */
        s.history.budget.distrusted_until_usec = s.now + USEC_PER_HOUR;
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        remedy_reset(&s.history);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        assert_true(s.history.incident.id[0] && s.history.incident.restarts == 3);
}

/* Spent, backing off, of another host, paused: each speaks against it, and yields to force. */
static void test_an_order_respects_holds_and_force_overrules_them(void **state) {
        struct pause pause = { .until_usec = USEC_INFINITY };
        struct decision d;
        struct scene s;

        (void) state;
        spent(&s);
        s.around.url_is_local = 0;
        s.around.pause = &pause;
        s.around.refused_until_usec = USEC_INFINITY;
        for (int force = 0; force <= 1; force++) {
                remedy_decide_order(&s.h, &s.history, &s.w, &s.around, force, s.now, &d);
                assert_int_equal(d.action, force ? REMEDY_TRY_RESTART : REMEDY_NONE);
                assert_int_equal(d.n_holds, 4);
                assert_int_equal(d.holds[0].hold, HOLD_NOT_THIS_HOST);
                assert_int_equal(d.holds[1].hold, HOLD_PAUSED);
                assert_int_equal(d.holds[2].hold, HOLD_BUDGET_EXHAUSTED);
                assert_int_equal(d.holds[3].hold, HOLD_REFUSED);
        }
}

static void test_force_overrules_not_what_cannot_be_done(void **state) {
        struct decision d;
        struct scene s;

        (void) state;
        for (int i = 0; i < 3; i++) {
                static const enum hold holds[] = { HOLD_OBSERVE_ONLY, HOLD_UNIT_BUSY,
                                                   HOLD_LEDGER_UNWRITABLE };

                scene_init(&s);
                scene_ok(&s);
                s.around.unit = s.unit;
                s.around.url_is_local = 0;
                if (holds[i] == HOLD_OBSERVE_ONLY)
                        s.w.action = ACTION_ALERT;
                else if (holds[i] == HOLD_UNIT_BUSY)
                        s.around.stop_seen = true,
                        (void) snprintf(s.around.unit.active_state, UNIT_WORD_SIZE, "inactive");
                else
                        s.around.ledger_writable = false;
                remedy_decide_order(&s.h, &s.history, &s.w, &s.around, true, s.now, &d);
                assert_int_equal(d.action, REMEDY_NONE);
                assert_int_equal(d.n_holds, 1);
                assert_int_equal(d.holds[0].hold, holds[i]);
        }
}

static void test_an_ordered_restart_costs_nothing_but_backoff_counts_from_it(void **state) {
        struct decision d;
        struct scene s;

        (void) state;
        hung(&s);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        scene_restart(&s, "start-2");
        scene_pass(&s, 10 * SEC);
        scene_ok(&s);
        for (unsigned i = 0; i < RESTARTS_KEPT + 3; i++) {
                scene_pass(&s, MIN_);
                s.around.unit = s.unit;
                remedy_decide_order(&s.h, &s.history, &s.w, &s.around, true, s.now, &d);
                assert_int_equal(d.action, REMEDY_TRY_RESTART);
                remedy_charge_order(&s.history, &s.h, d.action, s.now);
                assert_int_equal(budget_last(&s.history.budget)->result, RESTART_PENDING);
                remedy_settle(&s.history, RESTART_DONE);
        }
        /* Nor do many of them wash the one that counts away. */
        assert_int_equal(s.history.budget.n, 1);
        assert_int_equal(remedy_restarts_in_window(&s.history.budget, &s.w, s.now), 1);
        assert_int_equal(remedy_restarts_left(&s.history.budget, &s.w, s.now), s.w.restart_limit - 1);
        remedy_decide_order(&s.h, &s.history, &s.w, &s.around, false, s.now, &d);
        assert_int_equal(d.n_holds, 1);
        assert_int_equal(d.holds[0].hold, HOLD_BACKOFF);
        assert_usec_equal(d.holds[0].until_usec, s.now + 2 * MIN_);

        /* One that came to nothing leaves all as it was. */
        struct budget before = s.history.budget;
        remedy_charge_order(&s.history, &s.h, REMEDY_TRY_RESTART, s.now);
        remedy_refund(&s.history);
        assert_int_equal(s.history.budget.n, before.n);
        assert_int_equal(remedy_restarts_in_window(&s.history.budget, &s.w, s.now), 1);
}

static void test_an_ordered_restart_of_no_incident_is_in_none(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        remedy_charge_order(&s.history, &s.h, REMEDY_TRY_RESTART, s.now);
        assert_int_equal(s.history.incident.restarts, 0);
        assert_string_equal(budget_last(&s.history.budget)->incident, "");
        hung(&s);
        remedy_charge_order(&s.history, &s.h, REMEDY_TRY_RESTART, s.now);
        assert_int_equal(s.history.incident.restarts, 1);
        remedy_refund(&s.history);
        assert_int_equal(s.history.incident.restarts, 0);
}

/* What was healthy, or only suspect, is that again if nothing was restarted. */
static void test_a_restart_that_came_to_nothing_changes_no_state(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        for (int suspect = 0; suspect <= 1; suspect++) {
                if (suspect)
                        scene_silent(&s);
                health_restart_begun(&s.h, s.now);
                assert_state(&s, STATE_RESTARTING);
                s.told.n = 0;
                health_restart_ended(&s.h, &s.history, &s.w, s.now, &s.told);
                assert_state(&s, suspect ? STATE_SUSPECT : STATE_HEALTHY);
                assert_int_equal(s.told.n, 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_hold_is_told_once_when_it_begins_and_once_when_it_ends),
                cmocka_unit_test(test_a_hold_ends_when_no_remedy_is_asked_for_any_more),
                cmocka_unit_test(
                        test_held_longer_than_15_minutes_is_an_alert_repeated_at_doubling_distances),
                cmocka_unit_test(test_held_shorter_or_not_at_all_is_no_alert),
                cmocka_unit_test(test_a_restart_is_written_down_with_its_cause),
                cmocka_unit_test(test_a_refused_call_costs_no_budget),
                cmocka_unit_test(test_a_spent_budget_latches_and_is_an_alert_now),
                cmocka_unit_test(test_exhausted_gets_one_counted_try_each_exhausted_retry),
                cmocka_unit_test(test_a_revive_while_exhausted_delays_no_try),
                cmocka_unit_test(test_exhausted_ends_once_the_worker_was_healthy_for_restart_window),
                cmocka_unit_test(test_n_begins_at_zero_once_healthy_for_longer_than_its_backoff),
                cmocka_unit_test(test_a_short_restart_window_gives_no_credit_for_a_long_backoff),
                cmocka_unit_test(test_n_lives_across_incidents),
                cmocka_unit_test(test_revives_wash_no_counted_restart_away),
                cmocka_unit_test(test_would_restart_is_told_once_per_would_be_restart_of_a_virtual_budget),
                cmocka_unit_test(test_a_recurring_connector_latches_the_virtual_budget_too),
                cmocka_unit_test(test_a_hold_that_stands_is_told_again_by_a_new_agent),
                cmocka_unit_test(test_told_events_never_overflow),
                cmocka_unit_test(test_a_reset_gives_all_of_it_back),
                cmocka_unit_test(test_an_order_respects_holds_and_force_overrules_them),
                cmocka_unit_test(test_force_overrules_not_what_cannot_be_done),
                cmocka_unit_test(test_an_ordered_restart_costs_nothing_but_backoff_counts_from_it),
                cmocka_unit_test(test_an_ordered_restart_of_no_incident_is_in_none),
                cmocka_unit_test(test_a_restart_that_came_to_nothing_changes_no_state),
        };

        return cmocka_run_group_tests_name("remedy", tests, NULL, NULL);
}
