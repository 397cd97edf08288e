/* The line of a monitoring plugin. */
#include <errno.h>
#include <inttypes.h>

#include "ctl/plugin.h"
#include "ctl/status_parts.h"
#include "report/narrate.h"
#include "util/span.h"
#include "util/text.h"

#define LINE_SIZE 2048
/* Those of more workers are not told in one line: Nagios takes 8 KiB. */
#define LATENCIES_MAX 50

static const char *const status_names[] = {
        [PLUGIN_OK] = "OK",
        [PLUGIN_WARNING] = "WARNING",
        [PLUGIN_CRITICAL] = "CRITICAL",
        [PLUGIN_UNKNOWN] = "UNKNOWN",
};

/* What stands behind "|" is taken for performance data, and what is in a second line for details. */
static void print_line(FILE *f, const char *what, enum plugin_status status, const char *text) {
        char line[LINE_SIZE];

        (void) text_copy_line(line, sizeof(line), text, strlen(text));
        for (char *c = line; (c = strchr(c, '|'));)
                *c = '/';
        (void) fprintf(f, "%s %s - %s", what, status_names[status], line);
}

enum plugin_status plugin_print_unknown(FILE *f, const char *problem) {
        print_line(f, "WORKERS", PLUGIN_UNKNOWN, problem);
        (void) fputc('\n', f);
        return PLUGIN_UNKNOWN;
}

/* ---- what a state is worth ---- */

static enum plugin_status status_of_outcome(const char *outcome) {
        if (streq(outcome, outcome_to_string(OUTCOME_OK)))
                return PLUGIN_OK;
        if (streq(outcome, outcome_to_string(OUTCOME_FAILING)))
                return PLUGIN_CRITICAL;
        return streq(outcome, outcome_to_string(OUTCOME_DEGRADED)) ||
                               streq(outcome, outcome_to_string(OUTCOME_STARTING))
                       ? PLUGIN_WARNING
                       : PLUGIN_UNKNOWN;
}

static enum plugin_status status_of(json_object *worker) {
        switch (state_of(worker)) {
        case STATE_HEALTHY:
                return PLUGIN_OK;
        case STATE_STARTING:
        case STATE_DEGRADED:
        case STATE_SUSPECT:
        case STATE_STOPPED:
                return PLUGIN_WARNING;
        case STATE_UNHEALTHY:
        case STATE_RESTARTING:
        case STATE_EXHAUSTED:
                return PLUGIN_CRITICAL;
        case STATE_PAUSED:
                /* Somebody is at it: it is no alarm that it does not answer, but worth a look. */
                return health_state_of(worker) == STATE_HEALTHY ? PLUGIN_OK : PLUGIN_WARNING;
        default:
                return PLUGIN_UNKNOWN;
        }
}

/* The guidelines leave open what not to know is worth beside others: more than that all is well. */
static enum plugin_status worse(enum plugin_status a, enum plugin_status b) {
        static const unsigned weight[] = {
                [PLUGIN_OK] = 0,
                [PLUGIN_UNKNOWN] = 1,
                [PLUGIN_WARNING] = 2,
                [PLUGIN_CRITICAL] = 3,
        };

        return weight[a] >= weight[b] ? a : b;
}

/* ---- one ---- */

static void put_count(FILE *f, const char *label, uint64_t n) {
        (void) fprintf(f, " %s=%" PRIu64 ";;;0", label, n);
}

static void put_latency(FILE *f, const char *label, usec_t latency) {
        (void) fprintf(f, " %s=%" PRIu64 ".%06" PRIu64 "s;;;0", label, latency / USEC_PER_SEC,
                       latency % USEC_PER_SEC);
}

static void put_worker_data(FILE *f, json_object *w) {
        json_object *answer = json_member(w, "last_answer", json_type_object),
                    *budget = json_member(w, "budget", json_type_object),
                    *connectors = json_member(w, "connectors", json_type_object);

        (void) fputs(" |", f);
        if (answer)
                put_latency(f, "latency", member_span(answer, "latency_seconds"));
        put_count(f, "failures", member_number(w, "failures"));
        if (budget) {
                put_count(f, "restarts_left", member_number(budget, "left"));
                (void) fprintf(f, ";%" PRIu64, member_number(budget, "limit"));
        }
        if (connectors) {
                put_count(f, "connectors_failed", member_number(connectors, "connectors_failed"));
                put_count(f, "tasks_failed", member_number(connectors, "tasks_failed"));
        }
}

