/* The ledger's file, in real directories: replaced whole, never torn, put aside when damaged, failures
 * told. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include <systemd/sd-event.h>

#include "act/ledger.h"

static const struct ledger_clock clock_now = {
        .agent_usec = 500 * USEC_PER_HOUR,
        .boottime_usec = 20 * USEC_PER_HOUR,
        .realtime_usec = UINT64_C(1732127340000000), /* 2024-11-20 18:29:00 */
        .boot_id = "0123456789abcdef0123456789abcdef",
};

static char directory[64];
static sd_event *event;
static struct ledger *ledger;

static const char *in_directory(const char *name) {
        static char path[512];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        return path;
}

static int set_up(_unused_ void **state) {
        strcpy(directory, "/tmp/test-ledger-XXXXXX");
        assert_non_null(mkdtemp(directory));
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(ledger_open(event, directory, &ledger), 0);
        return 0;
}

static int tear_down(_unused_ void **state) {
        DIR *d;

        ledger = ledger_free(ledger);
        event = sd_event_unref(event);
        (void) umount2(directory, MNT_DETACH);
        d = opendir(directory);
        for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
                (void) unlink(in_directory(e->d_name));
        if (d)
                closedir(d);
        (void) rmdir(directory);
        (void) unlink(directory);
        return 0;
}

static size_t count_files(const char *prefix) {
        DIR *d = opendir(directory);
        size_t n = 0;

        assert_non_null(d);
        for (struct dirent *e = readdir(d); e; e = readdir(d))
                n += e->d_name[0] != '.' && strncmp(e->d_name, prefix, strlen(prefix)) == 0;
        closedir(d);
        return n;
}

static const struct pauses no_pauses;
static struct pauses pauses; /* as last loaded: none */

static char *text_of(unsigned n_workers) {
        struct ledger_entry *entries = calloc(n_workers + 1, sizeof(*entries));
        char *text;

        assert_non_null(entries);
        for (unsigned i = 0; i < n_workers; i++) {
                assert_true(asprintf(&entries[i].worker, "w%u", i) > 0);
                entries[i].history.budget.n = n_workers;
        }
        text = ledger_to_text(entries, n_workers, &no_pauses, &clock_now);
        assert_non_null(text);
        ledger_entries_free(entries, n_workers);
        return text;
}

struct ended {
        unsigned n;
        int error;
};

static void saved(int error, void *userdata) {
        struct ended *e = userdata;

        e->n++;
        e->error = error;
}

static void run_until(const struct ended *e, unsigned n) {
        while (e->n < n)
                assert_true(sd_event_run(event, 10 * USEC_PER_SEC) > 0);
}

static size_t load(enum ledger_load_result expected, char **ret_problem) {
        struct ledger_entry *entries = NULL;
        char *problem = NULL;
        size_t n = 0;

        assert_int_equal(ledger_load(ledger, &clock_now, &entries, &n, &pauses, &problem), expected);
        assert_int_equal(problem != NULL, expected >= LEDGER_PUT_ASIDE);
        assert_int_equal(pauses.n, 0);
        ledger_entries_free(entries, n);
        if (ret_problem)
                *ret_problem = problem;
        else
                free(problem);
        return n;
}

