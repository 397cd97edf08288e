/* Names and the HTTP client: looked up off the loop, kept for a minute, hung without harm; and which of
 * them are ours. */
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "http-fixture.h"
#include "observe/http_site.h"
#include "observe/poll.h"

/* What a look-up of "hangs" waits for; one for each test, because a thread may be left waiting. */
static sem_t gates[8], *_Atomic gate;
static unsigned n_gates;

/* A machine that was suspended for as long. */
static _Atomic time_t suspended_sec;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t clock, struct timespec *ret) {
        int r = (int) syscall(SYS_clock_gettime, clock, ret);

        if (clock == CLOCK_BOOTTIME)
                ret->tv_sec += suspended_sec;
        return r;
}

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

/* A connection that is kept would go on to tell of the machine that the name has left. */
static void test_a_name_that_moves_is_asked_at_its_new_address(void **state) {
        static const struct addresses before = { .list = "127.0.0.1", .generation = 2 },
                                      after = { .list = "127.0.0.2", .generation = 3 },
                                      back = { .list = "127.0.0.1", .generation = 4 };
        struct fixture *f = *state;
        struct transfer *t;
        struct site *s;
        char base[64], head[512];
        char *address;

        (void) snprintf(base, sizeof(base), "http://worker.example:%u", scripted_server_port(f->server));
        f->target.base_url = base;
        assert_int_equal(site_new(&f->target, 0, &s), 0);
        assert_int_equal(site_take(s, &t), 0);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(transfer_prepare(t, "/ok", &before, 5 * USEC_PER_SEC), 0);
                assert_int_equal(curl_easy_perform(t->easy), CURLE_OK);
        }
        assert_int_equal(scripted_server_connections(f->server), 1);

        /* Nobody listens there. */
        assert_int_equal(transfer_prepare(t, "/ok", &after, 5 * USEC_PER_SEC), 0);
        assert_int_equal(curl_easy_perform(t->easy), CURLE_COULDNT_CONNECT);

        assert_int_equal(transfer_prepare(t, "/ok", &back, 5 * USEC_PER_SEC), 0);
        assert_int_equal(curl_easy_perform(t->easy), CURLE_OK);
        assert_int_equal(curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &address), CURLE_OK);
        assert_string_equal(address, "127.0.0.1");
        assert_int_equal(transfer_prepare(t, "/ok", &back, 5 * USEC_PER_SEC), 0);
        assert_int_equal(curl_easy_perform(t->easy), CURLE_OK);
        assert_int_equal(scripted_server_connections(f->server), 2);
        scripted_server_last_request(f->server, head, sizeof(head));
        assert_non_null(strstr(head, "Host: worker.example:"));
        site_drop(s, t);
        site_free(s);
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

struct two_lookups {
        struct resolver *resolver;
        struct lookup *first, *second;
        unsigned n;
};

static void on_second(_unused_ struct lookup *l, const struct addresses *a, void *userdata) {
        struct two_lookups *t = userdata;

        assert_null(a->problem);
        t->second = lookup_unref(t->second);
        t->n++;
}

static void on_first(_unused_ struct lookup *l, const struct addresses *a, void *userdata) {
        struct two_lookups *t = userdata;

        assert_null(a->problem);
        t->first = lookup_unref(t->first);
        t->n++;
        assert_int_equal(resolver_lookup(t->resolver, "other.example", on_second, t, &t->second), 0);
}

/* Names that nobody asked for in ten minutes are forgotten: but not the one whose answer is being told. */
static void test_a_name_looked_up_across_a_suspend(void **state) {
        struct fixture *f = *state;
        struct two_lookups t = { 0 };
        char base[64];

        use_scripted_names(f, "hangs.example", base, sizeof(base));
        t.resolver = http_client_resolver(f->client);
        assert_int_equal(resolver_lookup(t.resolver, "hangs.example", on_first, &t, &t.first), 0);
        suspended_sec = 3600;
        sem_post(gate);
        run_until(f, &t.n, 2);
        suspended_sec = 0;
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
        f->client = http_client_free(f->client); /* returns, though nobody posts the gate */
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
                { "unix:/run/nobody.listens", 1 },
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
                T(test_a_name_is_looked_up_once_a_minute),
                T(test_a_name_that_moves_is_asked_at_its_new_address),
                T(test_a_name_that_does_not_exist),
                T(test_a_resolver_that_hangs_holds_up_nothing_else),
                T(test_a_name_looked_up_across_a_suspend),
                T(test_more_hung_names_than_threads),
                T(test_the_end_does_not_wait_for_a_resolver_that_hangs),
                T(test_which_urls_are_local),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
