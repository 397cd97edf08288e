/* kafka-connect-healthcheck 0.3.0's flags and environment (its parser.py), as the keys of a file. What a
 * value may be, the keys say; here is only how it is written there. */
#include "config/compat.h"

#include <stdio.h>
#include <strings.h>

#include "config/scratch.h"
#include "util/listen_address.h"
#include "util/text.h"

#define WORKER_NAME "kafka-connect"
#define VALUE_SIZE 256

const struct compat_flag_info compat_flag_infos[_COMPAT_FLAG_MAX] = {
        [COMPAT_PORT] = { "--port", "HEALTHCHECK_PORT", "18083", NULL },
        [COMPAT_CONNECT_URL] = { "--connect-url", "HEALTHCHECK_CONNECT_URL", "http://localhost:8083",
                                 "url" },
        [COMPAT_CONNECT_WORKER_ID] = { "--connect-worker-id", "HEALTHCHECK_CONNECT_WORKER_ID", NULL,
                                       "worker_id" },
        [COMPAT_UNHEALTHY_STATES] = { "--unhealthy-states", "HEALTHCHECK_UNHEALTHY_STATES", "FAILED",
                                      "unhealthy_states" },
        [COMPAT_CONSIDERED_CONTAINERS] = { "--considered-containers", "HEALTHCHECK_CONSIDERED_CONTAINERS",
                                           "CONNECTOR,TASK", "considered" },
        [COMPAT_FAILURE_THRESHOLD_PERCENTAGE] = { "--failure-threshold-percentage",
                                                  "HEALTHCHECK_FAILURE_THRESHOLD_PERCENTAGE", "0",
                                                  "failure_threshold" },
        [COMPAT_BASIC_AUTH] = { "--basic-auth", "HEALTHCHECK_BASIC_AUTH", NULL, NULL },
        [COMPAT_LOG_LEVEL] = { "--log-level", "HEALTHCHECK_LOG_LEVEL", "INFO", NULL },
};

/* The peer asks for each request; we ask ahead. peer.c serves no look that began longer ago than two
 * intervals and a timeout: 10 s. A look that takes all of its timeout is in time, and one that is lost is
 * not missed. */
static const struct {
        const char *key, *value;
} pace[] = {
        { "interval", "3s" },
        { "connectors_interval", "3s" },
        { "connectors_timeout", "4s" },
        { "successes", "1" },
};

struct reading {
        const struct compat_options *options;
        struct scratch *scratch;
        struct place at;
};

/* The value, and its place; NULL: there is none. One that is empty is as good as not given: variables in the
 * files of containers often are. */
static const char *take(struct reading *r, enum compat_flag f) {
        const struct compat_flag_info *info = &compat_flag_infos[f];
        const char *flag = r->options->flags[f], *variable = r->options->variables[f];

        r->at.file = !flag && variable ? info->variable : info->flag;
        r->at.order = f;
        if (flag)
                variable = flag;
        return isempty(variable) ? info->fallback : variable;
}

static void set(const struct reading *r, const char *key, const char *value) {
        scratch_key(r->scratch, &r->at, key, value);
}

static void read_port(struct reading *r) {
        const char *port = take(r, COMPAT_PORT), *why;
        char address[VALUE_SIZE];
        struct listen_address at;

        (void) snprintf(address, sizeof(address), "0.0.0.0:%s", port);
        if (listen_address_parse(address, &at, &why) < 0)
                problem_error(&r->scratch->problems, &r->at,
                              "\"%s\" is no port; write one of 1 to 65535, like 18083", port);
        else
                set(r, "listen", address);
}

/* Python's names of levels. */
static void read_log_level(struct reading *r) {
        static const struct {
                const char *theirs, *ours;
        } levels[] = {
                { "CRITICAL", "crit" }, { "FATAL", "crit" }, { "ERROR", "err" },   { "WARNING", "warning" },
                { "WARN", "warning" },  { "INFO", "info" },  { "DEBUG", "debug" }, { "NOTSET", "debug" },
        };
        const char *level = take(r, COMPAT_LOG_LEVEL);

        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                if (strcasecmp(level, levels[i].theirs) == 0) {
                        set(r, "log_level", levels[i].ours);
                        return;
                }
        problem_error(&r->scratch->problems, &r->at,
                      "\"%s\" is no level; write CRITICAL, ERROR, WARNING, INFO or DEBUG", level);
}

/* "USER:PASSWORD"; the password may hold a colon, too. */
static void read_basic_auth(struct reading *r) {
        const char *text = take(r, COMPAT_BASIC_AUTH), *colon = text ? strchr(text, ':') : NULL;
        char user[VALUE_SIZE];

        if (!text)
                return;
        if (!colon || colon == text || (size_t) (colon - text) >= sizeof(user)) {
                problem_error(&r->scratch->problems, &r->at, "is no user and password; write USER:PASSWORD");
                return;
        }
        memcpy(user, text, (size_t) (colon - text));
        user[colon - text] = '\0';
        set(r, "username", user);
        scratch_password(r->scratch, colon + 1);
}

/* Not shown: it may hold a password. */
static bool has_user(const char *url) {
        const char *authority = strstr(url, "://");

        authority = authority ? authority + 3 : url;
        return memchr(authority, '@', strcspn(authority, "/?#"));
}

static void read_worker_key(struct reading *r, enum compat_flag f) {
        const char *value = take(r, f);

        if (!value)
                return;
        if (f == COMPAT_CONNECT_URL && has_user(value))
                problem_error(
                        &r->scratch->problems, &r->at,
                        "has a user in it; write http://HOST:PORT, and give --basic-auth USER:PASSWORD");
        else
                set(r, compat_flag_infos[f].key, value);
}

void compat_read(const struct compat_options *o, struct scratch *s) {
        struct reading r = { .options = o, .scratch = s, .at.file = "--healthcheck-compat" };
        const struct place begin = r.at;

        scratch_section(s, &begin, "agent");
        read_log_level(&r);

        scratch_section(s, &begin, "http");
        read_port(&r);
        set(&r, "expose_traces", "yes");

        scratch_section(s, &begin, "worker " WORKER_NAME);
        for (enum compat_flag f = 0; f < _COMPAT_FLAG_MAX; f++)
                if (compat_flag_infos[f].key)
                        read_worker_key(&r, f);
        read_basic_auth(&r);
        r.at = begin;
        for (size_t i = 0; i < ELEMENTSOF(pace); i++)
                set(&r, pace[i].key, pace[i].value);
}
