/* Takes sections and keys line by line: which are known, and which are there twice. Knows neither files
 * nor what values mean together. */

#include "config/scratch.h"

#include <errno.h>
#include <stdio.h>

#include "config/suggest.h"
#include "config/values.h"
#include "util/text.h"

#define SHOWN_SIZE 96

static void raw_section_done(struct raw_section *s) {
        free(s->name);
        for (size_t i = 0; i < CONFIG_KEYS_MAX; i++)
                strv_free(s->values[i].texts);
}

void scratch_done(struct scratch *s) {
        raw_section_done(&s->agent);
        raw_section_done(&s->http);
        raw_section_done(&s->defaults);
        for (size_t i = 0; i < s->n_workers; i++) {
                raw_section_done(s->workers[i]);
                free(s->workers[i]);
        }
        free(s->workers);
        problems_done(&s->problems);
        *s = (struct scratch) { 0 };
}

void scratch_begin_file(struct scratch *s) {
        s->current = NULL;
        s->in_section = false;
}

static struct raw_section *new_worker(struct scratch *s, const struct place *at, const char *name) {
        struct raw_section **grown, *w;

        grown = reallocarray(s->workers, s->n_workers + 1, sizeof(struct raw_section *));
        if (!grown)
                return NULL;
        s->workers = grown;
        w = calloc(1, sizeof(struct raw_section));
        if (!w)
                return NULL;
        w->name = strdup(name);
        if (!w->name) {
                free(w);
                return NULL;
        }
        w->at = *at;
        s->workers[s->n_workers++] = w;
        return w;
}

static void begin_worker(struct scratch *s, const struct place *at, const char *name) {
        char shown[SHOWN_SIZE];

        text_copy_line(shown, sizeof(shown), name, strlen(name));
        if (name[0] == '\0') {
                problem_error(&s->problems, at, "[worker] has no name; write [worker NAME]");
                return;
        }
        if (!value_is_worker_name(name)) {
                problem_error(&s->problems, at,
                              "\"%s\" cannot be a worker's name; write at most %d letters, digits, dots, "
                              "hyphens and underscores",
                              shown, WORKER_NAME_LEN_MAX);
                return;
        }
        for (size_t i = 0; i < s->n_workers; i++)
                if (streq(s->workers[i]->name, name)) {
                        const struct place *first = &s->workers[i]->at;

                        problem_error(&s->problems, at,
                                      "[worker %s] stands already in %s:%u; give this one another name, or "
                                      "join the two",
                                      name, first->file, first->line);
                        return;
                }
        s->current = new_worker(s, at, name);
        if (!s->current)
                s->out_of_memory = true;
}

static void refuse_section(struct scratch *s, const struct place *at, const char *name) {
        static const char *const known[] = { "agent", "http", "defaults", "worker", NULL };
        char shown[SHOWN_SIZE], word[16];
        const char *nearest, *rest;
        size_t len = 0;

        text_copy_line(shown, sizeof(shown), name, strlen(name));
        while ((name[len] >= 'a' && name[len] <= 'z') || (name[len] >= 'A' && name[len] <= 'Z'))
                len++;
        text_copy_line(word, sizeof(word), name, len);
        rest = name + len + strspn(name + len, " \t:.\"'");
        if (key_is_planned(-1, word)) {
                problem_error(&s->problems, at,
                              "[%s] is not supported by this version; remove the section, or comment it out",
                              shown);
                return;
        }
        nearest = suggest_nearest(word, known);
        if (!nearest)
                problem_error(
                        &s->problems, at,
                        "[%s] is no section; the sections are [agent], [http], [defaults] and [worker NAME]",
                        shown);
        else if (!streq(nearest, "worker"))
                problem_error(&s->problems, at, "[%s] is no section; did you mean [%s]?", shown, nearest);
        else {
                char wanted[WORKER_NAME_LEN_MAX + 1];

                text_copy_line(wanted, sizeof(wanted), rest, strcspn(rest, " \t\"'"));
                problem_error(&s->problems, at, "[%s] is no section; did you mean [worker %s]?", shown,
                              value_is_worker_name(wanted) ? wanted : "NAME");
        }
}

void scratch_section(struct scratch *s, const struct place *at, const char *name) {
        static const char worker[] = "worker";
        const size_t worker_len = sizeof(worker) - 1;

        s->current = NULL;
        s->in_section = true;
        if (!name)
                return;
        if (streq(name, "agent"))
                s->current = &s->agent;
        else if (streq(name, "http"))
                s->current = &s->http;
        else if (streq(name, "defaults"))
                s->current = &s->defaults;
        else if (strncmp(name, worker, worker_len) == 0 && strchr(" \t", name[worker_len]))
                begin_worker(s, at, name + worker_len + strspn(name + worker_len, " \t"));
        else
                refuse_section(s, at, name);
}

