/* Errors and warnings as they are found, each with its place; told in the order of the files. Pure. */
#pragma once

#include "util/macro.h"

#define PROBLEMS_MAX 100 /* of each sort: what comes after them is counted only */

struct place {
        const char *file; /* lives as long as the loading */
        unsigned order;   /* the file's number in the order of reading */
        unsigned line;    /* 0: the file as a whole */
};

struct problem {
        unsigned order, line;
        bool warning;
        char *text;
};

struct problems {
        struct problem *list;
        size_t n;
        size_t n_errors, n_warnings; /* also those that are only counted */
        bool out_of_memory;
};

void problems_done(struct problems *p);

/* What is wrong; what would be right. Running out of memory is remembered, not returned. */
void problem_error(struct problems *p, const struct place *at, const char *format, ...) _printf_(3, 4);
void problem_warning(struct problems *p, const struct place *at, const char *format, ...) _printf_(3, 4);

/* Sorted by file and line, as "FILE:LINE: …". Returns 0 or -ENOMEM. */
int problems_to_lines(struct problems *p, char ***ret_errors, char ***ret_warnings);
