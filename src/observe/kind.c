/* The list of worker kinds, and what all of them share. Knows no request and no answer of any one kind. */
#include "observe/kind.h"
#include "util/listen_address.h"
#include "util/text.h"

static const struct worker_kind *const kinds[] = {
        &kafka_connect_kind, &zeebe_broker_kind, &zeebe_gateway_kind,
        &krakend_kind,       &backbeat_kind,     &http_kind,
};

const struct worker_kind *kind_by_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (streq(kinds[i]->name, name))
                        return kinds[i];
        return NULL;
}

const char *const *kind_names(void) {
        static const char *names[ELEMENTSOF(kinds) + 1];

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                names[i] = kinds[i]->name;
        return names;
}

char *worker_where(const struct worker_settings *w, char *buf, size_t size) {
        struct probe_ask ask = { .path = "" };
        struct probe p = {};

        buf[0] = '\0';
        if (w->kind->n_steps == 1)
                w->kind->begin(&p, w, &ask);
        if (listen_address_path(w->url))
                text_append(buf, size, "%s%s%s", ask.path, ask.path[0] ? " at " : "", w->url);
        else
                text_append(buf, size, "%s%s", w->url, ask.path);
        return buf;
}

void probe_begin_start(struct probe *p) {
        /* A poll may be under way: which request it is at stays. */
        p->seen_ok = false;
        p->lacks_health = false;
}

static const struct error_row {
        enum outcome outcome;
        enum reason reason;
        enum reason before_first_ok; /* when it means "starting" then */
} errors[_TRANSFER_ERROR_MAX] = {
        [TRANSFER_OK] = { OUTCOME_UNKNOWN, REASON_NONE, REASON_NONE },
        [TRANSFER_TIMEOUT] = { OUTCOME_FAILING, REASON_TIMEOUT, REASON_NONE },
        [TRANSFER_REFUSED] = { OUTCOME_FAILING, REASON_REFUSED, REASON_NOT_LISTENING_YET },
        [TRANSFER_RESET] = { OUTCOME_FAILING, REASON_RESET, REASON_NOT_LISTENING_YET },
        [TRANSFER_NOT_RESOLVED] = { OUTCOME_UNKNOWN, REASON_NAME_NOT_RESOLVED, REASON_NONE },
        [TRANSFER_UNREACHABLE] = { OUTCOME_UNKNOWN, REASON_UNREACHABLE, REASON_NONE },
        [TRANSFER_TLS_UNTRUSTED] = { OUTCOME_UNKNOWN, REASON_TLS_UNTRUSTED, REASON_NONE },
        [TRANSFER_TLS_EXPIRED] = { OUTCOME_UNKNOWN, REASON_TLS_EXPIRED, REASON_NONE },
        [TRANSFER_TLS_CLIENT] = { OUTCOME_UNKNOWN, REASON_TLS_CLIENT, REASON_NONE },
        [TRANSFER_NOT_HTTP] = { OUTCOME_UNKNOWN, REASON_NOT_HTTP, REASON_NONE },
        [TRANSFER_TOO_LARGE] = { OUTCOME_UNKNOWN, REASON_TOO_LARGE, REASON_NONE },
        [TRANSFER_CREDENTIAL] = { OUTCOME_UNKNOWN, REASON_CREDENTIAL, REASON_NONE },
        [TRANSFER_NO_RESOURCES] = { OUTCOME_UNKNOWN, REASON_NO_RESOURCES, REASON_NONE },
};

enum probe_verdict classify_transfer_error(const struct probe *p,
                                           const struct answer *a,
                                           struct observation *ret) {
        const struct error_row *row = &errors[a->error];

        ret->outcome = row->outcome;
        ret->reason = row->reason;
        ret->answered = false;
        ret->http_status = a->status;
        if (!p->seen_ok && row->before_first_ok != REASON_NONE) {
                ret->outcome = OUTCOME_STARTING;
                ret->reason = row->before_first_ok;
        }
        text_copy_line(ret->detail, sizeof(ret->detail), a->detail, strlen(a->detail));
        return PROBE_DONE;
}
