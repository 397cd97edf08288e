/* Host names to addresses, off the loop: a few threads, results kept for a minute. Knows nothing of HTTP. */
#pragma once

#include "util/macro.h"

typedef struct sd_event sd_event;
struct addrinfo;
struct resolver;
struct lookup; /* the slot: unref drops the result */

struct addresses {
        const char *problem; /* why there is none, in words; NULL: found */
        const char *list;    /* "192.0.2.1,[2001:db8::1]", as curl's RESOLVE wants them; "" with a problem */
        bool is_local;       /* each of them is an address of this machine; not told of a literal */
        unsigned generation; /* another number: the list may have changed */
};

typedef void (*lookup_done_t)(struct lookup *l, const struct addresses *a, void *userdata);

/* As getaddrinfo() for streams; a test gives its own. Runs on a thread. */
typedef int (*resolver_function_t)(const char *host, struct addrinfo **ret);

/* function: NULL for the system's. */
int resolver_new(sd_event *event, resolver_function_t function, struct resolver **ret);
/* Does not wait for a lookup that hangs. */
struct resolver *resolver_free(struct resolver *r);

/* What is known of host right now: an address literal, localhost, or a name looked up within the last
 * minute. */
bool resolver_known(struct resolver *r, const char *host, struct addresses *ret);
/* Whether host is an address literal, and one of this machine. */
bool resolver_is_local_literal(const char *host);
/* Asks. done is called once, from the loop, unless the slot is unref'd before; *a lives for that call. A
 * lookup that hangs takes one of the threads; the names that wait for the rest of them are asked in turn. */
int resolver_lookup(struct resolver *r,
                    const char *host,
                    lookup_done_t done,
                    void *userdata,
                    struct lookup **ret);
struct lookup *lookup_unref(struct lookup *l);
