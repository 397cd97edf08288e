/* Which way of restarting a worker knows, by the version it tells. Pure. */
#include <errno.h>

#include "act/connector.h"
#include "util/json.h"

/* Confluent's releases count for themselves: 7.0 is Kafka 3.0. */
#define FIRST_KAFKA 3
#define FIRST_CONFLUENT 7

int connector_version_has_flags(const char *text, size_t len) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        json_object *version = NULL;
        const char *problem, *s;
        char *end = NULL;
        long major;

        if (json_parse(text, len, 4, &o, &problem) < 0 ||
            !json_object_object_get_ex(o, "version", &version) ||
            !json_object_is_type(version, json_type_string))
                return -EBADMSG;
        s = json_object_get_string(version);
        major = strtol(s, &end, 10);
        if (end == s || *end != '.' || major < 0)
                return -EBADMSG;
        return major >= (strstr(end, "-ccs") || strstr(end, "-ce") ? FIRST_CONFLUENT : FIRST_KAFKA);
}
