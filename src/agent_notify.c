/* The agent's side of [notify NAME]: each receiver is shown every event, and what is to be sent at the end
 * has a moment for it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "agent.h"
#include "config/suggest.h"
#include "config/values.h"
#include "report/http/control_order.h"
#include "report/http/server.h"
#include "report/notification/notifier.h"
#include "util/clock.h"
#include "util/text.h"

/* So long the end waits for what is still to be sent. */
#define FAREWELL_USEC (2 * USEC_PER_SEC)

static const char *find_hostname(const struct agent *a, char machine[static HOST_NAME_MAX + 1]) {
        machine[HOST_NAME_MAX] = '\0';
        if (a->settings->agent.hostname)
                return a->settings->agent.hostname;
        return gethostname(machine, HOST_NAME_MAX) == 0 ? machine : NULL;
}

static void show(const struct event *e, usec_t realtime_usec, void *userdata) {
        struct agent *a = userdata;
        char machine[HOST_NAME_MAX + 1];
        const char *hostname = find_hostname(a, machine);

        for (size_t i = 0; i < a->n_notifiers; i++)
                notifier_take(a->notifiers[i], e, hostname, realtime_usec);
}

static void tell(struct event *e, void *userdata) {
        struct agent *a = userdata;

        reporter_tell(a->reporter, e);
}

/* As for systemd's watchdog: that this is called shows that the loop runs. */
static bool is_well(void *userdata) {
        return !agent_overdue(userdata);
}

/* ---- the end ---- */

