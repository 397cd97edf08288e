/* The sentences: what the judge tells, for a person who is woken by it. Pure: it must not decide
 * anything, and reads no clock. */

#include <limits.h>
#include <stdio.h>
#include <syslog.h>

#include "report/narrate.h"
#include "report/words.h"
#include "util/moment.h"
#include "util/text.h"

#define CLAUSE_SIZE 768
#define SENTENCE_SIZE 1536

struct scene {
        const struct worker_settings *w;
        const struct told *t;
        usec_t now_usec;
        int64_t clock_offset_usec;
};

/* ---- words ---- */

/* " until 14:05:10"; nothing when it is not known. */
static void append_until(char *buf, size_t size, const struct scene *s) {
        if (s->t->until_usec == 0 || s->t->until_usec == USEC_INFINITY)
                return;
        text_append(buf, size, " until %s", MOMENT(s->t->until_usec, s->now_usec, s->clock_offset_usec));
}

static const char *unit_name(const struct scene *s) {
        return s->w->unit ? s->w->unit : "its unit";
}

/* ---- an observation ---- */

static void append_stage(char *buf, size_t size, const struct stage *stage, usec_t realtime_usec) {
        usec_t at = stage->completed ? stage->completed_at_usec : stage->began_at_usec;

        text_append(buf, size, "%s%s", stage->completed ? "last completed: " : "", stage->text);

        /* The stamp is the worker's: one that cannot be true is better left out. */
        if (at > 0 && at <= realtime_usec && realtime_usec - at < 366 * USEC_PER_DAY)
                text_append(buf, size, stage->completed ? ", %s ago" : ", for %s",
                            SAY_SPAN(realtime_usec - at));
}

static void append_answer(char *buf, size_t size, const struct observation *o) {
        char status[16];

        (void) snprintf(status, sizeof(status), "%u", o->http_status);

        if (o->http_status > 0) {
                /* Some reasons name it already: "wants credentials (401)". */
                if (!strstr(observation_text(o), status))
                        text_append(buf, size, "HTTP %s after %s", status, SAY_SPAN(o->latency_usec));
        } else if (o->reason == REASON_TIMEOUT)
                /* It ends a little before or after the timeout that it is. */
                text_append(buf, size, "%s", SAY_SPAN(o->latency_usec + 50 * USEC_PER_MSEC));
        else if (o->reason == REASON_RESET)
                text_append(buf, size, "after %s", SAY_SPAN(o->latency_usec));
}

/* " (HTTP 500 after 10s; the stage; the detail)", as far as there is any of it. */
static void append_details(char *buf, size_t size, const struct observation *o, usec_t realtime_usec) {
        char answer[64] = "", stage[STAGE_TEXT_SIZE + 96] = "";
        const char *const parts[] = { answer, stage, o->detail };
        size_t n = 0;

        append_answer(answer, sizeof(answer), o);
        if (o->stage.text[0])
                append_stage(stage, sizeof(stage), &o->stage, realtime_usec);

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (parts[i][0])
                        text_append(buf, size, "%s%s", n++ == 0 ? " (" : "; ", parts[i]);
        if (n > 0)
                text_append(buf, size, ")");
}

char *narrate_observation(const struct observation *o,
                          usec_t now_usec,
                          int64_t clock_offset_usec,
                          char *buf,
                          size_t size) {
        buf[0] = '\0';

        /* The unit's end is all there is to say of it, and stands in the detail. */
        if (o->reason == REASON_UNIT_FAILED && o->detail[0]) {
                text_append(buf, size, "%s%s", o->outcome == OUTCOME_FAILING ? "is down: its unit " : "",
                            o->detail);
                return buf;
        }

        text_append(buf, size, "%s", observation_text(o));
        append_details(buf, size, o, usec_shift(now_usec, clock_offset_usec));
        return buf;
}

static void append_seen(char *buf, size_t size, const struct scene *s) {
        char clause[CLAUSE_SIZE];

        narrate_observation(&s->t->seen, s->now_usec, s->clock_offset_usec, clause, sizeof(clause));
        text_append(buf, size, "%s", clause);
}

/* ---- incidents ---- */

