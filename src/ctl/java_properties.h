/* Properties files as Java's Properties.load(InputStream) reads them. Pure. */
#pragma once

#include "util/macro.h"

struct java_properties {
        struct java_property {
                char *key, *value; /* UTF-8 */
        } * list;
        size_t n;
};

void java_properties_done(struct java_properties *p);

/* text is ISO 8859-1 with \uXXXX for what that has not. A character that is none becomes U+FFFD. Returns 0
 * or -ENOMEM: there is nothing that Java would refuse but a malformed \u, which is taken as it stands. */
int java_properties_parse(const char *text, size_t len, struct java_properties *ret);

/* The last one of that key, as Java has it; NULL: there is none. */
const char *java_properties_get(const struct java_properties *p, const char *key) _pure_;
