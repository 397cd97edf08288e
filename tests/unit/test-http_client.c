/* The HTTP client against a scripted server: every way in which an answer does not come, credentials,
 * cancelling at any moment. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "http-fixture.h"

static void test_each_answer_or_the_lack_of_one(void **state) {
        static const struct {
                const char *path;
                enum transfer_error error;
                unsigned status;
                const char *detail; /* a part of it */
        } rows[] = {
                { "/ok", TRANSFER_OK, 200, "" },
                { "/chunked", TRANSFER_OK, 200, "" },
                { "/ok-then-close", TRANSFER_OK, 200, "" },
                { "/status/204", TRANSFER_OK, 204, "" },
                { "/status/302", TRANSFER_OK, 302, "" },
                { "/status/401", TRANSFER_OK, 401, "" },
                { "/status/503", TRANSFER_OK, 503, "" },
                { "/hang", TRANSFER_TIMEOUT, 0, "connected, but nothing came" },
                { "/half-head", TRANSFER_TIMEOUT, 0, "came" },
                { "/half-body", TRANSFER_TIMEOUT, 0, "HTTP 200 and 4 bytes came" },
                { "/cut-body", TRANSFER_RESET, 0, "96 bytes" },
                { "/endless-body", TRANSFER_TOO_LARGE, 0, "more than 100000 bytes" },
                { "/large-announced", TRANSFER_TOO_LARGE, 0, "" },
                { "/endless-headers", TRANSFER_TOO_LARGE, 0, "headers without end" },
                { "/endless-interim", TRANSFER_TOO_LARGE, 0, "headers without end" },
                { "/reset", TRANSFER_RESET, 0, "" },
                { "/reset-in-body", TRANSFER_RESET, 0, "" },
                { "/close", TRANSFER_RESET, 0, "Empty reply" },
                { "/not-http", TRANSFER_NOT_HTTP, 0, "" },
                { "/garbage", TRANSFER_NOT_HTTP, 0, "" },
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct got g;

                f->target.timeout_usec =
                        rows[i].error == TRANSFER_TIMEOUT ? 300 * USEC_PER_MSEC : 20 * USEC_PER_SEC;
                get(f, rows[i].path, &g);
                if (g.error != rows[i].error || g.status != rows[i].status ||
                    !strstr(g.detail, rows[i].detail))
                        fail_msg("%s: error %d, status %u, %s", rows[i].path, g.error, g.status, g.detail);
                if (rows[i].error == TRANSFER_OK)
                        assert_string_equal(g.detail, "");
        }
}

static void test_what_an_answer_holds(void **state) {
        struct fixture *f = *state;
        char request[4096];
        struct got g;

        get(f, "/ok", &g);
        assert_string_equal(g.type, "application/json");
        assert_string_equal(g.body, "{}");
        assert_int_equal(g.body_len, 2);
        get(f, "/chunked", &g);
        assert_string_equal(g.type, "");
        assert_string_equal(g.body, "abcde");

        scripted_server_last_request(f->server, request, sizeof(request));
        assert_non_null(strstr(request, "User-Agent: connect-watchdog/" PROJECT_VERSION "\r\n"));
        assert_null(strstr(request, "Accept-Encoding"));
        assert_null(strstr(request, "Authorization"));
        /* Jetty would answer 404 in JSON to one who asks for JSON, and starting would look like something
         * else. */
        assert_non_null(strstr(request, "Accept: */*\r\n"));
}

static void test_methods_on_one_connection(void **state) {
        static const struct {
                const char *path;
                enum http_method method;
                const char *line;
                size_t body_len;
        } rows[] = {
                { "/ok", HTTP_GET, "GET /ok HTTP/1.1\r\n", 2 },
                { "/head", HTTP_HEAD, "HEAD /head HTTP/1.1\r\n", 0 },
                { "/ok", HTTP_POST, "POST /ok HTTP/1.1\r\n", 2 },
                { "/head", HTTP_HEAD, "HEAD /head HTTP/1.1\r\n", 0 },
                { "/ok", HTTP_GET, "GET /ok HTTP/1.1\r\n", 2 },
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char request[4096];
                struct got g;

                ask(f, rows[i].path, rows[i].method, &g);
                assert_int_equal(g.error, TRANSFER_OK);
                assert_int_equal(g.body_len, rows[i].body_len);
                scripted_server_last_request(f->server, request, sizeof(request));
                assert_ptr_equal(strstr(request, rows[i].line), request);
        }
        assert_int_equal(scripted_server_connections(f->server), 1);
}

