/* [notify NAME]: what is read, and every error and warning. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config-fixture.h"

#define N "[notify n]\nwebhook = https://h/x\n"

static void every_key_can_be_set(void **state) {
        const struct notify_settings *n;
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f,
                          "[notify m]\nwebhook_file = /url\nformat = slack\n"
                          "[notify n]\nwebhook = https://h:1/a?b=c\nformat = alertmanager\ntimeout = 3s\n"
                          "events = exhausted\nevents = connector-*\nbearer_token_file = /t\n"
                          "ca_file = /ca\ncert_file = /c\nkey_file = /k\n"
                          "heartbeat = http://d/uuid\nheartbeat_interval = 5min\n");
        assert_int_equal(f.r, 0);
        assert_null(f.errors.warnings);
        assert_int_equal(f.settings->n_notifies, 2);
        n = settings_find_notify(f.settings, "n");
        assert_ptr_equal(n, f.settings->notifies[1]);
        assert_int_equal(n->source_line, 4);
        assert_string_equal(n->webhook, "https://h:1/a?b=c");
        assert_int_equal(n->format, NOTIFY_ALERTMANAGER);
        assert_true(n->timeout_usec == 3 * USEC_PER_SEC);
        assert_int_equal(strv_length(n->events), 2);
        assert_string_equal(n->events[1], "connector-*");
        assert_string_equal(n->bearer_token_file, "/t");
        assert_string_equal(n->ca_file, "/ca");
        assert_string_equal(n->cert_file, "/c");
        assert_string_equal(n->key_file, "/k");
        assert_true(n->verify);
        assert_string_equal(n->heartbeat, "http://d/uuid");
        assert_true(n->heartbeat_interval_usec == 5 * USEC_PER_MINUTE);

        n = f.settings->notifies[0];
        assert_null(n->webhook);
        assert_string_equal(n->webhook_file, "/url");
        assert_int_equal(n->format, NOTIFY_SLACK);
        assert_int_equal(strv_length(n->events), 18);
        assert_null(settings_find_notify(f.settings, "o"));
        fixture_done(&f);
}

static const struct config_row rows[] = {
        { "[notify n]\n",
          "main.conf:1: notify n tells nobody; write webhook = the URL of its receiver, command = the "
          "program to run, or heartbeat = a URL to ask",
          NULL },
        { "[notify n]\ncommand = mail root\n",
          "main.conf:2: command = \"mail root\" does not begin with an absolute path; write "
          "/PATH/OF/THE/PROGRAM, and what it is given",
          NULL },
        { "[notify n]\ncommand = /bin/sh -c 'a\n",
          "main.conf:2: command = \"/bin/sh -c 'a\" has a quote without its end; close it, or write a "
          "backslash before it",
          NULL },
        { "[notify n]\ncommand = /bin/sh \\d\n",
          "main.conf:2: command = \"/bin/sh \\d\" has a backslash that stands for nothing; write two of "
          "them for one",
          NULL },
        { "[notify n]\ncommand = \"/opt/my page\" 'a b'\n", "", NULL },
        { "[notify n]\ncommand = /bin/a\nwebhook = http://h\n",
          "main.conf:2: notify n has both webhook and command; keep one of the two", NULL },
        { "[notify n]\ncommand = /bin/a\nformat = slack\nverify = no\n",
          "main.conf:3: notify n has format but no webhook, which alone it is for; remove the line\n"
          "main.conf:4: notify n has verify but nothing that it asks has TLS; write https://… in its URL, "
          "or "
          "remove the line",
          NULL },
        { "[notify]\n", "main.conf:1: [notify] has no name; write [notify NAME]", NULL },
        { N "webhook_file = /u\n",
          "main.conf:3: notify n has both webhook and webhook_file; keep one of the two", NULL },
        { "[notify n]\nwebhook = h/x\n",
          "main.conf:2: webhook = \"h/x\" is no URL that begins with http:// or https://; write "
          "https://HOST/PATH",
          NULL },
        { "[notify n]\nwebhook = https://u:p@h/x\n",
          "main.conf:2: webhook = \"https://u:p@h/x\" has a user in it; write http://HOST:PORT, and give "
          "username and password_file",
          NULL },
        { "[notify n]\nwebhook = https://h?x\n",
          "main.conf:2: webhook = \"https://h?x\" is no path; begin it with /", NULL },
        { "[notify n]\nwebhook = https://h/x y\n",
          "main.conf:2: webhook = \"https://h/x y\" cannot be asked for; write a path like /health, with "
          "anything but ASCII as %XX",
          NULL },
        { N "events = exhaused\nevents = foo-*\nevents = bogus\n",
          "main.conf:3: events = \"exhaused\" is no event; did you mean exhausted?\n"
          "main.conf:4: events = \"foo-*\" is no event; connect-watchdog(8) has the list, and * is all of "
          "them\n"
          "main.conf:5: events = \"bogus\" is no event; connect-watchdog(8) has the list, and * is all of "
          "them",
          NULL },
        { N "format = slak\n", "main.conf:3: format = \"slak\" is no format; did you mean slack?", NULL },
        { N "timeout = 0\nurl = http://h\n",
          "main.conf:3: timeout = \"0\" is out of range; write 1s to 10min\n"
          "main.conf:4: url is no key of [notify NAME]; it belongs into [worker NAME] or [defaults]",
          NULL },
        { N "username = u\n", "main.conf:3: notify n has username but no password_file; set both, or none",
          NULL },
        { N "username = u\npassword_file = /p\nbearer_token_file = /t\n",
          "main.conf:5: notify n has both username and bearer_token_file; keep one of the two", NULL },
        { N "key_file = /k\n", "main.conf:3: notify n has key_file but no cert_file; set both, or none",
          NULL },
        { "[notify n]\nwebhook = http://h\nca_file = /ca\n",
          "main.conf:3: notify n has ca_file but nothing that it asks has TLS; write https://… in its URL, "
          "or "
          "remove the line",
          NULL },
        { "[notify n]\nheartbeat = https://h/ping\nca_file = /ca\n", "", NULL },
        { "[notify n]\nheartbeat = https://h/ping\nbearer_token_file = /t\nevents = *\n",
          "main.conf:3: notify n has bearer_token_file but no webhook, which alone it is for; remove the "
          "line",
          NULL },
        { "[notify n]\nheartbeat = h\n",
          "main.conf:2: heartbeat = \"h\" is no URL that begins with http:// or https://; write "
          "https://HOST/PATH",
          NULL },
        { N "verify = no\n", "",
          "main.conf:3: notify n has verify = no: anybody on the way can read what is told; better write "
          "ca_file = the authority that signed its certificate" },
};

static void each_error_says_what_would_be_right(void **state) {
        (void) state;
        fixture_check_rows(rows, ELEMENTSOF(rows));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_can_be_set),
                cmocka_unit_test(each_error_says_what_would_be_right),
        };

        return cmocka_run_group_tests_name("config-notify", tests, NULL, NULL);
}
