/* Which values fit together, and which are worth a warning. Knows no file but by the places it is given. */

#include "config/checks.h"

#include "observe/kind.h"
#include "util/span.h"
#include "util/text.h"

static const struct raw_value *value_of(const struct checked_worker *c, const char *key) {
        return c->values[key_index(SECTION_WORKER, key)];
}

/* Where the key stands, or else its worker's section. */
static const struct place *at(const struct checked_worker *c, const char *key) {
        const struct raw_value *v = value_of(c, key);

        return v ? &v->at : &c->section->at;
}

/* Neither of them was told already: a mistake is told once. */
static bool sound(const struct checked_worker *c, const char *a, const char *b) {
        const struct raw_value *va = value_of(c, a), *vb = value_of(c, b);

        return !(va && va->bad) && !(vb && vb->bad);
}

/* The one of two that the operator wrote, for "which is at fault". */
static const char *written(const struct checked_worker *c, const char *first, const char *second) {
        return value_of(c, first) ? first : second;
}

static void check_action(struct problems *p, const struct checked_worker *c) {
        const struct worker_settings *w = c->worker;

        if (!w->unit && w->action == ACTION_RESTART && sound(c, "action", "unit"))
                problem_error(p, at(c, "action"),
                              "worker %s has action = restart but no unit; write unit = NAME.service into "
                              "its section, or action = alert",
                              w->name);
        if (!w->unit && w->startup_action == ACTION_RESTART && sound(c, "startup_action", "unit"))
                problem_error(p, at(c, "startup_action"),
                              "worker %s has startup_action = restart but no unit; write unit = "
                              "NAME.service into its section, or startup_action = alert",
                              w->name);
        if (w->startup_action == ACTION_RESTART && w->action != ACTION_RESTART &&
            sound(c, "startup_action", "action"))
                problem_error(p, at(c, "startup_action"),
                              "worker %s has startup_action = restart, which action = alert forbids; write "
                              "action = restart, or startup_action = alert",
                              w->name);
}

/* a goes only with b. */
static void check_pair(struct problems *p,
                       const struct checked_worker *c,
                       const char *a,
                       const char *a_value,
                       const char *b,
                       const char *b_value) {
        if (a_value && !b_value && sound(c, a, b))
                problem_error(p, at(c, a), "worker %s has %s but no %s; set both, or none", c->worker->name,
                              a, b);
}

static void check_access(struct problems *p, const struct checked_worker *c) {
        const struct worker_settings *w = c->worker;

        check_pair(p, c, "username", w->username, "password_file", w->password_file);
        check_pair(p, c, "password_file", w->password_file, "username", w->username);
        check_pair(p, c, "cert_file", w->cert_file, "key_file", w->key_file);
        check_pair(p, c, "key_file", w->key_file, "cert_file", w->cert_file);
        if (w->bearer_token_file && w->username && sound(c, "bearer_token_file", "username"))
                problem_error(p, at(c, "bearer_token_file"),
                              "worker %s has both username and bearer_token_file; keep one of the two",
                              w->name);
}

static void check_tls(struct problems *p, const struct checked_worker *c) {
        const struct worker_settings *w = c->worker;
        const struct {
                const char *key;
                bool set;
        } tls_only[] = {
                { "ca_file", w->ca_file },
                { "cert_file", w->cert_file },
                { "key_file", w->key_file },
                { "verify", !w->verify },
        };

        if (strncmp(w->url, "http://", 7) == 0) {
                for (size_t i = 0; i < ELEMENTSOF(tls_only); i++)
                        if (tls_only[i].set && sound(c, tls_only[i].key, "url"))
                                problem_error(p, at(c, tls_only[i].key),
                                              "worker %s has %s but its url (%s) is without TLS; write url "
                                              "= https://…, or remove the line",
                                              w->name, tls_only[i].key, w->url);
                return;
        }
        if (!w->verify && w->ca_file && sound(c, "verify", "ca_file"))
                problem_error(
                        p, at(c, "verify"),
                        "worker %s has verify = no, which leaves its ca_file unused; remove one of the two",
                        w->name);
        else if (!w->verify && sound(c, "verify", "url"))
                problem_warning(p, at(c, "verify"),
                                "worker %s has verify = no: anybody on the way can answer in its place; "
                                "better write ca_file = the authority that signed its certificate",
                                w->name);
}

