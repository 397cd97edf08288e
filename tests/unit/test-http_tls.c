/* The HTTP client over TLS, against openssl s_server with certificates made for the test. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "observe/http_client.h"

/* One CA that we trust; certificates: good, long expired, for another name, of ourselves as a client, of
 * a CA that nobody knows. */
static const char make_certificates[] =
        "set -e; cd \"$1\"; exec 2>log\n"
        "ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'\n"
        "printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\n' >address; printf "
        "'subjectAltName=DNS:other.example\\n' "
        ">name\n"
        "printf "
        "'[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\ndefault_md="
        "sha256\\n"
        "policy=p\\n[p]\\ncommonName=supplied\\n' >ca.conf; : >index; echo 1000 >serial\n"
        "for ca in ca unknown-ca; do openssl req -x509 $ec -keyout $ca.key -out $ca.pem -subj /CN=$ca -days "
        "2; done\n"
        "openssl req $ec -keyout key -out request -subj /CN=worker\n"
        "sign() { openssl x509 -req -in request -CA $1.pem -CAkey $1.key -set_serial $2 -days 2 -extfile $3 "
        "-out $4; }\n"
        "sign ca 1 address good; sign ca 2 name other; sign ca 3 address client; sign unknown-ca 4 address "
        "unknown\n"
        "openssl ca -batch -notext -config ca.conf -cert ca.pem -keyfile ca.key -in request -out expired "
        "-startdate 20200101000000Z -enddate 20200201000000Z -extfile address\n"
        "mkfifo pipe\n";

static char directory[] = "/tmp/http-tls-XXXXXX";

struct server {
        pid_t pid;
        int in, out;
        unsigned port;
};

struct got {
        unsigned n;
        enum transfer_error error;
        unsigned status;
        char detail[256];
        usec_t certificate_end_usec;
};

static char *in_directory(const char *name) {
        static char paths[8][64];
        static unsigned next;
        char *p = paths[next++ % ELEMENTSOF(paths)];

        (void) snprintf(p, sizeof(paths[0]), "%s/%s", directory, name);
        return p;
}

static void start_server(struct server *s, const char *certificate, const char *more1, const char *more2) {
        const char *arguments[24] = { "openssl",
                                      "s_server",
                                      "-accept",
                                      "127.0.0.1:0",
                                      "-www",
                                      "-cert",
                                      in_directory(certificate),
                                      "-key",
                                      in_directory("key") };
        char line[256] = "";
        int in[2], out[2];
        size_t n = 9, len = 0;
        char *found;

        if (more1) {
                arguments[n++] = more1;
                if (streq(more1, "-Verify")) {
                        arguments[n++] = "1";
                        arguments[n++] = "-verify_return_error";
                        arguments[n++] = "-CAfile";
                        arguments[n++] = in_directory("ca.pem");
                }
        }
        if (more2)
                arguments[n++] = more2;
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        s->pid = fork();
        assert_true(s->pid >= 0);
        if (s->pid == 0) {
                int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

                if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(nowhere, 2) < 0)
                        _exit(126);
                execvp("openssl", (char **) arguments);
                _exit(127);
        }
        (void) close(in[0]);
        (void) close(out[1]);
        s->in = in[1];
        s->out = out[0];
        while (!(found = strstr(line, "ACCEPT 127.0.0.1:")) || !strchr(found, '\n')) {
                ssize_t k = read(s->out, line + len, sizeof(line) - 1 - len);

                assert_true(k > 0);
                len += (size_t) k;
                line[len] = '\0';
        }
        s->port = (unsigned) strtoul(found + strlen("ACCEPT 127.0.0.1:"), NULL, 10);
}

static void stop_server(struct server *s) {
        (void) kill(s->pid, SIGKILL);
        assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
        (void) close(s->in);
        (void) close(s->out);
}

static void on_done(_unused_ struct http_request *r, const struct answer *a, void *userdata) {
        struct got *g = userdata;

        g->n++;
        g->error = a->error;
        g->status = a->status;
        g->certificate_end_usec = a->certificate_end_usec;
        (void) snprintf(g->detail, sizeof(g->detail), "%s", a->detail);
}

