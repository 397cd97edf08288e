/* The ledger's file: replaced whole and atomically on a thread of its own, put aside when it is damaged.
 * Knows nothing of what stands in it. */
#include "act/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "util/offload.h"
#include "util/regular_file.h"
#include "util/replace_file.h"

#define LEDGER_FILE "ledger.json"
#define LEDGER_TEMPORARY "ledger.json.tmp"
#define LEDGER_SIZE_MAX ((size_t) 256 * 1024 * 1024) /* a thousand workers' take 40 MB at most */
#define FREE_PATIENCE (2 * USEC_PER_SEC)

/* Who waits for a save. */
struct waiter {
        struct waiter *next;
        ledger_saved_t saved;
        void *userdata;
};

/* Tells that the thread has written, also to a loop that does not run any more. Shared by the loop and
 * the thread. */
struct signpost {
        atomic_uint n_refs;
        pthread_mutex_t mutex;
        pthread_cond_t passed;
        unsigned n_written;
};

struct write_job {
        struct signpost *signpost;
        struct ledger *ledger; /* the loop's alone */
        struct waiter *waiters;
        char *directory;
        char *text;
        int error;
};

struct ledger {
        char *directory;
        int lock_fd;     /* the directory, locked as long as we live; -1: not */
        bool locked_out; /* another agent has it */
        struct offload *offload;
        struct offload_job *slot; /* of the write under way */
        struct write_job *underway;
        struct write_job *next; /* what waits for it to end */
        struct signpost *signpost;
        unsigned n_begun;
};

/* ---- the thread ---- */

static int replace_file(const char *directory, const char *text) {
        _cleanup_close_ int dir_fd = -1;

        dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return -errno;
        return replace_file_at(dir_fd, LEDGER_TEMPORARY, LEDGER_FILE, text, 0600);
}

static void write_work(void *data) {
        struct write_job *w = data;

        w->error = replace_file(w->directory, w->text);

        pthread_mutex_lock(&w->signpost->mutex);
        w->signpost->n_written++;
        pthread_cond_signal(&w->signpost->passed);
        pthread_mutex_unlock(&w->signpost->mutex);
}

/* ---- the loop ---- */

static struct signpost *signpost_new(void) {
        struct signpost *p = calloc(1, sizeof(*p));
        pthread_condattr_t attr;

        if (!p)
                return NULL;
        atomic_init(&p->n_refs, 1);
        pthread_mutex_init(&p->mutex, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&p->passed, &attr);
        pthread_condattr_destroy(&attr);
        return p;
}

static struct signpost *signpost_unref(struct signpost *p) {
        if (!p || atomic_fetch_sub(&p->n_refs, 1) > 1)
                return NULL;
        pthread_cond_destroy(&p->passed);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}

static void write_job_free(void *data) {
        struct write_job *w = data;

        if (!w)
                return;
        while (w->waiters) {
                struct waiter *next = w->waiters->next;

                free(w->waiters);
                w->waiters = next;
        }
        signpost_unref(w->signpost);
        free(w->directory);
        free(w->text);
        free(w);
}

static struct write_job *write_job_new(struct ledger *l) {
        struct write_job *w = calloc(1, sizeof(*w));

        if (!w)
                return NULL;
        w->ledger = l;
        w->directory = strdup(l->directory);
        if (!w->directory) {
                free(w);
                return NULL;
        }
        atomic_fetch_add(&l->signpost->n_refs, 1);
        w->signpost = l->signpost;
        return w;
}

/* The oldest first. */
static int write_job_add_waiter(struct write_job *w, ledger_saved_t saved, void *userdata) {
        struct waiter **end = &w->waiters, *n;

        if (!saved)
                return 0;
        n = calloc(1, sizeof(*n));
        if (!n)
                return -ENOMEM;
        *n = (struct waiter) { .saved = saved, .userdata = userdata };
        while (*end)
                end = &(*end)->next;
        *end = n;
        return 0;
}

static void begin_next(struct ledger *l);

static void write_done(_unused_ struct offload_job *j, void *data) {
        struct write_job *w = data;
        struct ledger *l = w->ledger;
        struct waiter *waiters = TAKE_PTR(w->waiters);
        int error = w->error;

        l->slot = offload_job_unref(l->slot);
        l->underway = NULL;
        begin_next(l);

        /* Last, for one of them may save again, or free the ledger. */
        while (waiters) {
                struct waiter *next = waiters->next;

                waiters->saved(error, waiters->userdata);
                free(waiters);
                waiters = next;
        }
}

