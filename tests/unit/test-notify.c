/* What systemd gets to read at $NOTIFY_SOCKET, also while it reads nothing. A notification that blocks
 * ends in the alarm. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <cmocka.h>

#include "report/notify.h"

static int systemd_fd = -1;
static char directory[] = "/tmp/test-notify-XXXXXX";

/* ---- systemd's side ---- */

static void systemd_listen(const char *name) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t len = strlen(name);

        if (systemd_fd >= 0)
                (void) close(systemd_fd);

        assert_in_range(len, 1, sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, name, len);
        if (name[0] == '@')
                address.sun_path[0] = '\0';

        systemd_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(systemd_fd >= 0);
        assert_int_equal(
                bind(systemd_fd, (const struct sockaddr *) &address,
                     (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '@' ? 0 : 1))),
                0);
        assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static const char *systemd_reads(void) {
        static char buf[1024];
        ssize_t n = recv(systemd_fd, buf, sizeof(buf) - 1, 0);

        if (n < 0) {
                assert_int_equal(errno, EAGAIN);
                return "";
        }
        buf[n] = '\0';
        return buf;
}

static int listen_anew(void **state _unused_) {
        static unsigned count;
        char path[128];

        /* An abstract one as well as files. */
        (void) snprintf(path, sizeof(path), "%s%s/%u", count % 2 ? "@" : "", directory, count);
        count++;
        systemd_listen(path);
        return 0;
}

/* ---- the tests; the texts differ, since the last status is remembered ---- */

static void test_each_message(void **state _unused_) {
        notify_ready("1 worker: 1 healthy");
        assert_string_equal(systemd_reads(), "READY=1\nSTATUS=1 worker: 1 healthy\n");

        notify_watchdog();
        assert_string_equal(systemd_reads(), "WATCHDOG=1\n");

        notify_stopping();
        assert_string_equal(systemd_reads(), "STOPPING=1\n");

        notify_ready(NULL);
        assert_string_equal(systemd_reads(), "READY=1\n");
}

static void test_status_only_when_it_changes(void **state _unused_) {
        notify_status("first");
        assert_string_equal(systemd_reads(), "STATUS=first\n");
        notify_status("first");
        assert_string_equal(systemd_reads(), "");
        notify_status("second");
        assert_string_equal(systemd_reads(), "STATUS=second\n");
        notify_ready("second");
        assert_string_equal(systemd_reads(), "READY=1\n");
        notify_status("first");
        assert_string_equal(systemd_reads(), "STATUS=first\n");
}

static usec_t monotonic_now(void) {
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

static void test_reloading_says_when(void **state _unused_) {
        usec_t before = monotonic_now(), after;
        unsigned long long at;
        char end;

        notify_reloading();
        after = monotonic_now();

        assert_int_equal(sscanf(systemd_reads(), "RELOADING=1\nMONOTONIC_USEC=%llu%c", &at, &end), 2);
        assert_int_equal(end, '\n');
        assert_in_range(at, before, after);
}

/* More than fits into the socket's queue: the rest is dropped, but not READY=1 nor the last status. */
static void test_systemd_that_hangs(void **state _unused_) {
        unsigned n = 0;

        for (unsigned i = 0; i < 5000; i++)
                notify_watchdog();
        notify_ready("hung");
        notify_status("hung as well");

        while (systemd_reads()[0])
                n++;
        assert_in_range(n, 1, 4999);

        notify_watchdog();
        assert_string_equal(systemd_reads(), "READY=1\nWATCHDOG=1\n");
        notify_status("hung as well");
        assert_string_equal(systemd_reads(), "STATUS=hung as well\n");
}

static void test_nobody_listens(void **state _unused_) {
        char path[256];

        (void) unsetenv("NOTIFY_SOCKET");
        notify_watchdog();
        (void) setenv("NOTIFY_SOCKET", "", 1);
        notify_watchdog();
        (void) setenv("NOTIFY_SOCKET", "relative", 1);
        notify_watchdog();
        (void) setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
        notify_watchdog();
        (void) snprintf(path, sizeof(path), "%s/nobody", directory);
        (void) setenv("NOTIFY_SOCKET", path, 1);
        notify_watchdog();
        memset(path, 'x', sizeof(path) - 1);
        path[0] = '/';
        path[sizeof(path) - 1] = '\0';
        (void) setenv("NOTIFY_SOCKET", path, 1);
        notify_watchdog();

        assert_string_equal(systemd_reads(), "");
}

static void test_watchdog_interval(void **state _unused_) {
        char pid[32];
        static const struct {
                const char *usec;
                usec_t interval;
        } rows[] = {
                { "60000000", 30 * USEC_PER_SEC }, { "1", 0 }, { "0", 0 }, { "junk", 0 }, { "", 0 },
        };

        (void) unsetenv("WATCHDOG_PID");
        (void) unsetenv("WATCHDOG_USEC");
        assert_int_equal(notify_watchdog_interval(), 0);

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                (void) setenv("WATCHDOG_USEC", rows[i].usec, 1);
                assert_int_equal(notify_watchdog_interval(), rows[i].interval);
        }

        (void) setenv("WATCHDOG_USEC", "60000000", 1);
        (void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
        (void) setenv("WATCHDOG_PID", pid, 1);
        assert_int_equal(notify_watchdog_interval(), 30 * USEC_PER_SEC);
        (void) setenv("WATCHDOG_PID", "1", 1);
        assert_int_equal(notify_watchdog_interval(), 0);
}

static int clean_up(void **state _unused_) {
        char path[128];

        for (unsigned i = 0; i < 16; i++) {
                (void) snprintf(path, sizeof(path), "%s/%u", directory, i);
                (void) unlink(path);
        }
        (void) close(systemd_fd);
        return rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_each_message, listen_anew),
                cmocka_unit_test_setup(test_status_only_when_it_changes, listen_anew),
                cmocka_unit_test_setup(test_reloading_says_when, listen_anew),
                cmocka_unit_test_setup(test_systemd_that_hangs, listen_anew),
                cmocka_unit_test_setup(test_nobody_listens, listen_anew),
                cmocka_unit_test(test_watchdog_interval),
        };

        if (!mkdtemp(directory))
                return 1;
        (void) alarm(60);
        return cmocka_run_group_tests(tests, NULL, clean_up);
}
