/* Starts dbus-daemon and the fake systemd, and talks to the latter over a connection of its own. */
#include "fake-bus.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <systemd/sd-bus.h>

#include "util/macro.h"

static char directory[64], bus_path[96], config_path[96], address[128], script[512];
static pid_t daemon_pid, fake_pid;
static sd_bus *control;

/* Starts a program and waits for its first line: it is ready then. */
static pid_t start(const char *const *argv) {
        int out[2];
        pid_t pid;
        char c = '\0';

        assert_int_equal(pipe(out), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) dup2(out[1], STDOUT_FILENO);
                (void) close(out[0]);
                (void) close(out[1]);
                (void) execvp(argv[0], (char *const *) argv);
                _exit(127);
        }
        (void) close(out[1]);
        while (pid > 0 && c != '\n')
                if (read(out[0], &c, 1) <= 0) {
                        (void) waitpid(pid, NULL, 0);
                        pid = 0;
                }
        (void) close(out[0]);
        return pid;
}

static void stop(pid_t *pid) {
        if (*pid <= 0)
                return;
        (void) kill(*pid, SIGKILL);
        (void) waitpid(*pid, NULL, 0);
        *pid = 0;
}

static void write_config(void) {
        FILE *f = fopen(config_path, "we");

        assert_non_null(f);
        (void) fprintf(f,
                       "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
                       " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                       "<busconfig><listen>unix:path=%s</listen><auth>EXTERNAL</auth>"
                       "<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
                       "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n",
                       bus_path);
        assert_int_equal(fclose(f), 0);
}

static void connect_control(void) {
        assert_true(sd_bus_new(&control) >= 0);
        assert_true(sd_bus_set_address(control, address) >= 0);
        assert_true(sd_bus_set_bus_client(control, true) >= 0);
        assert_true(sd_bus_start(control) >= 0);
}

bool fake_bus_start(bool with_fake) {
        const char *const daemon_argv[] = { "dbus-daemon", "--nofork",        "--config-file",
                                            config_path,   "--print-address", NULL };
        const char *const fake_argv[] = { "/usr/bin/python3", script, "--address", address, NULL };

        if (directory[0] == '\0') {
                strcpy(directory, "/tmp/fake-bus-XXXXXX");
                assert_non_null(mkdtemp(directory));
                (void) snprintf(bus_path, sizeof(bus_path), "%s/bus", directory);
                (void) snprintf(config_path, sizeof(config_path), "%s/config", directory);
                (void) snprintf(address, sizeof(address), "unix:path=%s", bus_path);
                (void) snprintf(script, sizeof(script), "%s/../integration/fake_systemd.py",
                                getenv("TEST_SOURCE_DIR") ? getenv("TEST_SOURCE_DIR") : "tests/unit");
        }
        /* The same directory each time: a bus that comes back has its old address. */
        (void) mkdir(directory, 0700);
        assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
        write_config();
        daemon_pid = start(daemon_argv);
        if (daemon_pid <= 0)
                return false;
        if (!with_fake)
                return true;
        fake_pid = start(fake_argv);
        if (fake_pid <= 0) {
                fake_bus_stop();
                return false;
        }
        connect_control();
        return true;
}

void fake_bus_stop(void) {
        control = sd_bus_close_unref(control);
        stop(&fake_pid);
        stop(&daemon_pid);
        (void) unlink(bus_path);
        (void) unlink(config_path);
        if (directory[0] != '\0')
                (void) rmdir(directory);
}

static char *tell(const char *format, va_list ap) _printf_(1, 0);
static char *tell(const char *format, va_list ap) {
        sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *text = NULL;
        sd_bus_message *m = NULL;
        const char *answer;
        char *copy;
        int r;

        assert_true(vasprintf(&text, format, ap) > 0);
        for (char *c = text; *c; c++)
                if (*c == '\'')
                        *c = '"';
        r = sd_bus_call_method(control, "fake.Control", "/fake", "fake.Control", "Do", &e, &m, "s", text);
        if (r < 0)
                fail_msg("%s: %s", text, e.message ? e.message : strerror(-r));
        assert_true(sd_bus_message_read(m, "s", &answer) > 0);
        copy = strdup(answer);
        sd_bus_message_unref(m);
        sd_bus_error_free(&e);
        assert_non_null(copy);
        return copy;
}

char *fake_tell(const char *format, ...) {
        va_list ap;
        char *answer;

        va_start(ap, format);
        answer = tell(format, ap);
        va_end(ap);
        return answer;
}

void fake_do(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        free(tell(format, ap));
        va_end(ap);
}
