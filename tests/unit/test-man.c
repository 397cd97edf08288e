/* packaging/man/ against the code: every key with its type, range and default, every verb, option, check,
 * exit status, state, outcome, reason, hold, event, field and variable stands in the manual, and nothing
 * else does. */

#include <glob.h>

#include "config/compat.h"
#include "config/keys.h"
#include "config/values.h"
#include "ctl/ctl.h"
#include "ctl/finding.h"
#include "ctl/verbs.h"
#include "judge/told.h"
#include "man-page.h"
#include "observe/kind.h"
#include "observe/observation.h"
#include "report/events.h"
#include "util/span.h"
#include "util/text.h"

static struct section *read_page_1(const char *title) {
        return read_section("packaging/man/connect-watchdogctl.1", title);
}

static struct section *read_page_8(const char *title) {
        return read_section(PAGE_8, title);
}

/* ---- connect-watchdog.conf(5) ---- */

static void append_names(char *buf, size_t size, const char *const *names) {
        for (size_t i = 0; names[i]; i++)
                text_append(buf, size, "%s%s", i > 0 ? ", " : "One of ", names[i]);
}

static void append_type(char *buf, size_t size, const struct config_key *k) {
        static const char *const types[] = {
                [KEY_BOOL] = "A boolean",
                [KEY_UNSIGNED] = "A number",
                [KEY_SPAN] = "A time span",
                [KEY_SIZE] = "A size",
                [KEY_USERNAME] = "A user name",
                [KEY_HOSTNAME] = "A host name",
                [KEY_URL] = "A URL",
                [KEY_URLS] = "A list of URLs",
                [KEY_LISTEN] = "Addresses",
                [KEY_UNIT] = "The name of a service",
                [KEY_FILE] = "A credential or path",
                [KEY_URL_PATH] = "A URL path, or off",
                [KEY_URL_PATHS] = "A list of URL paths",
                [KEY_JSON] = "A JSON object",
                [KEY_WORKER_ID] = "A worker's id",
                [KEY_CONNECTOR] = "A connector's name",
                [KEY_TEXT] = "Text",
                [KEY_SECTION_NAMES] = "A list of sections' names",
                [KEY_BROKERS] = "A list of brokers",
                [KEY_PROPERTIES] = "A property of librdkafka",
                [KEY_TOPIC] = "A topic",
                [KEY_TOPICS] = "A list of topics",
                [KEY_PATH] = "A path",
                [KEY_STATUSES] = "A list of HTTP statuses",
                [KEY_LINK] = "A URL",
                [KEY_COMMAND] = "A command",
                [KEY_EVENTS] = "A list of events",
                [KEY_BODY] = "Text, or a JSON pointer and its value",
        };

        const enum key_type type = k->type;

        if (type == KEY_SET) {
                text_append(buf, size, "A list of: ");
                for (size_t i = 0; k->names[i]; i++)
                        text_append(buf, size, "%s%s", i > 0 ? ", " : "", k->names[i]);
        } else if (type == KEY_LOG_LEVEL)
                append_names(buf, size, value_log_level_names());
        else if (type == KEY_KIND)
                append_names(buf, size, kind_names());
        else if (type == KEY_FORMAT)
                append_names(buf, size, notify_format_names);
        else if (type == KEY_METHOD)
                append_names(buf, size, http_method_names);
        else if (type == KEY_ACTION)
                append_names(buf, size, worker_action_names);
        else {
                assert_in_range(type, 0, ELEMENTSOF(types) - 1);
                assert_non_null(types[type]);
                text_append(buf, size, "%s", types[type]);
        }
}

static void append_number(char *buf, size_t size, enum key_type type, uint64_t n) {
        char number[SPAN_TEXT_SIZE];

        if (type == KEY_SPAN)
                span_format_exact(number, sizeof(number), n);
        else if (type == KEY_SIZE)
                value_size_format(number, sizeof(number), n);
        else
                (void) snprintf(number, sizeof(number), "%ju", (uintmax_t) n);
        text_append(buf, size, "%s", number);
}

