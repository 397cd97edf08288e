/* Topics: what is wrong with their partitions, and what of it is to be told. Per topic and not per
 * partition, for a broker that is gone changes hundreds of them at once. */
#include <errno.h>

#include "judge/kafka_topics.h"
#include "util/text.h"

static bool partition_is_offline(const struct kafka_partition *p) {
        return p->leader < 0 || p->error == KAFKA_NO_ANSWER || p->error == KAFKA_UNAVAILABLE;
}

/* The worst that is wrong with it; all of it is counted. */
static enum topic_state weigh_partition(struct kafka_topic_health *t, const struct kafka_partition *p) {
        enum topic_state state = TOPIC_OK;

        if (p->n_isrs < p->n_replicas) {
                t->n_under_replicated++;
                state = TOPIC_UNDER_REPLICATED;
        }
        if (t->min_isr > 0 && p->n_isrs < (size_t) t->min_isr) {
                t->n_below_min_isr++;
                state = TOPIC_BELOW_MIN_ISR;
        }
        if (partition_is_offline(p)) {
                t->n_offline++;
                state = TOPIC_OFFLINE;
        }
        return state;
}

static enum topic_state weigh_partitions(struct kafka_topic_health *t, const struct kafka_topic *facts) {
        enum topic_state worst = TOPIC_OK;
        bool all_known = facts->n_partitions > 0;

        for (size_t i = 0; i < facts->n_partitions; i++) {
                const struct kafka_partition *p = &facts->partitions[i];
                enum topic_state state = weigh_partition(t, p);
                int replicas = (int) p->n_replicas;

                t->replication_factor =
                        t->replication_factor < 0 ? replicas : MIN(t->replication_factor, replicas);
                if (state == TOPIC_OK || state == TOPIC_UNDER_REPLICATED)
                        all_known = all_known && p->error == KAFKA_OK;
                if (state > worst) {
                        worst = state;
                        t->worst_partition = p->id;
                }
        }
        return topic_state_impedes(worst) || all_known ? worst : TOPIC_UNKNOWN;
}

static void forget_numbers(struct kafka_topic_health *t) {
        t->n_partitions = t->n_under_replicated = t->n_below_min_isr = t->n_offline = 0;
        t->worst_partition = t->min_isr = t->replication_factor = -1;
}

static enum topic_state weigh_topic(struct kafka_topic_health *t, const struct kafka_topic *facts) {
        forget_numbers(t);
        if (!facts)
                return TOPIC_UNKNOWN;
        switch (facts->error) {
        case KAFKA_NO_SUCH_TOPIC:
                return TOPIC_MISSING;
        case KAFKA_UNAVAILABLE:
                return TOPIC_OFFLINE;
        case KAFKA_OK:
                t->n_partitions = facts->n_partitions;
                t->min_isr = facts->min_isr;
                return weigh_partitions(t, facts);
        default:
                return TOPIC_UNKNOWN;
        }
}

/* ---- telling ---- */

void kafka_tolds_done(struct kafka_tolds *t) {
        free(t->list);
        *t = (struct kafka_tolds) {};
}

struct kafka_told *kafka_tolds_add(struct kafka_tolds *t, enum kafka_told_type type) {
        if (t->n == t->size) {
                size_t size = MAX(t->size * 2, (size_t) 4);
                struct kafka_told *grown = reallocarray(t->list, size, sizeof(*grown));

                if (!grown)
                        return NULL;
                t->list = grown;
                t->size = size;
        }
        t->list[t->n] = (struct kafka_told) { .type = type };
        return &t->list[t->n++];
}

/* A state that cannot be told is not: the cluster's own says why. */
static int enter(struct kafka_health *h,
                 size_t i,
                 enum topic_state state,
                 usec_t now_usec,
                 struct kafka_tolds *ret) {
        struct kafka_topic_health *t = &h->topics[i];
        enum topic_state before = t->known;
        usec_t since = t->known_since_usec;

        if (t->state != state) {
                t->state = state;
                t->since_usec = now_usec;
        }
        if (state == TOPIC_UNKNOWN || state == before)
                return 0;
        t->known = state;
        t->known_since_usec = now_usec;
        if (state == TOPIC_MISSING || (state == TOPIC_OK && before == TOPIC_UNKNOWN))
                return 0;

        struct kafka_told *told = kafka_tolds_add(ret, KAFKA_TOLD_TOPIC);
        if (!told)
                return -ENOMEM;
        told->topic = i;
        told->topic_from = before;
        told->topic_to = state;
        told->lasted_usec = usec_sub(now_usec, since);
        return 0;
}

