/* What a member of a consumer group was assigned, from its bytes; and a group's partitions, each once. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/kafka_assignment.h"

#define NAME(text) 0, sizeof(text) - 1
#define NUMBER(n) 0, 0, (n) >> 8, (n) &0xff

/* Two topics, of version 1, with an assignor's own bytes at the end. */
static const uint8_t two_topics[] = {
        0,         1,           NUMBER(2), NAME("orders"),  'o', 'r', 'd', 'e', 'r', 's',
        NUMBER(2), NUMBER(300), NUMBER(7), NAME("a.b_c-d"), 'a', '.', 'b', '_', 'c', '-',
        'd',       NUMBER(1),   NUMBER(0), NUMBER(3),       'x', 'y', 'z',
};
/* Where its last number of a partition ends. */
#define ENOUGH (sizeof(two_topics) - 7)

static void assert_partition(const struct kafka_lag_group *g, size_t i, const char *topic, int32_t id) {
        assert_string_equal(g->partitions[i].topic, topic);
        assert_int_equal(g->partitions[i].id, id);
        assert_int_equal(g->partitions[i].committed, -1);
        assert_int_equal(g->partitions[i].begin, -1);
        assert_int_equal(g->partitions[i].end, -1);
}

static void all_partitions_are_read(void **state) {
        struct kafka_lag_group g = { 0 };

        (void) state;
        assert_int_equal(kafka_assignment_read(&g, two_topics, sizeof(two_topics)), 0);
        assert_int_equal(g.n_partitions, 3);
        assert_partition(&g, 0, "orders", 300);
        assert_partition(&g, 1, "orders", 7);
        assert_partition(&g, 2, "a.b_c-d", 0);
        kafka_lag_group_done(&g);
}

static void what_is_cut_anywhere_leaves_the_group_as_it_was(void **state) {
        struct kafka_lag_group g = { 0 };

        (void) state;
        assert_int_equal(kafka_lag_group_add(&g, "before", 1, 5), 0);
        for (size_t n = 0; n < ENOUGH; n++) {
                uint8_t *copy = malloc(n + 1); /* so that ASan sees what is read beyond */

                assert_non_null(copy);
                memcpy(copy + 1, two_topics, n);
                assert_int_equal(kafka_assignment_read(&g, copy + 1, n), -EBADMSG);
                assert_int_equal(g.n_partitions, 1);
                free(copy);
        }
        assert_int_equal(kafka_assignment_read(&g, two_topics, ENOUGH), 0);
        assert_int_equal(g.n_partitions, 4);
        kafka_lag_group_done(&g);
}

static void what_makes_no_sense_is_refused(void **state) {
        static const struct {
                uint8_t bytes[20];
                size_t size;
        } senseless[] = {
                { { 0xff, 0xff, NUMBER(0) }, 6 },                                          /* version */
                { { 0, 0, 0xff, 0xff, 0xff, 0xff }, 6 },                                   /* topics */
                { { 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 1, 'x', NUMBER(0) }, 13 },            /* topics */
                { { 0, 0, NUMBER(1), 0, 0, NUMBER(0) }, 12 },                              /* name */
                { { 0, 0, NUMBER(1), 0xff, 0xff, NUMBER(0) }, 12 },                        /* name */
                { { 0, 0, NUMBER(1), 0, 2, 'x', '\0', NUMBER(0) }, 14 },                   /* name */
                { { 0, 0, NUMBER(1), 0, 1, 'x', 0xff, 0, 0, 0 }, 13 },                     /* partitions */
                { { 0, 0, NUMBER(1), 0, 1, 'x', NUMBER(1), 0x80, 0, 0, 0 }, 17 },          /* partition */
                { { 0, 0, NUMBER(1), 0, 1, 'x', 0x7f, 0xff, 0xff, 0xff, NUMBER(1) }, 17 }, /* partitions */
        };
        struct kafka_lag_group g = { 0 };

        (void) state;
        for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
                assert_int_equal(kafka_assignment_read(&g, senseless[i].bytes, senseless[i].size), -EBADMSG);
                assert_int_equal(g.n_partitions, 0);
        }
        kafka_lag_group_done(&g);
}

static void of_too_many_some_are_taken(void **state) {
        const size_t n = ASSIGNED_PARTITIONS_MAX + 10, head = 6 + 3;
        uint8_t *bytes = calloc(1, head + 4 + 4 * n);
        struct kafka_lag_group g = { 0 };

        (void) state;
        assert_non_null(bytes);
        bytes[5] = 1;
        bytes[7] = 1;
        bytes[8] = 'x';
        bytes[head + 2] = (uint8_t) (n >> 8);
        bytes[head + 3] = (uint8_t) n;
        assert_int_equal(kafka_assignment_read(&g, bytes, head + 4 + 4 * n), 0);
        assert_int_equal(g.n_partitions, ASSIGNED_PARTITIONS_MAX);
        kafka_lag_group_done(&g);
        free(bytes);
}

static void each_partition_is_there_once_as_it_was_committed(void **state) {
        struct kafka_lag_group g = { 0 };

        (void) state;
        assert_int_equal(kafka_lag_group_add(&g, "", 0, 0), -EBADMSG);
        assert_int_equal(kafka_lag_group_add(&g, "\xff", 0, 0), -EBADMSG);
        assert_int_equal(kafka_lag_group_add(&g, "a\nb", 0, 0), -EBADMSG);
        kafka_lag_group_sort(&g);
        assert_null(kafka_lag_group_find(&g, "orders", 7));
        assert_int_equal(kafka_lag_group_add(&g, "orders", 8, -1001), 0);
        assert_int_equal(kafka_lag_group_add(&g, "orders", 7, 42), 0);
        assert_int_equal(kafka_assignment_read(&g, two_topics, sizeof(two_topics)), 0);
        kafka_lag_group_sort(&g);
        assert_int_equal(g.n_partitions, 4);
        assert_string_equal(g.partitions[0].topic, "a.b_c-d");
        assert_int_equal(kafka_lag_group_find(&g, "orders", 7)->committed, 42);
        assert_int_equal(kafka_lag_group_find(&g, "orders", 8)->committed, -1);
        assert_int_equal(kafka_lag_group_find(&g, "orders", 300)->committed, -1);
        assert_null(kafka_lag_group_find(&g, "orders", 9));
        kafka_lag_group_done(&g);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_partitions_are_read),
                cmocka_unit_test(what_is_cut_anywhere_leaves_the_group_as_it_was),
                cmocka_unit_test(what_makes_no_sense_is_refused),
                cmocka_unit_test(of_too_many_some_are_taken),
                cmocka_unit_test(each_partition_is_there_once_as_it_was_committed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
