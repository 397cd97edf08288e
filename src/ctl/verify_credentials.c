/* Whether the agent will be able to read the files that the configuration names: it is another user, in a
 * sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "config/keys.h"
#include "config/service_user.h"
#include "ctl/sandbox.h"
#include "ctl/verify.h"
#include "util/regular_file.h"

/* Where systemd keeps what it handed to the running agent. */
#define HANDED_OVER "/run/credentials/connect-watchdog.service"

static int try_open(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        return fd < 0 ? -errno : 0;
}

/* A file of a section. */
struct named_file {
        const char *worker, *kafka; /* as of a finding */
        const char *key, *path;
};

static void check_file(const struct named_file *n, bool is_service_user, struct findings *f) {
        static const char *const remedy = "put it into " CONFIG_CREDENTIALS_SOURCE
                                          ", name it without a slash, and restart connect-watchdog.service";
        const char *directory = sandbox_hides(n->path);
        int r;

        if (directory) {
                finding_add_about(f, FINDING_PROBLEM, CHECK_CREDENTIAL, n->worker, n->kafka, remedy,
                                  "%s %s: the service's sandbox hides %s", n->key, n->path, directory);
                return;
        }
        if (!is_service_user) {
                finding_add_about(f, FINDING_UNKNOWN, CHECK_CREDENTIAL, n->worker, n->kafka,
                                  geteuid() == 0 ? "make that user: systemd-sysusers" : "run this as root",
                                  "%s %s: whether the user " CONFIG_SERVICE_USER
                                  " can read it was not looked at",
                                  n->key, n->path);
                return;
        }
        r = try_open(n->path);
        if (r < 0)
                finding_add_about(f, FINDING_PROBLEM, CHECK_CREDENTIAL, n->worker, n->kafka, remedy,
                                  "%s %s: the user " CONFIG_SERVICE_USER " cannot read it: %s", n->key,
                                  n->path, strerror(-r));
}

/* ---- what systemd hands over at the start ---- */

/* Returns 1, 0, or a negative errno. */
static int is_same(const char *a, const char *b) {
        _cleanup_close_ int f = -1, g = -1;
        ssize_t n, m;

        f = open_regular(a);
        if (f < 0)
                return f;
        g = open_regular(b);
        if (g < 0)
                return g;
        do {
                char of_f[4096], of_g[4096];

                n = read(f, of_f, sizeof(of_f));
                m = read(g, of_g, sizeof(of_g));
                if (n < 0 || m < 0)
                        return -errno;
                if (n != m || memcmp(of_f, of_g, (size_t) n) != 0)
                        return 0;
        } while (n > 0);
        return 1;
}

static int is_as_handed_over(const char *path) {
        static const char *const prefixes[] = { "connect-watchdog.credentials_", "" };
        char handed_over[4096];
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(prefixes) && r == -ENOENT; i++) {
                (void) snprintf(handed_over, sizeof(handed_over), HANDED_OVER "/%s%s", prefixes[i],
                                strrchr(path, '/') + 1);
                r = is_same(path, handed_over);
        }
        return r;
}

/* A reload does not read a credential again. */
static void check_handed_over(const struct named_file *n, struct findings *f) {
        static const char *const remedy = "systemctl restart connect-watchdog.service";
        int r;

        /* Where one cannot look in, or the file is missing altogether, that is told elsewhere. */
        if (access(HANDED_OVER, X_OK) < 0 || access(n->path, R_OK) < 0)
                return;
        r = is_as_handed_over(n->path);
        if (r == -ENOENT)
                finding_add_about(f, FINDING_WARNING, CHECK_CREDENTIAL, n->worker, n->kafka, remedy,
                                  "%s %s came after the start of the agent, which does not have it", n->key,
                                  n->path);
        else if (r == 0)
                finding_add_about(f, FINDING_WARNING, CHECK_CREDENTIAL, n->worker, n->kafka, remedy,
                                  "%s %s has changed since the start of the agent, which has the old one",
                                  n->key, n->path);
}

/* A name without a slash is systemd's to hand over, whoever owns it. */
static bool is_handed_over(const char *path, const char *directory) {
        size_t len = directory ? strlen(directory) : 0;

        return len > 0 && strncmp(path, directory, len) == 0 && path[len] == '/';
}

/* What one pass over the files looks at. */
struct pass {
        const struct config_options *options;
        bool handed_over; /* those that systemd hands over, or else all others */
        bool is_service_user;
};

static void check_section(const struct pass *pass,
                          enum config_section section,
                          const char *name,
                          const void *settings,
                          struct findings *f) {
        struct named_file n = { .worker = section == SECTION_WORKER ? name : NULL,
                                .kafka = section == SECTION_KAFKA ? name : NULL };

        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *k = &config_keys[i];

                if (k->section != section || k->type != KEY_FILE)
                        continue;
                n.key = k->name;
                n.path = *(char *const *) (const void *) ((const char *) settings + k->offset);
                if (!n.path ||
                    is_handed_over(n.path, pass->options->credentials_directory) != pass->handed_over)
                        continue;
                if (pass->handed_over)
                        check_handed_over(&n, f);
                else
                        check_file(&n, pass->is_service_user, f);
        }
}

static void check_files(const struct settings *s, const struct pass *pass, struct findings *f) {
        for (size_t i = 0; i < s->n_kafkas; i++)
                check_section(pass, SECTION_KAFKA, s->kafkas[i]->name, s->kafkas[i], f);
        for (size_t i = 0; i < s->n_notifies; i++)
                check_section(pass, SECTION_NOTIFY, s->notifies[i]->name, s->notifies[i], f);
        for (size_t i = 0; i < s->n_workers; i++)
                check_section(pass, SECTION_WORKER, s->workers[i]->name, s->workers[i], f);
}

void verify_credentials(const struct settings *s, const struct config_options *o, struct findings *f) {
        struct pass pass = { .options = o, .handed_over = true };
        struct identity before;

        check_files(s, &pass, f);
        pass.handed_over = false;
        pass.is_service_user = service_user_become(&before);
        check_files(s, &pass, f);
        if (pass.is_service_user)
                service_user_return(&before);
}
