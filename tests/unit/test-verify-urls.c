/* What verify-config makes of the facts about URLs, peers, ports, sockets and certificates. */
#include <errno.h>

#include "ctl/url_checks.h"
#include "verify-scene.h"

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
                  WELL
                  "problem url: unix:/run/x.sock: the user connect-watchdog cannot connect to it: "
                  "Permission denied → have the unit make the socket writable for a group of its own "
                  "(Group=, UMask=0007), and make that user a member of it, never of root; then restart "
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
                cmocka_unit_test(what_a_worker_answers),
                cmocka_unit_test(a_url_of_another_machine),
                cmocka_unit_test(a_socket_that_the_agent_cannot_use),
                cmocka_unit_test(enough_peers_or_too_few),
                cmocka_unit_test(who_holds_the_port),
                cmocka_unit_test(how_long_certificates_last),
        };

        return cmocka_run_group_tests_name("verify-urls", tests, NULL, NULL);
}
