/* Fuzzes the configuration from text to settings and back to text, without a file: any bytes are read
 * whole, told, or both, and what loads is printed. */

#include <stdio.h>

#include "config/config.h"
#include "config/ini_file.h"
#include "config/scratch.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct place *at(unsigned line) {
        static struct place place = { .file = "fuzz.conf" };

        place.line = line;
        return &place;
}

static void on_section(void *userdata, unsigned line, const char *name) {
        scratch_section(userdata, at(line), name);
}

static void on_key(void *userdata, unsigned line, const char *key, const char *value) {
        scratch_key(userdata, at(line), key, value);
}

static void on_problem(void *userdata, unsigned line, const char *text) {
        struct scratch *s = userdata;

        problem_error(&s->problems, at(line), "%s", text);
}

static void print_nowhere(const struct settings *s) {
        char *text = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);

        if (!f)
                abort();
        config_print(f, s);
        (void) fclose(f);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct ini_events events = { .section = on_section,
                                                  .key = on_key,
                                                  .problem = on_problem };
        _cleanup_strv_ char **errors = NULL, **warnings = NULL;
        _cleanup_(settings_freep) struct settings *settings = NULL;
        struct scratch s = { 0 };

        scratch_begin_file(&s);
        if (ini_text_read((const char *) data, size, &events, &s) < 0 || scratch_build(&s, &settings) < 0)
                abort();
        if (s.problems.n_errors == 0)
                print_nowhere(settings);
        if (problems_to_lines(&s.problems, &errors, &warnings) < 0)
                abort();
        STRV_FOREACH (line, errors)
                if (!text_is_utf8(*line, strlen(*line)))
                        abort();
        scratch_done(&s);
        return 0;
}
