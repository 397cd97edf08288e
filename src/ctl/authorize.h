/* What authorize was asked, what came of it, and telling that. */
#pragma once

#include "ctl/ctl.h"
#include "ctl/rule_file.h"
#include "ctl/unit_checks.h"

enum unit_outcome {
        UNIT_UNTOUCHED, /* another one was refused, so nothing is done */
        UNIT_REFUSED,
        UNIT_AUTHORIZED,
        UNIT_UNCHANGED, /* was authorized */
        UNIT_SHIPPED,   /* the shipped rule allows it */
        UNIT_REVOKED,
        UNIT_ABSENT, /* was not authorized */
        _UNIT_OUTCOME_MAX,
};

struct asked_unit {
        const char *name;           /* as it was written */
        char asked[UNIT_NAME_SIZE]; /* the same, safe to show */
        char unit[UNIT_NAME_SIZE];  /* as polkit is told it: of an alias the name that it stands for */
        enum unit_outcome outcome;
        char problem[512]; /* refused: a clause to follow the name; else "" */
        char *warning;     /* a clause to follow the name, or NULL */
};

struct authorize_request {
        struct asked_unit *units;
        size_t n;
        char *warning; /* about none of them alone, or NULL */
        bool refused;  /* one of them is */
        bool changed;
};

void authorize_refuse(struct authorize_request *q, struct asked_unit *u, const char *format, ...)
        _printf_(3, 4);

/* Gives each unit the name that polkit is told. thorough: also refuses what only this host can tell to be
 * dangerous, and says what will not work. Bounded in time; where there is no systemd to be asked, names stay
 * as they are, with a warning. Returns 0 or -ENOMEM. */
int authorize_look_at_host(struct authorize_request *q, bool thorough);

/* Results to stdout, what is wrong to stderr; as JSON all to stdout. */
void authorize_tell(const struct ctl_options *options,
                    const struct authorize_request *q,
                    const struct rule_file *file);
/* The units that are allowed by the shipped rule and by ours. */
void authorize_tell_list(const struct ctl_options *options,
                         const struct rule_file *file,
                         char *const *shipped,
                         char *const *units);