/* path: NULL asks for the certificate's end alone. */
static struct got get(struct http_client *c,
                      sd_event *event,
                      const struct server *s,
                      const char *host,
                      const char *path,
                      struct http_target target) {
        struct http_request *r = NULL;
        struct got g = { 0 };
        char base[64];

        (void) snprintf(base, sizeof(base), "https://%s:%u", host, s->port);
        target.base_url = base;
        target.timeout_usec = 20 * USEC_PER_SEC;
        target.max_response_bytes = 1000000;
        if (path)
                assert_int_equal(http_get(c, &target, path, on_done, &g, &r), 0);
        else
                assert_int_equal(http_look_at_certificate(c, &target, on_done, &g, &r), 0);
        for (unsigned i = 0; g.n == 0 && i < 100000; i++)
                assert_true(sd_event_run(event, 30 * USEC_PER_SEC) >= 0);
        assert_int_equal(g.n, 1);
        http_request_unref(r);
        return g;
}

static int setup(_unused_ void **state) {
        char command[4096];

        if (!mkdtemp(directory))
                return -1;
        (void) snprintf(command, sizeof(command), "sh -c '%s' sh %s", "eval \"$MAKE\"", directory);
        (void) setenv("MAKE", make_certificates, 1);
        return system(command) == 0 ? 0 : -1;
}

static int teardown(_unused_ void **state) {
        char command[64];

        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        return system(command) == 0 ? 0 : -1;
}

static const struct row {
        const char *name;
        const char *certificate, *more1, *more2; /* of the server */
        const char *ca, *cert, *key;             /* ours */
        bool insecure;
        enum transfer_error error;
        const char *detail;
} rows[] = {
        { "trusted", "good", NULL, NULL, "ca.pem", NULL, NULL, false, TRANSFER_OK, "" },
        { "not trusted", "good", NULL, NULL, NULL, NULL, NULL, false, TRANSFER_TLS_UNTRUSTED, "" },
        { "of an unknown CA", "unknown", NULL, NULL, "ca.pem", NULL, NULL, false, TRANSFER_TLS_UNTRUSTED,
          "" },
        { "not verified", "good", NULL, NULL, NULL, NULL, NULL, true, TRANSFER_OK, "" },
        { "of another name", "other", NULL, NULL, "ca.pem", NULL, NULL, false, TRANSFER_TLS_UNTRUSTED, "" },
        { "expired", "expired", NULL, NULL, "ca.pem", NULL, NULL, false, TRANSFER_TLS_EXPIRED,
          "expired since 2020-02-01 00:00:00 UTC" },
        { "expired, 1.2", "expired", "-tls1_2", NULL, "ca.pem", NULL, NULL, false, TRANSFER_TLS_EXPIRED,
          "expired since 2020-02-01 00:00:00 UTC" },
        { "expired, not verified", "expired", NULL, NULL, NULL, NULL, NULL, true, TRANSFER_OK, "" },
        { "CA file is missing", "good", NULL, NULL, "missing", NULL, NULL, false, TRANSFER_CREDENTIAL,
          "missing: No such file or directory" },
        { "mTLS", "good", "-Verify", NULL, "ca.pem", "client", "key", false, TRANSFER_OK, "" },
        { "mTLS, 1.2", "good", "-Verify", "-tls1_2", "ca.pem", "client", "key", false, TRANSFER_OK, "" },
        { "mTLS without ours", "good", "-Verify", NULL, "ca.pem", NULL, NULL, false, TRANSFER_TLS_CLIENT,
          "" },
        { "mTLS without ours, 1.2", "good", "-Verify", "-tls1_2", "ca.pem", NULL, NULL, false,
          TRANSFER_TLS_CLIENT, "" },
        { "mTLS with a foreign one", "good", "-Verify", NULL, "ca.pem", "unknown", "key", false,
          TRANSFER_TLS_CLIENT, "" },
        { "mTLS with a foreign one, 1.2", "good", "-Verify", "-tls1_2", "ca.pem", "unknown", "key", false,
          TRANSFER_TLS_CLIENT, "" },
        { "certificate is missing", "good", NULL, NULL, "ca.pem", "missing", "key", false,
          TRANSFER_CREDENTIAL, "missing: No such file or directory" },
        { "key is missing", "good", NULL, NULL, "ca.pem", "client", "missing", false, TRANSFER_CREDENTIAL,
          "missing: No such file or directory" },
        { "CA file is a pipe", "good", NULL, NULL, "pipe", NULL, NULL, false, TRANSFER_CREDENTIAL,
          "pipe is no regular file" },
        { "certificate is a pipe", "good", NULL, NULL, "ca.pem", "pipe", "key", false, TRANSFER_CREDENTIAL,
          "pipe is no regular file" },
        { "key is a pipe", "good", NULL, NULL, "ca.pem", "client", "pipe", false, TRANSFER_CREDENTIAL,
          "pipe is no regular file" },
        { "key is of another", "good", NULL, NULL, "ca.pem", "client", "ca.key", false, TRANSFER_TLS_CLIENT,
          "" },
        { "certificate is none", "good", NULL, NULL, "ca.pem", "address", "key", false, TRANSFER_TLS_CLIENT,
          "" },
};

