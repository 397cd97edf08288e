/* Operators' pauses. What they hold is the judge's; this begins and ends them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "operator.h"
#include "pause.h"
#include "report/http/control_order.h"
#include "report/words.h"
#include "util/moment.h"
#include "util/text.h"
#include "worker.h"

#define STILL_SIZE 192 /* with the longest name */

const struct pause *worker_pause(const struct worker *w) {
        return pauses_of(&w->agent->pauses, w->settings->name, agent_now());
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

/* What one of all, or of one, leaves paused when it ends. */
static const char *still_paused(const struct agent *a, const char *ended, char buf[static STILL_SIZE]) {
        const struct pause *other = NULL;
        size_t n = 0;

        buf[0] = '\0';
        for (size_t i = 0; i < a->pauses.n; i++) {
                const struct pause *p = &a->pauses.list[i];

                if (!p->worker == !ended || p->until_usec <= agent_now())
                        continue;
                other = p;
                n++;
        }
        if (n > 1)
                text_append(buf, STILL_SIZE, ", but %zu workers are paused still, each by itself", n);
        else if (n == 1 && other->worker)
                text_append(buf, STILL_SIZE, ", but %s is paused still", other->worker);
        else if (n == 1)
                text_append(buf, STILL_SIZE, ", but all workers are paused still");
        return buf;
}

static void tell_over(struct agent *a, const struct pause *p) {
        char still[STILL_SIZE];

        still_paused(a, p->worker, still);
        if (p->until_usec < a->started_at_usec)
                tell(a, EVENT_RESUMED, p, "the pause was over at %s, while the agent did not run%s",
                     MOMENT(p->until_usec, agent_now(), agent_clock_offset()), still);
        else
                tell(a, EVENT_RESUMED, p, "the pause of %s is over%s",
                     SAY_SPAN(usec_sub(p->until_usec, p->since_usec)), still);
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

static const char *unit_of(const struct agent *a, const char *worker) {
        const struct worker *w = agent_find_worker(a, worker);

        if (w)
                return w->settings->unit;
        for (size_t i = 0; i < a->n_absent; i++)
                if (streq(a->absent[i].worker, worker))
                        return a->absent[i].unit;
        return NULL;
}

static const char *new_name(const struct agent *a, const struct settings *fresh, const char *worker) {
        const char *unit = worker && !settings_find_worker(fresh, worker) ? unit_of(a, worker) : NULL;

        for (size_t i = 0; unit && i < fresh->n_workers; i++)
                if (streq_ptr(fresh->workers[i]->unit, unit))
                        return fresh->workers[i]->name;
        return NULL;
}

void pauses_follow(struct agent *a, const struct settings *fresh) {
        for (size_t i = 0; i < a->pauses.n;) {
                const char *worker = a->pauses.list[i].worker, *name = new_name(a, fresh, worker);

                if (!name || pauses_rename(&a->pauses, worker, name) < 0) {
                        i++;
                        continue;
                }
                if (a->started)
                        tell_begun(a, pauses_find(&a->pauses, name), "still ");
                agent_history_changed(a);
        }
}

void pauses_free(struct agent *a) {
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
                operator_refuse(reply, "it could not be paused for want of memory");
                return;
        }
        tell_begun(a, &pause, "");
        operator_answer_kept(a, o->worker, control_pause_text(&pause, agent_clock_offset(), text), reply);
        consider(a, o->worker);
}

void pause_end(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply) {
        const struct pause *found = pauses_find(&a->pauses, o->worker);
        const struct pause told = { .worker = o->worker, .uid = uid };
        const struct worker *w = o->worker ? agent_find_worker(a, o->worker) : NULL;
        char still[STILL_SIZE], text[STILL_SIZE + sizeof("resumed")];

        if (!found && w && worker_pause(w)) {
                operator_refuse(
                        reply,
                        "%s is not paused by itself, but as one of all workers; resume without a name "
                        "ends that",
                        o->worker);
                return;
        }
        if (!found) {
                operator_answer(o->worker, "not paused", reply);
                return;
        }
        still_paused(a, o->worker, still);
        tell(a, EVENT_RESUMED, &told,
             "resumed by uid %" PRIu32 ", %s before the pause would have been over%s", uid,
             SAY_SPAN(usec_sub(found->until_usec, agent_now())), still);
        (void) pauses_end(&a->pauses, o->worker);
        (void) snprintf(text, sizeof(text), "resumed%s", still);
        operator_answer_kept(a, o->worker, text, reply);
        consider(a, o->worker);
}
