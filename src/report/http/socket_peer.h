/* Who is at the other end of a unix socket. */
#pragma once

#include <sys/types.h>

#include "util/macro.h"

/* Whether it is root, this process' own user, or a member of its group; as it was when it connected.
 * *ret_uid is set when it is known who it is. */
bool socket_peer_is_ours(int fd, uid_t *ret_uid);
