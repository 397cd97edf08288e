/* Reads the configuration's files, in order, into the scratch, and has it built: the one place in config/
 * that knows where files are. What they may say it knows not. */

#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config/checks.h"
#include "config/compat.h"
#include "config/ini_file.h"
#include "util/text.h"

struct loader {
        struct scratch scratch;
        char **files; /* whose names the places point to */
        struct place at;
};

static void loader_done(struct loader *l) {
        scratch_done(&l->scratch);
        strv_free(l->files);
}

static const struct place *at_line(struct loader *l, unsigned line) {
        l->at.line = line;
        return &l->at;
}

static void on_section(void *userdata, unsigned line, const char *name) {
        struct loader *l = userdata;

        scratch_section(&l->scratch, at_line(l, line), name);
}

static void on_key(void *userdata, unsigned line, const char *key, const char *value) {
        struct loader *l = userdata;

        scratch_key(&l->scratch, at_line(l, line), key, value);
}

static void on_problem(void *userdata, unsigned line, const char *text) {
        struct loader *l = userdata;

        problem_error(&l->scratch.problems, at_line(l, line), "%s", text);
}

static int begin_file(struct loader *l, const char *path) {
        size_t n = strv_length(l->files);

        if (strv_extend(&l->files, path) < 0)
                return -ENOMEM;
        l->at = (struct place) { .file = l->files[n], .order = (unsigned) n };
        scratch_begin_file(&l->scratch);
        return 0;
}

/* may_be_missing: no error then. */
static int load_file(struct loader *l, const char *path, bool may_be_missing) {
        static const struct ini_events events = { .section = on_section,
                                                  .key = on_key,
                                                  .problem = on_problem };
        _cleanup_free_ char *text = NULL;
        char problem[INI_PROBLEM_SIZE];
        size_t len = 0;
        int r;

        r = begin_file(l, path);
        if (r < 0)
                return r;
        r = ini_file_slurp(path, &text, &len, problem);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOENT && may_be_missing)
                return 0;
        if (r < 0) {
                problem_error(&l->scratch.problems, at_line(l, 0), "%s", problem);
                return 0;
        }
        return ini_text_read(text, len, &events, l);
}

static bool is_drop_in(const char *name) {
        size_t len = strlen(name);

        return len > 5 && streq(name + len - 5, ".conf");
}

