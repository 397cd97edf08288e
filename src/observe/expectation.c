/* What an operator expects of an answer. Knows no kind. */
#include <json-c/json_pointer.h>

#include "observe/expectation.h"
#include "util/json.h"

#define STATUS_MIN 100
#define STATUS_MAX 599
#define JSON_DEPTH_MAX 32
#define BODY_PARSED_MAX ((size_t) 1024 * 1024)

/* Three digits; *text goes behind them. */
static bool read_status(const char **text, unsigned *ret) {
        const char *t = *text;

        if (strspn(t, "0123456789") < 3)
                return false;
        *ret = (unsigned) (t[0] - '0') * 100 + (unsigned) (t[1] - '0') * 10 + (unsigned) (t[2] - '0');
        *text += 3;
        return *ret >= STATUS_MIN && *ret <= STATUS_MAX;
}

static bool read_range(const char *text, unsigned *ret_first, unsigned *ret_last) {
        if (!read_status(&text, ret_first))
                return false;
        *ret_last = *ret_first;
        if (*text == '-') {
                text++;
                if (!read_status(&text, ret_last))
                        return false;
        }
        return *text == '\0' && *ret_first <= *ret_last;
}

const char *status_range_problem(const char *text) {
        unsigned first, last;

        return read_range(text, &first, &last)
                       ? NULL
                       : "is no HTTP status; write one like 200, or a range like 200-299";
}

bool status_is_listed(char *const *ranges, unsigned status) {
        unsigned first, last;

        for (; ranges && *ranges; ranges++)
                if (read_range(*ranges, &first, &last) && status >= first && status <= last)
                        return true;
        return false;
}

unsigned status_first_in_both(char *const *a, char *const *b, bool *ret_all) {
        unsigned first = 0;

        *ret_all = true;
        for (unsigned status = STATUS_MIN; status <= STATUS_MAX; status++) {
                if (!status_is_listed(a, status))
                        continue;
                if (!status_is_listed(b, status))
                        *ret_all = false;
                else if (first == 0)
                        first = status;
        }
        return first;
}

/* Where the "=" of "/pointer = value" stands; NULL: it is a text. */
static const char *equals_of(const char *expected) {
        return expected[0] == '/' ? strchr(expected, '=') : NULL;
}

static bool json_matches(const char *expected, const char *equals, const char *body, size_t len) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        _cleanup_free_ char *pointer = NULL;
        size_t pointer_len = (size_t) (equals - expected);
        const char *value = equals + 1 + strspn(equals + 1, " \t"), *problem;
        json_object *found = NULL;

        while (pointer_len > 0 && strchr(" \t", expected[pointer_len - 1]))
                pointer_len--;
        pointer = strndup(expected, pointer_len);
        if (!pointer || len > BODY_PARSED_MAX || json_parse(body, len, JSON_DEPTH_MAX, &o, &problem) < 0 ||
            json_pointer_get(o, pointer, &found) < 0)
                return false;
        if (json_object_is_type(found, json_type_null))
                return streq(value, "null");
        return streq(json_object_get_string(found), value);
}

bool body_matches(const char *expected, const char *body, size_t len) {
        const char *equals = equals_of(expected);

        return equals ? json_matches(expected, equals, body, len)
                      : memmem(body, len, expected, strlen(expected)) != NULL;
}

const char *body_expectation_problem(const char *text) {
        const char *equals = equals_of(text);

        if (equals && equals[1 + strspn(equals + 1, " \t")] == '\0')
                return "names no value; write /pointer = value, or a text that stands in the body";
        return NULL;
}
