/* Questions to systemd and polkit on the system bus. Decides nothing of what the answers mean. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-bus.h>

#include "ctl/ctl_bus.h"
#include "util/clock.h"
#include "util/text.h"

#define PATIENCE_USEC (5 * USEC_PER_SEC)

#define DBUS "org.freedesktop.DBus"
#define MANAGER "org.freedesktop.systemd1"
#define UNIT_INTERFACE MANAGER ".Unit"
#define SERVICE_INTERFACE MANAGER ".Service"
#define POLKIT "org.freedesktop.PolicyKit1"
#define POLKIT_AUTHORITY POLKIT ".Authority"

struct ctl_bus {
        sd_bus *bus;
        bool polkit_hangs;
        char *agent_name; /* the agent's on the bus, once looked for */
        uint32_t agent_pid;
};

static usec_t now_usec(void) {
        return clock_now(CLOCK_MONOTONIC);
}

/* ---- the connection ---- */

/* sd_bus_call() alone would wait for as long as the handshake takes. */
static int await_ready(sd_bus *bus) {
        usec_t deadline = usec_add(now_usec(), PATIENCE_USEC);
        int r;

        while ((r = sd_bus_is_ready(bus)) == 0) {
                usec_t left = usec_sub(deadline, now_usec());

                if (left == 0)
                        return -ETIMEDOUT;
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, left);
                if (r < 0)
                        return r;
        }
        return r;
}

int ctl_bus_open(struct ctl_bus **ret, char *problem, size_t size) {
        _cleanup_(ctl_bus_freep) struct ctl_bus *b = NULL;
        int r;

        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        r = sd_bus_open_system(&b->bus);
        if (r >= 0)
                r = await_ready(b->bus);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(b->bus, PATIENCE_USEC);
        if (r < 0) {
                problem[0] = '\0';
                text_append(problem, size, "the system bus cannot be reached: %s", strerror(-r));
                return r;
        }
        *ret = TAKE_PTR(b);
        return 0;
}

struct ctl_bus *ctl_bus_free(struct ctl_bus *b) {
        if (!b)
                return NULL;
        /* What is queued is for nobody any more: no flush that could hang. */
        sd_bus_close_unref(b->bus);
        free(b->agent_name);
        free(b);
        return NULL;
}

static bool is_timeout(int r) {
        return r == -ETIMEDOUT;
}

static void describe(const char *who, const sd_bus_error *e, int r, char *problem, size_t size) {
        char said[160] = "";
        const char *text = e->message ? e->message : strerror(-r);

        text_copy_line(said, sizeof(said), text, strlen(text));
        problem[0] = '\0';
        text_append(problem, size, "%s %s", who, is_timeout(r) ? "does not answer" : said);
}

/* ---- units ---- */

enum fact_type {
        FACT_WORD = SD_BUS_TYPE_STRING,
        FACT_UINT = SD_BUS_TYPE_UINT32,
        FACT_UINT64 = SD_BUS_TYPE_UINT64,
        FACT_BOOL = SD_BUS_TYPE_BOOLEAN,
};

static const struct {
        const char *interface, *name;
        enum fact_type type;
        size_t offset;
        size_t size; /* of a word */
} facts[] = {
#define WORD(interface, name, field)                                                                        \
        {                                                                                                   \
                interface, name, FACT_WORD, offsetof(struct unit_facts, field),                             \
                        sizeof(((struct unit_facts *) NULL)->field)                                         \
        }
#define NUMBER(interface, name, type, field)                                                                \
        { interface, name, type, offsetof(struct unit_facts, field), 0 }
        WORD(UNIT_INTERFACE, "Id", id),
        WORD(UNIT_INTERFACE, "LoadState", load_state),
        WORD(UNIT_INTERFACE, "ActiveState", active_state),
        WORD(UNIT_INTERFACE, "SubState", sub_state),
        WORD(UNIT_INTERFACE, "UnitFileState", unit_file_state),
        NUMBER(UNIT_INTERFACE, "StartLimitIntervalUSec", FACT_UINT64, start_limit_usec),
        NUMBER(UNIT_INTERFACE, "StartLimitBurst", FACT_UINT, start_limit_burst),
        NUMBER(UNIT_INTERFACE, "RefuseManualStart", FACT_BOOL, refuse_manual_start),
        NUMBER(UNIT_INTERFACE, "RefuseManualStop", FACT_BOOL, refuse_manual_stop),
        WORD(SERVICE_INTERFACE, "Restart", restart),
        NUMBER(SERVICE_INTERFACE, "MainPID", FACT_UINT, main_pid),
        NUMBER(SERVICE_INTERFACE, "TimeoutStopUSec", FACT_UINT64, timeout_stop_usec),
};

