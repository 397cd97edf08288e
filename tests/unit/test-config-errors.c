/* Every error and warning of a configuration, with its place and its remedy. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config-fixture.h"

#define W "[worker a]\n"

static const struct config_row line_rows[] = {
        { "", "", NULL },
        { "\n\n# comment\n; comment\n  # indented\n", "", NULL },
        { W "interval: 10s\n",
          "main.conf:2: \":\" does not separate a key from its value here; write KEY = VALUE", NULL },
        { W "url : http://a:1 = x\n",
          "main.conf:2: \":\" does not separate a key from its value here; write KEY = VALUE", NULL },
        { W "url http://a:1 = x\n",
          "main.conf:2: the line is neither KEY = VALUE nor [SECTION]; a value cannot go on in a second "
          "line, but a list's key can be given again",
          NULL },
        { W "interval\n",
          "main.conf:2: the line is neither KEY = VALUE nor [SECTION]; a value cannot go on in a second "
          "line, but a list's key can be given again",
          NULL },
        { W "peers = http://b:1\n  http://c:1\n",
          "main.conf:3: the line is neither KEY = VALUE nor [SECTION]; a value cannot go on in a second "
          "line, but a list's key can be given again",
          NULL },
        { W "= 10s\n", "main.conf:2: no key stands before the \"=\"; write KEY = VALUE", NULL },
        { W "interval = 10s ; often\n",
          "main.conf:2: a comment stands behind the value; write it into a line of its own", NULL },
        { W "interval = 10s # often\n",
          "main.conf:2: a comment stands behind the value; write it into a line of its own", NULL },
        { W "interval = # often\n",
          "main.conf:2: a comment stands behind the value; write it into a line of its own", NULL },
        { W "peers = http://b:1 \\\n",
          "main.conf:2: a line cannot go on in the next; write it as one (a list's key can be given again)",
          NULL },
        { W "interval = 1\0330s\n", "main.conf:2: the line holds a control character (0x1B); remove it",
          NULL },
        { W "interval = 10s\r\r\n", "main.conf:2: the line holds a control character (0x0D); remove it",
          NULL },
        { W "# caf\351\n", "main.conf:2: the line holds bytes that are not UTF-8; write the file in UTF-8",
          NULL },
        { "[worker a\ninterval = oops\n", "main.conf:1: the section has no \"]\"; write [NAME]", NULL },
        { "[worker a] # mine\ninterval = oops\n",
          "main.conf:1: something stands behind the section's \"]\"; write it into a line of its own",
          NULL },
        { "[worker "
          "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890]\n",
          "main.conf:1: the section's name is too long; a name has at most 64 letters", NULL },
        { "interval = 10s\n",
          "main.conf:1: interval stands before any section; write [worker NAME] above it", NULL },
        { "no\303\251 = 1\n",
          "main.conf:1: no\303\251 stands before any section; write [worker NAME] above it", NULL },
};

static void lines_that_are_not_clear_are_refused(void **state) {
        (void) state;
        fixture_check_rows(line_rows, ELEMENTSOF(line_rows));
}

static const struct config_row name_rows[] = {
        { "[agents]\n", "main.conf:1: [agents] is no section; did you mean [agent]?", NULL },
        { "[Agent]\nx = 1\n", "main.conf:1: [Agent] is no section; did you mean [agent]?", NULL },
        { "[default]\n", "main.conf:1: [default] is no section; did you mean [defaults]?", NULL },
        { "[Worker a]\nurl = nonsense\n", "main.conf:1: [Worker a] is no section; did you mean [worker a]?",
          NULL },
        { "[workers a-1]\n", "main.conf:1: [workers a-1] is no section; did you mean [worker a-1]?", NULL },
        { "[worker:a]\n", "main.conf:1: [worker:a] is no section; did you mean [worker a]?", NULL },
        { "[worker.a]\n", "main.conf:1: [worker.a] is no section; did you mean [worker a]?", NULL },
        { "[wroker]\n", "main.conf:1: [wroker] is no section; did you mean [worker NAME]?", NULL },
        { "[unit]\n",
          "main.conf:1: [unit] is no section; the sections are [agent], [http], [defaults], [worker "
          "NAME], [kafka NAME] and [notify NAME]",
          NULL },
        { "[]\n",
          "main.conf:1: [] is no section; the sections are [agent], [http], [defaults], [worker NAME], "
          "[kafka "
          "NAME] and [notify NAME]",
          NULL },
        { "[worker]\n", "main.conf:1: [worker] has no name; write [worker NAME]", NULL },
        { "[worker \"a\"]\n",
          "main.conf:1: \"\"a\"\" cannot be the NAME of [worker NAME]; write at most 64 letters, digits, "
          "dots, "
          "hyphens and underscores",
          NULL },
        { "[worker a b]\n",
          "main.conf:1: \"a b\" cannot be the NAME of [worker NAME]; write at most 64 letters, digits, "
          "dots, hyphens "
          "and underscores",
          NULL },
        { "[http]\nlisten = off\ninterval = 1s\nlistne = off\n",
          "main.conf:3: interval is no key of [http]; it belongs into [worker NAME] or [defaults]\n"
          "main.conf:4: listne is no key of [http]; did you mean listen?",
          NULL },
        { "[http]\nkrakend_path = __health\nkrakend_path = /a?b\naccess_log_skip = /a b\n",
          "main.conf:2: krakend_path = \"__health\" is no path; begin it with /, like /__health\n"
          "main.conf:3: krakend_path is set already in line 2; remove one of the two\n"
          "main.conf:4: access_log_skip = \"b\" is no path; begin it with /, like /__health",
          NULL },
        { "[http]\nkrakend_path = /a?b\n",
          "main.conf:2: krakend_path = \"/a?b\" holds what no path has; write it as it is asked for, "
          "without "
          "?, # and %, like /__health",
          NULL },
        { "[http]\nkrakend_path =\n",
          "main.conf:2: krakend_path has no value; write one, or remove the line for the default "
          "(/__health)",
          NULL },
        { "[http]\nkrakend_body = {\"a\": 1\n",
          "main.conf:2: krakend_body = \"{\"a\": 1\" is no JSON object (it ends too early); write one like "
          "{\"status\":\"ok\"}",
          NULL },
        { "[http]\nkrakend_body = [1]\n",
          "main.conf:2: krakend_body = \"[1]\" is no JSON object (it is a list); write one like "
          "{\"status\":\"ok\"}",
          NULL },
        { "[http]\nkrakend_body = {'a': 1}\n",
          "main.conf:2: krakend_body = \"{'a': 1}\" is no JSON object (it is not plain JSON in UTF-8); "
          "write "
          "one like {\"status\":\"ok\"}",
          NULL },
        { "[http]\nlisten = 127.0.0.1:1, 127.0.0.1:2\nlisten = off 127.0.0.1:1\nlisten = unix:/a, *:1\n",
          "main.conf:2: listen = \"127.0.0.1:1,\" ends in a comma; spaces separate addresses, not commas\n"
          "main.conf:3: listen = \"off\" stands alone; write listen = off, or addresses\n"
          "main.conf:4: listen = \"unix:/a,\" ends in a comma; spaces separate addresses, not commas",
          NULL },
        { "[http]\nlisten = 127.0.0.1\nlisten = localhost:1\nlisten = [::1]:70000\nlisten = unix:x\n",
          "main.conf:2: listen = \"127.0.0.1\" has no port of 1 to 65535 at its end; write ADDRESS:PORT, "
          "like "
          "127.0.0.1:18083, [::1]:18083 or *:18083, or unix:/PATH\n"
          "main.conf:3: listen = \"localhost:1\" is no address; write ADDRESS:PORT, like 127.0.0.1:18083, "
          "[::1]:18083 or *:18083, or unix:/PATH\n"
          "main.conf:4: listen = \"[::1]:70000\" has no port of 1 to 65535 at its end; write ADDRESS:PORT, "
          "like "
          "127.0.0.1:18083, [::1]:18083 or *:18083, or unix:/PATH\n"
          "main.conf:5: listen = \"unix:x\" has no absolute path; write unix:/PATH",
          NULL },
        { "[coordination]\n",
          "main.conf:1: [coordination] is not supported by this version; remove the section, or comment it "
          "out",
          NULL },
        { "[kafak a-1]\n", "main.conf:1: [kafak a-1] is no section; did you mean [kafka a-1]?", NULL },
        { "[kafka]\n", "main.conf:1: [kafka] has no name; write [kafka NAME]", NULL },
        { "[kafka a]\nbootstrap = h\n[kafka a]\n",
          "main.conf:3: [kafka a] stands already in main.conf:1; give this one another name, or join the "
          "two",
          NULL },
        { W "connector_restart = yes\n",
          "main.conf:2: worker a has connector_restart = yes but no worker_id; write worker_id = the "
          "HOST:PORT that the worker advertises, so that each connector has one agent",
          "main.conf:2: worker a has connector_restart = yes, which with action = alert only says what it "
          "would restart; better write action = restart once you agree with it" },
        { W "connector_restart = yes\nworker_id = a:8083\nconnectors = no\n",
          "main.conf:2: worker a has connector_restart = yes, but connectors = no, so it sees none; remove "
          "one of the two",
          "main.conf:2: worker a has connector_restart = yes, which with action = alert only says what it "
          "would restart; better write action = restart once you agree with it" },
        { W "worker_id = connect-1\n",
          "main.conf:2: worker_id = \"connect-1\" is no worker's id; write HOST:PORT as the worker "
          "advertises "
          "it, which is what GET /connectors?expand=status shows as worker_id",
          NULL },
        { W "unhealthy_states = FAILED, BROKEN\n",
          "main.conf:2: unhealthy_states = \"BROKEN\" is no such name; write one of: UNASSIGNED, RUNNING, "
          "PAUSED, FAILED, RESTARTING, STOPPED",
          NULL },
        { W "considered = tasks\n",
          "main.conf:2: considered = \"tasks\" is no such name; did you mean task?", NULL },
        { W "considered = ,\n",
          "main.conf:2: considered = \",\" is no such name; write one of: connector, task", NULL },
        { "[defaults]\nworker_id = a:1\n",
          "main.conf:2: worker_id cannot be the same for every worker; move it into the [worker NAME] it is "
          "for",
          NULL },
        { W "intervall = 10s\n", "main.conf:2: intervall is no key of [worker NAME]; did you mean interval?",
          NULL },
        { W "Unit = x\n", "main.conf:2: Unit is no key of [worker NAME]; did you mean unit?", NULL },
        { "[defaults]\nretry-interval = 5s\n",
          "main.conf:2: retry-interval is no key of [defaults]; did you mean retry_interval?", NULL },
        { "[agent]\ndryrun = yes\n", "main.conf:2: dryrun is no key of [agent]; did you mean dry_run?",
          NULL },
        { W "dry_run = yes\n", "main.conf:2: dry_run is no key of [worker NAME]; it belongs into [agent]",
          NULL },
        { "[agent]\ninterval = 1s\n",
          "main.conf:2: interval is no key of [agent]; it belongs into [worker NAME] or [defaults]", NULL },
        { W "colour = blue\n",
          "main.conf:2: colour is no key of [worker NAME], nor like any; connect-watchdog.conf(5) has the "
          "list",
          NULL },
        { "[agent]\nrequires = x\n",
          "main.conf:2: requires is no key of [agent]; it belongs into [worker NAME] or [defaults]", NULL },
        { "[defaults]\nunit = a.service\nurl = http://a:1\n",
          "main.conf:2: unit cannot be the same for every worker; move it into the [worker NAME] it is for\n"
          "main.conf:3: url cannot be the same for every worker; move it into the [worker NAME] it is for",
          NULL },
        { W "\n" W "interval = oops\n",
          "main.conf:3: [worker a] stands already in main.conf:1; give this one another name, or join the "
          "two",
          NULL },
        { W "interval = 10s\n\ninterval = 10s\n",
          "main.conf:4: interval is set already in line 2; remove one of the two", NULL },
        { "[agent]\ndry_run = yes\n[defaults]\n[agent]\ndry_run = yes\n",
          "main.conf:5: dry_run is set already in line 2; remove one of the two", NULL },
};

static void unknown_and_double_names_are_refused(void **state) {
        (void) state;
        fixture_check_rows(name_rows, ELEMENTSOF(name_rows));
}

static const struct config_row value_rows[] = {
        { "[agent]\ndry_run = maybe\n",
          "main.conf:2: dry_run = \"maybe\" is neither yes nor no; write yes or no", NULL },
        { "[agent]\ndry_run =\n",
          "main.conf:2: dry_run has no value; write one, or remove the line for the default (no)", NULL },
        { "[agent]\nlog_level = warn\n",
          "main.conf:2: log_level = \"warn\" is no level; write one of: emerg, alert, crit, err, warning, "
          "notice, info, debug",
          NULL },
        { "[agent]\nlog_level = Debug\n",
          "main.conf:2: log_level = \"Debug\" is no level; did you mean debug?", NULL },
        { "[agent]\nhostname = not_a_host\n",
          "main.conf:2: hostname = \"not_a_host\" is no host name; write letters, digits, dots and hyphens, "
          "like connect-1.example.org",
          NULL },
        { W "kind = kafka_connect\n",
          "main.conf:2: kind = \"kafka_connect\" is no kind of worker; did you mean kafka-connect?", NULL },
        { W "action = reboot\n",
          "main.conf:2: action = \"reboot\" is no action; write one of: alert, restart", NULL },
        { W "action = Restart\n", "main.conf:2: action = \"Restart\" is no action; did you mean restart?",
          NULL },
        { W "interval = often\n",
          "main.conf:2: interval = \"often\" is no time span; write one like 10s, 500ms or 1min 30s", NULL },
        { W "interval = 0\n", "main.conf:2: interval = \"0\" is out of range; write 100ms to 1d", NULL },
        { W "interval = 99ms\n", "main.conf:2: interval = \"99ms\" is out of range; write 100ms to 1d",
          NULL },
        { W "interval = infinity\n",
          "main.conf:2: interval = \"infinity\" is out of range; write 100ms to 1d", NULL },
        { W "retry_interval = 0\n", "main.conf:2: retry_interval = \"0\" is out of range; write 100ms to 1d",
          NULL },
        { W "timeout = 999ms\n", "main.conf:2: timeout = \"999ms\" is out of range; write 1s to 10min",
          NULL },
        { W "timeout = infinity\n", "main.conf:2: timeout = \"infinity\" is out of range; write 1s to 10min",
          NULL },
        { W "max_response = 1K\n", "main.conf:2: max_response = \"1K\" is out of range; write 4K to 1G",
          NULL },
        { W "max_response = 16MB\n",
          "main.conf:2: max_response = \"16MB\" is no size; write one like 65536, 512K or 16M", NULL },
        { W "failures = 0\n", "main.conf:2: failures = \"0\" is out of range; write 1 to 1000", NULL },
        { W "failures = three\n", "main.conf:2: failures = \"three\" is no number; write one like 3", NULL },
        { W "failures = 4294967297\n",
          "main.conf:2: failures = \"4294967297\" is out of range; write 1 to 1000", NULL },
        { W "failures = 18446744073709551615\n",
          "main.conf:2: failures = \"18446744073709551615\" is out of range; write 1 to 1000", NULL },
        { W "successes = -1\n", "main.conf:2: successes = \"-1\" is no number; write one like 3", NULL },
        { W "sustain = 8d\n", "main.conf:2: sustain = \"8d\" is out of range; write 100ms to 7d", NULL },
        { W "sustain_kafka = infinity\n",
          "main.conf:2: sustain_kafka = \"infinity\" is out of range; write 100ms to 7d", NULL },
        { W "startup_timeout = 0\n",
          "main.conf:2: startup_timeout = \"0\" is out of range; write 1s to 30d, or infinity", NULL },
        { W "restart_limit = 25\n", "main.conf:2: restart_limit = \"25\" is out of range; write 1 to 24",
          NULL },
        { W "restart_limit = 0\n", "main.conf:2: restart_limit = \"0\" is out of range; write 1 to 24",
          NULL },
        { W "restart_window = 0\n", "main.conf:2: restart_window = \"0\" is out of range; write 1s to 30d",
          NULL },
        { W "backoff_max = 30d\n", "main.conf:2: backoff_max = \"30d\" is out of range; write 1s to 7d",
          NULL },
        { W "exhausted_retry = infinity\n",
          "main.conf:2: exhausted_retry = \"infinity\" is out of range; write 1s to 30d, or 0 for never",
          NULL },
        { W "thread_dump_interval = 2min\n",
          "main.conf:2: thread_dump_interval = \"2min\" is out of range; write 100ms to 1min", NULL },
        { W "min_healthy_peers = 1001\npeers = http://b:1\n",
          "main.conf:2: min_healthy_peers = \"1001\" is out of range; write 0 to 1000", NULL },
        { W "url = connect:8083\n",
          "main.conf:2: url = \"connect:8083\" is no URL that begins with http:// or https://; write "
          "http://HOST:PORT, or unix:/PATH for a socket",
          NULL },
        { W "url =\n",
          "main.conf:2: url has no value; write one, or remove the line for the default "
          "(http://127.0.0.1:8083)",
          NULL },
        { W "peers = http://b:1 c\n",
          "main.conf:2: peers = \"c\" is no URL that begins with http:// or https://; write "
          "http://HOST:PORT, or unix:/PATH for a socket",
          NULL },
        { W "unit = kafka-connect\n",
          "main.conf:2: unit = \"kafka-connect\" is no service; write the whole name, with .service at its "
          "end",
          NULL },
        { W "unit = kafka-connect.socket\n",
          "main.conf:2: unit = \"kafka-connect.socket\" is not the name of a service; write one like "
          "kafka-connect.service",
          NULL },
        { W "unit = kafka-connect@.service\n",
          "main.conf:2: unit = \"kafka-connect@.service\" is a template; name one of its instances, like "
          "kafka-connect@8083.service",
          NULL },
        { W "unit = connect-watchdog.service\n",
          "main.conf:2: unit = \"connect-watchdog.service\" is the watchdog itself; name the unit that runs "
          "the worker",
          NULL },
        { W "username = a:b\npassword_file = /p\n",
          "main.conf:2: username = \"a:b\" holds a colon, which HTTP basic authentication cannot carry; "
          "write the name alone, and the password into password_file",
          NULL },
        { W "url = https://a\nca_file = pki/ca.pem\n",
          "main.conf:3: ca_file = \"pki/ca.pem\" is no absolute path; begin it with /, or write a "
          "credential's name without any /",
          NULL },
        { W "unit = \"a.service\"\n",
          "main.conf:2: unit = \"\"a.service\"\" stands in quotes, which would count as part of it; "
          "write it without them",
          NULL },
        { W "username = 'me'\npassword_file = /p\n",
          "main.conf:2: username = \"'me'\" stands in quotes, which would count as part of it; write "
          "it without them",
          NULL },
        { W "bearer_token_file = ..\n",
          "main.conf:2: bearer_token_file = \"..\" cannot be a credential's name; write letters, digits, "
          "dots, hyphens and underscores, or a path that begins with /",
          NULL },
        { W "bearer_token_file = token\n",
          "main.conf:2: bearer_token_file = \"token\" of worker a names a credential, but there is no "
          "credentials directory; run under systemd with LoadCredential=, or write a path that begins with "
          "/",
          NULL },
};

static void values_that_cannot_be_are_refused(void **state) {
        (void) state;
        fixture_check_rows(value_rows, ELEMENTSOF(value_rows));
}

#define TLS "url = https://a\n"
#define KAFKA "[kafka k]\nbootstrap = b:9092\n"

static const struct config_row together_rows[] = {
        { W "action = restart\n",
          "main.conf:2: worker a has action = restart but no unit; write unit = NAME.service into its "
          "section, or action = alert",
          NULL },
        { "[defaults]\naction = restart\nrequires = k\n[worker a]\nunit = a.service\n[worker b]\nurl = "
          "http://b:1\n" KAFKA,
          "main.conf:2: worker b has action = restart but no unit; write unit = NAME.service into its "
          "section, or action = alert",
          NULL },
        { W "startup_action = restart\naction = restart\nunit = a.service\nrequires = k\n" KAFKA, "", NULL },
        { W "startup_action = restart\nunit = a.service\n",
          "main.conf:2: worker a has startup_action = restart, which action = alert forbids; write action = "
          "restart, or startup_action = alert",
          NULL },
        { W "unit = a.service\n[worker b]\nurl = http://b:1\nunit = a.service\n",
          "main.conf:5: worker b has the unit a.service, as worker a in main.conf:2 has already; give each "
          "section a unit of its own",
          NULL },
        { W "username = u\n", "main.conf:2: worker a has username but no password_file; set both, or none",
          NULL },
        { W "password_file = /p\n",
          "main.conf:2: worker a has password_file but no username; set both, or none", NULL },
        { W "username = u\npassword_file = /p\nbearer_token_file = /t\n",
          "main.conf:4: worker a has both username and bearer_token_file; keep one of the two", NULL },
        { W TLS "cert_file = /c\n", "main.conf:3: worker a has cert_file but no key_file; set both, or none",
          NULL },
        { W TLS "key_file = /k\n", "main.conf:3: worker a has key_file but no cert_file; set both, or none",
          NULL },
        { W "ca_file = /c\nverify = no\n",
          "main.conf:2: worker a has ca_file but its url (http://127.0.0.1:8083) is without TLS; write url "
          "= https://…, or remove the line\n"
          "main.conf:3: worker a has verify but its url (http://127.0.0.1:8083) is without TLS; write url = "
          "https://…, or remove the line",
          NULL },
        { W "cert_file = /c\nkey_file = /k\n",
          "main.conf:2: worker a has cert_file but its url (http://127.0.0.1:8083) is without TLS; write "
          "url = https://…, or remove the line\n"
          "main.conf:3: worker a has key_file but its url (http://127.0.0.1:8083) is without TLS; write url "
          "= https://…, or remove the line",
          NULL },
        { W TLS "ca_file = /c\nverify = no\n",
          "main.conf:4: worker a has verify = no, which leaves its ca_file unused; remove one of the two",
          NULL },
        { W TLS "verify = no\n", "",
          "main.conf:3: worker a has verify = no: anybody on the way can answer in its place; better write "
          "ca_file = the authority that signed its certificate" },
        { W "min_healthy_peers = 2\npeers = http://b:1\n",
          "main.conf:2: worker a has min_healthy_peers = 2 but 1 peer; it could never be restarted: list "
          "more peers, or ask for fewer",
          NULL },
        { W "min_healthy_peers = 1\n",
          "main.conf:2: worker a has min_healthy_peers = 1 but 0 peers; it could never be restarted: list "
          "more peers, or ask for fewer",
          NULL },
        { W "retry_interval = 20s\n",
          "main.conf:2: worker a has a retry_interval (20s) longer than its interval (10s); make it shorter",
          NULL },
        { W "exhausted_retry = 30min\n",
          "main.conf:2: worker a has an exhausted_retry (30min) shorter than its restart_window (1h); make "
          "it at least as long, or write 0 for never",
          NULL },
        { W "exhausted_retry = 0\n", "", NULL },
        { W "timeout = 10s\n", "",
          "main.conf:2: worker a has a timeout of 10s, but Kafka Connect takes 10s before it says that it "
          "is unwell, and why; better write timeout = 15s" },
        { W "timeout = 10001ms\n", "", NULL },
        { W "url = http://a:1/health/\n", "",
          "main.conf:2: worker a has a url that ends in /health, which is added by itself; better write "
          "only http://HOST:PORT" },
        { W "kind = http\nurl = http://a:1/health\n", "", NULL },
        { W "kind = http\nmethod = HEAD\nexpect_body = up\ndegraded_body = /db = down\n",
          "main.conf:4: worker a has expect_body, but method = HEAD, which is answered without a body; "
          "write "
          "method = GET, or remove the line\n"
          "main.conf:5: worker a has degraded_body, but method = HEAD, which is answered without a body; "
          "write method = GET, or remove the line",
          NULL },
        { "[defaults]\nmethod = HEAD\nexpect_body = up\n" W, "", NULL },
        { W "kind = http\nexpect_status = 200 204\nstarting_status = 200-299\n",
          "main.conf:4: worker a has in starting_status all that is in its expect_status, so that it could "
          "never be healthy; remove the line, or expect another status",
          NULL },
        { W "kind = http\nstarting_status = 503 202\n", "",
          "main.conf:3: worker a has 202 in its starting_status and in its expect_status, and it is taken "
          "for starting; better take it out of one of them" },
        { W "kind = http\nexpect_status = 200\nstarting_status = 201-299 503\n", "", NULL },
        { "[defaults]\nstarting_status = 200-299\n" W, "", NULL },
        { W "kind = http\nurl = unix:/run/health\nca_file = /a\n",
          "main.conf:4: worker a has ca_file but its url (unix:/run/health) is without TLS; write url = "
          "https://…, or remove the line",
          NULL },
        { W "url = unix:/run/health\n", "", NULL },
        { W "kind = http\nurl = unix:run/x\n",
          "main.conf:3: url = \"unix:run/x\" has no absolute path; write unix:/PATH", NULL },
        { W "url = http://a:1\npeers = http://b:1 http://a:1/\n", "",
          "main.conf:3: worker a has its own url (http://a:1) among its peers; better remove it there" },
        { W "[worker b]\n", "",
          "main.conf:2: worker b has the url http://127.0.0.1:8083, as worker a has; better give each "
          "worker its own" },
};

static void values_that_do_not_fit_together_are_told(void **state) {
        (void) state;
        fixture_check_rows(together_rows, ELEMENTSOF(together_rows));
}

static const struct config_row many_rows[] = {
        /* All at once, in the order of the lines, and each mistake once: what hangs on a bad value is not
         * judged. */
        { W "action = restart\n"
            "unit = x\n"
            "retry_interval = 1h\n"
            "interval = x\n"
            "username = u\n"
            "nonsense = 1\n"
            "[wroker b]\n"
            "unit = y\n",
          "main.conf:3: unit = \"x\" is no service; write the whole name, with .service at its end\n"
          "main.conf:5: interval = \"x\" is no time span; write one like 10s, 500ms or 1min 30s\n"
          "main.conf:6: worker a has username but no password_file; set both, or none\n"
          "main.conf:7: nonsense is no key of [worker NAME], nor like any; connect-watchdog.conf(5) has the "
          "list\n"
          "main.conf:8: [wroker b] is no section; did you mean [worker b]?",
          NULL },
        { "[defaults]\ntimeout = soon\n",
          "main.conf:2: timeout = \"soon\" is no time span; write one like 10s, 500ms or 1min 30s", NULL },
};

