/* One unit: signals wake it, each wake is one reading of all its properties, and never more than one
 * reading is under way. Knows nothing of calls that change a unit. */
#include <errno.h>
#include <stdio.h>

#include "act/systemd_internal.h"

/* However many signals come, readings are this far apart, unless somebody waits for one. */
#define READ_PACE (100 * USEC_PER_MSEC)
#define READ_RETRY (5 * USEC_PER_SEC)
/* Agent time is computed from two clocks; what differs by less is the same moment. */
#define SAME_MOMENT (1 * USEC_PER_SEC)

static void read_begin(struct unit_watch *u);

static int on_notify(_unused_ sd_event_source *source, void *userdata) {
        struct unit_watch *u = userdata;

        if (u->changed)
                u->changed(u, &u->view, stop_tracker_seen(&u->stops, &u->view), u->userdata);
        return 0;
}

static void tell(struct unit_watch *u) {
        (void) arm_defer(u->s->event, &u->notify, on_notify, u);
}

static int on_pace(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        struct unit_watch *u = userdata;

        if (u->dirty && !u->reading && systemd_usable(u->s))
                read_begin(u);
        return 0;
}

static void schedule(struct unit_watch *u) {
        usec_t next = usec_add(u->began_usec, READ_PACE), now = monotonic_now();

        u->dirty = true;
        if (!u->reading && systemd_usable(u->s))
                (void) arm_timer(u->s->event, &u->pace, u->n_readings == 0 ? 0 : usec_sub(next, now),
                                 on_pace, u);
}

static void keep_moment(usec_t *new, usec_t old) {
        if (MAX(*new, old) - MIN(*new, old) < SAME_MOMENT)
                *new = old;
}

/* Memory and CPU always differ and are no news. */
static bool is_news(const struct unit_view *a, const struct unit_view *b) {
        struct unit_view x, y;

        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        x.memory_current_bytes = y.memory_current_bytes = 0;
        x.cpu_usage_usec = y.cpu_usage_usec = 0;
        /* Padding that differs would be taken for news, which does no harm. */
        return memcmp(&x, &y, sizeof(x)) != 0; /* NOLINT(bugprone-suspicious-memory-comparison,cert-*) */
}

static void read_end(struct unit_watch *u, int error) {
        u->reading = sd_bus_slot_unref(u->reading);
        if (error < 0) {
                u->dirty = true;
                u->urgent = false;
                (void) arm_timer(u->s->event, &u->pace, READ_RETRY, on_pace, u);
        }
        for (struct unit_call *c = u->s->calls; c; c = c->next)
                if (c->u == u)
                        unit_call_read_done(c, u->n_readings, error);
        if (error < 0)
                return;
        if (u->urgent)
                read_begin(u);
        else if (u->dirty)
                schedule(u);
}

static void take_view(struct unit_watch *u) {
        bool seen_before = stop_tracker_seen(&u->stops, &u->view), news;

        if (u->view.known && streq(u->view.invocation_id, u->next_view.invocation_id)) {
                keep_moment(&u->next_view.inactive_exit_usec, u->view.inactive_exit_usec);
                keep_moment(&u->next_view.active_enter_usec, u->view.active_enter_usec);
        }
        stop_tracker_read_done(&u->stops, &u->view, &u->next_view);
        news = is_news(&u->view, &u->next_view);
        memcpy(&u->view, &u->next_view, sizeof(u->view));
        if (news || seen_before != stop_tracker_seen(&u->stops, &u->view))
                tell(u);
        read_end(u, 0);
}

static int read_job_type(sd_bus_message *m, char *buf, size_t size) {
        const char *type;
        int r;

        if (sd_bus_message_is_method_error(m, NULL))
                return -sd_bus_message_get_errno(m);
        r = sd_bus_message_read(m, "v", "s", &type);
        if (r >= 0)
                (void) snprintf(buf, size, "%s", type);
        return r;
}

static int on_reading_job_type(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct unit_watch *u = userdata;

        if (read_job_type(m, u->next_view.job_type, sizeof(u->next_view.job_type)) >= 0)
                stop_tracker_job_type(&u->stops, u->next_view.job_id, u->next_view.job_type);
        else
                /* Gone in between: what it left behind is seen by another reading. */
                u->dirty = true;
        take_view(u);
        return 0;
}

