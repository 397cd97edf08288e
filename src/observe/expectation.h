/* What an operator expects of an answer: its status, and what stands in its body. Pure. */
#pragma once

#include "util/macro.h"

/* NULL for a status or a range of them ("200", "200-299"); else what is wrong with it and what would be
 * right, to follow it. */
const char *status_range_problem(const char *text) _pure_;
/* Whether one of the ranges, all of them sound, has it. ranges may be NULL. */
bool status_is_listed(char *const *ranges, unsigned status) _pure_;

/* The first status that both have, or 0. *ret_all: whether b has all that a has. */
unsigned status_first_in_both(char *const *a, char *const *b, bool *ret_all);

/* Whether a body is as expected: "/pointer = value" (RFC 6901) asks for that value of a JSON text, any other
 * text has to stand in it as it is. */
bool body_matches(const char *expected, const char *body, size_t len);
/* As status_range_problem(). */
const char *body_expectation_problem(const char *text) _pure_;
