/* Fuzzes what answers mean to each kind of worker; for the form of an input see tests/data/README.md. A
 * mutation likes to change the kind in it: FUZZ_KIND=krakend keeps to that one. */
#include <stdio.h>

#include "answer-input.h"
#include "util/text.h"

#define REQUESTS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct worker_kind *only;
        static bool initialized;
        struct answer_input in;
        struct observation o;
        struct probe_ask next;

        if (!initialized) {
                const char *name = getenv("FUZZ_KIND");

                only = name ? kind_by_name(name) : NULL;
                check(!name || only);
                initialized = true;
        }
        answer_input_read((const char *) data, size, only, &in);
        /* The same answer to all that is asked for: a poll must come to its end. */
        for (unsigned n = 1;; n++) {
                o = (struct observation) { 0 };
                next = (struct probe_ask) {};
                if (in.kind->classify(&in.probe, &in.settings, &in.answer, &o, &next) == PROBE_DONE)
                        break;
                check(next.path && next.path[0] == '/' && n < REQUESTS_MAX);
        }

        check((unsigned) o.outcome < _OUTCOME_MAX && (unsigned) o.reason < _REASON_MAX);
        check(o.reason != REASON_NONE);
        check(!o.answered || o.outcome == OUTCOME_FAILING);
        check(o.outcome != OUTCOME_OK || (in.probe.seen_ok && in.answer.error == TRANSFER_OK));
        check(strnlen(o.detail, sizeof(o.detail)) < sizeof(o.detail) && !strchr(o.detail, '\n'));
        check(text_is_utf8(o.detail, strlen(o.detail)));
        check(strnlen(o.stage.text, sizeof(o.stage.text)) < sizeof(o.stage.text) &&
              !strchr(o.stage.text, '\n'));
        check(text_is_utf8(o.stage.connector, strlen(o.stage.connector)));
        return 0;
}
