/* Whether a Kafka cluster is up, as far as one check can tell. Under KRaft the controller that metadata
 * names is any broker, and metadata is answered with most brokers dead; so the group's coordinator and the
 * leaders of the topics are asked, too. Knows no clock and no library. */
#include <errno.h>

#include "judge/kafka_topics.h"
#include "util/span.h"
#include "util/text.h"

struct judgement {
        enum kafka_outcome outcome;
        enum kafka_reason reason;
        const char *detail;
};

/* ---- the topics of the list ---- */

static struct kafka_topic_health *find_topic(const struct kafka_health *h, const char *name) {
        for (size_t i = 0; i < h->n_topics; i++)
                if (h->topics[i].name && streq(h->topics[i].name, name))
                        return &h->topics[i];
        return NULL;
}

static bool same_topics(const struct kafka_health *h, const struct kafka_settings *k) {
        if (strv_length(k->topics) != h->n_topics)
                return false;
        for (size_t i = 0; i < h->n_topics; i++)
                if (!streq(h->topics[i].name, k->topics[i]))
                        return false;
        return true;
}

static void free_topics(struct kafka_topic_health *topics, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(topics[i].name);
        free(topics);
}

int kafka_health_reconfigure(struct kafka_health *h, const struct kafka_settings *k, usec_t now_usec) {
        struct kafka_topic_health *topics;
        size_t n = strv_length(k->topics);

        h->any_cleanup_policy = k->any_cleanup_policy;
        if (same_topics(h, k))
                return 0;
        topics = calloc(MAX(n, (size_t) 1), sizeof(*topics));
        if (!topics)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct kafka_topic_health *was = find_topic(h, k->topics[i]);

                if (was)
                        topics[i] = *was;
                else
                        topics[i] = (struct kafka_topic_health) {
                                .since_usec = now_usec,
                                .known_since_usec = now_usec,
                                .worst_partition = -1,
                                .min_isr = -1,
                                .replication_factor = -1,
                        };
                topics[i].name = strdup(k->topics[i]);
                if (!topics[i].name) {
                        free_topics(topics, n);
                        return -ENOMEM;
                }
        }
        free_topics(h->topics, h->n_topics);
        h->topics = topics;
        h->n_topics = n;
        return 0;
}

int kafka_health_init(struct kafka_health *h, const struct kafka_settings *k, usec_t now_usec) {
        *h = (struct kafka_health) {
                .outcome = KAFKA_UNKNOWN,
                .reason = KAFKA_REASON_NOT_ASKED,
                .since_usec = now_usec,
        };
        return kafka_health_reconfigure(h, k, now_usec);
}

void kafka_health_doubt(struct kafka_health *h, usec_t now_usec) {
        if (h->outcome != KAFKA_UP)
                return;
        h->outcome = KAFKA_UNKNOWN;
        h->reason = KAFKA_REASON_NOT_ASKED;
        h->since_usec = now_usec;
}

void kafka_health_done(struct kafka_health *h) {
        kafka_facts_free(h->facts);
        free_topics(h->topics, h->n_topics);
        *h = (struct kafka_health) {};
}

/* ---- the outcome ---- */

static enum kafka_reason reason_of(enum kafka_error e) {
        switch (e) {
        case KAFKA_NOT_RESOLVED:
                return KAFKA_REASON_NOT_RESOLVED;
        case KAFKA_UNAUTHENTICATED:
                return KAFKA_REASON_UNAUTHENTICATED;
        case KAFKA_TLS:
                return KAFKA_REASON_TLS;
        case KAFKA_UNAUTHORIZED:
                return KAFKA_REASON_UNAUTHORIZED;
        case KAFKA_OUR_OWN:
                return KAFKA_REASON_OUR_OWN;
        default:
                return KAFKA_REASON_OTHER;
        }
}

/* It did not do what it was asked for, and that is not for us to mend. */
static bool is_outage(enum kafka_error e) {
        return e == KAFKA_NO_ANSWER || e == KAFKA_UNAVAILABLE;
}

static bool step_failed(const struct kafka_step *s) {
        return s->asked && s->error != KAFKA_OK;
}

