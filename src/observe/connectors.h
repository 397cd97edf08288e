/* Connectors and their tasks as GET /connectors?expand=status tells them, one connector at a time while the
 * answer streams in: neither its text nor its tree is ever held whole. Pure. */
#pragma once

#include "util/macro.h"

/* Kafka's AbstractStatus.State; each has a name in the table of connectors.c. */
enum connector_state {
        CONNECTOR_STATE_OTHER, /* one of a later version of Kafka */
        CONNECTOR_UNASSIGNED,
        CONNECTOR_RUNNING,
        CONNECTOR_PAUSED,
        CONNECTOR_FAILED,
        CONNECTOR_RESTARTING,
        CONNECTOR_STOPPED,
        _CONNECTOR_STATE_MAX,
};

/* All but OTHER, NULL-terminated; a state's place among them is also its bit in a set of states. */
extern const char *const connector_state_names[];
static inline unsigned connector_state_bit(enum connector_state s) {
        return s == CONNECTOR_STATE_OTHER ? 0 : 1U << (s - 1);
}
const char *connector_state_to_string(enum connector_state s) _pure_;
/* Capitals do not matter. */
enum connector_state connector_state_from_string(const char *name) _pure_;

/* A connector itself, or one of its tasks. */
struct connector_part {
        int64_t id; /* the task's; -1: the connector itself */
        enum connector_state state;
        const char *worker_id;
        const char *trace; /* "" when none; cut after CONNECTORS_STRING_MAX */
};

/* Lives only for the call that is given it. */
struct connector_status {
        const char *name;
        const char *type; /* "source", "sink", "unknown", or "" */
        bool only_named;  /* the worker is older than 2.3 and tells names alone */
        struct connector_part connector;
        const struct connector_part *tasks;
        size_t n_tasks;
};

/* No longer string than this is kept of any (a trace, that is). */
#define CONNECTORS_STRING_MAX ((size_t) 16 * 1024)
/* One connector with all its tasks. */
#define CONNECTORS_ONE_MAX ((size_t) 16 * 1024 * 1024)

struct connectors_reader;

/* Returns 0, or a negative errno, which ends the reading. */
typedef int (*connector_found_t)(const struct connector_status *c, void *userdata);

/* Returns 0 or -ENOMEM. */
int connectors_reader_new(connector_found_t found, void *userdata, struct connectors_reader **ret);
struct connectors_reader *connectors_reader_free(struct connectors_reader *r);
DEFINE_CLEANUP(struct connectors_reader *, connectors_reader_free)

/* Takes the next bytes of the answer, cut anywhere. Returns 0; -EBADMSG (it is not what Connect answers),
 * -EFBIG (one connector is larger than CONNECTORS_ONE_MAX), -ENOMEM, or what found returned; the same again
 * from then on. */
int connectors_reader_feed(struct connectors_reader *r, const char *data, size_t len);
/* The answer has ended. Returns 0, or -EBADMSG when it ended too early, or the error before. */
int connectors_reader_end(struct connectors_reader *r);
/* What is wrong with it, a phrase that lives as long as r; "" when nothing is. */
const char *connectors_reader_problem(const struct connectors_reader *r) _pure_;
/* The bytes of the largest connector so far. */
size_t connectors_reader_largest(const struct connectors_reader *r) _pure_;

/* The same for one answer of GET /connectors/NAME/status: text is whole. Returns 0, -EBADMSG, -ENOMEM, or
 * what found returned. */
int connector_status_read(const char *name,
                          const char *text,
                          size_t len,
                          connector_found_t found,
                          void *userdata);

/* The first line of a trace, for a person. Returns buf. */
char *connector_trace_line(char *buf, size_t size, const char *trace);

/* "/connectors/NAME" + suffix, the name percent-encoded: names are arbitrary text. NULL when out of memory.
 */
char *connector_path(const char *name, const char *suffix);
