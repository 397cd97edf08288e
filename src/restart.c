/* One remedy carried out, step by step. Decides nothing: before anything that cannot be undone, the judge is
 * asked. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "act/evidence.h"
#include "intent.h"
#include "pause.h"
#include "report/narrate.h"
#include "report/words.h"
#include "restart.h"
#include "restart_order.h"
#include "util/text.h"

/* An intent that took longer than this to reach the disk was decided on a view that is stale by now. */
#define INTENT_PATIENCE_USEC (10 * USEC_PER_SEC)

#define NOT_WRITTEN_DOWN "it could not be written down"
#define CHANGED_MEANWHILE "it was stopped or begun anew at this very moment, or that was forbidden"

#define RESET_FAILED_DEADLINE_USEC (10 * USEC_PER_SEC)
#define REFUSED_RETRY_USEC (30 * USEC_PER_SEC)

enum step {
        STEP_READ, /* what stands around the worker */
        STEP_EVIDENCE,
        STEP_READ_AGAIN,
        STEP_INTENT,
        STEP_RESET_FAILED,
        STEP_RESTART,
        STEP_READ_AFTER,
};

struct restart {
        struct worker *worker;
        enum step step;
        struct unit_call *call;
        struct evidence *evidence;
        enum remedy_action action;
        struct restart_order *order; /* NULL: the judge's own */
        usec_t intent_at_usec;
        sd_event_source *patience; /* with the disk */
        char invocation_before[INVOCATION_ID_SIZE];
        struct unit_call_report report; /* how the restart itself ended */
};

static void read_surroundings(struct restart *r, enum step step);
static void call(struct restart *r, enum step step, enum unit_verb verb, usec_t deadline_usec);
static void call_restart(struct restart *r);

bool restart_is_committed(const struct restart *r) {
        return r->step >= STEP_INTENT;
}

struct restart *restart_free(struct restart *r) {
        if (!r)
                return NULL;
        unit_call_unref(r->call);
        evidence_free(r->evidence);
        sd_event_source_disable_unref(r->patience);
        if (r->order && r->step >= STEP_RESTART)
                restart_order_failed(
                        r->order, 503,
                        "systemd was asked to restart %s, but nobody waits for its answer any more: the "
                        "configuration was reloaded, or the agent ends; see systemctl status %s",
                        r->worker->settings->unit, r->worker->settings->unit);
        restart_order_free(r->order);
        free(r);
        return NULL;
}

static void drop(struct restart *r) {
        r->worker->restart = NULL;
        restart_free(r);
}

/* ---- what stands around ---- */

static void tell_logind_failure(struct agent *a, const struct surroundings_read *read) {
        if (read->logind_asked || a->logind_failure_told)
                return;
        a->logind_failure_told = true;
        reporter_tell(a->reporter, event_new(EVENT_LOGIND_UNREACHABLE,
                                             "logind cannot be asked whether a package manager is at work "
                                             "(%s); this holds nothing",
                                             read->logind_error));
}

static void fill_surroundings(struct worker *w,
                              const struct surroundings_read *read,
                              struct surroundings *ret) {
        *ret = (struct surroundings) {
                .dry_run = agent_dry_run(w->agent),
                .bus = systemd_connected(w->agent->systemd),
                .url_is_local = w->url_is_local,
                .peers_healthy = w->peers_healthy,
                .ledger_writable = w->agent->ledger_writable,
                .pause = worker_pause(w),
                .refused_until_usec = w->refused_until_usec,
        };
        memcpy(ret->refused_why, w->refused_why, sizeof(ret->refused_why));
        if (!read)
                return;
        ret->unit = read->unit;
        ret->stop_seen = read->stop_seen;
        memcpy(ret->system_state, read->system_state, sizeof(ret->system_state));
        memcpy(ret->package_manager, read->package_manager, sizeof(ret->package_manager));
}