static void begin_next(struct ledger *l) {
        struct write_job *w = l->next;
        struct waiter *waiters;
        int r;

        if (l->underway || !w)
                return;
        l->next = NULL;
        waiters = TAKE_PTR(w->waiters); /* kept, for offload_submit() frees w when it fails */
        r = offload_submit(l->offload, write_work, write_done, write_job_free, w, &l->slot);
        if (r >= 0) {
                w->waiters = waiters;
                l->underway = w;
                l->n_begun++;
                return;
        }
        while (waiters) {
                struct waiter *next = waiters->next;

                waiters->saved(r, waiters->userdata);
                free(waiters);
                waiters = next;
        }
}

int ledger_save(struct ledger *l, char *text, ledger_saved_t saved, void *userdata) {
        _cleanup_free_ char *mine = text;
        int r;

        if (!l->directory)
                return -ENOENT;
        if (l->locked_out)
                return -EBUSY;
        if (!l->next) {
                l->next = write_job_new(l);
                if (!l->next)
                        return -ENOMEM;
        }
        r = write_job_add_waiter(l->next, saved, userdata);
        if (r < 0 && !l->next->text) {
                write_job_free(TAKE_PTR(l->next));
                return r;
        }
        if (r < 0)
                return r;
        free(l->next->text);
        l->next->text = TAKE_PTR(mine);
        begin_next(l);
        return 0;
}

/* Waits until the thread has written n times. */
static bool wait_written(struct signpost *p, unsigned n, const struct timespec *until) {
        bool passed;

        pthread_mutex_lock(&p->mutex);
        while (p->n_written != n)
                if (pthread_cond_timedwait(&p->passed, &p->mutex, until) != 0)
                        break;
        passed = p->n_written == n;
        pthread_mutex_unlock(&p->mutex);
        return passed;
}

void ledger_flush(struct ledger *l, usec_t patience_usec) {
        struct timespec until;
        usec_t t;

        (void) clock_gettime(CLOCK_MONOTONIC, &until);
        t = usec_add((usec_t) until.tv_sec * USEC_PER_SEC + (usec_t) until.tv_nsec / 1000, patience_usec);
        t = MIN(t, (usec_t) INT32_MAX * USEC_PER_SEC);
        until.tv_sec = (time_t) (t / USEC_PER_SEC);
        until.tv_nsec = (long) (t % USEC_PER_SEC) * 1000;

        if (!l->underway || !wait_written(l->signpost, l->n_begun, &until) || !l->next)
                return;
        /* The end of the first write is told by the loop, if it ever runs again; what waits is begun
         * without it. */
        if (offload_submit(l->offload, write_work, NULL, write_job_free, TAKE_PTR(l->next), NULL) < 0)
                return;
        l->n_begun++;
        (void) wait_written(l->signpost, l->n_begun, &until);
}

