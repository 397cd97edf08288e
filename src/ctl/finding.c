#include <stdarg.h>
#include <stdio.h>

#include <json-c/json.h>

#include "ctl/finding.h"
#include "util/json.h"

static const char *const severity_names[] = {
        [FINDING_GOOD] = "good",
        [FINDING_UNKNOWN] = "unknown",
        [FINDING_WARNING] = "warning",
        [FINDING_PROBLEM] = "problem",
};

const char *severity_to_string(enum severity s) {
        return s < ELEMENTSOF(severity_names) ? severity_names[s] : "unknown";
}

static void finding_clear(struct finding *f) {
        free(f->worker);
        free(f->text);
        free(f->remedy);
}

void findings_done(struct findings *f) {
        for (size_t i = 0; i < f->n; i++)
                finding_clear(&f->list[i]);
        free(f->list);
        *f = (struct findings) {};
}

/* A copy of text, where NULL stays NULL. */
static bool copy(const char *text, char **ret) {
        *ret = text ? strdup(text) : NULL;
        return *ret || !text;
}

void finding_add(struct findings *f,
                 enum severity severity,
                 const char *check,
                 const char *worker,
                 const char *remedy,
                 const char *format,
                 ...) {
        struct finding new = { .severity = severity, .check = check };
        struct finding *list;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&new.text, format, ap);
        va_end(ap);
        if (r < 0)
                new.text = NULL;
        list = reallocarray(f->list, f->n + 1, sizeof(*list));
        if (list)
                f->list = list;
        if (!list || !new.text || !copy(worker, &new.worker) || !copy(remedy, &new.remedy)) {
                finding_clear(&new);
                f->out_of_memory = true;
                return;
        }
        f->list[f->n++] = new;
}

enum severity findings_worst(const struct findings *f) {
        enum severity worst = FINDING_GOOD;

        for (size_t i = 0; i < f->n; i++)
                worst = MAX(worst, f->list[i].severity);
        return worst;
}

static json_object *string_or_null(const char *s) {
        return s ? json_object_new_string(s) : NULL;
}

json_object *findings_to_json(const struct findings *f) {
        _cleanup_(json_object_unrefp) json_object *all = json_object_new_array();

        for (size_t i = 0; all && i < f->n; i++) {
                const struct finding *from = &f->list[i];
                json_object *one = json_object_new_object();

                if (!one || json_object_array_add(all, one) < 0) {
                        json_object_put(one);
                        return NULL;
                }
                json_object_object_add(one, "severity",
                                       json_object_new_string(severity_to_string(from->severity)));
                json_object_object_add(one, "check", json_object_new_string(from->check));
                json_object_object_add(one, "worker", string_or_null(from->worker));
                json_object_object_add(one, "text", json_object_new_string(from->text));
                json_object_object_add(one, "remedy", string_or_null(from->remedy));
        }
        return TAKE_PTR(all);
}