/* Has the judge decide on what was just read, and tells. Returns what is to be done. */
static enum remedy_action decide(struct worker *w,
                                 const struct surroundings_read *read,
                                 struct decision *ret) {
        struct surroundings s;
        struct tolds told;
        usec_t now = agent_now();

        tolds_init(&told);
        *ret = (struct decision) {};
        if (health_wants_remedy(&w->health, w->settings, now)) {
                fill_surroundings(w, read, &s);
                remedy_decide(&w->health, &w->history, w->settings, &s, now, ret);
                remedy_tell(&w->remedy, &w->health, &w->history, w->settings, ret, now, &told);
        } else
                remedy_tell(&w->remedy, &w->health, &w->history, w->settings, NULL, now, &told);
        worker_remember_holds(w, ret);

        if (ret->action == REMEDY_WOULD_RESTART)
                remedy_charge(&w->history, &w->health, ret->action, now);
        if (!w->agent->ledger_writable)
                agent_history_changed(w->agent); /* try the disk again */
        worker_settled(w, &told);
        return ret->action;
}

/* The same of an order, which keeps the names of holds that it overrules; whoever gave it is told of those
 * that it does not. */
static enum remedy_action decide_order(struct restart *r, const struct surroundings_read *read) {
        struct restart_order *o = r->order;
        struct worker *w = r->worker;
        struct surroundings s;
        struct decision d;

        fill_surroundings(w, read, &s);
        remedy_decide_order(&w->health, &w->history, w->settings, &s, o->force, agent_now(), &d);
        if (d.action == REMEDY_NONE)
                restart_order_held(o, w, &d);
        o->overruled[0] = '\0';
        for (size_t i = 0; i < d.n_holds; i++)
                text_append(o->overruled, sizeof(o->overruled), "%s%s", i == 0 ? "" : ", ",
                            hold_to_string(d.holds[i].hold));
        if (!w->agent->ledger_writable)
                agent_history_changed(w->agent); /* try the disk again */
        return d.action;
}

static bool acts(enum remedy_action action) {
        return action == REMEDY_TRY_RESTART || action == REMEDY_REVIVE;
}

/* Refused before in this incident, and likely refused again: that has been told, and evidence gathered. An
 * order is none: whoever gave it is there. */
static bool is_retry(const struct restart *r) {
        const struct worker *w = r->worker;

        return !r->order && w->refusals > 0 && streq(w->refused_incident, w->history.incident.id);
}

/* ---- evidence ---- */

static void on_evidence(struct evidence *e, const struct evidence_result *result, void *userdata) {
        _cleanup_free_ char *where = result->tick_thread ? evidence_where(result->tick_thread) : NULL;
        struct restart *r = userdata;
        struct worker *w = r->worker;
        struct event *event;

        event = worker_event(w, EVENT_EVIDENCE, "evidence: %s%s%s%s%s", strempty(result->summary),
                             result->why_no_dump ? "; no thread dump: " : "", strempty(result->why_no_dump),
                             where ? "; the herder thread is " : "", strempty(where));
        if (event)
                (void) event_observed(event, &w->health.last);
        if (event && result->text)
                (void) event_field(event, "THREAD_DUMP", "%s", result->text);
        if (event && result->tick_thread)
                (void) event_field(event, "TICK_THREAD", "%s", result->tick_thread);
        if (event && result->unit_log)
                (void) event_field(event, "UNIT_LOG", "%s", result->unit_log);
        worker_tell(w, event);

        r->evidence = evidence_free(e);
        read_surroundings(r, STEP_READ_AGAIN);
}

static void gather(struct restart *r) {
        struct worker *w = r->worker;
        int error;

        r->step = STEP_EVIDENCE;
        error = evidence_gather(w->agent->event, w->unit, w->settings, true, on_evidence, r, &r->evidence);
        if (error >= 0)
                return;
        worker_tell(w,
                    worker_event(w, EVENT_EVIDENCE, "no evidence could be gathered: %s", strerror(-error)));
        read_surroundings(r, STEP_READ_AGAIN);
}

/* ---- intent ---- */

/* Takes the intent back: nothing was asked of systemd. why: for whoever ordered it. */
static void retract(struct restart *r, const char *why) {
        struct worker *w = r->worker;
        struct tolds told;

        if (r->order)
                restart_order_failed(r->order, 409, "%s is not restarted: %s", w->settings->name, why);
        tolds_init(&told);
        remedy_refund(&w->history);
        health_restart_ended(&w->health, &w->history, w->settings, agent_now(), &told);
        w->restart = NULL;
        worker_settled(w, &told);
        restart_free(r);
}