static int on_farewell_over(sd_event_source *source, uint64_t usec _unused_, _unused_ void *userdata) {
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static bool all_finished(const struct agent *a) {
        for (size_t i = 0; i < a->n_notifiers; i++)
                if (!notifier_is_finished(a->notifiers[i]))
                        return false;
        return true;
}

static void on_finished(void *userdata) {
        struct agent *a = userdata;

        if (all_finished(a))
                (void) sd_event_exit(a->event, 0);
}

bool agent_notify_finish(struct agent *a) {
        for (size_t i = 0; i < a->n_notifiers; i++)
                notifier_finish(a->notifiers[i]);
        return all_finished(a) ||
               sd_event_add_time_relative(a->event, &a->farewell_source, CLOCK_BOOTTIME, FAREWELL_USEC,
                                          10 * USEC_PER_MSEC, on_farewell_over, a) < 0;
}

/* ---- a test ---- */

struct notify_test {
        struct http_reply *reply;
        char name[SECTION_NAME_LEN_MAX + 1];
};

static void on_tested(enum notify_result result, const char *text, void *userdata) {
        _cleanup_free_ struct notify_test *t = userdata;
        _cleanup_(document_done) struct document d = {};
        char line[CONTROL_TEXT_SIZE + 256];
        int r;

        (void) snprintf(line, sizeof(line), "%s: %s", t->name, text);
        r = result == NOTIFY_TAKEN ? control_done(&d, NULL, line, true) : control_error(&d, 502, line);
        if (r < 0)
                http_reply_drop(t->reply);
        else
                http_reply_send(t->reply, &d);
}

static void refuse_test(struct http_reply *reply, unsigned status, const char *format, ...) _printf_(3, 4);
static void refuse_test(struct http_reply *reply, unsigned status, const char *format, ...) {
        _cleanup_(document_done) struct document d = {};
        char text[CONTROL_TEXT_SIZE] = "";
        va_list ap;

        va_start(ap, format);
        text_appendv(text, sizeof(text), format, ap);
        va_end(ap);
        if (control_error(&d, status, text) < 0)
                http_reply_drop(reply);
        else
                http_reply_send(reply, &d);
}

static void refuse_unknown(struct agent *a, const char *name, struct http_reply *reply) {
        _cleanup_free_ const char **names = calloc(a->n_notifiers + 1, sizeof(*names));
        const char *nearest;
        char word[128];

        for (size_t i = 0; names && i < a->n_notifiers; i++)
                names[i] = notifier_name(a->notifiers[i]);
        nearest = names ? suggest_nearest(name, names) : NULL;
        refuse_test(reply, 422, "the configuration in force has no [notify %s]%s%s%s",
                    text_copy_line(word, sizeof(word), name, strlen(name)), nearest ? "; did you mean " : "",
                    strempty(nearest), nearest ? "?" : "");
}

static struct event *new_test(const char *name, unsigned uid) {
        _cleanup_(event_freep) struct event *e = NULL;

        e = event_new(EVENT_NOTIFY_TEST, "notify %s: a test, asked for by uid %u; nothing has happened",
                      name, uid);
        if (!e || event_field(e, "NOTIFY", "%s", name) < 0 || event_field(e, "UID", "%u", uid) < 0)
                return NULL;
        return TAKE_PTR(e);
}

static int begin_test(struct agent *a, struct notifier *n, const struct event *e, struct http_reply *reply) {
        struct notify_test *t = calloc(1, sizeof(*t));
        char machine[HOST_NAME_MAX + 1];
        int r;

        if (!t)
                return -ENOMEM;
        t->reply = reply;
        (void) snprintf(t->name, sizeof(t->name), "%s", notifier_name(n));
        r = notifier_test(n, e, find_hostname(a, machine), clock_now(CLOCK_REALTIME), on_tested, t);
        if (r < 0)
                free(t);
        return r;
}

void agent_notify_test(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply) {
        _cleanup_(event_freep) struct event *e = new_test(o->name, (unsigned) uid);
        struct notifier *n = NULL;
        int r;

        for (size_t i = 0; i < a->n_notifiers && !n; i++)
                if (streq(notifier_name(a->notifiers[i]), o->name))
                        n = a->notifiers[i];
        if (!n) {
                refuse_unknown(a, o->name, reply);
                return;
        }
        r = e ? begin_test(a, n, e, reply) : -ENOMEM;
        if (r >= 0)
                reporter_tell(a->reporter, TAKE_PTR(e));
        else if (r == -EBUSY)
                refuse_test(reply, 409, "%s: another test of it is under way", o->name);
        else if (r == -EOPNOTSUPP)
                refuse_test(reply, 422, "%s: it has neither webhook nor command, only a heartbeat", o->name);
        else
                refuse_test(reply, 500, "%s: %s", o->name, strerror(-r));
}

/* ---- configuration ---- */

static struct notifier *take_by_name(struct notifier **list, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (list[i] && streq(notifier_name(list[i]), name))
                        return TAKE_PTR(list[i]);
        return NULL;
}

struct notifier **agent_notify_room(const struct settings *settings) {
        return calloc(settings->n_notifies + 1, sizeof(struct notifier *));
}

int agent_notify_apply(struct agent *a, const struct settings *settings, struct notifier **room) {
        const struct notifier_calls calls = {
                .tell = tell,
                .is_well = is_well,
                .finished = on_finished,
                .userdata = a,
        };
        _cleanup_free_ struct notifier **before = NULL;
        size_t n_before = a->n_notifiers, n = 0;
        int r, first_error = 0;

        /* Nothing is shown meanwhile. */
        before = TAKE_PTR(a->notifiers);
        a->n_notifiers = 0;
        for (size_t i = 0; i < settings->n_notifies; i++) {
                const struct notify_settings *s = settings->notifies[i];

                room[n] = take_by_name(before, n_before, s->name);
                r = room[n] ? notifier_reconfigure(room[n], s)
                            : notifier_new(a->event, a->http, s, &calls, &room[n]);
                if (r < 0)
                        first_error = first_error ? first_error : r;
                if (room[n])
                        n++;
        }
        a->notifiers = room;
        a->n_notifiers = n;
        for (size_t i = 0; i < n_before; i++)
                notifier_free(before[i]);
        reporter_set_listener(a->reporter, n > 0 ? show : NULL, a);
        return first_error;
}

void agent_notify_free(struct agent *a) {
        reporter_set_listener(a->reporter, NULL, NULL);
        for (size_t i = 0; i < a->n_notifiers; i++)
                notifier_free(a->notifiers[i]);
        free(TAKE_PTR(a->notifiers));
        a->n_notifiers = 0;
        a->farewell_source = sd_event_source_disable_unref(a->farewell_source);
}
