/* What is read right before acting: the unit afresh, the system's state, and whether a package manager is
 * at work. */
#include <errno.h>
#include <stdio.h>

#include "act/systemd_internal.h"
#include "util/text.h"

#define LOGIN_PATH "/org/freedesktop/login1"
#define LOGIN_MANAGER "org.freedesktop.login1.Manager"

/* Exactly these: unattended-upgrades may hold an inhibitor for ever. */
static const char *const package_managers[] = { "APT", "DNF", "RPM" };

void surroundings_advance(struct unit_call *c) {
        if (c->wants_reading == 0 && c->error < 0) {
                unit_call_deliver(c);
                return;
        }
        if (c->wants_reading != 0 || c->state_slot || c->logind_slot)
                return;
        unit_call_deliver(c);
}

static int on_state(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct unit_call *c = userdata;
        const char *state;

        c->state_slot = sd_bus_slot_unref(c->state_slot);
        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "v", "s", &state) >= 0)
                (void) snprintf(c->read.system_state, sizeof(c->read.system_state), "%s", state);
        surroundings_advance(c);
        return 0;
}

static int read_inhibitors(sd_bus_message *m, struct surroundings_read *to) {
        const char *what, *who, *why, *mode;
        uint32_t uid, pid;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(ssssuu)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "(ssssuu)", &what, &who, &why, &mode, &uid, &pid)) > 0)
                for (size_t i = 0; i < ELEMENTSOF(package_managers); i++)
                        if (streq(who, package_managers[i]))
                                (void) snprintf(to->package_manager, sizeof(to->package_manager), "%s", who);
        return r;
}

static int on_inhibitors(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *ret) {
        struct unit_call *c = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        const char *why = "its answer is not understood";

        c->logind_slot = sd_bus_slot_unref(c->logind_slot);
        c->read.logind_error[0] = '\0';
        c->read.logind_asked = !e && read_inhibitors(m, &c->read) >= 0;
        if (!c->read.logind_asked) {
                if (e)
                        why = isempty(e->message) ? strempty(e->name) : e->message;
                text_copy_line(c->read.logind_error, sizeof(c->read.logind_error), why, strlen(why));
        }
        surroundings_advance(c);
        return 0;
}

static int on_timeout(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        struct unit_call *c = userdata;

        if (c->wants_reading != 0)
                c->error = -ETIMEDOUT;
        c->wants_reading = 0;
        unit_call_deliver(c);
        return 0;
}

void surroundings_take_view(struct unit_call *c) {
        c->read.at_usec = c->s->clock();
        memcpy(&c->read.unit, &c->u->view, sizeof(c->read.unit));
        c->read.stop_seen = stop_tracker_seen(&c->u->stops, &c->u->view);
}

int unit_read_surroundings(struct unit_watch *u,
                           surroundings_done_t done,
                           void *userdata,
                           struct unit_call **ret) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;
        int r;

        r = unit_call_new(u, CALL_SURROUNDINGS, userdata, &c);
        if (r < 0)
                return r;
        c->surroundings_done = done;
        (void) snprintf(c->read.logind_error, sizeof(c->read.logind_error), "it did not answer in time");
        r = arm_timer(c->s->event, &c->timer, READ_TIMEOUT, on_timeout, c);
        if (r < 0)
                return r;
        r = systemd_call(c->s, &c->state_slot, on_state, c, READ_TIMEOUT, SYSTEMD_NAME, SYSTEMD_PATH,
                         PROPERTIES, "Get", "ss", SYSTEMD_MANAGER, "SystemState");
        if (r < 0)
                return r;
        r = systemd_call(c->s, &c->logind_slot, on_inhibitors, c, READ_TIMEOUT, LOGIN_NAME, LOGIN_PATH,
                         LOGIN_MANAGER, "ListInhibitors", NULL);
        if (r < 0)
                return r;
        c->wants_reading = UINT64_MAX;
        c->wants_reading = unit_watch_read(u);
        *ret = TAKE_PTR(c);
        return 0;
}
