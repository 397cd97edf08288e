/* A command and its arguments out of one line, as systemd.service(5) has it in Exec…=, but without variables
 * and specifiers. Pure. */
#pragma once

#include "util/macro.h"

/* Blanks separate; quotes of both kinds hold together; \\ \" \' \s (a blank) \n \t stand for characters.
 * Returns 0 and a strv; -EINVAL and in *ret_problem what is wrong and what would be right, to follow the
 * line; -ENOMEM. */
int command_line_split(const char *line, char ***ret, const char **ret_problem);
