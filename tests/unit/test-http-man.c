/* connect-watchdog.conf(5) against what is served over HTTP: every field of a worker and every metric stands
 * in the manual, in the order in which it is served, and nothing else does. */
#include "man-page.h"
#include "observe/kind.h"
#include "report/http/document.h"
#include "report/http/process.h"
#include "util/json.h"

static void measure_nothing(struct process_usage *ret) {
        *ret = (struct process_usage) {};
}

/* A worker of which nothing is known answers with every field, too. */
static struct document ask(const char *path) {
        static char name[] = "a", url[] = "http://127.0.0.1:8083";
        static struct worker_settings settings = { .name = name, .kind = &kafka_connect_kind, .url = url };
        static const struct settings nothing;
        static const struct worker_counts counts;
        static const struct history history;
        static const struct health health;
        static char *topics[] = { NULL };
        static struct kafka_settings kafka_settings = { .name = name, .topics = topics };
        static const struct kafka_health kafka_health;
        const struct kafka_snapshot kafka = { .settings = &kafka_settings, .health = &kafka_health };
        const struct worker_snapshot worker = {
                .settings = &settings, .health = &health, .history = &history, .counts = &counts
        };
        const struct snapshot s = {
                .settings = &nothing,
                .workers = &worker,
                .n_workers = 1,
                .kafkas = &kafka,
                .n_kafkas = 1,
                .measure = measure_nothing,
        };
        const struct question q = { .path = path, .rest = "", .accept = "" };
        struct document d = {};

        assert_int_equal(document_answer(&s, &q, &d), 0);
        assert_int_equal(d.status, 200);
        return d;
}

/* list: whose first entry is meant; NULL: what is answered itself. */
static void expect_fields(const struct section *s, size_t *i, const char *path, const char *list) {
        _cleanup_(document_done) struct document d = ask(path);
        _cleanup_(json_object_unrefp) json_object *answer = json_tokener_parse(d.body);
        json_object *o = answer;

        if (list)
                o = json_object_array_get_idx(json_object_object_get(o, list), 0);
        assert_non_null(o);
        json_object_object_foreach(o, key, value) {
                (void) value;
                expect(s, i, key);
        }
}

static void every_field_of_a_worker_stands(void **state) {
        struct section *s = read_section(PAGE_5, "JSON OF THE WORKERS");
        size_t i = 0;

        (void) state;
        expect_fields(s, &i, "/workers", NULL);
        expect_fields(s, &i, "/workers/a", NULL);
        expect_fields(s, &i, "/workers", "kafka");
        expect_end(s, i);
        free(s);
}

/* Whether that path is a heading of the section. */
static bool stands(const struct section *s, const char *path) {
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->items[i].macro, "Pa") && streq(s->items[i].name, path))
                        return true;
        return false;
}

static void every_path_stands(void **state) {
        struct section *s = read_section(PAGE_5, "HTTP PATHS");
        FILE *f = open_source("src/report/http/document.c");
        char line[1024], path[64];
        size_t n = 0;

        (void) state;
        while (fgets(line, sizeof(line), f)) {
                /* there may be several on a line */
                for (const char *at = line; (at = strstr(at, "{ \"/")); at++) {
                        if (sscanf(at, "{ \"%63[a-z_/]\", ", path) != 1)
                                continue;
                        if (!stands(s, path))
                                fail_msg("%s is not in the manual", path);
                        n++;
                }
        }
        assert_int_equal(fclose(f), 0);
        assert_in_range(n, 9, 100);
        assert_true(stands(s, "/__health"));
        free(s);
}

/* "# HELP name text" of each family. */
static void every_metric_stands_with_its_help(void **state) {
        struct section *s = read_section(PAGE_5, "METRICS");
        _cleanup_(document_done) struct document d = ask("/metrics");
        char *lines = d.body;
        size_t i = 0;

        (void) state;
        for (char *line = strsep(&lines, "\n"); line; line = strsep(&lines, "\n")) {
                char name[64], help[256];

                if (sscanf(line, "# HELP %63s %255[^\n]", name, help) == 2)
                        expect_text(expect(s, &i, name), help);
        }
        expect_end(s, i);
        free(s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_path_stands),
                cmocka_unit_test(every_field_of_a_worker_stands),
                cmocka_unit_test(every_metric_stands_with_its_help),
        };

        return cmocka_run_group_tests_name("http-man", tests, NULL, NULL);
}
