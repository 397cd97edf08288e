/* JSON for the documents. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "report/http/json_maker.h"
#include "util/text.h"

json_object *json_made(struct json_maker *m, json_object *o) {
        m->failed = m->failed || !o;
        return o;
}

json_object *json_make_object(struct json_maker *m) {
        return json_made(m, json_object_new_object());
}

json_object *json_make_list(struct json_maker *m) {
        return json_made(m, json_object_new_array());
}

void json_put(struct json_maker *m, json_object *o, const char *key, json_object *value) {
        if (o && json_object_object_add(o, key, value) >= 0)
                return;
        json_object_unref(value);
        m->failed = true;
}

void json_append(struct json_maker *m, json_object *list, json_object *value) {
        if (list && json_object_array_add(list, value) >= 0)
                return;
        json_object_unref(value);
        m->failed = true;
}

void json_put_text(struct json_maker *m, json_object *o, const char *key, const char *text) {
        json_put(m, o, key, isempty(text) ? NULL : json_made(m, json_object_new_string(text)));
}

void json_put_strv(struct json_maker *m, json_object *o, const char *key, char *const *l) {
        json_object *list = json_make_list(m);

        STRV_FOREACH (s, l)
                json_append(m, list, json_made(m, json_object_new_string(*s)));
        json_put(m, o, key, list);
}

void json_put_ids(struct json_maker *m, json_object *o, const char *key, const int32_t *ids, size_t n) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; i < n; i++)
                json_append(m, list, json_made(m, json_object_new_int(ids[i])));
        json_put(m, o, key, list);
}

void json_put_number(struct json_maker *m, json_object *o, const char *key, uint64_t number) {
        json_put(m, o, key, json_made(m, json_object_new_uint64(number)));
}

void json_put_natural(struct json_maker *m, json_object *o, const char *key, int64_t number) {
        json_put(m, o, key, number < 0 ? NULL : json_made(m, json_object_new_int64(number)));
}

void json_put_bool(struct json_maker *m, json_object *o, const char *key, bool value) {
        json_put(m, o, key, json_made(m, json_object_new_boolean(value)));
}

void json_put_span(struct json_maker *m, json_object *o, const char *key, usec_t span) {
        char text[SECONDS_SIZE];

        json_put(m, o, key,
                 json_made(m, json_object_new_double_s((double) span / (double) USEC_PER_SEC,
                                                       document_seconds(text, span))));
}

void json_put_realtime(struct json_maker *m, json_object *o, const char *key, usec_t at_usec) {
        time_t seconds = (time_t) (at_usec / USEC_PER_SEC);
        char text[64] = "";
        struct tm tm;
        size_t n = 0;

        if (at_usec > 0 && at_usec < USEC_INFINITY && gmtime_r(&seconds, &tm))
                n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        if (n > 0)
                (void) snprintf(text + n, sizeof(text) - n, ".%03uZ",
                                (unsigned) (at_usec % USEC_PER_SEC / USEC_PER_MSEC));
        json_put_text(m, o, key, text);
}

void json_put_time(struct json_maker *m, json_object *o, const char *key, usec_t at_usec) {
        bool known = at_usec > 0 && at_usec < USEC_INFINITY;

        json_put_realtime(m, o, key, known ? snapshot_realtime(m->s, at_usec) : 0);
}

json_object *json_make_holds(struct json_maker *m, const struct hold_entry *holds, size_t n) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; i < n; i++) {
                json_object *o = json_make_object(m);

                json_put_text(m, o, "name", hold_to_string(holds[i].hold));
                json_put_time(m, o, "until", holds[i].until_usec);
                json_put_text(m, o, "text", holds[i].text);
                json_append(m, list, o);
        }
        return list;
}

int json_make_document(struct json_maker *m, json_object *o, unsigned status, struct document *ret) {
        if (m->failed) {
                json_object_unref(o);
                return -ENOMEM;
        }
        return document_json(ret, status, "application/json", o);
}
