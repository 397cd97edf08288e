/* The reporter's queue and thread: over a writer that blocks at will, over a real journal socket that
 * nobody reads (in a mount namespace of our own), and over a stderr that is a full pipe. A caller that
 * blocks ends in the alarm. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>

#include <cmocka.h>

#include "report/reporter_internal.h"
#include "util/text.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define WRITTEN_MAX 2048

static bool have_namespace;

/* ---- a writer that can be held ---- */

static struct gate {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        unsigned permits; /* so many writes may pass */
        unsigned entered; /* so many have begun */
        int result;
        bool signals_blocked;
        char *written[WRITTEN_MAX];
        enum event_type types[WRITTEN_MAX];
        size_t n_written;
} gate = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int gate_write(void *userdata, const struct event *e, usec_t realtime_usec) {
        struct gate *g = userdata;
        sigset_t set;
        int r;

        (void) pthread_mutex_lock(&g->mutex);
        (void) pthread_sigmask(SIG_BLOCK, NULL, &set);
        g->signals_blocked = sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGPIPE) == 1;
        g->entered++;
        (void) pthread_cond_broadcast(&g->changed);
        while (g->permits == 0)
                (void) pthread_cond_wait(&g->changed, &g->mutex);
        g->permits--;
        r = g->result;
        if (r >= 0 && g->n_written < WRITTEN_MAX && realtime_usec > 0) {
                g->types[g->n_written] = e->type;
                g->written[g->n_written++] = strdup(e->message);
        }
        (void) pthread_mutex_unlock(&g->mutex);
        return r;
}

static void gate_permit(unsigned n, int result) {
        (void) pthread_mutex_lock(&gate.mutex);
        gate.permits = n;
        gate.result = result;
        (void) pthread_cond_broadcast(&gate.changed);
        (void) pthread_mutex_unlock(&gate.mutex);
}

static void gate_wait_entered(unsigned n) {
        (void) pthread_mutex_lock(&gate.mutex);
        while (gate.entered < n)
                (void) pthread_cond_wait(&gate.changed, &gate.mutex);
        (void) pthread_mutex_unlock(&gate.mutex);
}

static int gate_reset(void **state _unused_) {
        (void) pthread_mutex_lock(&gate.mutex);
        for (size_t i = 0; i < gate.n_written; i++)
                free(gate.written[i]);
        gate.n_written = 0;
        gate.entered = gate.permits = 0;
        gate.result = 0;
        gate.signals_blocked = false;
        (void) pthread_mutex_unlock(&gate.mutex);
        return 0;
}

static size_t gate_n_written(void) {
        size_t n;

        (void) pthread_mutex_lock(&gate.mutex);
        n = gate.n_written;
        (void) pthread_mutex_unlock(&gate.mutex);
        return n;
}

static struct reporter *gate_reporter(int level) {
        struct reporter *r = NULL;

        assert_int_equal(reporter_new_with_writer(gate_write, &gate, level, &r), 0);
        return r;
}

static unsigned count_threads(void) {
        DIR *d = opendir("/proc/self/task");
        unsigned n = 0;

        assert_non_null(d);
        for (struct dirent *de = readdir(d); de; de = readdir(d))
                n += de->d_name[0] != '.';
        (void) closedir(d);
        return n;
}

static void tell_n(struct reporter *r, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                reporter_tell(r, event_new(EVENT_WATCHING, "entry %u", i));
}

/* ---- the queue ---- */

static void test_all_in_order(void **state _unused_) {
        struct reporter *r = gate_reporter(LOG_INFO);
        char expected[32];

        gate_permit(1000, 0);
        tell_n(r, 500);
        assert_null(reporter_free(r));

        assert_int_equal(gate.n_written, 500);
        for (unsigned i = 0; i < 500; i++) {
                (void) snprintf(expected, sizeof(expected), "entry %u", i);
                assert_string_equal(gate.written[i], expected);
        }
        assert_true(gate.signals_blocked);
}

static void test_lost_entries_are_told_when_it_flows_again(void **state _unused_) {
        struct reporter *r = gate_reporter(LOG_INFO);

        tell_n(r, 1);
        gate_wait_entered(1);
        tell_n(r, REPORTER_QUEUE_ENTRIES_MAX + 5);
        gate_permit(2000, 0);
        assert_null(reporter_free(r));

        assert_int_equal(gate.n_written, 1 + REPORTER_QUEUE_ENTRIES_MAX + 1);
        assert_int_equal(gate.types[gate.n_written - 1], EVENT_JOURNAL_LOST);
        assert_non_null(strstr(gate.written[gate.n_written - 1], "5 log entries were lost here"));
}

