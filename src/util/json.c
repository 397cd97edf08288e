/* json-c, made as strict as its strict mode says, and no stricter. Knows no document. */
#include <errno.h>
#include <stdio.h>

#include "util/json.h"
#include "util/text.h"

/* json-c 0.16 takes 'a', NaN and control characters inside strings even when told to be strict. */
static bool is_plain_json(const char *text, size_t len) {
        bool in_string = false;

        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char) text[i];

                if (in_string) {
                        if (c < 0x20)
                                return false;
                        if (c == '\\') {
                                /* escape() would make an escape of its own out of what follows. */
                                if (++i < len && (unsigned char) text[i] >= 0x80)
                                        return false;
                        } else if (c == '"')
                                in_string = false;
                } else if (c == '"')
                        in_string = true;
                else if (c == '\'' || c == '/' || c == 'N' || c == 'I' || c >= 0x80)
                        return false;
        }
        return !in_string;
}

static bool is_ascii(const char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                if ((unsigned char) text[i] >= 0x80)
                        return false;
        return true;
}

/* The code point of a character that is known to be UTF-8 of more than one byte. */
static uint32_t code_point(const unsigned char *s, size_t n) {
        uint32_t c = s[0] & (0x7FU >> n);

        for (size_t i = 1; i < n; i++)
                c = c << 6 | (s[i] & 0x3FU);
        return c;
}

/* json-c 0.18 takes every byte over 0x7F for a control character when told to be strict: it gets \uXXXX
 * instead. Returns NULL when out of memory. */
static char *escape(const char *text, size_t len, size_t *ret_len) {
        char *out = malloc(3 * len + 13), *at = out;

        if (!out)
                return NULL;
        for (size_t i = 0; i < len;) {
                const unsigned char *s = (const unsigned char *) text + i;
                size_t n = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
                uint32_t c = n > 1 ? code_point(s, n) : s[0];

                i += n;
                if (n == 1)
                        *at++ = (char) c;
                else if (c < 0x10000)
                        at += sprintf(at, "\\u%04x", c);
                else
                        at += sprintf(at, "\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10),
                                      0xDC00 + ((c - 0x10000) & 0x3FF));
        }
        *ret_len = (size_t) (at - out);
        return out;
}

static int parse_plain(const char *text,
                       size_t len,
                       int depth,
                       json_object **ret,
                       const char **ret_problem) {
        struct json_tokener *tokener = json_tokener_new_ex(depth);
        enum json_tokener_error error;
        size_t end;

        if (!tokener)
                return -ENOMEM;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        *ret = json_tokener_parse_ex(tokener, text, (int) len);
        error = json_tokener_get_error(tokener);
        end = json_tokener_get_parse_end(tokener);
        json_tokener_free(tokener);
        if (error == json_tokener_success && end == len)
                return 0;

        *ret = json_object_unref(*ret);
        *ret_problem = error == json_tokener_success    ? "something follows it"
                       : error == json_tokener_continue ? "it ends too early"
                                                        : json_tokener_error_desc(error);
        return -EBADMSG;
}

int json_parse(const char *text, size_t len, int depth, json_object **ret, const char **ret_problem) {
        _cleanup_free_ char *escaped = NULL;

        *ret = NULL;
        while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r' ||
                           text[len - 1] == '\n'))
                len--;
        if (len == 0 || len > INT32_MAX / 4 || !text_is_utf8(text, len) || !is_plain_json(text, len)) {
                *ret_problem = "it is not plain JSON in UTF-8";
                return -EBADMSG;
        }
        if (!is_ascii(text, len)) {
                escaped = escape(text, len, &len);
                if (!escaped)
                        return -ENOMEM;
                text = escaped;
        }
        return parse_plain(text, len, depth, ret, ret_problem);
}

json_object *json_member(json_object *o, const char *key, json_type type) {
        json_object *v = NULL;

        if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &v))
                return NULL;
        return json_object_is_type(v, type) ? v : NULL;
}

const char *json_member_text(json_object *o, const char *key) {
        json_object *v = json_member(o, key, json_type_string);

        return v ? json_object_get_string(v) : "";
}
