/* Numbers and spans as one says them in a sentence. Pure. */
#pragma once

#include "util/span.h"

/* "st" for 1, "th" for 12. */
const char *ordinal_suffix(unsigned n) _pure_;

/* A span with as much as a reader wants to know: "under 1ms", "450ms", "4.5s", "3min 20s". Returns buf. */
char *span_say(char *buf, size_t size, usec_t span);

/* The same in a buffer of the enclosing block, for use in an argument list. */
#define SAY_SPAN(span) span_say((char[SPAN_TEXT_SIZE]) { 0 }, SPAN_TEXT_SIZE, span)
