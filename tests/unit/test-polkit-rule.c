/* polkit_rule.c: units to the text of a rule and back, and what is refused; unit_policy.c: which units
 * nobody may authorize. That polkitd understands the text is for tests/system/test_authorize.py. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ctl/polkit_rule.h"
#include "ctl/unit_policy.h"
#include "util/text.h"

#define UNITS(...) ((char *[]) { __VA_ARGS__, NULL })

static void format(char *const *units, char **ret) {
        assert_int_equal(polkit_rule_format(units, ret), 0);
        assert_non_null(*ret);
}

/* What the parser says of the text; NULL: it takes it. */
static const char *problem_of(const char *text, size_t len) {
        _cleanup_strv_ char **units = NULL;
        const char *problem = NULL;
        int r;

        r = polkit_rule_parse(text, len, &units, &problem);
        if (r >= 0)
                return NULL;
        assert_int_equal(r, -EBADMSG);
        assert_null(units);
        assert_non_null(problem);
        return problem;
}

static void test_units_come_back(void **state) {
        char long_name[257] = "";

        (void) state;
        memset(long_name, 'a', 255 - strlen(".service"));
        strcat(long_name, ".service");

        char **sets[] = {
                UNITS("a.service"),
                UNITS("kafka-connect@8083.service", "kafka-connect@8084.service"),
                UNITS("x-y_z:1.2.service", "dev-disk\\x2d1.service", "A@b\\x5d.service"),
                UNITS(long_name, "b.service"),
        };

        for (size_t i = 0; i < ELEMENTSOF(sets); i++) {
                _cleanup_free_ char *text = NULL;
                _cleanup_strv_ char **units = NULL;
                const char *problem;

                format(sets[i], &text);
                assert_int_equal(polkit_rule_parse(text, strlen(text), &units, &problem), 0);
                assert_true(strv_equal(units, sets[i]));
        }
}

static size_t count(const char *text, const char *what) {
        size_t n = 0;

        for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
                n++;
        return n;
}

static void test_the_rule_is_the_shipped_one_with_other_units(void **state) {
        _cleanup_free_ char *text = NULL;
        const char *code, *shipped;

        (void) state;
        format(UNITS("a.service", "b\\x2d.service"), &text);
        code = strstr(text, "polkit.addRule(");
        assert_non_null(code);
        shipped = strstr(polkit_shipped_rule, "polkit.addRule(");
        assert_non_null(shipped);
        /* Up to the units, and after them. */
        assert_memory_equal(code, shipped, (size_t) (strstr(shipped, "var units = [") - shipped));
        assert_string_equal(strstr(code, "var verbs"), strstr(shipped, "var verbs"));

        assert_non_null(strstr(code, "\n        \"a.service\",\n        \"b\\\\x2d.service\"\n    ];\n"));
        assert_int_equal(count(text, "kafka-connect.service"), 0);
        /* polkit 122 reads ECMAScript 5; a comment that ends early would run as code. */
        assert_int_equal(count(text, "/*"), count(text, "*/"));
        assert_null(strstr(code, "\"start\""));
        for (const char *p = text; *p; p++)
                assert_true((unsigned char) *p < 0x80);
}

static void test_the_shipped_units(void **state) {
        _cleanup_strv_ char **units = NULL;

        (void) state;
        assert_int_equal(polkit_shipped_units(&units), 0);
        assert_true(strv_equal(units, UNITS("kafka-connect.service", "confluent-kafka-connect.service")));
}

static void test_no_text_for_what_is_no_unit(void **state) {
        static const char *const names[] = { "",
                                             "a",
                                             "a.timer",
                                             "a@.service",
                                             "connect-watchdog.service",
                                             "a\".service",
                                             "a b.service",
                                             "\xc3\xa4.service",
                                             "a\"];return polkit.Result.YES;//.service",
                                             "../a.service" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char *text = NULL;

                assert_int_equal(polkit_rule_format(UNITS("good.service", (char *) names[i]), &text),
                                 -EINVAL);
                assert_null(text);
        }
}

static void test_any_changed_byte_is_seen(void **state) {
        _cleanup_free_ char *text = NULL;
        size_t len;

        (void) state;
        format(UNITS("a.service", "b@1.service"), &text);
        len = strlen(text);
        for (size_t i = 0; i < len; i++) {
                char was = text[i];

                for (int bit = 0; bit < 8; bit++) {
                        text[i] = (char) (was ^ (1 << bit));
                        assert_non_null(problem_of(text, len));
                }
                text[i] = was;
                /* Cut there; what follows is the NUL of a string. */
                text[i] = '\0';
                assert_non_null(problem_of(text, i));
                assert_non_null(problem_of(text, len));
                text[i] = was;
        }
        assert_null(problem_of(text, len));
}

