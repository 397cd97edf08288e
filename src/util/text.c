/* Strings and string lists for two folders and more. Knows nothing of what the strings mean, but for unit
 * names. */

#include "util/text.h"

#include <errno.h>
#include <stdio.h>

char **strv_free(char **l) {
        STRV_FOREACH (s, l)
                free(*s);
        free(l);
        return NULL;
}

size_t strv_length(char *const *l) {
        size_t n = 0;

        STRV_FOREACH (s, l)
                n++;
        return n;
}

int strv_extend(char ***l, const char *s) {
        size_t n = strv_length(*l);
        char **grown, *copy;

        copy = strdup(s);
        if (!copy)
                return -ENOMEM;
        grown = reallocarray(*l, n + 2, sizeof(char *));
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[n] = copy;
        grown[n + 1] = NULL;
        *l = grown;
        return 0;
}

bool strv_equal(char *const *a, char *const *b) {
        size_t n = strv_length(a);

        if (n != strv_length(b))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!streq(a[i], b[i]))
                        return false;
        return true;
}

bool strv_contains(char *const *l, const char *s) {
        STRV_FOREACH (i, l)
                if (streq(*i, s))
                        return true;
        return false;
}

int free_and_strdup(char **p, const char *s) {
        char *copy = NULL;

        if (s) {
                copy = strdup(s);
                if (!copy)
                        return -ENOMEM;
        }
        free(*p);
        *p = copy;
        return 0;
}

static bool is_continuation(unsigned char c) {
        return (c & 0xC0) == 0x80;
}

/* The length of the well-formed character of UTF-8 at text (RFC 3629: no overlong form, no surrogate, at
 * most U+10FFFF), or 0. */
static size_t utf8_char_len(const char *text, size_t len) {
        const unsigned char *s = (const unsigned char *) text;
        size_t n;

        if (s[0] < 0x80)
                return 1;
        if (s[0] >= 0xC2 && s[0] <= 0xDF)
                n = 2;
        else if (s[0] >= 0xE0 && s[0] <= 0xEF)
                n = 3;
        else if (s[0] >= 0xF0 && s[0] <= 0xF4)
                n = 4;
        else
                return 0;
        if (n > len)
                return 0;
        for (size_t i = 1; i < n; i++)
                if (!is_continuation(s[i]))
                        return 0;
        if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
            (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
                return 0;
        return n;
}

/* How much of it, from its beginning, are printable ASCII characters: nearly always all, so both below begin
 * with this. */
static size_t plain_len(const char *text, size_t len) {
        size_t n = 0;

        while (n < len && text[n] >= 0x20 && text[n] < 0x7f)
                n++;
        return n;
}

bool text_is_utf8(const char *text, size_t len) {
        for (size_t i = plain_len(text, len), n; i < len; i += n) {
                n = utf8_char_len(text + i, len - i);
                if (n == 0)
                        return false;
        }
        return true;
}

/* C0, DEL and C1 (U+0080 to U+009F): what could move a terminal's cursor. */
static bool is_control(const char *text, size_t char_len) {
        const unsigned char *s = (const unsigned char *) text;

        return (char_len == 1 && (s[0] < 0x20 || s[0] == 0x7F)) ||
               (char_len == 2 && s[0] == 0xC2 && s[1] < 0xA0);
}

char *secret_free(char *secret) {
        if (secret)
                explicit_bzero(secret, strlen(secret));
        free(secret);
        return NULL;
}

char *text_copy_line(char *buf, size_t size, const char *text, size_t len) {
        size_t out;

        if (size == 0)
                return buf;
        out = plain_len(text, MIN(len, size - 1));
        memcpy(buf, text, out);
        for (size_t i = out; i < len;) {
                size_t n = utf8_char_len(text + i, len - i);
                bool as_is = n > 0 && !is_control(text + i, n);
                size_t width = as_is ? n : 1;

                if (width > size - 1 - out)
                        break;
                if (as_is)
                        memcpy(buf + out, text + i, n);
                else
                        buf[out] = n > 0 ? ' ' : '?';
                out += width;
                i += n > 0 ? n : 1;
        }
        buf[out] = '\0';
        return buf;
}

/* Takes away what is left of a character that was cut in two. */
static void drop_half_character(char *buf, size_t len) {
        size_t begin = len;

        while (begin > 0 && len - begin < 4 && is_continuation((unsigned char) buf[begin - 1]))
                begin--;
        if (begin > 0 && (unsigned char) buf[begin - 1] >= 0xC0 &&
            utf8_char_len(buf + begin - 1, len - begin + 1) == 0)
                buf[begin - 1] = '\0';
}

void text_appendv(char *buf, size_t size, const char *format, va_list ap) {
        size_t used = strnlen(buf, size);
        int n;

        if (used >= size)
                return;
        n = vsnprintf(buf + used, size - used, format, ap);
        if (n >= 0 && (size_t) n >= size - used)
                drop_half_character(buf, size - 1);
}

void text_append(char *buf, size_t size, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        text_appendv(buf, size, format, ap);
        va_end(ap);
}

#define UNIT_NAME_LEN_MAX 255

bool text_is_service_name(const char *name) {
        static const char suffix[] = ".service";
        const size_t suffix_len = sizeof(suffix) - 1;
        size_t len = strnlen(name, UNIT_NAME_LEN_MAX + 1);
        const char *at;

        if (len > UNIT_NAME_LEN_MAX || len <= suffix_len || !streq(name + len - suffix_len, suffix))
                return false;
        if (strspn(name, "abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789:-_.\\@") != len)
                return false;
        at = strchr(name, '@');
        return !at || (at != name && at + 1 != name + len - suffix_len);
}
