/* One input of the kafka-connect corpus as a probe and an answer: for the fuzz target and for the plain
 * test. */
#pragma once

#include <stdio.h>

#include "observe/kind.h"

struct kafka_connect_input {
        struct probe probe;
        struct answer answer;
        char head[128];
        char content_type[64];
};

/* data must outlive *ret. The status of an answer that never came is the negative of its enum
 * transfer_error. */
static inline void kafka_connect_input_read(const char *data, size_t size, struct kafka_connect_input *ret) {
        const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
        size_t head_len = end ? (size_t) (end - data) : size;
        unsigned step = 0, seen_ok = 0;
        int status = 200;

        *ret = (struct kafka_connect_input) { 0 };
        memcpy(ret->head, data, MIN(head_len, sizeof(ret->head) - 1));
        (void) sscanf(ret->head, "%1u %1u %4d %63[^\n]", &step, &seen_ok, &status, ret->content_type);
        ret->probe = (struct probe) { .step = step % 3, .seen_ok = seen_ok, .lacks_health = step % 3 != 0 };
        ret->answer = (struct answer) {
                .error = status < 0 ? (enum transfer_error)(-status % _TRANSFER_ERROR_MAX) : TRANSFER_OK,
                .status = status > 0 ? (unsigned) status : 0,
                .content_type = ret->content_type,
                .body = end ? end + 1 : "",
                .body_len = end ? size - head_len - 1 : 0,
                .redirect = "",
                .detail = "",
        };
}