static void test_absent_then_saved_then_loaded(_unused_ void **state) {
        struct ended e = { 0 };
        struct stat st;

        load(LEDGER_ABSENT, NULL);
        assert_int_equal(ledger_save(ledger, text_of(3), saved, &e), 0);
        run_until(&e, 1);
        assert_int_equal(e.error, 0);
        assert_int_equal(load(LEDGER_LOADED, NULL), 3);
        assert_int_equal(stat(in_directory("ledger.json"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(count_files(""), 1);
}

static void test_two_agents_do_not_share_a_ledger(_unused_ void **state) {
        struct ledger *first = ledger, *second = NULL;
        struct ended e = { 0 };

        load(LEDGER_ABSENT, NULL);
        assert_int_equal(ledger_open(event, directory, &second), 0);
        ledger = second;
        load(LEDGER_ABSENT, NULL);
        assert_int_equal(ledger_save(second, text_of(1), saved, &e), -EBUSY);
        ledger_free(second);
        assert_int_equal(e.n, 0);

        ledger_free(first);
        assert_int_equal(ledger_open(event, directory, &ledger), 0);
        load(LEDGER_ABSENT, NULL);
        assert_int_equal(ledger_save(ledger, text_of(1), saved, &e), 0);
        run_until(&e, 1);
        assert_int_equal(e.error, 0);
}

static void test_what_a_killed_agent_left_is_no_obstacle(_unused_ void **state) {
        struct ended e = { 0 };
        struct stat st;
        int fd = open(in_directory("ledger.json.tmp"), O_WRONLY | O_CREAT, 0666);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "torn", 4), 4);
        close(fd);
        load(LEDGER_ABSENT, NULL);
        assert_int_equal(ledger_save(ledger, text_of(1), saved, &e), 0);
        run_until(&e, 1);
        assert_int_equal(e.error, 0);
        assert_int_equal(load(LEDGER_LOADED, NULL), 1);
        assert_int_equal(stat(in_directory("ledger.json"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(count_files(""), 1);
}

static void test_saves_that_wait_become_one_and_all_are_answered(_unused_ void **state) {
        struct ended e = { 0 };

        for (unsigned i = 1; i <= 100; i++)
                assert_int_equal(ledger_save(ledger, text_of(i), saved, &e), 0);
        run_until(&e, 100);
        assert_int_equal(e.n, 100);
        assert_int_equal(e.error, 0);
        assert_int_equal(load(LEDGER_LOADED, NULL), 100);
}

static void save_again(int error, void *userdata) {
        assert_int_equal(error, 0);
        assert_int_equal(ledger_save(ledger, text_of(2), saved, userdata), 0);
}

static void test_the_end_of_a_save_may_save_again(_unused_ void **state) {
        struct ended e = { 0 };

        assert_int_equal(ledger_save(ledger, text_of(1), save_again, &e), 0);
        run_until(&e, 1);
        assert_int_equal(load(LEDGER_LOADED, NULL), 2);
}

static void free_ledger(_unused_ int error, void *userdata) {
        struct ended *e = userdata;

        e->n++;
        ledger = ledger_free(ledger);
}

static void test_the_end_of_a_save_may_free_the_ledger(_unused_ void **state) {
        struct ended e = { 0 };

        assert_int_equal(ledger_save(ledger, text_of(1), free_ledger, &e), 0);
        run_until(&e, 1);
        assert_null(ledger);
}

static void test_flush_writes_what_waits_without_the_loop(_unused_ void **state) {
        for (unsigned i = 1; i <= 7; i++)
                assert_int_equal(ledger_save(ledger, text_of(i), NULL, NULL), 0);
        ledger_flush(ledger, 20 * USEC_PER_SEC);
        assert_int_equal(load(LEDGER_LOADED, NULL), 7);
        ledger_flush(ledger, 20 * USEC_PER_SEC);
}

/* As a new file: what was put aside stays whole under its other name. */
static void write_file(const char *name, const char *text) {
        int fd;

        (void) unlink(in_directory(name));
        fd = open(in_directory(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        close(fd);
}

static void test_damaged_ones_are_put_aside_and_never_overwritten(_unused_ void **state) {
        for (unsigned i = 1; i <= 3; i++) {
                _cleanup_free_ char *problem = NULL;

                write_file("ledger.json", "{\"version\":1,");
                load(LEDGER_PUT_ASIDE, &problem);
                assert_non_null(strstr(problem, "ledger.json.damaged-20241120T182900Z"));
                assert_int_equal(count_files("ledger.json.damaged-20241120T182900Z"), i);
        }
        write_file("ledger.json", "{\"version\":2}");
        load(LEDGER_PUT_ASIDE, NULL);
        assert_int_equal(count_files("ledger.json.newer-"), 1);
        write_file("ledger.json", "");
        load(LEDGER_PUT_ASIDE, NULL);
}

/* Else it would have a fresh budget. */
static void test_an_agent_killed_after_putting_aside_leaves_no_empty_ledger(_unused_ void **state) {
        struct ended e = { 0 };

        write_file("ledger.json", "{\"version\":1,");
        for (unsigned i = 0; i < 3; i++) {
                load(LEDGER_PUT_ASIDE, NULL);
                assert_int_equal(count_files("ledger.json.damaged-"), 1);
        }
        assert_int_equal(ledger_save(ledger, text_of(2), saved, &e), 0);
        run_until(&e, 1);
        assert_int_equal(load(LEDGER_LOADED, NULL), 2);
        assert_int_equal(count_files("ledger.json.damaged-"), 1);
}

static void test_what_is_no_file_is_unreadable_and_stays(_unused_ void **state) {
        struct stat st;

        assert_int_equal(mkfifo(in_directory("ledger.json"), 0600), 0);
        load(LEDGER_UNREADABLE, NULL);
        assert_int_equal(lstat(in_directory("ledger.json"), &st), 0);
        assert_int_equal(unlink(in_directory("ledger.json")), 0);
        assert_int_equal(symlink("/etc/passwd", in_directory("ledger.json")), 0);
        load(LEDGER_UNREADABLE, NULL);
        assert_int_equal(lstat(in_directory("ledger.json"), &st), 0);
}

static void test_without_a_directory_nothing_is_kept(_unused_ void **state) {
        struct ledger_entry *entries;
        struct ledger *l = NULL;
        char *problem = NULL;
        size_t n;

        assert_int_equal(ledger_open(event, NULL, &l), 0);
        assert_int_equal(ledger_load(l, &clock_now, &entries, &n, &pauses, &problem), LEDGER_NO_DIRECTORY);
        assert_non_null(problem);
        free(problem);
        assert_int_equal(ledger_save(l, text_of(1), NULL, NULL), -ENOENT);
        ledger_flush(l, 0);
        ledger_free(l);
}

static void test_failures_to_write_are_told(_unused_ void **state) {
        struct ended e = { 0 };

        assert_int_equal(rmdir(directory), 0);
        load(LEDGER_NO_DIRECTORY, NULL);
        assert_int_equal(ledger_save(ledger, text_of(1), saved, &e), 0);
        run_until(&e, 1);
        assert_int_equal(e.error, -ENOENT);

        close(open(directory, O_WRONLY | O_CREAT, 0600));
        assert_int_equal(ledger_save(ledger, text_of(1), saved, &e), 0);
        run_until(&e, 2);
        assert_int_equal(e.error, -ENOTDIR);
        assert_int_equal(unlink(directory), 0);

        assert_int_equal(mkdir(directory, 0700), 0);
        assert_int_equal(mkdir(in_directory("ledger.json"), 0700), 0);
        assert_int_equal(ledger_save(ledger, text_of(1), saved, &e), 0);
        run_until(&e, 3);
        assert_int_equal(e.error, -EISDIR);
        assert_int_equal(count_files("ledger.json.tmp"), 0);
        assert_int_equal(rmdir(in_directory("ledger.json")), 0);

        assert_int_equal(ledger_save(ledger, text_of(1), saved, &e), 0);
        run_until(&e, 4);
        assert_int_equal(e.error, 0);
}

static void test_a_full_or_read_only_disk_is_told_and_leaves_the_old_one(_unused_ void **state) {
        struct ended e = { 0 };

        if (mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0700") < 0) {
                print_message("# no tmpfs can be mounted: %s\n", strerror(errno));
                skip();
        }
        assert_int_equal(ledger_save(ledger, text_of(2), saved, &e), 0);
        run_until(&e, 1);
        assert_int_equal(e.error, 0);

        assert_int_equal(ledger_save(ledger, text_of(1000), saved, &e), 0);
        run_until(&e, 2);
        assert_int_equal(e.error, -ENOSPC);
        assert_int_equal(count_files(""), 1);
        assert_int_equal(load(LEDGER_LOADED, NULL), 2);

        assert_int_equal(mount("tmpfs", directory, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
        assert_int_equal(ledger_save(ledger, text_of(3), saved, &e), 0);
        run_until(&e, 3);
        assert_int_equal(e.error, -EROFS);
        assert_int_equal(load(LEDGER_LOADED, NULL), 2);
}

static void write_for_ever(const char *dir, int begun_fd) {
        struct ended e = { 0 };

        if (sd_event_new(&event) < 0 || ledger_open(event, dir, &ledger) < 0)
                _exit(1);
        for (unsigned i = 1;; i++) {
                (void) ledger_save(ledger, text_of(1 + i % 60), saved, &e);
                while (e.n < i)
                        (void) sd_event_run(event, UINT64_MAX);
                if (i == 1 && write(begun_fd, "", 1) != 1)
                        _exit(1);
        }
}

static void test_kill_9_never_leaves_a_torn_file(_unused_ void **state) {
        for (unsigned i = 0; i < 40; i++) {
                struct timespec moment = { .tv_nsec = (long) ((i * 7919) % 12000) * 1000 };
                struct ledger_entry *entries = NULL;
                _cleanup_free_ char *problem = NULL;
                int begun[2];
                size_t n = 0;
                pid_t pid;
                char c;

                assert_int_equal(pipe(begun), 0);
                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0)
                        write_for_ever(directory, begun[1]);
                close(begun[1]);
                assert_int_equal(read(begun[0], &c, 1), 1);
                close(begun[0]);
                /* Wherever it happens to be by then. */
                (void) nanosleep(&moment, NULL);
                assert_int_equal(kill(pid, SIGKILL), 0);
                assert_int_equal(waitpid(pid, NULL, 0), pid);

                assert_int_equal(ledger_load(ledger, &clock_now, &entries, &n, &pauses, &problem),
                                 LEDGER_LOADED);
                assert_null(problem);
                assert_true(n >= 1);
                assert_int_equal(entries[0].history.budget.n, n);
                ledger_entries_free(entries, n);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_absent_then_saved_then_loaded, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_two_agents_do_not_share_a_ledger, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_a_killed_agent_left_is_no_obstacle, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_saves_that_wait_become_one_and_all_are_answered, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_the_end_of_a_save_may_save_again, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_the_end_of_a_save_may_free_the_ledger, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_flush_writes_what_waits_without_the_loop, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        test_an_agent_killed_after_putting_aside_leaves_no_empty_ledger, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_damaged_ones_are_put_aside_and_never_overwritten,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_is_no_file_is_unreadable_and_stays, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_without_a_directory_nothing_is_kept, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_failures_to_write_are_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_full_or_read_only_disk_is_told_and_leaves_the_old_one,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_kill_9_never_leaves_a_torn_file, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