/* "; 1st failing poll, a restart needs 3 in a row over 3min" */
static void append_count(char *buf, size_t size, const struct scene *s) {
        const struct told *t = s->t;

        text_append(buf, size, "; %u%s failing poll, %s needs ", t->failures, ordinal_suffix(t->failures),
                    s->w->action == ACTION_RESTART && s->w->unit ? "a restart" : "an alert");
        if (t->failures_needed > 1)
                text_append(buf, size, "%u in a row over ", t->failures_needed);
        else
                text_append(buf, size, "this to last for ");
        text_append(buf, size, "%s", SAY_SPAN(t->sustain_needed_usec));
}

/* "; Kafka main is down since 14:05:10 (no broker answers), which is taken for the cause: not counted" */
static void append_count_or_cause(char *buf, size_t size, const struct scene *s) {
        if (s->t->excused)
                text_append(buf, size, "; %s, which is taken for the cause: not counted", s->t->text);
        else if (s->t->failures > 0)
                append_count(buf, size, s);
}

static void say_incident_opened(const struct scene *s, char *buf, size_t size) {
        append_seen(buf, size, s);
        append_count_or_cause(buf, size, s);
}

static void say_incident_closed(const struct scene *s, char *buf, size_t size) {
        const char *lasted = SAY_SPAN(s->t->lasted_usec);

        if (s->t->to == STATE_STOPPED) {
                text_append(buf, size, "incident ended after %s: %s is down and left so", lasted,
                            unit_name(s));
                return;
        }

        text_append(buf, size, "recovered%s%s: the incident lasted %s",
                    s->t->was_unhealthy ? "" : " before it was unhealthy",
                    s->t->to == STATE_DEGRADED ? ", though degraded" : "", lasted);
        if (s->t->restarts == 0)
                text_append(buf, size, ", without a restart");
        else
                text_append(buf, size, ", %u restart%s", s->t->restarts, s->t->restarts == 1 ? "" : "s");
        if (s->t->excused)
                text_append(buf, size, "; taken for its cause: \"%s\"", s->t->text);
}

static void say_flapping(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size,
                    "flapping: has been failing and recovering for %s without becoming unhealthy, last: ",
                    SAY_SPAN(s->t->lasted_usec));
        append_seen(buf, size, s);
        text_append(buf, size, "; not restarted for that");
}

static void say_cannot_tell(const struct scene *s, char *buf, size_t size) {
        const char *remedy = observation_remedy(&s->t->seen);

        text_append(buf, size, "cannot tell how it is: ");
        append_seen(buf, size, s);
        if (s->t->failures_needed > 1)
                text_append(buf, size, ", %u polls in a row", s->t->failures_needed);
        text_append(buf, size, "; nothing is counted and nothing done%s%s", remedy[0] ? ". " : "", remedy);
}

static void say_startup_slow(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "still starting %s after its start: ", SAY_SPAN(s->t->lasted_usec));
        append_seen(buf, size, s);
        if (s->t->excused) {
                text_append(buf, size, "; not counted, for what it requires was not up all that time");
                return;
        }
        text_append(
                buf, size,
                s->w->startup_action == ACTION_RESTART
                        ? "; counts as unhealthy now (startup_action = restart)"
                        : "; not restarted, since that would begin the start anew (startup_action = alert)");
}

/* ---- changes of state ---- */

static void say_healthy(const struct scene *s, char *buf, size_t size) {
        bool started = s->t->from == STATE_STARTING || s->t->from == STATE_RESTARTING;
        bool again = s->t->incident[0] || s->t->from == STATE_DEGRADED;

        text_append(buf, size, "%s%s", worker_state_to_string(s->t->to),
                    again && s->t->to == STATE_HEALTHY ? " again" : "");
        if (started && s->t->lasted_usec > 0)
                text_append(buf, size, " %s after its start", SAY_SPAN(s->t->lasted_usec));

        if (s->t->seen.reason == REASON_HEALTHY)
                append_details(buf, size, &s->t->seen, usec_shift(s->now_usec, s->clock_offset_usec));
        else {
                text_append(buf, size, ": ");
                append_seen(buf, size, s);
        }

        if (s->t->to == STATE_DEGRADED)
                text_append(buf, size, "; a restart of the worker does not help with that");
        if (s->t->incident[0])
                text_append(buf, size, "; the incident closes when it stays so for %s",
                            SAY_SPAN(s->w->sustain_usec));
}

static void say_unhealthy(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "unhealthy");
        if (s->t->failures > 0)
                text_append(buf, size, " after %u failing poll%s", s->t->failures,
                            s->t->failures == 1 ? "" : "s in a row");
        if (s->t->failures > 0 && s->t->sustained_usec >= USEC_PER_SEC)
                text_append(buf, size, " over %s", SAY_SPAN(s->t->sustained_usec));
        text_append(buf, size, ": ");
        append_seen(buf, size, s);
}

