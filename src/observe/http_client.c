/* Requests: from the look-up of the name to one answer. Knows nothing of workers. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "observe/curl_glue.h"
#include "observe/http_client_private.h"
#include "observe/http_site.h"
#include "util/clock.h"
#include "util/span.h"
#include "util/text.h"

#define DETAIL_SIZE 256
/* A site that no reload wants any more is forgotten after this. */
#define FORGOTTEN_USEC (10 * USEC_PER_MINUTE)
/* Only to say since when a certificate has expired. */
#define EXPIRY_TIMEOUT_USEC (5 * USEC_PER_SEC)

struct http_request {
        struct http_client *client; /* NULL: ended or cancelled */
        struct http_request *prev, *next;
        struct site *site;
        struct transfer *transfer;
        bool added; /* the transfer is curl's right now */
        bool only_certificate;
        bool for_expiry; /* the transfer is one that only shakes hands */
        struct lookup *lookup;
        sd_event_source *deadline; /* of the look-up */
        sd_event_source *early;    /* ended before it began: told from the loop */
        enum transfer_error error;
        enum http_method method;
        http_done_t done;
        void *userdata;
        usec_t started_usec, timeout_usec;
        char *path;
        char *json; /* of a POST; NULL: it has no body */
        char detail[DETAIL_SIZE];
};

struct site_entry {
        uint64_t hash;
        struct site *site;
};

struct http_client {
        sd_event *event;
        struct curl_glue *glue;
        struct resolver *resolver;
        struct http_request *requests;
        struct site_entry *sites;
        size_t n_sites;
        unsigned n_refs;
        bool closing;
};

static usec_t now_usec(void) {
        return clock_now(CLOCK_MONOTONIC);
}

/* ---- sites ---- */

static void forget_sites(struct http_client *c, usec_t now) {
        size_t kept = 0;

        for (size_t i = 0; i < c->n_sites; i++) {
                struct site *s = c->sites[i].site;

                if (s->n_busy == 0 && usec_sub(now, s->used_at_usec) >= FORGOTTEN_USEC)
                        site_free(s);
                else
                        c->sites[kept++] = c->sites[i];
        }
        c->n_sites = kept;
}

static int get_site(struct http_client *c, const struct http_target *target, usec_t now, struct site **ret) {
        uint64_t hash = target_hash(target);
        struct site_entry *sites;
        struct site *s;
        int r;

        for (size_t i = 0; i < c->n_sites; i++)
                if (c->sites[i].hash == hash && target_equal(&c->sites[i].site->target, target)) {
                        c->sites[i].site->used_at_usec = now;
                        *ret = c->sites[i].site;
                        return 0;
                }

        forget_sites(c, now);
        r = site_new(target, hash, &s);
        if (r < 0)
                return r;
        sites = reallocarray(c->sites, c->n_sites + 1, sizeof(*sites));
        if (!sites) {
                site_free(s);
                return -ENOMEM;
        }
        s->used_at_usec = now;
        c->sites = sites;
        c->sites[c->n_sites++] = (struct site_entry) { hash, s };
        curl_glue_keep(c->glue, (long) c->n_sites);
        *ret = s;
        return 0;
}

/* ---- the client ---- */

static void client_unref(struct http_client *c) {
        if (--c->n_refs > 0)
                return;
        for (size_t i = 0; i < c->n_sites; i++)
                site_free(c->sites[i].site);
        free(c->sites);
        sd_event_unref(c->event);
        free(c);
}

/* Takes the request out of the client and everything out of the request, but for its transfer, which is
 * returned. */
static struct transfer *request_detach(struct http_request *q) {
        struct http_client *c = TAKE_PTR(q->client);

        if (q->added)
                curl_glue_remove(c->glue, q->transfer->easy);
        q->added = false;
        q->lookup = lookup_unref(q->lookup);
        q->deadline = sd_event_source_disable_unref(q->deadline);
        q->early = sd_event_source_disable_unref(q->early);
        if (q->prev)
                q->prev->next = q->next;
        else
                c->requests = q->next; /* NOLINT(clang-analyzer-core.NullDereference): a listed one has its
                                          client */
        if (q->next)
                q->next->prev = q->prev;
        q->prev = q->next = NULL;
        return TAKE_PTR(q->transfer);
}

