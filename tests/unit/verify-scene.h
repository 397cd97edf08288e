/* What the tests of verify-config's findings share: a worker and a unit as they should be, and what is said
 * of them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ctl/unit_checks.h"

#define UNIT "kafka-connect.service"

/* /proc/PID/status of one that catches SIGQUIT. */
#define CATCHES "Name:\tjava\nSigCgt:\t2000000181005ccd\n"

/* A literal, with the NULs in it. */
#define PROC(literal) ((struct proc_text) { .data = (char *) (literal), .len = sizeof(literal) })

struct worker_settings worker(void);
/* As it should be in every respect. */
struct unit_facts unit(void);

/* "problem polkit: text → remedy", a line each; frees f. */
void expect(struct findings *f, const char *expected);
