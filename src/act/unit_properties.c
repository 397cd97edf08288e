/* A unit's properties, from the answer of GetAll to struct unit_view. Knows no unit and makes no call. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "act/systemd_internal.h"
#include "util/clock.h"

enum property_type {
        PROPERTY_WORD = SD_BUS_TYPE_STRING,
        PROPERTY_INT = SD_BUS_TYPE_INT32,
        PROPERTY_UINT = SD_BUS_TYPE_UINT32,
        PROPERTY_UINT64 = SD_BUS_TYPE_UINT64,
        PROPERTY_ID128 = SD_BUS_TYPE_ARRAY,
        PROPERTY_JOB = SD_BUS_TYPE_STRUCT,
};

struct property {
        const char *name;
        const char *contents; /* of the variant */
        enum property_type type;
        size_t offset;
        size_t size; /* of a word */
};

#define VIEW(field) offsetof(struct unit_properties, view.field)
#define RAW(field) offsetof(struct unit_properties, field)
#define WORD(property, field)                                                                               \
        { property, "s", PROPERTY_WORD, VIEW(field), UNIT_WORD_SIZE }

static const struct property properties[] = {
        { "Id", "s", PROPERTY_WORD, RAW(id), UNIT_ID_SIZE },
        WORD("LoadState", load_state),
        WORD("ActiveState", active_state),
        WORD("SubState", sub_state),
        WORD("UnitFileState", unit_file_state),
        WORD("FreezerState", freezer_state),
        WORD("Result", result),
        { "InvocationID", "ay", PROPERTY_ID128, VIEW(invocation_id), 0 },
        { "Job", "(uo)", PROPERTY_JOB, 0, 0 },
        { "InactiveExitTimestamp", "t", PROPERTY_UINT64, RAW(inactive_exit_realtime), 0 },
        { "InactiveExitTimestampMonotonic", "t", PROPERTY_UINT64, RAW(inactive_exit_monotonic), 0 },
        { "ActiveEnterTimestamp", "t", PROPERTY_UINT64, RAW(active_enter_realtime), 0 },
        { "ActiveEnterTimestampMonotonic", "t", PROPERTY_UINT64, RAW(active_enter_monotonic), 0 },
        { "ExecMainCode", "i", PROPERTY_INT, VIEW(exec_main_code), 0 },
        { "ExecMainStatus", "i", PROPERTY_INT, VIEW(exec_main_status), 0 },
        { "MainPID", "u", PROPERTY_UINT, VIEW(main_pid), 0 },
        { "NRestarts", "u", PROPERTY_UINT, VIEW(n_restarts), 0 },
        { "TimeoutStartUSec", "t", PROPERTY_UINT64, VIEW(timeout_start_usec), 0 },
        { "TimeoutStopUSec", "t", PROPERTY_UINT64, VIEW(timeout_stop_usec), 0 },
        { "MemoryCurrent", "t", PROPERTY_UINT64, VIEW(memory_current_bytes), 0 },
        { "CPUUsageNSec", "t", PROPERTY_UINT64, VIEW(cpu_usage_usec), 0 },
};

static int read_id128(sd_bus_message *m, char *to) {
        const unsigned char *bytes;
        const void *data;
        size_t n;
        int r;

        r = sd_bus_message_read_array(m, 'y', &data, &n);
        if (r < 0)
                return r;
        bytes = data;
        to[0] = '\0';
        if (n == (INVOCATION_ID_SIZE - 1) / 2)
                for (size_t i = 0; i < n; i++)
                        (void) snprintf(to + 2 * i, 3, "%02x", bytes[i]);
        /* Zeros are no id. */
        if (strspn(to, "0") == INVOCATION_ID_SIZE - 1)
                to[0] = '\0';
        return 0;
}

static int read_value(sd_bus_message *m, const struct property *p, struct unit_properties *to) {
        char *field = (char *) to + p->offset;
        const char *s;
        int r;

        switch (p->type) {
        case PROPERTY_WORD:
                r = sd_bus_message_read_basic(m, 's', &s);
                if (r >= 0)
                        (void) snprintf(field, p->size, "%s", s);
                return r;
        case PROPERTY_INT:
        case PROPERTY_UINT:
        case PROPERTY_UINT64:
                return sd_bus_message_read_basic(m, (char) p->type, field);
        case PROPERTY_ID128:
                return read_id128(m, field);
        case PROPERTY_JOB:
                r = sd_bus_message_read(m, "(uo)", &to->view.job_id, &s);
                if (r >= 0)
                        (void) snprintf(to->job_path, sizeof(to->job_path), "%s", s);
                return r;
        }
        return -EINVAL;
}

static int read_property(sd_bus_message *m, struct unit_properties *to) {
        const struct property *p = NULL;
        const char *name, *contents;
        char type;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(properties); i++)
                if (streq(properties[i].name, name))
                        p = &properties[i];
        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (!p || type != SD_BUS_TYPE_VARIANT || !streq(p->contents, contents))
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, contents);
        if (r < 0)
                return r;
        r = read_value(m, p, to);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Read once for all stamps: which of two came first must not depend on when we were scheduled. */
struct now {
        usec_t monotonic, boottime, realtime, agent;
};

/* systemd stamps with CLOCK_MONOTONIC, which stands still while the machine is suspended, and with
 * CLOCK_REALTIME, which jumps when it is set; agent time runs on CLOCK_BOOTTIME, which does neither. So:
 * what lies between the stamp and now is at least the difference on the monotonic clock, and at most that
 * plus all suspensions since boot (BOOTTIME less MONOTONIC, now); within these limits the realtime
 * difference tells. Without a suspension the limits coincide. */
static usec_t to_agent_time(const struct now *now, usec_t monotonic, usec_t realtime) {
        usec_t least, most, ago;

        if (monotonic == 0)
                return 0;
        least = usec_sub(now->monotonic, monotonic);
        most = usec_add(least, usec_sub(now->boottime, now->monotonic));
        ago = realtime > 0 ? usec_sub(now->realtime, realtime) : least;
        ago = MAX(ago, least);
        ago = MIN(ago, most);
        /* 0 would read as "never". */
        return MAX(usec_sub(now->agent, ago), (usec_t) 1);
}

int unit_properties_read(sd_bus_message *m, usec_t now_usec, struct unit_properties *ret) {
        struct unit_view *v = &ret->view;
        int r;

        memset(ret, 0, sizeof(*ret));
        v->memory_current_bytes = UINT64_MAX;
        v->cpu_usage_usec = USEC_INFINITY;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = read_property(m, ret);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        /* Not a unit, whatever it is. */
        if (ret->id[0] == '\0' || v->active_state[0] == '\0')
                return -EBADMSG;

        v->known = true;
        const struct now now = {
                .monotonic = clock_now(CLOCK_MONOTONIC),
                .boottime = clock_now(CLOCK_BOOTTIME),
                .realtime = clock_now(CLOCK_REALTIME),
                .agent = now_usec,
        };
        v->inactive_exit_usec =
                to_agent_time(&now, ret->inactive_exit_monotonic, ret->inactive_exit_realtime);
        v->active_enter_usec = to_agent_time(&now, ret->active_enter_monotonic, ret->active_enter_realtime);
        if (v->cpu_usage_usec != USEC_INFINITY)
                v->cpu_usage_usec /= 1000;
        return 0;
}
