/* Strings and string lists for two folders and more. Pure. */
#pragma once

#include <stdarg.h>

#include "util/macro.h"

/* A NULL-terminated list of strings (NULL is the empty list); the list owns its strings. */
char **strv_free(char **l);
DEFINE_CLEANUP(char **, strv_free)
#define _cleanup_strv_ _cleanup_(strv_freep)
size_t strv_length(char *const *l) _pure_;
/* Appends a copy of s. Returns 0 or -ENOMEM (the list is then unchanged). */
int strv_extend(char ***l, const char *s);
bool strv_equal(char *const *a, char *const *b) _pure_;
bool strv_contains(char *const *l, const char *s) _pure_;
#define STRV_FOREACH(s, l) for (char *const *s = (l); s && *s; s++)

/* Replaces *p by a copy of s (NULL clears it). Returns 0 or -ENOMEM (*p is then unchanged). */
int free_and_strdup(char **p, const char *s);

/* Wipes it first. Returns NULL. */
char *secret_free(char *secret);

/* Copies what fits, cut at a character boundary of UTF-8, control characters replaced by spaces: for text
 * from outside that ends in a line for a person. buf always ends in NUL. Returns buf. */
char *text_copy_line(char *buf, size_t size, const char *text, size_t len);

bool text_is_utf8(const char *text, size_t len) _pure_;

/* printf() to the end of a buffer that already holds a string; cut when full, between characters, and always
 * ended by NUL. */
void text_append(char *buf, size_t size, const char *format, ...) _printf_(3, 4);
void text_appendv(char *buf, size_t size, const char *format, va_list ap) _printf_(3, 0);

/* Whether this is a unit name as systemd.unit(5) has it, with a suffix we may restart: a .service, and no
 * template without an instance. */
bool text_is_service_name(const char *name) _pure_;
