/* Fuzzes the reading of what a member of a consumer group was assigned: what is taken is in bounds, and what
 * is refused leaves the group as it was. */

#include "observe/kafka_assignment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct kafka_lag_group g = { 0 };
        size_t n;

        if (kafka_assignment_read(&g, data, size) < 0 && g.n_partitions > 0)
                abort();
        n = g.n_partitions;
        if (n > ASSIGNED_PARTITIONS_MAX || n > size / 4)
                abort();
        kafka_lag_group_sort(&g);
        for (size_t i = 0; i < g.n_partitions; i++) {
                const struct kafka_lag_partition *p = &g.partitions[i];

                if (isempty(p->topic) || p->id < 0 || p->committed != -1 ||
                    kafka_lag_group_find(&g, p->topic, p->id) != p)
                        abort();
        }
        if (g.n_partitions > n || (n > 0 && g.n_partitions == 0))
                abort();
        kafka_lag_group_done(&g);
        return 0;
}
