/* Which values fit together, and which are worth a warning. Knows no file but by the places it is given. */

#include "config/checks.h"

#include "observe/expectation.h"
#include "observe/kind.h"
#include "util/listen_address.h"
#include "util/span.h"
#include "util/text.h"

const struct raw_value *checked_find(const struct checked *c, const struct config_key *k) {
        const struct raw_value *v = raw_section_find(c->section, k);

        return v ? v : raw_section_find(c->defaults, k);
}

static const struct raw_value *value_of(const struct checked *c, const char *key) {
        return checked_find(c, &config_keys[key_index(config_sections[c->section->section].keys, key)]);
}

const struct place *checked_at(const struct checked *c, const char *key) {
        const struct raw_value *v = value_of(c, key);

        return v ? &v->at : &c->section->at;
}

bool checked_sound(const struct checked *c, const char *a, const char *b) {
        const struct raw_value *va = value_of(c, a), *vb = value_of(c, b);

        return !(va && va->bad) && !(vb && vb->bad);
}

/* The one of two that the operator wrote, for "which is at fault". */
static const char *written(const struct checked *c, const char *first, const char *second) {
        return value_of(c, first) ? first : second;
}

static void check_action(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        if (!w->unit && w->action == ACTION_RESTART && checked_sound(c, "action", "unit"))
                problem_error(p, checked_at(c, "action"),
                              "worker %s has action = restart but no unit; write unit = NAME.service into "
                              "its section, or action = alert",
                              w->name);
        if (!w->unit && w->startup_action == ACTION_RESTART && checked_sound(c, "startup_action", "unit"))
                problem_error(p, checked_at(c, "startup_action"),
                              "worker %s has startup_action = restart but no unit; write unit = "
                              "NAME.service into its section, or startup_action = alert",
                              w->name);
        if (w->startup_action == ACTION_RESTART && w->action != ACTION_RESTART &&
            checked_sound(c, "startup_action", "action"))
                problem_error(p, checked_at(c, "startup_action"),
                              "worker %s has startup_action = restart, which action = alert forbids; write "
                              "action = restart, or startup_action = alert",
                              w->name);
}

void check_pair(struct problems *p,
                const struct checked *c,
                const char *a,
                const char *a_value,
                const char *b,
                const char *b_value) {
        if (a_value && !b_value && checked_sound(c, a, b))
                problem_error(p, checked_at(c, a), "%s %s has %s but no %s; set both, or none",
                              config_sections[c->section->section].name, c->section->name, a, b);
}

static void check_access(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        check_pair(p, c, "username", w->username, "password_file",
                   w->password_file ? w->password_file : w->password);
        check_pair(p, c, "password_file", w->password_file, "username", w->username);
        check_pair(p, c, "cert_file", w->cert_file, "key_file", w->key_file);
        check_pair(p, c, "key_file", w->key_file, "cert_file", w->cert_file);
        if (w->bearer_token_file && w->username && checked_sound(c, "bearer_token_file", "username"))
                problem_error(p, checked_at(c, "bearer_token_file"),
                              "worker %s has both username and bearer_token_file; keep one of the two",
                              w->name);
}

static void check_tls(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        const struct {
                const char *key;
                bool set;
        } tls_only[] = {
                { "ca_file", w->ca_file },
                { "cert_file", w->cert_file },
                { "key_file", w->key_file },
                { "verify", !w->verify },
        };

        if (strncmp(w->url, "https://", 8) != 0) {
                for (size_t i = 0; i < ELEMENTSOF(tls_only); i++)
                        if (tls_only[i].set && checked_sound(c, tls_only[i].key, "url"))
                                problem_error(p, checked_at(c, tls_only[i].key),
                                              "worker %s has %s but its url (%s) is without TLS; write url "
                                              "= https://…, or remove the line",
                                              w->name, tls_only[i].key, w->url);
                return;
        }
        if (!w->verify && w->ca_file && checked_sound(c, "verify", "ca_file"))
                problem_error(
                        p, checked_at(c, "verify"),
                        "worker %s has verify = no, which leaves its ca_file unused; remove one of the two",
                        w->name);
        else if (!w->verify && checked_sound(c, "verify", "url"))
                problem_warning(p, checked_at(c, "verify"),
                                "worker %s has verify = no: anybody on the way can answer in its place; "
                                "better write ca_file = the authority that signed its certificate",
                                w->name);
}