static void test_the_gap_is_told_where_it_is(void **state _unused_) {
        struct reporter *r = gate_reporter(LOG_INFO);

        tell_n(r, 1);
        gate_wait_entered(1);
        tell_n(r, REPORTER_QUEUE_ENTRIES_MAX + 1);
        gate_permit(1, 0);
        gate_wait_entered(2);
        reporter_tell(r, event_new(EVENT_WATCHING, "after the gap"));
        gate_permit(2000, 0);
        assert_null(reporter_free(r));

        assert_int_equal(gate.n_written, 1 + REPORTER_QUEUE_ENTRIES_MAX + 2);
        assert_string_equal(gate.written[gate.n_written - 3], "entry 1023");
        assert_non_null(strstr(gate.written[gate.n_written - 2], "1 log entry was lost here"));
        assert_string_equal(gate.written[gate.n_written - 1], "after the gap");
}

static void test_bounded_in_bytes(void **state _unused_) {
        struct reporter *r = gate_reporter(LOG_INFO);
        _cleanup_free_ char *big = malloc(1024 * 1024);

        assert_non_null(big);
        memset(big, 'x', 1024 * 1024);
        big[1024 * 1024 - 1] = '\0';

        tell_n(r, 1);
        gate_wait_entered(1);
        for (unsigned i = 0; i < 10; i++) {
                struct event *e = event_new(EVENT_EVIDENCE, "big %u", i);

                assert_non_null(e);
                assert_int_equal(event_field(e, "THREAD_DUMP", "%s", big), 0);
                reporter_tell(r, e);
        }
        reporter_tell(r, event_new(EVENT_WATCHING, "small"));
        gate_permit(2000, 0);
        assert_null(reporter_free(r));

        assert_int_equal(gate.n_written, 6);
        assert_string_equal(gate.written[3], "big 2");
        assert_non_null(strstr(gate.written[4], "7 log entries were lost here"));
        assert_string_equal(gate.written[5], "small");
}

static void test_a_write_that_fails_counts_as_lost(void **state _unused_) {
        struct reporter *r = gate_reporter(LOG_INFO);

        gate_permit(3, -ECONNREFUSED);
        tell_n(r, 1); /* fails */
        gate_wait_entered(1);
        tell_n(r, 1); /* so does telling of it, and the entry itself */
        gate_wait_entered(3);
        gate_permit(100, 0);
        reporter_tell(r, event_new(EVENT_WATCHING, "works"));
        assert_null(reporter_free(r));

        assert_int_equal(gate.n_written, 2);
        assert_non_null(strstr(gate.written[0], "2 log entries were lost here"));
        assert_string_equal(gate.written[1], "works");
}

static void test_level(void **state _unused_) {
        struct reporter *r = gate_reporter(LOG_WARNING);

        gate_permit(100, 0);
        reporter_tell(r, event_new(EVENT_WATCHING, "info"));
        reporter_tell(r, event_new(EVENT_FLAPPING, "warning"));
        reporter_set_level(r, LOG_INFO);
        reporter_tell(r, event_new(EVENT_WATCHING, "info now"));
        assert_null(reporter_free(r));

        assert_int_equal(gate.n_written, 2);
        assert_string_equal(gate.written[0], "warning");
        assert_string_equal(gate.written[1], "info now");
}

static int note_hostname(void *userdata, const struct event *e, usec_t realtime_usec _unused_) {
        char *noted = userdata;
        _cleanup_strv_ char **fields = event_to_fields(e);

        text_append(noted, 64, "%d", strv_contains(fields, "CONNECT_WATCHDOG_HOSTNAME=connect-1"));
        return 0;
}

static void test_the_hostname_is_told_where_one_is_set(void **state _unused_) {
        struct reporter *r = NULL;
        char noted[64] = "";

        assert_int_equal(reporter_new_with_writer(note_hostname, noted, LOG_INFO, &r), 0);
        reporter_tell(r, event_new(EVENT_FLAPPING, "x"));
        assert_int_equal(reporter_set_hostname(r, "connect-1"), 0);
        reporter_tell(r, event_new(EVENT_FLAPPING, "x"));
        assert_int_equal(reporter_set_hostname(r, NULL), 0);
        reporter_tell(r, event_new(EVENT_FLAPPING, "x"));
        assert_null(reporter_free(r));
        assert_string_equal(noted, "010");
}

