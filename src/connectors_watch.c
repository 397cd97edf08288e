/* One worker's connectors: timer in, events and restarts out. Decides nothing itself. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <syslog.h>

#include <systemd/sd-event.h>

#include "act/connector.h"
#include "connectors_watch.h"
#include "intent.h"
#include "observe/connectors_look.h"
#include "pause.h"
#include "report/narrate_connectors.h"
#include "report/words.h"
#include "util/text.h"
#include "worker.h"

/* A look that held a connector of this size leaves holes behind that malloc() does not give back by itself.
 */
#define TRIM_BYTES ((size_t) 256 * 1024)
/* A restart that could not be asked for, or met a rebalance, is tried again with the first look after this.
 */
#define PUT_OFF_USEC (10 * USEC_PER_SEC)

/* A connector's name within a sentence: it may hold anything. The buffer lives as long as the block. */
#define SAY_NAME(name)                                                                                      \
        text_copy_line((char[CONNECTOR_NAME_SIZE]) {}, CONNECTOR_NAME_SIZE, name, strlen(name))

struct connectors_watch {
        struct worker *worker;
        sd_event_source *timer;
        struct connectors_look *look;
        struct connectors_view *view, *coming; /* of the last look, and of the one under way */
        unsigned unreadable;                   /* looks in a row */
        char problem[256];                     /* of the last of them */

        /* The restart under way. */
        struct connector_call *call;
        char *name;
        usec_t intent_at_usec, before_usec; /* of it, and of the restart before it */
        bool saving;

        struct connector_attempts would; /* restarts that were only told */
};

static void consider(struct connectors_watch *c);

static bool watches(const struct worker *w) {
        return w->settings->connectors && w->settings->kind->has_connectors;
}

static bool is_well(const struct worker *w) {
        return (w->health.state == STATE_HEALTHY || w->health.state == STATE_DEGRADED) &&
               outcome_is_good(w->health.last.outcome) && !w->restart && !w->pending_restart;
}

/* ---- what is told ---- */

static void tell(struct connectors_watch *c, struct event *e) {
        struct worker *w = c->worker;

        if (e && worker_about(w, e) < 0)
                e = event_free(e);
        worker_tell(w, e);
}

static void tell_changes(struct connectors_watch *c, const struct connector_changes *changes) {
        if (changes->n > CONNECTOR_CHANGES_TOLD_MAX) {
                tell(c, narrate_connector_storm(changes));
                return;
        }
        for (size_t i = 0; i < changes->n; i++)
                tell(c, narrate_connector_change(&changes->list[i], agent_now()));
}

/* e is about that connector. */
static void tell_about(struct connectors_watch *c, const char *name, struct event *e) {
        if (e && event_field(e, "CONNECTOR", "%s", name) < 0)
                e = event_free(e);
        worker_tell(c->worker, e);
}

/* ---- a look ---- */

static void look_failed(struct connectors_watch *c, const char *problem) {
        struct worker *w = c->worker;

        c->coming = connectors_view_free(c->coming);
        (void) snprintf(c->problem, sizeof(c->problem), "%s", problem);
        if (!is_well(w) || ++c->unreadable != w->settings->failures)
                return;
        worker_tell(w, worker_event(w, EVENT_CONNECTORS_UNREADABLE,
                                    "connectors and tasks cannot be read: %s; what was known of them stays",
                                    problem));
}

static void tell_readable(struct connectors_watch *c) {
        struct event *e;

        if (c->unreadable >= c->worker->settings->failures) {
                e = worker_event(c->worker, EVENT_CONNECTORS_UNREADABLE,
                                 "connectors and tasks can be read again");
                if (e)
                        e->priority = LOG_NOTICE;
                worker_tell(c->worker, e);
        }
        c->unreadable = 0;
        c->problem[0] = '\0';
}

