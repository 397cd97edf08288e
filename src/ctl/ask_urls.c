/* Asks every worker's URL and its peers, as the agent would, all at once. Judges no answer. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <curl/curl.h>
#include <systemd/sd-event.h>

#include "ctl/ask_urls.h"
#include "observe/http_client_private.h"
#include "observe/poll.h"
#include "util/clock.h"
#include "util/listen_address.h"

#define TIMEOUT_MAX USEC_PER_MINUTE

struct question {
        struct asking *asking;
        struct worker_settings settings; /* the worker's, with another url or timeout; owns nothing */
        struct probe probe;
        struct poll *poll;
        struct observation *seen;
};

struct asking_worker {
        struct asking *asking;
        struct url_facts *facts;
        char *host;
        struct question url, *peers;
        size_t n_peers;
        struct poll_local *local;
        struct http_request *certificate;
};

struct asking {
        sd_event *event;
        struct http_client *http;
        struct asking_worker *workers;
        size_t n_workers, n_open;
};

usec_t ask_urls_now(void) {
        return clock_now(CLOCK_BOOTTIME);
}

static void ended(struct asking *a) {
        if (--a->n_open == 0)
                (void) sd_event_exit(a->event, 0);
}

/* ---- one poll ---- */

static void on_polled(_unused_ struct poll *p, const struct observation *o, void *userdata) {
        struct question *q = userdata;

        *q->seen = *o;
        ended(q->asking);
}

static void ask(struct asking *a,
                struct question *q,
                const struct worker_settings *w,
                char *url,
                struct observation *seen) {
        int r;

        q->asking = a;
        q->seen = seen;
        q->settings = *w;
        q->settings.url = url;
        q->settings.timeout_usec = MIN(w->timeout_usec, TIMEOUT_MAX);
        /* It is asked once: that it refuses is then no sign of a start. */
        q->probe.seen_ok = true;
        r = poll_start(a->http, &q->settings, &q->probe, ask_urls_now, on_polled, q, &q->poll);
        if (r >= 0) {
                a->n_open++;
                return;
        }
        *seen = (struct observation) { .outcome = OUTCOME_UNKNOWN, .reason = REASON_NO_RESOURCES };
        (void) snprintf(seen->detail, sizeof(seen->detail), "%s", strerror(-r));
}

/* ---- what else is asked of a worker ---- */

static void on_local(_unused_ struct poll_local *l, int is_local, void *userdata) {
        struct asking_worker *w = userdata;
        struct addresses known;

        w->facts->is_local = is_local;
        if (is_local > 0 && w->host &&
            resolver_known(http_client_resolver(w->asking->http), w->host, &known))
                (void) snprintf(w->facts->addresses, sizeof(w->facts->addresses), "%s",
                                isempty(known.list) ? w->host : known.list);
        ended(w->asking);
}

static void on_certificate(_unused_ struct http_request *r, const struct answer *a, void *userdata) {
        struct asking_worker *w = userdata;

        w->facts->certificate_end_usec = a->certificate_end_usec;
        ended(w->asking);
}

static int split_url(const char *url, char **ret_host, uint16_t *ret_port) {
        CURLU *u = curl_url();
        char *host = NULL, *port = NULL;
        int r = -EINVAL;

        if (!u)
                return -ENOMEM;
        if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
                *ret_port = (uint16_t) strtoul(port, NULL, 10);
                *ret_host = strdup(host);
                r = *ret_host ? 0 : -ENOMEM;
        }
        curl_free(host);
        curl_free(port);
        curl_url_cleanup(u);
        return r;
}

static int ask_worker(struct asking *a,
                      const struct worker_settings *w,
                      struct asking_worker *to,
                      struct url_facts *facts) {
        int r;

        to->asking = a;
        to->facts = facts;
        if (!listen_address_path(w->url)) {
                r = split_url(w->url, &to->host, &facts->port);
                if (r < 0)
                        return r;
        }
        ask(a, &to->url, w, w->url, &facts->seen);
        r = poll_url_is_local(a->http, w->url, on_local, to, &to->local);
        if (r < 0)
                return r;
        a->n_open++;
        if (strncmp(w->url, "https:", strlen("https:")) == 0) {
                struct http_target target = poll_target(&to->url.settings);

                r = http_look_at_certificate(a->http, &target, on_certificate, to, &to->certificate);
                if (r < 0)
                        return r;
                a->n_open++;
        }
        for (char **peer = w->peers; peer && *peer; peer++)
                facts->n_peers++;
        if (facts->n_peers == 0)
                return 0;
        facts->peers = calloc(facts->n_peers, sizeof(*facts->peers));
        to->peers = calloc(facts->n_peers, sizeof(*to->peers));
        if (!facts->peers || !to->peers) {
                facts->n_peers = 0;
                return -ENOMEM;
        }
        for (; to->n_peers < facts->n_peers; to->n_peers++) {
                facts->peers[to->n_peers].url = w->peers[to->n_peers];
                ask(a, &to->peers[to->n_peers], w, w->peers[to->n_peers], &facts->peers[to->n_peers].seen);
        }
        return 0;
}

static void asking_done(struct asking *a) {
        for (size_t i = 0; i < a->n_workers; i++) {
                struct asking_worker *w = &a->workers[i];

                poll_unref(w->url.poll);
                for (size_t p = 0; p < w->n_peers; p++)
                        poll_unref(w->peers[p].poll);
                free(w->peers);
                poll_local_unref(w->local);
                http_request_unref(w->certificate);
                free(w->host);
        }
        free(a->workers);
        http_client_free(a->http);
        sd_event_unref(a->event);
}

int ask_urls(const struct settings *s, struct url_facts *facts) {
        _cleanup_(asking_done) struct asking a = {};
        int r;

        if (s->n_workers == 0)
                return 0;
        r = sd_event_new(&a.event);
        if (r >= 0)
                r = http_client_new(a.event, &a.http);
        if (r < 0)
                return r;
        a.workers = calloc(s->n_workers, sizeof(*a.workers));
        if (!a.workers)
                return -ENOMEM;
        for (; a.n_workers < s->n_workers; a.n_workers++) {
                r = ask_worker(&a, s->workers[a.n_workers], &a.workers[a.n_workers], &facts[a.n_workers]);
                if (r < 0) {
                        a.n_workers++;
                        return r;
                }
        }
        return a.n_open > 0 ? sd_event_loop(a.event) : 0;
}

void url_facts_done(struct url_facts *facts) {
        free(TAKE_PTR(facts->peers));
        facts->n_peers = 0;
}
