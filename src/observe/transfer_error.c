/* curl's result codes and error texts in our words: what went wrong, and whose fault it may be. Knows no
 * loop. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "observe/http_site.h"
#include "util/span.h"
#include "util/text.h"

static const struct {
        CURLcode code;
        enum transfer_error error;
} codes[] = {
        { CURLE_UNSUPPORTED_PROTOCOL, TRANSFER_NOT_HTTP }, /* also HTTP/0.9 */
        { CURLE_WEIRD_SERVER_REPLY, TRANSFER_NOT_HTTP },
        { CURLE_BAD_CONTENT_ENCODING, TRANSFER_NOT_HTTP },
        { CURLE_COULDNT_RESOLVE_HOST, TRANSFER_NOT_RESOLVED },
        { CURLE_OPERATION_TIMEDOUT, TRANSFER_TIMEOUT },
        { CURLE_GOT_NOTHING, TRANSFER_RESET },
        { CURLE_PARTIAL_FILE, TRANSFER_RESET },
        { CURLE_FILESIZE_EXCEEDED, TRANSFER_TOO_LARGE },
        { CURLE_PEER_FAILED_VERIFICATION, TRANSFER_TLS_UNTRUSTED },
        { CURLE_SSL_ISSUER_ERROR, TRANSFER_TLS_UNTRUSTED },
        { CURLE_SSL_INVALIDCERTSTATUS, TRANSFER_TLS_UNTRUSTED },
        { CURLE_SSL_CERTPROBLEM, TRANSFER_TLS_CLIENT },
        { CURLE_SSL_CACERT_BADFILE, TRANSFER_CREDENTIAL },
        { CURLE_OUT_OF_MEMORY, TRANSFER_NO_RESOURCES },
};

static bool has_any(const char *text, const char *const *words) {
        for (; *words; words++)
                if (strcasestr(text, *words))
                        return true;
        return false;
}

static enum transfer_error error_of_errno(const struct transfer *t, int e) {
        switch (e) {
        case ENOENT: /* A socket goes with who listened at it. */
                return t->site->socket_path ? TRANSFER_REFUSED : TRANSFER_UNREACHABLE;
        case ECONNREFUSED:
                return TRANSFER_REFUSED;
        case ECONNRESET:
        case EPIPE:
        case ECONNABORTED:
                return TRANSFER_RESET;
        case ETIMEDOUT:
                return TRANSFER_TIMEOUT;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
        case EADDRINUSE:
                return TRANSFER_NO_RESOURCES;
        default:
                return TRANSFER_UNREACHABLE;
        }
}

/* Only the text tells a server that wants another certificate of ours from one that went away, or speaks
 * no TLS. */
static enum transfer_error error_of_tls(const struct transfer *t, enum transfer_error otherwise) {
        static const char *const refused_us[] = {
                "alert certificate", "alert bad certificate", "alert unknown ca", "alert handshake failure",
                "alert access denied", "alert unsupported certificate", "fatal alert",
                /* alerts in the words of GnuTLS */
                "Handshake failed", "CA is unknown", "Certificate is bad", "Certificate is required",
                "Certificate is not supported", "Access was denied", "error reading X.509", NULL
        };
        static const char *const gone[] = { "reset by peer",
                                            "SSL_ERROR_SYSCALL",
                                            "unexpected eof",
                                            "SSL_ERROR_ZERO_RETURN",
                                            "non-properly terminated",
                                            "Error in the pull function",
                                            "Connection closed",
                                            "broken pipe",
                                            NULL };
        static const char *const no_tls[] = { "wrong version number",
                                              "packet length too long",
                                              "unknown protocol",
                                              "unexpected TLS packet",
                                              "http request",
                                              "record layer failure",
                                              NULL };

        if (!t->site->is_https)
                return otherwise;
        if (has_any(t->error, refused_us))
                return TRANSFER_TLS_CLIENT;
        if (has_any(t->error, no_tls))
                return TRANSFER_NOT_HTTP;
        if (has_any(t->error, gone))
                return TRANSFER_RESET;
        return otherwise;
}

/* OpenSSL gives X509_V_ERR_CERT_HAS_EXPIRED, GnuTLS a set of bits with GNUTLS_CERT_EXPIRED in it. */
static bool is_expired(const struct transfer *t) {
        long result = 0;

        (void) curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
        return result == 10 || (result & (1 << 10)) || strcasestr(t->error, "has expired") ||
               strcasestr(t->error, "expiration date has passed");
}

/* 0: it is not known. */
static int errno_of(const struct transfer *t) {
        long os_errno = 0;

        if (t->socket_error != 0)
                return t->socket_error;
        (void) curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
        return (int) os_errno;
}

/* To a socket connect(2) says EAGAIN at once where TCP would try again: nobody accepts. curl takes that for
 * a connection on its way, and then finds none. */
static bool queue_is_full(const struct transfer *t, CURLcode code) {
        int e = errno_of(t);

        return t->site->socket_path && (code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR) &&
               (e == 0 || e == EAGAIN || e == EINPROGRESS || e == ENOTCONN);
}

