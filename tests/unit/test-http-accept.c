/* What an Accept header asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "report/http/accept.h"

#define OPENMETRICS "application/openmetrics-text"

static const struct {
        const char *accept, *type, *version;
        unsigned quality;
        bool named;
} rows[] = {
        { "", "text/plain", "0.0.4", 0, false },
        { "*/*", "text/plain", "0.0.4", 1000, false },
        { "text/plain", "text/plain", "0.0.4", 1000, true },
        { "TEXT/Plain ; Q=0.5", "text/plain", "0.0.4", 500, true },
        { "text/html", "text/plain", "0.0.4", 0, false },
        { "text/plainer", "text/plain", "0.0.4", 0, false },
        { "text/plai", "text/plain", "0.0.4", 0, false },
        { "text", "text/plain", "0.0.4", 0, false },
        { "text/*", "text/plain", "0.0.4", 1000, false },
        { "application/*", "text/plain", "0.0.4", 0, false },
        /* the most specific range that covers it, wherever it stands */
        { "text/plain;q=0.2, */*;q=0.9, text/*;q=0.5", "text/plain", "0.0.4", 200, true },
        { "*/*;q=0.9,text/*;q=0.5", "text/plain", "0.0.4", 500, false },
        { "*/*, text/plain;q=0", "text/plain", "0.0.4", 0, true },
        { "text/plain;q=0.3,text/plain;q=0.7", "text/plain", "0.0.4", 700, true },
        /* versions */
        { "text/plain;version=0.0.4;q=0.5", "text/plain", "0.0.4", 500, true },
        { "text/plain;version=\"0.0.4\"", "text/plain", "0.0.4", 1000, true },
        { "text/plain;version=1.0.0;q=0.7, */*;q=0.1", "text/plain", "0.0.4", 100, false },
        { "text/plain ; charset=utf-8 ; version = 0.0.4", "text/plain", "0.0.4", 1000, true },
        /* qualities */
        { "text/plain;q=1", "text/plain", "0.0.4", 1000, true },
        { "text/plain;q=1.000", "text/plain", "0.0.4", 1000, true },
        { "text/plain;q=1.5", "text/plain", "0.0.4", 1000, true },
        { "text/plain;q=0.001", "text/plain", "0.0.4", 1, true },
        { "text/plain;q=0.0009", "text/plain", "0.0.4", 0, true },
        { "text/plain;q=", "text/plain", "0.0.4", 0, true },
        { "text/plain;q=much", "text/plain", "0.0.4", 0, true },
        { "text/plain;q=0.x", "text/plain", "0.0.4", 0, true },
        /* no header of this world */
        { ",,;;=,;q,", "text/plain", "0.0.4", 0, false },
        { "\"", "text/plain", "0.0.4", 0, false },
        { "text/plain;version=\"", "text/plain", "0.0.4", 0, false },
        { " , text/plain", "text/plain", "0.0.4", 1000, true },
        /* as Prometheus 2.42 and 3.x ask */
        { OPENMETRICS ";version=1.0.0," OPENMETRICS ";version=0.0.1;q=0.75,"
                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
          OPENMETRICS, "1.0.0", 1000, true },
        { OPENMETRICS ";version=1.0.0;escaping=allow-utf-8;q=0.5," OPENMETRICS
                      ";version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
                      "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
          "text/plain", "0.0.4", 200, true },
};

static void test_rows(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                bool named = !rows[i].named;
                unsigned q = accept_quality(rows[i].accept, rows[i].type, rows[i].version, &named);

                if (q != rows[i].quality || named != rows[i].named)
                        fail_msg("\"%s\": %s is wanted %u%s", rows[i].accept, rows[i].type, q,
                                 named ? " and named" : "");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
        };

        return cmocka_run_group_tests_name("http-accept", tests, NULL, NULL);
}
