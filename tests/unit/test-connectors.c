/* The answer of GET /connectors?expand=status, cut in every way: what is found is the same, what is wrong is
 * an error, and memory is that of the largest connector. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "observe/connectors.h"
#include "util/text.h"

static char found[65536];
static size_t n_found, longest_trace;
static int refuse_with;

static int on_found(const struct connector_status *c, _unused_ void *userdata) {
        n_found++;
        text_append(found, sizeof(found), "%s", c->name);
        if (c->only_named) {
                text_append(found, sizeof(found), "\n");
                return refuse_with;
        }
        text_append(found, sizeof(found), " (%s) %s@%s", c->type,
                    connector_state_to_string(c->connector.state), c->connector.worker_id);
        longest_trace = MAX(longest_trace, strlen(c->connector.trace));
        assert_true(c->connector.id == -1);
        for (size_t i = 0; i < c->n_tasks; i++) {
                char line[64];

                longest_trace = MAX(longest_trace, strlen(c->tasks[i].trace));
                text_append(found, sizeof(found), " %d:%s@%s%s%s", (int) c->tasks[i].id,
                            connector_state_to_string(c->tasks[i].state), c->tasks[i].worker_id,
                            *c->tasks[i].trace ? ":" : "",
                            connector_trace_line(line, sizeof(line), c->tasks[i].trace));
        }
        text_append(found, sizeof(found), "\n");
        return refuse_with;
}

/* Feeds it in pieces: one of `first` bytes, then of `piece`. */
static int read_pieces(const char *text,
                       size_t len,
                       size_t first,
                       size_t piece,
                       char *problem,
                       size_t size) {
        _cleanup_(connectors_reader_freep) struct connectors_reader *r = NULL;
        int q = 0;

        found[0] = '\0';
        n_found = longest_trace = 0;
        assert_int_equal(connectors_reader_new(on_found, NULL, &r), 0);
        for (size_t at = 0, n = MIN(first, len); at <= len && q >= 0; at += n, n = MIN(piece, len - at)) {
                /* Of exactly its size, so that ASan and valgrind see a read past the end. */
                char *copy = malloc(MAX(n, (size_t) 1));

                assert_non_null(copy);
                memcpy(copy, text + at, n);
                q = connectors_reader_feed(r, copy, n);
                free(copy);
                if (at == len)
                        break;
        }
        q = connectors_reader_end(r);
        (void) snprintf(problem, size, "%s", connectors_reader_problem(r));
        return q;
}

static const char sample[] =
        " {\"orders \\\"1\\\"/\\u00e9\": "
        "{\"status\":{\"name\":\"x\",\"connector\":{\"state\":\"RUNNING\",\"worker_id\":"
        "\"10.0.0.1:8083\",\"version\":\"4.1.1\"},\"tasks\":[{\"id\":0,\"state\":\"FAILED\",\"worker_id\":"
        "\"b:8083\","
        "\"trace\":\"org.x.ConnectException: no \\\"]},{[\\\" at all\\n\\tat "
        "org.y\\r\\n\"},{\"id\":1,\"state\":\"new\","
        "\"worker_id\":\"b:1\",\"trace\":null}],\"type\":\"sink\"}},\r\n"
        "\"\xc3\xa9\":{\"info\":{\"config\":{\"a\":[1,{}]}},\"status\":{\"connector\":{\"state\":"
        "\"unassigned\","
        "\"worker_id\":\"c:1\",\"trace\":\"t\"},\"tasks\":[]}}\t,"
        "\"\\\\u0000\":{\"status\":{\"connector\":{\"state\":\"STOPPED\",\"worker_id\":\"\"},\"tasks\":[],"
        "\"type\":"
        "\"source\"}}} \n";

static const char sample_found[] = "orders \"1\"/\xc3\xa9 (sink) RUNNING@10.0.0.1:8083 "
                                   "0:FAILED@b:8083:org.x.ConnectException: no \"]},{[\" at "
                                   "all 1:OTHER@b:1\n"
                                   "\xc3\xa9 () UNASSIGNED@c:1\n"
                                   "\\u0000 (source) STOPPED@\n";

