/* One look at all connectors. Knows what to ask in which order, and nothing of what is made of it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "observe/connectors_look.h"
#include "observe/http_site.h"
#include "util/text.h"

/* Old workers are asked for so many connectors at a time. */
#define PARALLEL_MAX 4

struct connectors_look {
        struct http_client *client;
        const struct worker_settings *settings;
        struct http_target target;
        poll_clock_t clock;
        connector_found_t found;
        connectors_look_done_t done;
        void *userdata;
        usec_t until_usec;
        struct connectors_reader *reader;
        struct http_request *request;
        char *first; /* connector of all */

        /* Of an old worker: who is still to be asked for. */
        char **names;
        size_t n_names, names_size, next;
        struct question {
                struct connectors_look *look;
                struct http_request *request;
                size_t name;
        } questions[PARALLEL_MAX];
        size_t n_asked;

        struct connectors_look_result result;
};

static void finish(struct connectors_look *l) {
        l->done(l, &l->result, l->userdata);
}

static void set_problem(struct connectors_look *l, int error, const char *format, ...) _printf_(3, 4);
static void set_problem(struct connectors_look *l, int error, const char *format, ...) {
        va_list ap;

        l->result.error = error;
        va_start(ap, format);
        text_appendv(l->result.problem, sizeof(l->result.problem), format, ap);
        va_end(ap);
}

/* What an answer that is none of ours says, for a person. */
static void describe(const struct answer *a, char *buf, size_t size) {
        char excerpt[96];

        buf[0] = '\0';
        if (a->error == TRANSFER_OK) {
                text_append(buf, size, "HTTP %u", a->status);
                if (a->body_len > 0)
                        text_append(buf, size, ": %s",
                                    text_copy_line(excerpt, sizeof(excerpt), a->body, a->body_len));
                return;
        }
        struct observation o = { 0 };
        const struct probe seen = { .seen_ok = true };
        (void) classify_transfer_error(&seen, a, &o);
        text_append(buf, size, "it %s", reason_text(o.reason));
        if (o.detail[0])
                text_append(buf, size, " (%s)", o.detail);
}

static void set_time_left(struct connectors_look *l) {
        l->target.timeout_usec = MAX(usec_sub(l->until_usec, l->clock()), USEC_PER_MSEC);
}

static int keep_first(struct connectors_look *l, const char *name) {
        return l->first ? 0 : free_and_strdup(&l->first, name);
}

static int keep_name(struct connectors_look *l, const char *name) {
        if (l->n_names == l->names_size) {
                size_t size = MAX(l->names_size * 2, (size_t) 64);
                char **grown = reallocarray(l->names, size, sizeof(char *));

                if (!grown)
                        return -ENOMEM;
                l->names = grown;
                l->names_size = size;
        }
        l->names[l->n_names] = strdup(name);
        return l->names[l->n_names++] ? 0 : -ENOMEM;
}

static int on_found(const struct connector_status *c, void *userdata) {
        struct connectors_look *l = userdata;
        int r;

        r = keep_first(l, c->name);
        if (r < 0)
                return r;
        if (c->only_named)
                return keep_name(l, c->name);
        connector_rules_count(&l->result.tally, l->settings, c);
        return l->found(c, l->userdata);
}

/* ---- through the herder's thread ---- */

static void on_broker_answer(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct connectors_look *l = userdata;

        if (a->error != TRANSFER_OK || a->status < 200 || a->status > 299) {
                l->result.broker_failed = true;
                describe(a, l->result.broker_detail, sizeof(l->result.broker_detail));
        }
        l->request = http_request_unref(l->request);
        finish(l);
}

/* All connectors were seen. */
static void conclude(struct connectors_look *l) {
        const char *name = l->settings->broker_connector ? l->settings->broker_connector : l->first;
        _cleanup_free_ char *path = NULL;

        if (!name || !connector_rules_wants_broker_check(&l->result.tally)) {
                finish(l);
                return;
        }
        path = connector_path(name, "");
        text_copy_line(l->result.broker_connector, sizeof(l->result.broker_connector), name, strlen(name));
        set_time_left(l);
        if (!path || http_get(l->client, &l->target, path, on_broker_answer, l, &l->request) < 0) {
                set_problem(l, -ENOMEM, "out of memory or descriptors");
                finish(l);
        }
}

/* ---- old workers ---- */

static void on_status(struct http_request *request, const struct answer *a, void *userdata);

static void cancel_questions(struct connectors_look *l) {
        for (size_t i = 0; i < ELEMENTSOF(l->questions); i++)
                l->questions[i].request = http_request_unref(l->questions[i].request);
}

static int ask_next(struct connectors_look *l, struct question *q) {
        _cleanup_free_ char *path = NULL;
        int r;

        q->look = l;
        q->name = l->next++;
        path = connector_path(l->names[q->name], "/status");
        if (!path)
                return -ENOMEM;
        set_time_left(l);
        r = http_get(l->client, &l->target, path, on_status, q, &q->request);
        if (r >= 0)
                l->n_asked++;
        return r;
}