static void expect_problem(const char *text, const char *problem) {
        const char *said = problem_of(text, strlen(text));

        assert_non_null(said);
        assert_string_equal(said, problem);
}

static void test_what_is_not_ours_is_told_from_what_was_edited(void **state) {
        _cleanup_free_ char *text = NULL, *longer = NULL;

        (void) state;
        format(UNITS("a.service"), &text);
        expect_problem("", "it was not written by connect-watchdogctl");
        expect_problem(polkit_shipped_rule, "it was not written by connect-watchdogctl");
        assert_true(asprintf(&longer, "%s\n", text) > 0);
        expect_problem(longer, "it was edited after connect-watchdogctl wrote it");
        *strstr(text, "try-restart") = 'T';
        expect_problem(text, "it was edited after connect-watchdogctl wrote it");
}

/* A text whose checksum is right, as another version may have written it. */
static void expect_of_rule(const char *rule, const char *problem) {
        uint64_t checksum = 0xcbf29ce484222325;
        _cleanup_free_ char *text = NULL;

        for (const char *p = rule; *p; p++)
                checksum = (checksum ^ (unsigned char) *p) * 0x100000001b3;
        assert_true(asprintf(&text, "/* Generated by connect-watchdogctl, checksum %016jx: do not edit.\n%s",
                             (uintmax_t) checksum, rule) > 0);
        if (problem)
                expect_problem(text, problem);
        else
                assert_null(problem_of(text, strlen(text)));
}

static void test_another_version_is_understood_by_its_list(void **state) {
        static const char *const unreadable[] = {
                "*/",
                "*/\n    var units = [",
                "*/\n    var units = [1];\n",
                "*/\n    var units = [\"a.timer\"];\n",
                "*/\n    var units = [\"a.service\", \"a.service\"];\n",
                "*/\n    var units = [\"a.service\\u0000\"];\n",
                "*/\n    var units = [[\"a.service\"]];\n",
                "*/\n    var units = [\"a.service\" + x];\n",
                "*/\n    var units = [\"a.service\"];\n    var units = [\"b.service\"];\n",
        };

        (void) state;
        expect_of_rule(
                "*/ other(); code();\n    var units = [\"a.service\",\n\n\"b.service\" ];\nand(more);",
                NULL);
        for (size_t i = 0; i < ELEMENTSOF(unreadable); i++)
                expect_of_rule(unreadable[i], "its list of units cannot be read");
}

static void test_what_nobody_may_authorize(void **state) {
        static const struct {
                const char *unit, *problem; /* NULL: may be */
        } units[] = {
                { "kafka-connect.service", NULL },
                { "kafka-connect@8083.service", NULL },
                { "kafka.service", NULL },
                { "zookeeper.service", NULL },
                { "my-systemd-thing.service", NULL },
                { "connect-watchdog.service", "is the watchdog itself" },
                { "dbus.service", "system bus" },
                { "dbus-broker.service", "system bus" },
                { "dbus-org.freedesktop.login1.service", "under its name on the bus" },
                { "polkit.service", "asked for leave" },
                { "systemd-poweroff.service", "part of systemd" },
                { "systemd-journald.service", "part of systemd" },
                { "systemd-fsck@dev-sda\\x2d1.service", "part of systemd" },
                { "user@0.service", "all that one user runs" },
                { "user-runtime-dir@0.service", "all that one user runs" },
                { "NetworkManager.service", "network" },
                { "debug-shell.service", "root shell" },
                { "emergency.service", "ends everything" },
                { "rescue.service", "ends everything" },
                { "initrd-switch-root.service", "boot" },
                { "kafka-connect", "is no service" },
                { "kafka-connect@.service", "is a template" },
                { "kafka-connect.timer", "not the name of a service" },
                { "", "is no service" },
                { "a\nb.service", "not the name of a service" },
                { "$(reboot).service", "not the name of a service" },
                { "*.service", "not the name of a service" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                const char *problem = unit_policy_problem(units[i].unit);

                if (!problem != !units[i].problem || (problem && !strstr(problem, units[i].problem)))
                        fail_msg("%s: %s", units[i].unit, problem ? problem : "may be authorized");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_units_come_back),
                cmocka_unit_test(test_the_rule_is_the_shipped_one_with_other_units),
                cmocka_unit_test(test_the_shipped_units),
                cmocka_unit_test(test_no_text_for_what_is_no_unit),
                cmocka_unit_test(test_any_changed_byte_is_seen),
                cmocka_unit_test(test_what_is_not_ours_is_told_from_what_was_edited),
                cmocka_unit_test(test_another_version_is_understood_by_its_list),
                cmocka_unit_test(test_what_nobody_may_authorize),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
