/* Who is at the other end of a unix socket: what the kernel says of it. */
#include <errno.h>
#include <sys/socket.h>

#include "report/http/socket_peer.h"

/* Of its supplementary groups. */
static bool is_in_group(int fd, gid_t group) {
        _cleanup_free_ gid_t *groups = NULL;
        socklen_t size = 0;

        /* Says how large they are. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) >= 0 || errno != ERANGE)
                return false;
        groups = malloc(size);
        if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
                return false;
        for (size_t i = 0; i < size / sizeof(*groups); i++)
                if (groups[i] == group)
                        return true;
        return false;
}

bool socket_peer_is_ours(int fd, uid_t *ret_uid) {
        struct ucred peer;
        socklen_t size = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return false;
        *ret_uid = peer.uid;
        return peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid() || is_in_group(fd, getegid());
}
