/* Parts of what status draws. */
#include <errno.h>

#include "ctl/status_parts.h"
#include "judge/kafka_health.h"
#include "observe/stage.h"
#include "report/status_line.h"
#include "util/moment.h"
#include "util/span.h"
#include "util/text.h"

#define GREEN "\033[1;32m"
#define YELLOW "\033[1;33m"
#define RED "\033[1;31m"

static const struct look looks[_STATE_MAX + 1] = {
        [STATE_UNKNOWN] = { "○", YELLOW },     [STATE_STARTING] = { "↻", YELLOW },
        [STATE_HEALTHY] = { "●", GREEN },      [STATE_DEGRADED] = { "●", YELLOW },
        [STATE_SUSPECT] = { "●", YELLOW },     [STATE_UNHEALTHY] = { "×", RED },
        [STATE_RESTARTING] = { "↻", YELLOW },  [STATE_EXHAUSTED] = { "×", RED },
        [STATE_STOPPED] = { "○", COLOR_BOLD }, [STATE_PAUSED] = { "○", COLOR_BOLD },
        [_STATE_MAX] = { "●", COLOR_BOLD },
};

static enum worker_state state_by_name(const char *name) {
        enum worker_state s = 0;

        while (s < _STATE_MAX && !streq(worker_state_to_string(s), name))
                s++;
        return s;
}

enum worker_state state_of(json_object *worker) {
        return state_by_name(json_member_text(worker, "state"));
}

enum worker_state health_state_of(json_object *worker) {
        return state_by_name(json_member_text(worker, "health_state"));
}

struct look look_of_state(enum worker_state state) {
        return looks[state];
}

struct look look_of_kafka(const char *outcome) {
        if (streq(outcome, "up"))
                return looks[STATE_HEALTHY];
        if (streq(outcome, "slow"))
                return looks[STATE_SUSPECT];
        return looks[streq(outcome, "down") ? STATE_UNHEALTHY : STATE_UNKNOWN];
}

/* ---- members ---- */

usec_t member_time(json_object *o, const char *key) {
        const char *text = json_member_text(o, key);

        return stage_parse_time(text, strlen(text));
}

uint64_t member_number(json_object *o, const char *key) {
        json_object *v = json_member(o, key, json_type_int);

        return v ? json_object_get_uint64(v) : 0;
}

usec_t member_span(json_object *o, const char *key) {
        json_object *v = json_member(o, key, json_type_double);
        double seconds = v ? json_object_get_double(v) : 0;

        return seconds > 0 && seconds < 1e12 ? (usec_t) (seconds * (double) USEC_PER_SEC) : 0;
}

bool hold_awaits_reset(json_object *hold) {
        const char *name = json_member_text(hold, "name");

        return streq(name, hold_to_string(HOLD_BUDGET_EXHAUSTED)) ||
               streq(name, hold_to_string(HOLD_RECURRING));
}

bool lacks_unit(json_object *worker) {
        json_object *unit = json_member(worker, "unit_state", json_type_object);

        return streq(json_member_text(unit, "load"), "not-found") &&
               streq(json_member_text(unit, "active"), "inactive");
}

json_object *state_source(json_object *worker) {
        json_object *pause = json_member(worker, "paused", json_type_object);

        return pause && state_of(worker) == STATE_PAUSED ? pause : worker;
}

/* ---- phrases ---- */

char *member_ago(const struct view *v, json_object *o, const char *key, char buf[static PHRASE_SIZE]) {
        usec_t at = member_time(o, key), now = member_time(v->all, "now");

        buf[0] = '\0';
        if (at == 0)
                return buf;
        if (at >= now + USEC_PER_SEC)
                text_append(buf, PHRASE_SIZE, "in %s", SPAN((at - now) - (at - now) % USEC_PER_SEC));
        else if (now >= at + USEC_PER_SEC)
                text_append(buf, PHRASE_SIZE, "%s ago", SPAN((now - at) - (now - at) % USEC_PER_SEC));
        else
                text_append(buf, PHRASE_SIZE, "now");
        return buf;
}

char *member_moment(const struct view *v, json_object *o, const char *key, char buf[static PHRASE_SIZE]) {
        usec_t at = member_time(o, key);
        char ago[PHRASE_SIZE];

        buf[0] = '\0';
        if (at > 0)
                text_append(buf, PHRASE_SIZE, "%s (%s)", MOMENT(at, member_time(v->all, "now"), 0),
                            member_ago(v, o, key, ago));
        return buf;
}

int sum_of_workers(json_object *all, char buf[static SUM_SIZE]) {
        json_object *workers = json_member(all, "workers", json_type_array);
        size_t n = workers ? json_object_array_length(workers) : 0, known = 0;
        _cleanup_free_ struct status_item *items = calloc(n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                json_object *w = json_object_array_get_idx(workers, i),
                            *holds = json_member(w, "holds", json_type_array);
                uint64_t failures = member_number(w, "failures");

                if (state_of(w) == _STATE_MAX)
                        continue;
                items[known++] = (struct status_item) {
                        .name = json_member_text(w, "name"),
                        .state = state_of(w),
                        .failures = (unsigned) MIN(failures, (uint64_t) UINT32_MAX),
                        .last_failure_usec =
                                member_time(json_member(w, "last_answer", json_type_object), "received"),
                        .hold = holds ? json_member_text(json_object_array_get_idx(holds, 0), "name") : NULL,
                };
        }
        buf[0] = '\0';
        if (n == 0 || known > 0)
                (void) status_line(items, known, member_time(all, "now"), buf, SUM_SIZE);
        return 0;
}

char *why_of_worker(json_object *worker, char *buf, size_t size) {
        json_object *answer = json_member(worker, "last_answer", json_type_object),
                    *unit = json_member(worker, "unit_state", json_type_object);
        bool stopped = state_of(worker) == STATE_STOPPED || health_state_of(worker) == STATE_STOPPED;

        buf[0] = '\0';
        if (stopped && lacks_unit(worker))
                text_append(buf, size, "%s does not exist", json_member_text(worker, "unit"));
        else if (stopped && unit)
                text_append(buf, size, "%s is %s (%s)", json_member_text(worker, "unit"),
                            json_member_text(unit, "active"), json_member_text(unit, "sub"));
        else
                text_append(buf, size, "%s",
                            answer ? json_member_text(answer, "text") : "no poll has ended yet");
        return buf;
}

char *pause_of_worker(const struct view *v, json_object *worker, char *buf, size_t size) {
        json_object *pause = json_member(worker, "paused", json_type_object);
        const char *reason = json_member_text(pause, "reason");
        char until[PHRASE_SIZE];

        buf[0] = '\0';
        if (pause)
                text_append(buf, size, "until %s by uid %u%s%s", member_moment(v, pause, "until", until),
                            (unsigned) member_number(pause, "uid"), reason[0] ? ": " : "", reason);
        return buf;
}

char *why_of_kafka(json_object *kafka, char *buf, size_t size) {
        const char *detail = json_member_text(kafka, "detail"), *reason = json_member_text(kafka, "reason");
        enum kafka_reason r = 0;

        while (r < _KAFKA_REASON_MAX && !streq(kafka_reason_to_string(r), reason))
                r++;
        buf[0] = '\0';
        text_append(buf, size, "%s%s%s", r < _KAFKA_REASON_MAX ? kafka_reason_text(r) : reason,
                    detail[0] ? ": " : "", detail);
        return buf;
}
