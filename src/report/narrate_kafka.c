/* The sentences about Kafka itself. Decides nothing, and reads no clock. */
#include <inttypes.h>
#include <syslog.h>

#include "judge/kafka_deep.h"
#include "report/narrate_kafka.h"
#include "report/words.h"
#include "util/text.h"

#define SENTENCE_SIZE 1024

static void append_reason(char *buf, size_t size, const struct kafka_health *h) {
        const char *remedy = kafka_reason_remedy(h->reason);

        text_append(buf, size, ": %s", kafka_reason_text(h->reason));
        if (h->detail[0])
                text_append(buf, size, " (%s)", h->detail);
        text_append(buf, size, "; no worker that requires it is restarted%s%s", remedy[0] ? ". " : "",
                    remedy);
}

static bool is_first_check(const struct kafka_health *h) {
        uint64_t n = 0;

        for (enum kafka_outcome o = 0; o < _KAFKA_OUTCOME_MAX; o++)
                n += h->checks[o];
        return n == 1;
}

static void say_up(char *buf, size_t size, const struct kafka_health *h, const struct kafka_told *t) {
        if (is_first_check(h))
                text_append(buf, size, "up");
        else if (t->from == KAFKA_UNKNOWN)
                text_append(buf, size, "up, after %s in which that could not be told",
                            SAY_SPAN(t->lasted_usec));
        else
                text_append(buf, size, "up again, after it was %s for %s", kafka_outcome_to_string(t->from),
                            SAY_SPAN(t->lasted_usec));
        if (h->facts)
                text_append(buf, size, " (%zu broker%s, answered in %s)", h->facts->n_brokers,
                            h->facts->n_brokers == 1 ? "" : "s", SAY_SPAN(h->took_usec));
}

static void say_outcome(char *buf, size_t size, const struct kafka_health *h, const struct kafka_told *t) {
        switch (t->to) {
        case KAFKA_UP:
                say_up(buf, size, h, t);
                break;
        case KAFKA_DOWN:
                text_append(buf, size, "down");
                append_reason(buf, size, h);
                break;
        case KAFKA_SLOW:
                text_append(buf, size, "slow");
                append_reason(buf, size, h);
                break;
        default:
                text_append(buf, size, "cannot tell whether it is up");
                append_reason(buf, size, h);
        }
}

static int outcome_priority(const struct kafka_health *h, const struct kafka_told *t) {
        if (t->to == KAFKA_DOWN)
                return LOG_ERR;
        if (t->to != KAFKA_UP)
                return LOG_WARNING;
        return is_first_check(h) ? LOG_INFO : LOG_NOTICE;
}

static struct event *narrate_outcome(const struct kafka_settings *k,
                                     const struct kafka_health *h,
                                     const struct kafka_told *t) {
        _cleanup_(event_freep) struct event *e = NULL;
        char sentence[SENTENCE_SIZE] = "";

        say_outcome(sentence, sizeof(sentence), h, t);
        e = event_new(EVENT_KAFKA_CHANGED, "kafka %s: %s", k->name, sentence);
        if (!e || event_field(e, "KAFKA_OUTCOME", "%s", kafka_outcome_to_string(t->to)) < 0 ||
            event_field(e, "KAFKA_REASON", "%s", kafka_reason_to_string(h->reason)) < 0)
                return NULL;
        e->priority = outcome_priority(h, t);
        return TAKE_PTR(e);
}

/* ---- topics ---- */

static void append_partitions(char *buf,
                              size_t size,
                              const struct kafka_topic_health *t,
                              size_t n,
                              const char *are) {
        if (t->n_partitions == 0)
                return;
        text_append(buf, size, ": %zu of %zu partition%s %s", n, t->n_partitions,
                    t->n_partitions == 1 ? "" : "s", are);
        if (t->worst_partition >= 0 && t->n_partitions > 1)
                text_append(buf, size, ", the first is partition %d", (int) t->worst_partition);
}

static void say_topic(char *buf,
                      size_t size,
                      const struct kafka_topic_health *h,
                      const struct kafka_told *t) {
        switch (t->topic_to) {
        case TOPIC_OFFLINE:
                text_append(buf, size, "offline");
                append_partitions(buf, size, h, h->n_offline, "without a leader that answers");
                break;
        case TOPIC_BELOW_MIN_ISR:
                text_append(buf, size, "below its minimum ISR (min.insync.replicas = %d)", h->min_isr);
                append_partitions(buf, size, h, h->n_below_min_isr,
                                  "with too few replicas in sync for acks=all");
                break;
        case TOPIC_UNDER_REPLICATED:
                text_append(buf, size, "under-replicated");
                append_partitions(buf, size, h, h->n_under_replicated, "with fewer replicas in sync");
                break;
        default:
                text_append(buf, size, "%s again, after it was %s for %s",
                            topic_state_to_string(t->topic_to), topic_state_to_string(t->topic_from),
                            SAY_SPAN(t->lasted_usec));
        }
}

static int topic_priority(const struct kafka_told *t) {
        if (t->topic_to == TOPIC_OK)
                return LOG_NOTICE;
        return topic_state_impedes(t->topic_to) ? LOG_ERR : LOG_WARNING;
}

