/* INI text, read line by line through inih with nothing silently cut: what inih would guess at is an
 * error here. */
#pragma once

#include "util/macro.h"

#define INI_FILE_SIZE_MAX ((size_t) 1024 * 1024)
#define INI_PROBLEM_SIZE 256

struct ini_events {
        /* name NULL: the section's line was a problem, and what follows belongs to no known section. */
        void (*section)(void *userdata, unsigned line, const char *name);
        void (*key)(void *userdata, unsigned line, const char *key, const char *value);
        /* What is wrong; what would be right. Line 0: the text as a whole. */
        void (*problem)(void *userdata, unsigned line, const char *text);
};

/* Reads text (which need not end in NUL). Returns 0, also after problems, or -ENOMEM. */
int ini_text_read(const char *text, size_t len, const struct ini_events *events, void *userdata);

/* Reads a file whole. Returns 0; -ENOENT; -ENOMEM; or any other negative errno with what is wrong, and
 * what would be right, in problem. */
int ini_file_slurp(const char *path, char **ret, size_t *ret_len, char problem[static INI_PROBLEM_SIZE]);