static void take_view(struct connectors_watch *c, const struct connectors_look_result *result) {
        struct connectors_view *before = c->view, *v = TAKE_PTR(c->coming);
        struct connector_changes changes = {};
        struct worker *w = c->worker;

        v->tally = result->tally;
        v->broker_failed = result->broker_failed;
        memcpy(v->broker_connector, result->broker_connector, sizeof(v->broker_connector));
        memcpy(v->broker_detail, result->broker_detail, sizeof(v->broker_detail));
        if (connectors_view_finish(v, before, w->settings, agent_now(), &changes) < 0)
                worker_tell(w, NULL); /* out of memory: not all of it is told */
        tell_changes(c, &changes);
        connector_changes_done(&changes);
        connectors_view_free(before);
        c->view = v;

        if (connector_remedy_credit(&w->attempts, v, w->settings, agent_now()))
                agent_history_changed(w->agent);
        (void) connector_remedy_credit(&c->would, v, w->settings, agent_now());
}

static void on_looked(struct connectors_look *l,
                      const struct connectors_look_result *result,
                      void *userdata) {
        const struct connectors_look_result copy = *result;
        struct connectors_watch *c = userdata;

        c->look = connectors_look_unref(l);
        if (copy.error < 0)
                look_failed(c, copy.problem);
        else {
                tell_readable(c);
                take_view(c, &copy);
        }
        if (copy.largest_bytes > TRIM_BYTES)
                (void) malloc_trim(0);
        agent_observed(c->worker->agent);
        consider(c);
}

static int on_found(const struct connector_status *s, void *userdata) {
        struct connectors_watch *c = userdata;

        return connectors_view_add(c->coming, c->worker->settings, s, agent_now());
}

static void start_look(struct connectors_watch *c) {
        struct worker *w = c->worker;
        int r;

        if (c->look || !is_well(w))
                return;
        c->coming = calloc(1, sizeof(*c->coming));
        if (c->coming)
                c->coming->at_usec = agent_now();
        r = c->coming ? connectors_look_start(w->agent->http, w->settings, agent_now, on_found, on_looked, c,
                                              &c->look)
                      : -ENOMEM;
        if (r < 0)
                look_failed(c, strerror(-r));
}

