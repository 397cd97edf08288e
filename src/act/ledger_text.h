/* What the ledger's text, its file and their tests share beyond act/ledger.h. */
#pragma once

#include "act/ledger.h"

#define LEDGER_STAMP_MAX INT64_C(0x0fffffffffffffff) /* sums and differences of two fit int64_t */
#define LEDGER_NAME_SIZE 512                         /* a worker's or a unit's name */

/* Over the bytes after "ledger":. */
uint64_t ledger_checksum(const char *data, size_t len) _pure_;
