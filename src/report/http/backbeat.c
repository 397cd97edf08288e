/* GET /healthcheck and /healthcheck/deep, also where Backbeat has them: its documented bodies, from the last
 * checks of a [kafka] section. What a field means where nothing is Backbeat's (no ZooKeeper, no producers of
 * its own) stands in connect-watchdog.conf(5). */
#include <stdio.h>

#include "judge/kafka_deep.h"
#include "report/http/json_maker.h"
#include "util/text.h"

#define WHY_SIZE 1024

/* An error as Backbeat writes it: {"code":404,"description":"…","RouteNotFound":true}. */
static int refuse(struct json_maker *m, unsigned code, const char *why, struct document *ret) {
        json_object *o = json_make_object(m);

        json_put_number(m, o, "code", code);
        json_put_text(m, o, "description", why);
        json_put_bool(m, o, code == 404 ? "RouteNotFound" : "InternalError", true);
        return json_make_document(m, o, code, ret);
}

/* The section of ?kafka=, else the first; NULL: there is none. */
static const struct kafka_snapshot *find_section(const struct snapshot *s, const struct question *q) {
        for (size_t i = 0; i < s->n_kafkas; i++)
                if (!q->kafka || streq(s->kafkas[i].settings->name, q->kafka))
                        return &s->kafkas[i];
        return NULL;
}

/* Whether a broker answered the last check's request for metadata. */
static bool has_answered(const struct kafka_health *h) {
        switch (h->outcome) {
        case KAFKA_UP:
        case KAFKA_SLOW:
                return h->facts;
        case KAFKA_DOWN:
                return h->facts && h->reason != KAFKA_REASON_NO_BROKER;
        default:
                return false;
        }
}

static int refuse_unanswered(struct json_maker *m, const struct kafka_snapshot *k, struct document *ret) {
        const struct kafka_health *h = k->health;
        char why[WHY_SIZE];

        (void) snprintf(why, sizeof(why), "Kafka %s is %s: %s", k->settings->name,
                        kafka_outcome_to_string(h->outcome), kafka_reason_text(h->reason));
        if (h->detail[0])
                text_append(why, sizeof(why), " (%s)", h->detail);
        return refuse(m, 500, why, ret);
}

static const char *ok_or_error(bool ok) {
        return ok ? "ok" : "error";
}

/* ---- /healthcheck ---- */

static json_object *make_topic(struct json_maker *m, const struct kafka_topic *t) {
        json_object *o = json_make_object(m), *list = json_make_list(m);

        for (size_t i = 0; i < t->n_partitions; i++) {
                const struct kafka_partition *p = &t->partitions[i];
                json_object *partition = json_make_object(m);

                json_put(m, partition, "id", json_made(m, json_object_new_int(p->id)));
                json_put(m, partition, "leader", json_made(m, json_object_new_int(p->leader)));
                json_put_ids(m, partition, "replicas", p->replicas, p->n_replicas);
                json_put_ids(m, partition, "isrs", p->isrs, p->n_isrs);
                json_append(m, list, partition);
        }
        json_put_text(m, o, "name", t->name);
        json_put(m, o, "partitions", list);
        return o;
}

/* Of the section's topics those that exist. */
static json_object *make_topics(struct json_maker *m, const struct kafka_snapshot *k) {
        json_object *o = json_make_object(m);

        for (size_t i = 0; i < k->health->n_topics; i++) {
                const struct kafka_topic *t = kafka_snapshot_topic(k, k->health->topics[i].name);

                if (t && t->error == KAFKA_OK)
                        json_put(m, o, t->name, make_topic(m, t));
        }
        return o;
}

/* The first topic with a partition that no replica is in sync for; NULL: there is none. */
static const char *topic_without_isr(const struct kafka_snapshot *k) {
        for (size_t i = 0; i < k->health->n_topics; i++) {
                const struct kafka_topic *t = kafka_snapshot_topic(k, k->health->topics[i].name);

                for (size_t j = 0; t && t->error == KAFKA_OK && j < t->n_partitions; j++)
                        if (t->partitions[j].n_isrs == 0)
                                return t->name;
        }
        return NULL;
}

