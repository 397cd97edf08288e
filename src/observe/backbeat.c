/* The worker kind backbeat: whether its process lives, and what its healthcheck says, which is HTTP 200 with
 * the errors in its body. Pure: knows no socket and no clock. */
#include <stdio.h>

#include "observe/answer.h"
#include "util/text.h"

#define BODY_PARSED_MAX ((size_t) 1024 * 1024)
#define TROUBLES_NAMED_MAX 3

enum step {
        STEP_LIVE,
        STEP_CHECK,
        STEP_DEEP,
        _STEP_MAX,
};

/* At its own port; and, as documented, behind a CloudServer. */
static const char *const direct_paths[_STEP_MAX] = { "/_/live", "/_/healthcheck", "/_/healthcheck/deep" };
static const char *const proxied_paths[_STEP_MAX] = { "/_/live", "/_/backbeat/api/healthcheck",
                                                      "/_/backbeat/api/healthcheck/deep" };

static const struct reason_words words[] = {
        { REASON_UNHEALTHY, "says that it is not live", "See what it names, and its own log." },
        { REASON_DEGRADED, "lives, but what it works with does not",
          "See what it names: Kafka and ZooKeeper first, for restarting Backbeat mends neither." },
        { REASON_TIMEOUT, "did not answer within the timeout",
          "Look at the CPU and memory of the process: what blocks its event loop holds up all requests." },
        { REASON_FORBIDDEN, "forbids us to ask (403)",
          "Put this host's address into server.healthChecks.allowFrom of its config.json." },
        { REASON_NOT_FOUND, "answers, but not with Backbeat's health (404)",
          "See that url is that of its API or probe server (8900 by default)." },
        {},
};

/* ---- what is wrong ---- */

struct troubles {
        unsigned n;
        char text[OBSERVATION_DETAIL_SIZE];
};

static void add_trouble(struct troubles *t, const char *what, const char *which) {
        char shown[64];

        if (t->n++ >= TROUBLES_NAMED_MAX)
                return;
        text_copy_line(shown, sizeof(shown), which, strlen(which));
        text_append(t->text, sizeof(t->text), "%s%s%s%s", t->text[0] ? ", " : "", what, shown[0] ? " " : "",
                    shown);
}

/* In-sync replicas by what the operator has, for its own isrHealth wants three of each. */
static void judge_partition(json_object *partition,
                            const char *topic,
                            unsigned replicas,
                            struct troubles *t) {
        json_object *all = json_member(partition, "replicas", json_type_array),
                    *in_sync = json_member(partition, "isrs", json_type_array),
                    *leader = json_member(partition, "leader", json_type_int);
        json_object *id = json_member(partition, "id", json_type_int);
        size_t wanted = replicas > 0 ? replicas : all ? json_object_array_length(all) : 0;
        char which[96] = "";

        text_append(which, sizeof(which), "partition %lld of %s",
                    id ? (long long) json_object_get_int64(id) : -1LL, topic);
        if (leader && json_object_get_int64(leader) < 0)
                add_trouble(t, "no leader:", which);
        else if (in_sync && json_object_array_length(in_sync) < wanted)
                add_trouble(t, "replicas out of sync:", which);
}

static void judge_topics(json_object *body, unsigned replicas, struct troubles *t) {
        json_object *topics = json_member(body, "topics", json_type_object);

        if (!topics)
                return;
        json_object_object_foreach(topics, key, topic) {
                json_object *partitions = json_member(topic, "partitions", json_type_array);

                for (size_t i = 0; partitions && i < json_object_array_length(partitions); i++)
                        judge_partition(json_object_array_get_idx(partitions, i), key, replicas, t);
        }
}

static void judge_connections(json_object *connections, struct troubles *t) {
        json_object *zookeeper = json_member(connections, "zookeeper", json_type_object),
                    *producer = json_member(connections, "kafkaProducer", json_type_object);

        if (streq(json_member_text(zookeeper, "status"), "error"))
                add_trouble(t, "ZooKeeper",
                            json_member_text(json_member(zookeeper, "details", json_type_object), "name"));
        if (streq(json_member_text(producer, "status"), "error"))
                add_trouble(t, "its Kafka producers", "");
}

static void judge_deep(json_object *body, struct troubles *t) {
        json_object_object_foreach(body, key, value) if (json_object_is_type(value, json_type_string) &&
                                                         streq(json_object_get_string(value), "error"))
                add_trouble(t, "no message through partition", key);
}

/* ---- from step to step ---- */

static enum probe_verdict ask(struct probe *p, enum step step, struct probe_ask *ret) {
        p->step = step;
        *ret = (struct probe_ask) { .path = (p->lacks_health ? proxied_paths : direct_paths)[step] };
        return PROBE_ASK;
}

static bool is_known_to_live(const struct probe *p) {
        return p->step > STEP_LIVE && !(p->absent & 1U << STEP_LIVE);
}

