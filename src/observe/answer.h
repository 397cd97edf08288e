/* What the kinds share in reading answers. Pure. */
#pragma once

#include "observe/kind.h"
#include "util/json.h"

/* An HTML page, by its type or by how it begins. */
bool answer_is_html(const struct answer *a) _pure_;

/* Its body as a JSON object, to be unref'd; NULL where it is none, or larger than max_bytes. */
json_object *answer_object(const struct answer *a, size_t max_bytes);

/* Ends the poll with that, and a detail in the kind's own words. Returns PROBE_DONE. */
enum probe_verdict conclude_saying(struct observation *o,
                                   enum outcome outcome,
                                   enum reason reason,
                                   const char *detail);
/* The same with degraded: it lives, which is remembered as an ok is. */
enum probe_verdict conclude_degraded(struct probe *p,
                                     struct observation *o,
                                     enum reason reason,
                                     const char *detail);

/* Ends the poll with that; what was answered goes into the detail, unless the reason says all of it. Returns
 * PROBE_DONE. */
enum probe_verdict conclude(const struct answer *a,
                            struct observation *o,
                            enum outcome outcome,
                            enum reason reason);
/* The same, with what was answered in any case. */
enum probe_verdict conclude_showing(const struct answer *a,
                                    struct observation *o,
                                    enum outcome outcome,
                                    enum reason reason);
/* The same as conclude() with ok, which is remembered. */
enum probe_verdict conclude_ok(struct probe *p, const struct answer *a, struct observation *o);

/* The statuses that mean the same wherever they come from: 3xx and 4xx are ours to mend, 5xx is the
 * server's; any other is otherwise. Returns PROBE_DONE. */
enum probe_verdict classify_other_status(const struct answer *a,
                                         struct observation *o,
                                         enum reason otherwise);
