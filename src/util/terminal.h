/* What the terminal that one writes to can show. */
#pragma once

#include "util/macro.h"

/* It is a terminal, and no dumb one: the cursor can be moved, and what is long be shown by pages. */
bool terminal_can_draw(int fd);
/* The same, and nobody has set NO_COLOR (https://no-color.org). */
bool terminal_has_colors(int fd);
/* How many columns it has: $COLUMNS, or what the terminal says. 0: it is none, so that nothing has to fit.
 */
unsigned terminal_columns(int fd);
/* How many rows; 0: not known. */
unsigned terminal_rows(int fd);