static enum plugin_status print_worker(FILE *f, json_object *all, json_object *w) {
        usec_t since = member_time(w, "since"), now = member_time(all, "now");
        json_object *holds = json_member(w, "holds", json_type_array);
        const char *hold = holds ? json_member_text(json_object_array_get_idx(holds, 0), "name") : "";
        enum plugin_status status = status_of(w);
        char line[LINE_SIZE] = "", why[LINE_SIZE / 2];

        text_append(line, sizeof(line), "%s: %s", json_member_text(w, "name"), json_member_text(w, "state"));
        if (since > 0 && now > since)
                text_append(line, sizeof(line), " for %s",
                            SPAN((now - since) - (now - since) % USEC_PER_SEC));
        text_append(line, sizeof(line), "; %s", why_of_worker(w, why, sizeof(why)));
        if (hold[0])
                text_append(line, sizeof(line), "; held by %s", hold);
        print_line(f, "WORKER", status, line);
        put_worker_data(f, w);
        (void) fputc('\n', f);
        return status;
}

enum plugin_status plugin_print_poll(FILE *f,
                                     const char *url,
                                     const struct observation *seen,
                                     usec_t now_usec,
                                     int64_t clock_offset_usec) {
        enum plugin_status status = status_of_outcome(outcome_to_string(seen->outcome));
        char line[LINE_SIZE] = "", text[LINE_SIZE / 2];

        text_append(line, sizeof(line), "%s %s", url,
                    narrate_observation(seen, now_usec, clock_offset_usec, text, sizeof(text)));
        print_line(f, "WORKER", status, line);
        (void) fputs(" |", f);
        put_latency(f, "latency", seen->latency_usec);
        (void) fputc('\n', f);
        return status;
}

/* ---- all ---- */

static void put_all_data(FILE *f, json_object *workers, size_t n) {
        uint64_t healthy = 0;

        for (size_t i = 0; i < n; i++)
                healthy += state_of(json_object_array_get_idx(workers, i)) == STATE_HEALTHY;
        (void) fputs(" |", f);
        put_count(f, "workers", n);
        put_count(f, "healthy", healthy);
        (void) fprintf(f, ";%zu", n);
        for (size_t i = 0; i < n && n <= LATENCIES_MAX; i++) {
                json_object *w = json_object_array_get_idx(workers, i),
                            *answer = json_member(w, "last_answer", json_type_object);
                char label[128] = "";

                text_append(label, sizeof(label), "%s_latency", json_member_text(w, "name"));
                if (answer)
                        put_latency(f, label, member_span(answer, "latency_seconds"));
        }
}

static enum plugin_status print_all(FILE *f, json_object *all) {
        json_object *workers = json_member(all, "workers", json_type_array);
        bool rejected = json_object_get_boolean(json_member(all, "config_rejected", json_type_boolean));
        size_t n = workers ? json_object_array_length(workers) : 0;
        enum plugin_status status = n > 0 ? PLUGIN_OK : PLUGIN_UNKNOWN;
        char line[LINE_SIZE];

        if (sum_of_workers(all, line) < 0)
                return plugin_print_unknown(f, strerror(ENOMEM));
        for (size_t i = 0; i < n; i++)
                status = worse(status, status_of(json_object_array_get_idx(workers, i)));
        if (rejected) {
                status = worse(status, PLUGIN_WARNING);
                text_append(line, sizeof(line), "; the configuration on disk was rejected");
        }
        print_line(f, "WORKERS", status, line);
        put_all_data(f, workers, n);
        (void) fputc('\n', f);
        return status;
}

enum plugin_status plugin_print(FILE *f, json_object *all, json_object *worker) {
        return worker ? print_worker(f, all, worker) : print_all(f, all);
}
