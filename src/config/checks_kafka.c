/* What of a [kafka NAME] goes together: told here is what librdkafka would only show by failing, or not at
 * all. */

#include <errno.h>
#include <strings.h>

#include "config/checks.h"
#include "util/text.h"

/* ---- access ---- */

/* What the properties say of TLS and SASL. */
struct protocol {
        const char *name; /* security.protocol */
        bool tls, sasl;
        const char *mechanism; /* NULL: none was named */
        bool by_password;
};

static struct protocol protocol_of(const struct kafka_settings *k) {
        const char *name = kafka_property_value(k->properties, "security.protocol"),
                   *mechanism = kafka_property_value(k->properties, "sasl.mechanism"),
                   *mechanisms = kafka_property_value(k->properties, "sasl.mechanisms");
        struct protocol p = { .name = name ? name : "PLAINTEXT",
                              .mechanism = mechanism ? mechanism : mechanisms };

        p.tls = strcasecmp(p.name, "SSL") == 0 || strcasecmp(p.name, "SASL_SSL") == 0;
        p.sasl = strcasecmp(p.name, "SASL_SSL") == 0 || strcasecmp(p.name, "SASL_PLAINTEXT") == 0;
        p.by_password = p.mechanism && (streq(p.mechanism, "PLAIN") ||
                                        strncmp(p.mechanism, "SCRAM-", strlen("SCRAM-")) == 0);
        return p;
}

static void check_sasl(struct problems *p,
                       const struct checked *c,
                       const struct kafka_settings *k,
                       const struct protocol *with) {
        if (!checked_sound(c, "username", "property"))
                return;
        if (k->username && !with->sasl)
                problem_error(p, checked_at(c, "username"),
                              "kafka %s has username, but its security.protocol (%s) is without SASL; write "
                              "property = security.protocol=SASL_SSL, or remove the line",
                              k->name, with->name);
        else if (k->username && !with->by_password)
                problem_error(p, checked_at(c, "username"),
                              "kafka %s has username, but its sasl.mechanism (%s) takes no password; write "
                              "property = sasl.mechanism=SCRAM-SHA-512, or SCRAM-SHA-256, or PLAIN",
                              k->name, with->mechanism ? with->mechanism : "GSSAPI where none is named");
        else if (!k->username && with->sasl && with->by_password)
                problem_error(p, checked_at(c, "property"),
                              "kafka %s has sasl.mechanism=%s but no username; write username = NAME and "
                              "password_file = FILE",
                              k->name, with->mechanism);
        else if (k->username && !with->tls && streq(with->mechanism, "PLAIN"))
                problem_warning(p, checked_at(c, "property"),
                                "kafka %s sends its password readably, as SASL_PLAINTEXT with PLAIN does; "
                                "better write property = security.protocol=SASL_SSL",
                                k->name);
}

static void check_tls(struct problems *p,
                      const struct checked *c,
                      const struct kafka_settings *k,
                      const struct protocol *with) {
        const struct {
                const char *key, *value;
        } tls_only[] = {
                { "ca_file", k->ca_file },
                { "cert_file", k->cert_file },
                { "key_file", k->key_file },
        };
        const struct {
                const char *property, *unsafe;
        } verifying[] = {
                { "enable.ssl.certificate.verification", "false" },
                { "ssl.endpoint.identification.algorithm", "none" },
        };

        for (size_t i = 0; i < ELEMENTSOF(tls_only) && !with->tls; i++)
                if (tls_only[i].value && checked_sound(c, tls_only[i].key, "property"))
                        problem_error(
                                p, checked_at(c, tls_only[i].key),
                                "kafka %s has %s, but its security.protocol (%s) is without TLS; write "
                                "property = security.protocol=%s, or remove the line",
                                k->name, tls_only[i].key, with->name, with->sasl ? "SASL_SSL" : "SSL");
        for (size_t i = 0; i < ELEMENTSOF(verifying) && with->tls; i++) {
                const char *value = kafka_property_value(k->properties, verifying[i].property);

                if (value && strcasecmp(value, verifying[i].unsafe) == 0)
                        problem_warning(p, checked_at(c, "property"),
                                        "kafka %s has %s=%s: anybody on the way can answer in its place; "
                                        "better write ca_file = the authority that signed the brokers' "
                                        "certificates",
                                        k->name, verifying[i].property, value);
        }
}

static void check_access(struct problems *p, const struct checked *c, const struct kafka_settings *k) {
        const struct protocol with = protocol_of(k);

        check_pair(p, c, "username", k->username, "password_file", k->password_file);
        check_pair(p, c, "password_file", k->password_file, "username", k->username);
        check_pair(p, c, "cert_file", k->cert_file, "key_file", k->key_file);
        check_pair(p, c, "key_file", k->key_file, "cert_file", k->cert_file);
        check_pair(p, c, "key_password_file", k->key_password_file, "key_file", k->key_file);
        check_sasl(p, c, k, &with);
        check_tls(p, c, k, &with);
}

/* ---- properties ---- */

