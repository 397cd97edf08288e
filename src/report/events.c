/* The table of event types, and an event as journal fields or as a line. Pure: it must not know how or
 * when an event is sent, nor read a clock. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "report/events.h"
#include "util/text.h"

/* journald drops fields with longer names (systemd's src/libsystemd/sd-journal/journal-file.c,
 * journal_field_valid) */
#define FIELD_NAME_MAX 64

/* Priorities: crit is for what a person must do now because the agent will not; err for what is broken;
 * warning for what may break or was done to a unit; notice for good ends and reasons; info for the
 * ordinary course. The catalog says the same of each. A MESSAGE_ID never changes once it was released:
 * people match on it. */
static const struct event_info event_table[_EVENT_TYPE_MAX] = {
        [EVENT_AGENT_STARTED] = { "agent-started", "b170af07630f4249a33ec91381f6a681", LOG_INFO },
        [EVENT_AGENT_STOPPING] = { "agent-stopping", "355e9dcd3f7c4844a559f774f587d1d3", LOG_INFO },
        [EVENT_CONFIG_REJECTED] = { "config-rejected", "63f18562293641cda99bc6d802b3ff09", LOG_ERR },
        [EVENT_CONFIG_WARNING] = { "config-warning", "0523a5166c2948698d03d1f684e5d38a", LOG_WARNING },
        [EVENT_CONFIG_RELOADED] = { "config-reloaded", "b940e0b153714083ab6f645482355960", LOG_INFO },
        [EVENT_NO_WORKER] = { "no-worker", "18934e06d6654315991d8e37f4b92d8e", LOG_NOTICE },
        [EVENT_CANNOT_ACT] = { "cannot-act", "9cd79d95edaf480d8650bdb0db4540bc", LOG_WARNING },
        [EVENT_LISTENING] = { "listening", "77212b52d1404fa191ac1f221f24b948", LOG_INFO },
        [EVENT_LISTEN_FAILED] = { "listen-failed", "3ad5f69538d0479a8671c862b79f5054", LOG_ERR },
        [EVENT_HTTP_REQUEST] = { "http-request", "e6464d776b3d49ddb2264f318d2dcc7d", LOG_INFO },
        [EVENT_WATCHING] = { "watching", "14b855d52fe749d589ee18bcc5677001", LOG_INFO },
        [EVENT_STATE_CHANGED] = { "state-changed", "e0edf35b928a434a97ba3cc992859989", LOG_INFO },
        [EVENT_INCIDENT_OPENED] = { "incident-opened", "7b1f81cc420649c7b6a1915c884a377f", LOG_WARNING },
        [EVENT_INCIDENT_CLOSED] = { "incident-closed", "eab02d179cc24c96a710183658d3371b", LOG_NOTICE },
        [EVENT_CANNOT_TELL] = { "cannot-tell", "b199d077dcbe4f61b81df2275a0cf0cb", LOG_WARNING },
        [EVENT_STARTUP_SLOW] = { "startup-slow", "2ede9c7b89134d7c88d2747a0d67c496", LOG_ERR },
        [EVENT_FLAPPING] = { "flapping", "b236f1e5c8d54d39956029fa06606e29", LOG_WARNING },
        [EVENT_UNIT_DOWN] = { "unit-down", "2508aad30cfd431d84279379c4ebdc7b", LOG_ERR },
        [EVENT_UNIT_RESTARTED] = { "unit-restarted", "e47bb94ec2d24a8f9bbd7eeb8cc92ac5", LOG_NOTICE },
        [EVENT_PAUSED] = { "paused", "61575a5881844b5986174a8129029fce", LOG_NOTICE },
        [EVENT_RESUMED] = { "resumed", "9412d55b87224e77aaea5ee4f0713143", LOG_NOTICE },
        [EVENT_BUDGET_RESET] = { "budget-reset", "b75953bb57794a66b65260cb16a6286a", LOG_NOTICE },
        [EVENT_DEPENDENCY_CHANGED] = { "dependency-changed", "2a330ba12e1194970516e8694c492b93",
                                       LOG_NOTICE },
        [EVENT_HOLD_BEGUN] = { "hold-begun", "b0d18de5adba4f9cbea2f6bc4f164c4f", LOG_NOTICE },
        [EVENT_HOLD_ENDED] = { "hold-ended", "3dead2a3730f4e73a7cf31c76518666d", LOG_NOTICE },
        [EVENT_HELD_LONG] = { "held-long", "537bee2956cb4d82861ca4eada911f27", LOG_CRIT },
        [EVENT_WOULD_RESTART] = { "would-restart", "51cd841d7f2349ad9df66f142fcabdca", LOG_WARNING },
        [EVENT_EXHAUSTED] = { "exhausted", "c8ef5662602e426f90ed8f87bb6fb7a6", LOG_CRIT },
        [EVENT_EVIDENCE] = { "evidence", "19aff8ff3b3f4f6cb46512ce847e0eda", LOG_NOTICE },
        [EVENT_RESTART_REQUESTED] = { "restart-requested", "9bfc595839604f5ead8d726b7194b86d", LOG_WARNING },
        [EVENT_RESTART_DONE] = { "restart-done", "cbd28914a33945ad8589f92c6bfec286", LOG_NOTICE },
        [EVENT_RESTART_FAILED] = { "restart-failed", "a4af094bdf0b4e1797a6e286617c7597", LOG_ERR },
        [EVENT_RESTART_REFUSED] = { "restart-refused", "dc8873a897cf4d509e180af981414dda", LOG_ERR },
        [EVENT_CONNECTOR_FAILED] = { "connector-failed", "6f5d2c8748fa48679eb4c22ba9ff6e54", LOG_ERR },
        [EVENT_CONNECTOR_RECOVERED] = { "connector-recovered", "f14197fbcf42457dbb806aa8d9d39d31",
                                        LOG_NOTICE },
        [EVENT_CONNECTOR_UNASSIGNED] = { "connector-unassigned", "5c81497e7f284f1891150789076d6264",
                                         LOG_WARNING },
        [EVENT_CONNECTOR_WITHOUT_TASKS] = { "connector-without-tasks", "ccbb21e2a93f4f439006c410d2700aa0",
                                            LOG_WARNING },
        [EVENT_CONNECTOR_STUCK] = { "connector-stuck", "2b3f4f122640858edc296fc1622cf5c9", LOG_ERR },
        [EVENT_CONNECTORS_CHANGED] = { "connectors-changed", "36b1f688a23f482085289921f7e486b9", LOG_ERR },
        [EVENT_CONNECTORS_UNREADABLE] = { "connectors-unreadable", "ba6bbe1abadc419fb6b4986f5acfb117",
                                          LOG_WARNING },
        [EVENT_CONNECTOR_WOULD_RESTART] = { "connector-would-restart", "8a3993aff5b84e7fba60276d749c6ef0",
                                            LOG_WARNING },
        [EVENT_CONNECTOR_RESTART_REQUESTED] = { "connector-restart-requested",
                                                "92c4f7e1ebb946ec81e28f7d45afd9d5", LOG_WARNING },
        [EVENT_CONNECTOR_RESTART_REFUSED] = { "connector-restart-refused",
                                              "15de2d5ed58849c7b781707677df205f", LOG_ERR },
        [EVENT_CONNECTOR_EXHAUSTED] = { "connector-exhausted", "606fe82362cb45c28313f8a6a2db8de6",
                                        LOG_CRIT },
        [EVENT_KAFKA_CHANGED] = { "kafka-changed", "9a0771f04cc2610feda1479965d855d6", LOG_ERR },
        [EVENT_KAFKA_TOPIC] = { "kafka-topic", "04885a586c28cafdee112fb32c88867a", LOG_ERR },
        [EVENT_KAFKA_TOPIC_UNFIT] = { "kafka-topic-unfit", "fabe628ba4fec653ab1b897306d01a21", LOG_WARNING },
        [EVENT_KAFKA_DEEP] = { "kafka-deep", "d843c9d9701bff0271ba9c9a6b40f33f", LOG_ERR },
        [EVENT_LOGIND_UNREACHABLE] = { "logind-unreachable", "7b9bcb736ff24be68c95204f90b4ce6f",
                                       LOG_WARNING },
        [EVENT_LEDGER_DAMAGED] = { "ledger-damaged", "cc3d8e931dc242ff9771bfab4e526435", LOG_ERR },
        [EVENT_LEDGER_UNWRITABLE] = { "ledger-unwritable", "707da9d25f7846af88bf6b4acf5a9f03", LOG_ERR },
        [EVENT_HISTORY_UNWRITABLE] = { "history-unwritable", "c0e60cab741c4bebac5162eef4ca89af",
                                       LOG_WARNING },
        [EVENT_NOTIFY_TEST] = { "notify-test", "b67ba9bf561c442f81ad74c6e7a7d7eb", LOG_INFO },
        [EVENT_NOTIFY_FAILED] = { "notify-failed", "9aca5a00a03f42b1ab21930c264e3773", LOG_ERR },
        [EVENT_NOTIFY_RECOVERED] = { "notify-recovered", "1fadf01acd464958a5a57a983381c71d", LOG_NOTICE },
        [EVENT_NOTIFY_LOST] = { "notify-lost", "9c0fed2dab0f42259e95465947c19c91", LOG_ERR },
        [EVENT_JOURNAL_LOST] = { "journal-lost", "d6f3841b68f34a8b9b5e2def5e77dd82", LOG_WARNING },
        [EVENT_INTERNAL_ERROR] = { "internal-error", "0ba77d009271420d85428111a36719f7", LOG_ERR },
};

