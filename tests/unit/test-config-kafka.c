/* [kafka NAME] and what workers require of it: what is read, and every error and warning. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config-fixture.h"

#define K "[kafka k]\nbootstrap = b:9092\n"
#define SCRAM                                                                                               \
        "property = security.protocol=SASL_SSL\nproperty = sasl.mechanism=SCRAM-SHA-512\n"                  \
        "username = u\npassword_file = /p\n"

static void every_key_can_be_set(void **state) {
        const struct kafka_settings *k;
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f, "[kafka l]\nbootstrap = l\n"
                              "[kafka k]\nbootstrap = a:1, [::1]\nbootstrap = c\n"
                              "property = security.protocol = sasl_ssl\n"
                              "property = sasl.mechanisms=PLAIN\n"
                              "property = ssl.cipher.suites=A B\n"
                              "username = u:v w\npassword_file = /p\nca_file = /ca\ncert_file = /c\n"
                              "key_file = /k\nkey_password_file = /kp\ngroup = my group\n"
                              "topics = a,b c\ninterval = 20s\ntimeout = 5s\n"
                              "deep = yes\ndeep_topic = health\ndeep_interval = 1min\n");
        assert_int_equal(f.r, 0);
        assert_null(f.errors.warnings);
        assert_int_equal(f.settings->n_kafkas, 2);
        assert_string_equal(f.settings->kafkas[0]->name, "l");
        k = settings_find_kafka(f.settings, "k");
        assert_ptr_equal(k, f.settings->kafkas[1]);
        assert_int_equal(k->source_line, 3);
        assert_non_null(strstr(k->source_file, "/main.conf"));
        assert_int_equal(strv_length(k->bootstrap), 3);
        assert_string_equal(k->bootstrap[0], "a:1");
        assert_string_equal(k->bootstrap[1], "[::1]:9092");
        assert_string_equal(k->bootstrap[2], "c:9092");
        assert_int_equal(strv_length(k->properties), 3);
        assert_string_equal(k->properties[0], "security.protocol=sasl_ssl");
        assert_string_equal(k->properties[2], "ssl.cipher.suites=A B");
        assert_string_equal(k->username, "u:v w");
        assert_string_equal(k->password_file, "/p");
        assert_string_equal(k->ca_file, "/ca");
        assert_string_equal(k->cert_file, "/c");
        assert_string_equal(k->key_file, "/k");
        assert_string_equal(k->key_password_file, "/kp");
        assert_string_equal(k->group, "my group");
        assert_int_equal(strv_length(k->topics), 3);
        assert_true(k->interval_usec == 20 * USEC_PER_SEC);
        assert_true(k->timeout_usec == 5 * USEC_PER_SEC);
        assert_true(k->deep);
        assert_string_equal(k->deep_topic, "health");
        assert_true(k->deep_interval_usec == USEC_PER_MINUTE);

        /* The last section's defaults are not those of the one before. */
        k = f.settings->kafkas[0];
        assert_null(k->properties);
        assert_string_equal(k->group, "connect-watchdog");
        assert_true(k->timeout_usec == 10 * USEC_PER_SEC);
        assert_false(k->deep);
        fixture_done(&f);
}

static void a_credential_is_found(void **state) {
        char expected[200];
        struct fixture f;

        (void) state;
        fixture_init(&f);
        f.with_credentials = true;
        fixture_write(&f, "credentials/connect-watchdog.credentials_pw", "x");
        fixture_load_text(&f, K "property = security.protocol=SASL_SSL\nproperty = sasl.mechanism=PLAIN\n"
                                "username = u\npassword_file = pw\nca_file = missing\n");
        assert_int_equal(f.r, 0);
        (void) snprintf(expected, sizeof(expected), "%s/connect-watchdog.credentials_pw", f.credentials);
        assert_string_equal(f.settings->kafkas[0]->password_file, expected);
        assert_int_equal(strv_length(f.errors.warnings), 1);
        assert_non_null(
                strstr(f.errors.warnings[0],
                       "main.conf:7: ca_file = \"missing\" of kafka k names a credential that is not "
                       "in "));
        fixture_done(&f);
}

