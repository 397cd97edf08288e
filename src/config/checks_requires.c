/* What workers require of [kafka NAME] sections, and what hangs on that. */

#include <errno.h>

#include "config/checks.h"
#include "config/suggest.h"
#include "observe/kind.h"
#include "util/span.h"
#include "util/text.h"

/* ---- of one worker ---- */

void check_lag(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        if (w->lag && !w->requires && checked_sound(c, "lag", "requires"))
                problem_error(p, checked_at(c, "lag"),
                              "worker %s has lag = yes but no requires; write requires = the [kafka NAME] "
                              "where its connectors' groups are",
                              w->name);
        if (w->lag && !w->connectors && checked_sound(c, "lag", "connectors"))
                problem_error(p, checked_at(c, "lag"),
                              "worker %s has lag = yes, but connectors = no, so it sees none; remove one of "
                              "the two",
                              w->name);
        if (w->lag_stuck_usec == 0 || !checked_sound(c, "lag_stuck", "lag"))
                return;
        if (!w->lag)
                problem_error(p, checked_at(c, "lag_stuck"),
                              "worker %s has lag_stuck, but lag = no, so it is never looked at; write lag = "
                              "yes, or remove the line",
                              w->name);
        else if (w->lag_stuck_usec < w->lag_interval_usec && checked_sound(c, "lag_stuck", "lag_interval"))
                problem_error(
                        p, checked_at(c, "lag_stuck"),
                        "worker %s has a lag_stuck (%s) shorter than its lag_interval (%s); make it at "
                        "least as long, or write 0 for never",
                        w->name, SPAN(w->lag_stuck_usec), SPAN(w->lag_interval_usec));
}

/* ---- sections that are required ---- */

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

/* ---- together ---- */

/* An outage is found when a check that began after it has failed. */
static void check_found_in_time(struct problems *p,
                                const struct checked *c,
                                const struct settings *settings,
                                const struct worker_settings *w) {
        if (w->action != ACTION_RESTART || !checked_sound(c, "sustain", "requires"))
                return;
        STRV_FOREACH (name, w->requires) {
                const struct kafka_settings *k = settings_find_kafka(settings, *name);
                usec_t found_usec = k ? k->interval_usec + k->timeout_usec : 0;

                if (w->sustain_usec >= found_usec)
                        continue;
                problem_warning(p, checked_at(c, "sustain"),
                                "worker %s has a sustain (%s) shorter than interval and timeout of kafka %s "
                                "together (%s), so that it may be restarted before an outage of Kafka is "
                                "found; better make it at least as long",
                                w->name, SPAN(w->sustain_usec), k->name, SPAN(found_usec));
                return;
        }
}

#define UNPROTECTED_NAMED 3

static bool is_unprotected(const struct checked *c, const struct worker_settings *w) {
        return w->action == ACTION_RESTART && w->unit && !w->requires && w->kind && w->kind->needs_kafka &&
               checked_sound(c, "action", "requires");
}

/* Once for all of them: nobody reads a thousand warnings. */
static void warn_unprotected(struct problems *p, const struct checked *first, size_t n, const char *names) {
        char more[32] = "";

        if (n > UNPROTECTED_NAMED)
                text_append(more, sizeof(more), " and %zu more", n - UNPROTECTED_NAMED);
        problem_warning(
                p, checked_at(first, "action"),
                "worker%s %s%s ha%s action = restart but no requires: nothing would keep an outage of "
                "Kafka from being answered with restarts, which make it worse; better write a [kafka "
                "NAME] section, and requires = NAME",
                n == 1 ? "" : "s", names, more, n == 1 ? "s" : "ve");
}

void check_requires(struct problems *p, const struct settings *settings, const struct scratch *s) {
        const struct raw_section *defaults = scratch_only(s, SECTION_DEFAULTS);
        struct checked first = {};
        char unprotected[256] = "";
        size_t n_unprotected = 0;

        check_names(p, settings, defaults);
        for (size_t i = 0; i < settings->n_workers; i++) {
                const struct worker_settings *w = settings->workers[i];
                const struct checked c = { .section = s->sections[SECTION_WORKER].list[i],
                                           .defaults = defaults };

                check_names(p, settings, c.section);
                check_found_in_time(p, &c, settings, w);
                if (!is_unprotected(&c, w))
                        continue;
                if (n_unprotected == 0)
                        first = c;
                if (n_unprotected++ < UNPROTECTED_NAMED)
                        text_append(unprotected, sizeof(unprotected), "%s%s", unprotected[0] ? ", " : "",
                                    w->name);
        }
        if (n_unprotected > 0)
                warn_unprotected(p, &first, n_unprotected, unprotected);
}

void note_who_requires(struct settings *settings) {
        for (size_t i = 0; i < settings->n_kafkas; i++) {
                struct kafka_settings *k = settings->kafkas[i];
                bool any = false, connect = false;

                for (size_t j = 0; j < settings->n_workers; j++) {
                        const struct worker_settings *w = settings->workers[j];

                        if (!strv_contains(w->requires, k->name))
                                continue;
                        any = true;
                        connect = connect || (w->kind && w->kind->has_connectors);
                }
                k->any_cleanup_policy = any && !connect;
        }
}
