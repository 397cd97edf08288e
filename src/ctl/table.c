/* Tables. */
#include "ctl/table.h"
#include "ctl/text_width.h"
#include "util/text.h"

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

void table_done(struct table *t) {
        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i].text);
        free(TAKE_PTR(t->cells));
        t->n_cells = 0;
}

void table_add(struct table *t, const char *text, const char *color) {
        struct table_cell *longer = reallocarray(t->cells, t->n_cells + 1, sizeof(*longer));
        size_t len = strlen(text);
        char *copy = malloc(len + 1);

        if (longer)
                t->cells = longer;
        if (!longer || !copy) {
                free(copy);
                t->out_of_memory = true;
                return;
        }
        (void) text_copy_line(copy, len + 1, text, len);
        t->cells[t->n_cells++] = (struct table_cell) { copy, strempty(color) };
}

/* ---- how wide ---- */

static void measure(const struct table *t, size_t *widths) {
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t *w = &widths[i % t->n_columns];

                *w = MAX(*w, text_width(t->cells[i].text));
        }
        for (size_t c = 0; c < t->n_columns; c++)
                if (widths[c] > 0)
                        widths[c] = MAX(widths[c], text_width(t->columns[c].title));
}

/* Before the next column: a mark without a title stands close to what it marks. */
static size_t gap(const struct table_column *c) {
        return c->title[0] ? 2 : 1;
}

/* What it may be cut to. */
static size_t least(const struct table_column *c, size_t width) {
        return c->least > 0 ? MIN(width, (size_t) c->least) : width;
}

static size_t sum(const struct table *t, const size_t *widths, bool cut) {
        size_t all = 0, space = 0;

        for (size_t c = 0; c < t->n_columns; c++) {
                if (widths[c] == 0)
                        continue;
                all += space + (cut ? least(&t->columns[c], widths[c]) : widths[c]);
                space = gap(&t->columns[c]);
        }
        return all;
}

static void fit(const struct table *t, size_t *widths, size_t width) {
        size_t now;

        while (sum(t, widths, true) > width) {
                size_t first = t->n_columns;

                for (size_t c = 0; c < t->n_columns; c++)
                        if (widths[c] > 0 && t->columns[c].drop > 0 &&
                            (first == t->n_columns || t->columns[c].drop < t->columns[first].drop))
                                first = c;
                if (first == t->n_columns)
                        break;
                widths[first] = 0;
        }
        /* The last ones are cut first: what something is called stands in front. */
        now = sum(t, widths, false);
        for (size_t c = t->n_columns; c > 0 && now > width; c--) {
                size_t cut = MIN(now - width, widths[c - 1] - least(&t->columns[c - 1], widths[c - 1]));

                widths[c - 1] -= cut;
                now -= cut;
        }
}

/* ---- the lines ---- */

static void print_cell(FILE *f, const char *text, const char *color, size_t width, size_t pad) {
        size_t used = MIN(text_width(text), width);
        bool colored = text[0] && color[0];

        (void) fputs(colored ? color : "", f);
        text_print_fitted(f, text, width);
        if (colored)
                (void) fputs(PLAIN, f);
        (void) fprintf(f, "%*s", (int) (pad > used ? pad - used : 0), "");
}

static void print_row(FILE *f,
                      const struct table *t,
                      const struct table_cell *row,
                      const size_t *widths,
                      bool colors) {
        size_t last = 0;

        for (size_t c = 0; c < t->n_columns; c++)
                if (widths[c] > 0 && row[c].text[0])
                        last = c;
        for (size_t c = 0; c <= last; c++)
                if (widths[c] > 0)
                        print_cell(f, row[c].text, colors ? row[c].color : "", widths[c],
                                   c < last ? widths[c] + gap(&t->columns[c]) : 0);
        (void) fputc('\n', f);
}

void table_print(FILE *f, const struct table *t, size_t width, bool colors) {
        size_t widths[TABLE_COLUMNS_MAX] = {};
        struct table_cell titles[TABLE_COLUMNS_MAX];

        measure(t, widths);
        if (width > 0)
                fit(t, widths, width);
        for (size_t c = 0; c < TABLE_COLUMNS_MAX; c++)
                titles[c] =
                        (struct table_cell) { (char *) (c < t->n_columns ? t->columns[c].title : ""), BOLD };
        print_row(f, t, titles, widths, colors);
        for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
                print_row(f, t, &t->cells[i], widths, colors);
}
