/* What waits for a receiver, in virtual time: order, pauses, bounds, floods. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "report/notification/queue.h"
#include "util/text.h"

#define T0 (1000 * USEC_PER_SEC)

static void push(struct notify_queue *q, enum event_type type, unsigned number, usec_t now) {
        struct event *e = event_new(type, "%u", number);

        assert_non_null(e);
        notify_queue_push(q, notification_new(e, "h", now), now);
        event_free(e);
}

/* The next one goes out, and that is how it ends; fails unless it is this one. */
static enum notify_news expect_sent(struct notify_queue *q,
                                    const char *message,
                                    enum notify_result result,
                                    usec_t now) {
        const struct notification *n = notify_queue_next(q, now);

        if (!n)
                fail_msg("nothing goes out, instead of %s", message);
        assert_string_equal(notification_field(n, "MESSAGE"), message);
        assert_null(notify_queue_next(q, now)); /* one at a time */
        return notify_queue_sent(q, result, now);
}

static void events_go_out_in_their_order(void **state) {
        struct notify_queue q = { .folds = true };

        (void) state;
        assert_null(notify_queue_next(&q, T0));
        assert_true(notify_queue_deadline(&q) == USEC_INFINITY);
        push(&q, EVENT_EXHAUSTED, 1, T0);
        push(&q, EVENT_HELD_LONG, 2, T0);
        push(&q, EVENT_EXHAUSTED, 3, T0);
        assert_true(notify_queue_deadline(&q) <= T0);
        assert_int_equal(expect_sent(&q, "1", NOTIFY_TAKEN, T0), NOTIFY_NO_NEWS);
        assert_int_equal(expect_sent(&q, "2", NOTIFY_TAKEN, T0), NOTIFY_NO_NEWS);
        assert_int_equal(expect_sent(&q, "3", NOTIFY_TAKEN, T0), NOTIFY_NO_NEWS);
        assert_null(notify_queue_next(&q, T0));
        assert_true(notify_queue_take_lost(&q) == 0);
        notify_queue_done(&q);
}

static void a_failing_receiver_is_tried_less_and_less_often(void **state) {
        static const unsigned pauses[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 };
        struct notify_queue q = { .folds = true };
        usec_t now = T0;

        (void) state;
        push(&q, EVENT_EXHAUSTED, 1, now);
        for (size_t i = 0; i < ELEMENTSOF(pauses); i++) {
                assert_int_equal(expect_sent(&q, "1", NOTIFY_FAILED, now),
                                 i == 0 ? NOTIFY_BEGAN_FAILING : NOTIFY_NO_NEWS);
                push(&q, EVENT_HELD_LONG, (unsigned) i, now);
                assert_true(notify_queue_pause(&q) == pauses[i] * USEC_PER_SEC);
                assert_true(notify_queue_deadline(&q) == now + pauses[i] * USEC_PER_SEC);
                assert_null(notify_queue_next(&q, now + pauses[i] * USEC_PER_SEC - 1));
                now += pauses[i] * USEC_PER_SEC;
        }
        assert_int_equal(expect_sent(&q, "1", NOTIFY_TAKEN, now), NOTIFY_RECOVERED);
        /* What waited follows without a pause, and a new failure begins with the shortest one. */
        assert_int_equal(expect_sent(&q, "0", NOTIFY_TAKEN, now), NOTIFY_NO_NEWS);
        assert_int_equal(expect_sent(&q, "1", NOTIFY_FAILED, now), NOTIFY_BEGAN_FAILING);
        assert_true(notify_queue_pause(&q) == USEC_PER_SEC);
        notify_queue_retry(&q);
        assert_int_equal(expect_sent(&q, "1", NOTIFY_TAKEN, now), NOTIFY_RECOVERED);
        notify_queue_done(&q);
}

static void what_is_refused_is_lost_alone(void **state) {
        struct notify_queue q = { .folds = true };

        (void) state;
        for (unsigned i = 1; i <= 3; i++)
                push(&q, EVENT_EXHAUSTED, i, T0);
        assert_int_equal(expect_sent(&q, "1", NOTIFY_REFUSED, T0), NOTIFY_BEGAN_FAILING);
        assert_int_equal(expect_sent(&q, "2", NOTIFY_REFUSED, T0), NOTIFY_NO_NEWS);
        assert_int_equal(expect_sent(&q, "3", NOTIFY_TAKEN, T0), NOTIFY_RECOVERED);
        assert_true(notify_queue_take_refused(&q, T0) == 2);
        assert_true(notify_queue_take_refused(&q, T0) == 0);
        assert_true(notify_queue_take_lost(&q) == 0);
        notify_queue_done(&q);
}

