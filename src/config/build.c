/* Builds settings out of the scratch: each section's own keys over [defaults], where it has those, over
 * the table's. Knows neither files nor which values fit together. */

#include <errno.h>

#include "config/checks.h"
#include "config/scratch.h"
#include "observe/kind.h"
#include "util/text.h"

static int set_texts(const struct config_key *k, const struct raw_value *v, void *base) {
        char problem[KEY_PROBLEM_SIZE];
        int r;

        key_clear(k, base); /* what was written, and not the default as well */
        for (size_t i = 0; i < v->n_texts; i++) {
                r = key_set(k, v->texts[i].text, base, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Bad values were told, and what is built is then thrown away: they are left at their default. */
static int build_keys(const struct checked *c, enum config_section keys, void *base) {
        int r;

        r = keys_set_fallbacks(keys, base);
        for (size_t i = 0; r >= 0 && i < n_config_keys; i++) {
                const struct raw_value *v;

                if (config_keys[i].section != keys)
                        continue;
                v = checked_find(c, &config_keys[i]);
                if (v && !v->bad)
                        r = set_texts(&config_keys[i], v, base);
        }
        return r;
}

static int build_only(const struct scratch *s, enum config_section section, void *base) {
        const struct checked c = { .section = scratch_only(s, section) };

        return build_keys(&c, section, base);
}

static int copy_place(const struct raw_section *from, char **name, char **file, unsigned *line) {
        *name = strdup(from->name);
        *file = strdup(from->at.file);
        *line = from->at.line;
        return *name && *file ? 0 : -ENOMEM;
}

static int build_worker(struct scratch *s, const struct raw_section *section, struct worker_settings **ret) {
        const struct checked c = { .section = section, .defaults = scratch_only(s, SECTION_DEFAULTS) };
        _cleanup_(worker_settings_freep) struct worker_settings *w = NULL;
        bool given[CONFIG_KEYS_MAX];
        int r;

        w = calloc(1, sizeof(struct worker_settings));
        if (!w)
                return -ENOMEM;
        r = copy_place(section, &w->name, &w->source_file, &w->source_line);
        if (r >= 0)
                r = free_and_strdup(&w->password, section->password);
        if (r >= 0)
                r = build_keys(&c, SECTION_WORKER, w);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_config_keys; i++)
                given[i] = checked_find(&c, &config_keys[i]);
        /* What [defaults] say is for the workers that need Kafka. */
        if (w->kind && !w->kind->needs_kafka) {
                const struct config_key *k = &config_keys[key_index(SECTION_WORKER, "sustain_kafka")];

                given[k - config_keys] = raw_section_find(section, k);
        }
        r = keys_adapt_fallbacks(w, w, given);
        if (r < 0)
                return r;
        check_worker(&s->problems, &c, w);
        *ret = TAKE_PTR(w);
        return 0;
}

static int build_kafka(struct scratch *s, const struct raw_section *section, struct kafka_settings **ret) {
        const struct checked c = { .section = section };
        _cleanup_(kafka_settings_freep) struct kafka_settings *k = NULL;
        int r;

        k = calloc(1, sizeof(struct kafka_settings));
        if (!k)
                return -ENOMEM;
        r = copy_place(section, &k->name, &k->source_file, &k->source_line);
        if (r >= 0)
                r = build_keys(&c, SECTION_KAFKA, k);
        if (r < 0)
                return r;
        check_kafka(&s->problems, &c, k);
        *ret = TAKE_PTR(k);
        return 0;
}

static int build_notify(struct scratch *s, const struct raw_section *section, struct notify_settings **ret) {
        const struct checked c = { .section = section };
        _cleanup_(notify_settings_freep) struct notify_settings *n = NULL;
        int r;

        n = calloc(1, sizeof(struct notify_settings));
        if (!n)
                return -ENOMEM;
        r = copy_place(section, &n->name, &n->source_file, &n->source_line);
        if (r >= 0)
                r = build_keys(&c, SECTION_NOTIFY, n);
        if (r < 0)
                return r;
        check_notify(&s->problems, &c, n);
        *ret = TAKE_PTR(n);
        return 0;
}

static int build_workers(struct scratch *s, struct settings *settings) {
        const struct raw_sections *from = &s->sections[SECTION_WORKER];
        int r;

        settings->workers = calloc(from->n + 1, sizeof(struct worker_settings *));
        if (!settings->workers)
                return -ENOMEM;
        for (size_t i = 0; i < from->n; i++) {
                r = build_worker(s, from->list[i], &settings->workers[i]);
                if (r < 0)
                        return r;
                settings->n_workers++;
        }
        return 0;
}

static int build_kafkas(struct scratch *s, struct settings *settings) {
        const struct raw_sections *from = &s->sections[SECTION_KAFKA];
        int r;

        settings->kafkas = calloc(from->n + 1, sizeof(struct kafka_settings *));
        if (!settings->kafkas)
                return -ENOMEM;
        for (size_t i = 0; i < from->n; i++) {
                r = build_kafka(s, from->list[i], &settings->kafkas[i]);
                if (r < 0)
                        return r;
                settings->n_kafkas++;
        }
        return 0;
}

static int build_notifies(struct scratch *s, struct settings *settings) {
        const struct raw_sections *from = &s->sections[SECTION_NOTIFY];
        int r;

        settings->notifies = calloc(from->n + 1, sizeof(struct notify_settings *));
        if (!settings->notifies)
                return -ENOMEM;
        for (size_t i = 0; i < from->n; i++) {
                r = build_notify(s, from->list[i], &settings->notifies[i]);
                if (r < 0)
                        return r;
                settings->n_notifies++;
        }
        return 0;
}

int scratch_build(struct scratch *s, struct settings **ret) {
        _cleanup_(settings_freep) struct settings *settings = NULL;
        int r;

        if (s->out_of_memory)
                return -ENOMEM;
        settings = calloc(1, sizeof(struct settings));
        if (!settings)
                return -ENOMEM;
        r = build_only(s, SECTION_AGENT, &settings->agent);
        if (r >= 0)
                r = build_only(s, SECTION_HTTP, &settings->http);
        if (r >= 0)
                r = build_kafkas(s, settings);
        if (r >= 0)
                r = build_notifies(s, settings);
        if (r >= 0)
                r = build_workers(s, settings);
        if (r < 0)
                return r;
        note_who_requires(settings);
        check_workers_together(&s->problems, settings, s);
        *ret = TAKE_PTR(settings);
        return 0;
}
