/* The inside of the HTTP client: for questions about local addresses and ports, and for its
 * tests. */
#pragma once

#include "observe/http_client.h"
#include "observe/resolver.h"

/* As http_client_new(), with another way to look names up. */
int http_client_new_full(sd_event *event, resolver_function_t function, struct http_client **ret);

struct resolver *http_client_resolver(struct http_client *c);
sd_event *http_client_event(struct http_client *c);