/* Disk and systemd take their time. Meanwhile somebody may have started the unit anew, or stopped it, a
 * reload or a pause may have forbidden what was decided, or Kafka may have gone. */
static bool still_stands(const struct restart *r) {
        const struct worker *w = r->worker;
        bool forced = r->order && r->order->force;
        const struct unit_view *view = unit_watch_view(w->unit);
        enum unit_condition now = unit_view_condition(view, w->history.stop_seen);
        bool same_start = !view->invocation_id[0] || streq(view->invocation_id, r->invocation_before);

        if (w->settings->action != ACTION_RESTART || agent_dry_run(w->agent) || !same_start)
                return false;
        if (!forced && (worker_pause(w) || dependency_holds(&w->health.dependency, w->settings)))
                return false;
        return now == (r->action == REMEDY_REVIVE ? UNIT_CRASHED : UNIT_UP);
}

static void on_intent_saved(struct worker *w, int error, usec_t at_usec) {
        struct restart *r = w->restart;

        if (!r || r->step != STEP_INTENT || r->intent_at_usec != at_usec)
                return;
        r->patience = sd_event_source_disable_unref(r->patience);
        if (error < 0) {
                retract(r, NOT_WRITTEN_DOWN);
                return;
        }
        if (!still_stands(r) || usec_sub(agent_now(), r->intent_at_usec) > INTENT_PATIENCE_USEC) {
                retract(r, CHANGED_MEANWHILE);
                return;
        }
        /* Clears the counter of starts, so that our restart does not hit the unit's own limit. Of a crashed
         * unit it would make an inactive one, which a new agent would take for stopped if we were killed in
         * between; and a limit that such a unit ran into is its administrator's: it is tried again until it
         * has passed. */
        if (r->action == REMEDY_REVIVE)
                call_restart(r);
        else
                call(r, STEP_RESET_FAILED, UNIT_RESET_FAILED, RESET_FAILED_DEADLINE_USEC);
}

static void announce(const struct restart *r) {
        struct worker *w = r->worker;
        const struct budget *b = &w->history.budget;
        struct event *e;

        if (r->order)
                e = worker_event(w, EVENT_RESTART_REQUESTED, "restarting %s, as uid %" PRIu32 " ordered%s%s",
                                 w->settings->unit, (uint32_t) r->order->uid,
                                 r->order->overruled[0] ? ", in spite of " : "", r->order->overruled);
        else if (r->action == REMEDY_REVIVE)
                e = worker_event(w, EVENT_RESTART_REQUESTED,
                                 "starting the crashed %s again (restart %u since it was last well)",
                                 w->settings->unit, b->n);
        else
                e = worker_event(w, EVENT_RESTART_REQUESTED, "restarting %s (%u of %u within %s)",
                                 w->settings->unit, remedy_restarts_in_window(b, w->settings, agent_now()),
                                 w->settings->restart_limit, SAY_SPAN(w->settings->restart_window_usec));
        if (e && r->order)
                (void) event_field(e, "UID", "%" PRIu32, (uint32_t) r->order->uid);
        worker_tell(w, e);
}

static void on_queued(void *userdata) {
        struct restart *r = userdata;

        if (r->order)
                restart_order_queued(r->order, r->worker);
}

static void call_restart(struct restart *r) {
        if (!is_retry(r))
                announce(r);
        call(r, STEP_RESTART, r->action == REMEDY_REVIVE ? UNIT_RESTART : UNIT_TRY_RESTART,
             unit_view_job_deadline(unit_watch_view(r->worker->unit)));
}

/* The disk hangs. Nothing was asked of systemd, and the worker is watched on. */
static int on_patience_over(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct restart *r = userdata;

        agent_ledger_result(r->worker->agent, -ETIME);
        retract(r, NOT_WRITTEN_DOWN);
        return 0;
}

