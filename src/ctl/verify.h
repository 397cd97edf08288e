/* The two halves of verify-config: what is looked at on this host, and what that means. */
#pragma once

#include "ctl/ctl.h"
#include "ctl/finding.h"

/* What the agent's user cannot read: one finding each. */
void verify_credentials(const struct settings *s, const struct config_options *o, struct findings *f);

/* Looks at everything else on this host. Takes up to about a minute when nothing answers. Returns 0, or a
 * negative errno for a lack of our own resources. */
int verify_host(const struct settings *s, struct findings *f);
