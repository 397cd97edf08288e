/* Operators' pauses. What they hold is the judge's; this begins and ends them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "pause.h"
#include "report/http/control_order.h"
#include "report/http/server.h"
#include "report/words.h"
#include "util/moment.h"
#include "util/text.h"
#include "worker.h"

/* An order that is answered when the ledger was written. */
struct kept_order {
        struct kept_order *next; /* in agent->kept_orders */
        struct agent *agent;
        struct http_reply *reply;
        char *worker;
        char text[CONTROL_TEXT_SIZE];
};

const struct pause *worker_pause(const struct worker *w) {
        return pauses_of(&w->agent->pauses, w->settings->name, agent_now());
}

/* ---- answers ---- */

static void kept_order_free(struct kept_order *k) {
        struct kept_order **p = &k->agent->kept_orders;

        while (*p != k)
                p = &(*p)->next;
        *p = k->next;
        free(k->worker);
        free(k);
}

static void answer(struct http_reply *reply, const char *worker, const char *text, int error) {
        _cleanup_(document_done) struct document d = {};
        char whole[CONTROL_TEXT_SIZE + 128] = "";

        text_append(whole, sizeof(whole), "%s: %s", worker ? worker : "all workers", text);
        if (error < 0)
                text_append(
                        whole, sizeof(whole),
                        "; but this could not be written down (%s), and a restart of the agent forgets it",
                        error == -ENOENT ? "there is no state directory" : strerror(-error));
        if (control_done(&d, worker, whole, error >= 0) >= 0)
                http_reply_send(reply, &d);
        else
                http_reply_drop(reply);
}

static void on_kept(int error, void *userdata) {
        struct kept_order *k = userdata;
        struct http_reply *reply = k->reply;

        agent_ledger_result(k->agent, error);
        answer(reply, k->worker, k->text, error);
        kept_order_free(k);
}

/* Answers once all that was changed so far is on disk, so that whoever was answered can rely on it. */
static void keep_and_answer(struct agent *a,
                            const char *worker,
                            const char *text,
                            struct http_reply *reply) {
        struct kept_order *k = calloc(1, sizeof(*k));
        int r;

        if (!k || free_and_strdup(&k->worker, worker) < 0) {
                free(k);
                agent_history_changed(a);
                answer(reply, worker, text, -ENOMEM);
                return;
        }
        k->agent = a;
        k->reply = reply;
        (void) snprintf(k->text, sizeof(k->text), "%s", text);
        k->next = a->kept_orders;
        a->kept_orders = k;
        r = agent_save_ledger(a, on_kept, k);
        if (r < 0)
                on_kept(r, k);
}

static void refuse(struct http_reply *reply, const char *worker, const char *why) {
        _cleanup_(document_done) struct document d = {};
        char text[CONTROL_TEXT_SIZE] = "";

        text_append(text, sizeof(text), "%s %s", worker ? worker : "all workers", why);
        if (control_error(&d, 409, text) >= 0)
                http_reply_send(reply, &d);
        else
                http_reply_drop(reply);
}

/* ---- what is told ---- */

static void tell(struct agent *a, enum event_type type, const struct pause *p, const char *format, ...)
        _printf_(4, 5);
static void tell(struct agent *a, enum event_type type, const struct pause *p, const char *format, ...) {
        const struct worker *w = p->worker ? agent_find_worker(a, p->worker) : NULL;
        char message[CONTROL_TEXT_SIZE + 128] = "";
        struct event *e;
        va_list ap;

        va_start(ap, format);
        text_appendv(message, sizeof(message), format, ap);
        va_end(ap);
        e = w ? worker_event(w, type, "%s", message)
              : event_new(type, "%s%s", p->worker ? "" : "all workers: ", message);
        if (e && !w && p->worker) /* in no file any more */
                (void) event_about(e, p->worker, NULL, NULL);
        if (e)
                (void) event_field(e, "UID", "%" PRIu32, p->uid);
        reporter_tell(a->reporter, e);
}

static void tell_begun(struct agent *a, const struct pause *p, const char *still) {
        char text[PAUSE_TEXT_SIZE];

        tell(a, EVENT_PAUSED, p, "%spaused until %s (%s): watched, but not restarted", still,
             MOMENT(p->until_usec, agent_now(), agent_clock_offset()), pause_text(p, text));
}

