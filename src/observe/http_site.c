/* What is kept between the requests to one server, so that a poll sets nothing up anew. Knows no loop. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "observe/http_site.h"
#include "observe/resolver.h"
#include "util/hash.h"
#include "util/listen_address.h"
#include "util/text.h"

#define HEADERS_BYTES_MAX ((size_t) 64 * 1024)
/* Of the body of an answer that nobody awaited. */
#define EXCERPT_BYTES_MAX ((size_t) 4 * 1024)
#define BODY_BYTES_FIRST ((size_t) 1024)
/* A CA file that was mended is read again after this many seconds. */
#define CA_CACHE_SEC 60L

#define USER_AGENT "connect-watchdog/" PROJECT_VERSION

/* ---- targets ---- */

static void hash_text(uint64_t *h, const char *text) {
        *h = hash_bytes(*h, strempty(text), strlen(strempty(text)));
        *h = hash_bytes(*h, text ? "\1" : "\2", 1);
}

uint64_t target_hash(const struct http_target *t) {
        uint64_t h = HASH_BASIS;

        hash_text(&h, t->base_url);
        hash_text(&h, t->username);
        hash_text(&h, t->password);
        hash_text(&h, t->password_file);
        hash_text(&h, t->bearer_token_file);
        hash_text(&h, t->headers_file);
        hash_text(&h, t->ca_file);
        hash_text(&h, t->cert_file);
        hash_text(&h, t->key_file);
        return h ^ (t->verify ? 1U : 0U) ^ t->max_response_bytes;
}

bool target_equal(const struct http_target *a, const struct http_target *b) {
        return streq(a->base_url, b->base_url) && streq_ptr(a->username, b->username) &&
               streq_ptr(a->password, b->password) && streq_ptr(a->password_file, b->password_file) &&
               streq_ptr(a->bearer_token_file, b->bearer_token_file) &&
               streq_ptr(a->headers_file, b->headers_file) && streq_ptr(a->ca_file, b->ca_file) &&
               streq_ptr(a->cert_file, b->cert_file) && streq_ptr(a->key_file, b->key_file) &&
               a->verify == b->verify && a->max_response_bytes == b->max_response_bytes;
}

static int copy_text(const char **field, const char *from) {
        *field = NULL;
        if (from)
                *field = strdup(from);
        return from && !*field ? -ENOMEM : 0;
}

int target_copy(const struct http_target *from, struct http_target *to) {
        const char *const sources[] = { from->base_url,      from->username,          from->password,
                                        from->password_file, from->bearer_token_file, from->headers_file,
                                        from->ca_file,       from->cert_file,         from->key_file };
        const char **const fields[] = { &to->base_url,      &to->username,          &to->password,
                                        &to->password_file, &to->bearer_token_file, &to->headers_file,
                                        &to->ca_file,       &to->cert_file,         &to->key_file };
        int r = 0;

        *to = *from;
        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                if (copy_text(fields[i], sources[i]) < 0)
                        r = -ENOMEM;
        return r;
}

void target_clear(struct http_target *t) {
        const char **const fields[] = { &t->base_url,          &t->username,     &t->password_file,
                                        &t->bearer_token_file, &t->headers_file, &t->ca_file,
                                        &t->cert_file,         &t->key_file };

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                free((char *) TAKE_PTR(*fields[i]));
        secret_free((char *) TAKE_PTR(t->password));
}

static void transfer_free(struct transfer *t) {
        if (!t)
                return;
        if (t->easy)
                curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->resolve);
        curl_slist_free_all(t->connect_to);
        transfer_clear_headers(t);
        free(t->path);
        free(t->body);
        free(t);
}

