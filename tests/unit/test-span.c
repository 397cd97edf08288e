/* The spans of systemd.time(7), read and written. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "util/span.h"

static const struct {
        const char *text;
        int r;
        usec_t usec;
} parsed[] = {
        { "0", 0, 0 },
        { "10", 0, 10 * USEC_PER_SEC },
        { " 10s ", 0, 10 * USEC_PER_SEC },
        { "2 h", 0, 2 * USEC_PER_HOUR },
        { "2hours", 0, 2 * USEC_PER_HOUR },
        { "48hr", 0, 48 * USEC_PER_HOUR },
        { "1y 12month", 0, 2 * 31557600 * USEC_PER_SEC },
        { "55s500ms", 0, 55500 * USEC_PER_MSEC },
        { "300ms20s 5day", 0, 5 * USEC_PER_DAY + 20300 * USEC_PER_MSEC },
        { "1min 30s", 0, 90 * USEC_PER_SEC },
        { "2min 30", 0, 150 * USEC_PER_SEC },
        { "1.5min", 0, 90 * USEC_PER_SEC },
        { ".5s", 0, 500 * USEC_PER_MSEC },
        { "0.0000001s", 0, 0 },
        { "1M", 0, 2629800 * USEC_PER_SEC },
        { "1m", 0, USEC_PER_MINUTE },
        { "1w", 0, 7 * USEC_PER_DAY },
        { "7usec 7us 7\302\265s 7\316\274s", 0, 28 },
        { "\t3sec", 0, 3 * USEC_PER_SEC },
        { "infinity", 0, USEC_INFINITY },
        { " infinity ", 0, USEC_INFINITY },
        { "18446744073709551614us", 0, UINT64_MAX - 1 },
        { "", -EINVAL, 0 },
        { "  ", -EINVAL, 0 },
        { "-1", -EINVAL, 0 },
        { "+1", -EINVAL, 0 },
        { "s", -EINVAL, 0 },
        { "1.", -EINVAL, 0 },
        { "1.s", -EINVAL, 0 },
        { "1. s", -EINVAL, 0 },
        { "1.5.5", -EINVAL, 0 },
        { "5minfoo", -EINVAL, 0 },
        { "1Min", -EINVAL, 0 },
        { "5S", -EINVAL, 0 },
        { "0x10", -EINVAL, 0 },
        { "1e3", -EINVAL, 0 },
        { "1,5min", -EINVAL, 0 },
        { "1 min, 30 s", -EINVAL, 0 },
        { "infinity 1s", -EINVAL, 0 },
        { "infinitys", -EINVAL, 0 },
        { "10s\n", -EINVAL, 0 },
        { "18446744073709551615us", -ERANGE, 0 }, /* would read as infinity */
        { "18446744073709551616us", -ERANGE, 0 },
        { "99999999999999999999999999999", -ERANGE, 0 },
        { "584943years", -ERANGE, 0 },
        { "18446744073709551614us 5us", -ERANGE, 0 },
};

static void spans_are_parsed(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(parsed); i++) {
                usec_t usec = 4711;
                int r = span_parse(parsed[i].text, &usec);

                if (r != parsed[i].r || usec != (r < 0 ? 4711 : parsed[i].usec))
                        fail_msg("'%s' gives %d and %ju", parsed[i].text, r, (uintmax_t) usec);
        }
}

static const struct {
        usec_t usec;
        const char *text, *exact;
} formatted[] = {
        { 0, "0s", "0s" },
        { 1, "1us", "1us" },
        { 450 * USEC_PER_MSEC, "450ms", "450ms" },
        { 450 * USEC_PER_MSEC + 7, "450ms 7us", "450ms 7us" },
        { USEC_PER_SEC, "1s", "1s" },
        { 1500 * USEC_PER_MSEC + 999, "1s 500ms", "1s 500ms 999us" },
        { 200 * USEC_PER_SEC, "3min 20s", "3min 20s" },
        { USEC_PER_HOUR - 1, "59min 59s", "59min 59s 999ms 999us" },
        { USEC_PER_HOUR + 5 * USEC_PER_SEC, "1h", "1h 5s" },
        { 52 * USEC_PER_HOUR, "2d 4h", "2d 4h" },
        { 400 * USEC_PER_DAY, "400d", "400d" },
        { USEC_INFINITY, "infinity", "infinity" },
        { USEC_INFINITY - 1, "213503982d 8h", "213503982d 8h 1min 49s 551ms 614us" },
};

static void spans_are_formatted(void **state) {
        char buf[SPAN_TEXT_SIZE];
        usec_t back;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(formatted); i++) {
                assert_string_equal(SPAN(formatted[i].usec), formatted[i].text);
                assert_ptr_equal(span_format_exact(buf, sizeof(buf), formatted[i].usec), buf);
                assert_string_equal(buf, formatted[i].exact);
                assert_int_equal(span_parse(buf, &back), 0);
                assert_true(back == formatted[i].usec);
        }
}

static void a_short_buffer_is_not_overrun(void **state) {
        char buf[8];

        (void) state;
        for (size_t size = 0; size < sizeof(buf); size++) {
                memset(buf, 'x', sizeof(buf));
                span_format(buf, size, 200 * USEC_PER_SEC);
                if (size > 0)
                        assert_true(strnlen(buf, size) < size);
                assert_int_equal(buf[size], 'x');
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spans_are_parsed),
                cmocka_unit_test(spans_are_formatted),
                cmocka_unit_test(a_short_buffer_is_not_overrun),
        };

        return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
