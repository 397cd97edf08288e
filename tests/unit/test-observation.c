/* The tables of words: each value has a name of its own, a clause, and a remedy where one can be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "observe/observation.h"

static void check_name(const char *name) {
        assert_non_null(name);
        assert_true(strlen(name) > 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
}

static void test_each_outcome_has_its_own_name(_unused_ void **state) {
        for (int o = 0; o < _OUTCOME_MAX; o++) {
                check_name(outcome_to_string((enum outcome) o));
                for (int other = 0; other < o; other++)
                        assert_string_not_equal(outcome_to_string((enum outcome) o),
                                                outcome_to_string((enum outcome) other));
        }
        assert_string_equal(outcome_to_string(OUTCOME_FAILING), "failing");
        assert_string_equal(outcome_to_string(_OUTCOME_MAX), "unknown");
}

static void test_each_reason_has_its_own_name_and_clause(_unused_ void **state) {
        for (int r = 0; r < _REASON_MAX; r++) {
                check_name(reason_to_string((enum reason) r));
                assert_true(strlen(reason_text((enum reason) r)) > 0);
                assert_null(strchr(reason_text((enum reason) r), '\n'));
                for (int other = 0; other < r; other++) {
                        assert_string_not_equal(reason_to_string((enum reason) r),
                                                reason_to_string((enum reason) other));
                        assert_string_not_equal(reason_text((enum reason) r),
                                                reason_text((enum reason) other));
                }
        }
        assert_string_equal(reason_to_string(_REASON_MAX), "none");
}

static void test_each_reason_of_unknown_has_a_remedy(_unused_ void **state) {
        for (int r = REASON_UNAUTHORIZED; r < _REASON_MAX; r++) {
                const char *remedy = reason_remedy((enum reason) r);

                assert_true(strlen(remedy) > 0);
                assert_int_equal(remedy[strlen(remedy) - 1], '.');
        }
        assert_string_equal(reason_remedy(REASON_HEALTHY), "");
        assert_string_equal(reason_remedy(REASON_STARTING_UP), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_outcome_has_its_own_name),
                cmocka_unit_test(test_each_reason_has_its_own_name_and_clause),
                cmocka_unit_test(test_each_reason_of_unknown_has_a_remedy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