static void arm(struct connectors_watch *c, usec_t delay_usec) {
        (void) sd_event_source_set_time_relative(c->timer, delay_usec);
        (void) sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static int on_due(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct connectors_watch *c = userdata;

        arm(c, c->worker->settings->connectors_interval_usec);
        start_look(c);
        return 0;
}

/* ---- a restart ---- */

static void end_restart(struct connectors_watch *c) {
        c->call = connector_call_unref(c->call);
        free(TAKE_PTR(c->name));
        c->saving = false;
}

/* It came to nothing: tried again later, and told once. */
static void put_off(struct connectors_watch *c, const struct connector_call_report *report) {
        struct worker *w = c->worker;
        struct connector_attempt *t;
        bool rebalancing = report->result == CONNECTOR_CALL_REBALANCING;
        struct event *e;

        connector_remedy_refund(&w->attempts, c->name, c->before_usec, usec_add(agent_now(), PUT_OFF_USEC));
        agent_history_changed(w->agent);
        t = connector_attempts_find(&w->attempts, c->name);
        if (!t || t->refusal_told)
                return;
        t->refusal_told = true;
        e = worker_event(w, EVENT_CONNECTOR_RESTART_REFUSED, "connector %s is restarted later: %s%s",
                         SAY_NAME(c->name), rebalancing ? "a rebalance is under way; " : "", report->detail);
        if (e && rebalancing)
                e->priority = LOG_NOTICE;
        tell_about(c, c->name, e);
}

static void on_called(_unused_ struct connector_call *call,
                      const struct connector_call_report *report,
                      void *userdata) {
        struct connectors_watch *c = userdata;
        struct worker *w = c->worker;
        struct connector_attempt *t = connector_attempts_find(&w->attempts, c->name);
        unsigned n = t ? t->n : 0;

        switch (report->result) {
        case CONNECTOR_CALL_DONE:
                if (t)
                        t->refusal_told = false;
                tell_about(c, c->name,
                           worker_event(w, EVENT_CONNECTOR_RESTART_REQUESTED,
                                        "restarted what failed of connector %s (%u of %u)",
                                        SAY_NAME(c->name), n, w->settings->connector_restart_limit));
                break;
        case CONNECTOR_CALL_REBALANCING:
        case CONNECTOR_CALL_NOT_ASKED:
                put_off(c, report);
                break;
        case CONNECTOR_CALL_GONE:
                break; /* the next look does not see it any more */
        case CONNECTOR_CALL_FAILED:
        default:
                tell_about(
                        c, c->name,
                        worker_event(
                                w, EVENT_CONNECTOR_RESTART_REFUSED,
                                "connector %s could not be restarted: %s; it counts all the same (%u of %u)",
                                SAY_NAME(c->name), report->detail, n, w->settings->connector_restart_limit));
        }
        end_restart(c);
        consider(c);
}

/* Meanwhile the worker may have fallen ill, or a reload or a pause may have forbidden it. */
static bool may_act(const struct connectors_watch *c) {
        const struct worker *w = c->worker;

        return watches(w) && w->settings->connector_restart && w->settings->worker_id && is_well(w) &&
               !worker_pause(w);
}

static bool only_observes(const struct worker *w) {
        return w->settings->action != ACTION_RESTART || agent_dry_run(w->agent) ||
               !systemd_connected(w->agent->systemd);
}

static void abandon(struct connectors_watch *c) {
        connector_remedy_refund(&c->worker->attempts, c->name, c->before_usec, 0);
        agent_history_changed(c->worker->agent);
        end_restart(c);
}

static void on_intent_saved(struct worker *w, int error, usec_t at_usec) {
        struct connectors_watch *c = w->connectors;
        struct connector_call_report report = { .result = CONNECTOR_CALL_NOT_ASKED };
        int r;

        if (!c || !c->saving || c->intent_at_usec != at_usec)
                return;
        c->saving = false;
        if (error < 0 || !may_act(c) || only_observes(w)) {
                abandon(c);
                return;
        }
        r = connector_restart(w->agent->http, w->settings, c->name, agent_now, on_called, c, &c->call);
        if (r >= 0)
                return;
        (void) snprintf(report.detail, sizeof(report.detail), "%s", strerror(-r));
        put_off(c, &report);
        end_restart(c);
}

static void begin_restart(struct connectors_watch *c, const char *name) {
        struct worker *w = c->worker;
        const struct connector_attempt *t = connector_attempts_find(&w->attempts, name);

        c->name = strdup(name);
        c->before_usec = t ? t->last_at_usec : 0;
        c->intent_at_usec = agent_now();
        if (!c->name || connector_remedy_charge(&w->attempts, name, c->intent_at_usec) < 0) {
                free(TAKE_PTR(c->name));
                return;
        }
        c->saving = true;
        if (intent_save(w, c->intent_at_usec, on_intent_saved) < 0)
                abandon(c);
}

static const char *why_only_observes(const struct worker *w) {
        return w->settings->action != ACTION_RESTART ? "action = alert"
               : agent_dry_run(w->agent)             ? "a dry run"
                                                     : "no systemd to be asked";
}

/* The restart that would be made. */
static void tell_would_restart(struct connectors_watch *c, const char *name, unsigned n) {
        struct worker *w = c->worker;

        tell_about(
                c, name,
                worker_event(
                        w, EVENT_CONNECTOR_WOULD_RESTART,
                        "would restart what failed of connector %s now (%u of %u), but only observes (%s)",
                        SAY_NAME(name), n, w->settings->connector_restart_limit, why_only_observes(w)));
}

/* Those of a storm beyond the ones that are told one by one. */
static void tell_more_would_restart(struct connectors_watch *c, size_t n) {
        struct worker *w = c->worker;

        if (n > CONNECTOR_CHANGES_TOLD_MAX)
                worker_tell(w, worker_event(w, EVENT_CONNECTOR_WOULD_RESTART,
                                            "would restart what failed of %zu more connectors now, but only "
                                            "observes (%s)",
                                            n - CONNECTOR_CHANGES_TOLD_MAX, why_only_observes(w)));
}

static bool tell_exhausted(struct connectors_watch *c, struct connector_attempts *a, const char *name) {
        struct connector_attempt *t = connector_attempts_get(a, name);
        struct worker *w = c->worker;

        if (!t)
                return false;
        t->exhausted = true;
        if (a == &c->would)
                return true;
        agent_history_changed(w->agent);
        tell_about(c, name,
                   worker_event(w, EVENT_CONNECTOR_EXHAUSTED,
                                "giving up on connector %s, a person has to look: %u restarts did not help",
                                SAY_NAME(name), t->n));
        return true;
}

/* Restarts one, tells of all others that are due. */
static void consider(struct connectors_watch *c) {
        struct worker *w = c->worker;
        bool observes = only_observes(w), again = c->view && may_act(c);
        struct connector_attempts *a = observes ? &c->would : &w->attempts;
        size_t begin = 0, n_would = 0;

        while (again && !c->name) {
                struct connector_decision d;

                connector_remedy_decide(a, c->view, w->settings, agent_now(), begin, &d);
                begin = d.next;
                again = false;
                if (d.action == CONNECTOR_REMEDY_EXHAUSTED)
                        again = tell_exhausted(c, a, d.connector->name);
                else if (d.action == CONNECTOR_REMEDY_RESTART && observes) {
                        again = connector_remedy_charge(&c->would, d.connector->name, agent_now()) >= 0;
                        if (again && n_would++ < CONNECTOR_CHANGES_TOLD_MAX)
                                tell_would_restart(c, d.connector->name, d.n + 1);
                } else if (d.action == CONNECTOR_REMEDY_RESTART && w->agent->ledger_writable)
                        begin_restart(c, d.connector->name);
                else if (d.action == CONNECTOR_REMEDY_RESTART)
                        agent_history_changed(w->agent); /* try the disk again */
        }
        tell_more_would_restart(c, n_would);
}

/* ---- life ---- */

const struct connectors_view *connectors_watch_view(const struct connectors_watch *c) {
        return watches(c->worker) ? c->view : NULL;
}

const char *connectors_watch_problem(const struct connectors_watch *c) {
        return c->problem;
}

bool connectors_watch_is_restarting(const struct connectors_watch *c) {
        return c->name;
}

void connectors_watch_forget_restarts(struct connectors_watch *c) {
        connector_attempts_done(&c->worker->attempts);
        connector_attempts_done(&c->would);
}

bool connectors_watch_is_awaited(const struct connectors_watch *c) {
        return watches(c->worker) && is_well(c->worker) && !c->view && c->problem[0] == '\0';
}

void connectors_watch_polled(struct connectors_watch *c) {
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_get_enabled(c->timer, &enabled);
        if (enabled == SD_EVENT_OFF && watches(c->worker) && is_well(c->worker))
                arm(c, 0);
}

void connectors_watch_reconfigure(struct connectors_watch *c,
                                  const struct worker_settings *old,
                                  bool same_target) {
        const struct worker_settings *s = c->worker->settings;

        c->look = connectors_look_unref(c->look);
        c->coming = connectors_view_free(c->coming);
        /* What only the new rules leave out has not recovered. */
        if (!same_target || !watches(c->worker) || !streq_ptr(old->worker_id, s->worker_id) ||
            old->unhealthy_states != s->unhealthy_states || old->considered != s->considered) {
                c->view = connectors_view_free(c->view);
                connector_attempts_done(&c->would);
        }
        c->unreadable = 0;
        c->problem[0] = '\0';
        (void) sd_event_source_set_enabled(c->timer, SD_EVENT_OFF); /* begins with the next poll */
}

int connectors_watch_new(struct worker *w, struct connectors_watch **ret) {
        struct connectors_watch *c = calloc(1, sizeof(*c));
        usec_t accuracy = MIN(w->settings->connectors_interval_usec / 100, 250 * USEC_PER_MSEC);
        int r;

        if (!c)
                return -ENOMEM;
        c->worker = w;
        r = sd_event_add_time(w->agent->event, &c->timer, CLOCK_BOOTTIME, 0, accuracy, on_due, c);
        if (r < 0) {
                connectors_watch_free(c);
                return r;
        }
        (void) sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
        *ret = c;
        return 0;
}

struct connectors_watch *connectors_watch_free(struct connectors_watch *c) {
        if (!c)
                return NULL;
        connectors_look_unref(c->look);
        end_restart(c);
        connectors_view_free(c->view);
        connectors_view_free(c->coming);
        connector_attempts_done(&c->would);
        sd_event_source_disable_unref(c->timer);
        free(c);
        return NULL;
}
