/* A curl multi handle driven by the sd-event loop: its sockets and its one timer. Knows nothing of what
 * is transferred. */
#pragma once

#include <curl/curl.h>

#include "util/macro.h"

typedef struct sd_event sd_event;
struct curl_glue;

/* A transfer has ended; it was taken out of the multi handle. Called from the loop, never from within a
 * curl callback, so that anything may be done here, also freeing the glue. */
typedef void (*curl_glue_done_t)(CURL *easy, CURLcode result, void *userdata);

int curl_glue_new(sd_event *event, curl_glue_done_t done, void *userdata, struct curl_glue **ret);
struct curl_glue *curl_glue_free(struct curl_glue *g);

/* Starts and stops a transfer. Both may be called from within done. */
int curl_glue_add(struct curl_glue *g, CURL *easy);
void curl_glue_remove(struct curl_glue *g, CURL *easy);

/* How many idle connections are kept at most. */
void curl_glue_keep(struct curl_glue *g, long n_connections);
