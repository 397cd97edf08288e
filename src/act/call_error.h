/* What an error of a call to systemd means for us, by its name on the bus. Pure. */
#pragma once

#include "act/systemd.h"

/* Fills result (refused, or lost where the outcome is not known), detail and remedy. verb: as polkit has it
 * ("try-restart"); message may be NULL. */
void call_error_describe(const char *error_name,
                         const char *message,
                         const char *verb,
                         const char *unit,
                         struct unit_call_report *ret);

const char *unit_verb_to_string(enum unit_verb verb) _pure_;
