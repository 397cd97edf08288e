/* What of a [notify NAME] goes together. */

#include "config/checks.h"
#include "util/text.h"

static void check_receiver(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        const struct {
                const char *key, *value;
        } ways[] = {
                { "webhook", n->webhook },
                { "webhook_file", n->webhook_file },
                { "command", n->command },
        };
        const char *first = NULL;

        if (!checked_sound(c, "webhook", "webhook_file") || !checked_sound(c, "command", "command"))
                return;
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                if (ways[i].value && first)
                        problem_error(p, checked_at(c, ways[i].key),
                                      "notify %s has both %s and %s; keep one of the two", n->name, first,
                                      ways[i].key);
                else if (ways[i].value)
                        first = ways[i].key;
        }
        if (!first && !n->heartbeat && checked_sound(c, "heartbeat", "heartbeat"))
                problem_error(
                        p, &c->section->at,
                        "notify %s tells nobody; write webhook = the URL of its receiver, command = the "
                        "program to run, or heartbeat = a URL to ask",
                        n->name);
}

static void check_of_webhook(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        static const char *const keys[] = { "format",    "username", "password_file", "bearer_token_file",
                                            "cert_file", "key_file" };

        if (n->webhook || n->webhook_file || !checked_sound(c, "webhook", "webhook_file"))
                return;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (checked_at(c, keys[i]) != &c->section->at && checked_sound(c, keys[i], keys[i]))
                        problem_error(
                                p, checked_at(c, keys[i]),
                                "notify %s has %s but no webhook, which alone it is for; remove the line",
                                n->name, keys[i]);
}

static void check_access(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        check_pair(p, c, "username", n->username, "password_file", n->password_file);
        check_pair(p, c, "password_file", n->password_file, "username", n->username);
        check_pair(p, c, "cert_file", n->cert_file, "key_file", n->key_file);
        check_pair(p, c, "key_file", n->key_file, "cert_file", n->cert_file);
        if (n->bearer_token_file && n->username && checked_sound(c, "bearer_token_file", "username"))
                problem_error(p, checked_at(c, "bearer_token_file"),
                              "notify %s has both username and bearer_token_file; keep one of the two",
                              n->name);
}

static bool is_https(const char *url) {
        return url && strncmp(url, "https://", 8) == 0;
}

static void check_tls(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        bool webhook = is_https(n->webhook) || n->webhook_file, any = webhook || is_https(n->heartbeat);
        const struct {
                const char *key;
                bool set, of_any;
        } tls_only[] = {
                { "ca_file", n->ca_file, any },
                { "cert_file", n->cert_file, webhook },
                { "key_file", n->key_file, webhook },
                { "verify", !n->verify, any },
        };

        if (!checked_sound(c, "webhook", "heartbeat"))
                return;
        for (size_t i = 0; i < ELEMENTSOF(tls_only); i++)
                if (tls_only[i].set && !tls_only[i].of_any &&
                    checked_sound(c, tls_only[i].key, "webhook_file"))
                        problem_error(
                                p, checked_at(c, tls_only[i].key),
                                "notify %s has %s but nothing that it asks has TLS; write https://… in "
                                "its URL, or remove the line",
                                n->name, tls_only[i].key);
        if (!n->verify && any && checked_sound(c, "verify", "verify"))
                problem_warning(
                        p, checked_at(c, "verify"),
                        "notify %s has verify = no: anybody on the way can read what is told; better "
                        "write ca_file = the authority that signed its certificate",
                        n->name);
}

void check_notify(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        check_receiver(p, c, n);
        check_of_webhook(p, c, n);
        check_access(p, c, n);
        check_tls(p, c, n);
}
