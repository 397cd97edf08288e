/* What this process uses, against what else can be known of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "report/http/process.h"

static uint64_t status_kilobytes(const char *name) {
        FILE *f = fopen("/proc/self/status", "re");
        char line[256], found[64];
        unsigned long value = 0;

        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                if (sscanf(line, "%63[^:]: %lu kB", found, &value) == 2 && streq(found, name))
                        break;
        assert_int_equal(fclose(f), 0);
        return value;
}

static void memory_is_the_kernel_s(void **state) {
        struct process_usage u;

        (void) state;
        process_usage_read(&u);
        assert_in_range(u.virtual_bytes, status_kilobytes("VmSize") * 1024 / 2,
                        status_kilobytes("VmSize") * 1024 * 2);
        /* The kernel counts pages per thread in batches. */
        assert_in_range(u.resident_bytes, status_kilobytes("VmRSS") * 1024 / 2,
                        status_kilobytes("VmRSS") * 1024 * 2);
}

static void descriptors_are_counted(void **state) {
        struct process_usage before, after;
        struct rlimit limit;
        int fds[3];

        (void) state;
        process_usage_read(&before);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
                assert_in_range(fds[i], 0, INT32_MAX);
        }
        process_usage_read(&after);
        assert_int_equal(after.open_fds, before.open_fds + ELEMENTSOF(fds));
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                assert_int_equal(close(fds[i]), 0);
        process_usage_read(&after);
        assert_int_equal(after.open_fds, before.open_fds);

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(after.max_fds, limit.rlim_cur == RLIM_INFINITY ? 0 : limit.rlim_cur);
}

static void cpu_time_is_what_was_spent(void **state) {
        struct process_usage before, after;
        struct timespec began, now;
        uint64_t spent_usec;

        (void) state;
        process_usage_read(&before);
        assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began), 0);
        do {
                assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
                spent_usec = (uint64_t) (now.tv_sec - began.tv_sec) * 1000000 +
                             (uint64_t) ((now.tv_nsec - began.tv_nsec) / 1000);
        } while (spent_usec < 50000 || spent_usec > INT64_MAX);
        process_usage_read(&after);
        assert_in_range(after.cpu_usec - before.cpu_usec, 40000, 60 * USEC_PER_SEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_is_the_kernel_s),
                cmocka_unit_test(descriptors_are_counted),
                cmocka_unit_test(cpu_time_is_what_was_spent),
        };

        return cmocka_run_group_tests_name("http-process", tests, NULL, NULL);
}