static void put_away(struct transfer *t, bool for_expiry) {
        if (!t)
                return;
        if (for_expiry)
                site_drop(t->site, t);
        else
                site_give_back(t->site, t);
}

/* Tells the answer. done may drop the request, and free the client. */
static void finish(struct http_request *q, struct answer *a) {
        struct http_client *c = q->client;
        bool for_expiry = q->for_expiry;
        struct transfer *t = request_detach(q);
        char detail[DETAIL_SIZE];

        memcpy(detail, q->detail, sizeof(detail));
        a->detail = detail;
        a->latency_usec = usec_sub(now_usec(), q->started_usec);
        c->n_refs++;
        q->done(q, a, q->userdata);
        put_away(t, for_expiry);
        client_unref(c);
}

static void finish_with_error(struct http_request *q, enum transfer_error error) {
        struct answer a = { .error = error, .content_type = "", .body = "", .redirect = "" };

        finish(q, &a);
}

static int on_early(_unused_ sd_event_source *s, void *userdata) {
        struct http_request *q = userdata;

        finish_with_error(q, q->error);
        return 0;
}

/* Ends the request from the next turn of the loop. */
static int end_early(struct http_request *q, enum transfer_error error) {
        q->error = error;
        return sd_event_add_defer(q->client->event, &q->early, on_early, q);
}

/* Without asking anybody. A socket has none. */
static bool addresses_known(const struct http_request *q, struct addresses *ret) {
        if (!q->site->socket_path)
                return resolver_known(q->client->resolver, q->site->host, ret);
        *ret = (struct addresses) { .list = "" };
        return true;
}

static usec_t time_left(const struct http_request *q) {
        return usec_sub(usec_add(q->started_usec, q->timeout_usec), now_usec());
}

/* ---- the transfer ---- */

static int begin_handshake(struct http_request *q, const struct addresses *a) {
        int r;

        r = site_take_for_expiry(q->site, a, time_left(q), &q->transfer);
        if (r < 0)
                return r;
        q->transfer->request = q;
        q->for_expiry = true;
        r = curl_glue_add(q->client->glue, q->transfer->easy);
        q->added = r >= 0;
        return r;
}

static int begin(struct http_request *q, const struct addresses *a) {
        int r;

        if (site_check_files(q->site, q->detail, sizeof(q->detail)) < 0)
                return end_early(q, TRANSFER_CREDENTIAL);
        if (q->only_certificate)
                return begin_handshake(q, a);
        if (transfer_set_credentials(q->transfer, q->detail, sizeof(q->detail)) < 0 ||
            transfer_set_headers(q->transfer, q->method, q->detail, sizeof(q->detail)) < 0)
                return end_early(q, TRANSFER_CREDENTIAL);
        r = transfer_set_method(q->transfer, q->method);
        if (r >= 0)
                r = transfer_set_body(q->transfer, q->json);
        if (r >= 0)
                r = transfer_prepare(q->transfer, q->path, a, time_left(q));
        if (r >= 0)
                r = curl_glue_add(q->client->glue, q->transfer->easy);
        if (r < 0) {
                text_copy_line(q->detail, sizeof(q->detail), strerror(-r), strlen(strerror(-r)));
                return end_early(q, TRANSFER_NO_RESOURCES);
        }
        q->added = true;
        return 0;
}

static void finish_expired(struct http_request *q) {
        q->detail[0] = '\0';
        if (q->site->expired[0] != '\0')
                text_append(q->detail, sizeof(q->detail), "expired since %s", q->site->expired);
        else
                text_append(q->detail, sizeof(q->detail), "expired");
        finish_with_error(q, TRANSFER_TLS_EXPIRED);
}

