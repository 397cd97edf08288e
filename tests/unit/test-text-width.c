/* Text and tables fitted to a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ctl/table.h"
#include "ctl/text_width.h"

struct output {
        FILE *f;
        char *text;
        size_t len;
};

static void output_begin(struct output *o) {
        *o = (struct output) {};
        o->f = open_memstream(&o->text, &o->len);
        assert_non_null(o->f);
}

static void output_expect(struct output *o, const char *expected) {
        assert_int_equal(fclose(o->f), 0);
        assert_string_equal(o->text, expected);
        free(o->text);
}

static void width_is_in_columns(_unused_ void **state) {
        assert_int_equal(text_width(""), 0);
        assert_int_equal(text_width("connect-a"), 9);
        assert_int_equal(text_width("münchen ●×…"), 11);
        assert_int_equal(text_width("e\xcc\x81"), 1);
        assert_int_equal(text_width("東京"), 4);
        assert_int_equal(text_width("한국어"), 6);
        assert_int_equal(text_width("🚀"), 2);
        /* no UTF-8 */
        assert_int_equal(text_width("\xff\xc3"), 2);
        assert_int_equal(text_width("\xe6\x9d"), 2);
}

static void expect_fitted(const char *text, size_t width, const char *expected) {
        struct output o;

        output_begin(&o);
        text_print_fitted(o.f, text, width);
        output_expect(&o, expected);
}

static void what_is_cut_ends_so(_unused_ void **state) {
        expect_fitted("connect-a", 9, "connect-a");
        expect_fitted("connect-a", 8, "connect…");
        expect_fitted("connect-a", 1, "…");
        expect_fitted("connect-a", 0, "");
        expect_fitted("", 0, "");
        /* never half a character */
        expect_fitted("東京", 4, "東京");
        expect_fitted("東京", 3, "東…");
        expect_fitted("東京", 2, "…");
        expect_fitted("äöü", 2, "ä…");
        /* with what joins it */
        expect_fitted("e\xcc\x81xy", 2, "e\xcc\x81…");
}

static void expect_wrapped(const char *text, size_t used, size_t width, const char *expected) {
        struct output o;

        output_begin(&o);
        text_print_wrapped(o.f, text, used, 4, width);
        output_expect(&o, expected);
}

static void lines_break_at_spaces(_unused_ void **state) {
        expect_wrapped("one two three", 0, 0, "one two three");
        expect_wrapped("one two three", 0, 13, "one two three");
        expect_wrapped("one two three", 0, 12, "one two\n    three");
        expect_wrapped("one two three", 6, 13, "one two\n    three");
        expect_wrapped("one two three", 6, 12, "one\n    two\n    three");
        expect_wrapped("a-word-that-fits-nowhere x", 0, 10, "a-word-that-fits-nowhere\n    x");
        expect_wrapped("", 0, 10, "");
}

/* ---- tables ---- */

static const struct table_column columns[] = {
        { "", 0, 0 },
        { "NAME", 0, 6 },
        { "UNIT", 1, 0 },
        { "WHY", 2, 5 },
};

static void fill(struct table *t) {
        static const char *const texts[] = {
                "●", "connect-a", "kafka.service", "is healthy", "×", "b", "", "does\033[2Jnot answer",
        };

        *t = (struct table) { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                table_add(t, texts[i], i % 4 == 0 ? "\033[1;32m" : NULL);
        assert_false(t->out_of_memory);
}

static void expect_table(size_t width, bool colors, const char *expected) {
        _cleanup_(table_done) struct table t;
        struct output o;

        fill(&t);
        output_begin(&o);
        table_print(o.f, &t, width, colors);
        output_expect(&o, expected);
}

static void a_table_without_a_terminal_is_whole(_unused_ void **state) {
        /* What could move the cursor does not. */
        expect_table(0, false,
                     "  NAME       UNIT           WHY\n"
                     "● connect-a  kafka.service  is healthy\n"
                     "× b                         does [2Jnot answer\n");
}

static void columns_go_before_texts_are_cut_short(_unused_ void **state) {
        expect_table(46, false,
                     "  NAME       UNIT           WHY\n"
                     "● connect-a  kafka.service  is healthy\n"
                     "× b                         does [2Jnot answer\n");
        expect_table(40, false,
                     "  NAME       UNIT           WHY\n"
                     "● connect-a  kafka.service  is healthy\n"
                     "× b                         does [2Jnot…\n");
        expect_table(29, false,
                     "  NAME       WHY\n"
                     "● connect-a  is healthy\n"
                     "× b          does [2Jnot ans…\n");
        expect_table(15, false,
                     "  NAME    WHY\n"
                     "● conne…  is h…\n"
                     "× b       does…\n");
        expect_table(12, false,
                     "  NAME\n"
                     "● connect-a\n"
                     "× b\n");
        /* No narrower. */
        expect_table(3, false,
                     "  NAME\n"
                     "● conne…\n"
                     "× b\n");
}

static void colours_take_no_room(_unused_ void **state) {
        expect_table(15, true,
                     "  \033[1mNAME\033[0m    \033[1mWHY\033[0m\n"
                     "\033[1;32m●\033[0m conne…  is h…\n"
                     "\033[1;32m×\033[0m b       does…\n");
}

static void a_column_in_which_nothing_stands_is_left_out(_unused_ void **state) {
        _cleanup_(table_done) struct table t = { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        struct output o;

        table_add(&t, "●", NULL);
        table_add(&t, "a", NULL);
        table_add(&t, "", NULL);
        table_add(&t, "well", NULL);
        output_begin(&o);
        table_print(o.f, &t, 0, false);
        output_expect(&o, "  NAME  WHY\n● a     well\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(width_is_in_columns),
                cmocka_unit_test(what_is_cut_ends_so),
                cmocka_unit_test(lines_break_at_spaces),
                cmocka_unit_test(a_table_without_a_terminal_is_whole),
                cmocka_unit_test(columns_go_before_texts_are_cut_short),
                cmocka_unit_test(colours_take_no_room),
                cmocka_unit_test(a_column_in_which_nothing_stands_is_left_out),
        };

        return cmocka_run_group_tests_name("text-width", tests, NULL, NULL);
}
