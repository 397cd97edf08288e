/* Every sentence that the judge can bring about, as an operator reads it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include <cmocka.h>

#include "report/narrate.h"
#include "report/words.h"
#include "util/text.h"

#define MIN_ USEC_PER_MINUTE
#define SEC USEC_PER_SEC

#define NOW (1000 * SEC)                /* agent time */
#define NOW_REALTIME (1795183200 * SEC) /* 2026-11-20 14:00:00 UTC */
#define OFFSET ((int64_t) (NOW_REALTIME - NOW))

#define ID "00c0ffee00c0ffee"

static const struct worker_settings restarts = {
        .name = (char *) "connect-a",
        .unit = (char *) "kafka-connect.service",
        .action = ACTION_RESTART,
        .timeout_usec = 15 * SEC,
        .failures = 3,
        .sustain_usec = 3 * MIN_,
        .restart_limit = 3,
        .restart_window_usec = USEC_PER_HOUR,
        .revive = true,
};
static const struct worker_settings alerts = {
        .name = (char *) "connect-b",
        .failures = 3,
        .sustain_usec = 3 * MIN_,
        .startup_action = ACTION_RESTART,
};

/* Answers, as the classifier gives them. */
#define SEEN(o, r, status, after, ...)                                                                      \
        {                                                                                                   \
                .outcome = OUTCOME_##o, .reason = REASON_##r, .http_status = (status),                      \
                .sent_at_usec = NOW - (after), .received_at_usec = NOW, .latency_usec = (after),            \
                __VA_ARGS__                                                                                 \
        }
#define TIMED_OUT SEEN(FAILING, TIMEOUT, 0, 15 * SEC)
#define WELL SEEN(OK, HEALTHY, 200, 12 * USEC_PER_MSEC, .answered = true)
#define NOT_LISTENING SEEN(STARTING, NOT_LISTENING_YET, 0, USEC_PER_MSEC)
#define STUCK                                                                                               \
        SEEN(FAILING, UNHEALTHY, 500, 10 * SEC, .answered = true,                                           \
             .stage = { .text = "generating task configs for connector pg-orders",                          \
                        .connector = "pg-orders",                                                           \
                        .began_at_usec = NOW_REALTIME - 200 * SEC })
#define FAILED_COUNT .failures_needed = 3, .sustain_needed_usec = 3 * MIN_
#define KAFKA_DOWN_TEXT "Kafka main is down since 13:55:10 (no broker answers)"
#define HELD .to = STATE_UNHEALTHY, .incident = ID, .seen = TIMED_OUT, .failures = 40