/* What the manual has to begin with for this key. */
static void describe_key(const struct config_key *k, char *buf, size_t size) {
        buf[0] = '\0';
        append_type(buf, size, k);
        if (k->max > 0) {
                text_append(buf, size, " from ");
                append_number(buf, size, k->type, k->min);
                text_append(buf, size, " to ");
                append_number(buf, size, k->type, k->max);
        }
        if (k->zero_is_never)
                text_append(buf, size, ", or 0 for never");
        if (k->infinity)
                text_append(buf, size, ", or infinity");
        if (k->fallback)
                text_append(buf, size, "; default: %s.", k->fallback);
        else
                text_append(buf, size, "; not set by default.");
        if (k->one_worker)
                text_append(buf, size, " Not in [defaults].");
}

static void every_key_stands_with_its_range_and_default(void **state) {
        static const char *const titles[_CONFIG_SECTION_MAX] = {
                [SECTION_AGENT] = "[agent] SECTION",
                [SECTION_HTTP] = "[http] SECTION",
                [SECTION_KAFKA] = "[kafka NAME] SECTION",
                [SECTION_NOTIFY] = "[notify NAME] SECTION",
                [SECTION_WORKER] = "[worker NAME] AND [defaults] SECTIONS",
        };

        (void) state;
        for (enum config_section section = 0; section < _CONFIG_SECTION_MAX; section++) {
                struct section *s;
                char expected[512];
                size_t i = 0;

                if (config_sections[section].keys != section)
                        continue;
                s = read_section(PAGE_5, titles[section]);

                for (size_t k = 0; k < n_config_keys; k++) {
                        if (config_keys[k].section != section)
                                continue;
                        describe_key(&config_keys[k], expected, sizeof(expected));
                        const struct item *item = expect(s, &i, config_keys[k].name);
                        if (!streq(item->text, expected))
                                fail_msg("the manual says of %s: \"%s\"; the table: \"%s\"", item->name,
                                         item->text, expected);
                }
                expect_end(s, i);
                free(s);
        }
}

/* ---- connect-watchdog(8) ---- */

static void every_state_stands(void **state) {
        struct section *s = read_page_8("STATES");
        size_t i = 0;

        (void) state;
        for (enum worker_state w = 0; w < _STATE_MAX; w++)
                expect(s, &i, worker_state_to_string(w));
        expect_end(s, i);
        free(s);
}

static void every_outcome_stands(void **state) {
        struct section *s = read_page_8("OUTCOMES");
        size_t i = 0;

        (void) state;
        for (enum outcome o = 0; o < _OUTCOME_MAX; o++)
                expect(s, &i, outcome_to_string(o));
        expect_end(s, i);
        free(s);
}

static void every_reason_stands_with_its_remedy(void **state) {
        struct section *s = read_page_8("REASONS");
        size_t i = 0;

        (void) state;
        for (enum reason r = 0; r < _REASON_MAX; r++) {
                const struct item *item = expect(s, &i, reason_to_string(r));
                char expected[512] = "";

                text_append(expected, sizeof(expected), "The worker %s.%s%s", reason_text(r),
                            reason_remedy(r)[0] ? " " : "", reason_remedy(r));
                expect_text(item, expected);
        }
        expect_end(s, i);
        free(s);
}

static void every_hold_stands(void **state) {
        struct section *s = read_page_8("HOLDS");
        size_t i = 0;

        (void) state;
        for (enum hold h = 0; h < _HOLD_MAX; h++)
                expect(s, &i, hold_to_string(h));
        expect_end(s, i);
        free(s);
}

static void every_event_stands_with_its_priority(void **state) {
        struct section *s = read_page_8("EVENTS");
        size_t i = 0;

        (void) state;
        for (enum event_type type = 0; type < _EVENT_TYPE_MAX; type++) {
                const struct event_info *info = event_info(type);
                const struct item *item = expect(s, &i, info->name);
                char expected[32] = "";

                text_append(expected, sizeof(expected), "Pq %s", value_log_level_to_string(info->priority));
                assert_string_equal(item->rest, expected);
        }
        expect_end(s, i);
        free(s);
}

/* ---- against the sources: what no table has ---- */

