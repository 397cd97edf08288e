/* One JSON text to a tree, as RFC 8259 has it, whatever the version of json-c. Pure. */
#pragma once

#include <json-c/json.h>

#include "util/macro.h"

typedef struct json_object json_object;
static inline json_object *json_object_unref(json_object *o) {
        (void) json_object_put(o);
        return NULL;
}
DEFINE_CLEANUP(json_object *, json_object_unref)

/* Parses text, which must hold one object or array in UTF-8 and nothing else but white space, at most depth
 * levels deep. Returns 0 and the tree; -EBADMSG and in *ret_problem a phrase that lives for ever; -ENOMEM.
 */
int json_parse(const char *text, size_t len, int depth, json_object **ret, const char **ret_problem);

/* The member of that name, which is o's; NULL where it is absent or of another type, or o (which may be
 * NULL) is no object. */
json_object *json_member(json_object *o, const char *key, json_type type);
/* The same of a string; "" where there is none. */
const char *json_member_text(json_object *o, const char *key);
