/* The sentence of STATUS=: how many workers are in which state, and what is the matter with the worst.
 * Pure: it must not know why. */

#include "report/status_line.h"
#include "report/words.h"
#include "util/text.h"

/* Beyond this a name is cut: the line is read in one row of `systemctl status`. */
#define NAME_SHOWN_SIZE 49

/* From the best to the worst: so stand the counts, and the last of them is explained. */
static const enum worker_state by_severity[] = {
        STATE_HEALTHY,  STATE_PAUSED,  STATE_STOPPED,    STATE_STARTING,  STATE_UNKNOWN,
        STATE_DEGRADED, STATE_SUSPECT, STATE_RESTARTING, STATE_UNHEALTHY, STATE_EXHAUSTED,
};
_Static_assert(ELEMENTSOF(by_severity) == _STATE_MAX, "a state is missing");

/* The one to name among those in that state: the one that failed most often, or else the first. */
static const struct status_item *worst_of(const struct status_item *items,
                                          size_t n_items,
                                          enum worker_state state) {
        const struct status_item *worst = NULL;

        for (size_t i = 0; i < n_items; i++)
                if (items[i].state == state && (!worst || items[i].failures > worst->failures))
                        worst = &items[i];

        return worst;
}

static void append_worst(char *buf, size_t size, const struct status_item *item, usec_t now_usec) {
        char name[NAME_SHOWN_SIZE];

        text_append(buf, size, " (%s", text_copy_line(name, sizeof(name), item->name, strlen(item->name)));
        if (!isempty(item->hold))
                text_append(buf, size, ", held: %s", item->hold);
        else if (item->failures > 0) {
                usec_t ago = usec_sub(now_usec, item->last_failure_usec);

                text_append(buf, size, ", %u%s failure", item->failures, ordinal_suffix(item->failures));
                if (item->last_failure_usec > 0 && ago >= USEC_PER_SEC)
                        text_append(buf, size, " %s ago", SAY_SPAN(ago - ago % USEC_PER_SEC));
        }
        text_append(buf, size, ")");
}

char *status_line(const struct status_item *items, size_t n_items, usec_t now_usec, char *buf, size_t size) {
        unsigned counts[_STATE_MAX] = { 0 };
        const struct status_item *worst = NULL;
        const char *separator = ": ";

        buf[0] = '\0';
        if (n_items == 0) {
                text_append(buf, size,
                            "watching nothing: no worker configured; see connect-watchdog.conf(5)");
                return buf;
        }

        for (size_t i = 0; i < n_items; i++)
                counts[items[i].state]++;

        text_append(buf, size, "%zu worker%s", n_items, n_items == 1 ? "" : "s");
        for (size_t i = 0; i < ELEMENTSOF(by_severity); i++) {
                enum worker_state state = by_severity[i];

                if (counts[state] == 0)
                        continue;

                text_append(buf, size, "%s%u %s", separator, counts[state], worker_state_to_string(state));
                separator = ", ";
                worst = state == STATE_HEALTHY ? NULL : worst_of(items, n_items, state);
        }

        if (worst)
                append_worst(buf, size, worst, now_usec);
        return buf;
}
