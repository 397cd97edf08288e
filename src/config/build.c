/* Builds settings out of the scratch: each worker's own keys over [defaults] over the table's. Knows
 * neither files nor which values fit together. */

#include <errno.h>

#include "config/checks.h"
#include "config/scratch.h"
#include "util/text.h"

static int set_texts(const struct config_key *k, const struct raw_value *v, void *base) {
        char problem[KEY_PROBLEM_SIZE];
        int r;

        if (k->type == KEY_LISTEN) { /* what was written, in place of the default */
                char ***list = (char ***) ((char *) base + k->offset);

                *list = strv_free(*list);
        }
        if (k->type == KEY_SET) /* of what was written alone, not of the default as well */
                *(unsigned *) ((char *) base + k->offset) = 0;
        STRV_FOREACH (text, v->texts) {
                r = key_set(k, *text, base, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Bad values were told, and what is built is then thrown away: they are left at their default. */
static bool is_usable(const struct raw_value *v) {
        return v->given && !v->bad;
}

/* A section that there is once: [agent], [http]. */
static int build_section(enum config_section section, const struct raw_section *from, void *base) {
        int r;

        r = keys_set_fallbacks(section, base);
        for (size_t i = 0; r >= 0 && i < n_config_keys; i++)
                if (config_keys[i].section == section && is_usable(&from->values[i]))
                        r = set_texts(&config_keys[i], &from->values[i], base);
        return r;
}

static int build_worker(struct scratch *s, const struct raw_section *section, struct worker_settings **ret) {
        _cleanup_(worker_settings_freep) struct worker_settings *w = NULL;
        struct checked_worker c = { .section = section };
        bool given[CONFIG_KEYS_MAX] = { false };
        int r;

        w = calloc(1, sizeof(struct worker_settings));
        if (!w)
                return -ENOMEM;
        w->name = strdup(section->name);
        w->source_file = strdup(section->at.file);
        if (!w->name || !w->source_file)
                return -ENOMEM;
        w->source_line = section->at.line;

        r = keys_set_fallbacks(SECTION_WORKER, w);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_config_keys; i++) {
                const struct raw_value *v = &section->values[i];

                if (config_keys[i].section != SECTION_WORKER)
                        continue;
                if (!v->given)
                        v = &s->defaults.values[i];
                if (!v->given)
                        continue;
                c.values[i] = v;
                given[i] = true;
                if (!is_usable(v))
                        continue;
                r = set_texts(&config_keys[i], v, w);
                if (r < 0)
                        return r;
        }
        r = keys_adapt_fallbacks(w, w, given);
        if (r < 0)
                return r;
        c.worker = w;
        check_worker(&s->problems, &c);
        *ret = TAKE_PTR(w);
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
        r = build_section(SECTION_AGENT, &s->agent, &settings->agent);
        if (r < 0)
                return r;
        r = build_section(SECTION_HTTP, &s->http, &settings->http);
        if (r < 0)
                return r;
        if (s->n_workers > 0) {
                settings->workers = calloc(s->n_workers, sizeof(struct worker_settings *));
                if (!settings->workers)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < s->n_workers; i++) {
                r = build_worker(s, s->workers[i], &settings->workers[i]);
                if (r < 0)
                        return r;
                settings->n_workers++;
        }
        check_workers_together(&s->problems, settings, s);
        *ret = TAKE_PTR(settings);
        return 0;
}
