/* One connector restarted over REST, request by request. Decides nothing. */
#include <errno.h>
#include <stdio.h>

#include "act/connector.h"
#include "observe/connectors.h"
#include "observe/http_site.h"
#include "util/text.h"

#define SELF (-1) /* the connector itself, among the tasks */

struct connector_call {
        struct http_client *client;
        struct http_target target;
        char *name;
        poll_clock_t clock;
        usec_t until_usec;
        connector_called_t done;
        void *userdata;
        struct http_request *request;
        /* Before Kafka 3.0: what has failed, one by one. */
        int64_t *failed;
        size_t n_failed, next;
};

static void finish(struct connector_call *c, enum connector_call_result result, const char *detail) {
        struct connector_call_report report = { .result = result };

        (void) snprintf(report.detail, sizeof(report.detail), "%s", detail);
        c->done(c, &report, c->userdata);
}

static void describe(const struct answer *a, const char *what, char *buf, size_t size) {
        char excerpt[96];

        buf[0] = '\0';
        if (a->error != TRANSFER_OK) {
                struct observation o = { 0 };
                const struct probe seen = { .seen_ok = true };

                (void) classify_transfer_error(&seen, a, &o);
                text_append(buf, size, "%s: the worker %s", what, reason_text(o.reason));
                return;
        }
        text_append(buf, size, "%s was answered with HTTP %u", what, a->status);
        if (a->body_len > 0)
                text_append(buf, size, " (%s)",
                            text_copy_line(excerpt, sizeof(excerpt), a->body, a->body_len));
}

typedef int (*send_t)(struct http_client *c,
                      const struct http_target *target,
                      const char *path,
                      http_done_t done,
                      void *userdata,
                      struct http_request **ret);

static void ask(struct connector_call *c, send_t send, const char *path, http_done_t done) {
        c->target.timeout_usec = MAX(usec_sub(c->until_usec, c->clock()), USEC_PER_MSEC);
        if (!path || send(c->client, &c->target, path, done, c, &c->request) < 0)
                finish(c, CONNECTOR_CALL_NOT_ASKED, "out of memory or descriptors");
}

/* What a POST came to; DONE when it was taken. */
static enum connector_call_result result_of(const struct answer *a) {
        if (a->error != TRANSFER_OK)
                return CONNECTOR_CALL_FAILED;
        switch (a->status) {
        case 200:
        case 202:
        case 204:
                return CONNECTOR_CALL_DONE;
        case 409:
                return CONNECTOR_CALL_REBALANCING;
        case 404:
                return CONNECTOR_CALL_GONE;
        default:
                return CONNECTOR_CALL_FAILED;
        }
}

static void post_next(struct connector_call *c);

static void on_posted(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct connector_call *c = userdata;
        enum connector_call_result result = result_of(a);
        char detail[192] = "";

        if (result != CONNECTOR_CALL_DONE)
                describe(a, "the restart", detail, sizeof(detail));
        c->request = http_request_unref(c->request);
        if (result == CONNECTOR_CALL_DONE && c->next < c->n_failed)
                post_next(c);
        else
                finish(c, result, detail);
}

/* ---- before Kafka 3.0 ---- */

static void post_next(struct connector_call *c) {
        int64_t id = c->failed[c->next++];
        _cleanup_free_ char *path = NULL;
        char suffix[64];

        (void) snprintf(suffix, sizeof(suffix), "/tasks/%lld/restart", (long long) id);
        path = connector_path(c->name, id == SELF ? "/restart" : suffix);
        ask(c, http_post, path, on_posted);
}

static int on_found(const struct connector_status *s, void *userdata) {
        struct connector_call *c = userdata;

        c->failed = calloc(s->n_tasks + 1, sizeof(*c->failed));
        if (!c->failed)
                return -ENOMEM;
        if (s->connector.state == CONNECTOR_FAILED)
                c->failed[c->n_failed++] = SELF;
        for (size_t i = 0; i < s->n_tasks; i++)
                if (s->tasks[i].state == CONNECTOR_FAILED)
                        c->failed[c->n_failed++] = s->tasks[i].id;
        return 0;
}

static void on_status(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct connector_call *c = userdata;
        char detail[192];
        int r = -EIO;

        if (a->error == TRANSFER_OK && a->status == 200)
                r = connector_status_read(c->name, a->body, a->body_len, on_found, c);
        describe(a, "its status", detail, sizeof(detail));
        bool gone = a->error == TRANSFER_OK && a->status == 404;
        c->request = http_request_unref(c->request);
        if (r < 0)
                finish(c, gone ? CONNECTOR_CALL_GONE : CONNECTOR_CALL_NOT_ASKED, detail);
        else if (c->n_failed == 0)
                finish(c, CONNECTOR_CALL_GONE, "nothing of it is FAILED any more");
        else
                post_next(c);
}

/* ---- which way ---- */

static void on_root(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct connector_call *c = userdata;
        _cleanup_free_ char *path = NULL;
        char detail[192];
        int has_flags = -EIO;

        if (a->error == TRANSFER_OK && a->status == 200)
                has_flags = connector_version_has_flags(a->body, a->body_len);
        describe(a, "GET /", detail, sizeof(detail));
        c->request = http_request_unref(c->request);
        if (has_flags < 0) {
                finish(c, CONNECTOR_CALL_NOT_ASKED, detail);
                return;
        }
        path = connector_path(c->name, has_flags ? "/restart?includeTasks=true&onlyFailed=true" : "/status");
        if (has_flags)
                ask(c, http_post, path, on_posted);
        else
                ask(c, http_get, path, on_status);
}

int connector_restart(struct http_client *client,
                      const struct worker_settings *w,
                      const char *name,
                      poll_clock_t clock,
                      connector_called_t done,
                      void *userdata,
                      struct connector_call **ret) {
        _cleanup_(connector_call_unrefp) struct connector_call *c = NULL;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->client = client;
        c->clock = clock;
        c->until_usec = usec_add(clock(), w->connectors_timeout_usec);
        c->done = done;
        c->userdata = userdata;
        c->name = strdup(name);
        if (!c->name)
                return -ENOMEM;
        const struct http_target target = poll_target(w);
        r = target_copy(&target, &c->target);
        if (r < 0)
                return r;
        c->target.timeout_usec = w->connectors_timeout_usec;
        r = http_get(client, &c->target, "/", on_root, c, &c->request);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

struct connector_call *connector_call_unref(struct connector_call *c) {
        if (!c)
                return NULL;
        http_request_unref(c->request);
        target_clear(&c->target);
        free(c->failed);
        free(c->name);
        free(c);
        return NULL;
}
