/* Backoff and limit of each connector's restarts, as Strimzi has them. Knows no clock and no REST. */
#include <errno.h>

#include "judge/connector_remedy.h"
#include "judge/remedy.h"

void connector_attempts_done(struct connector_attempts *a) {
        for (size_t i = 0; i < a->n; i++)
                free(a->list[i].name);
        free(a->list);
        *a = (struct connector_attempts) {};
}

int connector_attempts_copy(struct connector_attempts *to, const struct connector_attempts *from) {
        *to = (struct connector_attempts) {};
        for (size_t i = 0; i < from->n; i++) {
                struct connector_attempt *t = connector_attempts_get(to, from->list[i].name);

                if (!t) {
                        connector_attempts_done(to);
                        return -ENOMEM;
                }
                t->n = from->list[i].n;
                t->last_at_usec = from->list[i].last_at_usec;
                t->exhausted = from->list[i].exhausted;
        }
        return 0;
}

/* The first whose name does not stand before this one: its place. */
static size_t place_of(const struct connector_attempts *a, const char *name) {
        size_t begin = 0, end = a->n;

        while (begin < end) {
                size_t middle = begin + (end - begin) / 2;

                if (strcmp(a->list[middle].name, name) < 0)
                        begin = middle + 1;
                else
                        end = middle;
        }
        return begin;
}

struct connector_attempt *connector_attempts_find(const struct connector_attempts *a, const char *name) {
        size_t i = place_of(a, name);

        return i < a->n && streq(a->list[i].name, name) ? &a->list[i] : NULL;
}

struct connector_attempt *connector_attempts_get(struct connector_attempts *a, const char *name) {
        struct connector_attempt *t = connector_attempts_find(a, name);
        size_t i = place_of(a, name);
        char *copy;

        if (t)
                return t;
        if (a->n == a->size) {
                size_t size = MAX(a->size * 2, (size_t) 8);
                struct connector_attempt *grown = reallocarray(a->list, size, sizeof(*grown));

                if (!grown)
                        return NULL;
                a->list = grown;
                a->size = size;
        }
        copy = strdup(name);
        if (!copy)
                return NULL;
        t = &a->list[i];
        memmove(t + 1, t, (a->n++ - i) * sizeof(*t));
        *t = (struct connector_attempt) { .name = copy };
        return t;
}

static usec_t backoff(const struct connector_attempt *t, const struct worker_settings *w) {
        return remedy_backoff_of(t->n, w);
}

bool connector_remedy_credit(struct connector_attempts *a,
                             const struct connectors_view *v,
                             const struct worker_settings *w,
                             usec_t now_usec) {
        size_t kept = 0, before = a->n;

        for (size_t i = 0; i < before; i++) {
                struct connector_attempt *t = &a->list[i];

                if (connectors_view_find(v, t->name))
                        t->well_since_usec = 0;
                else if (t->well_since_usec == 0)
                        t->well_since_usec = now_usec;
                if (t->well_since_usec > 0 && usec_sub(now_usec, t->well_since_usec) > backoff(t, w))
                        free(t->name);
                else
                        a->list[kept++] = *t;
        }
        a->n = kept;
        return kept < before;
}

static bool is_due(const struct connector_attempt *t, const struct worker_settings *w, usec_t now_usec) {
        if (now_usec < t->not_before_usec)
                return false;
        return t->n == 0 || now_usec >= usec_add(t->last_at_usec, backoff(t, w));
}

void connector_remedy_decide(const struct connector_attempts *a,
                             const struct connectors_view *v,
                             const struct worker_settings *w,
                             usec_t now_usec,
                             size_t begin,
                             struct connector_decision *ret) {
        *ret = (struct connector_decision) {};
        for (size_t i = begin; i < v->n; i++) {
                const struct troubled_connector *c = &v->list[i];
                const struct connector_attempt *t;

                if (!c->failed || !c->here)
                        continue;
                t = connector_attempts_find(a, c->name);
                bool spent = t && t->n >= w->connector_restart_limit;
                if (t && ((spent && t->exhausted) || !is_due(t, w, now_usec)))
                        continue;
                ret->connector = c;
                ret->next = i + 1;
                ret->n = t ? t->n : 0;
                ret->action = spent ? CONNECTOR_REMEDY_EXHAUSTED : CONNECTOR_REMEDY_RESTART;
                return;
        }
}

int connector_remedy_charge(struct connector_attempts *a, const char *name, usec_t now_usec) {
        struct connector_attempt *t = connector_attempts_get(a, name);

        if (!t)
                return -ENOMEM;
        t->n++;
        t->exhausted = false;
        t->last_at_usec = now_usec;
        t->well_since_usec = 0;
        return 0;
}

void connector_remedy_refund(struct connector_attempts *a,
                             const char *name,
                             usec_t before_usec,
                             usec_t not_before_usec) {
        struct connector_attempt *t = connector_attempts_find(a, name);

        if (!t)
                return;
        t->n -= t->n > 0 ? 1 : 0;
        t->last_at_usec = before_usec;
        t->not_before_usec = not_before_usec;
}
