/* Fuzzes what is ordered on the control socket: a path in the first line, then the body. */
#include "report/http/control_order.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

static void check_order(const struct control_order *o) {
        check((unsigned) o->verb < _CONTROL_VERB_MAX);
        check(!o->worker || (o->worker[0] && text_is_utf8(o->worker, strlen(o->worker))));
        check(!o->reason || (strlen(o->reason) < PAUSE_REASON_SIZE && !strpbrk(o->reason, "\n\033")));
        check(o->verb == CONTROL_PAUSE ? o->for_usec >= USEC_PER_SEC && o->for_usec <= PAUSE_MAX_USEC
                                       : o->for_usec == 0 && !o->reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
        struct document refusal = {};
        struct control_order o;
        char path[32] = "";
        int r;

        if (!end)
                return 0;
        memcpy(path, data, MIN((size_t) (end - (const char *) data), sizeof(path) - 1));
        r = control_order_read(path, end + 1, size - (size_t) (end + 1 - (const char *) data), &o, &refusal);
        check(r == 0 || (r == 1 && refusal.status >= 400 && text_is_utf8(refusal.body, refusal.body_len)));
        if (r == 0)
                check_order(&o);
        control_order_done(&o);
        document_done(&refusal);
        return 0;
}
