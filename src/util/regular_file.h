/* A file that is read and must never be waited for. */
#pragma once

#include <stddef.h>

/* Opens it for reading. Somebody may have put a pipe there, whose other end would be waited for. Returns a
 * file descriptor, or a negative errno: -EINVAL for what is no regular file. */
int open_regular(const char *path);

/* Reads a file whole, with a NUL behind it. Returns 0 or a negative errno: -EISDIR for what is no regular
 * file, -EFBIG beyond max_bytes. */
int read_regular(const char *path, size_t max_bytes, char **ret, size_t *ret_len);
/* The same for a file of that directory, and -ELOOP for a link. */
int read_regular_at(int dir_fd, const char *name, size_t max_bytes, char **ret, size_t *ret_len);