static const struct config_row value_rows[] = {
        { "[kafka k]\n",
          "main.conf:1: kafka k has no bootstrap; write bootstrap = HOST:PORT of one of its brokers or more",
          NULL },
        { "[kafka k]\nsecurity.protocol = SSL\nboostrap = h\nunit = x.service\n",
          "main.conf:1: kafka k has no bootstrap; write bootstrap = HOST:PORT of one of its brokers or "
          "more\n"
          "main.conf:2: security.protocol is no key of [kafka NAME]; write librdkafka's own as property = "
          "security.protocol=VALUE\n"
          "main.conf:3: boostrap is no key of [kafka NAME]; did you mean bootstrap?\n"
          "main.conf:4: unit is no key of [kafka NAME]; it belongs into [worker NAME] or [defaults]",
          NULL },
        { "[kafka k]\nbootstrap = a:0\n",
          "main.conf:2: bootstrap = \"a:0\" has no valid port; write one of 1 to 65535", NULL },
        { "[kafka k]\nbootstrap = SASL_SSL://a:1\n",
          "main.conf:2: bootstrap = \"SASL_SSL://a:1\" holds a protocol; write HOST:PORT alone, and the "
          "protocol as property = security.protocol=NAME",
          NULL },
        { "[kafka k]\nbootstrap = ::1:9092\n",
          "main.conf:2: bootstrap = \"::1:9092\" has more than one colon; an IPv6 address goes into "
          "brackets: [::1]:9092",
          NULL },
        { "[kafka k]\nbootstrap = [::x]:9092\n",
          "main.conf:2: bootstrap = \"[::x]:9092\" has no IPv6 address in its brackets; write for example "
          "[::1]:9092",
          NULL },
        { "[kafka k]\nbootstrap = a/b\n",
          "main.conf:2: bootstrap = \"a/b\" has no valid host name; write HOST:PORT with letters, digits, "
          "dots and hyphens",
          NULL },
        { K "topics = a b/c\n",
          "main.conf:3: topics = \"b/c\" is no topic's name; write at most 249 letters, digits, dots, "
          "hyphens and underscores",
          NULL },
        { K "deep_topic = ..\n",
          "main.conf:3: deep_topic = \"..\" is no topic's name; write at most 249 letters, digits, dots, "
          "hyphens and underscores",
          NULL },
        { K "timeout = 1ms\n", "main.conf:3: timeout = \"1ms\" is out of range; write 1s to 10min", NULL },
};

static void values_that_cannot_be_are_refused(void **state) {
        (void) state;
        fixture_check_rows(value_rows, ELEMENTSOF(value_rows));
}

static const struct config_row property_rows[] = {
        { K "property = sasl.password=hunter2\n",
          "main.conf:3: property sasl.password would stand here for all to read; write it into a file, and "
          "name that in password_file",
          NULL },
        { K "property = SASL.Password = hunter2\n",
          "main.conf:3: property SASL.Password would stand here for all to read; write it into a file, and "
          "name that in password_file",
          NULL },
        { K "property = ssl.key.password=x\nproperty = ssl.key.pem=x\n",
          "main.conf:3: property ssl.key.password would stand here for all to read; write it into a file, "
          "and name that in key_password_file\n"
          "main.conf:4: property ssl.key.pem would stand here for all to read; write it into a file, and "
          "name that in key_file",
          NULL },
        { K "property = sasl.oauthbearer.client.secret=x\n",
          "main.conf:3: property sasl.oauthbearer.client.secret would stand here for all to read, and there "
          "is no key for it; authenticate in another way: with username and password_file, or with "
          "cert_file and key_file",
          NULL },
        { K "property = ssl.keystore.location=/x\n",
          "main.conf:3: property ssl.keystore.location is not used here; write the same as PEM into "
          "cert_file and key_file",
          NULL },
        { K "property = bootstrap.servers=a:1\nproperty = group.id=g\n",
          "main.conf:3: property bootstrap.servers has a key of its own; write bootstrap = HOST:PORT\n"
          "main.conf:4: property group.id has a key of its own; write group = NAME",
          NULL },
        { K "property = enable.auto.commit=true\n",
          "main.conf:3: property enable.auto.commit is the agent's to set; remove the line", NULL },
        { K "property = test.mock.num.brokers=1\n",
          "main.conf:3: property test.mock.num.brokers would have a cluster played that is not there; "
          "remove "
          "the line, and name the real one in bootstrap = HOST:PORT",
          NULL },
        { K "property = plugin.library.paths=/x.so\n",
          "main.conf:3: property plugin.library.paths would run foreign code inside the agent; remove the "
          "line",
          NULL },
        { K "property = hunter2\n", "main.conf:3: property has no \"=\" in it; write property = NAME=VALUE",
          NULL },
        { K "property = =x\n",
          "main.conf:3: property has no name before its \"=\"; write property = NAME=VALUE", NULL },
        { K "property = client.id=a\nproperty = debug=all\nproperty = client.id = b\n",
          "main.conf:5: property client.id of kafka k is set already in line 3; remove one of the two",
          NULL },
};

