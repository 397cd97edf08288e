/* When a certificate in a file expires. */
#pragma once

#include "util/macro.h"

/* The first certificate of a PEM file. Returns NULL and its end (realtime), or why that cannot be told. */
const char *certificate_read_end(const char *path, usec_t *ret_usec);
