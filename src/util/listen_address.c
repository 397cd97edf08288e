#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "util/listen_address.h"

#define FORM "write ADDRESS:PORT, like 127.0.0.1:18083, [::1]:18083 or *:18083, or unix:/PATH"

/* 1 to 65535; 0: it is none. */
static in_port_t port_of(const char *text) {
        size_t len = strlen(text);
        long port;

        if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
                return 0;
        port = strtol(text, NULL, 10);
        return port > 65535 ? 0 : (in_port_t) port;
}

static int parse_unix(const char *path, struct listen_address *ret, const char **ret_problem) {
        struct sockaddr_un *address = (struct sockaddr_un *) &ret->address;
        size_t len = strlen(path);

        if (path[0] != '/' || len < 2 || path[len - 1] == '/') {
                *ret_problem = "has no absolute path; write unix:/PATH";
                return -EINVAL;
        }
        if (len >= sizeof(address->sun_path)) {
                *ret_problem = "has a path that is too long for a socket; write one of at most 107 bytes";
                return -EINVAL;
        }
        address->sun_family = AF_UNIX;
        memcpy(address->sun_path, path, len + 1);
        ret->address_len = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len + 1);
        return 0;
}

static int parse_host(const char *host, in_port_t port, struct listen_address *ret) {
        struct sockaddr_in *in = (struct sockaddr_in *) &ret->address;
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) &ret->address;
        size_t len = strlen(host);
        char inner[INET6_ADDRSTRLEN];

        if (streq(host, "*")) {
                /* Both families. */
                *in6 = (struct sockaddr_in6) { .sin6_family = AF_INET6, .sin6_port = htons(port) };
                ret->address_len = sizeof(*in6);
                return 0;
        }
        if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
                in->sin_family = AF_INET;
                in->sin_port = htons(port);
                ret->address_len = sizeof(*in);
                return 0;
        }
        if (len < 3 || len - 2 >= sizeof(inner) || host[0] != '[' || host[len - 1] != ']')
                return -EINVAL;
        memcpy(inner, host + 1, len - 2);
        inner[len - 2] = '\0';
        if (inet_pton(AF_INET6, inner, &in6->sin6_addr) != 1)
                return -EINVAL;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        ret->address_len = sizeof(*in6);
        return 0;
}

int listen_address_parse(const char *text, struct listen_address *ret, const char **ret_problem) {
        char host[LISTEN_ADDRESS_SIZE];
        const char *colon, *path = listen_address_path(text);
        in_port_t port;

        *ret = (struct listen_address) {};
        if (strlen(text) >= sizeof(ret->text)) {
                *ret_problem = "is too long for an address; " FORM;
                return -EINVAL;
        }
        memcpy(ret->text, text, strlen(text) + 1);
        if (path)
                return parse_unix(path, ret, ret_problem);

        colon = strrchr(text, ':');
        port = colon ? port_of(colon + 1) : 0;
        if (port == 0) {
                *ret_problem = "has no port of 1 to 65535 at its end; " FORM;
                return -EINVAL;
        }
        memcpy(host, text, (size_t) (colon - text));
        host[colon - text] = '\0';
        if (parse_host(host, port, ret) < 0) {
                *ret_problem = "is no address; " FORM;
                return -EINVAL;
        }
        return 0;
}

const char *listen_address_format(struct listen_address *a) {
        const struct sockaddr_in *in = (const struct sockaddr_in *) &a->address;
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) &a->address;
        char host[INET6_ADDRSTRLEN] = "";

        switch (a->address.ss_family) {
        case AF_INET:
                (void) inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
                (void) snprintf(a->text, sizeof(a->text), "%s:%u", host, (unsigned) ntohs(in->sin_port));
                break;
        case AF_INET6:
                (void) inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
                (void) snprintf(a->text, sizeof(a->text), "[%s]:%u", host, (unsigned) ntohs(in6->sin6_port));
                break;
        default:
                (void) snprintf(a->text, sizeof(a->text), "unix:%.107s",
                                ((const struct sockaddr_un *) &a->address)->sun_path);
                break;
        }
        return a->text;
}

const char *listen_address_path(const char *text) {
        return strncmp(text, "unix:", strlen("unix:")) == 0 ? text + strlen("unix:") : NULL;
}
