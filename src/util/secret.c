#include "util/secret.h"

#include <errno.h>
#include <sys/stat.h>

#include "util/macro.h"
#include "util/regular_file.h"
#include "util/text.h"

#define SECRET_BYTES_MAX ((size_t) 64 * 1024)

int read_secret_text(const char *path, char **ret, size_t *ret_len, const char **ret_problem) {
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
        if (n == 0) {
                *ret_problem = "is empty";
                return -EBADMSG;
        }
        text[n] = '\0';
        *ret = TAKE_PTR(text);
        *ret_len = (size_t) n;
        return 0;
}

int read_secret(const char *path, char **ret, const char **ret_problem) {
        char *text = NULL;
        size_t len = 0;
        int r;

        r = read_secret_text(path, &text, &len, ret_problem);
        if (r < 0)
                return r;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): errno is not 0 where it failed */
        if (text[len - 1] == '\n')
                len--;
        if (len > 0 && text[len - 1] == '\r')
                len--;
        text[len] = '\0';
        if (len == 0)
                *ret_problem = "is empty";
        for (size_t i = 0; i < len; i++)
                if ((unsigned char) text[i] < 0x20 || text[i] == 0x7f)
                        *ret_problem = "holds a line break or a control character";
        if (*ret_problem) {
                explicit_bzero(text, len);
                free(text);
                return -EBADMSG;
        }
        *ret = text;
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
