/* The headers that an operator has sent with a request: a file with one "Name: value" in each line. Pure. */
#pragma once

#include <stddef.h>

struct header_reader {
        char *rest, *end; /* of the text, a NUL behind it; lines are ended by NULs as they are read */
        unsigned line;    /* the number of the one that was read last; the first is 1 */
};

/* Reads the next header, passing over empty lines. Returns 1 and in *ret_header "Name: value", within the
 * text; 0 at its end; -EBADMSG, and in *ret_problem what is wrong with that line, without its content, which
 * may be a secret. */
int header_read(struct header_reader *reader, const char **ret_header, const char **ret_problem);
