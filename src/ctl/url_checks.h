/* What there is to say of a worker's URL, its peers, its port or socket and its certificates: facts to
 * findings. Pure. */
#pragma once

#include "ctl/process.h"
#include "ctl/unit_checks.h"
#include "observe/observation.h"

#define ADDRESSES_SIZE 1024

struct peer_facts {
        const char *url; /* the settings' */
        struct observation seen;
};

struct url_facts {
        struct observation seen;
        struct peer_facts *peers;
        size_t n_peers;
        int is_local;                   /* 1, 0, or a negative errno */
        char addresses[ADDRESSES_SIZE]; /* the host's, as resolver.h lists them; "" when not known */
        uint16_t port;                  /* 0: it is a socket's */
        int agent_may_connect;          /* to that; 1, 0 (was not tried), or a negative errno */
        usec_t certificate_end_usec;    /* of the server's; realtime; 0: not told */

        usec_t own_certificate_end_usec;     /* of cert_file; the same */
        const char *own_certificate_problem; /* why that cannot be told, or NULL */
};

/* When it is, and on which clock observations are. */
struct check_clock {
        usec_t agent_usec, realtime_usec;
        bool is_root;
};

void url_check(const struct worker_settings *w,
               const struct url_facts *url,
               const struct unit_facts *u,
               const struct check_clock *now,
               struct findings *f);
void peers_check(const struct worker_settings *w,
                 const struct url_facts *url,
                 const struct check_clock *now,
                 struct findings *f);
void port_check(const struct worker_settings *w,
                const struct unit_facts *u,
                const struct port_facts *p,
                struct findings *f);
void certificate_check(const struct worker_settings *w,
                       const struct url_facts *url,
                       usec_t realtime_usec,
                       struct findings *f);