static enum transfer_error error_of_code(const struct transfer *t, CURLcode code) {
        if (queue_is_full(t, code))
                return TRANSFER_REFUSED;
        if (code == CURLE_COULDNT_CONNECT)
                return error_of_errno(t, errno_of(t));
        if (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
                return error_of_tls(t, TRANSFER_RESET);
        if (code == CURLE_SSL_CONNECT_ERROR)
                return error_of_tls(t, TRANSFER_TLS_UNTRUSTED);
        if (code == CURLE_WRITE_ERROR)
                return t->too_large ? TRANSFER_TOO_LARGE : TRANSFER_NO_RESOURCES;
        if (code == CURLE_PEER_FAILED_VERIFICATION && is_expired(t))
                return TRANSFER_TLS_EXPIRED;

        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (codes[i].code == code)
                        return codes[i].error;
        return TRANSFER_NOT_HTTP;
}

/* How far it came; how long that took is the reader's to say. */
static void describe_timeout(const struct transfer *t, char *detail, size_t size) {
        curl_off_t connected_usec = 0;
        long status = 0, sent = 0;

        (void) curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected_usec);
        (void) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
        (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status > 0)
                text_append(detail, size, "HTTP %ld and %llu bytes came, then no more", status,
                            (unsigned long long) t->received_bytes);
        else if (t->header_len > 0)
                text_append(detail, size, "only part of an answer came");
        else if (sent > 0)
                text_append(detail, size, "connected, but nothing came");
        else if (connected_usec > 0)
                text_append(detail, size, "connected, but TLS did not come about");
        else
                text_append(detail, size, "no connection");
}

/* Which of our files curl could not use, and why: it does not tell itself. */
static bool describe_files(const struct transfer *t, char *detail, size_t size) {
        const struct http_target *target = &t->site->target;
        const char *const files[][2] = {
                { "ca_file", target->ca_file },
                { "cert_file", target->cert_file },
                { "key_file", target->key_file },
        };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                int fd;

                if (!files[i][1])
                        continue;
                fd = open(files[i][1], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
                if (fd < 0) {
                        text_append(detail, size, "%s %s: %s", files[i][0], files[i][1], strerror(errno));
                        return true;
                }
                (void) close(fd);
        }
        return false;
}

enum transfer_error transfer_error_of(const struct transfer *t, CURLcode code, char *detail, size_t size) {
        enum transfer_error error;

        detail[0] = '\0';
        if (code == CURLE_OK)
                return TRANSFER_OK;

        error = error_of_code(t, code);
        if (error == TRANSFER_TIMEOUT)
                describe_timeout(t, detail, size);
        else if (error == TRANSFER_TOO_LARGE)
                text_append(detail, size,
                            t->received_bytes > 0 ? "more than %llu bytes" : "headers without end",
                            (unsigned long long) t->site->target.max_response_bytes);
        else if ((error == TRANSFER_TLS_CLIENT || error == TRANSFER_CREDENTIAL) &&
                 describe_files(t, detail, size))
                error = TRANSFER_CREDENTIAL;
        else if (queue_is_full(t, code))
                text_append(detail, size, "nobody accepts, and its queue is full");
        else if (error == TRANSFER_REFUSED || error == TRANSFER_UNREACHABLE ||
                 error == TRANSFER_NO_RESOURCES) {
                int e = errno_of(t);

                text_append(detail, size, "%s", e != 0 ? strerror(e) : curl_easy_strerror(code));
        } else {
                const char *text = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);

                text_copy_line(detail, size, text, strlen(text));
        }
        return error;
}

/* "Feb  1 00:00:00 2020 GMT" is OpenSSL's way, "2020-02-01 00:00:00 GMT" that of GnuTLS. Returns -1 for
 * others. */
static time_t read_date(const char *text) {
        struct tm tm = { 0 };
        const char *end = strptime(text, "%Y-%m-%d %H:%M:%S GMT", &tm);

        return end && *end == '\0' ? timegm(&tm) : curl_getdate(text, NULL);
}

time_t transfer_certificate_end(const struct transfer *t) {
        static const char key[] = "Expire date:";
        struct curl_certinfo *chain = NULL;
        time_t earliest = 0;

        if (curl_easy_getinfo(t->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain)
                return 0;
        for (int i = 0; i < chain->num_of_certs; i++)
                for (const struct curl_slist *l = chain->certinfo[i]; l; l = l->next) {
                        time_t end;

                        if (strncasecmp(l->data, key, strlen(key)) != 0)
                                continue;
                        end = read_date(l->data + strlen(key));
                        if (end > 0 && (earliest == 0 || end < earliest))
                                earliest = end;
                }
        return earliest;
}

void transfer_expired_since(const struct transfer *t, time_t now, char *buf, size_t size) {
        time_t end = transfer_certificate_end(t);
        struct tm tm;

        buf[0] = '\0';
        if (end > 0 && end < now && gmtime_r(&end, &tm))
                (void) strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm);
}
