/* Asks the agent over its control socket, one question at a time. */
#pragma once

#include "ctl/ctl.h"
#include "util/json.h"

#define CONTROL_PROBLEM_SIZE 1024

struct control_answer {
        json_object *body;                  /* what was said; also to what is refused, where it is JSON */
        char problem[CONTROL_PROBLEM_SIZE]; /* why there is no good answer, and what to do: one line */
};

/* Asks for a path. Returns CTL_OK, or else the exit status with a->problem. The caller frees a by
 * control_answer_done() in every case. */
int control_get(const char *socket, const char *path, struct control_answer *a);
/* Has the agent do something; the request stays the caller's. worker: whom it is about, NULL: all. Returns
 * as control_get() does; CTL_HELD has its reasons in a->body. */
int control_post(const char *socket,
                 const char *path,
                 json_object *request,
                 const char *worker,
                 struct control_answer *a);
void control_answer_done(struct control_answer *a);

/* The worker of that name in what GET /workers answered; NULL: there is none, and a->problem names the
 * nearest one. */
json_object *control_find_worker(struct control_answer *a, const char *name);
