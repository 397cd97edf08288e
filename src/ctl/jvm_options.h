/* The options that a JVM was started with. Pure. */
#pragma once

#include "util/macro.h"

enum oom_behaviour {
        OOM_ENDS,     /* it ends when it runs out of memory */
        OOM_LIVES_ON, /* it does not */
        OOM_HIDDEN,   /* an option may stand where one cannot see it */
};

/* The name of the program that a command line (NUL-separated) starts with, without its directory. Returns
 * buf. */
char *cmdline_program(const char *cmdline, size_t len, char *buf, size_t size);

/* Whether -XX:+ExitOnOutOfMemoryError, +CrashOnOutOfMemoryError or OnOutOfMemoryError= stand on the command
 * line or in a variable that a JVM reads; a later - takes one back. variables (its environment): NULL when
 * it could not be read. *ret_where: for OOM_HIDDEN, where. */
enum oom_behaviour jvm_oom_behaviour(const char *cmdline,
                                     size_t cmdline_len,
                                     const char *variables,
                                     size_t variables_len,
                                     const char **ret_where);
