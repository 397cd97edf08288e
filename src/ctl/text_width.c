/* Text on a terminal. */
#include "ctl/text_width.h"

struct range {
        uint32_t first, last;
};

static const struct range joining[] = {
        { 0x0300, 0x036F }, /* combining marks */
        { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x064B, 0x065F },   { 0x0E31, 0x0E31 },
        { 0x0E34, 0x0E3A }, { 0x200B, 0x200F }, /* spaces without width, marks of direction */
        { 0x202A, 0x202E }, { 0x2060, 0x2064 }, { 0x20D0, 0x20F0 },   { 0xFE00, 0xFE0F },
        { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF }, { 0xE0100, 0xE01EF },
};

/* As Unicode's East Asian Width has them, in whole blocks. */
static const struct range wide[] = {
        { 0x1100, 0x115F },   { 0x2E80, 0x303E },   { 0x3041, 0xA4CF },   { 0xA960, 0xA97C },
        { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },   { 0xFF00, 0xFF60 },
        { 0xFFE0, 0xFFE6 },   { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF },
        { 0x20000, 0x3FFFD },
};

static bool is_in(uint32_t c, const struct range *ranges, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

/* The character at p, which is not the end, and how many bytes it has; a byte that begins none is one. */
static uint32_t decode(const char *p, size_t *ret_len) {
        const unsigned char *s = (const unsigned char *) p;
        size_t len = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 1;
        uint32_t c = len == 1 ? s[0] : s[0] & (0xFFU >> (len + 1));

        for (size_t i = 1; i < len; i++) {
                if ((s[i] & 0xC0) != 0x80) {
                        *ret_len = 1;
                        return s[0];
                }
                c = c << 6 | (s[i] & 0x3FU);
        }
        *ret_len = len;
        return c;
}

static size_t char_width(const char *p, size_t *ret_len) {
        uint32_t c = decode(p, ret_len);

        if (is_in(c, joining, ELEMENTSOF(joining)))
                return 0;
        return is_in(c, wide, ELEMENTSOF(wide)) ? 2 : 1;
}

/* Of the first so many bytes. */
static size_t width_of(const char *text, size_t bytes) {
        size_t width = 0;

        for (size_t i = 0, len; i < bytes; i += len)
                width += char_width(text + i, &len);
        return width;
}

size_t text_width(const char *text) {
        return width_of(text, strlen(text));
}

void text_print_fitted(FILE *f, const char *text, size_t width) {
        size_t used = 0, bytes = 0, len;

        if (text_width(text) <= width) {
                (void) fputs(text, f);
                return;
        }
        if (width == 0)
                return;
        for (size_t w; text[bytes]; bytes += len, used += w) {
                w = char_width(text + bytes, &len);
                if (used + w > width - 1)
                        break;
        }
        (void) fwrite(text, 1, bytes, f);
        (void) fputs("…", f);
}

void text_print_wrapped(FILE *f, const char *text, size_t used, size_t indent, size_t width) {
        bool first = true;

        while (*text) {
                size_t bytes = strcspn(text, " "), word = width_of(text, bytes);

                if (!first && width > 0 && used + 1 + word > width) {
                        (void) fprintf(f, "\n%*s", (int) indent, "");
                        used = indent;
                } else if (!first) {
                        (void) fputc(' ', f);
                        used++;
                }
                (void) fwrite(text, 1, bytes, f);
                used += word;
                text += bytes;
                text += strspn(text, " ");
                first = false;
        }
}
