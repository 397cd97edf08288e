/* The scratch that files are read into, line by line, before anything is believed; then built into
 * settings. Pure. */
#pragma once

#include "config/keys.h"
#include "config/problems.h"

/* What stood to the right of the "=" in one line. */
struct raw_text {
        char *text;
        struct place at;
};

/* One key as it was written; a list may have been written more than once. */
struct raw_value {
        const struct config_key *key;
        struct raw_text *texts;
        size_t n_texts;
        struct place at; /* of the first, also where that was empty */
        bool bad;        /* told already; what hangs on it is not judged */
};

struct raw_section {
        enum config_section section;
        char *name; /* NULL: there is one only */
        struct place at;
        const char *password;     /* of scratch_password() */
        struct raw_value *values; /* of the keys that were given */
        size_t n_values;
};

/* The key's value, or NULL: not given. s may be NULL, as of a section that nobody wrote. */
const struct raw_value *raw_section_find(const struct raw_section *s, const struct config_key *k) _pure_;

struct raw_sections {
        struct raw_section **list; /* in the order of the files; at most one where they have no names */
        size_t n;
};

struct scratch {
        struct problems problems;
        struct raw_sections sections[_CONFIG_SECTION_MAX];
        struct raw_section *current; /* NULL: before any section, or in one that was refused */
        bool in_section;
        bool out_of_memory;
};

void scratch_done(struct scratch *s);

/* The section there is one of, or NULL. */
const struct raw_section *scratch_only(const struct scratch *s, enum config_section section) _pure_;

/* A new file begins: it is in no section yet. */
void scratch_begin_file(struct scratch *s);
/* A section's line; name NULL: it was refused already, and its keys are passed over. */
void scratch_section(struct scratch *s, const struct place *at, const char *name);
void scratch_key(struct scratch *s, const struct place *at, const char *key, const char *value);
/* The password of the section's username, for which no file has a key. It must live as long as the scratch.
 */
void scratch_password(struct scratch *s, const char *password);

/* Builds and cross-checks what was read. Returns 0 or -ENOMEM; when there are errors in s->problems by
 * then, *ret is good for looking for more of them and for nothing else. */
int scratch_build(struct scratch *s, struct settings **ret);
