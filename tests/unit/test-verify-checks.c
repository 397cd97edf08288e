/* What verify-config makes of the facts: which findings, how bad, and what they say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ctl/unit_checks.h"
#include "ctl/url_checks.h"
#include "observe/kind.h"
#include "util/text.h"

#define UNIT "kafka-connect.service"
#define CATCHES "Name:\tjava\nSigCgt:\t2000000181005ccd\n"
#define XRS "Name:\tjava\nSigCgt:\t2000000181005cc8\n"

static struct worker_settings worker(void) {
        return (struct worker_settings) {
                .name = "a",
                .source_file = "/etc/a.conf",
                .source_line = 3,
                .kind = &kafka_connect_kind,
                .url = "http://127.0.0.1:8083",
                .unit = UNIT,
                .action = ACTION_RESTART,
                .sustain_usec = 3 * USEC_PER_MINUTE,
                .revive = true,
                .thread_dump = true,
                .min_healthy_peers = 1,
        };
}

static struct proc_text text(const char *literal, size_t size) {
        return (struct proc_text) { .data = (char *) literal, .len = size };
}
#define PROC(literal) text(literal, sizeof(literal))

/* As it should be in every respect. */
static struct unit_facts unit(void) {
        return (struct unit_facts) {
                .known = true,
                .id = UNIT,
                .load_state = "loaded",
                .active_state = "active",
                .sub_state = "running",
                .unit_file_state = "enabled",
                .restart = "on-failure",
                .main_pid = 42,
                .timeout_stop_usec = 180 * USEC_PER_SEC,
                .start_limit_usec = 10 * USEC_PER_SEC,
                .start_limit_burst = 5,
                .accepts_143 = true,
                .cmdline = PROC("/usr/bin/java\0-XX:+ExitOnOutOfMemoryError\0Main"),
                .environ = PROC("PATH=/bin"),
                .status = PROC(CATCHES),
        };
}

/* "problem polkit: text → remedy", a line each; frees f. */
static void expect(struct findings *f, const char *expected) {
        char said[4096] = "";

        for (size_t i = 0; i < f->n; i++)
                text_append(said, sizeof(said), "%s %s: %s%s%s\n", severity_to_string(f->list[i].severity),
                            check_to_string(f->list[i].check), f->list[i].text,
                            f->list[i].remedy ? " → " : "", strempty(f->list[i].remedy));
        findings_done(f);
        assert_string_equal(said, expected);
}

/* ---- units ---- */

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

/* ---- URLs ---- */

static const struct check_clock now = {
        .agent_usec = 1000 * USEC_PER_SEC,
        .realtime_usec = UINT64_C(1795262400) * USEC_PER_SEC, /* 2026-11-21 12:00 UTC */
        .is_root = true,
};

static void expect_url(const struct worker_settings *w,
                       const struct url_facts *url,
                       const struct unit_facts *u,
                       const struct check_clock *clock,
                       const char *expected) {
        struct findings f = {};

        url_check(w, url, u, clock, &f);
        expect(&f, expected);
}

static struct url_facts saw(enum outcome outcome, enum reason reason, unsigned status) {
        return (struct url_facts) {
                .seen = { .outcome = outcome,
                          .reason = reason,
                          .http_status = status,
                          .latency_usec = 3 * USEC_PER_MSEC },
                .is_local = 1,
        };
}

static void what_a_worker_answers(_unused_ void **state) {
        const struct worker_settings w = worker();
        const struct unit_facts u = unit();
        struct unit_facts down = unit();
        struct check_clock nobody = now;
        struct url_facts url = saw(OUTCOME_OK, REASON_HEALTHY, 200);

        (void) strcpy(down.active_state, "inactive");
        nobody.is_root = false;
        expect_url(&w, &url, &u, &now, "ok url: http://127.0.0.1:8083 is healthy (HTTP 200 after 3ms)\n");
        url = saw(OUTCOME_STARTING, REASON_STARTING_UP, 503);
        expect_url(&w, &url, &u, &now,
                   "warning url: http://127.0.0.1:8083 says that it is still starting up (HTTP 503 after "
                   "3ms)\n");
        url = saw(OUTCOME_FAILING, REASON_REFUSED, 0);
        expect_url(&w, &url, &u, &now,
                   "problem url: http://127.0.0.1:8083 refused the connection → See whether the worker "
                   "still runs, and "
                   "listens where url says.\n");
        expect_url(&w, &url, &down, &now,
                   "unknown url: http://127.0.0.1:8083 refused the connection → start its unit, then verify "
                   "again\n");
        url = saw(OUTCOME_UNKNOWN, REASON_UNAUTHORIZED, 401);
        expect_url(&w, &url, &down, &now,
                   "problem url: http://127.0.0.1:8083 wants credentials (401) → Set username and "
                   "password_file, or "
                   "bearer_token_file, and see that they are right.\n");
        url = saw(OUTCOME_UNKNOWN, REASON_CREDENTIAL, 0);
        (void) strcpy(url.seen.detail, "password_file x: Permission denied");
        expect_url(&w, &url, &u, &nobody,
                   "unknown url: http://127.0.0.1:8083 could not be asked: a credential cannot be read "
                   "(password_file x: "
                   "Permission denied) → run this as root, who can read credentials\n");
        url = saw(OUTCOME_UNKNOWN, REASON_NO_RESOURCES, 0);
        expect_url(&w, &url, &u, &now,
                   "unknown url: http://127.0.0.1:8083 could not be asked: this agent lacks descriptors or "
                   "memory\n");
}

