/* What is kept between the requests to one server: its settings, and a curl handle set up for them. */
#pragma once

#include <time.h>

#include <curl/curl.h>

#include "observe/http_client.h"

struct addresses;
struct site;

/* A curl handle set up for one site, and what one request with it has brought so far. */
struct transfer {
        struct site *site;
        CURL *easy;
        struct http_request *request;            /* whose it is right now */
        char *path;                              /* which URL is set */
        struct curl_slist *resolve, *connect_to; /* the addresses that are set, */
        unsigned generation;                     /* and which they are */
        http_body_t body_taken;                  /* NULL: it is kept whole */
        void *body_userdata;
        char *body;
        size_t body_len, body_size;
        uint64_t received_bytes;
        enum http_method method;
        struct curl_slist *headers; /* that are set; some may be secrets */
        size_t header_len;
        int socket_error; /* errno of socket(2) */
        bool too_large;
        bool no_memory;
        char error[CURL_ERROR_SIZE];
};

struct site {
        struct http_target target; /* owns its strings */
        uint64_t hash;
        const char *socket_path; /* of unix:/PATH, within the target's URL; NULL: it is reached by TCP */
        const char *base_url;    /* what paths are added to: the target's URL, or any one over a socket */
        char *host, *port;       /* as in that; the host with its brackets */
        bool is_https;
        struct transfer *idle;
        unsigned n_busy;
        usec_t used_at_usec;
        char expired[64]; /* the server's certificate: since when, as far as known */
};

/* A hash over all that makes two targets differ. */
uint64_t target_hash(const struct http_target *t) _pure_;
/* A copy that owns its strings. On error *to is to be cleared all the same. */
int target_copy(const struct http_target *from, struct http_target *to);
void target_clear(struct http_target *t);
bool target_equal(const struct http_target *a, const struct http_target *b) _pure_;

/* Returns 0, -EINVAL (no URL that we take), -ENOMEM. */
int site_new(const struct http_target *target, uint64_t hash, struct site **ret);
struct site *site_free(struct site *s);

/* Takes the idle transfer or makes one. */
int site_take(struct site *s, struct transfer **ret);
/* Gives it back to be used again, or drops it. */
void site_give_back(struct site *s, struct transfer *t);
void site_drop(struct site *s, struct transfer *t);

/* Sets what changes from one request to the next. Returns 0 or -ENOMEM. */
int transfer_prepare(struct transfer *t, const char *path, const struct addresses *a, usec_t timeout_usec);
/* As it was the last time until it is set anew. Returns 0 or -ENOMEM. */
int transfer_set_method(struct transfer *t, enum http_method method);
/* What a POST sends, copied; NULL: nothing. Returns 0 or -ENOMEM. */
int transfer_set_body(struct transfer *t, const char *json);

/* curl opens these files itself, and would wait for a pipe's other end, and all of the agent with it.
 * Returns 0, or -EINVAL where one is no regular file; *detail is then a clause that names it. One that is
 * missing is curl's to tell. */
int site_check_files(const struct site *s, char *detail, size_t size);
/* Returns 0, or a negative errno when a credential cannot be read; *detail is then a clause that names
 * its file. */
int transfer_set_credentials(struct transfer *t, char *detail, size_t size);
/* Sets those of headers_file, and what a request of that method has besides. Returns as above. */
int transfer_set_headers(struct transfer *t, enum http_method method, char *detail, size_t size);
void transfer_clear_headers(struct transfer *t);

/* A transfer that only shakes hands, trusting whatever certificate is shown, to read its dates; no
 * credential is sent. To be dropped. */
int site_take_for_expiry(struct site *s,
                         const struct addresses *a,
                         usec_t timeout_usec,
                         struct transfer **ret);

/* How the transfer ended, in our words; detail gets the cause, or "". */
enum transfer_error transfer_error_of(const struct transfer *t, CURLcode code, char *detail, size_t size);
/* When the first certificate of the chain that was shown ends; 0 when that is not told. */
time_t transfer_certificate_end(const struct transfer *t);
/* Since when a certificate of the chain that was shown has expired: "2026-11-01 12:00:00 UTC", or "" when
 * none has. */
void transfer_expired_since(const struct transfer *t, time_t now, char *buf, size_t size);
