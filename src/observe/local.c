/* Whether a URL's host is this machine, for the hold not-this-host. Knows no poll. */
#include <errno.h>

#include <curl/curl.h>

#include <systemd/sd-event.h>

#include "observe/http_client_private.h"
#include "observe/poll.h"
#include "util/listen_address.h"

/* A look-up that hangs for longer is told as one that cannot be had. */
#define PATIENCE_USEC (30 * USEC_PER_SEC)

struct poll_local {
        struct lookup *lookup;
        sd_event_source *source; /* the deadline, or the answer known at once */
        int answer;
        poll_local_t done;
        void *userdata;
};

struct poll_local *poll_local_unref(struct poll_local *l) {
        if (!l)
                return NULL;
        lookup_unref(l->lookup);
        sd_event_source_disable_unref(l->source);
        free(l);
        return NULL;
}

/* done may drop the slot. */
static void finish(struct poll_local *l, int answer) {
        l->lookup = lookup_unref(l->lookup);
        l->source = sd_event_source_disable_unref(l->source);
        l->done(l, answer, l->userdata);
}

static int on_known(_unused_ sd_event_source *s, void *userdata) {
        struct poll_local *l = userdata;

        finish(l, l->answer);
        return 0;
}

static int on_deadline(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        finish(userdata, -ETIMEDOUT);
        return 0;
}

static void on_resolved(_unused_ struct lookup *l, const struct addresses *a, void *userdata) {
        finish(userdata, a->problem ? -EHOSTUNREACH : a->is_local);
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

int poll_url_is_local(struct http_client *c,
                      const char *url,
                      poll_local_t done,
                      void *userdata,
                      struct poll_local **ret) {
        _cleanup_(poll_local_unrefp) struct poll_local *l = NULL;
        sd_event *event = http_client_event(c);
        bool is_socket = listen_address_path(url);
        _cleanup_free_ char *host = NULL;
        struct addresses a;
        int r;

        if (!is_socket) {
                r = url_host(url, &host);
                if (r < 0)
                        return r;
        }
        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->done = done;
        l->userdata = userdata;

        if (is_socket || resolver_known(http_client_resolver(c), host, &a)) {
                l->answer = is_socket || a.is_local || resolver_is_local_literal(host);
                r = sd_event_add_defer(event, &l->source, on_known, l);
        } else {
                r = resolver_lookup(http_client_resolver(c), host, on_resolved, l, &l->lookup);
                if (r >= 0)
                        r = sd_event_add_time_relative(event, &l->source, CLOCK_MONOTONIC, PATIENCE_USEC,
                                                       USEC_PER_SEC, on_deadline, l);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}
