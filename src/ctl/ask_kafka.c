/* Asks the Kafka clusters. What their answers mean is said elsewhere. */
#include <errno.h>

#include "ctl/ask_kafka.h"
#include "observe/kafka_module.h"

static int ask(const struct kafka_settings *k, struct kafka_answer *a) {
        const struct kafka_module *m;
        struct kafka_client *c = NULL;
        int r;

        r = kafka_module_load(&m, a->problem, sizeof(a->problem));
        if (r >= 0)
                r = m->client_new(k, &c, a->problem, sizeof(a->problem));
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                a->error = r;
                return 0;
        }
        r = m->check(c, &a->facts);
        m->client_free(c);
        return r;
}

int ask_kafka(const struct settings *s, struct kafka_answer *answers) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s->n_kafkas; i++)
                r = ask(s->kafkas[i], &answers[i]);
        return r;
}
