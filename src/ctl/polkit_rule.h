/* The polkit rule that connect-watchdogctl authorize keeps: from units to its text and back. Pure. */
#pragma once

#include "util/macro.h"

/* The text of the rule that is installed with the program. */
extern const char polkit_shipped_rule[];
/* The units that it allows. Returns 0 or -ENOMEM. */
int polkit_shipped_units(char ***ret);

/* The text of the rule for these units, which must be names of services; in their order. Returns 0, -EINVAL
 * or -ENOMEM. */
int polkit_rule_format(char *const *units, char **ret);

/* The units of such a text, of whatever version. What was not made by polkit_rule_format(), or was changed
 * by a single byte since, is refused. Returns 0; -EBADMSG and in *ret_problem a clause that lives for ever;
 * -ENOMEM.
 */
int polkit_rule_parse(const char *text, size_t len, char ***ret_units, const char **ret_problem);
