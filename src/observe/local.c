/* Whether a URL's host is this machine, for the hold not-this-host. Knows no poll. */
#include <errno.h>

#include <curl/curl.h>

#include <systemd/sd-event.h>

#include "observe/http_client_private.h"
#include "observe/poll.h"

/* A look-up that hangs for longer is told as one that cannot be had. */
#define PATIENCE_USEC (30 * USEC_PER_SEC)

struct local_question {
        struct local_question **first;  /* the client's list */
        struct local_question *next;
        struct lookup *lookup;
        sd_event_source *source;        /* the deadline, or the answer known at once */
        int answer;
        poll_local_t done;
        void *userdata;
};

static void question_free(struct local_question *q) {
        for (struct local_question **p = q->first; *p; p = &(*p)->next)
                if (*p == q) {
                        *p = q->next;
                        break;
                }
        lookup_unref(q->lookup);
        sd_event_source_disable_unref(q->source);
        free(q);
}

void local_questions_free(struct local_question **first) {
        while (*first)
                question_free(*first);
}

static void question_finish(struct local_question *q, int answer) {
        poll_local_t done = q->done;
        void *userdata = q->userdata;

        question_free(q);
        done(answer, userdata);
}

static int on_known(_unused_ sd_event_source *s, void *userdata) {
        struct local_question *q = userdata;

        question_finish(q, q->answer);
        return 0;
}

static int on_deadline(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        question_finish(userdata, -ETIMEDOUT);
        return 0;
}

static void on_resolved(_unused_ struct lookup *l, const struct addresses *a, void *userdata) {
        question_finish(userdata, a->problem ? -EHOSTUNREACH : a->is_local);
}

static int url_host(const char *url, char **ret) {
        CURLU *u = curl_url();
        char *host = NULL;
        int r = -EINVAL;

        if (!u)
                return -ENOMEM;
        if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
                *ret = strdup(host);
                r = *ret ? 0 : -ENOMEM;
        }
        curl_free(host);
        curl_url_cleanup(u);
        return r;
}

int poll_url_is_local(struct http_client *c, const char *url, poll_local_t done, void *userdata) {
        sd_event *event = http_client_event(c);
        _cleanup_free_ char *host = NULL;
        struct local_question *q;
        struct addresses a;
        int r;

        r = url_host(url, &host);
        if (r < 0)
                return r;
        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->done = done;
        q->userdata = userdata;
        q->first = http_client_local_questions(c);
        q->next = *q->first;
        *q->first = q;

        if (resolver_known(http_client_resolver(c), host, &a)) {
                q->answer = a.is_local;
                r = sd_event_add_defer(event, &q->source, on_known, q);
        } else {
                r = resolver_lookup(http_client_resolver(c), host, on_resolved, q, &q->lookup);
                if (r >= 0)
                        r = sd_event_add_time_relative(event,
                                                       &q->source,
                                                       CLOCK_MONOTONIC,
                                                       PATIENCE_USEC,
                                                       USEC_PER_SEC,
                                                       on_deadline,
                                                       q);
        }
        if (r < 0) {
                question_free(q);
                return r;
        }
        return 0;
}