static enum config_section keys_of(const struct scratch *s) {
        return s->current == &s->agent  ? SECTION_AGENT
               : s->current == &s->http ? SECTION_HTTP
                                        : SECTION_WORKER;
}

static const char *title_of(const struct scratch *s) {
        return s->current == &s->agent      ? "[agent]"
               : s->current == &s->http     ? "[http]"
               : s->current == &s->defaults ? "[defaults]"
                                            : "[worker NAME]";
}

static void refuse_key(struct scratch *s, const struct place *at, const char *key) {
        static const char *const titles[_CONFIG_SECTION_MAX] = {
                [SECTION_AGENT] = "[agent]",
                [SECTION_HTTP] = "[http]",
                [SECTION_WORKER] = "[worker NAME] or [defaults]",
        };
        enum config_section section = keys_of(s);
        const char *names[CONFIG_KEYS_MAX + 1] = { NULL }, *nearest;
        char shown[SHOWN_SIZE];
        size_t n = 0;

        text_copy_line(shown, sizeof(shown), key, strlen(key));
        if (key_is_planned((int) section, key)) {
                problem_error(&s->problems, at,
                              "%s is not supported by this version; remove the line, or comment it out",
                              shown);
                return;
        }
        for (enum config_section other = 0; other < _CONFIG_SECTION_MAX; other++)
                if (key_index(other, key) >= 0) {
                        problem_error(&s->problems, at, "%s is no key of %s; it belongs into %s", shown,
                                      title_of(s), titles[other]);
                        return;
                }
        for (size_t i = 0; i < n_config_keys; i++)
                if (config_keys[i].section == section)
                        names[n++] = config_keys[i].name;
        nearest = suggest_nearest(key, names);
        if (nearest)
                problem_error(&s->problems, at, "%s is no key of %s; did you mean %s?", shown, title_of(s),
                              nearest);
        else
                problem_error(&s->problems, at,
                              "%s is no key of %s, nor like any; connect-watchdog.conf(5) has the list",
                              shown, title_of(s));
}

/* Whether the value can be read at all; told if not, here where the line is known. */
static bool is_sound(struct scratch *s,
                     const struct place *at,
                     const struct config_key *k,
                     const char *value) {
        union {
                struct agent_settings agent;
                struct http_settings http;
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
        switch (k->type) {
        case KEY_URLS:
        case KEY_LISTEN:
        case KEY_URL_PATHS:
                strv_free(*(char ***) ((char *) &base + k->offset));
                break;
        case KEY_USERNAME:
        case KEY_HOSTNAME:
        case KEY_URL:
        case KEY_UNIT:
        case KEY_FILE:
        case KEY_URL_PATH:
        case KEY_JSON:
        case KEY_WORKER_ID:
        case KEY_CONNECTOR:
                free(*(char **) ((char *) &base + k->offset));
                break;
        default:
                break;
        }
        if (r == -ENOMEM)
                s->out_of_memory = true;
        else if (r < 0)
                problem_error(&s->problems, at, "%s", problem);
        return r == 0;
}

void scratch_key(struct scratch *s, const struct place *at, const char *key, const char *value) {
        const struct config_key *k;
        char shown[SHOWN_SIZE];
        struct raw_value *v;
        int index;

        if (!s->in_section) {
                text_copy_line(shown, sizeof(shown), key, strlen(key));
                problem_error(&s->problems, at, "%s stands before any section; write [worker NAME] above it",
                              shown);
                return;
        }
        if (!s->current)
                return;
        index = key_index(keys_of(s), key);
        if (index < 0) {
                refuse_key(s, at, key);
                return;
        }
        k = &config_keys[index];
        v = &s->current->values[index];
        if (k->one_worker && s->current == &s->defaults) {
                problem_error(
                        &s->problems, at,
                        "%s cannot be the same for every worker; move it into the [worker NAME] it is for",
                        k->name);
                return;
        }
        if (v->given && !key_is_list(k) && v->at.order == at->order) {
                problem_error(&s->problems, at, "%s is set already in line %u; remove one of the two",
                              k->name, v->at.line);
                return;
        }
        if (!key_is_list(k) || value[0] == '\0')
                v->texts = strv_free(v->texts);
        if (!key_is_list(k) || !v->given)
                v->at = *at;
        v->given = true;
        if (!is_sound(s, at, k, value)) {
                v->bad = true;
                return;
        }
        if (!key_is_list(k))
                v->bad = false;
        if (value[0] != '\0' && strv_extend(&v->texts, value) < 0)
                s->out_of_memory = true;
}
