/* One event on its way to a receiver. It must not know how it gets there. */

#include "report/notification/notification.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "config/values.h"
#include "util/json.h"
#include "util/span.h"
#include "util/text.h"

#define PREFIX "CONNECT_WATCHDOG_"
#define TIME_SIZE 40

/* Alertmanager forgets what is not sent again; nothing is, so an alert says itself how long it stands: one
 * whose end will be told, and one that is only news. */
#define STANDING_USEC USEC_PER_DAY
#define NEWS_USEC USEC_PER_HOUR

/* ---- the names of events ---- */

const char *const *event_names(void) {
        static const char *names[_EVENT_TYPE_MAX + 3] = {
                [_EVENT_TYPE_MAX] = EVENT_CALL_UNHEALTHY,
                [_EVENT_TYPE_MAX + 1] = EVENT_CALL_RECOVERED,
        };

        for (enum event_type type = 0; type < _EVENT_TYPE_MAX; type++)
                names[type] = event_info(type)->name;
        return names;
}

static bool matches(char *const *patterns, const char *name) {
        STRV_FOREACH (p, patterns)
                if (fnmatch(*p, name, 0) == 0)
                        return true;
        return false;
}

bool event_is_asked_for(const struct event *e, char *const *patterns) {
        return matches(patterns, event_info(e->type)->name) || (e->call && matches(patterns, e->call));
}

bool event_pattern_is_known(const char *pattern) {
        char *const patterns[] = { (char *) pattern, NULL };

        for (const char *const *name = event_names(); *name; name++)
                if (matches(patterns, *name))
                        return true;
        return false;
}

/* ---- taking ---- */

struct notification *notification_free(struct notification *n) {
        if (!n)
                return NULL;
        strv_free(n->fields);
        free(n);
        return NULL;
}

/* Cut, and fit for JSON whatever it holds. */
static int shorten(char **field) {
        char *value = strchr(*field, '=') + 1;
        size_t len = strlen(value);
        _cleanup_free_ char *clean = NULL;

        if (len < NOTIFICATION_VALUE_MAX && text_is_utf8(value, len))
                return 0;
        clean = calloc(NOTIFICATION_VALUE_MAX, 1);
        if (!clean)
                return -ENOMEM;
        if (text_is_utf8(value, len))
                text_append(clean, NOTIFICATION_VALUE_MAX, "%s", value);
        else
                text_copy_line(clean, NOTIFICATION_VALUE_MAX, value, len);
        *value = '\0';
        value = NULL;
        if (asprintf(&value, "%s%s", *field, clean) < 0)
                return -ENOMEM;
        free(*field);
        *field = value;
        return 0;
}

static int add_field(char ***fields, const char *name, const char *value) {
        _cleanup_free_ char *field = NULL;

        if (asprintf(&field, "%s=%s", name, value) < 0) {
                field = NULL;
                return -ENOMEM;
        }
        return strv_extend(fields, field);
}

static const char *field_of(char *const *fields, const char *name) {
        size_t len = strlen(name);

        STRV_FOREACH (f, fields)
                if (strncmp(*f, name, len) == 0 && (*f)[len] == '=')
                        return *f + len + 1;
        return "";
}

const char *notification_field(const struct notification *n, const char *name) {
        return field_of(n->fields, name);
}

struct notification *notification_new(const struct event *e, const char *hostname, usec_t realtime_usec) {
        _cleanup_(notification_freep) struct notification *n = calloc(1, sizeof(*n));

        if (!n)
                return NULL;
        n->type = e->type;
        n->priority = e->priority;
        n->realtime_usec = realtime_usec;
        n->fields = event_to_fields(e);
        if (!n->fields)
                return NULL;
        for (char **f = n->fields; *f; f++)
                if (shorten(f) < 0)
                        return NULL;
        if (!isempty(hostname) && *notification_field(n, PREFIX "HOSTNAME") == '\0' &&
            add_field(&n->fields, PREFIX "HOSTNAME", hostname) < 0)
                return NULL;
        return TAKE_PTR(n);
}

int notification_fold(struct notification *n, unsigned n_folded, usec_t within_usec) {
        _cleanup_strv_ char **fields = NULL;
        _cleanup_free_ char *message = NULL;
        char number[16];
        int r;

        if (asprintf(&message, "and %u more %s within %s, the last: %s", n_folded, event_info(n->type)->name,
                     SPAN(within_usec), notification_field(n, "MESSAGE")) < 0) {
                message = NULL;
                return -ENOMEM;
        }
        (void) snprintf(number, sizeof(number), "%u", n_folded);
        r = add_field(&fields, "MESSAGE", message);
        if (r >= 0)
                r = add_field(&fields, PREFIX "FOLDED", number);
        STRV_FOREACH (f, n->fields)
                if (r >= 0 && strncmp(*f, "MESSAGE=", strlen("MESSAGE=")) != 0)
                        r = strv_extend(&fields, *f);
        if (r < 0)
                return r;
        strv_free(n->fields);
        n->fields = TAKE_PTR(fields);
        return 0;
}

