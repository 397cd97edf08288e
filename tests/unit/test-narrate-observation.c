/* One observation in a clause: the stage's times, and a buffer that is too small. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "report/narrate.h"

#define SEC USEC_PER_SEC
#define NOW (1000 * SEC)                /* agent time */
#define NOW_REALTIME (1795183200 * SEC) /* 2026-11-20 14:00:00 UTC */
#define OFFSET ((int64_t) (NOW_REALTIME - NOW))

static const struct observation stuck = {
        .outcome = OUTCOME_FAILING,
        .reason = REASON_UNHEALTHY,
        .http_status = 500,
        .latency_usec = 10 * SEC,
        .answered = true,
        .stage = { .text = "generating task configs for connector pg-orders", .connector = "pg-orders" },
};

/* A worker's clock may be anything. */
static void test_stage_times_that_cannot_be_true(void **state _unused_) {
        static const usec_t began[] = {
                0, 1, NOW_REALTIME + 1, USEC_INFINITY, NOW_REALTIME - 400 * USEC_PER_DAY,
        };
        struct observation o = stuck;
        char buf[512];

        for (size_t i = 0; i < ELEMENTSOF(began); i++) {
                o.stage.began_at_usec = began[i];
                assert_string_equal(narrate_observation(&o, NOW, OFFSET, buf, sizeof(buf)),
                                    "says that it is unhealthy (HTTP 500 after 10s; generating task configs "
                                    "for connector pg-orders)");
        }

        o.stage.completed = true;
        o.stage.completed_at_usec = NOW_REALTIME - 65 * SEC;
        assert_string_equal(narrate_observation(&o, NOW, OFFSET, buf, sizeof(buf)),
                            "says that it is unhealthy (HTTP 500 after 10s; last completed: generating task "
                            "configs for connector pg-orders, 1min 5s ago)");
}

static void test_a_small_buffer_cuts(void **state _unused_) {
        char buf[24];

        (void) narrate_observation(&stuck, NOW, OFFSET, buf, sizeof(buf));
        assert_string_equal(buf, "says that it is unhealt");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stage_times_that_cannot_be_true),
                cmocka_unit_test(test_a_small_buffer_cuts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
