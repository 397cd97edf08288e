/* The stories of incidents: what is written of each event, and which of them stay. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "report/incident_line.h"
#include "report/incident_log.h"
#include "util/json.h"

#define NOW (1000000 * USEC_PER_SEC)
#define ID "0123456789abcdef"
#define KEEP (90 * USEC_PER_DAY)

struct scene {
        char directory[64], pattern[96];
        struct incident_log *log;
};

static int set_up(void **state) {
        struct scene *s = calloc(1, sizeof(*s));

        assert_non_null(s);
        strncpy(s->directory, "/tmp/incident-log-XXXXXX", sizeof(s->directory) - 1);
        assert_non_null(mkdtemp(s->directory));
        (void) snprintf(s->pattern, sizeof(s->pattern), "%s/incidents/*", s->directory);
        assert_int_equal(incident_log_new(s->directory, &s->log), 0);
        *state = s;
        return 0;
}

static int tear_down(void **state) {
        struct scene *s = *state;
        char incidents[96];
        glob_t files;

        if (glob(s->pattern, 0, NULL, &files) == 0) {
                for (size_t i = 0; i < files.gl_pathc; i++)
                        assert_int_equal(unlink(files.gl_pathv[i]), 0);
                globfree(&files);
        }
        (void) snprintf(incidents, sizeof(incidents), "%s/incidents", s->directory);
        (void) rmdir(incidents);
        assert_int_equal(rmdir(s->directory), 0);
        incident_log_free(s->log);
        free(s);
        return 0;
}

static struct event *event_of(enum event_type type, const char *incident, const char *message) {
        struct event *e = event_new(type, "%s", message);

        assert_non_null(e);
        assert_int_equal(event_about(e, "a", "a.service", incident), 0);
        return e;
}

static int tell(struct scene *s,
                enum event_type type,
                const char *incident,
                const char *message,
                usec_t at) {
        _cleanup_(event_freep) struct event *e = event_of(type, incident, message);

        return incident_log_write(s->log, e, KEEP, at);
}

/* Of that incident's file; NULL: there is none. Owned by the caller. */
static char *story_of(const struct scene *s, const char *incident) {
        char path[160], *text = NULL;
        size_t size = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/incidents/%s.jsonl", s->directory, incident);
        f = fopen(path, "re");
        if (!f)
                return NULL;
        if (getdelim(&text, &size, '\0', f) < 0) {
                free(text);
                text = NULL;
        }
        assert_int_equal(fclose(f), 0);
        return text;
}

static size_t count_files(const struct scene *s) {
        size_t n = 0;
        glob_t files;

        if (glob(s->pattern, 0, NULL, &files) == 0) {
                n = files.gl_pathc;
                globfree(&files);
        }
        return n;
}

/* An older incident, whose last line is from then. */
static void leave_file(const struct scene *s, const char *name, usec_t at) {
        const struct timespec times[] = { { .tv_sec = (time_t) (at / USEC_PER_SEC) },
                                          { .tv_sec = (time_t) (at / USEC_PER_SEC) } };
        char path[160];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/incidents", s->directory);
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        (void) snprintf(path, sizeof(path), "%s/incidents/%s", s->directory, name);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(futimens(fd, times), 0);
        assert_int_equal(close(fd), 0);
}

static void a_line_has_the_fields_of_the_journal(_unused_ void **state) {
        _cleanup_(event_freep) struct event *e =
                event_of(EVENT_EVIDENCE, ID, "said \"x\"\nand \xC3\xA4 more");
        _cleanup_(json_object_unrefp) json_object *line = NULL;
        _cleanup_free_ char *text = NULL;
        const char *problem;

        assert_int_equal(event_field(e, "THREAD_DUMP", "%s", "one\ntwo=2 \xff"), 0);
        text = incident_line(e, NOW);
        assert_non_null(text);
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_int_equal(json_parse(text, strlen(text), 2, &line, &problem), 0);
        assert_string_equal(json_member_text(line, INCIDENT_TIME), "1000000000000");
        assert_string_equal(json_member_text(line, "MESSAGE"), "a: said \"x\"\nand \xC3\xA4 more");
        assert_string_equal(json_member_text(line, "CONNECT_WATCHDOG_EVENT"), "evidence");
        assert_string_equal(json_member_text(line, "CONNECT_WATCHDOG_UNIT"), "a.service");
        /* What is no UTF-8 does not make the line unreadable. */
        assert_string_equal(json_member_text(line, "CONNECT_WATCHDOG_THREAD_DUMP"), "one\ntwo=2 ?");
}

static void a_story_is_told_in_order(void **state) {
        struct scene *s = *state;
        _cleanup_free_ char *text = NULL;
        const char *opened, *closed;

        assert_int_equal(tell(s, EVENT_INCIDENT_OPENED, ID, "first", NOW), 0);
        assert_int_equal(tell(s, EVENT_INCIDENT_OPENED, "fedcba9876543210", "another", NOW), 0);
        assert_int_equal(tell(s, EVENT_INCIDENT_CLOSED, ID, "last", NOW + 1), 0);
        text = story_of(s, ID);
        assert_non_null(text);
        opened = strstr(text, "\"a: first\"");
        closed = strstr(text, "\"a: last\"");
        assert_true(opened && closed && opened < closed);
        assert_null(strstr(text, "another"));
        assert_int_equal(count_files(s), 2);
}