static int read_fact(struct ctl_bus *b, const char *path, size_t i, struct unit_facts *to, sd_bus_error *e) {
        void *field = (char *) to + facts[i].offset;
        int r;

        if (facts[i].type == FACT_WORD) {
                _cleanup_free_ char *word = NULL;

                r = sd_bus_get_property_string(b->bus, MANAGER, path, facts[i].interface, facts[i].name, e,
                                               &word);
                if (r >= 0)
                        (void) snprintf(field, facts[i].size, "%s", word);
        } else if (facts[i].type == FACT_BOOL) {
                int truth = 0;

                r = sd_bus_get_property_trivial(b->bus, MANAGER, path, facts[i].interface, facts[i].name, e,
                                                (char) facts[i].type, &truth);
                *(bool *) field = truth;
        } else
                r = sd_bus_get_property_trivial(b->bus, MANAGER, path, facts[i].interface, facts[i].name, e,
                                                (char) facts[i].type, field);
        return r;
}

/* SuccessExitStatus: exit statuses, then signals. */
static int read_accepts_143(struct ctl_bus *b, const char *path, bool *ret, sd_bus_error *e) {
        sd_bus_message *m = NULL;
        const void *statuses;
        size_t size = 0;
        int r;

        r = sd_bus_get_property(b->bus, MANAGER, path, SERVICE_INTERFACE, "SuccessExitStatus", e, &m,
                                "(aiai)");
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_STRUCT, "aiai");
        if (r >= 0)
                r = sd_bus_message_read_array(m, SD_BUS_TYPE_INT32, &statuses, &size);
        if (r >= 0)
                for (size_t i = 0; i < size / sizeof(int32_t); i++)
                        *ret = *ret || ((const int32_t *) statuses)[i] == 143;
        sd_bus_message_unref(m);
        return r;
}

/* Loads it if need be. */
static int find_unit(struct ctl_bus *b, const char *name, char **ret_path, sd_bus_error *e) {
        sd_bus_message *reply = NULL;
        const char *path;
        int r;

        r = sd_bus_call_method(b->bus, MANAGER, "/org/freedesktop/systemd1", MANAGER ".Manager", "LoadUnit",
                               e, &reply, "s", name);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = free_and_strdup(ret_path, path);
        sd_bus_message_unref(reply);
        return r;
}

/* Services that may have been meant. */
static int read_similar(struct ctl_bus *b, char *buf, size_t size, sd_bus_error *e) {
        const char *name, *load_state;
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_call_method(b->bus, MANAGER, "/org/freedesktop/systemd1", MANAGER ".Manager",
                               "ListUnitsByPatterns", e, &m, "asas", 0, 2, "*connect*.service",
                               "*kafka*.service");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(ssssssouso)", &name, NULL, &load_state, NULL, NULL,
                                                  NULL, NULL, NULL, NULL, NULL)) > 0)
                if (streq(load_state, "loaded") && !streq(name, AGENT_UNIT))
                        text_append(buf, size, "%s%s", buf[0] ? ", " : "", name);
        sd_bus_message_unref(m);
        return r;
}

static int read_unit(struct ctl_bus *b, const char *name, struct unit_facts *ret, sd_bus_error *e) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = find_unit(b, name, &path, e);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
                r = read_fact(b, path, i, ret, e);
        if (r >= 0)
                r = read_accepts_143(b, path, &ret->accepts_143, e);
        if (r >= 0 && streq(ret->load_state, "not-found"))
                r = read_similar(b, ret->similar, sizeof(ret->similar), e);
        return r;
}