static void write_intent(struct restart *r) {
        struct worker *w = r->worker;

        r->step = STEP_INTENT;
        r->intent_at_usec = agent_now();
        memcpy(r->invocation_before, w->history.invocation_id, sizeof(r->invocation_before));
        if (r->order)
                remedy_charge_order(&w->history, &w->health, r->action, r->intent_at_usec);
        else
                remedy_charge(&w->history, &w->health, r->action, r->intent_at_usec);
        health_restart_begun(&w->health, r->intent_at_usec);
        history_copy(&w->saved, &w->history);
        agent_status_changed(w->agent);
        (void) sd_event_add_time_relative(w->agent->event, &r->patience, CLOCK_BOOTTIME,
                                          INTENT_PATIENCE_USEC, 0, on_patience_over, r);
        if (intent_save(w, r->intent_at_usec, on_intent_saved) < 0)
                retract(r, NOT_WRITTEN_DOWN);
}

/* ---- systemd ---- */

static void put_off(struct restart *r, const struct unit_call_report *report) {
        struct worker *w = r->worker;
        unsigned shift;

        w->refusals = is_retry(r) ? w->refusals + 1 : 1;
        shift = MIN(w->refusals - 1, 7u);
        memcpy(w->refused_incident, w->history.incident.id, sizeof(w->refused_incident));
        w->refused_until_usec = agent_now() + MIN(REFUSED_RETRY_USEC << shift, USEC_PER_HOUR);
        memcpy(w->refused_why, report->detail, sizeof(w->refused_why));
}

static void refused(struct restart *r, const struct unit_call_report *report) {
        struct worker *w = r->worker;
        bool told_before = is_retry(r) && streq(w->refused_why, report->detail);

        w->counts.restarts_refused++;
        if (r->order)
                restart_order_failed(r->order, 502, "systemd refused to restart %s: %s; %s",
                                     w->settings->unit, report->detail, report->remedy);
        else
                put_off(r, report);
        if (!told_before)
                worker_tell(w,
                            worker_event(w, EVENT_RESTART_REFUSED, "systemd refused to restart %s: %s; %s",
                                         w->settings->unit, report->detail, report->remedy));
        retract(r, report->detail);
}

static void on_called(struct unit_call *c, const struct unit_call_report *report, void *userdata) {
        struct restart *r = userdata;
        struct worker *w = r->worker;

        r->call = unit_call_unref(c);
        if (report->result == UNIT_CALL_REFUSED) {
                refused(r, report);
                return;
        }
        if (r->step == STEP_RESET_FAILED && report->result == UNIT_CALL_DONE) {
                if (still_stands(r))
                        call_restart(r);
                else
                        retract(r, CHANGED_MEANWHILE);
                return;
        }
        if (is_retry(r) && r->step == STEP_RESTART)
                announce(r);
        w->refusals = 0;
        r->report = *report;
        read_surroundings(r, STEP_READ_AFTER);
}

static void call(struct restart *r, enum step step, enum unit_verb verb, usec_t deadline_usec) {
        int error;

        r->step = step;
        error = unit_call(r->worker->unit, verb, deadline_usec, on_called, r, &r->call);
        if (error >= 0 && step == STEP_RESTART)
                unit_call_on_queued(r->call, on_queued);
        if (error >= 0)
                return;

        struct unit_call_report report = { .result = UNIT_CALL_LOST };
        (void) snprintf(report.detail, sizeof(report.detail), "%s", strerror(-error));
        r->report = report;
        read_surroundings(r, STEP_READ_AFTER);
}

/* ---- the end ---- */

