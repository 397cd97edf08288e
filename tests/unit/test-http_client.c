/* The HTTP client against a scripted server: every way in which an answer does not come, cancelling at any moment, names
 * that never resolve. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "observe/http_client_private.h"
#include "observe/poll.h"
#include "scripted_server.h"

struct got {
        unsigned n;
        enum transfer_error error;
        unsigned status;
        char type[64];
        char body[64];
        size_t body_len;
        char detail[256];
        struct http_request **to_drop;
        struct http_client **to_free;
};

struct fixture {
        sd_event *event;
        struct scripted_server *server;
        struct http_client *client;
        char base[64];
        struct http_target target;
        char directory[32];
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_true(sd_event_new(&f->event) >= 0);
        f->server = scripted_server_new();
        assert_int_equal(http_client_new(f->event, &f->client), 0);
        (void) snprintf(f->base, sizeof(f->base), "http://127.0.0.1:%u", scripted_server_port(f->server));
        f->target = (struct http_target) {
                .base_url = f->base,
                .verify = true,
                .timeout_usec = 20 * USEC_PER_SEC,
                .max_response_bytes = 100000,
        };
        strcpy(f->directory, "/tmp/http-client-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;
        char command[64];

        http_client_free(f->client);
        scripted_server_free(f->server);
        sd_event_unref(f->event);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        assert_int_equal(system(command), 0);
        free(f);
        return 0;
}

static void on_done(_unused_ struct http_request *r, const struct answer *a, void *userdata) {
        struct got *g = userdata;

        g->n++;
        g->error = a->error;
        g->status = a->status;
        g->body_len = a->body_len;
        (void) snprintf(g->type, sizeof(g->type), "%s", a->content_type);
        (void) snprintf(g->body, sizeof(g->body), "%.*s", (int) MIN(a->body_len, 60U), a->body);
        (void) snprintf(g->detail, sizeof(g->detail), "%s", a->detail);
        if (g->to_drop)
                *g->to_drop = http_request_unref(*g->to_drop);
        if (g->to_free)
                *g->to_free = http_client_free(*g->to_free);
}

static void run_until(struct fixture *f, const unsigned *count, unsigned wanted) {
        for (unsigned i = 0; *count < wanted && i < 100000; i++)
                assert_true(sd_event_run(f->event, 30 * USEC_PER_SEC) >= 0);
        assert_int_equal(*count, wanted);
}

static void get(struct fixture *f, const char *path, struct got *g) {
        struct http_request *r = NULL;

        *g = (struct got) { 0 };
        assert_int_equal(http_get(f->client, &f->target, path, on_done, g, &r), 0);
        assert_int_equal(g->n, 0);      /* never from within */
        run_until(f, &g->n, 1);
        http_request_unref(r);
}

