/* Finds the module that speaks with Kafka and takes it into the process. Knows nothing of librdkafka. */

#include "observe/kafka_module.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "util/text.h"

#define MODULE_FILE "connect-watchdog-kafka.so"

/* Why dlopen() failed, in words that help: its own name the file that is missing, and not whose it is. */
static int cannot_load(const char *path, char *problem, size_t size) {
        const char *said = dlerror();

        problem[0] = '\0';
        if (access(path, F_OK) < 0 && errno == ENOENT) {
                text_append(problem, size,
                            "%s is not there, which asks Kafka: install the package connect-watchdog-kafka, "
                            "then reload",
                            path);
                return -ENOENT;
        }
        if (said && strstr(said, "librdkafka")) {
                text_append(problem, size,
                            "librdkafka cannot be loaded (%s): install it, or the package "
                            "connect-watchdog-kafka again, which brings it",
                            said);
                return -ELIBACC;
        }
        text_append(problem, size, "the module that asks Kafka cannot be loaded: %s", strempty(said));
        return -ELIBBAD;
}

static int load(const struct kafka_module **ret, char *problem, size_t size) {
        const char *dir = secure_getenv("CONNECT_WATCHDOG_MODULE_DIR");
        const struct kafka_module *m;
        char path[4096];
        void *handle;

        (void) snprintf(path, sizeof(path), "%s/" MODULE_FILE, dir ? dir : MODULE_DIR);
        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (!handle)
                return cannot_load(path, problem, size);

        m = dlsym(handle, KAFKA_MODULE_SYMBOL);
        if (!m || m->abi != KAFKA_MODULE_ABI) {
                problem[0] = '\0';
                text_append(problem, size,
                            "%s is of another version than this program: install the packages "
                            "connect-watchdog and connect-watchdog-kafka of one version",
                            path);
                (void) dlclose(handle);
                return -ELIBSCN;
        }
        *ret = m;
        return 0;
}

int kafka_module_load(const struct kafka_module **ret, char *problem, size_t size) {
        static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        static const struct kafka_module *loaded;
        int r = 0;

        pthread_mutex_lock(&mutex);
        if (!loaded)
                r = load(&loaded, problem, size);
        if (r >= 0)
                *ret = loaded;
        pthread_mutex_unlock(&mutex);
        return r;
}

int kafka_module_check_property(const char *name, const char *value, char *problem, size_t size) {
        const struct kafka_module *m;
        int r;

        r = kafka_module_load(&m, problem, size);
        if (r < 0 || !name)
                return r;
        return m->check_property(name, value, problem, size);
}
