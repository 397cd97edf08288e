#include "ctl/unit_policy.h"

#include <fnmatch.h>

#include "config/values.h"

/* The verb restart also starts what is down: hence the shells, and what powers off. */
static const struct {
        const char *pattern, *problem;
} refused[] = {
        { "dbus.service", "is the system bus: its restart takes the bus from every service, also from "
                          "systemd and the watchdog" },
        { "dbus-broker.service", "is the system bus: its restart takes the bus from every service, also "
                                 "from systemd and the watchdog" },
        { "dbus-org.freedesktop.*.service", "is a part of the system under its name on the bus" },
        { "polkit.service", "is what is asked for leave to restart anything" },
        { "systemd-*.service",
          "is a part of systemd, which the whole host stands on; some of them power it off" },
        { "user@*.service", "is all that one user runs" },
        { "user-runtime-dir@*.service", "is a part of all that one user runs" },
        { "NetworkManager.service", "is the network of the host, and of every worker on it" },
        { "network.service", "is the network of the host, and of every worker on it" },
        { "networking.service", "is the network of the host, and of every worker on it" },
        { "debug-shell.service", "is a root shell without a password" },
        { "emergency.service", "ends everything else that runs on the host" },
        { "rescue.service", "ends everything else that runs on the host" },
        { "initrd-*.service", "is a part of the boot" },
};

const char *unit_policy_problem(const char *unit) {
        const char *problem = value_unit_problem(unit);

        for (size_t i = 0; !problem && i < ELEMENTSOF(refused); i++)
                /* Unit names may hold a backslash, which is itself. */
                if (fnmatch(refused[i].pattern, unit, FNM_NOESCAPE) == 0)
                        problem = refused[i].problem;
        return problem;
}
