/* What the tests of the HTTP client share: a loop, a client, a scripted server, and requests run to their
 * end. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "observe/http_client_private.h"
#include "scripted_server.h"

struct got {
        unsigned n;
        enum transfer_error error;
        unsigned status;
        char type[64];
        char body[64];
        size_t body_len;
        bool withheld;
        char detail[256], redirect[64];
        struct http_request **to_drop;
        struct http_client **to_free;
};

struct fixture {
        sd_event *event;
        struct scripted_server *server;
        struct http_client *client;
        char base[64];
        struct http_target target;
        char directory[32];
};

int setup(void **state);
int teardown(void **state);

/* An http_done_t that notes the answer in a struct got, and drops what it is told to. */
void on_done(struct http_request *r, const struct answer *a, void *userdata);
/* Runs the loop until *count is wanted. */
void run_until(struct fixture *f, const unsigned *count, unsigned wanted);
/* One request of the fixture's target, from its start to its answer. */
void get(struct fixture *f, const char *path, struct got *g);
/* The same with another method. */
void ask(struct fixture *f, const char *path, enum http_method method, struct got *g);
/* Writes a file of the fixture's directory. Returns its path, until the next call. */
const char *write_file(struct fixture *f, const char *name, const char *text, size_t len);
