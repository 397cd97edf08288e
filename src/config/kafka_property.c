/* librdkafka's properties that are not the operator's to set by property =: what would be a secret in a
 * file that all may read, what has a key of its own, what the agent depends on, and what runs code inside
 * it. Knows no section and no file. */

#include "config/kafka_property.h"

#include <strings.h>

#include "util/text.h"

#define SECRET "would stand here for all to read; write it into a file, and name that in "
#define HAS_KEY "has a key of its own; write "
#define AGENTS "is the agent's to set; remove the line"
#define RUNS_CODE "would run foreign code inside the agent; remove the line"

static const struct rule {
        const char *name, *problem;
} rules[] = {
        { "sasl.password", SECRET "password_file" },
        { "ssl.key.password", SECRET "key_password_file" },
        { "ssl.key.pem", SECRET "key_file" },
        { "ssl.keystore.location", "is not used here; write the same as PEM into cert_file and key_file" },
        { "ssl.keystore.password", "is not used here; write the same as PEM into cert_file and key_file" },

        { "bootstrap.servers", HAS_KEY "bootstrap = HOST:PORT" },
        { "metadata.broker.list", HAS_KEY "bootstrap = HOST:PORT" },
        { "group.id", HAS_KEY "group = NAME" },
        { "sasl.username", HAS_KEY "username = NAME" },
        { "ssl.ca.location", HAS_KEY "ca_file = FILE" },
        { "ssl.ca.pem", HAS_KEY "ca_file = FILE" },
        { "ssl.certificate.location", HAS_KEY "cert_file = FILE" },
        { "ssl.certificate.pem", HAS_KEY "cert_file = FILE" },
        { "ssl.key.location", HAS_KEY "key_file = FILE" },

        /* A watchdog creates no topic, joins no group and moves nobody's offsets. */
        { "allow.auto.create.topics", AGENTS },
        { "enable.auto.commit", AGENTS },
        { "auto.commit.enable", AGENTS },
        { "enable.auto.offset.store", AGENTS },
        { "group.instance.id", AGENTS },
        { "group.protocol", AGENTS },
        { "transactional.id", AGENTS },
        { "acks", AGENTS },
        { "request.required.acks", AGENTS },
        { "enable.partition.eof", AGENTS },
        { "offset.store.method", AGENTS },
        { "offset.store.path", AGENTS },
        { "enabled_events", AGENTS },
        { "log.queue", AGENTS },
        { "statistics.interval.ms", AGENTS },
        /* Whose default action ends the process. */
        { "internal.termination.signal", AGENTS },

        { "plugin.library.paths", RUNS_CODE },
        { "ssl.engine.location", RUNS_CODE },
        { "ssl.engine.id", RUNS_CODE },
        { "ssl.providers", RUNS_CODE },
        { "sasl.kerberos.kinit.cmd", RUNS_CODE ", and write sasl.kerberos.keytab alone" },
};

/* librdkafka's cluster for its own tests: with it a client may never end. */
#define MOCK "test.mock."

static bool contains(const char *text, size_t len, const char *part) {
        size_t n = strlen(part);

        for (size_t i = 0; n <= len && i <= len - n; i++)
                if (strncasecmp(text + i, part, n) == 0)
                        return true;
        return false;
}

const char *kafka_property_problem(const char *text) {
        const char *equals = strchr(text, '=');
        size_t len;

        if (!equals)
                return "has no \"=\" in it; write property = NAME=VALUE";
        for (len = (size_t) (equals - text); len > 0 && strchr(" \t", text[len - 1]); len--)
                ;
        if (len == 0)
                return "has no name before its \"=\"; write property = NAME=VALUE";
        if (strncasecmp(text, MOCK, strlen(MOCK)) == 0)
                return "would have a cluster played that is not there; remove the line, and name the real "
                       "one in bootstrap = HOST:PORT";
        for (size_t i = 0; i < ELEMENTSOF(rules); i++)
                if (strlen(rules[i].name) == len && strncasecmp(rules[i].name, text, len) == 0)
                        return rules[i].problem;
        /* Also those of other versions */
        if (contains(text, len, "password") || contains(text, len, "passphrase") ||
            contains(text, len, "secret") || contains(text, len, ".pem"))
                return "would stand here for all to read, and there is no key for it; authenticate in "
                       "another way: with username and password_file, or with cert_file and key_file";
        return NULL;
}

const char *kafka_property_value(char *const *properties, const char *name) {
        const char *value = NULL;
        size_t len = strlen(name);

        STRV_FOREACH (p, properties)
                if (strncmp(*p, name, len) == 0 && (*p)[len] == '=')
                        value = *p + len + 1;
        return value;
}