int ledger_open(sd_event *event, const char *directory, struct ledger **ret) {
        _cleanup_(ledger_freep) struct ledger *l = NULL;
        int r;

        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->lock_fd = -1;
        l->signpost = signpost_new();
        if (!l->signpost)
                return -ENOMEM;
        if (directory) {
                l->directory = strdup(directory);
                if (!l->directory)
                        return -ENOMEM;
                r = offload_new(event, "ledger", &l->offload);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

struct ledger *ledger_free(struct ledger *l) {
        if (!l)
                return NULL;
        l->slot = offload_job_unref(l->slot);
        l->offload = offload_free(l->offload, FREE_PATIENCE);
        write_job_free(l->next);
        signpost_unref(l->signpost);
        if (l->lock_fd >= 0)
                (void) close(l->lock_fd);
        free(l->directory);
        free(l);
        return NULL;
}

/* ---- at start ---- */

/* Linked, not renamed: the name stays until a new ledger replaces it, or an agent that is killed before
 * would leave nothing behind and its successor find no ledger, which is a fresh budget. */
static int link_no_replace(int dir_fd, const char *to) {
        if (linkat(dir_fd, LEDGER_FILE, dir_fd, to, 0) >= 0)
                return 0;
        if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
                return -errno;
        /* A file system without links. */
        return renameat2(dir_fd, LEDGER_FILE, dir_fd, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

static int put_aside(int dir_fd, const char *why, usec_t realtime_usec, char *name, size_t size) {
        time_t t = (time_t) (realtime_usec / USEC_PER_SEC);
        char stamp[32];
        struct stat st;
        struct tm tm;
        int r = -EEXIST;

        if (fstatat(dir_fd, LEDGER_FILE, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_nlink > 1) {
                /* By an agent that could not write a new one since. */
                (void) snprintf(name, size, LEDGER_FILE ".%s-…", why);
                return 0;
        }
        if (!gmtime_r(&t, &tm) || strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm) == 0)
                return -EINVAL;
        for (unsigned i = 0; r == -EEXIST && i < 1000; i++) {
                if (i == 0)
                        (void) snprintf(name, size, LEDGER_FILE ".%s-%s", why, stamp);
                else
                        (void) snprintf(name, size, LEDGER_FILE ".%s-%s-%u", why, stamp, i);
                r = link_no_replace(dir_fd, name);
        }
        if (r >= 0)
                (void) fsync(dir_fd);
        return r;
}

static enum ledger_load_result refuse(struct ledger *l,
                                      int dir_fd,
                                      int error,
                                      const struct ledger_clock *now,
                                      const char *problem,
                                      char **ret_problem) {
        char name[96];
        int r;

        r = put_aside(dir_fd, error == -EPROTONOSUPPORT ? "newer" : "damaged", now->realtime_usec, name,
                      sizeof(name));
        if (r < 0) {
                if (asprintf(ret_problem,
                             "%s/" LEDGER_FILE " cannot be used, and could not be put aside (%s): %s",
                             l->directory, strerror(-r), problem) < 0)
                        *ret_problem = NULL;
                return LEDGER_UNREADABLE;
        }
        if (asprintf(ret_problem, "%s/" LEDGER_FILE " cannot be used and was put aside as %s: %s",
                     l->directory, name, problem) < 0)
                *ret_problem = NULL;
        return LEDGER_PUT_ASIDE;
}

static enum ledger_load_result unreadable(struct ledger *l, int error, char **ret_problem) {
        if (asprintf(ret_problem, "%s/" LEDGER_FILE " could not be read: %s", l->directory,
                     strerror(-error)) < 0)
                *ret_problem = NULL;
        return LEDGER_UNREADABLE;
}

/* Two agents that keep one ledger would each overwrite what the other did. */
static void lock_directory(struct ledger *l) {
        int fd;

        if (l->lock_fd >= 0)
                return;
        fd = open(l->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
                l->locked_out = errno == EWOULDBLOCK;
                (void) close(fd);
        } else
                l->lock_fd = fd;
}

enum ledger_load_result ledger_load(struct ledger *l,
                                    const struct ledger_clock *now,
                                    struct ledger_entry **ret,
                                    size_t *ret_n,
                                    struct pauses *ret_pauses,
                                    char **ret_problem) {
        _cleanup_free_ char *text = NULL, *problem = NULL;
        _cleanup_close_ int dir_fd = -1;
        size_t len = 0;
        int r;

        *ret = NULL;
        *ret_n = 0;
        *ret_pauses = (struct pauses) {};
        *ret_problem = NULL;
        if (!l->directory) {
                *ret_problem = strdup("there is no state directory: nothing is kept");
                return LEDGER_NO_DIRECTORY;
        }
        lock_directory(l);
        dir_fd = open(l->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0) {
                r = -errno;
                if (asprintf(ret_problem, "the state directory %s cannot be used: %s", l->directory,
                             strerror(-r)) < 0)
                        *ret_problem = NULL;
                return LEDGER_NO_DIRECTORY;
        }
        r = read_regular_at(dir_fd, LEDGER_FILE, LEDGER_SIZE_MAX, &text, &len);
        if (r == -ENOENT)
                return LEDGER_ABSENT;
        if (r >= 0)
                r = ledger_from_text(text, len, now, ret, ret_n, ret_pauses, &problem);
        if (r == -EBADMSG || r == -EPROTONOSUPPORT)
                return refuse(l, dir_fd, r, now, problem, ret_problem);
        return r < 0 ? unreadable(l, r, ret_problem) : LEDGER_LOADED;
}
