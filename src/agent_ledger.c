/* What the agent keeps in its ledger: when it is written, and whose history is whose. Knows no file and no
 * timer of a worker's. */
#include <errno.h>
#include <stdio.h>

#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "agent.h"
#include "util/text.h"
#include "worker.h"

/* What was kept of a worker that is not configured any more is kept for so long after its last restart. */
#define ABSENT_KEPT_USEC (7 * USEC_PER_DAY)

static struct ledger_clock ledger_now(void) {
        usec_t now = agent_now();
        struct ledger_clock c = {
                .agent_usec = now,
                .boottime_usec = (usec_t) ((int64_t) now - agent_boottime_offset()),
                .realtime_usec = (usec_t) ((int64_t) now + agent_clock_offset()),
        };
        sd_id128_t boot;

        /* ProcSubset=pid hides the kernel's boot id, so the unit tells it. */
        if (sd_id128_get_boot(&boot) >= 0 || sd_id128_from_string(strempty(getenv("BOOT_ID")), &boot) >= 0)
                (void) sd_id128_to_string(boot, c.boot_id);
        return c;
}

void agent_ledger_result(struct agent *a, int error) {
        a->ledger_writable = error >= 0;
        if (error >= 0) {
                a->ledger_failure_told = false;
                return;
        }
        if (a->ledger_failure_told || a->options->config.compat)
                return; /* or there is nothing to keep */
        a->ledger_failure_told = true;
        if (error == -EBUSY)
                reporter_tell(a->reporter,
                              event_new(EVENT_LEDGER_UNWRITABLE,
                                        "another connect-watchdog keeps its ledger in %s; "
                                        "nothing is restarted: end one of the two, then restart this one",
                                        strempty(a->options->state_directory)));
        else if (a->options->state_directory)
                reporter_tell(a->reporter,
                              event_new(EVENT_LEDGER_UNWRITABLE,
                                        "%s/ledger.json could not be written: %s; "
                                        "nothing is restarted until it can be",
                                        a->options->state_directory,
                                        error == -ETIME ? "the write has not ended" : strerror(-error)));
        else
                reporter_tell(a->reporter,
                              event_new(EVENT_LEDGER_UNWRITABLE,
                                        "no state directory: nothing is kept and nothing is restarted; "
                                        "run under systemd or name one with --state-dir"));
}

static bool still_of_use(const struct ledger_entry *e, usec_t now_usec) {
        const struct restart_record *last = budget_last(&e->history.budget);
        usec_t at = last ? last->at_usec : 0;

        for (size_t i = 0; i < e->connectors.n; i++)
                at = MAX(at, e->connectors.list[i].last_at_usec);
        return at > 0 && usec_sub(now_usec, at) < ABSENT_KEPT_USEC;
}

static char *ledger_text(struct agent *a) {
        const struct ledger_clock now = ledger_now();
        _cleanup_free_ struct ledger_entry *entries =
                calloc(a->n_workers + a->n_absent + 1, sizeof(*entries));
        size_t n = 0;

        if (!entries)
                return NULL;
        for (size_t i = 0; i < a->n_workers; i++)
                entries[n++] = (struct ledger_entry) {
                        .worker = a->workers[i]->settings->name,
                        .unit = a->workers[i]->settings->unit,
                        .history = a->workers[i]->history,
                        .connectors = a->workers[i]->attempts,
                };
        for (size_t i = 0; i < a->n_absent; i++)
                if (still_of_use(&a->absent[i], now.agent_usec))
                        entries[n++] = a->absent[i];
        return ledger_to_text(entries, n, &a->pauses, &now);
}

int agent_save_ledger(struct agent *a, ledger_saved_t saved, void *userdata) {
        char *text = ledger_text(a);

        if (!text)
                return -ENOMEM;
        return ledger_save(a->ledger, text, saved, userdata);
}