static uint64_t refuse(struct notify_queue *q, usec_t now) {
        push(q, EVENT_EXHAUSTED, 1, now);
        (void) expect_sent(q, "1", NOTIFY_REFUSED, now);
        return notify_queue_take_refused(q, now);
}

static void refusals_are_told_once_in_each_window(void **state) {
        struct notify_queue q = { .folds = false };
        usec_t end = T0 + NOTIFY_WINDOW_USEC;

        (void) state;
        assert_true(refuse(&q, T0) == 1);
        for (unsigned i = 0; i < 100; i++)
                assert_true(refuse(&q, T0 + 1 + i) == 0);
        assert_true(refuse(&q, end) == 101);
        assert_true(refuse(&q, end + 1) == 0);
        push(&q, EVENT_EXHAUSTED, 2, end + 2);
        assert_int_equal(expect_sent(&q, "2", NOTIFY_TAKEN, end + 2), NOTIFY_RECOVERED);
        assert_true(notify_queue_take_refused(&q, end + 2) == 1);

        /* And at the end, whatever was told a moment before. */
        assert_true(refuse(&q, end + 3) == 0);
        assert_true(notify_queue_take_refused(&q, USEC_INFINITY) == 1);
        notify_queue_done(&q);
}

/* Then it is told nothing of other receivers; but not for ever, or one that is told of nothing else would
 * never be told anything again. */
static void who_takes_nothing_is_troubled_for_a_window(void **state) {
        struct notify_queue q = { .folds = true };
        usec_t end = T0 + NOTIFY_WINDOW_USEC, now = T0;

        (void) state;
        assert_false(notify_queue_is_troubled(&q, T0));
        (void) refuse(&q, T0);
        assert_true(notify_queue_is_troubled(&q, end - 1));
        assert_false(notify_queue_is_troubled(&q, end));

        /* Taking one does not end it: refusing one kind of two would go on for ever. */
        push(&q, EVENT_EXHAUSTED, 2, T0);
        assert_int_equal(expect_sent(&q, "2", NOTIFY_TAKEN, T0), NOTIFY_RECOVERED);
        assert_true(notify_queue_is_troubled(&q, end - 1));
        assert_false(notify_queue_is_troubled(&q, end));

        /* While one waits, for as long as it does: pauses grow longer than the window. */
        push(&q, EVENT_EXHAUSTED, 3, now);
        for (unsigned i = 0; i < 10; i++) {
                (void) expect_sent(&q, "3", NOTIFY_FAILED, now);
                now = notify_queue_deadline(&q);
                assert_true(notify_queue_is_troubled(&q, now));
        }
        assert_int_equal(expect_sent(&q, "3", NOTIFY_TAKEN, now), NOTIFY_RECOVERED);
        assert_false(notify_queue_is_troubled(&q, now));
        notify_queue_done(&q);
}

static void the_oldest_makes_room(void **state) {
        struct notify_queue q = {};
        char message[16];

        (void) state;
        push(&q, EVENT_EXHAUSTED, 0, T0);
        assert_non_null(notify_queue_next(&q, T0)); /* under way: it is not pulled away */
        for (unsigned i = 1; i < NOTIFY_QUEUE_MAX + 5; i++)
                push(&q, EVENT_EXHAUSTED, i, T0);
        assert_int_equal(q.n, NOTIFY_QUEUE_MAX);
        assert_true(notify_queue_take_lost(&q) == 5);
        assert_int_equal(notify_queue_sent(&q, NOTIFY_TAKEN, T0), NOTIFY_NO_NEWS);
        for (unsigned i = 6; i < NOTIFY_QUEUE_MAX + 5; i++) {
                (void) snprintf(message, sizeof(message), "%u", i);
                (void) expect_sent(&q, message, NOTIFY_TAKEN, T0);
        }
        assert_null(notify_queue_next(&q, T0));
        notify_queue_push(&q, NULL, T0); /* out of memory */
        assert_true(notify_queue_take_lost(&q) == 1);
        notify_queue_done(&q);
}

static void what_is_too_old_is_not_sent(void **state) {
        struct notify_queue q = { .folds = true };
        usec_t late = T0 + NOTIFY_KEPT_USEC;

        (void) state;
        push(&q, EVENT_EXHAUSTED, 1, T0);
        push(&q, EVENT_EXHAUSTED, 2, T0 + 1);
        (void) expect_sent(&q, "1", NOTIFY_FAILED, T0);
        assert_int_equal(expect_sent(&q, "2", NOTIFY_TAKEN, late), NOTIFY_RECOVERED);
        assert_true(notify_queue_take_lost(&q) == 1);
        notify_queue_done(&q);
}