static unsigned unfit(const struct kafka_topic_health *t,
                      const struct kafka_topic *facts,
                      bool any_cleanup_policy) {
        unsigned bits = 0;

        if (t->state == TOPIC_MISSING)
                return TOPIC_UNFIT_MISSING;
        if (!any_cleanup_policy && facts->cleanup_policy && !strstr(facts->cleanup_policy, "compact"))
                bits |= TOPIC_UNFIT_NOT_COMPACTED;
        if (t->replication_factor == 1)
                bits |= TOPIC_UNFIT_SINGLE_REPLICA;
        return bits;
}

static void say_unfit(struct kafka_told *told, const struct kafka_topic *facts) {
        char *buf = told->text;
        size_t size = sizeof(told->text);

        switch (told->unfit) {
        case TOPIC_UNFIT_MISSING:
                text_append(buf, size,
                            "there is no such topic; correct topics =, or let Connect create it, which it "
                            "does when it starts");
                break;
        case TOPIC_UNFIT_NOT_COMPACTED:
                text_append(buf, size,
                            "its cleanup.policy is %s, and what Connect keeps in it will be deleted; set "
                            "cleanup.policy=compact",
                            facts->cleanup_policy);
                break;
        case TOPIC_UNFIT_SINGLE_REPLICA:
        default:
                text_append(buf, size,
                            "it has a single replica, so it is gone with one broker; give it three "
                            "replicas (kafka-reassign-partitions.sh)");
        }
}

/* What is mended may break anew. What may not be read now was not mended for that. */
static int tell_unfit(struct kafka_health *h,
                      size_t i,
                      const struct kafka_topic *facts,
                      struct kafka_tolds *ret) {
        static const enum topic_unfit each[] = { TOPIC_UNFIT_MISSING, TOPIC_UNFIT_NOT_COMPACTED,
                                                 TOPIC_UNFIT_SINGLE_REPLICA };
        struct kafka_topic_health *t = &h->topics[i];
        unsigned now, before = t->unfit;

        if (t->state == TOPIC_UNKNOWN)
                return 0;
        now = unfit(t, facts, h->any_cleanup_policy);
        if (t->state != TOPIC_MISSING && !facts->cleanup_policy)
                now |= before & TOPIC_UNFIT_NOT_COMPACTED;
        if (t->replication_factor < 0)
                now |= before & TOPIC_UNFIT_SINGLE_REPLICA;
        t->unfit = now;
        for (size_t k = 0; k < ELEMENTSOF(each); k++) {
                if (!(now & ~before & each[k]))
                        continue;

                struct kafka_told *told = kafka_tolds_add(ret, KAFKA_TOLD_UNFIT);
                if (!told)
                        return -ENOMEM;
                told->topic = i;
                told->topic_from = told->topic_to = t->state;
                told->unfit = each[k];
                say_unfit(told, facts);
        }
        return 0;
}

static const struct kafka_topic *find(const struct kafka_facts *facts, const char *name) {
        for (size_t i = 0; facts && i < facts->n_topics; i++)
                if (streq(facts->topics[i].name, name))
                        return &facts->topics[i];
        return NULL;
}

int kafka_topics_observe(struct kafka_health *h,
                         const struct kafka_facts *facts,
                         usec_t now_usec,
                         struct kafka_tolds *ret) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < h->n_topics; i++) {
                const struct kafka_topic *f = find(facts, h->topics[i].name);

                r = enter(h, i, weigh_topic(&h->topics[i], f), now_usec, ret);
                if (r >= 0)
                        r = tell_unfit(h, i, f, ret);
        }
        return r;
}

bool kafka_topics_impede(const struct kafka_health *h) {
        for (size_t i = 0; i < h->n_topics; i++)
                if (topic_state_impedes(h->topics[i].state))
                        return true;
        return false;
}

bool topic_state_impedes(enum topic_state s) {
        return s == TOPIC_BELOW_MIN_ISR || s == TOPIC_OFFLINE || s == TOPIC_MISSING;
}

const char *topic_state_to_string(enum topic_state s) {
        static const char *const names[_TOPIC_STATE_MAX] = {
                [TOPIC_UNKNOWN] = "unknown",
                [TOPIC_OK] = "ok",
                [TOPIC_UNDER_REPLICATED] = "under-replicated",
                [TOPIC_BELOW_MIN_ISR] = "below-min-isr",
                [TOPIC_OFFLINE] = "offline",
                [TOPIC_MISSING] = "missing",
        };

        return names[s];
}