static void test_cut_anywhere_it_reads_the_same(_unused_ void **state) {
        const size_t len = sizeof(sample) - 1;
        char problem[128];

        for (size_t i = 0; i <= len; i++) {
                assert_int_equal(read_pieces(sample, len, i, len, problem, sizeof(problem)), 0);
                assert_string_equal(found, sample_found);
        }
        for (size_t piece = 1; piece < 8; piece++) {
                assert_int_equal(read_pieces(sample, len, piece, piece, problem, sizeof(problem)), 0);
                assert_string_equal(found, sample_found);
        }
}

static void test_cut_short_it_is_an_error(_unused_ void **state) {
        const size_t len = sizeof(sample) - 3; /* without the blanks after it */
        char problem[128];

        for (size_t i = 0; i < len; i++) {
                assert_int_equal(read_pieces(sample, i, i, 1, problem, sizeof(problem)), -EBADMSG);
                assert_string_equal(problem, "it ends too early");
        }
}

#define C "{\"status\":{\"connector\":{\"state\":\"FAILED\",\"worker_id\":\"w\"},\"tasks\":[]}}"
#define T(task)                                                                                             \
        "{\"a\":{\"status\":{\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w\"},\"tasks\":[" task    \
        "]}}}"

static void test_what_is_well_formed(_unused_ void **state) {
        static const struct {
                const char *text, *found;
        } cases[] = {
                { "{}", "" },
                { " { } ", "" },
                { "[]", "" },
                { "[ ]", "" },
                { "[\"a\"]", "a\n" },
                { "[ \"a,]\" , \"\\u00e9[\" ]", "a,]\n\xc3\xa9[\n" },
                { "{\"\":" C "}", " () FAILED@w\n" },
                { "{\"a\":" C ",\"a\":" C "}", "a () FAILED@w\na () FAILED@w\n" },
                { T("{\"id\":7,\"state\":\"PAUSED\",\"worker_id\":\"v\",\"trace\":\"x\\u0000y\"}"),
                  "a () RUNNING@w 7:PAUSED@v:x\n" },
        };
        char problem[128];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t len = strlen(cases[i].text);

                if (read_pieces(cases[i].text, len, len, len, problem, sizeof(problem)) != 0)
                        fail_msg("%s: %s", cases[i].text, problem);
                assert_string_equal(found, cases[i].found);
                assert_int_equal(read_pieces(cases[i].text, len, 1, 1, problem, sizeof(problem)), 0);
                assert_string_equal(found, cases[i].found);
        }
}

