#include "ctl/authorize.h"
#include "util/json.h"
#include "util/text.h"

static const struct {
        const char *word, *sentence;
} outcomes[_UNIT_OUTCOME_MAX] = {
        [UNIT_UNTOUCHED] = { "untouched", "is left as it was" },
        [UNIT_REFUSED] = { "refused", "is refused" },
        [UNIT_AUTHORIZED] = { "authorized", "is authorized now" },
        [UNIT_UNCHANGED] = { "unchanged", "was authorized already" },
        [UNIT_SHIPPED] = { "shipped", "is allowed by the shipped rule already" },
        [UNIT_REVOKED] = { "revoked", "is authorized no longer" },
        [UNIT_ABSENT] = { "absent", "was not authorized" },
};

/* ---- for a script ---- */

static json_object *string_or_null(const char *s) {
        return s ? json_object_new_string(s) : NULL;
}

static void print_json(json_object *o) {
        puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void tell_json(const struct authorize_request *q, const struct rule_file *file) {
        _cleanup_(json_object_unrefp) json_object *all = json_object_new_object();
        json_object *list = json_object_new_array();

        for (size_t i = 0; i < q->n; i++) {
                const struct asked_unit *u = &q->units[i];
                json_object *one = json_object_new_object();

                json_object_object_add(one, "asked", json_object_new_string(u->asked));
                json_object_object_add(one, "unit", json_object_new_string(u->unit));
                json_object_object_add(one, "result", json_object_new_string(outcomes[u->outcome].word));
                json_object_object_add(one, "problem", string_or_null(u->problem[0] ? u->problem : NULL));
                json_object_object_add(one, "warning", string_or_null(u->warning));
                json_object_array_add(list, one);
        }
        json_object_object_add(all, "changed", json_object_new_boolean(q->changed));
        json_object_object_add(all, "file", string_or_null(file->path));
        json_object_object_add(all, "warning", string_or_null(q->warning));
        json_object_object_add(all, "units", list);
        print_json(all);
}

static void add_units(json_object *list, char *const *units, const char *from, const char *path) {
        STRV_FOREACH (unit, units) {
                json_object *one = json_object_new_object();

                json_object_object_add(one, "unit", json_object_new_string(*unit));
                json_object_object_add(one, "from", json_object_new_string(from));
                json_object_object_add(one, "file", json_object_new_string(path));
                json_object_array_add(list, one);
        }
}

/* ---- for a person ---- */

static void tell_unit(const struct authorize_request *q, const struct asked_unit *u) {
        bool alias = !streq(u->asked, u->unit), refused = u->outcome == UNIT_REFUSED;

        if (!q->refused || refused)
                fprintf(refused ? stderr : stdout, "%s%s%s%s %s\n", u->asked,
                        alias ? " is an alias of " : "", alias ? u->unit : "", alias ? ", which" : "",
                        refused ? u->problem : outcomes[u->outcome].sentence);
        if (u->warning)
                fprintf(stderr, "warning: %s %s\n", u->unit, u->warning);
}

void authorize_tell(const struct ctl_options *options,
                    const struct authorize_request *q,
                    const struct rule_file *file) {
        if (options->json) {
                tell_json(q, file);
                return;
        }
        if (q->warning)
                fprintf(stderr, "warning: %s\n", q->warning);
        for (size_t i = 0; i < q->n; i++)
                tell_unit(q, &q->units[i]);
        if (q->refused)
                fputs("connect-watchdogctl authorize: nothing was changed\n", stderr);
        else if (q->changed && !options->revoke && !options->root)
                puts("An agent that was refused before tries again by itself; at once after:\n"
                     "    systemctl reload connect-watchdog");
}

void authorize_tell_list(const struct ctl_options *options,
                         const struct rule_file *file,
                         char *const *shipped,
                         char *const *units) {
        if (options->json) {
                _cleanup_(json_object_unrefp) json_object *all = json_object_new_object();
                json_object *list = json_object_new_array();

                add_units(list, shipped, "shipped", file->shipped_path);
                add_units(list, units, "authorized", file->path);
                json_object_object_add(all, "units", list);
                print_json(all);
                return;
        }
        STRV_FOREACH (unit, shipped)
                printf("%s (shipped rule)\n", *unit);
        STRV_FOREACH (unit, units)
                puts(*unit);
}
