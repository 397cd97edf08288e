/* Findings: kept in order, and written for a person or a script. Looks at nothing itself. */
#include <stdarg.h>

#include <json-c/json.h>

#include "ctl/finding.h"
#include "util/json.h"

static const struct severity_row {
        const char *name, *mark, *color;
} severities[_SEVERITY_MAX] = {
        [FINDING_GOOD] = { "ok", "✓", "\033[32m" },
        [FINDING_UNKNOWN] = { "unknown", "?", "\033[36m" },
        [FINDING_WARNING] = { "warning", "!", "\033[33m" },
        [FINDING_PROBLEM] = { "problem", "✗", "\033[1;31m" },
};

static const char *const check_names[_CHECK_MAX + 1] = {
        [CHECK_SYSTEMD] = "systemd",
        [CHECK_SERVICE] = "service",
        [CHECK_KAFKA] = "kafka",
        [CHECK_TOPIC] = "topic",
        [CHECK_UNIT] = "unit",
        [CHECK_POLKIT] = "polkit",
        [CHECK_URL] = "url",
        [CHECK_THIS_HOST] = "this-host",
        [CHECK_PEERS] = "peers",
        [CHECK_PORT] = "port",
        [CHECK_CREDENTIAL] = "credential",
        [CHECK_CERTIFICATE] = "certificate",
        [CHECK_STOP_TIMEOUT] = "stop-timeout",
        [CHECK_EXIT_STATUS] = "exit-status",
        [CHECK_RESTART] = "restart",
        [CHECK_START_LIMIT] = "start-limit",
        [CHECK_MANUAL_START] = "manual-start",
        [CHECK_OUT_OF_MEMORY] = "out-of-memory",
        [CHECK_THREAD_DUMP] = "thread-dump",
};

const char *severity_to_string(enum severity s) {
        return severities[s].name;
}

const char *check_to_string(enum check c) {
        return check_names[c];
}

const char *const *finding_checks(void) {
        return check_names;
}

static void finding_clear(struct finding *f) {
        free(f->worker);
        free(f->kafka);
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

void finding_add_about(struct findings *f,
                       enum severity severity,
                       enum check check,
                       const char *worker,
                       const char *kafka,
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
        if (!list || !new.text || !copy(worker, &new.worker) || !copy(kafka, &new.kafka) ||
            !copy(remedy, &new.remedy)) {
                finding_clear(&new);
                f->out_of_memory = true;
                return;
        }
        f->list[f->n++] = new;
}

size_t findings_count(const struct findings *f, enum severity severity) {
        size_t n = 0;

        for (size_t i = 0; i < f->n; i++)
                n += f->list[i].severity == severity;
        return n;
}

/* ---- for a script ---- */

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
                json_object_object_add(one, "check", json_object_new_string(check_to_string(from->check)));
                json_object_object_add(one, "worker", string_or_null(from->worker));
                json_object_object_add(one, "kafka", string_or_null(from->kafka));
                json_object_object_add(one, "text", json_object_new_string(from->text));
                json_object_object_add(one, "remedy", string_or_null(from->remedy));
        }
        return TAKE_PTR(all);
}

/* ---- for a person ---- */

void finding_print_line(FILE *f, enum severity severity, bool colors, const char *what, const char *text) {
        const struct severity_row *s = &severities[severity];

        fprintf(f, "  %s%s %-7s%s  %s: %s\n", colors ? s->color : "", s->mark, s->name,
                colors ? "\033[0m" : "", what, text);
}

void finding_print_remedy(FILE *f, const char *remedy) {
        fprintf(f, "             → %s\n", remedy);
}

void findings_print(FILE *f,
                    const struct findings *all,
                    const char *worker,
                    const char *kafka,
                    bool colors) {
        for (size_t i = 0; i < all->n; i++) {
                const struct finding *one = &all->list[i];

                if (!streq_ptr(one->worker, worker) || !streq_ptr(one->kafka, kafka))
                        continue;
                finding_print_line(f, one->severity, colors, check_to_string(one->check), one->text);
                if (one->remedy)
                        finding_print_remedy(f, one->remedy);
        }
}
