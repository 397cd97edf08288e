/* What is printed for --check-config can be read again; the files that are shipped load, and show each
 * default. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config-fixture.h"
#include "config/keys.h"
#include "observe/kind.h"

static void read_into(FILE *file, char *buf, size_t size) {
        rewind(file);
        buf[fread(buf, 1, size - 1, file)] = '\0';
}

static void what_is_printed_can_be_read_again(void **state) {
        struct fixture f;
        char once[16384], twice[16384];
        FILE *file;

        (void) state;
        fixture_init(&f);
        fixture_load_text(&f, "[agent]\ndry_run = yes\n"
                              "[worker a]\nunit = a.service\naction = restart\ninterval = 2s\n"
                              "[kafka b]\nbootstrap = h\nproperty = x=y z\nproperty = client.id=i\n"
                              "[notify c]\nwebhook = http://h\n");
        assert_int_equal(f.r, 0);
        file = tmpfile();
        assert_non_null(file);
        config_print(file, f.settings);
        read_into(file, once, sizeof(once));
        (void) fclose(file);
        assert_non_null(strstr(once, "# 1 worker\n"));
        assert_non_null(strstr(once, "\n[agent]\n"));
        assert_non_null(strstr(once, "\ndry_run = yes\n#log_level = info\n#hostname =\n"));
        assert_non_null(strstr(once, "/main.conf:3\n# may restart a.service\n#kind = kafka-connect\n"));
        assert_non_null(strstr(
                once,
                "\nunit = a.service\naction = restart\n#requires =\n#peers =\n#min_healthy_peers = 0\n"));
        assert_non_null(strstr(once, "/main.conf:7\nbootstrap = h:9092\nproperty = x=y z\n"
                                     "property = client.id=i\n#username =\n"));
        /* 2s follows from interval: nobody wrote it. */
        assert_non_null(strstr(once, "\ninterval = 2s\n#retry_interval = 2s\n#timeout = 15s\n"));
        for (size_t i = 0; i < n_config_keys; i++) {
                char set[64], unset[64];
                bool printed;

                (void) snprintf(set, sizeof(set), "\n%s =", config_keys[i].name);
                (void) snprintf(unset, sizeof(unset), "\n#%s =", config_keys[i].name);
                printed = strstr(once, set) || strstr(once, unset);
                /* [kafka] has a deep, too. */
                if (printed != key_is_for(&config_keys[i], &kafka_connect_kind) &&
                    !streq(config_keys[i].name, "deep"))
                        fail_msg("%s: is it printed?", config_keys[i].name);
        }

        fixture_load_text(&f, once);
        assert_int_equal(f.r, 0);
        file = tmpfile();
        assert_non_null(file);
        config_print(file, f.settings);
        read_into(file, twice, sizeof(twice));
        (void) fclose(file);
        assert_string_equal(strstr(once, "# may"), strstr(twice, "# may"));
        fixture_done(&f);
}

static void no_worker_is_said_when_printed(void **state) {
        struct fixture f;
        char text[2048];
        FILE *file = tmpfile();

        (void) state;
        assert_non_null(file);
        fixture_init(&f);
        fixture_load_text(&f, "");
        config_print(file, f.settings);
        read_into(file, text, sizeof(text));
        (void) fclose(file);
        assert_memory_equal(text, "# no worker: nothing is watched\n", 32);
        fixture_done(&f);
}

static const char *source_directory(void) {
        const char *d = getenv("TEST_SOURCE_DIR");

        return d ? d : "tests/unit";
}

static void the_shipped_file_watches_nothing_and_shows_every_default(void **state) {
        struct config_options o = { 0 };
        struct config_errors errors = { 0 };
        struct settings *settings = NULL;
        char path[4096], text[16384];
        FILE *file;

        (void) state;
        (void) snprintf(path, sizeof(path), "%s/../../conf/connect-watchdog.conf", source_directory());
        o.file = path;
        if (config_load(&o, &settings, &errors) < 0)
                fail_msg("%s", errors.lines[0]);
        assert_null(errors.warnings);
        assert_int_equal(settings->n_workers, 0);
        assert_false(settings->agent.dry_run);
        settings_free(settings);

        file = fopen(path, "re");
        assert_non_null(file);
        read_into(file, text, sizeof(text));
        (void) fclose(file);
        assert_true(strlen(text) < sizeof(text) - 1);
        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *k = &config_keys[i];
                char line[128];

                /* These must be set: an example is shown. */
                if (k->type == KEY_UNIT)
                        (void) snprintf(line, sizeof(line), "\n#unit = kafka-connect.service\n");
                else if (k->type == KEY_BROKERS)
                        (void) snprintf(line, sizeof(line), "\n#bootstrap = kafka-1.example.org:9092\n");
                else
                        (void) snprintf(line, sizeof(line), "\n#%s =%s%s\n", k->name, k->fallback ? " " : "",
                                        strempty(k->fallback));
                if (!strstr(text, line))
                        fail_msg("the shipped file does not show %s", line);
        }
}

/* Whoever opens one is told where it goes and what to do next; a new credential needs more than a reload. */
static void assert_says_how_to_use_it(const char *path) {
        char text[16384];
        const char *verb;
        FILE *file;

        file = fopen(path, "re");
        assert_non_null(file);
        read_into(file, text, sizeof(text));
        (void) fclose(file);
        verb = strstr(text, "/etc/connect-watchdog/credentials/") ? "restart" : "reload";
        if (!strstr(text, "# Copy it to /etc/connect-watchdog/conf.d/") ||
            !strstr(text, "\n#     connect-watchdogctl verify-config && systemctl ") ||
            !strstr(strstr(text, "&& systemctl "), verb))
                fail_msg("%s does not say how to use it", path);
}

static void the_examples_load(void **state) {
        char directory[2048];
        struct dirent *e;
        size_t n = 0;
        DIR *d;

        (void) state;
        (void) snprintf(directory, sizeof(directory), "%s/../../conf/examples", source_directory());
        d = opendir(directory);
        assert_non_null(d);
        while ((e = readdir(d))) {
                _cleanup_free_ char *path = NULL;
                struct config_options o = { .credentials_directory = "/dev" };
                struct config_errors errors = { 0 };
                struct settings *settings = NULL;

                if (!strstr(e->d_name, ".conf"))
                        continue;
                assert_true(asprintf(&path, "%s/%s", directory, e->d_name) > 0);
                o.file = path;
                if (config_load(&o, &settings, &errors) < 0)
                        fail_msg("%s", errors.lines[0]);
                STRV_FOREACH (w, errors.warnings)
                        if (!strstr(*w, "names a credential that is not in /dev") &&
                            !strstr(*w, "action = restart but no requires"))
                                fail_msg("%s", *w);
                assert_true(settings->n_workers > 0);
                assert_says_how_to_use_it(path);
                settings_free(settings);
                config_errors_done(&errors);
                n++;
        }
        (void) closedir(d);
        assert_true(n >= 6);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_printed_can_be_read_again),
                cmocka_unit_test(no_worker_is_said_when_printed),
                cmocka_unit_test(the_shipped_file_watches_nothing_and_shows_every_default),
                cmocka_unit_test(the_examples_load),
        };

        return cmocka_run_group_tests_name("config-shipped", tests, NULL, NULL);
}
