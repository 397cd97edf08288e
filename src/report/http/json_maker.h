/* JSON trees under construction: a lack of memory is noted wherever it comes, and told once at the end.
 * Pure.
 */
#pragma once

#include "report/http/document.h"
#include "util/json.h"

struct json_maker {
        const struct snapshot *s;
        bool failed;
};

json_object *json_made(struct json_maker *m, json_object *o);
json_object *json_make_object(struct json_maker *m);
json_object *json_make_list(struct json_maker *m);

/* Takes value over; NULL is null. */
void json_put(struct json_maker *m, json_object *o, const char *key, json_object *value);
/* The same at the end of a list. */
void json_append(struct json_maker *m, json_object *list, json_object *value);

/* "" and NULL are null. */
void json_put_text(struct json_maker *m, json_object *o, const char *key, const char *text);
void json_put_strv(struct json_maker *m, json_object *o, const char *key, char *const *l);
void json_put_ids(struct json_maker *m, json_object *o, const char *key, const int32_t *ids, size_t n);
void json_put_number(struct json_maker *m, json_object *o, const char *key, uint64_t number);
/* Negative: not known, so null. */
void json_put_natural(struct json_maker *m, json_object *o, const char *key, int64_t number);
void json_put_bool(struct json_maker *m, json_object *o, const char *key, bool value);
/* Seconds. */
void json_put_span(struct json_maker *m, json_object *o, const char *key, usec_t span);
/* RFC 3339, in UTC; 0 and infinity are not known. */
void json_put_realtime(struct json_maker *m, json_object *o, const char *key, usec_t at_usec);
/* The same of agent time. */
void json_put_time(struct json_maker *m, json_object *o, const char *key, usec_t at_usec);

/* [{"name","until","text"}…] */
json_object *json_make_holds(struct json_maker *m, const struct hold_entry *holds, size_t n);

/* Makes the document of what was built; o is taken over. Returns 0 or -ENOMEM. */
int json_make_document(struct json_maker *m, json_object *o, unsigned status, struct document *ret);
