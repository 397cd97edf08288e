/* Numbers and spans as one says them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/words.h"

#define SEC USEC_PER_SEC

static void test_spans_as_one_says_them(void **state _unused_) {
        static const struct {
                usec_t span;
                const char *said;
        } spans[] = {
                { 0, "under 1ms" },
                { 999, "under 1ms" },
                { 1999, "1ms" },
                { 450 * USEC_PER_MSEC, "450ms" },
                { 999999, "999ms" },
                { SEC, "1s" },
                { 1099 * USEC_PER_MSEC, "1s" },
                { 4560 * USEC_PER_MSEC, "4.5s" },
                { 9999 * USEC_PER_MSEC, "9.9s" },
                { 10 * SEC + 999999, "10s" },
                { 200 * SEC + 1, "3min 20s" },
                { 50 * USEC_PER_HOUR, "2d 2h" },
                { USEC_INFINITY, "infinity" },
        };

        for (size_t i = 0; i < ELEMENTSOF(spans); i++)
                assert_string_equal(SAY_SPAN(spans[i].span), spans[i].said);
}

static void test_ordinals(void **state _unused_) {
        static const struct {
                unsigned n;
                const char *suffix;
        } ordinals[] = {
                { 1, "st" },   { 2, "nd" },   { 3, "rd" },   { 4, "th" },   { 11, "th" },
                { 12, "th" },  { 13, "th" },  { 21, "st" },  { 22, "nd" },  { 23, "rd" },
                { 100, "th" }, { 101, "st" }, { 111, "th" }, { 112, "th" },
        };

        for (size_t i = 0; i < ELEMENTSOF(ordinals); i++)
                assert_string_equal(ordinal_suffix(ordinals[i].n), ordinals[i].suffix);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_spans_as_one_says_them),
                cmocka_unit_test(test_ordinals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
