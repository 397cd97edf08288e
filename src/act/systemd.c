/* The connection to the system bus: made without waiting, made anew with backoff, its signals handed to
 * the units and calls. Knows nothing of what a unit's properties mean. */
#include "act/systemd_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "util/clock.h"

#define RETRY_MIN (1 * USEC_PER_SEC)
#define RETRY_MAX (30 * USEC_PER_SEC)
#define CONNECT_TIMEOUT (10 * USEC_PER_SEC)
#define AWAY_MAX (10 * USEC_PER_SEC) /* systemctl daemon-reexec takes less */

usec_t monotonic_now(void) {
        return clock_now(CLOCK_MONOTONIC);
}

/* CLOCK_MONOTONIC: what systemd and we do stands still together while the machine is suspended. */
int arm_timer(sd_event *event,
              sd_event_source **source,
              usec_t in_usec,
              sd_event_time_handler_t handler,
              void *userdata) {
        usec_t at = usec_add(monotonic_now(), MIN(in_usec, 365 * USEC_PER_DAY));
        int r;

        if (!*source)
                return sd_event_add_time(event, source, CLOCK_MONOTONIC, at, 1, handler, userdata);
        r = sd_event_source_set_time(*source, at);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

int arm_defer(sd_event *event, sd_event_source **source, sd_event_handler_t handler, void *userdata) {
        if (!*source)
                return sd_event_add_defer(event, source, handler, userdata);
        return sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

uint32_t job_path_id(const char *path) {
        const size_t prefix_len = strlen(SYSTEMD_JOB_PATH);
        unsigned long n;
        char *end;

        if (strncmp(path, SYSTEMD_JOB_PATH, prefix_len) != 0 || path[prefix_len] < '0' ||
            path[prefix_len] > '9')
                return 0;
        errno = 0;
        n = strtoul(path + prefix_len, &end, 10);
        return errno != 0 || *end != '\0' || n > UINT32_MAX ? 0 : (uint32_t) n;
}

bool systemd_usable(const struct systemd *s) {
        return s && s->state == BUS_UP;
}

bool systemd_connected(const struct systemd *s) {
        return s && (s->state == BUS_UP || s->state == BUS_MANAGER_AWAY);
}

int systemd_call(struct systemd *s,
                 sd_bus_slot **slot,
                 sd_bus_message_handler_t handler,
                 void *userdata,
                 usec_t timeout_usec,
                 const char *destination,
                 const char *path,
                 const char *interface,
                 const char *member,
                 const char *types,
                 ...) {
        sd_bus_message *m = NULL;
        va_list ap;
        int r;

        *slot = sd_bus_slot_unref(*slot);
        r = sd_bus_message_new_method_call(s->bus, &m, destination, path, interface, member);
        if (r < 0)
                return r;
        r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0 && types) {
                va_start(ap, types);
                r = sd_bus_message_appendv(m, types, ap);
                va_end(ap);
        }
        if (r >= 0)
                r = sd_bus_call_async(s->bus, slot, m, handler, userdata, timeout_usec);
        sd_bus_message_unref(m);
        return r;
}

/* ---- telling ---- */

static int on_notify(_unused_ sd_event_source *source, void *userdata) {
        struct systemd *s = userdata;
        bool up = systemd_connected(s);

        if (s->told && s->told_connected == up)
                return 0;
        s->told = true;
        s->told_connected = up;
        if (s->changed)
                s->changed(s, up, up ? "" : s->why, s->userdata);
        return 0;
}

static void tell(struct systemd *s) {
        (void) arm_defer(s->event, &s->notify, on_notify, s);
}

static void all_offline(struct systemd *s, const char *why) {
        for (struct unit_watch *u = s->watches; u; u = u->next)
                unit_watch_offline(u);
        for (struct unit_call *c = s->calls; c; c = c->next)
                unit_call_offline(c, why);
}

/* ---- going ---- */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* The bus is dropped from the timer: now we may be inside one of its callbacks. */
static void lose_bus(struct systemd *s, const char *what, const char *why) {
        if (s->state == BUS_LOST || s->state == BUS_WAITING)
                return;
        s->state = BUS_LOST;
        (void) snprintf(s->why, sizeof(s->why), "%s: %s", what, why);
        all_offline(s, s->why);
        tell(s);
        (void) arm_timer(s->event, &s->timer, 0, on_timer, s);
}

static void drop_bus(struct systemd *s) {
        s->disconnected_slot = sd_bus_slot_unref(s->disconnected_slot);
        s->owner_slot = sd_bus_slot_unref(s->owner_slot);
        s->signals_slot = sd_bus_slot_unref(s->signals_slot);
        s->subscribe_slot = sd_bus_slot_unref(s->subscribe_slot);
        if (s->bus)
                (void) sd_bus_detach_event(s->bus);
        s->bus = sd_bus_close_unref(s->bus);
}

static void lose_manager(struct systemd *s, const char *why) {
        if (s->state == BUS_NO_MANAGER)
                return;
        s->state = BUS_NO_MANAGER;
        (void) snprintf(s->why, sizeof(s->why), "systemd is not on the system bus: %s", why);
        all_offline(s, s->why);
        tell(s);
        /* NameOwnerChanged tells when it comes. */
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
}

/* ---- signals ---- */

static void job_signal(struct systemd *s, sd_bus_message *m, bool removed) {
        const char *path, *unit, *result = "";
        uint32_t id;

        if (sd_bus_message_read(m, "uos", &id, &path, &unit) < 0 ||
            (removed && sd_bus_message_read(m, "s", &result) < 0))
                return;
        for (struct unit_watch *u = s->watches; u; u = u->next) {
                if (!streq(u->id, unit))
                        continue;
                if (removed)
                        unit_watch_job_removed(u, id, result);
                else
                        unit_watch_job_new(u, id, path);
        }
        for (struct unit_call *c = s->calls; removed && c; c = c->next)
                unit_call_job_removed(c, path, result);
}

static void unit_removed_signal(struct systemd *s, sd_bus_message *m) {
        const char *id, *path;

        if (sd_bus_message_read(m, "so", &id, &path) < 0)
                return;
        for (struct unit_watch *u = s->watches; u; u = u->next)
                if (streq(u->id, id))
                        unit_watch_removed(u);
}

static int on_signal(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct systemd *s = userdata;
        int active;

        if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "JobNew"))
                job_signal(s, m, false);
        else if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "JobRemoved"))
                job_signal(s, m, true);
        else if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "UnitRemoved"))
                unit_removed_signal(s, m);
        else if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "UnitFilesChanged") ||
                 (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "Reloading") &&
                  sd_bus_message_read(m, "b", &active) >= 0 && !active))
                for (struct unit_watch *u = s->watches; u; u = u->next)
                        unit_watch_wake(u, true);
        /* UnitNew tells nothing: our own reading of a unit that is not loaded causes it, and whatever
         * makes a unit of interest brings a job or a reload. */
        return 0;
}