static void properties_that_are_not_the_operators_are_refused(void **state) {
        (void) state;
        fixture_check_rows(property_rows, ELEMENTSOF(property_rows));
}

static const struct config_row access_rows[] = {
        { K SCRAM, "", NULL },
        { K "property = security.protocol=SSL\nca_file = /a\ncert_file = /c\nkey_file = /k\n"
            "key_password_file = /p\n",
          "", NULL },
        { K "property = security.protocol=SASL_SSL\nproperty = sasl.kerberos.keytab=/k\n", "", NULL },
        { K "username = u\npassword_file = /p\n",
          "main.conf:3: kafka k has username, but its security.protocol (PLAINTEXT) is without SASL; write "
          "property = security.protocol=SASL_SSL, or remove the line",
          NULL },
        { K "property = security.protocol=SASL_SSL\nusername = u\npassword_file = /p\n",
          "main.conf:4: kafka k has username, but its sasl.mechanism (GSSAPI where none is named) takes no "
          "password; write property = sasl.mechanism=SCRAM-SHA-512, or SCRAM-SHA-256, or PLAIN",
          NULL },
        { K "property = security.protocol=SASL_SSL\nproperty = sasl.mechanism=PLAIN\n",
          "main.conf:3: kafka k has sasl.mechanism=PLAIN but no username; write username = NAME and "
          "password_file = FILE",
          NULL },
        { K "property = security.protocol=SASL_PLAINTEXT\nproperty = sasl.mechanism=PLAIN\nusername = u\n"
            "password_file = /p\n",
          "",
          "main.conf:3: kafka k sends its password readably, as SASL_PLAINTEXT with PLAIN does; better "
          "write "
          "property = security.protocol=SASL_SSL" },
        { K SCRAM "cert_file = /c\n",
          "main.conf:7: kafka k has cert_file but no key_file; set both, or none", NULL },
        { K "property = security.protocol=SSL\nkey_password_file = /p\n",
          "main.conf:4: kafka k has key_password_file but no key_file; set both, or none", NULL },
        { K "property = security.protocol=SASL_SSL\nproperty = sasl.mechanism=PLAIN\nusername = u\n",
          "main.conf:5: kafka k has username but no password_file; set both, or none", NULL },
        { K "ca_file = /ca\n",
          "main.conf:3: kafka k has ca_file, but its security.protocol (PLAINTEXT) is without TLS; write "
          "property = security.protocol=SSL, or remove the line",
          NULL },
        { K "property = security.protocol=ssl\nproperty = enable.ssl.certificate.verification=False\n", "",
          "main.conf:3: kafka k has enable.ssl.certificate.verification=False: anybody on the way can "
          "answer "
          "in its place; better write ca_file = the authority that signed the brokers' certificates" },
        { K "property = security.protocol=ssl\nproperty = ssl.endpoint.identification.algorithm=none\n", "",
          "main.conf:3: kafka k has ssl.endpoint.identification.algorithm=none: anybody on the way can "
          "answer in its place; better write ca_file = the authority that signed the brokers' "
          "certificates" },
};

static void access_that_does_not_fit_together_is_told(void **state) {
        (void) state;
        fixture_check_rows(access_rows, ELEMENTSOF(access_rows));
}