/* One command: the program, and what it is given by path, such as the script of a shell. */
static int read_command(sd_bus_message *m, char ***files) {
        _cleanup_strv_ char **arguments = NULL;
        const char *program;
        int r;

        r = sd_bus_message_read(m, "s", &program);
        if (r >= 0)
                r = strv_extend(files, program);
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &arguments);
        STRV_FOREACH (argument, arguments)
                if (r >= 0 && (*argument)[0] == '/')
                        r = strv_extend(files, *argument);
        return r < 0 ? r : sd_bus_message_skip(m, "bttttuii");
}

/* What ExecStart= and its like begin. */
static int read_programs(struct ctl_bus *b,
                         const char *path,
                         const char *property,
                         char ***files,
                         sd_bus_error *e) {
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_get_property(b->bus, MANAGER, path, SERVICE_INTERFACE, property, e, &m, "a(sasbttttuii)");
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(sasbttttuii)");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, SD_BUS_TYPE_STRUCT, "sasbttttuii")) > 0) {
                r = read_command(m, files);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        sd_bus_message_unref(m);
        return r;
}

static int read_unit_files(struct ctl_bus *b, const char *name, char ***files, sd_bus_error *e) {
        static const char *const commands[] = { "ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop",
                                                "ExecStopPost" };
        _cleanup_free_ char *path = NULL, *fragment = NULL;
        _cleanup_strv_ char **drop_ins = NULL;
        int r;

        r = find_unit(b, name, &path, e);
        if (r >= 0)
                r = sd_bus_get_property_string(b->bus, MANAGER, path, UNIT_INTERFACE, "FragmentPath", e,
                                               &fragment);
        if (r >= 0 && fragment[0])
                r = strv_extend(files, fragment);
        if (r >= 0)
                r = sd_bus_get_property_strv(b->bus, MANAGER, path, UNIT_INTERFACE, "DropInPaths", e,
                                             &drop_ins);
        STRV_FOREACH (drop_in, drop_ins)
                if (r >= 0)
                        r = strv_extend(files, *drop_in);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(commands); i++)
                r = read_programs(b, path, commands[i], files, e);
        return r;
}

/* What came of a question to systemd. */
static int answered(int r, sd_bus_error *e, char *problem, size_t size) {
        if (r < 0)
                describe(is_timeout(r) ? "systemd" : "systemd:", e, r, problem, size);
        sd_bus_error_free(e);
        return r;
}

int ctl_bus_read_unit(struct ctl_bus *b,
                      const char *name,
                      struct unit_facts *ret,
                      char *problem,
                      size_t size) {
        sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = read_unit(b, name, ret, &e);
        ret->known = r >= 0;
        return answered(r, &e, problem, size);
}

int ctl_bus_read_unit_files(struct ctl_bus *b, const char *name, char ***ret, char *problem, size_t size) {
        _cleanup_strv_ char **files = NULL;
        sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = read_unit_files(b, name, &files, &e);
        if (r >= 0)
                *ret = TAKE_PTR(files);
        return answered(r, &e, problem, size);
}

int ctl_bus_reload(struct ctl_bus *b, const char *name, char *problem, size_t size) {
        sd_bus_error e = SD_BUS_ERROR_NULL;
        struct unit_facts unit = {};
        int r;

        r = ctl_bus_read_unit(b, name, &unit, problem, size);
        if (r >= 0 && !unit_facts_running(&unit))
                r = -ESHUTDOWN;
        if (r < 0)
                return r;
        r = sd_bus_call_method(b->bus, MANAGER, "/org/freedesktop/systemd1", MANAGER ".Manager",
                               "ReloadUnit", &e, NULL, "ss", name, "replace");
        return answered(r, &e, problem, size);
}

/* ---- polkit ---- */

/* Whether that connection is the process's. */
static int is_of_process(struct ctl_bus *b, const char *name, uint32_t pid) {
        sd_bus_message *m = NULL;
        uint32_t its = 0;
        int r;

        r = sd_bus_call_method(b->bus, DBUS, "/org/freedesktop/DBus", DBUS, "GetConnectionUnixProcessID",
                               NULL, &m, "s", name);
        if (r >= 0)
                r = sd_bus_message_read(m, "u", &its);
        sd_bus_message_unref(m);
        return r < 0 ? r : its == pid;
}

