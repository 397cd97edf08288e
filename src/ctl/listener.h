/* Listening sockets as /proc/net/tcp, tcp6 and unix have them. Pure. */
#pragma once

#include "util/macro.h"

/* IPv4 as ::ffff:a.b.c.d, so that 0.0.0.0 and :: differ. */
struct ip_address {
        uint8_t bytes[16];
};

struct listener {
        struct ip_address address;
        uint16_t port;
        uint64_t inode;
};

/* Reads one line of either table. Returns false for anything but a listening socket. */
bool listener_parse(const char *line, struct listener *ret);

/* The same of a line of /proc/net/unix: *ret_path is the path that the socket was bound to, within the line.
 */
bool unix_listener_parse(const char *line, uint64_t *ret_inode, const char **ret_path);

/* Who gets a connection to that address: of two listeners the one with the higher number, as the kernel
 * chooses. 0: not this one. An IPv6 wildcard is taken to accept IPv4 too, as Java's does. */
unsigned listener_rank(const struct listener *l, const struct ip_address *to) _pure_;

/* The next of "192.0.2.1,[2001:db8::1]"; advances *list. Returns false at its end; what is no address is
 * left out. */
bool ip_address_next(const char **list, struct ip_address *ret);
