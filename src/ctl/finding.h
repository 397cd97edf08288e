/* What verify-config has to say: one finding each, with what to do about it. Pure. */
#pragma once

#include <stdio.h>

#include "util/macro.h"

typedef struct json_object json_object;

enum severity {
        FINDING_GOOD,    /* looked at, and as it should be */
        FINDING_UNKNOWN, /* could not be looked at; text says why */
        FINDING_WARNING, /* works now, and will hurt one day */
        FINDING_PROBLEM, /* what the configuration asks for cannot be done */
        _SEVERITY_MAX,
};

/* What was looked at. The words for them are connect-watchdogctl(1)'s, and scripts': finding_checks(). */
enum check {
        CHECK_SYSTEMD,       /* systemd can be asked */
        CHECK_SERVICE,       /* the agent runs */
        CHECK_KAFKA,         /* the cluster is up, and can be judged */
        CHECK_TOPIC,         /* a topic of it is usable, and as Connect needs it */
        CHECK_UNIT,          /* the worker's unit is there, and runs */
        CHECK_POLKIT,        /* polkit lets the agent restart it */
        CHECK_URL,           /* the worker answers, and as what */
        CHECK_THIS_HOST,     /* its URL is an address of this machine */
        CHECK_PEERS,         /* so many of its peers answer healthy as a restart needs */
        CHECK_PORT,          /* the URL's port is held by the unit */
        CHECK_CREDENTIAL,    /* the agent's user can read the files */
        CHECK_CERTIFICATE,   /* how long the certificates last */
        CHECK_STOP_TIMEOUT,  /* TimeoutStopSec= */
        CHECK_EXIT_STATUS,   /* SuccessExitStatus= */
        CHECK_RESTART,       /* Restart= */
        CHECK_START_LIMIT,   /* StartLimitIntervalSec= */
        CHECK_MANUAL_START,  /* RefuseManualStart=, RefuseManualStop= */
        CHECK_OUT_OF_MEMORY, /* the JVM ends when it has no memory left */
        CHECK_THREAD_DUMP,   /* the JVM can be asked for its threads */
        _CHECK_MAX,
};

struct finding {
        enum severity severity;
        enum check check;
        char *worker; /* that it is about; or */
        char *kafka;  /* the cluster; NULL both: the host */
        char *text;   /* one sentence, no full stop */
        char *remedy; /* one sentence or command, or NULL */
};

struct findings {
        struct finding *list; /* in the order they were added */
        size_t n;
        bool out_of_memory; /* remembered, not returned */
};

void findings_done(struct findings *f);
/* About a worker or a Kafka cluster, by its name; NULL both: the host. */
void finding_add_about(struct findings *f,
                       enum severity severity,
                       enum check check,
                       const char *worker,
                       const char *kafka,
                       const char *remedy,
                       const char *format,
                       ...) _printf_(7, 8);
#define finding_add(f, severity, check, worker, ...)                                                        \
        finding_add_about(f, severity, check, worker, NULL, __VA_ARGS__)
#define finding_add_kafka(f, severity, check, kafka, ...)                                                   \
        finding_add_about(f, severity, check, NULL, kafka, __VA_ARGS__)
size_t findings_count(const struct findings *f, enum severity severity) _pure_;

const char *severity_to_string(enum severity s) _pure_;
const char *check_to_string(enum check c) _pure_;
/* All of them, NULL-terminated. */
const char *const *finding_checks(void) _pure_;

/* [{"severity", "check", "worker", "kafka", "text", "remedy"}, …]; NULL without memory. */
json_object *findings_to_json(const struct findings *f);

/* One line, and one for the remedy: "  ✗ problem  polkit: …". */
void finding_print_line(FILE *f, enum severity severity, bool colors, const char *what, const char *text);
void finding_print_remedy(FILE *f, const char *remedy);
/* Those about this worker, or cluster (NULL both: the host), in order. */
void findings_print(FILE *f, const struct findings *all, const char *worker, const char *kafka, bool colors);
