/* What the tests of the documents share: a worker that the judge has judged, in a snapshot, and what a path
 * then answers. */
#pragma once

#include "judge-scene.h"
#include "report/http/document.h"

struct document_scene {
        struct scene judge; /* of the first worker */
        struct worker_counts counts;
        struct worker_snapshot workers[2];
        struct settings settings; /* nothing but healthcheck_compat */
        struct snapshot snapshot; /* whose process uses what document-scene.c says */
        struct connectors_view *connectors;
        struct document answer; /* the last one */
};

/* connect-a of the judge's scene, and connect-b, of which nothing is known yet and which has no unit. */
void document_scene_init(struct document_scene *s);
/* Holds of that kind, as the agent keeps them for the first worker. */
void document_scene_decide(struct document_scene *s);
/* Asks; fails unless that is the status. Returns the body. */
const char *document_scene_get(struct document_scene *s,
                               const char *path,
                               const char *worker,
                               const char *accept,
                               unsigned status);
/* One look at the first worker's connectors: orders runs, one of its two tasks failed. */
void document_scene_look(struct document_scene *s);
void document_scene_done(struct document_scene *s);
