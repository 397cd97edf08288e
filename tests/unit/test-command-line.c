/* A command and its arguments out of one line. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/command_line.h"
#include "util/text.h"

static void lines_are_split_as_they_are_meant(void **state) {
        static const struct {
                const char *line;
                const char *words[6];
        } rows[] = {
                { "/bin/a", { "/bin/a" } },
                { " \t/bin/a  -b\tc ", { "/bin/a", "-b", "c" } },
                { "/a 'b c' \"d e\"", { "/a", "b c", "d e" } },
                { "/a b'c d'e\"f\"", { "/a", "bc def" } },
                { "/a '' \"\"", { "/a", "", "" } },
                { "/a \"it's\" 'say \"x\"'", { "/a", "it's", "say \"x\"" } },
                { "/a b\\sc \\\" \\' \\\\ \"\\\"\"", { "/a", "b c", "\"", "'", "\\", "\"" } },
                { "/a \\n\\t", { "/a", "\n\t" } },
                { "\"/a b\" $HOME %h", { "/a b", "$HOME", "%h" } },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_strv_ char **words = NULL;
                const char *problem;
                size_t n = 0;

                assert_int_equal(command_line_split(rows[i].line, &words, &problem), 0);
                while (n < ELEMENTSOF(rows[i].words) && rows[i].words[n])
                        n++;
                assert_int_equal(strv_length(words), n);
                for (size_t k = 0; k < n; k++)
                        assert_string_equal(words[k], rows[i].words[k]);
        }
}

static void what_is_no_command_is_refused(void **state) {
        static const char *const rows[][2] = {
                { "", "absolute path" },   { "  ", "absolute path" },   { "mail root", "absolute path" },
                { "''", "absolute path" }, { "/a 'b", "quote" },        { "/a \"b'", "quote" },
                { "/a b\\", "backslash" }, { "/a \\x41", "backslash" }, { "/a '\\d'", "backslash" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_strv_ char **words = NULL;
                const char *problem = NULL;

                assert_int_equal(command_line_split(rows[i][0], &words, &problem), -EINVAL);
                assert_non_null(strstr(problem, rows[i][1]));
                assert_null(words);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_are_split_as_they_are_meant),
                cmocka_unit_test(what_is_no_command_is_refused),
        };

        return cmocka_run_group_tests_name("command-line", tests, NULL, NULL);
}