/* systemd names its caller to polkit by that name, so this is the question that systemd will ask. Returns 0,
 * -ENXIO when the agent is not on the bus, or another negative errno. */
static int find_agent(struct ctl_bus *b, uint32_t pid) {
        _cleanup_strv_ char **names = NULL;
        int r;

        if (b->agent_name && b->agent_pid == pid)
                return 0;
        r = sd_bus_list_names(b->bus, &names, NULL);
        if (r < 0)
                return r;
        STRV_FOREACH (name, names) {
                if ((*name)[0] != ':')
                        continue;
                r = is_of_process(b, *name, pid);
                if (is_timeout(r))
                        return r;
                if (r <= 0) /* one that is gone by now is not it either */
                        continue;
                b->agent_pid = pid;
                return free_and_strdup(&b->agent_name, *name);
        }
        return -ENXIO;
}

/* Returns 1, 0, or a negative errno. */
static int is_authorized(struct ctl_bus *b, const char *unit, const char *verb, sd_bus_error *e) {
        sd_bus_message *m = NULL;
        int r, authorized = 0, challenge;

        r = sd_bus_call_method(b->bus, POLKIT, "/org/freedesktop/PolicyKit1/Authority", POLKIT_AUTHORITY,
                               "CheckAuthorization", e, &m, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name",
                               "s", b->agent_name, "org.freedesktop.systemd1.manage-units", 2, "unit", unit,
                               "verb", verb, 0, "");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, SD_BUS_TYPE_STRUCT, "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(m, "bb", &authorized, &challenge);
        sd_bus_message_unref(m);
        return r < 0 ? r : authorized;
}

static void not_asked(struct polkit_facts *p, const char *remedy, const char *why) {
        p->state = POLKIT_NOT_ASKED;
        p->remedy = remedy;
        (void) snprintf(p->why, sizeof(p->why), "%s", why);
}

/* Everything but silence means that it is not there, or cannot be started. */
static void polkit_failed(struct ctl_bus *b, const sd_bus_error *e, int r, struct polkit_facts *ret) {
        b->polkit_hangs = is_timeout(r);
        describe(is_timeout(r) ? "it" : "the bus says:", e, r, ret->why, sizeof(ret->why));
        ret->state = is_timeout(r) ? POLKIT_NOT_ASKED : POLKIT_MISSING;
        ret->remedy = is_timeout(r) ? "systemctl restart polkit.service"
                                    : "install polkit (polkitd); systemctl status polkit.service";
}

void ctl_bus_ask_polkit(struct ctl_bus *b,
                        const struct worker_settings *w,
                        const char *unit,
                        uint32_t agent_pid,
                        struct polkit_facts *ret) {
        const struct {
                const char *name;
                bool needed;
                bool *refused;
        } verbs[] = {
                { "try-restart", true, &ret->refused_restart },
                { "reset-failed", true, &ret->refused_restart },
                { "restart", w->revive, &ret->refused_restart },
                { "kill", w->thread_dump, &ret->refused_kill },
        };
        int r;

        if (geteuid() != 0) {
                not_asked(ret, "run this as root", "only root may ask polkit about another's rights");
                return;
        }
        if (agent_pid == 0) {
                not_asked(ret, "systemctl start connect-watchdog.service, then verify again",
                          "polkit is asked about the running agent, and connect-watchdog.service does not "
                          "run");
                return;
        }
        r = b->polkit_hangs ? -ETIMEDOUT : find_agent(b, agent_pid);
        if (r == -ENXIO) {
                not_asked(ret, NULL, "the agent is not on the system bus");
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                sd_bus_error e = SD_BUS_ERROR_NULL;

                if (!verbs[i].needed)
                        continue;
                if (r >= 0)
                        r = is_authorized(b, unit, verbs[i].name, &e);
                if (r < 0)
                        polkit_failed(b, &e, r, ret);
                sd_bus_error_free(&e);
                if (r < 0)
                        return;
                if (r > 0)
                        continue;
                *verbs[i].refused = true;
                text_append(ret->refused, sizeof(ret->refused), "%s%s", ret->refused[0] ? ", " : "",
                            verbs[i].name);
        }
        ret->state = POLKIT_ASKED;
}