/* Splits the URL. User and password in it would end in logs and error messages: they are not taken. */
static int split_url(struct site *s) {
        CURLU *u = curl_url();
        char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
        int r = -EINVAL;

        if (!u)
                return -ENOMEM;
        if (curl_url_set(u, CURLUPART_URL, s->base_url, 0) != CURLUE_OK ||
            curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
            curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
            curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
            curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
                goto finish;
        s->is_https = streq(scheme, "https");
        if (!s->is_https && !streq(scheme, "http"))
                goto finish;
        for (const char *p = host; *p; p++)
                if ((unsigned char) *p > 126)
                        goto finish;

        s->host = strdup(host);
        s->port = strdup(port);
        r = s->host && s->port ? 0 : -ENOMEM;

finish:
        curl_free(scheme);
        curl_free(host);
        curl_free(port);
        curl_free(user);
        curl_url_cleanup(u);
        return r;
}

int site_new(const struct http_target *target, uint64_t hash, struct site **ret) {
        struct site *s;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->hash = hash;
        r = target_copy(target, &s->target);
        if (r >= 0) {
                s->socket_path = listen_address_path(s->target.base_url);
                s->base_url = s->socket_path ? "http://localhost" : s->target.base_url;
                r = split_url(s);
        }
        if (r < 0) {
                site_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

struct site *site_free(struct site *s) {
        if (!s)
                return NULL;
        transfer_free(s->idle);
        target_clear(&s->target);
        free(s->host);
        free(s->port);
        free(s);
        return NULL;
}

/* ---- what curl calls while it transfers ---- */

static size_t keep_body(struct transfer *t, const char *data, size_t len) {
        if (len > t->body_size - t->body_len) {
                size_t size = MAX(t->body_size * 2, t->body_len + len);
                char *p;

                size = MAX(size, BODY_BYTES_FIRST);
                p = realloc(t->body, size);

                if (!p) {
                        t->no_memory = true;
                        return 0;
                }
                t->body = p;
                t->body_size = size;
        }
        memcpy(t->body + t->body_len, data, len);
        t->body_len += len;
        return len;
}

static size_t on_body(char *data, _unused_ size_t one, size_t len, void *userdata) {
        struct transfer *t = userdata;
        long status = 0;

        if (len > t->site->target.max_response_bytes - t->received_bytes) {
                t->too_large = true;
                return 0;
        }
        t->received_bytes += len;
        if (!t->body_taken)
                return keep_body(t, data, len);

        (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200)
                return t->body_taken(data, len, t->body_userdata) < 0 ? 0 : len;
        (void) keep_body(t, data, MIN(len, EXCERPT_BYTES_MAX - t->body_len));
        return t->no_memory ? 0 : len;
}

static size_t on_header(_unused_ char *data, _unused_ size_t one, size_t len, void *userdata) {
        struct transfer *t = userdata;

        t->header_len += len;
        if (t->header_len <= HEADERS_BYTES_MAX)
                return len;
        t->too_large = true;
        return 0;
}

/* Some versions leave out SOCK_CLOEXEC; and a lack of descriptors must not look like a worker that
 * refuses. */
static curl_socket_t on_open_socket(void *userdata,
                                    _unused_ curlsocktype purpose,
                                    struct curl_sockaddr *address) {
        struct transfer *t = userdata;
        int fd;

        fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
        if (fd < 0) {
                t->socket_error = errno;
                return CURL_SOCKET_BAD;
        }
        return fd;
}

/* ---- transfers ---- */

/* CURLcode values are zero or positive: each setting that fails leaves a bit. */
static int set_common(struct transfer *t) {
        CURL *e = t->easy;
        unsigned bad = 0;

        bad |= curl_easy_setopt(e, CURLOPT_PRIVATE, t);
        bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
        bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
        bad |= curl_easy_setopt(e, CURLOPT_PROXY, "");
        bad |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
        bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        bad |= curl_easy_setopt(e, CURLOPT_USERAGENT, USER_AGENT);
        bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
        bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
#if HAVE_CURLOPT_PROTOCOLS_STR
        bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
        bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
        bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
        bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
        if (t->site->socket_path)
                bad |= curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, t->site->socket_path);
        bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
        bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
        return bad ? -ENOMEM : 0;
}

static int set_tls(struct transfer *t) {
        const struct http_target *target = &t->site->target;
        CURL *e = t->easy;
        unsigned bad = 0;

        if (!t->site->is_https)
                return 0;
        bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, target->verify ? 1L : 0L);
        bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, target->verify ? 2L : 0L);
        bad |= curl_easy_setopt(e, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
#if HAVE_CURLOPT_CA_CACHE_TIMEOUT
        /* Where the TLS library has no such cache this fails, and there is nothing to set. */
        (void) curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_SEC);
#endif
        if (target->ca_file)
                bad |= curl_easy_setopt(e, CURLOPT_CAINFO, target->ca_file);
        if (target->cert_file) {
                bad |= curl_easy_setopt(e, CURLOPT_SSLCERT, target->cert_file);
                bad |= curl_easy_setopt(e, CURLOPT_SSLKEY,
                                        target->key_file ? target->key_file : target->cert_file);
                /* Without one OpenSSL would ask the terminal for that of an encrypted key, and wait. */
                bad |= curl_easy_setopt(e, CURLOPT_KEYPASSWD, "");
        }
        return bad ? -ENOMEM : 0;
}

static int transfer_new(struct site *s, struct transfer **ret) {
        struct transfer *t;

        t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->site = s;
        t->easy = curl_easy_init();
        if (!t->easy || set_common(t) < 0 || set_tls(t) < 0) {
                transfer_free(t);
                return -ENOMEM;
        }
        *ret = t;
        return 0;
}

int site_take(struct site *s, struct transfer **ret) {
        struct transfer *t = TAKE_PTR(s->idle);
        int r;

        if (!t) {
                r = transfer_new(s, &t);
                if (r < 0)
                        return r;
        }
        s->n_busy++;
        *ret = t;
        return 0;
}