static enum probe_verdict say_troubles(struct probe *p, const struct troubles *t, struct observation *o) {
        char text[OBSERVATION_DETAIL_SIZE];

        (void) snprintf(text, sizeof(text), "%s", t->text);
        if (t->n > TROUBLES_NAMED_MAX)
                text_append(text, sizeof(text), " and %u more", t->n - TROUBLES_NAMED_MAX);
        return conclude_degraded(p, o, REASON_DEGRADED, text);
}

/* The healthcheck fails where Kafka or ZooKeeper do; that alone is no reason to restart a process that
 * lives. */
static enum probe_verdict check_failed(struct probe *p, const struct answer *a, struct observation *o) {
        char text[OBSERVATION_DETAIL_SIZE] = "";

        if (a->error != TRANSFER_OK)
                (void) classify_transfer_error(p, a, o);
        else
                (void) classify_other_status(a, o, REASON_NOT_UNDERSTOOD);
        if (o->outcome != OUTCOME_FAILING || !is_known_to_live(p))
                return PROBE_DONE;
        text_append(text, sizeof(text), "its healthcheck %s%s%s", reason_text(o->reason),
                    o->detail[0] ? ": " : "", o->detail);
        return conclude_degraded(p, o, REASON_DEGRADED, text);
}

static enum probe_verdict not_offered(struct probe *p,
                                      const struct answer *a,
                                      struct observation *o,
                                      struct probe_ask *ret_ask) {
        bool other = p->absent & 1U << STEP_CHECK;

        if (p->step == STEP_LIVE) {
                p->absent |= 1U << STEP_LIVE;
                return ask(p, STEP_CHECK, ret_ask);
        }
        if (p->step == STEP_DEEP)
                return conclude_ok(p, a, o);
        if (!other) { /* at the other path, perhaps */
                p->absent |= 1U << STEP_CHECK;
                p->lacks_health = !p->lacks_health;
                return ask(p, STEP_CHECK, ret_ask);
        }
        p->absent &= ~(1U << STEP_CHECK);
        return is_known_to_live(p) ? conclude_ok(p, a, o)
                                   : classify_other_status(a, o, REASON_NOT_UNDERSTOOD);
}

static enum probe_verdict classify_body(struct probe *p,
                                        const struct worker_settings *w,
                                        const struct answer *a,
                                        struct observation *o,
                                        struct probe_ask *ret_ask) {
        _cleanup_(json_object_unrefp) json_object *body = answer_object(a, BODY_PARSED_MAX);
        struct troubles t = {};

        if (!body)
                return conclude(a, o, OUTCOME_UNKNOWN, REASON_NOT_UNDERSTOOD);
        if (p->step == STEP_DEEP)
                judge_deep(body, &t);
        else {
                json_object *connections = json_member(body, "internalConnections", json_type_object);

                if (!connections)
                        return conclude(a, o, OUTCOME_UNKNOWN, REASON_NOT_UNDERSTOOD);
                judge_connections(connections, &t);
                judge_topics(body, w->replicas, &t);
        }
        if (t.n > 0)
                return say_troubles(p, &t, o);
        if (p->step == STEP_CHECK && w->deep)
                return ask(p, STEP_DEEP, ret_ask);
        return conclude_ok(p, a, o);
}

static void backbeat_begin(struct probe *p,
                           const struct worker_settings *w _unused_,
                           struct probe_ask *ret) {
        p->absent = 0;
        p->keep_percent = 0;
        (void) ask(p, STEP_LIVE, ret);
}

static enum probe_verdict backbeat_classify(struct probe *p,
                                            const struct worker_settings *w,
                                            const struct answer *a,
                                            struct observation *ret,
                                            struct probe_ask *ret_ask) {
        ret->http_status = a->status;
        if (a->error == TRANSFER_OK && a->status == 404)
                return not_offered(p, a, ret, ret_ask);
        if (p->step == STEP_LIVE) {
                if (a->error != TRANSFER_OK)
                        return classify_transfer_error(p, a, ret);
                if (a->status == 500 || a->status == 503)
                        return conclude_showing(a, ret, OUTCOME_FAILING, REASON_UNHEALTHY);
                return a->status == 200 ? ask(p, STEP_CHECK, ret_ask)
                                        : classify_other_status(a, ret, REASON_NOT_UNDERSTOOD);
        }
        if (a->error != TRANSFER_OK || a->status != 200)
                return check_failed(p, a, ret);
        return classify_body(p, w, a, ret, ret_ask);
}

const struct worker_kind backbeat_kind = {
        .name = "backbeat",
        .default_url = "http://127.0.0.1:8900",
        .n_steps = _STEP_MAX,
        .needs_kafka = true,
        .least_interval_usec = 30 * USEC_PER_SEC,
        .words = words,
        .begin = backbeat_begin,
        .classify = backbeat_classify,
};