const struct event_info *event_info(enum event_type type) {
        return &event_table[type];
}

struct event *event_free(struct event *e) {
        if (!e)
                return NULL;

        free(e->message);
        free(e->worker);
        free(e->unit);
        free(e->incident);
        free(e->stage);
        strv_free(e->fields);
        free(e);
        return NULL;
}

struct event *event_new(enum event_type type, const char *format, ...) {
        struct event *e;
        va_list ap;
        int r;

        e = calloc(1, sizeof(*e));
        if (!e)
                return NULL;

        e->type = type;
        e->priority = event_table[type].priority;
        e->latency_usec = USEC_INFINITY;
        e->failures = -1;

        va_start(ap, format);
        r = vasprintf(&e->message, format, ap);
        va_end(ap);
        if (r < 0) {
                e->message = NULL;
                return event_free(e);
        }

        return e;
}

int event_about(struct event *e, const char *worker, const char *unit, const char *incident) {
        int r;

        r = free_and_strdup(&e->worker, isempty(worker) ? NULL : worker);
        if (r < 0)
                return r;

        r = free_and_strdup(&e->unit, isempty(unit) ? NULL : unit);
        if (r < 0)
                return r;

        return free_and_strdup(&e->incident, isempty(incident) ? NULL : incident);
}

static bool field_name_is_valid(const char *name) {
        return name[0] != '\0' && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name) &&
               strlen("CONNECT_WATCHDOG_") + strlen(name) <= FIELD_NAME_MAX;
}

