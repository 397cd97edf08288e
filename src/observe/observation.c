/* The words for what a poll found, one row each. Knows no kind of worker and no I/O. */
#include "observe/observation.h"

static const char *const outcome_names[_OUTCOME_MAX] = {
        [OUTCOME_UNKNOWN] = "unknown",   [OUTCOME_OK] = "ok",           [OUTCOME_DEGRADED] = "degraded",
        [OUTCOME_STARTING] = "starting", [OUTCOME_FAILING] = "failing",
};

static const struct reason_row {
        const char *name;
        const char *text;
        const char *remedy;
} reasons[_REASON_MAX] = {
        [REASON_NONE] = { "none", "was not polled yet", "" },
        [REASON_HEALTHY] = { "healthy", "is healthy", "" },

        [REASON_CONNECTORS_FAILED] = { "connectors-failed", "has connectors or tasks that failed",
                                       "Mend what their traces name (entries connector-failed); with "
                                       "connector_restart = yes and worker_id the agent restarts them." },
        [REASON_CONNECTOR_STUCK] = { "connector-stuck", "has a sink connector that runs and does not get on",
                                     "Look into the worker's log for the record or the system at the other "
                                     "end that it waits for." },
        [REASON_CONNECTOR_UNREADABLE] = { "connector-unreadable",
                                          "runs no connector and cannot tell about any",
                                          "See whether it is still a member of its group, and whether Kafka "
                                          "is "
                                          "reachable." },

        [REASON_AGENT_STALE] = { "agent-stale", "serves, but an agent of it is no longer seen",
                                 "Look at what the agent consumes from; agent_stale says how long is too "
                                 "long." },
        [REASON_DEGRADED] = { "degraded", "lives, but says that part of it does not work",
                              "See what it names, and look into its own log." },

        [REASON_STARTING_UP] = { "starting-up", "says that it is still starting up", "" },
        [REASON_NOT_LISTENING_YET] = { "not-listening-yet", "does not listen yet", "" },
        [REASON_NOT_READY_YET] = { "not-ready-yet", "listens, but its REST resources are not there yet",
                                   "" },
        [REASON_HERDER_NOT_READY_YET] = { "herder-not-ready-yet", "answers, but its herder does not yet",
                                          "" },

        [REASON_UNHEALTHY] = { "unhealthy", "says that it is unhealthy",
                               "See which stage it names; when it names a flush or the group, look at Kafka "
                               "first." },
        [REASON_SHUTTING_DOWN] = { "shutting-down", "says that it is shutting down", "" },
        [REASON_SERVER_ERROR] = { "server-error", "answered with a server error",
                                  "Look into the worker's own log; a proxy in front of it may also answer "
                                  "so." },
        [REASON_UNEXPECTED] = { "unexpected", "answers, but not with what is expected of it",
                                "See expect_status and expect_body, and the service's own log." },
        [REASON_HERDER_STUCK] = { "herder-stuck", "answers, but its herder thread does not",
                                  "Look for a connector that blocks the herder thread, and whether Kafka is "
                                  "reachable." },

        [REASON_TIMEOUT] = { "timeout", "did not answer within the timeout",
                             "Look at the worker's threads, memory and garbage collection." },
        [REASON_REFUSED] = { "refused", "refused the connection",
                             "See whether the worker still runs, and listens where url says." },
        [REASON_RESET] = { "reset", "closed the connection without a whole answer",
                           "Look into the worker's own log, and at what stands between it and us." },

        [REASON_UNIT_FAILED] = { "unit-failed", "is down: its unit failed",
                                 "Look into the unit's journal for how it ended." },
        [REASON_STARTUP_TIMEOUT] = { "startup-timeout", "is still starting after startup_timeout",
                                     "See what it waits for; raise startup_timeout if it needs that long." },

        [REASON_UNAUTHORIZED] = { "unauthorized", "wants credentials (401)",
                                  "Set username and password_file, or bearer_token_file, and see that they "
                                  "are right." },
        [REASON_FORBIDDEN] = { "forbidden", "forbids us to ask (403)",
                               "Allow this user GET requests, or give credentials that are allowed to." },
        [REASON_REDIRECT] = { "redirect", "redirects us elsewhere, which is not followed",
                              "Set url to the worker's own address and scheme." },
        [REASON_RATE_LIMITED] = { "rate-limited", "says that we ask too often (429)",
                                  "Set url to the worker itself, past what stands before it, or raise "
                                  "interval." },
        [REASON_CLIENT_ERROR] = { "client-error", "did not accept our request (4xx)",
                                  "See that url and kind are right." },
        [REASON_NOT_FOUND] = { "not-found", "answers, but not as Kafka Connect (404)",
                               "See that url, with its port and path, is still that of the worker's REST "
                               "listener." },
        [REASON_NAME_NOT_RESOLVED] = { "name-not-resolved",
                                       "cannot be asked: its host name does not resolve",
                                       "See that the name in url is right and that this host's DNS works." },
        [REASON_UNREACHABLE] = { "unreachable", "cannot be reached from here",
                                 "See that the network and the firewall let this host reach the address in "
                                 "url; or, of a socket, that user connect-watchdog may connect to it." },
        [REASON_TLS_UNTRUSTED] = { "tls-untrusted", "shows a TLS certificate that we do not trust",
                                   "Set ca_file to the CA that signed it, and url to a name that stands in "
                                   "it." },
        [REASON_TLS_EXPIRED] = { "tls-expired", "shows a TLS certificate that has expired",
                                 "Renew the worker's certificate, or set this host's clock." },
        [REASON_TLS_CLIENT] = { "tls-client",
                                "could not be asked: our TLS client certificate was refused or cannot be "
                                "used",
                                "See that cert_file and key_file are right, readable and accepted by the "
                                "worker." },
        [REASON_NOT_CONNECT] = { "not-connect", "answers, but not as Kafka Connect",
                                 "See that url is the worker's REST listener and that kind is right." },
        [REASON_NOT_UNDERSTOOD] = { "not-understood", "gives an answer that its kind does not know",
                                    "See that url and kind are right." },
        [REASON_NOT_HTTP] = { "not-http", "answers, but not in HTTP",
                              "See that the scheme (http or https) and the port in url are right." },
        [REASON_TOO_LARGE] = { "too-large", "sent more than max_response",
                               "See that url is the worker's; raise max_response if the answer is right." },
        [REASON_CREDENTIAL] = { "credential", "could not be asked: a credential cannot be read",
                                "See that the file exists and that user connect-watchdog may read it." },
        [REASON_NO_RESOURCES] = { "no-resources",
                                  "could not be asked: this agent lacks descriptors or memory",
                                  "Raise LimitNOFILE= or MemoryMax= of connect-watchdog.service." },
};

static const struct reason_row *reason_row(enum reason r) {
        return (unsigned) r < _REASON_MAX && reasons[r].name ? &reasons[r] : &reasons[REASON_NONE];
}

const char *outcome_to_string(enum outcome o) {
        return (unsigned) o < _OUTCOME_MAX ? outcome_names[o] : outcome_names[OUTCOME_UNKNOWN];
}

const char *reason_to_string(enum reason r) {
        return reason_row(r)->name;
}

const char *reason_text(enum reason r) {
        return reason_row(r)->text;
}

const char *reason_remedy(enum reason r) {
        return reason_row(r)->remedy;
}

static const struct reason_words *own_words(const struct observation *o) {
        for (const struct reason_words *w = o->words; w && w->text; w++)
                if (w->reason == o->reason)
                        return w;
        return NULL;
}

const char *observation_text(const struct observation *o) {
        const struct reason_words *own = own_words(o);

        return own ? own->text : reason_text(o->reason);
}

const char *observation_remedy(const struct observation *o) {
        const struct reason_words *own = own_words(o);

        return own ? own->remedy : reason_remedy(o->reason);
}
