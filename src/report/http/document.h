/* What is served over HTTP: each document is made by one file from the agent's snapshot. Pure: no socket, no
 * clock. document.c says which path is whose. */
#pragma once

#include "judge/remedy.h"
#include "report/http/counts.h"
#include "report/http/verdict.h"

struct process_usage;
struct connectors_view;
struct lag_view;
struct pause;
struct settings;

/* One worker at this moment. Everything belongs to the agent and lives for one answer. */
struct worker_snapshot {
        const struct worker_settings *settings;
        const struct health *health;
        const struct history *history;
        const struct worker_counts *counts;
        const struct connectors_view *connectors; /* of the last look; NULL: there was none */
        const struct lag_view *lag;               /* NULL: lag = no */
        const char *connectors_problem;           /* why the last look found nothing; or "" or NULL */
        const struct hold_entry
                *holds; /* those that keep a remedy back right now, the first is the one told */
        size_t n_holds;
        const struct pause *pause; /* under which it is; NULL: under none */
};

/* One [kafka NAME] likewise. */
struct kafka_snapshot {
        const struct kafka_settings *settings;
        const struct kafka_health *health;
        const struct kafka_deep *deep; /* the last deep check; NULL: none has ended */
        usec_t deep_at_usec;           /* when it did */
};

struct snapshot {
        usec_t now_usec;           /* agent time */
        int64_t clock_offset_usec; /* agent time + this = realtime */
        usec_t started_at_usec;    /* of the agent */
        const char *hostname;      /* as reports have it; NULL: not known */
        bool dry_run;
        bool config_rejected; /* what is on disk is not what is in force */
        const struct settings *settings;
        const struct worker_snapshot *workers; /* in the order of the configuration */
        size_t n_workers;
        const struct kafka_snapshot *kafkas; /* the same */
        size_t n_kafkas;
        void (*measure)(
                struct process_usage *ret); /* of the agent's process; asked only when it is served */
};

/* What was asked; the strings live for one answer. */
struct question {
        const char *path; /* as routed: without the part that the route's pattern names */
        const char
                *rest; /* what followed the pattern of the route: "connect-a" of /workers/connect-a; or "" */
        const char *worker;   /* ?worker=NAME, or NULL */
        const char *kafka;    /* ?kafka=NAME, or NULL */
        const char *accept;   /* of its header, or "" */
        const char *protocol; /* of the header of the control protocol, or "" */
};

struct document {
        unsigned status;
        const char *content_type; /* static; NULL: no body */
        char *body;               /* owned; NULL: none */
        size_t body_len;
};

void document_done(struct document *d);

/* Makes a document. Returns 0 or -ENOMEM (the server then answers 500 by itself). */
typedef int (*document_render_t)(const struct snapshot *s, const struct question *q, struct document *ret);

/* The answer for a path, whichever document it is: 404 where there is none. Returns 0 or -ENOMEM. */
int document_answer(const struct snapshot *s, const struct question *q, struct document *ret);

/* ---- for those that make documents ---- */

typedef struct json_object json_object;

/* Serializes and takes over o (NULL: out of memory). Returns 0 or -ENOMEM. */
int document_json(struct document *ret, unsigned status, const char *content_type, json_object *o);
/* A short text, copied. Returns 0 or -ENOMEM. */
int document_text(struct document *ret, unsigned status, const char *text);
/* For a name that no worker has. Returns 0 or -ENOMEM. */
int document_no_worker(struct document *ret);

/* Agent time as realtime. */
usec_t snapshot_realtime(const struct snapshot *s, usec_t at_usec) _pure_;

/* Seconds as a decimal number that JSON and Prometheus take: "0.0025", "12.0". Returns buf. */
#define SECONDS_SIZE 32
char *document_seconds(char buf[static SECONDS_SIZE], usec_t span);

/* The workers that q asks for: all of them, or the one of ?worker=. Returns 0; -ENOENT: there is none of
 * that name. *ret points into s->workers. */
int question_workers(const struct snapshot *s,
                     const struct question *q,
                     const struct worker_snapshot **ret,
                     size_t *ret_n);

/* What metadata last said of that topic; NULL: nothing. */
const struct kafka_topic *kafka_snapshot_topic(const struct kafka_snapshot *k, const char *name) _pure_;

/* Its state for a person: paused, in the place of that which it has all the while. */
enum worker_state snapshot_shown_state(const struct worker_snapshot *w) _pure_;
/* One worker in the words of the contracts, and the worst of several (none: as without any worker). */
struct verdict snapshot_verdict(const struct snapshot *s, const struct worker_snapshot *w);
struct verdict snapshot_verdict_of_all(const struct snapshot *s, const struct worker_snapshot *w, size_t n);

/* What a person is told of a worker in one clause: "did not answer within the timeout …; 2 failing polls".
 */
#define CLAUSE_SIZE 768
char *snapshot_clause(const struct snapshot *s,
                      const struct worker_snapshot *w,
                      char buf[static CLAUSE_SIZE]);

/* ---- the documents ---- */

int document_peer(const struct snapshot *s, const struct question *q, struct document *ret);
int document_ping(const struct snapshot *s, const struct question *q, struct document *ret);
int document_health(const struct snapshot *s, const struct question *q, struct document *ret);
int document_startup(const struct snapshot *s, const struct question *q, struct document *ret);
int document_ready(const struct snapshot *s, const struct question *q, struct document *ret);
int document_spring(const struct snapshot *s, const struct question *q, struct document *ret);
int document_backbeat(const struct snapshot *s, const struct question *q, struct document *ret);
int document_krakend(const struct snapshot *s, const struct question *q, struct document *ret);
int document_metrics(const struct snapshot *s, const struct question *q, struct document *ret);
int document_status(const struct snapshot *s, const struct question *q, struct document *ret);
int document_workers(const struct snapshot *s, const struct question *q, struct document *ret);
