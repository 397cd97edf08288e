/* The manual's sources, for tests that hold them against the code. It needs no roff. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "util/macro.h"

#define ITEMS_MAX 128

/* One ".It" of a section, without roff's escapes. */
struct item {
        char macro[8]; /* "Cm": what the name is marked as */
        char name[64];
        char rest[128];  /* of its line: "Pq info" */
        char text[1024]; /* the lines of text below it, up to the next macro */
};

struct section {
        struct item items[ITEMS_MAX];
        size_t n;
};

#define PAGE_5 "packaging/man/connect-watchdog.conf.5"
#define PAGE_8 "packaging/man/connect-watchdog.8"

static inline bool starts_with(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A file of the source tree. */
FILE *open_source(const char *path);
/* One line without its end, and without roff's escapes of hyphens; false at the end. */
bool read_line(FILE *f, char *line, size_t size);

/* The items of the section whose ".Sh" line this is; lists within items count as well. To be freed. */
struct section *read_section(const char *page, const char *title);
/* The next item is this one; *i counts on. */
const struct item *expect(const struct section *s, size_t *i, const char *name);
void expect_end(const struct section *s, size_t i);
/* What the manual says of it begins so. */
void expect_text(const struct item *item, const char *expected);
