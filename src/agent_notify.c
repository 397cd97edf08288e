/* The agent's side of [notify NAME]: each receiver is shown every event, and what is to be sent at the end
 * has a moment for it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "agent.h"
#include "report/notification/notifier.h"

/* So long the end waits for what is still to be sent. */
#define FAREWELL_USEC (2 * USEC_PER_SEC)

static void show(const struct event *e, usec_t realtime_usec, void *userdata) {
        struct agent *a = userdata;
        const char *hostname = a->settings->agent.hostname;
        char machine[HOST_NAME_MAX + 1] = "";

        if (!hostname && gethostname(machine, sizeof(machine) - 1) == 0)
                hostname = machine;
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

/* ---- configuration ---- */

static struct notifier *take_by_name(struct notifier **list, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (list[i] && streq(notifier_name(list[i]), name))
                        return TAKE_PTR(list[i]);
        return NULL;
}

int agent_notify_apply(struct agent *a, const struct settings *settings) {
        const struct notifier_calls calls = {
                .tell = tell,
                .is_well = is_well,
                .finished = on_finished,
                .userdata = a,
        };
        _cleanup_free_ struct notifier **next = calloc(settings->n_notifies + 1, sizeof(struct notifier *));
        _cleanup_free_ struct notifier **before = NULL;
        size_t n_before = a->n_notifiers, n = 0;
        int r, first_error = 0;

        if (!next)
                return -ENOMEM;
        /* Nothing is shown meanwhile. */
        before = TAKE_PTR(a->notifiers);
        a->n_notifiers = 0;
        for (size_t i = 0; i < settings->n_notifies; i++) {
                const struct notify_settings *s = settings->notifies[i];

                next[n] = take_by_name(before, n_before, s->name);
                r = next[n] ? notifier_reconfigure(next[n], s)
                            : notifier_new(a->event, a->http, s, &calls, &next[n]);
                if (r < 0)
                        first_error = first_error ? first_error : r;
                if (next[n])
                        n++;
        }
        a->notifiers = TAKE_PTR(next);
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
