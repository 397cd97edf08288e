/* What verify-config makes of the facts about units: which findings, how bad, and what they say. */
#include <errno.h>

#include "observe/kind.h"
#include "util/text.h"
#include "verify-scene.h"

#define XRS "Name:\tjava\nSigCgt:\t2000000181005cc8\n"

static void expect_unit(const struct worker_settings *w, const struct unit_facts *u, const char *expected) {
        struct findings f = {};

        unit_check(w, u, &f);
        expect(&f, expected);
}

static void a_unit_is_there_and_runs(_unused_ void **state) {
        const struct worker_settings other = {
                .name = "b", .unit = "connect.service", .source_file = "/etc/b.conf", .source_line = 9
        };
        struct worker_settings w = worker();
        struct unit_facts u = unit();

        expect_unit(&w, &u, "ok unit: kafka-connect.service is active (running)\n");
        u.same_as = &other;
        expect_unit(&w, &u,
                    "problem unit: kafka-connect.service is the same unit as connect.service of worker b: "
                    "each would "
                    "restart it for itself → name each unit in one section: [worker b] (/etc/b.conf:9) or "
                    "[worker a] (/etc/a.conf:3)\n"
                    "ok unit: kafka-connect.service is active (running)\n");
        u = unit();
        w.unit = "connect.service";
        expect_unit(&w, &u, "ok unit: connect.service (kafka-connect.service) is active (running)\n");
        (void) strcpy(u.unit_file_state, "disabled");
        expect_unit(&w, &u,
                    "warning unit: connect.service (kafka-connect.service) is disabled: it does not come "
                    "back after a "
                    "reboot → systemctl enable connect.service\n");
        w.unit = NULL;
        expect_unit(&w, &u, "ok unit: none is named: can only alert\n");
        u.known = false;
        w = worker();
        expect_unit(&w, &u, "");
}

static void a_unit_that_does_not_run_is_told(_unused_ void **state) {
        static const struct {
                const char *active, *sub, *expected;
        } rows[] = {
                { "activating", "start-pre", "ok unit: kafka-connect.service is activating (start-pre)\n" },
                { "reloading", "reload", "ok unit: kafka-connect.service is reloading (reload)\n" },
                { "activating", "auto-restart",
                  "warning unit: kafka-connect.service is activating (auto-restart) → systemctl start "
                  "kafka-connect.service\n" },
                { "inactive", "dead",
                  "warning unit: kafka-connect.service is inactive (dead) → systemctl start "
                  "kafka-connect.service\n" },
                { "failed", "failed",
                  "warning unit: kafka-connect.service is failed (failed) → journalctl -u "
                  "kafka-connect.service -e\n" },
                { "deactivating", "stop-sigterm",
                  "warning unit: kafka-connect.service is deactivating (stop-sigterm) → systemctl start "
                  "kafka-connect.service\n" },
        };
        const struct worker_settings w = worker();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct unit_facts u = unit();

                (void) snprintf(u.active_state, sizeof(u.active_state), "%s", rows[i].active);
                (void) snprintf(u.sub_state, sizeof(u.sub_state), "%s", rows[i].sub);
                expect_unit(&w, &u, rows[i].expected);
        }
}

static void a_unit_that_cannot_be_started_is_a_problem(_unused_ void **state) {
        static const char *const rows[][2] = {
                { "not-found", "problem unit: there is no kafka-connect.service → correct unit = in [worker "
                               "a] (/etc/a.conf:3); "
                               "see systemctl list-units --type=service\n" },
                { "masked",
                  "problem unit: kafka-connect.service is masked, and cannot be started → systemctl unmask "
                  "kafka-connect.service, or take unit = out of [worker a] (/etc/a.conf:3)\n" },
                { "bad-setting",
                  "problem unit: kafka-connect.service cannot be loaded (bad-setting) → systemd-analyze "
                  "verify kafka-connect.service, then systemctl daemon-reload\n" },
        };
        const struct worker_settings w = worker();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const struct polkit_facts p = { .state = POLKIT_ASKED };
                struct unit_facts u = unit();
                struct findings f = {};

                (void) snprintf(u.load_state, sizeof(u.load_state), "%s", rows[i][0]);
                expect_unit(&w, &u, rows[i][1]);
                /* Nothing more is said of it. */
                polkit_check(&w, &u, &p, true, &f);
                unit_check_settings(&w, &u, true, &f);
                expect(&f, "");
        }
}

