/* What is wrong with connectors and tasks, and what changed. Knows no answer's form, no clock and no
 * sentences. */
#include <errno.h>
#include <stdio.h>

#include "judge/connectors.h"
#include "util/text.h"

/* All traces of one look, however many have failed; beyond it only what is wrong is known, not why. */
#define TRACE_BYTES_MAX ((size_t) 1024 * 1024)
/* So many are named where a person is told what has failed. */
#define NAMED_MAX 3

/* ---- the view ---- */

static void troubled_done(struct troubled_connector *t) {
        for (size_t i = 0; i < t->n_troubles; i++) {
                free(t->troubles[i].worker_id);
                free(t->troubles[i].trace);
        }
        free(t->troubles);
        free(t->name);
}

struct connectors_view *connectors_view_free(struct connectors_view *v) {
        if (!v)
                return NULL;
        for (size_t i = 0; i < v->n; i++)
                troubled_done(&v->list[i]);
        free(v->list);
        strv_free(v->sinks);
        free(v);
        return NULL;
}

/* An UNASSIGNED one is nobody's: whoever looks tells it. */
static bool is_trouble(const struct worker_settings *w,
                       const struct connector_part *p,
                       enum connector_trouble_kind *ret) {
        *ret = TROUBLE_FAILED;
        if ((w->unhealthy_states & connector_state_bit(p->state)) && connector_rules_here(w, p))
                return true;
        *ret = TROUBLE_UNASSIGNED;
        return p->state == CONNECTOR_UNASSIGNED;
}

static int keep_trace(struct connectors_view *v, struct connector_trouble *t, const char *trace) {
        size_t len = strlen(trace);

        if (len == 0 || len > TRACE_BYTES_MAX - v->trace_bytes)
                return 0;
        t->trace = strdup(trace);
        if (!t->trace)
                return -ENOMEM;
        v->trace_bytes += len;
        return 0;
}

static int add_trouble(struct connectors_view *v,
                       const struct worker_settings *w,
                       struct troubled_connector *to,
                       const struct connector_part *p,
                       enum connector_trouble_kind kind,
                       usec_t now_usec) {
        struct connector_trouble *t = &to->troubles[to->n_troubles++];

        *t = (struct connector_trouble) {
                .task = p->id,
                .kind = kind,
                .state = p->state,
                .counts = connector_rules_failed(w, p),
                .since_usec = now_usec,
        };
        if (kind != TROUBLE_FAILED)
                return 0;
        t->worker_id = strdup(p->worker_id);
        return t->worker_id ? keep_trace(v, t, p->trace) : -ENOMEM;
}

static int by_task(const void *a, const void *b) {
        const struct connector_trouble *x = a, *y = b;

        return x->task < y->task ? -1 : x->task > y->task ? 1 : (int) x->kind - (int) y->kind;
}

static int add_troubles(struct connectors_view *v,
                        const struct worker_settings *w,
                        struct troubled_connector *t,
                        const struct connector_status *c,
                        usec_t now_usec) {
        enum connector_trouble_kind kind;
        int r = 0;

        if (is_trouble(w, &c->connector, &kind))
                r = add_trouble(v, w, t, &c->connector, kind, now_usec);
        else if (c->n_tasks == 0 && c->connector.state == CONNECTOR_RUNNING && t->here)
                r = add_trouble(v, w, t, &c->connector, TROUBLE_NO_TASKS, now_usec);
        t->failed = c->connector.state == CONNECTOR_FAILED;
        for (size_t i = 0; r >= 0 && i < c->n_tasks; i++) {
                if (is_trouble(w, &c->tasks[i], &kind))
                        r = add_trouble(v, w, t, &c->tasks[i], kind, now_usec);
                t->failed = t->failed || c->tasks[i].state == CONNECTOR_FAILED;
        }
        qsort(t->troubles, t->n_troubles, sizeof(*t->troubles), by_task);
        return r;
}

static bool is_well(const struct worker_settings *w, const struct connector_status *c) {
        enum connector_trouble_kind kind;

        if (is_trouble(w, &c->connector, &kind) || c->n_tasks == 0 || c->connector.state == CONNECTOR_FAILED)
                return false;
        for (size_t i = 0; i < c->n_tasks; i++)
                if (is_trouble(w, &c->tasks[i], &kind) || c->tasks[i].state == CONNECTOR_FAILED)
                        return false;
        return true;
}

static int add_sink(struct connectors_view *v,
                    const struct worker_settings *w,
                    const struct connector_status *c) {
        int r;

        if (!w->lag || v->n_sinks >= CONNECTOR_SINKS_MAX || !streq(c->type, "sink") ||
            c->connector.state != CONNECTOR_RUNNING || !connector_rules_here(w, &c->connector))
                return 0;
        r = strv_extend(&v->sinks, c->name);
        if (r >= 0)
                v->n_sinks++;
        return r;
}

