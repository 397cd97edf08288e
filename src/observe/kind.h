/* A worker kind: which requests to make, and what their answers mean. Pure: no socket, no clock. One file
 * per kind, one row each in kind.c. */
#pragma once

#include "config/settings.h"
#include "observe/observation.h"

/* How a request ended, as the HTTP client tells it. */
enum transfer_error {
        TRANSFER_OK, /* an HTTP answer came whole: status and body say the rest */
        TRANSFER_TIMEOUT,
        TRANSFER_REFUSED,
        TRANSFER_RESET, /* also: closed without or within an answer */
        TRANSFER_NOT_RESOLVED,
        TRANSFER_UNREACHABLE,
        TRANSFER_TLS_UNTRUSTED,
        TRANSFER_TLS_EXPIRED,
        TRANSFER_TLS_CLIENT,
        TRANSFER_NOT_HTTP,
        TRANSFER_TOO_LARGE,
        TRANSFER_CREDENTIAL,
        TRANSFER_NO_RESOURCES,
        _TRANSFER_ERROR_MAX,
};

/* One answer; the pointers live only for the call that is given it. */
struct answer {
        enum transfer_error error;
        unsigned status;
        const char *content_type; /* "" when none */
        const char *body;         /* not NUL-terminated; never NULL */
        size_t body_len;
        bool withheld; /* the body may repeat secrets of the request: nobody is shown any of it */
        usec_t latency_usec;
        const char *redirect;        /* 3xx: the path it sends us to on the same server; "" when elsewhere */
        const char *detail;          /* error: the cause in words ("expired since 2026-11-01 …"), or "" */
        usec_t certificate_end_usec; /* realtime; only where that was asked for. 0: not told */
};

/* What is remembered between the requests of one poll, and from poll to poll within one start of the
 * unit. The agent clears it (probe_begin_start) when the unit's InvocationID changes. */
struct probe {
        bool seen_ok;       /* the first ok of this start was seen */
        bool lacks_health;  /* it is too old for what is asked today (a worker older than 3.9 has no GET
                             * /health): do not ask for that again */
        int64_t clock_usec; /* how long the process runs, as it last said; 0: it did not */
        unsigned absent;    /* a bit for each step that is not offered; the kind's own */
        unsigned step;      /* which request of the poll is under way; the kind's own */
        unsigned
                keep_percent; /* of the time left, kept from this request for one after it; the kind's own */
        struct answer_summary {
                enum transfer_error error;
                unsigned status;
        } before; /* the previous request's end, for a kind that asks twice */
};

enum probe_verdict {
        PROBE_DONE, /* *ret holds the observation */
        PROBE_ASK,  /* *ret_ask holds the next request of this poll */
};

/* A request that a kind wants made. The path is below the worker's URL, and lives as long as what it was
 * taken from: the settings, or the answer. */
struct probe_ask {
        const char *path;
        enum http_method method;
};

struct worker_kind {
        const char *name; /* as in kind = */
        const char *default_url;
        unsigned n_steps; /* its requests are numbered below this */
        bool jvm;         /* SIGQUIT makes it print its threads */
        bool has_connectors;
        bool needs_kafka;           /* what it answers may be Kafka's fault */
        usec_t least_interval_usec; /* 0: it may be polled as fast as the table of keys lets */
        /* Its own words for reasons; ends with a row without text. NULL: observation.c's do. */
        const struct reason_words *words;
        /* Begins a poll: what is asked first. */
        void (*begin)(struct probe *p, const struct worker_settings *w, struct probe_ask *ret);
        /* What an answer means. Sets outcome, reason, answered, http_status, stage and detail of *ret;
         * the rest is the caller's. The memory in *p is kept up to date (seen_ok when it is ok). */
        enum probe_verdict (*classify)(struct probe *p,
                                       const struct worker_settings *w,
                                       const struct answer *a,
                                       struct observation *ret,
                                       struct probe_ask *ret_ask);
};

extern const struct worker_kind kafka_connect_kind;
extern const struct worker_kind zeebe_broker_kind, zeebe_gateway_kind, krakend_kind, backbeat_kind,
        http_kind;

/* The kind of that name, or NULL. kind_names() is a NULL-terminated list of all, for messages. */
const struct worker_kind *kind_by_name(const char *name) _pure_;
const char *const *kind_names(void);

/* Where a poll of w asks, for a person: "http://127.0.0.1:80/healthz", "/healthz at unix:/run/x.sock"; of a
 * kind that asks for more than one thing only the URL. Returns buf. */
#define WORKER_WHERE_SIZE 512
char *worker_where(const struct worker_settings *w, char *buf, size_t size);

/* A new start of the unit: forget what was found out about the last one. A poll under way goes on. */
void probe_begin_start(struct probe *p);

/* What every kind says of a request that brought no usable HTTP answer: fills *ret as the outcome table
 * has it. Returns PROBE_DONE. */
enum probe_verdict classify_transfer_error(const struct probe *p,
                                           const struct answer *a,
                                           struct observation *ret);