static void say_starting(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "starting: ");
        if (s->t->seen.outcome == OUTCOME_STARTING && s->t->from != STATE_STOPPED &&
            s->t->from != STATE_RESTARTING)
                append_seen(buf, size, s);
        else
                text_append(buf, size, "%s was started, waiting for the first good answer", unit_name(s));
}

static void say_state_changed(const struct scene *s, char *buf, size_t size) {
        switch (s->t->to) {
        case STATE_HEALTHY:
        case STATE_DEGRADED:
                say_healthy(s, buf, size);
                break;
        case STATE_UNHEALTHY:
                say_unhealthy(s, buf, size);
                break;
        case STATE_SUSPECT:
                text_append(buf, size, "fails again: ");
                append_seen(buf, size, s);
                append_count_or_cause(buf, size, s);
                break;
        case STATE_STARTING:
                say_starting(s, buf, size);
                break;
        case STATE_STOPPED:
                text_append(buf, size, "stopped: %s is down", unit_name(s));
                if (s->t->text[0])
                        text_append(buf, size, " (%s)", s->t->text);
                text_append(buf, size, "; it is left alone until it runs again");
                break;
        default:
                text_append(buf, size, "%s", worker_state_to_string(s->t->to));
        }
}

/* ---- the unit, what it requires, and holds ---- */

static void say_unit_down(const struct scene *s, char *buf, size_t size) {
        if (s->t->no_such_unit) {
                text_append(
                        buf, size,
                        "there is no unit %s on this machine, so nothing guards this worker; correct unit =",
                        unit_name(s));
                return;
        }
        text_append(buf, size, "%s is down", unit_name(s));
        if (s->t->text[0])
                text_append(buf, size, " (%s)", s->t->text);
        text_append(
                buf, size,
                s->w->revive
                        ? " though nobody was seen to stop it; left so, for only a crashed unit is revived"
                        : "; not revived (revive = no)");
}

static void say_unit_restarted(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "%s was started anew, not by us; failures are counted anew",
                    s->w->unit ? s->w->unit : "its process");
}

static void say_dependency_changed(const struct scene *s, char *buf, size_t size) {
        if (s->t->excused)
                text_append(buf, size, "%s, which is taken for the cause: failing polls are not counted",
                            s->t->text);
        else if (s->t->text[0])
                text_append(buf, size, "failing polls are counted again, anew: %s", s->t->text);
        else
                text_append(buf, size, "what it requires is up again; failing polls are counted anew");
}

static void append_hold(char *buf, size_t size, const struct scene *s) {
        text_append(buf, size, "%s", hold_to_string(s->t->hold));
        append_until(buf, size, s);
        if (s->t->text[0])
                text_append(buf, size, " (%s)", s->t->text);
}

static void say_hold_begun(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "not restarting: ");
        append_hold(buf, size, s);
}

static void say_hold_ended(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "no longer held by %s", hold_to_string(s->t->hold));
        if (s->t->text[0])
                text_append(buf, size, " (%s)", s->t->text);
}

static void say_would_restart(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "would restart %s now, but only observes", s->w->unit ? s->w->unit : "it");
        if (s->t->text[0])
                text_append(buf, size, " (%s)", s->t->text);
}

static void say_exhausted(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "giving up, a person has to look: ");
        if (s->t->text[0])
                text_append(buf, size, "%s", s->t->text);
        else
                text_append(buf, size, "%u restart%s within %s did not help", s->w->restart_limit,
                            s->w->restart_limit == 1 ? "" : "s", SAY_SPAN(s->w->restart_window_usec));
}

static void say_held_long(const struct scene *s, char *buf, size_t size) {
        text_append(buf, size, "%s for %s: ",
                    s->t->to == STATE_SUSPECT ? "fails and is not counted as unhealthy"
                                              : "unhealthy and not restarted",
                    SAY_SPAN(s->t->lasted_usec));
        append_hold(buf, size, s);
        text_append(buf, size, "; last: ");
        append_seen(buf, size, s);
}

/* ---- the table ---- */

