/* The border between the agent and librdkafka: a module that is loaded only when a [kafka] section exists,
 * so that nobody else pays for it. Everything it does blocks, up to the timeout it is given: call it on a
 * thread (util/offload.h), one per client, and never on the loop. */
#pragma once

#include "config/settings.h"
#include "observe/kafka_facts.h"

struct kafka_client;

#define KAFKA_MODULE_ABI 2
#define KAFKA_MODULE_SYMBOL "connect_watchdog_kafka_module"

/* What the module exports under KAFKA_MODULE_SYMBOL. */
struct kafka_module {
        unsigned abi; /* KAFKA_MODULE_ABI; another one is refused */
        const char *(*library_version)(void);
        /* Whether librdkafka takes this property. Returns 0 or -EINVAL with its words in problem. Does not
         * block. */
        int (*check_property)(const char *name, const char *value, char *problem, size_t size);
        /* s is copied. Credentials are read from their files here. Returns 0, -ENOMEM, or another negative
         * errno with what is wrong in problem. Connects to nobody yet. */
        int (*client_new)(const struct kafka_settings *s,
                          struct kafka_client **ret,
                          char *problem,
                          size_t size);
        /* Blocks while threads of the library end. One that waits for a coordinator is left behind with
         * them. */
        void (*client_free)(struct kafka_client *c);
        /* Return 0 or -ENOMEM; all other failures stand in what they return. Together a check's requests
         * take no longer than timeout_usec and a second. */
        int (*check)(struct kafka_client *c, struct kafka_facts **ret);
        int (*deep)(struct kafka_client *c, struct kafka_deep **ret);
        int (*lag)(struct kafka_client *c,
                   const char *const *groups,
                   size_t n_groups,
                   usec_t timeout_usec,
                   struct kafka_lag **ret);
};

/* Loads it once for the whole process, from whichever thread; it stays. Returns 0, or a negative errno with
 * what is wrong and the remedy in problem ("… install the package connect-watchdog-kafka"). */
int kafka_module_load(const struct kafka_module **ret, char *problem, size_t size);
/* The module's check_property(), loaded for it: a kafka_property_check of config/. */
int kafka_module_check_property(const char *name, const char *value, char *problem, size_t size);
