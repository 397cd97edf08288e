/* GET /ping, as kafka-connect-healthcheck 0.3.0 answers it: that the one who answers lives. It says nothing
 * of any worker. */
#include "report/http/document.h"
#include "util/json.h"

int document_ping(const struct snapshot *s _unused_,
                  const struct question *q _unused_,
                  struct document *ret) {
        json_object *o = json_object_new_object();

        if (o)
                json_object_object_add(o, "status", json_object_new_string("UP"));
        return document_json(ret, 200, "application/json", o);
}