static void test_what_is_malformed(_unused_ void **state) {
        static const char *const cases[] = {
                "",
                "null",
                "\"a\"",
                "<html>",
                "{",
                "{}}",
                "{} x",
                "{]",
                "[}",
                "{,}",
                "{\"a\":" C ",}",
                "{,\"a\":" C "}",
                "{\"a\":" C ",,\"b\":" C "}",
                "{\"a\":" C " \"b\":" C "}",
                "{\"a\" " C "}",
                "{a:" C "}",
                "{'a':" C "}",
                "{" C "}",
                "{\"a\\u0000b\":" C "}",
                "{\"a:\\u0000b\":" C "}",
                "{\"a\":null}",
                "{\"a\":1}",
                "{\"a\":[]}",
                "{\"a\":{}}",
                "{\"a\":{\"info\":{}}}",
                "{\"a\":{\"status\":null}}",
                "{\"a\":{\"status\":{\"tasks\":[]}}}",
                "{\"a\":{\"status\":{\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w\"}}}}",
                "{\"a\":{\"status\":{\"connector\":{\"state\":1,\"worker_id\":\"w\"},\"tasks\":[]}}}",
                "{\"a\":{\"status\":{\"connector\":{\"state\":\"RUNNING\"},\"tasks\":[]}}}",
                "{\"a\":{\"status\":{\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w\"},\"tasks\":{}}"
                "}}",
                "{\"error_code\":500,\"message\":\"Request timed out\"}",
                "[1]",
                "[null]",
                "[[\"a\"]]",
                "[\"a\" \"b\"]",
                "[\"a\",]",
                "[\"a\\u0000b\"]",
                "[{\"a\":1}]",
                "{\"a\":" C "]",
                "{\"a\":{\"status\":{\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w\"],\"tasks\":[]}"
                "}}",
                "{\"a\xff\":" C "}",
                T("1"),
                T("{\"state\":\"FAILED\",\"worker_id\":\"w\"}"),
                T("{\"id\":\"0\",\"state\":\"FAILED\",\"worker_id\":\"w\"}"),
                T("{\"id\":-1,\"state\":\"FAILED\",\"worker_id\":\"w\"}"),
                T("{\"id\":4294967296,\"state\":\"FAILED\",\"worker_id\":\"w\"}"),
                T("{\"id\":0,\"state\":\"FAILED\",\"worker_id\":\"w\",\"trace\":5}"),
                T("{\"id\":0,\"state\":\"FAILED\",\"worker_id\":\"w\",\"trace\":\"\\x\"}"),
                T("{\"id\":0,\"state\":\"FAILED\",\"worker_id\":\"w\",\"trace\":\"a\nb\"}"),
        };
        char problem[128];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t len = strlen(cases[i]);

                for (size_t piece = 1; piece < 3; piece++)
                        if (read_pieces(cases[i], len, piece * piece, piece, problem, sizeof(problem)) !=
                            -EBADMSG)
                                fail_msg("taken: %s", cases[i]);
                assert_true(strlen(problem) > 5);
        }
}

static void test_who_is_given_them_can_end_it(_unused_ void **state) {
        static const char text[] = "{\"a\":" C ",\"b\":" C "}";
        char problem[128];

        refuse_with = -ENOSPC;
        assert_int_equal(read_pieces(text, sizeof(text) - 1, 1000, 1, problem, sizeof(problem)), -ENOSPC);
        assert_int_equal(n_found, 1);
        refuse_with = 0;
}

/* A trace of `unit` again and again, up to `bytes`. */
static char *with_trace(const char *unit, size_t bytes, size_t *ret_len) {
        static const char head[] =
                "{\"a\":{\"status\":{\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w\"},"
                "\"tasks\":[{\"id\":0,\"state\":\"FAILED\",\"worker_id\":\"w\",\"trace\":\"";
        char *text = malloc(bytes + 300), *at = text;

        assert_non_null(text);
        at += sprintf(at, "%s", head);
        while ((size_t) (at - text) < bytes)
                at += sprintf(at, "%s", unit);
        at += sprintf(at, "\"}]}}}");
        *ret_len = (size_t) (at - text);
        return text;
}

static void test_a_long_trace_is_cut_between_characters(_unused_ void **state) {
        static const char *const units[] = {
                "x",        "\xc3\xa9", "a\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\n",
                "a\\u20ac", "\\\\",     "\\\"",          "\\ud83d\\ude00",   "ab\\u00e9"
        };
        char problem[128];

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                for (size_t piece = 1; piece < 40000; piece = piece * 3 + 1) {
                        size_t len;
                        _cleanup_free_ char *text = with_trace(units[i], 3 * CONNECTORS_STRING_MAX, &len);

                        if (read_pieces(text, len, piece, piece, problem, sizeof(problem)) != 0)
                                fail_msg("%s by %zu: %s", units[i], piece, problem);
                        assert_int_equal(n_found, 1);
                        assert_in_range(longest_trace, CONNECTORS_STRING_MAX / 8,
                                        CONNECTORS_STRING_MAX + 16);
                }
}

