/* JSON as RFC 8259 has it, whatever json-c lets pass or refuses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "util/json.h"

static void test_what_is_json_and_what_is_not(_unused_ void **state) {
        static const struct {
                const char *text;
                bool valid;
        } cases[] = {
                { "{}", true },
                { " [1, -2.5e3, true, false, null, \"x\"] \n", true },
                { "[null]", true },
                { "null", false },
                { "1", false },
                { "[\"caf\xc3\xa9\"]", true },
                { "[\"\xe2\x82\xac\"]", true },
                { "[\"\xf0\x9f\x98\x80\"]", true },
                { "{\"\xc3\xa9\":1}", true },
                { "[\"a\\\\\", \"\\\"\"]", true },
                { "[\"\x7f\"]", true },
                { "", false },
                { " ", false },
                { "{} {}", false },
                { "{}x", false },
                { "{'a':1}", false },
                { "[NaN]", false },
                { "[Infinity]", false },
                { "[-Infinity]", false },
                { "[1] // x", false },
                { "/* x */ [1]", false },
                { "[\"a\nb\"]", false },
                { "[\"a\tb\"]", false },
                { "[\"\\\xc3\xa9\"]", false },
                { "[\"\xc3\"]", false },
                { "[\"\xed\xa0\x80\"]", false },
                { "[\xc3\xa9]", false },
                { "[\"a]", false },
                { "[1,]", false },
                { "[[[[[1]]]]]", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_object_unrefp) json_object *o = NULL;
                const char *problem = NULL;
                int r = json_parse(cases[i].text, strlen(cases[i].text), 5, &o, &problem);

                if (r != (cases[i].valid ? 0 : -EBADMSG) || (!cases[i].valid && (o || !problem)))
                        fail_msg("%s: %d %s", cases[i].text, r, problem ? problem : "");
        }
}

static void test_text_beyond_ascii_comes_through_unchanged(_unused_ void **state) {
        static const char text[] = "[\"z\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf!\"]";
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        const char *problem;

        assert_int_equal(json_parse(text, strlen(text), 5, &o, &problem), 0);
        assert_string_equal(json_object_get_string(json_object_array_get_idx(o, 0)),
                            "z\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf!");
}

static void test_only_len_bytes_are_read(_unused_ void **state) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        const char *problem;

        assert_int_equal(json_parse("[1]x", 3, 5, &o, &problem), 0);
        assert_int_equal(json_object_array_length(o), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_json_and_what_is_not),
                cmocka_unit_test(test_text_beyond_ascii_comes_through_unchanged),
                cmocka_unit_test(test_only_len_bytes_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
