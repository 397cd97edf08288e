/* The scratch that files are read into, line by line, before anything is believed; then built into
 * settings. Pure. */
#pragma once

#include "config/keys.h"
#include "config/problems.h"

/* One key as it was written; a list may have been written more than once. */
struct raw_value {
        char **texts;
        struct place at; /* of the first */
        bool given;
        bool bad; /* told already; what hangs on it is not judged */
};

struct raw_section {
        char *name; /* a worker's; NULL: [agent], [http], [defaults] */
        struct place at;
        struct raw_value values[CONFIG_KEYS_MAX]; /* by key_index() */
};

struct scratch {
        struct problems problems;
        struct raw_section agent, http, defaults;
        struct raw_section **workers;
        size_t n_workers;
        struct raw_section *current; /* NULL: before any section, or in one that was refused */
        bool in_section;
        bool out_of_memory;
};

void scratch_done(struct scratch *s);

/* A new file begins: it is in no section yet. */
void scratch_begin_file(struct scratch *s);
/* A section's line; name NULL: it was refused already, and its keys are passed over. */
void scratch_section(struct scratch *s, const struct place *at, const char *name);
void scratch_key(struct scratch *s, const struct place *at, const char *key, const char *value);

/* Builds and cross-checks what was read. Returns 0 or -ENOMEM; when there are errors in s->problems by
 * then, *ret is good for looking for more of them and for nothing else. */
int scratch_build(struct scratch *s, struct settings **ret);
