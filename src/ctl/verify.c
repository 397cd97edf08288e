/* verify-config: what would be read, and what on this host stands in its way. */
#include <errno.h>

#include <json-c/json.h>

#include "config/service_user.h"
#include "ctl/ask_kafka.h"
#include "ctl/verify.h"
#include "observe/kind.h"
#include "util/json.h"
#include "util/text.h"

/* ---- the configuration ---- */

/* Reads it, and reads it again as the agent will: what root can read, that may not. */
static int read_configuration(const struct config_options *o,
                              struct settings **ret,
                              struct config_errors *errors) {
        _cleanup_(settings_freep) struct settings *as_service = NULL;
        struct config_errors warned_already = {};
        struct identity before;
        int r;

        r = config_load(o, ret, errors);
        if (r < 0 || !service_user_become(&before))
                return r;
        r = config_load(o, &as_service, &warned_already);
        service_user_return(&before);
        STRV_FOREACH (line, warned_already.lines)
                if (strv_extend(&errors->lines, *line) < 0)
                        r = -ENOMEM;
        errors->n_errors += warned_already.n_errors;
        config_errors_done(&warned_already);
        return r;
}

/* ---- for a script ---- */

static json_object *strv_to_json(char *const *l) {
        json_object *array = json_object_new_array();

        STRV_FOREACH (s, l)
                json_object_array_add(array, json_object_new_string(*s));
        return array;
}

/* Takes value over, whatever comes of it. */
static bool add(json_object *to, const char *key, json_object *value) {
        if (to && value && json_object_object_add(to, key, value) == 0)
                return true;
        json_object_put(value);
        return false;
}

static int print_json(const struct config_errors *errors, const struct findings *f) {
        _cleanup_(json_object_unrefp) json_object *all = json_object_new_object();
        json_object *configuration = json_object_new_object();
        const char *text;

        if (!add(all, "configuration", configuration) ||
            !add(configuration, "errors", strv_to_json(errors->lines)) ||
            !add(configuration, "warnings", strv_to_json(errors->warnings)) ||
            !add(all, "findings", findings_to_json(f)))
                return -ENOMEM;
        text = json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
        return text && puts(text) >= 0 ? 0 : -ENOMEM;
}

/* ---- for a person ---- */

static void print_kafka_heading(const struct kafka_settings *k) {
        printf("\nkafka %s:", k->name);
        STRV_FOREACH (b, k->bootstrap)
                printf(" %s", *b);
        puts("");
}

static void print_heading(const struct worker_settings *w, bool dry_run) {
        char where[WORKER_WHERE_SIZE];

        printf("\n%s: %s%s%s, action = %s%s\n", w->name, worker_where(w, where, sizeof(where)),
               w->unit ? ", " : "", strempty(w->unit), worker_action_to_string(w->action),
               dry_run ? " (but dry_run = yes)" : "");
}

static void append_count(char *buf, size_t size, const char *before, size_t n, const char *what) {
        if (n > 0)
                text_append(buf, size, "%s%zu %s%s", before, n, what, n == 1 ? "" : "s");
}

static void print_summary(const struct settings *s, const struct findings *f, size_t n_config_warnings) {
        size_t n_unknown = findings_count(f, FINDING_UNKNOWN),
               n_problems = findings_count(f, FINDING_PROBLEM);
        bool sound = n_problems == 0 && s->n_workers > 0;
        char text[256] = "";

        if (s->n_workers == 0)
                text_append(text, sizeof(text), "no worker is configured: nothing is watched");
        append_count(text, sizeof(text), "", s->n_workers, "worker");
        if (sound)
                text_append(text, sizeof(text), ", no problem%s", n_unknown > 0 ? " found" : "");
        append_count(text, sizeof(text), ", ", n_problems, "problem");
        append_count(text, sizeof(text), ", ", findings_count(f, FINDING_WARNING) + n_config_warnings,
                     "warning");
        append_count(text, sizeof(text), sound ? ", but " : ", ", n_unknown, "thing");
        if (n_unknown > 0)
                text_append(text, sizeof(text), " could not be looked at");
        printf("\n%s\n", text);
}