/* clang-format off */ /* a table, to be read in columns */
static const struct row {
        const char *name;
        const struct worker_settings *w;
        struct told t;
        enum event_type event;
        int priority;
        const char *message;
} rows[] = {
        { "first failure",
          &restarts,
          { .type = TOLD_INCIDENT_OPENED, .from = STATE_SUSPECT, .to = STATE_SUSPECT, .seen = TIMED_OUT,
            .failures = 1, FAILED_COUNT },
          EVENT_INCIDENT_OPENED,
          LOG_WARNING,
          "did not answer within the timeout (15s); 1st failing poll, a restart needs 3 in a row over "
          "3min" },
        { "first failure, alert only",
          &alerts,
          { .type = TOLD_INCIDENT_OPENED, .from = STATE_SUSPECT, .to = STATE_SUSPECT, .seen = STUCK,
            .failures = 1, .failures_needed = 3, .sustain_needed_usec = 10 * MIN_ },
          EVENT_INCIDENT_OPENED,
          LOG_WARNING,
          "says that it is unhealthy (HTTP 500 after 10s; generating task configs for connector "
          "pg-orders, for 3min 20s); 1st failing poll, an alert needs 3 in a row over 10min" },
        { "first failure, one is enough",
          &restarts,
          { .type = TOLD_INCIDENT_OPENED, .from = STATE_SUSPECT, .to = STATE_SUSPECT,
            .seen = SEEN(FAILING, REFUSED, 0, USEC_PER_MSEC), .failures = 1, .failures_needed = 1,
            .sustain_needed_usec = 3 * MIN_ },
          EVENT_INCIDENT_OPENED,
          LOG_WARNING,
          "refused the connection; 1st failing poll, a restart needs this to last for 3min" },
        { "first failure is a crash",
          &restarts,
          { .type = TOLD_INCIDENT_OPENED, .from = STATE_SUSPECT, .to = STATE_SUSPECT,
            .seen = SEEN(FAILING, UNIT_FAILED, 0, USEC_PER_MSEC, .detail = "failed: exit code 2"),
            .failures = 1, FAILED_COUNT },
          EVENT_INCIDENT_OPENED,
          LOG_WARNING,
          "is down: its unit failed: exit code 2; 1st failing poll, a restart needs 3 in a row over "
          "3min" },
        { "incident by startup_timeout",
          &restarts,
          { .type = TOLD_INCIDENT_OPENED, .from = STATE_STARTING, .to = STATE_STARTING,
            .seen = SEEN(STARTING, STARTUP_TIMEOUT, 503, 10 * SEC), FAILED_COUNT },
          EVENT_INCIDENT_OPENED,
          LOG_WARNING,
          "is still starting after startup_timeout (HTTP 503 after 10s)" },
        { "fails again",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_HEALTHY, .to = STATE_SUSPECT,
            .seen = SEEN(FAILING, RESET, 0, 4 * SEC), .failures = 1, FAILED_COUNT },
          EVENT_STATE_CHANGED,
          LOG_WARNING,
          "fails again: closed the connection without a whole answer (after 4s); 1st failing poll, a "
          "restart needs 3 in a row over 3min" },
        { "unhealthy",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_SUSPECT, .to = STATE_UNHEALTHY, .seen = TIMED_OUT,
            .failures = 37, .sustained_usec = 180 * SEC + 300000, FAILED_COUNT },
          EVENT_STATE_CHANGED,
          LOG_ERR,
          "unhealthy after 37 failing polls in a row over 3min: did not answer within the timeout (15s)" },
        { "unhealthy, with a stage",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_SUSPECT, .to = STATE_UNHEALTHY, .seen = STUCK,
            .failures = 41, .sustained_usec = 10 * MIN_, FAILED_COUNT },
          EVENT_STATE_CHANGED,
          LOG_ERR,
          "unhealthy after 41 failing polls in a row over 10min: says that it is unhealthy (HTTP 500 "
          "after 10s; generating task configs for connector pg-orders, for 3min 20s)" },
        { "unhealthy after one",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_SUSPECT, .to = STATE_UNHEALTHY, .seen = TIMED_OUT,
            .failures = 1, .failures_needed = 1 },
          EVENT_STATE_CHANGED,
          LOG_ERR,
          "unhealthy after 1 failing poll: did not answer within the timeout (15s)" },
        { "unhealthy by startup_timeout",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_STARTING, .to = STATE_UNHEALTHY,
            .seen = SEEN(STARTING, STARTUP_TIMEOUT, 503, 10 * SEC), FAILED_COUNT },
          EVENT_STATE_CHANGED,
          LOG_ERR,
          "unhealthy: is still starting after startup_timeout (HTTP 503 after 10s)" },
        { "healthy at first",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_UNKNOWN, .to = STATE_HEALTHY, .seen = WELL,
            .lasted_usec = 40 * SEC },
          EVENT_STATE_CHANGED,
          LOG_INFO,
          "healthy (HTTP 200 after 12ms)" },
        { "healthy after its start",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_STARTING, .to = STATE_HEALTHY, .seen = WELL,
            .lasted_usec = 4500 * USEC_PER_MSEC },
          EVENT_STATE_CHANGED,
          LOG_INFO,
          "healthy 4.5s after its start (HTTP 200 after 12ms)" },
        { "healthy after our restart",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_STARTING, .to = STATE_HEALTHY, .incident = ID,
            .seen = WELL, .lasted_usec = 4500 * USEC_PER_MSEC },
          EVENT_STATE_CHANGED,
          LOG_NOTICE,
          "healthy again 4.5s after its start (HTTP 200 after 12ms); the incident closes when it stays "
          "so for 3min" },
        { "healthy after suspicion",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_SUSPECT, .to = STATE_HEALTHY, .incident = ID,
            .seen = WELL },
          EVENT_STATE_CHANGED,
          LOG_NOTICE,
          "healthy again (HTTP 200 after 12ms); the incident closes when it stays so for 3min" },
        { "degraded",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_HEALTHY, .to = STATE_DEGRADED,
            .seen = SEEN(DEGRADED, HEALTHY, 200, 3 * USEC_PER_MSEC,
            .detail = "1 of 4 connectors has failed: pg-orders") },
          EVENT_STATE_CHANGED,
          LOG_WARNING,
          "degraded (HTTP 200 after 3ms; 1 of 4 connectors has failed: pg-orders); a restart of the "
          "worker does not help with that" },
        { "healthy after degraded",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_DEGRADED, .to = STATE_HEALTHY, .seen = WELL },
          EVENT_STATE_CHANGED,
          LOG_NOTICE,
          "healthy again (HTTP 200 after 12ms)" },
        { "starting",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_UNKNOWN, .to = STATE_STARTING, .seen = NOT_LISTENING },
          EVENT_STATE_CHANGED,
          LOG_INFO,
          "starting: does not listen yet" },
        { "starting, a unit that was stopped",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_STOPPED, .to = STATE_STARTING, .seen = NOT_LISTENING },
          EVENT_STATE_CHANGED,
          LOG_INFO,
          "starting: kafka-connect.service was started, waiting for the first good answer" },
        { "starting after our restart",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_RESTARTING, .to = STATE_STARTING, .incident = ID,
            .seen = TIMED_OUT },
          EVENT_STATE_CHANGED,
          LOG_DEBUG,
          "starting: kafka-connect.service was started, waiting for the first good answer" },
        { "restarting",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_UNHEALTHY, .to = STATE_RESTARTING, .incident = ID,
            .seen = TIMED_OUT },
          EVENT_STATE_CHANGED,
          LOG_DEBUG,
          "restarting" },
        { "stopped",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_HEALTHY, .to = STATE_STOPPED, .seen = WELL },
          EVENT_STATE_CHANGED,
          LOG_NOTICE,
          "stopped: kafka-connect.service is down; it is left alone until it runs again" },
        { "exhausted is told by its own event",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_UNHEALTHY, .to = STATE_EXHAUSTED, .seen = TIMED_OUT },
          EVENT_STATE_CHANGED,
          LOG_DEBUG,
          "exhausted" },
        { "recovered",
          &restarts,
          { .type = TOLD_INCIDENT_CLOSED, .to = STATE_HEALTHY, .incident = ID, .seen = WELL,
            .lasted_usec = 370 * SEC, .restarts = 1, .was_unhealthy = true },
          EVENT_INCIDENT_CLOSED,
          LOG_NOTICE,
          "recovered: the incident lasted 6min 10s, 1 restart" },
        { "recovered unaided",
          &restarts,
          { .type = TOLD_INCIDENT_CLOSED, .to = STATE_HEALTHY, .incident = ID, .seen = WELL,
            .lasted_usec = 20 * MIN_, .was_unhealthy = true },
          EVENT_INCIDENT_CLOSED,
          LOG_NOTICE,
          "recovered: the incident lasted 20min, without a restart" },
        { "recovered from suspicion",
          &restarts,
          { .type = TOLD_INCIDENT_CLOSED, .to = STATE_HEALTHY, .incident = ID, .seen = WELL,
            .lasted_usec = 200 * SEC },
          EVENT_INCIDENT_CLOSED,
          LOG_NOTICE,
          "recovered before it was unhealthy: the incident lasted 3min 20s, without a restart" },
        { "recovered, but degraded",
          &restarts,
          { .type = TOLD_INCIDENT_CLOSED, .to = STATE_DEGRADED, .incident = ID, .seen = WELL,
            .lasted_usec = 2 * USEC_PER_HOUR, .restarts = 2, .was_unhealthy = true },
          EVENT_INCIDENT_CLOSED,
          LOG_NOTICE,
          "recovered, though degraded: the incident lasted 2h, 2 restarts" },
        { "incident ended by a stop",
          &restarts,
          { .type = TOLD_INCIDENT_CLOSED, .to = STATE_STOPPED, .incident = ID, .seen = TIMED_OUT,
            .lasted_usec = 5 * MIN_, .was_unhealthy = true },
          EVENT_INCIDENT_CLOSED,
          LOG_NOTICE,
          "incident ended after 5min: kafka-connect.service is down and left so" },
        { "cannot tell, credentials",
          &restarts,
          { .type = TOLD_CANNOT_TELL, .to = STATE_UNKNOWN,
            .seen = SEEN(UNKNOWN, UNAUTHORIZED, 401, 3 * USEC_PER_MSEC), .failures_needed = 3 },
          EVENT_CANNOT_TELL,
          LOG_WARNING,
          "cannot tell how it is: wants credentials (401), 3 polls in a row; nothing is counted and "
          "nothing done. Set username and password_file, or bearer_token_file, and see that they are "
          "right." },
        { "cannot tell, certificate",
          &restarts,
          { .type = TOLD_CANNOT_TELL, .to = STATE_UNKNOWN,
            .seen = SEEN(UNKNOWN, TLS_EXPIRED, 0, 30 * USEC_PER_MSEC,
            .detail = "expired since 2026-11-01 00:00:00 UTC"),
            .failures_needed = 3 },
          EVENT_CANNOT_TELL,
          LOG_WARNING,
          "cannot tell how it is: shows a TLS certificate that has expired (expired since 2026-11-01 "
          "00:00:00 UTC), 3 polls in a row; nothing is counted and nothing done. Renew the worker's "
          "certificate, or set this host's clock." },
        { "cannot tell, a crashed unit whose URL answers",
          &restarts,
          { .type = TOLD_CANNOT_TELL, .to = STATE_UNKNOWN,
            .seen = SEEN(UNKNOWN, UNIT_FAILED, 200, 3 * USEC_PER_MSEC,
            .detail = "the unit has failed: exit code 2, but something answers at its URL"),
            .failures_needed = 1 },
          EVENT_CANNOT_TELL,
          LOG_WARNING,
          "cannot tell how it is: the unit has failed: exit code 2, but something answers at its URL; "
          "nothing is counted and nothing done. Look into the unit's journal for how it ended." },
        { "slow start",
          &restarts,
          { .type = TOLD_STARTUP_SLOW, .to = STATE_STARTING, .seen = NOT_LISTENING,
            .lasted_usec = 30 * MIN_ },
          EVENT_STARTUP_SLOW,
          LOG_ERR,
          "still starting 30min after its start: does not listen yet; not restarted, since that would "
          "begin the start anew (startup_action = alert)" },
        { "slow start, to be restarted",
          &alerts,
          { .type = TOLD_STARTUP_SLOW, .to = STATE_STARTING,
            .seen = SEEN(STARTING, STARTING_UP, 503, 10 * SEC, .stage = {
            .text = "initializing and reading to the end of internal topics",
            .began_at_usec = NOW_REALTIME - 1790 * SEC }),
            .lasted_usec = 1800 * SEC },
          EVENT_STARTUP_SLOW,
          LOG_ERR,
          "still starting 30min after its start: says that it is still starting up (HTTP 503 after "
          "10s; initializing and reading to the end of internal topics, for 29min 50s); counts as "
          "unhealthy now (startup_action = restart)" },
        { "flapping",
          &restarts,
          { .type = TOLD_FLAPPING, .to = STATE_SUSPECT, .incident = ID, .seen = TIMED_OUT, .failures = 1,
            .lasted_usec = 12 * MIN_ },
          EVENT_FLAPPING,
          LOG_WARNING,
          "flapping: has been failing and recovering for 12min without becoming unhealthy, last: did "
          "not answer within the timeout (15s); not restarted for that" },
        { "unit down",
          &restarts,
          { .type = TOLD_UNIT_DOWN, .to = STATE_STOPPED, .seen = TIMED_OUT, .text = "inactive (dead)" },
          EVENT_UNIT_DOWN,
          LOG_ERR,
          "kafka-connect.service is down (inactive (dead)) though nobody was seen to stop it; left so, "
          "for only a crashed unit is revived" },
        { "no such unit",
          &restarts,
          { .type = TOLD_UNIT_DOWN, .to = STATE_STOPPED, .no_such_unit = true, .text = "not-found, inactive" },
          EVENT_UNIT_DOWN,
          LOG_ERR,
          "there is no unit kafka-connect.service on this machine, so nothing guards this worker; correct "
          "unit =" },
        { "unit crashed, revive = no",
          &alerts,
          { .type = TOLD_UNIT_DOWN, .to = STATE_STOPPED, .seen = TIMED_OUT, .text = "failed: exit code 2" },
          EVENT_UNIT_DOWN,
          LOG_ERR,
          "its unit is down (failed: exit code 2); not revived (revive = no)" },
        { "restarted by somebody else",
          &restarts,
          { .type = TOLD_UNIT_RESTARTED, .from = STATE_STARTING, .to = STATE_STARTING, .seen = WELL },
          EVENT_UNIT_RESTARTED,
          LOG_NOTICE,
          "kafka-connect.service was started anew, not by us; failures are counted anew" },
        { "backoff",
          &restarts,
          { .type = TOLD_HOLD_BEGUN, HELD,
            .hold = HOLD_BACKOFF, .until_usec = NOW + 310 * SEC, .text = "6min after restart 2" },
          EVENT_HOLD_BEGUN,
          LOG_NOTICE,
          "not restarting: backoff until 14:05:10 (6min after restart 2)" },
        { "held until another day",
          &restarts,
          { .type = TOLD_HOLD_BEGUN, HELD,
            .hold = HOLD_BUDGET_EXHAUSTED, .until_usec = NOW + 11 * USEC_PER_HOUR,
            .text = "the ledger of past restarts was lost, so the budget counts as spent" },
          EVENT_HOLD_BEGUN,
          LOG_NOTICE,
          "not restarting: budget-exhausted until 2026-11-21 01:00:00 (the ledger of past restarts was "
          "lost, so the budget counts as spent)" },
        { "package manager and another",
          &restarts,
          { .type = TOLD_HOLD_BEGUN, HELD,
            .hold = HOLD_PACKAGE_MANAGER, .text = "APT is at work; also backoff" },
          EVENT_HOLD_BEGUN,
          LOG_NOTICE,
          "not restarting: package-manager (APT is at work; also backoff)" },
        { "hold without a reason",
          &restarts,
          { .type = TOLD_HOLD_BEGUN, HELD,
            .hold = HOLD_PAUSED },
          EVENT_HOLD_BEGUN,
          LOG_NOTICE,
          "not restarting: paused" },
        { "hold ended",
          &restarts,
          { .type = TOLD_HOLD_ENDED, HELD,
            .hold = HOLD_PACKAGE_MANAGER },
          EVENT_HOLD_ENDED,
          LOG_NOTICE,
          "no longer held by package-manager" },
        { "would restart",
          &restarts,
          { .type = TOLD_WOULD_RESTART, .to = STATE_UNHEALTHY, .incident = ID, .seen = TIMED_OUT,
            .failures = 37, .hold = HOLD_OBSERVE_ONLY, .text = "dry run" },
          EVENT_WOULD_RESTART,
          LOG_WARNING,
          "would restart kafka-connect.service now, but only observes (dry run)" },
        { "would restart, no unit",
          &alerts,
          { .type = TOLD_WOULD_RESTART, .to = STATE_UNHEALTHY, .incident = ID, .seen = TIMED_OUT,
            .failures = 37, .hold = HOLD_OBSERVE_ONLY, .text = "action = alert, no unit" },
          EVENT_WOULD_RESTART,
          LOG_WARNING,
          "would restart it now, but only observes (action = alert, no unit)" },
        { "exhausted",
          &restarts,
          { .type = TOLD_EXHAUSTED, .to = STATE_EXHAUSTED, .incident = ID, .seen = TIMED_OUT, .failures = 37,
            .hold = HOLD_BUDGET_EXHAUSTED, .until_usec = NOW + 6 * USEC_PER_HOUR,
            .text = "3 restarts within 1h did not help; one try again in 6h" },
          EVENT_EXHAUSTED,
          LOG_CRIT,
          "giving up, a person has to look: 3 restarts within 1h did not help; one try again in 6h" },
        { "exhausted, no words of the judge",
          &restarts,
          { .type = TOLD_EXHAUSTED, .to = STATE_EXHAUSTED, .incident = ID, .seen = TIMED_OUT, .failures = 37,
            .hold = HOLD_BUDGET_EXHAUSTED },
          EVENT_EXHAUSTED,
          LOG_CRIT,
          "giving up, a person has to look: 3 restarts within 1h did not help" },
        { "recurring",
          &restarts,
          { .type = TOLD_EXHAUSTED, .to = STATE_EXHAUSTED, .incident = ID, .seen = STUCK, .failures = 37,
            .hold = HOLD_RECURRING,
            .text = "after two restarts connector pg-orders blocks the worker again (generating "
                    "task configs for connector pg-orders): look at that connector; one try again "
                    "in 6h" },
          EVENT_EXHAUSTED,
          LOG_CRIT,
          "giving up, a person has to look: after two restarts connector pg-orders blocks the worker "
          "again (generating task configs for connector pg-orders): look at that connector; one try "
          "again in 6h" },
        { "held long",
          &restarts,
          { .type = TOLD_HELD_LONG, HELD,
            .hold = HOLD_UNIT_BUSY, .lasted_usec = 15 * MIN_,
            .text = "kafka-connect.service: deactivating (stop-sigterm)" },
          EVENT_HELD_LONG,
          LOG_CRIT,
          "unhealthy and not restarted for 15min: unit-busy (kafka-connect.service: deactivating "
          "(stop-sigterm)); last: did not answer within the timeout (15s)" },
        { "Kafka is the cause",
          &restarts,
          { .type = TOLD_INCIDENT_OPENED, .from = STATE_SUSPECT, .to = STATE_SUSPECT, .seen = TIMED_OUT,
            .excused = true, .text = KAFKA_DOWN_TEXT },
          EVENT_INCIDENT_OPENED,
          LOG_WARNING,
          "did not answer within the timeout (15s); " KAFKA_DOWN_TEXT ", which is taken for the cause: not "
          "counted" },
        { "fails again, Kafka is the cause",
          &restarts,
          { .type = TOLD_STATE_CHANGED, .from = STATE_HEALTHY, .to = STATE_SUSPECT, .incident = ID,
            .seen = TIMED_OUT, .excused = true, .text = KAFKA_DOWN_TEXT },
          EVENT_STATE_CHANGED,
          LOG_WARNING,
          "fails again: did not answer within the timeout (15s); " KAFKA_DOWN_TEXT ", which is taken for "
          "the cause: not counted" },
        { "recovered with Kafka",
          &restarts,
          { .type = TOLD_INCIDENT_CLOSED, .to = STATE_HEALTHY, .incident = ID, .seen = WELL,
            .lasted_usec = 14 * MIN_, .excused = true, .text = KAFKA_DOWN_TEXT },
          EVENT_INCIDENT_CLOSED,
          LOG_NOTICE,
          "recovered before it was unhealthy: the incident lasted 14min, without a restart; taken for its "
          "cause: \"" KAFKA_DOWN_TEXT "\"" },
        { "Kafka went after the first failure",
          &restarts,
          { .type = TOLD_DEPENDENCY_CHANGED, .to = STATE_SUSPECT, .incident = ID, .seen = TIMED_OUT,
            .excused = true, .text = KAFKA_DOWN_TEXT },
          EVENT_DEPENDENCY_CHANGED,
          LOG_NOTICE,
          KAFKA_DOWN_TEXT ", which is taken for the cause: failing polls are not counted" },
        { "Kafka is back",
          &restarts,
          { .type = TOLD_DEPENDENCY_CHANGED, .to = STATE_SUSPECT, .incident = ID, .seen = TIMED_OUT },
          EVENT_DEPENDENCY_CHANGED,
          LOG_NOTICE,
          "what it requires is up again; failing polls are counted anew" },
        { "Kafka cannot be asked any more",
          &restarts,
          { .type = TOLD_DEPENDENCY_CHANGED, .to = STATE_SUSPECT, .incident = ID, .seen = TIMED_OUT,
            .text = "cannot tell whether Kafka main is up (it refuses our credentials)" },
          EVENT_DEPENDENCY_CHANGED,
          LOG_NOTICE,
          "failing polls are counted again, anew: cannot tell whether Kafka main is up (it refuses our "
          "credentials)" },
        { "a start that Kafka made slow",
          &alerts,
          { .type = TOLD_STARTUP_SLOW, .to = STATE_STARTING, .seen = NOT_LISTENING,
            .lasted_usec = 30 * MIN_, .excused = true },
          EVENT_STARTUP_SLOW,
          LOG_ERR,
          "still starting 30min after its start: does not listen yet; not counted, for what it requires was "
          "not up all that time" },
        { "failing long, Kafka is the cause",
          &restarts,
          { .type = TOLD_HELD_LONG, .to = STATE_SUSPECT, .incident = ID, .seen = TIMED_OUT,
            .hold = HOLD_DEPENDENCY_DOWN, .lasted_usec = 15 * MIN_, .text = KAFKA_DOWN_TEXT },
          EVENT_HELD_LONG,
          LOG_CRIT,
          "fails and is not counted as unhealthy for 15min: dependency-down (" KAFKA_DOWN_TEXT "); last: "
          "did not answer within the timeout (15s)" },
};
/* clang-format on */

