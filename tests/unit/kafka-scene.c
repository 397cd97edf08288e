/* One Kafka cluster and what a check of it finds: the stage on which the tests of its judge play. */
#include "kafka-scene.h"
#include "util/text.h"

#define BROKERS 3
#define PARTITIONS 3

void cluster_init(struct cluster *c, const char *name, char **topics) {
        *c = (struct cluster) {
                .k = {
                        .name = (char *) name,
                        .topics = topics,
                        .interval_usec = 10 * USEC_PER_SEC,
                        .timeout_usec = 10 * USEC_PER_SEC,
                },
                .now = 1000 * USEC_PER_HOUR,
        };
        assert_int_equal(kafka_health_init(&c->h, &c->k, c->now), 0);
}

void cluster_done(struct cluster *c) {
        kafka_health_done(&c->h);
        kafka_tolds_done(&c->told);
}

static void *zeroed(size_t n, size_t size) {
        void *p = calloc(n, size);

        assert_non_null(p);
        return p;
}

static char *copy(const char *s) {
        char *p = strdup(s);

        assert_non_null(p);
        return p;
}

static void fill_topic(struct kafka_topic *t, const char *name) {
        *t = (struct kafka_topic) {
                .name = copy(name),
                .partitions = zeroed(PARTITIONS, sizeof(*t->partitions)),
                .n_partitions = PARTITIONS,
                .min_isr = 2,
                .cleanup_policy = copy("compact"),
        };
        for (int32_t i = 0; i < PARTITIONS; i++) {
                struct kafka_partition *p = &t->partitions[i];

                *p = (struct kafka_partition) {
                        .id = i,
                        .leader = 1 + i % BROKERS,
                        .replicas = zeroed(BROKERS, sizeof(*p->replicas)),
                        .isrs = zeroed(BROKERS, sizeof(*p->isrs)),
                        .n_replicas = BROKERS,
                        .n_isrs = BROKERS,
                };
                for (int32_t b = 0; b < BROKERS; b++)
                        p->replicas[b] = p->isrs[b] = 1 + b;
        }
}

struct kafka_facts *cluster_facts(const struct cluster *c) {
        struct kafka_facts *f = zeroed(1, sizeof(*f));
        size_t n = strv_length(c->k.topics);

        *f = (struct kafka_facts) {
                .timeout_usec = c->k.timeout_usec,
                .took_usec = 20 * USEC_PER_MSEC,
                .metadata = { .asked = true, .took_usec = 5 * USEC_PER_MSEC },
                .coordinator = { .asked = true, .took_usec = 5 * USEC_PER_MSEC },
                .leaders = { .asked = n > 0, .took_usec = 5 * USEC_PER_MSEC },
                .cluster_id = copy("MkU3OEVBNTcwNTJENDM2Qk"),
                .controller = 2,
                .topics = zeroed(MAX(n, (size_t) 1), sizeof(*f->topics)),
                .n_topics = n,
        };
        f->brokers = zeroed(BROKERS, sizeof(*f->brokers));
        for (; f->n_brokers < BROKERS; f->n_brokers++)
                f->brokers[f->n_brokers].id = 1 + (int32_t) f->n_brokers;
        for (size_t i = 0; i < n; i++)
                fill_topic(&f->topics[i], c->k.topics[i]);
        return f;
}

struct kafka_facts *cluster_silence(const struct cluster *c, enum kafka_error error) {
        struct kafka_facts *f = zeroed(1, sizeof(*f));

        *f = (struct kafka_facts) {
                .timeout_usec = c->k.timeout_usec,
                .took_usec = c->k.timeout_usec,
                .metadata = { .asked = true, .error = error, .took_usec = c->k.timeout_usec },
                .controller = -1,
        };
        (void) snprintf(f->metadata.detail, sizeof(f->metadata.detail), "%s", "the library's words");
        return f;
}

struct kafka_topic *facts_topic(struct kafka_facts *f, const char *name) {
        for (size_t i = 0; i < f->n_topics; i++)
                if (streq(f->topics[i].name, name))
                        return &f->topics[i];
        fail_msg("no topic %s", name);
        return NULL;
}

void facts_lose_broker(struct kafka_facts *f, int32_t id) {
        for (size_t i = 0; i < f->n_topics; i++)
                for (size_t k = 0; k < f->topics[i].n_partitions; k++) {
                        struct kafka_partition *p = &f->topics[i].partitions[k];
                        size_t n = 0;

                        for (size_t b = 0; b < p->n_isrs; b++)
                                if (p->isrs[b] != id)
                                        p->isrs[n++] = p->isrs[b];
                        p->n_isrs = n;
                        if (p->leader == id)
                                p->leader = n > 0 ? p->isrs[0] : -1;
                }
}

void cluster_check(struct cluster *c, struct kafka_facts *f) {
        c->told.n = 0;
        assert_int_equal(kafka_health_observe(&c->h, &c->k, f, c->now, &c->told), 0);
}

void cluster_up(struct cluster *c) {
        cluster_check(c, cluster_facts(c));
}

void cluster_down(struct cluster *c) {
        cluster_check(c, cluster_silence(c, KAFKA_NO_ANSWER));
}

const struct kafka_told *cluster_told(const struct cluster *c, enum kafka_told_type type) {
        assert_int_equal(c->told.n, 1);
        assert_int_equal(c->told.list[0].type, type);
        return &c->told.list[0];
}