static void what_may_have_been_meant(_unused_ void **state) {
        const struct worker_settings w = worker();
        struct unit_facts u = unit();

        (void) strcpy(u.load_state, "not-found");
        (void) strcpy(u.similar, "confluent-kafka-connect.service, kafka.service");
        expect_unit(&w, &u,
                    "problem unit: there is no kafka-connect.service → correct unit = in [worker a] "
                    "(/etc/a.conf:3); "
                    "there is "
                    "confluent-kafka-connect.service, kafka.service\n");
}

static void the_agent_runs_or_not(_unused_ void **state) {
        struct unit_facts u = unit();
        struct findings f = {};

        service_check(&u, &f);
        expect(&f, "ok service: connect-watchdog.service is active (process 42)\n");
        (void) strcpy(u.active_state, "failed");
        (void) strcpy(u.sub_state, "failed");
        service_check(&u, &f);
        expect(&f, "warning service: connect-watchdog.service is failed (failed): nothing is watched → "
                   "systemctl enable "
                   "--now connect-watchdog.service\n");
        (void) strcpy(u.load_state, "not-found");
        service_check(&u, &f);
        expect(&f, "warning service: connect-watchdog.service is not-found: nothing is watched → install "
                   "it, then "
                   "systemctl daemon-reload\n");
        u.known = false;
        service_check(&u, &f);
        expect(&f, "");
}

/* ---- polkit ---- */

static void polkit_decides_what_the_agent_may(_unused_ void **state) {
        static const struct {
                struct polkit_facts facts;
                bool acts;
                const char *expected;
        } rows[] = {
                { { .state = POLKIT_ASKED },
                  true,
                  "ok polkit: the agent may restart kafka-connect.service\n" },
                { { .state = POLKIT_ASKED, .refused = "try-restart", .refused_restart = true },
                  true,
                  "problem polkit: the agent may not restart kafka-connect.service (refused: try-restart) → "
                  "connect-watchdogctl authorize kafka-connect.service\n" },
                { { .state = POLKIT_ASKED, .refused = "try-restart", .refused_restart = true },
                  false,
                  "ok polkit: the agent may not restart kafka-connect.service, and need not while it only "
                  "observes; "
                  "before it is to: connect-watchdogctl authorize kafka-connect.service\n" },
                { { .state = POLKIT_ASKED, .refused = "kill", .refused_kill = true },
                  true,
                  "warning polkit: the agent may restart kafka-connect.service, but not ask it for a thread "
                  "dump "
                  "(refused: kill) → connect-watchdogctl authorize kafka-connect.service\n" },
                { { .state = POLKIT_NOT_ASKED, .why = "only root may ask", .remedy = "run this as root" },
                  true,
                  "unknown polkit: whether the agent may restart kafka-connect.service cannot be told: only "
                  "root may "
                  "ask → run this as root\n" },
                { { .state = POLKIT_MISSING, .why = "masked", .remedy = "install polkit" },
                  true,
                  "problem polkit: there is no polkit to let the agent restart kafka-connect.service "
                  "(masked) → install "
                  "polkit\n" },
                { { .state = POLKIT_MISSING, .why = "masked", .remedy = "install polkit" },
                  false,
                  "unknown polkit: there is no polkit to let the agent restart kafka-connect.service "
                  "(masked) → install "
                  "polkit\n" },
        };
        const struct worker_settings w = worker();
        const struct unit_facts u = unit();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct findings f = {};

                polkit_check(&w, &u, &rows[i].facts, rows[i].acts, &f);
                expect(&f, rows[i].expected);
        }
}

/* ---- settings ---- */

