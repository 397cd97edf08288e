/* What there is to say of a Kafka cluster. Asks nobody: judged as the agent judges. */
#include <errno.h>

#include "ctl/kafka_checks.h"
#include "judge/kafka_health.h"
#include "report/narrate_kafka.h"
#include "report/words.h"

void kafka_answer_done(struct kafka_answer *a) {
        a->facts = kafka_facts_free(a->facts);
}

static void cannot_ask(const struct kafka_settings *k,
                       const struct kafka_answer *a,
                       bool is_root,
                       struct findings *f) {
        if (a->error == -EACCES && !is_root)
                finding_add_kafka(f, FINDING_UNKNOWN, CHECK_KAFKA, k->name,
                                  "run this as root, who can read credentials", "it was not asked: %s",
                                  a->problem);
        else
                finding_add_kafka(f, FINDING_PROBLEM, CHECK_KAFKA, k->name, NULL, "it cannot be asked: %s",
                                  a->problem);
}

static void check_outcome(const struct kafka_settings *k, const struct kafka_health *h, struct findings *f) {
        const char *remedy = kafka_reason_remedy(h->reason);

        if (h->outcome == KAFKA_UP)
                finding_add_kafka(f, FINDING_GOOD, CHECK_KAFKA, k->name, NULL,
                                  "%zu broker%s, and group %s has its coordinator (after %s)",
                                  h->facts->n_brokers, h->facts->n_brokers == 1 ? " answers" : "s answer",
                                  k->group, SAY_SPAN(h->took_usec));
        else
                finding_add_kafka(f, h->outcome == KAFKA_SLOW ? FINDING_WARNING : FINDING_PROBLEM,
                                  CHECK_KAFKA, k->name, remedy[0] ? remedy : NULL, "%s%s%s%s",
                                  kafka_reason_text(h->reason), h->detail[0] ? " (" : "", h->detail,
                                  h->detail[0] ? ")" : "");
}

/* The agent's own sentence, behind "kafka NAME: ". */
static void add_told(const struct kafka_settings *k,
                     const struct kafka_health *h,
                     const struct kafka_told *t,
                     struct findings *f) {
        _cleanup_(event_freep) struct event *e = narrate_kafka(k, h, t);
        bool impedes = t->type == KAFKA_TOLD_TOPIC && topic_state_impedes(t->topic_to);

        if (e)
                finding_add_kafka(f, impedes ? FINDING_PROBLEM : FINDING_WARNING, CHECK_TOPIC, k->name, NULL,
                                  "%s", e->message + strlen("kafka : ") + strlen(k->name));
        else
                f->out_of_memory = true;
}

static void check_topic(const struct kafka_settings *k,
                        const struct kafka_topic_health *t,
                        struct findings *f) {
        if (t->state == TOPIC_UNKNOWN)
                finding_add_kafka(f, FINDING_UNKNOWN, CHECK_TOPIC, k->name, NULL,
                                  "topic %s could not be looked at", t->name);
        else if (t->state == TOPIC_OK && t->unfit == 0)
                finding_add_kafka(f, FINDING_GOOD, CHECK_TOPIC, k->name, NULL,
                                  "topic %s has %zu partition%s, with %d replicas at least, all in sync",
                                  t->name, t->n_partitions, t->n_partitions == 1 ? "" : "s",
                                  t->replication_factor);
}

void kafka_check(const struct kafka_settings *k, struct kafka_answer *a, bool is_root, struct findings *f) {
        struct kafka_tolds tolds = {};
        struct kafka_health h;

        if (!a->facts) {
                cannot_ask(k, a, is_root, f);
                return;
        }
        if (kafka_health_init(&h, k, 0) < 0) {
                f->out_of_memory = true;
                return;
        }
        if (kafka_health_observe(&h, k, TAKE_PTR(a->facts), 0, &tolds) < 0)
                f->out_of_memory = true;
        check_outcome(k, &h, f);
        for (size_t i = 0; h.facts && i < h.n_topics; i++) {
                for (size_t t = 0; t < tolds.n; t++)
                        if (tolds.list[t].type != KAFKA_TOLD_OUTCOME && tolds.list[t].topic == i)
                                add_told(k, &h, &tolds.list[t], f);
                check_topic(k, &h.topics[i], f);
        }
        kafka_tolds_done(&tolds);
        kafka_health_done(&h);
}
