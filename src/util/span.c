/* Time spans, read and written as systemd.time(7) has them. Knows no clock. */

#include "util/span.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const struct {
        const char *name;
        usec_t usec;
} units[] = {
        { "usec", 1 },
        { "us", 1 },
        { "\302\265s", 1 }, /* U+00B5 MICRO SIGN */
        { "\316\274s", 1 }, /* U+03BC GREEK SMALL LETTER MU */
        { "msec", USEC_PER_MSEC },
        { "ms", USEC_PER_MSEC },
        { "seconds", USEC_PER_SEC },
        { "second", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "s", USEC_PER_SEC },
        { "minutes", USEC_PER_MINUTE },
        { "minute", USEC_PER_MINUTE },
        { "min", USEC_PER_MINUTE },
        { "m", USEC_PER_MINUTE },
        { "hours", USEC_PER_HOUR },
        { "hour", USEC_PER_HOUR },
        { "hr", USEC_PER_HOUR },
        { "h", USEC_PER_HOUR },
        { "days", USEC_PER_DAY },
        { "day", USEC_PER_DAY },
        { "d", USEC_PER_DAY },
        { "weeks", 7 * USEC_PER_DAY },
        { "week", 7 * USEC_PER_DAY },
        { "w", 7 * USEC_PER_DAY },
        { "months", 2629800 * USEC_PER_SEC }, /* 30.44 days */
        { "month", 2629800 * USEC_PER_SEC },
        { "M", 2629800 * USEC_PER_SEC },
        { "years", 31557600 * USEC_PER_SEC }, /* 365.25 days */
        { "year", 31557600 * USEC_PER_SEC },
        { "y", 31557600 * USEC_PER_SEC },
};

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p) {
        while (is_blank(*p))
                p++;
        return p;
}

/* The unit at *p, which is then moved behind it; a number followed by another or by the end counts
 * seconds. */
static int parse_unit(const char **p, usec_t *ret) {
        const char *start = skip_blanks(*p);
        size_t len = 0;

        while (start[len] != '\0' && !is_blank(start[len]) && !is_digit(start[len]) && start[len] != '.')
                len++;
        if (len == 0) {
                if (start == *p && *start != '\0')
                        return -EINVAL; /* "1.5.5" */
                *p = start;
                *ret = USEC_PER_SEC;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == len && strncmp(units[i].name, start, len) == 0) {
                        *p = start + len;
                        *ret = units[i].usec;
                        return 0;
                }
        return -EINVAL;
}

/* One number with its unit. */
static int parse_part(const char **p, usec_t *ret) {
        const char *s = *p, *fraction = NULL;
        usec_t whole = 0, unit, part;
        int r;

        if (!is_digit(*s) && !(*s == '.' && is_digit(s[1])))
                return -EINVAL;
        for (; is_digit(*s); s++)
                if (__builtin_mul_overflow(whole, (usec_t) 10, &whole) ||
                    __builtin_add_overflow(whole, (usec_t) (*s - '0'), &whole))
                        return -ERANGE;
        if (*s == '.') {
                fraction = ++s;
                if (!is_digit(*s))
                        return -EINVAL;
                while (is_digit(*s))
                        s++;
        }
        r = parse_unit(&s, &unit);
        if (r < 0)
                return r;
        if (__builtin_mul_overflow(whole, unit, &part))
                return -ERANGE;
        for (usec_t place = unit / 10; fraction && is_digit(*fraction) && place > 0; fraction++, place /= 10)
                if (__builtin_add_overflow(part, (usec_t) (*fraction - '0') * place, &part))
                        return -ERANGE;
        *p = s;
        *ret = part;
        return 0;
}

int span_parse(const char *text, usec_t *ret) {
        const char *p = skip_blanks(text);
        usec_t sum = 0, part;
        int r;

        if (strncmp(p, "infinity", 8) == 0) {
                if (*skip_blanks(p + 8) != '\0')
                        return -EINVAL;
                *ret = USEC_INFINITY;
                return 0;
        }
        if (*p == '\0')
                return -EINVAL;
        while (*p != '\0') {
                r = parse_part(&p, &part);
                if (r < 0)
                        return r;
                if (__builtin_add_overflow(sum, part, &sum))
                        return -ERANGE;
                p = skip_blanks(p);
        }
        if (sum == USEC_INFINITY)
                return -ERANGE;
        *ret = sum;
        return 0;
}

static const struct {
        const char *name;
        usec_t usec;
} written[] = {
        { "d", USEC_PER_DAY }, { "h", USEC_PER_HOUR },  { "min", USEC_PER_MINUTE },
        { "s", USEC_PER_SEC }, { "ms", USEC_PER_MSEC }, { "us", 1 },
};

static char *format_units(char *buf, size_t size, usec_t span, size_t max_units) {
        size_t first = 0, len = 0;

        if (size == 0)
                return buf;
        buf[0] = '\0';
        if (span == USEC_INFINITY || span == 0) {
                (void) snprintf(buf, size, "%s", span == 0 ? "0s" : "infinity");
                return buf;
        }
        while (span < written[first].usec)
                first++;
        for (size_t i = first; i < ELEMENTSOF(written) && i - first < max_units; i++) {
                usec_t n = span / written[i].usec;
                int k;

                span %= written[i].usec;
                if (n == 0)
                        continue;
                k = snprintf(buf + len, size - len, "%s%" PRIu64 "%s", len > 0 ? " " : "", n,
                             written[i].name);
                if (k < 0 || (size_t) k >= size - len)
                        break;
                len += (size_t) k;
        }
        return buf;
}

char *span_format(char *buf, size_t size, usec_t span) {
        return format_units(buf, size, span, 2);
}

char *span_format_exact(char *buf, size_t size, usec_t span) {
        return format_units(buf, size, span, ELEMENTSOF(written));
}
