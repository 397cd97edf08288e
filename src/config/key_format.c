/* Values of keys: from their place in the settings back to text. Knows no section, no file and no other
 * key. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "config/keys.h"
#include "config/values.h"
#include "observe/kind.h"
#include "util/span.h"
#include "util/text.h"

char *key_format_number(const struct config_key *k, uint64_t n, char *buf, size_t size) {
        if (k->type == KEY_SPAN)
                return span_format_exact(buf, size, n);
        if (k->type == KEY_SIZE)
                return value_size_format(buf, size, n);
        (void) snprintf(buf, size, "%" PRIu64, n);
        return buf;
}

/* Returns buf. */
static char *format_set(const struct config_key *k, unsigned set, char *buf, size_t size) {
        buf[0] = '\0';
        for (unsigned bit = 0; k->names[bit]; bit++)
                if (set & 1U << bit)
                        text_append(buf, size, "%s%s", buf[0] ? " " : "", k->names[bit]);
        return buf;
}

static int format_list(char *const *list, const char *separator, char **ret) {
        size_t size = 1;
        char *text;

        STRV_FOREACH (s, list)
                size += strlen(*s) + 1;
        text = calloc(size, 1);
        if (!text)
                return -ENOMEM;
        STRV_FOREACH (s, list)
                text_append(text, size, "%s%s", s == list ? "" : separator, *s);
        *ret = text;
        return 0;
}

int key_format(const struct config_key *k, const void *base, char **ret) {
        const void *place = (const char *) base + k->offset;
        char number[SPAN_TEXT_SIZE], set[128];
        const char *text;
        char *copy;

        switch (k->type) {
        case KEY_BOOL:
                text = *(const bool *) place ? "yes" : "no";
                break;
        case KEY_UNSIGNED:
                text = key_format_number(k, *(const unsigned *) place, number, sizeof(number));
                break;
        case KEY_SPAN:
        case KEY_SIZE:
                text = key_format_number(k, *(const uint64_t *) place, number, sizeof(number));
                break;
        case KEY_LOG_LEVEL:
                text = value_log_level_to_string(*(const int *) place);
                break;
        case KEY_KIND: {
                const struct worker_kind *kind = *(const struct worker_kind *const *) place;

                text = kind ? kind->name : NULL;
                break;
        }
        case KEY_ACTION:
                text = worker_action_to_string(*(const enum worker_action *) place);
                break;
        case KEY_METHOD:
                text = http_method_names[*(const enum http_method *) place];
                break;
        case KEY_FORMAT:
                text = notify_format_names[*(const enum notify_format *) place];
                break;
        case KEY_LISTEN:
                if (*(char *const *const *) place)
                        return format_list(*(char *const *const *) place, " ", ret);
                text = "off";
                break;
        case KEY_URL_PATH:
                text = *(char *const *) place;
                if (!text)
                        text = "off";
                break;
        case KEY_SET:
                text = format_set(k, *(const unsigned *) place, set, sizeof(set));
                break;
        case KEY_URLS:
        case KEY_URL_PATHS:
        case KEY_SECTION_NAMES:
        case KEY_BROKERS:
        case KEY_TOPICS:
        case KEY_STATUSES:
        case KEY_EVENTS:
                return format_list(*(char *const *const *) place, " ", ret);
        case KEY_PROPERTIES:
                return format_list(*(char *const *const *) place, "\n", ret);
        case KEY_USERNAME:
        case KEY_HOSTNAME:
        case KEY_URL:
        case KEY_UNIT:
        case KEY_FILE:
        case KEY_JSON:
        case KEY_WORKER_ID:
        case KEY_CONNECTOR:
        case KEY_TEXT:
        case KEY_TOPIC:
        case KEY_PATH:
        case KEY_BODY:
        case KEY_LINK:
        case KEY_COMMAND:
        default:
                text = *(char *const *) place;
                break;
        }
        copy = strdup(strempty(text));
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

bool keys_equal(enum config_section section, const void *a, const void *b) {
        for (size_t i = 0; i < n_config_keys; i++) {
                _cleanup_free_ char *of_a = NULL, *of_b = NULL;

                if (config_keys[i].section == section &&
                    (key_format(&config_keys[i], a, &of_a) < 0 ||
                     key_format(&config_keys[i], b, &of_b) < 0 || !streq(of_a, of_b)))
                        return false;
        }
        return true;
}
