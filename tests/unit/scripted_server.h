/* An HTTP server on a loopback port, or a unix socket, for unit tests: what it does is named by the path it
 * is asked for. */
#pragma once

#include "util/macro.h"

struct scripted_server;

struct scripted_server *scripted_server_new(void);
struct scripted_server *scripted_server_new_at(const char *path);
struct scripted_server *scripted_server_free(struct scripted_server *s);
unsigned scripted_server_port(const struct scripted_server *s);
/* How many connections were accepted, how many requests read, and the last request with its
 * body. */
unsigned scripted_server_connections(struct scripted_server *s);
unsigned scripted_server_requests(struct scripted_server *s);
void scripted_server_last_request(struct scripted_server *s, char *buf, size_t size);