static void test_what_a_post_sends(void **state) {
        static const char *const bodies[] = { "{\"a\":\"\303\244\"}", NULL, "[]", "" };
        struct fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                char request[4096], length[64];
                struct http_request *r = NULL;
                struct got g = { 0 };

                assert_int_equal(
                        bodies[i] ? http_post_json(f->client, &f->target, "/ok", bodies[i], on_done, &g, &r)
                                  : http_post(f->client, &f->target, "/ok", on_done, &g, &r),
                        0);
                run_until(f, &g.n, 1);
                http_request_unref(r);
                assert_int_equal(g.status, 200);
                scripted_server_last_request(f->server, request, sizeof(request));
                (void) snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n",
                                strlen(strempty(bodies[i])));
                assert_non_null(strstr(request, length));
                assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
                assert_string_equal(strstr(request, "\r\n\r\n") + 4, strempty(bodies[i]));
        }
        assert_int_equal(scripted_server_connections(f->server), 1);
}

static void test_a_redirect_is_told_and_not_followed(void **state) {
        struct fixture *f = *state;
        char path[256];
        struct got g;

        get(f, "/sent-to=/actuator/health", &g);
        assert_int_equal(g.status, 301);
        assert_string_equal(g.redirect, "/actuator/health");
        (void) snprintf(path, sizeof(path), "/sent-to=%s/a?b=c", f->target.base_url);
        get(f, path, &g);
        assert_string_equal(g.redirect, "/a?b=c");
        get(f, "/sent-to=http://127.0.0.2/actuator/health", &g);
        assert_string_equal(g.redirect, "");
        /* The same host, but another port that only begins like ours. */
        (void) snprintf(path, sizeof(path), "/sent-to=%s9/a", f->target.base_url);
        get(f, path, &g);
        assert_string_equal(g.redirect, "");
        get(f, "/ok", &g);
        assert_string_equal(g.redirect, "");
        assert_int_equal(scripted_server_requests(f->server), 5);
}

static void test_the_connection_is_kept(void **state) {
        struct fixture *f = *state;
        struct got g;

        for (unsigned i = 0; i < 20; i++) {
                get(f, i % 2 ? "/ok" : "/chunked", &g);
                assert_int_equal(g.error, TRANSFER_OK);
        }
        assert_int_equal(scripted_server_requests(f->server), 20);
        assert_int_equal(scripted_server_connections(f->server), 1);

        /* One that the server closed meanwhile is no failure. */
        get(f, "/ok-then-close", &g);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_OK);
        assert_int_equal(scripted_server_connections(f->server), 2);
}

static void test_the_environment_s_proxy_is_ignored(void **state) {
        struct fixture *f = *state;
        struct got g;

        assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
        assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
        get(f, "/ok", &g);
        unsetenv("http_proxy");
        unsetenv("ALL_PROXY");
        assert_int_equal(g.error, TRANSFER_OK);
}

static void test_refused(void **state) {
        struct fixture *f = *state;
        struct got g;
        char base[64];

        (void) snprintf(base, sizeof(base), "http://localhost:%u", scripted_server_port(f->server));
        f->server = scripted_server_free(f->server);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_REFUSED);
        assert_string_equal(g.detail, "Connection refused");
        f->target.base_url = base;
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_REFUSED);
}

static void test_localhost(void **state) {
        struct fixture *f = *state;
        struct got g;
        char base[64];

        (void) snprintf(base, sizeof(base), "http://localhost:%u", scripted_server_port(f->server));
        f->target.base_url = base;
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_OK);
}

