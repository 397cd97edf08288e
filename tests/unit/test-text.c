/* Strings, lists, UTF-8, and what counts as a unit name. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "util/text.h"

static void lists_grow_and_compare(void **state) {
        _cleanup_strv_ char **a = NULL, **b = NULL;

        (void) state;
        assert_int_equal(strv_length(NULL), 0);
        assert_true(strv_equal(NULL, NULL));
        assert_int_equal(strv_extend(&a, "one"), 0);
        assert_int_equal(strv_extend(&a, ""), 0);
        assert_int_equal(strv_length(a), 2);
        assert_null(a[2]);
        assert_false(strv_equal(a, NULL));
        assert_int_equal(strv_extend(&b, "one"), 0);
        assert_false(strv_equal(a, b));
        assert_int_equal(strv_extend(&b, ""), 0);
        assert_true(strv_equal(a, b));
        assert_true(strv_contains(b, ""));
        assert_false(strv_contains(b, "on"));
        assert_false(strv_contains(NULL, "one"));
        b[0][0] = 'O';
        assert_false(strv_equal(a, b));
}

static void an_empty_list_equals_null(void **state) {
        char *empty[] = { NULL };

        (void) state;
        assert_true(strv_equal(empty, NULL));
        assert_true(strv_equal(NULL, empty));
}

static void strdup_replaces(void **state) {
        char *s = NULL;

        (void) state;
        assert_int_equal(free_and_strdup(&s, "a"), 0);
        assert_int_equal(free_and_strdup(&s, s), 0);
        assert_string_equal(s, "a");
        assert_int_equal(free_and_strdup(&s, NULL), 0);
        assert_null(s);
}

static const struct {
        const char *bytes;
        size_t len;
        bool ok;
} utf8[] = {
        { "", 0, true },
        { "plain", 5, true },
        { "a\0b", 3, true },
        { "\303\244", 2, true },
        { "\342\202\254", 3, true },
        { "\360\237\230\200", 4, true },
        { "\364\217\277\277", 4, true },
        { "\303", 1, false },
        { "\342\202", 2, false },
        { "\360\237\230", 3, false },
        { "\244", 1, false },
        { "\300\200", 2, false }, /* overlong NUL */
        { "\301\277", 2, false },
        { "\340\237\277", 3, false },     /* overlong */
        { "\360\217\277\277", 4, false }, /* overlong */
        { "\355\240\200", 3, false },     /* surrogate */
        { "\364\220\200\200", 4, false }, /* above U+10FFFF */
        { "\377\376", 2, false },
        { "\303a", 2, false },
};

static void utf8_is_told_from_other_bytes(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(utf8); i++)
                if (text_is_utf8(utf8[i].bytes, utf8[i].len) != utf8[i].ok)
                        fail_msg("row %zu", i);
}

static const struct {
        const char *text;
        size_t len, size;
        const char *line;
} lines[] = {
        { "as it is", 8, 16, "as it is" },
        { "cut here", 8, 4, "cut" },
        { "", 0, 4, "" },
        { "x", 1, 1, "" },
        { "a\nb\r\tc\033[31m\177", 12, 32, "a b  c [31m " },
        { "a\0b", 3, 16, "a b" },
        { "\302\205next\302\240", 8, 16, " next\302\240" }, /* NEL is a control, NBSP is not */
        { "\303\244\303\244", 4, 4, "\303\244" },
        { "\303\244\303\244", 4, 2, "" },
        { "a\377b\303", 4, 16, "a?b?" },
};

static void a_line_is_safe_to_show(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                char buf[32];

                memset(buf, 'x', sizeof(buf));
                assert_ptr_equal(text_copy_line(buf, lines[i].size, lines[i].text, lines[i].len), buf);
                assert_string_equal(buf, lines[i].line);
                assert_true(text_is_utf8(buf, strlen(buf)));
                if (lines[i].size < sizeof(buf))
                        assert_int_equal(buf[lines[i].size], 'x');
        }
        assert_null(text_copy_line(NULL, 0, "x", 1));
}

static void append_is_cut_when_full(void **state) {
        char buf[8] = "ab";

        (void) state;
        text_append(buf, sizeof(buf), "%d", 34);
        assert_string_equal(buf, "ab34");
        text_append(buf, sizeof(buf), "%s", "56789");
        assert_string_equal(buf, "ab34567");
        text_append(buf, sizeof(buf), "%s", "more");
        assert_string_equal(buf, "ab34567");
}

/* journalctl shows an entry with half a character in it as "[1.2K blob data]". */
static void append_is_cut_between_characters(void **state) {
        static const char *const texts[] = {
                "grün", "grüße", "äöüäöü", "日本語日本語", "😀😀😀",
                "a😀😀",  "abc…",  "abcd…",  "abcde…",       "abcdef…",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                char buf[8] = "";
                size_t len;

                text_append(buf, sizeof(buf), "%s", texts[i]);
                len = strlen(buf);
                assert_true(text_is_utf8(buf, len));
                assert_memory_equal(buf, texts[i], len);
                assert_in_range(len, MIN(strlen(texts[i]), sizeof(buf) - 4), sizeof(buf) - 1);
        }
}

static const struct {
        const char *name;
        bool ok;
} names[] = {
        { "kafka-connect.service", true },
        { "kafka-connect@8083.service", true },
        { "a\\x2db.service", true },
        { "a.b:c_d.service", true },
        { "x.service", true },
        { "a@b@c.service", true },
        { "a@.x.service", true },
        { "kafka-connect", false },
        { ".service", false },
        { "", false },
        { "kafka-connect@.service", false },
        { "@x.service", false },
        { "kafka-connect.socket", false },
        { "kafka-connect.service.d", false },
        { "kafka connect.service", false },
        { "a/b.service", false },
        { "k\303\244fka.service", false },
        { "*.service", false },
};

static void service_names_are_as_systemd_has_them(void **state) {
        char name[300];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (text_is_service_name(names[i].name) != names[i].ok)
                        fail_msg("'%s'", names[i].name);

        memset(name, 'a', sizeof(name));
        strcpy(name + 247, ".service");
        assert_true(text_is_service_name(name));
        memset(name, 'a', sizeof(name));
        strcpy(name + 248, ".service");
        assert_false(text_is_service_name(name));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lists_grow_and_compare),
                cmocka_unit_test(an_empty_list_equals_null),
                cmocka_unit_test(strdup_replaces),
                cmocka_unit_test(utf8_is_told_from_other_bytes),
                cmocka_unit_test(a_line_is_safe_to_show),
                cmocka_unit_test(append_is_cut_when_full),
                cmocka_unit_test(append_is_cut_between_characters),
                cmocka_unit_test(service_names_are_as_systemd_has_them),
        };

        return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
