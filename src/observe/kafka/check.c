/* One liveness check: what metadata names, and whether it answers. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "observe/kafka/client.h"
#include "util/text.h"

/* min.insync.replicas and cleanup.policy are read again after so long, or where no answer came in time. What
 * was found of the cluster waits for them no longer. */
#define CONFIG_AGE_USEC (5 * USEC_PER_MINUTE)
#define CONFIG_RETRY_USEC (10 * USEC_PER_SEC)
#define CONFIG_PATIENCE_USEC USEC_PER_SEC
/* How many leaders are asked at once. */
#define LEADER_THREADS 32
/* Between two looks at what is in transition. */
#define TRANSITION_USEC (250 * USEC_PER_MSEC)

typedef const struct rd_kafka_metadata metadata;

/* ---- metadata ---- */

static int copy_ids(const int32_t *from, int n, int32_t **ret, size_t *ret_n) {
        if (n <= 0)
                return 0;
        *ret = malloc((size_t) n * sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        memcpy(*ret, from, (size_t) n * sizeof(**ret));
        *ret_n = (size_t) n;
        return 0;
}

static int copy_partition(const rd_kafka_metadata_partition_t *from,
                          enum kafka_error error,
                          struct kafka_partition *to) {
        if (error == KAFKA_OK)
                error = from->leader < 0 ? KAFKA_UNAVAILABLE : KAFKA_NO_ANSWER;
        *to = (struct kafka_partition) { .id = from->id, .leader = from->leader, .error = error };
        if (copy_ids(from->replicas, from->replica_cnt, &to->replicas, &to->n_replicas) < 0 ||
            copy_ids(from->isrs, from->isr_cnt, &to->isrs, &to->n_isrs) < 0)
                return -ENOMEM;
        return 0;
}

static int by_id(const void *a, const void *b) {
        const struct kafka_partition *x = a, *y = b;

        return (x->id > y->id) - (x->id < y->id);
}

static int copy_topic(metadata *md, const char *name, struct kafka_topic *to) {
        const rd_kafka_metadata_topic_t *from = NULL;

        to->min_isr = -1;
        to->name = strdup(name);
        if (!to->name)
                return -ENOMEM;
        for (int i = 0; i < md->topic_cnt; i++)
                if (streq(md->topics[i].topic, name))
                        from = &md->topics[i];
        if (!from) {
                to->error = KAFKA_OTHER;
                return 0;
        }
        to->error = kafka_error_of(from->err);
        if (from->partition_cnt <= 0)
                return 0;
        to->partitions = calloc((size_t) from->partition_cnt, sizeof(*to->partitions));
        if (!to->partitions)
                return -ENOMEM;
        for (int i = 0; i < from->partition_cnt; i++) {
                to->n_partitions++;
                if (copy_partition(&from->partitions[i], to->error, &to->partitions[i]) < 0)
                        return -ENOMEM;
        }
        qsort(to->partitions, to->n_partitions, sizeof(*to->partitions), by_id);
        return 0;
}

/* What a broker says ends in lines for people, and in JSON. */
static int copy_text(char **to, const char *said) {
        size_t len = said ? strlen(said) : 0;
        int r = free_and_strdup(to, said);

        if (r >= 0 && said)
                (void) text_copy_line(*to, len + 1, said, len);
        return r;
}

static int copy_brokers(metadata *md, struct kafka_facts *f) {
        if (md->broker_cnt <= 0)
                return 0;
        f->brokers = calloc((size_t) md->broker_cnt, sizeof(*f->brokers));
        if (!f->brokers)
                return -ENOMEM;
        for (int i = 0; i < md->broker_cnt; i++) {
                f->brokers[i].id = md->brokers[i].id;
                char address[KAFKA_DETAIL_SIZE] = "";

                text_append(address, sizeof(address), "%s:%d", md->brokers[i].host, md->brokers[i].port);
                if (copy_text(&f->brokers[i].address, address) < 0)
                        return -ENOMEM;
                f->n_brokers++;
        }
        return 0;
}

static int copy_metadata(struct kafka_client *c, metadata *md, struct kafka_facts *f) {
        char *cluster_id;
        int r;

        f->controller = rd_kafka_controllerid(c->rk, 0);
        cluster_id = rd_kafka_clusterid(c->rk, 0);
        r = copy_text(&f->cluster_id, cluster_id);
        if (cluster_id)
                rd_kafka_mem_free(c->rk, cluster_id);
        if (r >= 0)
                r = copy_brokers(md, f);
        if (r < 0)
                return r;

        f->topics = calloc(strv_length(c->topics) + 1, sizeof(*f->topics));
        if (!f->topics)
                return -ENOMEM;
        STRV_FOREACH (t, c->topics)
                if (copy_topic(md, *t, &f->topics[f->n_topics++]) < 0)
                        return -ENOMEM;
        return 0;
}

static int ask_metadata(struct kafka_client *c, struct kafka_facts *f, usec_t deadline) {
        usec_t begun = kafka_now();
        metadata *md = NULL;
        int r = 0;

        kafka_ask_metadata(c, NULL, deadline, &f->metadata, &md);
        f->metadata.asked = true;
        f->metadata.took_usec = usec_sub(kafka_now(), begun);
        if (md) {
                r = copy_metadata(c, md, f);
                rd_kafka_metadata_destroy(md);
        }
        return r;
}

/* ---- the group's coordinator ---- */

/* Which it is, and whether it answers: asked for what the group has committed, which is next to nothing for
 * a group of Kafka Connect. queue: NULL where there is no group. */
static void end_coordinator(struct kafka_client *c,
                            rd_kafka_queue_t *queue,
                            usec_t begun,
                            usec_t deadline,
                            struct kafka_step *s) {
        rd_kafka_event_t *event;

        if (!queue)
                return;
        event = kafka_committed_end(c, c->group, queue, deadline, s, NULL);
        (void) rd_kafka_poll(c->rk, 0);
        s->asked = true;
        s->took_usec = usec_sub(kafka_now(), begun);
        kafka_step_explain(s, &c->causes, begun);
        if (event)
                rd_kafka_event_destroy(event);
}

/* ---- leaders ---- */

/* The ends of the partitions that one broker leads, asked of it. */
struct leader {
        int32_t id;
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *partitions;
        rd_kafka_resp_err_t err;
};

struct leaders {
        struct leader *list;
        size_t n;
        usec_t deadline;
};

/* Asks every LEADER_THREADS-th, one after another. */
struct leader_thread {
        const struct leaders *of;
        size_t first;
        pthread_t thread;
        bool started;
};

static struct leader *leader_for(struct kafka_client *c, struct leaders *l, int32_t id) {
        struct leader *grown;

        for (size_t i = 0; i < l->n; i++)
                if (l->list[i].id == id)
                        return &l->list[i];
        grown = reallocarray(l->list, l->n + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        l->list = grown;
        grown[l->n] = (struct leader) {
                .id = id,
                .rk = c->rk,
                .partitions = rd_kafka_topic_partition_list_new(8),
        };
        return &grown[l->n++];
}

static void leaders_done(struct leaders *l) {
        for (size_t i = 0; i < l->n; i++)
                rd_kafka_topic_partition_list_destroy(l->list[i].partitions);
        free(l->list);
}

static int collect_leaders(struct kafka_client *c, const struct kafka_facts *f, struct leaders *l) {
        for (size_t t = 0; t < f->n_topics; t++)
                for (size_t p = 0; p < f->topics[t].n_partitions; p++) {
                        const struct kafka_partition *partition = &f->topics[t].partitions[p];
                        rd_kafka_topic_partition_t *asked;
                        struct leader *leader;

                        if (f->topics[t].error != KAFKA_OK || partition->leader < 0)
                                continue;
                        leader = leader_for(c, l, partition->leader);
                        if (!leader)
                                return -ENOMEM;
                        asked = rd_kafka_topic_partition_list_add(leader->partitions, f->topics[t].name,
                                                                  partition->id);
                        asked->offset = RD_KAFKA_OFFSET_END;
                }
        return 0;
}

static void *ask_some(void *arg) {
        const struct leader_thread *t = arg;

        for (size_t i = t->first; i < t->of->n; i += LEADER_THREADS) {
                struct leader *l = &t->of->list[i];

                l->err = rd_kafka_offsets_for_times(l->rk, l->partitions,
                                                    MAX(kafka_left_msec(t->of->deadline), 1));
        }
        return NULL;
}

/* One call for all would tell nothing of the others when one is silent, so each has a thread; with more
 * leaders than threads, a silent one takes the time of those that it shares its thread with. */
static void ask_each_leader(struct leaders *l, usec_t deadline) {
        struct leader_thread threads[LEADER_THREADS] = { 0 };
        size_t n = MIN(l->n, (size_t) LEADER_THREADS);

        l->deadline = deadline;
        for (size_t i = 0; i < n; i++) {
                threads[i] = (struct leader_thread) { .of = l, .first = i };
                if (i > 0)
                        threads[i].started =
                                pthread_create(&threads[i].thread, NULL, ask_some, &threads[i]) == 0;
        }
        (void) ask_some(&threads[0]);
        for (size_t i = 1; i < n; i++)
                if (threads[i].started)
                        pthread_join(threads[i].thread, NULL);
                else
                        (void) ask_some(&threads[i]);
}

static struct kafka_partition *find_partition(struct kafka_facts *f, const char *topic, int32_t id) {
        for (size_t t = 0; t < f->n_topics; t++)
                if (streq(f->topics[t].name, topic))
                        for (size_t p = 0; p < f->topics[t].n_partitions; p++)
                                if (f->topics[t].partitions[p].id == id)
                                        return &f->topics[t].partitions[p];
        return NULL;
}

static bool worse(enum kafka_error a, enum kafka_error b) {
        /* As they stand in the enumeration, but that an answer of any kind is better than none. */
        return a != KAFKA_OK && (b == KAFKA_OK || a < b);
}

static void read_leader(struct kafka_client *c, const struct leader *l, struct kafka_facts *f) {
        struct kafka_step whole = { 0 }, one = { 0 };

        kafka_step_set(&whole, l->err, NULL);
        if (whole.error == KAFKA_OK)
                kafka_causes_forget(&c->causes, l->id);
        else
                kafka_step_explain_broker(&whole, &c->causes, l->id);

        for (int i = 0; i < l->partitions->cnt; i++) {
                const rd_kafka_topic_partition_t *asked = &l->partitions->elems[i];
                struct kafka_partition *partition = find_partition(f, asked->topic, asked->partition);

                one = whole;
                if (whole.error == KAFKA_OK)
                        kafka_step_set(&one, asked->err, NULL);
                if (partition)
                        partition->error = one.error;
                if (worse(one.error, f->leaders.error)) {
                        f->leaders.error = one.error;
                        (void) snprintf(f->leaders.detail, sizeof(f->leaders.detail),
                                        "broker %d: ", (int) l->id);
                        text_append(f->leaders.detail, sizeof(f->leaders.detail), "%s", one.detail);
                }
        }
}

static int ask_leaders(struct kafka_client *c, struct kafka_facts *f, usec_t deadline) {
        usec_t begun = kafka_now();
        struct leaders l = { 0 };
        int r;

        r = collect_leaders(c, f, &l);
        if (r >= 0 && l.n > 0) {
                ask_each_leader(&l, deadline);
                (void) rd_kafka_poll(c->rk, 0);
                f->leaders.asked = true;
                f->leaders.took_usec = usec_sub(kafka_now(), begun);
                for (size_t i = 0; i < l.n; i++)
                        read_leader(c, &l.list[i], f);
        }
        leaders_done(&l);
        return r;
}

/* ---- the topics' configuration ---- */

static void read_config(const rd_kafka_ConfigResource_t *resource, struct topic_config *config) {
        const rd_kafka_ConfigEntry_t **entries;
        size_t n;

        config->read_at_usec = kafka_now();
        config->min_isr = -1;
        free(TAKE_PTR(config->cleanup_policy));
        entries = rd_kafka_ConfigResource_configs(resource, &n);
        for (size_t i = 0; i < n; i++) {
                const char *name = rd_kafka_ConfigEntry_name(entries[i]);
                const char *value = rd_kafka_ConfigEntry_value(entries[i]);

                if (!value)
                        continue;
                if (streq(name, "min.insync.replicas"))
                        config->min_isr = (int) strtol(value, NULL, 10);
                else if (streq(name, "cleanup.policy"))
                        (void) copy_text(&config->cleanup_policy, value);
        }
}

/* Returns whether a broker answered; it may have refused. */
static bool read_configs(struct kafka_client *c, rd_kafka_event_t *event) {
        const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
        const rd_kafka_ConfigResource_t **resources;
        size_t n = 0;

        if (!result || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return false;
        resources = rd_kafka_DescribeConfigs_result_resources(result, &n);
        for (size_t i = 0; i < n; i++)
                for (size_t t = 0; c->topics && c->topics[t]; t++)
                        if (streq(c->topics[t], rd_kafka_ConfigResource_name(resources[i])))
                                read_config(resources[i], &c->configs[t]);
        return true;
}

static bool config_is_due(const struct kafka_client *c, const struct kafka_facts *f, size_t t) {
        usec_t read_at = c->configs[t].read_at_usec;

        return f->topics[t].error == KAFKA_OK &&
               (read_at == 0 || usec_sub(kafka_now(), read_at) >= CONFIG_AGE_USEC);
}

static int ask_configs(struct kafka_client *c, const struct kafka_facts *f, usec_t deadline) {
        rd_kafka_ConfigResource_t **resources;
        rd_kafka_AdminOptions_t *options;
        rd_kafka_queue_t *queue;
        rd_kafka_event_t *event;
        size_t n = 0;

        deadline = MIN(deadline, usec_add(kafka_now(), CONFIG_PATIENCE_USEC));
        if (kafka_now() < c->configs_not_before_usec || kafka_left_msec(deadline) == 0)
                return 0;
        resources = calloc(f->n_topics + 1, sizeof(rd_kafka_ConfigResource_t *));
        if (!resources)
                return -ENOMEM;
        for (size_t t = 0; t < f->n_topics; t++)
                if (config_is_due(c, f, t))
                        resources[n++] =
                                rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, f->topics[t].name);
        if (n > 0) {
                queue = rd_kafka_queue_new(c->rk);
                options = kafka_admin_options(c->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, deadline);
                rd_kafka_DescribeConfigs(c->rk, resources, n, options, queue);
                rd_kafka_AdminOptions_destroy(options);
                event = rd_kafka_queue_poll(queue, kafka_left_msec(deadline));
                if (!event || !read_configs(c, event))
                        c->configs_not_before_usec = usec_add(kafka_now(), CONFIG_RETRY_USEC);
                if (event)
                        rd_kafka_event_destroy(event);
                rd_kafka_queue_destroy(queue);
        }
        rd_kafka_ConfigResource_destroy_array(resources, n);
        free(resources);
        return 0;
}

static int fill_configs(const struct kafka_client *c, struct kafka_facts *f) {
        for (size_t t = 0; t < f->n_topics; t++) {
                if (c->configs[t].read_at_usec == 0)
                        continue;
                f->topics[t].min_isr = c->configs[t].min_isr;
                if (free_and_strdup(&f->topics[t].cleanup_policy, c->configs[t].cleanup_policy) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* ---- all of it ---- */

static int ask_all(struct kafka_client *c, struct kafka_facts *f, usec_t deadline) {
        rd_kafka_queue_t *coordinator = NULL;
        usec_t begun;
        int r;

        r = ask_metadata(c, f, deadline);
        if (r < 0 || f->metadata.error != KAFKA_OK)
                return r;
        begun = kafka_now();
        if (c->group)
                coordinator = kafka_committed_begin(c, c->group);
        r = ask_leaders(c, f, deadline);
        end_coordinator(c, coordinator, begun, deadline, &f->coordinator);
        return r;
}

/* A leader or a coordinator is just being chosen, as whenever a broker is restarted in good order. */
static bool in_transition(const struct kafka_facts *f) {
        if (f->metadata.error != KAFKA_OK)
                return false;
        if (f->coordinator.error == KAFKA_UNAVAILABLE)
                return true;
        for (size_t t = 0; t < f->n_topics; t++)
                for (size_t p = 0; p < f->topics[t].n_partitions; p++)
                        if (f->topics[t].partitions[p].error == KAFKA_UNAVAILABLE)
                                return true;
        return false;
}

int kafka_check(struct kafka_client *c, struct kafka_facts **ret) {
        _cleanup_(kafka_facts_freep) struct kafka_facts *f = NULL;
        usec_t begun = kafka_now(), deadline = usec_add(begun, c->timeout_usec);
        usec_t patience = usec_add(begun, c->timeout_usec / 3);
        int r;

        /* Between deep checks, none of which is made in an outage, its errors would pile up and grow stale.
         */
        if (c->writer)
                (void) rd_kafka_poll(c->writer, 0);
        for (;;) {
                f = kafka_facts_free(f);
                f = calloc(1, sizeof(*f));
                if (!f)
                        return -ENOMEM;
                f->timeout_usec = c->timeout_usec;
                f->controller = -1;
                r = ask_all(c, f, deadline);
                if (r < 0 || !in_transition(f) || usec_add(kafka_now(), TRANSITION_USEC) > patience)
                        break;
                (void) usleep(TRANSITION_USEC);
        }
        f->took_usec = usec_sub(kafka_now(), begun);
        if (r >= 0 && f->metadata.error == KAFKA_OK)
                r = ask_configs(c, f, deadline);
        if (r >= 0)
                r = fill_configs(c, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}
