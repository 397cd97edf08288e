/* Which processes of this host run Kafka Connect, and what their properties files say. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include <systemd/sd-login.h>

#include "config/values.h"
#include "ctl/ctl_bus.h"
#include "ctl/discover.h"
#include "ctl/process.h"
#include "ctl/unit_policy.h"
#include "util/regular_file.h"

#define PROPERTIES_MAX ((size_t) 256 * 1024)

static void discovered_done(struct discovered *w) {
        free(w->unit);
        free(w->service);
        free(w->properties_file);
        java_properties_done(&w->properties);
        *w = (struct discovered) {};
}

void discovered_list_done(struct discovered_list *l) {
        for (size_t i = 0; i < l->n; i++)
                discovered_done(&l->workers[i]);
        free(l->workers);
        *l = (struct discovered_list) {};
}

struct connect_found discovered_found(const struct discovered *w, bool kafka_module) {
        return (struct connect_found) {
                .unit = w->unit,
                .service = w->service,
                .mode = w->mode,
                .properties_file = w->properties_file,
                .properties = w->unreadable[0] ? NULL : &w->properties,
                .unreadable = w->unreadable,
                .kafka_module = kafka_module,
        };
}

/* ---- its properties file ---- */

/* What /proc/PID/NAME links to; "" when that is not told. */
static void read_link(uint32_t pid, const char *name, char buf[static PATH_MAX]) {
        char path[64];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
        n = readlink(path, buf, PATH_MAX - 1);
        buf[n < 0 ? 0 : n] = '\0';
}

static int name_properties(struct discovered *w, const char *named) {
        char directory[PATH_MAX];

        if (named[0] == '/')
                return free_and_strdup(&w->properties_file, named);
        read_link(w->pid, "cwd", directory);
        if (!directory[0])
                return free_and_strdup(&w->properties_file, named);
        return asprintf(&w->properties_file, "%s/%s", directory, named) < 0 ? -ENOMEM : 0;
}

static void explain(struct discovered *w, int error) {
        (void) snprintf(w->unreadable, sizeof(w->unreadable), "%s",
                        error == -EFBIG || error == -EISDIR  ? "it is no file of a worker's size"
                        : error == -EACCES && geteuid() != 0 ? "only root may read it: run this as root"
                                                             : strerror(-error));
}

/* As its process sees it, which may have a root or mounts of its own; only root may look there. */
static int read_properties(struct discovered *w) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t len;
        int r;

        if (asprintf(&path, "/proc/%" PRIu32 "/root%s", w->pid, w->properties_file) < 0)
                return -ENOMEM;
        r = read_regular(path, PROPERTIES_MAX, &text, &len);
        if (r == -EACCES)
                r = read_regular(w->properties_file, PROPERTIES_MAX, &text, &len);
        if (r >= 0) {
                r = java_properties_parse(text, len, &w->properties);
                explicit_bzero(text, len);
        }
        if (r < 0 && r != -ENOMEM) {
                explain(w, r);
                return 0;
        }
        return r;
}

/* ---- processes ---- */

/* The service of that process, if it is one that can be named in a configuration. */
static char *unit_of(uint32_t pid) {
        char *unit = NULL;

        if (sd_pid_get_unit((pid_t) pid, &unit) < 0)
                return NULL;
        if (value_unit_problem(unit)) {
                free(unit);
                return NULL;
        }
        return unit;
}

/* The place of that unit's worker, or of a new one. */
static struct discovered *place_for(struct discovered_list *l, const char *unit) {
        struct discovered *grown;

        for (size_t i = 0; unit && i < l->n; i++)
                if (streq_ptr(l->workers[i].unit, unit)) {
                        discovered_done(&l->workers[i]);
                        return &l->workers[i];
                }
        grown = reallocarray(l->workers, l->n + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        l->workers = grown;
        l->workers[l->n] = (struct discovered) {};
        return &l->workers[l->n++];
}

static bool knows_unit(const struct discovered_list *l, const char *unit) {
        for (size_t i = 0; unit && i < l->n; i++)
                if (streq_ptr(l->workers[i].unit, unit))
                        return true;
        return false;
}

/* Whether it lives in a container with processes of its own, whose units are not this host's. */
static bool is_elsewhere(uint32_t pid) {
        char ours[PATH_MAX], its[PATH_MAX];

        read_link((uint32_t) getpid(), "ns/pid", ours);
        read_link(pid, "ns/pid", its);
        return its[0] && !streq(ours, its);
}

/* Scripts come first, and are replaced by what they started; one outside of any unit waits for its JVM. */
static int look_at(uint32_t pid, struct discovered_list *l) {
        struct proc_text cmdline = {};
        struct connect_process found;
        int r = 0;

        process_read(pid, "cmdline", &cmdline);
        if (cmdline.data && connect_process_parse(cmdline.data, cmdline.len, &found) && !is_elsewhere(pid)) {
                _cleanup_free_ char *unit = unit_of(pid);

                if (!found.script || (unit && !knows_unit(l, unit))) {
                        struct discovered *w = place_for(l, unit);

                        if (w) {
                                w->pid = pid;
                                w->unit = TAKE_PTR(unit);
                                w->mode = found.mode;
                                r = name_properties(w, found.properties);
                        } else
                                r = -ENOMEM;
                }
        }
        free(cmdline.data);
        return r;
}

/* Whether that process is the script that started the worker, and waits for it. */
static bool is_start_script(uint32_t pid) {
        struct proc_text cmdline = {};
        struct connect_process found;
        bool is;

        process_read(pid, "cmdline", &cmdline);
        is = cmdline.data && connect_process_parse(cmdline.data, cmdline.len, &found) && found.script;
        free(cmdline.data);
        return is;
}

/* A service that runs more than this worker (cron, a supervisor, a login) is not the worker's to be
 * restarted with. */
static void check_unit(struct ctl_bus *bus, struct discovered *w) {
        struct unit_facts unit = {};
        char problem[256];

        if (!w->unit)
                return;
        if (bus && !unit_policy_problem(w->unit) &&
            ctl_bus_read_unit(bus, w->unit, &unit, problem, sizeof(problem)) >= 0 && unit.main_pid > 0 &&
            (unit.main_pid == w->pid || is_start_script(unit.main_pid)))
                return;
        w->service = TAKE_PTR(w->unit);
}

static void check_units(struct discovered_list *l) {
        _cleanup_(ctl_bus_freep) struct ctl_bus *bus = NULL;
        char problem[256];

        if (l->n > 0 && ctl_bus_open(&bus, problem, sizeof(problem)) < 0)
                bus = NULL;
        for (size_t i = 0; i < l->n; i++)
                check_unit(bus, &l->workers[i]);
}

int discover_workers(struct discovered_list *ret) {
        struct discovered_list l = {};
        struct dirent *e;
        int r = 0;
        DIR *proc;

        proc = opendir("/proc");
        if (!proc)
                return -errno;
        while (r >= 0 && (e = readdir(proc)))
                if (isdigit((unsigned char) e->d_name[0]))
                        r = look_at((uint32_t) strtoul(e->d_name, NULL, 10), &l);
        (void) closedir(proc);
        for (size_t i = 0; r >= 0 && i < l.n; i++)
                r = read_properties(&l.workers[i]);
        if (r < 0)
                discovered_list_done(&l);
        check_units(&l);
        *ret = l;
        return r;
}
