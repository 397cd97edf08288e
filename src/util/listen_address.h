/* Where a server listens: "127.0.0.1:18083", "[::1]:18083", "*:18083", "unix:/run/…". Pure. */
#pragma once

#include <sys/socket.h>

#include "util/macro.h"

#define LISTEN_ADDRESS_SIZE 128

struct listen_address {
        struct sockaddr_storage address;
        socklen_t address_len;
        char text[LISTEN_ADDRESS_SIZE]; /* as one writes it */
};

/* No names, for what a name means is looked up elsewhere, and may change. Returns 0; -EINVAL and in
 * *ret_problem what is wrong and what would be right. */
int listen_address_parse(const char *text, struct listen_address *ret, const char **ret_problem);

/* Writes a->text anew from a->address, as of a socket that somebody else bound. Returns a->text. */
const char *listen_address_format(struct listen_address *a);

/* The path of "unix:/PATH", within the text; NULL for anything else, as another URL. */
const char *listen_address_path(const char *text) _pure_;