static void test_every_sentence(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const struct row *row = &rows[i];
                _cleanup_(event_freep) struct event *e = narrate(row->w, &row->t, NOW, OFFSET);

                assert_non_null(e);
                if (!streq(e->message, row->message) || e->priority != row->priority)
                        print_error("%s: %s (priority %d)\n", row->name, e->message, e->priority);
                assert_string_equal(e->message, row->message);
                assert_int_equal(e->type, row->event);
                assert_int_equal(e->priority, row->priority);
                assert_string_equal(e->worker, row->w->name);
                assert_true(streq_ptr(e->unit, row->w->unit));
                assert_true(streq_ptr(e->incident, row->t.incident[0] ? row->t.incident : NULL));
                assert_string_equal(e->state, worker_state_to_string(row->t.to));
        }
}

static void test_no_type_without_a_sentence(void **state _unused_) {
        bool seen[_TOLD_TYPE_MAX] = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                seen[rows[i].t.type] = true;
        for (size_t i = 0; i < _TOLD_TYPE_MAX; i++)
                assert_true(seen[i]);
}

static void test_every_state_has_words(void **state _unused_) {
        for (enum worker_state to = 0; to < _STATE_MAX; to++) {
                const struct told t = { .type = TOLD_STATE_CHANGED, .to = to };
                _cleanup_(event_freep) struct event *e = narrate(&restarts, &t, NOW, OFFSET);

                assert_non_null(e);
                assert_true(strlen(e->message) >= strlen("paused"));
        }
}

