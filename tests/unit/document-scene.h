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
        struct kafka_snapshot kafka; /* see document_scene_kafka() */
        struct kafka_settings kafka_settings;
        struct kafka_health kafka_health;
        struct kafka_topic_health topic_health[2];
        struct kafka_facts facts;
        struct kafka_topic topics[2];
        struct kafka_partition partitions[3];
        struct kafka_deep deep;
        struct kafka_deep_partition deep_partitions[2];
        const char *kafka_asked; /* ?kafka= */
        struct document answer;  /* the last one */
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
/* The section main, which is up: of its topics connect-offsets has two partitions on brokers 1 and 2, and
 * connect-status one; min.insync.replicas is 1. No deep check. */
void document_scene_kafka(struct document_scene *s);
/* A deep check of two partitions, the second of which failed. */
void document_scene_deep(struct document_scene *s);
void document_scene_done(struct document_scene *s);
