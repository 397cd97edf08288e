/* Whole configurations: files and drop-ins in order, defaults, credentials. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

#include <cmocka.h>

#include "config-fixture.h"
#include "observe/kind.h"

static void an_empty_file_watches_nothing(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f, "");
        fixture_assert_loads(&f);
        assert_int_equal(f.settings->n_workers, 0);
        assert_false(f.settings->agent.dry_run);
        assert_int_equal(f.settings->agent.log_level, LOG_INFO);
        assert_null(f.settings->agent.hostname);
        assert_null(settings_find_worker(f.settings, "a"));
        fixture_done(&f);
}

static void a_bare_worker_has_the_defaults(void **state) {
        const struct worker_settings *w;
        struct fixture f;
        char path[300];

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f, "# one\n[worker a]\n");
        fixture_assert_loads(&f);
        assert_int_equal(f.settings->n_workers, 1);
        w = fixture_worker(&f, "a");
        fixture_path(&f, "main.conf", path);
        assert_string_equal(w->source_file, path);
        assert_int_equal(w->source_line, 2);
        assert_ptr_equal(w->kind, &kafka_connect_kind);
        assert_string_equal(w->url, kafka_connect_kind.default_url);
        assert_false(w->url_is_local);
        assert_null(w->unit);
        assert_int_equal(w->action, ACTION_ALERT);
        assert_null(w->peers);
        assert_int_equal(w->min_healthy_peers, 0);
        assert_true(w->interval_usec == 10 * USEC_PER_SEC);
        assert_true(w->retry_interval_usec == 5 * USEC_PER_SEC);
        assert_true(w->timeout_usec == 15 * USEC_PER_SEC);
        assert_true(w->max_response_bytes == 16 * 1024 * 1024);
        assert_int_equal(w->failures, 3);
        assert_true(w->sustain_usec == 3 * USEC_PER_MINUTE);
        assert_true(w->sustain_kafka_usec == 10 * USEC_PER_MINUTE);
        assert_int_equal(w->successes, 2);
        assert_true(w->startup_timeout_usec == 30 * USEC_PER_MINUTE);
        assert_int_equal(w->startup_action, ACTION_ALERT);
        assert_true(w->revive);
        assert_int_equal(w->restart_limit, 3);
        assert_true(w->restart_window_usec == USEC_PER_HOUR);
        assert_true(w->backoff_max_usec == USEC_PER_HOUR);
        assert_true(w->exhausted_retry_usec == 6 * USEC_PER_HOUR);
        assert_null(w->requires);
        assert_true(w->dependency_grace_usec == 2 * USEC_PER_MINUTE);
        assert_false(w->lag);
        assert_true(w->lag_interval_usec == USEC_PER_MINUTE);
        assert_true(w->lag_stuck_usec == 0);
        assert_false(w->thread_dump);
        assert_true(w->thread_dump_interval_usec == 5 * USEC_PER_SEC);
        assert_null(w->username);
        assert_null(w->password_file);
        assert_null(w->bearer_token_file);
        assert_null(w->ca_file);
        assert_null(w->cert_file);
        assert_null(w->key_file);
        assert_true(w->verify);
        fixture_done(&f);
}

static void every_key_can_be_set(void **state) {
        const struct worker_settings *w;
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(
                &f,
                "[agent]\ndry_run=yes\nlog_level = debug\nhostname = h.example\n"
                "[worker a]\n"
                "kind = kafka-connect\nurl = https://a:8443/c/\nurl_is_local = yes\nunit = a.service\n"
                "action = restart\nrequires = k l\npeers = https://b:1 https://c:1\nmin_healthy_peers = 2\n"
                "interval = 20s\nretry_interval = 6s\ntimeout = 11s\nmax_response = 1M\n"
                "failures = 4\nsustain = 4min\nsustain_kafka = 11min\nsuccesses = 3\n"
                "startup_timeout = infinity\nstartup_action = restart\nrevive = no\n"
                "restart_limit = 24\nrestart_window = 2h\nbackoff_max = 30min\nexhausted_retry = 2h\n"
                "dependency_grace = 0\nlag = yes\nlag_interval = 2min\nlag_stuck = 10min\n"
                "thread_dump = yes\nthread_dump_interval = 3s\n"
                "username = u\npassword_file = /p\nca_file = /ca\ncert_file = /cert\nkey_file = /key\n"
                "verify = yes\n"
                "[worker b]\nurl = http://b:1\nbearer_token_file = /t\n"
                "[kafka k]\nbootstrap = h\n[kafka l]\nbootstrap = h\n");
        fixture_assert_loads(&f);
        assert_null(f.errors.warnings);
        assert_true(f.settings->agent.dry_run);
        assert_int_equal(f.settings->agent.log_level, LOG_DEBUG);
        assert_string_equal(f.settings->agent.hostname, "h.example");
        w = fixture_worker(&f, "a");
        assert_string_equal(w->url, "https://a:8443/c");
        assert_true(w->url_is_local);
        assert_string_equal(w->unit, "a.service");
        assert_int_equal(w->action, ACTION_RESTART);
        assert_int_equal(strv_length(w->requires), 2);
        assert_string_equal(w->requires[0], "k");
        assert_true(w->dependency_grace_usec == 0);
        assert_true(w->lag);
        assert_true(w->lag_interval_usec == 2 * USEC_PER_MINUTE);
        assert_true(w->lag_stuck_usec == 10 * USEC_PER_MINUTE);
        assert_int_equal(strv_length(w->peers), 2);
        assert_string_equal(w->peers[1], "https://c:1");
        assert_int_equal(w->min_healthy_peers, 2);
        assert_true(w->interval_usec == 20 * USEC_PER_SEC);
        assert_true(w->retry_interval_usec == 6 * USEC_PER_SEC);
        assert_true(w->timeout_usec == 11 * USEC_PER_SEC);
        assert_true(w->max_response_bytes == 1024 * 1024);
        assert_int_equal(w->failures, 4);
        assert_true(w->sustain_usec == 4 * USEC_PER_MINUTE);
        assert_true(w->sustain_kafka_usec == 11 * USEC_PER_MINUTE);
        assert_int_equal(w->successes, 3);
        assert_true(w->startup_timeout_usec == USEC_INFINITY);
        assert_int_equal(w->startup_action, ACTION_RESTART);
        assert_false(w->revive);
        assert_int_equal(w->restart_limit, 24);
        assert_true(w->restart_window_usec == 2 * USEC_PER_HOUR);
        assert_true(w->backoff_max_usec == 30 * USEC_PER_MINUTE);
        assert_true(w->exhausted_retry_usec == 2 * USEC_PER_HOUR);
        assert_true(w->thread_dump);
        assert_true(w->thread_dump_interval_usec == 3 * USEC_PER_SEC);
        assert_string_equal(w->username, "u");
        assert_string_equal(w->password_file, "/p");
        assert_string_equal(w->ca_file, "/ca");
        assert_string_equal(w->cert_file, "/cert");
        assert_string_equal(w->key_file, "/key");
        assert_string_equal(fixture_worker(&f, "b")->bearer_token_file, "/t");
        fixture_done(&f);
}

static void defaults_count_wherever_they_stand(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "conf.d/z.conf", "[defaults]\nfailures = 7\nusername = u\npassword_file = /p\n");
        fixture_load_text(&f, "[worker a]\nurl = http://a:1\n[worker b]\nurl = http://b:1\nfailures = 8\n"
                              "username =\npassword_file =\n[defaults]\nsuccesses = 9\n");
        fixture_assert_loads(&f);
        assert_int_equal(fixture_worker(&f, "a")->failures, 7);
        assert_int_equal(fixture_worker(&f, "a")->successes, 9);
        assert_string_equal(fixture_worker(&f, "a")->username, "u");
        assert_int_equal(fixture_worker(&f, "b")->failures, 8);
        assert_int_equal(fixture_worker(&f, "b")->successes, 9);
        assert_null(fixture_worker(&f, "b")->username);
        assert_null(fixture_worker(&f, "b")->password_file);
        fixture_done(&f);
}

static void a_sustain_kafka_for_all_is_not_for_a_kind_without_kafka(_unused_ void **state) {
        struct fixture f;

        fixture_init(&f);
        fixture_load_text(&f, "[defaults]\nsustain = 10s\nsustain_kafka = 20s\n"
                              "[worker connect]\nurl = http://a:1\n"
                              "[worker plain]\nkind = http\nurl = http://b:1\n"
                              "[worker own]\nkind = http\nurl = http://c:1\nsustain_kafka = 30s\n");
        fixture_assert_loads(&f);
        assert_true(fixture_worker(&f, "connect")->sustain_kafka_usec == 20 * USEC_PER_SEC);
        assert_true(fixture_worker(&f, "plain")->sustain_kafka_usec == 10 * USEC_PER_SEC);
        assert_true(fixture_worker(&f, "own")->sustain_kafka_usec == 30 * USEC_PER_SEC);
        fixture_done(&f);
}

static void drop_ins_come_in_byte_order_and_override(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "conf.d/10-a.conf",
                      "[agent]\nlog_level = err\n[defaults]\nfailures = 10\n[worker ten]\n");
        fixture_write(&f, "conf.d/9-b.conf", "[defaults]\nfailures = 9\n[worker nine]\nurl = http://n:1\n");
        fixture_write(&f, "conf.d/B.conf", "[agent]\nlog_level = alert\n");
        fixture_write(&f, "conf.d/a.conf", "[agent]\nlog_level = crit\n");
        /* None of these is a drop-in. */
        fixture_write(&f, "conf.d/.hidden.conf", "nonsense\n");
        fixture_write(&f, "conf.d/.conf", "nonsense\n");
        fixture_write(&f, "conf.d/x.conf~", "nonsense\n");
        fixture_write(&f, "conf.d/x.conf.dpkg-new", "nonsense\n");
        fixture_write(&f, "conf.d/README", "nonsense\n");
        fixture_load_text(
                &f,
                "[agent]\nlog_level = debug\n[defaults]\nfailures = 1\n[worker main]\nurl = http://m:1\n");
        fixture_assert_loads(&f);
        assert_int_equal(f.settings->agent.log_level, LOG_CRIT);
        assert_int_equal(f.settings->n_workers, 3);
        assert_string_equal(f.settings->workers[0]->name, "main");
        assert_string_equal(f.settings->workers[1]->name, "ten");
        assert_string_equal(f.settings->workers[2]->name, "nine");
        assert_int_equal(f.settings->workers[0]->failures, 9);
        fixture_done(&f);
}

