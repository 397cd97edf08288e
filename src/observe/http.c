/* The worker kind http: any service, asked one thing, with what is expected of the answer in the settings.
 * Pure: knows no socket and no clock. */
#include "observe/answer.h"
#include "observe/expectation.h"

static const struct reason_words words[] = {
        { REASON_STARTING_UP, "answers with a status that means that it is starting", "" },
        { REASON_TIMEOUT, "did not answer within the timeout",
          "See what the service waits for, and look at its CPU and memory." },
        { REASON_UNAUTHORIZED, "wants credentials (401)",
          "Set username and password_file, bearer_token_file or headers_file, and see that they are "
          "right." },
        { REASON_NOT_FOUND, "answers that there is no such path (404)",
          "See that url and path are right; write expect_status = 404 if that is what it should say." },
        {},
};

/* A URL that names a page is asked for as it stands: with a slash behind it, it is another page. */
static bool names_a_page(const char *url) {
        const char *authority = strstr(url, "://");

        return authority && strchr(authority + 3, '/');
}

static void http_begin(struct probe *p _unused_, const struct worker_settings *w, struct probe_ask *ret) {
        *ret = (struct probe_ask) {
                .path = w->path                ? w->path
                        : names_a_page(w->url) ? ""
                                               : "/",
                .method = w->method,
        };
}

static enum probe_verdict http_classify(struct probe *p,
                                        const struct worker_settings *w,
                                        const struct answer *a,
                                        struct observation *ret,
                                        struct probe_ask *ret_ask _unused_) {
        ret->http_status = a->status;
        if (a->error != TRANSFER_OK)
                return classify_transfer_error(p, a, ret);
        if (status_is_listed(w->starting_status, a->status))
                return conclude(a, ret, OUTCOME_STARTING, REASON_STARTING_UP);
        if (!status_is_listed(w->expect_status, a->status))
                return a->status < 300 ? conclude(a, ret, OUTCOME_FAILING, REASON_UNEXPECTED)
                                       : classify_other_status(a, ret, REASON_UNEXPECTED);
        if (w->degraded_body && body_matches(w->degraded_body, a->body, a->body_len)) {
                p->seen_ok = true;
                return conclude(a, ret, OUTCOME_DEGRADED, REASON_DEGRADED);
        }
        if (w->expect_body && !body_matches(w->expect_body, a->body, a->body_len))
                return conclude(a, ret, OUTCOME_FAILING, REASON_UNEXPECTED);
        return conclude_ok(p, a, ret);
}

const struct worker_kind http_kind = {
        .name = "http",
        .default_url = "http://127.0.0.1:80",
        .n_steps = 1,
        .words = words,
        .begin = http_begin,
        .classify = http_classify,
};
