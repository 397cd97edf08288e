/* The headers that an operator has sent with a request. Knows no file and no request. */
#include <errno.h>
#include <strings.h>

#include "observe/request_headers.h"
#include "util/macro.h"

#define BLANKS " \t"

/* RFC 9110: a token */
#define TOKEN                                                                                               \
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"                                    \
        "!#$%&'*+-.^_`|~"

/* They are the transfer's: another one would have the answer belong to another request, or be read as what
 * it is not. */
static bool is_reserved(const char *name, size_t len) {
        static const char *const names[] = {
                "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "Trailer",
                "TE",   "Accept-Encoding"
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
                        return true;
        return false;
}

/* NULL: none. */
static const char *problem_of(const char *header, size_t len) {
        size_t name_len = strspn(header, TOKEN);

        for (size_t i = 0; i < len; i++)
                if (((unsigned char) header[i] < 0x20 && header[i] != '\t') || header[i] == 0x7f)
                        return "it holds a control character";
        if (name_len == 0 || header[name_len] != ':')
                return "it is no \"Name: value\"";
        if (is_reserved(header, name_len))
                return "a header of that name is sent, or left out, for every request as it has to be; "
                       "remove the line";
        if (header[name_len + 1 + strspn(header + name_len + 1, BLANKS)] == '\0')
                return "its header has no value";
        return NULL;
}

int header_read(struct header_reader *reader, const char **ret_header, const char **ret_problem) {
        while (reader->rest < reader->end) {
                char *line = reader->rest;
                char *end = memchr(line, '\n', (size_t) (reader->end - line)) ?: reader->end;

                reader->line++;
                reader->rest = end < reader->end ? end + 1 : end;
                if (end > line && end[-1] == '\r')
                        end--;
                *end = '\0';
                if (end == line)
                        continue;
                *ret_problem = problem_of(line, (size_t) (end - line));
                *ret_header = line;
                return *ret_problem ? -EBADMSG : 1;
        }
        return 0;
}
