/* Takes sections and keys line by line: which are known, and which are there twice. Knows neither files
 * nor what values mean together. */

#include "config/scratch.h"

#include <errno.h>
#include <stdio.h>

#include "config/suggest.h"
#include "config/values.h"
#include "util/text.h"

#define SHOWN_SIZE 96

static void clear_texts(struct raw_value *v) {
        for (size_t i = 0; i < v->n_texts; i++)
                free(v->texts[i].text);
        free(v->texts);
        v->texts = NULL;
        v->n_texts = 0;
}

static struct raw_section *raw_section_free(struct raw_section *s) {
        for (size_t i = 0; i < s->n_values; i++)
                clear_texts(&s->values[i]);
        free(s->values);
        free(s->name);
        free(s);
        return NULL;
}

void scratch_done(struct scratch *s) {
        for (size_t t = 0; t < ELEMENTSOF(s->sections); t++) {
                for (size_t i = 0; i < s->sections[t].n; i++)
                        raw_section_free(s->sections[t].list[i]);
                free(s->sections[t].list);
        }
        problems_done(&s->problems);
        *s = (struct scratch) { 0 };
}

static struct raw_value *find_value(const struct raw_section *s, const struct config_key *k) {
        for (size_t i = 0; s && i < s->n_values; i++)
                if (s->values[i].key == k)
                        return &s->values[i];
        return NULL;
}

const struct raw_value *raw_section_find(const struct raw_section *s, const struct config_key *k) {
        return find_value(s, k);
}

const struct raw_section *scratch_only(const struct scratch *s, enum config_section section) {
        return s->sections[section].n > 0 ? s->sections[section].list[0] : NULL;
}

void scratch_begin_file(struct scratch *s) {
        s->current = NULL;
        s->in_section = false;
}

static void begin_section(struct scratch *s,
                          const struct place *at,
                          enum config_section section,
                          const char *name) {
        struct raw_sections *all = &s->sections[section];
        struct raw_section **grown, *new;

        grown = reallocarray(all->list, all->n + 1, sizeof(struct raw_section *));
        if (grown)
                all->list = grown;
        new = grown ? calloc(1, sizeof(struct raw_section)) : NULL;
        if (!new || free_and_strdup(&new->name, name) < 0) {
                free(new);
                s->out_of_memory = true;
                return;
        }
        new->section = section;
        new->at = *at;
        s->current = all->list[all->n++] = new;
}

static void begin_named(struct scratch *s,
                        const struct place *at,
                        enum config_section section,
                        const char *name) {
        const struct config_section_type *type = &config_sections[section];
        const struct raw_sections *all = &s->sections[section];
        char shown[SHOWN_SIZE];

        text_copy_line(shown, sizeof(shown), name, strlen(name));
        if (name[0] == '\0') {
                problem_error(&s->problems, at, "[%s] has no name; write %s", type->name, type->title);
                return;
        }
        if (!value_is_section_name(name)) {
                problem_error(&s->problems, at,
                              "\"%s\" cannot be the NAME of %s; write at most %d letters, digits, dots, "
                              "hyphens and underscores",
                              shown, type->title, SECTION_NAME_LEN_MAX);
                return;
        }
        for (size_t i = 0; i < all->n; i++)
                if (streq(all->list[i]->name, name)) {
                        const struct place *first = &all->list[i]->at;

                        problem_error(&s->problems, at,
                                      "[%s %s] stands already in %s:%u; give this one another name, or "
                                      "join the two",
                                      type->name, name, first->file, first->line);
                        return;
                }
        begin_section(s, at, section, name);
}

/* The section of that name, or _CONFIG_SECTION_MAX. */
static enum config_section section_by_name(const char *name, size_t len) {
        enum config_section section = 0;

        while (section < _CONFIG_SECTION_MAX && (strlen(config_sections[section].name) != len ||
                                                 strncmp(config_sections[section].name, name, len) != 0))
                section++;
        return section;
}