static void print_report(const struct ctl_options *options,
                         const struct settings *s,
                         const struct config_errors *errors,
                         const struct findings *f) {
        if (options->verbose) {
                config_print(stdout, s);
                puts("");
        }
        puts("this host");
        STRV_FOREACH (line, errors->warnings)
                finding_print_line(stdout, FINDING_WARNING, options->colors, "configuration", *line);
        findings_print(stdout, f, NULL, NULL, options->colors);
        for (size_t i = 0; i < s->n_kafkas; i++) {
                print_kafka_heading(s->kafkas[i]);
                findings_print(stdout, f, NULL, s->kafkas[i]->name, options->colors);
        }
        for (size_t i = 0; i < s->n_workers; i++) {
                print_heading(s->workers[i], s->agent.dry_run);
                findings_print(stdout, f, s->workers[i]->name, NULL, options->colors);
        }
        print_summary(s, f, errors->n_warnings);
}

/* ---- the verb ---- */

static int verify_kafka(const struct settings *s, struct findings *f) {
        _cleanup_free_ struct kafka_answer *answers = calloc(s->n_kafkas + 1, sizeof(*answers));
        int r;

        if (!answers)
                return -ENOMEM;
        r = ask_kafka(s, answers);
        for (size_t i = 0; i < s->n_kafkas; i++) {
                if (r >= 0)
                        kafka_check(s->kafkas[i], &answers[i], geteuid() == 0, f);
                kafka_answer_done(&answers[i]);
        }
        return r;
}

static int verify(const struct ctl_options *options,
                  const struct settings *s,
                  const struct config_errors *errors,
                  struct findings *f) {
        int r;

        verify_credentials(s, &options->config, f);
        r = verify_kafka(s, f);
        if (r >= 0)
                r = verify_host(s, f);
        if (r >= 0 && f->out_of_memory)
                r = -ENOMEM;
        if (r < 0)
                return r;
        if (options->json)
                return print_json(errors, f);
        print_report(options, s, errors, f);
        return 0;
}

/* Returns the exit status. */
static int tell_configuration_errors(const struct ctl_options *options,
                                     const struct config_errors *errors,
                                     int r) {
        const struct findings none = {};

        if (r != -EBADMSG) {
                fprintf(stderr, "cannot read the configuration: %s\n", strerror(-r));
                return CTL_FAILED;
        }
        if (options->json) {
                (void) print_json(errors, &none);
                return CTL_CONFIG;
        }
        STRV_FOREACH (line, errors->lines)
                fprintf(stderr, "%s\n", *line);
        STRV_FOREACH (line, errors->warnings)
                fprintf(stderr, "warning: %s\n", *line);
        fprintf(stderr, "%zu error%s; nothing else was looked at\n", errors->n_errors,
                errors->n_errors == 1 ? "" : "s");
        return CTL_CONFIG;
}

int verb_verify_config(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(settings_freep) struct settings *settings = NULL;
        _cleanup_(config_errors_done) struct config_errors errors = {};
        _cleanup_(findings_done) struct findings findings = {};
        int r;

        if (argc > 1) {
                fprintf(stderr, "connect-watchdogctl verify-config: what is \"%s\"?\n", argv[1]);
                return CTL_USAGE;
        }
        r = read_configuration(&options->config, &settings, &errors);
        if (r < 0)
                return tell_configuration_errors(options, &errors, r);
        r = verify(options, settings, &errors, &findings);
        if (r < 0) {
                fprintf(stderr, "connect-watchdogctl verify-config: %s\n", strerror(-r));
                return CTL_FAILED;
        }
        return findings_count(&findings, FINDING_PROBLEM) > 0 ? CTL_FAILED : CTL_OK;
}
