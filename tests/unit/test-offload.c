/* The offload thread: results on the loop, slots that drop them, an end that does not wait for ever. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "util/offload.h"

struct item {
        sem_t *gate; /* the work waits for it */
        sem_t *begun;
        pthread_t worker;
        unsigned order;
};

static unsigned n_worked, n_done, n_freed;
static struct offload_job *slot;
static struct offload *to_free_in_done;

static void work(void *data) {
        struct item *i = data;

        if (i->begun)
                sem_post(i->begun);
        if (i->gate)
                while (sem_wait(i->gate) < 0)
                        ;
        i->worker = pthread_self();
        i->order = ++n_worked;
}

static void done(struct offload_job *j, void *data) {
        struct item *i = data;

        assert_false(pthread_equal(i->worker, pthread_self()));
        assert_int_equal(i->order, ++n_done);
        if (slot && slot == j)
                slot = offload_job_unref(slot);
        if (to_free_in_done)
                to_free_in_done = offload_free(to_free_in_done, USEC_PER_SEC);
}

static void free_item(void *data) {
        n_freed++;
        free(data);
}

static struct item *new_item(sem_t *gate, sem_t *begun) {
        struct item *i = calloc(1, sizeof(*i));

        assert_non_null(i);
        i->gate = gate;
        i->begun = begun;
        return i;
}

static int setup(void **state) {
        sd_event *event = NULL;

        n_worked = n_done = n_freed = 0;
        slot = NULL;
        to_free_in_done = NULL;
        assert_true(sd_event_new(&event) >= 0);
        *state = event;
        return 0;
}

static int teardown(void **state) {
        sd_event_unref(*state);
        return 0;
}

static void run_until(sd_event *event, const unsigned *count, unsigned wanted) {
        for (unsigned i = 0; *count < wanted && i < 10000; i++)
                assert_true(sd_event_run(event, 10 * USEC_PER_MSEC) >= 0);
        assert_int_equal(*count, wanted);
}

static void test_results_come_in_order_on_the_loop(void **state) {
        struct offload *o = NULL;
        struct offload_job *jobs[100];

        assert_int_equal(offload_new(*state, "a-name-longer-than-fifteen", &o), 0);
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), &jobs[i]),
                                 0);
        run_until(*state, &n_done, 100);
        assert_int_equal(n_freed, 100);
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                offload_job_unref(jobs[i]);
        offload_free(o, USEC_PER_SEC);
}

static void test_a_slot_can_be_dropped_within_done(void **state) {
        struct offload *o = NULL;

        assert_int_equal(offload_new(*state, "test", &o), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), &slot), 0);
        run_until(*state, &n_freed, 1);
        assert_null(slot);
        offload_free(o, USEC_PER_SEC);
}

static void test_a_dropped_slot_gets_no_result(void **state) {
        struct offload *o = NULL;
        sem_t gate;

        sem_init(&gate, 0, 0);
        assert_int_equal(offload_new(*state, "test", &o), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(&gate, NULL), &slot), 0);
        slot = offload_job_unref(slot);
        sem_post(&gate);
        run_until(*state, &n_freed, 1);
        assert_int_equal(n_worked, 1);
        assert_int_equal(n_done, 0);
        offload_free(o, USEC_PER_SEC);
        sem_destroy(&gate);
}

static void test_the_offload_can_be_freed_within_done(void **state) {
        struct offload *o = NULL;
        struct offload_job *kept = NULL;

        assert_int_equal(offload_new(*state, "test", &o), 0);
        to_free_in_done = o;
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), NULL), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), &kept), 0);
        run_until(*state, &n_freed, 2);
        assert_int_equal(n_done, 1);
        offload_job_unref(kept);
}

static void test_a_hung_thread_is_left_behind(void **state) {
        struct offload *o = NULL;
        struct offload_job *running = NULL, *waiting = NULL;
        sem_t begun;
        static sem_t gate; /* outlives the test: the thread waits on it */

        sem_init(&gate, 0, 0);
        sem_init(&begun, 0, 0);
        assert_int_equal(offload_new(*state, "test", &o), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(&gate, &begun), &running), 0);
        sem_wait(&begun);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), &waiting), 0);
        offload_free(o, 10 * USEC_PER_MSEC);
        assert_int_equal(n_freed, 1); /* the waiting one's; the other's is leaked on purpose */
        assert_int_equal(n_worked, 0);
        offload_job_unref(running);
        offload_job_unref(waiting);
        sem_destroy(&begun);
}

static void test_what_waits_is_waited_for(void **state) {
        struct offload *o = NULL;
        sem_t gate, begun;

        sem_init(&gate, 0, 0);
        sem_init(&begun, 0, 0);
        assert_int_equal(offload_new(*state, "test", &o), 0);
        assert_true(offload_drain(o, 0));
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(&gate, &begun), NULL), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), NULL), 0);
        sem_wait(&begun);
        assert_false(offload_drain(o, 10 * USEC_PER_MSEC));
        sem_post(&gate);
        assert_true(offload_drain(o, 10 * USEC_PER_SEC));
        assert_int_equal(n_worked, 2);
        offload_free(o, USEC_PER_SEC);
        assert_int_equal(n_done, 0);
        assert_int_equal(n_freed, 2);
        sem_destroy(&gate);
        sem_destroy(&begun);
}

static void test_a_full_queue_is_an_error(void **state) {
        struct offload *o = NULL;
        sem_t gate, begun;

        sem_init(&gate, 0, 0);
        sem_init(&begun, 0, 0);
        assert_int_equal(offload_new(*state, "test", &o), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(&gate, &begun), NULL), 0);
        sem_wait(&begun);
        for (unsigned i = 0; i < 1024; i++)
                assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), NULL), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), &slot), -ENOBUFS);
        assert_null(slot);
        assert_int_equal(n_freed, 1);
        sem_post(&gate);
        run_until(*state, &n_done, 1025);
        offload_free(o, USEC_PER_SEC);
        sem_destroy(&gate);
        sem_destroy(&begun);
}

static void look_at_signals(void *data) {
        pthread_sigmask(SIG_SETMASK, NULL, data);
}

static void test_the_thread_takes_no_signals(void **state) {
        struct offload *o = NULL;
        sigset_t mask;

        sigemptyset(&mask);
        assert_int_equal(offload_new(*state, "test", &o), 0);
        assert_int_equal(offload_submit(o, look_at_signals, NULL, NULL, &mask, NULL), 0);
        assert_int_equal(offload_submit(o, work, done, free_item, new_item(NULL, NULL), NULL), 0);
        run_until(*state, &n_done, 1);
        assert_true(sigismember(&mask, SIGTERM));
        assert_true(sigismember(&mask, SIGHUP));
        offload_free(o, USEC_PER_SEC);
}

static void test_free_of_nothing(_unused_ void **state) {
        assert_null(offload_free(NULL, 0));
        assert_null(offload_job_unref(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_results_come_in_order_on_the_loop, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_slot_can_be_dropped_within_done, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_dropped_slot_gets_no_result, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_offload_can_be_freed_within_done, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_hung_thread_is_left_behind, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_waits_is_waited_for, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_full_queue_is_an_error, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_thread_takes_no_signals, setup, teardown),
                cmocka_unit_test_setup_teardown(test_free_of_nothing, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