static void check_times(struct problems *p, const struct checked_worker *c) {
        const struct worker_settings *w = c->worker;

        if (w->retry_interval_usec > w->interval_usec && sound(c, "retry_interval", "interval"))
                problem_error(
                        p, at(c, written(c, "retry_interval", "interval")),
                        "worker %s has a retry_interval (%s) longer than its interval (%s); make it shorter",
                        w->name, SPAN(w->retry_interval_usec), SPAN(w->interval_usec));
        if (w->exhausted_retry_usec > 0 && w->exhausted_retry_usec < w->restart_window_usec &&
            sound(c, "exhausted_retry", "restart_window"))
                problem_error(p, at(c, written(c, "exhausted_retry", "restart_window")),
                              "worker %s has an exhausted_retry (%s) shorter than its restart_window (%s); "
                              "make it at least as long, or write 0 for never",
                              w->name, SPAN(w->exhausted_retry_usec), SPAN(w->restart_window_usec));
        /* Kafka Connect itself waits 10 s before it answers 500 or 503. */
        if (w->kind && streq(w->kind->name, "kafka-connect") && w->timeout_usec <= 10 * USEC_PER_SEC &&
            sound(c, "timeout", "kind"))
                problem_warning(p, at(c, "timeout"),
                                "worker %s has a timeout of %s, but Kafka Connect takes 10s before it says "
                                "that it is unwell, and why; better write timeout = 15s",
                                w->name, SPAN(w->timeout_usec));
}

static void check_peers(struct problems *p, const struct checked_worker *c) {
        const struct worker_settings *w = c->worker;
        size_t n = strv_length(w->peers);

        if (!sound(c, "peers", "min_healthy_peers"))
                return;
        if (w->min_healthy_peers > n)
                problem_error(p, at(c, "min_healthy_peers"),
                              "worker %s has min_healthy_peers = %u but %zu peer%s; it could never be "
                              "restarted: list more peers, or ask for fewer",
                              w->name, w->min_healthy_peers, n, n == 1 ? "" : "s");
        if (sound(c, "peers", "url") && strv_contains(w->peers, w->url))
                problem_warning(p, at(c, "peers"),
                                "worker %s has its own url (%s) among its peers; better remove it there",
                                w->name, w->url);
}

static void check_connectors(struct problems *p, const struct checked_worker *c) {
        const struct worker_settings *w = c->worker;

        if (!w->connector_restart || !sound(c, "connector_restart", "worker_id"))
                return;
        if (!w->worker_id)
                problem_error(
                        p, at(c, "connector_restart"),
                        "worker %s has connector_restart = yes but no worker_id; write worker_id = the "
                        "HOST:PORT that the worker advertises, so that each connector has one agent",
                        w->name);
        if (!w->connectors && sound(c, "connector_restart", "connectors"))
                problem_error(p, at(c, "connector_restart"),
                              "worker %s has connector_restart = yes, but connectors = no, so it sees none; "
                              "remove one of the two",
                              w->name);
        if (w->action != ACTION_RESTART && sound(c, "connector_restart", "action"))
                problem_warning(
                        p, at(c, "connector_restart"),
                        "worker %s has connector_restart = yes, which with action = alert only says "
                        "what it would restart; better write action = restart once you agree with it",
                        w->name);
}

void check_worker(struct problems *p, const struct checked_worker *c) {
        const char *path = strrchr(c->worker->url, '/');

        check_action(p, c);
        check_access(p, c);
        check_tls(p, c);
        check_times(p, c);
        check_peers(p, c);
        check_connectors(p, c);
        if (path && streq(path, "/health") && sound(c, "url", "kind"))
                problem_warning(p, at(c, "url"),
                                "worker %s has a url that ends in /health, which is added by itself; better "
                                "write only http://HOST:PORT",
                                c->worker->name);
}

static const struct place *place_in(const struct raw_section *section, const char *key) {
        const struct raw_value *v = &section->values[key_index(SECTION_WORKER, key)];

        return v->given ? &v->at : &section->at;
}

static bool is_bad(const struct raw_section *section, const char *key) {
        return section->values[key_index(SECTION_WORKER, key)].bad;
}

static void check_unit_is_alone(struct problems *p,
                                const struct settings *settings,
                                const struct scratch *s,
                                size_t i) {
        const struct worker_settings *w = settings->workers[i];

        for (size_t k = 0; w->unit && k < i; k++) {
                const struct place *there = place_in(s->workers[k], "unit");

                if (!streq_ptr(w->unit, settings->workers[k]->unit))
                        continue;
                problem_error(p, place_in(s->workers[i], "unit"),
                              "worker %s has the unit %s, as worker %s in %s:%u has already; give each "
                              "section a unit of its own",
                              w->name, w->unit, settings->workers[k]->name, there->file, there->line);
                return;
        }
}

static void check_url_is_alone(struct problems *p,
                               const struct settings *settings,
                               const struct scratch *s,
                               size_t i) {
        const struct worker_settings *w = settings->workers[i];

        for (size_t k = 0; k < i && !is_bad(s->workers[i], "url"); k++) {
                if (!streq(w->url, settings->workers[k]->url) || is_bad(s->workers[k], "url"))
                        continue;
                problem_warning(
                        p, place_in(s->workers[i], "url"),
                        "worker %s has the url %s, as worker %s has; better give each worker its own",
                        w->name, w->url, settings->workers[k]->name);
                return;
        }
}

void check_workers_together(struct problems *p, const struct settings *settings, const struct scratch *s) {
        for (size_t i = 1; i < settings->n_workers; i++) {
                check_unit_is_alone(p, settings, s, i);
                check_url_is_alone(p, settings, s, i);
        }
}