static void a_flood_is_folded(void **state) {
        usec_t end = T0 + NOTIFY_WINDOW_USEC;
        struct notify_queue q = { .folds = true };
        char message[16];

        (void) state;
        for (unsigned i = 0; i < 100; i++)
                push(&q, EVENT_CONNECTOR_FAILED, i, T0 + i);
        push(&q, EVENT_EXHAUSTED, 7, T0 + 200); /* another type has a flood of its own */
        for (unsigned i = 0; i < NOTIFY_BURST; i++) {
                (void) snprintf(message, sizeof(message), "%u", i);
                (void) expect_sent(&q, message, NOTIFY_TAKEN, T0 + 300);
        }
        (void) expect_sent(&q, "7", NOTIFY_TAKEN, T0 + 300);
        assert_null(notify_queue_next(&q, end - 1));
        assert_true(notify_queue_deadline(&q) == end);
        const struct notification *n = notify_queue_next(&q, end);
        assert_non_null(n);
        assert_string_equal(notification_field(n, "CONNECT_WATCHDOG_FOLDED"), "90");
        (void) notify_queue_sent(&q, NOTIFY_FAILED, end);
        (void) expect_sent(&q, "and 90 more connector-failed within 1min, the last: 99", NOTIFY_TAKEN,
                           end + USEC_PER_SEC);

        /* It goes on: one in each window. */
        for (unsigned i = 0; i < 20; i++)
                push(&q, EVENT_CONNECTOR_FAILED, i, end + 2 * USEC_PER_SEC);
        assert_null(notify_queue_next(&q, end + 3 * USEC_PER_SEC));
        (void) expect_sent(&q, "and 20 more connector-failed within 1min, the last: 19", NOTIFY_TAKEN,
                           end + NOTIFY_WINDOW_USEC);
        /* A single one is told as it is. */
        push(&q, EVENT_CONNECTOR_FAILED, 5, end + NOTIFY_WINDOW_USEC + 1);
        (void) expect_sent(&q, "5", NOTIFY_TAKEN, end + 2 * NOTIFY_WINDOW_USEC);
        /* And it is over. */
        assert_null(notify_queue_next(&q, end + 3 * NOTIFY_WINDOW_USEC));
        assert_null(notify_queue_next(&q, end + 4 * NOTIFY_WINDOW_USEC));
        push(&q, EVENT_CONNECTOR_FAILED, 6, end + 4 * NOTIFY_WINDOW_USEC);
        (void) expect_sent(&q, "6", NOTIFY_TAKEN, end + 4 * NOTIFY_WINDOW_USEC);
        assert_true(notify_queue_take_lost(&q) == 0);
        notify_queue_done(&q);
}

static void who_groups_himself_gets_each(void **state) {
        struct notify_queue q = { .folds = false };

        (void) state;
        for (unsigned i = 0; i < 50; i++)
                push(&q, EVENT_CONNECTOR_FAILED, i, T0);
        assert_int_equal(q.n, 50);
        assert_true(notify_queue_deadline(&q) == 0);
        notify_queue_done(&q);
}

static void the_end_tells_what_is_folded_and_counts_the_rest(void **state) {
        struct notify_queue q = { .folds = true };

        (void) state;
        for (unsigned i = 0; i < NOTIFY_BURST + 2; i++)
                push(&q, EVENT_CONNECTOR_FAILED, i, T0);
        notify_queue_unfold(&q, T0);
        assert_int_equal(q.n, NOTIFY_BURST + 1);
        for (unsigned i = 0; i < 3; i++)
                push(&q, EVENT_CONNECTOR_FAILED, i, T0);
        assert_non_null(notify_queue_next(&q, T0));
        notify_queue_given_up(&q);
        assert_non_null(notify_queue_next(&q, T0)); /* the same once more */
        notify_queue_lose(&q);
        assert_true(notify_queue_take_lost(&q) == NOTIFY_BURST + 1 + 3);
        assert_null(notify_queue_next(&q, T0));
        notify_queue_done(&q);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(events_go_out_in_their_order),
                cmocka_unit_test(a_failing_receiver_is_tried_less_and_less_often),
                cmocka_unit_test(what_is_refused_is_lost_alone),
                cmocka_unit_test(refusals_are_told_once_in_each_window),
                cmocka_unit_test(who_takes_nothing_is_troubled_for_a_window),
                cmocka_unit_test(the_oldest_makes_room),
                cmocka_unit_test(what_is_too_old_is_not_sent),
                cmocka_unit_test(a_flood_is_folded),
                cmocka_unit_test(who_groups_himself_gets_each),
                cmocka_unit_test(the_end_tells_what_is_folded_and_counts_the_rest),
        };

        return cmocka_run_group_tests_name("notify-queue", tests, NULL, NULL);
}
