/* Asks every worker's URL and its peers, as the agent would, all at once. */
#pragma once

#include "ctl/url_checks.h"

/* Agent time. */
usec_t ask_urls_now(void);

/* Fills the facts of each worker, in order, but for its own certificate's. Takes as long as the slowest
 * answer, at most about a minute. Returns 0 or a negative errno; the caller frees by url_facts_done() in
 * every case. */
int ask_urls(const struct settings *s, struct url_facts *facts);
void url_facts_done(struct url_facts *facts);
