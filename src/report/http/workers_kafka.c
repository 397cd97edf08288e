/* What /workers has of [kafka] sections. Their properties are not among it: these may hold a secret. */
#include "report/http/workers_kafka.h"
#include "judge/lag.h"

static json_object *make_brokers(struct json_maker *m, const struct kafka_facts *f) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; f && i < f->n_brokers; i++) {
                json_object *o = json_make_object(m);

                json_put_natural(m, o, "id", f->brokers[i].id);
                json_put_text(m, o, "address", f->brokers[i].address);
                json_append(m, list, o);
        }
        return list;
}

/* ---- topics ---- */

static json_object *make_partitions(struct json_maker *m, const struct kafka_topic *t) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; t && i < t->n_partitions; i++) {
                const struct kafka_partition *p = &t->partitions[i];
                json_object *o = json_make_object(m);

                json_put_natural(m, o, "id", p->id);
                json_put_natural(m, o, "leader", p->leader);
                json_put_ids(m, o, "replicas", p->replicas, p->n_replicas);
                json_put_ids(m, o, "isrs", p->isrs, p->n_isrs);
                json_put_text(m, o, "error", p->error == KAFKA_OK ? NULL : kafka_error_to_string(p->error));
                json_append(m, list, o);
        }
        return list;
}

static json_object *make_topic(struct json_maker *m,
                               const struct kafka_topic_health *h,
                               const struct kafka_topic *t) {
        json_object *o = json_make_object(m);

        json_put_text(m, o, "name", h->name);
        json_put_text(m, o, "state", topic_state_to_string(h->state));
        json_put_time(m, o, "since", h->since_usec);
        json_put_natural(m, o, "min_isr", t ? t->min_isr : -1);
        json_put_text(m, o, "cleanup_policy", t ? t->cleanup_policy : NULL);
        json_put(m, o, "partitions", make_partitions(m, t));
        return o;
}

static json_object *make_topics(struct json_maker *m, const struct kafka_snapshot *k) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; i < k->health->n_topics; i++) {
                const struct kafka_topic_health *h = &k->health->topics[i];

                json_append(m, list, make_topic(m, h, kafka_snapshot_topic(k, h->name)));
        }
        return list;
}

/* ---- the deep check ---- */

static json_object *make_deep_partitions(struct json_maker *m, const struct kafka_deep *d) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; i < d->n_partitions; i++) {
                const struct kafka_deep_partition *p = &d->partitions[i];
                json_object *o = json_make_object(m);

                json_put_natural(m, o, "id", p->id);
                json_put_text(m, o, "error", p->error == KAFKA_OK ? NULL : kafka_error_to_string(p->error));
                json_put_text(m, o, "detail", p->detail);
                json_put_span(m, o, "took_seconds", p->took_usec);
                json_append(m, list, o);
        }
        return list;
}

static json_object *make_deep(struct json_maker *m, const struct kafka_snapshot *k) {
        const struct kafka_deep *d = k->deep;
        json_object *o = json_make_object(m);

        json_put_text(m, o, "topic", k->settings->deep_topic);
        json_put_time(m, o, "checked_at", k->deep_at_usec);
        json_put_span(m, o, "took_seconds", d->took_usec);
        json_put_text(m, o, "error", d->error == KAFKA_OK ? NULL : kafka_error_to_string(d->error));
        json_put_text(m, o, "detail", d->detail);
        json_put(m, o, "partitions", make_deep_partitions(m, d));
        return o;
}

/* ---- a section ---- */

static json_object *make_checks(struct json_maker *m, const struct kafka_health *h) {
        json_object *o = json_make_object(m);

        for (enum kafka_outcome i = 0; i < _KAFKA_OUTCOME_MAX; i++)
                json_put_number(m, o, kafka_outcome_to_string(i), h->checks[i]);
        return o;
}

static json_object *make_kafka(struct json_maker *m, const struct kafka_snapshot *k) {
        const struct kafka_health *h = k->health;
        const struct kafka_facts *f = h->facts;
        json_object *o = json_make_object(m);

        json_put_text(m, o, "name", k->settings->name);
        json_put_strv(m, o, "bootstrap", k->settings->bootstrap);
        json_put_text(m, o, "outcome", kafka_outcome_to_string(h->outcome));
        json_put_text(m, o, "reason", kafka_reason_to_string(h->reason));
        json_put_text(m, o, "detail", h->detail);
        json_put_time(m, o, "since", h->since_usec);
        json_put_time(m, o, "checked_at", h->checked_at_usec);
        json_put_span(m, o, "took_seconds", h->took_usec);
        json_put_time(m, o, "last_up", h->last_up_usec);
        json_put_text(m, o, "cluster_id", f ? f->cluster_id : NULL);
        json_put_natural(m, o, "controller", f ? f->controller : -1);
        json_put(m, o, "brokers", make_brokers(m, f));
        json_put(m, o, "topics", make_topics(m, k));
        json_put(m, o, "deep", k->deep ? make_deep(m, k) : NULL);
        json_put(m, o, "checks", make_checks(m, h));
        return o;
}

json_object *make_kafkas(struct json_maker *m) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; i < m->s->n_kafkas; i++)
                json_append(m, list, make_kafka(m, &m->s->kafkas[i]));
        return list;
}

json_object *make_dependency(struct json_maker *m, const struct dependency *d) {
        json_object *o;

        if (d->state == DEPENDENCY_NONE)
                return NULL;
        o = json_make_object(m);
        json_put_text(m, o, "state", dependency_state_to_string(d->state));
        json_put_time(m, o, "since", d->since_usec);
        json_put_time(m, o, "until", d->until_usec);
        json_put_text(m, o, "text", d->text);
        return o;
}

static json_object *make_lag_partitions(struct json_maker *m, const struct lag_connector *c) {
        json_object *list = json_make_list(m);

        for (size_t i = 0; i < c->n_partitions; i++) {
                const struct lag_partition *p = &c->partitions[i];
                json_object *o = json_make_object(m);

                json_put_text(m, o, "topic", p->topic);
                json_put_natural(m, o, "partition", p->id);
                json_put_natural(m, o, "committed", p->committed);
                json_put_natural(m, o, "end", p->end);
                json_put_natural(m, o, "lag", p->lag);
                json_put_bool(m, o, "stuck", p->stuck);
                json_append(m, list, o);
        }
        return list;
}

json_object *make_lag(struct json_maker *m, const struct lag_view *v) {
        json_object *list;

        if (!v)
                return NULL;
        list = json_make_list(m);
        for (size_t i = 0; i < v->n; i++) {
                const struct lag_connector *c = &v->list[i];
                json_object *o = json_make_object(m);

                json_put_text(m, o, "connector", c->name);
                json_put_time(m, o, "checked_at", c->at_usec);
                json_put(m, o, "lag", c->at_usec > 0 ? json_made(m, json_object_new_int64(c->lag)) : NULL);
                json_put_time(m, o, "stuck_since", c->stuck_since_usec);
                json_put(m, o, "partitions", make_lag_partitions(m, c));
                json_append(m, list, o);
        }
        return list;
}
