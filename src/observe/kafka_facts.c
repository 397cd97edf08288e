/* What the Kafka checks found: its end, and its names. */

#include "observe/kafka_facts.h"

static void topic_done(struct kafka_topic *t) {
        for (size_t i = 0; i < t->n_partitions; i++) {
                free(t->partitions[i].replicas);
                free(t->partitions[i].isrs);
        }
        free(t->partitions);
        free(t->cleanup_policy);
        free(t->name);
}

struct kafka_facts *kafka_facts_free(struct kafka_facts *f) {
        if (!f)
                return NULL;
        for (size_t i = 0; i < f->n_topics; i++)
                topic_done(&f->topics[i]);
        for (size_t i = 0; i < f->n_brokers; i++)
                free(f->brokers[i].address);
        free(f->topics);
        free(f->brokers);
        free(f->cluster_id);
        free(f);
        return NULL;
}

struct kafka_deep *kafka_deep_free(struct kafka_deep *d) {
        if (d)
                free(d->partitions);
        free(d);
        return NULL;
}

struct kafka_lag *kafka_lag_free(struct kafka_lag *l) {
        if (!l)
                return NULL;
        for (size_t i = 0; i < l->n_groups; i++) {
                struct kafka_lag_group *g = &l->groups[i];

                for (size_t k = 0; k < g->n_partitions; k++)
                        free(g->partitions[k].topic);
                free(g->partitions);
                free(g->name);
        }
        free(l->groups);
        free(l);
        return NULL;
}

const char *kafka_error_to_string(enum kafka_error e) {
        static const char *const names[] = {
                [KAFKA_OK] = "ok",
                [KAFKA_NO_ANSWER] = "no-answer",
                [KAFKA_NOT_RESOLVED] = "not-resolved",
                [KAFKA_UNAUTHENTICATED] = "unauthenticated",
                [KAFKA_TLS] = "tls",
                [KAFKA_UNAUTHORIZED] = "unauthorized",
                [KAFKA_UNAVAILABLE] = "unavailable",
                [KAFKA_NO_SUCH_TOPIC] = "no-such-topic",
                [KAFKA_OUR_OWN] = "our-own",
                [KAFKA_OTHER] = "other",
        };
        _Static_assert(ELEMENTSOF(names) == _KAFKA_ERROR_MAX, "each has a name");

        return names[e];
}