static bool isr_is_healthy(const struct kafka_health *h) {
        for (size_t i = 0; i < h->n_topics; i++)
                if (h->topics[i].state != TOPIC_OK && h->topics[i].state != TOPIC_UNDER_REPLICATED)
                        return false;
        return true;
}

static bool can_produce(const struct kafka_snapshot *k) {
        return k->health->outcome != KAFKA_DOWN && (!k->deep || kafka_deep_is_well(k->deep));
}

static json_object *make_connections(struct json_maker *m, const struct kafka_snapshot *k) {
        json_object *o = json_make_object(m), *zookeeper = json_make_object(m);
        json_object *details = json_make_object(m), *producer = json_make_object(m);

        if (k->health->n_topics > 0)
                json_put_text(m, o, "isrHealth", ok_or_error(isr_is_healthy(k->health)));
        json_put_text(m, details, "name", "SYNC_CONNECTED");
        json_put_number(m, details, "code", 3);
        json_put_text(m, zookeeper, "status", "ok");
        json_put(m, zookeeper, "details", details);
        json_put(m, o, "zookeeper", zookeeper);
        json_put_text(m, producer, "status", ok_or_error(can_produce(k)));
        json_put(m, o, "kafkaProducer", producer);
        return o;
}

static int answer_healthcheck(struct json_maker *m, const struct kafka_snapshot *k, struct document *ret) {
        const char *topic = topic_without_isr(k);
        char why[WHY_SIZE];
        json_object *o;

        if (topic) {
                (void) snprintf(why, sizeof(why), "topic %s has a partition without any in-sync replica",
                                topic);
                return refuse(m, 500, why, ret);
        }
        o = json_make_object(m);
        json_put(m, o, "topics", make_topics(m, k));
        json_put(m, o, "internalConnections", make_connections(m, k));
        return json_make_document(m, o, 200, ret);
}

/* ---- /healthcheck/deep ---- */

static int refuse_deep(struct json_maker *m, const struct kafka_deep *d, struct document *ret) {
        char why[WHY_SIZE];

        (void) snprintf(why, sizeof(why), "the deep check could not begin: %s%s%s",
                        kafka_error_to_string(d->error), d->detail[0] ? ": " : "", d->detail);
        return refuse(m, 500, why, ret);
}

static int answer_deep(struct json_maker *m, const struct kafka_snapshot *k, struct document *ret) {
        const struct kafka_deep *d = k->deep;
        json_object *o;

        if (!d)
                return refuse(m, 500, "no deep check has ended yet", ret);
        if (d->error != KAFKA_OK)
                return refuse_deep(m, d, ret);
        o = json_make_object(m);
        for (size_t i = 0; i < d->n_partitions; i++) {
                char id[16];

                (void) snprintf(id, sizeof(id), "%d", (int) d->partitions[i].id);
                json_put_text(m, o, id, ok_or_error(d->partitions[i].error == KAFKA_OK));
        }
        json_put_number(m, o, "timeElapsed", d->took_usec / USEC_PER_MSEC);
        return json_make_document(m, o, 200, ret);
}

int document_backbeat(const struct snapshot *s, const struct question *q, struct document *ret) {
        const struct kafka_snapshot *k = find_section(s, q);
        bool deep = streq(q->rest, "deep");
        struct json_maker m = { .s = s };

        if (!deep && q->rest[0])
                return refuse(&m, 404, "there is nothing under this path but /deep", ret);
        if (!k && s->n_kafkas > 0)
                return refuse(&m, 404, "there is no [kafka] section of that name", ret);
        if (!k)
                return refuse(&m, 404, "no [kafka] section is configured; see connect-watchdog.conf(5)",
                              ret);
        if (deep && !k->settings->deep)
                return refuse(&m, 404, "this [kafka] section has deep = no; see connect-watchdog.conf(5)",
                              ret);
        if (!has_answered(k->health))
                return refuse_unanswered(&m, k, ret);
        return deep ? answer_deep(&m, k, ret) : answer_healthcheck(&m, k, ret);
}