static void take_status(struct connectors_look *l, const char *name, const struct answer *a) {
        char why[192], shown[CONNECTOR_NAME_SIZE];
        int r = 0;

        text_copy_line(shown, sizeof(shown), name, strlen(name));
        l->result.largest_bytes = MAX(l->result.largest_bytes, a->body_len);
        if (a->error == TRANSFER_OK && a->status == 404) /* deleted meanwhile */
                return;
        if (a->error != TRANSFER_OK || a->status != 200) {
                describe(a, why, sizeof(why));
                set_problem(l, -EIO, "the status of connector %s cannot be read: %s", shown, why);
                return;
        }
        r = connector_status_read(name, a->body, a->body_len, on_found, l);
        if (r < 0)
                set_problem(l, r, "the status of connector %s cannot be read: %s", shown,
                            r == -EBADMSG ? "it is not as Connect tells it" : strerror(-r));
}

static void on_status(_unused_ struct http_request *request, const struct answer *a, void *userdata) {
        struct question *q = userdata;
        struct connectors_look *l = q->look;

        take_status(l, l->names[q->name], a);
        q->request = http_request_unref(q->request);
        l->n_asked--;
        if (l->result.error >= 0 && l->next < l->n_names && ask_next(l, q) < 0)
                set_problem(l, -ENOMEM, "out of memory or descriptors");
        if (l->result.error < 0) {
                cancel_questions(l);
                finish(l);
        } else if (l->n_asked == 0)
                conclude(l);
}

static void ask_one_by_one(struct connectors_look *l) {
        /* Each answer is held whole here. */
        l->target.max_response_bytes = MIN(l->target.max_response_bytes, (uint64_t) CONNECTORS_ONE_MAX);
        for (size_t i = 0; i < MIN(ELEMENTSOF(l->questions), l->n_names); i++)
                if (ask_next(l, &l->questions[i]) < 0) {
                        cancel_questions(l);
                        set_problem(l, -ENOMEM, "out of memory or descriptors");
                        finish(l);
                        return;
                }
}

/* ---- all at once ---- */

static int on_body(const char *data, size_t len, void *userdata) {
        struct connectors_look *l = userdata;

        return connectors_reader_feed(l->reader, data, len);
}

/* Whether all of it came, and was what Connect answers. The reader's own error ends the request, too, and
 * says more than the end of that. */
static void take_answer(struct connectors_look *l, const struct answer *a) {
        int r = connectors_reader_feed(l->reader, "", 0);
        const char *problem;
        char why[192];

        if (r >= 0 && a->error == TRANSFER_TOO_LARGE) {
                set_problem(l, -EFBIG, "the answer is larger than connectors_max_response");
                return;
        }
        if (r >= 0 && (a->error != TRANSFER_OK || a->status != 200)) {
                describe(a, why, sizeof(why));
                set_problem(l, -EIO, "GET /connectors?expand=status: %s", why);
                return;
        }
        r = connectors_reader_end(l->reader);
        if (r < 0) {
                problem = connectors_reader_problem(l->reader);
                set_problem(l, r, "GET /connectors?expand=status was not answered as Connect does: %s",
                            problem[0] ? problem : strerror(-r));
                return;
        }
        l->result.largest_bytes = connectors_reader_largest(l->reader);
}

static void on_answer(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct connectors_look *l = userdata;

        take_answer(l, a);
        l->request = http_request_unref(l->request);
        l->reader = connectors_reader_free(l->reader);
        if (l->result.error >= 0 && l->n_names > 0)
                ask_one_by_one(l);
        else if (l->result.error >= 0)
                conclude(l);
        else
                finish(l);
}

int connectors_look_start(struct http_client *c,
                          const struct worker_settings *w,
                          poll_clock_t clock,
                          connector_found_t found,
                          connectors_look_done_t done,
                          void *userdata,
                          struct connectors_look **ret) {
        _cleanup_(connectors_look_unrefp) struct connectors_look *l = NULL;
        int r;

        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->client = c;
        l->settings = w;
        l->clock = clock;
        l->found = found;
        l->done = done;
        l->userdata = userdata;
        l->until_usec = usec_add(clock(), w->connectors_timeout_usec);
        const struct http_target target = poll_target(w);
        r = target_copy(&target, &l->target);
        if (r < 0)
                return r;
        l->target.max_response_bytes = w->connectors_max_response_bytes;
        set_time_left(l);
        r = connectors_reader_new(on_found, l, &l->reader);
        if (r < 0)
                return r;
        r = http_get_stream(c, &l->target, "/connectors?expand=status", on_body, on_answer, l, &l->request);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

struct connectors_look *connectors_look_unref(struct connectors_look *l) {
        if (!l)
                return NULL;
        http_request_unref(l->request);
        for (size_t i = 0; i < ELEMENTSOF(l->questions); i++)
                http_request_unref(l->questions[i].request);
        for (size_t i = 0; i < l->n_names; i++)
                free(l->names[i]);
        free(l->names);
        connectors_reader_free(l->reader);
        target_clear(&l->target);
        free(l->first);
        free(l);
        return NULL;
}