static void a_file_that_was_meant_to_be_read_is_told(void **state) {
        static const char *const on_purpose[] = {
                "a.conf~",       "#a.conf#",        ".a.conf.swp",    "a.conf.bak",
                "a.conf.orig",   "a.conf.old",      "a.conf.save",    "a.conf.disabled",
                "a.conf.off",    "a.conf.sample",   "a.conf.example", "a.conf.dpkg-old",
                "a.conf.rpmnew", "a.conf.ucf-dist", "README",         "README.md",
        };
        struct fixture f;
        char path[300];

        (void) state;
        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(on_purpose); i++) {
                char name[64];

                (void) snprintf(name, sizeof(name), "conf.d/%s", on_purpose[i]);
                fixture_write(&f, name, "[worker read]\n");
        }
        fixture_path(&f, "conf.d/old", path);
        assert_int_equal(mkdir(path, 0755), 0);
        fixture_path(&f, "conf.d/null", path);
        assert_int_equal(symlink("/dev/null", path), 0);
        fixture_load_text(&f, "[worker b]\ntimeout = 5s\n");
        fixture_assert_loads(&f);
        assert_int_equal(f.settings->n_workers, 1);
        assert_int_equal(strv_length(f.errors.warnings), 1);

        fixture_write(&f, "conf.d/connect-a.cnf", "[worker read]\n");
        fixture_write(&f, "conf.d/b.conf.txt", "[worker read]\n");
        fixture_write(&f, "conf.d/c.conf", "[worker c]\nurl = http://c:1\ntimeout = 5s\n");
        fixture_write(&f, "conf.d/conf", "[worker read]\n");
        fixture_load(&f);
        fixture_assert_loads(&f);
        assert_int_equal(f.settings->n_workers, 2);
        assert_int_equal(strv_length(f.errors.warnings), 5);
        assert_string_equal(f.errors.warnings[1],
                            "conf.d/b.conf.txt: is not read: its name does not end in .conf; rename it, or "
                            "append .disabled");
        assert_non_null(strstr(f.errors.warnings[2], "conf.d/c.conf:3: "));
        assert_non_null(strstr(f.errors.warnings[3], "conf.d/conf: is not read: "));
        assert_non_null(strstr(f.errors.warnings[4], "conf.d/connect-a.cnf: is not read: "));
        fixture_done(&f);
}

