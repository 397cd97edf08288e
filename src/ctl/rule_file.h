/* The generated polkit rule on disk: read, and replaced as a whole by one at a time. Knows no bus. */
#pragma once

#include "util/macro.h"

/* Where polkitd looks, whatever the prefix. */
#define RULE_DIRECTORY "/etc/polkit-1/rules.d"
#define RULE_FILE "51-connect-watchdog-units.rules"
#define SHIPPED_RULE_FILE "/usr/share/polkit-1/rules.d/50-connect-watchdog.rules"

#define RULE_PROBLEM_SIZE 512

struct rule_file {
        int dir_fd;
        char *path; /* of the rule */
        char *shipped_path;
        char problem[RULE_PROBLEM_SIZE]; /* after an error: a sentence with what to do */
};

/* Those of the system below root (NULL: this one). exclusive: waits until nobody else is changing it, but
 * not for ever. Returns 0 or a negative errno with problem, also where there is no such directory. */
int rule_file_open(const char *root, bool exclusive, struct rule_file *ret);
void rule_file_done(struct rule_file *f);

/* The units that it allows; none where there is no such file. Returns 0 or a negative errno with problem:
 * -EBADMSG for one that is not ours. */
int rule_file_read(struct rule_file *f, char ***ret_units);
/* The units that the shipped rule allows; none where that is missing or not as it was shipped: then problem
 * says so, and is "" else. Returns 0 or -ENOMEM. */
int rule_file_read_shipped(struct rule_file *f, char ***ret_units);
/* Replaces it; without units removes it. Opened exclusively only. Returns 0 or a negative errno with
 * problem.
 */
int rule_file_write(struct rule_file *f, char *const *units);
