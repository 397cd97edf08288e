/* Polls of whole workers: one request or several, one timeout for all of them, one observation. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "observe/poll.h"
#include "scripted_server.h"

struct fixture {
        sd_event *event;
        struct scripted_server *server;
        struct http_client *client;
        char url[64];
        struct worker_settings settings;
        struct probe probe;
        struct poll *poll;
        bool drop;
        unsigned n_done;
        struct observation seen;
};

static usec_t now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_true(sd_event_new(&f->event) >= 0);
        f->server = scripted_server_new();
        assert_int_equal(http_client_new(f->event, &f->client), 0);
        f->settings = (struct worker_settings) {
                .kind = &kafka_connect_kind,
                .url = f->url,
                .timeout_usec = 20 * USEC_PER_SEC,
                .max_response_bytes = 100000,
                .verify = true,
        };
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        http_client_free(f->client);
        scripted_server_free(f->server);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

static void on_done(struct poll *p, const struct observation *o, void *userdata) {
        struct fixture *f = userdata;

        assert_ptr_equal(p, f->poll);
        f->n_done++;
        f->seen = *o;
        if (f->drop)
                f->poll = poll_unref(f->poll);
}

static void start(struct fixture *f, const char *worker) {
        (void) snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/%s", scripted_server_port(f->server),
                        worker);
        f->n_done = 0;
        assert_int_equal(poll_start(f->client, &f->settings, &f->probe, now_usec, on_done, f, &f->poll), 0);
        assert_int_equal(f->n_done, 0);
}

static const struct observation *poll_worker(struct fixture *f, const char *worker) {
        start(f, worker);
        for (unsigned i = 0; f->n_done == 0 && i < 100000; i++)
                assert_true(sd_event_run(f->event, 30 * USEC_PER_SEC) >= 0);
        assert_int_equal(f->n_done, 1);
        f->poll = poll_unref(f->poll);
        assert_true(f->seen.sent_at_usec > 0);
        assert_true(f->seen.received_at_usec >= f->seen.sent_at_usec);
        assert_true(f->seen.latency_usec == f->seen.received_at_usec - f->seen.sent_at_usec);
        return &f->seen;
}

static void test_a_healthy_worker(void **state) {
        struct fixture *f = *state;
        const struct observation *o = poll_worker(f, "healthy");

        assert_int_equal(o->outcome, OUTCOME_OK);
        assert_int_equal(o->http_status, 200);
        assert_true(f->probe.seen_ok);
        assert_int_equal(scripted_server_requests(f->server), 1);
}

static void test_an_old_worker_is_asked_for_health_only_once(void **state) {
        struct fixture *f = *state;

        assert_int_equal(poll_worker(f, "old")->outcome, OUTCOME_OK);
        assert_int_equal(scripted_server_requests(f->server), 2);
        assert_int_equal(poll_worker(f, "old")->outcome, OUTCOME_OK);
        assert_int_equal(poll_worker(f, "old")->outcome, OUTCOME_OK);
        assert_int_equal(scripted_server_requests(f->server), 4);
        assert_int_equal(scripted_server_connections(f->server), 1);
}

static void test_a_stuck_herder_is_told_within_one_timeout(void **state) {
        struct fixture *f = *state;
        const struct observation *o;

        f->settings.timeout_usec = 600 * USEC_PER_MSEC;
        f->probe.seen_ok = true;
        o = poll_worker(f, "stuck");
        assert_int_equal(o->outcome, OUTCOME_FAILING);
        assert_int_equal(o->reason, REASON_HERDER_STUCK);
        assert_true(o->answered);
        assert_int_equal(scripted_server_requests(f->server), 3);
}

static void test_no_answer_to_anything(void **state) {
        struct fixture *f = *state;
        const struct observation *o;

        f->settings.timeout_usec = 600 * USEC_PER_MSEC;
        o = poll_worker(f, "dead");
        assert_int_equal(o->outcome, OUTCOME_FAILING);
        assert_int_equal(o->reason, REASON_TIMEOUT);
        assert_false(o->answered);
}

static void test_dropped_within_done(void **state) {
        struct fixture *f = *state;

        f->drop = true;
        start(f, "healthy");
        for (unsigned i = 0; f->n_done == 0 && i < 100000; i++)
                assert_true(sd_event_run(f->event, 30 * USEC_PER_SEC) >= 0);
        assert_null(f->poll);
        assert_int_equal(f->seen.outcome, OUTCOME_OK);
}

static void test_dropped_in_flight(void **state) {
        struct fixture *f = *state;

        start(f, "dead");
        for (unsigned i = 0; i < 100000 && scripted_server_requests(f->server) < 2; i++)
                assert_true(sd_event_run(f->event, 10 * USEC_PER_MSEC) >= 0);
        f->poll = poll_unref(f->poll);
        f->probe = (struct probe) { 0 };
        assert_int_equal(poll_worker(f, "healthy")->outcome, OUTCOME_OK);
}

static void test_a_url_that_is_none(void **state) {
        struct fixture *f = *state;

        f->settings.url = (char *) "nonsense://";
        assert_int_equal(poll_start(f->client, &f->settings, &f->probe, now_usec, on_done, f, &f->poll),
                         -EINVAL);
        assert_null(f->poll);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(test_a_healthy_worker),
                T(test_an_old_worker_is_asked_for_health_only_once),
                T(test_a_stuck_herder_is_told_within_one_timeout),
                T(test_no_answer_to_anything),
                T(test_dropped_within_done),
                T(test_dropped_in_flight),
                T(test_a_url_that_is_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
