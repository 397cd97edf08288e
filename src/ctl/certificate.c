/* When a certificate in a file expires: the one place that knows libcrypto. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "ctl/certificate.h"
#include "util/regular_file.h"

const char *certificate_read_end(const char *path, usec_t *ret_usec) {
        struct tm tm = {};
        bool is_read;
        X509 *x;
        FILE *f;
        int fd;

        fd = open_regular(path);
        if (fd < 0)
                return fd == -EINVAL ? "it is no regular file" : strerror(-fd);
        f = fdopen(fd, "r");
        if (!f) {
                (void) close(fd);
                return "out of memory";
        }
        x = PEM_read_X509(f, NULL, NULL, NULL);
        (void) fclose(f);
        if (!x)
                return "there is no certificate (PEM) in it";
        is_read = ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1;
        X509_free(x);
        if (!is_read)
                return "its certificate has no date of expiry";
        *ret_usec = (usec_t) MAX(timegm(&tm), (time_t) 0) * USEC_PER_SEC;
        return NULL;
}