/* What editors, package managers and people leave beside the drop-ins, and nobody expects to be read. */
static bool is_left_on_purpose(const char *name) {
        static const char *const patterns[] = {
                "*~",    "#*#",      "*.bak",     "*.orig",   "*.old",  "*.save",  "*.disabled",
                "*.off", "*.sample", "*.example", "*.dpkg-*", "*.rpm*", "*.ucf-*", "README*",
        };

        for (size_t i = 0; i < ELEMENTSOF(patterns); i++)
                if (fnmatch(patterns[i], name, 0) == 0)
                        return true;
        return false;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* All names but the hidden ones, in byte order. */
static int list_names(const char *directory, char ***ret) {
        _cleanup_strv_ char **names = NULL;
        struct dirent *entry;
        int r = 0;
        DIR *d;

        d = opendir(directory);
        if (!d)
                return errno == ENOENT ? 0 : -errno;
        for (;;) {
                errno = 0;
                entry = readdir(d);
                if (!entry) {
                        r = -errno;
                        break;
                }
                if (entry->d_name[0] != '.' && strv_extend(&names, entry->d_name) < 0) {
                        r = -ENOMEM;
                        break;
                }
        }
        (void) closedir(d);
        if (r < 0)
                return r;
        if (names)
                qsort(names, strv_length(names), sizeof(char *), compare_names);
        *ret = TAKE_PTR(names);
        return 0;
}

/* A worker in a file that is not read would go unwatched, and nobody would know. */
static int load_or_pass_over(struct loader *l, const char *path, const char *name) {
        struct stat st;
        int r;

        if (is_drop_in(name))
                return load_file(l, path, false);
        if (is_left_on_purpose(name) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        r = begin_file(l, path);
        if (r < 0)
                return r;
        problem_warning(&l->scratch.problems, at_line(l, 0),
                        "is not read: its name does not end in .conf; rename it, or append .disabled");
        return 0;
}

static int load_drop_ins(struct loader *l, const char *main_file) {
        const char *slash = strrchr(main_file, '/');
        _cleanup_free_ char *directory = NULL;
        _cleanup_strv_ char **names = NULL;
        int r, error;

        if (asprintf(&directory, "%.*sconf.d", slash ? (int) (slash + 1 - main_file) : 0, main_file) < 0) {
                directory = NULL;
                return -ENOMEM;
        }
        error = list_names(directory, &names);
        if (error == -ENOMEM)
                return error;
        if (error < 0) {
                r = begin_file(l, directory);
                if (r < 0)
                        return r;
                problem_error(
                        &l->scratch.problems, at_line(l, 0),
                        "cannot be listed: %s; make it a directory that the user connect-watchdog can read",
                        strerror(-error));
                return 0;
        }
        STRV_FOREACH (name, names) {
                _cleanup_free_ char *path = NULL;

                if (asprintf(&path, "%s/%s", directory, *name) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                r = load_or_pass_over(l, path, *name);
                if (r < 0)
                        return r;
        }
        return 0;
}

void config_errors_done(struct config_errors *e) {
        e->lines = strv_free(e->lines);
        e->warnings = strv_free(e->warnings);
}

/* Where a bare name lies: systemd puts LoadCredential='s directory connect-watchdog.credentials there as
 * connect-watchdog.credentials_NAME, a single credential as NAME. Returns 0, -ENOENT if it is neither
 * (*ret is set all the same: whoever reads it says so), -ENOMEM. */
static int find_credential(const char *directory, const char *name, char **ret) {
        static const char *const prefixes[] = { "", "connect-watchdog.credentials_" };
        char *path;

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                if (asprintf(&path, "%s/%s%s", directory, prefixes[i], name) < 0)
                        return -ENOMEM;
                if (access(path, F_OK) == 0 || errno != ENOENT) {
                        *ret = path;
                        return 0;
                }
                free(path);
        }
        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return -ENOMEM;
        *ret = path;
        return -ENOENT;
}

static int resolve_file(struct loader *l,
                        const struct config_options *o,
                        const struct checked *c,
                        const struct config_key *k,
                        char **file) {
        const struct place *at = checked_at(c, k->name);
        const char *section = config_sections[c->section->section].name, *name = c->section->name;
        char *path = NULL;
        int r;

        if (isempty(o->credentials_directory)) {
                problem_error(&l->scratch.problems, at,
                              "%s = \"%s\" of %s %s names a credential, but there is no credentials "
                              "directory; run under systemd with LoadCredential=, or write a path that "
                              "begins with /",
                              k->name, *file, section, name);
                return 0;
        }
        r = find_credential(o->credentials_directory, *file, &path);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOENT)
                problem_warning(&l->scratch.problems, at,
                                "%s = \"%s\" of %s %s names a credential that is not in %s; put it "
                                "into " CONFIG_CREDENTIALS_SOURCE " and restart connect-watchdog.service",
                                k->name, *file, section, name, o->credentials_directory);
        free(*file);
        *file = path;
        return 0;
}

/* Whether the files can be read is found out when they are used: root may check what another user will
 * read. */
static int resolve_files(struct loader *l,
                         const struct config_options *o,
                         const struct raw_section *section,
                         void *base) {
        const struct checked c = { .section = section,
                                   .defaults = section->section == SECTION_WORKER
                                                       ? scratch_only(&l->scratch, SECTION_DEFAULTS)
                                                       : NULL };
        int r;

        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *k = &config_keys[i];
                char **file;

                if (k->section != section->section || k->type != KEY_FILE)
                        continue;
                file = (char **) (void *) ((char *) base + k->offset);
                if (!*file || (*file)[0] == '/')
                        continue;
                r = resolve_file(l, o, &c, k, file);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int resolve_all_files(struct loader *l, const struct config_options *o, struct settings *s) {
        struct raw_sections *sections = l->scratch.sections;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s->n_kafkas; i++)
                r = resolve_files(l, o, sections[SECTION_KAFKA].list[i], s->kafkas[i]);
        for (size_t i = 0; r >= 0 && i < s->n_notifies; i++)
                r = resolve_files(l, o, sections[SECTION_NOTIFY].list[i], s->notifies[i]);
        for (size_t i = 0; r >= 0 && i < s->n_workers; i++)
                r = resolve_files(l, o, sections[SECTION_WORKER].list[i], s->workers[i]);
        return r;
}

static int read_sources(struct loader *l, const struct config_options *o) {
        const char *file = o->file ? o->file : CONFIG_DEFAULT_FILE;
        int r;

        if (o->compat) {
                compat_read(o->compat, &l->scratch);
                return 0;
        }
        r = load_file(l, file, !o->file);
        return r < 0 ? r : load_drop_ins(l, file);
}

int config_load(const struct config_options *options, struct settings **ret, struct config_errors *errors) {
        _cleanup_(loader_done) struct loader l = { 0 };
        _cleanup_(settings_freep) struct settings *settings = NULL;
        bool sound;
        int r;

        r = read_sources(&l, options);
        if (r >= 0)
                r = scratch_build(&l.scratch, &settings);
        if (r >= 0)
                r = resolve_all_files(&l, options, settings);
        if (r < 0)
                return r;
        check_properties(&l.scratch.problems, &l.scratch, options->check_property);
        sound = l.scratch.problems.n_errors == 0;
        errors->n_errors = l.scratch.problems.n_errors;
        errors->n_warnings = l.scratch.problems.n_warnings;
        r = problems_to_lines(&l.scratch.problems, &errors->lines, &errors->warnings);
        if (r < 0)
                return r;
        if (!sound)
                return -EBADMSG;
        *ret = TAKE_PTR(settings);
        return 0;
}