static void tell_over(struct agent *a, const struct pause *p) {
        if (p->until_usec < a->started_at_usec)
                tell(a, EVENT_RESUMED, p, "the pause was over at %s, while the agent did not run",
                     MOMENT(p->until_usec, agent_now(), agent_clock_offset()));
        else
                tell(a, EVENT_RESUMED, p, "the pause of %s is over",
                     SAY_SPAN(usec_sub(p->until_usec, p->since_usec)));
}

/* ---- begin and end ---- */

static void arm(struct agent *a) {
        const struct pause *first = pauses_first_to_end(&a->pauses);

        if (first)
                (void) sd_event_source_set_time(
                        a->pause_source,
                        (usec_t) MAX((int64_t) first->until_usec - agent_boottime_offset(), INT64_C(0)));
        (void) sd_event_source_set_enabled(a->pause_source, first ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* worker NULL: all of them. */
static void consider(struct agent *a, const char *worker) {
        arm(a);
        agent_status_changed(a);
        for (size_t i = 0; i < a->n_workers; i++)
                if (!worker || streq(a->workers[i]->settings->name, worker))
                        worker_consider(a->workers[i]);
}

static int on_pause_over(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct agent *a = userdata;
        const struct pause *p;

        while ((p = pauses_first_to_end(&a->pauses)) && p->until_usec <= agent_now()) {
                _cleanup_free_ char *worker = p->worker ? strdup(p->worker) : NULL;

                tell_over(a, p);
                (void) pauses_end(&a->pauses, p->worker);
                agent_history_changed(a);
                consider(a, worker);
        }
        arm(a);
        return 0;
}

int pauses_resume(struct agent *a) {
        usec_t now = agent_now();
        int r;

        r = sd_event_add_time(a->event, &a->pause_source, CLOCK_BOOTTIME, 0, USEC_PER_SEC / 10,
                              on_pause_over, a);
        if (r < 0)
                return r;
        for (size_t i = 0; i < a->pauses.n; i++)
                if (a->pauses.list[i].until_usec > now)
                        tell_begun(a, &a->pauses.list[i], "still ");
        arm(a);
        return 0;
}

void pauses_free(struct agent *a) {
        while (a->kept_orders) {
                http_reply_drop(a->kept_orders->reply);
                kept_order_free(a->kept_orders);
        }
        a->pause_source = sd_event_source_disable_unref(a->pause_source);
        pauses_done(&a->pauses);
}

void pause_begin(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply) {
        usec_t now = agent_now();
        const struct pause pause = {
                .worker = o->worker,
                .reason = o->reason,
                .since_usec = now,
                .until_usec = usec_add(now, o->for_usec),
                .uid = uid,
        };
        char text[CONTROL_TEXT_SIZE];

        if (pauses_begin(&a->pauses, &pause) < 0) {
                refuse(reply, o->worker, "could not be paused for want of memory");
                return;
        }
        tell_begun(a, &pause, "");
        keep_and_answer(a, o->worker, control_pause_text(&pause, agent_clock_offset(), text), reply);
        consider(a, o->worker);
}

void pause_end(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply) {
        const struct pause *found = pauses_find(&a->pauses, o->worker);
        const struct pause told = { .worker = o->worker, .uid = uid };
        const struct worker *w = o->worker ? agent_find_worker(a, o->worker) : NULL;

        if (!found && w && worker_pause(w)) {
                refuse(reply, o->worker,
                       "is not paused by itself, but as one of all workers; resume without a name ends "
                       "that");
                return;
        }
        if (!found) {
                answer(reply, o->worker, "not paused", 0);
                return;
        }
        tell(a, EVENT_RESUMED, &told, "resumed by uid %" PRIu32 ", %s before the pause would have been over",
             uid, SAY_SPAN(usec_sub(found->until_usec, agent_now())));
        (void) pauses_end(&a->pauses, o->worker);
        keep_and_answer(a, o->worker,
                        w && worker_pause(w) ? "resumed, but all workers are paused still" : "resumed",
                        reply);
        consider(a, o->worker);
}
