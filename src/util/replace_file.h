/* A file that is replaced as a whole or not at all. */
#pragma once

#include <sys/types.h>

/* Writes text to temporary, in that directory, and renames it to name; both are on disk when this returns.
 * Who is killed meanwhile leaves the old or the new file, and perhaps temporary, which the next one
 * replaces: two at once are the caller's to prevent. mode: whatever the umask. Returns 0 or a negative errno
 * (-EIO and the like: also where the new file stands already, and it is only uncertain whether a power cut
 * leaves it). */
int replace_file_at(int dir_fd, const char *temporary, const char *name, const char *text, mode_t mode);