static const struct {
        enum event_type event;
        void (*say)(const struct scene *s, char *buf, size_t size);
        bool hold; /* it is about a hold */
} tellings[_TOLD_TYPE_MAX] = {
        [TOLD_STATE_CHANGED] = { EVENT_STATE_CHANGED, say_state_changed, false },
        [TOLD_INCIDENT_OPENED] = { EVENT_INCIDENT_OPENED, say_incident_opened, false },
        [TOLD_INCIDENT_CLOSED] = { EVENT_INCIDENT_CLOSED, say_incident_closed, false },
        [TOLD_CANNOT_TELL] = { EVENT_CANNOT_TELL, say_cannot_tell, false },
        [TOLD_STARTUP_SLOW] = { EVENT_STARTUP_SLOW, say_startup_slow, false },
        [TOLD_FLAPPING] = { EVENT_FLAPPING, say_flapping, false },
        [TOLD_UNIT_DOWN] = { EVENT_UNIT_DOWN, say_unit_down, false },
        [TOLD_UNIT_RESTARTED] = { EVENT_UNIT_RESTARTED, say_unit_restarted, false },
        [TOLD_DEPENDENCY_CHANGED] = { EVENT_DEPENDENCY_CHANGED, say_dependency_changed, false },
        [TOLD_HOLD_BEGUN] = { EVENT_HOLD_BEGUN, say_hold_begun, true },
        [TOLD_HOLD_ENDED] = { EVENT_HOLD_ENDED, say_hold_ended, true },
        [TOLD_WOULD_RESTART] = { EVENT_WOULD_RESTART, say_would_restart, true },
        [TOLD_EXHAUSTED] = { EVENT_EXHAUSTED, say_exhausted, true },
        [TOLD_HELD_LONG] = { EVENT_HELD_LONG, say_held_long, true },
};

static int state_priority(const struct told *t) {
        switch (t->to) {
        case STATE_UNHEALTHY:
                return LOG_ERR;
        case STATE_SUSPECT:
        case STATE_DEGRADED:
                return LOG_WARNING;
        case STATE_HEALTHY:
                return t->incident[0] || t->from == STATE_DEGRADED ? LOG_NOTICE : LOG_INFO;
        case STATE_STOPPED:
                return LOG_NOTICE;
        case STATE_RESTARTING:
        case STATE_EXHAUSTED:
                return LOG_DEBUG;
        case STATE_STARTING:
                return t->from == STATE_RESTARTING ? LOG_DEBUG : LOG_INFO;
        default:
                return LOG_INFO;
        }
}

int event_observed(struct event *e, const struct observation *o) {
        int r;

        e->outcome = outcome_to_string(o->outcome);
        e->reason = reason_to_string(o->reason);
        e->http_status = o->http_status;
        e->latency_usec = o->latency_usec;

        r = free_and_strdup(&e->stage, o->stage.text[0] ? o->stage.text : NULL);
        if (r < 0)
                return r;

        return o->stage.connector[0] ? event_field(e, "CONNECTOR", "%s", o->stage.connector) : 0;
}

struct event *narrate(const struct worker_settings *w,
                      const struct told *t,
                      usec_t now_usec,
                      int64_t clock_offset_usec) {
        const struct scene scene = {
                .w = w, .t = t, .now_usec = now_usec, .clock_offset_usec = clock_offset_usec
        };
        _cleanup_(event_freep) struct event *e = NULL;
        char sentence[SENTENCE_SIZE] = "";

        tellings[t->type].say(&scene, sentence, sizeof(sentence));

        e = event_new(tellings[t->type].event, "%s", sentence);
        if (!e || event_about(e, w->name, w->unit, t->incident) < 0)
                return NULL;

        if (t->type == TOLD_STATE_CHANGED)
                e->priority = state_priority(t);
        if (t->type == TOLD_STATE_CHANGED && t->to == STATE_UNHEALTHY)
                e->call = EVENT_CALL_UNHEALTHY;
        else if (t->type == TOLD_INCIDENT_CLOSED && t->was_unhealthy)
                e->call = EVENT_CALL_RECOVERED;
        e->state = worker_state_to_string(t->to);
        e->failures = t->failures <= INT_MAX ? (int) t->failures : INT_MAX;
        if (tellings[t->type].hold)
                e->hold = hold_to_string(t->hold);
        if (t->type == TOLD_INCIDENT_CLOSED && event_field(e, "RESTARTS", "%u", t->restarts) < 0)
                return NULL;
        /* Nothing was asked yet, or not since its start. */
        if (t->seen.sent_at_usec > 0 && event_observed(e, &t->seen) < 0)
                return NULL;

        return TAKE_PTR(e);
}
