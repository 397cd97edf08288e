/* The agent's side of the control socket: it lies in the runtime directory, for root and the agent's group
 * alone. */
#include <errno.h>
#include <stdio.h>

#include "agent.h"
#include "operator.h"
#include "pause.h"
#include "report/http/control_order.h"
#include "report/http/server.h"
#include "restart_order.h"
#include "util/listen_address.h"
#include "util/text.h"

static int answer(const struct question *q, struct document *ret, void *userdata) {
        return agent_http_answer(userdata, control_answer, q, ret);
}

/* What is wrong with it, or with whom it names, is refused before anything is done. */
static int read_order(struct agent *a,
                      const struct http_order *h,
                      struct control_order *ret,
                      struct document *ret_refusal) {
        int r = control_check_protocol(h->protocol, ret_refusal);
        bool left_a_pause;

        if (r == 0)
                r = control_order_read(h->path, h->body, h->body_len, ret, ret_refusal);
        if (r != 0 || !ret->worker)
                return r;
        left_a_pause = ret->verb == CONTROL_RESUME && pauses_find(&a->pauses, ret->worker);
        if (!left_a_pause && !agent_find_worker(a, ret->worker)) {
                const struct question q = { .worker = ret->worker };

                r = agent_http_answer(a, control_no_worker, &q, ret_refusal);
                return r < 0 ? r : 1;
        }
        return r;
}

static void on_order(const struct http_order *h, struct http_reply *reply, void *userdata) {
        static void (*const carry_out[_CONTROL_VERB_MAX])(struct agent * a, const struct control_order *o,
                                                          uid_t uid, struct http_reply *reply) = {
                [CONTROL_PAUSE] = pause_begin,
                [CONTROL_RESUME] = pause_end,
                [CONTROL_RESET] = operator_reset,
                [CONTROL_RESTART] = restart_ordered,
                [CONTROL_NOTIFY_TEST] = agent_notify_test,
        };
        _cleanup_(control_order_done) struct control_order o = {};
        _cleanup_(document_done) struct document refusal = {};
        struct agent *a = userdata;
        int r = read_order(a, h, &o, &refusal);

        if (r == 0)
                carry_out[o.verb](a, &o, h->uid, reply);
        else if (r > 0)
                http_reply_send(reply, &refusal);
        else
                http_reply_drop(reply);
}

static void on_listening(const char *address, int error, void *userdata) {
        struct agent *a = userdata;

        if (error < 0)
                reporter_tell(
                        a->reporter,
                        event_new(EVENT_LISTEN_FAILED,
                                  "no control socket at %s: %s; workers are watched all the same, and it "
                                  "is tried again every 5s",
                                  address, strerror(-error)));
        else if (a->started)
                reporter_tell(a->reporter,
                              event_new(EVENT_LISTENING, "the control socket is at %s now", address));
}

static int listen_at(struct agent *a, const char *directory) {
        static const struct http_control control = {
                .header = CONTROL_PROTOCOL_HEADER,
                .header_value = CONTROL_PROTOCOL_TEXT,
                .complain = control_error,
                .order = on_order,
        };
        const struct http_server_calls calls = {
                .answer = answer,
                .listening = on_listening,
                .control = &control,
                .userdata = a,
        };
        _cleanup_strv_ char **addresses = NULL;
        _cleanup_free_ char *address = NULL;
        struct listen_address parsed;
        const char *problem;
        int r;

        if (asprintf(&address, "unix:%s/control", directory) < 0 || strv_extend(&addresses, address) < 0)
                return -ENOMEM;
        if (directory[0] != '/' || listen_address_parse(address, &parsed, &problem) < 0) {
                reporter_tell(
                        a->reporter,
                        event_new(EVENT_LISTEN_FAILED,
                                  "no control socket: %s is no directory for one; its path must begin with "
                                  "a slash and be short",
                                  directory));
                return 0;
        }
        r = http_server_new(a->event, &calls, &a->control);
        if (r < 0)
                return r;
        http_server_open(a->control); /* what is not known yet is said to be so */
        return http_server_listen(a->control, addresses);
}

void agent_control_start(struct agent *a) {
        int r = a->options->runtime_directory ? listen_at(a, a->options->runtime_directory) : 0;

        if (r < 0)
                reporter_tell(a->reporter,
                              event_new(EVENT_INTERNAL_ERROR, "no control socket: %s", strerror(-r)));
}