static void test_each_answer_or_the_lack_of_one(void **state) {
        static const struct {
                const char *path;
                enum transfer_error error;
                unsigned status;
                const char *detail;     /* a part of it */
        } rows[] = {
                { "/ok", TRANSFER_OK, 200, "" },
                { "/chunked", TRANSFER_OK, 200, "" },
                { "/ok-then-close", TRANSFER_OK, 200, "" },
                { "/status/204", TRANSFER_OK, 204, "" },
                { "/status/302", TRANSFER_OK, 302, "" },
                { "/status/401", TRANSFER_OK, 401, "" },
                { "/status/503", TRANSFER_OK, 503, "" },
                { "/hang", TRANSFER_TIMEOUT, 0, "connected, but nothing came" },
                { "/half-head", TRANSFER_TIMEOUT, 0, "within 300ms" },
                { "/half-body", TRANSFER_TIMEOUT, 0, "HTTP 200 and 4 bytes came" },
                { "/cut-body", TRANSFER_RESET, 0, "96 bytes remaining" },
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

                f->target.timeout_usec = rows[i].error == TRANSFER_TIMEOUT ? 300 * USEC_PER_MSEC : 20 * USEC_PER_SEC;
                get(f, rows[i].path, &g);
                if (g.error != rows[i].error || g.status != rows[i].status || !strstr(g.detail, rows[i].detail))
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
        /* Jetty would answer 404 in JSON to one who asks for JSON, and starting would look like something else. */
        assert_non_null(strstr(request, "Accept: */*\r\n"));
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
        static const char *const urls[] = { "", "ftp://127.0.0.1", "file:///etc/passwd", "http://", "http://u:p@127.0.0.1",
                                            "http://b\xc3\xbc" "cher.example" };
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
                assert_int_equal(http_get(f->client, &f->target, i % 10 ? "/ok" : "/reset", on_done, &g[i], &r[i]), 0);
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

static void test_the_client_freed_in_flight(void **state) {
        struct fixture *f = *state;
        struct http_request *r[3] = { NULL };
        struct got g = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(r); i++)
                assert_int_equal(http_get(f->client, &f->target, i == 0 ? "/half-body" : "/hang", on_done, &g, &r[i]), 0);
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

static const char *write_file(struct fixture *f, const char *name, const char *text, size_t len) {
        static char path[64];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", f->directory, name);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        return path;
}

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

/* ---- names ---- */

/* What a look-up of "hangs" waits for; one for each test, because a thread may be left waiting. */
static sem_t gates[8], *gate;
static unsigned n_gates;

static int scripted_lookup(const char *host, struct addrinfo **ret) {
        const struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };

        if (strncmp(host, "hangs", 5) == 0) {
                sem_t *mine = gate;

                while (sem_wait(mine) < 0)
                        ;
        }
        if (streq(host, "missing.example"))
                return EAI_NONAME;
        return getaddrinfo(streq(host, "far.example") ? "192.0.2.1" : "127.0.0.1", NULL, &numeric, ret);
}

static void use_scripted_names(struct fixture *f, const char *host, char *base, size_t size) {
        assert_in_range(n_gates, 0, ELEMENTSOF(gates) - 1);
        gate = &gates[n_gates++];
        sem_init(gate, 0, 0);
        f->client = http_client_free(f->client);
        assert_int_equal(http_client_new_full(f->event, scripted_lookup, &f->client), 0);
        (void) snprintf(base, size, "http://%s:%u", host, scripted_server_port(f->server));
        f->target.base_url = base;
}

static void test_a_name_is_looked_up_once_a_minute(void **state) {
        struct fixture *f = *state;
        struct addresses a;
        char base[64];
        struct got g;

        use_scripted_names(f, "Worker.example", base, sizeof(base));
        assert_false(resolver_known(http_client_resolver(f->client), "worker.example", &a));
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_OK);
        assert_true(resolver_known(http_client_resolver(f->client), "worker.example", &a));
        assert_string_equal(a.list, "127.0.0.1");
        assert_true(a.is_local);
        get(f, "/ok", &g);
        assert_int_equal(scripted_server_connections(f->server), 1);
}

static void test_a_name_that_does_not_exist(void **state) {
        struct fixture *f = *state;
        char base[64];
        struct got g;

        use_scripted_names(f, "missing.example", base, sizeof(base));
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_NOT_RESOLVED);
        assert_string_equal(g.detail, "missing.example: Name or service not known");
}

static void test_a_resolver_that_hangs_holds_up_nothing_else(void **state) {
        struct fixture *f = *state;
        struct http_request *hung[3] = { NULL };
        struct got g, g_hung[3] = { 0 };
        char base[64], base_hung[64];

        use_scripted_names(f, "hangs.example", base_hung, sizeof(base_hung));
        f->target.timeout_usec = 200 * USEC_PER_MSEC;
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g_hung[i], &hung[i]), 0);
        f->target.timeout_usec = 20 * USEC_PER_SEC;
        assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g_hung[2], &hung[2]), 0);

        (void) snprintf(base, sizeof(base), "http://other.example:%u", scripted_server_port(f->server));
        f->target.base_url = base;
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_OK);

        for (size_t i = 0; i < 2; i++) {
                run_until(f, &g_hung[i].n, 1);
                assert_int_equal(g_hung[i].error, TRANSFER_NOT_RESOLVED);
                assert_string_equal(g_hung[i].detail, "hangs.example: the look-up did not end within 200ms");
        }
        /* When it does answer, those who still wait get their answer. */
        sem_post(gate);
        run_until(f, &g_hung[2].n, 1);
        assert_int_equal(g_hung[2].error, TRANSFER_OK);
        for (size_t i = 0; i < ELEMENTSOF(hung); i++)
                http_request_unref(hung[i]);
}

