/* The fuzzer's corpus of worker answers as a table: what each means is the last part of its file's name. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../fuzz/kafka-connect-input.h"

static const char *classify_file(const char *path) {
        static char data[100000];
        struct kafka_connect_input in;
        struct observation o = { 0 };
        struct probe_ask next = {};
        FILE *f = fopen(path, "re");
        size_t n;

        assert_non_null(f);
        n = fread(data, 1, sizeof(data), f);
        assert_int_equal(fclose(f), 0);
        kafka_connect_input_read(data, n, &in);
        if (kafka_connect_kind.classify(&in.probe, NULL, &in.answer, &o, &next) == PROBE_ASK)
                return "ask";
        return reason_to_string(o.reason);
}

static void test_each_file_means_what_its_name_says(_unused_ void **state) {
        char directory[512], path[1024];
        const struct dirent *entry;
        unsigned n = 0;
        DIR *d;

        (void) snprintf(directory, sizeof(directory), "%s/../fuzz/corpus/kafka-connect",
                        getenv("TEST_SOURCE_DIR"));
        d = opendir(directory);
        assert_non_null(d);
        while ((entry = readdir(d))) {
                const char *suffix = strrchr(entry->d_name, '.');

                if (entry->d_name[0] == '.' || !suffix || streq(suffix, ".md"))
                        continue;
                (void) snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
                if (!streq(classify_file(path), suffix + 1))
                        fail_msg("%s: %s", entry->d_name, classify_file(path));
                n++;
        }
        (void) closedir(d);
        assert_true(n >= 10);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_file_means_what_its_name_says),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
