#include <errno.h>

#include "ctl/java_properties.h"

struct reader {
        const char *text;
        size_t len, at;
};

/* A key or value under construction; large enough from the beginning. */
struct writer {
        char *text;
        size_t len;
};

/* A byte becomes at most so many: NUL, which is none of UTF-8 here. */
#define GROWTH 3

#define REPLACEMENT 0xFFFDU

static void put(struct writer *w, uint32_t c) {
        if (c < 0x80)
                w->text[w->len++] = (char) c;
        else if (c < 0x800) {
                w->text[w->len++] = (char) (0xC0 | c >> 6);
                w->text[w->len++] = (char) (0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
                w->text[w->len++] = (char) (0xE0 | c >> 12);
                w->text[w->len++] = (char) (0x80 | (c >> 6 & 0x3F));
                w->text[w->len++] = (char) (0x80 | (c & 0x3F));
        } else {
                w->text[w->len++] = (char) (0xF0 | c >> 18);
                w->text[w->len++] = (char) (0x80 | (c >> 12 & 0x3F));
                w->text[w->len++] = (char) (0x80 | (c >> 6 & 0x3F));
                w->text[w->len++] = (char) (0x80 | (c & 0x3F));
        }
}

static bool ends_line(char c) {
        return c == '\n' || c == '\r';
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\f';
}

static bool at_end(const struct reader *r) {
        return r->at >= r->len;
}

static void skip_blanks(struct reader *r) {
        while (!at_end(r) && is_blank(r->text[r->at]))
                r->at++;
}

static void skip_line_end(struct reader *r) {
        if (r->text[r->at] == '\r' && r->at + 1 < r->len && r->text[r->at + 1] == '\n')
                r->at++;
        r->at++;
}

/* A backslash before a line's end goes on with what follows the next line's blanks. */
static void skip_continuations(struct reader *r) {
        while (r->at + 1 < r->len && r->text[r->at] == '\\' && ends_line(r->text[r->at + 1])) {
                r->at++;
                skip_line_end(r);
                skip_blanks(r);
        }
}

static bool read_hex(const struct reader *r, size_t at, uint32_t *ret) {
        uint32_t c = 0;

        if (r->len - at < 4)
                return false;
        for (size_t i = at; i < at + 4; i++) {
                const char digit = r->text[i];

                if (digit >= '0' && digit <= '9')
                        c = c * 16 + (uint32_t) (digit - '0');
                else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
                        c = c * 16 + (uint32_t) ((digit | 0x20) - 'a' + 10);
                else
                        return false;
        }
        *ret = c;
        return true;
}

/* Behind \u. Two halves of a pair are one character. */
static uint32_t read_unicode(struct reader *r, uint32_t c) {
        uint32_t low;

        r->at += 4;
        if (c < 0xD800 || c > 0xDFFF)
                return c == 0 ? REPLACEMENT : c;
        if (c > 0xDBFF || r->len - r->at < 6 || memcmp(r->text + r->at, "\\u", 2) != 0 ||
            !read_hex(r, r->at + 2, &low) || low < 0xDC00 || low > 0xDFFF)
                return REPLACEMENT;
        r->at += 6;
        return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

static uint32_t read_character(struct reader *r) {
        unsigned char c = (unsigned char) r->text[r->at++];
        uint32_t code;

        if (c == '\0')
                return REPLACEMENT;
        if (c != '\\' || at_end(r))
                return c;
        c = (unsigned char) r->text[r->at++];
        switch (c) {
        case 'n':
                return '\n';
        case 'r':
                return '\r';
        case 't':
                return '\t';
        case 'f':
                return '\f';
        case 'u':
                return read_hex(r, r->at, &code) ? read_unicode(r, code) : 'u';
        case '\0':
                return REPLACEMENT;
        default:
                return c;
        }
}

/* Up to the line's end, for a key also up to its separator. Returns NULL when out of memory. */
static char *read_text(struct reader *r, bool key) {
        struct writer w = { .text = malloc(GROWTH * (r->len - r->at) + 4) };

        if (!w.text)
                return NULL;
        for (;;) {
                skip_continuations(r);
                if (at_end(r) || ends_line(r->text[r->at]))
                        break;
                if (key && (is_blank(r->text[r->at]) || r->text[r->at] == '=' || r->text[r->at] == ':'))
                        break;
                put(&w, read_character(r));
        }
        w.text[w.len++] = '\0';

        char *shorter = realloc(w.text, w.len);
        return shorter ? shorter : w.text;
}

static void skip_separator(struct reader *r) {
        bool found = false;

        for (; !at_end(r); r->at++) {
                skip_continuations(r);
                if (at_end(r))
                        return;
                if (!found && (r->text[r->at] == '=' || r->text[r->at] == ':'))
                        found = true;
                else if (!is_blank(r->text[r->at]))
                        return;
        }
}

static int read_property(struct reader *r, struct java_properties *p) {
        _cleanup_free_ char *key = read_text(r, true), *value = NULL;
        struct java_property *grown;

        if (!key)
                return -ENOMEM;
        skip_separator(r);
        value = read_text(r, false);
        if (!value)
                return -ENOMEM;
        grown = reallocarray(p->list, p->n + 1, sizeof(*p->list));
        if (!grown)
                return -ENOMEM;
        p->list = grown;
        p->list[p->n++] = (struct java_property) { TAKE_PTR(key), TAKE_PTR(value) };
        return 0;
}

void java_properties_done(struct java_properties *p) {
        for (size_t i = 0; i < p->n; i++) {
                free(p->list[i].key);
                free(p->list[i].value);
        }
        free(p->list);
        *p = (struct java_properties) {};
}

int java_properties_parse(const char *text, size_t len, struct java_properties *ret) {
        struct reader r = { text, len, 0 };

        *ret = (struct java_properties) {};
        while (!at_end(&r)) {
                skip_blanks(&r);
                if (at_end(&r))
                        break;
                if (ends_line(text[r.at]))
                        skip_line_end(&r);
                else if (text[r.at] == '#' || text[r.at] == '!')
                        while (!at_end(&r) && !ends_line(text[r.at]))
                                r.at++;
                else if (read_property(&r, ret) < 0) {
                        java_properties_done(ret);
                        return -ENOMEM;
                }
        }
        return 0;
}

const char *java_properties_get(const struct java_properties *p, const char *key) {
        for (size_t i = p->n; i > 0; i--)
                if (streq(p->list[i - 1].key, key))
                        return p->list[i - 1].value;
        return NULL;
}
