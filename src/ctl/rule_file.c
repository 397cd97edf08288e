#include "ctl/rule_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "ctl/polkit_rule.h"
#include "util/regular_file.h"
#include "util/replace_file.h"
#include "util/text.h"

/* polkitd reads what ends in .rules. */
#define RULE_TEMPORARY "." RULE_FILE ".new"
#define RULE_MAX ((size_t) 1024 * 1024)
#define LOCK_PATIENCE_MSEC 10000
#define LOCK_PAUSE_MSEC 20

static int fail(struct rule_file *f, int error, const char *format, ...) _printf_(3, 4);
static int fail(struct rule_file *f, int error, const char *format, ...) {
        va_list ap;

        f->problem[0] = '\0';
        va_start(ap, format);
        text_appendv(f->problem, sizeof(f->problem), format, ap);
        va_end(ap);
        return error;
}

/* A flock() that waits could not be given up. It goes with its holder, however that ends. */
static int lock(struct rule_file *f) {
        const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MSEC * 1000L * 1000L };

        for (int waited = 0; flock(f->dir_fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_PAUSE_MSEC) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return fail(f, -errno, "%s cannot be locked: %s", f->path, strerror(errno));
                if (waited >= LOCK_PATIENCE_MSEC)
                        return fail(f, -EBUSY,
                                    "another connect-watchdogctl has been changing %s for %d s; see what it "
                                    "is doing, and try again",
                                    f->path, LOCK_PATIENCE_MSEC / 1000);
                (void) nanosleep(&pause, NULL);
        }
        return 0;
}

/* Of a system that does not run, links lead where they would there: never out of it, and into ours. */
static int open_directory(const char *root, const char *path) {
        const struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_IN_ROOT,
        };
        _cleanup_close_ int root_fd = -1;
        int fd;

        if (!root)
                fd = open(path, (int) how.flags);
        else {
                root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (root_fd < 0)
                        return -errno;
                fd = (int) syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
        }
        return fd < 0 ? -errno : fd;
}

int rule_file_open(const char *root, bool exclusive, struct rule_file *ret) {
        _cleanup_free_ char *directory = NULL;

        *ret = (struct rule_file) { .dir_fd = -1 };
        if (asprintf(&directory, "%s" RULE_DIRECTORY, strempty(root)) < 0 ||
            asprintf(&ret->path, "%s/" RULE_FILE, directory) < 0 ||
            asprintf(&ret->shipped_path, "%s" SHIPPED_RULE_FILE, strempty(root)) < 0)
                return fail(ret, -ENOMEM, "out of memory");
        if (root && access(root, X_OK) < 0)
                return fail(ret, -errno, "--root \"%s\" is no directory that can be worked in: %s", root,
                            strerror(errno));
        ret->dir_fd = open_directory(root, RULE_DIRECTORY);
        if (ret->dir_fd == -ENOENT)
                return fail(ret, -ENOENT,
                            "there is no %s: polkit, without which nothing can be restarted, is not "
                            "installed; install polkitd (Debian) or polkit (RPM)",
                            directory);
        if (ret->dir_fd < 0)
                return fail(ret, ret->dir_fd, "%s cannot be opened: %s%s", directory, strerror(-ret->dir_fd),
                            ret->dir_fd == -EACCES ? "; run this as root" : "");
        return exclusive ? lock(ret) : 0;
}

void rule_file_done(struct rule_file *f) {
        closep(&f->dir_fd);
        free(f->path);
        free(f->shipped_path);
        *f = (struct rule_file) { .dir_fd = -1 };
}

int rule_file_read(struct rule_file *f, char ***ret_units) {
        const char *why = "it is no plain file";
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        int r;

        *ret_units = NULL;
        r = read_regular_at(f->dir_fd, RULE_FILE, RULE_MAX, &text, &len);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = polkit_rule_parse(text, len, ret_units, &why);
        else if (r == -ELOOP || r == -EISDIR || r == -EFBIG)
                r = -EBADMSG;
        if (r == -EBADMSG)
                return fail(f, r,
                            "%s is not touched: %s; move it to a name of your own, such as "
                            "52-local.rules, and authorize its units again",
                            f->path, why);
        return r < 0 ? fail(f, r, "%s cannot be read: %s", f->path, strerror(-r)) : 0;
}

int rule_file_read_shipped(struct rule_file *f, char ***ret_units) {
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        int r;

        *ret_units = NULL;
        f->problem[0] = '\0';
        r = read_regular_at(AT_FDCWD, f->shipped_path, RULE_MAX, &text, &len);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                (void) fail(f, r, "the shipped rule %s cannot be read: %s", f->shipped_path, strerror(-r));
        else if (!streq_ptr(text, polkit_shipped_rule))
                (void) fail(f, -EBADMSG, "%s is not the rule that was shipped: what it allows is not known",
                            f->shipped_path);
        else
                return polkit_shipped_units(ret_units);
        return 0;
}

int rule_file_write(struct rule_file *f, char *const *units) {
        _cleanup_free_ char *text = NULL;
        int r = 0;

        if (strv_length(units) == 0) {
                if (unlinkat(f->dir_fd, RULE_FILE, 0) < 0 || fsync(f->dir_fd) < 0)
                        r = -errno;
                return r < 0 ? fail(f, r, "%s cannot be removed: %s", f->path, strerror(-r)) : 0;
        }
        r = polkit_rule_format(units, &text);
        if (r >= 0)
                /* polkitd is not root. */
                r = replace_file_at(f->dir_fd, RULE_TEMPORARY, RULE_FILE, text, 0644);
        return r < 0 ? fail(f, r, "%s cannot be written: %s", f->path, strerror(-r)) : 0;
}