static int on_disconnected(_unused_ sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        lose_bus(userdata, "the system bus", "the connection was closed");
        return 0;
}

/* ---- coming ---- */

static bool says_absent(const sd_bus_error *e) {
        return sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static int on_subscribed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *ret) {
        struct systemd *s = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        bool back = s->state == BUS_MANAGER_AWAY;

        s->subscribe_slot = sd_bus_slot_unref(s->subscribe_slot);
        if (e && says_absent(e)) {
                lose_manager(s, strempty(e->message));
                return 0;
        }
        if (e && !sd_bus_error_has_name(e, SYSTEMD_NAME ".AlreadySubscribed")) {
                lose_bus(s, "systemd does not answer on the system bus",
                         e->message ? e->message : strempty(e->name));
                return 0;
        }
        s->state = BUS_UP;
        s->attempt = 0;
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        for (struct unit_watch *u = s->watches; u; u = u->next)
                unit_watch_online(u);
        for (struct unit_call *c = s->calls; back && c; c = c->next)
                unit_call_manager_back(c);
        tell(s);
        return 0;
}

static int subscribe(struct systemd *s) {
        return systemd_call(s, &s->subscribe_slot, on_subscribed, s, CONNECT_TIMEOUT, SYSTEMD_NAME,
                            SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL);
}