#define INTERNAL(topic)                                                                                     \
        {                                                                                                   \
                K "deep_topic = " topic "\n",                                                               \
                        "main.conf:3: kafka k has a deep_topic (" topic                                     \
                        ") that looks like one of Connect's or Kafka's own, "                               \
                        "and would write messages of its own into it; make a topic for that alone",         \
                        NULL                                                                                \
        }

static const struct config_row deep_rows[] = {
        { K "deep = yes\n",
          "main.conf:3: kafka k has deep = yes but no deep_topic; write deep_topic = a topic that is there "
          "for "
          "that alone",
          NULL },
        { K "topics = a b\ndeep_topic = b\n",
          "main.conf:4: kafka k has its deep_topic b among its topics, and would write messages of its own "
          "into it; make a topic for that alone",
          NULL },
        INTERNAL("connect-configs"),
        INTERNAL("my-Connect-cluster-offsets"),
        INTERNAL("docker_connect_status"),
        INTERNAL("__consumer_offsets"),
        { K "deep = yes\ndeep_topic = connect-watchdog-health\n", "", NULL },
};

static void the_deep_topic_is_the_operators_own(void **state) {
        (void) state;
        fixture_check_rows(deep_rows, ELEMENTSOF(deep_rows));
}

#define R "[worker a]\nunit = a.service\naction = restart\n"
#define UNPROTECTED                                                                                         \
        " action = restart but no requires: nothing would keep an outage of Kafka from being answered "     \
        "with "                                                                                             \
        "restarts, which make it worse; better write a [kafka NAME] section, and requires = NAME"

static const struct config_row requires_rows[] = {
        { "[worker a]\nrequires = main\n[defaults]\nrequires = mia, other\n[kafka mian]\nbootstrap = h\n",
          "main.conf:2: requires = \"main\" names no section; did you mean mian?\n"
          "main.conf:4: requires = \"mia\" names no section; did you mean mian?\n"
          "main.conf:4: requires = \"other\" names no section; write [kafka other] with bootstrap = "
          "HOST:PORT; or one of: mian",
          NULL },
        { "[worker a]\nrequires = main\n",
          "main.conf:2: requires = \"main\" names no section; write [kafka main] with bootstrap = HOST:PORT",
          NULL },
        { "[worker a]\nrequires = a/b\n",
          "main.conf:2: requires = \"a/b\" cannot be a section's name; write NAME as it stands in [kafka "
          "NAME]",
          NULL },
        { R, "", "main.conf:3: worker a has" UNPROTECTED },
        { R "requires = k\n" K, "", NULL },
        { R "requires =\n[defaults]\nrequires = k\n" K, "", "main.conf:3: worker a has" UNPROTECTED },
        { "[defaults]\naction = restart\n[worker a]\nunit = a.service\n[worker b]\nunit = b.service\n"
          "url = http://b:1\n[worker c]\nunit = c.service\nurl = http://c:1\n[worker d]\nunit = d.service\n"
          "url = http://d:1\n[worker e]\nunit = e.service\nurl = http://e:1\naction = alert\n",
          "", "main.conf:2: workers a, b, c and 1 more have" UNPROTECTED },
        { R "requires = k\nsustain = 19s\n" K, "",
          "main.conf:5: worker a has a sustain (19s) shorter than interval and timeout of kafka k together "
          "(20s), so that it may be restarted before an outage of Kafka is found; better make it at least "
          "as "
          "long" },
        { "[worker a]\nrequires = k\nsustain = 19s\n" K, "", NULL },
};

static void what_is_required_is_there(void **state) {
        (void) state;
        fixture_check_rows(requires_rows, ELEMENTSOF(requires_rows));
}

