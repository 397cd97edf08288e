/* A file that is read and must never be waited for. */
#pragma once

/* Opens it for reading. Somebody may have put a pipe there, whose other end would be waited for. Returns a
 * file descriptor, or a negative errno: -EINVAL for what is no regular file. */
int open_regular(const char *path);
