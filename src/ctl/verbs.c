#include "ctl/verbs.h"

#include "config/config.h"
#include "config/suggest.h"

const struct ctl_option_info ctl_option_infos[_OPTION_MAX] = {
        [OPTION_CONFIG] = { "config", "FILE", "read FILE, and conf.d beside it, not " CONFIG_DEFAULT_FILE },
        [OPTION_FOR] = { "for", "SPAN", "how long the pause lasts, such as 2h" },
        [OPTION_FORCE] = { "force", NULL, "restart it whatever holds stand" },
        [OPTION_JSON] = { "json", NULL, "answer in JSON" },
        [OPTION_KIND] = { "kind", "KIND", "what --once asks is of this kind, not kafka-connect" },
        [OPTION_LIST] = { "list", NULL, "just the names: workers, or units it may restart" },
        [OPTION_NO_PAGER] = { "no-pager", NULL, "no pager, on a terminal neither" },
        [OPTION_ONCE] = { "once", "URL", "ask the worker itself, without an agent" },
        [OPTION_REASON] = { "reason", "TEXT", "why, for those who look at it later" },
        [OPTION_REVOKE] = { "revoke", NULL, "take back what authorize gave" },
        [OPTION_ROOT] = { "root", "DIR", "work on the system below DIR; it need not run" },
        [OPTION_SINCE] = { "since", "WHEN", "nothing that ended before: 7d, today, \"2026-11-20 14:00\"" },
        [OPTION_SOCKET] = { "socket", "PATH", "ask the agent at PATH, not " CTL_SOCKET },
        [OPTION_STATE_DIR] = { "state-dir", "DIR", "read what the agent keeps in DIR" },
        [OPTION_TIMEOUT] = { "timeout", "SPAN", "how long --once waits for an answer (10s)" },
        [OPTION_VERBOSE] = { "verbose", NULL, "say more: first each key that is read" },
        [OPTION_WATCH] = { "watch", NULL, "show it again every 2 s, until ^C" },
        [OPTION_WRITE] = { "write", NULL, "put what was found into conf.d, authorize its unit, and reload" },
        [OPTION_VERSION] = { "version", NULL, "the version" },
        [OPTION_HELP] = { "help", NULL, "this" },
};

/* Of what the agent is told to do. */
#define OPTIONS_OF_ORDERS (OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_SOCKET))

const struct ctl_verb_info ctl_verb_infos[_VERB_MAX] = {
        [VERB_STATUS] = { "status", "[WORKER]", "say how the workers are, or all that is known of one",
                          OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_LIST) | OPTION_BIT(OPTION_NO_PAGER) |
                                  OPTION_BIT(OPTION_SOCKET) | OPTION_BIT(OPTION_WATCH) },
        [VERB_CHECK] = { "check", "[WORKER]", "say it as a plugin of Nagios or Icinga",
                         OPTION_BIT(OPTION_KIND) | OPTION_BIT(OPTION_ONCE) | OPTION_BIT(OPTION_SOCKET) |
                                 OPTION_BIT(OPTION_TIMEOUT) },
        [VERB_PAUSE] = { "pause", "[WORKER]", "restart nothing for some time, and watch on",
                         OPTIONS_OF_ORDERS | OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_REASON) },
        [VERB_RESUME] = { "resume", "[WORKER]", "end a pause before its time", OPTIONS_OF_ORDERS },
        [VERB_RESTART] = { "restart", "WORKER", "restart its unit as the agent would, with evidence",
                           OPTIONS_OF_ORDERS | OPTION_BIT(OPTION_FORCE) },
        [VERB_RESET] = { "reset", "WORKER", "give its budget of restarts back", OPTIONS_OF_ORDERS },
        [VERB_NOTIFY_TEST] = { "notify-test", "NAME", "have a receiver of events told of one, as a test",
                               OPTIONS_OF_ORDERS },
        [VERB_INCIDENTS] = { "incidents", "[WORKER]", "list what happened, the newest first",
                             OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_LIST) |
                                     OPTION_BIT(OPTION_NO_PAGER) | OPTION_BIT(OPTION_SINCE) |
                                     OPTION_BIT(OPTION_STATE_DIR) },
        [VERB_INCIDENT] = { "incident", "[ID]", "tell one incident, the newest without an ID",
                            OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_NO_PAGER) |
                                    OPTION_BIT(OPTION_STATE_DIR) | OPTION_BIT(OPTION_VERBOSE) },
        [VERB_REPORT] = { "report", "[WORKER]", "say how available workers were",
                          OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_NO_PAGER) | OPTION_BIT(OPTION_SINCE) |
                                  OPTION_BIT(OPTION_STATE_DIR) },
        [VERB_DISCOVER] = { "discover", "",
                            "find the Kafka Connect workers of this host, and say their configuration",
                            OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_WRITE) },
        [VERB_VERIFY_CONFIG] = { "verify-config", "",
                                 "say what would be read, and what on this host stands in its way",
                                 OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_JSON) |
                                         OPTION_BIT(OPTION_VERBOSE) },
        [VERB_AUTHORIZE] = { "authorize", "UNIT…", "let the agent restart these units: writes a polkit rule",
                             OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_LIST) | OPTION_BIT(OPTION_REVOKE) |
                                     OPTION_BIT(OPTION_ROOT) },
};

enum ctl_verb ctl_verb_by_name(const char *name) {
        enum ctl_verb v = 0;

        while (v < _VERB_MAX && !streq(ctl_verb_infos[v].name, name))
                v++;
        return v;
}

const char *ctl_verb_nearest(const char *text) {
        const char *names[_VERB_MAX + 1] = {};

        for (enum ctl_verb v = 0; v < _VERB_MAX; v++) {
                names[v] = ctl_verb_infos[v].name;
                if (text[0] && strncmp(names[v], text, strlen(text)) == 0)
                        return names[v];
        }
        return suggest_nearest(text, names);
}

bool ctl_verb_takes(enum ctl_verb verb, enum ctl_option option) {
        return (ctl_verb_infos[verb].options | OPTIONS_OF_ALL) & OPTION_BIT(option);
}
