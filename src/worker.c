/* One watched worker: when to poll, what the judge makes of it, and whether to act. Decides nothing itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "kafka_watch.h"
#include "pause.h"
#include "report/narrate.h"
#include "restart.h"
#include "restart_order.h"
#include "util/hash.h"
#include "util/text.h"
#include "worker.h"

/* The first poll waits so long for the unit's state, which tells a start from an outage. */
#define FIRST_VIEW_PATIENCE_USEC (2 * USEC_PER_SEC)

/* Answers of peers older than this are asked for anew. */
#define PEERS_FRESH_USEC (30 * USEC_PER_SEC)

struct peer {
        struct worker *worker;
        struct worker_settings settings; /* the worker's, with another url; owns nothing */
        struct probe probe;
        struct poll *poll;
        bool healthy;
};

/* ---- telling ---- */

int worker_about(const struct worker *w, struct event *e) {
        e->state = worker_state_to_string(health_shown_state(&w->health, &w->history));
        return event_about(e, w->settings->name, w->settings->unit, w->history.incident.id);
}

struct event *worker_event(const struct worker *w, enum event_type type, const char *format, ...) {
        char message[1024] = "";
        va_list ap;

        va_start(ap, format);
        text_appendv(message, sizeof(message), format, ap);
        va_end(ap);

        _cleanup_(event_freep) struct event *e = event_new(type, "%s", message);
        if (!e || worker_about(w, e) < 0)
                return NULL;
        e->failures = (int) MIN(w->health.failures, (unsigned) INT_MAX);
        return TAKE_PTR(e);
}

void worker_tell(const struct worker *w, struct event *e) {
        reporter_tell(w->agent->reporter, e);
}

struct status_item worker_status(const struct worker *w) {
        struct status_item item = {
                .name = w->settings->name,
                .state = health_shown_state(&w->health, &w->history),
                .failures = w->health.failures,
                .last_failure_usec = w->health.failures > 0 ? w->health.last.received_at_usec : 0,
        };

        if (worker_pause(w))
                item.state = STATE_PAUSED;
        for (enum hold hold = 0; hold < _HOLD_MAX && !item.hold; hold++)
                if (w->remedy.standing[hold])
                        item.hold = hold_to_string(hold);
        return item;
}

/* Not at each poll: waking up once more for a sentence that says the same would cost a third of a poll. */
static void tell_status(struct worker *w) {
        struct status_item item = worker_status(w);

        if (item.state == w->status.state && item.failures == w->status.failures &&
            item.last_failure_usec == w->status.last_failure_usec && item.hold == w->status.hold)
                return;
        item.name = NULL; /* of settings that a reload replaces */
        w->status = item;
        agent_status_changed(w->agent);
}