/* Calls found(userdata, NAME) for each call of function in src/ that gives NAME as its first literal. */
static size_t scan_sources(const char *function,
                           void (*found)(void *userdata, const char *name),
                           void *userdata) {
        char pattern[4096], line[1024], name[64];
        size_t n = 0;
        glob_t files;

        (void) snprintf(pattern, sizeof(pattern), "%s/../../src/*.c", getenv("TEST_SOURCE_DIR"));
        assert_int_equal(glob(pattern, 0, NULL, &files), 0);
        (void) snprintf(pattern, sizeof(pattern), "%s/../../src/*/*.c", getenv("TEST_SOURCE_DIR"));
        assert_int_equal(glob(pattern, GLOB_APPEND, NULL, &files), 0);
        (void) snprintf(pattern, sizeof(pattern), "%s/../../src/*/*/*.c", getenv("TEST_SOURCE_DIR"));
        assert_int_equal(glob(pattern, GLOB_APPEND, NULL, &files), 0);
        assert_true(files.gl_pathc > 20);

        for (size_t i = 0; i < files.gl_pathc; i++) {
                FILE *f = fopen(files.gl_pathv[i], "re");

                assert_non_null(f);
                while (fgets(line, sizeof(line), f)) {
                        const char *p = strstr(line, function), *literal = p ? strchr(p, '"') : NULL;

                        if (!literal || sscanf(literal, "\"%63[A-Z_]\"", name) != 1)
                                continue;
                        found(userdata, name);
                        n++;
                }
                assert_int_equal(fclose(f), 0);
        }
        globfree(&files);
        return n;
}

struct looked_up {
        const struct section *section;
        bool seen[ITEMS_MAX];
};

static bool find(struct looked_up *l, const char *name) {
        for (size_t i = 0; i < l->section->n; i++) {
                const struct item *item = &l->section->items[i];

                /* ".It Ev A , B" */
                if (!streq(item->name, name) && !(item->rest[0] == ',' && streq(item->rest + 2, name)))
                        continue;
                l->seen[i] = true;
                return true;
        }
        return false;
}

static void look_up(struct looked_up *l, const char *name) {
        if (!find(l, name))
                fail_msg("%s is not in the manual", name);
}

static void expect_all_seen(const struct looked_up *l) {
        for (size_t i = 0; i < l->section->n; i++)
                if (!l->seen[i])
                        fail_msg("the manual has %s, which the code has not", l->section->items[i].name);
}

static void look_up_field(void *userdata, const char *name) {
        char field[128];

        (void) snprintf(field, sizeof(field), "CONNECT_WATCHDOG_%s", name);
        look_up(userdata, field);
}

/* The agent's stand in one page, those of connect-watchdogctl in the other, what both read in both. */
struct variables {
        struct looked_up agent, ctl;
};

static void look_up_variable(void *userdata, const char *name) {
        struct variables *v = userdata;
        bool in_agent = find(&v->agent, name), in_ctl = find(&v->ctl, name);

        if (!in_agent && !in_ctl)
                fail_msg("%s is in neither manual", name);
}

static void every_journal_field_stands(void **state) {
        struct section *s = read_page_8("JOURNAL FIELDS");
        struct looked_up l = { .section = s };
        struct event *e = event_new(EVENT_STATE_CHANGED, "m");
        size_t n = 0;

        (void) state;
        assert_non_null(e);
        assert_int_equal(event_about(e, "w", "u", "i"), 0);
        e->state = e->outcome = e->reason = e->hold = "x";
        assert_int_equal(free_and_strdup(&e->stage, "s"), 0);
        e->http_status = 200;
        e->latency_usec = 1;
        e->failures = 1;

        char **fields = event_to_fields(e);
        assert_non_null(fields);
        STRV_FOREACH (f, fields) {
                (*f)[strcspn(*f, "=")] = '\0';
                if (!starts_with(*f, "CONNECT_WATCHDOG_"))
                        continue;
                look_up(&l, *f);
                n++;
        }
        assert_in_range(n, 12, 100);
        assert_in_range(scan_sources("event_field(", look_up_field, &l), 5, 100);
        expect_all_seen(&l);
        strv_free(fields);
        event_free(e);
        free(s);
}

static void every_variable_that_is_read_stands(void **state) {
        struct section *s = read_page_8("ENVIRONMENT"), *of_ctl = read_page_1("ENVIRONMENT");
        struct variables v = { .agent.section = s, .ctl.section = of_ctl };

        (void) state;
        assert_in_range(scan_sources("getenv(", look_up_variable, &v), 5, 100);
        look_up(&v.agent, "WATCHDOG_USEC");         /* by sd_watchdog_enabled(3) */
        look_up(&v.ctl, "DBUS_SYSTEM_BUS_ADDRESS"); /* by sd_bus_open_system(3) */
        expect_all_seen(&v.agent);
        expect_all_seen(&v.ctl);
        free(of_ctl);
        free(s);
}

