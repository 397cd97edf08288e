/* POST, for the operator's own server: a small body, handed over whole, and a reply that may come later. */
#include <errno.h>

#include <microhttpd.h>

#include "report/http/server_internal.h"

struct http_reply {
        struct request *request; /* NULL: whoever asked is gone */
};

unsigned order_refusal(const char *length, const char *transfer_encoding, const char **ret_why) {
        unsigned long long n =
                length ? strtoull(length, NULL, 10) : 0; /* libmicrohttpd has seen to its form */

        if (transfer_encoding) {
                *ret_why = "Send it with Content-Length.";
                return MHD_HTTP_LENGTH_REQUIRED;
        }
        if (n > HTTP_ORDER_BYTES_MAX) {
                *ret_why = "The body is larger than any that is taken here.";
                return MHD_HTTP_CONTENT_TOO_LARGE;
        }
        return 0;
}

int order_begin(struct request *q) {
        q->order = malloc(HTTP_ORDER_BYTES_MAX);
        return q->order ? 0 : -ENOMEM;
}

int order_take(struct request *q, const char *data, size_t len) {
        if (!q->order || len > HTTP_ORDER_BYTES_MAX - q->order_len)
                return -EMSGSIZE;
        memcpy(q->order + q->order_len, data, len);
        q->order_len += len;
        return 0;
}

int order_carry_out(struct http_server *s, struct request *q, const char *path, const char *protocol) {
        const struct http_order order = {
                .path = path,
                .protocol = protocol,
                .body = q->order,
                .body_len = q->order_len,
                .uid = q->connection->uid,
        };

        q->reply = calloc(1, sizeof(*q->reply));
        if (!q->reply)
                return -ENOMEM;
        q->reply->request = q;
        s->calls.control->order(&order, q->reply, s->calls.userdata);
        return !q->reply;
}

void http_reply_send(struct http_reply *reply, struct document *d) {
        struct request *q = reply->request;

        free(reply);
        if (!q) {
                document_done(d);
                return;
        }
        q->reply = NULL;
        q->answer = *d;
        *d = (struct document) {};
        server_let_answer(q);
}

void http_reply_drop(struct http_reply *reply) {
        struct document none = { .status = MHD_HTTP_INTERNAL_SERVER_ERROR };

        http_reply_send(reply, &none);
}

void order_done(struct request *q) {
        if (q->reply)
                q->reply->request = NULL;
        document_done(&q->answer);
        free(q->order);
}