static void test_more_hung_names_than_threads(void **state) {
        enum { N = 12 };
        struct fixture *f = *state;
        struct http_request *r[N] = { NULL };
        struct got g[N] = { 0 };
        char base[64];

        for (unsigned i = 0; i < N; i++) {
                char host[32];

                (void) snprintf(host, sizeof(host), "hangs-%u.example", i);
                if (i == 0)
                        use_scripted_names(f, host, base, sizeof(base));
                (void) snprintf(base, sizeof(base), "http://%s:%u", host, scripted_server_port(f->server));
                assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g[i], &r[i]), 0);
        }
        for (unsigned i = 0; i < N; i++)
                sem_post(gate);
        for (unsigned i = 0; i < N; i++) {
                run_until(f, &g[i].n, 1);
                assert_int_equal(g[i].error, TRANSFER_OK);
                http_request_unref(r[i]);
        }
}

static void test_the_end_does_not_wait_for_a_resolver_that_hangs(void **state) {
        struct fixture *f = *state;
        struct http_request *r = NULL;
        struct got g = { 0 };
        char base[64];

        use_scripted_names(f, "hangs.example", base, sizeof(base));
        assert_int_equal(http_get(f->client, &f->target, "/ok", on_done, &g, &r), 0);
        f->client = http_client_free(f->client);        /* returns, though nobody posts the gate */
        http_request_unref(r);
        assert_int_equal(g.n, 0);
}

/* ---- is it this machine? ---- */

struct local_answer {
        unsigned n;
        int is_local;
};

static void on_local(_unused_ struct poll_local *l, int is_local, void *userdata) {
        struct local_answer *a = userdata;

        a->n++;
        a->is_local = is_local;
}

static void test_which_urls_are_local(void **state) {
        static const struct {
                const char *url;
                int expected;
        } rows[] = {
                { "http://127.0.0.1:8083", 1 },
                { "http://127.9.8.7:8083", 1 },
                { "https://localhost:8083/path", 1 },
                { "http://LOCALHOST", 1 },
                { "http://192.0.2.1:8083", 0 },
                { "http://[2001:db8::1]:8083", 0 },
                { "http://near.example:8083", 1 },
                { "http://far.example:8083", 0 },
                { "http://missing.example:8083", -EHOSTUNREACH },
        };
        struct fixture *f = *state;
        struct local_answer pending = { 0 };
        struct poll_local *slot = NULL;
        char base[64];

        use_scripted_names(f, "x", base, sizeof(base));
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct local_answer a = { 0 };
                struct poll_local *l = NULL;

                assert_int_equal(poll_url_is_local(f->client, rows[i].url, on_local, &a, &l), 0);
                assert_int_equal(a.n, 0);
                run_until(f, &a.n, 1);
                if (a.is_local != rows[i].expected)
                        fail_msg("%s: %d", rows[i].url, a.is_local);
                poll_local_unref(l);
        }
        assert_int_equal(poll_url_is_local(f->client, "http://", on_local, &pending, &slot), -EINVAL);
        assert_null(slot);
        assert_int_equal(poll_url_is_local(f->client, "http://hangs.example", on_local, &pending, &slot), 0);
        f->client = http_client_free(f->client);
        poll_local_unref(slot);
        assert_int_equal(pending.n, 0);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(test_each_answer_or_the_lack_of_one),
                T(test_what_an_answer_holds),
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
                T(test_the_client_freed_in_flight),
                T(test_credentials_are_sent_and_read_anew),
                T(test_credentials_that_cannot_be_read),
                T(test_a_name_is_looked_up_once_a_minute),
                T(test_a_name_that_does_not_exist),
                T(test_a_resolver_that_hangs_holds_up_nothing_else),
                T(test_more_hung_names_than_threads),
                T(test_the_end_does_not_wait_for_a_resolver_that_hangs),
                T(test_which_urls_are_local),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
