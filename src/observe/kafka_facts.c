/* What the Kafka checks found: its end, and its names. */

#include <errno.h>

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

static bool is_topic_name(const char *name) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

        return !isempty(name) && name[strspn(name, allowed)] == '\0';
}

int kafka_lag_group_add(struct kafka_lag_group *g, const char *topic, int32_t id, int64_t committed) {
        struct kafka_lag_partition *p;

        if (!is_topic_name(topic))
                return -EBADMSG;
        p = reallocarray(g->partitions, g->n_partitions + 1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        g->partitions = p;
        p += g->n_partitions;
        *p = (struct kafka_lag_partition) {
                .topic = strdup(topic),
                .id = id,
                .committed = MAX(committed, (int64_t) -1),
                .begin = -1,
                .end = -1,
        };
        if (!p->topic)
                return -ENOMEM;
        g->n_partitions++;
        return 0;
}

void kafka_lag_group_cut(struct kafka_lag_group *g, size_t n) {
        while (g->n_partitions > n)
                free(g->partitions[--g->n_partitions].topic);
}

static int by_topic_and_id(const void *a, const void *b) {
        const struct kafka_lag_partition *x = a, *y = b;
        int order = strcmp(x->topic, y->topic);

        return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

static int by_topic_id_and_committed(const void *a, const void *b) {
        const struct kafka_lag_partition *x = a, *y = b;
        int order = by_topic_and_id(a, b);

        return order != 0 ? order : (x->committed < y->committed) - (x->committed > y->committed);
}

void kafka_lag_group_sort(struct kafka_lag_group *g) {
        size_t n = 0;

        if (g->n_partitions == 0)
                return;
        qsort(g->partitions, g->n_partitions, sizeof(*g->partitions), by_topic_id_and_committed);
        for (size_t i = 1; i < g->n_partitions; i++)
                if (by_topic_and_id(&g->partitions[n], &g->partitions[i]) == 0)
                        free(g->partitions[i].topic);
                else
                        g->partitions[++n] = g->partitions[i];
        g->n_partitions = n + 1;
}

struct kafka_lag_partition *kafka_lag_group_find(const struct kafka_lag_group *g,
                                                 const char *topic,
                                                 int32_t id) {
        const struct kafka_lag_partition key = { .topic = (char *) topic, .id = id };

        return g->n_partitions > 0
                       ? bsearch(&key, g->partitions, g->n_partitions, sizeof(key), by_topic_and_id)
                       : NULL;
}

void kafka_lag_group_done(struct kafka_lag_group *g) {
        kafka_lag_group_cut(g, 0);
        free(g->partitions);
        free(g->name);
        *g = (struct kafka_lag_group) {};
}

struct kafka_lag *kafka_lag_free(struct kafka_lag *l) {
        if (!l)
                return NULL;
        for (size_t i = 0; i < l->n_groups; i++)
                kafka_lag_group_done(&l->groups[i]);
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
