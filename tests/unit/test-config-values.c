/* What may stand to the right of a "=", and the names that are suggested for a slip. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include <cmocka.h>

#include "config/suggest.h"
#include "config/values.h"
#include "util/listen_address.h"

static void booleans_are_as_systemd_has_them(void **state) {
        static const char *const yes[] = { "yes", "YES", "y", "true", "True", "t", "on", "1" };
        static const char *const no[] = { "no", "No", "n", "false", "f", "off", "OFF", "0" };
        static const char *const neither[] = { "", "2", "ja", "yes ", " no", "truee", "01", "enable" };
        bool b;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                b = false;
                assert_int_equal(value_bool(yes[i], &b), 0);
                assert_true(b);
        }
        for (size_t i = 0; i < ELEMENTSOF(no); i++) {
                b = true;
                assert_int_equal(value_bool(no[i], &b), 0);
                assert_false(b);
        }
        for (size_t i = 0; i < ELEMENTSOF(neither); i++)
                assert_int_equal(value_bool(neither[i], &b), -EINVAL);
}

static const struct {
        const char *text;
        int r;
        uint64_t n;
} numbers[] = {
        { "0", 0, 0 },
        { "007", 0, 7 },
        { "18446744073709551615", 0, UINT64_MAX },
        { "18446744073709551616", -ERANGE, 0 },
        { "99999999999999999999999", -ERANGE, 0 },
        { "", -EINVAL, 0 },
        { "-1", -EINVAL, 0 },
        { "+1", -EINVAL, 0 },
        { " 1", -EINVAL, 0 },
        { "12x", -EINVAL, 0 },
        { "0x10", -EINVAL, 0 },
        { "1.0", -EINVAL, 0 },
}, sizes[] = {
        { "0", 0, 0 },
        { "4096", 0, 4096 },
        { "4096B", 0, 4096 },
        { "1K", 0, 1024 },
        { "16M", 0, 16777216 },
        { "16 M", 0, 16777216 },
        { "2G", 0, 2147483648 },
        { "1T", 0, 1099511627776 },
        { "16777216T", -ERANGE, 0 },
        { "99999999999999999999999999K", -ERANGE, 0 },
        { "", -EINVAL, 0 },
        { "M", -EINVAL, 0 },
        { "16m", -EINVAL, 0 },
        { "16MB", -EINVAL, 0 },
        { "16MiB", -EINVAL, 0 },
        { "1.5M", -EINVAL, 0 },
        { "-1K", -EINVAL, 0 },
        { "1P", -EINVAL, 0 },
};

static void numbers_and_sizes_are_read_whole_or_not_at_all(void **state) {
        uint64_t n;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                n = 0;
                if (value_unsigned(numbers[i].text, &n) != numbers[i].r || n != numbers[i].n)
                        fail_msg("number '%s'", numbers[i].text);
        }
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                n = 0;
                if (value_size(sizes[i].text, &n) != sizes[i].r || n != sizes[i].n)
                        fail_msg("size '%s'", sizes[i].text);
        }
}

static void sizes_are_written_exactly(void **state) {
        static const struct {
                uint64_t n;
                const char *text;
        } rows[] = {
                { 0, "0" },
                { 1, "1" },
                { 1023, "1023" },
                { 1024, "1K" },
                { 1536, "1536" },
                { 16777216, "16M" },
                { 1099511627776, "1T" },
                { 1125899906842624, "1024T" },
                { UINT64_MAX, "18446744073709551615" },
        };
        char buf[SIZE_TEXT_SIZE];
        uint64_t back;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_string_equal(value_size_format(buf, sizeof(buf), rows[i].n), rows[i].text);
                assert_int_equal(value_size(buf, &back), 0);
                assert_true(back == rows[i].n);
        }
}

static void levels_have_names_and_numbers(void **state) {
        int level = -1;

        (void) state;
        assert_int_equal(value_log_level("emerg", &level), 0);
        assert_int_equal(level, LOG_EMERG);
        assert_int_equal(value_log_level("7", &level), 0);
        assert_int_equal(level, LOG_DEBUG);
        for (int i = LOG_EMERG; i <= LOG_DEBUG; i++) {
                assert_int_equal(value_log_level(value_log_level_to_string(i), &level), 0);
                assert_int_equal(level, i);
        }
        assert_int_equal(value_log_level("8", &level), -EINVAL);
        assert_int_equal(value_log_level("", &level), -EINVAL);
        assert_int_equal(value_log_level("77", &level), -EINVAL);
        assert_int_equal(value_log_level("warn", &level), -EINVAL);
        assert_null(value_log_level_to_string(8));
        assert_null(value_log_level_to_string(-1));
}

/* url NULL: refused, and problem is a part of what is told. */
static const struct {
        const char *text, *url, *problem;
} urls[] = {
        { "http://127.0.0.1:8083", "http://127.0.0.1:8083", NULL },
        { "http://127.0.0.1:8083/", "http://127.0.0.1:8083", NULL },
        { "http://host///", "http://host", NULL },
        { "https://connect-1.example.org", "https://connect-1.example.org", NULL },
        { "HTTPS://Connect_1:443/a/b/", "https://Connect_1:443/a/b", NULL },
        { "http://[::1]:8083", "http://[::1]:8083", NULL },
        { "http://[2001:db8::1]/x", "http://[2001:db8::1]/x", NULL },
        { "http://host./", "http://host.", NULL },
        { "http://host/a%20b", "http://host/a%20b", NULL },
        { "http://host:65535", "http://host:65535", NULL },
        { "host:8083", NULL, "begins with http://" },
        { "127.0.0.1", NULL, "begins with http://" },
        { "ftp://host", NULL, "begins with http://" },
        { "http:/host", NULL, "begins with http://" },
        { "", NULL, "begins with http://" },
        { "http://", NULL, "has no host" },
        { "https:///path", NULL, "has no host" },
        { "http://:8083", NULL, "has no host" },
        { "http://user@host", NULL, "give username and password_file" },
        { "http://user:pass@host:8083", NULL, "give username and password_file" },
        { "http://host?x=1", NULL, "a query or a fragment" },
        { "http://host/a?x", NULL, "a query or a fragment" },
        { "http://host/#top", NULL, "a query or a fragment" },
        { "http://host:", NULL, "no valid port" },
        { "http://host:0", NULL, "no valid port" },
        { "http://host:65536", NULL, "no valid port" },
        { "http://host:080830", NULL, "no valid port" },
        { "http://host:80x", NULL, "no valid port" },
        { "http://[::1]8083", NULL, "no valid port" },
        { "http://::1:8083", NULL, "has no host" },
        { "http://2001:db8::1", NULL, "goes into brackets" },
        { "http://[::1", NULL, "no IPv6 address" },
        { "http://[]:1", NULL, "no IPv6 address" },
        { "http://[127.0.0.1]", NULL, "no IPv6 address" },
        { "http://[::1%25eth0]", NULL, "no IPv6 address" },
        { "http://-host", NULL, "no valid host name" },
        { "http://a..b", NULL, "no valid host name" },
        { "http://a-.b", NULL, "no valid host name" },
        { "http://h\303\266st", NULL, "no valid host name" },
        { "http://ho st", NULL, "no valid host name" },
        { "http://host/a b", NULL, "no URL may hold" },
        { "http://host/\303\266", NULL, "no URL may hold" },
        { "http://host/%2", NULL, "two hexadecimal digits" },
        { "http://host/%zz", NULL, "two hexadecimal digits" },
        { "http://host/\\x", NULL, "no URL may hold" },
        { "http://a:1,http://b:1", NULL, "a list with spaces between" },
        { "http://a/,http://b/", NULL, "a list with spaces between" },
        { "http://http://a", NULL, "a list with spaces between" },
        { "http://a,", NULL, "spaces separate" },
        { "http://a:8083,", NULL, "spaces separate" },
        { "http://a/b,", NULL, "spaces separate" },
        { "http://a,b", NULL, "no valid host name" },
        { "unix:/run/x.sock", "unix:/run/x.sock", NULL },
        { "unix:///run/x.sock", "unix:/run/x.sock", NULL },
        { "unix:/", NULL, "no absolute path" },
        { "unix:", NULL, "no absolute path" },
        { "unix:run/x.sock", NULL, "no absolute path" },
        { "unix:/run/x/", NULL, "no absolute path" },
        { "unix:/run/x y", NULL, "holds a blank" },
        { "unix:/run/x\r", NULL, "holds a blank" },
        { "unix:/run/\303\266", NULL, "not ASCII" },
};

