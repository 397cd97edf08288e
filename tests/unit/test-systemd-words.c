/* The pure half of the systemd client: who stopped a unit, as a table of orders of signals; what each
 * error means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "act/call_error.h"
#include "act/stop_tracker.h"

enum step_kind {
        END,
        NEW,      /* JobNew */
        TYPE,     /* its type was learned */
        REMOVED,  /* JobRemoved; word: the result */
        SNAPSHOT, /* the properties arrive: start and word (the state), job */
        OWN,      /* a call of ours begins (job 1) or returns (0) */
        DONE,     /* the reading of them ends; word: its job's type */
};

struct step {
        enum step_kind kind;
        uint32_t job;
        const char *word;
        const char *start;
};

#define S(state, invocation, job)                                                                           \
        { SNAPSHOT, job, state, invocation }
#define D(type)                                                                                             \
        { DONE, 0, type, NULL }
#define READ(state, invocation) S(state, invocation, 0), D("")

static const struct {
        const char *name;
        struct step steps[16];
        bool seen;
} orders[] = {
        { "nothing", { READ("active", "a") }, false },
        { "a crash", { READ("active", "a"), READ("failed", "a") }, false },
        { "found stopping at the first look", { S("deactivating", "a", 5), D("stop") }, true },
        { "type learned, then read",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            { TYPE, 5, "stop", NULL },
            S("deactivating", "a", 5),
            D("stop") },
          true },
        { "type learned, over before it is read",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            { TYPE, 5, "stop", NULL },
            { REMOVED, 5, "done", NULL },
            READ("failed", "a") },
          true },
        { "gone before one can ask",
          { READ("active", "a"), { NEW, 5, "", NULL }, { REMOVED, 5, "done", NULL }, READ("failed", "a") },
          true },
        { "only its end was told",
          { READ("active", "a"), { REMOVED, 5, "done", NULL }, READ("failed", "a") },
          true },
        { "its end comes between the properties and the job's type",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            S("deactivating", "a", 5),
            { REMOVED, 5, "done", NULL },
            D(""),
            READ("failed", "a") },
          true },
        { "the end comes while properties are on their way that are older",
          { READ("active", "a"),
            S("active", "a", 0),
            { NEW, 5, "", NULL },
            { REMOVED, 5, "done", NULL },
            D(""),
            READ("failed", "a") },
          true },
        { "unknown, and it failed",
          { READ("active", "a"), { NEW, 5, "", NULL }, { REMOVED, 5, "failed", NULL }, READ("failed", "a") },
          false },
        { "unknown, and it runs on",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            { REMOVED, 5, "done", NULL },
            READ("active", "a"),
            READ("failed", "a") },
          false },
        { "unknown, and there is a new start that crashed",
          { READ("active", "a"), { REMOVED, 5, "done", NULL }, READ("failed", "b") },
          false },
        { "a restart that failed",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            { TYPE, 5, "restart", NULL },
            { REMOVED, 5, "failed", NULL },
            READ("failed", "a") },
          false },
        { "a restart that ended well, then a crash",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            { TYPE, 5, "restart", NULL },
            { REMOVED, 5, "done", NULL },
            READ("failed", "b") },
          false },
        { "our try-restart that had nothing to do",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            { REMOVED, 5, "done", NULL },
            { TYPE, 5, "try-restart", NULL },
            READ("failed", "a") },
          false },
        { "a stop that was cancelled, the unit runs on and then ends",
          { READ("active", "a"),
            { TYPE, 5, "stop", NULL },
            { REMOVED, 5, "canceled", NULL },
            READ("active", "a"),
            READ("failed", "a") },
          true },
        { "a stop, then a start",
          { READ("active", "a"),
            { TYPE, 5, "stop", NULL },
            { REMOVED, 5, "done", NULL },
            { NEW, 6, "", NULL },
            { REMOVED, 6, "done", NULL },
            READ("active", "b") },
          false },
        { "a stop, a start and a crash",
          { READ("active", "a"),
            { TYPE, 5, "stop", NULL },
            { REMOVED, 5, "done", NULL },
            { NEW, 6, "", NULL },
            { REMOVED, 6, "done", NULL },
            READ("failed", "b") },
          false },
        { "a stop that was read, then a start and a crash",
          { S("deactivating", "a", 5),
            D("stop"),
            { REMOVED, 5, "done", NULL },
            READ("inactive", "a"),
            READ("active", "b"),
            READ("failed", "b") },
          false },
        { "a stop, and the unit is collected",
          { READ("active", "a"),
            { TYPE, 5, "stop", NULL },
            { REMOVED, 5, "done", NULL },
            READ("inactive", "a"),
            READ("inactive", "") },
          true },
        { "a stop, a start, a crash, and reset-failed",
          { S("deactivating", "a", 5), D("stop"), READ("active", "b"), READ("failed", "b"),
            READ("inactive", "") },
          false },
        { "our try-restart that had nothing to do, and returns late",
          { READ("active", "a"),
            { OWN, 1, NULL, NULL },
            { NEW, 5, "", NULL },
            { REMOVED, 5, "done", NULL },
            READ("failed", "a"),
            { TYPE, 5, "try-restart", NULL },
            { OWN, 0, NULL, NULL },
            READ("failed", "a") },
          false },
        { "a stop beside a call of ours",
          { READ("active", "a"),
            { OWN, 1, NULL, NULL },
            { REMOVED, 4, "done", NULL },
            READ("failed", "a"),
            { TYPE, 5, "try-restart", NULL },
            { OWN, 0, NULL, NULL },
            { REMOVED, 5, "done", NULL },
            READ("failed", "a") },
          true },
        { "gone before one can ask, and the unit collected",
          { READ("active", "a"), { NEW, 5, "", NULL }, { REMOVED, 5, "done", NULL }, READ("inactive", "") },
          true },
        { "our try-restart that had nothing to do, read between its return and its end",
          { READ("active", "a"),
            { OWN, 1, NULL, NULL },
            { NEW, 5, "", NULL },
            { TYPE, 5, "try-restart", NULL },
            { OWN, 0, NULL, NULL },
            READ("active", "a"),
            { REMOVED, 5, "done", NULL },
            READ("failed", "a") },
          false },
        { "a reload, and a crash after it",
          { READ("active", "a"),
            { NEW, 5, "", NULL },
            { TYPE, 5, "reload", NULL },
            S("active", "a", 5),
            D("reload"),
            { REMOVED, 5, "done", NULL },
            READ("failed", "a") },
          false },
        { "a stop that is still at work when the unit runs anew",
          { READ("active", "a"),
            { TYPE, 5, "stop", NULL },
            READ("active", "b"),
            READ("active", "b"),
            READ("failed", "b") },
          false },
        { "ten jobs at once, the last a stop",
          { READ("active", "a"),
            { NEW, 1, "", NULL },
            { NEW, 2, "", NULL },
            { NEW, 3, "", NULL },
            { NEW, 4, "", NULL },
            { NEW, 5, "", NULL },
            { NEW, 6, "", NULL },
            { NEW, 7, "", NULL },
            { NEW, 8, "", NULL },
            { NEW, 9, "", NULL },
            { TYPE, 10, "stop", NULL },
            READ("failed", "a") },
          true },
};

