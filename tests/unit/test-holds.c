/* The table of holds: one test for each row that there is, then their order. */
#include "judge-scene.h"
#include "judge/pauses.h"
#include "util/text.h"

#define SEC USEC_PER_SEC
#define MIN_ USEC_PER_MINUTE

/* A worker that hangs and is judged unhealthy; nothing holds. */
static void hung(struct scene *s) {
        scene_init(s);
        scene_ok(s);
        scene_pass(s, 10 * SEC);
        scene_repeat(s, scene_silent, 5 * SEC, 180 * SEC);
        assert_true(health_wants_remedy(&s->h, &s->w, s->now));
        assert_int_equal(scene_decide(s), REMEDY_TRY_RESTART);
        assert_int_equal(s->decision.n_holds, 0);
        assert_int_equal(s->told.n, 0);
}

/* The only hold that stands, and that nothing is done while it does. */
static const struct hold_entry *only(struct scene *s, enum hold hold) {
        assert_int_equal(scene_decide(s), hold == HOLD_OBSERVE_ONLY ? REMEDY_WOULD_RESTART : REMEDY_NONE);
        assert_int_equal(s->decision.n_holds, 1);
        assert_string_equal(hold_to_string(s->decision.holds[0].hold), hold_to_string(hold));
        assert_true(s->decision.holds[0].text[0]);
        return &s->decision.holds[0];
}

static void test_observe_only_stands_with_all_its_reasons(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.around.dry_run = true;
        assert_string_equal(only(&s, HOLD_OBSERVE_ONLY)->text, "dry run");
        s.around.dry_run = false;
        s.w.action = ACTION_ALERT;
        assert_string_equal(only(&s, HOLD_OBSERVE_ONLY)->text, "action = alert");
        s.w.action = ACTION_RESTART;
        s.w.unit = NULL;
        assert_string_equal(only(&s, HOLD_OBSERVE_ONLY)->text, "no unit is named");
        s.around.dry_run = true;
        s.around.bus = false;
        s.w.action = ACTION_ALERT;
        assert_string_equal(only(&s, HOLD_OBSERVE_ONLY)->text,
                            "dry run, action = alert, no unit is named, no systemd to act over");
        assert_string_equal(scene_told(&s, TOLD_WOULD_RESTART)->text,
                            "dry run, action = alert, no unit is named, no systemd to act over");
        assert_int_equal(scene_count(&s, TOLD_HOLD_BEGUN), 0);
}