/* ---- giving ---- */

/* RFC 3339, in UTC. */
static char *format_time(usec_t usec, char buf[static TIME_SIZE]) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;
        size_t n = 0;

        buf[0] = '\0';
        if (gmtime_r(&seconds, &tm))
                n = strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        if (n > 0)
                (void) snprintf(buf + n, TIME_SIZE - n, ".%03uZ",
                                (unsigned) (usec % USEC_PER_SEC / USEC_PER_MSEC));
        return buf;
}

/* Takes value over. */
static int put(json_object *o, const char *key, json_object *value) {
        if (value && json_object_object_add(o, key, value) >= 0)
                return 0;
        (void) json_object_put(value);
        return -ENOMEM;
}

static int put_text(json_object *o, const char *key, const char *text) {
        return *text == '\0' ? 0 : put(o, key, json_object_new_string(text));
}

/* "CONNECT_WATCHDOG_HTTP_STATUS=500" as "http_status"; NULL for what is told otherwise. */
static const char *json_key(const char *field, char *buf, size_t size) {
        size_t len = strcspn(field, "=") - MIN(strcspn(field, "="), strlen(PREFIX));

        if (strncmp(field, PREFIX, strlen(PREFIX)) != 0 || len >= size)
                return NULL;
        for (size_t i = 0; i < len; i++) {
                char c = field[strlen(PREFIX) + i];

                buf[i] = (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
        buf[len] = '\0';
        return buf;
}

static int put_fields(json_object *o, const struct notification *n) {
        char key[64];
        int r = 0;

        STRV_FOREACH (f, n->fields)
                if (r >= 0 && json_key(*f, key, sizeof(key)))
                        r = put_text(o, key, strchr(*f, '=') + 1);
        return r;
}

static json_object *make_plain(const struct notification *n) {
        _cleanup_(json_object_unrefp) json_object *o = json_object_new_object();
        char time[TIME_SIZE];
        int r;

        if (!o)
                return NULL;
        r = put_text(o, "message", notification_field(n, "MESSAGE"));
        if (r >= 0)
                r = put_text(o, "priority", value_log_level_to_string(n->priority));
        if (r >= 0)
                r = put_text(o, "time", format_time(n->realtime_usec, time));
        if (r >= 0)
                r = put_fields(o, n);
        return r < 0 ? NULL : TAKE_PTR(o);
}

/* What Slack would take for markup; Mattermost shows it as it is meant, too. */
static void append_escaped(char *buf, size_t size, const char *text) {
        while (*text) {
                size_t len = strcspn(text, "&<>");

                text_append(buf, size, "%.*s", (int) len, text);
                text += len;
                if (*text)
                        text_append(buf, size, "%s",
                                    *text == '&'   ? "&amp;"
                                    : *text == '<' ? "&lt;"
                                                   : "&gt;");
                text += *text != '\0';
        }
}

static json_object *make_slack(const struct notification *n) {
        _cleanup_(json_object_unrefp) json_object *o = json_object_new_object();
        char text[NOTIFICATION_VALUE_MAX] = "[";

        append_escaped(text, sizeof(text), notification_field(n, PREFIX "HOSTNAME"));
        text_append(text, sizeof(text), "] %s: ", value_log_level_to_string(n->priority));
        append_escaped(text, sizeof(text), notification_field(n, "MESSAGE"));
        return !o || put_text(o, "text", text) < 0 ? NULL : TAKE_PTR(o);
}

/* ---- Alertmanager ---- */

static bool end_is_told(enum event_type type) {
        switch (type) {
        case EVENT_CANNOT_ACT:
        case EVENT_INCIDENT_OPENED:
        case EVENT_CONNECTOR_FAILED:
        case EVENT_CONNECTOR_STUCK:
        case EVENT_CONNECTORS_UNREADABLE:
        case EVENT_KAFKA_CHANGED:
        case EVENT_KAFKA_TOPIC:
        case EVENT_KAFKA_DEEP:
                return true;
        default:
                return false;
        }
}

/* Which alert it is about, by the event that begins that, and whether it ends it. */
static enum event_type alert_of(const struct notification *n, bool *ret_end) {
        *ret_end = true;
        if (n->type == EVENT_INCIDENT_CLOSED)
                return EVENT_INCIDENT_OPENED;
        if (n->type == EVENT_CONNECTOR_RECOVERED)
                return EVENT_CONNECTOR_FAILED;
        /* The others have no name of their own for their end, but a lower priority. */
        *ret_end = end_is_told(n->type) && n->priority > event_info(n->type)->priority;
        if (n->type == EVENT_STATE_CHANGED && streq(notification_field(n, PREFIX "STATE"), "unhealthy"))
                return EVENT_INCIDENT_OPENED;
        return n->type;
}

/* "exhausted" as "ConnectWatchdogExhausted". */
static char *alert_name(enum event_type type, char buf[static 96]) {
        bool begins = true;
        char *out;

        (void) snprintf(buf, 96, "ConnectWatchdog%s",
                        type == EVENT_INCIDENT_OPENED ? "incident" : event_info(type)->name);
        out = buf + strlen("ConnectWatchdog");
        for (const char *in = out; *in; in++) {
                if (*in != '-')
                        *out++ = (char) (begins ? *in - 'a' + 'A' : *in);
                begins = *in == '-';
        }
        *out = '\0';
        return buf;
}

/* The same from an alert's beginning to its end. */
static json_object *make_labels(const struct notification *n, enum event_type began) {
        static const char *const fields[][2] = {
                { "instance", PREFIX "HOSTNAME" }, { "worker", PREFIX "WORKER" },
                { "unit", PREFIX "UNIT" },         { "connector", PREFIX "CONNECTOR" },
                { "task", PREFIX "TASK" },         { "kafka", PREFIX "KAFKA" },
                { "topic", PREFIX "TOPIC" },       { "notify", PREFIX "NOTIFY" },
        };
        _cleanup_(json_object_unrefp) json_object *o = json_object_new_object();
        bool incident = began == EVENT_INCIDENT_OPENED;
        char name[96];
        int r;

        if (!o)
                return NULL;
        r = put_text(o, "alertname", alert_name(began, name));
        if (r >= 0)
                r = put_text(o, "severity",
                             event_info(began)->priority <= LOG_ERR || incident ? "page" : "ticket");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(fields); i++)
                /* The connector that an incident's answer named is no part of what it is. */
                if (!incident || !streq(fields[i][0], "connector"))
                        r = put_text(o, fields[i][0], notification_field(n, fields[i][1]));
        return r < 0 ? NULL : TAKE_PTR(o);
}

static json_object *make_annotations(const struct notification *n) {
        static const char *const fields[][2] = {
                { "summary", "MESSAGE" },          { "event", PREFIX "EVENT" },
                { "incident", PREFIX "INCIDENT" }, { "state", PREFIX "STATE" },
                { "reason", PREFIX "REASON" },     { "stage", PREFIX "STAGE" },
                { "hold", PREFIX "HOLD" },
        };
        _cleanup_(json_object_unrefp) json_object *o = json_object_new_object();
        int r = 0;

        for (size_t i = 0; o && r >= 0 && i < ELEMENTSOF(fields); i++)
                r = put_text(o, fields[i][0], notification_field(n, fields[i][1]));
        return r < 0 ? NULL : TAKE_PTR(o);
}

/* POST /api/v2/alerts (https://prometheus.io/docs/alerting/latest/alerts_api): an array of alerts. */
static json_object *make_alerts(const struct notification *n) {
        _cleanup_(json_object_unrefp) json_object *list = json_object_new_array();
        json_object *alert = json_object_new_object();
        usec_t now = n->realtime_usec;
        bool end;
        enum event_type began = alert_of(n, &end);
        char time[TIME_SIZE];
        int r;

        if (!list || !alert || json_object_array_add(list, alert) < 0) {
                (void) json_object_put(alert);
                return NULL;
        }
        r = put(alert, "labels", make_labels(n, began));
        if (r >= 0)
                r = put(alert, "annotations", make_annotations(n));
        /* Of an end the begin is Alertmanager's to know. */
        if (r >= 0 && !end)
                r = put_text(alert, "startsAt", format_time(now, time));
        if (r >= 0)
                r = put_text(alert, "endsAt",
                             format_time(end ? now : now + (end_is_told(began) ? STANDING_USEC : NEWS_USEC),
                                         time));
        return r < 0 ? NULL : TAKE_PTR(list);
}

char *notification_text(const struct notification *n, enum notify_format format) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        const char *text;

        o = format == NOTIFY_SLACK          ? make_slack(n)
            : format == NOTIFY_ALERTMANAGER ? make_alerts(n)
                                            : make_plain(n);
        text = o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                 : NULL;
        return text ? strdup(text) : NULL;
}

char **notification_environment(const struct notification *n, char *const *base) {
        _cleanup_strv_ char **environment = NULL;
        char time[TIME_SIZE];
        int r;

        r = add_field(&environment, PREFIX "MESSAGE", notification_field(n, "MESSAGE"));
        if (r >= 0)
                r = add_field(&environment, PREFIX "PRIORITY", value_log_level_to_string(n->priority));
        if (r >= 0)
                r = add_field(&environment, PREFIX "TIME", format_time(n->realtime_usec, time));
        STRV_FOREACH (e, base)
                if (r >= 0)
                        r = strv_extend(&environment, *e);
        STRV_FOREACH (f, n->fields)
                if (r >= 0 && strncmp(*f, PREFIX, strlen(PREFIX)) == 0)
                        r = strv_extend(&environment, *f);
        return r < 0 ? NULL : TAKE_PTR(environment);
}