static void test_a_stop_is_told_from_a_crash(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(orders); i++) {
                struct stop_tracker t = { 0 };
                struct unit_view before = { 0 }, view = { 0 };

                for (const struct step *s = orders[i].steps; s->kind != END; s++)
                        switch (s->kind) {
                        case NEW:
                                stop_tracker_job_new(&t, s->job);
                                break;
                        case TYPE:
                                stop_tracker_job_type(&t, s->job, s->word);
                                break;
                        case REMOVED:
                                stop_tracker_job_removed(&t, s->job, s->word);
                                break;
                        case SNAPSHOT:
                                stop_tracker_snapshot(&t);
                                view = (struct unit_view) { .known = true, .job_id = s->job };
                                (void) snprintf(view.active_state, sizeof(view.active_state), "%s", s->word);
                                (void) snprintf(view.invocation_id, sizeof(view.invocation_id), "%s",
                                                s->start);
                                break;
                        case OWN:
                                stop_tracker_own_call(&t, s->job);
                                break;
                        case DONE:
                                (void) snprintf(view.job_type, sizeof(view.job_type), "%s", s->word);
                                stop_tracker_read_done(&t, &before, &view);
                                before = view;
                                break;
                        case END:
                                break;
                        }
                if (stop_tracker_seen(&t, &view) != orders[i].seen)
                        fail_msg("%s", orders[i].name);
        }
}