static void refuse_unlike_any(struct scratch *s, const struct place *at, const char *shown) {
        char all[2 * SHOWN_SIZE] = "";

        for (enum config_section t = 0; t < _CONFIG_SECTION_MAX; t++)
                text_append(all, sizeof(all), "%s%s",
                            t == 0                        ? ""
                            : t + 1 < _CONFIG_SECTION_MAX ? ", "
                                                          : " and ",
                            config_sections[t].title);
        problem_error(&s->problems, at, "[%s] is no section; the sections are %s", shown, all);
}

static void refuse_section(struct scratch *s, const struct place *at, const char *name) {
        char shown[SHOWN_SIZE], word[16], wanted[SECTION_NAME_LEN_MAX + 1];
        const char *known[_CONFIG_SECTION_MAX + 1] = { NULL };
        const struct config_section_type *type;
        const char *nearest, *rest;
        size_t len = 0;

        text_copy_line(shown, sizeof(shown), name, strlen(name));
        while ((name[len] >= 'a' && name[len] <= 'z') || (name[len] >= 'A' && name[len] <= 'Z'))
                len++;
        text_copy_line(word, sizeof(word), name, len);
        rest = name + len + strspn(name + len, " \t:.\"'");
        if (section_is_planned(word)) {
                problem_error(&s->problems, at,
                              "[%s] is not supported by this version; remove the section, or comment it out",
                              shown);
                return;
        }
        for (enum config_section t = 0; t < _CONFIG_SECTION_MAX; t++)
                known[t] = config_sections[t].name;
        nearest = suggest_nearest(word, known);
        if (!nearest) {
                refuse_unlike_any(s, at, shown);
                return;
        }
        type = &config_sections[section_by_name(nearest, strlen(nearest))];
        text_copy_line(wanted, sizeof(wanted), rest, strcspn(rest, " \t\"'"));
        if (type->named && value_is_section_name(wanted))
                problem_error(&s->problems, at, "[%s] is no section; did you mean [%s %s]?", shown, nearest,
                              wanted);
        else
                problem_error(&s->problems, at, "[%s] is no section; did you mean %s?", shown, type->title);
}

void scratch_section(struct scratch *s, const struct place *at, const char *name) {
        enum config_section section;
        size_t len;

        s->current = NULL;
        s->in_section = true;
        if (!name)
                return;
        len = strcspn(name, " \t");
        section = section_by_name(name, len);
        if (section == _CONFIG_SECTION_MAX || (!config_sections[section].named && name[len] != '\0'))
                refuse_section(s, at, name);
        else if (config_sections[section].named)
                begin_named(s, at, section, name + len + strspn(name + len, " \t"));
        else if (s->sections[section].n > 0)
                s->current = s->sections[section].list[0];
        else
                begin_section(s, at, section, NULL);
}

/* Where a key of this section can stand. */
static const char *places_of(enum config_section keys) {
        return keys == SECTION_WORKER ? "[worker NAME] or [defaults]" : config_sections[keys].title;
}

static void refuse_key(struct scratch *s, const struct place *at, const char *key) {
        const struct config_section_type *type = &config_sections[s->current->section];
        const char *names[CONFIG_KEYS_MAX + 1] = { NULL }, *nearest;
        char shown[SHOWN_SIZE];
        size_t n = 0;

        text_copy_line(shown, sizeof(shown), key, strlen(key));
        if (type->keys == SECTION_KAFKA && strchr(key, '.')) {
                problem_error(&s->problems, at,
                              "%s is no key of %s; write librdkafka's own as property = %s=VALUE", shown,
                              type->title, shown);
                return;
        }
        for (enum config_section other = 0; other < _CONFIG_SECTION_MAX; other++)
                if (key_index(other, key) >= 0) {
                        problem_error(&s->problems, at, "%s is no key of %s; it belongs into %s", shown,
                                      type->title, places_of(other));
                        return;
                }
        for (size_t i = 0; i < n_config_keys; i++)
                if (config_keys[i].section == type->keys)
                        names[n++] = config_keys[i].name;
        nearest = suggest_nearest(key, names);
        if (nearest)
                problem_error(&s->problems, at, "%s is no key of %s; did you mean %s?", shown, type->title,
                              nearest);
        else
                problem_error(&s->problems, at,
                              "%s is no key of %s, nor like any; connect-watchdog.conf(5) has the list",
                              shown, type->title);
}