static void urls_are_bases_and_nothing_else(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
                _cleanup_free_ char *url = NULL;
                const char *problem = NULL;
                int r = value_url(urls[i].text, &url, &problem);

                if (urls[i].url) {
                        if (r != 0 || !streq(url, urls[i].url))
                                fail_msg("'%s' gives %d, '%s', '%s'", urls[i].text, r, strempty(url),
                                         strempty(problem));
                } else if (r != -EINVAL || url || !problem || !strstr(problem, urls[i].problem))
                        fail_msg("'%s' gives %d, '%s'", urls[i].text, r, strempty(problem));
                else if (!strchr(problem, ';'))
                        fail_msg("'%s' has no remedy", problem);
        }
}

static void long_host_names_are_measured(void **state) {
        char text[300] = "http://";
        _cleanup_free_ char *url = NULL;
        const char *problem;

        (void) state;
        memset(text + 7, 'a', 64); /* one label over 63 */
        assert_int_equal(value_url(text, &url, &problem), -EINVAL);
        text[7 + 40] = '.';
        assert_int_equal(value_url(text, &url, &problem), 0);
        memset(text + 7, 'a', 254);
        for (size_t i = 50; i < 254; i += 50)
                text[7 + i] = '.';
        url = (free(url), NULL);
        assert_int_equal(value_url(text, &url, &problem), -EINVAL);
        text[7 + 253] = '\0';
        assert_int_equal(value_url(text, &url, &problem), 0);
}

