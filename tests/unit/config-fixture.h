/* A directory with configuration files in it, and what config_load() makes of them, with the directory's
 * name taken out of the messages. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config/config.h"
#include "util/text.h"

struct fixture {
        char directory[64];
        char credentials[96];
        bool with_credentials;
        kafka_property_check *check_property; /* NULL: nobody is asked */
        int r;
        struct settings *settings;
        struct config_errors errors;
};

static inline void fixture_init(struct fixture *f) {
        *f = (struct fixture) { .directory = "/tmp/test-config-XXXXXX" };
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->credentials, sizeof(f->credentials), "%s/credentials", f->directory);
        assert_int_equal(mkdir(f->credentials, 0700), 0);
}

static inline void fixture_path(const struct fixture *f, const char *name, char path[static 300]) {
        (void) snprintf(path, 300, "%s/%s", f->directory, name);
}

static inline void fixture_write_bytes(struct fixture *f, const char *name, const char *bytes, size_t len) {
        char path[300];
        FILE *file;

        if (strncmp(name, "conf.d/", 7) == 0) {
                fixture_path(f, "conf.d", path);
                assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
        }
        fixture_path(f, name, path);
        (void) unlink(path); /* ext4 would write out at once what replaces a truncated file */
        file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
}

static inline void fixture_write(struct fixture *f, const char *name, const char *text) {
        fixture_write_bytes(f, name, text, strlen(text));
}

static inline void fixture_forget(struct fixture *f) {
        f->settings = settings_free(f->settings);
        config_errors_done(&f->errors);
}

/* Takes "DIRECTORY/" out of each line. */
static inline void fixture_shorten(const struct fixture *f, char **lines) {
        char prefix[80];
        size_t len = (size_t) snprintf(prefix, sizeof(prefix), "%s/", f->directory);

        STRV_FOREACH (line, lines)
                for (char *p; (p = strstr(*line, prefix));)
                        memmove(p, p + len, strlen(p + len) + 1);
}

static inline int fixture_load(struct fixture *f) {
        char path[300];
        struct config_options o = { .file = path,
                                    .credentials_directory = f->with_credentials ? f->credentials : NULL,
                                    .check_property = f->check_property };

        fixture_forget(f);
        fixture_path(f, "main.conf", path);
        f->r = config_load(&o, &f->settings, &f->errors);
        fixture_shorten(f, f->errors.lines);
        fixture_shorten(f, f->errors.warnings);
        return f->r;
}

static inline int fixture_load_text(struct fixture *f, const char *text) {
        fixture_write(f, "main.conf", text);
        return fixture_load(f);
}

static inline void fixture_empty(const char *directory) {
        DIR *d = opendir(directory);
        struct dirent *e;

        assert_non_null(d);
        while ((e = readdir(d))) {
                _cleanup_free_ char *path = NULL;

                if (streq(e->d_name, ".") || streq(e->d_name, ".."))
                        continue;
                assert_true(asprintf(&path, "%s/%s", directory, e->d_name) > 0);
                if (unlink(path) < 0) {
                        fixture_empty(path);
                        assert_int_equal(rmdir(path), 0);
                }
        }
        (void) closedir(d);
}

static inline void fixture_done(struct fixture *f) {
        fixture_forget(f);
        fixture_empty(f->directory);
        assert_int_equal(rmdir(f->directory), 0);
}

/* Fails, showing both, unless the lines are those of expected, which are separated by newlines ("" for
 * none). */
static inline void fixture_assert_lines(char *const *lines, const char *expected, const char *context) {
        char got[16384] = "";

        STRV_FOREACH (line, lines)
                text_append(got, sizeof(got), "%s%s", line == lines ? "" : "\n", *line);
        if (!streq(got, expected))
                fail_msg("of\n%s\nexpected\n%s\ngot\n%s", context, expected, got);
}

struct config_row {
        const char *text;
        const char *errors;   /* lines, "main.conf" with its directory taken out */
        const char *warnings; /* NULL: none */
};

static inline void fixture_check_rows_as(struct fixture *f, const struct config_row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                fixture_load_text(f, rows[i].text);
                fixture_assert_lines(f->errors.lines, rows[i].errors, rows[i].text);
                fixture_assert_lines(f->errors.warnings, strempty(rows[i].warnings), rows[i].text);
                assert_int_equal(f->r, rows[i].errors[0] == '\0' ? 0 : -EBADMSG);
                assert_true((f->settings != NULL) == (f->r == 0));
                /* What is wrong; what would be right. Errors of two lines are each looked at in their
                 * rows. */
                STRV_FOREACH (line, f->errors.lines)
                        if (!strstr(*line, "; ") && !strstr(*line, ": list"))
                                fail_msg("no remedy in '%s'", *line);
        }
}

static inline void fixture_check_rows(const struct config_row *rows, size_t n) {
        struct fixture f;

        fixture_init(&f);
        fixture_check_rows_as(&f, rows, n);
        fixture_done(&f);
}

static inline void fixture_assert_loads(struct fixture *f) {
        if (f->r != 0)
                fail_msg("%d: %s", f->r, f->errors.lines ? f->errors.lines[0] : "no error");
        assert_null(f->errors.lines);
        assert_non_null(f->settings);
}

static inline const struct worker_settings *fixture_worker(const struct fixture *f, const char *name) {
        const struct worker_settings *w = settings_find_worker(f->settings, name);

        assert_non_null(w);
        return w;
}