static const struct raw_value *properties_of(const struct raw_section *section) {
        return raw_section_find(section, &config_keys[key_index(SECTION_KAFKA, "property")]);
}

/* The property of one line as it is kept: "NAME=VALUE". NULL when out of memory. */
static char *property_of(struct problems *p, const struct raw_text *from) {
        const struct config_key *key = &config_keys[key_index(SECTION_KAFKA, "property")];
        struct kafka_settings one = {};
        char problem[KEY_PROBLEM_SIZE];
        char *property = NULL;

        if (key_set(key, from->text, &one, problem) >= 0)
                property = strdup(one.properties[0]);
        key_clear(key, &one);
        if (!property)
                p->out_of_memory = true;
        return property;
}

/* librdkafka would silently take the last. */
static void check_twice(struct problems *p, const struct checked *c, const struct kafka_settings *k) {
        const struct raw_value *v = properties_of(c->section);

        for (size_t i = 1; v && i < v->n_texts; i++) {
                _cleanup_free_ char *property = property_of(p, &v->texts[i]);
                size_t len = property ? strcspn(property, "=") + 1 : 0;

                for (size_t j = 0; j < i && property; j++) {
                        _cleanup_free_ char *earlier = property_of(p, &v->texts[j]);

                        if (!earlier || strncmp(earlier, property, len) != 0)
                                continue;
                        problem_error(p, &v->texts[i].at,
                                      "property %.*s of kafka %s is set already in line %u; remove one of "
                                      "the two",
                                      (int) len - 1, property, k->name, v->texts[j].at.line);
                        break;
                }
        }
}

static bool check_property(struct problems *p, const struct raw_text *from, kafka_property_check *check) {
        _cleanup_free_ char *property = property_of(p, from);
        char words[256] = "", shown[256];
        char *equals;
        int r;

        if (!property)
                return false;
        equals = strchr(property, '=');
        *equals = '\0';
        r = check(property, equals + 1, words, sizeof(words));
        text_copy_line(shown, sizeof(shown), words, strlen(words));
        if (r == -EINVAL)
                problem_error(p, &from->at, "property %s: %s; its CONFIGURATION.md has what it takes",
                              property, shown);
        return r == 0 || r == -EINVAL;
}

void check_properties(struct problems *p, const struct scratch *s, kafka_property_check *check) {
        const struct raw_sections *sections = &s->sections[SECTION_KAFKA];
        char words[512] = "";

        if (sections->n == 0 || !check)
                return;
        if (check(NULL, NULL, words, sizeof(words)) < 0) {
                problem_warning(p, &sections->list[0]->at,
                                "nothing can be told of kafka %s, and what requires it is not restarted: %s",
                                sections->list[0]->name, words);
                return;
        }
        for (size_t i = 0; i < sections->n; i++) {
                const struct raw_value *v = properties_of(sections->list[i]);

                for (size_t k = 0; v && k < v->n_texts; k++)
                        if (!check_property(p, &v->texts[k], check))
                                return;
        }
}

/* ---- topics ---- */

/* As Connect's manual, its docker images and Strimzi name theirs; and Kafka's own. */
static bool is_internal(const char *topic) {
        static const char *const ends[] = { "config", "configs", "offset", "offsets", "status", "statuses" };
        size_t len = strlen(topic);

        if (strncmp(topic, "__", 2) == 0)
                return true;
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                size_t n = strlen(ends[i]);

                if (len > n && strcasecmp(topic + len - n, ends[i]) == 0 && strcasestr(topic, "connect"))
                        return true;
        }
        return false;
}

static void check_deep(struct problems *p, const struct checked *c, const struct kafka_settings *k) {
        if (k->deep && !k->deep_topic && checked_sound(c, "deep", "deep_topic"))
                problem_error(
                        p, checked_at(c, "deep"),
                        "kafka %s has deep = yes but no deep_topic; write deep_topic = a topic that is "
                        "there for that alone",
                        k->name);
        if (!k->deep_topic || !checked_sound(c, "deep_topic", "topics"))
                return;
        if (strv_contains(k->topics, k->deep_topic))
                problem_error(p, checked_at(c, "deep_topic"),
                              "kafka %s has its deep_topic %s among its topics, and would write messages of "
                              "its own into it; make a topic for that alone",
                              k->name, k->deep_topic);
        else if (is_internal(k->deep_topic))
                problem_error(
                        p, checked_at(c, "deep_topic"),
                        "kafka %s has a deep_topic (%s) that looks like one of Connect's or Kafka's "
                        "own, and would write messages of its own into it; make a topic for that alone",
                        k->name, k->deep_topic);
}

void check_kafka(struct problems *p, const struct checked *c, const struct kafka_settings *k) {
        if (!k->bootstrap && checked_sound(c, "bootstrap", "bootstrap"))
                problem_error(p, checked_at(c, "bootstrap"),
                              "kafka %s has no bootstrap; write bootstrap = HOST:PORT of one of its brokers "
                              "or more",
                              k->name);
        check_access(p, c, k);
        check_twice(p, c, k);
        check_deep(p, c, k);
}
