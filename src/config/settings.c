/* Settings as plain data: freed, searched, named. Knows not where they come from. */

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

struct kafka_settings *kafka_settings_free(struct kafka_settings *k) {
        if (!k)
                return NULL;
        free(k->name);
        free(k->source_file);
        strv_free(k->bootstrap);
        strv_free(k->properties);
        free(k->username);
        free(k->password_file);
        free(k->ca_file);
        free(k->cert_file);
        free(k->key_file);
        free(k->key_password_file);
        free(k->group);
        strv_free(k->topics);
        free(k->deep_topic);
        free(k);
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

const char *worker_action_to_string(enum worker_action a) {
        return a == ACTION_RESTART ? "restart" : "alert";
}
