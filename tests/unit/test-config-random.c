/* Random configurations: nothing crashes, hangs or is half believed, every message has its place, and
 * what loads can be printed and loaded again. The seed is fixed unless SEED is set; a failure names it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config-fixture.h"
#include "config/keys.h"
#include "observe/kind.h"

#define ROUNDS 4000

static uint64_t random_state;

/* xorshift64 */
static unsigned random_below(unsigned n) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (unsigned) ((random_state >> 20) % n);
}

static const char *const pieces[] = {
        "[agent]\n",
        "[defaults]\n",
        "[worker a]\n",
        "[worker b]\n",
        "[worker c]\n",
        "[http]\n",
        "[kafka k]\n",
        "[notify n]\n",
        "[",
        "]",
        "\n",
        "\n",
        "\r\n",
        " ",
        "=",
        ":",
        ";",
        "#",
        "\\",
        "\t",
        "\"",
        "\xEF\xBB\xBF",
        "\377",
        "\033",
        "yes",
        "10s",
        "1min 30s",
        "16M",
        "infinity",
        "http://127.0.0.1:8083/",
        "https://[::1]:1/x",
        "http://u@h",
        "a.service",
        "restart",
        "kafka-connect",
        "/path",
        "name",
        "99999999999999999999",
        "-1",
        "0",
        "\303\244",
};

static size_t random_text(char *buf, size_t size) {
        unsigned n = random_below(40);
        size_t len = 0;

        for (unsigned i = 0; i < n; i++) {
                char piece[512];
                int k;

                switch (random_below(6)) {
                case 0: /* a line that may well be right */
                case 1:
                        k = snprintf(piece, sizeof(piece), "%s = %s\n",
                                     config_keys[random_below((unsigned) n_config_keys)].name,
                                     pieces[random_below(ELEMENTSOF(pieces))]);
                        break;
                case 2: { /* one that is right */
                        const struct config_key *key = &config_keys[random_below((unsigned) n_config_keys)];

                        k = snprintf(piece, sizeof(piece), "%s = %s\n", key->name, strempty(key->fallback));
                        break;
                }
                case 3: /* bytes */
                        k = (int) random_below(8);
                        for (int j = 0; j < k; j++)
                                piece[j] = (char) random_below(256);
                        break;
                case 4: /* much of one */
                        k = (int) random_below(sizeof(piece));
                        memset(piece, (int) random_below(128), (size_t) k);
                        break;
                default:
                        k = snprintf(piece, sizeof(piece), "%s", pieces[random_below(ELEMENTSOF(pieces))]);
                        break;
                }
                if ((size_t) k > size - len)
                        break;
                memcpy(buf + len, piece, (size_t) k);
                len += (size_t) k;
        }
        return len;
}

/* A value that the key takes by itself; whether it goes with the others is another matter. */
static void sound_value(const struct config_key *k, char *buf, size_t size) {
        static const char *const texts[][4] = {
                [KEY_BOOL] = { "yes", "no", "ON", "0" },
                [KEY_USERNAME] = { "u", "J. Doe", ";x", "\303\244" },
                [KEY_HOSTNAME] = { "h", "a.b", "A-1", "x" },
                [KEY_LOG_LEVEL] = { "emerg", "7", "info", "debug" },
                [KEY_URL] = { "http://a:1", "https://b/", "HTTP://[::1]/x/", "https://c.d:65535" },
                [KEY_URLS] = { "http://a:1 http://b", "https://c/ https://c", "", "http://[::2]" },
                [KEY_LISTEN] = { "off", "127.0.0.1:1", "*:2 [::1]:3", "unix:/a" },
                [KEY_URL_PATH] = { "off", "/", "/__health", "/a/b" },
                [KEY_URL_PATHS] = { "/ping", "/ping /a", "/", "" },
                [KEY_JSON] = { "{}", "{\"a\":1}", "{\"a\": {\"b\": null}}", "" },
                [KEY_UNIT] = { "a.service", "b@c.service", "d\\x2de.service", "f.service" },
                [KEY_ACTION] = { "alert", "restart", "alert", "restart" },
                [KEY_FILE] = { "/a", "/b c", "/d=e", "" },
                [KEY_WORKER_ID] = { "a:1", "[::1]:8083", "A.b:0", "10.0.0.1:65535" },
                [KEY_CONNECTOR] = { "a", "b c", "d=e", "\303\244" },
                [KEY_TEXT] = { "a", "b c", ":d=e", "\303\244" },
                [KEY_SECTION_NAMES] = { "k", "k, k", "k", "" },
                [KEY_BROKERS] = { "a", "b:1,[::1]", "c:65535 d", "e:9092 e" },
                [KEY_PROPERTIES] = { "client.id=a", "client.id = b c", "debug=all", "x=" },
                [KEY_TOPIC] = { "a", "B.c", "d-e_f", "0" },
                [KEY_TOPICS] = { "a", "b c,d", "e e", "" },
                [KEY_PATH] = { "/", "/a?b=c", "/a/b", "/%20" },
                [KEY_METHOD] = { "GET", "HEAD", "POST", "GET" },
                [KEY_STATUSES] = { "200", "200-299 404", "100,599", "" },
                [KEY_COMMAND] = { "/a", "/b 'c d' \"e\"", "\"/f g\" 'h'", "/i \\\\ \\s" },
                [KEY_LINK] = { "http://a", "https://b:1/c?d=e", "http://[::1]/", "https://f/?g://h" },
                [KEY_EVENTS] = { "*", "exhausted", "connector-*, unhealthy", "held-long held-long" },
                [KEY_FORMAT] = { "json", "slack", "alertmanager", "json" },
                [KEY_BODY] = { "ok", "/a/b = c", "a=b", "/" },
        };

        if (k->type == KEY_SPAN || k->type == KEY_SIZE || k->type == KEY_UNSIGNED) {
                uint64_t n = k->min + random_below(1000000) * ((k->max - k->min) / 1000000 + 1);

                (void) snprintf(buf, size, "%ju%s", (uintmax_t) MIN(n, k->max),
                                k->type == KEY_SPAN ? "us" : "");
        } else
                (void) snprintf(buf, size, "%s",
                                k->type == KEY_SET ? k->names[random_below(2)]
                                                   : texts[k->type][random_below(4)]);
}

