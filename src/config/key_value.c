/* Values of keys: from text to their place in the settings. Knows no section, no file and no other key; the
 * way back is key_format.c's part. */

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "config/kafka_property.h"
#include "config/keys.h"
#include "config/suggest.h"
#include "config/values.h"
#include "observe/expectation.h"
#include "observe/kind.h"
#include "report/notification/notification.h"
#include "util/command_line.h"
#include "util/json.h"
#include "util/listen_address.h"
#include "util/span.h"
#include "util/text.h"

#define SHOWN_SIZE 200
#define JSON_DEPTH_MAX 32
#define BLANKS " \t"
#define BLANKS_AND_COMMAS BLANKS ","

static void *place_of(const struct config_key *k, void *base) {
        return (char *) base + k->offset;
}

/* 'key = "text"', safe to show. */
static int refuse(const struct config_key *k,
                  const char *text,
                  char problem[static KEY_PROBLEM_SIZE],
                  const char *why) {
        char shown[SHOWN_SIZE];

        text_copy_line(shown, sizeof(shown), text, strlen(text));
        problem[0] = '\0';
        text_append(problem, KEY_PROBLEM_SIZE, "%s = \"%s\" %s", k->name, shown, why);
        return -EINVAL;
}

static int refuse_name(const struct config_key *k,
                       const char *text,
                       char problem[static KEY_PROBLEM_SIZE],
                       const char *what,
                       const char *const *names) {
        const char *nearest = suggest_nearest(text, names);
        char why[KEY_PROBLEM_SIZE / 2];

        (void) snprintf(why, sizeof(why), "is no %s; ", what);
        if (nearest)
                text_append(why, sizeof(why), "did you mean %s?", nearest);
        else {
                text_append(why, sizeof(why), "write one of: ");
                for (size_t i = 0; names[i]; i++)
                        text_append(why, sizeof(why), "%s%s", i > 0 ? ", " : "", names[i]);
        }
        return refuse(k, text, problem, why);
}

static int refuse_range(const struct config_key *k,
                        const char *text,
                        char problem[static KEY_PROBLEM_SIZE]) {
        char min[SPAN_TEXT_SIZE], max[SPAN_TEXT_SIZE], why[KEY_PROBLEM_SIZE / 2];

        (void) snprintf(why, sizeof(why), "is out of range; write %s to %s",
                        key_format_number(k, k->min, min, sizeof(min)),
                        key_format_number(k, k->max, max, sizeof(max)));
        if (k->zero_is_never)
                text_append(why, sizeof(why), ", or 0 for never");
        if (k->infinity)
                text_append(why, sizeof(why), ", or infinity");
        return refuse(k, text, problem, why);
}

static int set_number(const struct config_key *k,
                      const char *text,
                      void *base,
                      char problem[static KEY_PROBLEM_SIZE]) {
        uint64_t n = 0;
        int r;

        if (k->type == KEY_SPAN) {
                r = span_parse(text, &n);
                if (r == -EINVAL)
                        return refuse(k, text, problem,
                                      "is no time span; write one like 10s, 500ms or 1min 30s");
        } else if (k->type == KEY_SIZE) {
                r = value_size(text, &n);
                if (r == -EINVAL)
                        return refuse(k, text, problem, "is no size; write one like 65536, 512K or 16M");
        } else {
                r = value_unsigned(text, &n);
                if (r == -EINVAL)
                        return refuse(k, text, problem, "is no number; write one like 3");
        }
        if (r < 0 || !(n == USEC_INFINITY ? k->infinity
                                          : (n >= k->min && n <= k->max) || (n == 0 && k->zero_is_never)))
                return refuse_range(k, text, problem);
        if (k->type == KEY_UNSIGNED)
                *(unsigned *) place_of(k, base) = (unsigned) n;
        else
                *(uint64_t *) place_of(k, base) = n;
        return 0;
}

static int add_once(char ***list, const char *item) {
        return strv_contains(*list, item) ? 0 : strv_extend(list, item);
}

static int set_url(const struct config_key *k,
                   const char *text,
                   void *base,
                   char problem[static KEY_PROBLEM_SIZE]) {
        _cleanup_free_ char *url = NULL;
        const char *why = NULL;
        int r;

        r = k->type == KEY_LINK ? value_link(text, &url, &why) : value_url(text, &url, &why);
        if (r == -EINVAL)
                return refuse(k, text, problem, why);
        if (r < 0)
                return r;
        if (key_is_list(k))
                return add_once(place_of(k, base), url);
        return free_and_strdup(place_of(k, base), url);
}

