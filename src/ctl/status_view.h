/* What GET /workers says, drawn for a person: an overview, and one worker whole. Ages are of the moment when
 * the agent answered. What comes from the agent may be older or newer than this program: what is not there
 * is left out. Pure, but for the time zone. */
#pragma once

#include <stdio.h>

#include "util/json.h"

struct view {
        FILE *f;
        size_t width; /* of the terminal; 0: there is none, and nothing is cut */
        bool colors;
        json_object *all; /* what was answered */
};

/* Returns 0 or -ENOMEM. */
int status_view_all(const struct view *v);
/* worker: one of them. */
void status_view_worker(const struct view *v, json_object *worker);
