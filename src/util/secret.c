#include "util/secret.h"

#include <errno.h>
#include <sys/stat.h>

#include "util/macro.h"
#include "util/regular_file.h"
#include "util/text.h"

#define SECRET_BYTES_MAX ((size_t) 64 * 1024)

int read_secret(const char *path, char **ret, const char **ret_problem) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *text = NULL;
        struct stat st;
        ssize_t n;

        *ret_problem = NULL;
        fd = open_regular(path);
        if (fd == -EINVAL)
                *ret_problem = "is no regular file";
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size > (off_t) SECRET_BYTES_MAX) {
                *ret_problem = "is too large for a credential";
                return -EFBIG;
        }
        text = malloc(SECRET_BYTES_MAX + 1);
        if (!text)
                return -ENOMEM;
        n = read(fd, text, SECRET_BYTES_MAX);
        if (n < 0)
                return -errno;
        if (n > 0 && text[n - 1] == '\n')
                n--;
        if (n > 0 && text[n - 1] == '\r')
                n--;
        text[n] = '\0';
        if (n == 0)
                *ret_problem = "is empty";
        for (ssize_t i = 0; i < n; i++)
                if ((unsigned char) text[i] < 0x20 || text[i] == 0x7f)
                        *ret_problem = "holds a line break or a control character";
        if (*ret_problem) {
                explicit_bzero(text, (size_t) n);
                return -EBADMSG;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

int describe_file_problem(const char *key,
                          const char *path,
                          int r,
                          const char *problem,
                          char *buf,
                          size_t size) {
        buf[0] = '\0';
        if (problem)
                text_append(buf, size, "%s %s %s", key, path, problem);
        else
                text_append(buf, size, "%s %s: %s", key, path, strerror(-r));
        return r;
}
