/* The heartbeat against a scripted server: it beats while all is well, and what comes of each beat is told.
 */
#include "http-fixture.h"
#include "report/notification/heartbeat.h"

struct beats {
        bool well;
        unsigned n_asked, n_taken, n_failed;
        char why[128];
};

static bool is_well(void *userdata) {
        struct beats *b = userdata;

        b->n_asked++;
        return b->well;
}

static void on_beaten(const char *why, void *userdata) {
        struct beats *b = userdata;

        b->n_taken += !why;
        b->n_failed += why != NULL;
        (void) snprintf(b->why, sizeof(b->why), "%s", why ? why : "");
}

static struct heartbeat *start(struct fixture *f, struct notify_settings *s, struct beats *b) {
        const struct heartbeat_calls calls = { .is_well = is_well, .beaten = on_beaten, .userdata = b };
        struct heartbeat *h = NULL;

        s->heartbeat_interval_usec = 20 * USEC_PER_MSEC;
        s->timeout_usec = 20 * USEC_PER_SEC;
        s->verify = true;
        assert_int_equal(heartbeat_new(f->event, f->client, s, &calls, &h), 0);
        return h;
}

static void run_while_less(struct fixture *f, const unsigned *count, unsigned wanted) {
        while (*count < wanted)
                assert_true(sd_event_run(f->event, 30 * USEC_PER_SEC) >= 0);
}

static void test_it_beats_only_while_all_is_well(void **state) {
        struct fixture *f = *state;
        char url[96];
        struct notify_settings s = { .heartbeat = url };
        struct beats b = { .well = true };
        struct heartbeat *h;
        unsigned n;

        (void) snprintf(url, sizeof(url), "%s/ok", f->base);
        h = start(f, &s, &b);
        assert_int_equal(b.n_asked, 0); /* from the loop */
        run_while_less(f, &b.n_taken, 3);
        b.well = false;
        n = b.n_asked;
        run_while_less(f, &b.n_asked, n + 2); /* one may have been under way */
        n = scripted_server_requests(f->server);
        run_while_less(f, &b.n_asked, b.n_asked + 5);
        assert_int_equal(scripted_server_requests(f->server), n);
        b.well = true;
        run_while_less(f, &b.n_taken, n + 1);
        assert_int_equal(b.n_failed, 0);
        heartbeat_free(h);
}

static void test_what_is_no_good_answer_is_told(void **state) {
        static const char *const rows[][2] = {
                { "/status/503", "answered HTTP 503" },
                { "/status/302", "answered HTTP 302, which sends us elsewhere; that is not followed" },
                { "/close", "closed the connection without an answer" },
                { "/not-http", "answers, but not in HTTP" },
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char url[96];
                struct notify_settings s = { .heartbeat = url };
                struct beats b = { .well = true };
                struct heartbeat *h;

                (void) snprintf(url, sizeof(url), "%s%s", f->base, rows[i][0]);
                h = start(f, &s, &b);
                run_while_less(f, &b.n_failed, 1);
                if (strncmp(b.why, rows[i][1], strlen(rows[i][1])) != 0)
                        fail_msg("%s: %s", rows[i][0], b.why);
                assert_int_equal(b.n_taken, 0);
                heartbeat_free(h);
        }
}

/* One at a time; and it may be dropped while it is under way. */
static void test_a_silent_receiver_is_not_asked_again_meanwhile(void **state) {
        struct fixture *f = *state;
        char url[96];
        struct notify_settings s = { .heartbeat = url };
        struct beats b = { .well = true };
        struct heartbeat *h;

        (void) snprintf(url, sizeof(url), "%s/hang", f->base);
        h = start(f, &s, &b);
        while (scripted_server_requests(f->server) < 1)
                assert_true(sd_event_run(f->event, 10 * USEC_PER_MSEC) >= 0);
        for (unsigned i = 0; i < 20; i++)
                assert_true(sd_event_run(f->event, 10 * USEC_PER_MSEC) >= 0);
        assert_int_equal(scripted_server_requests(f->server), 1);
        assert_int_equal(b.n_failed + b.n_taken, 0);
        heartbeat_free(h);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_it_beats_only_while_all_is_well, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_is_no_good_answer_is_told, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_silent_receiver_is_not_asked_again_meanwhile, setup,
                                                teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