static void test_not_this_host_stands_while_url_is_not_an_address_of_this_machine(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.around.url_is_local = 0;
        assert_non_null(strstr(only(&s, HOLD_NOT_THIS_HOST)->text, "is not an address of this machine"));
        s.around.url_is_local = -1;
        assert_non_null(strstr(only(&s, HOLD_NOT_THIS_HOST)->text, "cannot be told"));
        s.w.url_is_local = true;
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        s.around.url_is_local = 0;
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void test_unit_busy_stands_while_the_unit_is_on_its_way(void **state) {
        static const struct {
                const char *active, *job, *freezer, *system;
        } table[] = {
                { "activating", "", "running", "running" }, { "deactivating", "", "running", "running" },
                { "reloading", "", "running", "running" },  { "active", "restart", "running", "running" },
                { "active", "stop", "running", "running" }, { "active", "", "frozen", "running" },
                { "active", "", "running", "stopping" },    { "active", "", "running", "maintenance" },
                { "inactive", "", "", "running" },          { "failed", "start", "", "running" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct scene s;

                hung(&s);
                (void) snprintf(s.unit.active_state, UNIT_WORD_SIZE, "%s", table[i].active);
                (void) snprintf(s.unit.job_type, UNIT_WORD_SIZE, "%s", table[i].job);
                (void) snprintf(s.unit.freezer_state, UNIT_WORD_SIZE, "%s", table[i].freezer);
                s.unit.job_id = table[i].job[0] ? 1 : 0;
                (void) snprintf(s.around.system_state, UNIT_WORD_SIZE, "%s", table[i].system);
                only(&s, HOLD_UNIT_BUSY);
        }
}

static void test_unit_busy_stands_not_in_these_states_of_the_system(void **state) {
        static const char *const states[] = { "", "initializing", "starting", "running", "degraded" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                struct scene s;

                hung(&s);
                (void) snprintf(s.around.system_state, UNIT_WORD_SIZE, "%s", states[i]);
                assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        }
}

static void test_paused_stands_until_its_end(void **state) {
        struct pause pause = { .worker = (char *) "connect-a", .reason = (char *) "new disks", .uid = 1000 };
        const struct hold_entry *e;
        struct scene s;

        (void) state;
        hung(&s);
        pause.until_usec = s.now + USEC_PER_HOUR;
        s.around.pause = &pause;
        e = only(&s, HOLD_PAUSED);
        assert_string_equal(e->text, "by uid 1000: new disks");
        assert_usec_equal(e->until_usec, pause.until_usec);
        assert_int_equal(scene_count(&s, TOLD_HOLD_BEGUN), 1);

        scene_unit_ends(&s, "failed", "exit-code", 1, 1);
        only(&s, HOLD_PAUSED);
        s.around.pause = NULL;
        assert_int_equal(scene_decide(&s), REMEDY_REVIVE);
        assert_int_equal(scene_told(&s, TOLD_HOLD_ENDED)->hold, HOLD_PAUSED);
}

/* Nothing is even said to be restarted. */
static void test_paused_and_observed_only_nothing_would_be_restarted(void **state) {
        const struct pause pause = { .until_usec = USEC_INFINITY };
        struct scene s;

        (void) state;
        hung(&s);
        s.around.dry_run = true;
        s.around.pause = &pause;
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_true(scene_holds(&s, HOLD_OBSERVE_ONLY) && scene_holds(&s, HOLD_PAUSED));
        assert_int_equal(s.told.n, 0);
}

static void test_failed_is_not_busy(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        scene_unit_ends(&s, "failed", "exit-code", 1, 1);
        assert_int_equal(scene_decide(&s), REMEDY_REVIVE);
        s.w.revive = false; /* it crashed at this very moment */
        only(&s, HOLD_UNIT_BUSY);
}

static void test_a_unit_that_cannot_be_read_holds(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.unit.known = false;
        only(&s, HOLD_UNIT_BUSY);
}

static void test_a_unit_whose_stop_was_seen_is_never_touched(void **state) {
        static const char *const active[] = { "inactive", "failed", "deactivating" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(active); i++)
                for (int fresh = 0; fresh <= 1; fresh++) {
                        struct scene s;

                        hung(&s);
                        (void) snprintf(s.unit.active_state, UNIT_WORD_SIZE, "%s", active[i]);
                        (void) snprintf(s.unit.result, UNIT_WORD_SIZE, "signal");
                        s.stop_seen = fresh;
                        s.history.stop_seen = !fresh;
                        assert_non_null(strstr(only(&s, HOLD_UNIT_BUSY)->text, "is not meant to run"));
                }
}

static void test_a_start_that_the_judge_has_not_seen_yet_is_not_restarted(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.unit = scene_unit_up("start-2", s.now);
        only(&s, HOLD_UNIT_BUSY);
        (void) scene_unit(&s);
        assert_false(health_wants_remedy(&s.h, &s.w, s.now));
}

static void test_package_manager_stands_while_one_is_at_work(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        (void) snprintf(s.around.package_manager, UNIT_WORD_SIZE, "APT");
        assert_string_equal(only(&s, HOLD_PACKAGE_MANAGER)->text, "APT is at work");
}

static void test_dependency_down_stands_until_the_judge_was_told_that_it_is_up(void **state) {
        static char kafka[] = "main";
        static char *requires[] = { kafka, NULL };
        struct scene s;

        (void) state;
        hung(&s);
        s.w.requires = requires;
        assert_string_equal(only(&s, HOLD_DEPENDENCY_DOWN)->text,
                            "how Kafka main is has not been asked yet");
        for (enum dependency_state d = DEPENDENCY_UNKNOWN; d <= DEPENDENCY_DOWN; d++) {
                scene_requires(&s, d);
                assert_string_equal(only(&s, HOLD_DEPENDENCY_DOWN)->text, s.h.dependency.text);
        }
        scene_requires(&s, DEPENDENCY_GRACE);
        usec_t until = only(&s, HOLD_DEPENDENCY_DOWN)->until_usec;
        assert_usec_equal(until, s.now + 2 * MIN_);
        scene_pass(&s, 3 * MIN_);
        assert_int_equal(scene_decide(&s), REMEDY_NONE); /* nobody said that it has ended */
        scene_requires(&s, DEPENDENCY_UP);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        scene_requires(&s, DEPENDENCY_DOWN);
        s.w.requires = NULL; /* a reload took it out */
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void test_peers_unhealthy_stands_while_fewer_than_min_healthy_peers_answer(void **state) {
        static char a[] = "http://a:8083", b[] = "http://b:8083", c[] = "http://c:8083";
        char *peers[] = { a, b, c, NULL };
        struct scene s;

        (void) state;
        hung(&s);
        s.w.min_healthy_peers = 2;
        s.around.peers_healthy = -1;
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART); /* none are listed */
        s.w.peers = peers;
        only(&s, HOLD_PEERS_UNHEALTHY);
        s.around.peers_healthy = 1;
        assert_string_equal(only(&s, HOLD_PEERS_UNHEALTHY)->text, "1 of 3 peers answer healthy, 2 must");
        s.around.peers_healthy = 2;
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void test_ledger_unwritable_stands_while_we_cannot_write_down_what_we_are_about_to_do(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.around.ledger_writable = false;
        only(&s, HOLD_LEDGER_UNWRITABLE);
        s.around.dry_run = true; /* nothing is about to be done */
        only(&s, HOLD_OBSERVE_ONLY);
}

static void test_backoff_stands_min_of_n_squared_and_n_and_60_minutes_since_the_nth_restart(void **state) {
        static const usec_t minutes[] = { 0, 2, 6, 12, 20, 30, 42, 56, 60, 60, 60 };

        (void) state;
        for (unsigned n = 0; n < ELEMENTSOF(minutes); n++) {
                struct budget b = { .n = n };
                struct scene s;

                hung(&s);
                s.w.restart_limit = 24;
                assert_usec_equal(remedy_backoff(&b, &s.w), minutes[n] * MIN_);
                usec_t at = s.now;
                s.history.budget.n = n;
                budget_add(&s.history.budget, &(struct restart_record) { .at_usec = at });
                if (n > 0) {
                        assert_usec_equal(only(&s, HOLD_BACKOFF)->until_usec, at + minutes[n] * MIN_);
                        s.now = at + minutes[n] * MIN_ - 1;
                        only(&s, HOLD_BACKOFF);
                }
                s.now = at + minutes[n] * MIN_;
                assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
                s.w.backoff_max_usec = 5 * MIN_;
                assert_usec_equal(remedy_backoff(&b, &s.w), MIN(minutes[n], (usec_t) 5) * MIN_);
        }
        assert_usec_equal(remedy_backoff(&(struct budget) { .n = UINT32_MAX },
                                         &(struct worker_settings) { .backoff_max_usec = USEC_INFINITY }),
                          60 * MIN_);
}

static void test_a_stamp_from_the_future_counts_as_now(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.history.budget.n = 1;
        budget_add(&s.history.budget, &(struct restart_record) { .at_usec = s.now + USEC_PER_HOUR });
        only(&s, HOLD_BACKOFF);
        assert_int_equal(remedy_restarts_in_window(&s.history.budget, &s.w, s.now), 1);
}

static void restarted_for(struct scene *s, const char *connector, const char *stage, bool revive) {
        struct restart_record r = { .at_usec = s->now - 2 * USEC_PER_HOUR, .revive = revive };

        (void) snprintf(r.connector, sizeof(r.connector), "%s", connector);
        (void) snprintf(r.stage, sizeof(r.stage), "%s", stage);
        budget_add(&s->history.budget, &r);
}

static void test_recurring_stands_after_two_restarts_for_the_same_stage_and_connector(void **state) {
        static const char stage[] = "generating task configs for connector jdbc-orders";
        struct scene s;

        (void) state;
        scene_init(&s);
        scene_ok(&s);
        for (usec_t end = s.now + 15 * MIN_; s.now < end; scene_pass(&s, 5 * SEC))
                scene_answered(&s, stage, "jdbc-orders", 77);
        restarted_for(&s, "jdbc-orders", stage, false);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        restarted_for(&s, "jdbc-orders", stage, false);
        restarted_for(&s, "", "", true);
        only(&s, HOLD_RECURRING);
        assert_non_null(strstr(scene_told(&s, TOLD_EXHAUSTED)->text, "connector jdbc-orders blocks"));
        assert_usec_equal(s.decision.holds[0].until_usec, s.now + 6 * USEC_PER_HOUR);
        assert_true(s.history.budget.recurring);
        assert_int_equal(health_shown_state(&s.h, &s.history), STATE_EXHAUSTED);
        usec_t latched = s.now;
        scene_pass(&s, 6 * USEC_PER_HOUR - 1); /* ends like budget-exhausted */
        assert_usec_equal(only(&s, HOLD_RECURRING)->until_usec, latched + 6 * USEC_PER_HOUR);
        assert_non_null(strstr(s.decision.holds[0].text, "connector jdbc-orders blocks"));
        scene_pass(&s, 1);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void test_recurring_stands_not_for_different_causes(void **state) {
        static const struct {
                const char *connector[2], *stage[2];
        } table[] = {
                { { "a", "b" }, { "generating a", "generating a" } },
                { { "b", "a" }, { "generating a", "generating a" } },
                { { "a", "a" }, { "generating a", "stopping a" } },
                { { "", "" }, { "", "" } },
                { { "a", "" }, { "generating a", "" } },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct scene s;

                scene_init(&s);
                for (usec_t end = s.now + 15 * MIN_; s.now < end; scene_pass(&s, 5 * SEC))
                        scene_answered(&s, "generating a", "a", 77);
                for (size_t n = 0; n < 2; n++)
                        restarted_for(&s, table[i].connector[n], table[i].stage[n], false);
                assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        }
}

static void test_budget_exhausted_stands_at_restart_limit_within_restart_window(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        for (unsigned i = 0; i < 3; i++)
                budget_add(&s.history.budget,
                           &(struct restart_record) { .at_usec = s.now - USEC_PER_HOUR + 1 });
        s.history.budget.restarts[0].at_usec--;
        assert_int_equal(remedy_restarts_in_window(&s.history.budget, &s.w, s.now), 2);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        s.history.budget.restarts[0].at_usec++;
        s.history.budget.restarts[0].revive = true;
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        s.history.budget.restarts[0].revive = false;
        s.history.budget.restarts[0].result = RESTART_FAILED; /* costs all the same */
        only(&s, HOLD_BUDGET_EXHAUSTED);
        assert_int_equal(scene_count(&s, TOLD_EXHAUSTED), 1);
}

static void test_a_damaged_ledger_counts_as_a_spent_budget_for_one_window(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        usec_t until = s.now + USEC_PER_HOUR;
        s.history.budget.distrusted_until_usec = until;
        assert_usec_equal(only(&s, HOLD_BUDGET_EXHAUSTED)->until_usec, until);
        assert_int_equal(scene_count(&s, TOLD_HOLD_BEGUN), 1);
        s.now = until;
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
        assert_usec_equal(s.history.budget.exhausted_at_usec, 0);
}

static void test_reviving_a_crashed_unit_follows_backoff_alone(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        for (unsigned i = 0; i < 3; i++)
                budget_add(&s.history.budget, &(struct restart_record) { .at_usec = s.now });
        s.history.budget.n = 1;
        scene_unit_ends(&s, "failed", "exit-code", 1, 1);
        only(&s, HOLD_BACKOFF);
        s.history.budget.exhausted_at_usec = s.now;
        scene_pass(&s, 2 * MIN_);
        assert_int_equal(scene_decide(&s), REMEDY_REVIVE);
}

static void test_refused_stands_until_the_call_is_tried_again(void **state) {
        struct scene s;

        (void) state;
        hung(&s);
        s.around.refused_until_usec = s.now + MIN_;
        (void) snprintf(s.around.refused_why, sizeof(s.around.refused_why), "access denied");
        assert_string_equal(only(&s, HOLD_REFUSED)->text, "the last call was refused: access denied");
        scene_pass(&s, MIN_);
        assert_int_equal(scene_decide(&s), REMEDY_TRY_RESTART);
}

static void everything_holds(struct scene *s, char **peers) {
        hung(s);
        s->around = (struct surroundings) {
                .dry_run = true,
                .bus = true,
                .system_state = "stopping",
                .package_manager = "DNF",
                .peers_healthy = 0,
                .refused_until_usec = s->now + MIN_,
        };
        scene_requires(s, DEPENDENCY_DOWN);
        s->w.peers = peers;
        s->w.min_healthy_peers = 1;
        for (unsigned i = 0; i < 3; i++)
                budget_add(&s->history.budget, &(struct restart_record) { .at_usec = s->now });
        s->history.budget.n = 3;
        s->history.virtual_budget = s->history.budget;
}

static void test_when_several_stand_all_are_listed_in_order_and_the_first_is_told(void **state) {
        static const enum hold observed[] = { HOLD_OBSERVE_ONLY,    HOLD_NOT_THIS_HOST,
                                              HOLD_UNIT_BUSY,       HOLD_PACKAGE_MANAGER,
                                              HOLD_DEPENDENCY_DOWN, HOLD_PEERS_UNHEALTHY,
                                              HOLD_BUDGET_EXHAUSTED };
        static const enum hold acting[] = { HOLD_NOT_THIS_HOST,    HOLD_UNIT_BUSY,
                                            HOLD_PACKAGE_MANAGER,  HOLD_DEPENDENCY_DOWN,
                                            HOLD_PEERS_UNHEALTHY,  HOLD_LEDGER_UNWRITABLE,
                                            HOLD_BUDGET_EXHAUSTED, HOLD_REFUSED };
        static char a[] = "http://a:8083";
        char *peers[] = { a, NULL };
        struct scene s;

        (void) state;
        everything_holds(&s, peers);
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_int_equal(s.decision.n_holds, ELEMENTSOF(observed));
        for (size_t i = 0; i < ELEMENTSOF(observed); i++)
                assert_int_equal(s.decision.holds[i].hold, observed[i]);
        assert_int_equal(s.told.n, 0);

        s.around.dry_run = false;
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_int_equal(s.decision.n_holds, ELEMENTSOF(acting));
        for (size_t i = 0; i < ELEMENTSOF(acting); i++)
                assert_int_equal(s.decision.holds[i].hold, acting[i]);
        const struct told *t = scene_told(&s, TOLD_HOLD_BEGUN);
        assert_int_equal(scene_count(&s, TOLD_HOLD_BEGUN), 1);
        assert_int_equal(t->hold, HOLD_NOT_THIS_HOST);
        assert_non_null(strstr(t->text,
                               "; also unit-busy, package-manager, dependency-down, peers-unhealthy, "
                               "ledger-unwritable, "
                               "budget-exhausted, refused"));
}

static void test_a_pause_is_told_only_where_it_outlasts_a_spent_budget(void **state) {
        struct scene s;

        (void) state;
        scene_init(&s);
        hung(&s);
        for (unsigned i = 0; i < 3; i++)
                budget_add(&s.history.budget, &(struct restart_record) { .at_usec = s.now });
        s.history.budget.n = 3;
        /* 12 min, which no reader is to take for the next try, in 6 h. */
        assert_usec_equal(only(&s, HOLD_BUDGET_EXHAUSTED)->until_usec, s.now + 6 * USEC_PER_HOUR);
        s.w.exhausted_retry_usec = 0;
        assert_usec_equal(only(&s, HOLD_BUDGET_EXHAUSTED)->until_usec, 0);

        s.w.restart_window_usec = s.w.exhausted_retry_usec = 5 * MIN_;
        assert_int_equal(scene_decide(&s), REMEDY_NONE);
        assert_true(scene_holds(&s, HOLD_BACKOFF));
        assert_true(scene_holds(&s, HOLD_BUDGET_EXHAUSTED));
        scene_pass(&s, 5 * MIN_);
        scene_silent(&s);
        (void) scene_decide(&s);
        assert_true(scene_holds(&s, HOLD_BACKOFF));
}

static void test_each_hold_has_its_name_in_the_design_s_order(void **state) {
        static const char *const names[] = { "observe-only",    "not-this-host",     "paused",
                                             "unit-busy",       "package-manager",   "dependency-down",
                                             "peers-unhealthy", "ledger-unwritable", "backoff",
                                             "recurring",       "budget-exhausted",  "not-our-turn",
                                             "refused" };

        (void) state;
        assert_int_equal(ELEMENTSOF(names), _HOLD_MAX);
        for (enum hold h = 0; h < _HOLD_MAX; h++)
                assert_string_equal(hold_to_string(h), names[h]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_observe_only_stands_with_all_its_reasons),
                cmocka_unit_test(test_not_this_host_stands_while_url_is_not_an_address_of_this_machine),
                cmocka_unit_test(test_unit_busy_stands_while_the_unit_is_on_its_way),
                cmocka_unit_test(test_unit_busy_stands_not_in_these_states_of_the_system),
                cmocka_unit_test(test_paused_stands_until_its_end),
                cmocka_unit_test(test_paused_and_observed_only_nothing_would_be_restarted),
                cmocka_unit_test(test_failed_is_not_busy),
                cmocka_unit_test(test_a_unit_that_cannot_be_read_holds),
                cmocka_unit_test(test_a_unit_whose_stop_was_seen_is_never_touched),
                cmocka_unit_test(test_a_start_that_the_judge_has_not_seen_yet_is_not_restarted),
                cmocka_unit_test(test_package_manager_stands_while_one_is_at_work),
                cmocka_unit_test(test_dependency_down_stands_until_the_judge_was_told_that_it_is_up),
                cmocka_unit_test(test_peers_unhealthy_stands_while_fewer_than_min_healthy_peers_answer),
                cmocka_unit_test(
                        test_ledger_unwritable_stands_while_we_cannot_write_down_what_we_are_about_to_do),
                cmocka_unit_test(
                        test_backoff_stands_min_of_n_squared_and_n_and_60_minutes_since_the_nth_restart),
                cmocka_unit_test(test_a_stamp_from_the_future_counts_as_now),
                cmocka_unit_test(test_recurring_stands_after_two_restarts_for_the_same_stage_and_connector),
                cmocka_unit_test(test_recurring_stands_not_for_different_causes),
                cmocka_unit_test(test_budget_exhausted_stands_at_restart_limit_within_restart_window),
                cmocka_unit_test(test_a_damaged_ledger_counts_as_a_spent_budget_for_one_window),
                cmocka_unit_test(test_reviving_a_crashed_unit_follows_backoff_alone),
                cmocka_unit_test(test_refused_stands_until_the_call_is_tried_again),
                cmocka_unit_test(test_when_several_stand_all_are_listed_in_order_and_the_first_is_told),
                cmocka_unit_test(test_a_pause_is_told_only_where_it_outlasts_a_spent_budget),
                cmocka_unit_test(test_each_hold_has_its_name_in_the_design_s_order),
        };

        return cmocka_run_group_tests_name("holds", tests, NULL, NULL);
}
