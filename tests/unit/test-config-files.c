/* Files that cannot be read, or hold what nobody meant to write: missing, too large, odd bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config-fixture.h"

static void missing_and_unreadable_files_are_told(void **state) {
        struct fixture f;
        char path[300];

        (void) state;
        fixture_init(&f);
        assert_int_equal(fixture_load(&f), -EBADMSG);
        fixture_assert_lines(
                f.errors.lines,
                "main.conf: cannot be read: No such file or directory; put a readable file there",
                "missing");

        fixture_path(&f, "main.conf", path);
        assert_int_equal(mkdir(path, 0755), 0);
        fixture_load(&f);
        fixture_assert_lines(f.errors.lines,
                             "main.conf: is a directory; put a file there, or give it another name",
                             "directory");
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(mkfifo(path, 0644), 0);
        fixture_load(&f);
        fixture_assert_lines(f.errors.lines, "main.conf: is no regular file; put one there", "FIFO");
        assert_int_equal(unlink(path), 0);
        fixture_done(&f);
}

static void what_is_wrong_with_drop_ins_is_told(void **state) {
        struct fixture f;
        char path[300];

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "conf.d/z.conf", "[worker z]\n");
        fixture_path(&f, "conf.d/a.conf", path);
        assert_int_equal(mkdir(path, 0755), 0);
        fixture_path(&f, "conf.d/b.conf", path);
        assert_int_equal(symlink("/nowhere/at/all", path), 0);
        fixture_path(&f, "conf.d/c.conf", path);
        assert_int_equal(symlink("/dev/null", path), 0);
        fixture_path(&f, "conf.d/d.conf", path);
        assert_int_equal(symlink("d.conf", path), 0);
        fixture_load_text(&f, "");
        fixture_assert_lines(
                f.errors.lines,
                "conf.d/a.conf: is a directory; put a file there, or give it another name\n"
                "conf.d/b.conf: cannot be read: No such file or directory; put a readable file there\n"
                "conf.d/d.conf: cannot be read: Too many levels of symbolic links; put a readable file "
                "there",
                "conf.d");
        fixture_path(&f, "conf.d", path);
        fixture_empty(path);
        assert_int_equal(rmdir(path), 0);
        fixture_write(&f, "conf.d", "");
        fixture_load_text(&f, "");
        fixture_assert_lines(f.errors.lines,
                             "conf.d: cannot be listed: Not a directory; make it a directory that the user "
                             "connect-watchdog can read",
                             "conf.d");
        fixture_done(&f);
}

static void a_file_that_may_not_be_read_is_told(void **state) {
        struct fixture f;
        char path[300];
        bool root = geteuid() == 0;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "main.conf", "");
        fixture_path(&f, "main.conf", path);
        assert_int_equal(chmod(path, 0), 0);
        assert_int_equal(chmod(f.directory, 0755), 0);
        if (root)
                assert_int_equal(seteuid(65534), 0); /* root may read everything */
        fixture_load(&f);
        if (root)
                assert_int_equal(seteuid(0), 0);
        fixture_assert_lines(f.errors.lines,
                             "main.conf: cannot be read: Permission denied; let the user connect-watchdog "
                             "read it (secrets go into other files)",
                             "mode 0");
        fixture_done(&f);
}

static void crlf_bom_tabs_and_indents_are_read(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(
                &f, "\xEF\xBB\xBF[worker a]\r\n\tfailures\t=\t4\t\r\n\r\n  # note\r\n   successes=5\r\n"
                    "username=;x\r\npassword_file=/p#q;r\r\n[ worker   b ]\r\nurl=http://b:1");
        fixture_assert_loads(&f);
        assert_int_equal(fixture_worker(&f, "a")->failures, 4);
        assert_int_equal(fixture_worker(&f, "a")->successes, 5);
        assert_string_equal(fixture_worker(&f, "a")->username, ";x");
        assert_string_equal(fixture_worker(&f, "a")->password_file, "/p#q;r");
        assert_string_equal(fixture_worker(&f, "b")->url, "http://b:1");
        fixture_done(&f);
}

