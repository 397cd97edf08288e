/* Lag that grows while nothing is committed. A lag that only stands still is none: the markers of a
 * transaction are never committed. */
#include <errno.h>
#include <stdio.h>

#include "judge/lag.h"
#include "util/text.h"

/* What was not answered for more looks than this begins anew: an outage is no lack of progress. */
#define LOOKS_MISSED_MAX 3

static void connector_done(struct lag_connector *c) {
        for (size_t i = 0; i < c->n_partitions; i++)
                free(c->partitions[i].topic);
        free(c->partitions);
        free(c->name);
        *c = (struct lag_connector) {};
}

void lag_view_done(struct lag_view *v) {
        for (size_t i = 0; i < v->n; i++)
                connector_done(&v->list[i]);
        free(v->list);
        *v = (struct lag_view) {};
}

void lag_changes_done(struct lag_changes *c) {
        for (size_t i = 0; i < c->n; i++) {
                free(c->list[i].connector);
                free(c->list[i].topic);
        }
        free(c->list);
        *c = (struct lag_changes) {};
}

static int by_name(const void *a, const void *b) {
        const struct lag_connector *x = a, *y = b;

        return strcmp(x->name, y->name);
}

static struct lag_connector *find(const struct lag_view *v, const char *name) {
        const struct lag_connector wanted = { .name = (char *) name };

        return v->n > 0 ? bsearch(&wanted, v->list, v->n, sizeof(*v->list), by_name) : NULL;
}

static const struct lag_partition *find_partition(const struct lag_connector *c,
                                                  const struct kafka_lag_partition *p) {
        for (size_t i = 0; c && i < c->n_partitions; i++)
                if (c->partitions[i].id == p->id && streq(c->partitions[i].topic, p->topic))
                        return &c->partitions[i];
        return NULL;
}

/* ---- one look ---- */

/* Negative: not known. What was deleted before it was read is not to be read any more. Of what nothing was
 * committed all is still to be read. */
static int64_t lag_of(const struct kafka_lag_partition *p) {
        if ((p->committed < 0 && p->begin < 0) || p->end < 0)
                return -1;
        return MAX(p->end - MAX(p->committed, p->begin), (int64_t) 0);
}

/* By the end, for retention takes from the lag of one that is stuck, too. */
static void judge(struct lag_partition *p,
                  const struct lag_partition *was,
                  bool fresh,
                  const struct worker_settings *w,
                  usec_t now_usec) {
        bool goes_on = was && (fresh || was->stuck) && was->committed == p->committed && p->end >= was->end;

        p->since_usec = goes_on ? was->since_usec : now_usec;
        p->lag_then = goes_on ? was->lag_then : p->lag;
        p->end_then = goes_on ? was->end_then : p->end;
        p->stuck = w->lag_stuck_usec > 0 && usec_sub(now_usec, p->since_usec) >= w->lag_stuck_usec &&
                   p->end > p->end_then;
}

/* An end that is not told now, as of a silent leader, is for some looks the one that was. */
static bool stays_as_it_was(const struct kafka_lag_partition *from,
                            const struct lag_partition *was,
                            const struct worker_settings *w,
                            usec_t now_usec) {
        return was && from->end < 0 && from->committed == was->committed &&
               usec_sub(now_usec, was->at_usec) <= LOOKS_MISSED_MAX * w->lag_interval_usec;
}

/* Returns whether there is a lag; *ret has no topic yet. */
static bool take_partition(const struct kafka_lag_partition *from,
                           const struct lag_partition *was,
                           bool fresh,
                           const struct worker_settings *w,
                           usec_t now_usec,
                           struct lag_partition *ret) {
        int64_t lag = lag_of(from);

        if (stays_as_it_was(from, was, w, now_usec)) {
                *ret = *was;
                ret->topic = NULL;
                return true;
        }
        if (lag <= 0)
                return false;
        *ret = (struct lag_partition) {
                .id = from->id,
                .committed = from->committed,
                .end = from->end,
                .lag = lag,
                .at_usec = now_usec,
        };
        judge(ret, was, fresh, w, now_usec);
        return true;
}

static int take_group(struct lag_connector *c,
                      const struct lag_connector *was,
                      const struct kafka_lag_group *g,
                      const struct worker_settings *w,
                      usec_t now_usec) {
        bool fresh = was && usec_sub(now_usec, was->at_usec) <= LOOKS_MISSED_MAX * w->lag_interval_usec;

        c->at_usec = now_usec;
        c->partitions = calloc(MAX(MIN(g->n_partitions, (size_t) LAG_PARTITIONS_MAX), (size_t) 1),
                               sizeof(*c->partitions));
        if (!c->partitions)
                return -ENOMEM;
        for (size_t i = 0; i < g->n_partitions; i++) {
                const struct kafka_lag_partition *from = &g->partitions[i];
                struct lag_partition p;

                if (!take_partition(from, find_partition(was, from), fresh, w, now_usec, &p))
                        continue;
                c->lag += MIN(p.lag, INT64_MAX - c->lag);
                if (c->n_partitions == LAG_PARTITIONS_MAX)
                        continue;
                p.topic = strdup(from->topic);
                if (!p.topic)
                        return -ENOMEM;
                c->n_stuck += p.stuck;
                c->partitions[c->n_partitions++] = p;
        }
        return 0;
}