/* curl keeps no certificate that it did not trust: look at it once more, only to see its dates. */
static void look_at_expiry(struct http_request *q) {
        usec_t timeout = MIN(time_left(q), EXPIRY_TIMEOUT_USEC);
        struct transfer *t = NULL;
        struct addresses a;

        if (q->site->expired[0] != '\0' || timeout == 0 || !addresses_known(q, &a) ||
            site_take_for_expiry(q->site, &a, timeout, &t) < 0) {
                finish_expired(q);
                return;
        }
        site_give_back(q->site, q->transfer);
        t->request = q;
        q->transfer = t;
        q->for_expiry = true;
        if (curl_glue_add(q->client->glue, t->easy) < 0)
                finish_expired(q);
        else
                q->added = true;
}

/* Where a redirect leads, if that is below the site's URL; else "". */
static const char *redirect_path(const struct transfer *t) {
        const char *base = t->site->base_url;
        size_t len = strlen(base);
        char *url = NULL;

        (void) curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
        return url && strncmp(url, base, len) == 0 && url[len] == '/' ? url + len : "";
}

static void finish_transferred(struct http_request *q) {
        struct transfer *t = q->transfer;
        struct answer a = { .error = TRANSFER_OK, .body = t->body ? t->body : "", .body_len = t->body_len };
        char *type = NULL;
        long status = 0;

        (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        (void) curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
        a.status = (unsigned) status;
        a.content_type = strempty(type);
        a.redirect = redirect_path(t);
        a.withheld = t->site->target.headers_file;
        q->site->expired[0] = '\0';
        finish(q, &a);
}

static void finish_certificate(struct http_request *q, CURLcode code) {
        struct answer a = { .content_type = "", .body = "", .redirect = "" };

        a.error = transfer_error_of(q->transfer, code, q->detail, sizeof(q->detail));
        if (a.error == TRANSFER_OK)
                a.certificate_end_usec = (usec_t) transfer_certificate_end(q->transfer) * USEC_PER_SEC;
        finish(q, &a);
}

static void on_transferred(CURL *easy, CURLcode code, _unused_ void *userdata) {
        struct transfer *t = NULL;
        struct http_request *q;
        enum transfer_error error;

        if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t) != CURLE_OK || !t)
                return;
        q = t->request;
        q->added = false;
        if (q->only_certificate) {
                finish_certificate(q, code);
                return;
        }
        if (q->for_expiry) {
                if (code == CURLE_OK)
                        transfer_expired_since(t, time(NULL), q->site->expired, sizeof(q->site->expired));
                finish_expired(q);
                return;
        }

        error = transfer_error_of(t, code, q->detail, sizeof(q->detail));
        if (error == TRANSFER_OK)
                finish_transferred(q);
        else if (error == TRANSFER_TLS_EXPIRED)
                look_at_expiry(q);
        else
                finish_with_error(q, error);
}

/* ---- the name ---- */

static void on_resolved(_unused_ struct lookup *l, const struct addresses *a, void *userdata) {
        struct http_request *q = userdata;

        q->lookup = lookup_unref(q->lookup);
        q->deadline = sd_event_source_disable_unref(q->deadline);
        if (a->problem) {
                text_append(q->detail, sizeof(q->detail), "%s: %s", q->site->host, a->problem);
                finish_with_error(q, TRANSFER_NOT_RESOLVED);
        } else if (begin(q, a) < 0)
                finish_with_error(q, TRANSFER_NO_RESOURCES);
}

static int on_deadline(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        struct http_request *q = userdata;

        text_append(q->detail, sizeof(q->detail), "%s: the look-up did not end within %s", q->site->host,
                    SPAN(q->timeout_usec));
        finish_with_error(q, TRANSFER_NOT_RESOLVED);
        return 0;
}

static int resolve(struct http_request *q) {
        struct http_client *c = q->client;
        int r;

        r = resolver_lookup(c->resolver, q->site->host, on_resolved, q, &q->lookup);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(c->event, &q->deadline, CLOCK_MONOTONIC, q->timeout_usec,
                                          USEC_PER_MSEC, on_deadline, q);
}

/* ---- what others call ---- */

