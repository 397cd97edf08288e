/* The table of errors that systemd, polkit and the bus answer calls with. Knows no bus. */
#include "act/call_error.h"

#include <stdio.h>

#include "util/text.h"

#define DBUS "org.freedesktop.DBus.Error."
#define SYSTEMD "org.freedesktop.systemd1."
#define POLKIT                                                                                              \
        "as root let polkit allow it: connect-watchdogctl authorize %s (connect-watchdog(8), SECURITY); "   \
        "\"%s\" was refused"

static const char *const verb_names[_UNIT_VERB_MAX] = {
        [UNIT_RESET_FAILED] = "reset-failed",
        [UNIT_TRY_RESTART] = "try-restart",
        [UNIT_RESTART] = "restart",
};

const char *unit_verb_to_string(enum unit_verb verb) {
        return verb < _UNIT_VERB_MAX ? verb_names[verb] : "?";
}

struct call_error {
        const char *name;
        enum unit_call_result result;
        const char *detail; /* NULL: the message alone */
        enum {
                REMEDY_NOTHING,
                REMEDY_POLKIT,
                REMEDY_UNMASK,
                REMEDY_UNIT_NAME,
                REMEDY_UNIT_FILE,
                REMEDY_MANUAL,
                REMEDY_WAIT,
                REMEDY_SYSTEMD,
        } remedy;
};

static const struct call_error call_errors[] = {
        { DBUS "AccessDenied", UNIT_CALL_REFUSED, "not authorised", REMEDY_POLKIT },
        { DBUS "InteractiveAuthorizationRequired", UNIT_CALL_REFUSED, "not authorised", REMEDY_POLKIT },
        { DBUS "AuthFailed", UNIT_CALL_REFUSED, "not authorised", REMEDY_POLKIT },
        { SYSTEMD "UnitMasked", UNIT_CALL_REFUSED, "the unit is masked", REMEDY_UNMASK },
        { SYSTEMD "NoSuchUnit", UNIT_CALL_REFUSED, "there is no such unit", REMEDY_UNIT_NAME },
        { SYSTEMD "LoadFailed", UNIT_CALL_REFUSED, "the unit could not be loaded", REMEDY_UNIT_FILE },
        { SYSTEMD "BadUnitSetting", UNIT_CALL_REFUSED, "the unit has a bad setting", REMEDY_UNIT_FILE },
        { SYSTEMD "OnlyByDependency", UNIT_CALL_REFUSED, "the unit refuses to be started or stopped by hand",
          REMEDY_MANUAL },
        { SYSTEMD "JobTypeNotApplicable", UNIT_CALL_REFUSED, "the unit cannot be restarted",
          REMEDY_UNIT_NAME },
        { SYSTEMD "NoIsolation", UNIT_CALL_REFUSED, NULL, REMEDY_NOTHING },
        { SYSTEMD "TransactionIsDestructive", UNIT_CALL_REFUSED,
          "busy: another job that must not be replaced", REMEDY_WAIT },
        { SYSTEMD "TransactionJobsConflicting", UNIT_CALL_REFUSED, "busy: jobs conflict", REMEDY_WAIT },
        { SYSTEMD "TransactionOrderIsCyclic", UNIT_CALL_REFUSED, "the unit's dependencies form a cycle",
          REMEDY_UNIT_FILE },
        { SYSTEMD "UnitBusy", UNIT_CALL_REFUSED, "busy", REMEDY_WAIT },
        { SYSTEMD "ShuttingDown", UNIT_CALL_REFUSED, "the system is shutting down", REMEDY_WAIT },
        { SYSTEMD "NoSuchProcess", UNIT_CALL_REFUSED, "the unit has no main process", REMEDY_NOTHING },
        { DBUS "UnixProcessIdUnknown", UNIT_CALL_REFUSED, "the unit has no main process", REMEDY_NOTHING },
        { DBUS "ServiceUnknown", UNIT_CALL_REFUSED, "systemd is not on the bus", REMEDY_SYSTEMD },
        { DBUS "NameHasNoOwner", UNIT_CALL_REFUSED, "systemd is not on the bus", REMEDY_SYSTEMD },
        { DBUS "LimitsExceeded", UNIT_CALL_REFUSED, "a limit was reached", REMEDY_WAIT },
        { DBUS "NoReply", UNIT_CALL_LOST, "no answer", REMEDY_NOTHING },
        { DBUS "Timeout", UNIT_CALL_LOST, "no answer in time", REMEDY_NOTHING },
        { DBUS "TimedOut", UNIT_CALL_LOST, "no answer in time", REMEDY_NOTHING },
        { DBUS "Disconnected", UNIT_CALL_LOST, "the bus went away", REMEDY_NOTHING },
        { DBUS "IOError", UNIT_CALL_LOST, "the bus went away", REMEDY_NOTHING },
};

static void write_remedy(const struct call_error *e,
                         const char *verb,
                         const char *unit,
                         char *buf,
                         size_t size) {
        buf[0] = '\0';
        switch (e->remedy) {
        case REMEDY_NOTHING:
                break;
        case REMEDY_POLKIT:
                text_append(buf, size, POLKIT, unit, verb);
                break;
        case REMEDY_UNMASK:
                text_append(buf, size, "systemctl unmask %s, or take unit = out of the worker's section",
                            unit);
                break;
        case REMEDY_UNIT_NAME:
                text_append(buf, size, "correct unit = in the worker's section (systemctl status %s)", unit);
                break;
        case REMEDY_UNIT_FILE:
                text_append(buf, size, "correct the unit's file (systemd-analyze verify %s)", unit);
                break;
        case REMEDY_MANUAL:
                text_append(buf, size, "take RefuseManualStart= and RefuseManualStop= out of %s", unit);
                break;
        case REMEDY_WAIT:
                text_append(buf, size, "nothing: it is tried again later");
                break;
        case REMEDY_SYSTEMD:
                text_append(buf, size, "systemctl status; it is tried again later");
                break;
        }
}

void call_error_describe(const char *error_name,
                         const char *message,
                         const char *verb,
                         const char *unit,
                         struct unit_call_report *ret) {
        static const struct call_error other = { NULL, UNIT_CALL_REFUSED, NULL, REMEDY_NOTHING };
        const struct call_error *e = &other;
        char said[160] = "";

        for (size_t i = 0; i < ELEMENTSOF(call_errors); i++)
                if (streq(call_errors[i].name, strempty(error_name)))
                        e = &call_errors[i];

        if (isempty(message))
                message = strempty(error_name);
        text_copy_line(said, sizeof(said), message, strlen(message));
        ret->result = e->result;
        ret->detail[0] = '\0';
        if (e->detail)
                text_append(ret->detail, sizeof(ret->detail), "%s (%s)", e->detail, said);
        else
                text_append(ret->detail, sizeof(ret->detail), "%s", said);
        write_remedy(e, verb, unit, ret->remedy, sizeof(ret->remedy));
}
