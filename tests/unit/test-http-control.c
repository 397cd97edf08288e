/* What is answered on the control socket. */
#include "document-scene.h"
#include "report/http/control.h"

/* Asks; fails unless that is the status. Returns the body. */
static const char *get(struct document_scene *s, const char *path, const char *protocol, unsigned status) {
        const struct question q = { .path = path, .rest = "", .accept = "", .protocol = protocol };

        document_done(&s->answer);
        assert_int_equal(control_answer(&s->snapshot, &q, &s->answer), 0);
        if (s->answer.status != status)
                fail_msg("%s: %u, not %u: %s", path, s->answer.status, status, s->answer.body);
        assert_string_equal(s->answer.content_type, "application/json");
        return s->answer.body;
}

static void its_version_and_its_routes(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        assert_string_equal(get(&s, "/version", "", 200),
                            "{\"version\":\"" PROJECT_VERSION "\",\"protocol\":1}");
        assert_non_null(strstr(get(&s, "/workers", "1", 200), "\"workers\":[{"));
        assert_non_null(strstr(get(&s, "/workers/connect-b", "1.7", 200), "\"name\":\"connect-b\""));
        document_scene_done(&s);
}

/* What a port answers is not answered here. */
static void what_there_is_not(void **state) {
        static const char *const paths[] = { "/",       "/ping",     "/status",    "/metrics",
                                             "/health", "/versions", "/version/1", "/workersX" };
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                assert_string_equal(
                        get(&s, paths[i], "", 404),
                        "{\"error\":\"there is nothing under this path of the control socket\"}");
        document_scene_done(&s);
}

static void a_worker_that_there_is_not_is_answered_with_the_nearest(void **state) {
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        assert_string_equal(
                get(&s, "/workers/conect-b", "", 404),
                "{\"error\":\"no worker is called \\\"conect-b\\\"; did you mean \\\"connect-b\\\"?\"}");
        assert_string_equal(get(&s, "/workers/zeebe\n\"", "", 404),
                            "{\"error\":\"no worker is called \\\"zeebe \\\"\\\"\"}");
        document_scene_done(&s);
}

static void a_newer_protocol_is_refused_with_both_versions(void **state) {
        static const char *const newer[] = { "2", "2.0", "10000", "99999999999999999999" };
        static const char *const none[] = { "one", "1,5", "-1", " ", "1x" };
        struct document_scene s;

        (void) state;
        document_scene_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(newer); i++) {
                const char *body = get(&s, "/version", newer[i], 505);

                assert_non_null(strstr(body, "connect-watchdog " PROJECT_VERSION ", speaks version 1 "));
                assert_non_null(strstr(body, newer[i]));
        }
        for (size_t i = 0; i < ELEMENTSOF(none); i++)
                assert_non_null(strstr(get(&s, "/workers", none[i], 400), "is no version"));
        (void) get(&s, "/workers", "1", 200);
        (void) get(&s, "/workers", "0", 200);
        document_scene_done(&s);
}

static void an_error_is_one_line(void **state) {
        struct document d = {};

        (void) state;
        assert_int_equal(control_error(&d, 405, "Only that.\nSee \"this\".\n"), 0);
        assert_int_equal(d.status, 405);
        assert_string_equal(d.body, "{\"error\":\"Only that.\"}");
        document_done(&d);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(its_version_and_its_routes),
                cmocka_unit_test(what_there_is_not),
                cmocka_unit_test(a_worker_that_there_is_not_is_answered_with_the_nearest),
                cmocka_unit_test(a_newer_protocol_is_refused_with_both_versions),
                cmocka_unit_test(an_error_is_one_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
