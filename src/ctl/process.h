/* What /proc tells of processes, and who holds a port or a socket. */
#pragma once

#include "ctl/unit_checks.h"

struct port_facts {
        enum {
                PORT_NOT_LOOKED, /* the URL is not this machine's */
                PORT_FREE,
                PORT_HELD,
                PORT_HIDDEN, /* held by a process that cannot be seen */
        } state;
        char place[128]; /* "port 8083", "/run/x.sock" */
        uint32_t pid;
        char program[32];          /* its name */
        char unit[UNIT_NAME_SIZE]; /* "": of none */
};

/* /proc/PID/NAME, at most 1 MiB of it; data stays NULL where it cannot be read. */
void process_read(uint32_t pid, const char *name, struct proc_text *ret);

/* Who gets connections to one of these addresses (as resolver.h lists them) and this port. Of several
 * processes that share the socket one of the unit is preferred. */
void port_look(const char *addresses, uint16_t port, const char *unit, struct port_facts *ret);
/* The same of the socket at that path. */
void socket_look(const char *path, const char *unit, struct port_facts *ret);
