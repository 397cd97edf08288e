/* What may stand to the right of a "=". Knows no key, no section and no file. */

#include "config/values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <syslog.h>

#include "util/listen_address.h"
#include "util/text.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* org.apache.kafka.common.internals.Topic */
#define TOPIC_NAME_LEN_MAX 249

static bool is_one_of(const char *text, const char *const *names) {
        for (; *names; names++)
                if (strcasecmp(text, *names) == 0)
                        return true;
        return false;
}

int value_bool(const char *text, bool *ret) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", NULL };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off", NULL };

        if (is_one_of(text, yes))
                *ret = true;
        else if (is_one_of(text, no))
                *ret = false;
        else
                return -EINVAL;
        return 0;
}

int value_unsigned(const char *text, uint64_t *ret) {
        uint64_t n = 0;

        if (text[0] == '\0' || text[strspn(text, DIGITS)] != '\0')
                return -EINVAL;
        for (; *text != '\0'; text++)
                if (__builtin_mul_overflow(n, (uint64_t) 10, &n) ||
                    __builtin_add_overflow(n, (uint64_t) (*text - '0'), &n))
                        return -ERANGE;
        *ret = n;
        return 0;
}

static const char size_suffixes[] = "KMGT";

int value_size(const char *text, uint64_t *ret) {
        char digits[24];
        size_t n = strspn(text, DIGITS);
        const char *rest = text + n + strspn(text + n, " \t"), *suffix = NULL;
        uint64_t bytes;
        int r;

        if (n == 0)
                return -EINVAL;
        if (*rest != '\0') {
                suffix = *rest == 'B' ? rest : strchr(size_suffixes, *rest);
                if (!suffix || rest[1] != '\0')
                        return -EINVAL;
        }
        if (n >= sizeof(digits))
                return -ERANGE;
        memcpy(digits, text, n);
        digits[n] = '\0';
        r = value_unsigned(digits, &bytes);
        if (r < 0)
                return r;
        if (suffix && suffix != rest)
                for (ptrdiff_t i = 0; i <= suffix - size_suffixes; i++)
                        if (__builtin_mul_overflow(bytes, (uint64_t) 1024, &bytes))
                                return -ERANGE;
        *ret = bytes;
        return 0;
}

char *value_size_format(char *buf, size_t size, uint64_t bytes) {
        char suffix[2] = "";

        for (const char *s = size_suffixes; *s != '\0' && bytes > 0 && bytes % 1024 == 0; s++) {
                bytes /= 1024;
                suffix[0] = *s;
        }
        (void) snprintf(buf, size, "%" PRIu64 "%s", bytes, suffix);
        return buf;
}

