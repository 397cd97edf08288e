/* Prints settings for --check-config, in a form that could be read again. Knows the keys from their table
 * alone. */

#include <errno.h>

#include "config/config.h"
#include "config/keys.h"
#include "observe/kind.h"
#include "util/text.h"

/* Each line of the value as a line of its own. */
static void print_value(FILE *f, const char *mark, const char *key, const char *value) {
        do {
                size_t len = strcspn(value, "\n");

                fprintf(f, "%s%s =%s%.*s\n", mark, key, len > 0 ? " " : "", (int) len, value);
                value += len + (value[len] == '\n');
        } while (*value != '\0');
}

/* What is as it would be without a line is marked as the shipped file marks it: with a "#". */
static void print_keys(FILE *f,
                       enum config_section section,
                       const struct worker_kind *kind, /* NULL: no worker's */
                       const void *base,
                       const void *plain) {
        for (size_t i = 0; i < n_config_keys; i++) {
                _cleanup_free_ char *value = NULL, *fallback = NULL;
                const struct config_key *k = &config_keys[i];

                if (k->section != section || (kind && !key_is_for(k, kind)))
                        continue;
                if (key_format(k, base, &value) < 0 || key_format(k, plain, &fallback) < 0) {
                        fprintf(f, "# %s: out of memory\n", k->name);
                        continue;
                }
                print_value(f, streq(value, fallback) ? "#" : "", k->name, value);
        }
}

static void print_worker(FILE *f, const struct worker_settings *w) {
        _cleanup_(worker_settings_freep) struct worker_settings *plain = NULL;

        plain = calloc(1, sizeof(struct worker_settings));
        if (!plain || keys_set_fallbacks(SECTION_WORKER, plain) < 0 ||
            keys_adapt_fallbacks(plain, w, NULL) < 0) {
                fprintf(f, "\n[worker %s]\n# out of memory\n", w->name);
                return;
        }
        fprintf(f, "\n[worker %s]\n# %s", w->name, w->source_file);
        if (w->source_line > 0)
                fprintf(f, ":%u", w->source_line);
        fputc('\n', f);
        if (!w->unit)
                fprintf(f, "# has no unit: its troubles are told, nothing is restarted\n");
        else if (w->action == ACTION_RESTART)
                fprintf(f, "# may restart %s\n", w->unit);
        else
                fprintf(f, "# only says when it would restart %s (action = alert)\n", w->unit);
        print_keys(f, SECTION_WORKER, w->kind, w, plain);
}

static void print_kafka(FILE *f, const struct kafka_settings *k) {
        _cleanup_(kafka_settings_freep) struct kafka_settings *plain = NULL;

        fprintf(f, "\n[kafka %s]\n# %s:%u\n", k->name, k->source_file, k->source_line);
        plain = calloc(1, sizeof(struct kafka_settings));
        if (!plain || keys_set_fallbacks(SECTION_KAFKA, plain) < 0)
                fprintf(f, "# out of memory\n");
        else
                print_keys(f, SECTION_KAFKA, NULL, k, plain);
}

static void print_notify(FILE *f, const struct notify_settings *n) {
        _cleanup_(notify_settings_freep) struct notify_settings *plain = NULL;

        fprintf(f, "\n[notify %s]\n# %s:%u\n", n->name, n->source_file, n->source_line);
        plain = calloc(1, sizeof(struct notify_settings));
        if (!plain || keys_set_fallbacks(SECTION_NOTIFY, plain) < 0)
                fprintf(f, "# out of memory\n");
        else
                print_keys(f, SECTION_NOTIFY, NULL, n, plain);
}

static void print_http(FILE *f, const struct http_settings *http) {
        struct http_settings plain = { 0 };

        fprintf(f, "\n[http]\n");
        if (keys_set_fallbacks(SECTION_HTTP, &plain) < 0)
                fprintf(f, "# out of memory\n");
        else
                print_keys(f, SECTION_HTTP, NULL, http, &plain);
        http_settings_done(&plain);
}

void config_print(FILE *f, const struct settings *s) {
        struct agent_settings plain = { 0 };

        if (s->n_workers == 0)
                fprintf(f, "# no worker: nothing is watched\n");
        else
                fprintf(f, "# %zu worker%s\n", s->n_workers, s->n_workers == 1 ? "" : "s");
        fprintf(f, "# a line that begins with # and a key is at its default\n\n[agent]\n");
        if (s->agent.dry_run)
                fprintf(f, "# only says what would be done (dry_run = yes)\n");
        if (keys_set_fallbacks(SECTION_AGENT, &plain) < 0)
                fprintf(f, "# out of memory\n");
        else
                print_keys(f, SECTION_AGENT, NULL, &s->agent, &plain);
        free(plain.hostname);
        print_http(f, &s->http);
        for (size_t i = 0; i < s->n_kafkas; i++)
                print_kafka(f, s->kafkas[i]);
        for (size_t i = 0; i < s->n_notifies; i++)
                print_notify(f, s->notifies[i]);
        for (size_t i = 0; i < s->n_workers; i++)
                print_worker(f, s->workers[i]);
}