static void check_times(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        if (w->retry_interval_usec > w->interval_usec && checked_sound(c, "retry_interval", "interval"))
                problem_error(
                        p, checked_at(c, written(c, "retry_interval", "interval")),
                        "worker %s has a retry_interval (%s) longer than its interval (%s); make it shorter",
                        w->name, SPAN(w->retry_interval_usec), SPAN(w->interval_usec));
        if (w->exhausted_retry_usec > 0 && w->exhausted_retry_usec < w->restart_window_usec &&
            checked_sound(c, "exhausted_retry", "restart_window"))
                problem_error(p, checked_at(c, written(c, "exhausted_retry", "restart_window")),
                              "worker %s has an exhausted_retry (%s) shorter than its restart_window (%s); "
                              "make it at least as long, or write 0 for never",
                              w->name, SPAN(w->exhausted_retry_usec), SPAN(w->restart_window_usec));
        /* Kafka Connect itself waits 10 s before it answers 500 or 503. */
        if (w->kind == &kafka_connect_kind && w->timeout_usec <= 10 * USEC_PER_SEC &&
            checked_sound(c, "timeout", "kind"))
                problem_warning(p, checked_at(c, "timeout"),
                                "worker %s has a timeout of %s, but Kafka Connect takes 10s before it says "
                                "that it is unwell, and why; better write timeout = 15s",
                                w->name, SPAN(w->timeout_usec));
}

/* What stands in [defaults] may be for others. */
static void check_kind(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        const usec_t least = w->kind ? w->kind->least_interval_usec : 0;

        if (!w->kind || !checked_sound(c, "kind", "interval"))
                return;
        for (size_t i = 0; i < n_config_keys; i++)
                if (config_keys[i].section == SECTION_WORKER && !key_is_for(&config_keys[i], w->kind) &&
                    raw_section_find(c->section, &config_keys[i]))
                        problem_error(
                                p, checked_at(c, config_keys[i].name),
                                "worker %s is of kind %s, which has no %s (kinds that have it: %s); remove "
                                "the line",
                                w->name, w->kind->name, config_keys[i].name, config_keys[i].kinds);
        if (MIN(w->interval_usec, w->retry_interval_usec) < least)
                problem_error(
                        p, checked_at(c, w->interval_usec < least ? "interval" : "retry_interval"),
                        "worker %s would be asked more often than every %s, which %s may not survive; make "
                        "interval and retry_interval at least as long",
                        w->name, SPAN(least), w->kind->name);
}

/* A good answer without its body would count as a failing one, and the unit be restarted for it. */
static void check_method(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        const struct {
                const char *key, *value;
        } of_body[] = {
                { "expect_body", w->expect_body },
                { "degraded_body", w->degraded_body },
        };

        if (w->kind != &http_kind || w->method != HTTP_HEAD)
                return;
        for (size_t i = 0; i < ELEMENTSOF(of_body); i++)
                if (of_body[i].value && checked_sound(c, of_body[i].key, "method"))
                        problem_error(p, checked_at(c, of_body[i].key),
                                      "worker %s has %s, but method = HEAD, which is answered without a "
                                      "body; write method = GET, or remove the line",
                                      w->name, of_body[i].key);
}

/* starting_status is looked at first. */
static void check_statuses(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        unsigned status;
        bool all;

        if (w->kind != &http_kind || !checked_sound(c, "starting_status", "expect_status"))
                return;
        status = status_first_in_both(w->expect_status, w->starting_status, &all);
        if (status > 0 && all)
                problem_error(
                        p, checked_at(c, "starting_status"),
                        "worker %s has in starting_status all that is in its expect_status, so that it "
                        "could never be healthy; remove the line, or expect another status",
                        w->name);
        else if (status > 0)
                problem_warning(
                        p, checked_at(c, "starting_status"),
                        "worker %s has %u in its starting_status and in its expect_status, and it is "
                        "taken for starting; better take it out of one of them",
                        w->name, status);
}

