/* What there is to say of a Kafka cluster: what one check of it found, to findings. Pure. */
#pragma once

#include "config/settings.h"
#include "ctl/finding.h"
#include "observe/kafka_facts.h"

struct kafka_answer {
        struct kafka_facts *facts; /* owned; NULL: it was not asked */
        int error;                 /* why not: a negative errno, and */
        char problem[512];         /* in words, with the remedy */
};

void kafka_answer_done(struct kafka_answer *a);

/* Takes a->facts over. */
void kafka_check(const struct kafka_settings *k, struct kafka_answer *a, bool is_root, struct findings *f);