static struct event *narrate_topic(const struct kafka_settings *k,
                                   const struct kafka_health *h,
                                   const struct kafka_told *t) {
        const struct kafka_topic_health *topic = &h->topics[t->topic];
        _cleanup_(event_freep) struct event *e = NULL;
        char sentence[SENTENCE_SIZE] = "";

        if (t->type == KAFKA_TOLD_UNFIT) {
                e = event_new(EVENT_KAFKA_TOPIC_UNFIT, "kafka %s: topic %s: %s", k->name, topic->name,
                              t->text);
        } else {
                say_topic(sentence, sizeof(sentence), topic, t);
                e = event_new(EVENT_KAFKA_TOPIC, "kafka %s: topic %s is %s", k->name, topic->name, sentence);
                if (e)
                        e->priority = topic_priority(t);
        }
        if (!e || event_field(e, "TOPIC", "%s", topic->name) < 0 ||
            event_field(e, "TOPIC_STATE", "%s", topic_state_to_string(t->topic_to)) < 0)
                return NULL;
        return TAKE_PTR(e);
}

struct event *narrate_kafka(const struct kafka_settings *k,
                            const struct kafka_health *h,
                            const struct kafka_told *t) {
        _cleanup_(event_freep) struct event *e =
                t->type == KAFKA_TOLD_OUTCOME ? narrate_outcome(k, h, t) : narrate_topic(k, h, t);

        if (!e || event_field(e, "KAFKA", "%s", k->name) < 0)
                return NULL;
        return TAKE_PTR(e);
}

/* ---- the deep check ---- */

static void say_deep(char *buf, size_t size, const struct kafka_deep *d) {
        const struct kafka_deep_partition *first;
        size_t n;

        if (d->error != KAFKA_OK) {
                text_append(buf, size, "the deep check could not begin: %s",
                            kafka_error_to_string(d->error));
                if (d->detail[0])
                        text_append(buf, size, " (%s)", d->detail);
                return;
        }
        first = kafka_deep_failed(d, &n);
        if (!first) {
                text_append(buf, size,
                            "the deep check is well again: a message went through each of %zu partition%s "
                            "in %s",
                            d->n_partitions, d->n_partitions == 1 ? "" : "s", SAY_SPAN(d->took_usec));
                return;
        }
        text_append(buf, size,
                    "the deep check failed: no message went through %zu of %zu partition%s, the first is "
                    "partition %d: %s",
                    n, d->n_partitions, d->n_partitions == 1 ? "" : "s", (int) first->id,
                    kafka_error_to_string(first->error));
        if (first->detail[0])
                text_append(buf, size, " (%s)", first->detail);
}

struct event *narrate_kafka_deep(const struct kafka_settings *k, const struct kafka_deep *d) {
        _cleanup_(event_freep) struct event *e = NULL;
        char sentence[SENTENCE_SIZE] = "";

        say_deep(sentence, sizeof(sentence), d);
        e = event_new(EVENT_KAFKA_DEEP, "kafka %s: %s", k->name, sentence);
        if (!e || event_field(e, "KAFKA", "%s", k->name) < 0 ||
            (k->deep_topic && event_field(e, "TOPIC", "%s", k->deep_topic) < 0))
                return NULL;
        if (kafka_deep_is_well(d))
                e->priority = LOG_NOTICE;
        return TAKE_PTR(e);
}

/* ---- lag ---- */

static void say_lag(char *buf, size_t size, const struct lag_change *c) {
        char name[CONNECTOR_NAME_SIZE];

        text_append(buf, size, "connector %s",
                    text_copy_line(name, sizeof(name), c->connector, strlen(c->connector)));
        if (c->type == LAG_RECOVERED) {
                text_append(buf, size, " gets on again, after it was stuck for %s",
                            SAY_SPAN(c->lasted_usec));
                return;
        }
        if (c->type == LAG_NOT_RUNNING) {
                text_append(buf, size, " was stuck for %s, and is not RUNNING any more",
                            SAY_SPAN(c->lasted_usec));
                return;
        }
        text_append(buf, size, " is RUNNING, but stuck: ");
        if (c->committed < 0)
                text_append(buf, size, "nothing was ever committed of partition %d of topic %s, for %s now",
                            (int) c->partition, c->topic, SAY_SPAN(c->lasted_usec));
        else
                text_append(buf, size, "partition %d of topic %s has stood at offset %" PRIi64 " for %s",
                            (int) c->partition, c->topic, c->committed, SAY_SPAN(c->lasted_usec));
        text_append(buf, size, ", while its lag grew from %" PRIi64 " to %" PRIi64, c->lag_then, c->lag);
        if (c->n_stuck > 1)
                text_append(buf, size, "; %zu partitions do", c->n_stuck);
}

struct event *narrate_lag(const struct lag_change *c) {
        _cleanup_(event_freep) struct event *e = NULL;
        char sentence[SENTENCE_SIZE] = "";

        say_lag(sentence, sizeof(sentence), c);
        e = event_new(EVENT_CONNECTOR_STUCK, "%s", sentence);
        if (!e || event_field(e, "CONNECTOR", "%s", c->connector) < 0)
                return NULL;
        if (c->type != LAG_STUCK)
                e->priority = LOG_NOTICE;
        else if (event_field(e, "TOPIC", "%s", c->topic) < 0 ||
                 event_field(e, "PARTITION", "%d", (int) c->partition) < 0)
                return NULL;
        return TAKE_PTR(e);
}
