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
        if (!first)
                problem_error(
                        p, &c->section->at,
                        "notify %s tells nobody; write webhook = the URL of its receiver, or command = "
                        "the program to run",
                        n->name);
}

/* It is given JSON, and nothing to get in with. */
static void check_command(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        static const char *const of_webhooks[] = { "format",        "username",
                                                   "password_file", "bearer_token_file",
                                                   "ca_file",       "cert_file",
                                                   "key_file",      "verify" };

        if (!n->command || n->webhook || n->webhook_file)
                return;
        for (size_t i = 0; i < ELEMENTSOF(of_webhooks); i++)
                if (checked_at(c, of_webhooks[i]) != &c->section->at &&
                    checked_sound(c, of_webhooks[i], "command"))
                        problem_error(p, checked_at(c, of_webhooks[i]),
                                      "notify %s has %s, but command, which takes none; remove the line",
                                      n->name, of_webhooks[i]);
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

static void check_tls(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        const struct {
                const char *key;
                bool set;
        } tls_only[] = {
                { "ca_file", n->ca_file },
                { "cert_file", n->cert_file },
                { "key_file", n->key_file },
                { "verify", !n->verify },
        };
        bool plain = n->webhook && strncmp(n->webhook, "http://", 7) == 0;

        for (size_t i = 0; i < ELEMENTSOF(tls_only) && plain; i++)
                if (tls_only[i].set && checked_sound(c, tls_only[i].key, "webhook"))
                        problem_error(p, checked_at(c, tls_only[i].key),
                                      "notify %s has %s but its webhook is without TLS; write webhook = "
                                      "https://…, or remove the line",
                                      n->name, tls_only[i].key);
        if (!n->verify && !plain && !n->command && checked_sound(c, "verify", "webhook"))
                problem_warning(
                        p, checked_at(c, "verify"),
                        "notify %s has verify = no: anybody on the way can read what is told; better "
                        "write ca_file = the authority that signed its certificate",
                        n->name);
}

void check_notify(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        check_receiver(p, c, n);
        check_command(p, c, n);
        check_access(p, c, n);
        check_tls(p, c, n);
}