static void test_urls_that_are_not_taken(void **state) {
        static const char *const urls[] = { "",        "ftp://127.0.0.1",      "file:///etc/passwd",
                                            "http://", "http://u:p@127.0.0.1", ("http://\xc3\xbc.example") };
        struct fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
                struct http_request *r = NULL;
                struct got g = { 0 };

                f->target.base_url = urls[i];
                assert_int_equal(http_get(f->client, &f->target, "/", on_done, &g, &r), -EINVAL);
                assert_null(r);
                assert_int_equal(g.n, 0);
        }
}

static void test_many_at_once(void **state) {
        enum { N = 200 };
        struct fixture *f = *state;
        struct http_request *r[N] = { NULL };
        struct got *g = calloc(N, sizeof(*g));
        unsigned n_ok = 0;

        assert_non_null(g);
        for (unsigned i = 0; i < N; i++)
                assert_int_equal(
                        http_get(f->client, &f->target, i % 10 ? "/ok" : "/reset", on_done, &g[i], &r[i]),
                        0);
        for (unsigned i = 0; i < N; i++) {
                run_until(f, &g[i].n, 1);
                n_ok += g[i].error == TRANSFER_OK;
                http_request_unref(r[i]);
        }
        assert_int_equal(n_ok, N - N / 10);
        free(g);
}

static void test_no_descriptors_is_our_own_lack(void **state) {
        struct fixture *f = *state;
        struct rlimit before, none;
        struct got g;
        int fd;

        /* The server must not need one either: nothing gets as far as a connection. */
        fd = dup(0);
        assert_true(fd >= 0);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = before;
        none.rlim_cur = (rlim_t) fd;
        (void) close(fd);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        get(f, "/ok", &g);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(g.error, TRANSFER_NO_RESOURCES);
        assert_string_equal(g.detail, strerror(EMFILE));
}

/* ---- cancelling ---- */

static void test_dropped_within_done(void **state) {
        struct fixture *f = *state;
        struct http_request *r = NULL;
        struct got g = { .to_drop = &r };

        assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g, &r), 0);
        run_until(f, &g.n, 1);
        assert_null(r);
}

static void test_the_client_freed_within_done(void **state) {
        struct fixture *f = *state;
        struct http_request *r = NULL, *other = NULL;
        struct got g = { .to_free = &f->client }, g_other = { 0 };

        assert_int_equal(http_get(f->client, &f->target, "/hang", on_done, &g_other, &other), 0);
        assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g, &r), 0);
        run_until(f, &g.n, 1);
        assert_null(f->client);
        assert_string_equal(g.body, "{}");
        http_request_unref(r);
        http_request_unref(other);
        assert_int_equal(g_other.n, 0);
}

static void test_dropped_in_flight(void **state) {
        struct fixture *f = *state;
        struct http_request *r = NULL, *next = NULL;
        struct got g = { 0 }, g_next = { 0 };

        assert_int_equal(http_get(f->client, &f->target, "/hang", on_done, &g, &r), 0);
        for (unsigned i = 0; i < 100000 && scripted_server_requests(f->server) == 0; i++)
                assert_true(sd_event_run(f->event, 10 * USEC_PER_MSEC) >= 0);
        r = http_request_unref(r);
        assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g_next, &next), 0);
        /* And one that was only just begun. */
        assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g, &r), 0);
        http_request_unref(r);
        run_until(f, &g_next.n, 1);
        assert_int_equal(g_next.error, TRANSFER_OK);
        assert_int_equal(g.n, 0);
        http_request_unref(next);
}

/* What curl then says of its timer may not take the end of the first with it. */
static void test_an_end_is_told_though_another_request_is_dropped(void **state) {
        struct http_request *hung = NULL, *failed = NULL;
        struct got g_hung = { 0 }, g_failed = { 0 };
        struct rlimit before, none;
        struct fixture *f = *state;

        assert_int_equal(http_get(f->client, &f->target, "/hang", on_done, &g_hung, &hung), 0);
        for (unsigned i = 0; i < 100000 && scripted_server_requests(f->server) == 0; i++)
                assert_true(sd_event_run(f->event, 10 * USEC_PER_MSEC) >= 0);
        /* Without descriptors it fails at once. */
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = before;
        none.rlim_cur = 3;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g_failed, &failed), 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        http_request_unref(hung);
        for (unsigned i = 0; i < 100 && g_failed.n == 0; i++)
                assert_true(sd_event_run(f->event, 50 * USEC_PER_MSEC) >= 0);
        assert_int_equal(g_failed.n, 1);
        assert_int_equal(g_failed.error, TRANSFER_NO_RESOURCES);
        assert_int_equal(g_hung.n, 0);
        http_request_unref(failed);
}