static bool is_absent(const sd_bus_error *e) {
        return sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
               sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_INTERFACE) ||
               sd_bus_error_has_name(e, SYSTEMD_NAME ".NoSuchUnit");
}

static int ask_path(struct unit_watch *u);

static void forget_path(struct unit_watch *u) {
        free(u->path);
        u->path = NULL;
}

static int on_properties(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct unit_watch *u = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        struct unit_properties p;
        int r;

        if (error && is_absent(error) && !u->path_was_asked) {
                forget_path(u);
                r = ask_path(u);
                if (r < 0)
                        read_end(u, r);
                return 0;
        }
        r = error ? -sd_bus_message_get_errno(m) : unit_properties_read(m, u->s->clock(), &p);
        if (r < 0) {
                read_end(u, r);
                return 0;
        }
        stop_tracker_snapshot(&u->stops);
        memcpy(&u->next_view, &p.view, sizeof(u->next_view));
        (void) snprintf(u->id, sizeof(u->id), "%s", p.id);
        if (p.view.job_id != 0) {
                r = systemd_call(u->s, &u->reading, on_reading_job_type, u, READ_TIMEOUT, SYSTEMD_NAME,
                                 p.job_path, PROPERTIES, "Get", "ss", SYSTEMD_JOB, "JobType");
                if (r >= 0)
                        return 0;
                u->dirty = true;
        }
        take_view(u);
        return 0;
}

/* One call for the properties of all interfaces, so that they are of one moment. */
static int ask_properties(struct unit_watch *u) {
        return systemd_call(u->s, &u->reading, on_properties, u, READ_TIMEOUT, SYSTEMD_NAME, u->path,
                            PROPERTIES, "GetAll", "s", "");
}

static int on_changed(_unused_ sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        schedule(userdata);
        return 0;
}

static int on_match_installed(_unused_ sd_bus_message *m,
                              _unused_ void *userdata,
                              _unused_ sd_bus_error *e) {
        /* Refused (the bus has a limit of matches): jobs still wake us, and what matters is read afresh
         * before it is used. With no handler here the whole connection would be ended. */
        return 0;
}

static int on_path(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct unit_watch *u = userdata;
        const char *path;
        int r;

        if (sd_bus_message_is_method_error(m, NULL))
                r = -MAX(sd_bus_message_get_errno(m), 1);
        else
                r = sd_bus_message_read(m, "o", &path);
        if (r < 0)
                goto finish;
        u->path = strdup(path); /* NOLINT(clang-analyzer-core.CallAndMessage): r >= 0 */
        if (!u->path) {
                r = -ENOMEM;
                goto finish;
        }
        u->match = sd_bus_slot_unref(u->match);
        r = sd_bus_match_signal_async(u->s->bus, &u->match, SYSTEMD_NAME, u->path, PROPERTIES,
                                      "PropertiesChanged", on_changed, on_match_installed, u);
        if (r >= 0)
                r = ask_properties(u);
finish:
        if (r < 0)
                read_end(u, r);
        return 0;
}

/* LoadUnit answers for units that are not loaded, too, and gives the object of an alias. */
static int ask_path(struct unit_watch *u) {
        u->path_was_asked = true;
        return systemd_call(u->s, &u->reading, on_path, u, READ_TIMEOUT, SYSTEMD_NAME, SYSTEMD_PATH,
                            SYSTEMD_MANAGER, "LoadUnit", "s", u->name);
}

static void read_begin(struct unit_watch *u) {
        int r;

        u->n_readings++;
        u->began_usec = monotonic_now();
        u->dirty = u->urgent = false;
        u->path_was_asked = false;
        if (u->path_is_stale)
                forget_path(u);
        u->path_is_stale = false;
        r = u->path ? ask_properties(u) : ask_path(u);
        if (r < 0)
                read_end(u, r);
}

uint64_t unit_watch_read(struct unit_watch *u) {
        if (u->reading) {
                /* That one may have been answered before now. */
                u->dirty = u->urgent = true;
                return u->n_readings + 1;
        }
        read_begin(u);
        return u->n_readings;
}

void unit_watch_wake(struct unit_watch *u, bool forget) {
        u->path_is_stale |= forget;
        schedule(u);
}