/* Few workers with few keys, all of them readable: what is left to be wrong is what they mean together. */
static size_t sound_text(char *buf, size_t size) {
        static const char *const titles[] = { "[agent]",    "[http]",     "[kafka k]",   "[notify n]",
                                              "[defaults]", "[worker a]", "[ worker b ]" };
        static const enum config_section sections[] = { SECTION_AGENT,  SECTION_HTTP,     SECTION_KAFKA,
                                                        SECTION_NOTIFY, SECTION_DEFAULTS, SECTION_WORKER,
                                                        SECTION_WORKER };

        const struct worker_kind *kind;
        unsigned n_kinds = (unsigned) strv_length((char **) kind_names());

        buf[0] = '\0';
        for (size_t t = 0; t < ELEMENTSOF(titles); t++) {
                if (random_below(2) == 0)
                        continue;
                text_append(buf, size, "%s%s", titles[t], random_below(2) == 0 ? "\n" : "\r\n");
                kind = kind_by_name(random_below(2) == 0 ? "kafka-connect"
                                                         : kind_names()[random_below(n_kinds)]);
                if (sections[t] == SECTION_WORKER)
                        text_append(buf, size, "kind = %s\n", kind->name);
                for (size_t i = 0; i < n_config_keys; i++) {
                        const struct config_key *k = &config_keys[i];
                        char value[64];

                        if (k->section != config_sections[sections[t]].keys ||
                            (sections[t] == SECTION_DEFAULTS && k->one_worker) || k->type == KEY_KIND ||
                            (sections[t] == SECTION_WORKER && !key_is_for(k, kind)))
                                continue;
                        if (random_below(12) != 0 && k->type != KEY_BROKERS && k->type != KEY_LINK)
                                continue;
                        sound_value(k, value, sizeof(value));
                        text_append(buf, size, "%s = %s\n", k->name, value);
                }
        }
        return strlen(buf);
}

static void check_messages(const struct fixture *f, uint64_t seed) {
        STRV_FOREACH (line, f->errors.lines) {
                bool counted = strncmp(*line, "…", 3) == 0;

                if (!counted && (strncmp(*line, "main.conf:", 10) != 0 ||
                                 !text_is_utf8(*line, strlen(*line)) || strpbrk(*line, "\n\r\t\033")))
                        fail_msg("SEED=%ju: '%s'", (uintmax_t) seed, *line);
        }
}

static char *printed(const struct settings *s) {
        char *text = NULL;
        size_t len = 0;
        FILE *file = open_memstream(&text, &len);

        assert_non_null(file);
        config_print(file, s);
        assert_int_equal(fclose(file), 0);
        return text;
}

/* From the first section on, without the comment lines that name files. */
static bool print_the_same(const char *a, const char *b) {
        for (;;) {
                size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");
                bool place = la > 3 && strncmp(a, "# /", 3) == 0;

                if (!place && (la != lb || memcmp(a, b, la) != 0))
                        return false;
                if (a[la] == '\0' || b[lb] == '\0')
                        return a[la] == b[lb];
                a += la + 1;
                b += lb + 1;
        }
}

static void random_files_do_no_harm(void **state) {
        const char *given = getenv("SEED");
        uint64_t seed = given ? strtoull(given, NULL, 0) : 20261120;
        struct fixture f;
        char text[8192];
        unsigned loaded = 0, with_workers = 0, refused = 0;

        (void) state;
        fixture_init(&f);
        random_state = seed | 1;
        for (unsigned i = 0; i < ROUNDS; i++) {
                size_t len = i % 2 == 0 ? random_text(text, sizeof(text)) : sound_text(text, sizeof(text));

                fixture_write_bytes(&f, "main.conf", text, len);
                fixture_load(&f);
                check_messages(&f, seed);
                if (f.r == -EBADMSG) {
                        assert_null(f.settings);
                        assert_non_null(f.errors.lines);
                        refused++;
                } else {
                        _cleanup_free_ char *once = NULL, *twice = NULL;

                        assert_int_equal(f.r, 0);
                        assert_null(f.errors.lines);
                        once = printed(f.settings);
                        fixture_load_text(&f, once);
                        if (f.r != 0)
                                fail_msg("SEED=%ju: printed, then refused: %s", (uintmax_t) seed,
                                         f.errors.lines[0]);
                        twice = printed(f.settings);
                        if (!print_the_same(once, twice))
                                fail_msg("SEED=%ju:\n%s\nthen\n%s", (uintmax_t) seed, once, twice);
                        loaded++;
                        with_workers += f.settings->n_workers > 0;
                }
        }
        fixture_done(&f);
        /* Else it tries the wrong things. */
        assert_true(loaded > ROUNDS / 50);
        assert_true(with_workers > ROUNDS / 20);
        assert_true(refused > ROUNDS / 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(random_files_do_no_harm),
        };

        return cmocka_run_group_tests_name("config-random", tests, NULL, NULL);
}
