/* Fuzzes what discover makes of a worker's properties file: whatever stands there, each line of what comes
 * of it is ours. */
#include <stdio.h>

#include "ctl/connect_ini.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A comment must not end before its line, and a value not go on in the next one. */
static void check(const char *ini) {
        if (!text_is_utf8(ini, strlen(ini)))
                abort();
        for (const char *line = ini; *line; line += strcspn(line, "\n") + 1) {
                static const char *const begins[] = {
                        "#",        "\n",        "[worker ",    "[kafka ",      "url = ",
                        "unit = ",  "action = ", "requires = ", "worker_id = ", "bootstrap = ",
                        "group = ", "topics = ", "property = ", "ca_file = /"
                };
                bool known = false;

                for (size_t i = 0; i < ELEMENTSOF(begins); i++)
                        known = known || strncmp(line, begins[i], strlen(begins[i])) == 0;
                if (!known)
                        abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = malloc(size + 1), *ini = NULL;
        struct java_properties properties;
        struct connect_found found = {
                .unit = size % 3 ? "kafka-connect.service" : NULL,
                .mode = size % 2 ? CONNECT_DISTRIBUTED : CONNECT_STANDALONE,
                .properties_file = "/etc/w.properties",
                .properties = &properties,
                .kafka_module = size % 5,
        };

        if (!text)
                return 0;
        for (size_t i = 0; i < size; i++)
                text[i] = (char) data[i];
        text[size] = '\0';
        if (java_properties_parse(text, size, &properties) < 0)
                return 0;
        if (connect_ini_format(&found, &ini) >= 0)
                check(ini);
        java_properties_done(&properties);
        return 0;
}