static void every_option_stands(void **state) {
        struct section *s = read_page_8("OPTIONS");
        FILE *f = open_source("src/main.c");
        char line[1024], name[64];
        bool inside = false;
        size_t i = 0;

        (void) state;
        while (fgets(line, sizeof(line), f)) {
                if (strstr(line, "struct option long_options[]"))
                        inside = true;
                else if (starts_with(line, "};"))
                        inside = false;
                else if (inside && sscanf(line, " { \"%63[a-z-]\"", name) == 1) {
                        if (i >= s->n)
                                fail_msg("--%s is not in the manual", name);
                        assert_string_equal(s->items[i].macro, "Fl");
                        i++;
                        bool found = false;
                        for (size_t k = 0; k < s->n; k++)
                                found = found ||
                                        (s->items[k].name[0] == '-' && streq(s->items[k].name + 1, name));
                        if (!found)
                                fail_msg("--%s is not in the manual", name);
                }
        }
        assert_int_equal(fclose(f), 0);
        assert_in_range(i, 4, 100);
        assert_int_equal(i, s->n);
        free(s);
}

static void every_flag_of_the_peer_stands_with_its_variable_and_default(void **state) {
        struct section *s = read_page_8("HEALTHCHECK COMPATIBILITY");

        (void) state;
        assert_in_range(s->n, _COMPAT_FLAG_MAX, ITEMS_MAX); /* what follows is another list */
        for (enum compat_flag f = 0; f < _COMPAT_FLAG_MAX; f++) {
                const struct compat_flag_info *info = &compat_flag_infos[f];
                const struct item *item = &s->items[f];
                char expected[256] = "";

                assert_string_equal(item->macro, "Fl");
                assert_string_equal(item->name, info->flag + 1);
                text_append(expected, sizeof(expected), "%s; ", info->variable);
                if (info->fallback)
                        text_append(expected, sizeof(expected), "default: %s.", info->fallback);
                else
                        text_append(expected, sizeof(expected), "not set by default.");
                expect_text(item, expected);
        }
        free(s);
}

/* ---- connect-watchdogctl(1) ---- */

static void every_verb_stands_with_its_summary(void **state) {
        struct section *s = read_page_1("VERBS");
        size_t i = 0;

        (void) state;
        for (enum ctl_verb v = 0; v < _VERB_MAX; v++) {
                const struct ctl_verb_info *verb = &ctl_verb_infos[v];
                const struct item *item = expect(s, &i, verb->name);
                char expected[256] = "";

                text_append(expected, sizeof(expected), "%s.", verb->summary);
                expected[0] = (char) (expected[0] - 'a' + 'A');
                expect_text(item, expected);
                /* "Ar UNIT ..." */
                assert_true(starts_with(item->rest, verb->arguments[0] == '[' ? "Op Ar "
                                                    : verb->arguments[0]      ? "Ar "
                                                                              : ""));
                assert_int_equal(item->rest[0] != '\0', verb->arguments[0] != '\0');
        }
        expect_end(s, i);
        free(s);
}

/* "Of verify-config, authorize." */
static void describe_option(enum ctl_option o, char *buf, size_t size) {
        bool first = true;

        buf[0] = '\0';
        if (OPTIONS_OF_ALL & OPTION_BIT(o))
                return;
        for (enum ctl_verb v = 0; v < _VERB_MAX; v++)
                if (ctl_verb_takes(v, o)) {
                        text_append(buf, size, "%s%s", first ? "Of " : ", ", ctl_verb_infos[v].name);
                        first = false;
                }
        assert_false(first);
        text_append(buf, size, ".");
}

