#include "ctl/connect_process.h"

static const struct {
        const char *name;
        enum connect_mode mode;
        bool script;
} programs[] = {
        { "org.apache.kafka.connect.cli.ConnectDistributed", CONNECT_DISTRIBUTED, false },
        { "org.apache.kafka.connect.cli.ConnectStandalone", CONNECT_STANDALONE, false },
        /* Confluent's packages leave .sh out. */
        { "connect-distributed", CONNECT_DISTRIBUTED, true },
        { "connect-distributed.sh", CONNECT_DISTRIBUTED, true },
        { "connect-standalone", CONNECT_STANDALONE, true },
        { "connect-standalone.sh", CONNECT_STANDALONE, true },
};

static const char *file_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* A script may stand behind its shell, a class behind any number of the JVM's options. */
static bool is_program(const char *argument, struct connect_process *ret) {
        for (size_t i = 0; i < ELEMENTSOF(programs); i++)
                if (streq(programs[i].script ? file_name(argument) : argument, programs[i].name)) {
                        ret->mode = programs[i].mode;
                        ret->script = programs[i].script;
                        return true;
                }
        return false;
}

bool connect_process_parse(const char *cmdline, size_t len, struct connect_process *ret) {
        bool found = false;

        for (size_t i = 0; i < len; i += strlen(cmdline + i) + 1) {
                const char *argument = cmdline + i;

                if (!found)
                        found = is_program(argument, ret);
                /* Options of the scripts: -daemon, -name NAME, -loggc. */
                else if (streq(argument, "-name"))
                        i += strlen(argument) + 1;
                else if (argument[0] != '-' && argument[0] != '\0') {
                        ret->properties = argument;
                        return true;
                }
        }
        return false;
}
