/* One [notify NAME] at work. It must not know of workers, nor of other receivers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "config/keys.h"
#include "report/notification/command.h"
#include "report/notification/heartbeat.h"
#include "report/notification/notifier.h"
#include "report/notification/webhook.h"
#include "util/clock.h"
#include "util/span.h"
#include "util/text.h"

struct notifier {
        const struct notify_settings *settings;
        struct notifier_calls calls;
        struct http_client *http;
        struct notify_queue queue;
        struct webhook *webhook; /* one of these is under way, or none */
        struct command *command;
        const struct notification *test; /* which waits; its answer is awaited */
        notifier_tested_t tested;        /* NULL: none is */
        void *tested_userdata;
        struct heartbeat *heartbeat;
        bool heartbeat_fails; /* told */
        sd_event_source *timer;
        bool finishing;
        bool finished;
};

static usec_t now_usec(void) {
        return clock_now(CLOCK_BOOTTIME);
}

const char *notifier_name(const struct notifier *n) {
        return n->settings->name;
}

/* ---- what is told of it ---- */

static void tell(struct notifier *n, struct event *e) {
        if (e && event_field(e, "NOTIFY", "%s", notifier_name(n)) < 0)
                e = event_free(e);
        n->calls.tell(e, n->calls.userdata);
}

static void tell_lost(struct notifier *n, uint64_t lost, const char *why) {
        struct event *e;

        if (lost == 0)
                return;
        e = event_new(EVENT_NOTIFY_LOST, "notify %s: %" PRIu64 " event%s lost: %s", notifier_name(n), lost,
                      lost == 1 ? " was" : "s were", why);
        if (e && event_field(e, "LOST", "%" PRIu64, lost) < 0)
                e = event_free(e);
        tell(n, e);
}

static const char *who(const struct notifier *n) {
        return n->settings->command ? "command" : "receiver";
}

static void tell_news(struct notifier *n,
                      enum notify_news news,
                      enum notify_result result,
                      const char *why) {
        if (news == NOTIFY_BEGAN_FAILING && result == NOTIFY_FAILED)
                tell(n, event_new(EVENT_NOTIFY_FAILED,
                                  "notify %s: the %s %s; it is tried again, in %s at first, and then less "
                                  "often",
                                  notifier_name(n), who(n), why, SPAN(notify_queue_pause(&n->queue))));
        else if (news == NOTIFY_BEGAN_FAILING)
                tell(n, event_new(EVENT_NOTIFY_FAILED, "notify %s: the %s %s; that event is not sent again",
                                  notifier_name(n), who(n), why));
        else if (news == NOTIFY_RECOVERED)
                tell(n, event_new(EVENT_NOTIFY_RECOVERED, "notify %s: the %s takes events again",
                                  notifier_name(n), who(n)));
}

/* ---- sending ---- */

static void pump(struct notifier *n);

static void arm(struct notifier *n) {
        usec_t deadline = notify_queue_deadline(&n->queue);

        (void) sd_event_source_set_enabled(n->timer, SD_EVENT_OFF);
        if (deadline == USEC_INFINITY)
                return;
        (void) sd_event_source_set_time(n->timer, MAX(deadline, (usec_t) 1));
        (void) sd_event_source_set_enabled(n->timer, SD_EVENT_ONESHOT);
}

static void answer_test(struct notifier *n, enum notify_result result, const char *why) {
        notifier_tested_t tested = TAKE_PTR(n->tested);
        char text[NOTIFY_WHY_SIZE + 128] = "";

        if (!tested)
                return;
        if (result == NOTIFY_TAKEN)
                text_append(text, sizeof(text), "the %s took a test event", who(n));
        else
                text_append(text, sizeof(text), "the %s %s; the test event %s", who(n), why,
                            result == NOTIFY_FAILED ? "waits, and is tried again" : "is not sent again");
        n->test = NULL;
        tested(result, text, n->tested_userdata);
}

static void sent(struct notifier *n, enum notify_result result, const char *why) {
        usec_t now = now_usec();

        /* What cannot be sent before it keeps it, too. */
        if (result == NOTIFY_FAILED || n->queue.first == n->test)
                answer_test(n, result, why);
        tell_news(n, notify_queue_sent(&n->queue, result, now), result, why);
        /* One try is all there is time for. */
        if (n->finishing && result == NOTIFY_FAILED)
                n->finished = true;
        tell_lost(n, notify_queue_take_refused(&n->queue, now), "the receiver refused what it was sent");
}

static void drop_try(struct notifier *n) {
        n->webhook = webhook_unref(n->webhook);
        n->command = command_unref(n->command);
}

static void on_sent(enum notify_result result, const char *why, void *userdata) {
        struct notifier *n = userdata;

        drop_try(n);
        sent(n, result, why);
        pump(n);
}

static void send_next(struct notifier *n, const struct notification *what) {
        char why[NOTIFY_WHY_SIZE];
        int r;

        if (n->settings->command)
                r = command_run(sd_event_source_get_event(n->timer), n->settings, what, on_sent, n, why,
                                &n->command);
        else
                r = webhook_send(n->http, n->settings, what, on_sent, n, why, &n->webhook);
        if (r < 0)
                sent(n, NOTIFY_FAILED, why);
}

static void pump(struct notifier *n) {
        const struct notification *what = n->finished ? NULL : notify_queue_next(&n->queue, now_usec());

        tell_lost(n, notify_queue_take_lost(&n->queue), "too many waited, or they did so for too long");
        if (what)
                send_next(n, what);
        if (n->finishing && !n->queue.sending && (n->finished || !n->queue.first)) {
                n->finished = true;
                (void) sd_event_source_set_enabled(n->timer, SD_EVENT_OFF);
                n->calls.finished(n->calls.userdata);
        } else
                arm(n);
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        pump(userdata);
        return 0;
}

