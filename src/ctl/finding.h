/* What verify-config has to say: one finding each, with what to do about it. Pure. */
#pragma once

#include "util/macro.h"

typedef struct json_object json_object;

enum severity {
        FINDING_GOOD,    /* looked at, and as it should be */
        FINDING_UNKNOWN, /* could not be looked at; text says why */
        FINDING_WARNING, /* works now, and will hurt one day */
        FINDING_PROBLEM, /* what the configuration asks for cannot be done */
        _SEVERITY_MAX,
};

struct finding {
        enum severity severity;
        const char *check; /* a word of a closed set, for scripts: "unit", "polkit", "url", … */
        char *worker;      /* NULL: about the host or the configuration as a whole */
        char *text;        /* one sentence, no full stop */
        char *remedy;      /* one sentence, or NULL */
};

struct findings {
        struct finding *list; /* in the order they were added */
        size_t n;
        bool out_of_memory; /* remembered, not returned */
};

void findings_done(struct findings *f);
void finding_add(struct findings *f,
                 enum severity severity,
                 const char *check,
                 const char *worker,
                 const char *remedy,
                 const char *format,
                 ...) _printf_(6, 7);
/* The worst of them; FINDING_GOOD when there is none. */
enum severity findings_worst(const struct findings *f) _pure_;
const char *severity_to_string(enum severity s) _pure_;
/* [{"severity", "check", "worker", "text", "remedy"}, …]; NULL without memory. */
json_object *findings_to_json(const struct findings *f);