static void doubles_across_files_name_the_first_place(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "conf.d/a.conf",
                      "\n[worker a]\nurl = http://x:1\n[worker b]\nunit = a.service\nurl = http://y:1\n");
        fixture_load_text(&f, "[worker a]\nunit = a.service\n");
        assert_int_equal(f.r, -EBADMSG);
        fixture_assert_lines(
                f.errors.lines,
                "conf.d/a.conf:2: [worker a] stands already in main.conf:1; give this one another name, or "
                "join the two\n"
                "conf.d/a.conf:5: worker b has the unit a.service, as worker a in main.conf:2 has already; "
                "give each section a unit of its own",
                "two files");
        fixture_done(&f);
}

static void a_key_twice_in_one_drop_in_is_an_error(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "conf.d/a.conf", "[agent]\ndry_run = no\ndry_run = no\n");
        fixture_load_text(&f, "[agent]\ndry_run = yes\n");
        fixture_assert_lines(f.errors.lines,
                             "conf.d/a.conf:3: dry_run is set already in line 2; remove one of the two",
                             "drop-in");
        fixture_done(&f);
}

static void a_new_file_is_in_no_section(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "conf.d/a.conf", "interval = 1s\n");
        fixture_load_text(&f, "[worker a]\n");
        fixture_assert_lines(
                f.errors.lines,
                "conf.d/a.conf:1: interval stands before any section; write [worker NAME] above it",
                "drop-in");
        fixture_done(&f);
}