static int _printf_(3, 0) fields_addv(char ***fields, const char *name, const char *format, va_list ap) {
        _cleanup_free_ char *value = NULL, *field = NULL;

        if (vasprintf(&value, format, ap) < 0) {
                value = NULL;
                return -ENOMEM;
        }

        if (asprintf(&field, "%s=%s", name, value) < 0) {
                field = NULL;
                return -ENOMEM;
        }

        return strv_extend(fields, field);
}

static int _printf_(3, 4) fields_add(char ***fields, const char *name, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = fields_addv(fields, name, format, ap);
        va_end(ap);
        return r;
}

int event_field(struct event *e, const char *name, const char *format, ...) {
        char full[FIELD_NAME_MAX + 1];
        va_list ap;
        int r;

        if (!field_name_is_valid(name))
                return -EINVAL;

        (void) snprintf(full, sizeof(full), "CONNECT_WATCHDOG_%s", name);

        va_start(ap, format);
        r = fields_addv(&e->fields, full, format, ap);
        va_end(ap);
        return r;
}

/* The fields that are strings, in the order of the journal entry. */
static int fields_add_strings(char ***fields, const struct event *e) {
        const struct {
                const char *name, *value;
        } strings[] = {
                { "CONNECT_WATCHDOG_EVENT", event_table[e->type].name },
                { "CONNECT_WATCHDOG_WORKER", e->worker },
                { "CONNECT_WATCHDOG_UNIT", e->unit },
                { "CONNECT_WATCHDOG_STATE", e->state },
                { "CONNECT_WATCHDOG_INCIDENT", e->incident },
                { "CONNECT_WATCHDOG_OUTCOME", e->outcome },
                { "CONNECT_WATCHDOG_REASON", e->reason },
                { "CONNECT_WATCHDOG_STAGE", e->stage },
                { "CONNECT_WATCHDOG_HOLD", e->hold },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                if (isempty(strings[i].value))
                        continue;

                r = fields_add(fields, strings[i].name, "%s", strings[i].value);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int fields_add_numbers(char ***fields, const struct event *e) {
        int r = 0;

        if (e->http_status > 0)
                r = fields_add(fields, "CONNECT_WATCHDOG_HTTP_STATUS", "%u", e->http_status);
        if (r >= 0 && e->latency_usec != USEC_INFINITY)
                r = fields_add(fields, "CONNECT_WATCHDOG_LATENCY_USEC", "%llu",
                               (unsigned long long) e->latency_usec);
        if (r >= 0 && e->failures >= 0)
                r = fields_add(fields, "CONNECT_WATCHDOG_FAILURES", "%d", e->failures);

        return r;
}

char **event_to_fields(const struct event *e) {
        _cleanup_strv_ char **fields = NULL;
        int r;

        r = fields_add(&fields, "MESSAGE", "%s%s%s", strempty(e->worker), isempty(e->worker) ? "" : ": ",
                       e->message);
        if (r >= 0)
                r = fields_add(&fields, "MESSAGE_ID", "%s", event_table[e->type].message_id);
        if (r >= 0)
                r = fields_add(&fields, "PRIORITY", "%d", e->priority);
        if (r >= 0)
                r = strv_extend(&fields, "SYSLOG_IDENTIFIER=connect-watchdog");
        if (r >= 0)
                r = fields_add_strings(&fields, e);
        if (r >= 0)
                r = fields_add_numbers(&fields, e);
        if (r < 0)
                return NULL;

        STRV_FOREACH (f, e->fields)
                if (strv_extend(&fields, *f) < 0)
                        return NULL;

        return TAKE_PTR(fields);
}

static const char *priority_colour(int priority) {
        if (priority <= LOG_CRIT)
                return "\033[1;31m";
        if (priority == LOG_ERR)
                return "\033[31m";
        if (priority == LOG_WARNING)
                return "\033[33m";
        if (priority == LOG_NOTICE)
                return "\033[1m";
        if (priority == LOG_DEBUG)
                return "\033[2m";
        return NULL;
}

/* What came from outside must not move the cursor or begin a line of its own. */
static void print_plain(FILE *f, const char *text) {
        for (const char *p = text; *p; p++) {
                unsigned char c = (unsigned char) *p;

                (void) fputc(c < 0x20 || c == 0x7f ? ' ' : c, f);
        }
}

void event_print(FILE *f, const struct event *e, usec_t realtime_usec, bool colour) {
        const char *begin = colour ? priority_colour(e->priority) : NULL;
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        char stamp[32] = "";
        struct tm tm;

        if (localtime_r(&seconds, &tm))
                (void) strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S ", &tm);

        (void) fputs(stamp, f);
        (void) fputs(strempty(begin), f);
        if (!isempty(e->worker)) {
                print_plain(f, e->worker);
                (void) fputs(": ", f);
        }
        print_plain(f, e->message);
        (void) fputs(begin ? "\033[0m\n" : "\n", f);
}
