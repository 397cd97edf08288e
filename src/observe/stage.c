/* Reads the herder's stage out of the sentence that a worker ends its health message with. Knows nothing
 * of the answer around it. */
#include <time.h>

#include "observe/stage.h"
#include "util/text.h"

static const char current_form[] = "The worker is currently ";
static const char completed_form[] = "The last operation the worker completed was ";
static const char began_word[] = ", which began at ";
static const char completed_word[] = " and completed at ";

/* The last one: a connector's name may hold anything. */
static const char *find_last(const char *text, const char *word) {
        const char *last = NULL;

        for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
                last = p;
        return last;
}

/* Reads exactly n digits. Returns -1 when there are others. */
static int read_digits(const char *p, size_t n) {
        int v = 0;

        for (size_t i = 0; i < n; i++) {
                if (p[i] < '0' || p[i] > '9')
                        return -1;
                v = v * 10 + (p[i] - '0');
        }
        return v;
}

/* Z, or +hh:mm. Returns whether it is one; the offset is in seconds. */
static bool read_offset(const char *p, size_t len, int *ret) {
        int hours, minutes;

        *ret = 0;
        if (len == 1 && p[0] == 'Z')
                return true;
        if (len != strlen("+00:00") || (p[0] != '+' && p[0] != '-') || p[3] != ':')
                return false;
        hours = read_digits(p + 1, 2);
        minutes = read_digits(p + 4, 2);
        if (hours < 0 || hours > 18 || minutes < 0 || minutes > 59)
                return false;
        *ret = (hours * 60 + minutes) * 60 * (p[0] == '-' ? -1 : 1);
        return true;
}

usec_t stage_parse_time(const char *text, size_t len) {
        const char *end = text + len, *p;
        usec_t fraction = 0, unit = USEC_PER_SEC;
        struct tm tm = { 0 }, given;
        int offset;
        time_t t;

        if (len < strlen("2026-01-01T00:00:00Z") || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
            text[13] != ':' || text[16] != ':')
                return 0;
        tm.tm_year = read_digits(text, 4) - 1900;
        tm.tm_mon = read_digits(text + 5, 2) - 1;
        tm.tm_mday = read_digits(text + 8, 2);
        tm.tm_hour = read_digits(text + 11, 2);
        tm.tm_min = read_digits(text + 14, 2);
        tm.tm_sec = read_digits(text + 17, 2);
        if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_hour < 0 || tm.tm_min < 0 ||
            tm.tm_sec < 0)
                return 0;

        p = text + strlen("2026-01-01T00:00:00");
        if (*p == '.')
                for (p++; p < end && *p >= '0' && *p <= '9'; p++) {
                        unit /= 10;
                        fraction += (usec_t) (*p - '0') * unit;
                }
        if (!read_offset(p, (size_t) (end - p), &offset))
                return 0;

        /* timegm() takes the 31st of February for one of March: what it changes was no date. */
        given = tm;
        t = timegm(&tm);
        if (tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday || tm.tm_hour != given.tm_hour ||
            tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec || t < offset)
                return 0;
        return (usec_t) (t - offset) * USEC_PER_SEC + fraction;
}

/* The name after " connector ", before what ends the sentence of the herder: "writing 2 task configs for
 * connector X to the config topic", "restarting task X-0". Names nothing in "starting the connector". */
static void read_connector(const char *text, char *buf, size_t size) {
        static const char *const endings[] = { " to the config topic", " from the config topic" };
        static const char restarting_task[] = "restarting task ";
        const char *name;
        size_t len;

        buf[0] = '\0';
        if (strncmp(text, restarting_task, strlen(restarting_task)) == 0) {
                const char *dash;

                name = text + strlen(restarting_task);
                dash = strrchr(name, '-');
                if (dash && dash[1] != '\0' && strspn(dash + 1, "0123456789") == strlen(dash + 1))
                        text_copy_line(buf, size, name, (size_t) (dash - name));
                return;
        }

        name = strstr(text, " connector ");
        if (!name)
                return;
        name += strlen(" connector ");
        len = strlen(name);
        for (size_t i = 0; i < ELEMENTSOF(endings); i++) {
                size_t n = strlen(endings[i]);

                if (len > n && streq(name + len - n, endings[i])) {
                        len -= n;
                        break;
                }
        }
        text_copy_line(buf, size, name, len);
}

void stage_parse(const char *message, struct stage *ret) {
        const char *text, *began, *completed = NULL, *end;

        *ret = (struct stage) { 0 };
        text = strstr(message, current_form);
        if (text)
                text += strlen(current_form);
        else {
                text = strstr(message, completed_form);
                if (!text)
                        return;
                text += strlen(completed_form);
                ret->completed = true;
        }

        end = text + strlen(text);
        if (end > text && end[-1] == '.')
                end--;
        began = find_last(text, began_word);
        if (!began) {
                text_copy_line(ret->text, sizeof(ret->text), text, (size_t) (end - text));
                read_connector(ret->text, ret->connector, sizeof(ret->connector));
                return;
        }

        text_copy_line(ret->text, sizeof(ret->text), text, (size_t) (began - text));
        read_connector(ret->text, ret->connector, sizeof(ret->connector));
        began += strlen(began_word);
        if (ret->completed)
                completed = find_last(began, completed_word);
        ret->began_at_usec = stage_parse_time(began, (size_t) ((completed ? completed : end) - began));
        if (completed) {
                completed += strlen(completed_word);
                ret->completed_at_usec = stage_parse_time(completed, (size_t) (end - completed));
        }
}
