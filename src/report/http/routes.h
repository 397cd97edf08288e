/* A table of routes: which path is whose document. Pure. */
#pragma once

#include "report/http/document.h"

enum route_flags {
        EXACT = 0,
        HAS_REST = 1, /* and what follows it after a slash */
        COMPAT = 2,   /* only with healthcheck_compat = yes */
};

struct route {
        const char *path;
        unsigned flags;
        document_render_t render;
};

/* Asks the first route of that path without the flags that are left out. Returns what its document does, or
 * -ENOENT: there is none. */
int routes_answer(const struct route *table,
                  size_t n,
                  unsigned leave_out,
                  const struct snapshot *s,
                  const struct question *q,
                  struct document *ret);
