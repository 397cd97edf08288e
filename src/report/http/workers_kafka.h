/* What /workers has of [kafka] sections. */
#pragma once

#include "report/http/json_maker.h"

/* All of them: a list. */
json_object *make_kafkas(struct json_maker *m);
/* What a worker requires, taken together; NULL where it requires nothing. */
json_object *make_dependency(struct json_maker *m, const struct dependency *d);
/* Of a worker's sinks; NULL where it is not watched. */
json_object *make_lag(struct json_maker *m, const struct lag_view *v);
