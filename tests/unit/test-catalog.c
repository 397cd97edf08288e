/* units/connect-watchdog.catalog against the table of events: each has its entry, and no entry is left
 * over. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "report/events.h"
#include "util/text.h"

struct catalog_entry {
        char id[33];
        char event[64]; /* of the line "Event: NAME (PRIORITY…" */
        char priority[16];
        bool subject, defined_by, documentation;
        size_t body_lines;
};

static const char *const priority_names[] = { "emerg",   "alert",  "crit", "err",
                                              "warning", "notice", "info", "debug" };

/* The fields that an event may have, and that a text may therefore name as @FIELD@. */
static const char *const fields[] = {
        "CONNECT_WATCHDOG_WORKER",      "CONNECT_WATCHDOG_UNIT",      "CONNECT_WATCHDOG_STATE",
        "CONNECT_WATCHDOG_INCIDENT",    "CONNECT_WATCHDOG_REASON",    "CONNECT_WATCHDOG_HOLD",
        "CONNECT_WATCHDOG_KAFKA",       "CONNECT_WATCHDOG_TOPIC",     "CONNECT_WATCHDOG_KAFKA_OUTCOME",
        "CONNECT_WATCHDOG_TOPIC_STATE", "CONNECT_WATCHDOG_CONNECTOR",
};

static FILE *catalog_open(void) {
        const char *dir = getenv("TEST_SOURCE_DIR");
        char path[4096];
        FILE *f;

        assert_non_null(dir);
        (void) snprintf(path, sizeof(path), "%s/../../units/connect-watchdog.catalog", dir);
        f = fopen(path, "re");
        if (!f)
                fail_msg("cannot open %s", path);
        return f;
}

static bool starts_with(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

static void read_header(struct catalog_entry *e, const char *line) {
        if (starts_with(line, "Subject: "))
                e->subject = true;
        else if (streq(line, "Defined-By: connect-watchdog"))
                e->defined_by = true;
        else if (starts_with(line, "Documentation: man:connect-watchdog(8)"))
                e->documentation = true;
        else if (sscanf(line, "Event: %63s (%15[a-z]", e->event, e->priority) != 2)
                fail_msg("what is this: %s", line);
}

static size_t catalog_read(struct catalog_entry *entries, size_t max) {
        FILE *f = catalog_open();
        bool header = false;
        char line[512];
        size_t n = 0;

        while (fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = '\0';
                if (line[0] == '#')
                        continue;
                if (starts_with(line, "-- ")) {
                        assert_in_range(n, 0, max - 1);
                        assert_int_equal(strlen(line), 3 + 32);
                        memcpy(entries[n++].id, line + 3, 33);
                        header = true;
                } else if (line[0] == '\0')
                        header = false;
                else if (header)
                        read_header(&entries[n - 1], line);
                else {
                        assert_in_range(n, 1, max);
                        entries[n - 1].body_lines++;
                }
        }
        assert_int_equal(fclose(f), 0);
        return n;
}

static void test_one_entry_for_each_event(void **state _unused_) {
        struct catalog_entry entries[_EVENT_TYPE_MAX + 8] = { 0 };
        size_t n = catalog_read(entries, ELEMENTSOF(entries));

        for (enum event_type type = 0; type < _EVENT_TYPE_MAX; type++) {
                const struct event_info *info = event_info(type);
                size_t found = 0;

                for (size_t i = 0; i < n; i++) {
                        if (!streq(entries[i].id, info->message_id))
                                continue;
                        found++;
                        assert_string_equal(entries[i].event, info->name);
                        assert_string_equal(entries[i].priority, priority_names[info->priority]);
                        assert_true(entries[i].subject);
                        assert_true(entries[i].defined_by);
                        assert_true(entries[i].documentation);
                        assert_in_range(entries[i].body_lines, 2, 40);
                }
                if (found != 1)
                        fail_msg("%s has %zu entries in the catalog", info->name, found);
        }

        assert_int_equal(n, _EVENT_TYPE_MAX);
}

static bool is_field(const char *name, size_t len) {
        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                if (strlen(fields[i]) == len && memcmp(fields[i], name, len) == 0)
                        return true;
        return false;
}

/* journalctl leaves a hole where it does not know a field. */
static void test_texts_name_fields_that_exist(void **state _unused_) {
        FILE *f = catalog_open();
        char line[512];
        size_t n = 0;

        while (fgets(line, sizeof(line), f))
                for (char *p = strchr(line, '@'); p; p = strchr(p, '@')) {
                        char *end = strchr(++p, '@');

                        if (!end || !is_field(p, (size_t) (end - p)))
                                fail_msg("no such field: %s", line);
                        p = end + 1;
                        n++;
                }
        assert_int_equal(fclose(f), 0);
        assert_in_range(n, 20, 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_entry_for_each_event),
                cmocka_unit_test(test_texts_name_fields_that_exist),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