static const struct {
        const char *error;
        enum unit_call_result result;
        const char *detail, *remedy;
} errors[] = {
        { "org.freedesktop.DBus.Error.AccessDenied", UNIT_CALL_REFUSED, "not authorised",
          "connect-watchdogctl authorize x.service (" },
        { "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", UNIT_CALL_REFUSED, "not authorised",
          "\"restart\" was refused" },
        { "org.freedesktop.systemd1.UnitMasked", UNIT_CALL_REFUSED, "masked", "unmask x.service" },
        { "org.freedesktop.systemd1.NoSuchUnit", UNIT_CALL_REFUSED, "no such unit", "unit =" },
        { "org.freedesktop.systemd1.LoadFailed", UNIT_CALL_REFUSED, "loaded", "verify x.service" },
        { "org.freedesktop.systemd1.BadUnitSetting", UNIT_CALL_REFUSED, "bad setting", "verify x.service" },
        { "org.freedesktop.systemd1.OnlyByDependency", UNIT_CALL_REFUSED, "by hand", "RefuseManualStart=" },
        { "org.freedesktop.systemd1.JobTypeNotApplicable", UNIT_CALL_REFUSED, "cannot be restarted",
          "unit =" },
        { "org.freedesktop.systemd1.TransactionIsDestructive", UNIT_CALL_REFUSED, "busy", "later" },
        { "org.freedesktop.systemd1.TransactionJobsConflicting", UNIT_CALL_REFUSED, "busy", "later" },
        { "org.freedesktop.systemd1.ShuttingDown", UNIT_CALL_REFUSED, "shutting down", "later" },
        { "org.freedesktop.systemd1.NoSuchProcess", UNIT_CALL_REFUSED, "no main process", "" },
        { "org.freedesktop.DBus.Error.ServiceUnknown", UNIT_CALL_REFUSED, "not on the bus", "later" },
        { "org.freedesktop.DBus.Error.NoReply", UNIT_CALL_LOST, "no answer", "" },
        { "org.freedesktop.DBus.Error.Timeout", UNIT_CALL_LOST, "no answer", "" },
        { "org.freedesktop.DBus.Error.Disconnected", UNIT_CALL_LOST, "went away", "" },
        { "org.example.New", UNIT_CALL_REFUSED, "said so", "" },
        { NULL, UNIT_CALL_REFUSED, "said so", "" },
};

static void test_each_error_has_its_meaning(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
                struct unit_call_report r = { 0 };

                call_error_describe(errors[i].error, "It was\nsaid so", "restart", "x.service", &r);
                if (r.result != errors[i].result || !strstr(r.detail, errors[i].detail) ||
                    !strstr(r.remedy, errors[i].remedy) ||
                    (isempty(errors[i].remedy) && r.remedy[0] != '\0'))
                        fail_msg("%s: %d, \"%s\", \"%s\"", strempty(errors[i].error), r.result, r.detail,
                                 r.remedy);
                assert_null(strchr(r.detail, '\n'));
        }
}

static void test_an_error_without_words_is_told_by_its_name(_unused_ void **state) {
        struct unit_call_report r = { 0 };

        call_error_describe("org.example.New", NULL, "restart", "x.service", &r);
        assert_string_equal(r.detail, "org.example.New");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_stop_is_told_from_a_crash),
                cmocka_unit_test(test_each_error_has_its_meaning),
                cmocka_unit_test(test_an_error_without_words_is_told_by_its_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