static void all_errors_are_told_at_once(void **state) {
        (void) state;
        fixture_check_rows(many_rows, ELEMENTSOF(many_rows));
}

static void a_flood_of_errors_is_counted(void **state) {
        struct fixture f;
        char *text = calloc(151, 4);

        (void) state;
        fixture_init(&f);
        assert_non_null(text);
        for (size_t i = 0; i < 150; i++)
                memcpy(text + 3 * i, "x\n\n", 3);
        fixture_load_text(&f, text);
        free(text);
        assert_int_equal(f.r, -EBADMSG);
        assert_int_equal(strv_length(f.errors.lines), 101);
        assert_string_equal(f.errors.lines[100], "… and 50 more errors");
        assert_memory_equal(f.errors.lines[99], "main.conf:199:", 14);
        fixture_done(&f);
}

static void a_value_is_safe_to_show(void **state) {
        struct fixture f;

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f, W "interval = \302\233m\n");
        fixture_assert_lines(
                f.errors.lines,
                "main.conf:2: interval = \" m\" is no time span; write one like 10s, 500ms or 1min 30s",
                "C1");
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_that_are_not_clear_are_refused),
                cmocka_unit_test(unknown_and_double_names_are_refused),
                cmocka_unit_test(values_that_cannot_be_are_refused),
                cmocka_unit_test(values_that_do_not_fit_together_are_told),
                cmocka_unit_test(all_errors_are_told_at_once),
                cmocka_unit_test(a_flood_of_errors_is_counted),
                cmocka_unit_test(a_value_is_safe_to_show),
        };

        return cmocka_run_group_tests_name("config-errors", tests, NULL, NULL);
}