static int on_owner_changed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct systemd *s = userdata;
        const char *name, *before, *now;

        if (sd_bus_message_read(m, "sss", &name, &before, &now) < 0)
                return 0;
        if (now[0] == '\0') {
                /* systemctl daemon-reexec: the jobs live on, and so do our calls. */
                if (s->state == BUS_UP) {
                        s->state = BUS_MANAGER_AWAY;
                        (void) arm_timer(s->event, &s->timer, AWAY_MAX, on_timer, s);
                }
        } else if (s->state != BUS_LOST && s->state != BUS_WAITING && subscribe(s) < 0)
                lose_bus(s, "the system bus", "cannot be written to");
        return 0;
}

static int connect_bus(struct systemd *s) {
        int r;

        r = sd_bus_open_system(&s->bus);
        if (r < 0)
                return r;
        (void) sd_bus_set_exit_on_disconnect(s->bus, false);
        r = sd_bus_attach_event(s->bus, s->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        /* The matches go out before anything that they shall tell of; without a handler of its own, a
         * match that is refused ends the connection, which is tried again. */
        r = sd_bus_match_signal_async(s->bus, &s->disconnected_slot, "org.freedesktop.DBus.Local",
                                      "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                      "Disconnected", on_disconnected, NULL, s);
        if (r < 0)
                return r;
        r = sd_bus_add_match_async(
                s->bus, &s->owner_slot,
                "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                "member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'",
                on_owner_changed, NULL, s);
        if (r < 0)
                return r;
        r = sd_bus_match_signal_async(s->bus, &s->signals_slot, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                      NULL, on_signal, NULL, s);
        if (r < 0)
                return r;
        return subscribe(s);
}

static void wait_for_retry(struct systemd *s) {
        usec_t delay = s->attempt < 5 ? RETRY_MIN << s->attempt : RETRY_MAX;

        s->attempt++;
        s->state = BUS_WAITING;
        (void) arm_timer(s->event, &s->timer, delay, on_timer, s);
}

static void begin(struct systemd *s) {
        int r;

        s->state = BUS_CONNECTING;
        (void) arm_timer(s->event, &s->timer, CONNECT_TIMEOUT, on_timer, s);
        r = connect_bus(s);
        if (r >= 0)
                return;
        drop_bus(s);
        (void) snprintf(s->why, sizeof(s->why), "there is no system bus: %s", strerror(-r));
        tell(s);
        wait_for_retry(s);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        struct systemd *s = userdata;

        switch (s->state) {
        case BUS_WAITING:
                begin(s);
                break;
        case BUS_CONNECTING:
                lose_bus(s, "the system bus", "it does not answer");
                break;
        case BUS_MANAGER_AWAY:
                lose_manager(s, "it left");
                break;
        case BUS_LOST:
                drop_bus(s);
                wait_for_retry(s);
                break;
        case BUS_UP:
        case BUS_NO_MANAGER:
                break;
        }
        return 0;
}

int systemd_new(sd_event *event,
                usec_t (*clock)(void),
                systemd_changed_t changed,
                void *userdata,
                struct systemd **ret) {
        struct systemd *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->event = sd_event_ref(event);
        s->clock = clock;
        s->changed = changed;
        s->userdata = userdata;
        begin(s);
        *ret = s;
        return 0;
}

struct systemd *systemd_free(struct systemd *s) {
        if (!s)
                return NULL;
        all_offline(s, "the agent ends");
        for (struct unit_watch *u = s->watches; u; u = u->next)
                u->s = NULL;
        for (struct unit_call *c = s->calls; c; c = c->next) {
                c->deliver = sd_event_source_disable_unref(c->deliver);
                c->s = NULL;
        }
        for (struct unit_watch *u = s->watches; u; u = u->next)
                u->notify = sd_event_source_disable_unref(u->notify);
        drop_bus(s);
        s->timer = sd_event_source_disable_unref(s->timer);
        s->notify = sd_event_source_disable_unref(s->notify);
        s->event = sd_event_unref(s->event);
        free(s);
        return NULL;
}