static void a_url_of_another_machine(_unused_ void **state) {
        static const char *const told =
                "ok url: http://127.0.0.1:8083 is healthy (HTTP 200 after 3ms)\n"
                "warning this-host: http://127.0.0.1:8083 is not an address of this machine: what it "
                "answers says "
                "nothing about kafka-connect.service, which is then not restarted (hold not-this-host) → "
                "set url to an "
                "address of this machine; or, when this URL does tell of this unit, url_is_local = yes\n";
        static const char *const plain = "ok url: http://127.0.0.1:8083 is healthy (HTTP 200 after 3ms)\n";
        struct url_facts url = saw(OUTCOME_OK, REASON_HEALTHY, 200);
        struct worker_settings w = worker();
        const struct unit_facts u = unit();

        url.is_local = 0;
        expect_url(&w, &url, &u, &now, told);
        url.is_local = -ETIMEDOUT;
        expect_url(&w, &url, &u, &now, plain);
        url.is_local = 0;
        w.url_is_local = true;
        expect_url(&w, &url, &u, &now, plain);
        w = worker();
        w.unit = NULL;
        expect_url(&w, &url, &u, &now, plain);
}

static void a_socket_that_the_agent_cannot_use(_unused_ void **state) {
#define WELL "ok url: unix:/run/x.sock is healthy (HTTP 200 after 3ms)\n"
        static const struct {
                const char *url;
                int may_connect;
                bool is_root;
                const char *expected;
        } rows[] = {
                { "unix:/run/x.sock", 1, true, WELL },
                { "unix:/run/x.sock", -EACCES, true,
                  WELL "problem url: unix:/run/x.sock: the user connect-watchdog cannot connect to it: "
                       "Permission denied → put that user into the group of the socket, and restart "
                       "connect-watchdog.service (a SupplementaryGroups= of its own is not seen from "
                       "here)\n" },
                { "unix:/run/x.sock", 0, false,
                  WELL "unknown url: unix:/run/x.sock: whether the user connect-watchdog can connect to it "
                       "was not looked at → run this as root\n" },
                { "unix:/run/x.sock", 0, true,
                  WELL "unknown url: unix:/run/x.sock: whether the user connect-watchdog can connect to it "
                       "was not looked at → make that user: systemd-sysusers\n" },
                { "unix:/tmp/x.sock", 1, true,
                  "ok url: unix:/tmp/x.sock is healthy (HTTP 200 after 3ms)\n"
                  "problem url: unix:/tmp/x.sock: the service's sandbox hides /tmp/ → have the worker "
                  "listen "
                  "in another place, such as a directory below /run\n" },
        };
#undef WELL
        struct url_facts url = saw(OUTCOME_OK, REASON_HEALTHY, 200);
        struct worker_settings w = worker();
        const struct unit_facts u = unit();
        struct check_clock who = now;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                w.url = (char *) rows[i].url;
                who.is_root = rows[i].is_root;
                url.agent_may_connect = rows[i].may_connect;
                expect_url(&w, &url, &u, &who, rows[i].expected);
        }
}

static void enough_peers_or_too_few(_unused_ void **state) {
        struct peer_facts peers[2] = {
                { .url = "http://b:8083", .seen = { .outcome = OUTCOME_OK, .reason = REASON_HEALTHY } },
                { .url = "http://c:8083",
                  .seen = { .outcome = OUTCOME_UNKNOWN, .reason = REASON_UNREACHABLE } },
        };
        struct url_facts url = { .peers = peers, .n_peers = ELEMENTSOF(peers) };
        struct worker_settings w = worker();
        struct findings f = {};

        peers_check(&w, &url, &now, &f);
        expect(&f, "warning peers: http://c:8083 cannot be reached from here → See that the network and the "
                   "firewall let "
                   "this host reach the address in url; or, of a socket, that user connect-watchdog may "
                   "connect to it.\n"
                   "ok peers: 1 of 2 peers answer healthy, and a restart needs 1\n");
        w.min_healthy_peers = 2;
        url.n_peers = 1;
        peers_check(&w, &url, &now, &f);
        expect(&f,
               "warning peers: 1 of 1 peers answer healthy, and a restart needs 2 (hold peers-unhealthy)\n");
        url.n_peers = 0;
        peers_check(&w, &url, &now, &f);
        expect(&f, "");
}

