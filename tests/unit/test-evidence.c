/* The evidence: its words, and its gathering over a private bus with real processes behind the pids. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "act/evidence.h"
#include "act/evidence_text.h"
#include "fake-bus.h"
#include "observe/kind.h"

#define UNIT "kafka-connect.service"

/* ---- words ---- */

static void test_sigquit_is_caught_or_not(_unused_ void **state) {
        static const struct {
                const char *status;
                bool catches;
        } cases[] = {
                { "Name:\tjava\nSigIgn:\t0000000000000000\nSigCgt:\t2000000181005ccd\nCapInh:\t0\n", true },
                { "Name:\tjava\nSigCgt:\t2000000181005cc8\nCapInh:\t0\n", false }, /* -Xrs */
                { "Name:\tjava\nSigCgt:\t0000000000000004", true },
                { "Name:\tx\nSigCgt:\t0000000000000003\n", false },
                { "Name:\tx\nSigIgn:\t0000000000000004\n", false },
                { "Name:\tSigCgt:\t4\n", false },
                { "Name:\tx\nSigCgt:\t\n", false },
                { "Name:\tx\nSigCgt:\tzz\n", false },
                { "Name:\tx\nSigCgt:\t4 4\n", false },
                { "Name:\tx\nSigCgt:\tfffffffffffffffff4\n", false },
                { "", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (evidence_catches_sigquit(cases[i].status) != cases[i].catches)
                        fail_msg("%s", cases[i].status);
}

#define HERDER                                                                                              \
        "\"DistributedHerder-connect-1-1\" #45 prio=5 os_prio=0 cpu=1.0ms\n"                                \
        "   java.lang.Thread.State: TIMED_WAITING (sleeping)\n"                                             \
        "\tat java.lang.Thread.sleep(java.base@17/Native Method)\n"                                         \
        "\tat com.example.Slow.taskConfigs(Slow.java:31)\n"

static void test_a_stopped_process_is_known(_unused_ void **state) {
        assert_true(evidence_is_stopped("Name:\tjava\nState:\tT (stopped)\nSigCgt:\t4\n"));
        assert_true(evidence_is_stopped("Name:\tjava\nState:\tt (tracing stop)\n"));
        assert_false(evidence_is_stopped("Name:\tjava\nState:\tS (sleeping)\n"));
        assert_false(evidence_is_stopped("Name:\tState:\tT\n"));
        assert_false(evidence_is_stopped(""));
}

static void test_the_tick_thread_is_found(_unused_ void **state) {
        static const struct {
                const char *dump;
                size_t max;
                const char *found;
        } cases[] = {
                { "Full thread dump\n\"main\" #1\n\tat a\n" HERDER "\"other\" #2\n\tat b\n", 24,
                  "\"DistributedHerder-connect-1-1\" #45 prio=5 os_prio=0 cpu=1.0ms\n"
                  "   java.lang.Thread.State: TIMED_WAITING (sleeping)\n"
                  "\tat java.lang.Thread.sleep(java.base@17/Native Method)\n"
                  "\tat com.example.Slow.taskConfigs(Slow.java:31)" },
                { HERDER "\n\"other\"\n", 2,
                  "\"DistributedHerder-connect-1-1\" #45 prio=5 os_prio=0 cpu=1.0ms\n"
                  "   java.lang.Thread.State: TIMED_WAITING (sleeping)" },
                { "\"StandaloneHerder-0\" #1\n\tat x\n\nJNI global refs: 1\n", 24,
                  "\"StandaloneHerder-0\" #1\n\tat x" },
                { "\"StandaloneHerder-0\" #1\nJNI global refs: 1\n", 24, "\"StandaloneHerder-0\" #1" },
                { "\"StandaloneHerder-0\"", 24, "\"StandaloneHerder-0\"" },
                { "\"main\" #1 waits for DistributedHerder\n\tat DistributedHerder.tick\n", 24, NULL },
                { "\"unfinished DistributedHerder\n", 24, NULL },
                { HERDER, 0, NULL },
                { "", 24, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *found = evidence_tick_thread(cases[i].dump, cases[i].max);

                if (!streq_ptr(found, cases[i].found))
                        fail_msg("%zu: %s", i, strempty(found));
        }
}

static void add_line(struct thread_dumps *d, const char *line) {
        assert_int_equal(thread_dumps_add(d, line, strlen(line)), 0);
}

static void test_where_the_thread_stands_is_one_clause(_unused_ void **state) {
        static const struct {
                const char *thread, *where;
        } cases[] = {
                { "\"DistributedHerder-connect-1\" #31\n   java.lang.Thread.State: TIMED_WAITING "
                  "(sleeping)\n"
                  "\tat java.lang.Thread.sleep(java.base@17.0.15/Native Method)\n"
                  "\tat com.example.Source.taskConfigs(Source.java:58)\n"
                  "\tat org.apache.kafka.connect.runtime.Worker.connectorTaskConfigs(Worker.java:405)",
                  "TIMED_WAITING at com.example.Source.taskConfigs(Source.java:58)" },
                { "\"h\"\n   java.lang.Thread.State: RUNNABLE\n\tat sun.nio.ch.EPoll.wait(Native Method)\n",
                  "RUNNABLE" },
                { "\"h\"\n\tat org.x.Y.z(Y.java:1)", "at org.x.Y.z(Y.java:1)" },
                { "\"h\" #1", NULL },
                { "", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *where = evidence_where(cases[i].thread);

                if (!streq_ptr(where, cases[i].where))
                        fail_msg("case %zu: %s", i, strempty(where));
        }
}

static void test_dumps_are_picked_out_of_other_lines(_unused_ void **state) {
        struct thread_dumps d = { 0 };

        add_line(&d, "[INFO] something");
        add_line(&d, "Full thread dump OpenJDK 64-Bit Server VM (17.0.13 mixed mode):");
        add_line(&d, "\"main\" #1");
        add_line(&d, "\tat x \x1b[31m");
        add_line(&d, "JNI global refs: 15, weak refs: 0");
        add_line(&d, "[INFO] more");
        assert_int_equal(d.n_ended, 1);
        add_line(&d, "Full thread dump again");
        assert_int_equal(d.n_begun, 2);
        assert_int_equal(d.n_ended, 1);
        assert_int_equal(d.n_lines, 5);
        assert_string_equal(d.text, "Full thread dump OpenJDK 64-Bit Server VM (17.0.13 mixed "
                                    "mode):\n\"main\" #1\n\tat x  [31m\n"
                                    "JNI global refs: 15, weak refs: 0\nFull thread dump again\n");
        thread_dumps_done(&d);
        assert_null(d.text);
}

static void test_a_dump_has_its_bounds(_unused_ void **state) {
        struct thread_dumps d = { 0 };
        char *line = malloc(3 * THREAD_DUMP_LINE_MAX);

        assert_non_null(line);
        memset(line, 'x', 3 * THREAD_DUMP_LINE_MAX);
        add_line(&d, "Full thread dump");
        for (unsigned i = 0; i < 1000; i++)
                assert_int_equal(thread_dumps_add(&d, line, 3 * THREAD_DUMP_LINE_MAX), 0);
        assert_true(d.cut);
        assert_in_range(d.len, THREAD_DUMP_MAX / 2, THREAD_DUMP_MAX);
        add_line(&d, "JNI global refs: 1");
        assert_int_equal(d.n_ended, 1);
        thread_dumps_done(&d);
        free(line);
}

#define RUNNING                                                                                             \
        {                                                                                                   \
                .known = true, .main_pid = 412, .active_state = "active",                                   \
                .active_enter_usec = 10 * USEC_PER_SEC, .memory_current_bytes = UINT64_C(431) << 20,        \
                .cpu_usage_usec = 20 * USEC_PER_SEC,                                                        \
        }

static void test_the_summary_is_one_clause(_unused_ void **state) {
        static const struct {
                const char *name;
                struct unit_view before;
                bool has_after;
                uint64_t after_cpu;
                unsigned lines;
                const char *summary;
        } cases[] = {
                { "all", RUNNING, true, 20 * USEC_PER_SEC + 600 * USEC_PER_MSEC, 212,
                  "JVM pid 412, 431M, 12 % CPU, thread dump of 212 lines" },
                { "no second look", RUNNING, false, 0, 0, "JVM pid 412, 431M, 22 % CPU on average" },
                { "not set",
                  { .known = true,
                    .main_pid = 7,
                    .memory_current_bytes = UINT64_MAX,
                    .cpu_usage_usec = USEC_INFINITY,
                    .n_restarts = 1 },
                  true,
                  5,
                  0,
                  "JVM pid 7, restarted by systemd 1 time" },
                { "crashed",
                  { .known = true,
                    .active_state = "failed",
                    .result = "exit-code",
                    .memory_current_bytes = UINT64_MAX,
                    .cpu_usage_usec = USEC_INFINITY,
                    .n_restarts = 2 },
                  false,
                  0,
                  0,
                  "no main process (failed, exit-code), restarted by systemd 2 times" },
                { "unknown", { .known = false }, false, 0, 0, "nothing is known of the unit" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct unit_view after = cases[i].before;
                _cleanup_free_ char *summary = NULL;

                after.cpu_usage_usec = cases[i].after_cpu;
                summary = evidence_summary("JVM", &cases[i].before, 100 * USEC_PER_SEC,
                                           cases[i].has_after ? &after : NULL, 105 * USEC_PER_SEC,
                                           cases[i].lines);
                if (!streq(strempty(summary), cases[i].summary))
                        fail_msg("%s: %s", cases[i].name, summary);
        }
}

/* ---- gathering ---- */

static sd_event *event;
static struct systemd *manager;
static struct unit_watch *unit;
static struct evidence *evidence;
static struct worker_settings worker;
static struct worker_kind other_kind;
static pid_t child;

static struct {
        unsigned n_done;
        bool has_text;
        char summary[512], why_no_dump[512];
} got;

static usec_t boottime(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

static void on_evidence(_unused_ struct evidence *e,
                        const struct evidence_result *r,
                        _unused_ void *userdata) {
        got.n_done++;
        got.has_text = r->text;
        (void) snprintf(got.summary, sizeof(got.summary), "%s", strempty(r->summary));
        (void) snprintf(got.why_no_dump, sizeof(got.why_no_dump), "%s", strempty(r->why_no_dump));
        evidence = evidence_free(evidence);
}

#define RUN_UNTIL(condition)                                                                                \
        do {                                                                                                \
                usec_t _end = boottime() + 20 * USEC_PER_SEC;                                               \
                while (!(condition)) {                                                                      \
                        if (boottime() > _end)                                                              \
                                fail_msg("in vain: %s", #condition);                                        \
                        (void) sd_event_run(event, 50 * USEC_PER_MSEC);                                     \
                }                                                                                           \
        } while (0)

static void ignore(_unused_ int signo) {
}

/* A process that catches SIGQUIT, or does not. */
static void start_child(bool catches) {
        int ready[2];
        char c;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0 && !catches) {
                /* A program of its own: valgrind would catch every signal for us. */
                (void) execlp("sleep", "sleep", "infinity", NULL);
                _exit(127);
        }
        if (child == 0) {
                (void) signal(SIGQUIT, ignore);
                (void) !write(ready[1], "", 1);
                for (;;)
                        (void) pause();
        }
        (void) close(ready[1]);
        assert_int_equal(read(ready[0], &c, 1), catches ? 1 : 0);
        (void) close(ready[0]);
}

static int set_up(void **state) {
        if (!fake_bus_start(true)) {
                assert_false(streq_ptr(getenv("CI"), "true"));
                print_message("# dbus-daemon, or python3 with dbus and gi, is missing here\n");
                *state = (void *) 1;
                return 0;
        }
        memset(&got, 0, sizeof(got));
        worker = (struct worker_settings) {
                .kind = &kafka_connect_kind,
                .unit = (char *) UNIT,
                .thread_dump = true,
                .thread_dump_interval_usec = 100 * USEC_PER_MSEC,
        };
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(systemd_new(event, boottime, NULL, NULL, &manager), 0);
        return 0;
}

static int tear_down(_unused_ void **state) {
        evidence = evidence_free(evidence);
        unit = unit_watch_free(unit);
        manager = systemd_free(manager);
        event = sd_event_unref(event);
        fake_bus_stop();
        if (child > 0) {
                (void) kill(child, SIGKILL);
                (void) waitpid(child, NULL, 0);
                child = 0;
        }
        return 0;
}

static void watch(bool catches) {
        start_child(catches);
        fake_do("{'do':'unit','name':'" UNIT
                "','properties':{'MainPID':%d,'MemoryCurrent':1048576,'NRestarts':1}}",
                child);
        assert_int_equal(unit_watch_new(manager, UNIT, NULL, NULL, &unit), 0);
        RUN_UNTIL(unit_watch_view(unit)->known);
}

static void gather(bool signals) {
        assert_int_equal(evidence_gather(event, unit, &worker, signals, on_evidence, NULL, &evidence), 0);
        assert_int_equal(got.n_done, 0);
        RUN_UNTIL(got.n_done == 1);
        assert_true(strncmp(got.summary, "JVM pid ", 8) == 0 ||
                    strncmp(got.summary, "process pid ", 12) == 0 ||
                    strncmp(got.summary, "no main", 7) == 0);
}

static void assert_signals(const char *expected) {
        _cleanup_free_ char *killed = fake_tell("{'do':'killed'}");

        assert_string_equal(killed, expected);
}

#define ONE_SIGNAL "[\"" UNIT "\", \"main\", 3]"
#define NEEDS_BUS(state)                                                                                    \
        if (*(state))                                                                                       \
        skip()

static void test_without_thread_dump_only_the_unit_is_told(void **state) {
        NEEDS_BUS(state);
        watch(true);
        worker.thread_dump = false;
        gather(true);
        assert_string_equal(got.why_no_dump, "");
        assert_non_null(strstr(got.summary, ", 1024K, restarted by systemd 1 time"));
        assert_signals("[]");
}

static void test_no_signal_where_it_is_not_allowed(void **state) {
        NEEDS_BUS(state);
        watch(true);
        gather(false);
        assert_non_null(strstr(got.why_no_dump, "only observing"));
        other_kind = kafka_connect_kind;
        other_kind.jvm = false;
        other_kind.name = "krakend";
        worker.kind = &other_kind;
        got.n_done = 0;
        gather(true);
        assert_string_equal(got.why_no_dump, "a worker of kind krakend is no JVM");
        worker.kind = &kafka_connect_kind;
        fake_do("{'do':'crash','name':'" UNIT "'}");
        got.n_done = 0;
        gather(true);
        assert_string_equal(got.why_no_dump, "the unit has no main process");
        assert_signals("[]");
}

static void test_no_signal_to_a_process_that_would_die_of_it(void **state) {
        NEEDS_BUS(state);
        watch(false);
        gather(true);
        assert_non_null(strstr(got.why_no_dump, "does not catch SIGQUIT"));
        assert_signals("[]");
}

/* Hidden by ProtectProc=invisible it looks as if it were gone: above every pid there can be. */
static void test_no_signal_to_a_process_that_cannot_be_seen(void **state) {
        NEEDS_BUS(state);
        watch(true);
        fake_do("{'do':'set','name':'" UNIT "','properties':{'MainPID':4194305}}");
        gather(true);
        assert_non_null(strstr(got.why_no_dump, "process 4194305 cannot be looked at"));
        assert_non_null(strstr(got.why_no_dump, "No such file or directory"));
        assert_non_null(strstr(got.why_no_dump, "ProtectProc="));
        assert_signals("[]");
}

static void test_two_signals_and_then_the_journal(void **state) {
        NEEDS_BUS(state);
        watch(true);
        gather(true);
        assert_signals("[" ONE_SIGNAL ", " ONE_SIGNAL "]");
        /* The child prints nothing. */
        assert_false(got.has_text);
        assert_non_null(strstr(got.why_no_dump, "the unit's journal"));
}

static void test_no_second_signal_to_another_process(void **state) {
        NEEDS_BUS(state);
        watch(true);
        worker.thread_dump_interval_usec = 400 * USEC_PER_MSEC;
        assert_int_equal(evidence_gather(event, unit, &worker, true, on_evidence, NULL, &evidence), 0);
        for (bool sent = false; !sent;) {
                _cleanup_free_ char *killed = fake_tell("{'do':'killed'}");

                sent = streq(killed, "[" ONE_SIGNAL "]");
                (void) sd_event_run(event, 10 * USEC_PER_MSEC);
        }
        fake_do("{'do':'set','name':'" UNIT "','properties':{'MainPID':1}}");
        RUN_UNTIL(got.n_done == 1);
        assert_signals("[" ONE_SIGNAL "]");
}

static void test_a_refused_signal_is_told(void **state) {
        NEEDS_BUS(state);
        watch(true);
        fake_do("{'do':'answer','method':'KillUnit','error':['org.freedesktop.DBus.Error.AccessDenied','No.'"
                "]}");
        gather(true);
        assert_string_equal(got.why_no_dump, "SIGQUIT could not be sent: not authorised (No.)");
}

static void test_it_ends_however_things_hang(void **state) {
        NEEDS_BUS(state);
        watch(true);
        fake_do("{'do':'answer','method':'KillUnit'}");
        gather(true);
        assert_true(got.why_no_dump[0] != '\0');
        fake_bus_stop();
        RUN_UNTIL(!systemd_connected(manager));
        got.n_done = 0;
        assert_int_equal(evidence_gather(event, unit, &worker, true, on_evidence, NULL, &evidence), 0);
        RUN_UNTIL(got.n_done == 1);
        assert_string_equal(got.summary, "nothing is known of the unit");
}

static void test_freed_before_its_end_it_never_calls(void **state) {
        NEEDS_BUS(state);
        watch(true);
        assert_int_equal(evidence_gather(event, unit, &worker, true, on_evidence, NULL, &evidence), 0);
        for (unsigned i = 0; i < 5; i++)
                (void) sd_event_run(event, 100 * USEC_PER_MSEC);
        evidence = evidence_free(evidence);
        for (unsigned i = 0; i < 5; i++)
                (void) sd_event_run(event, 50 * USEC_PER_MSEC);
        assert_int_equal(got.n_done, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sigquit_is_caught_or_not),
                cmocka_unit_test(test_a_stopped_process_is_known),
                cmocka_unit_test(test_the_tick_thread_is_found),
                cmocka_unit_test(test_where_the_thread_stands_is_one_clause),
                cmocka_unit_test(test_dumps_are_picked_out_of_other_lines),
                cmocka_unit_test(test_a_dump_has_its_bounds),
                cmocka_unit_test(test_the_summary_is_one_clause),
                T(test_without_thread_dump_only_the_unit_is_told),
                T(test_no_signal_where_it_is_not_allowed),
                T(test_no_signal_to_a_process_that_would_die_of_it),
                T(test_no_signal_to_a_process_that_cannot_be_seen),
                T(test_two_signals_and_then_the_journal),
                T(test_no_second_signal_to_another_process),
                T(test_a_refused_signal_is_told),
                T(test_it_ends_however_things_hang),
                T(test_freed_before_its_end_it_never_calls),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
