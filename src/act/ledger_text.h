/* What the ledger's text, its file and their tests share beyond act/ledger.h. */
#pragma once

#include <inttypes.h>

#include "act/ledger.h"

#define LEDGER_STAMP_MAX INT64_C(0x0fffffffffffffff) /* sums and differences of two fit int64_t */
#define LEDGER_NAME_SIZE 512                         /* a worker's or a unit's name */

#define LEDGER_HEAD_FORMAT "{\"version\":%d,\"checksum\":\"%016" PRIx64 "\",\"ledger\":"
#define LEDGER_HEAD_SIZE 96

/* enum restart_result as the file has it. */
extern const char *const ledger_result_names[_RESTART_RESULT_MAX];

/* Over the bytes after "ledger":. */
uint64_t ledger_checksum(const char *data, size_t len) _pure_;
