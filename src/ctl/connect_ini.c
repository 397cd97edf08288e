/* What a worker's properties file says, in our words. Decides what may be copied. */
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "config/values.h"
#include "ctl/connect_ini.h"
#include "util/text.h"

#define HTTP_PORT "8083"

/* Text under construction. */
struct page {
        char *text;
        size_t size;
        FILE *f;
};

static int page_open(struct page *p) {
        *p = (struct page) {};
        p->f = open_memstream(&p->text, &p->size);
        return p->f ? 0 : -ENOMEM;
}

/* Owned by the caller; NULL when there was no memory for all of it. */
static char *page_close(struct page *p) {
        bool failed = ferror(p->f);

        if (fclose(p->f) != 0 || failed) {
                free(p->text);
                return NULL;
        }
        return p->text;
}

static const char *get(const struct connect_found *f, const char *key) {
        return f->properties ? java_properties_get(f->properties, key) : NULL;
}

/* Words that an INI file takes as they are, with nothing in them that a config provider would put there. */
static bool is_plain(const char *text) {
        return text[0] != '\0' &&
               text[strspn(text,
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+,=")] ==
                       '\0';
}

/* For a comment: one line. */
#define SHOWN_SIZE 256
#define SHOWN(text) text_copy_line((char[SHOWN_SIZE]) { 0 }, SHOWN_SIZE, text, strlen(text))

/* The next of a list with commas, blanks around it cut off; false at its end. */
#define ITEM_SIZE 512
static bool next_item(const char **list, char item[static ITEM_SIZE]) {
        while (*list && **list != '\0') {
                const char *text = *list + strspn(*list, " \t,");
                size_t len = strcspn(text, ",");

                *list = text + len;
                while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
                        len--;
                if (len > 0 && len < ITEM_SIZE) {
                        memcpy(item, text, len);
                        item[len] = '\0';
                        return true;
                }
        }
        return false;
}

/* ---- names ---- */

char *connect_name(const struct connect_found *f, char buf[static CONNECT_NAME_SIZE]) {
        const char *from = f->unit ? f->unit : get(f, "group.id");
        size_t len = from ? strlen(from) : 0;

        if (f->unit && len > strlen(".service"))
                len -= strlen(".service");
        if (len >= CONNECT_NAME_SIZE)
                len = CONNECT_NAME_SIZE - 1;
        for (size_t i = 0; i < len; i++) {
                const char one[] = { from[i], '\0' };

                buf[i] = from[i];
                if (!value_is_section_name(one))
                        buf[i] = '-';
        }
        buf[len] = '\0';
        if (len == 0)
                text_append(buf, CONNECT_NAME_SIZE, "connect");
        return buf;
}

/* ---- its REST interface ---- */

struct rest {
        char *url; /* NULL: the listener cannot be asked as it stands */
        bool https;
        char port[8];
};

/* "HTTPS://0.0.0.0:8443" as a URL of this host. Returns whether it is one. */
static bool rest_from_listener(const char *listener, const char *advertised, struct rest *ret) {
        const char *host = strstr(listener, "://"), *colon = strrchr(listener, ':'), *problem;
        bool https = strncasecmp(listener, "https://", strlen("https://")) == 0;
        char url[ITEM_SIZE + 64];
        int host_len;

        if (!host || colon <= host || strlen(colon + 1) >= sizeof(ret->port))
                return false;
        host += strlen("://");
        host_len = (int) (colon - host);
        /* A certificate is for a name. */
        if (https && advertised)
                (void) snprintf(url, sizeof(url), "https://%s:%s", advertised, colon + 1);
        else if (host_len == 0 || strncmp(host, "0.0.0.0:", 8) == 0 || strncmp(host, "[::]:", 5) == 0)
                (void) snprintf(url, sizeof(url), "%s://127.0.0.1:%s", https ? "https" : "http", colon + 1);
        else
                (void) snprintf(url, sizeof(url), "%s://%.*s:%s", https ? "https" : "http", host_len, host,
                                colon + 1);
        if (value_url(url, &ret->url, &problem) < 0)
                return false;
        ret->https = https;
        text_copy_line(ret->port, sizeof(ret->port), colon + 1, strlen(colon + 1));
        return true;
}

/* The first plain one, for it takes no certificates; else the first. */
static void find_rest(const struct connect_found *f, struct rest *ret) {
        const char *list = get(f, "listeners"), *advertised = get(f, "rest.advertised.host.name");
        char item[ITEM_SIZE];

        *ret = (struct rest) {};
        if (advertised && !value_is_hostname(advertised))
                advertised = NULL;
        if (isempty(list)) {
                const char *host = get(f, "rest.host.name"), *port = get(f, "rest.port");

                /* As it was before Kafka 3.0. */
                (void) snprintf(item, sizeof(item), "http://%s:%s", strempty(host),
                                isempty(port) ? HTTP_PORT : port);
                (void) rest_from_listener(item, advertised, ret);
                return;
        }
        while (next_item(&list, item)) {
                struct rest found = {};

                if (!rest_from_listener(item, advertised, &found))
                        continue;
                if (!ret->url || (ret->https && !found.https)) {
                        free(ret->url);
                        *ret = found;
                } else
                        free(found.url);
        }
}

static void write_rest(FILE *f, const struct connect_found *found, const struct rest *rest) {
        const char *extensions = get(found, "rest.extension.classes"),
                   *client_auth = get(found, "listeners.https.ssl.client.auth");

        if (!found->properties)
                fprintf(f, "# %s could not be read (%s): these are the defaults.\n",
                        SHOWN(found->properties_file), SHOWN(found->unreadable));
        else if (!rest->url)
                fprintf(f, "# Its listeners (%s) were not understood: write where it listens.\n",
                        SHOWN(strempty(get(found, "listeners"))));
        fprintf(f, "url = %s\n", rest->url ? rest->url : "http://127.0.0.1:" HTTP_PORT);
        if (rest->https)
                fputs("# The authority that signed its certificate, as PEM, where it is not one of the "
                      "system's:\n"
                      "# ca_file = /etc/connect-watchdog/connect-ca.pem\n"
                      "# By its name it may not be found to be on this host; then:\n"
                      "# url_is_local = yes\n",
                      f);
        if (rest->https && client_auth && strcasecmp(client_auth, "required") == 0)
                fputs("# It asks for a certificate of ours, in /etc/connect-watchdog/credentials:\n"
                      "# cert_file = connect-cert.pem\n"
                      "# key_file = connect-key.pem\n",
                      f);
        if (extensions && strstr(extensions, "BasicAuth"))
                fputs("# It asks for a user and a password; the password, and nothing else, in\n"
                      "# /etc/connect-watchdog/credentials/connect-password:\n"
                      "# username = watchdog\n"
                      "# password_file = connect-password\n",
                      f);
}

/* ---- its Kafka ---- */

/* The user that a JAAS configuration names. The password beside it is not looked at. */
static bool jaas_user(const char *jaas, char user[static SHOWN_SIZE]) {
        const char *at = jaas ? strstr(jaas, "username") : NULL;
        size_t len;
        char quote;

        if (!at)
                return false;
        at += strlen("username");
        at += strspn(at, " \t");
        if (*at != '=')
                return false;
        at++;
        at += strspn(at, " \t");
        quote = *at;
        if (quote != '"' && quote != '\'')
                return false;
        at++;
        len = strcspn(at, (char[]) { quote, '\0' });
        if (at[len] != quote || len >= SHOWN_SIZE)
                return false;
        text_copy_line(user, SHOWN_SIZE, at, len);
        return is_plain(user);
}

/* Writes what there is to be said; returns whether something has to be done by hand first. */
static bool write_sasl(FILE *f, const struct connect_found *found, const char *name) {
        const char *mechanism = get(found, "sasl.mechanism");
        char user[SHOWN_SIZE] = "";

        if (isempty(mechanism))
                mechanism = "GSSAPI";
        if (!is_plain(mechanism) ||
            (strcmp(mechanism, "PLAIN") != 0 && strncmp(mechanism, "SCRAM-", strlen("SCRAM-")) != 0)) {
                fprintf(f,
                        "# It is let in by %s: write what librdkafka needs for that, as property = "
                        "NAME=VALUE.\n",
                        SHOWN(mechanism));
                return true;
        }
        fprintf(f, "property = sasl.mechanism=%s\n", mechanism);
        if (!jaas_user(get(found, "sasl.jaas.config"), user))
                fputs("# Its sasl.jaas.config names no user that can be read here.\n", f);
        fprintf(f,
                "# Passwords are not copied: write this user's, and nothing else, into\n"
                "# /etc/connect-watchdog/credentials/%s-kafka-password (mode 0600), or name a user of our "
                "own.\n"
                "username = %s\n"
                "password_file = %s-kafka-password\n",
                name, user[0] ? user : "watchdog", name);
        return true;
}

static bool write_tls(FILE *f, const struct connect_found *found, const char *name) {
        const char *trust = get(found, "ssl.truststore.location"), *type = get(found, "ssl.truststore.type"),
                   *algorithm = get(found, "ssl.endpoint.identification.algorithm");
        bool by_hand = false;

        if (algorithm && algorithm[0] == '\0')
                fputs("property = ssl.endpoint.identification.algorithm=none\n", f);
        if (!isempty(trust) && type && strcasecmp(type, "PEM") == 0 && is_plain(trust) && trust[0] == '/')
                fprintf(f, "# The user connect-watchdog must be able to read this:\nca_file = %s\n", trust);
        else if (!isempty(trust) || !isempty(get(found, "ssl.truststore.certificates"))) {
                fprintf(f, "# Its certificates are in a form that librdkafka does not read. As PEM:\n");
                if (!isempty(trust))
                        fprintf(f,
                                "#     keytool -list -rfc -keystore %s > "
                                "/etc/connect-watchdog/%s-kafka-ca.pem\n",
                                SHOWN(trust), name);
                fprintf(f, "ca_file = /etc/connect-watchdog/%s-kafka-ca.pem\n", name);
                by_hand = true;
        }
        if (!isempty(get(found, "ssl.keystore.location")) || !isempty(get(found, "ssl.keystore.key"))) {
                fprintf(f,
                        "# It shows a certificate: put one and its key, as PEM, into\n"
                        "# /etc/connect-watchdog/credentials:\n"
                        "cert_file = %s-kafka-cert.pem\n"
                        "key_file = %s-kafka-key.pem\n",
                        name, name);
                by_hand = true;
        }
        return by_hand;
}

static bool write_security(FILE *f, const struct connect_found *found, const char *name) {
        const char *protocol = get(found, "security.protocol");
        bool by_hand = false;

        if (isempty(protocol) || strcmp(protocol, "PLAINTEXT") == 0)
                return false;
        if (!is_plain(protocol)) {
                fprintf(f, "# Its security.protocol (%s) was not understood.\n", SHOWN(protocol));
                return true;
        }
        fprintf(f, "property = security.protocol=%s\n", protocol);
        if (strncmp(protocol, "SASL_", strlen("SASL_")) == 0)
                by_hand = write_sasl(f, found, name);
        if (strstr(protocol, "SSL"))
                by_hand = write_tls(f, found, name) || by_hand;
        return by_hand;
}

/* Returns whether there is one at all. */
static bool write_bootstrap(FILE *f, const struct connect_found *found) {
        const char *list = get(found, "bootstrap.servers"), *problem;
        char item[ITEM_SIZE];
        bool any = false;

        while (next_item(&list, item)) {
                _cleanup_free_ char *broker = NULL;
                const char *plain = strstr(item, "://");

                if (value_broker(plain ? plain + strlen("://") : item, &broker, &problem) < 0)
                        continue;
                fprintf(f, "%s%s", any ? " " : "bootstrap = ", broker);
                any = true;
        }
        fputs(any ? "\n" : "# Its bootstrap.servers were not understood.\nbootstrap = 127.0.0.1:9092\n", f);
        return any;
}

static bool write_topics(FILE *f, const struct connect_found *found) {
        static const char *const keys[] = { "config.storage.topic", "offset.storage.topic",
                                            "status.storage.topic" };
        bool all = true, any = false;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *topic = get(found, keys[i]);

                if (!topic || !value_is_topic(topic)) {
                        all = false;
                        continue;
                }
                fprintf(f, "%s%s", any ? " " : "topics = ", topic);
                any = true;
        }
        if (any)
                fputc('\n', f);
        return all;
}

/* Its lines; *ret_by_hand: as they stand, they would not work. */
static char *format_kafka(const struct connect_found *found, const char *name, bool *ret_by_hand) {
        const char *group = get(found, "group.id");
        bool by_hand;
        struct page p;

        if (page_open(&p) < 0)
                return NULL;
        fprintf(p.f, "[kafka %s]\n", name);
        by_hand = !write_bootstrap(p.f, found);
        if (found->mode == CONNECT_DISTRIBUTED) {
                if (group && is_plain(group))
                        fprintf(p.f, "group = %s\n", group);
                else
                        fprintf(p.f, "# Its group.id (%s) was not understood.\n", SHOWN(strempty(group)));
                if (!write_topics(p.f, found)) {
                        fputs("# Not all of its config., offset. and status.storage.topic were "
                              "understood.\n",
                              p.f);
                        by_hand = true;
                }
        }
        by_hand = write_security(p.f, found, name) || by_hand;
        *ret_by_hand = by_hand;
        return page_close(&p);
}

/* ---- all of it ---- */

static void write_commented(FILE *f, const char *lines) {
        while (*lines != '\0') {
                size_t len = strcspn(lines, "\n");

                fprintf(f, "%s%.*s\n", lines[0] == '#' ? "" : "# ", (int) len, lines);
                lines += len + (lines[len] == '\n');
        }
}

static void write_worker(FILE *f, const struct connect_found *found, const char *name, bool requires) {
        const char *host = get(found, "rest.advertised.host.name"),
                   *port = get(found, "rest.advertised.port");
        struct rest rest;

        find_rest(found, &rest);
        fprintf(f, "[worker %s]\n", name);
        write_rest(f, found, &rest);
        if (found->unit)
                fprintf(f,
                        "unit = %s\n# alert: say what would be done, and restart nothing.\naction = "
                        "restart\n",
                        found->unit);
        else if (found->service)
                fprintf(f,
                        "# It runs in %s, but is not its main process: a restart of that might end more "
                        "than\n"
                        "# this worker, so it is only watched. Where it would not, write unit = %s.\n",
                        SHOWN(found->service), SHOWN(found->service));
        else
                fputs("# It runs in no unit of systemd that could be restarted, so it is only watched.\n",
                      f);
        if (found->properties)
                fprintf(f, "%srequires = %s\n", requires ? "" : "# ", name);
        if (host && value_is_hostname(host) && rest.url) {
                char id[ITEM_SIZE + 16];

                (void) snprintf(id, sizeof(id), "%s:%s", host, isempty(port) ? rest.port : port);
                if (value_is_worker_id(id))
                        fprintf(f, "# The name that its cluster knows it by.\nworker_id = %s\n", id);
        }
        if (found->mode == CONNECT_STANDALONE)
                fputs("# It is standalone: a restart loses connectors that were created over its REST "
                      "interface.\n",
                      f);
        free(rest.url);
}

static void write_kafka(FILE *f, const struct connect_found *found, const char *kafka, bool by_hand) {
        fputc('\n', f);
        if (!found->kafka_module)
                fputs("# Without this, an outage of Kafka looks like a fault of the worker. It needs the "
                      "package\n"
                      "# connect-watchdog-kafka; install it, and uncomment this and requires above.\n",
                      f);
        else if (by_hand)
                fputs("# Without this, an outage of Kafka looks like a fault of the worker. Complete it as "
                      "the comments\n"
                      "# say, and uncomment it and requires above.\n",
                      f);
        if (by_hand || !found->kafka_module)
                write_commented(f, kafka);
        else
                fputs(kafka, f);
}

int connect_ini_format(const struct connect_found *f, char **ret) {
        char name[CONNECT_NAME_SIZE];
        _cleanup_free_ char *kafka = NULL;
        bool by_hand = false;
        struct page p;

        connect_name(f, name);
        if (f->properties) {
                kafka = format_kafka(f, name, &by_hand);
                if (!kafka)
                        return -ENOMEM;
        }
        if (page_open(&p) < 0)
                return -ENOMEM;
        fprintf(p.f,
                "# Found by connect-watchdogctl discover: %s runs Kafka Connect (%s), as it is set up by\n# "
                "%s\n\n",
                f->unit ? f->unit : "a process outside of any unit",
                f->mode == CONNECT_DISTRIBUTED ? "distributed" : "standalone", SHOWN(f->properties_file));
        write_worker(p.f, f, name, kafka && !by_hand && f->kafka_module);
        if (kafka)
                write_kafka(p.f, f, kafka, by_hand);
        *ret = page_close(&p);
        return *ret ? 0 : -ENOMEM;
}
