/* The sentence of STATUS=. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "report/status_line.h"
#include "util/text.h"

#define NOW (1000 * USEC_PER_SEC)
#define AGO(usec) (NOW - (usec))

static const struct {
        struct status_item items[8];
        size_t n;
        const char *line;
} rows[] = {
        { { { 0 } }, 0, "watching nothing: no worker configured; see connect-watchdog.conf(5)" },
        { { { "a", STATE_HEALTHY, 0, 0, NULL } }, 1, "1 worker: 1 healthy" },
        { { { "a", STATE_HEALTHY, 0, 0, NULL }, { "b", STATE_HEALTHY, 0, 0, NULL } },
          2,
          "2 workers: 2 healthy" },
        { { { "connect-a", STATE_RESTARTING, 3, AGO(40 * USEC_PER_SEC + 1), NULL },
            { "connect-b", STATE_HEALTHY, 0, AGO(1), NULL } },
          2,
          "2 workers: 1 healthy, 1 restarting (connect-a, 3rd failure 40s ago)" },
        { { { "connect-a", STATE_UNHEALTHY, 37, AGO(USEC_PER_SEC), "package-manager" } },
          1,
          "1 worker: 1 unhealthy (connect-a, held: package-manager)" },
        { { { "a", STATE_STARTING, 0, 0, NULL } }, 1, "1 worker: 1 starting (a)" },
        { { { "a", STATE_SUSPECT, 1, AGO(999999), NULL } }, 1, "1 worker: 1 suspect (a, 1st failure)" },
        { { { "a", STATE_SUSPECT, 2, 0, NULL } }, 1, "1 worker: 1 suspect (a, 2nd failure)" },
        { { { "a", STATE_SUSPECT, 12, AGO(200500 * USEC_PER_MSEC), NULL } },
          1,
          "1 worker: 1 suspect (a, 12th failure 3min 20s ago)" },
        { { { "a", STATE_SUSPECT, 2, NOW + 5, NULL } }, 1, "1 worker: 1 suspect (a, 2nd failure)" },
        /* of several alike the one that failed most often, or else the first */
        { { { "a", STATE_UNHEALTHY, 4, AGO(2 * USEC_PER_SEC), NULL },
            { "b", STATE_UNHEALTHY, 9, AGO(3 * USEC_PER_SEC), NULL },
            { "c", STATE_UNHEALTHY, 9, AGO(4 * USEC_PER_SEC), NULL } },
          3,
          "3 workers: 3 unhealthy (b, 9th failure 3s ago)" },
        /* the worst last, and it is the one that is explained */
        { { { "a", STATE_EXHAUSTED, 5, AGO(USEC_PER_MINUTE), "budget-exhausted" },
            { "b", STATE_UNHEALTHY, 99, AGO(USEC_PER_MINUTE), NULL },
            { "c", STATE_DEGRADED, 0, 0, NULL },
            { "d", STATE_PAUSED, 0, 0, NULL },
            { "e", STATE_UNKNOWN, 0, 0, NULL },
            { "f", STATE_STOPPED, 0, 0, NULL },
            { "g", STATE_SUSPECT, 1, 0, NULL },
            { "h", STATE_HEALTHY, 0, 0, NULL } },
          8,
          "8 workers: 1 healthy, 1 paused, 1 stopped, 1 unknown, 1 degraded, 1 suspect, 1 unhealthy, "
          "1 exhausted (a, held: budget-exhausted)" },
};

static void test_rows(void **state _unused_) {
        char buf[256];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_string_equal(status_line(rows[i].items, rows[i].n, NOW, buf, sizeof(buf)),
                                    rows[i].line);
}

/* However many states and however long the name: one row of `systemctl status`. */
static void test_length(void **state _unused_) {
        struct status_item items[_STATE_MAX];
        char name[512], buf[1024];

        memset(name, 'x', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        for (enum worker_state s = 0; s < _STATE_MAX; s++)
                items[s] = (struct status_item) { name, s, 1000000, AGO(USEC_PER_MINUTE), NULL };

        status_line(items, ELEMENTSOF(items), NOW, buf, sizeof(buf));
        assert_in_range(strlen(buf), 100, 240);
        assert_non_null(strstr(buf, "1 exhausted (xxxxxxxx"));
        assert_int_equal(buf[strlen(buf) - 1], ')');
}

static void test_name_is_cut_between_characters(void **state _unused_) {
        char name[128] = "", buf[256];
        const struct status_item item = { name, STATE_STARTING, 0, 0, NULL };

        text_append(name, sizeof(name), "x");
        for (size_t i = 0; i < 40; i++)
                text_append(name, sizeof(name), "\303\244");

        status_line(&item, 1, NOW, buf, sizeof(buf));
        assert_true(text_is_utf8(buf, strlen(buf)));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_length),
                cmocka_unit_test(test_name_is_cut_between_characters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
