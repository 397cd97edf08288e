/* Intents on their way to the disk. Knows nothing of what is intended. */
#include <errno.h>
#include <stdio.h>

#include "intent.h"

struct saved_intent {
        struct saved_intent *next; /* in agent->intents */
        struct agent *agent;
        char worker[128];
        usec_t at_usec;
        intent_saved_t saved;
};

static struct saved_intent *saved_intent_free(struct saved_intent *s) {
        struct saved_intent **p = &s->agent->intents;

        while (*p != s)
                p = &(*p)->next;
        *p = s->next;
        free(s);
        return NULL;
}
DEFINE_CLEANUP(struct saved_intent *, saved_intent_free)

void intents_free(struct agent *a) {
        while (a->intents)
                saved_intent_free(a->intents);
}

static void on_saved(int error, void *userdata) {
        _cleanup_(saved_intent_freep) struct saved_intent *s = userdata;
        struct worker *w = agent_find_worker(s->agent, s->worker);

        agent_ledger_result(s->agent, error);
        if (w)
                s->saved(w, error, s->at_usec);
}

int intent_save(struct worker *w, usec_t at_usec, intent_saved_t saved) {
        struct saved_intent *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->agent = w->agent;
        s->at_usec = at_usec;
        s->saved = saved;
        s->next = w->agent->intents;
        w->agent->intents = s;
        (void) snprintf(s->worker, sizeof(s->worker), "%s", w->settings->name);
        r = agent_save_ledger(w->agent, on_saved, s);
        if (r < 0) {
                agent_ledger_result(w->agent, r);
                saved_intent_free(s);
        }
        return r;
}