static void test_the_client_freed_in_flight(void **state) {
        struct fixture *f = *state;
        struct http_request *r[3] = { NULL };
        struct got g = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(r); i++)
                assert_int_equal(
                        http_get(f->client, &f->target, i == 0 ? "/half-body" : "/hang", on_done, &g, &r[i]),
                        0);
        for (unsigned i = 0; i < 100000 && scripted_server_requests(f->server) < 3; i++)
                assert_true(sd_event_run(f->event, 10 * USEC_PER_MSEC) >= 0);
        f->client = http_client_free(f->client);
        for (unsigned i = 0; i < 5; i++)
                assert_true(sd_event_run(f->event, 0) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(r); i++)
                http_request_unref(r[i]);
        assert_int_equal(g.n, 0);
}

/* ---- credentials ---- */

static void test_credentials_are_sent_and_read_anew(void **state) {
        struct fixture *f = *state;
        char request[4096];
        struct got g;

        f->target.username = "watcher";
        f->target.password_file = write_file(f, "password", "secret\n", 7);
        get(f, "/ok", &g);
        scripted_server_last_request(f->server, request, sizeof(request));
        assert_non_null(strstr(request, "Authorization: Basic d2F0Y2hlcjpzZWNyZXQ=\r\n"));
        (void) write_file(f, "password", "other", 5);
        get(f, "/ok", &g);
        scripted_server_last_request(f->server, request, sizeof(request));
        assert_non_null(strstr(request, "Authorization: Basic d2F0Y2hlcjpvdGhlcg==\r\n"));

        f->target.username = f->target.password_file = NULL;
        f->target.bearer_token_file = write_file(f, "token", "abc.def\r\n", 9);
        get(f, "/ok", &g);
        scripted_server_last_request(f->server, request, sizeof(request));
        assert_non_null(strstr(request, "Authorization: Bearer abc.def\r\n"));
}

static void test_credentials_that_cannot_be_read(void **state) {
        struct fixture *f = *state;
        char path[64], expected[128], large[70000];
        struct got g;

        f->target.bearer_token_file = "/nonexistent/token";
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_CREDENTIAL);
        assert_string_equal(g.detail, "bearer_token_file /nonexistent/token: No such file or directory");

        f->target.bearer_token_file = write_file(f, "token", "a\nX-Header: injected", 20);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_CREDENTIAL);
        assert_non_null(strstr(g.detail, "holds a line break"));

        f->target.bearer_token_file = write_file(f, "token", "a\0b", 3);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_CREDENTIAL);

        f->target.bearer_token_file = write_file(f, "token", "\n", 1);
        get(f, "/ok", &g);
        assert_non_null(strstr(g.detail, "is empty"));

        memset(large, 'x', sizeof(large));
        f->target.bearer_token_file = write_file(f, "token", large, sizeof(large));
        get(f, "/ok", &g);
        assert_non_null(strstr(g.detail, "too large"));

        f->target.bearer_token_file = NULL;
        f->target.username = "watcher";
        (void) snprintf(path, sizeof(path), "%s/pipe", f->directory);
        assert_int_equal(mkfifo(path, 0600), 0);
        f->target.password_file = path;
        get(f, "/ok", &g);
        (void) snprintf(expected, sizeof(expected), "password_file %s is no regular file", path);
        assert_string_equal(g.detail, expected);
        assert_int_equal(scripted_server_requests(f->server), 0);
}

struct stream {
        struct got got;
        char text[64];
        size_t len;
        size_t refuse_after;
};

