/* Findings as a script and a person get them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "ctl/finding.h"
#include "util/json.h"

static void fill(struct findings *f) {
        finding_add(f, FINDING_GOOD, CHECK_URL, "a", NULL, "is %s", "healthy");
        finding_add(f, FINDING_PROBLEM, CHECK_POLKIT, "b", "authorize it", "is \"refused\"");
        finding_add(f, FINDING_UNKNOWN, CHECK_SYSTEMD, NULL, NULL, "no bus");
        finding_add(f, FINDING_WARNING, CHECK_UNIT, "a", NULL, "is disabled");
        finding_add_kafka(f, FINDING_PROBLEM, CHECK_KAFKA, "a", NULL, "no broker answers");
}

static void every_check_and_severity_has_a_word_of_its_own(_unused_ void **state) {
        const char *const *names = finding_checks();

        for (size_t i = 0; i < _CHECK_MAX; i++) {
                assert_non_null(names[i]);
                assert_string_equal(names[i], check_to_string((enum check) i));
                assert_int_equal(strspn(names[i], "abcdefghijklmnopqrstuvwxyz-"), strlen(names[i]));
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(names[i], names[k]);
        }
        assert_null(names[_CHECK_MAX]);
        assert_string_equal(severity_to_string(FINDING_GOOD), "ok");
        assert_string_equal(severity_to_string(FINDING_PROBLEM), "problem");
}

static void json_has_every_finding_in_order(_unused_ void **state) {
        static const char expected[] =
                "[{\"severity\":\"ok\",\"check\":\"url\",\"worker\":\"a\",\"kafka\":null,\"text\":\"is "
                "healthy\",\"remedy\":null},"
                "{\"severity\":\"problem\",\"check\":\"polkit\",\"worker\":\"b\",\"kafka\":null,\"text\":"
                "\"is "
                "\\\"refused\\\"\","
                "\"remedy\":\"authorize it\"},"
                "{\"severity\":\"unknown\",\"check\":\"systemd\",\"worker\":null,\"kafka\":null,\"text\":"
                "\"no "
                "bus\",\"remedy\":null},"
                "{\"severity\":\"warning\",\"check\":\"unit\",\"worker\":\"a\",\"kafka\":null,\"text\":\"is "
                "disabled\","
                "\"remedy\":null},"
                "{\"severity\":\"problem\",\"check\":\"kafka\",\"worker\":null,\"kafka\":\"a\",\"text\":"
                "\"no broker answers\",\"remedy\":null}]";
        _cleanup_(findings_done) struct findings f = {}, none = {};
        _cleanup_(json_object_unrefp) json_object *json = NULL, *empty = NULL;

        fill(&f);
        assert_false(f.out_of_memory);
        json = findings_to_json(&f);
        assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), expected);
        empty = findings_to_json(&none);
        assert_string_equal(json_object_to_json_string_ext(empty, JSON_C_TO_STRING_PLAIN), "[]");
}

static void expect_printed(const struct findings *f,
                           const char *worker,
                           const char *kafka,
                           bool colors,
                           const char *expected) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        findings_print(out, f, worker, kafka, colors);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, expected);
}

static void a_person_gets_one_line_each(_unused_ void **state) {
        _cleanup_(findings_done) struct findings f = {};

        fill(&f);
        expect_printed(&f, "a", NULL, false,
                       "  ✓ ok       url: is healthy\n"
                       "  ! warning  unit: is disabled\n");
        expect_printed(&f, "b", NULL, false,
                       "  ✗ problem  polkit: is \"refused\"\n"
                       "             → authorize it\n");
        expect_printed(&f, NULL, NULL, true, "  \033[36m? unknown\033[0m  systemd: no bus\n");
        expect_printed(&f, "c", NULL, true, "");
        expect_printed(&f, NULL, "a", false, "  ✗ problem  kafka: no broker answers\n");
}

static void they_are_counted(_unused_ void **state) {
        _cleanup_(findings_done) struct findings f = {};

        assert_int_equal(findings_count(&f, FINDING_PROBLEM), 0);
        fill(&f);
        fill(&f);
        for (int s = 0; s < _SEVERITY_MAX; s++)
                assert_int_equal(findings_count(&f, (enum severity) s), s == FINDING_PROBLEM ? 4 : 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_check_and_severity_has_a_word_of_its_own),
                cmocka_unit_test(json_has_every_finding_in_order),
                cmocka_unit_test(a_person_gets_one_line_each),
                cmocka_unit_test(they_are_counted),
        };

        return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
