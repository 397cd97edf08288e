/* Intents on their way to the disk. They come back to a worker by its name, never to freed memory. */
#pragma once

#include "worker.h"

/* error: 0 or negative. at_usec: as given, to tell one intent from a later one. */
typedef void (*intent_saved_t)(struct worker *w, int error, usec_t at_usec);

/* Has the ledger written, with what was just charged in it; saved is called when it is on disk or failed, if
 * the worker is still there. Returns 0 or a negative errno: nobody is called then. */
int intent_save(struct worker *w, usec_t at_usec, intent_saved_t saved);
/* At the agent's end, once the ledger calls nobody back any more. */
void intents_free(struct agent *a);
