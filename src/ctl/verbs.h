/* The verbs and options of connect-watchdogctl: one table for main.c, --help, the manual and the completion.
 * Pure. */
#pragma once

#include "util/macro.h"

/* The agent's, as systemd makes it. */
#define CTL_SOCKET "/run/connect-watchdog/control"

enum ctl_option {
        OPTION_CONFIG,
        OPTION_FOR,
        OPTION_FORCE,
        OPTION_JSON,
        OPTION_KIND,
        OPTION_LIST,
        OPTION_NO_PAGER,
        OPTION_ONCE,
        OPTION_REASON,
        OPTION_REVOKE,
        OPTION_ROOT,
        OPTION_SINCE,
        OPTION_SOCKET,
        OPTION_STATE_DIR,
        OPTION_TIMEOUT,
        OPTION_VERBOSE,
        OPTION_WATCH,
        OPTION_WRITE,
        OPTION_VERSION,
        OPTION_HELP,
        _OPTION_MAX,
};

#define OPTION_BIT(option) (1U << (option))
/* No verb is needed for these. */
#define OPTIONS_OF_ALL (OPTION_BIT(OPTION_VERSION) | OPTION_BIT(OPTION_HELP))

struct ctl_option_info {
        const char *name;     /* without its hyphens */
        const char *argument; /* NULL: takes none */
        const char *summary;
};

extern const struct ctl_option_info ctl_option_infos[_OPTION_MAX];

enum ctl_verb {
        VERB_STATUS,
        VERB_CHECK,
        VERB_PAUSE,
        VERB_RESUME,
        VERB_RESTART,
        VERB_RESET,
        VERB_NOTIFY_TEST,
        VERB_INCIDENTS,
        VERB_INCIDENT,
        VERB_REPORT,
        VERB_DISCOVER,
        VERB_VERIFY_CONFIG,
        VERB_AUTHORIZE,
        _VERB_MAX,
};

struct ctl_verb_info {
        const char *name, *arguments, *summary;
        unsigned options; /* OPTION_BIT()s: every other one is refused */
};

extern const struct ctl_verb_info ctl_verb_infos[_VERB_MAX];

/* _VERB_MAX: there is none of that name. */
enum ctl_verb ctl_verb_by_name(const char *name) _pure_;
/* The one that begins so or is written nearly so; NULL: none is near enough to be meant. */
const char *ctl_verb_nearest(const char *text) _pure_;
/* Whether the verb takes that option. */
bool ctl_verb_takes(enum ctl_verb verb, enum ctl_option option) _pure_;
