/* The answers in tests/data as a table: what each means is the last part of its file's name. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../fuzz/answer-input.h"

static const char *classify_file(const char *path, const char *kind) {
        static char data[100000];
        struct answer_input in;
        struct observation o = { 0 };
        struct probe_ask next = {};
        FILE *f = fopen(path, "re");
        size_t n;

        assert_non_null(f);
        n = fread(data, 1, sizeof(data), f);
        assert_int_equal(fclose(f), 0);
        answer_input_read(data, n, NULL, &in);
        assert_string_equal(in.kind->name, kind);
        if (in.kind->classify(&in.probe, &in.settings, &in.answer, &o, &next) == PROBE_ASK)
                return "ask";
        return reason_to_string(o.reason);
}

static unsigned check_directory(const char *kind) {
        char directory[512], path[1024];
        const struct dirent *entry;
        unsigned n = 0;
        DIR *d;

        (void) snprintf(directory, sizeof(directory), "%s/../data/%s", getenv("TEST_SOURCE_DIR"), kind);
        d = opendir(directory);
        assert_non_null(d);
        while ((entry = readdir(d))) {
                const char *suffix = strrchr(entry->d_name, '.');

                if (entry->d_name[0] == '.' || !suffix)
                        continue;
                (void) snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
                if (!streq(classify_file(path, kind), suffix + 1))
                        fail_msg("%s: %s", path, classify_file(path, kind));
                n++;
        }
        (void) closedir(d);
        return n;
}

static void test_each_file_means_what_its_name_says(_unused_ void **state) {
        for (const char *const *kind = kind_names(); *kind; kind++)
                assert_true(check_directory(*kind) >= 5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_file_means_what_its_name_says),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
