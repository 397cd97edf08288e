/* What the orders of operators share, and the one to give a budget back. */
#include "operator.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "report/http/control_order.h"
#include "report/http/server.h"
#include "report/words.h"
#include "restart.h"
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

        agent_ledger_result(k->agent, error);
        answer(k->reply, k->worker, k->text, error);
        kept_order_free(k);
}

void operator_answer_kept(struct agent *a, const char *worker, const char *text, struct http_reply *reply) {
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

void operator_answer(const char *worker, const char *text, struct http_reply *reply) {
        answer(reply, worker, text, 0);
}

void operator_refuse(struct http_reply *reply, const char *format, ...) {
        _cleanup_(document_done) struct document d = {};
        char text[CONTROL_TEXT_SIZE] = "";
        va_list ap;

        va_start(ap, format);
        text_appendv(text, sizeof(text), format, ap);
        va_end(ap);
        if (control_error(&d, 409, text) >= 0)
                http_reply_send(reply, &d);
        else
                http_reply_drop(reply);
}

void operator_orders_free(struct agent *a) {
        while (a->kept_orders) {
                http_reply_drop(a->kept_orders->reply);
                kept_order_free(a->kept_orders);
        }
}

/* ---- reset ---- */

void operator_reset(struct agent *a, const struct control_order *o, uid_t uid, struct http_reply *reply) {
        struct worker *w = agent_find_worker(a, o->worker);
        const struct worker_settings *s = w->settings;
        char text[CONTROL_TEXT_SIZE] = "";
        struct event *e;

        /* Its record is what tells the next agent of it, should this one be killed. */
        if ((w->restart && restart_is_committed(w->restart)) || w->pending_restart ||
            connectors_watch_is_restarting(w->connectors)) {
                operator_refuse(reply,
                                "a restart of %s, or of one of its connectors, is under way: reset it "
                                "again when that has ended",
                                o->worker);
                return;
        }
        remedy_reset(&w->history);
        connectors_watch_forget_restarts(w->connectors);
        text_append(text, sizeof(text), "its budget is whole again: %u restart%s within %s",
                    s->restart_limit, s->restart_limit == 1 ? "" : "s", SAY_SPAN(s->restart_window_usec));
        e = worker_event(w, EVENT_BUDGET_RESET, "%s (reset by uid %" PRIu32 ")", text, (uint32_t) uid);
        if (e)
                (void) event_field(e, "UID", "%" PRIu32, (uint32_t) uid);
        worker_tell(w, e);
        operator_answer_kept(a, o->worker, text, reply);
        agent_status_changed(a);
        worker_consider(w);
}
