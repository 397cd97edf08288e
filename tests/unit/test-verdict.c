/* The table of what each state answers: as connect-watchdog.conf(5) has it, and what it must never say. */

#include "man-page.h"
#include "report/http/verdict.h"
#include "util/text.h"

#define ROW_SIZE 256
#define ROWS_MAX 64

/* The ".It" lines of the table of states, below its heading. Returns how many there are. */
static size_t read_manual(char rows[ROWS_MAX][ROW_SIZE]) {
        FILE *f = open_source(PAGE_5);
        bool inside = false;
        char line[1024];
        size_t n = 0;

        while (read_line(f, line, sizeof(line))) {
                if (starts_with(line, ".It Em state Ta "))
                        inside = true;
                else if (inside && starts_with(line, ".It ") && n < ROWS_MAX)
                        text_copy_line(rows[n++], ROW_SIZE, line + 4, strlen(line + 4));
                else if (inside)
                        break;
        }
        assert_int_equal(fclose(f), 0);
        return n;
}

/* A row as the manual has to have it. */
static void describe(const char *name, struct verdict v, char *buf, size_t size) {
        (void) snprintf(buf, size, "%s Ta %u %s Ta %s Ta %s Ta %s Ta %s", name, v.health_status,
                        v.health_word, v.started ? "204" : "503", v.ready ? "204" : "503",
                        spring_status_to_string(v.status), spring_status_to_string(v.liveness));
}

static void the_manual_has_the_same_table(void **state) {
        char rows[ROWS_MAX][ROW_SIZE], expected[ROW_SIZE];
        size_t n = read_manual(rows);

        (void) state;
        assert_int_equal(n, STATE_PAUSED + 1);
        for (enum worker_state s = 0; s < STATE_PAUSED; s++) {
                describe(worker_state_to_string(s), verdict_of(s, true, true), expected, sizeof(expected));
                assert_string_equal(rows[s], expected);
        }
        describe("no worker", verdict_of_none(), expected, sizeof(expected));
        assert_string_equal(rows[STATE_PAUSED], expected);
}

static void what_is_not_lost_is_live(void **state) {
        (void) state;
        for (enum worker_state s = 0; s < STATE_PAUSED; s++) {
                assert_int_equal(verdict_of(s, true, false).liveness, SPRING_UP);
                assert_int_equal(verdict_of(s, false, false).liveness, SPRING_UP);
        }
        assert_int_equal(verdict_of_none().liveness, SPRING_UP);
}

/* What is on purpose, or cannot be told, is never down: not even if somebody took it for lost. */
static void nobody_is_killed_on_purpose_or_in_the_dark(void **state) {
        static const enum worker_state spared[] = { STATE_UNKNOWN,  STATE_STARTING, STATE_HEALTHY,
                                                    STATE_DEGRADED, STATE_SUSPECT,  STATE_RESTARTING,
                                                    STATE_STOPPED };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(spared); i++)
                assert_int_equal(verdict_of(spared[i], true, true).liveness, SPRING_UP);
        assert_int_equal(verdict_of(STATE_UNHEALTHY, true, true).liveness, SPRING_DOWN);
        assert_int_equal(verdict_of(STATE_EXHAUSTED, true, true).liveness, SPRING_DOWN);
}

/* The contracts agree: whoever asks a stricter one never hears better news. */
static void the_contracts_agree(void **state) {
        (void) state;
        for (enum worker_state s = 0; s < STATE_PAUSED; s++)
                for (int seen_ok = 0; seen_ok < 2; seen_ok++) {
                        struct verdict v = verdict_of(s, seen_ok, true);

                        assert_int_equal(v.ready, v.health_status == 200);
                        assert_int_equal(v.ready, v.status == SPRING_UP);
                        assert_int_equal(v.health_status == 500, v.status == SPRING_DOWN);
                        assert_true(v.status >= v.liveness || v.liveness == SPRING_UP);
                        assert_false(v.started && !seen_ok);
                }
}

static void several_answer_the_worst_in_any_order(void **state) {
        (void) state;
        for (enum worker_state s = 0; s < STATE_PAUSED; s++)
                for (enum worker_state t = 0; t < STATE_PAUSED; t++) {
                        struct verdict a = verdict_of(s, true, true), b = verdict_of(t, true, true);
                        struct verdict ab = verdict_worse(a, b), ba = verdict_worse(b, a);
                        char one[ROW_SIZE], other[ROW_SIZE];

                        describe("", ab, one, sizeof(one));
                        describe("", ba, other, sizeof(other));
                        assert_string_equal(one, other);
                        assert_int_equal(ab.ready, a.ready && b.ready);
                        assert_int_equal(ab.started, a.started && b.started);
                        assert_int_equal(ab.status, MAX(a.status, b.status));
                        assert_int_equal(ab.liveness, MAX(a.liveness, b.liveness));
                        assert_int_equal(ab.health_status == 200,
                                         a.health_status == 200 && b.health_status == 200);
                        assert_int_equal(ab.health_status == 500,
                                         a.health_status == 500 || b.health_status == 500);
                }
        assert_string_equal(verdict_worse(verdict_of(STATE_STARTING, true, false),
                                          verdict_of(STATE_STOPPED, true, false))
                                    .health_word,
                            "stopped");
        assert_string_equal(
                verdict_worse(verdict_of(STATE_UNKNOWN, true, false), verdict_of(STATE_STOPPED, true, false))
                        .health_word,
                "unknown");
}

static void spring_has_its_own_codes(void **state) {
        (void) state;
        assert_int_equal(spring_http_status(SPRING_UP), 200);
        assert_int_equal(spring_http_status(SPRING_UNKNOWN), 200);
        assert_int_equal(spring_http_status(SPRING_OUT_OF_SERVICE), 503);
        assert_int_equal(spring_http_status(SPRING_DOWN), 503);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_manual_has_the_same_table),
                cmocka_unit_test(what_is_not_lost_is_live),
                cmocka_unit_test(nobody_is_killed_on_purpose_or_in_the_dark),
                cmocka_unit_test(the_contracts_agree),
                cmocka_unit_test(several_answer_the_worst_in_any_order),
                cmocka_unit_test(spring_has_its_own_codes),
        };

        return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
