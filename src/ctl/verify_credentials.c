/* Whether the agent will be able to read the files that the configuration names: it is another user, in a
 * sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "config/service_user.h"
#include "ctl/verify.h"
#include "util/regular_file.h"

/* Where systemd keeps what it handed to the running agent. */
#define HANDED_OVER "/run/credentials/connect-watchdog.service"

/* What ProtectHome= and PrivateTmp= of the service leave nothing of. */
static const char *hidden_directory(const char *path) {
        static const char *const directories[] = { "/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/" };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (strncmp(path, directories[i], strlen(directories[i])) == 0)
                        return directories[i];
        return NULL;
}

static int try_open(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        return fd < 0 ? -errno : 0;
}

static void check_file(const struct worker_settings *w,
                       const char *key,
                       const char *path,
                       bool is_service_user,
                       struct findings *f) {
        static const char *const remedy = "put it into " CONFIG_CREDENTIALS_SOURCE
                                          ", name it without a slash, and restart connect-watchdog.service";
        const char *directory = hidden_directory(path);
        int r;

        if (directory) {
                finding_add(f, FINDING_PROBLEM, CHECK_CREDENTIAL, w->name, remedy,
                            "%s %s: the service's sandbox hides %s", key, path, directory);
                return;
        }
        if (!is_service_user) {
                finding_add(f, FINDING_UNKNOWN, CHECK_CREDENTIAL, w->name,
                            geteuid() == 0 ? "make that user: systemd-sysusers" : "run this as root",
                            "%s %s: whether the user " CONFIG_SERVICE_USER " can read it was not looked at",
                            key, path);
                return;
        }
        r = try_open(path);
        if (r < 0)
                finding_add(f, FINDING_PROBLEM, CHECK_CREDENTIAL, w->name, remedy,
                            "%s %s: the user " CONFIG_SERVICE_USER " cannot read it: %s", key, path,
                            strerror(-r));
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
static void check_handed_over(const struct worker_settings *w,
                              const char *key,
                              const char *path,
                              struct findings *f) {
        static const char *const remedy = "systemctl restart connect-watchdog.service";
        int r;

        /* Where one cannot look in, or the file is missing altogether, that is told elsewhere. */
        if (access(HANDED_OVER, X_OK) < 0 || access(path, R_OK) < 0)
                return;
        r = is_as_handed_over(path);
        if (r == -ENOENT)
                finding_add(f, FINDING_WARNING, CHECK_CREDENTIAL, w->name, remedy,
                            "%s %s came after the start of the agent, which does not have it", key, path);
        else if (r == 0)
                finding_add(f, FINDING_WARNING, CHECK_CREDENTIAL, w->name, remedy,
                            "%s %s has changed since the start of the agent, which has the old one", key,
                            path);
}

/* A name without a slash is systemd's to hand over, whoever owns it. */
static bool is_handed_over(const char *path, const char *directory) {
        size_t len = directory ? strlen(directory) : 0;

        return len > 0 && strncmp(path, directory, len) == 0 && path[len] == '/';
}

/* handed_over: those that systemd hands over, or else all others. */
static void check_files(const struct settings *s,
                        const struct config_options *o,
                        bool handed_over,
                        bool is_service_user,
                        struct findings *f) {
        for (size_t i = 0; i < s->n_workers; i++) {
                const struct worker_settings *w = s->workers[i];
                const char *const files[][2] = {
                        { "password_file", w->password_file },
                        { "bearer_token_file", w->bearer_token_file },
                        { "ca_file", w->ca_file },
                        { "cert_file", w->cert_file },
                        { "key_file", w->key_file },
                };

                for (size_t k = 0; k < ELEMENTSOF(files); k++) {
                        const char *path = files[k][1];

                        if (!path || is_handed_over(path, o->credentials_directory) != handed_over)
                                continue;
                        if (handed_over)
                                check_handed_over(w, files[k][0], path, f);
                        else
                                check_file(w, files[k][0], path, is_service_user, f);
                }
        }
}

void verify_credentials(const struct settings *s, const struct config_options *o, struct findings *f) {
        struct identity before;
        bool is_service_user;

        check_files(s, o, true, false, f);
        is_service_user = service_user_become(&before);
        check_files(s, o, false, is_service_user, f);
        if (is_service_user)
                service_user_return(&before);
}
