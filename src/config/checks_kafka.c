/* What of a [kafka NAME] goes together, and what workers may require of them. */

#include <errno.h>

#include "config/checks.h"
#include "config/suggest.h"
#include "util/text.h"

void check_kafka(struct problems *p, const struct checked *c, const struct kafka_settings *k) {
        if (!k->bootstrap && checked_sound(c, "bootstrap", "bootstrap"))
                problem_error(p, checked_at(c, "bootstrap"),
                              "kafka %s has no bootstrap; write bootstrap = HOST:PORT of one of its brokers "
                              "or more",
                              k->name);
}

/* ---- requires ---- */

static void refuse_unknown(struct problems *p,
                           const struct place *at,
                           const struct settings *settings,
                           const char *name) {
        _cleanup_free_ const char **names = calloc(settings->n_kafkas + 1, sizeof(char *));
        char others[256] = "";
        const char *nearest;

        if (!names) {
                p->out_of_memory = true;
                return;
        }
        for (size_t i = 0; i < settings->n_kafkas; i++) {
                names[i] = settings->kafkas[i]->name;
                text_append(others, sizeof(others), "%s%s", i == 0 ? "; or one of: " : ", ", names[i]);
        }
        nearest = suggest_nearest(name, names);
        if (nearest)
                problem_error(p, at, "requires = \"%s\" names no section; did you mean %s?", name, nearest);
        else
                problem_error(p, at,
                              "requires = \"%s\" names no section; write [kafka %s] with bootstrap = "
                              "HOST:PORT%s",
                              name, name, others);
}

/* Line by line, so that what stands in [defaults] is told once. */
static void check_names(struct problems *p,
                        const struct settings *settings,
                        const struct raw_section *section) {
        const struct config_key *key = &config_keys[key_index(SECTION_WORKER, "requires")];
        const struct raw_value *v = raw_section_find(section, key);

        for (size_t i = 0; v && i < v->n_texts; i++) {
                struct worker_settings named = {};
                char problem[KEY_PROBLEM_SIZE];

                if (key_set(key, v->texts[i].text, &named, problem) == -ENOMEM)
                        p->out_of_memory = true;
                STRV_FOREACH (name, named.requires)
                        if (!settings_find_kafka(settings, *name))
                                refuse_unknown(p, &v->texts[i].at, settings, *name);
                key_clear(key, &named);
        }
}

void check_requires(struct problems *p, const struct settings *settings, const struct scratch *s) {
        check_names(p, settings, scratch_only(s, SECTION_DEFAULTS));
        for (size_t i = 0; i < settings->n_workers; i++)
                check_names(p, settings, s->sections[SECTION_WORKER].list[i]);
}
