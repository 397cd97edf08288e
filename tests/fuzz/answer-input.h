/* One answer of a worker, as tests/data has it, read into a probe and an answer: for the fuzz target and for
 * the plain test. */
#pragma once

#include <stdio.h>

#include "config/settings.h"
#include "observe/kind.h"

struct answer_input {
        const struct worker_kind *kind;
        struct worker_settings settings;
        struct probe probe;
        struct answer answer;
        char head[256];
        char content_type[64];
        char redirect[64];
};

/* data must outlive *ret. See tests/data/README.md for what the first line says; any bytes will do. only:
 * the kind whose answer it is taken for, whatever the line says; NULL: that which the line says. */
static inline void answer_input_read(const char *data,
                                     size_t size,
                                     const struct worker_kind *only,
                                     struct answer_input *ret) {
        const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
        size_t head_len = end ? (size_t) (end - data) : size;
        unsigned step = 0, seen_ok = 0, old = 0, absent = 0;
        static char *expect_status[] = { (char *) "200", (char *) "204", NULL };
        static char *starting_status[] = { (char *) "425", NULL };
        char kind[16] = "";
        int status = 200;

        *ret = (struct answer_input) { 0 };
        memcpy(ret->head, data, MIN(head_len, sizeof(ret->head) - 1));
        (void) sscanf(ret->head, "%15s %1u %1u %1u %2u %4d %63s %63s", kind, &step, &seen_ok, &old, &absent,
                      &status, ret->content_type, ret->redirect);
        ret->kind = only ?: kind_by_name(kind) ?: &kafka_connect_kind;
        ret->probe = (struct probe) {
                .step = step % ret->kind->n_steps,
                .seen_ok = seen_ok,
                .lacks_health = old,
                .absent = absent,
        };
        ret->settings = (struct worker_settings) {
                .kind = ret->kind,
                .expect_status = expect_status,
                .starting_status = starting_status,
                .expect_body = (char *) "/status/db = up",
                .degraded_body = (char *) "cache is cold",
                .agent_stale_usec = 5 * USEC_PER_MINUTE,
        };
        ret->answer = (struct answer) {
                .error = status < 0 ? (enum transfer_error)(-status % _TRANSFER_ERROR_MAX) : TRANSFER_OK,
                .status = status > 0 ? (unsigned) status : 0,
                .content_type = ret->content_type,
                .body = end ? end + 1 : "",
                .body_len = end ? size - head_len - 1 : 0,
                .redirect = ret->redirect,
                .detail = "",
        };
}
