/* The HTTP client over a unix socket: as over TCP, with no name to look up, and each way in which nobody is
 * there. */
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http-fixture.h"

/* The server, the client's target, and the path of the socket. */
static char path[64], url[80];

static void move_to_socket(struct fixture *f) {
        scripted_server_free(f->server);
        (void) snprintf(path, sizeof(path), "%s/x.sock", f->directory);
        (void) snprintf(url, sizeof(url), "unix:%s", path);
        f->server = scripted_server_new_at(path);
        f->target.base_url = url;
}

static int no_name(_unused_ const char *host, _unused_ struct addrinfo **ret) {
        abort();
}

static void test_a_socket_is_asked_without_a_name(void **state) {
        struct fixture *f = *state;
        char request[4096];
        struct got g;

        move_to_socket(f);
        f->client = http_client_free(f->client);
        assert_int_equal(http_client_new_full(f->event, no_name, &f->client), 0);
        for (unsigned i = 0; i < 3; i++) {
                get(f, "/ok", &g);
                assert_int_equal(g.error, TRANSFER_OK);
                assert_int_equal(g.status, 200);
                assert_string_equal(g.body, "{}");
        }
        scripted_server_last_request(f->server, request, sizeof(request));
        assert_ptr_equal(strstr(request, "GET /ok HTTP/1.1\r\n"), request);
        assert_non_null(strstr(request, "Host: localhost\r\n"));
        assert_int_equal(scripted_server_connections(f->server), 1);
        get(f, "/sent-to=/actuator/health", &g);
        assert_string_equal(g.redirect, "/actuator/health");
        get(f, "/sent-to=http://127.0.0.1/actuator/health", &g);
        assert_string_equal(g.redirect, "");
}

static void test_what_is_no_answer_over_tcp_is_none_here(void **state) {
        static const struct {
                const char *path;
                enum transfer_error error;
        } rows[] = {
                { "/half-body", TRANSFER_TIMEOUT }, { "/hang", TRANSFER_TIMEOUT },
                { "/close", TRANSFER_RESET },       { "/cut-body", TRANSFER_RESET },
                { "/not-http", TRANSFER_NOT_HTTP },
        };
        struct fixture *f = *state;

        move_to_socket(f);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct got g;

                f->target.timeout_usec =
                        rows[i].error == TRANSFER_TIMEOUT ? 300 * USEC_PER_MSEC : 20 * USEC_PER_SEC;
                get(f, rows[i].path, &g);
                if (g.error != rows[i].error)
                        fail_msg("%s: error %d, %s", rows[i].path, g.error, g.detail);
        }
}

/* One that is gone, and one that nobody listens at any more: both are as a port that refuses. */
static void test_nobody_listens(void **state) {
        struct fixture *f = *state;
        struct got g;

        move_to_socket(f);
        f->server = scripted_server_free(f->server);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_REFUSED);
        assert_string_equal(g.detail, "Connection refused");
        assert_int_equal(unlink(path), 0);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_REFUSED);
        assert_string_equal(g.detail, "No such file or directory");
        /* And there again. */
        f->server = scripted_server_new_at(path);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_OK);
}

/* A service that hangs accepts nobody, which must not be taken for a fault of ours. */
static void test_nobody_accepts(void **state) {
        struct fixture *f = *state;
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int server, waiting[4];
        struct got g;

        move_to_socket(f);
        f->server = scripted_server_free(f->server);
        assert_int_equal(unlink(path), 0);
        (void) snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
        server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(server, (struct sockaddr *) &a, sizeof(a)), 0);
        assert_int_equal(listen(server, 0), 0);
        for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
                waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                (void) connect(waiting[i], (struct sockaddr *) &a, sizeof(a));
        }
        assert_int_equal(errno, EAGAIN);
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_REFUSED);
        assert_string_equal(g.detail, "nobody accepts, and its queue is full");
        for (size_t i = 0; i < ELEMENTSOF(waiting); i++)
                (void) close(waiting[i]);
        (void) close(server);
}

/* Our own lack of a permission says nothing of the service. */
static void test_a_socket_that_we_may_not_use(void **state) {
        struct fixture *f = *state;
        struct got g;

        move_to_socket(f);
        (void) snprintf(url, sizeof(url), "unix:%s/x.sock", write_file(f, "file", "", 0));
        get(f, "/ok", &g);
        assert_int_equal(g.error, TRANSFER_UNREACHABLE);
        assert_string_equal(g.detail, "Not a directory");
        if (geteuid() == 0) { /* whom nothing is forbidden */
                assert_int_equal(chmod(f->directory, 0711), 0);
                assert_int_equal(seteuid(65534), 0);
        }
        (void) snprintf(url, sizeof(url), "unix:%s", path);
        assert_int_equal(geteuid() == 65534 ? 0 : chmod(path, 0), 0);
        get(f, "/ok", &g);
        assert_int_equal(getuid() == 0 ? seteuid(0) : 0, 0);
        assert_int_equal(g.error, TRANSFER_UNREACHABLE);
        assert_string_equal(g.detail, "Permission denied");
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(test_a_socket_is_asked_without_a_name),
                T(test_what_is_no_answer_over_tcp_is_none_here),
                T(test_nobody_listens),
                T(test_nobody_accepts),
                T(test_a_socket_that_we_may_not_use),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