static void on_ledger_saved(int error, void *userdata) {
        struct agent *a = userdata;

        a->ledger_saving = false;
        agent_ledger_result(a, error);
        if (a->ledger_dirty && error >= 0)
                agent_history_changed(a);
}

static int on_ledger_due(sd_event_source *source _unused_, void *userdata) {
        struct agent *a = userdata;
        int r;

        /* Without any workers, those of an agent that is ending have been kept. */
        if (a->ledger_saving || !a->workers)
                return 0;
        a->ledger_dirty = false;
        a->ledger_saving = true; /* before, for it may be over at once */
        r = agent_save_ledger(a, on_ledger_saved, a);
        if (r < 0)
                on_ledger_saved(r, a);
        return 0;
}

void agent_history_changed(struct agent *a) {
        a->ledger_dirty = true;
        (void) sd_event_source_set_enabled(a->ledger_source, SD_EVENT_ONESHOT);
}

static usec_t last_restart(const struct history *h) {
        const struct restart_record *last = budget_last(&h->budget);

        return last ? last->at_usec : 0;
}

bool agent_take_history(struct agent *a,
                        const char *worker,
                        const char *unit,
                        struct history *ret,
                        struct connector_attempts *ret_attempts) {
        bool found = false;

        for (size_t i = 0; i < a->n_absent;) {
                struct ledger_entry *e = &a->absent[i];

                /* The budget is the unit's, whatever its section is called now. */
                if (!streq_ptr(e->unit, unit) || (!unit && !streq(e->worker, worker))) {
                        i++;
                        continue;
                }
                if (!found || last_restart(&e->history) > last_restart(ret)) {
                        *ret = e->history;
                        connector_attempts_done(ret_attempts);
                        *ret_attempts = e->connectors;
                } else
                        connector_attempts_done(&e->connectors);
                found = true;
                free(e->worker);
                free(e->unit);
                *e = a->absent[--a->n_absent];
        }
        return found;
}

static void tell_incident_ended(const struct worker *w) {
        struct event *e = worker_event(w, EVENT_INCIDENT_CLOSED, "incident ended: no longer watched");

        if (e && w->history.incident.was_unhealthy)
                e->call = EVENT_CALL_RECOVERED;
        worker_tell(w, e);
}

void agent_keep_history(struct agent *a, const struct worker *w) {
        struct ledger_entry *grown = reallocarray(a->absent, a->n_absent + 1, sizeof(*grown));
        struct ledger_entry e = { .history = w->history };

        if (w->history.incident.id[0])
                tell_incident_ended(w);
        if (!grown)
                return;
        a->absent = grown;
        if (free_and_strdup(&e.worker, w->settings->name) < 0 ||
            free_and_strdup(&e.unit, w->settings->unit) < 0 ||
            connector_attempts_copy(&e.connectors, &w->attempts) < 0) {
                free(e.worker);
                free(e.unit);
                return;
        }
        e.history.incident = (struct incident) {};
        a->absent[a->n_absent++] = e;
}

int agent_open_ledger(struct agent *a) {
        _cleanup_free_ char *problem = NULL;
        const struct ledger_clock now = ledger_now();
        enum ledger_load_result result;
        int r;

        r = ledger_open(a->event, a->options->state_directory, &a->ledger);
        if (r < 0)
                return r;
        result = ledger_load(a->ledger, &now, &a->absent, &a->n_absent, &a->pauses, &problem);
        if (result == LEDGER_PUT_ASIDE || result == LEDGER_UNREADABLE) {
                a->ledger_distrusted = true;
                reporter_tell(a->reporter, event_new(EVENT_LEDGER_DAMAGED,
                                                     "%s; the restart budget counts as spent for "
                                                     "one restart_window, and operators' pauses are "
                                                     "forgotten: see connect-watchdogctl pause",
                                                     strempty(problem)));
        }
        r = sd_event_add_defer(a->event, &a->ledger_source, on_ledger_due, a);
        if (r < 0)
                return r;
        /* Shows at once whether the directory can be written. */
        agent_history_changed(a);
        return 0;
}
