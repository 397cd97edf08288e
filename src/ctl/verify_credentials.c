/* Whether the agent will be able to read the files that the configuration names: it is another user, in a
 * sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "config/service_user.h"
#include "ctl/verify.h"

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
        if (!is_service_user)
                return;
        r = try_open(path);
        if (r < 0)
                finding_add(f, FINDING_PROBLEM, CHECK_CREDENTIAL, w->name, remedy,
                            "%s %s: the user " CONFIG_SERVICE_USER " cannot read it: %s", key, path,
                            strerror(-r));
}

/* A name without a slash is systemd's to hand over, whoever owns it. */
static bool is_handed_over(const char *path, const char *directory) {
        size_t len = directory ? strlen(directory) : 0;

        return len > 0 && strncmp(path, directory, len) == 0 && path[len] == '/';
}

void verify_credentials(const struct settings *s, const struct config_options *o, struct findings *f) {
        struct identity before;
        bool is_service_user = service_user_become(&before);

        for (size_t i = 0; i < s->n_workers; i++) {
                const struct worker_settings *w = s->workers[i];
                const char *const files[][2] = {
                        { "password_file", w->password_file },
                        { "bearer_token_file", w->bearer_token_file },
                        { "ca_file", w->ca_file },
                        { "cert_file", w->cert_file },
                        { "key_file", w->key_file },
                };

                for (size_t k = 0; k < ELEMENTSOF(files); k++)
                        if (files[k][1] && !is_handed_over(files[k][1], o->credentials_directory))
                                check_file(w, files[k][0], files[k][1], is_service_user, f);
        }
        if (is_service_user)
                service_user_return(&before);
}
