/* One remedy carried out, step by step in the design's order: read, evidence, read again, intent,
 * reset-failed, restart, job, read. What to do is the judge's; this only does it. */
#pragma once

#include "worker.h"

/* Reads what stands around w, has it judged, and goes on as far as no hold stands. An operator's order,
 * w->ordered, is taken over. */
int restart_begin(struct worker *w);
/* Adopts a restart of which an earlier agent wrote down the intent and not the outcome. view: the unit now.
 */
void restart_adopt(struct worker *w, const struct unit_view *view);
/* Drops what can be dropped; returns NULL. The job of a restart that was already asked for goes on in
 * systemd. */
struct restart *restart_free(struct restart *r);
/* Whether systemd has been, or is just about to be, asked: it cannot be taken back. */
bool restart_is_committed(const struct restart *r) _pure_;
