/* headers_file: what is sent, what is refused, and that nothing of it is shown. */
#include <errno.h>

#include "http-fixture.h"
#include "observe/request_headers.h"
#include "util/text.h"

/* ---- lines ---- */

#define TEXT(t) .text = (t), .len = sizeof(t) - 1

static void test_each_line_is_a_header_or_refused(_unused_ void **state) {
        static const struct {
                const char *text;
                size_t len;
                const char *headers; /* those before the end or the problem, with | between */
                const char *problem; /* NULL: none */
                unsigned line;
        } rows[] = {
                { TEXT("X-Key: s3cret\n"), "X-Key: s3cret", NULL, 1 },
                { TEXT("X-Key: s3cret"), "X-Key: s3cret", NULL, 1 },
                { TEXT("A: 1\r\nB:2\r\n"), "A: 1|B:2", NULL, 2 },
                { TEXT("\n\r\nA: 1\n\nB: \t2 \n\n"), "A: 1|B: \t2 ", NULL, 6 },
                { TEXT("Cookie: a=b; c=\303\244\n"), "Cookie: a=b; c=\303\244", NULL, 1 },
                { TEXT(""), "", NULL, 0 },
                { TEXT("A: 1\nno header\nC: 3\n"), "A: 1", "is no \"Name: value\"", 2 },
                { TEXT(": 1\n"), "", "is no \"Name: value\"", 1 },
                { TEXT(" A: 1\n"), "", "is no \"Name: value\"", 1 },
                { TEXT("A : 1\n"), "", "is no \"Name: value\"", 1 },
                { TEXT("A;\n"), "", "is no \"Name: value\"", 1 },
                { TEXT("# A: 1\n"), "", "is no \"Name: value\"", 1 },
                { TEXT("\357\273\277A: 1\n"), "", "is no \"Name: value\"", 1 },
                { TEXT("A: 1\n\nB:\n"), "A: 1", "has no value", 3 },
                { TEXT("B: \t\n"), "", "has no value", 1 },
                { TEXT("A: 1\rB: 2\n"), "", "a control character", 1 },
                { TEXT("A: 1\0B: 2\n"), "", "a control character", 1 },
                { TEXT("A: \177\n"), "", "a control character", 1 },
                { TEXT("Host: elsewhere\n"), "", "remove the line", 1 },
                { TEXT("A: 1\ncontent-length: 5\n"), "A: 1", "remove the line", 2 },
                { TEXT("TRANSFER-ENCODING: chunked\n"), "", "remove the line", 1 },
                { TEXT("Accept-Encoding: gzip\n"), "", "remove the line", 1 },
                { TEXT("Hosts: 1\nContent: 2\n"), "Hosts: 1|Content: 2", NULL, 2 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char *text = malloc(rows[i].len + 1), read[128] = "";
                struct header_reader reader = { .rest = text, .end = text + rows[i].len };
                const char *header, *problem = NULL;
                int r;

                assert_non_null(text);
                memcpy(text, rows[i].text, rows[i].len + 1);
                while ((r = header_read(&reader, &header, &problem)) > 0)
                        text_append(read, sizeof(read), "%s%s", read[0] ? "|" : "", header);
                if (r != (rows[i].problem ? -EBADMSG : 0) || !streq(read, rows[i].headers) ||
                    reader.line != rows[i].line)
                        fail_msg("row %zu: %d, \"%s\", line %u", i, r, read, reader.line);
                if (rows[i].problem && !strstr(problem, rows[i].problem))
                        fail_msg("row %zu: %s", i, problem);
                free(text);
        }
}

/* ---- requests ---- */

static void set_headers(struct fixture *f, const char *text) {
        f->target.headers_file = write_file(f, "headers", text, strlen(text));
}

static void expect_sent(struct fixture *f, enum http_method method, const char *header, bool sent) {
        char request[4096];
        struct got g;

        ask(f, method == HTTP_HEAD ? "/head" : "/ok", method, &g);
        assert_int_equal(g.error, TRANSFER_OK);
        assert_true(g.withheld);
        scripted_server_last_request(f->server, request, sizeof(request));
        if (!strstr(request, header) == sent)
                fail_msg("%s: %s", header, request);
}

static void test_headers_are_sent_and_read_anew(void **state) {
        struct fixture *f = *state;
        struct got g;

        get(f, "/ok", &g);
        assert_false(g.withheld);
        set_headers(f, "X-Key: s3cret\r\n\r\nAccept: text/plain\r\n");
        expect_sent(f, HTTP_GET, "\r\nX-Key: s3cret\r\n", true);
        expect_sent(f, HTTP_HEAD, "\r\nX-Key: s3cret\r\n", true);
        expect_sent(f, HTTP_GET, "\r\nAccept: text/plain\r\n", true);
        expect_sent(f, HTTP_GET, "*/*", false);
        set_headers(f, "X-Key: other\n");
        expect_sent(f, HTTP_GET, "\r\nX-Key: other\r\n", true);
        expect_sent(f, HTTP_GET, "s3cret", false);
        expect_sent(f, HTTP_GET, "\r\nAccept: */*\r\n", true);
        /* One connection for all but the first, whose target is another. */
        assert_int_equal(scripted_server_connections(f->server), 1);
}

static void test_a_post_has_its_type_unless_another_is_given(void **state) {
        struct fixture *f = *state;

        set_headers(f, "X-Key: s3cret\n");
        expect_sent(f, HTTP_POST, "\r\nContent-Type: application/json\r\n", true);
        expect_sent(f, HTTP_POST, "\r\nX-Key: s3cret\r\n", true);
        expect_sent(f, HTTP_GET, "Content-Type", false);
        set_headers(f, "content-type: text/plain\n");
        expect_sent(f, HTTP_POST, "\r\ncontent-type: text/plain\r\n", true);
        expect_sent(f, HTTP_POST, "application/json", false);
}

static void test_an_authorization_of_the_file_counts(void **state) {
        struct fixture *f = *state;

        f->target.username = "watcher";
        f->target.password = "secret";
        set_headers(f, "Authorization: Token abc\n");
        expect_sent(f, HTTP_GET, "\r\nAuthorization: Token abc\r\n", true);
        expect_sent(f, HTTP_GET, "Authorization: Basic", false);
        f->target.password = NULL; /* not ours to wipe */
}

static void test_a_file_that_is_not_right(void **state) {
        static const struct {
                const char *text, *detail;
        } rows[] = {
                { "A: 1\nX-Secret s3cret\n", " line 2: it is no \"Name: value\"" },
                { "Host: s3cret\n",
                  " line 1: a header of that name is sent, or left out, for every request" },
                { "\n\r\n", " holds no header" },
                { "", " is empty" },
        };
        struct fixture *f = *state;
        struct got g;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char expected[512] = "headers_file ";

                set_headers(f, rows[i].text);
                text_append(expected, sizeof(expected), "%s%s", f->target.headers_file, rows[i].detail);
                get(f, "/ok", &g);
                assert_int_equal(g.error, TRANSFER_CREDENTIAL);
                assert_ptr_equal(strstr(g.detail, expected), g.detail);
                assert_null(strstr(g.detail, "s3cret"));
        }
        f->target.headers_file = "/nonexistent/headers";
        get(f, "/ok", &g);
        assert_string_equal(g.detail, "headers_file /nonexistent/headers: No such file or directory");
        assert_int_equal(scripted_server_requests(f->server), 0);
        /* And right again. */
        set_headers(f, "A: 1\n");
        expect_sent(f, HTTP_GET, "\r\nA: 1\r\n", true);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_line_is_a_header_or_refused),
                T(test_headers_are_sent_and_read_anew),
                T(test_a_post_has_its_type_unless_another_is_given),
                T(test_an_authorization_of_the_file_counts),
                T(test_a_file_that_is_not_right),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