static void the_path_of_a_socket_is_measured(void **state) {
        char text[] =
                "unix:/"
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                "aaaaaaaaaaaaaaaaaaaa";
        _cleanup_free_ char *url = NULL;
        const char *problem;

        (void) state;
        assert_int_equal(strlen(listen_address_path(text)), 108);
        assert_int_equal(value_url(text, &url, &problem), -EINVAL);
        assert_non_null(strstr(problem, "107 bytes"));
        text[strlen(text) - 1] = '\0';
        assert_int_equal(value_url(text, &url, &problem), 0);
}

static void names_are_plain(void **state) {
        char name[SECTION_NAME_LEN_MAX + 2] = "";

        (void) state;
        assert_true(value_is_section_name("connect-a.1_B"));
        assert_false(value_is_section_name(""));
        assert_false(value_is_section_name("a b"));
        assert_false(value_is_section_name("a/b"));
        assert_false(value_is_section_name("\303\244"));
        memset(name, 'x', SECTION_NAME_LEN_MAX);
        assert_true(value_is_section_name(name));
        name[SECTION_NAME_LEN_MAX] = 'x';
        assert_false(value_is_section_name(name));

        assert_true(value_is_hostname("connect-1.example.org"));
        assert_false(value_is_hostname("connect_1"));
        assert_false(value_is_hostname("example.org."));
        assert_false(value_is_hostname(""));

        assert_true(value_is_credential_name("kafka-password"));
        assert_false(value_is_credential_name(".."));
        assert_false(value_is_credential_name(".hidden"));
        assert_false(value_is_credential_name("a/b"));
        assert_false(value_is_credential_name("a:b"));
        assert_false(value_is_credential_name(""));
}

static const struct {
        const char *text, *nearest;
} slips[] = {
        { "interval", "interval" },
        { "Interval", "interval" },
        { "intervall", "interval" },
        { "intrval", "interval" },
        { "itnerval", "interval" },
        { "retry-interval", "retry_interval" },
        { "retryinterval", "retry_interval" },
        { "RETRY_INTERVAL", "retry_interval" },
        { "urls", "url" },
        { "uri", "url" },
        { "uint", "unit" },
        { "servce", NULL },
        { "", NULL },
        { "x", NULL },
        { "a_name_that_is_far_longer_than_any_known_name_could_ever_be_in_this_table", NULL },
};

static void slips_are_recognised(void **state) {
        static const char *const names[] = { "interval", "retry_interval", "url", "unit", NULL };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(slips); i++)
                if (!streq_ptr(suggest_nearest(slips[i].text, names), slips[i].nearest))
                        fail_msg("'%s' gives '%s'", slips[i].text,
                                 strempty(suggest_nearest(slips[i].text, names)));
        assert_int_equal(suggest_distance("", ""), 0);
        assert_int_equal(suggest_distance("abc", ""), 3);
        assert_int_equal(suggest_distance("", "abc"), 3);
        assert_int_equal(suggest_distance("ab", "ba"), 1);
        assert_int_equal(suggest_distance("kitten", "sitting"), 3);
        assert_int_equal(suggest_distance("ca", "abc"), 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(booleans_are_as_systemd_has_them),
                cmocka_unit_test(numbers_and_sizes_are_read_whole_or_not_at_all),
                cmocka_unit_test(sizes_are_written_exactly),
                cmocka_unit_test(levels_have_names_and_numbers),
                cmocka_unit_test(urls_are_bases_and_nothing_else),
                cmocka_unit_test(long_host_names_are_measured),
                cmocka_unit_test(the_path_of_a_socket_is_measured),
                cmocka_unit_test(names_are_plain),
                cmocka_unit_test(slips_are_recognised),
        };

        return cmocka_run_group_tests_name("config-values", tests, NULL, NULL);
}