static void lists_add_up_and_can_be_emptied(void **state) {
        char *const expected[] = { (char *) "http://c:1", (char *) "http://d:1", (char *) "http://e:1",
                                   NULL };
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_write(&f, "conf.d/a.conf", "[defaults]\npeers = http://z:1\n");
        fixture_load_text(
                &f,
                "[defaults]\npeers = http://y:1\n"
                "[worker a]\nurl = http://a:1\n"
                "[worker b]\nurl = http://b:1\npeers = http://x:1\npeers =\npeers = http://c:1  http://d:1\n"
                "peers = http://e:1 http://c:1\n"
                "[worker c]\nurl = http://q:1\npeers =\n");
        fixture_assert_loads(&f);
        assert_int_equal(strv_length(fixture_worker(&f, "a")->peers), 2);
        assert_string_equal(fixture_worker(&f, "a")->peers[1], "http://z:1");
        assert_true(strv_equal(fixture_worker(&f, "b")->peers, expected));
        assert_null(fixture_worker(&f, "c")->peers);
        assert_int_equal(fixture_worker(&f, "c")->min_healthy_peers, 0);
        fixture_done(&f);
}

#define CREDENTIAL_TEXT                                                                                     \
        "[worker a]\nurl = https://a\nusername = u\npassword_file = pw\nca_file = ca.pem\ncert_file = /c\n" \
        "key_file = lost\n"

static void credentials_are_found_under_both_names(void **state) {
        char expected[300], warning[600];
        struct fixture f;

        (void) state;
        fixture_init(&f);
        f.with_credentials = true;
        fixture_write(&f, "credentials/connect-watchdog.credentials_pw", "secret");
        fixture_write(&f, "credentials/ca.pem", "pem");
        fixture_load_text(&f, CREDENTIAL_TEXT);
        fixture_assert_loads(&f);
        (void) snprintf(expected, sizeof(expected), "%s/connect-watchdog.credentials_pw", f.credentials);
        assert_string_equal(fixture_worker(&f, "a")->password_file, expected);
        (void) snprintf(expected, sizeof(expected), "%s/ca.pem", f.credentials);
        assert_string_equal(fixture_worker(&f, "a")->ca_file, expected);
        assert_string_equal(fixture_worker(&f, "a")->cert_file, "/c");
        (void) snprintf(expected, sizeof(expected), "%s/lost", f.credentials);
        assert_string_equal(fixture_worker(&f, "a")->key_file, expected);
        (void) snprintf(warning, sizeof(warning),
                        "main.conf:7: key_file = \"lost\" of worker a names a credential that is not in "
                        "credentials; put it into %s and restart connect-watchdog.service",
                        CONFIG_CREDENTIALS_SOURCE);
        fixture_assert_lines(f.errors.warnings, warning, "credentials");
        fixture_done(&f);
}

static void credentials_need_their_directory(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f, "[defaults]\nca_file = ca.pem\n[worker a]\nurl = https://a\nfailures = 0\n");
        fixture_assert_lines(
                f.errors.lines,
                "main.conf:2: ca_file = \"ca.pem\" of worker a names a credential, but there is no "
                "credentials directory; run under systemd with LoadCredential=, or write a path that begins "
                "with /\n"
                "main.conf:5: failures = \"0\" is out of range; write 1 to 1000",
                "no directory");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_file_watches_nothing),
                cmocka_unit_test(a_bare_worker_has_the_defaults),
                cmocka_unit_test(every_key_can_be_set),
                cmocka_unit_test(defaults_count_wherever_they_stand),
                cmocka_unit_test(a_sustain_kafka_for_all_is_not_for_a_kind_without_kafka),
                cmocka_unit_test(drop_ins_come_in_byte_order_and_override),
                cmocka_unit_test(a_file_that_was_meant_to_be_read_is_told),
                cmocka_unit_test(doubles_across_files_name_the_first_place),
                cmocka_unit_test(a_key_twice_in_one_drop_in_is_an_error),
                cmocka_unit_test(a_new_file_is_in_no_section),
                cmocka_unit_test(lists_add_up_and_can_be_emptied),
                cmocka_unit_test(credentials_are_found_under_both_names),
                cmocka_unit_test(credentials_need_their_directory),
        };

        return cmocka_run_group_tests_name("config-load", tests, NULL, NULL);
}
