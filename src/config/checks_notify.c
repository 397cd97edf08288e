/* What of a [notify NAME] goes together. */

#include "config/checks.h"
#include "util/text.h"

static const char *receiver_of(const struct notify_settings *n) {
        return n->webhook ? n->webhook : n->webhook_file;
}

static void check_receiver(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        if (!checked_sound(c, "webhook", "webhook_file"))
                return;
        if (!receiver_of(n))
                problem_error(p, &c->section->at,
                              "notify %s tells nobody; write webhook = the URL of its receiver", n->name);
        if (n->webhook && n->webhook_file)
                problem_error(p, checked_at(c, "webhook_file"),
                              "notify %s has both webhook and webhook_file; keep one of the two", n->name);
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
        if (!n->verify && !plain && checked_sound(c, "verify", "webhook"))
                problem_warning(
                        p, checked_at(c, "verify"),
                        "notify %s has verify = no: anybody on the way can read what is told; better "
                        "write ca_file = the authority that signed its certificate",
                        n->name);
}

void check_notify(struct problems *p, const struct checked *c, const struct notify_settings *n) {
        check_receiver(p, c, n);
        check_access(p, c, n);
        check_tls(p, c, n);
}