static void test_certificates(_unused_ void **state) {
        struct http_client *c = NULL;
        sd_event *event = NULL;

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(http_client_new(event, &c), 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const struct row *row = &rows[i];
                const struct http_target target = {
                        .ca_file = row->ca ? in_directory(row->ca) : NULL,
                        .cert_file = row->cert ? in_directory(row->cert) : NULL,
                        .key_file = row->key ? in_directory(row->key) : NULL,
                        .verify = !row->insecure,
                };
                struct server s;

                start_server(&s, row->certificate, row->more1, row->more2);
                for (unsigned n = 0; n < 4; n++) {
                        struct got g = get(c, event, &s, n < 2 ? "127.0.0.1" : "localhost", "/", target);

                        if (g.error != row->error || !strstr(g.detail, row->detail) ||
                            (g.error == TRANSFER_OK && g.status != 200))
                                fail_msg("%s: error %d, status %u, %s", row->name, g.error, g.status,
                                         g.detail);
                        if (g.error != TRANSFER_OK)
                                assert_true(strlen(g.detail) > 0);
                }
                stop_server(&s);
        }
        http_client_free(c);
        sd_event_unref(event);
}

static void test_when_a_certificate_ends(_unused_ void **state) {
        const usec_t now = (usec_t) time(NULL) * USEC_PER_SEC;
        const struct {
                const char *certificate, *more;
                usec_t from, to; /* it ends in between */
        } servers[] = {
                { "good", NULL, now + USEC_PER_DAY, now + 2 * USEC_PER_DAY },
                { "unknown", NULL, now + USEC_PER_DAY, now + 2 * USEC_PER_DAY },
                { "expired", NULL, UINT64_C(1580515200) * USEC_PER_SEC,
                  UINT64_C(1580515200) * USEC_PER_SEC },
                /* The server's no comes after the handshake. */
                { "good", "-Verify", now + USEC_PER_DAY, now + 2 * USEC_PER_DAY },
        };
        struct http_client *c = NULL;
        sd_event *event = NULL;
        struct server s;

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(http_client_new(event, &c), 0);
        for (size_t i = 0; i < ELEMENTSOF(servers); i++) {
                const struct http_target target = { .verify = true };

                start_server(&s, servers[i].certificate, servers[i].more, NULL);
                for (unsigned n = 0; n < 3; n++) {
                        struct got g = get(c, event, &s, n < 2 ? "127.0.0.1" : "localhost", NULL, target);

                        assert_int_equal(g.error, TRANSFER_OK);
                        assert_in_range(g.certificate_end_usec, servers[i].from, servers[i].to);
                }
                stop_server(&s);
        }
        /* Nobody waits for the other end of a pipe. */
        start_server(&s, "good", NULL, NULL);
        struct got pipe = get(c, event, &s, "127.0.0.1", NULL,
                              (struct http_target) { .ca_file = in_directory("pipe"), .verify = true });

        assert_int_equal(pipe.error, TRANSFER_CREDENTIAL);
        stop_server(&s);
        /* A server that is gone. */
        struct got g = get(c, event, &s, "127.0.0.1", NULL, (struct http_target) {});

        assert_int_equal(g.error, TRANSFER_REFUSED);
        assert_int_equal(g.certificate_end_usec, 0);
        http_client_free(c);
        sd_event_unref(event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_certificates),
                cmocka_unit_test(test_when_a_certificate_ends),
        };

        (void) signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, setup, teardown);
}
