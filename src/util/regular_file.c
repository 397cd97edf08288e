#include "util/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/macro.h"

int open_regular(const char *path) {
        struct stat st;
        int fd, r = 0;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                r = -errno;
        else if (!S_ISREG(st.st_mode))
                r = -EINVAL;
        if (r < 0)
                (void) close(fd);
        return r < 0 ? r : fd;
}

static int read_whole(int dir_fd,
                      const char *name,
                      int flags,
                      size_t max_bytes,
                      char **ret,
                      size_t *ret_len) {
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -1;
        struct stat st;
        size_t len = 0;

        /* O_NONBLOCK: should it be a pipe, nobody waits for its other end. */
        fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EISDIR;
        if ((uintmax_t) st.st_size > max_bytes)
                return -EFBIG;
        text = malloc((size_t) st.st_size + 1);
        if (!text)
                return -ENOMEM;
        while (len < (size_t) st.st_size) {
                ssize_t n = read(fd, text + len, (size_t) st.st_size - len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                len += (size_t) n;
        }
        text[len] = '\0';
        *ret = TAKE_PTR(text);
        *ret_len = len;
        return 0;
}

int read_regular(const char *path, size_t max_bytes, char **ret, size_t *ret_len) {
        return read_whole(AT_FDCWD, path, 0, max_bytes, ret, ret_len);
}

int read_regular_at(int dir_fd, const char *name, size_t max_bytes, char **ret, size_t *ret_len) {
        return read_whole(dir_fd, name, O_NOFOLLOW, max_bytes, ret, ret_len);
}
