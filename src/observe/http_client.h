/* HTTP over curl multi on the sd-event loop: kept connections, timeouts, body cap, names resolved off the
 * loop. Knows nothing of workers. */
#pragma once

#include "observe/kind.h"

typedef struct sd_event sd_event;
struct http_client;
struct http_request; /* the slot: unref cancels */

/* How to reach and enter one server; copied by http_request_new. */
struct http_target {
        const char
                *base_url; /* "https://host:8083", without a trailing slash, may have a path; "unix:/PATH" */
        const char *username; /* basic auth, with one of the next two */
        const char *password;
        const char *password_file;
        const char *bearer_token_file;
        const char *headers_file; /* "Name: value" in each line, sent with each request */
        const char *ca_file, *cert_file, *key_file;
        bool verify;
        usec_t timeout_usec; /* for the whole request, name resolution included */
        uint64_t max_response_bytes;
};

typedef void (*http_done_t)(struct http_request *r, const struct answer *a, void *userdata);

/* Returns 0 or a negative errno. */
int http_client_new(sd_event *event, struct http_client **ret);
/* Cancels what is under way. Does not wait for a resolver that hangs. */
struct http_client *http_client_free(struct http_client *c);
DEFINE_CLEANUP(struct http_client *, http_client_free)

/* Starts a GET of base_url + path. done is called exactly once from the loop, never from within this
 * call, unless the request is unref'd before. Returns 0 or a negative errno (nothing was started).
 * Credentials are read from their files for each request, so a changed file is picked up. */
int http_get(struct http_client *c,
             const struct http_target *target,
             const char *path,
             http_done_t done,
             void *userdata,
             struct http_request **ret);

/* As http_get(), but what a kind wants asked. */
int http_ask(struct http_client *c,
             const struct http_target *target,
             const struct probe_ask *ask,
             http_done_t done,
             void *userdata,
             struct http_request **ret);

/* As http_get(), but only shakes hands with a server of https, trusting whatever certificate it shows and
 * sending no credential: done gets certificate_end_usec, when the first of its chain ends. */
int http_look_at_certificate(struct http_client *c,
                             const struct http_target *target,
                             http_done_t done,
                             void *userdata,
                             struct http_request **ret);

/* Takes the next bytes of a body. Returns 0, or a negative errno, which ends the request (as
 * TRANSFER_NO_RESOURCES; the taker knows better). Must not touch the client. */
typedef int (*http_body_t)(const char *data, size_t len, void *userdata);

/* As http_get(), but the body of a 200 is handed to body as it comes in (max_response_bytes counts for all
 * of it) and is not in the answer. Of any other answer a little is kept, for a person. */
int http_get_stream(struct http_client *c,
                    const struct http_target *target,
                    const char *path,
                    http_body_t body,
                    http_done_t done,
                    void *userdata,
                    struct http_request **ret);

/* As http_get(), but a POST without a body. */
int http_post(struct http_client *c,
              const struct http_target *target,
              const char *path,
              http_done_t done,
              void *userdata,
              struct http_request **ret);

/* The same with a JSON text as its body, which is copied. */
int http_post_json(struct http_client *c,
                   const struct http_target *target,
                   const char *path,
                   const char *json,
                   http_done_t done,
                   void *userdata,
                   struct http_request **ret);

/* Cancels when still under way, and frees. May be called from within done. */
struct http_request *http_request_unref(struct http_request *q);
DEFINE_CLEANUP(struct http_request *, http_request_unref)