static void test_fields_of_a_hold(void **state _unused_) {
        const struct told t = {
                .type = TOLD_HOLD_BEGUN,
                .to = STATE_UNHEALTHY,
                .seen = STUCK,
                .failures = 40,
                .hold = HOLD_BACKOFF,
                .incident = ID,
        };
        static const char *const expected[] = {
                "CONNECT_WATCHDOG_WORKER=connect-a",
                "CONNECT_WATCHDOG_UNIT=kafka-connect.service",
                "CONNECT_WATCHDOG_STATE=unhealthy",
                "CONNECT_WATCHDOG_INCIDENT=00c0ffee00c0ffee",
                "CONNECT_WATCHDOG_OUTCOME=failing",
                "CONNECT_WATCHDOG_REASON=unhealthy",
                "CONNECT_WATCHDOG_STAGE=generating task configs for connector pg-orders",
                "CONNECT_WATCHDOG_CONNECTOR=pg-orders",
                "CONNECT_WATCHDOG_HTTP_STATUS=500",
                "CONNECT_WATCHDOG_LATENCY_USEC=10000000",
                "CONNECT_WATCHDOG_FAILURES=40",
                "CONNECT_WATCHDOG_HOLD=backoff",
                "CONNECT_WATCHDOG_EVENT=hold-begun",
        };
        _cleanup_(event_freep) struct event *e = narrate(&restarts, &t, NOW, OFFSET);
        _cleanup_strv_ char **fields = NULL;

        assert_non_null(e);
        fields = event_to_fields(e);
        assert_non_null(fields);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                if (!strv_contains(fields, expected[i]))
                        fail_msg("%s is missing", expected[i]);
}

static void test_nothing_was_asked_yet(void **state _unused_) {
        const struct told t = { .type = TOLD_UNIT_DOWN, .to = STATE_STOPPED };
        _cleanup_(event_freep) struct event *e = narrate(&restarts, &t, NOW, OFFSET);

        assert_non_null(e);
        assert_null(e->outcome);
        assert_null(e->reason);
        assert_int_equal(e->latency_usec, USEC_INFINITY);
        assert_null(e->hold);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_sentence),
                cmocka_unit_test(test_no_type_without_a_sentence),
                cmocka_unit_test(test_every_state_has_words),
                cmocka_unit_test(test_fields_of_a_hold),
                cmocka_unit_test(test_nothing_was_asked_yet),
        };

        (void) setenv("TZ", "UTC", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