int connectors_view_add(struct connectors_view *v,
                        const struct worker_settings *w,
                        const struct connector_status *c,
                        usec_t now_usec) {
        struct troubled_connector t = { .here = connector_rules_here(w, &c->connector) };
        int r;

        r = add_sink(v, w, c);
        if (r < 0)
                return r;
        if (is_well(w, c))
                return 0;
        if (v->n == v->size) {
                size_t size = MAX(v->size * 2, (size_t) 8);
                struct troubled_connector *grown = reallocarray(v->list, size, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                v->list = grown;
                v->size = size;
        }
        t.name = strdup(c->name);
        t.troubles = calloc(c->n_tasks + 1, sizeof(*t.troubles));
        r = t.name && t.troubles ? add_troubles(v, w, &t, c, now_usec) : -ENOMEM;
        if (r < 0 || (t.n_troubles == 0 && !t.failed)) {
                troubled_done(&t);
                return r;
        }
        v->list[v->n++] = t;
        return 0;
}

static int by_name(const void *a, const void *b) {
        const struct troubled_connector *x = a, *y = b;

        return strcmp(x->name, y->name);
}

const struct troubled_connector *connectors_view_find(const struct connectors_view *v, const char *name) {
        const struct troubled_connector wanted = { .name = (char *) name };

        return v && v->n > 0 ? bsearch(&wanted, v->list, v->n, sizeof(*v->list), by_name) : NULL;
}

static struct connector_trouble *find_trouble(const struct troubled_connector *c,
                                              const struct connector_trouble *wanted) {
        return c && c->n_troubles > 0
                       ? bsearch(wanted, c->troubles, c->n_troubles, sizeof(*c->troubles), by_task)
                       : NULL;
}

/* ---- changes ---- */

void connector_changes_done(struct connector_changes *c) {
        free(c->list);
        *c = (struct connector_changes) {};
}

static int add_change(struct connector_changes *c,
                      enum connector_change_type type,
                      const struct troubled_connector *connector,
                      const struct connector_trouble *trouble) {
        if (c->n == c->size) {
                size_t size = MAX(c->size * 2, (size_t) 8);
                struct connector_change *grown = reallocarray(c->list, size, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                c->list = grown;
                c->size = size;
        }
        c->list[c->n++] = (struct connector_change) { type, connector, trouble };
        return 0;
}

static int tell_trouble(struct connector_trouble *t,
                        const struct troubled_connector *c,
                        const struct connector_trouble *before,
                        const struct worker_settings *w,
                        usec_t now_usec,
                        struct connector_changes *ret) {
        enum connector_change_type type = t->kind == TROUBLE_FAILED       ? CHANGE_FAILED
                                          : t->kind == TROUBLE_UNASSIGNED ? CHANGE_UNASSIGNED
                                                                          : CHANGE_NO_TASKS;

        if (before) {
                t->since_usec = before->since_usec;
                t->told = before->told;
        }
        if (t->told ||
            (t->kind != TROUBLE_FAILED && usec_sub(now_usec, t->since_usec) < w->rebalance_delay_usec))
                return 0;
        t->told = true;
        return add_change(ret, type, c, t);
}

int connectors_view_finish(struct connectors_view *v,
                           const struct connectors_view *before,
                           const struct worker_settings *w,
                           usec_t now_usec,
                           struct connector_changes *ret) {
        int r = 0;

        if (v->n > 1) /* or there may be no list at all, which qsort() must not be given */
                qsort(v->list, v->n, sizeof(*v->list), by_name);
        for (size_t i = 0; r >= 0 && i < v->n; i++) {
                const struct troubled_connector *c = &v->list[i],
                                                *was = connectors_view_find(before, c->name);

                for (size_t k = 0; r >= 0 && k < c->n_troubles; k++)
                        r = tell_trouble(&c->troubles[k], c, find_trouble(was, &c->troubles[k]), w, now_usec,
                                         ret);
        }
        for (size_t i = 0; before && r >= 0 && i < before->n; i++) {
                const struct troubled_connector *was = &before->list[i],
                                                *c = connectors_view_find(v, was->name);

                for (size_t k = 0; r >= 0 && k < was->n_troubles; k++)
                        if (was->troubles[k].told && !find_trouble(c, &was->troubles[k]))
                                r = add_change(ret, CHANGE_RECOVERED, was, &was->troubles[k]);
        }
        return r;
}

/* ---- the verdict ---- */

/* "orders, task 0 and 2 more of payments, and 12 in 4 other connectors" */
static void describe(const struct connectors_view *v, char *buf, size_t size) {
        size_t named = 0, others = 0;

        for (size_t i = 0; i < v->n; i++) {
                const struct troubled_connector *c = &v->list[i];
                const struct connector_trouble *first = NULL;
                size_t n = 0;

                for (size_t k = 0; k < c->n_troubles; k++)
                        if (c->troubles[k].counts) {
                                first = first ? first : &c->troubles[k];
                                n++;
                        }
                if (n == 0)
                        continue;
                if (named == NAMED_MAX) {
                        others++;
                        continue;
                }
                char name[CONNECTOR_NAME_SIZE];
                text_copy_line(name, sizeof(name), c->name, strlen(c->name));
                text_append(buf, size, "%s", named++ > 0 ? ", " : "");
                if (first->task < 0)
                        text_append(buf, size, "connector %s", name);
                else
                        text_append(buf, size, "task %d of %s", (int) first->task, name);
                if (n > 1)
                        text_append(buf, size, " with %zu more of it", n - 1);
        }
        if (others > 0)
                text_append(buf, size, " and %zu other connector%s", others, others == 1 ? "" : "s");
}

void connectors_weigh(const struct connectors_view *v,
                      const struct worker_settings *w,
                      struct observation *o) {
        if (!v || o->outcome != OUTCOME_OK)
                return;
        if (connector_rules_unhealthy(&v->tally, w)) {
                o->reason = REASON_CONNECTORS_FAILED;
                o->detail[0] = '\0';
                describe(v, o->detail, sizeof(o->detail));
        } else if (v->broker_failed) {
                o->reason = REASON_CONNECTOR_UNREADABLE;
                o->detail[0] = '\0';
                text_append(o->detail, sizeof(o->detail), "%s", v->broker_detail);
        } else
                return;
        o->outcome = OUTCOME_DEGRADED;
}
