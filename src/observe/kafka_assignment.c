/* int16 version, then an array of topics: name, array of int32 partitions. All are big-endian; an array has
 * its length, and a name its own in two bytes, before it. */
#include <errno.h>

#include "observe/kafka_assignment.h"

/* Kafka has no longer names. */
#define TOPIC_NAME_MAX 249

struct reader {
        const uint8_t *at;
        size_t left;
};

static bool read_number(struct reader *r, size_t n_bytes, int32_t *ret) {
        uint32_t value = 0;

        if (r->left < n_bytes)
                return false;
        for (size_t i = 0; i < n_bytes; i++)
                value = value << 8 | r->at[i];
        r->at += n_bytes;
        r->left -= n_bytes;
        *ret = n_bytes == 2 ? (int16_t) value : (int32_t) value;
        return true;
}

static bool read_name(struct reader *r, char ret[static TOPIC_NAME_MAX + 1]) {
        int32_t len;

        if (!read_number(r, 2, &len) || len <= 0 || len > TOPIC_NAME_MAX || r->left < (size_t) len ||
            memchr(r->at, '\0', (size_t) len))
                return false;
        memcpy(ret, r->at, (size_t) len);
        ret[len] = '\0';
        r->at += len;
        r->left -= (size_t) len;
        return true;
}

static int read_topic(struct reader *r, struct kafka_lag_group *g) {
        char name[TOPIC_NAME_MAX + 1];
        int32_t n, id;
        int q;

        if (!read_name(r, name) || !read_number(r, 4, &n) || n < 0)
                return -EBADMSG;
        for (; n > 0; n--) {
                if (!read_number(r, 4, &id) || id < 0)
                        return -EBADMSG;
                if (g->n_partitions >= ASSIGNED_PARTITIONS_MAX)
                        continue;
                q = kafka_lag_group_add(g, name, id, -1);
                if (q < 0)
                        return q;
        }
        return 0;
}

int kafka_assignment_read(struct kafka_lag_group *g, const void *data, size_t size) {
        struct reader in = { data, size };
        size_t before = g->n_partitions;
        int32_t version, n;
        int r = 0;

        if (!read_number(&in, 2, &version) || version < 0 || !read_number(&in, 4, &n) || n < 0)
                return -EBADMSG;
        for (; r >= 0 && n > 0; n--)
                r = read_topic(&in, g);
        if (r < 0)
                kafka_lag_group_cut(g, before);
        return r;
}