static void nul_bytes_are_refused(void **state) {
        static const char bytes[] = "[worker a]\nfailures = 4\0 00\n# \0\nsuccesses = 0\n";
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write_bytes(&f, "main.conf", bytes, sizeof(bytes) - 1);
        fixture_load(&f);
        fixture_assert_lines(
                f.errors.lines,
                "main.conf:2: the line holds a NUL byte; write the file as plain text in UTF-8\n"
                "main.conf:3: the line holds a NUL byte; write the file as plain text in UTF-8\n"
                "main.conf:4: successes = \"0\" is out of range; write 1 to 1000",
                "NUL");
        fixture_done(&f);
}

/* A line either fits as a whole or is told; its tail never becomes a line of its own. */
static void long_lines_are_never_cut(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        for (size_t len = 150; len < 450; len++) {
                char text[600] = "[worker a]\nusername = ";

                memset(text + strlen(text), 'u', len);
                strcat(text, "x\npassword_file = /p\nfailures = 0\n");
                fixture_load_text(&f, text);
                assert_int_equal(f.r, -EBADMSG);
                if (strv_length(f.errors.lines) == 1)
                        /* Read whole: nothing but the line below is wrong. */
                        assert_string_equal(
                                f.errors.lines[0],
                                "main.conf:4: failures = \"0\" is out of range; write 1 to 1000");
                else {
                        char expected[64];

                        assert_true(len > 180);
                        assert_int_equal(strv_length(f.errors.lines), 3);
                        (void) snprintf(expected, sizeof(expected),
                                        "main.conf:2: the line is %zu bytes long, and", len + 12);
                        assert_memory_equal(f.errors.lines[0], expected, strlen(expected));
                        assert_memory_equal(f.errors.lines[1], "main.conf:3:", 12); /* no username then */
                        assert_memory_equal(f.errors.lines[2], "main.conf:4:", 12);
                }
        }
        fixture_done(&f);
}

static void hundred_kilobytes_in_a_line(void **state) {
        static const struct {
                const char *begin;
                char filler;
                const char *error;
        } rows[] = {
                { "# ", 'x', "" },
                { "", ' ', "" },
                { "username = ", 'u', "main.conf:2: the line is 1000" },
                { "", 'x', "main.conf:2: the line is neither" },
                { "[", 'x', "main.conf:2: the section has no" },
                { "", '[', "main.conf:2: the section has no" },
                { "", '=', "main.conf:2: no key stands before" },
                { "", ':', "main.conf:2: the line is neither" },
                { "", ';', "" },
                { "", '\\', "main.conf:2: the line is neither" },
                { "", '\t', "" },
                { "", '\r', "main.conf:2: the line holds a control character" },
                { "", '\377', "main.conf:2: the line holds bytes that are not UTF-8" },
        };
        struct fixture f;
        char *text;

        (void) state;
        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                text = calloc(1, 100 * 1000 + 64);
                assert_non_null(text);
                strcpy(text, "[worker a]\n");
                strcat(text, rows[i].begin);
                memset(text + strlen(text), rows[i].filler, 100 * 1000);
                strcat(text, "\n");
                fixture_load_text(&f, text);
                free(text);
                if (rows[i].error[0] == '\0')
                        fixture_assert_loads(&f);
                else {
                        assert_int_equal(strv_length(f.errors.lines), 1);
                        if (strncmp(f.errors.lines[0], rows[i].error, strlen(rows[i].error)) != 0)
                                fail_msg("row %zu: %s", i, f.errors.lines[0]);
                        assert_true(strlen(f.errors.lines[0]) < 300);
                }
        }
        fixture_done(&f);
}

static void a_huge_file_is_refused(void **state) {
        struct fixture f;
        char path[300];

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "main.conf", "");
        fixture_path(&f, "main.conf", path);
        assert_int_equal(truncate(path, 1024 * 1024 + 1), 0);
        fixture_load(&f);
        fixture_assert_lines(f.errors.lines,
                             "main.conf: is larger than 1048576 bytes; is this the right file?", "1 MiB");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(missing_and_unreadable_files_are_told),
                cmocka_unit_test(what_is_wrong_with_drop_ins_is_told),
                cmocka_unit_test(a_file_that_may_not_be_read_is_told),
                cmocka_unit_test(crlf_bom_tabs_and_indents_are_read),
                cmocka_unit_test(nul_bytes_are_refused),
                cmocka_unit_test(long_lines_are_never_cut),
                cmocka_unit_test(hundred_kilobytes_in_a_line),
                cmocka_unit_test(a_huge_file_is_refused),
        };

        return cmocka_run_group_tests_name("config-files", tests, NULL, NULL);
}