/* As an outage of Kafka does. */
static void what_belongs_to_several_stands_in_each(void **state) {
        struct scene *s = *state;
        _cleanup_(event_freep) struct event *e = event_new(EVENT_KAFKA_CHANGED, "down"),
                                            *alone = event_new(EVENT_KAFKA_CHANGED, "up");
        _cleanup_free_ char *one = NULL, *other = NULL;

        assert_false(incident_log_wants(alone));
        assert_int_equal(event_field(e, "INCIDENT", "%s", ID), 0);
        assert_int_equal(event_field(e, "INCIDENT", "%s", "fedcba9876543210"), 0);
        assert_true(incident_log_wants(e));
        assert_int_equal(incident_log_write(s->log, e, KEEP, NOW), 0);
        one = story_of(s, ID);
        other = story_of(s, "fedcba9876543210");
        assert_true(one && other && strstr(one, "\"down\""));
        assert_string_equal(one, other);
}

static void nothing_is_kept_where_nothing_is_wanted(void **state) {
        struct scene *s = *state;
        _cleanup_(event_freep) struct event *e = event_of(EVENT_INCIDENT_OPENED, ID, "first");

        assert_int_equal(incident_log_write(s->log, e, 0, NOW), 0);
        assert_int_equal(count_files(s), 0);
        assert_int_equal(tell(s, EVENT_INCIDENT_OPENED, "../../etc/passwd", "first", NOW), -EINVAL);
}

static void the_old_ones_go_when_a_new_one_comes(void **state) {
        struct scene *s = *state;

        leave_file(s, "aaaaaaaaaaaaaaaa.jsonl", 0);
        leave_file(s, "notes.txt", 0);
        leave_file(s, "bbbbbbbbbbbbbbbb.jsonl", NOW);
        assert_int_equal(tell(s, EVENT_STATE_CHANGED, ID, "no new one", NOW + KEEP / 2), 0);
        assert_int_equal(count_files(s), 4);
        assert_int_equal(tell(s, EVENT_INCIDENT_OPENED, ID, "a new one", KEEP + NOW / 2), 0);
        assert_int_equal(count_files(s), 3);
        assert_null(story_of(s, "aaaaaaaaaaaaaaaa"));
}

static void there_are_a_thousand_at_most(void **state) {
        struct scene *s = *state;
        char name[32];

        for (unsigned i = 0; i < INCIDENTS_MAX + 5; i++) {
                (void) snprintf(name, sizeof(name), "%016x.jsonl", i);
                leave_file(s, name, NOW + i * USEC_PER_SEC);
        }
        assert_int_equal(tell(s, EVENT_INCIDENT_OPENED, ID, "a new one", NOW + USEC_PER_HOUR), 0);
        assert_int_equal(count_files(s), INCIDENTS_MAX);
        assert_null(story_of(s, "0000000000000005"));
        leave_file(s, "0000000000000006.jsonl", NOW);
        assert_int_equal(count_files(s), INCIDENTS_MAX);
}

static void one_that_never_ends_does_not_fill_the_disk(void **state) {
        struct scene *s = *state;
        size_t len = INCIDENT_BYTES_MAX / 4;
        _cleanup_free_ char *text = malloc(len + 1), *story = NULL;

        assert_non_null(text);
        memset(text, 'x', len);
        text[len] = '\0';
        for (unsigned i = 0; i < 8; i++)
                assert_int_equal(tell(s, EVENT_EVIDENCE, ID, text, NOW), 0);
        assert_int_equal(tell(s, EVENT_INCIDENT_CLOSED, ID, "the end", NOW), 0);
        story = story_of(s, ID);
        assert_non_null(story);
        assert_true(strlen(story) < INCIDENT_BYTES_MAX);
        assert_non_null(strstr(story, "the end"));
}

static void that_it_cannot_be_written_is_said(void **state) {
        struct scene *s = *state;
        struct incident_log *nowhere;

        assert_int_equal(incident_log_new("/nonexistent", &nowhere), 0);
        s->log = (incident_log_free(s->log), nowhere);
        assert_int_equal(tell(s, EVENT_INCIDENT_OPENED, ID, "first", NOW), -ENOENT);
        assert_string_equal(incident_log_directory(s->log), "/nonexistent/incidents");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_line_has_the_fields_of_the_journal),
                cmocka_unit_test_setup_teardown(a_story_is_told_in_order, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_belongs_to_several_stands_in_each, set_up, tear_down),
                cmocka_unit_test_setup_teardown(nothing_is_kept_where_nothing_is_wanted, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_old_ones_go_when_a_new_one_comes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(there_are_a_thousand_at_most, set_up, tear_down),
                cmocka_unit_test_setup_teardown(one_that_never_ends_does_not_fill_the_disk, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(that_it_cannot_be_written_is_said, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