static int on_stream(const char *data, size_t len, void *userdata) {
        struct stream *s = userdata;

        size_t at = MIN(s->len, sizeof(s->text) - 1);

        memcpy(s->text + at, data, MIN(len, sizeof(s->text) - 1 - at));
        s->len += len;
        return s->len > s->refuse_after ? -ENOSPC : 0;
}

static void get_stream(struct fixture *f, const char *path, struct stream *s) {
        struct http_request *r = NULL;
        size_t refuse_after = s->refuse_after;

        *s = (struct stream) { .refuse_after = refuse_after };
        assert_int_equal(http_get_stream(f->client, &f->target, path, on_stream, on_done, s, &r), 0);
        run_until(f, &s->got.n, 1);
        http_request_unref(r);
}

static void test_a_body_is_handed_on_as_it_comes(void **state) {
        struct stream s = { .refuse_after = SIZE_MAX };
        struct fixture *f = *state;
        struct got g;

        get_stream(f, "/chunked", &s);
        assert_int_equal(s.got.error, TRANSFER_OK);
        assert_string_equal(s.text, "abcde");
        assert_int_equal(s.got.body_len, 0);

        /* The next one of the same connection is kept again. */
        get(f, "/ok", &g);
        assert_string_equal(g.body, "{}");
        assert_int_equal(scripted_server_connections(f->server), 1);

        /* The cap counts what was handed on. */
        get_stream(f, "/endless-body", &s);
        assert_int_equal(s.got.error, TRANSFER_TOO_LARGE);
        assert_in_range(s.len, 1, f->target.max_response_bytes);
        get_stream(f, "/cut-body", &s);
        assert_int_equal(s.got.error, TRANSFER_RESET);

        /* Of an answer that nobody awaited nothing is handed on. */
        get_stream(f, "/old/health", &s);
        assert_int_equal(s.got.status, 404);
        assert_int_equal(s.len, 0);
        assert_non_null(strstr(s.got.body, "error_code"));
}

static void test_who_takes_a_body_can_end_it(void **state) {
        struct stream s = { .refuse_after = 10000 };
        struct fixture *f = *state;

        get_stream(f, "/endless-body", &s);
        assert_int_equal(s.got.error, TRANSFER_NO_RESOURCES);
        assert_in_range(s.len, 10001, 10000 + 20000);
}

static void test_a_post_and_then_a_get(void **state) {
        struct fixture *f = *state;
        struct http_request *r = NULL;
        struct got g = { 0 };
        char request[4096];

        assert_int_equal(http_post(f->client, &f->target, "/ok", on_done, &g, &r), 0);
        run_until(f, &g.n, 1);
        http_request_unref(r);
        assert_int_equal(g.status, 200);
        scripted_server_last_request(f->server, request, sizeof(request));
        assert_memory_equal(request, "POST /ok HTTP/1.1\r\n", 19);
        assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
        assert_non_null(strstr(request, "\r\nContent-Length: 0\r\n"));

        get(f, "/ok", &g);
        scripted_server_last_request(f->server, request, sizeof(request));
        assert_memory_equal(request, "GET /ok HTTP/1.1\r\n", 18);
        assert_null(strstr(request, "Content-"));
        assert_int_equal(scripted_server_connections(f->server), 1);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(test_each_answer_or_the_lack_of_one),
                T(test_what_an_answer_holds),
                T(test_methods_on_one_connection),
                T(test_what_a_post_sends),
                T(test_a_redirect_is_told_and_not_followed),
                T(test_the_connection_is_kept),
                T(test_the_environment_s_proxy_is_ignored),
                T(test_refused),
                T(test_localhost),
                T(test_urls_that_are_not_taken),
                T(test_many_at_once),
                T(test_no_descriptors_is_our_own_lack),
                T(test_dropped_within_done),
                T(test_the_client_freed_within_done),
                T(test_dropped_in_flight),
                T(test_an_end_is_told_though_another_request_is_dropped),
                T(test_the_client_freed_in_flight),
                T(test_credentials_are_sent_and_read_anew),
                T(test_credentials_that_cannot_be_read),
                T(test_a_body_is_handed_on_as_it_comes),
                T(test_who_takes_a_body_can_end_it),
                T(test_a_post_and_then_a_get),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
