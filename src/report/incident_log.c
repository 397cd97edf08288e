#include "report/incident_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "report/incident_line.h"
#include "util/text.h"

struct incident_log {
        char *directory;
};

int incident_log_new(const char *state_directory, struct incident_log **ret) {
        struct incident_log *l = calloc(1, sizeof(*l));

        if (!l || asprintf(&l->directory, "%s/" INCIDENT_DIRECTORY, state_directory) < 0) {
                free(l);
                return -ENOMEM;
        }
        *ret = l;
        return 0;
}

struct incident_log *incident_log_free(struct incident_log *l) {
        if (l) {
                free(l->directory);
                free(l);
        }
        return NULL;
}

const char *incident_log_directory(const struct incident_log *l) {
        return l->directory;
}

/* ---- making room ---- */

struct kept {
        usec_t at_usec; /* of its last line */
        size_t bytes;
        char id[INCIDENT_ID_SIZE];
};

struct kept_list {
        struct kept *files;
        size_t n;
};

static int newest_first(const void *a, const void *b) {
        const struct kept *x = a, *y = b;

        return x->at_usec > y->at_usec ? -1 : x->at_usec < y->at_usec;
}

static int list_files(DIR *d, struct kept_list *l) {
        const struct dirent *e;

        while ((e = readdir(d))) {
                struct kept *grown;
                char id[INCIDENT_ID_SIZE];
                struct stat st;

                if (!incident_id_of_file(e->d_name, id) ||
                    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                grown = reallocarray(l->files, l->n + 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                l->files = grown;
                l->files[l->n].at_usec =
                        (usec_t) st.st_mtim.tv_sec * USEC_PER_SEC + (usec_t) st.st_mtim.tv_nsec / 1000;
                l->files[l->n].bytes = (size_t) st.st_size;
                memcpy(l->files[l->n].id, id, sizeof(id));
                l->n++;
        }
        return 0;
}

#define FILE_NAME_SIZE (INCIDENT_ID_SIZE + sizeof(INCIDENT_SUFFIX))

static const char *file_name(const char *id, char buf[static FILE_NAME_SIZE]) {
        (void) snprintf(buf, FILE_NAME_SIZE, "%s" INCIDENT_SUFFIX, id);
        return buf;
}

static void remove_file(int dir_fd, const char *id) {
        (void) unlinkat(dir_fd, file_name(id, (char[FILE_NAME_SIZE]) { 0 }), 0);
}

static void drop_old(int dir_fd, const struct kept_list *l, usec_t keep_usec, usec_t realtime_usec) {
        size_t bytes = 0;

        for (size_t i = 0; i < l->n; i++) {
                bytes += l->files[i].bytes;
                /* The one that is about to be written counts, too. */
                if (i + 1 >= INCIDENTS_MAX || bytes > INCIDENTS_BYTES_MAX - INCIDENT_BYTES_MAX ||
                    usec_sub(realtime_usec, l->files[i].at_usec) > keep_usec)
                        remove_file(dir_fd, l->files[i].id);
        }
}

static int make_room(int dir_fd, usec_t keep_usec, usec_t realtime_usec) {
        struct kept_list l = {};
        int fd, r;
        DIR *d;

        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = fd < 0 ? NULL : fdopendir(fd);
        if (!d) {
                r = -errno;
                closep(&fd);
                return r;
        }
        r = list_files(d, &l);
        if (r >= 0 && l.n > 0) {
                qsort(l.files, l.n, sizeof(*l.files), newest_first);
                drop_old(dir_fd, &l, keep_usec, realtime_usec);
        }
        (void) closedir(d);
        free(l.files);
        return r;
}

/* ---- writing ---- */

static int open_directory(const struct incident_log *l) {
        int fd;

        if (mkdir(l->directory, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(l->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* One write: a line is there or not, also when we are killed. */
static int append(int fd, const char *line, bool is_end) {
        size_t len = strlen(line);
        struct stat st;
        ssize_t n;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!is_end && (size_t) st.st_size + len > INCIDENT_BYTES_MAX)
                return 0;
        n = write(fd, line, len);
        if (n < 0)
                return -errno;
        if ((size_t) n < len) {
                /* A disk that is full; the beginning of a line would spoil the next one. */
                (void) ftruncate(fd, st.st_size);
                return -ENOSPC;
        }
        return 0;
}

static int append_to(int dir_fd, const char *incident, const char *line, bool is_end) {
        _cleanup_close_ int fd = -1;

        if (!incident_id_is_valid(incident))
                return -EINVAL;
        fd = openat(dir_fd, file_name(incident, (char[FILE_NAME_SIZE]) { 0 }),
                    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : append(fd, line, is_end);
}

#define FURTHER "CONNECT_WATCHDOG_INCIDENT="

static const char *further_incident(const char *field) {
        return strncmp(field, FURTHER, strlen(FURTHER)) == 0 ? field + strlen(FURTHER) : NULL;
}

bool incident_log_wants(const struct event *e) {
        STRV_FOREACH (field, e->fields)
                if (further_incident(*field))
                        return true;
        return e->incident;
}

int incident_log_write(struct incident_log *l,
                       const struct event *e,
                       usec_t keep_usec,
                       usec_t realtime_usec) {
        _cleanup_close_ int dir_fd = -1;
        _cleanup_free_ char *line = NULL;
        int r = 0;

        if (keep_usec == 0)
                return 0;
        line = incident_line(e, realtime_usec);
        if (!line)
                return -ENOMEM;
        dir_fd = open_directory(l);
        if (dir_fd < 0)
                return dir_fd;
        if (e->type == EVENT_INCIDENT_OPENED)
                r = make_room(dir_fd, keep_usec, realtime_usec);
        if (r >= 0 && e->incident)
                r = append_to(dir_fd, e->incident, line, e->type == EVENT_INCIDENT_CLOSED);
        STRV_FOREACH (field, e->fields)
                if (r >= 0 && further_incident(*field))
                        r = append_to(dir_fd, further_incident(*field), line, false);
        return r;
}
