#include "report/incident_line.h"

#include "util/json.h"
#include "util/text.h"

#define ID_LEN (INCIDENT_ID_SIZE - 1)

/* Text from outside may be cut within a character, and JSON takes none that is no UTF-8. */
static json_object *text_to_json(const char *text) {
        size_t len = strlen(text), size = len + 1;
        _cleanup_free_ char *clean = NULL;

        if (text_is_utf8(text, len))
                return json_object_new_string_len(text, (int) len);
        clean = malloc(size);
        if (!clean)
                return NULL;
        for (size_t i = 0; i < size; i++)
                clean[i] = (unsigned char) text[i] < 0x80 ? text[i] : '?';
        return json_object_new_string(clean);
}

static int put(json_object *line, const char *key, json_object *value) {
        if (value && json_object_object_add(line, key, value) == 0)
                return 0;
        json_object_put(value);
        return -1;
}

char *incident_line(const struct event *e, usec_t realtime_usec) {
        _cleanup_(json_object_unrefp) json_object *line = json_object_new_object();
        _cleanup_strv_ char **fields = event_to_fields(e);
        char stamp[24], *text;

        if (!line || !fields)
                return NULL;
        (void) snprintf(stamp, sizeof(stamp), "%llu", (unsigned long long) realtime_usec);
        if (put(line, INCIDENT_TIME, json_object_new_string(stamp)) < 0)
                return NULL;
        STRV_FOREACH (field, fields) {
                char *equals = strchr(*field, '=');

                *equals = '\0';
                if (put(line, *field, text_to_json(equals + 1)) < 0)
                        return NULL;
        }
        if (asprintf(&text, "%s\n", json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN)) < 0)
                return NULL;
        return text;
}

bool incident_id_is_valid(const char *id) {
        return strlen(id) == ID_LEN && strspn(id, "0123456789abcdef") == ID_LEN;
}

bool incident_id_of_file(const char *name, char id[static INCIDENT_ID_SIZE]) {
        size_t len = strlen(name), suffix = strlen(INCIDENT_SUFFIX);

        if (len <= suffix || len - suffix >= INCIDENT_ID_SIZE ||
            !streq(name + len - suffix, INCIDENT_SUFFIX))
                return false;
        memcpy(id, name, len - suffix);
        id[len - suffix] = '\0';
        return incident_id_is_valid(id);
}