static void test_memory_is_that_of_the_largest(_unused_ void **state) {
        _cleanup_(connectors_reader_freep) struct connectors_reader *r = NULL;
        char text[256];

        found[0] = '\0';
        n_found = 0;
        assert_int_equal(connectors_reader_new(on_found, NULL, &r), 0);
        assert_int_equal(connectors_reader_feed(r, "{", 1), 0);
        for (int i = 0; i < 10000; i++) {
                int n = sprintf(text, "%s\"connector-%05d\":" C, i > 0 ? "," : "", i);

                found[0] = '\0';
                assert_int_equal(connectors_reader_feed(r, text, (size_t) n), 0);
        }
        assert_int_equal(connectors_reader_feed(r, "}", 1), 0);
        assert_int_equal(connectors_reader_end(r), 0);
        assert_int_equal(n_found, 10000);
        assert_in_range(connectors_reader_largest(r), 50, 200);
}

static void test_one_that_is_too_large_is_an_error(_unused_ void **state) {
        _cleanup_(connectors_reader_freep) struct connectors_reader *r = NULL;
        static char block[1 << 20];
        int q = 0;

        memset(block, ' ', sizeof(block));
        assert_int_equal(connectors_reader_new(on_found, NULL, &r), 0);
        assert_int_equal(connectors_reader_feed(r, "{\"a\":", 5), 0);
        for (int i = 0; q >= 0 && i < 20; i++)
                q = connectors_reader_feed(r, block, sizeof(block));
        assert_int_equal(q, -EFBIG);
        assert_int_equal(connectors_reader_end(r), -EFBIG);
        assert_string_equal(connectors_reader_problem(r), "one connector is too large");
}

static void test_a_single_status_as_old_workers_tell_it(_unused_ void **state) {
        static const char text[] =
                "{\"name\":\"x\",\"connector\":{\"state\":\"FAILED\",\"worker_id\":\"w\"},"
                "\"tasks\":[{\"id\":3,\"state\":\"RUNNING\",\"worker_id\":\"w\"}]}";

        found[0] = '\0';
        assert_int_equal(connector_status_read("x", text, sizeof(text) - 1, on_found, NULL), 0);
        assert_string_equal(found, "x () FAILED@w 3:RUNNING@w\n");
        assert_int_equal(connector_status_read("x", text, sizeof(text) - 2, on_found, NULL), -EBADMSG);
        assert_int_equal(connector_status_read("x", "[]", 2, on_found, NULL), -EBADMSG);
}

static void test_names_are_percent_encoded(_unused_ void **state) {
        static const struct {
                const char *name, *path;
        } cases[] = {
                { "orders-1_a.b~", "/connectors/orders-1_a.b~/status" },
                { "a b/c?d#e%f", "/connectors/a%20b%2Fc%3Fd%23e%25f/status" },
                { "\xc3\xa9+&=", "/connectors/%C3%A9%2B%26%3D/status" },
                { "..", "/connectors/%2E%2E/status" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *path = connector_path(cases[i].name, "/status");

                assert_string_equal(path, cases[i].path);
        }
}

static void test_states_have_names(_unused_ void **state) {
        for (enum connector_state s = 1; s < _CONNECTOR_STATE_MAX; s++) {
                assert_int_equal(connector_state_from_string(connector_state_to_string(s)), s);
                assert_string_equal(connector_state_to_string(s), connector_state_names[s - 1]);
        }
        assert_int_equal(connector_state_from_string("Failed"), CONNECTOR_FAILED);
        assert_int_equal(connector_state_from_string("OTHER"), CONNECTOR_STATE_OTHER);
        assert_int_equal(connector_state_bit(CONNECTOR_STATE_OTHER), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cut_anywhere_it_reads_the_same),
                cmocka_unit_test(test_cut_short_it_is_an_error),
                cmocka_unit_test(test_what_is_well_formed),
                cmocka_unit_test(test_what_is_malformed),
                cmocka_unit_test(test_who_is_given_them_can_end_it),
                cmocka_unit_test(test_a_long_trace_is_cut_between_characters),
                cmocka_unit_test(test_memory_is_that_of_the_largest),
                cmocka_unit_test(test_one_that_is_too_large_is_an_error),
                cmocka_unit_test(test_a_single_status_as_old_workers_tell_it),
                cmocka_unit_test(test_names_are_percent_encoded),
                cmocka_unit_test(test_states_have_names),
        };

        return cmocka_run_group_tests_name("connectors", tests, NULL, NULL);
}
