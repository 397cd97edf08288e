/* What the options of a JVM say of its end when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ctl/jvm_options.h"

/* "|" stands for the NUL between the parts, as /proc has them. */
static size_t to_proc(const char *text, char *buf, size_t size) {
        size_t len = strlen(text);

        assert_true(len + 1 < size);
        for (size_t i = 0; i <= len; i++)
                buf[i] = text[i] == '|' ? '\0' : text[i];
        return len + 1;
}

static enum oom_behaviour behaviour(const char *cmdline, const char *variables, const char **ret_where) {
        char c[512], e[512];
        size_t c_len = to_proc(cmdline, c, sizeof(c)),
               e_len = variables ? to_proc(variables, e, sizeof(e)) : 0;

        return jvm_oom_behaviour(c, c_len, variables ? e : NULL, e_len, ret_where);
}

static void options_are_found_wherever_a_jvm_reads_them(_unused_ void **state) {
        static const struct {
                const char *cmdline, *variables;
                enum oom_behaviour expected;
        } rows[] = {
                { "java|-Xmx1g|org.apache.kafka.connect.cli.ConnectDistributed", "PATH=/bin", OOM_LIVES_ON },
                { "java|-XX:+ExitOnOutOfMemoryError|Main", NULL, OOM_ENDS },
                { "java|-XX:+CrashOnOutOfMemoryError|Main", NULL, OOM_ENDS },
                { "java|-XX:OnOutOfMemoryError=kill -9 %p|Main", NULL, OOM_ENDS },
                { "java|-XX:+ExitOnOutOfMemoryError|-XX:-ExitOnOutOfMemoryError|Main", "", OOM_LIVES_ON },
                { "java|-XX:-CrashOnOutOfMemoryError|-XX:+CrashOnOutOfMemoryError|Main", "", OOM_ENDS },
                { "java|-XX:+ExitOnOutOfMemoryErrors|Main", "", OOM_LIVES_ON },
                { "java|Main", "A=b|JAVA_TOOL_OPTIONS=-Xmx1g -XX:+ExitOnOutOfMemoryError|C=d", OOM_ENDS },
                { "java|Main", "JDK_JAVA_OPTIONS='-XX:+ExitOnOutOfMemoryError'", OOM_ENDS },
                { "java|Main", "_JAVA_OPTIONS=-XX:+CrashOnOutOfMemoryError", OOM_ENDS },
                { "java|Main", "KAFKA_OPTS=-XX:+ExitOnOutOfMemoryError", OOM_LIVES_ON },
                { "java|Main", "MY_JAVA_TOOL_OPTIONS=-XX:+ExitOnOutOfMemoryError", OOM_LIVES_ON },
                /* The command line comes after the one variable and before the other. */
                { "java|-XX:-ExitOnOutOfMemoryError|Main", "JAVA_TOOL_OPTIONS=-XX:+ExitOnOutOfMemoryError",
                  OOM_LIVES_ON },
                { "java|-XX:+ExitOnOutOfMemoryError|Main", "_JAVA_OPTIONS=-XX:-ExitOnOutOfMemoryError",
                  OOM_LIVES_ON },
                { "java", "", OOM_LIVES_ON },
                { "", "", OOM_LIVES_ON },
        };
        const char *where = NULL;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (behaviour(rows[i].cmdline, rows[i].variables, &where) != rows[i].expected)
                        fail_msg("row %zu: %s", i, rows[i].cmdline);
        assert_null(where);
}

static void what_cannot_be_seen_is_said(_unused_ void **state) {
        const char *where = "";

        assert_int_equal(behaviour("java|@/etc/kafka/jvm.options|Main", "", &where), OOM_HIDDEN);
        assert_string_equal(where, "in a file of options");
        assert_int_equal(behaviour("java|-XX:Flags=/etc/flags|Main", "", &where), OOM_HIDDEN);
        assert_int_equal(behaviour("java|-XX:VMOptionsFile=/etc/options|Main", "", &where), OOM_HIDDEN);
        assert_int_equal(behaviour("java|Main", "JDK_JAVA_OPTIONS=@/etc/options", &where), OOM_HIDDEN);
        assert_int_equal(behaviour("java|Main", NULL, &where), OOM_HIDDEN);
        assert_string_equal(where, "in its environment, which only root can read");
        /* A lone sign is no file. */
        assert_int_equal(behaviour("java|@|Main", "", &where), OOM_LIVES_ON);
}

static void the_program_is_named(_unused_ void **state) {
        static const char *const rows[][2] = {
                { "/usr/lib/jvm/java-17/bin/java|-Xmx1g", "java" },
                { "java", "java" },
                { "/bin/bash|/usr/bin/connect-distributed", "bash" },
                { "", "" },
                { "/", "" },
                { "sh\033[2J", "sh [2J" },
        };
        char proc[128], buf[16];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                size_t len = to_proc(rows[i][0], proc, sizeof(proc));

                assert_string_equal(cmdline_program(proc, len, buf, sizeof(buf)), rows[i][1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_are_found_wherever_a_jvm_reads_them),
                cmocka_unit_test(what_cannot_be_seen_is_said),
                cmocka_unit_test(the_program_is_named),
        };

        return cmocka_run_group_tests_name("jvm-options", tests, NULL, NULL);
}
