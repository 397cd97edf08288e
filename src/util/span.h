/* Time spans as systemd writes them (systemd.time(7)): "1min 30s", "250ms", "2h". Pure. */
#pragma once

#include "util/macro.h"

#define SPAN_TEXT_SIZE 64

/* Reads a span into microseconds. A bare number counts seconds; "infinity" gives USEC_INFINITY; fractions
 * such as "1.5min" are understood. Units as in systemd.time(7). Returns 0, -EINVAL for what is no span,
 * -ERANGE for one that does not fit. */
int span_parse(const char *text, usec_t *ret);

/* Writes a span for a person, at most two units ("3min 20s", "450ms", "2d 4h"), rounded down. Returns
 * buf. */
char *span_format(char *buf, size_t size, usec_t span);

/* All units, nothing rounded ("1h 5s 3us"), so that span_parse() gives the same span back. Returns buf. */
char *span_format_exact(char *buf, size_t size, usec_t span);

/* span_format() in a buffer of the enclosing block, for use in an argument list. */
#define SPAN(span) span_format((char[SPAN_TEXT_SIZE]) { 0 }, SPAN_TEXT_SIZE, span)
