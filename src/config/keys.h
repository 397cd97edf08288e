/* THE table of keys: from it defaults are set, values parsed and printed, and the manual is checked.
 * Pure. */
#pragma once

#include "config/settings.h"

enum config_section {
        SECTION_AGENT,
        SECTION_HTTP,
        SECTION_DEFAULTS, /* no key is its own: it has those of SECTION_WORKER */
        SECTION_WORKER,
        SECTION_KAFKA,
        SECTION_NOTIFY,
        _CONFIG_SECTION_MAX,
};

struct config_section_type {
        const char *name;         /* as it stands in the brackets */
        const char *title;        /* with them, for a person */
        bool named;               /* [worker NAME]: any number of them, each with a name of its own */
        enum config_section keys; /* whose keys it has */
        size_t size;              /* of the struct of its keys */
};

extern const struct config_section_type config_sections[_CONFIG_SECTION_MAX];

enum key_type {
        KEY_BOOL,
        KEY_UNSIGNED,
        KEY_SPAN,
        KEY_SIZE,
        KEY_USERNAME,
        KEY_HOSTNAME,
        KEY_LOG_LEVEL,
        KEY_KIND,
        KEY_URL,
        KEY_URLS, /* a list */
        KEY_UNIT,
        KEY_ACTION,
        KEY_LISTEN,    /* a list, or off */
        KEY_FILE,      /* a credential's bare name, or a path */
        KEY_URL_PATH,  /* or off */
        KEY_URL_PATHS, /* a list */
        KEY_JSON,      /* an object */
        KEY_SET,       /* a list of some of a few names */
        KEY_WORKER_ID,
        KEY_CONNECTOR,
        KEY_TEXT,
        KEY_SECTION_NAMES, /* a list */
        KEY_BROKERS,       /* a list */
        KEY_PROPERTIES,    /* librdkafka's: a list of one in each line, as its values may hold blanks */
        KEY_TOPIC,
        KEY_TOPICS, /* a list */
        KEY_PATH,   /* with a query, perhaps */
        KEY_METHOD,
        KEY_STATUSES, /* a list */
        KEY_BODY,
        KEY_LINK,   /* a URL with a path and a query, perhaps */
        KEY_EVENTS, /* a list of names and globs */
        KEY_FORMAT,
        KEY_COMMAND, /* with its arguments */
};

struct config_key {
        enum config_section section;
        const char *name;
        enum key_type type;
        size_t offset;            /* in the struct of its section */
        const char *fallback;     /* as the operator would write it; NULL: nothing is set */
        uint64_t min, max;        /* numbers, spans (microseconds), sizes (bytes) */
        bool zero_is_never;       /* 0 is allowed also below min */
        bool infinity;            /* a span that may be endless */
        bool one_worker;          /* refused in [defaults] */
        const char *const *names; /* of a set: what can stand in it, in the order of its bits */
        const char *kinds;        /* of workers that it is for, with blanks between; NULL: all */
        const char *meaning;
};

extern const struct config_key config_keys[];
extern const size_t n_config_keys;
#define CONFIG_KEYS_MAX 128 /* at least n_config_keys, which a test holds */

#define KEY_PROBLEM_SIZE 512

/* The key's place in config_keys, or -1. */
int key_index(enum config_section section, const char *name) _pure_;
bool key_is_list(const struct config_key *k) _pure_;
/* Whether workers of that kind have it. */
bool key_is_for(const struct config_key *k, const struct worker_kind *kind) _pure_;
/* Whether it is one that a later version will know. */
bool section_is_planned(const char *name) _pure_;

/* Parses text into its place in *base (the struct of its section); a list grows.
 * Empty text sets nothing (the caller's business). Returns 0, -ENOMEM, or -EINVAL with what is wrong and
 * what would be right in problem, which begins with the key. */
int key_set(const struct config_key *k, const char *text, void *base, char problem[static KEY_PROBLEM_SIZE]);
/* Frees what key_set() put into its place, and clears that. */
void key_clear(const struct config_key *k, void *base);
/* The value as the operator would write it, of KEY_PROPERTIES one in each line; "" for none; exact. Returns
 * 0 or -ENOMEM. */
int key_format(const struct config_key *k, const void *base, char **ret);
/* Whether all keys of the section have the same values; false also when out of memory. */
bool keys_equal(enum config_section section, const void *a, const void *b);
/* One number of such a key (a span, a size), as the operator would write it. Returns buf. */
char *key_format_number(const struct config_key *k, uint64_t n, char *buf, size_t size);

/* Everything at its fallback. Returns 0 or -ENOMEM. */
int keys_set_fallbacks(enum config_section section, void *base);

/* Sets the defaults that hang on other keys, as those stand in *from (which may be w): the kind's URL,
 * min_healthy_peers where there are peers, and those that must not be less, or more, than another. given:
 * by key_index(), true for what the operator wrote, or NULL. Returns 0 or -ENOMEM. */
int keys_adapt_fallbacks(struct worker_settings *w, const struct worker_settings *from, const bool *given);