static const char *const level_names[] = {
        [LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",     NULL,
};

int value_log_level(const char *text, int *ret) {
        for (int i = 0; level_names[i]; i++)
                if (streq(level_names[i], text) || (text[0] == '0' + i && text[1] == '\0')) {
                        *ret = i;
                        return 0;
                }
        return -EINVAL;
}

const char *value_log_level_to_string(int level) {
        return level >= LOG_EMERG && level <= LOG_DEBUG ? level_names[level] : NULL;
}

const char *const *value_log_level_names(void) {
        return level_names;
}

bool value_is_section_name(const char *text) {
        size_t len = strnlen(text, SECTION_NAME_LEN_MAX + 1);

        return len > 0 && len <= SECTION_NAME_LEN_MAX && strspn(text, LOWER UPPER DIGITS "._-") == len;
}

/* The first len bytes as a host's name: labels of letters, digits and inner hyphens. */
static bool is_hostname(const char *text, size_t len, const char *also) {
        size_t label = 0;

        if (len == 0 || len > 253)
                return false;
        for (size_t i = 0; i < len; i++) {
                if (text[i] == '.') {
                        if (label == 0 || text[i - 1] == '-')
                                return false;
                        label = 0;
                        continue;
                }
                if (!strchr(LOWER UPPER DIGITS "-", text[i]) && !strchr(also, text[i]))
                        return false;
                if ((text[i] == '-' && label == 0) || ++label > 63)
                        return false;
        }
        return text[len - 1] != '-';
}

bool value_is_hostname(const char *text) {
        size_t len = strnlen(text, 254);

        return is_hostname(text, len, "") && text[len - 1] != '.';
}

bool value_is_worker_id(const char *text) {
        const char *colon = strrchr(text, ':');
        uint64_t port;

        return colon && colon != text && !strpbrk(text, " \t/,") && value_unsigned(colon + 1, &port) == 0 &&
               port <= 65535;
}

bool value_is_credential_name(const char *text) {
        size_t len = strnlen(text, 201);

        return len > 0 && len <= 200 && text[0] != '.' && strspn(text, LOWER UPPER DIGITS "._-+@") == len;
}

/* ":PORT", or nothing, up to len. */
static bool is_port(const char *text, size_t len) {
        char digits[6] = "";
        uint64_t port;

        if (len == 0)
                return true;
        if (text[0] != ':' || len < 2 || len > sizeof(digits))
                return false;
        memcpy(digits, text + 1, len - 1);
        return value_unsigned(digits, &port) == 0 && port >= 1 && port <= 65535;
}

static const char *authority_problem(const char *text, size_t len) {
        size_t host_len;

        if (memchr(text, '@', len))
                return "has a user in it; write http://HOST:PORT, and give username and password_file";
        if (len > 0 && text[0] == '[') {
                char address[INET6_ADDRSTRLEN] = "";
                const char *end = memchr(text, ']', len);
                struct in6_addr in6;

                host_len = end ? (size_t) (end - text) + 1 : 0;
                if (host_len < 3 || host_len - 2 >= sizeof(address))
                        return "has no IPv6 address in its brackets; write for example http://[::1]:8083";
                memcpy(address, text + 1, host_len - 2);
                if (inet_pton(AF_INET6, address, &in6) != 1)
                        return "has no IPv6 address in its brackets; write for example http://[::1]:8083";
        } else {
                const char *colon = memchr(text, ':', len);

                host_len = colon ? (size_t) (colon - text) : len;
                if (host_len == 0)
                        return "has no host; write http://HOST:PORT";
                if (colon && memchr(colon + 1, ':', len - host_len - 1))
                        return "has more than one colon; an IPv6 address goes into brackets: "
                               "http://[::1]:8083";
                if (!is_hostname(text, host_len, "_"))
                        return "has no valid host name; write http://HOST:PORT with letters, digits, dots "
                               "and hyphens";
        }
        return is_port(text + host_len, len - host_len) ? NULL
                                                        : "has no valid port; write one of 1 to 65535";
}

int value_broker(const char *text, char **ret, const char **ret_problem) {
        const char *end, *port, *problem = NULL;
        char address[INET6_ADDRSTRLEN] = "";
        struct in6_addr in6;
        size_t host_len;

        if (text[0] == '[') {
                end = strchr(text, ']');
                host_len = end ? (size_t) (end - text) + 1 : 0;
                if (host_len >= 3 && host_len - 2 < sizeof(address))
                        memcpy(address, text + 1, host_len - 2);
                if (inet_pton(AF_INET6, address, &in6) != 1)
                        problem = "has no IPv6 address in its brackets; write for example [::1]:9092";
        } else {
                host_len = strcspn(text, ":");
                if (strstr(text, "://"))
                        problem = "holds a protocol; write HOST:PORT alone, and the protocol as property = "
                                  "security.protocol=NAME";
                else if (strchr(text, ':') != strrchr(text, ':'))
                        problem = "has more than one colon; an IPv6 address goes into brackets: [::1]:9092";
                else if (!is_hostname(text, host_len, "_"))
                        problem = "has no valid host name; write HOST:PORT with letters, digits, dots and "
                                  "hyphens";
        }
        port = text + host_len;
        if (!problem && !is_port(port, strlen(port)))
                problem = "has no valid port; write one of 1 to 65535";
        if (problem) {
                *ret_problem = problem;
                return -EINVAL;
        }
        if (asprintf(ret, "%s%s", text, *port == '\0' ? ":9092" : "") < 0)
                return -ENOMEM;
        return 0;
}

bool value_is_topic(const char *text) {
        size_t len = strnlen(text, TOPIC_NAME_LEN_MAX + 1);

        return len > 0 && len <= TOPIC_NAME_LEN_MAX && !streq(text, ".") && !streq(text, "..") &&
               strspn(text, LOWER UPPER DIGITS "._-") == len;
}

static const char *path_problem(const char *path) {
        for (const char *p = path; *p != '\0'; p++) {
                if (*p == '?' || *p == '#')
                        return "has a query or a fragment; write only http://HOST:PORT and, where it has "
                               "one, the path";
                if (*p == '%' && !(strspn(p + 1, DIGITS "abcdefABCDEF") >= 2))
                        return "has a % without two hexadecimal digits; write %25 for a percent sign";
                if (!strchr(LOWER UPPER DIGITS "-._~!$&'()*+,;=:@/%", *p))
                        return "has a character that no URL may hold; write it percent-encoded";
        }
        return NULL;
}

static bool ends_in(const char *text, char c) {
        size_t len = strlen(text);

        return len > 0 && text[len - 1] == c;
}

/* "unix:///run/x.sock", as others write it, means the same. */
static int socket_url(const char *path, char **ret, const char **ret_problem) {
        _cleanup_free_ char *url = NULL;
        struct listen_address address;
        size_t n = strspn(path, "/");

        for (const char *p = path; *p != '\0'; p++)
                if ((unsigned char) *p <= ' ' || (unsigned char) *p >= 0x7f) {
                        *ret_problem = "holds a blank, or what is not ASCII; give the socket another path";
                        return -EINVAL;
                }
        if (asprintf(&url, "unix:%s", n > 0 ? path + n - 1 : path) < 0) {
                url = NULL;
                return -ENOMEM;
        }
        if (listen_address_parse(url, &address, ret_problem) < 0)
                return -EINVAL;
        *ret = TAKE_PTR(url);
        return 0;
}

/* no_url: the problem with what begins otherwise. Sets *ret, and *ret_path to what follows the authority in
 * text. */
static int read_origin(const char *text,
                       const char *no_url,
                       char **ret,
                       const char **ret_path,
                       const char **ret_problem) {
        const char *authority, *another, *problem;
        size_t scheme_len, authority_len;
        char *url;

        if (strncasecmp(text, "http://", 7) == 0)
                scheme_len = 4;
        else if (strncasecmp(text, "https://", 8) == 0)
                scheme_len = 5;
        else {
                *ret_problem = no_url;
                return -EINVAL;
        }
        authority = text + scheme_len + 3;
        authority_len = strcspn(authority, "/?#");
        another = strstr(authority, "://");
        if (another && another < authority + strcspn(authority, "?"))
                problem = "holds more than one URL; write one, or a list with spaces between";
        else if (ends_in(authority, ','))
                problem = "ends in a comma; spaces separate the URLs of a list, not commas";
        else
                problem = authority_problem(authority, authority_len);
        if (problem) {
                *ret_problem = problem;
                return -EINVAL;
        }
        url = strdup(text);
        if (!url)
                return -ENOMEM;
        memcpy(url, "https", scheme_len);
        *ret = url;
        *ret_path = authority + authority_len;
        return 0;
}

int value_url(const char *text, char **ret, const char **ret_problem) {
        const char *socket = listen_address_path(text), *path = NULL, *problem;
        _cleanup_free_ char *url = NULL;
        int r;

        if (socket)
                return socket_url(socket, ret, ret_problem);
        r = read_origin(text,
                        "is no URL that begins with http:// or https://; write http://HOST:PORT, or "
                        "unix:/PATH for a socket",
                        &url, &path, ret_problem);
        if (r < 0)
                return r;
        problem = path_problem(path);
        if (problem) {
                *ret_problem = problem;
                return -EINVAL;
        }
        for (size_t len = strlen(url); url[len - 1] == '/'; len--)
                url[len - 1] = '\0';
        *ret = TAKE_PTR(url);
        return 0;
}

int value_link(const char *text, char **ret, const char **ret_problem) {
        _cleanup_free_ char *url = NULL;
        const char *path = NULL, *problem;
        int r;

        r = read_origin(text, "is no URL that begins with http:// or https://; write https://HOST/PATH",
                        &url, &path, ret_problem);
        if (r < 0)
                return r;
        problem = *path == '\0' ? NULL : value_request_path_problem(path);
        if (problem) {
                *ret_problem = problem;
                return -EINVAL;
        }
        *ret = TAKE_PTR(url);
        return 0;
}

const char *value_url_path_problem(const char *text) {
        /* RFC 3986's pchar, and the slash between them */
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-._~!$&'()*+,;=:@/";

        if (text[0] != '/')
                return "is no path; begin it with /, like /__health";
        if (text[strspn(text, allowed)] != '\0')
                return "holds what no path has; write it as it is asked for, without ?, # and %, like "
                       "/__health";
        return NULL;
}

const char *value_request_path_problem(const char *text) {
        for (const char *c = text; *c; c++)
                if (*c <= ' ' || *c == '#' || (unsigned char) *c >= 0x7F)
                        return "cannot be asked for; write a path like /health, with anything but ASCII as "
                               "%XX";
        return text[0] == '/' ? NULL : "is no path; begin it with /";
}

const char *value_unit_problem(const char *text) {
        if (streq(text, "connect-watchdog.service"))
                return "is the watchdog itself; name the unit that runs the worker";
        if (text_is_service_name(text))
                return NULL;
        if (strstr(text, "@.service"))
                return "is a template; name one of its instances, like kafka-connect@8083.service";
        if (!strchr(text, '.'))
                return "is no service; write the whole name, with .service at its end";
        return "is not the name of a service; write one like kafka-connect.service";
}