static void every_option_of_a_verb_stands(void **state) {
        struct section *s = read_page_1("OPTIONS");

        (void) state;
        assert_int_equal(s->n, _OPTION_MAX);
        for (enum ctl_option o = 0; o < _OPTION_MAX; o++) {
                const struct ctl_option_info *option = &ctl_option_infos[o];
                const struct item *item = &s->items[o];
                char expected[256], argument[64] = "";

                if (!streq(item->macro, "Fl") || item->name[0] != '-' ||
                    !streq(item->name + 1, option->name))
                        fail_msg("the manual has %s %s, where the code has --%s", item->macro, item->name,
                                 option->name);
                if (option->argument)
                        text_append(argument, sizeof(argument), "Ar %s", option->argument);
                assert_string_equal(item->rest, argument);
                describe_option(o, expected, sizeof(expected));
                expect_text(item, expected);
        }
        free(s);
}

static void every_check_stands(void **state) {
        struct section *s = read_page_1("CHECKS");
        size_t i = 0;

        (void) state;
        for (const char *const *check = finding_checks(); *check; check++)
                expect(s, &i, *check);
        expect_end(s, i);
        free(s);
}

static void every_severity_stands(void **state) {
        FILE *f = open_source("packaging/man/connect-watchdogctl.1");
        char line[1024], list[128] = "(";
        bool found = false;

        (void) state;
        for (enum severity v = 0; v < _SEVERITY_MAX; v++)
                text_append(list, sizeof(list), "%s%s", v > 0 ? ", " : "", severity_to_string(v));
        text_append(list, sizeof(list), "),");
        while (read_line(f, line, sizeof(line)))
                found = found || streq(line, list);
        assert_int_equal(fclose(f), 0);
        if (!found)
                fail_msg("the manual has not the line: %s", list);
}

static void every_exit_status_stands(void **state) {
        static const int statuses[] = { CTL_OK,          CTL_FAILED,      CTL_USAGE,
                                        CTL_NOT_HEALTHY, CTL_NO_WORKER,   CTL_NO_AGENT,
                                        CTL_HELD,        CTL_NOT_ALLOWED, CTL_CONFIG };
        struct section *s = read_page_1("EXIT STATUS");

        (void) state;
        assert_int_equal(s->n, ELEMENTSOF(statuses));
        for (size_t i = 0; i < ELEMENTSOF(statuses); i++)
                assert_int_equal(atoi(s->items[i].macro), statuses[i]);
        free(s);
}

/* ---- the pages themselves ---- */

static void check_page(const char *page) {
        FILE *f = open_source(page);
        int lists = 0, displays = 0;
        char line[1024];

        while (read_line(f, line, sizeof(line))) {
                if (line[0] == '\'')
                        fail_msg("%s: roff drops the line: %s", page, line);
                for (const char *p = line; *p; p++)
                        if ((unsigned char) *p >= 0x80)
                                fail_msg("%s: not ASCII: %s", page, line);
                lists += starts_with(line, ".Bl ") - streq(line, ".El");
                displays += starts_with(line, ".Bd ") - streq(line, ".Ed");
                assert_in_range(lists, 0, 2);
                assert_in_range(displays, 0, 1);
        }
        assert_int_equal(fclose(f), 0);
        assert_int_equal(lists, 0);
        assert_int_equal(displays, 0);
}

static void the_pages_are_well_formed(void **state) {
        (void) state;
        check_page("packaging/man/connect-watchdog.8");
        check_page("packaging/man/connect-watchdog.conf.5");
        check_page("packaging/man/connect-watchdogctl.1");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_stands_with_its_range_and_default),
                cmocka_unit_test(every_state_stands),
                cmocka_unit_test(every_outcome_stands),
                cmocka_unit_test(every_reason_stands_with_its_remedy),
                cmocka_unit_test(every_hold_stands),
                cmocka_unit_test(every_event_stands_with_its_priority),
                cmocka_unit_test(every_journal_field_stands),
                cmocka_unit_test(every_variable_that_is_read_stands),
                cmocka_unit_test(every_option_stands),
                cmocka_unit_test(every_flag_of_the_peer_stands_with_its_variable_and_default),
                cmocka_unit_test(every_verb_stands_with_its_summary),
                cmocka_unit_test(every_option_of_a_verb_stands),
                cmocka_unit_test(every_check_stands),
                cmocka_unit_test(every_severity_stands),
                cmocka_unit_test(every_exit_status_stands),
                cmocka_unit_test(the_pages_are_well_formed),
        };

        return cmocka_run_group_tests_name("man", tests, NULL, NULL);
}
