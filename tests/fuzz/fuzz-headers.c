/* Fuzzes the reader of headers_file: whatever stands in it, each header that comes out is one line of a
 * request. */
#include "observe/request_headers.h"
#include "util/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = malloc(size + 1);
        struct header_reader reader = { .rest = text, .end = text + size };
        const char *header, *problem = NULL;
        unsigned line = 0;
        int r;

        check(text);
        memcpy(text, data, size);
        text[size] = '\0';
        while ((r = header_read(&reader, &header, &problem)) > 0) {
                const char *colon = strchr(header, ':');

                check(header >= text && header + strlen(header) <= text + size);
                check(reader.line > line);
                line = reader.line;
                check(colon && colon > header && colon[1 + strspn(colon + 1, " \t")] != '\0');
                check(!strpbrk(header, "\r\n") && strcspn(header, " \t") > (size_t) (colon - header));
        }
        check(r == 0 || problem);
        free(text);
        return 0;
}
