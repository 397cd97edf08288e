/* Secrets in files of their own, never shown: a password or a token is one line, headers are some. */
#pragma once

#include <stddef.h>

/* Reads a secret of one line, without the end of that line. Returns 0 and a text for secret_free()
 * (util/text.h); a negative errno and perhaps in *ret_problem what is wrong with the file, else NULL:
 * strerror() says it. */
int read_secret(const char *path, char **ret, const char **ret_problem);
/* The same with all of the file, which is not empty, and a NUL behind it. To be wiped and freed. */
int read_secret_text(const char *path, char **ret, size_t *ret_len, const char **ret_problem);
/* What is wrong with the file of that key, in one clause: "password_file /a is empty", or strerror() of r
 * where problem is NULL. Returns r. */
int describe_file_problem(const char *key,
                          const char *path,
                          int r,
                          const char *problem,
                          char *buf,
                          size_t size);
