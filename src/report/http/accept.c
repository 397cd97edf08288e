#include "report/http/accept.h"

#include <strings.h>

#define BLANKS " \t"

/* A piece of the header, without blanks around it. */
struct piece {
        const char *text;
        size_t len;
};

/* The next piece up to one of the separators; *p stands behind it afterwards. */
static struct piece cut(const char **p, const char *separators) {
        struct piece piece = { *p + strspn(*p, BLANKS), 0 };

        piece.len = strcspn(piece.text, separators);
        *p = piece.text + piece.len;
        while (piece.len > 0 && strchr(BLANKS, piece.text[piece.len - 1]))
                piece.len--;
        return piece;
}

static bool is(struct piece piece, const char *text) {
        return piece.len == strlen(text) && strncasecmp(piece.text, text, piece.len) == 0;
}

static struct piece unquoted(struct piece piece) {
        if (piece.len >= 2 && piece.text[0] == '"' && piece.text[piece.len - 1] == '"')
                return (struct piece) { piece.text + 1, piece.len - 2 };
        return piece;
}

/* "0.75" is 750; what is no quality is none. */
static unsigned parse_quality(struct piece piece) {
        unsigned q, unit = 100;

        if (piece.len == 0 || (piece.text[0] != '0' && piece.text[0] != '1'))
                return 0;
        q = (unsigned) (piece.text[0] - '0') * 1000;
        for (size_t i = 2; i < piece.len && piece.text[1] == '.'; i++, unit /= 10) {
                if (piece.text[i] < '0' || piece.text[i] > '9')
                        return 0;
                q += (unsigned) (piece.text[i] - '0') * unit;
        }
        return MIN(q, 1000u);
}

/* 3: the type itself, 2: all of its kind, 1: anything, 0: something else. */
static unsigned specificity(struct piece range, const char *type) {
        size_t kind_len = strcspn(type, "/") + 1;

        if (is(range, type))
                return 3;
        if (range.len == kind_len + 1 && strncasecmp(range.text, type, kind_len) == 0 &&
            range.text[kind_len] == '*')
                return 2;
        return is(range, "*/*") ? 1 : 0;
}

unsigned accept_quality(const char *accept, const char *type, const char *version, bool *ret_named) {
        unsigned best = 0, quality = 0;

        for (const char *p = accept; *p; p += *p == ',') {
                unsigned specific = specificity(cut(&p, ",;"), type), q = 1000;

                while (*p == ';') {
                        p++;
                        struct piece name = cut(&p, "=,;");

                        p += *p == '=';
                        struct piece value = unquoted(cut(&p, ",;"));

                        if (is(name, "q"))
                                q = parse_quality(value);
                        else if (is(name, "version") && !is(value, version))
                                specific = 0;
                }
                if (specific > best || (specific == best && q > quality)) {
                        quality = q;
                        best = specific;
                }
        }
        *ret_named = best == 3;
        return best > 0 ? quality : 0;
}