static int request_start(struct http_client *c,
                         const struct http_target *target,
                         enum http_method method,
                         const char *path, /* NULL: only the certificate */
                         const char *json,
                         http_body_t body,
                         http_done_t done,
                         void *userdata,
                         struct http_request **ret) {
        _cleanup_(http_request_unrefp) struct http_request *q = NULL;
        usec_t now = now_usec();
        struct addresses a;
        int r;

        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->started_usec = now;
        q->timeout_usec = target->timeout_usec;
        q->method = method;
        q->done = done;
        q->userdata = userdata;
        q->only_certificate = !path;
        r = free_and_strdup(&q->path, path);
        if (r >= 0)
                r = free_and_strdup(&q->json, json);
        if (r < 0)
                return r;
        r = get_site(c, target, now, &q->site);
        if (r < 0)
                return r;
        if (path) {
                r = site_take(q->site, &q->transfer);
                if (r < 0)
                        return r;
                q->transfer->request = q;
                q->transfer->body_taken = body;
                q->transfer->body_userdata = userdata;
        }
        q->client = c;
        q->next = c->requests;
        if (q->next)
                q->next->prev = q;
        c->requests = q;

        r = addresses_known(q, &a) ? begin(q, &a) : resolve(q);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(q);
        return 0;
}

int http_get(struct http_client *c,
             const struct http_target *target,
             const char *path,
             http_done_t done,
             void *userdata,
             struct http_request **ret) {
        return request_start(c, target, HTTP_GET, path, NULL, NULL, done, userdata, ret);
}

int http_ask(struct http_client *c,
             const struct http_target *target,
             const struct probe_ask *ask,
             http_done_t done,
             void *userdata,
             struct http_request **ret) {
        return request_start(c, target, ask->method, ask->path, NULL, NULL, done, userdata, ret);
}

int http_look_at_certificate(struct http_client *c,
                             const struct http_target *target,
                             http_done_t done,
                             void *userdata,
                             struct http_request **ret) {
        return request_start(c, target, HTTP_GET, NULL, NULL, NULL, done, userdata, ret);
}

int http_get_stream(struct http_client *c,
                    const struct http_target *target,
                    const char *path,
                    http_body_t body,
                    http_done_t done,
                    void *userdata,
                    struct http_request **ret) {
        return request_start(c, target, HTTP_GET, path, NULL, body, done, userdata, ret);
}

int http_post(struct http_client *c,
              const struct http_target *target,
              const char *path,
              http_done_t done,
              void *userdata,
              struct http_request **ret) {
        return request_start(c, target, HTTP_POST, path, NULL, NULL, done, userdata, ret);
}

int http_post_json(struct http_client *c,
                   const struct http_target *target,
                   const char *path,
                   const char *json,
                   http_done_t done,
                   void *userdata,
                   struct http_request **ret) {
        return request_start(c, target, HTTP_POST, path, json, NULL, done, userdata, ret);
}

struct http_request *http_request_unref(struct http_request *q) {
        if (!q)
                return NULL;
        if (q->client)
                put_away(request_detach(q), q->for_expiry);
        free(q->path);
        free(q->json);
        free(q);
        return NULL;
}

int http_client_new_full(sd_event *event, resolver_function_t function, struct http_client **ret) {
        struct http_client *c;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->n_refs = 1;
        c->event = sd_event_ref(event);
        r = curl_glue_new(event, on_transferred, c, &c->glue);
        if (r >= 0)
                r = resolver_new(event, function, &c->resolver);
        if (r < 0) {
                http_client_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

int http_client_new(sd_event *event, struct http_client **ret) {
        return http_client_new_full(event, NULL, ret);
}

struct resolver *http_client_resolver(struct http_client *c) {
        return c->resolver;
}

sd_event *http_client_event(struct http_client *c) {
        return c->event;
}

struct http_client *http_client_free(struct http_client *c) {
        if (!c || c->closing)
                return NULL;
        c->closing = true;
        while (c->requests) {
                struct http_request *q = c->requests;

                put_away(request_detach(q), q->for_expiry);
        }
        c->resolver = resolver_free(c->resolver);
        c->glue = curl_glue_free(c->glue);
        client_unref(c);
        return NULL;
}
