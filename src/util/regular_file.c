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
