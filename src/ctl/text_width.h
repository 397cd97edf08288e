/* How much room text takes on a terminal, and text made to fit. Knows no terminal; whatever the locale, text
 * is UTF-8. Pure. */
#pragma once

#include <stdio.h>

#include "util/macro.h"

/* In columns: most characters take one, those of East Asia and pictures two, those that join the one before
 * them none. What cannot be shown counts as one. */
size_t text_width(const char *text) _pure_;

/* Writes text, cut to so many columns; what is cut ends in "…". */
void text_print_fitted(FILE *f, const char *text, size_t width);

/* Writes text, of whose first line `used` columns are taken, in lines of at most so many columns, those
 * after the first behind an indent; a line breaks at a space, a word that fits no line is left whole. width
 * 0: all in one line. Without the end of the last line. */
void text_print_wrapped(FILE *f, const char *text, size_t used, size_t indent, size_t width);