static const struct config_row lag_rows[] = {
        { "[worker a]\nrequires = k\nlag = yes\nlag_stuck = 1min\n" K, "", NULL },
        { "[worker a]\nlag = yes\n",
          "main.conf:2: worker a has lag = yes but no requires; write requires = the [kafka NAME] where its "
          "connectors' groups are",
          NULL },
        { "[worker a]\nrequires = k\nlag = yes\nconnectors = no\n" K,
          "main.conf:3: worker a has lag = yes, but connectors = no, so it sees none; remove one of the two",
          NULL },
        { "[worker a]\nrequires = k\nlag_stuck = 5min\n" K,
          "main.conf:3: worker a has lag_stuck, but lag = no, so it is never looked at; write lag = yes, or "
          "remove the line",
          NULL },
        { "[worker a]\nrequires = k\nlag = yes\nlag_stuck = 30s\n" K,
          "main.conf:4: worker a has a lag_stuck (30s) shorter than its lag_interval (1min); make it at "
          "least as long, or write 0 for never",
          NULL },
};

static void what_a_cluster_is_for_shows_in_who_requires_it(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f,
                          "[kafka a]\nbootstrap = h\n[kafka b]\nbootstrap = h\n[kafka c]\nbootstrap = h\n"
                          "[worker w]\nurl = http://h:1\nrequires = a\n"
                          "[worker x]\nurl = http://h:2\nkind = backbeat\nrequires = a b\n");
        assert_int_equal(f.r, 0);
        assert_false(settings_find_kafka(f.settings, "a")->any_cleanup_policy);
        assert_true(settings_find_kafka(f.settings, "b")->any_cleanup_policy);
        assert_false(settings_find_kafka(f.settings, "c")->any_cleanup_policy);
        fixture_done(&f);
}

static void lag_needs_what_it_is_read_from(void **state) {
        (void) state;
        fixture_check_rows(lag_rows, ELEMENTSOF(lag_rows));
}

/* ---- librdkafka's own verdict ---- */

static unsigned n_asked;

static int verdict(const char *name, const char *value, char *problem, size_t size) {
        n_asked++;
        if (!name || !streq(name, "no.such.property"))
                return 0;
        (void) snprintf(problem, size, "No such configuration property\n\"%s\" (%s)", name, value);
        return -EINVAL;
}

static int no_module(const char *name, const char *value, char *problem, size_t size) {
        (void) name;
        (void) value;
        n_asked++;
        (void) snprintf(problem, size, "no module here; install the package");
        return -ENOENT;
}

static const struct config_row verdict_rows[] = {
        { K "property = client.id=x\n", "", NULL },
        { K "property = client.id=x\nproperty = no.such.property = y z\n",
          "main.conf:4: property no.such.property: No such configuration property \"no.such.property\" (y "
          "z); its CONFIGURATION.md has what it takes",
          NULL },
};

static const struct config_row no_module_rows[] = {
        { "[agent]\n[kafka l]\nbootstrap = l\nproperty = client.id=x\n" K, "",
          "main.conf:2: nothing can be told of kafka l, and what requires it is not restarted: no module "
          "here; install the package" },
};

static void librdkafka_has_its_say_where_there_is_a_section(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        f.check_property = verdict;
        n_asked = 0;
        fixture_load_text(&f, "[worker a]\n");
        assert_int_equal(n_asked, 0);
        fixture_check_rows_as(&f, verdict_rows, ELEMENTSOF(verdict_rows));
        assert_int_equal(n_asked, 2 + 3);

        /* Once, however many sections there are, and watching goes on. */
        f.check_property = no_module;
        n_asked = 0;
        fixture_check_rows_as(&f, no_module_rows, ELEMENTSOF(no_module_rows));
        assert_int_equal(n_asked, 1);
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_can_be_set),
                cmocka_unit_test(a_credential_is_found),
                cmocka_unit_test(values_that_cannot_be_are_refused),
                cmocka_unit_test(properties_that_are_not_the_operators_are_refused),
                cmocka_unit_test(access_that_does_not_fit_together_is_told),
                cmocka_unit_test(the_deep_topic_is_the_operators_own),
                cmocka_unit_test(what_is_required_is_there),
                cmocka_unit_test(what_a_cluster_is_for_shows_in_who_requires_it),
                cmocka_unit_test(lag_needs_what_it_is_read_from),
                cmocka_unit_test(librdkafka_has_its_say_where_there_is_a_section),
        };

        return cmocka_run_group_tests_name("config-kafka", tests, NULL, NULL);
}
