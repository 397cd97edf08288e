/* One poll of one worker: its kind's requests in turn, within one timeout, to one observation. Knows no
 * kind of its own. */
#include <errno.h>

#include "observe/http_client_private.h"
#include "observe/http_site.h"
#include "observe/kind.h"
#include "observe/poll.h"

struct poll {
        struct http_client *client;
        const struct worker_settings *worker; /* outlives the poll: a reload ends it first */
        struct http_target target;
        usec_t timeout_usec;
        struct probe *probe;
        poll_clock_t clock;
        poll_done_t done;
        void *userdata;
        struct http_request *request;
        usec_t sent_at_usec;
};

static void on_answer(struct http_request *q, const struct answer *a, void *userdata);

/* Asks for it, within what is left of the poll's time less what the kind wants kept. */
static int ask(struct poll *p, const struct probe_ask *what) {
        usec_t left = usec_sub(usec_add(p->sent_at_usec, p->timeout_usec), p->clock());
        unsigned percent = 100 - MIN(p->probe->keep_percent, 99U);

        p->target.timeout_usec = MAX(left / 100 * percent, USEC_PER_MSEC);
        return http_ask(p->client, &p->target, what, on_answer, p, &p->request);
}

static void finish(struct poll *p, struct observation *o) {
        o->sent_at_usec = p->sent_at_usec;
        o->received_at_usec = p->clock();
        o->latency_usec = usec_sub(o->received_at_usec, o->sent_at_usec);
        o->words = p->worker->kind->words;
        p->done(p, o, p->userdata);
}

static void on_answer(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct poll *p = userdata;
        struct observation o = { 0 };
        struct probe_ask next = {};
        int r;

        if (p->worker->kind->classify(p->probe, p->worker, a, &o, &next) == PROBE_DONE) {
                p->request = http_request_unref(p->request);
                finish(p, &o);
                return;
        }

        /* next may point into the answer, which goes with its request. */
        struct http_request *answered = TAKE_PTR(p->request);
        r = ask(p, &next);
        http_request_unref(answered);
        if (r < 0) {
                const struct answer none = {
                        .error = TRANSFER_NO_RESOURCES,
                        .content_type = "",
                        .body = "",
                        .redirect = "",
                        .detail = strerror(-r),
                };

                o = (struct observation) { 0 };
                (void) classify_transfer_error(p->probe, &none, &o);
                finish(p, &o);
        }
}

struct http_target poll_target(const struct worker_settings *w) {
        return (struct http_target) {
                .base_url = w->url,
                .username = w->username,
                .password = w->password,
                .password_file = w->password_file,
                .bearer_token_file = w->bearer_token_file,
                .headers_file = w->headers_file,
                .ca_file = w->ca_file,
                .cert_file = w->cert_file,
                .key_file = w->key_file,
                .verify = w->verify,
                .timeout_usec = w->timeout_usec,
                .max_response_bytes = w->max_response_bytes,
        };
}

int poll_start(struct http_client *c,
               const struct worker_settings *w,
               struct probe *probe,
               poll_clock_t clock,
               poll_done_t done,
               void *userdata,
               struct poll **ret) {
        _cleanup_(poll_unrefp) struct poll *p = NULL;
        const struct http_target target = poll_target(w);
        struct probe_ask first = {};
        int r;

        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (struct poll) {
                .client = c,
                .worker = w,
                .timeout_usec = w->timeout_usec,
                .probe = probe,
                .clock = clock,
                .done = done,
                .userdata = userdata,
                .sent_at_usec = clock(),
        };
        /* A copy: a reload may replace the settings while the second request is still to come. */
        r = target_copy(&target, &p->target);
        if (r < 0)
                return r;
        w->kind->begin(probe, w, &first);
        r = ask(p, &first);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

struct poll *poll_unref(struct poll *p) {
        if (!p)
                return NULL;
        http_request_unref(p->request);
        target_clear(&p->target);
        free(p);
        return NULL;
}
