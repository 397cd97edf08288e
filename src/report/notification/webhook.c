/* One notification POSTed to a receiver. Knows no queue. */
#include <errno.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "observe/http_client.h"
#include "report/notification/webhook.h"
#include "util/secret.h"
#include "util/text.h"

struct webhook {
        notify_sent_t done;
        void *userdata;
        bool withholds; /* what is answered may repeat a secret of ours */
        struct http_request *request;
};

/* A receiver that says so of one payload would say it again. Other 4xx are for a person to mend, on one side
 * or the other, and then it is taken. */
static bool is_refusal(unsigned status) {
        return status == 400 || status == 413 || status == 415 || status == 422;
}

static const char *error_text(enum transfer_error error) {
        static const char *const texts[_TRANSFER_ERROR_MAX] = {
                [TRANSFER_TIMEOUT] = "did not answer within the timeout",
                [TRANSFER_REFUSED] = "refuses the connection",
                [TRANSFER_RESET] = "closed the connection without an answer",
                [TRANSFER_NOT_RESOLVED] = "cannot be reached: its host name does not resolve",
                [TRANSFER_UNREACHABLE] = "cannot be reached from here",
                [TRANSFER_TLS_UNTRUSTED] = "shows a TLS certificate that we do not trust",
                [TRANSFER_TLS_EXPIRED] = "shows a TLS certificate that has expired",
                [TRANSFER_TLS_CLIENT] = "did not take our TLS client certificate",
                [TRANSFER_NOT_HTTP] = "answers, but not in HTTP",
                [TRANSFER_TOO_LARGE] = "answers with more than anybody would read",
                [TRANSFER_CREDENTIAL] = "could not be asked: a credential cannot be read",
                [TRANSFER_NO_RESOURCES] = "could not be asked: this agent lacks descriptors or memory",
        };

        return strempty(texts[error]);
}

void webhook_describe(const struct answer *a, bool withheld, char *buf, size_t size) {
        char excerpt[128];

        buf[0] = '\0';
        if (a->error != TRANSFER_OK)
                text_append(buf, size, "%s%s%s%s", error_text(a->error), a->detail[0] ? " (" : "", a->detail,
                            a->detail[0] ? ")" : "");
        else if (a->status >= 300 && a->status < 400)
                text_append(buf, size, "answered HTTP %u, which sends us elsewhere; that is not followed",
                            a->status);
        else {
                text_append(buf, size, "answered HTTP %u", a->status);
                if (a->body_len > 0 && !withheld)
                        text_append(buf, size, " (%s)",
                                    text_copy_line(excerpt, sizeof(excerpt), a->body, a->body_len));
        }
}

static void on_answer(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct webhook *w = userdata;
        enum notify_result result = NOTIFY_FAILED;
        char why[NOTIFY_WHY_SIZE];

        if (a->error == TRANSFER_OK && a->status >= 200 && a->status < 300)
                result = NOTIFY_TAKEN;
        else if (a->error == TRANSFER_OK && is_refusal(a->status))
                result = NOTIFY_REFUSED;
        webhook_describe(a, w->withholds, why, sizeof(why));
        w->done(result, why, w->userdata);
}

int webhook_split_url(const char *url, char **ret_base, const char **ret_path) {
        const char *authority = strstr(url, "://");
        size_t len =
                authority ? strcspn(authority + 3, "/?#") + (size_t) (authority + 3 - url) : strlen(url);

        *ret_base = strndup(url, len);
        *ret_path = url[len] == '\0' ? "/" : url + len;
        return *ret_base ? 0 : -ENOMEM;
}

static int post(struct webhook *w,
                struct http_client *http,
                const struct notify_settings *s,
                const char *url,
                const char *text) {
        _cleanup_free_ char *base = NULL;
        const char *path;
        int r;

        r = webhook_split_url(url, &base, &path);
        if (r < 0)
                return r;
        const struct http_target target = {
                .base_url = base,
                .username = s->username,
                .password_file = s->password_file,
                .bearer_token_file = s->bearer_token_file,
                .ca_file = s->ca_file,
                .cert_file = s->cert_file,
                .key_file = s->key_file,
                .verify = s->verify,
                .timeout_usec = s->timeout_usec,
                .max_response_bytes = WEBHOOK_ANSWER_BYTES_MAX,
        };
        return http_post_json(http, &target, path, text, on_answer, w, &w->request);
}

/* The URL, and in *ret_secret what is to be freed of it. */
static int find_url(const struct notify_settings *s,
                    char why[static NOTIFY_WHY_SIZE],
                    char **ret_secret,
                    const char **ret_url) {
        const char *problem;
        int r;

        if (s->webhook) {
                *ret_url = s->webhook;
                return 0;
        }
        r = read_secret(s->webhook_file, ret_secret, &problem);
        if (r < 0) {
                char what[NOTIFY_WHY_SIZE / 2];

                (void) describe_file_problem("webhook_file", s->webhook_file, r, problem, what,
                                             sizeof(what));
                (void) snprintf(why, NOTIFY_WHY_SIZE, "could not be asked: %s", what);
                return r;
        }
        *ret_url = *ret_secret;
        return 0;
}

int webhook_send(struct http_client *http,
                 const struct notify_settings *settings,
                 const struct notification *n,
                 notify_sent_t done,
                 void *userdata,
                 char why[static NOTIFY_WHY_SIZE],
                 struct webhook **ret) {
        _cleanup_(webhook_unrefp) struct webhook *w = calloc(1, sizeof(*w));
        _cleanup_free_ char *text = notification_text(n, settings->format);
        char *secret = NULL;
        const char *url;
        int r = w && text ? 0 : -ENOMEM;

        (void) snprintf(why, NOTIFY_WHY_SIZE, "%s", error_text(TRANSFER_NO_RESOURCES));
        if (r < 0)
                return r;
        w->done = done;
        w->userdata = userdata;
        w->withholds = settings->webhook_file || settings->username || settings->bearer_token_file;
        r = find_url(settings, why, &secret, &url);
        if (r < 0)
                return r;
        r = post(w, http, settings, url, text);
        if (r == -EINVAL)
                (void) snprintf(why, NOTIFY_WHY_SIZE,
                                "could not be asked: webhook_file %s holds no URL that begins with http:// "
                                "or https://",
                                settings->webhook_file);
        secret_free(secret);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

struct webhook *webhook_unref(struct webhook *w) {
        if (!w)
                return NULL;
        http_request_unref(w->request);
        free(w);
        return NULL;
}