static void expect_settings(const struct worker_settings *w,
                            const struct unit_facts *u,
                            bool acts,
                            const char *expected) {
        struct findings f = {};

        unit_check_settings(w, u, acts, &f);
        expect(&f, expected);
}

static void a_good_unit_has_nothing_said_of_it(_unused_ void **state) {
        struct worker_settings w = worker();
        struct unit_facts u = unit();

        expect_settings(&w, &u, true, "");
        u.timeout_stop_usec = USEC_INFINITY;
        u.refuse_manual_start = true; /* of no matter to one who only watches */
        expect_settings(&w, &u, false, "");
        w.thread_dump = false;
        u.status = PROC(XRS);
        expect_settings(&w, &u, false, "");
        u.main_pid = 0;
        u.cmdline = u.environ = u.status = (struct proc_text) {};
        w.thread_dump = true;
        expect_settings(&w, &u, false, "");
}

static void how_a_unit_stops_and_comes_back(_unused_ void **state) {
        struct worker_settings w = worker();
        struct unit_facts u = unit();

        u.timeout_stop_usec = 90 * USEC_PER_SEC;
        expect_settings(
                &w, &u, true,
                "warning stop-timeout: TimeoutStopSec=1min 30s: a clean stop can take two minutes, and a "
                "worker "
                "that is killed in it loses source offsets, so that records come twice → systemctl edit "
                "kafka-connect.service: [Service] TimeoutStopSec=180s\n");
        u = unit();
        u.accepts_143 = false;
        expect_settings(&w, &u, true,
                        "warning exit-status: SuccessExitStatus=143 is not set: a JVM that is stopped ends "
                        "with 143, and "
                        "its unit then looks failed → systemctl edit kafka-connect.service: [Service] "
                        "SuccessExitStatus=143\n");
        u = unit();
        (void) strcpy(u.restart, "no");
        expect_settings(
                &w, &u, true,
                "warning restart: Restart=no: after a crash it is down until the agent revives it, after "
                "3min "
                "at the earliest; with Restart=on-failure systemd starts it again at once → systemctl edit "
                "kafka-connect.service: [Service] Restart=on-failure\n");
        w.revive = false;
        expect_settings(
                &w, &u, true,
                "warning restart: Restart=no: after a crash it stays down; with Restart=on-failure systemd "
                "starts it again at once → systemctl edit kafka-connect.service: [Service] "
                "Restart=on-failure\n");
        u = unit();
        u.refuse_manual_stop = true;
        expect_settings(&w, &u, true,
                        "problem manual-start: RefuseManualStop=yes: systemd lets nobody restart it → "
                        "systemctl edit "
                        "kafka-connect.service: [Unit] RefuseManualStop=no\n");
}

/* Told to name another one, nobody is to edit this one. */
static void a_unit_that_is_never_restarted_is_not_to_be_edited(_unused_ void **state) {
        const struct polkit_facts p = { .state = POLKIT_ASKED,
                                        .refused = "restart",
                                        .refused_restart = true };
        struct worker_settings w = worker();
        struct unit_facts u = unit();
        struct findings f = {};

        w.unit = (char *) "dbus.service";
        (void) strcpy(u.id, w.unit);
        u.timeout_stop_usec = 90 * USEC_PER_SEC;
        u.accepts_143 = false;
        u.refuse_manual_stop = true;
        (void) strcpy(u.restart, "no");
        expect_settings(&w, &u, true, "");
        polkit_check(&w, &u, &p, true, &f);
        expect(&f,
               "problem polkit: the agent may not restart dbus.service (refused: restart) → name another "
               "unit in [worker a] (/etc/a.conf:3): dbus.service is the system bus: its restart takes "
               "the bus from every service, also from systemd and the watchdog\n");
}

