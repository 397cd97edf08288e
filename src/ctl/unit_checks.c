/* What there is to say of a worker's unit, one function for each check. Asks nobody. */
#include <inttypes.h>
#include <stdio.h>

#include "act/evidence.h"
#include "ctl/jvm_options.h"
#include "ctl/unit_checks.h"
#include "ctl/unit_policy.h"
#include "observe/kind.h"
#include "util/span.h"
#include "util/text.h"

/* A clean shutdown of Kafka Connect was reckoned at up to 128 s. */
#define STOP_TIMEOUT_LEAST (180 * USEC_PER_SEC)

#define REMEDY_SIZE 512
#define REMEDY(...) remedy_format((char[REMEDY_SIZE]) { 0 }, __VA_ARGS__)
static char *remedy_format(char *buf, const char *format, ...) _printf_(2, 3);
static char *remedy_format(char *buf, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        text_appendv(buf, REMEDY_SIZE, format, ap);
        va_end(ap);
        return buf;
}

static char *edit_unit(char *buf, const char *unit, const char *line) {
        return remedy_format(buf, "systemctl edit %s: [Service] %s", unit, line);
}
#define EDIT_UNIT(unit, line) edit_unit((char[REMEDY_SIZE]) { 0 }, unit, line)

/* Where a worker stands: the lines of its keys are not kept. */
#define SECTION "[worker %s] (%s:%u)"
#define SECTION_OF(w) (w)->name, (w)->source_file, (w)->source_line

static bool is_any(const char *word, const char *const *words) {
        for (; *words; words++)
                if (streq(word, *words))
                        return true;
        return false;
}

bool unit_facts_running(const struct unit_facts *u) {
        static const char *const states[] = { "active", "reloading", "refreshing", "activating", NULL };

        return is_any(u->active_state, states) && !streq(u->sub_state, "auto-restart");
}

void service_check(const struct unit_facts *agent, struct findings *f) {
        if (!agent->known)
                return;
        if (!streq(agent->load_state, "loaded"))
                finding_add(f, FINDING_WARNING, CHECK_SERVICE, NULL,
                            "install it, then systemctl daemon-reload",
                            "connect-watchdog.service is %s: nothing is watched", agent->load_state);
        else if (!unit_facts_running(agent))
                finding_add(f, FINDING_WARNING, CHECK_SERVICE, NULL,
                            "systemctl enable --now connect-watchdog.service",
                            "connect-watchdog.service is %s (%s): nothing is watched", agent->active_state,
                            agent->sub_state);
        else
                finding_add(f, FINDING_GOOD, CHECK_SERVICE, NULL, NULL,
                            "connect-watchdog.service is %s (process %" PRIu32 ")", agent->active_state,
                            agent->main_pid);
}

/* ---- the unit ---- */

/* Returns whether it is loaded. */
static bool check_load_state(const struct worker_settings *w,
                             const struct unit_facts *u,
                             struct findings *f) {
        if (streq(u->load_state, "loaded"))
                return true;
        if (streq(u->load_state, "not-found"))
                finding_add(f, FINDING_PROBLEM, CHECK_UNIT, w->name,
                            REMEDY("correct unit = in " SECTION "; %s%s", SECTION_OF(w),
                                   u->similar[0] ? "there is " : "see systemctl list-units --type=service",
                                   u->similar),
                            "there is no %s", w->unit);
        else if (streq(u->load_state, "masked"))
                finding_add(f, FINDING_PROBLEM, CHECK_UNIT, w->name,
                            REMEDY("systemctl unmask %s, or take unit = out of " SECTION, w->unit,
                                   SECTION_OF(w)),
                            "%s is masked, and cannot be started", w->unit);
        else
                finding_add(f, FINDING_PROBLEM, CHECK_UNIT, w->name,
                            REMEDY("systemd-analyze verify %s, then systemctl daemon-reload", w->unit),
                            "%s cannot be loaded (%s)", w->unit, u->load_state);
        return false;
}

/* "kafka-connect.service", or "connect.service (kafka-connect.service)" for an alias. */
static char *unit_title(const struct worker_settings *w,
                        const struct unit_facts *u,
                        char *buf,
                        size_t size) {
        buf[0] = '\0';
        text_append(buf, size, "%s", w->unit);
        if (!streq(w->unit, u->id))
                text_append(buf, size, " (%s)", u->id);
        return buf;
}

static void check_is_up(const struct worker_settings *w, const struct unit_facts *u, struct findings *f) {
        bool at_boot = !streq(u->unit_file_state, "disabled");
        char title[2 * UNIT_NAME_SIZE + 4];

        unit_title(w, u, title, sizeof(title));
        if (!unit_facts_running(u))
                finding_add(f, FINDING_WARNING, CHECK_UNIT, w->name,
                            REMEDY(streq(u->active_state, "failed") ? "journalctl -u %s -e"
                                                                    : "systemctl start %s",
                                   w->unit),
                            "%s is %s (%s)", title, u->active_state, u->sub_state);
        else if (at_boot)
                finding_add(f, FINDING_GOOD, CHECK_UNIT, w->name, NULL, "%s is %s (%s)", title,
                            u->active_state, u->sub_state);
        if (!at_boot)
                finding_add(f, FINDING_WARNING, CHECK_UNIT, w->name, REMEDY("systemctl enable %s", w->unit),
                            "%s is disabled: it does not come back after a reboot", title);
}

