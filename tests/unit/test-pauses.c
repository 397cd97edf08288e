/* The pauses that operators asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "judge/pauses.h"

#define HOUR USEC_PER_HOUR

static void begin(struct pauses *p, const char *worker, usec_t until, uint32_t uid) {
        const struct pause pause = {
                .worker = (char *) worker, .since_usec = HOUR, .until_usec = until, .uid = uid
        };

        assert_int_equal(pauses_begin(p, &pause), 0);
}

static void a_worker_is_under_the_one_that_lasts_longer(void **state) {
        struct pauses p = {};

        (void) state;
        assert_null(pauses_of(&p, "a", HOUR));
        begin(&p, "a", 3 * HOUR, 1);
        begin(&p, NULL, 2 * HOUR, 2);
        assert_int_equal(pauses_of(&p, "a", HOUR)->uid, 1);
        assert_int_equal(pauses_of(&p, "b", HOUR)->uid, 2);
        assert_null(pauses_of(&p, "b", 2 * HOUR));
        begin(&p, NULL, 4 * HOUR, 3);
        assert_int_equal(pauses_of(&p, "a", HOUR)->uid, 3);
        assert_int_equal(p.n, 2);
        pauses_done(&p);
}

static void a_new_one_takes_the_place_of_the_old(void **state) {
        struct pauses p = {};

        (void) state;
        begin(&p, "a", 9 * HOUR, 1);
        begin(&p, "a", 2 * HOUR, 2);
        assert_int_equal(p.n, 1);
        assert_int_equal(pauses_find(&p, "a")->until_usec, 2 * HOUR);
        assert_null(pauses_find(&p, NULL));
        assert_null(pauses_find(&p, "A"));
        pauses_done(&p);
}

static void each_ends_by_itself_the_first_first(void **state) {
        struct pauses p = {};

        (void) state;
        assert_null(pauses_first_to_end(&p));
        begin(&p, "a", 5 * HOUR, 1);
        begin(&p, NULL, 3 * HOUR, 2);
        begin(&p, "b", 4 * HOUR, 3);
        for (uint32_t uid = 2; uid <= 4; uid++) {
                const struct pause *first = pauses_first_to_end(&p);

                assert_int_equal(first->uid, uid == 4 ? 1 : uid);
                assert_true(pauses_end(&p, first->worker));
        }
        assert_int_equal(p.n, 0);
        assert_false(pauses_end(&p, "a"));
        assert_false(pauses_end(&p, NULL));
        pauses_done(&p);
}

static void a_new_name_keeps_the_one_that_lasts_longer(void **state) {
        struct pauses p = {};

        (void) state;
        assert_int_equal(pauses_rename(&p, "a", "b"), 0);
        assert_int_equal(p.n, 0);
        begin(&p, "c", 5 * HOUR, 3);
        begin(&p, "a", 2 * HOUR, 1);
        assert_int_equal(pauses_rename(&p, "a", "b"), 0);
        assert_null(pauses_find(&p, "a"));
        assert_int_equal(pauses_find(&p, "b")->uid, 1);
        assert_int_equal(pauses_find(&p, "b")->until_usec, 2 * HOUR);
        assert_int_equal(pauses_rename(&p, "b", "c"), 0);
        assert_int_equal(p.n, 1);
        assert_int_equal(pauses_find(&p, "c")->uid, 3);
        begin(&p, "d", 9 * HOUR, 4);
        assert_int_equal(pauses_rename(&p, "d", "c"), 0);
        assert_int_equal(p.n, 1);
        assert_int_equal(pauses_find(&p, "c")->uid, 4);
        pauses_done(&p);
}

static void its_text_names_who_and_why(void **state) {
        struct pause p = { .worker = (char *) "a", .reason = (char *) "new disks", .uid = 1000 };
        char text[PAUSE_TEXT_SIZE];

        (void) state;
        assert_string_equal(pause_text(&p, text), "by uid 1000: new disks");
        p.worker = NULL;
        assert_string_equal(pause_text(&p, text), "all workers, by uid 1000: new disks");
        p.reason = (char *) "";
        p.uid = UINT32_MAX;
        assert_string_equal(pause_text(&p, text), "all workers, by uid 4294967295");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_worker_is_under_the_one_that_lasts_longer),
                cmocka_unit_test(a_new_one_takes_the_place_of_the_old),
                cmocka_unit_test(each_ends_by_itself_the_first_first),
                cmocka_unit_test(a_new_name_keeps_the_one_that_lasts_longer),
                cmocka_unit_test(its_text_names_who_and_why),
        };

        return cmocka_run_group_tests_name("pauses", tests, NULL, NULL);
}