/* Whether the value can be read at all; told if not, here where the line is known. */
static bool is_sound(struct scratch *s,
                     const struct place *at,
                     const struct config_key *k,
                     const char *value) {
        union {
                struct agent_settings agent;
                struct http_settings http;
                struct kafka_settings kafka;
                struct notify_settings notify;
                struct worker_settings worker;
        } base = { 0 };
        char problem[KEY_PROBLEM_SIZE];
        int r;

        if (value[0] == '\0') {
                if (!k->fallback)
                        return true;
                problem_error(&s->problems, at,
                              "%s has no value; write one, or remove the line for the default (%s)", k->name,
                              k->fallback);
                return false;
        }
        r = key_set(k, value, &base, problem);
        key_clear(k, &base);
        if (r == -ENOMEM)
                s->out_of_memory = true;
        else if (r < 0)
                problem_error(&s->problems, at, "%s", problem);
        return r == 0;
}

/* The key's place among the section's values, made where there is none yet; NULL without memory. */
static struct raw_value *take_value(struct raw_section *section,
                                    const struct config_key *k,
                                    const struct place *at) {
        struct raw_value *grown, *v = find_value(section, k);

        if (v)
                return v;
        grown = reallocarray(section->values, section->n_values + 1, sizeof(struct raw_value));
        if (!grown)
                return NULL;
        section->values = grown;
        v = &grown[section->n_values++];
        *v = (struct raw_value) { .key = k, .at = *at };
        return v;
}

static int add_text(struct raw_value *v, const struct place *at, const char *text) {
        struct raw_text *grown, new = { .at = *at };

        grown = reallocarray(v->texts, v->n_texts + 1, sizeof(struct raw_text));
        if (!grown)
                return -ENOMEM;
        v->texts = grown;
        new.text = strdup(text);
        if (!new.text)
                return -ENOMEM;
        v->texts[v->n_texts++] = new;
        return 0;
}

static void take_key(struct scratch *s,
                     const struct place *at,
                     const struct config_key *k,
                     const char *value) {
        struct raw_value *v = find_value(s->current, k);

        if (v && !key_is_list(k) && v->at.order == at->order) {
                problem_error(&s->problems, at, "%s is set already in line %u; remove one of the two",
                              k->name, v->at.line);
                return;
        }
        v = take_value(s->current, k, at);
        if (!v) {
                s->out_of_memory = true;
                return;
        }
        if (!key_is_list(k) || value[0] == '\0')
                clear_texts(v);
        if (!key_is_list(k))
                v->at = *at;
        if (!is_sound(s, at, k, value)) {
                v->bad = true;
                return;
        }
        if (!key_is_list(k))
                v->bad = false;
        if (value[0] != '\0' && add_text(v, at, value) < 0)
                s->out_of_memory = true;
}

void scratch_key(struct scratch *s, const struct place *at, const char *key, const char *value) {
        char shown[SHOWN_SIZE];
        int index;

        if (!s->in_section) {
                text_copy_line(shown, sizeof(shown), key, strlen(key));
                problem_error(&s->problems, at, "%s stands before any section; write [worker NAME] above it",
                              shown);
                return;
        }
        if (!s->current)
                return;
        index = key_index(config_sections[s->current->section].keys, key);
        if (index < 0)
                refuse_key(s, at, key);
        else if (config_keys[index].one_worker && s->current->section == SECTION_DEFAULTS)
                problem_error(
                        &s->problems, at,
                        "%s cannot be the same for every worker; move it into the [worker NAME] it is for",
                        config_keys[index].name);
        else
                take_key(s, at, &config_keys[index], value);
}

void scratch_password(struct scratch *s, const char *password) {
        if (s->current)
                s->current->password = password;
}