void unit_check(const struct worker_settings *w, const struct unit_facts *u, struct findings *f) {
        if (!w->unit) {
                finding_add(f, FINDING_GOOD, CHECK_UNIT, w->name, NULL, "none is named: can only alert");
                return;
        }
        if (!u->known || !check_load_state(w, u, f))
                return;
        if (u->same_as)
                finding_add(f, FINDING_PROBLEM, CHECK_UNIT, w->name,
                            REMEDY("name each unit in one section: " SECTION " or " SECTION,
                                   SECTION_OF(u->same_as), SECTION_OF(w)),
                            "%s is the same unit as %s of worker %s: each would restart it for itself",
                            w->unit, u->same_as->unit, u->same_as->name);
        check_is_up(w, u, f);
}

/* ---- polkit ---- */

void polkit_check(const struct worker_settings *w,
                  const struct unit_facts *u,
                  const struct polkit_facts *p,
                  bool acts,
                  struct findings *f) {
        const char *policy = unit_policy_problem(u->id), *authorize;

        if (!w->unit || !u->known || !streq(u->load_state, "loaded"))
                return;
        authorize = policy ? REMEDY("name another unit in " SECTION ": %s %s", SECTION_OF(w), u->id, policy)
                           : REMEDY("connect-watchdogctl authorize %s", u->id);
        if (p->state == POLKIT_MISSING)
                finding_add(f, acts ? FINDING_PROBLEM : FINDING_UNKNOWN, CHECK_POLKIT, w->name, p->remedy,
                            "there is no polkit to let the agent restart %s (%s)", u->id, p->why);
        else if (p->state == POLKIT_NOT_ASKED)
                finding_add(f, FINDING_UNKNOWN, CHECK_POLKIT, w->name, p->remedy,
                            "whether the agent may restart %s cannot be told: %s", u->id, p->why);
        else if (p->refused_restart && acts)
                finding_add(f, FINDING_PROBLEM, CHECK_POLKIT, w->name, authorize,
                            "the agent may not restart %s (refused: %s)", u->id, p->refused);
        else if (p->refused_restart)
                finding_add(f, FINDING_GOOD, CHECK_POLKIT, w->name, NULL,
                            "the agent may not restart %s, and need not while it only observes; before it "
                            "is to: %s",
                            u->id, authorize);
        else if (p->refused_kill)
                finding_add(f, FINDING_WARNING, CHECK_POLKIT, w->name, authorize,
                            "the agent may restart %s, but not ask it for a thread dump (refused: %s)",
                            u->id, p->refused);
        else
                finding_add(f, FINDING_GOOD, CHECK_POLKIT, w->name, NULL, "the agent may restart %s", u->id);
}

/* ---- how the unit is set up ---- */

static void check_stop_timeout(const struct worker_settings *w,
                               const struct unit_facts *u,
                               struct findings *f) {
        if (!w->kind->has_connectors || u->timeout_stop_usec >= STOP_TIMEOUT_LEAST)
                return;
        finding_add(f, FINDING_WARNING, CHECK_STOP_TIMEOUT, w->name,
                    EDIT_UNIT(w->unit, "TimeoutStopSec=180s"),
                    "TimeoutStopSec=%s: a clean stop can take two minutes, and a worker that is killed in "
                    "it loses source offsets, so that records come twice",
                    SPAN(u->timeout_stop_usec));
}

static void check_exit_status(const struct worker_settings *w,
                              const struct unit_facts *u,
                              struct findings *f) {
        if (!w->kind->jvm || u->accepts_143)
                return;
        finding_add(f, FINDING_WARNING, CHECK_EXIT_STATUS, w->name,
                    EDIT_UNIT(w->unit, "SuccessExitStatus=143"),
                    "SuccessExitStatus=143 is not set: a JVM that is stopped ends with 143, and its unit "
                    "then looks failed");
}

static void check_restart(const struct worker_settings *w,
                          const struct unit_facts *u,
                          bool acts,
                          struct findings *f) {
        if (!streq(u->restart, "no"))
                return;
        if (acts && w->revive)
                finding_add(f, FINDING_WARNING, CHECK_RESTART, w->name,
                            EDIT_UNIT(w->unit, "Restart=on-failure"),
                            "Restart=no: after a crash it is down until the agent revives it, after %s at "
                            "the earliest; with Restart=on-failure systemd starts it again at once",
                            SPAN(w->sustain_usec));
        else
                finding_add(f, FINDING_WARNING, CHECK_RESTART, w->name,
                            EDIT_UNIT(w->unit, "Restart=on-failure"),
                            "Restart=no: after a crash it stays down; with Restart=on-failure systemd "
                            "starts it again at once");
}

