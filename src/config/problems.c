/* Errors and warnings as they are found, each with its place. Knows not what is checked. */

#include "config/problems.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "util/text.h"

void problems_done(struct problems *p) {
        for (size_t i = 0; i < p->n; i++)
                free(p->list[i].text);
        free(p->list);
        *p = (struct problems) { 0 };
}

_printf_(4, 0) static void add(struct problems *p,
                               bool warning,
                               const struct place *at,
                               const char *format,
                               va_list ap) {
        char line[16] = "";
        _cleanup_free_ char *text = NULL;
        char *whole = NULL;

        if ((warning ? p->n_warnings++ : p->n_errors++) >= PROBLEMS_MAX)
                return;
        if (!p->list) {
                p->list = calloc((size_t) 2 * PROBLEMS_MAX, sizeof(struct problem));
                if (!p->list)
                        goto oom;
        }
        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                goto oom;
        }
        if (at->line > 0)
                (void) snprintf(line, sizeof(line), ":%u", at->line);
        if (asprintf(&whole, "%s%s: %s", at->file, line, text) < 0)
                goto oom;
        p->list[p->n++] =
                (struct problem) { .order = at->order, .line = at->line, .warning = warning, .text = whole };
        return;

oom:
        p->out_of_memory = true;
}

void problem_error(struct problems *p, const struct place *at, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        add(p, false, at, format, ap);
        va_end(ap);
}

void problem_warning(struct problems *p, const struct place *at, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        add(p, true, at, format, ap);
        va_end(ap);
}

static bool comes_before(const struct problem *a, const struct problem *b) {
        return a->order != b->order ? a->order < b->order : a->line < b->line;
}

/* By insertion: at most two hundred, and what was found first stays first. */
static void sort_by_place(struct problems *p) {
        for (size_t i = 1; i < p->n; i++) {
                struct problem moved = p->list[i];
                size_t k = i;

                for (; k > 0 && comes_before(&moved, &p->list[k - 1]); k--)
                        p->list[k] = p->list[k - 1];
                p->list[k] = moved;
        }
}

static int extend_left_out(char ***lines, size_t n, const char *what) {
        char text[64];

        if (n <= PROBLEMS_MAX)
                return 0;
        (void) snprintf(text, sizeof(text), "… and %zu more %s", n - PROBLEMS_MAX, what);
        return strv_extend(lines, text);
}

int problems_to_lines(struct problems *p, char ***ret_errors, char ***ret_warnings) {
        _cleanup_strv_ char **errors = NULL, **warnings = NULL;
        int r;

        if (p->out_of_memory)
                return -ENOMEM;
        sort_by_place(p);
        for (size_t i = 0; i < p->n; i++) {
                r = strv_extend(p->list[i].warning ? &warnings : &errors, p->list[i].text);
                if (r < 0)
                        return r;
        }
        r = extend_left_out(&errors, p->n_errors, "errors");
        if (r < 0)
                return r;
        r = extend_left_out(&warnings, p->n_warnings, "warnings");
        if (r < 0)
                return r;
        *ret_errors = TAKE_PTR(errors);
        *ret_warnings = TAKE_PTR(warnings);
        return 0;
}