void site_drop(struct site *s, struct transfer *t) {
        s->n_busy--;
        transfer_free(t);
}

void site_give_back(struct site *s, struct transfer *t) {
        if (s->idle) {
                site_drop(s, t);
                return;
        }
        s->n_busy--;
        t->request = NULL;
        t->body_taken = NULL;
        free(TAKE_PTR(t->body));
        t->body_size = t->body_len = 0;
        s->idle = t;
}

static int append_printf(struct curl_slist **l, const char *format, ...) _printf_(2, 3);
static int append_printf(struct curl_slist **l, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        struct curl_slist *longer;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return -ENOMEM;
        }
        longer = curl_slist_append(*l, text);
        if (!longer)
                return -ENOMEM;
        *l = longer;
        return 0;
}

/* The addresses stay in curl's own table from here on, so only changed ones are set. They stand there under
 * a name of their own, which curl connects to in the host's place: a connection that was kept is then not
 * used again once the name has moved. */
static int set_addresses(struct transfer *t, const struct addresses *a) {
        struct curl_slist *resolve = NULL, *connect_to = NULL;
        const char *port = t->site->port;
        int r = 0;

        if (a->list[0] == '\0' || t->generation == a->generation)
                return 0;
        if (t->generation > 0)
                r = append_printf(&resolve, "-addresses-%u:%s", t->generation, port);
        if (r >= 0)
                r = append_printf(&resolve, "addresses-%u:%s:%s", a->generation, port, a->list);
        if (r >= 0)
                r = append_printf(&connect_to, "::addresses-%u:", a->generation);
        if (r < 0 || curl_easy_setopt(t->easy, CURLOPT_RESOLVE, resolve) != CURLE_OK ||
            curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, connect_to) != CURLE_OK) {
                curl_slist_free_all(resolve);
                curl_slist_free_all(connect_to);
                return -ENOMEM;
        }
        curl_slist_free_all(t->resolve);
        curl_slist_free_all(t->connect_to);
        t->resolve = resolve;
        t->connect_to = connect_to;
        t->generation = a->generation;
        return 0;
}

int transfer_set_method(struct transfer *t, enum http_method method) {
        bool post = method == HTTP_POST;
        unsigned bad = 0;

        if (t->method == method)
                return 0;
        /* Undoes any of the others. */
        bad |= curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
        if (post)
                bad |= curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
        else if (method == HTTP_HEAD)
                bad |= curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        t->method = method;
        return bad ? -ENOMEM : 0;
}

int transfer_set_body(struct transfer *t, const char *json) {
        unsigned bad = 0;

        if (t->method != HTTP_POST)
                return 0;
        bad |= curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, (long) strlen(strempty(json)));
        bad |= curl_easy_setopt(t->easy, CURLOPT_COPYPOSTFIELDS, strempty(json));
        return bad ? -ENOMEM : 0;
}

int transfer_prepare(struct transfer *t, const char *path, const struct addresses *a, usec_t timeout_usec) {
        usec_t whole_msec = MIN(timeout_usec / USEC_PER_MSEC, (usec_t) INT32_MAX);
        long msec = (long) MAX(whole_msec, 1U);
        unsigned bad = 0;

        t->body_len = t->header_len = 0;
        t->received_bytes = 0;
        t->socket_error = 0;
        t->too_large = t->no_memory = false;
        t->error[0] = '\0';
        bad |= curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, msec);
        bad |= curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, msec);
        if (!streq_ptr(t->path, path)) {
                _cleanup_free_ char *url = NULL;

                /* Not known while it changes: a request must never ask for another's path. */
                free(TAKE_PTR(t->path));
                if (asprintf(&url, "%s%s", t->site->base_url, path) < 0) {
                        url = NULL;
                        return -ENOMEM;
                }
                if (curl_easy_setopt(t->easy, CURLOPT_URL, url) != CURLE_OK ||
                    free_and_strdup(&t->path, path) < 0)
                        return -ENOMEM;
        }
        return bad ? -ENOMEM : set_addresses(t, a);
}

int site_take_for_expiry(struct site *s,
                         const struct addresses *a,
                         usec_t timeout_usec,
                         struct transfer **ret) {
        struct transfer *t;
        unsigned bad = 0;
        int r;

        r = transfer_new(s, &t);
        if (r < 0)
                return r;
        bad |= curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L);
        bad |= curl_easy_setopt(t->easy, CURLOPT_CERTINFO, 1L);
        bad |= curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 0L);
        bad |= curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 0L);
        if (bad || transfer_prepare(t, "", a, timeout_usec) < 0) {
                transfer_free(t);
                return -ENOMEM;
        }
        s->n_busy++;
        *ret = t;
        return 0;
}
