/* "Did you mean …": the nearest of the known names. Knows nothing of keys or sections. */

#include "config/suggest.h"

#define NAME_LEN_MAX 63

static char fold(char c) {
        if (c >= 'A' && c <= 'Z')
                return (char) (c - 'A' + 'a');
        return c == '-' ? '_' : c;
}

size_t suggest_distance(const char *a, const char *b) {
        size_t rows[3][NAME_LEN_MAX + 1]; /* two above, above, this one: turned round */
        size_t la = strnlen(a, NAME_LEN_MAX + 1), lb = strnlen(b, NAME_LEN_MAX + 1);
        size_t *above2 = rows[0], *above = rows[1], *here = rows[2];

        if (la > NAME_LEN_MAX || lb > NAME_LEN_MAX)
                return SIZE_MAX;
        memset(rows, 0, sizeof(rows));
        for (size_t j = 0; j <= lb; j++)
                above[j] = j;
        for (size_t i = 1; i <= la; i++) {
                size_t *turned = above2;

                here[0] = i;
                for (size_t j = 1; j <= lb; j++) {
                        bool same = fold(a[i - 1]) == fold(b[j - 1]);
                        size_t best = MIN(above[j], here[j - 1]) + 1;

                        best = MIN(best, above[j - 1] + !same);
                        if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                            fold(a[i - 2]) == fold(b[j - 1]))
                                best = MIN(best, above2[j - 2] + 1);
                        here[j] = best;
                }
                above2 = above;
                above = here;
                here = turned;
        }
        return above[lb];
}

const char *suggest_nearest(const char *text, const char *const *names) {
        const char *nearest = NULL;
        size_t least = SIZE_MAX;

        for (; *names; names++) {
                size_t d = suggest_distance(text, *names);

                if (d < least) {
                        least = d;
                        nearest = *names;
                }
        }
        /* One slip in three letters is a slip; more is another word. */
        return nearest && least <= MAX((size_t) 1, strlen(nearest) / 3) ? nearest : NULL;
}