/* ---- the heartbeat ---- */

static void on_beaten(const char *why, void *userdata) {
        struct notifier *n = userdata;

        if (!why == !n->heartbeat_fails)
                return;
        n->heartbeat_fails = why;
        if (why)
                tell(n, event_new(EVENT_NOTIFY_FAILED,
                                  "notify %s: the heartbeat's receiver %s; it is asked again each %s",
                                  notifier_name(n), why, SPAN(n->settings->heartbeat_interval_usec)));
        else
                tell(n, event_new(EVENT_NOTIFY_RECOVERED, "notify %s: the heartbeat is taken again",
                                  notifier_name(n)));
}

static bool is_well(void *userdata) {
        struct notifier *n = userdata;

        return n->calls.is_well(n->calls.userdata);
}

static int start_heartbeat(struct notifier *n) {
        const struct heartbeat_calls calls = {
                .is_well = is_well,
                .beaten = on_beaten,
                .userdata = n,
        };

        n->heartbeat = heartbeat_free(n->heartbeat);
        if (!n->settings->heartbeat)
                return 0;
        return heartbeat_new(sd_event_source_get_event(n->timer), n->http, n->settings, &calls,
                             &n->heartbeat);
}

/* ---- what others call ---- */

static bool is_about(const struct event *e, const char *name) {
        STRV_FOREACH (f, e->fields)
                if (strncmp(*f, "CONNECT_WATCHDOG_NOTIFY=", strlen("CONNECT_WATCHDOG_NOTIFY=")) == 0 &&
                    streq(*f + strlen("CONNECT_WATCHDOG_NOTIFY="), name))
                        return true;
        return false;
}

static bool is_about_receivers(const struct event *e) {
        return e->type == EVENT_NOTIFY_FAILED || e->type == EVENT_NOTIFY_RECOVERED ||
               e->type == EVENT_NOTIFY_LOST;
}

static bool tells_anybody(const struct notifier *n) {
        const struct notify_settings *s = n->settings;

        return s->webhook || s->webhook_file || s->command;
}

void notifier_take(struct notifier *n, const struct event *e, const char *hostname, usec_t realtime_usec) {
        usec_t now = now_usec();

        if (n->finishing || !tells_anybody(n) || !event_is_asked_for(e, n->settings->events) ||
            is_about(e, notifier_name(n)))
                return;
        /* Two that take nothing would feed each other for ever. */
        if (is_about_receivers(e) && notify_queue_is_troubled(&n->queue, now))
                return;
        notify_queue_push(&n->queue, notification_new(e, hostname, realtime_usec), now);
        arm(n);
}

int notifier_test(struct notifier *n,
                  const struct event *e,
                  const char *hostname,
                  usec_t realtime_usec,
                  notifier_tested_t done,
                  void *userdata) {
        struct notification *test;

        if (n->tested)
                return -EBUSY;
        if (!tells_anybody(n))
                return -EOPNOTSUPP;
        test = notification_new(e, hostname, realtime_usec);
        if (!test)
                return -ENOMEM;
        notify_queue_push(&n->queue, test, now_usec());
        if (!n->queue.sending)
                notify_queue_retry(&n->queue);
        n->test = test;
        n->tested = done;
        n->tested_userdata = userdata;
        arm(n);
        return 0;
}

int notifier_reconfigure(struct notifier *n, const struct notify_settings *settings) {
        bool same = keys_equal(SECTION_NOTIFY, n->settings, settings);

        n->settings = settings;
        n->queue.folds = settings->format != NOTIFY_ALERTMANAGER;
        if (same) {
                heartbeat_keep(n->heartbeat, settings);
                return 0;
        }
        if (n->queue.sending) {
                drop_try(n);
                notify_queue_given_up(&n->queue);
        } else
                notify_queue_retry(&n->queue);
        arm(n);
        return start_heartbeat(n);
}

void notifier_finish(struct notifier *n) {
        n->finishing = true;
        n->heartbeat = heartbeat_free(n->heartbeat);
        notify_queue_unfold(&n->queue, now_usec());
        if (!n->queue.sending)
                notify_queue_retry(&n->queue);
        n->finished = !n->queue.first;
        arm(n);
}

bool notifier_is_finished(const struct notifier *n) {
        return n->finished;
}

int notifier_new(sd_event *event,
                 struct http_client *http,
                 const struct notify_settings *settings,
                 const struct notifier_calls *calls,
                 struct notifier **ret) {
        _cleanup_(notifier_freep) struct notifier *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        n->settings = settings;
        n->calls = *calls;
        n->http = http;
        n->queue.folds = settings->format != NOTIFY_ALERTMANAGER;
        r = sd_event_add_time(event, &n->timer, CLOCK_BOOTTIME, 0, 10 * USEC_PER_MSEC, on_timer, n);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(n->timer, SD_EVENT_OFF);
        r = start_heartbeat(n);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(n);
        return 0;
}

struct notifier *notifier_free(struct notifier *n) {
        if (!n)
                return NULL;
        sd_event_source_disable_unref(n->timer);
        answer_test(n, NOTIFY_REFUSED, "is not asked any more");
        heartbeat_free(n->heartbeat);
        drop_try(n);
        tell_lost(n, notify_queue_take_refused(&n->queue, USEC_INFINITY),
                  "the receiver refused what it was sent");
        notify_queue_lose(&n->queue);
        tell_lost(n, notify_queue_take_lost(&n->queue),
                  n->finishing ? "the agent ended before they were sent" : "its section is gone");
        notify_queue_done(&n->queue);
        free(n);
        return NULL;
}
