/* discover: the Kafka Connect workers of this host, and the configuration for them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/ctl_bus.h"
#include "ctl/discover.h"
#include "observe/kafka_module.h"
#include "util/json.h"
#include "util/replace_file.h"

#define ME "connect-watchdogctl discover: "

struct discovery {
        struct discovered_list found;
        bool kafka_module;
        struct settings *settings; /* NULL: the configuration has errors */
        struct config_errors errors;
};

static void discovery_done(struct discovery *d) {
        discovered_list_done(&d->found);
        config_errors_done(&d->errors);
        settings_free(d->settings);
}

static const struct worker_settings *watched_as(const struct discovery *d, const char *unit) {
        for (size_t i = 0; unit && d->settings && i < d->settings->n_workers; i++)
                if (streq_ptr(d->settings->workers[i]->unit, unit))
                        return d->settings->workers[i];
        return NULL;
}

static void tell_errors(const struct config_errors *e) {
        STRV_FOREACH (line, e->lines)
                fprintf(stderr, "%s\n", *line);
}

/* ---- writing ---- */

/* conf.d beside the configuration, made if need be. Returns a descriptor or a negative errno. */
static int open_conf_d(const struct ctl_options *options, char **ret_path) {
        const char *file = options->config.file ? options->config.file : CONFIG_DEFAULT_FILE,
                   *slash = strrchr(file, '/');
        int fd;

        if (asprintf(ret_path, "%.*sconf.d", slash ? (int) (slash + 1 - file) : 0, file) < 0) {
                *ret_path = NULL;
                return -ENOMEM;
        }
        if (mkdir(*ret_path, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = open(*ret_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* Puts it there and reads everything, as the agent will; takes it back when that finds errors. */
static int put_file(const struct ctl_options *options, const char *name, const char *ini) {
        _cleanup_(settings_freep) struct settings *settings = NULL;
        _cleanup_free_ char *directory = NULL;
        _cleanup_close_ int fd = open_conf_d(options, &directory);
        struct config_errors errors = {};
        char file[CONNECT_NAME_SIZE + 16], temporary[sizeof(file) + 8];
        int r = fd;

        (void) snprintf(file, sizeof(file), "50-%s.conf", name);
        (void) snprintf(temporary, sizeof(temporary), ".%s.new", file);
        if (r >= 0 && faccessat(fd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
                fprintf(stderr, ME "%s/%s is there already; nothing was changed\n", directory, file);
                return -EEXIST;
        }
        if (r >= 0)
                r = replace_file_at(fd, temporary, file, ini, 0644);
        if (r < 0) {
                fprintf(stderr, ME "%s/%s cannot be written: %s\n", strempty(directory), file, strerror(-r));
                return r;
        }
        r = config_load(&options->config, &settings, &errors);
        if (r < 0) {
                fprintf(stderr,
                        ME "with %s/%s the configuration would have errors, so it was removed again:\n",
                        directory, file);
                tell_errors(&errors);
                (void) unlinkat(fd, file, 0);
        } else
                fprintf(stderr, "%s/%s was written.\n", directory, file);
        config_errors_done(&errors);
        return r;
}

static int reload_agent(void) {
        _cleanup_(ctl_bus_freep) struct ctl_bus *bus = NULL;
        char problem[256] = "";
        int r;

        r = ctl_bus_open(&bus, problem, sizeof(problem));
        if (r >= 0)
                r = ctl_bus_reload(bus, AGENT_UNIT, problem, sizeof(problem));
        if (r == -ESHUTDOWN) {
                fputs(AGENT_UNIT " does not run: systemctl enable --now " AGENT_UNIT "\n", stderr);
                return 0;
        }
        if (r < 0)
                fprintf(stderr, ME "%s; reload it: systemctl reload " AGENT_UNIT "\n", problem);
        else
                fputs(AGENT_UNIT " was reloaded. What it sees: connect-watchdogctl status\n", stderr);
        return r;
}

static int write_worker(const struct ctl_options *options,
                        const struct discovery *d,
                        const struct discovered *w,
                        bool *ret_changed) {
        const struct connect_found found = discovered_found(w, d->kafka_module);
        const struct ctl_options authorize = {};
        _cleanup_free_ char *ini = NULL;
        char name[CONNECT_NAME_SIZE];
        int r;

        if (!found.properties) {
                fprintf(stderr, ME "%s is left out: its %s could not be read: %s\n",
                        w->unit ? w->unit : "a worker outside of any unit", w->properties_file,
                        w->unreadable);
                return -ENOENT;
        }
        r = connect_ini_format(&found, &ini);
        if (r < 0)
                return r;
        connect_name(&found, name);
        if (settings_find_worker(d->settings, name) || settings_find_kafka(d->settings, name)) {
                fprintf(stderr,
                        ME "a section of the name %s stands in the configuration already; nothing was "
                           "changed\n",
                        name);
                return -EEXIST;
        }
        r = put_file(options, name, ini);
        if (r < 0)
                return r;
        *ret_changed = true;
        if (!w->unit)
                return 0;
        return verb_authorize(&authorize, 2, (char *[]) { (char[]) { "authorize" }, w->unit }) == CTL_OK
                       ? 0
                       : -EPERM;
}

static int write_all(const struct ctl_options *options, const struct discovery *d) {
        bool changed = false;
        int r = 0;

        if (geteuid() != 0) {
                fputs(ME "only root may write the configuration; run this as root\n", stderr);
                return CTL_FAILED;
        }
        if (!d->settings) {
                fputs(ME
                      "the configuration has errors, and nothing is added to it before they are mended:\n",
                      stderr);
                tell_errors(&d->errors);
                return CTL_CONFIG;
        }
        for (size_t i = 0; i < d->found.n; i++)
                if (!watched_as(d, d->found.workers[i].unit) &&
                    write_worker(options, d, &d->found.workers[i], &changed) < 0)
                        r = -1;
        if (changed && !options->config.file && reload_agent() < 0)
                r = -1;
        return r < 0 ? CTL_FAILED : CTL_OK;
}

/* ---- telling ---- */

static int tell_json(const struct discovery *d) {
        _cleanup_(json_object_unrefp) json_object *all = json_object_new_object();
        json_object *list = json_object_new_array();

        for (size_t i = 0; i < d->found.n; i++) {
                const struct discovered *w = &d->found.workers[i];
                const struct connect_found found = discovered_found(w, d->kafka_module);
                const struct worker_settings *watched = watched_as(d, w->unit);
                json_object *one = json_object_new_object();
                _cleanup_free_ char *ini = NULL;
                char name[CONNECT_NAME_SIZE];

                if (connect_ini_format(&found, &ini) < 0)
                        return CTL_FAILED;
                json_object_object_add(one, "name", json_object_new_string(connect_name(&found, name)));
                json_object_object_add(one, "unit", w->unit ? json_object_new_string(w->unit) : NULL);
                json_object_object_add(one, "pid", json_object_new_int64(w->pid));
                json_object_object_add(one, "properties_file", json_object_new_string(w->properties_file));
                json_object_object_add(one, "problem",
                                       w->unreadable[0] ? json_object_new_string(w->unreadable) : NULL);
                json_object_object_add(one, "watched_as",
                                       watched ? json_object_new_string(watched->name) : NULL);
                json_object_object_add(one, "configuration", json_object_new_string(ini));
                json_object_array_add(list, one);
        }
        json_object_object_add(all, "workers", list);
        puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
        return CTL_OK;
}

/* The configuration to stdout, all else to stderr. */
static int tell(const struct discovery *d) {
        bool any = false;

        for (size_t i = 0; i < d->found.n; i++) {
                const struct discovered *w = &d->found.workers[i];
                const struct connect_found found = discovered_found(w, d->kafka_module);
                const struct worker_settings *watched = watched_as(d, w->unit);
                _cleanup_free_ char *ini = NULL;

                if (watched) {
                        fprintf(stderr, "%s is watched already: [worker %s], %s:%u\n", w->unit,
                                watched->name, watched->source_file, watched->source_line);
                        continue;
                }
                if (connect_ini_format(&found, &ini) < 0)
                        return CTL_FAILED;
                printf("%s%s", any ? "\n" : "", ini);
                any = true;
        }
        if (any)
                fputs("\nTo put this into conf.d, to let the agent restart the unit, and to reload it:\n"
                      "    connect-watchdogctl discover --write\n",
                      stderr);
        return CTL_OK;
}

int verb_discover(const struct ctl_options *options, int argc, char *argv[] _unused_) {
        _cleanup_(discovery_done) struct discovery d = {};
        const struct kafka_module *module;
        char problem[256];
        int r;

        if (argc > 1 || (options->write && options->json)) {
                fputs(argc > 1 ? ME "it takes no argument; see connect-watchdogctl --help\n"
                               : ME "--write and --json do not go together\n",
                      stderr);
                return CTL_USAGE;
        }
        r = discover_workers(&d.found);
        if (r >= 0 && config_load(&options->config, &d.settings, &d.errors) == -ENOMEM)
                r = -ENOMEM;
        if (r < 0) {
                fprintf(stderr, ME "%s\n", r == -ENOMEM ? "out of memory" : "/proc cannot be read");
                return CTL_FAILED;
        }
        d.kafka_module = kafka_module_load(&module, problem, sizeof(problem)) >= 0;
        if (d.found.n == 0 && !options->json) {
                fputs(ME "no Kafka Connect worker runs on this host; start it first, or write a [worker "
                         "NAME] section "
                         "by hand, as connect-watchdog.conf(5) has it\n",
                      stderr);
                return CTL_FAILED;
        }
        if (options->write)
                return write_all(options, &d);
        return options->json ? tell_json(&d) : tell(&d);
}
