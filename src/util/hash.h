/* FNV-1a, 64 bits: for what needs to differ, not to be secret. Pure. */
#pragma once

#include "util/macro.h"

#define HASH_BASIS UINT64_C(0xcbf29ce484222325)

/* Goes on from hash, HASH_BASIS at first. Each step is a bijection of hash, so a single changed byte always
 * shows. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t len) {
        for (const unsigned char *p = data; len-- > 0; p++)
                hash = (hash ^ *p) * UINT64_C(0x100000001b3);
        return hash;
}