/* What stands between those that separate, one by one. */
static int set_items(const struct config_key *k,
                     const char *text,
                     const char *separators,
                     void *base,
                     char problem[static KEY_PROBLEM_SIZE],
                     int (*set_item)(const struct config_key *k,
                                     const char *item,
                                     void *base,
                                     char problem[static KEY_PROBLEM_SIZE])) {
        _cleanup_free_ char *copy = strdup(text);
        char *rest = NULL;
        int r;

        if (!copy)
                return -ENOMEM;
        for (char *item = strtok_r(copy, separators, &rest); item;
             item = strtok_r(NULL, separators, &rest)) {
                r = set_item(k, item, base, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_address(const struct config_key *k,
                       const char *item,
                       void *base,
                       char problem[static KEY_PROBLEM_SIZE]) {
        struct listen_address at;
        const char *why = NULL;

        if (streq(item, "off"))
                why = "stands alone; write listen = off, or addresses";
        else if (item[strlen(item) - 1] == ',')
                why = "ends in a comma; spaces separate addresses, not commas";
        else
                (void) listen_address_parse(item, &at, &why);
        if (why)
                return refuse(k, item, problem, why);
        return add_once(place_of(k, base), item);
}

/* Addresses; or off, which empties the list. */
static int set_listen(const struct config_key *k,
                      const char *text,
                      void *base,
                      char problem[static KEY_PROBLEM_SIZE]) {
        char ***list = place_of(k, base);

        if (!streq(text, "off"))
                return set_items(k, text, BLANKS, base, problem, add_address);
        *list = strv_free(*list);
        return 0;
}

static int set_url_path(const struct config_key *k,
                        const char *text,
                        void *base,
                        char problem[static KEY_PROBLEM_SIZE]) {
        const char *why = value_url_path_problem(text);

        if (streq(text, "off"))
                return free_and_strdup(place_of(k, base), NULL);
        if (why)
                return refuse(k, text, problem, why);
        return free_and_strdup(place_of(k, base), text);
}

static int add_url_path(const struct config_key *k,
                        const char *item,
                        void *base,
                        char problem[static KEY_PROBLEM_SIZE]) {
        const char *why = value_url_path_problem(item);

        return why ? refuse(k, item, problem, why) : add_once(place_of(k, base), item);
}

static int add_section_name(const struct config_key *k,
                            const char *item,
                            void *base,
                            char problem[static KEY_PROBLEM_SIZE]) {
        if (!value_is_section_name(item))
                return refuse(k, item, problem,
                              "cannot be a section's name; write NAME as it stands in [kafka NAME]");
        return add_once(place_of(k, base), item);
}

static int add_broker(const struct config_key *k,
                      const char *item,
                      void *base,
                      char problem[static KEY_PROBLEM_SIZE]) {
        _cleanup_free_ char *broker = NULL;
        const char *why = NULL;
        int r;

        r = value_broker(item, &broker, &why);
        if (r == -EINVAL)
                return refuse(k, item, problem, why);
        return r < 0 ? r : add_once(place_of(k, base), broker);
}

static int add_status(const struct config_key *k,
                      const char *item,
                      void *base,
                      char problem[static KEY_PROBLEM_SIZE]) {
        const char *why = status_range_problem(item);

        return why ? refuse(k, item, problem, why) : add_once(place_of(k, base), item);
}

/* A name, or a glob that is that of one event at least. */
static int add_event(const struct config_key *k,
                     const char *item,
                     void *base,
                     char problem[static KEY_PROBLEM_SIZE]) {
        const char *nearest = suggest_nearest(item, event_names());
        char why[KEY_PROBLEM_SIZE / 2] = "is no event; ";

        if (event_pattern_is_known(item))
                return add_once(place_of(k, base), item);
        if (nearest)
                text_append(why, sizeof(why), "did you mean %s?", nearest);
        else
                text_append(why, sizeof(why), "connect-watchdog(8) has the list, and * is all of them");
        return refuse(k, item, problem, why);
}

static const char topic_problem[] =
        "is no topic's name; write at most 249 letters, digits, dots, hyphens and "
        "underscores";

static int add_topic(const struct config_key *k,
                     const char *item,
                     void *base,
                     char problem[static KEY_PROBLEM_SIZE]) {
        return value_is_topic(item) ? add_once(place_of(k, base), item)
                                    : refuse(k, item, problem, topic_problem);
}

/* One, which may hold blanks. What is wrong with it is told without its value, which may be a secret. */
static int add_property(const struct config_key *k,
                        const char *text,
                        void *base,
                        char problem[static KEY_PROBLEM_SIZE]) {
        const char *why = kafka_property_problem(text), *equals = strchr(text, '=');
        _cleanup_free_ char *property = NULL;
        char shown[SHOWN_SIZE];
        size_t len = equals ? (size_t) (equals - text) : 0;

        while (len > 0 && strchr(BLANKS, text[len - 1]))
                len--;
        text_copy_line(shown, sizeof(shown), text, len);
        if (why || !equals) {
                problem[0] = '\0';
                text_append(problem, KEY_PROBLEM_SIZE, "%s%s%s %s", k->name, len > 0 ? " " : "", shown,
                            strempty(why));
                return -EINVAL;
        }
        if (asprintf(&property, "%.*s=%s", (int) len, text, equals + 1 + strspn(equals + 1, BLANKS)) < 0) {
                property = NULL;
                return -ENOMEM;
        }
        return add_once(place_of(k, base), property);
}

/* Kept as it was written. */
static int set_json(const struct config_key *k,
                    const char *text,
                    void *base,
                    char problem[static KEY_PROBLEM_SIZE]) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        const char *why = "it is a list";
        char sentence[KEY_PROBLEM_SIZE / 2];
        int r;

        r = json_parse(text, strlen(text), JSON_DEPTH_MAX, &o, &why);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !json_object_is_type(o, json_type_object)) {
                (void) snprintf(sentence, sizeof(sentence),
                                "is no JSON object (%s); write one like {\"status\":\"ok\"}", why);
                return refuse(k, text, problem, sentence);
        }
        return free_and_strdup(place_of(k, base), text);
}

static int set_command(const struct config_key *k,
                       const char *text,
                       void *base,
                       char problem[static KEY_PROBLEM_SIZE]) {
        _cleanup_strv_ char **words = NULL;
        const char *why = NULL;
        int r;

        r = command_line_split(text, &words, &why);
        if (r == -EINVAL)
                return refuse(k, text, problem, why);
        return r < 0 ? r : free_and_strdup(place_of(k, base), text);
}

/* A path, or a name that is resolved later. */
static const char *file_problem(const char *text) {
        if (text[0] == '/')
                return NULL;
        if (strchr(text, '/'))
                return "is no absolute path; begin it with /, or write a credential's name without any /";
        if (!value_is_credential_name(text))
                return "cannot be a credential's name; write letters, digits, dots, hyphens and "
                       "underscores, or a path that begins with /";
        return NULL;
}

static int set_text(const struct config_key *k,
                    const char *text,
                    void *base,
                    char problem[static KEY_PROBLEM_SIZE]) {
        const char *why = NULL;

        switch (k->type) {
        case KEY_HOSTNAME:
                if (!value_is_hostname(text))
                        why = "is no host name; write letters, digits, dots and hyphens, like "
                              "connect-1.example.org";
                break;
        case KEY_UNIT:
                why = value_unit_problem(text);
                break;
        case KEY_FILE:
                why = file_problem(text);
                break;
        case KEY_WORKER_ID:
                if (!value_is_worker_id(text))
                        why = "is no worker's id; write HOST:PORT as the worker advertises it, which is "
                              "what "
                              "GET /connectors?expand=status shows as worker_id";
                break;
        case KEY_TOPIC:
                if (!value_is_topic(text))
                        why = topic_problem;
                break;
        case KEY_PATH:
                why = value_request_path_problem(text);
                break;
        case KEY_BODY:
                why = body_expectation_problem(text);
                break;
        case KEY_CONNECTOR:
        case KEY_TEXT:
                break;
        case KEY_USERNAME:
        default:
                if (strchr(text, ':'))
                        why = "holds a colon, which HTTP basic authentication cannot carry; write the name "
                              "alone, and the password into password_file";
                break;
        }
        if (why)
                return refuse(k, text, problem, why);
        return free_and_strdup(place_of(k, base), text);
}

/* "FAILED, PAUSED", each once or more; capitals do not matter. */
static int set_set(const struct config_key *k,
                   const char *text,
                   void *base,
                   char problem[static KEY_PROBLEM_SIZE]) {
        _cleanup_free_ char *copy = strdup(text);
        char *rest = NULL;

        if (!copy)
                return -ENOMEM;
        if (text[strspn(text, BLANKS_AND_COMMAS)] == '\0')
                return refuse_name(k, text, problem, "such name", k->names);
        for (char *item = strtok_r(copy, BLANKS_AND_COMMAS, &rest); item;
             item = strtok_r(NULL, BLANKS_AND_COMMAS, &rest)) {
                unsigned bit = 0;

                while (k->names[bit] && strcasecmp(k->names[bit], item) != 0)
                        bit++;
                if (!k->names[bit])
                        return refuse_name(k, item, problem, "such name", k->names);
                *(unsigned *) place_of(k, base) |= 1U << bit;
        }
        return 0;
}

static bool is_quoted(const char *text) {
        size_t len = strlen(text);

        return len >= 2 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0];
}

