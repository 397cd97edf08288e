/* The options that a JVM was started with, from what /proc tells. Knows no process. */
#include <stdio.h>

#include "ctl/jvm_options.h"
#include "util/text.h"

struct scan {
        bool exits, crashes, runs_command;
        bool has_file; /* options stand in a file that is not looked into */
};

static bool starts_with(const char *s, size_t len, const char *prefix) {
        return len >= strlen(prefix) && memcmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_option(const char *s, size_t len, const char *option) {
        return len == strlen(option) && memcmp(s, option, len) == 0;
}

static void take_option(struct scan *scan, const char *s, size_t len) {
        if (is_option(s, len, "-XX:+ExitOnOutOfMemoryError"))
                scan->exits = true;
        else if (is_option(s, len, "-XX:-ExitOnOutOfMemoryError"))
                scan->exits = false;
        else if (is_option(s, len, "-XX:+CrashOnOutOfMemoryError"))
                scan->crashes = true;
        else if (is_option(s, len, "-XX:-CrashOnOutOfMemoryError"))
                scan->crashes = false;
        else if (starts_with(s, len, "-XX:OnOutOfMemoryError="))
                scan->runs_command = true;
        else if ((s[0] == '@' && len > 1) || starts_with(s, len, "-XX:Flags=") ||
                 starts_with(s, len, "-XX:VMOptionsFile="))
                scan->has_file = true;
}

/* As a JVM splits a variable; quotes only keep blanks together, and none of our options has one in front. */
static void scan_blanks(struct scan *scan, const char *text, size_t len) {
        for (size_t i = 0; i < len;) {
                size_t n = 0;

                while (i + n < len && !strchr(" \t\n\"'", text[i + n]))
                        n++;
                if (n > 0)
                        take_option(scan, text + i, n);
                i += n + 1;
        }
}

static void scan_variable(struct scan *scan, const char *variables, size_t len, const char *name) {
        for (size_t i = 0; variables && i < len;) {
                size_t n = strnlen(variables + i, len - i);

                if (starts_with(variables + i, n, name))
                        scan_blanks(scan, variables + i + strlen(name), n - strlen(name));
                i += n + 1;
        }
}

static void scan_cmdline(struct scan *scan, const char *cmdline, size_t len) {
        for (size_t i = 0; i < len;) {
                size_t n = strnlen(cmdline + i, len - i);

                if (n > 0)
                        take_option(scan, cmdline + i, n);
                i += n + 1;
        }
}

char *cmdline_program(const char *cmdline, size_t len, char *buf, size_t size) {
        size_t n = strnlen(cmdline, len);
        const char *slash = memrchr(cmdline, '/', n);
        const char *name = slash ? slash + 1 : cmdline;

        return text_copy_line(buf, size, name, n - (size_t) (name - cmdline));
}

enum oom_behaviour jvm_oom_behaviour(const char *cmdline,
                                     size_t cmdline_len,
                                     const char *variables,
                                     size_t variables_len,
                                     const char **ret_where) {
        struct scan scan = {};

        /* In the order in which they are applied: a later one wins. */
        scan_variable(&scan, variables, variables_len, "JAVA_TOOL_OPTIONS=");
        scan_variable(&scan, variables, variables_len, "JDK_JAVA_OPTIONS=");
        scan_cmdline(&scan, cmdline, cmdline_len);
        scan_variable(&scan, variables, variables_len, "_JAVA_OPTIONS=");
        if (scan.exits || scan.crashes || scan.runs_command)
                return OOM_ENDS;
        if (scan.has_file) {
                *ret_where = "in a file of options";
                return OOM_HIDDEN;
        }
        if (!variables) {
                *ret_where = "in its environment, which only root can read";
                return OOM_HIDDEN;
        }
        return OOM_LIVES_ON;
}