static int copy_connector(struct lag_connector *c, const struct lag_connector *was) {
        *c = (struct lag_connector) {
                .name = c->name,
                .at_usec = was->at_usec,
                .lag = was->lag,
                .n_stuck = was->n_stuck,
                .partitions = calloc(MAX(was->n_partitions, (size_t) 1), sizeof(*c->partitions)),
        };
        if (!c->partitions)
                return -ENOMEM;
        for (size_t i = 0; i < was->n_partitions; i++) {
                c->partitions[i] = was->partitions[i];
                c->partitions[i].topic = strdup(was->partitions[i].topic);
                if (!c->partitions[i].topic)
                        return -ENOMEM;
                c->n_partitions++;
        }
        return 0;
}

static int take_look(struct lag_view *to,
                     const struct lag_view *before,
                     const struct worker_settings *w,
                     const char *const *connectors,
                     const struct kafka_lag *lag,
                     usec_t now_usec) {
        int r = 0;

        to->list = calloc(MAX(lag->n_groups, (size_t) 1), sizeof(*to->list));
        if (!to->list)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < lag->n_groups; i++) {
                struct lag_connector *c = &to->list[to->n++];
                const struct lag_connector *was = find(before, connectors[i]);

                c->name = strdup(connectors[i]);
                if (!c->name)
                        return -ENOMEM;
                if (lag->groups[i].error == KAFKA_OK)
                        r = take_group(c, was, &lag->groups[i], w, now_usec);
                else if (was)
                        r = copy_connector(c, was);
                if (c->n_stuck > 0)
                        c->stuck_since_usec =
                                was && was->stuck_since_usec > 0 ? was->stuck_since_usec : now_usec;
        }
        if (r >= 0)
                qsort(to->list, to->n, sizeof(*to->list), by_name);
        return r;
}

/* ---- changes ---- */

static const struct lag_partition *worst(const struct lag_connector *c) {
        const struct lag_partition *p = NULL;

        for (size_t i = 0; i < c->n_partitions; i++)
                if (c->partitions[i].stuck && (!p || c->partitions[i].lag > p->lag))
                        p = &c->partitions[i];
        return p;
}

static int add_change(struct lag_changes *ret,
                      enum lag_change_type type,
                      const struct lag_connector *c,
                      usec_t now_usec) {
        const struct lag_partition *p = type == LAG_STUCK ? worst(c) : NULL;
        struct lag_change *change = &ret->list[ret->n];

        *change = (struct lag_change) {
                .type = type,
                .connector = strdup(c->name),
                .n_stuck = c->n_stuck,
                .lasted_usec = usec_sub(now_usec, p ? p->since_usec : c->stuck_since_usec),
        };
        ret->n++;
        if (!change->connector)
                return -ENOMEM;
        if (!p)
                return 0;
        change->topic = strdup(p->topic);
        change->partition = p->id;
        change->committed = p->committed;
        change->end = p->end;
        change->lag = p->lag_then + (p->end - p->end_then); /* also what retention took of it meanwhile */
        change->lag_then = p->lag_then;
        return change->topic ? 0 : -ENOMEM;
}

static int compare(const struct lag_view *before,
                   const struct lag_view *v,
                   usec_t now_usec,
                   struct lag_changes *ret) {
        int r = 0;

        ret->list = calloc(before->n + v->n + 1, sizeof(*ret->list));
        if (!ret->list)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < v->n; i++) {
                const struct lag_connector *c = &v->list[i], *was = find(before, c->name);
                bool was_stuck = was && was->stuck_since_usec > 0;

                if (c->stuck_since_usec > 0 && !was_stuck)
                        r = add_change(ret, LAG_STUCK, c, now_usec);
                else if (c->stuck_since_usec == 0 && was_stuck)
                        r = add_change(ret, LAG_RECOVERED, was, now_usec);
        }
        for (size_t i = 0; r >= 0 && i < before->n; i++)
                if (before->list[i].stuck_since_usec > 0 && !find(v, before->list[i].name))
                        r = add_change(ret, LAG_NOT_RUNNING, &before->list[i], now_usec);
        return r;
}

int lag_observe(struct lag_view *v,
                const struct worker_settings *w,
                const char *const *connectors,
                const struct kafka_lag *lag,
                usec_t now_usec,
                struct lag_changes *ret) {
        struct lag_view seen = {};
        int r;

        *ret = (struct lag_changes) {};
        r = take_look(&seen, v, w, connectors, lag, now_usec);
        if (r >= 0)
                r = compare(v, &seen, now_usec, ret);
        if (r < 0) {
                lag_changes_done(ret);
                lag_view_done(&seen);
                return r;
        }
        lag_view_done(v);
        *v = seen;
        return 0;
}

void lag_weigh(const struct lag_view *v, struct observation *o) {
        const struct lag_connector *first = NULL;
        size_t n = 0;

        if (o->outcome != OUTCOME_OK)
                return;
        for (size_t i = 0; i < v->n; i++) {
                if (v->list[i].stuck_since_usec == 0)
                        continue;
                first = first ? first : &v->list[i];
                n++;
        }
        if (!first)
                return;
        char name[CONNECTOR_NAME_SIZE];

        o->outcome = OUTCOME_DEGRADED;
        o->reason = REASON_CONNECTOR_STUCK;
        (void) snprintf(o->detail, sizeof(o->detail), "connector %s",
                        text_copy_line(name, sizeof(name), first->name, strlen(first->name)));
        if (n > 1)
                text_append(o->detail, sizeof(o->detail), " and %zu more", n - 1);
}