void worker_settled(struct worker *w, const struct tolds *told) {
        usec_t now = agent_now();

        for (size_t i = 0; i < told->n; i++) {
                worker_tell(w, narrate(w->settings, &told->told[i], now, agent_clock_offset()));
                counts_told(&w->counts, &told->told[i]);
        }

        remedy_credit(&w->history, &w->health, w->settings);
        if (!history_equal(&w->history, &w->saved)) {
                history_copy(&w->saved, &w->history);
                agent_history_changed(w->agent);
        }

        usec_t deadline = health_deadline(&w->health, w->settings);
        if (w->deadline_source) {
                (void) sd_event_source_set_time(
                        w->deadline_source,
                        deadline == USEC_INFINITY ? 0
                                                  : (usec_t) ((int64_t) deadline - agent_boottime_offset()));
                (void) sd_event_source_set_enabled(
                        w->deadline_source, deadline == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        }
        tell_status(w);
}

/* ---- polling ---- */

static void schedule(struct worker *w, usec_t at_usec) {
        w->due_usec = at_usec;
        (void) sd_event_source_set_time(w->poll_source,
                                        (usec_t) ((int64_t) at_usec - agent_boottime_offset()));
        (void) sd_event_source_set_enabled(w->poll_source, SD_EVENT_ONESHOT);
}

static usec_t poll_interval(const struct worker *w) {
        return w->health.failures > 0 ? w->settings->retry_interval_usec : w->settings->interval_usec;
}

/* Many workers are spread over their interval, each always at the same place in it. */
static usec_t phase(const struct worker *w) {
        uint64_t hash = 5381;

        for (const char *p = w->settings->name; *p; p++)
                hash = hash * 33 + (unsigned char) *p;
        return w->agent->n_workers > 1 ? hash * UINT64_C(2654435761) % w->settings->interval_usec : 0;
}

static void schedule_next(struct worker *w) {
        usec_t now = agent_now(), interval = poll_interval(w), behind = usec_sub(now, w->due_usec);

        schedule(w, w->due_usec + (behind / interval + 1) * interval);
}

static void take_observation(struct worker *w, const struct observation *o) {
        struct observation weighed = *o;
        struct tolds told;

        tolds_init(&told);
        w->observed = true;
        w->history.lacks_health = w->probe.lacks_health;
        connectors_weigh(connectors_watch_view(w->connectors), w->settings, &weighed);
        lag_weigh(&w->lag, &weighed);
        counts_observe(&w->counts, &weighed);
        health_observe(&w->health, &w->history, w->settings, &weighed, agent_now(), &told);
        worker_settled(w, &told);
        schedule_next(w);
        connectors_watch_polled(w->connectors);
        agent_observed(w->agent);
        worker_consider(w);
}

static void on_polled(struct poll *p, const struct observation *o, void *userdata) {
        struct worker *w = userdata;
        const struct observation copy = *o;

        w->poll = poll_unref(p);
        if (!w->polled)
                w->due_usec -= MIN(phase(w), w->due_usec);
        w->polled = true;
        if (usec_sub(copy.received_at_usec, copy.sent_at_usec) >
            w->settings->timeout_usec + w->settings->interval_usec)
                schedule(w, agent_now()); /* it was us who stood still: that says nothing about the worker */
        else
                take_observation(w, &copy);
}

/* Polling stood still, as with a suspended machine: what fell due meanwhile is due now, at its place in the
 * interval. */
static void forgive_standstill(struct worker *w) {
        usec_t interval = w->settings->interval_usec;

        w->due_usec += usec_sub(agent_now(), w->due_usec) / interval * interval;
}

static void start_poll(struct worker *w) {
        int r;

        if (w->poll)
                return;
        forgive_standstill(w);
        r = poll_start(w->agent->http, w->settings, &w->probe, agent_now, on_polled, w, &w->poll);
        if (r < 0) {
                struct observation o = {
                        .outcome = OUTCOME_UNKNOWN,
                        .reason = REASON_NO_RESOURCES,
                        .sent_at_usec = agent_now(),
                        .received_at_usec = agent_now(),
                };
                (void) snprintf(o.detail, sizeof(o.detail), "%s", strerror(-r));
                take_observation(w, &o);
        }
        w->polled_first = true;
        agent_polled(w->agent);
}

static int on_poll_due(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        start_poll(userdata);
        return 0;
}

static int on_deadline(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct worker *w = userdata;
        struct tolds told;

        tolds_init(&told);
        health_tick(&w->health, &w->history, w->settings, agent_now(), &told);
        worker_settled(w, &told);
        worker_consider(w);
        return 0;
}

bool worker_overdue(const struct worker *w, usec_t now_usec) {
        return now_usec > w->due_usec + w->settings->timeout_usec + w->settings->interval_usec;
}

/* ---- the unit ---- */

void worker_unit_changed(struct worker *w, const struct unit_view *view, bool stop_seen) {
        struct tolds told;
        bool was_known = w->history.invocation_id[0], adopts = w->pending_restart && view->known, is_new;
        enum unit_condition before = w->health.condition;

        tolds_init(&told);
        if (adopts) /* if it was started anew meanwhile, then by us */
                health_restart_begun(&w->health, agent_now());
        is_new = health_unit_changed(&w->health, &w->history, w->settings, view, stop_seen, agent_now(),
                                     &told);
        if (is_new) {
                probe_begin_start(&w->probe);
                w->poll = was_known ? poll_unref(w->poll) : w->poll;
        }
        worker_settled(w, &told);

        if (!w->poll &&
            (is_new || !w->polled_first || (w->health.condition == UNIT_CRASHED && before != UNIT_CRASHED)))
                schedule(w, agent_now());
        if (adopts) {
                w->pending_restart = false;
                restart_adopt(w, view);
        }
}

static void on_unit_changed(struct unit_watch *u _unused_,
                            const struct unit_view *view,
                            bool stop_seen,
                            void *userdata) {
        worker_unit_changed(userdata, view, stop_seen);
}

static int watch_unit(struct worker *w) {
        if (!w->settings->unit)
                return 0;
        return unit_watch_new(w->agent->systemd, w->settings->unit, on_unit_changed, w, &w->unit);
}

void worker_bus_changed(struct worker *w) {
        struct unit_view unknown = {};

        if (w->unit && !systemd_connected(w->agent->systemd))
                worker_unit_changed(w, &unknown, false);
        if (!w->polled_first && !systemd_connected(w->agent->systemd))
                schedule(w, agent_now());
}

/* ---- what it requires ---- */

static void find_required(const struct worker *w, const struct kafka_health **ret) {
        static const struct kafka_health nothing_known;

        STRV_FOREACH (name, w->settings->requires) {
                const struct kafka_health *h = kafka_watch_health(w->agent, *name);

                *ret++ = h ? h : &nothing_known;
        }
}

void worker_dependency_changed(struct worker *w) {
        size_t n = strv_length(w->settings->requires);
        _cleanup_free_ const struct kafka_health **required = calloc(n + 1, sizeof(struct kafka_health *));
        enum dependency_state before = w->health.dependency.state;
        struct dependency d;
        struct tolds told;
        usec_t over;

        if (!required || !w->grace_source)
                return;
        tolds_init(&told);
        find_required(w, required);
        dependency_of(required, w->settings, agent_now(), agent_clock_offset(), &d);
        health_dependency_changed(&w->health, &w->history, w->settings, &d, agent_now(), &told);
        worker_settled(w, &told);

        over = dependency_deadline(&d);
        (void) sd_event_source_set_enabled(w->grace_source,
                                           over == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        if (over != USEC_INFINITY)
                (void) sd_event_source_set_time(w->grace_source,
                                                (usec_t) ((int64_t) over - agent_boottime_offset()));
        if (d.state != before)
                worker_consider(w);
}

static int on_grace_over(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        worker_dependency_changed(userdata);
        return 0;
}

/* ---- peers ---- */

static void on_peer_polled(struct poll *p, const struct observation *o, void *userdata) {
        struct peer *peer = userdata;
        struct worker *w = peer->worker;

        peer->healthy = outcome_is_good(o->outcome);
        peer->poll = poll_unref(p);
        if (--w->n_peers_asked > 0)
                return;

        w->peers_healthy = 0;
        for (size_t i = 0; i < w->n_peers; i++)
                w->peers_healthy += w->peers[i].healthy;
        w->peers_at_usec = agent_now();
        worker_consider(w);
}

static void forget_peers(struct worker *w) {
        for (size_t i = 0; i < w->n_peers; i++)
                poll_unref(w->peers[i].poll);
        free(w->peers);
        w->peers = NULL;
        w->n_peers = w->n_peers_asked = 0;
        w->peers_healthy = -1;
}

/* Asks the peers when their answers are stale. Returns true when answers are awaited. */
static bool await_peers(struct worker *w) {
        size_t n = strv_length(w->settings->peers);

        if (n == 0 || (w->peers_healthy >= 0 && usec_sub(agent_now(), w->peers_at_usec) < PEERS_FRESH_USEC))
                return false;
        if (w->n_peers_asked > 0)
                return true;

        forget_peers(w);
        w->peers = calloc(n, sizeof(struct peer));
        if (!w->peers)
                return false;
        w->n_peers = n;
        for (size_t i = 0; i < n; i++) {
                struct peer *p = &w->peers[i];

                p->worker = w;
                p->settings = *w->settings;
                p->settings.url = w->settings->peers[i];
                if (poll_start(w->agent->http, &p->settings, &p->probe, agent_now, on_peer_polled, p,
                               &p->poll) >= 0)
                        w->n_peers_asked++;
        }
        return w->n_peers_asked > 0;
}

/* ---- acting ---- */

void worker_remember_holds(struct worker *w, const struct decision *d) {
        size_t n = d ? d->n_holds : 0;

        free(w->holds);
        w->holds = n > 0 ? reallocarray(NULL, n, sizeof(*w->holds)) : NULL;
        w->n_holds = w->holds ? n : 0;
        if (w->holds)
                memcpy(w->holds, d->holds, n * sizeof(*w->holds));
}

static void on_url_locality(struct poll_local *l, int is_local, void *userdata) {
        struct worker *w = userdata;

        w->url_query = poll_local_unref(l);
        w->url_is_local = is_local;
        worker_consider(w);
}

/* Asked anew for each answer: an address that moves from host to host is ours only for a while. */
static bool await_url_locality(struct worker *w) {
        if (w->settings->url_is_local || w->url_asked_for == w->health.last.received_at_usec)
                return w->url_query;
        w->url_asked_for = w->health.last.received_at_usec;
        return w->url_query ||
               poll_url_is_local(w->agent->http, w->settings->url, on_url_locality, w, &w->url_query) >= 0;
}

void worker_consider(struct worker *w) {
        usec_t now = agent_now();

        if (w->restart || w->pending_restart || (w->ordered && w->ordered->tries_disk))
                return;
        if (!w->ordered && !health_wants_remedy(&w->health, w->settings, now)) {
                struct tolds told;

                tolds_init(&told);
                worker_remember_holds(w, NULL);
                remedy_tell(&w->remedy, &w->health, &w->history, w->settings, NULL, now, &told);
                if (told.n > 0)
                        worker_settled(w, &told);
                return;
        }
        if (await_url_locality(w) || await_peers(w))
                return;
        (void) restart_begin(w);
}

/* ---- life ---- */

static void ask_what_cannot_be_known(struct worker *w) {
        w->url_is_local = -EAGAIN;
        w->url_asked_for = USEC_INFINITY;
        w->peers_healthy = -1;
}

/* What answered at another URL says nothing of this one: what is refused there may never have been there. */
static void forget_other_target(struct worker *w) {
        const struct worker_settings *s = w->settings;
        uint64_t id = hash_bytes(HASH_BASIS, s->url, strlen(s->url)) ^
                      hash_bytes(HASH_BASIS, s->kind->name, strlen(s->kind->name));
        char target[TARGET_ID_SIZE];

        (void) snprintf(target, sizeof(target), "%016" PRIx64, id);
        if (streq(w->history.target, target))
                return;
        memcpy(w->history.target, target, sizeof(target));
        w->history.seen_ok = w->history.lacks_health = false;
        w->history.streak = (struct streak) {};
        w->probe = (struct probe) {};
}

/* What the ledger knows of this worker and unit. */
static void recall(struct worker *w) {
        struct agent *a = w->agent;
        static const struct history nothing;
        const struct worker_settings *s = w->settings;
        const struct restart_record *last;

        history_copy(&w->history, &nothing);
        connector_attempts_done(&w->attempts);
        if (!agent_take_history(a, s->name, s->unit, &w->history, &w->attempts) && a->ledger_distrusted)
                w->history.budget.distrusted_until_usec =
                        usec_add(a->started_at_usec, s->restart_window_usec);
        /* Without an InvocationID nothing says that this is still the same start. */
        if (!s->unit)
                w->history.seen_ok = false;
        forget_other_target(w);
        health_resume(&w->health, &w->history);
        w->probe = (struct probe) { .seen_ok = w->history.seen_ok, .lacks_health = w->history.lacks_health };
        last = budget_last(&w->history.budget);
        w->pending_restart = s->unit && last && last->result == RESTART_PENDING;
        history_copy(&w->saved, &w->history);
}

int worker_new(struct agent *a, struct worker_settings *settings, struct worker **ret) {
        struct worker *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        w->agent = a;
        w->settings = settings;
        health_init(&w->health, a->incident_seed, agent_now());
        ask_what_cannot_be_known(w);
        recall(w);
        *ret = w;
        return 0;
}

int worker_start(struct worker *w) {
        usec_t accuracy = MIN(w->settings->interval_usec / 100, 250 * USEC_PER_MSEC);
        sd_event *event = w->agent->event;
        bool wait_for_view;
        int r;

        r = sd_event_add_time(event, &w->poll_source, CLOCK_BOOTTIME, 0, accuracy, on_poll_due, w);
        if (r < 0)
                return r;
        r = sd_event_add_time(event, &w->deadline_source, CLOCK_BOOTTIME, 0, 1, on_deadline, w);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(w->deadline_source, SD_EVENT_OFF);
        r = sd_event_add_time(event, &w->grace_source, CLOCK_BOOTTIME, 0, 1, on_grace_over, w);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(w->grace_source, SD_EVENT_OFF);
        r = connectors_watch_new(w, &w->connectors);
        if (r < 0)
                return r;
        r = watch_unit(w);
        if (r < 0)
                return r;

        wait_for_view = w->unit && (!w->agent->bus_known || systemd_connected(w->agent->systemd));
        schedule(w, agent_now() + (wait_for_view ? FIRST_VIEW_PATIENCE_USEC : 0));
        return 0;
}

int worker_reconfigure(struct worker *w, struct worker_settings *settings) {
        struct worker_settings *old = w->settings;
        bool same_unit = streq_ptr(old->unit, settings->unit);
        bool same_target = same_unit && streq(old->url, settings->url) && old->kind == settings->kind;
        bool same_revive = old->revive == settings->revive;
        bool same_pace = same_target && old->interval_usec == settings->interval_usec;
        int r = 0;

        /* What was begun with the old settings is begun anew with the new ones; what systemd was asked for
         * goes on. */
        if (w->restart && (!restart_is_committed(w->restart) || !same_unit)) {
                w->restart = restart_free(w->restart);
                if (w->health.state == STATE_RESTARTING)
                        w->health.state = STATE_UNKNOWN;
        }
        w->ordered = restart_order_free(w->ordered);
        w->poll = poll_unref(w->poll);
        w->url_query = poll_local_unref(w->url_query);
        forget_peers(w);
        ask_what_cannot_be_known(w);

        w->settings = settings;
        if (w->connectors)
                connectors_watch_reconfigure(w->connectors, old, same_target);
        if (!same_target || !settings->lag)
                lag_view_done(&w->lag);
        w->lag_due_usec = 0;
        if (!same_target) {
                health_init(&w->health, w->agent->incident_seed, agent_now());
                if (w->restart)
                        health_restart_begun(&w->health, agent_now());
        }
        if (!same_unit) {
                w->unit = unit_watch_free(w->unit);
                w->remedy = (struct remedy) {};
                recall(w);
                r = watch_unit(w);
        } else {
                if (!same_target)
                        forget_other_target(w);
                /* revive says whether a crashed unit is left down, and a unit that is down is not polled. */
                if (w->unit && (!same_target || !same_revive))
                        worker_unit_changed(w, unit_watch_view(w->unit), false);
        }
        w->refused_until_usec = 0; /* the rule that was missing may be there now */
        w->polled = w->polled && same_pace;
        schedule(w, same_pace ? MIN(w->due_usec, agent_now() + poll_interval(w)) : agent_now());
        return r;
}

struct worker *worker_free(struct worker *w) {
        if (!w)
                return NULL;
        restart_free(w->restart);
        restart_order_free(w->ordered);
        connectors_watch_free(w->connectors);
        connector_attempts_done(&w->attempts);
        lag_view_done(&w->lag);
        poll_local_unref(w->url_query);
        poll_unref(w->poll);
        forget_peers(w);
        unit_watch_free(w->unit);
        sd_event_source_disable_unref(w->poll_source);
        sd_event_source_disable_unref(w->deadline_source);
        sd_event_source_disable_unref(w->grace_source);
        free(w->holds);
        free(w);
        return NULL;
}
