/* What the tests of the HTTP client share: a loop, a client, a scripted server, and requests run to their
 * end. */
#include "http-fixture.h"

int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_true(sd_event_new(&f->event) >= 0);
        f->server = scripted_server_new();
        assert_int_equal(http_client_new(f->event, &f->client), 0);
        (void) snprintf(f->base, sizeof(f->base), "http://127.0.0.1:%u", scripted_server_port(f->server));
        f->target = (struct http_target) {
                .base_url = f->base,
                .verify = true,
                .timeout_usec = 20 * USEC_PER_SEC,
                .max_response_bytes = 100000,
        };
        strcpy(f->directory, "/tmp/http-client-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        *state = f;
        return 0;
}

int teardown(void **state) {
        struct fixture *f = *state;
        char command[64];

        http_client_free(f->client);
        scripted_server_free(f->server);
        sd_event_unref(f->event);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        assert_int_equal(system(command), 0);
        free(f);
        return 0;
}

void on_done(_unused_ struct http_request *r, const struct answer *a, void *userdata) {
        struct got *g = userdata;

        g->n++;
        g->error = a->error;
        g->status = a->status;
        g->body_len = a->body_len;
        g->withheld = a->withheld;
        (void) snprintf(g->type, sizeof(g->type), "%s", a->content_type);
        (void) snprintf(g->body, sizeof(g->body), "%.*s", (int) MIN(a->body_len, 60U), a->body);
        (void) snprintf(g->detail, sizeof(g->detail), "%s", a->detail);
        (void) snprintf(g->redirect, sizeof(g->redirect), "%s", a->redirect);
        if (g->to_drop)
                *g->to_drop = http_request_unref(*g->to_drop);
        if (g->to_free)
                *g->to_free = http_client_free(*g->to_free);
}

void run_until(struct fixture *f, const unsigned *count, unsigned wanted) {
        for (unsigned i = 0; *count < wanted && i < 100000; i++)
                assert_true(sd_event_run(f->event, 30 * USEC_PER_SEC) >= 0);
        assert_int_equal(*count, wanted);
}

void get(struct fixture *f, const char *path, struct got *g) {
        struct http_request *r = NULL;

        *g = (struct got) { 0 };
        assert_int_equal(http_get(f->client, &f->target, path, on_done, g, &r), 0);
        assert_int_equal(g->n, 0); /* never from within */
        run_until(f, &g->n, 1);
        http_request_unref(r);
}

void ask(struct fixture *f, const char *path, enum http_method method, struct got *g) {
        const struct probe_ask what = { .path = path, .method = method };
        struct http_request *r = NULL;

        *g = (struct got) { 0 };
        assert_int_equal(http_ask(f->client, &f->target, &what, on_done, g, &r), 0);
        run_until(f, &g->n, 1);
        http_request_unref(r);
}

const char *write_file(struct fixture *f, const char *name, const char *text, size_t len) {
        static char path[64];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", f->directory, name);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        return path;
}
