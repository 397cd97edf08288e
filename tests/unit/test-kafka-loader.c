/* The module that asks Kafka, missing, broken, of another version, and there. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "observe/kafka_module.h"

static char problem[512];

static int load_from(const char *dir) {
        const struct kafka_module *m = NULL;
        int r;

        problem[0] = '\0';
        assert_int_equal(setenv("CONNECT_WATCHDOG_MODULE_DIR", dir, 1), 0);
        r = kafka_module_load(&m, problem, sizeof(problem));
        assert_int_equal(r >= 0, m != NULL);
        return r;
}

static void who_has_not_installed_it_is_told_the_package(_unused_ void **state) {
        assert_int_equal(load_from("/nonexistent"), -ENOENT);
        assert_non_null(strstr(problem, "/nonexistent/connect-watchdog-kafka.so"));
        assert_non_null(strstr(problem, "install the package connect-watchdog-kafka"));
}

static void what_is_no_module_is_not_taken(_unused_ void **state) {
        char dir[] = "/tmp/test-kafka-loader-XXXXXX", path[128];
        int fd;

        assert_non_null(mkdtemp(dir));
        (void) snprintf(path, sizeof(path), "%s/connect-watchdog-kafka.so", dir);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "no ELF\n", 7), 7);
        (void) close(fd);

        assert_int_equal(load_from(dir), -ELIBBAD);
        assert_non_null(strstr(problem, "cannot be loaded"));
        assert_non_null(strstr(problem, path));
        (void) unlink(path);
        (void) rmdir(dir);
}

static void one_of_another_version_is_refused(_unused_ void **state) {
        assert_int_equal(load_from(OTHER_ABI_DIR), -ELIBSCN);
        assert_non_null(strstr(problem, "of another version"));
        assert_non_null(strstr(problem, "connect-watchdog and connect-watchdog-kafka of one version"));
}

static void it_is_loaded_once_and_stays(_unused_ void **state) {
#if HAVE_RDKAFKA
        const struct kafka_module *first = NULL, *again = NULL;

        assert_int_equal(load_from(MODULE_BUILD_DIR), 0);
        assert_int_equal(kafka_module_load(&first, problem, sizeof(problem)), 0);
        assert_int_equal(first->abi, KAFKA_MODULE_ABI);
        assert_true(strlen(first->library_version()) > 0);

        assert_int_equal(setenv("CONNECT_WATCHDOG_MODULE_DIR", "/nonexistent", 1), 0);
        assert_int_equal(kafka_module_load(&again, problem, sizeof(problem)), 0);
        assert_ptr_equal(first, again);
#else
        assert_int_equal(load_from(MODULE_BUILD_DIR), -ENOENT);
#endif
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_has_not_installed_it_is_told_the_package),
                cmocka_unit_test(what_is_no_module_is_not_taken),
                cmocka_unit_test(one_of_another_version_is_refused),
                cmocka_unit_test(it_is_loaded_once_and_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
