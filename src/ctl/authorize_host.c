/* What this host says of the units that authorize is asked for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config/service_user.h"
#include "ctl/authorize.h"
#include "ctl/ctl_bus.h"
#include "ctl/unit_policy.h"
#include "util/text.h"

/* ---- what the agent's user could change ---- */

/* As the user that one is now. */
static bool can_replace_in(const char *directory) {
        struct stat st;

        if (faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) < 0)
                return false;
        /* In /tmp and its like everybody has but his own. */
        return stat(directory, &st) >= 0 && (!(st.st_mode & S_ISVTX) || st.st_uid == geteuid());
}

/* The file, or one that would take its place. */
static bool can_change(const char *file) {
        _cleanup_free_ char *path = strdup(file);
        struct stat st;
        char *slash;

        if (!path || path[0] != '/')
                return false;
        /* A masked unit's is /dev/null. */
        if (stat(path, &st) >= 0 && S_ISREG(st.st_mode) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) >= 0)
                return true;
        while ((slash = strrchr(path, '/'))) {
                slash[slash == path] = '\0';
                if (can_replace_in(path))
                        return true;
                if (slash == path)
                        break;
        }
        return false;
}

/* The first of them that the agent's user can change, under this name or where its links lead; NULL if none.
 */
static const char *find_changeable(char *const *files) {
        const char *found = NULL;
        struct identity before;

        if (!service_user_become(&before))
                return NULL;
        STRV_FOREACH (file, files) {
                _cleanup_free_ char *real = realpath(*file, NULL);

                if (can_change(*file) || (real && can_change(real))) {
                        found = *file;
                        break;
                }
        }
        service_user_return(&before);
        return found;
}

/* ---- what systemd says ---- */

static int warn(char **warning, const char *format, ...) _printf_(2, 3);
static int warn(char **warning, const char *format, ...) {
        va_list ap;
        int r;

        free(TAKE_PTR(*warning));
        va_start(ap, format);
        r = vasprintf(warning, format, ap);
        va_end(ap);
        if (r < 0)
                *warning = NULL;
        return r < 0 ? -ENOMEM : 0;
}

static int warn_of_state(struct asked_unit *u, const struct unit_facts *facts) {
        if (streq(facts->load_state, "not-found"))
                return warn(&u->warning, "is not there yet: see that its name is right%s%s",
                            facts->similar[0] ? "; there is "
                                              : " (systemctl list-unit-files --type=service)",
                            facts->similar);
        if (streq(facts->load_state, "masked"))
                return warn(&u->warning, "is masked, so nothing can restart it: systemctl unmask %s",
                            u->unit);
        if (!streq(facts->load_state, "loaded"))
                return warn(&u->warning, "cannot be loaded (%s): systemd-analyze verify %s",
                            facts->load_state, u->unit);
        if (facts->refuse_manual_start || facts->refuse_manual_stop)
                return warn(&u->warning, "is not restarted for anybody, whatever polkit says: it has "
                                         "RefuseManualStart= or RefuseManualStop=");
        return 0;
}

static int look_at_unit(struct ctl_bus *bus,
                        struct authorize_request *q,
                        struct asked_unit *u,
                        bool thorough,
                        char *problem,
                        size_t size) {
        _cleanup_strv_ char **files = NULL;
        struct unit_facts facts = {};
        const char *changeable;
        int r;

        r = ctl_bus_read_unit(bus, u->name, &facts, problem, size);
        if (r < 0)
                return r;
        memcpy(u->unit, facts.id, sizeof(u->unit));
        if (!thorough)
                return 0;
        if (unit_policy_problem(u->unit)) {
                authorize_refuse(q, u, "%s", unit_policy_problem(u->unit));
                return 0;
        }
        r = ctl_bus_read_unit_files(bus, u->unit, &files, problem, size);
        if (r < 0)
                return r;
        changeable = find_changeable(files);
        if (changeable)
                authorize_refuse(q, u,
                                 "runs what the user " CONFIG_SERVICE_USER
                                 " can change (%s): with its restart that user could do anything that the "
                                 "unit may; mend the owner or the mode",
                                 changeable);
        return warn_of_state(u, &facts);
}

int authorize_look_at_host(struct authorize_request *q, bool thorough) {
        _cleanup_(ctl_bus_freep) struct ctl_bus *bus = NULL;
        char problem[256] = "";
        int r;

        r = ctl_bus_open(&bus, problem, sizeof(problem));
        for (size_t i = 0; r >= 0 && i < q->n; i++)
                r = look_at_unit(bus, q, &q->units[i], thorough, problem, sizeof(problem));
        if (r >= 0 || r == -ENOMEM)
                return r;
        return warn(&q->warning,
                    "%s: names were taken as they are, and an alias is not what polkit is asked about; who "
                    "can change what they run was not looked at",
                    problem);
}
