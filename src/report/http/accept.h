/* Which of several forms of a document the Accept header asks for (RFC 9110, 12.5.1). Pure. */
#pragma once

#include "util/macro.h"

/* How much that form is wanted, in thousandths: the q of the most specific media range that covers it; 0:
 * not at all. type: "text/plain". version: of the form; a range that names another one does not cover it.
 * *ret_named: the range names the type itself, rather than * or text/ *. */
unsigned accept_quality(const char *accept, const char *type, const char *version, bool *ret_named);