static void test_no_memory_for_an_event_is_told(void **state _unused_) {
        struct reporter *r = gate_reporter(LOG_INFO);

        gate_permit(100, 0);
        reporter_tell(r, NULL);
        assert_null(reporter_free(r));

        assert_int_equal(gate.n_written, 1);
        assert_int_equal(gate.types[0], EVENT_INTERNAL_ERROR);
        assert_non_null(strstr(gate.written[0], "out of memory"));
}

static void test_free_does_not_wait_for_a_writer_that_hangs(void **state _unused_) {
        unsigned n_threads = count_threads(); /* a sanitizer may have one of its own */
        struct reporter *r = gate_reporter(LOG_INFO);

        tell_n(r, 3);
        gate_wait_entered(1);
        assert_null(reporter_free(r));
        assert_int_equal(gate_n_written(), 0);

        /* When it comes back after all it cleans up, and writes none of the rest. */
        gate_permit(100, 0);
        while (count_threads() > n_threads)
                (void) sched_yield();
        assert_int_equal(gate_n_written(), 1);
        assert_null(reporter_free(NULL));
}

/* ---- the journal ---- */

/* A /run of our own, with a socket where journald would listen. */
static int journal_listen(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };
        int fd;

        (void) unlink(JOURNAL_SOCKET);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static const char *journal_read(int fd, char *buf, size_t size) {
        ssize_t n = recv(fd, buf, size - 1, 0);

        assert_true(n > 0);
        buf[n] = '\0';
        return buf;
}

static void test_journal_entry(void **state _unused_) {
        _cleanup_close_ int fd = -1;
        struct reporter *r = NULL;
        struct event *e;
        char buf[8192];

        if (!have_namespace)
                skip();

        fd = journal_listen();
        assert_int_equal(reporter_new(REPORTER_JOURNAL, LOG_INFO, &r), 0);
        e = event_new(EVENT_INCIDENT_OPENED, "did not answer");
        assert_non_null(e);
        assert_int_equal(event_about(e, "connect-a", "kafka-connect.service", "00c0ffee"), 0);
        reporter_tell(r, e);

        assert_string_equal(journal_read(fd, buf, sizeof(buf)),
                            "MESSAGE=connect-a: did not answer\n"
                            "MESSAGE_ID=7b1f81cc420649c7b6a1915c884a377f\n"
                            "PRIORITY=4\n"
                            "SYSLOG_IDENTIFIER=connect-watchdog\n"
                            "CONNECT_WATCHDOG_EVENT=incident-opened\n"
                            "CONNECT_WATCHDOG_WORKER=connect-a\n"
                            "CONNECT_WATCHDOG_UNIT=kafka-connect.service\n"
                            "CONNECT_WATCHDOG_INCIDENT=00c0ffee\n");
        assert_null(reporter_free(r));
}

static void test_journal_that_hangs(void **state _unused_) {
        _cleanup_close_ int fd = -1;
        struct reporter *r = NULL;
        unsigned n = 0, lost = 0;
        char buf[8192];

        if (!have_namespace)
                skip();

        fd = journal_listen();
        assert_int_equal(reporter_new(REPORTER_JOURNAL, LOG_INFO, &r), 0);
        tell_n(r, 3000);

        while (n + lost < 3000) {
                const char *p = strstr(journal_read(fd, buf, sizeof(buf)), "CONNECT_WATCHDOG_LOST=");

                if (p)
                        lost += (unsigned) strtoul(p + strlen("CONNECT_WATCHDOG_LOST="), NULL, 10);
                else
                        n++;
        }
        assert_int_equal(n + lost, 3000);
        assert_in_range(n, REPORTER_QUEUE_ENTRIES_MAX, 2999);
        assert_null(reporter_free(r));
}

/* ---- stderr ---- */

static int take_stderr(int fd) {
        int saved = dup(STDERR_FILENO);

        assert_true(saved >= 0);
        assert_true(dup2(fd, STDERR_FILENO) >= 0);
        return saved;
}

static void give_stderr_back(int saved) {
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        (void) close(saved);
}

