/* What is found of a Kafka Connect worker, and what of it goes into a configuration. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ctl/connect_ini.h"

#define ROOM 512

/* ---- properties ---- */

static void properties_are_read_as_java_does(_unused_ void **state) {
        static const struct {
                const char *text, *key, *value; /* of that key; NULL: there is none */
        } rows[] = {
                { "a=b", "a", "b" },
                { "a = b \n", "a", "b " },
                { "a:b", "a", "b" },
                { "a : b", "a", "b" },
                { "a b", "a", "b" },
                { "a   =   = b", "a", "= b" },
                { "a", "a", "" },
                { "a=", "a", "" },
                { "a=1\r\na=2\r\n", "a", "2" },
                { "# a=b\n! a=c\n", "a", NULL },
                { "  \t# a=b", "a", NULL },
                { "a=b#c", "a", "b#c" },
                { "# a \\\nb=c", "b", "c" },
                { "a=b,\\\n    c,\\\r\n\td", "a", "b,c,d" },
                { "a\\\n b=c", "ab", "c" },
                { "a=b\\\\\nc=d", "a", "b\\" },
                { "a=b\\\\\nc=d", "c", "d" },
                { "a\\=b\\:c\\ d=e", "a=b:c d", "e" },
                { "a=\\t\\n\\r\\f\\q", "a", "\t\n\r\fq" },
                { "a=\\u0041\\u00e4\\u20AC", "a", "A\xC3\xA4\xE2\x82\xAC" },
                { "a=\\ud83d\\ude00!", "a", "\xF0\x9F\x98\x80!" },
                { "a=\\ud83d!", "a", "\xEF\xBF\xBD!" },
                { "a=\\u00", "a", "u00" },
                { "a=\xE4", "a", "\xC3\xA4" },
                { "\n\n\n=b", "", "b" },
                { "a\\", "a\\", "" },
                { "", "a", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct java_properties p;
                const char *value;

                assert_int_equal(java_properties_parse(rows[i].text, strlen(rows[i].text), &p), 0);
                value = java_properties_get(&p, rows[i].key);
                if (!streq_ptr(value, rows[i].value))
                        fail_msg("row %zu: \"%s\" is \"%s\"", i, rows[i].text, strempty(value));
                java_properties_done(&p);
        }
}

static void a_zero_byte_is_no_end(_unused_ void **state) {
        static const char text[] = "a=b\0c\nd=e";
        struct java_properties p;

        assert_int_equal(java_properties_parse(text, sizeof(text) - 1, &p), 0);
        assert_string_equal(java_properties_get(&p, "a"), "b\xEF\xBF\xBD"
                                                          "c");
        assert_string_equal(java_properties_get(&p, "d"), "e");
        java_properties_done(&p);
}

/* ---- processes ---- */

static void command_lines(_unused_ void **state) {
        static const struct {
                const char *cmdline, *properties; /* NULL: no worker */
                enum connect_mode mode;
                bool script;
        } rows[] = {
#define MAIN "org.apache.kafka.connect.cli."
                { "/usr/bin/java|-Xmx1g|-cp|/opt/*|" MAIN "ConnectDistributed|/etc/w.properties",
                  "/etc/w.properties", CONNECT_DISTRIBUTED, false },
                { "java|" MAIN "ConnectStandalone|w.properties|c.properties", "w.properties",
                  CONNECT_STANDALONE, false },
                { "/bin/sh|/opt/kafka/bin/connect-distributed.sh|-daemon|/etc/w.properties",
                  "/etc/w.properties", CONNECT_DISTRIBUTED, true },
                { "bash|/usr/bin/connect-standalone|-name|w1|-loggc|/etc/w.properties|/etc/c.properties",
                  "/etc/w.properties", CONNECT_STANDALONE, true },
                { "java|" MAIN "ConnectDistributed", NULL, 0, false },
                { "java|" MAIN "ConnectDistributed|-name", NULL, 0, false },
                { "java|" MAIN "MirrorMaker|/etc/mm2.properties", NULL, 0, false },
                { "java|kafka.Kafka|/etc/server.properties", NULL, 0, false },
                { "less|/opt/kafka/bin/connect-distributed.sh", NULL, 0, false },
                { "java|my." MAIN "ConnectDistributed|/etc/w.properties", NULL, 0, false },
                { "", NULL, 0, false },
#undef MAIN
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct connect_process found = {};
                char cmdline[ROOM];
                size_t len = strlen(rows[i].cmdline);

                /* "|" stands for the NUL between arguments, as /proc has them. */
                for (size_t k = 0; k <= len; k++)
                        cmdline[k] = rows[i].cmdline[k] == '|' ? '\0' : rows[i].cmdline[k];
                if (connect_process_parse(cmdline, len, &found) != (rows[i].properties != NULL))
                        fail_msg("row %zu: %s", i, rows[i].cmdline);
                if (!rows[i].properties)
                        continue;
                assert_string_equal(found.properties, rows[i].properties);
                assert_int_equal(found.mode, rows[i].mode);
                assert_int_equal(found.script, rows[i].script);
        }
}

/* ---- the configuration ---- */

#define INTERNAL_TOPICS                                                                                     \
        "config.storage.topic=connect-configs\noffset.storage.topic=connect-offsets\n"                      \
        "status.storage.topic=connect-status\n"

/* Owned by the caller. */
static char *ini_of(struct connect_found found, const char *text) {
        struct java_properties p = {};
        char *ini = NULL;

        found.properties_file = "/etc/kafka/w.properties";
        if (text) {
                assert_int_equal(java_properties_parse(text, strlen(text), &p), 0);
                found.properties = &p;
        }
        assert_int_equal(connect_ini_format(&found, &ini), 0);
        java_properties_done(&p);
        return ini;
}

static const struct connect_found in_unit = { .unit = "kafka-connect.service", .kafka_module = true };

static void a_plain_worker_is_complete(_unused_ void **state) {
        _cleanup_free_ char *ini = ini_of(
                in_unit, "bootstrap.servers=PLAINTEXT://k1:9092, k2:9092\ngroup.id=connect\n"
                         "listeners=HTTP://:8084\nrest.advertised.host.name=c1.example\n" INTERNAL_TOPICS);

        assert_string_equal(
                ini, "# Found by connect-watchdogctl discover: kafka-connect.service runs Kafka Connect "
                     "(distributed), as it is set up by\n"
                     "# /etc/kafka/w.properties\n"
                     "\n"
                     "[worker kafka-connect]\n"
                     "url = http://127.0.0.1:8084\n"
                     "unit = kafka-connect.service\n"
                     "# alert: say what would be done, and restart nothing.\n"
                     "action = restart\n"
                     "requires = kafka-connect\n"
                     "# The name that its cluster knows it by.\n"
                     "worker_id = c1.example:8084\n"
                     "\n"
                     "[kafka kafka-connect]\n"
                     "bootstrap = k1:9092 k2:9092\n"
                     "group = connect\n"
                     "topics = connect-configs connect-offsets connect-status\n");
}

/* What is missing is commented out as a whole, so that the rest can be used at once. */
static void a_kafka_that_needs_a_hand_is_a_comment(_unused_ void **state) {
        static const struct {
                const char *properties, *expected;
        } rows[] = {
                { "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
                  "sasl.jaas.config=x required username=\"me\" password=\"s3cret\";\n",
                  "# username = me\n# password_file = kafka-connect-kafka-password\n" },
                { "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
                  "sasl.jaas.config=${file:/etc/s3cret:jaas}\n",
                  "# Its sasl.jaas.config names no user that can be read here.\n" },
                { "security.protocol=SASL_SSL\nsasl.jaas.config=s3cret\n", "# It is let in by GSSAPI: " },
                { "security.protocol=SSL\nssl.truststore.location=/etc/t.jks\n"
                  "ssl.truststore.password=s3cret\n",
                  "#     keytool -list -rfc -keystore /etc/t.jks > " },
                { "security.protocol=SSL\nssl.keystore.location=/etc/k.jks\nssl.key.password=s3cret\n",
                  "# key_file = kafka-connect-kafka-key.pem\n" },
                { "security.protocol=s3cret s3cret\n", "# bootstrap = k:9092\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char text[ROOM] = "bootstrap.servers=k:9092\ngroup.id=c\n" INTERNAL_TOPICS;
                _cleanup_free_ char *ini = NULL;

                strncat(text, rows[i].properties, sizeof(text) - strlen(text) - 1);
                ini = ini_of(in_unit, text);
                if (!strstr(ini, rows[i].expected) || !strstr(ini, "\n# requires = kafka-connect\n") ||
                    !strstr(ini, "\n# [kafka kafka-connect]\n") || !strstr(ini, "\naction = restart\n"))
                        fail_msg("row %zu: %s", i, ini);
                if (strstr(ini, "s3cret") && !strstr(ini, "security.protocol (s3cret s3cret)"))
                        fail_msg("row %zu copies a secret: %s", i, ini);
        }
}

static void tls_that_needs_no_hand(_unused_ void **state) {
        _cleanup_free_ char *ini =
                ini_of(in_unit, "bootstrap.servers=k:9093\ngroup.id=c\nsecurity.protocol=SSL\n"
                                "ssl.truststore.type=PEM\nssl.truststore.location=/etc/kafka/ca.pem\n"
                                "ssl.endpoint.identification.algorithm=\n" INTERNAL_TOPICS);

        assert_non_null(strstr(ini, "\nrequires = kafka-connect\n"));
        assert_non_null(strstr(ini, "\nproperty = security.protocol=SSL\n"
                                    "property = ssl.endpoint.identification.algorithm=none\n"));
        assert_non_null(strstr(ini, "\nca_file = /etc/kafka/ca.pem\n"));
}

static void listeners_become_urls(_unused_ void **state) {
        static const struct {
                const char *properties, *expected;
        } rows[] = {
                { "", "\nurl = http://127.0.0.1:8083\n" },
                { "rest.port=9000\n", "\nurl = http://127.0.0.1:9000\n" },
                { "listeners=http://0.0.0.0:1\n", "\nurl = http://127.0.0.1:1\n" },
                { "listeners=http://[::]:1\n", "\nurl = http://127.0.0.1:1\n" },
                { "listeners=http://[::1]:1\n", "\nurl = http://[::1]:1\n" },
                { "listeners=http://192.0.2.1:1\n", "\nurl = http://192.0.2.1:1\n" },
                { "listeners=https://:2,http://:1\n", "\nurl = http://127.0.0.1:1\n" },
                { "listeners=https://:2\nrest.advertised.host.name=c1\n",
                  "\nurl = https://c1:2\n# The authority" },
                { "listeners=https://:2\n", "\nurl = https://127.0.0.1:2\n" },
                { "listeners=https://:2\nlisteners.https.ssl.client.auth=required\n",
                  "\n# cert_file = connect-cert.pem\n" },
                { "listeners=${env:LISTENERS}\n", "# Its listeners (${env:LISTENERS}) were not understood" },
                { "listeners=http://:123456789\n", "were not understood" },
                { "rest.extension.classes=org.apache.kafka.connect.rest.basic.auth.extension."
                  "BasicAuthSecurityRestExtension\n",
                  "\n# password_file = connect-password\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *ini = ini_of(in_unit, rows[i].properties);

                if (!strstr(ini, rows[i].expected))
                        fail_msg("row %zu: %s", i, ini);
        }
}

static void what_is_not_known_is_said(_unused_ void **state) {
        struct connect_found found = { .unit = "c.service", .unreadable = "Permission denied" };
        _cleanup_free_ char *unread = ini_of(found, NULL), *lonely = NULL, *no_module = NULL,
                            *standalone = NULL;

        assert_non_null(strstr(unread, "could not be read (Permission denied): these are the defaults."));
        assert_null(strstr(unread, "[kafka"));
        assert_null(strstr(unread, "requires"));

        found = (struct connect_found) { .kafka_module = true };
        lonely = ini_of(found, "group.id=my group\nbootstrap.servers=k\n");
        assert_non_null(strstr(lonely, "[worker my-group]"));
        assert_null(strstr(lonely, "unit ="));
        assert_null(strstr(lonely, "action ="));

        found = (struct connect_found) { .unit = "c.service" };
        no_module = ini_of(found, "group.id=c\nbootstrap.servers=k\n" INTERNAL_TOPICS);
        assert_non_null(strstr(no_module, "# connect-watchdog-kafka; install it, "));
        assert_non_null(strstr(no_module, "\n# requires = c\n"));
        assert_non_null(strstr(no_module, "\n# bootstrap = k:9092\n"));

        found = (struct connect_found) { .unit = "c.service",
                                         .mode = CONNECT_STANDALONE,
                                         .kafka_module = true };
        standalone = ini_of(found, "bootstrap.servers=k\n");
        assert_non_null(strstr(standalone, "# It is standalone: "));
        assert_non_null(strstr(standalone, "\nrequires = c\n"));
        assert_null(strstr(standalone, "topics"));
}

static void names_fit_into_a_section(_unused_ void **state) {
        static const struct {
                const char *unit, *expected;
        } rows[] = {
                { "kafka-connect.service", "kafka-connect" },
                { "kafka-connect@1.service", "kafka-connect-1" },
                { "a\\x2db.service", "a-x2db" },
                { "0123456789012345678901234567890123456789012345678901234567890123456789.service",
                  "012345678901234567890123456789012345678901234567890123456789012" },
        };
        char buf[CONNECT_NAME_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct connect_found found = { .unit = rows[i].unit };

                assert_string_equal(connect_name(&found, buf), rows[i].expected);
        }
        assert_string_equal(connect_name(&(struct connect_found) {}, buf), "connect");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(properties_are_read_as_java_does),
                cmocka_unit_test(a_zero_byte_is_no_end),
                cmocka_unit_test(command_lines),
                cmocka_unit_test(a_plain_worker_is_complete),
                cmocka_unit_test(a_kafka_that_needs_a_hand_is_a_comment),
                cmocka_unit_test(tls_that_needs_no_hand),
                cmocka_unit_test(listeners_become_urls),
                cmocka_unit_test(what_is_not_known_is_said),
                cmocka_unit_test(names_fit_into_a_section),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