/* That some do not answer is said of their topics. */
static bool all_leaders_silent(const struct kafka_facts *f) {
        size_t silent = 0, led = 0;

        for (size_t i = 0; i < f->n_topics; i++)
                for (size_t k = 0; k < f->topics[i].n_partitions; k++) {
                        const struct kafka_partition *p = &f->topics[i].partitions[k];

                        led += p->leader >= 0;
                        silent += p->leader >= 0 && p->error == KAFKA_NO_ANSWER;
                }
        return led > 0 && silent == led;
}

static const struct kafka_topic *topic_kept_from_us(const struct kafka_facts *f) {
        for (size_t i = 0; i < f->n_topics; i++) {
                enum kafka_error e = f->topics[i].error;

                if (e != KAFKA_OK && e != KAFKA_NO_SUCH_TOPIC && !is_outage(e))
                        return &f->topics[i];
        }
        return NULL;
}

/* An outage before what keeps us from telling: it holds longer. */
static struct judgement judge(const struct kafka_facts *f) {
        const struct kafka_step *leaders = &f->leaders;
        const struct kafka_topic *kept;

        if (is_outage(f->metadata.error))
                return (struct judgement) { KAFKA_DOWN, KAFKA_REASON_NO_BROKER, f->metadata.detail };
        if (f->metadata.error != KAFKA_OK)
                return (struct judgement) { KAFKA_UNKNOWN, reason_of(f->metadata.error),
                                            f->metadata.detail };
        if (step_failed(&f->coordinator) && is_outage(f->coordinator.error))
                return (struct judgement) { KAFKA_DOWN, KAFKA_REASON_NO_COORDINATOR, f->coordinator.detail };
        if (all_leaders_silent(f))
                return (struct judgement) { KAFKA_DOWN, KAFKA_REASON_LEADERS_SILENT, leaders->detail };
        if (step_failed(&f->coordinator))
                return (struct judgement) { KAFKA_UNKNOWN, reason_of(f->coordinator.error),
                                            f->coordinator.detail };
        kept = topic_kept_from_us(f);
        if (kept)
                return (struct judgement) { KAFKA_UNKNOWN, reason_of(kept->error), kept->name };
        if (step_failed(leaders) && !is_outage(leaders->error) && leaders->error != KAFKA_NO_SUCH_TOPIC)
                return (struct judgement) { KAFKA_UNKNOWN, reason_of(leaders->error), leaders->detail };
        /* A leader that does not answer takes all the time there is. */
        if (f->took_usec > f->timeout_usec / 2 && leaders->error != KAFKA_NO_ANSWER)
                return (struct judgement) { KAFKA_SLOW, KAFKA_REASON_SLOW, "" };
        return (struct judgement) { KAFKA_UP, KAFKA_REASON_UP, "" };
}

static int enter(struct kafka_health *h,
                 const struct judgement *j,
                 usec_t now_usec,
                 struct kafka_tolds *ret) {
        enum kafka_outcome from = h->outcome;
        bool other_reason = h->reason != j->reason;
        usec_t lasted = usec_sub(now_usec, h->since_usec);

        h->reason = j->reason;
        h->detail[0] = '\0';
        text_append(h->detail, sizeof(h->detail), "%s", j->detail);
        h->checked_at_usec = now_usec;
        h->checks[j->outcome]++;
        if (j->outcome == KAFKA_UP || j->outcome == KAFKA_SLOW)
                h->last_up_usec = now_usec;
        if (from != j->outcome) {
                h->outcome = j->outcome;
                h->since_usec = now_usec;
        } else if (from != KAFKA_UNKNOWN || !other_reason)
                return 0;

        struct kafka_told *t = kafka_tolds_add(ret, KAFKA_TOLD_OUTCOME);
        if (!t)
                return -ENOMEM;
        t->from = from;
        t->to = j->outcome;
        t->lasted_usec = lasted;
        return 0;
}

/* What could not be told may have been an outage: a host without network cannot resolve a name. */
static void follow_impediment(struct kafka_health *h, usec_t now_usec) {
        if (h->outcome != KAFKA_UP || kafka_topics_impede(h))
                h->impeded = true;
        else if (h->impeded) {
                h->impeded = false;
                h->back_at_usec = now_usec;
        }
}

