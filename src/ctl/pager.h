/* Long answers through a pager, as systemctl shows them. */
#pragma once

#include <sys/types.h>

#include "util/macro.h"

struct pager {
        pid_t pid;    /* 0: none was started */
        int terminal; /* what standard output was */
};

/* Where standard output is a terminal it leads into $SYSTEMD_PAGER, $PAGER or less from now on. Where none
 * can be started it stays as it is. */
void pager_open(struct pager *p);
/* Returns when whoever reads has seen enough. */
void pager_close(struct pager *p);
