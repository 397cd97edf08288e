#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "config/values.h"
#include "ctl/incident_story.h"
#include "report/events.h"
#include "report/incident_line.h"
#include "util/span.h"

#define LINE_DEPTH 2

const char *incident_field(json_object *entry, const char *name) {
        char full[64];

        (void) snprintf(full, sizeof(full), "CONNECT_WATCHDOG_%s", name);
        return json_member_text(entry, full);
}

usec_t incident_time(json_object *entry) {
        uint64_t at;

        return value_unsigned(json_member_text(entry, INCIDENT_TIME), &at) < 0 ? 0 : at;
}

const char *incident_message(json_object *entry) {
        const char *message = json_member_text(entry, "MESSAGE"), *worker = incident_field(entry, "WORKER");
        size_t len = strlen(worker);

        if (len > 0 && strncmp(message, worker, len) == 0 && strncmp(message + len, ": ", 2) == 0)
                return message + len + 2;
        return message;
}

/* ---- what an entry says of the incident ---- */

static bool is_event(json_object *entry, enum event_type type) {
        return streq(incident_field(entry, "EVENT"), event_info(type)->name);
}

static void take_state(struct incident_story *s, const char *state, usec_t at) {
        if (streq(state, "unhealthy") && s->unhealthy_usec == 0)
                s->unhealthy_usec = at;
        /* It may fall ill again before the incident is closed. */
        if (!streq(state, "healthy") && !streq(state, "degraded"))
                s->recovered_usec = 0;
        else if (s->recovered_usec == 0)
                s->recovered_usec = at;
}

static void take(struct incident_story *s, json_object *entry) {
        usec_t at = incident_time(entry);

        if (s->opened_usec == 0) {
                s->opened_usec = at;
                s->worker = incident_field(entry, "WORKER");
                s->unit = incident_field(entry, "UNIT");
                s->what = incident_message(entry);
        }
        s->last_usec = at;
        take_state(s, incident_field(entry, "STATE"), at);
        if (is_event(entry, EVENT_RESTART_REQUESTED))
                s->restarts++;
        else if (is_event(entry, EVENT_EXHAUSTED))
                s->exhausted = true;
        else if (is_event(entry, EVENT_INCIDENT_CLOSED))
                s->closed_usec = at;
}

/* ---- reading ---- */

static int add_line(struct incident_story *s, const char *line, size_t len) {
        json_object *entry;
        const char *problem;
        int r;

        r = json_parse(line, len, LINE_DEPTH, &entry, &problem);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (!json_object_is_type(entry, json_type_object) || incident_time(entry) == 0) {
                json_object_put(entry);
                return 0;
        }
        if (json_object_array_add(s->entries, entry) < 0) {
                json_object_put(entry);
                return -ENOMEM;
        }
        take(s, entry);
        return 0;
}

int incident_story_parse(const char *id, const char *text, size_t len, struct incident_story *ret) {
        struct incident_story s = {
                .entries = json_object_new_array(), .worker = "", .unit = "", .what = ""
        };
        int r = s.entries ? 0 : -ENOMEM;

        (void) snprintf(s.id, sizeof(s.id), "%s", id);
        while (r >= 0 && len > 0) {
                const char *end = memchr(text, '\n', len);
                size_t n = end ? (size_t) (end - text) : len;

                r = add_line(&s, text, n);
                text += n + (end != NULL);
                len -= n + (end != NULL);
        }
        if (r >= 0 && json_object_array_length(s.entries) == 0)
                r = -ENODATA;
        if (r < 0) {
                incident_story_done(&s);
                return r;
        }
        if (s.closed_usec > 0 && s.recovered_usec == 0)
                s.recovered_usec = s.closed_usec;
        *ret = s;
        return 0;
}

void incident_story_done(struct incident_story *s) {
        s->entries = json_object_unref(s->entries);
}

void incident_story_forget_entries(struct incident_story *s) {
        size_t n = json_object_array_length(s->entries);

        if (n > 1)
                (void) json_object_array_del_idx(s->entries, 1, n - 1);
}

void incident_story_end(struct incident_story *s) {
        s->closed_usec = s->last_usec;
        if (s->recovered_usec == 0)
                s->recovered_usec = s->last_usec;
}

/* ---- since ---- */

static int midnight(usec_t now_usec, int days_ago, usec_t *ret) {
        time_t t = (time_t) (now_usec / USEC_PER_SEC);
        struct tm tm;

        if (!localtime_r(&t, &tm))
                return -EINVAL;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_mday -= days_ago;
        tm.tm_isdst = -1;
        t = mktime(&tm);
        if (t < 0)
                return -EINVAL;
        *ret = (usec_t) t * USEC_PER_SEC;
        return 0;
}

int since_parse(const char *text, usec_t now_usec, usec_t *ret) {
        static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S" };
        usec_t span;

        if (streq(text, "today"))
                return midnight(now_usec, 0, ret);
        if (streq(text, "yesterday"))
                return midnight(now_usec, 1, ret);
        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                struct tm tm = { .tm_isdst = -1 };
                const char *end = strptime(text, forms[i], &tm);
                time_t t;

                if (!end || *end != '\0')
                        continue;
                t = mktime(&tm);
                if (t < 0)
                        return -EINVAL;
                *ret = (usec_t) t * USEC_PER_SEC;
                return 0;
        }
        if (span_parse(text, &span) < 0)
                return -EINVAL;
        *ret = usec_sub(now_usec, span);
        return 0;
}
