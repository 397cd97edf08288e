/* connect-watchdog.conf(5) against what is served over HTTP: every field of a worker and every metric stands
 * in the manual, in the order in which it is served, and nothing else does. */
#include "man-page.h"
#include "observe/kind.h"
#include "report/http/document.h"
#include "util/json.h"

/* A worker of which nothing is known answers with every field, too. */
static struct document ask(const char *path) {
        static char name[] = "a", url[] = "http://127.0.0.1:8083";
        static struct worker_settings settings = { .name = name, .kind = &kafka_connect_kind, .url = url };
        static const struct settings nothing;
        static const struct worker_counts counts;
        static const struct history history;
        static const struct health health;
        const struct worker_snapshot worker = {
                .settings = &settings, .health = &health, .history = &history, .counts = &counts
        };
        const struct snapshot s = { .settings = &nothing, .workers = &worker, .n_workers = 1 };
        const struct question q = { .path = path, .rest = "", .accept = "" };
        struct document d = {};

        assert_int_equal(document_answer(&s, &q, &d), 0);
        assert_int_equal(d.status, 200);
        return d;
}

static void expect_fields(const struct section *s, size_t *i, const char *path) {
        _cleanup_(document_done) struct document d = ask(path);
        _cleanup_(json_object_unrefp) json_object *o = json_tokener_parse(d.body);

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
        expect_fields(s, &i, "/workers");
        expect_fields(s, &i, "/workers/a");
        expect_end(s, i);
        free(s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_field_of_a_worker_stands),
        };

        return cmocka_run_group_tests_name("http-man", tests, NULL, NULL);
}
