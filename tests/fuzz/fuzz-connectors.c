/* Fuzzes the reader of connectors. The first byte of an input says how the rest is cut: whole, or in pieces
 * of so many bytes. Both ways must find the same. */
#include "observe/connectors.h"
#include "util/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

struct sum {
        uint64_t hash;
        size_t n;
};

static void add_part(struct sum *s, const struct connector_part *p) {
        char line[64];

        check((unsigned) p->state < _CONNECTOR_STATE_MAX && p->id >= -1);
        s->hash = hash_bytes(s->hash, p->worker_id, strlen(p->worker_id));
        s->hash = hash_bytes(s->hash, p->trace, strlen(p->trace));
        check(strlen(connector_trace_line(line, sizeof(line), p->trace)) < sizeof(line));
}

static int on_found(const struct connector_status *c, void *userdata) {
        struct sum *s = userdata;
        char *path = connector_path(c->name, "");

        check(path && !strpbrk(path, " ?#\n"));
        s->n++;
        s->hash = hash_bytes(s->hash, path, strlen(path));
        free(path);
        if (c->only_named)
                return 0;
        add_part(s, &c->connector);
        for (size_t i = 0; i < c->n_tasks; i++)
                add_part(s, &c->tasks[i]);
        return 0;
}

static int read_pieces(const char *text, size_t size, size_t piece, struct sum *ret) {
        struct connectors_reader *r;
        int q;

        *ret = (struct sum) { .hash = HASH_BASIS };
        check(connectors_reader_new(on_found, ret, &r) == 0);
        for (size_t at = 0, n; at < size; at += n) {
                n = MIN(piece, size - at);
                if (connectors_reader_feed(r, text + at, n) < 0)
                        break;
        }
        q = connectors_reader_end(r);
        check((q < 0) == (connectors_reader_problem(r)[0] != '\0'));
        connectors_reader_free(r);
        return q;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct sum whole, pieces;

        if (size == 0)
                return 0;
        check(read_pieces((const char *) data + 1, size - 1, size, &whole) ==
              read_pieces((const char *) data + 1, size - 1, (size_t) data[0] + 1, &pieces));
        check(whole.n == pieces.n && whole.hash == pieces.hash);
        return 0;
}
