/* Fuzzes what answers mean to each kind of worker; for the form of an input see tests/data/README.md. */
#include <stdio.h>

#include "answer-input.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct answer_input in;
        struct observation o = { 0 };
        struct probe_ask next = {};
        enum probe_verdict verdict;

        answer_input_read((const char *) data, size, &in);
        verdict = in.kind->classify(&in.probe, &in.settings, &in.answer, &o, &next);
        if (verdict == PROBE_ASK) {
                check(next.path && next.path[0] == '/');
                return 0;
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
