/* authorize: which units the agent may restart, told to polkit. */
#include <errno.h>

#include "config/values.h"
#include "ctl/authorize.h"
#include "ctl/unit_policy.h"
#include "util/text.h"

#define ME "connect-watchdogctl authorize: "

struct rules {
        struct rule_file file;
        char **units; /* ours, sorted */
        char **shipped;
};

static void request_done(struct authorize_request *q) {
        for (size_t i = 0; i < q->n; i++)
                free(q->units[i].warning);
        free(q->units);
        free(q->warning);
}

static void rules_done(struct rules *rules) {
        rule_file_done(&rules->file);
        strv_free(rules->units);
        strv_free(rules->shipped);
}

static int read_rules(struct rules *rules) {
        int r;

        r = rule_file_read_shipped(&rules->file, &rules->shipped);
        if (r >= 0 && rules->file.problem[0])
                fprintf(stderr, "warning: %s\n", rules->file.problem);
        return r < 0 ? r : rule_file_read(&rules->file, &rules->units);
}

static int failed(const struct rules *rules, int r) {
        fprintf(stderr, ME "%s\n", r == -ENOMEM ? "out of memory" : rules->file.problem);
        return CTL_FAILED;
}

/* ---- one unit ---- */

static int by_name(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int give(struct rules *rules, struct asked_unit *u, bool *changed) {
        int r;

        if (strv_contains(rules->shipped, u->unit))
                u->outcome = UNIT_SHIPPED;
        else if (strv_contains(rules->units, u->unit))
                u->outcome = UNIT_UNCHANGED;
        else {
                r = strv_extend(&rules->units, u->unit);
                if (r < 0)
                        return r;
                qsort(rules->units, strv_length(rules->units), sizeof(char *), by_name);
                u->outcome = UNIT_AUTHORIZED;
                *changed = true;
        }
        return 0;
}

static size_t position(char *const *units, const char *unit) {
        size_t i = 0;

        while (units && units[i] && !streq(units[i], unit))
                i++;
        return i;
}

static void take_back(struct rules *rules, struct asked_unit *u, bool *changed) {
        size_t n = strv_length(rules->units), i = position(rules->units, u->unit);

        u->outcome = UNIT_ABSENT;
        if (i == n) {
                /* Written while systemd could not be asked, or no alias at that time. */
                i = position(rules->units, u->asked);
                if (i == n)
                        return;
                memcpy(u->unit, u->asked, sizeof(u->unit));
        }
        free(rules->units[i]);
        memmove(rules->units + i, rules->units + i + 1, (n - i) * sizeof(char *));
        u->outcome = UNIT_REVOKED;
        *changed = true;
}

/* ---- all of them ---- */

static int request_units(struct authorize_request *q, int argc, char *argv[]) {
        q->units = calloc((size_t) argc, sizeof(*q->units));
        if (!q->units)
                return -ENOMEM;
        for (; q->n < (size_t) argc; q->n++) {
                struct asked_unit *u = &q->units[q->n];

                u->name = argv[q->n];
                text_copy_line(u->asked, sizeof(u->asked), u->name, strlen(u->name));
                memcpy(u->unit, u->asked, sizeof(u->unit));
        }
        return 0;
}

void authorize_refuse(struct authorize_request *q, struct asked_unit *u, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        text_appendv(u->problem, sizeof(u->problem), format, ap);
        va_end(ap);
        u->outcome = UNIT_REFUSED;
        q->refused = true;
}

/* Nobody is authorized unless everybody is. What should not have been can be taken back. */
static void judge(struct authorize_request *q, bool revoke) {
        for (size_t i = 0; i < q->n; i++) {
                const char *name = q->units[i].name;
                const char *problem = revoke ? value_unit_problem(name) : unit_policy_problem(name);

                if (problem)
                        authorize_refuse(q, &q->units[i], "%s", problem);
        }
}

/* What the shipped rule gives, no file of ours can take. */
static void judge_revocation(struct authorize_request *q, const struct rules *rules) {
        for (size_t i = 0; i < q->n; i++)
                if (strv_contains(rules->shipped, q->units[i].unit))
                        authorize_refuse(
                                q, &q->units[i],
                                "is allowed by the shipped rule, which this cannot take back; a rule of "
                                "your own in /etc/polkit-1/rules.d/49-local.rules can say NO before it");
}

static int apply(struct authorize_request *q, struct rules *rules, bool revoke) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < q->n; i++) {
                if (revoke)
                        take_back(rules, &q->units[i], &q->changed);
                else
                        r = give(rules, &q->units[i], &q->changed);
        }
        if (r >= 0 && q->changed)
                r = rule_file_write(&rules->file, rules->units);
        return r;
}

/* ---- the verb ---- */

static int change(const struct ctl_options *options, struct authorize_request *q) {
        _cleanup_(rules_done) struct rules rules = { .file.dir_fd = -1 };
        int r;

        judge(q, options->revoke);
        if (!q->refused && !options->root) {
                r = authorize_look_at_host(q, !options->revoke);
                if (r < 0)
                        return failed(&rules, r);
        }
        if (!q->refused) {
                r = rule_file_open(options->root, true, &rules.file);
                if (r >= 0)
                        r = read_rules(&rules);
                if (r < 0)
                        return failed(&rules, r);
                if (options->revoke)
                        judge_revocation(q, &rules);
        }
        if (!q->refused) {
                r = apply(q, &rules, options->revoke);
                if (r < 0)
                        return failed(&rules, r);
        }
        authorize_tell(options, q, &rules.file);
        return q->refused ? CTL_FAILED : CTL_OK;
}

static int list(const struct ctl_options *options) {
        _cleanup_(rules_done) struct rules rules = { .file.dir_fd = -1 };
        int r;

        r = rule_file_open(options->root, false, &rules.file);
        if (r >= 0)
                r = read_rules(&rules);
        if (r < 0)
                return failed(&rules, r);
        authorize_tell_list(options, &rules.file, rules.shipped, rules.units);
        return CTL_OK;
}

static int usage(const char *problem) {
        fprintf(stderr,
                ME "%s; write one of:\n"
                   "    connect-watchdogctl authorize UNIT…\n"
                   "    connect-watchdogctl authorize --revoke UNIT…\n"
                   "    connect-watchdogctl authorize --list\n",
                problem);
        return CTL_USAGE;
}

int verb_authorize(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(request_done) struct authorize_request q = {};

        if (options->list && (options->revoke || argc > 1))
                return usage("--list stands alone");
        if (options->list)
                return list(options);
        if (argc < 2)
                return usage("no unit is named");
        if (!options->root && geteuid() != 0) {
                fputs(ME "only root may change what polkit allows; run this as root\n", stderr);
                return CTL_FAILED;
        }
        if (request_units(&q, argc - 1, argv + 1) < 0) {
                fputs(ME "out of memory\n", stderr);
                return CTL_FAILED;
        }
        return change(options, &q);
}
