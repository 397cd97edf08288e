/* An operator's order to restart. What is done is restart.c's; this takes it and answers it. */
#include <inttypes.h>
#include <stdio.h>

#include "intent.h"
#include "operator.h"
#include "report/http/control_order.h"
#include "report/http/server.h"
#include "restart.h"
#include "restart_order.h"
#include "util/text.h"

static void send(struct restart_order *o, struct document *d, int made) {
        struct http_reply *reply = o->reply;

        if (!reply)
                return;
        o->reply = NULL;
        if (made >= 0)
                http_reply_send(reply, d);
        else
                http_reply_drop(reply);
}

struct restart_order *restart_order_free(struct restart_order *o) {
        if (!o)
                return NULL;
        restart_order_failed(
                o, 503,
                "nothing was restarted: the configuration was reloaded, or the agent ends; ask again");
        free(o);
        return NULL;
}

void restart_order_queued(struct restart_order *o, const struct worker *w) {
        _cleanup_(document_done) struct document d = {};
        char text[CONTROL_TEXT_SIZE] = "";

        text_append(text, sizeof(text), "%s: systemd restarts %s now", w->settings->name, w->settings->unit);
        if (o->overruled[0])
                text_append(text, sizeof(text), ", in spite of %s", o->overruled);
        text_append(text, sizeof(text), "; how it ends is told in the journal");
        send(o, &d, control_done(&d, w->settings->name, text, true));
}

/* What only the configuration can allow, in the words to write. */
static void say_what_to_write(char *buf, size_t size, const struct worker *w) {
        const struct worker_settings *s = w->settings;

        if (!s->unit)
                text_append(buf, size, "; write unit = NAME.service into [worker %s], and reload", s->name);
        else if (s->action != ACTION_RESTART)
                text_append(buf, size, "; write action = restart into [worker %s], and reload", s->name);
        else if (agent_dry_run(w->agent))
                text_append(buf, size, "; end the dry run (dry_run = yes, or --dry-run)");
}

void restart_order_held(struct restart_order *o, const struct worker *w, const struct decision *d) {
        _cleanup_(document_done) struct document answer = {};
        char text[CONTROL_TEXT_SIZE] = "";

        text_append(text, sizeof(text), "%s is not restarted: %s", w->settings->name,
                    hold_to_string(d->holds[0].hold));
        if (d->holds[0].text[0])
                text_append(text, sizeof(text), " (%s)", d->holds[0].text);
        if (d->holds[0].hold == HOLD_OBSERVE_ONLY)
                say_what_to_write(text, sizeof(text), w);
        send(o, &answer, control_held(&answer, text, d, agent_clock_offset()));
}

void restart_order_failed(struct restart_order *o, unsigned status, const char *format, ...) {
        _cleanup_(document_done) struct document d = {};
        char text[CONTROL_TEXT_SIZE] = "";
        va_list ap;

        if (!o->reply)
                return;
        va_start(ap, format);
        text_appendv(text, sizeof(text), format, ap);
        va_end(ap);
        send(o, &d, control_error(&d, status, text));
}

static void on_disk_tried(struct worker *w, int error _unused_, usec_t at_usec _unused_) {
        if (!w->ordered)
                return;
        w->ordered->tries_disk = false;
        worker_consider(w);
}

void restart_ordered(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply) {
        struct worker *w = agent_find_worker(a, o->worker);
        struct restart_order *order;

        if (w->ordered || w->pending_restart || (w->restart && restart_is_committed(w->restart))) {
                operator_refuse(reply, "a restart of %s is under way already", o->worker);
                return;
        }
        order = calloc(1, sizeof(*order));
        if (!order) {
                http_reply_drop(reply);
                return;
        }
        *order = (struct restart_order) { .uid = uid, .force = o->force, .reply = reply };
        w->ordered = order;
        w->restart = restart_free(w->restart); /* one that is only being thought about */
        /* The agent has only just begun, or the disk was full: it may be well by now. */
        order->tries_disk = !a->ledger_writable;
        if (order->tries_disk) {
                if (intent_save(w, agent_now(), on_disk_tried) >= 0)
                        return; /* it goes on when that has ended, and may be over by now */
                order->tries_disk = false;
        }
        worker_consider(w);
}
