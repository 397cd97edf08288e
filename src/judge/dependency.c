/* The clusters that a worker requires, as one thing. Knows no clock and no cluster but what was judged. */
#include "judge/dependency.h"
#include "util/moment.h"
#include "util/span.h"
#include "util/text.h"

struct asking {
        const struct kafka_health *kafka;
        const char *name; /* of the cluster */
        const struct worker_settings *w;
        usec_t now_usec;
        int64_t clock_offset_usec;
};

#define SAY(d, ...) text_append((d)->text, sizeof((d)->text), __VA_ARGS__)

static void say_since(const struct asking *a, struct dependency *d) {
        SAY(d, " since %s", MOMENT(d->since_usec, a->now_usec, a->clock_offset_usec));
}

static void say_reason(const struct asking *a, struct dependency *d) {
        SAY(d, " (%s", kafka_reason_text(a->kafka->reason));
        if (a->kafka->detail[0])
                SAY(d, "; %s", a->kafka->detail);
        SAY(d, ")");
}

static bool say_cluster(const struct asking *a, struct dependency *d) {
        const struct kafka_health *k = a->kafka;

        if (k->outcome == KAFKA_UP)
                return false;
        d->since_usec = k->since_usec;
        if (k->outcome == KAFKA_UNKNOWN) {
                d->state = DEPENDENCY_UNKNOWN;
                SAY(d, "cannot tell whether Kafka %s is up", a->name);
                say_reason(a, d);
                return true;
        }
        d->state = DEPENDENCY_DOWN;
        SAY(d, "Kafka %s %s", a->name, k->outcome == KAFKA_DOWN ? "is down" : "answers slowly");
        say_since(a, d);
        if (k->outcome == KAFKA_DOWN)
                say_reason(a, d);
        return true;
}

static const struct kafka_topic_health *worst_topic(const struct kafka_health *k) {
        const struct kafka_topic_health *worst = NULL;

        for (size_t i = 0; i < k->n_topics; i++)
                if (topic_state_impedes(k->topics[i].state) && (!worst || k->topics[i].state > worst->state))
                        worst = &k->topics[i];
        return worst;
}

static bool say_topic(const struct asking *a, struct dependency *d) {
        static const char *const words[_TOPIC_STATE_MAX] = {
                [TOPIC_BELOW_MIN_ISR] = "has been below its minimum ISR",
                [TOPIC_OFFLINE] = "has been offline",
                [TOPIC_MISSING] = "has been missing",
        };
        const struct kafka_topic_health *t = worst_topic(a->kafka);

        if (!t)
                return false;
        d->state = DEPENDENCY_DOWN;
        d->since_usec = t->since_usec;
        SAY(d, "topic %s of Kafka %s %s", t->name, a->name, words[t->state]);
        say_since(a, d);
        if (t->worst_partition >= 0)
                SAY(d, " (partition %d of %zu)", (int) t->worst_partition, t->n_partitions);
        return true;
}

/* Of the list since the last reload. */
static bool say_topic_not_asked_for(const struct asking *a, struct dependency *d) {
        for (size_t i = 0; i < a->kafka->n_topics; i++) {
                const struct kafka_topic_health *t = &a->kafka->topics[i];

                if (t->state != TOPIC_UNKNOWN)
                        continue;
                d->state = DEPENDENCY_UNKNOWN;
                d->since_usec = t->since_usec;
                SAY(d, "topic %s of Kafka %s has not been looked at yet", t->name, a->name);
                return true;
        }
        return false;
}

static bool say_grace(const struct asking *a, struct dependency *d) {
        usec_t back = a->kafka->back_at_usec, until = usec_add(back, a->w->dependency_grace_usec);

        if (back == 0 || a->now_usec >= until)
                return false;
        d->state = DEPENDENCY_GRACE;
        d->since_usec = back;
        d->until_usec = until;
        SAY(d, "Kafka %s has been back", a->name);
        say_since(a, d);
        SAY(d, ", not yet for dependency_grace (%s)", SPAN(a->w->dependency_grace_usec));
        return true;
}

static void weigh(const struct asking *a, struct dependency *ret) {
        *ret = (struct dependency) {};
        if (say_cluster(a, ret) || say_topic(a, ret) || say_topic_not_asked_for(a, ret) || say_grace(a, ret))
                return;
        ret->state = DEPENDENCY_UP;
        ret->since_usec = MAX(a->kafka->since_usec, a->kafka->back_at_usec);
}

static bool is_worse(const struct dependency *a, const struct dependency *than) {
        return a->state > than->state || (a->state == than->state && a->until_usec > than->until_usec);
}

void dependency_of(const struct kafka_health *const *required,
                   const struct worker_settings *w,
                   usec_t now_usec,
                   int64_t clock_offset_usec,
                   struct dependency *ret) {
        *ret = (struct dependency) {};
        for (size_t i = 0; i < strv_length(w->requires); i++) {
                const struct asking a = { required[i], w->requires[i], w, now_usec, clock_offset_usec };
                struct dependency d;

                weigh(&a, &d);
                if (is_worse(&d, ret))
                        *ret = d;
        }
}

bool dependency_excuses(const struct dependency *d) {
        return d->state == DEPENDENCY_DOWN || d->state == DEPENDENCY_GRACE;
}

bool dependency_holds(const struct dependency *d, const struct worker_settings *w) {
        return w->requires && w->requires[0] && d->state != DEPENDENCY_UP;
}

usec_t dependency_deadline(const struct dependency *d) {
        return d->state == DEPENDENCY_GRACE ? d->until_usec : USEC_INFINITY;
}

const char *dependency_state_to_string(enum dependency_state s) {
        static const char *const names[_DEPENDENCY_STATE_MAX] = {
                [DEPENDENCY_NONE] = "none",   [DEPENDENCY_UP] = "up",     [DEPENDENCY_UNKNOWN] = "unknown",
                [DEPENDENCY_GRACE] = "grace", [DEPENDENCY_DOWN] = "down",
        };

        return names[s];
}
