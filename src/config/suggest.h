/* "Did you mean …": the nearest of the known names. Pure. */
#pragma once

#include "util/macro.h"

/* How many letters must be inserted, left out, replaced or swapped with their neighbour to come from a to
 * b. Capitals count as small letters and "-" as "_". Names over 63 bytes are infinitely far. */
size_t suggest_distance(const char *a, const char *b) _pure_;

/* The nearest of the names (NULL-terminated) if it is near enough to be meant, else NULL. */
const char *suggest_nearest(const char *text, const char *const *names) _pure_;
