/* What a deep check adds up to: how many of its partitions failed. */
#include "judge/kafka_deep.h"

const struct kafka_deep_partition *kafka_deep_failed(const struct kafka_deep *d, size_t *ret_n) {
        const struct kafka_deep_partition *first = NULL;

        *ret_n = 0;
        for (size_t i = 0; i < d->n_partitions; i++) {
                if (d->partitions[i].error == KAFKA_OK)
                        continue;
                first = first ? first : &d->partitions[i];
                (*ret_n)++;
        }
        return first;
}

bool kafka_deep_is_well(const struct kafka_deep *d) {
        size_t n;

        return d->error == KAFKA_OK && !kafka_deep_failed(d, &n);
}

bool kafka_deep_changed(const struct kafka_deep *before, const struct kafka_deep *d) {
        return kafka_deep_is_well(d) != (!before || kafka_deep_is_well(before));
}