static void check_peers(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        size_t n = strv_length(w->peers);

        if (!checked_sound(c, "peers", "min_healthy_peers"))
                return;
        if (w->min_healthy_peers > n)
                problem_error(p, checked_at(c, "min_healthy_peers"),
                              "worker %s has min_healthy_peers = %u but %zu peer%s; it could never be "
                              "restarted: list more peers, or ask for fewer",
                              w->name, w->min_healthy_peers, n, n == 1 ? "" : "s");
        if (checked_sound(c, "peers", "url") && strv_contains(w->peers, w->url))
                problem_warning(p, checked_at(c, "peers"),
                                "worker %s has its own url (%s) among its peers; better remove it there",
                                w->name, w->url);
}

static void check_connectors(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        if (!w->connector_restart || !checked_sound(c, "connector_restart", "worker_id"))
                return;
        if (!w->worker_id)
                problem_error(
                        p, checked_at(c, "connector_restart"),
                        "worker %s has connector_restart = yes but no worker_id; write worker_id = the "
                        "HOST:PORT that the worker advertises, so that each connector has one agent",
                        w->name);
        if (!w->connectors && checked_sound(c, "connector_restart", "connectors"))
                problem_error(p, checked_at(c, "connector_restart"),
                              "worker %s has connector_restart = yes, but connectors = no, so it sees none; "
                              "remove one of the two",
                              w->name);
        if (w->action != ACTION_RESTART && checked_sound(c, "connector_restart", "action"))
                problem_warning(
                        p, checked_at(c, "connector_restart"),
                        "worker %s has connector_restart = yes, which with action = alert only says "
                        "what it would restart; better write action = restart once you agree with it",
                        w->name);
}

void check_worker(struct problems *p, const struct checked *c, const struct worker_settings *w) {
        const char *path = listen_address_path(w->url) ? NULL : strrchr(w->url, '/');

        check_action(p, c, w);
        check_access(p, c, w);
        check_tls(p, c, w);
        check_kind(p, c, w);
        check_method(p, c, w);
        check_statuses(p, c, w);
        check_times(p, c, w);
        check_peers(p, c, w);
        check_connectors(p, c, w);
        check_lag(p, c, w);
        if (path && streq(path, "/health") && w->kind == &kafka_connect_kind &&
            checked_sound(c, "url", "kind"))
                problem_warning(p, checked_at(c, "url"),
                                "worker %s has a url that ends in /health, which is added by itself; better "
                                "write only http://HOST:PORT",
                                w->name);
}

static const struct place *place_in(const struct raw_section *section, const char *key) {
        return checked_at(&(struct checked) { .section = section }, key);
}

static bool is_bad(const struct raw_section *section, const char *key) {
        return !checked_sound(&(struct checked) { .section = section }, key, key);
}

static void check_unit_is_alone(struct problems *p,
                                const struct settings *settings,
                                const struct raw_section *const *sections,
                                size_t i) {
        const struct worker_settings *w = settings->workers[i];

        for (size_t k = 0; w->unit && k < i; k++) {
                const struct place *there;

                if (!streq_ptr(w->unit, settings->workers[k]->unit))
                        continue;
                there = place_in(sections[k], "unit");
                problem_error(p, place_in(sections[i], "unit"),
                              "worker %s has the unit %s, as worker %s in %s:%u has already; give each "
                              "section a unit of its own",
                              w->name, w->unit, settings->workers[k]->name, there->file, there->line);
                return;
        }
}

static void check_url_is_alone(struct problems *p,
                               const struct settings *settings,
                               const struct raw_section *const *sections,
                               size_t i) {
        const struct worker_settings *w = settings->workers[i];

        if (is_bad(sections[i], "url"))
                return;
        for (size_t k = 0; k < i; k++) {
                if (!streq(w->url, settings->workers[k]->url) || is_bad(sections[k], "url"))
                        continue;
                problem_warning(
                        p, place_in(sections[i], "url"),
                        "worker %s has the url %s, as worker %s has; better give each worker its own",
                        w->name, w->url, settings->workers[k]->name);
                return;
        }
}

void check_workers_together(struct problems *p, const struct settings *settings, const struct scratch *s) {
        const struct raw_section *const *sections =
                (const struct raw_section *const *) s->sections[SECTION_WORKER].list;

        check_requires(p, settings, s);
        for (size_t i = 1; i < settings->n_workers; i++) {
                check_unit_is_alone(p, settings, sections, i);
                check_url_is_alone(p, settings, sections, i);
        }
}