static int take(struct kafka_health *h,
                const struct kafka_settings *k,
                const struct judgement *j,
                const struct kafka_facts *facts,
                usec_t now_usec,
                struct kafka_tolds *ret) {
        int r, q;

        (void) kafka_health_reconfigure(h, k, now_usec);
        r = enter(h, j, now_usec, ret);
        q = kafka_topics_observe(h, facts, now_usec, ret);
        follow_impediment(h, now_usec);
        return r < 0 ? r : q;
}

int kafka_health_observe(struct kafka_health *h,
                         const struct kafka_settings *k,
                         struct kafka_facts *facts,
                         usec_t now_usec,
                         struct kafka_tolds *ret) {
        _cleanup_(kafka_facts_freep) struct kafka_facts *f = facts;
        const struct judgement j = judge(f);
        bool answered = f->metadata.error == KAFKA_OK;
        int r;

        r = take(h, k, &j, answered ? f : NULL, now_usec, ret);
        h->took_usec = f->took_usec;
        if (h->outcome == KAFKA_SLOW)
                text_append(h->detail, sizeof(h->detail), "%s of %s", SPAN(f->took_usec),
                            SPAN(f->timeout_usec));
        if (answered) {
                kafka_facts_free(h->facts);
                h->facts = TAKE_PTR(f);
        }
        return r;
}

int kafka_health_cannot_check(struct kafka_health *h,
                              const struct kafka_settings *k,
                              const char *why,
                              usec_t now_usec,
                              struct kafka_tolds *ret) {
        const struct judgement j = { KAFKA_UNKNOWN, KAFKA_REASON_OUR_OWN, why };

        h->took_usec = 0;
        return take(h, k, &j, NULL, now_usec, ret);
}

/* ---- words ---- */

const char *kafka_outcome_to_string(enum kafka_outcome o) {
        static const char *const names[_KAFKA_OUTCOME_MAX] = {
                [KAFKA_UNKNOWN] = "unknown",
                [KAFKA_UP] = "up",
                [KAFKA_SLOW] = "slow",
                [KAFKA_DOWN] = "down",
        };

        return names[o];
}

static const struct {
        const char *name, *text, *remedy;
} reasons[_KAFKA_REASON_MAX] = {
        [KAFKA_REASON_NOT_ASKED] = { "not-asked", "it has not been asked yet", "" },
        [KAFKA_REASON_UP] = { "up", "all that was asked was answered", "" },
        [KAFKA_REASON_SLOW] = { "slow", "all was answered, but took more than half of the timeout",
                                "Look at the brokers' load and at the network." },
        [KAFKA_REASON_NO_BROKER] = { "no-broker", "no broker answers",
                                     "Look at the brokers and at the network between." },
        [KAFKA_REASON_NO_COORDINATOR] = { "no-coordinator",
                                          "brokers answer, but none coordinates Connect's group",
                                          "Look whether enough brokers run, and at __consumer_offsets." },
        [KAFKA_REASON_LEADERS_SILENT] = { "leaders-silent", "the brokers that lead the topics do not answer",
                                          "Look at the brokers, and whether their advertised addresses can "
                                          "be reached from here." },
        [KAFKA_REASON_NOT_RESOLVED] = { "not-resolved", "no name of bootstrap = has an address",
                                        "Correct bootstrap =, or see to the host's name service." },
        [KAFKA_REASON_UNAUTHENTICATED] = { "unauthenticated", "it refuses our credentials",
                                           "Correct username = and password_file = of the section." },
        [KAFKA_REASON_UNAUTHORIZED] = { "unauthorized", "an ACL of it keeps what was asked from us",
                                        "Allow our user DESCRIBE on the topics and the group, and "
                                        "DESCRIBE_CONFIGS on the topics." },
        [KAFKA_REASON_TLS] = { "tls", "no TLS connection to it can be made",
                               "See to ca_file =, cert_file = and key_file = of the section, and to the "
                               "brokers' certificates." },
        [KAFKA_REASON_OTHER] = { "other", "a broker answered with an error", "Look at the brokers' logs." },
        [KAFKA_REASON_OUR_OWN] = { "our-own", "we are not able to ask it", "" },
};

const char *kafka_reason_to_string(enum kafka_reason r) {
        return reasons[r].name;
}

const char *kafka_reason_text(enum kafka_reason r) {
        return reasons[r].text;
}

const char *kafka_reason_remedy(enum kafka_reason r) {
        return reasons[r].remedy;
}
