/* Which units the agent is never let restart, whoever asks for it. Pure. */
#pragma once

#include "util/macro.h"

/* NULL where nothing speaks against it; else a clause to follow the name, which lives for ever: it is no
 * name of a service, or a restart of it would be the outage or an escalation. Knows no aliases: ask for each
 * name. */
const char *unit_policy_problem(const char *unit) _pure_;