static int on_job_type(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        struct job_question *q = userdata;
        char type[UNIT_WORD_SIZE];

        q->slot = sd_bus_slot_unref(q->slot);
        if (read_job_type(m, type, sizeof(type)) >= 0) {
                stop_tracker_job_type(&q->unit->stops, q->job_id, type);
                schedule(q->unit);
        }
        return 0;
}

void unit_watch_job_new(struct unit_watch *u, uint32_t id, const char *path) {
        stop_tracker_job_new(&u->stops, id);
        schedule(u);
        if (!systemd_usable(u->s))
                return;
        for (size_t i = 0; i < ELEMENTSOF(u->questions); i++) {
                struct job_question *q = &u->questions[i];

                if (q->slot)
                        continue;
                *q = (struct job_question) { .unit = u, .job_id = id };
                (void) systemd_call(u->s, &q->slot, on_job_type, q, READ_TIMEOUT, SYSTEMD_NAME, path,
                                    PROPERTIES, "Get", "ss", SYSTEMD_JOB, "JobType");
                return;
        }
}

void unit_watch_job_removed(struct unit_watch *u, uint32_t id, const char *result) {
        stop_tracker_job_removed(&u->stops, id, result);
        schedule(u);
}

void unit_watch_removed(struct unit_watch *u) {
        /* Reading a unit that is down loads it, and systemd then removes it again: that must not wake us
         * for ever. */
        if (!u->view.known || !streq(u->view.active_state, "inactive"))
                unit_watch_wake(u, true);
}

void unit_watch_online(struct unit_watch *u) {
        u->began_usec = 0;
        stop_tracker_forget_jobs(&u->stops);
        unit_watch_wake(u, true);
}

void unit_watch_offline(struct unit_watch *u) {
        bool was_known = u->view.known;

        u->reading = sd_bus_slot_unref(u->reading);
        for (size_t i = 0; i < ELEMENTSOF(u->questions); i++)
                u->questions[i].slot = sd_bus_slot_unref(u->questions[i].slot);
        u->match = sd_bus_slot_unref(u->match);
        u->pace = sd_event_source_disable_unref(u->pace);
        u->urgent = false;
        forget_path(u);
        /* The rest stays, for whoever compares: which start it was. */
        u->view.known = false;
        if (was_known)
                tell(u);
}

int unit_watch_new(struct systemd *s,
                   const char *name,
                   unit_changed_t changed,
                   void *userdata,
                   struct unit_watch **ret) {
        struct unit_watch *u;

        u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;
        u->name = strdup(name);
        if (!u->name) {
                free(u);
                return -ENOMEM;
        }
        (void) snprintf(u->id, sizeof(u->id), "%s", name);
        u->s = s;
        u->changed = changed;
        u->userdata = userdata;
        u->view.memory_current_bytes = UINT64_MAX;
        u->view.cpu_usage_usec = USEC_INFINITY;
        u->next = s->watches;
        s->watches = u;
        if (systemd_usable(s))
                unit_watch_online(u);
        *ret = u;
        return 0;
}

struct unit_watch *unit_watch_free(struct unit_watch *u) {
        if (!u)
                return NULL;
        if (u->s) {
                for (struct unit_watch **p = &u->s->watches; *p; p = &(*p)->next)
                        if (*p == u) {
                                *p = u->next;
                                break;
                        }
                /* Their slots stay the callers'; nothing is delivered any more. */
                for (struct unit_call *c = u->s->calls; c; c = c->next)
                        if (c->u == u)
                                unit_call_abandon(c);
        }
        u->reading = sd_bus_slot_unref(u->reading);
        for (size_t i = 0; i < ELEMENTSOF(u->questions); i++)
                u->questions[i].slot = sd_bus_slot_unref(u->questions[i].slot);
        u->match = sd_bus_slot_unref(u->match);
        u->pace = sd_event_source_disable_unref(u->pace);
        u->notify = sd_event_source_disable_unref(u->notify);
        free(u->path);
        free(u->name);
        free(u);
        return NULL;
}

const struct unit_view *unit_watch_view(const struct unit_watch *u) {
        return &u->view;
}

const char *unit_watch_id(const struct unit_watch *u) {
        return u->id;
}