int key_set(const struct config_key *k,
            const char *text,
            void *base,
            char problem[static KEY_PROBLEM_SIZE]) {
        if (is_quoted(text) && k->type != KEY_COMMAND)
                return refuse(k, text, problem,
                              "stands in quotes, which would count as part of it; write it without them");
        switch (k->type) {
        case KEY_BOOL:
                if (value_bool(text, place_of(k, base)) < 0)
                        return refuse(k, text, problem, "is neither yes nor no; write yes or no");
                return 0;
        case KEY_UNSIGNED:
        case KEY_SPAN:
        case KEY_SIZE:
                return set_number(k, text, base, problem);
        case KEY_LOG_LEVEL:
                if (value_log_level(text, place_of(k, base)) < 0)
                        return refuse_name(k, text, problem, "level", value_log_level_names());
                return 0;
        case KEY_KIND: {
                const struct worker_kind *kind = kind_by_name(text);

                if (!kind)
                        return refuse_name(k, text, problem, "kind of worker", kind_names());
                *(const struct worker_kind **) place_of(k, base) = kind;
                return 0;
        }
        case KEY_ACTION:
                for (unsigned i = 0; worker_action_names[i]; i++)
                        if (streq(worker_action_names[i], text)) {
                                *(enum worker_action *) place_of(k, base) = (enum worker_action) i;
                                return 0;
                        }
                return refuse_name(k, text, problem, "action", worker_action_names);
        case KEY_METHOD:
                for (unsigned i = 0; http_method_names[i]; i++)
                        if (streq(http_method_names[i], text)) {
                                *(enum http_method *) place_of(k, base) = (enum http_method) i;
                                return 0;
                        }
                return refuse_name(k, text, problem, "method", http_method_names);
        case KEY_FORMAT:
                for (unsigned i = 0; notify_format_names[i]; i++)
                        if (streq(notify_format_names[i], text)) {
                                *(enum notify_format *) place_of(k, base) = (enum notify_format) i;
                                return 0;
                        }
                return refuse_name(k, text, problem, "format", notify_format_names);
        case KEY_URL:
        case KEY_LINK:
                return set_url(k, text, base, problem);
        case KEY_URLS:
                return set_items(k, text, BLANKS, base, problem, set_url);
        case KEY_LISTEN:
                return set_listen(k, text, base, problem);
        case KEY_URL_PATH:
                return set_url_path(k, text, base, problem);
        case KEY_URL_PATHS:
                return set_items(k, text, BLANKS, base, problem, add_url_path);
        case KEY_SECTION_NAMES:
                return set_items(k, text, BLANKS_AND_COMMAS, base, problem, add_section_name);
        case KEY_BROKERS:
                return set_items(k, text, BLANKS_AND_COMMAS, base, problem, add_broker);
        case KEY_TOPICS:
                return set_items(k, text, BLANKS_AND_COMMAS, base, problem, add_topic);
        case KEY_STATUSES:
                return set_items(k, text, BLANKS_AND_COMMAS, base, problem, add_status);
        case KEY_EVENTS:
                return set_items(k, text, BLANKS_AND_COMMAS, base, problem, add_event);
        case KEY_PROPERTIES:
                return add_property(k, text, base, problem);
        case KEY_COMMAND:
                return set_command(k, text, base, problem);
        case KEY_JSON:
                return set_json(k, text, base, problem);
        case KEY_SET:
                return set_set(k, text, base, problem);
        case KEY_USERNAME:
        case KEY_HOSTNAME:
        case KEY_UNIT:
        case KEY_FILE:
        case KEY_WORKER_ID:
        case KEY_CONNECTOR:
        case KEY_TEXT:
        case KEY_TOPIC:
        case KEY_PATH:
        case KEY_BODY:
        default:
                return set_text(k, text, base, problem);
        }
}

void key_clear(const struct config_key *k, void *base) {
        void *place = place_of(k, base);

        switch (k->type) {
        case KEY_BOOL:
                *(bool *) place = false;
                break;
        case KEY_UNSIGNED:
        case KEY_SET:
                *(unsigned *) place = 0;
                break;
        case KEY_SPAN:
        case KEY_SIZE:
                *(uint64_t *) place = 0;
                break;
        case KEY_LOG_LEVEL:
                *(int *) place = 0;
                break;
        case KEY_KIND:
                *(const struct worker_kind **) place = NULL;
                break;
        case KEY_ACTION:
                *(enum worker_action *) place = ACTION_ALERT;
                break;
        case KEY_METHOD:
                *(enum http_method *) place = HTTP_GET;
                break;
        case KEY_FORMAT:
                *(enum notify_format *) place = NOTIFY_JSON;
                break;
        default:
                if (key_is_list(k))
                        *(char ***) place = strv_free(*(char ***) place);
                else
                        (void) free_and_strdup(place, NULL);
                break;
        }
}
