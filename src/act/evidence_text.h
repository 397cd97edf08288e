/* The words of the evidence: a thread dump picked out of a journal's lines, and the summary. Pure. */
#pragma once

#include <stdio.h>

#include "judge/unit_view.h"

#define THREAD_DUMP_MAX ((size_t) 1024 * 1024)
#define THREAD_DUMP_LINE_MAX ((size_t) 4096)

/* Takes the lines that a process writes, keeps what belongs to thread dumps: from "Full thread dump" to
 * "JNI global ref…". Zero is an empty one. */
struct thread_dumps {
        char *text; /* NULL until a dump began */
        size_t len;
        unsigned n_lines;
        unsigned n_begun, n_ended;
        bool inside;
        bool cut; /* over THREAD_DUMP_MAX */
};

int thread_dumps_add(struct thread_dumps *d, const char *line, size_t len);
void thread_dumps_done(struct thread_dumps *d);

/* One clause. before and after: the unit at the beginning and at the end of the gathering (after may be
 * NULL), at their agent times. Returns NULL when out of memory. */
char *evidence_summary(const char *what,
                       const struct unit_view *before,
                       usec_t before_usec,
                       const struct unit_view *after,
                       usec_t after_usec,
                       unsigned dump_lines);