static void test_stderr_that_nobody_reads(void **state _unused_) {
        struct reporter *r = NULL;
        unsigned n = 0, good = 0;
        char line[128];
        int fds[2], saved, k;
        FILE *f;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096);
        f = fdopen(fds[0], "r");
        assert_non_null(f);

        /* Nothing may fail while stderr is not the test's own. */
        saved = take_stderr(fds[1]);
        k = reporter_new(REPORTER_CONSOLE, LOG_INFO, &r);
        if (k >= 0) {
                tell_n(r, 800);
                while (n < 800 && fgets(line, sizeof(line), f)) {
                        char expected[32];

                        (void) snprintf(expected, sizeof(expected), " entry %u\n", n++);
                        good += strstr(line, expected) ? 1 : 0;
                }
                r = reporter_free(r);
        }
        give_stderr_back(saved);

        assert_int_equal(k, 0);
        assert_int_equal(n, 800);
        assert_int_equal(good, 800);
        (void) close(fds[1]);
        assert_int_equal(fclose(f), 0);
}

static void test_journal_that_is_absent(void **state _unused_) {
        struct reporter *r = NULL;
        char line[128] = "";
        int fds[2], saved, k;

        if (!have_namespace)
                skip();
        (void) unlink(JOURNAL_SOCKET);

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        saved = take_stderr(fds[1]);
        k = reporter_new(REPORTER_JOURNAL, LOG_INFO, &r);
        if (k >= 0) {
                reporter_tell(r, event_new(EVENT_WATCHING, "on stderr"));
                r = reporter_free(r);
        }
        give_stderr_back(saved);
        assert_int_equal(k, 0);

        assert_true(read(fds[0], line, sizeof(line) - 1) > 0);
        assert_non_null(strstr(line, " on stderr\n"));
        (void) close(fds[0]);
        (void) close(fds[1]);
}

static void test_journal_stream(void **state _unused_) {
        struct stat st;
        char value[128];

        assert_int_equal(fstat(STDERR_FILENO, &st), 0);

        (void) unsetenv("JOURNAL_STREAM");
        assert_false(journal_is_stderr());

        (void) snprintf(value, sizeof(value), "%llu:%llu", (unsigned long long) st.st_dev,
                        (unsigned long long) st.st_ino);
        (void) setenv("JOURNAL_STREAM", value, 1);
        assert_true(journal_is_stderr());

        (void) snprintf(value, sizeof(value), "%llu:%llux", (unsigned long long) st.st_dev,
                        (unsigned long long) st.st_ino);
        (void) setenv("JOURNAL_STREAM", value, 1);
        assert_false(journal_is_stderr());

        (void) snprintf(value, sizeof(value), "%llu:%llu", (unsigned long long) st.st_dev,
                        (unsigned long long) st.st_ino + 1);
        (void) setenv("JOURNAL_STREAM", value, 1);
        assert_false(journal_is_stderr());

        (void) setenv("JOURNAL_STREAM", "", 1);
        assert_false(journal_is_stderr());
        (void) setenv("JOURNAL_STREAM", "x:y", 1);
        assert_false(journal_is_stderr());
        (void) unsetenv("JOURNAL_STREAM");
}

static bool enter_namespace(void) {
        return unshare(CLONE_NEWNS) >= 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) >= 0 &&
               mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") >= 0 && mkdir("/run/systemd", 0755) >= 0 &&
               mkdir("/run/systemd/journal", 0755) >= 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_all_in_order, gate_reset, gate_reset),
                cmocka_unit_test_setup_teardown(test_lost_entries_are_told_when_it_flows_again, gate_reset,
                                                gate_reset),
                cmocka_unit_test_setup_teardown(test_the_gap_is_told_where_it_is, gate_reset, gate_reset),
                cmocka_unit_test_setup_teardown(test_bounded_in_bytes, gate_reset, gate_reset),
                cmocka_unit_test_setup_teardown(test_a_write_that_fails_counts_as_lost, gate_reset,
                                                gate_reset),
                cmocka_unit_test_setup_teardown(test_level, gate_reset, gate_reset),
                cmocka_unit_test_setup_teardown(test_the_hostname_is_told_where_one_is_set, gate_reset,
                                                gate_reset),
                cmocka_unit_test_setup_teardown(test_no_memory_for_an_event_is_told, gate_reset, gate_reset),
                cmocka_unit_test_setup_teardown(test_free_does_not_wait_for_a_writer_that_hangs, gate_reset,
                                                gate_reset),
                cmocka_unit_test(test_journal_entry),
                cmocka_unit_test(test_journal_that_hangs),
                cmocka_unit_test(test_stderr_that_nobody_reads),
                cmocka_unit_test(test_journal_that_is_absent),
                cmocka_unit_test(test_journal_stream),
        };

        /* Whoever may not have one (no root) skips what needs it. */
        have_namespace = enter_namespace();
        (void) alarm(60);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