static void who_holds_the_port(_unused_ void **state) {
        static const struct {
                struct port_facts facts;
                const char *expected;
        } rows[] = {
                { { .state = PORT_NOT_LOOKED }, "" },
                { { .state = PORT_FREE }, "" },
                { { .state = PORT_HIDDEN, .place = "port 8083" },
                  "unknown port: port 8083 is held by a process that cannot be seen → run this as root\n" },
                { { .state = PORT_HELD, .place = "port 8083", .pid = 42, .program = "java", .unit = UNIT },
                  "ok port: port 8083 is held by kafka-connect.service (process 42)\n" },
                { { .state = PORT_HELD,
                    .place = "port 8083",
                    .pid = 7,
                    .program = "java",
                    .unit = "other.service" },
                  "problem port: port 8083 is held by other.service (process 7, java) and not by "
                  "kafka-connect.service: a "
                  "restart of that would not help → set unit to the one that runs this worker, or url to "
                  "where this worker listens; see which program took its place\n" },
                { { .state = PORT_HELD, .place = "/run/x.sock", .pid = 42, .program = "java", .unit = UNIT },
                  "ok port: /run/x.sock is held by kafka-connect.service (process 42)\n" },
                { { .state = PORT_HELD, .place = "port 8083", .pid = 7, .program = "nc" },
                  "problem port: port 8083 is held by a process of no unit (process 7, nc) and not by "
                  "kafka-connect.service: a restart of that would not help → set unit to the one that runs "
                  "this worker, "
                  "or url to where this worker listens; see which program took its place\n" },
                { { .state = PORT_HELD,
                    .place = "port 443",
                    .pid = 7,
                    .program = "nginx",
                    .unit = "nginx.service" },
                  "warning port: port 443 is held by nginx (process 7, nginx.service) and not by "
                  "kafka-connect.service → "
                  "set url to where the worker itself listens, so that a fault of what stands in between is "
                  "not taken "
                  "for one of "
                  "the worker\n" },
                { { .state = PORT_HELD,
                    .place = "port 8083",
                    .pid = 7,
                    .program = "java",
                    .unit = "docker-1f.scope" },
                  "warning port: port 8083 is held by java (process 7, docker-1f.scope) and not by "
                  "kafka-connect.service → set url to where the worker itself listens, so that a fault of "
                  "what stands "
                  "in between "
                  "is not taken for one of the worker\n" },
        };
        const struct worker_settings w = worker();
        const struct unit_facts u = unit();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct findings f = {};

                port_check(&w, &u, &rows[i].facts, &f);
                expect(&f, rows[i].expected);
        }
}

static void how_long_certificates_last(_unused_ void **state) {
        static const struct {
                int64_t days;
                const char *expected;
        } rows[] = {
                { 365, "ok certificate: the server's certificate, or one of its issuers', expires at "
                       "2027-11-21 12:00 "
                       "UTC, in 365 days\n" },
                { 30, "ok certificate: the server's certificate, or one of its issuers', expires at "
                      "2026-12-21 12:00 UTC, "
                      "in 30 days\n" },
                { 29, "warning certificate: the server's certificate, or one of its issuers', expires at "
                      "2026-12-20 12:00 "
                      "UTC, in 29 days → renew it\n" },
                { 1, "warning certificate: the server's certificate, or one of its issuers', expires at "
                     "2026-11-22 12:00 "
                     "UTC, in 1 day → renew it\n" },
                { 0, "problem certificate: the server's certificate, or one of its issuers', expired at "
                     "2026-11-21 12:00 "
                     "UTC → renew it\n" },
                { -20, "problem certificate: the server's certificate, or one of its issuers', expired at "
                       "2026-11-01 12:00 "
                       "UTC → renew it\n" },
        };
        struct worker_settings w = worker();
        struct url_facts url = {};
        struct findings f = {};

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                url.certificate_end_usec =
                        (usec_t) ((int64_t) now.realtime_usec + rows[i].days * (int64_t) USEC_PER_DAY);
                certificate_check(&w, &url, now.realtime_usec, &f);
                expect(&f, rows[i].expected);
        }
        url.certificate_end_usec = 0;
        certificate_check(&w, &url, now.realtime_usec, &f);
        expect(&f, "");

        w.cert_file = "/etc/c.pem";
        url.own_certificate_end_usec = now.realtime_usec + 2 * USEC_PER_DAY;
        certificate_check(&w, &url, now.realtime_usec, &f);
        expect(&f, "warning certificate: our own (cert_file /etc/c.pem) expires at 2026-11-23 12:00 UTC, in "
                   "2 days → "
                   "renew it\n");
        url.own_certificate_end_usec = 0;
        url.own_certificate_problem = "there is no certificate (PEM) in it";
        certificate_check(&w, &url, now.realtime_usec, &f);
        expect(&f, "unknown certificate: cert_file /etc/c.pem: there is no certificate (PEM) in it\n");
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
                cmocka_unit_test(a_jvm_that_cannot_dump_its_threads),
                cmocka_unit_test(what_a_worker_answers),
                cmocka_unit_test(a_url_of_another_machine),
                cmocka_unit_test(a_socket_that_the_agent_cannot_use),
                cmocka_unit_test(enough_peers_or_too_few),
                cmocka_unit_test(who_holds_the_port),
                cmocka_unit_test(how_long_certificates_last),
        };

        return cmocka_run_group_tests_name("verify-checks", tests, NULL, NULL);
}
