/* What of this host the agent, in the sandbox of its service, cannot see. Pure. */
#pragma once

#include "util/macro.h"

/* The directory ("/tmp/") of that path of which nothing is left there; NULL: it is seen. */
const char *sandbox_hides(const char *path) _pure_;