static void conclude(struct restart *r) {
        struct worker *w = r->worker;
        struct tolds told;
        const struct restart_record *last = budget_last(&w->history.budget);
        bool costs = !last || !last->operator;
        bool anew = !streq(w->history.invocation_id, r->invocation_before);
        bool done = anew && r->report.result != UNIT_CALL_FAILED;
        struct event *e;

        tolds_init(&told);
        remedy_settle(&w->history, done ? RESTART_DONE : RESTART_FAILED);
        w->counts.restarts[done ? RESTART_DONE : RESTART_FAILED]++;
        health_restart_ended(&w->health, &w->history, w->settings, agent_now(), &told);

        if (done && r->report.result == UNIT_CALL_DONE)
                e = worker_event(w, EVENT_RESTART_DONE, "restarted %s in %s", w->settings->unit,
                                 SAY_SPAN(r->report.took_usec));
        else if (done)
                e = worker_event(w, EVENT_RESTART_DONE, "%s was restarted while the agent could not look",
                                 w->settings->unit);
        else if (r->report.result == UNIT_CALL_DONE)
                e = worker_event(w, EVENT_RESTART_FAILED,
                                 "%s was not restarted: it was not running any more", w->settings->unit);
        else if (w->health.condition == UNIT_STOPPED)
                e = worker_event(w, EVENT_RESTART_FAILED, "%s was not restarted: it was stopped meanwhile",
                                 w->settings->unit);
        else if (r->report.result == UNIT_CALL_FAILED)
                e = worker_event(w, EVENT_RESTART_FAILED,
                                 "restarting %s failed: systemd's job ended with \"%s\"; see "
                                 "systemctl status %s",
                                 w->settings->unit, r->report.detail, w->settings->unit);
        else
                e = worker_event(w, EVENT_RESTART_FAILED, "no restart of %s was seen: %s%s",
                                 w->settings->unit, r->report.detail,
                                 costs ? "; it counts all the same" : "");
        if (e && r->order)
                restart_order_failed(r->order, 504, "%s", e->message);
        worker_tell(w, e);

        drop(r);
        worker_settled(w, &told);
}

static void on_read(struct unit_call *c, int error, const struct surroundings_read *read, void *userdata) {
        struct restart *r = userdata;
        struct worker *w = r->worker;
        struct surroundings_read nothing = {};
        struct decision d;

        r->call = unit_call_unref(c);
        if (error < 0)
                read = &nothing;
        else {
                tell_logind_failure(w->agent, read);
                worker_unit_changed(w, &read->unit, read->stop_seen);
        }
        if (r->step == STEP_READ_AFTER) {
                conclude(r);
                return;
        }

        r->action = r->order ? decide_order(r, read) : decide(w, read, &d);
        if (!acts(r->action))
                drop(r);
        else if (r->step == STEP_READ && !is_retry(r))
                gather(r);
        else
                write_intent(r);
}

static void read_surroundings(struct restart *r, enum step step) {
        int error;

        r->step = step;
        error = unit_read_surroundings(r->worker->unit, on_read, r, &r->call);
        if (error >= 0)
                return;
        if (step == STEP_READ_AFTER)
                conclude(r);
        else
                drop(r);
}

/* Without a unit or a systemd nothing is done, but what holds it is told. */
static void hold_only(struct worker *w) {
        struct restart r = { .worker = w, .order = TAKE_PTR(w->ordered) };
        struct decision d;

        if (r.order)
                (void) decide_order(&r, NULL);
        else
                (void) decide(w, NULL, &d);
        restart_order_free(r.order);
}

int restart_begin(struct worker *w) {
        struct restart *r;

        if (!w->unit || !systemd_connected(w->agent->systemd)) {
                hold_only(w);
                return 0;
        }

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->worker = w;
        r->order = TAKE_PTR(w->ordered);
        w->restart = r;
        read_surroundings(r, STEP_READ);
        return 0;
}

void restart_adopt(struct worker *w, const struct unit_view *view) {
        const struct restart_record *last = budget_last(&w->history.budget);
        struct restart *r = calloc(1, sizeof(*r));

        if (!r || !last) {
                struct tolds told;

                tolds_init(&told);
                health_restart_ended(&w->health, &w->history, w->settings, agent_now(), &told);
                worker_settled(w, &told);
                free(r);
                return;
        }
        r->worker = w;
        r->action = last->revive ? REMEDY_REVIVE : REMEDY_TRY_RESTART;
        memcpy(r->invocation_before, last->invocation_id, sizeof(r->invocation_before));
        w->restart = r;

        bool ours = view->job_id != 0 && !streq(view->job_type, "stop") &&
                    streq(view->invocation_id, last->invocation_id);
        if (ours) {
                r->step = STEP_RESTART;
                health_restart_begun(&w->health, agent_now());
                if (unit_follow_job(w->unit, view->job_id, unit_view_job_deadline(view), on_called, r,
                                    &r->call) >= 0)
                        return;
        }
        r->report = (struct unit_call_report) { .result = UNIT_CALL_LOST };
        (void) snprintf(r->report.detail, sizeof(r->report.detail),
                        "the agent was interrupted while it asked for one");
        conclude(r);
}
