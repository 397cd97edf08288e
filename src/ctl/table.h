/* A table fitted to the width of a terminal: columns that matter less go, and texts are cut. Pure. */
#pragma once

#include <stdio.h>

#include "util/macro.h"

#define TABLE_COLUMNS_MAX 8

struct table_column {
        const char *title;
        unsigned drop;  /* where it is too narrow the column of the least number goes first; 0: it never does
                         */
        unsigned least; /* its texts may be cut, but not to less than so many columns; 0: they may not */
};

struct table_cell {
        char *text;        /* owned */
        const char *color; /* static; "" or NULL: none */
};

struct table {
        const struct table_column *columns;
        size_t n_columns;
        struct table_cell *cells; /* row by row */
        size_t n_cells;
        bool out_of_memory;
};

/* The next cell; text, a line from anywhere, is copied. */
void table_add(struct table *t, const char *text, const char *color);
/* With a line of titles. width 0: as wide as it comes. A column in which nothing stands is left out. */
void table_print(FILE *f, const struct table *t, size_t width, bool colors);
void table_done(struct table *t);
