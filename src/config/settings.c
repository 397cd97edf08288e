/* Settings as plain data: freed, searched, named. Knows not where they come from. */

#include <errno.h>

#include "config/settings.h"
#include "util/text.h"

struct worker_settings *worker_settings_free(struct worker_settings *w) {
        if (!w)
                return NULL;
        free(w->name);
        free(w->source_file);
        free(w->url);
        free(w->unit);
        strv_free(w->peers);
        strv_free(w->requires);
        free(w->username);
        secret_free(w->password);
        free(w->password_file);
        free(w->bearer_token_file);
        free(w->ca_file);
        free(w->cert_file);
        free(w->key_file);
        free(w->worker_id);
        free(w->broker_connector);
        free(w->path);
        free(w->headers_file);
        strv_free(w->expect_status);
        strv_free(w->starting_status);
        free(w->expect_body);
        free(w->degraded_body);
        free(w);
        return NULL;
}

void http_settings_done(struct http_settings *h) {
        strv_free(h->listen);
        strv_free(h->access_log_skip);
        free(h->krakend_path);
        free(h->krakend_body);
        *h = (struct http_settings) {};
}

static const size_t kafka_strings[] = {
        offsetof(struct kafka_settings, name),
        offsetof(struct kafka_settings, username),
        offsetof(struct kafka_settings, password_file),
        offsetof(struct kafka_settings, ca_file),
        offsetof(struct kafka_settings, cert_file),
        offsetof(struct kafka_settings, key_file),
        offsetof(struct kafka_settings, key_password_file),
        offsetof(struct kafka_settings, group),
        offsetof(struct kafka_settings, deep_topic),
};

static const size_t kafka_lists[] = {
        offsetof(struct kafka_settings, bootstrap),
        offsetof(struct kafka_settings, properties),
        offsetof(struct kafka_settings, topics),
};

static char **kafka_string(const struct kafka_settings *k, size_t i) {
        return (char **) ((char *) k + kafka_strings[i]);
}

static char ***kafka_list(const struct kafka_settings *k, size_t i) {
        return (char ***) ((char *) k + kafka_lists[i]);
}

struct kafka_settings *kafka_settings_free(struct kafka_settings *k) {
        if (!k)
                return NULL;
        free(k->source_file);
        for (size_t i = 0; i < ELEMENTSOF(kafka_strings); i++)
                free(*kafka_string(k, i));
        for (size_t i = 0; i < ELEMENTSOF(kafka_lists); i++)
                strv_free(*kafka_list(k, i));
        free(k);
        return NULL;
}

int kafka_settings_copy(const struct kafka_settings *k, struct kafka_settings **ret) {
        _cleanup_(kafka_settings_freep) struct kafka_settings *copy = calloc(1, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        copy->interval_usec = k->interval_usec;
        copy->timeout_usec = k->timeout_usec;
        copy->any_cleanup_policy = k->any_cleanup_policy;
        copy->deep = k->deep;
        copy->deep_interval_usec = k->deep_interval_usec;
        for (size_t i = 0; i < ELEMENTSOF(kafka_strings); i++)
                if (free_and_strdup(kafka_string(copy, i), *kafka_string(k, i)) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(kafka_lists); i++)
                STRV_FOREACH (s, *kafka_list(k, i))
                        if (strv_extend(kafka_list(copy, i), *s) < 0)
                                return -ENOMEM;
        *ret = TAKE_PTR(copy);
        return 0;
}

bool kafka_settings_equal(const struct kafka_settings *a, const struct kafka_settings *b) {
        for (size_t i = 0; i < ELEMENTSOF(kafka_strings); i++)
                if (!streq_ptr(*kafka_string(a, i), *kafka_string(b, i)))
                        return false;
        for (size_t i = 0; i < ELEMENTSOF(kafka_lists); i++)
                if (!strv_equal(*kafka_list(a, i), *kafka_list(b, i)))
                        return false;
        return a->interval_usec == b->interval_usec && a->timeout_usec == b->timeout_usec &&
               a->any_cleanup_policy == b->any_cleanup_policy && a->deep == b->deep &&
               a->deep_interval_usec == b->deep_interval_usec;
}

struct notify_settings *notify_settings_free(struct notify_settings *n) {
        if (!n)
                return NULL;
        free(n->name);
        free(n->source_file);
        strv_free(n->events);
        free(n->webhook);
        free(n->webhook_file);
        free(n->command);
        free(n->heartbeat);
        free(n->username);
        free(n->password_file);
        free(n->bearer_token_file);
        free(n->ca_file);
        free(n->cert_file);
        free(n->key_file);
        free(n);
        return NULL;
}

struct settings *settings_free(struct settings *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_workers; i++)
                worker_settings_free(s->workers[i]);
        free(s->workers);
        for (size_t i = 0; i < s->n_kafkas; i++)
                kafka_settings_free(s->kafkas[i]);
        free(s->kafkas);
        for (size_t i = 0; i < s->n_notifies; i++)
                notify_settings_free(s->notifies[i]);
        free(s->notifies);
        free(s->agent.hostname);
        http_settings_done(&s->http);
        free(s);
        return NULL;
}

struct worker_settings *settings_find_worker(const struct settings *s, const char *name) {
        for (size_t i = 0; i < s->n_workers; i++)
                if (streq(s->workers[i]->name, name))
                        return s->workers[i];
        return NULL;
}

struct kafka_settings *settings_find_kafka(const struct settings *s, const char *name) {
        for (size_t i = 0; i < s->n_kafkas; i++)
                if (streq(s->kafkas[i]->name, name))
                        return s->kafkas[i];
        return NULL;
}

struct notify_settings *settings_find_notify(const struct settings *s, const char *name) {
        for (size_t i = 0; i < s->n_notifies; i++)
                if (streq(s->notifies[i]->name, name))
                        return s->notifies[i];
        return NULL;
}

const char *const worker_action_names[] = { [ACTION_ALERT] = "alert", [ACTION_RESTART] = "restart", NULL };
const char *const
        http_method_names[] = { [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST", NULL };
const char *const notify_format_names[] = { [NOTIFY_JSON] = "json",
                                            [NOTIFY_SLACK] = "slack",
                                            [NOTIFY_ALERTMANAGER] = "alertmanager",
                                            NULL };

const char *worker_action_to_string(enum worker_action a) {
        return worker_action_names[a];
}