/* A restart of a unit that runs clears its counter of starts; a revive leaves that to the administrator. */
static void check_start_limit(const struct worker_settings *w,
                              const struct unit_facts *u,
                              bool acts,
                              struct findings *f) {
        if (!acts || !w->revive || u->start_limit_burst == 0 || u->start_limit_usec <= w->sustain_usec)
                return;
        finding_add(
                f, FINDING_WARNING, CHECK_START_LIMIT, w->name,
                REMEDY("systemctl edit %s: [Unit] StartLimitIntervalSec=%s or less", w->unit,
                       SPAN(w->sustain_usec)),
                "StartLimitIntervalSec=%s: once it crashed %" PRIu32
                " times in that (StartLimitBurst=), systemd lets the agent revive it only when that is over",
                SPAN(u->start_limit_usec), u->start_limit_burst);
}

static void check_manual_start(const struct worker_settings *w,
                               const struct unit_facts *u,
                               bool acts,
                               struct findings *f) {
        if (!acts || (!u->refuse_manual_start && !u->refuse_manual_stop))
                return;
        finding_add(f, FINDING_PROBLEM, CHECK_MANUAL_START, w->name,
                    REMEDY("systemctl edit %s: [Unit] %s=no", w->unit,
                           u->refuse_manual_start ? "RefuseManualStart" : "RefuseManualStop"),
                    "%s=yes: systemd lets nobody restart it",
                    u->refuse_manual_start ? "RefuseManualStart" : "RefuseManualStop");
}

/* ---- its main process ---- */

static void check_out_of_memory(const struct worker_settings *w,
                                const struct unit_facts *u,
                                struct findings *f) {
        bool connect = w->kind->has_connectors;
        const char *where = NULL;
        char program[64];

        if (!w->kind->jvm || u->main_pid == 0)
                return;
        if (!u->cmdline.data || u->cmdline.len == 0) {
                finding_add(f, FINDING_UNKNOWN, CHECK_OUT_OF_MEMORY, w->name, "run this as root",
                            "the main process (%" PRIu32 ") cannot be looked at", u->main_pid);
                return;
        }
        cmdline_program(u->cmdline.data, u->cmdline.len, program, sizeof(program));
        if (!streq(program, "java")) {
                finding_add(f, FINDING_UNKNOWN, CHECK_OUT_OF_MEMORY, w->name,
                            "have the script that starts it end with exec java",
                            "the main process (%" PRIu32
                            ") is %s and not java: the options of the JVM are not seen",
                            u->main_pid, program);
                return;
        }
        switch (jvm_oom_behaviour(u->cmdline.data, u->cmdline.len, u->environ.data, u->environ.len,
                                  &where)) {
        case OOM_ENDS:
                return;
        case OOM_HIDDEN:
                finding_add(f, FINDING_UNKNOWN, CHECK_OUT_OF_MEMORY, w->name, NULL,
                            "whether the JVM ends when it runs out of memory may stand %s", where);
                return;
        case OOM_LIVES_ON:
                finding_add(
                        f, FINDING_WARNING, CHECK_OUT_OF_MEMORY, w->name,
                        REMEDY("add -XX:+ExitOnOutOfMemoryError to its Java options (%s), and restart it "
                               "when it suits",
                               connect ? "KAFKA_OPTS" : "JAVA_OPTS"),
                        "a JVM that runs out of memory lives on with some of its threads dead, and %s for "
                        "hours",
                        connect ? "tasks look RUNNING" : "looks well");
                return;
        }
}

static void check_thread_dump(const struct worker_settings *w,
                              const struct unit_facts *u,
                              struct findings *f) {
        if (!w->thread_dump || u->main_pid == 0)
                return;
        if (!u->status.data)
                finding_add(f, FINDING_UNKNOWN, CHECK_THREAD_DUMP, w->name, "run this as root",
                            "/proc/%" PRIu32 "/status cannot be read", u->main_pid);
        else if (!evidence_catches_sigquit(u->status.data))
                finding_add(f, FINDING_WARNING, CHECK_THREAD_DUMP, w->name,
                            "take -Xrs out of its Java options, or thread_dump = yes out of its section",
                            "thread_dump = yes, but process %" PRIu32
                            " does not catch SIGQUIT (java -Xrs, or a script around it): it would die of "
                            "it, so it is not sent",
                            u->main_pid);
}

void unit_check_settings(const struct worker_settings *w,
                         const struct unit_facts *u,
                         bool acts,
                         struct findings *f) {
        if (!w->unit || !u->known || !streq(u->load_state, "loaded") || unit_policy_problem(u->id))
                return;
        check_manual_start(w, u, acts, f);
        check_stop_timeout(w, u, f);
        check_exit_status(w, u, f);
        check_restart(w, u, acts, f);
        check_start_limit(w, u, acts, f);
        check_out_of_memory(w, u, f);
        check_thread_dump(w, u, f);
}