static void a_start_limit_that_outlasts_the_patience(_unused_ void **state) {
        struct worker_settings w = worker();
        struct unit_facts u = unit();

        u.start_limit_usec = 3 * USEC_PER_MINUTE;
        expect_settings(&w, &u, true, "");
        u.start_limit_usec = USEC_PER_HOUR;
        expect_settings(&w, &u, true,
                        "warning start-limit: StartLimitIntervalSec=1h: once it crashed 5 times in that "
                        "(StartLimitBurst=), "
                        "systemd lets the agent revive it only when that is over → systemctl edit "
                        "kafka-connect.service: [Unit] StartLimitIntervalSec=3min or less\n");
        expect_settings(&w, &u, false, "");
        u.start_limit_burst = 0;
        expect_settings(&w, &u, true, "");
        u.start_limit_burst = 5;
        w.revive = false;
        expect_settings(&w, &u, true, "");
}

static void the_jvm_and_its_memory(_unused_ void **state) {
        const struct worker_settings w = worker();
        struct unit_facts u = unit();

        u.cmdline = PROC("java\0Main");
        expect_settings(&w, &u, true,
                        "warning out-of-memory: a JVM that runs out of memory lives on with some of its "
                        "threads dead, and "
                        "tasks look RUNNING for hours → add -XX:+ExitOnOutOfMemoryError to its Java options "
                        "(KAFKA_OPTS), and restart it when it suits\n");
        u.environ.data = NULL;
        expect_settings(
                &w, &u, true,
                "unknown out-of-memory: whether the JVM ends when it runs out of memory may stand in its "
                "environment, which only root can read\n");
        u.cmdline = PROC("/bin/bash\0/usr/bin/connect-distributed");
        expect_settings(&w, &u, true,
                        "unknown out-of-memory: the main process (42) is bash and not java: the options of "
                        "the JVM are "
                        "not seen → have the script that starts it end with exec java\n");
        u.cmdline = (struct proc_text) {};
        expect_settings(
                &w, &u, true,
                "unknown out-of-memory: the main process (42) cannot be looked at → run this as root\n");
}

static void a_jvm_of_another_kind(_unused_ void **state) {
        struct worker_settings w = worker();
        struct unit_facts u = unit();

        w.kind = &zeebe_broker_kind;
        u.timeout_stop_usec = 90 * USEC_PER_SEC;
        u.cmdline = PROC("java\0Main");
        expect_settings(&w, &u, true,
                        "warning out-of-memory: a JVM that runs out of memory lives on with some of its "
                        "threads dead, and looks well for hours → add -XX:+ExitOnOutOfMemoryError to its "
                        "Java options (JAVA_OPTS), and restart it when it suits\n");
        w.kind = &krakend_kind;
        u.accepts_143 = false;
        w.thread_dump = false;
        expect_settings(&w, &u, true, "");
}

static void a_jvm_that_cannot_dump_its_threads(_unused_ void **state) {
        const struct worker_settings w = worker();
        struct unit_facts u = unit();

        u.status = PROC(XRS);
        expect_settings(&w, &u, true,
                        "warning thread-dump: thread_dump = yes, but process 42 does not catch SIGQUIT "
                        "(java -Xrs, or a "
                        "script around it): it would die of it, so it is not sent → take -Xrs out of its "
                        "Java options, "
                        "or thread_dump = yes out of its section\n");
        u.status.data = NULL;
        expect_settings(&w, &u, true,
                        "unknown thread-dump: /proc/42/status cannot be read → run this as root\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_unit_is_there_and_runs),
                cmocka_unit_test(a_unit_that_does_not_run_is_told),
                cmocka_unit_test(a_unit_that_cannot_be_started_is_a_problem),
                cmocka_unit_test(what_may_have_been_meant),
                cmocka_unit_test(the_agent_runs_or_not),
                cmocka_unit_test(polkit_decides_what_the_agent_may),
                cmocka_unit_test(a_good_unit_has_nothing_said_of_it),
                cmocka_unit_test(how_a_unit_stops_and_comes_back),
                cmocka_unit_test(a_unit_that_is_never_restarted_is_not_to_be_edited),
                cmocka_unit_test(a_start_limit_that_outlasts_the_patience),
                cmocka_unit_test(the_jvm_and_its_memory),
                cmocka_unit_test(a_jvm_of_another_kind),
                cmocka_unit_test(a_jvm_that_cannot_dump_its_threads),
        };

        return cmocka_run_group_tests_name("verify-checks", tests, NULL, NULL);
}
