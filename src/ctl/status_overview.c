/* status of all workers: a table, the agent above it, Kafka below. */
#include <errno.h>

#include "ctl/status_parts.h"
#include "ctl/table.h"
#include "ctl/text_width.h"
#include "util/span.h"
#include "util/text.h"

#define WHY_SIZE 1024

static const struct table_column worker_columns[] = {
        { "", 0, 0 },        { "WORKER", 0, 12 }, { "STATE", 0, 0 }, { "SINCE", 2, 0 },
        { "HELD BY", 3, 0 }, { "UNIT", 1, 0 },    { "WHY", 4, 24 },
};
static const struct table_column kafka_columns[] = {
        { "", 0, 0 }, { "KAFKA", 0, 12 }, { "STATE", 0, 0 }, { "SINCE", 1, 0 }, { "WHY", 2, 24 },
};

/* ---- the agent ---- */

static void put_note(const struct view *v, const char *note) {
        (void) fputs("! ", v->f);
        text_print_wrapped(v->f, note, 2, 2, v->width);
        (void) fputc('\n', v->f);
}

static bool is_set(const struct view *v, const char *key) {
        return json_object_get_boolean(json_member(v->all, key, json_type_boolean));
}

/* Returns 0 or -ENOMEM. */
static int put_sum(const struct view *v) {
        char line[SUM_SIZE];
        int r = sum_of_workers(v->all, line);

        if (r < 0 || !line[0])
                return r;
        text_print_wrapped(v->f, line, 0, 0, v->width);
        (void) fputc('\n', v->f);
        return 0;
}

static int put_agent(const struct view *v) {
        const char *host = json_member_text(v->all, "hostname");
        usec_t now = member_time(v->all, "now"), started = member_time(v->all, "started");
        char line[256] = "";
        int r;

        text_append(line, sizeof(line), "connect-watchdog %s%s%s", json_member_text(v->all, "version"),
                    host[0] ? " on " : "", host);
        if (started > 0 && now >= started)
                text_append(line, sizeof(line), ", running for %s",
                            SPAN((now - started) - (now - started) % USEC_PER_SEC));
        text_print_wrapped(v->f, line, 0, 0, v->width);
        (void) fputc('\n', v->f);
        r = put_sum(v);
        if (is_set(v, "config_rejected"))
                put_note(v, "the configuration on disk was rejected, the one before it is in force: "
                            "connect-watchdogctl verify-config says where the errors are");
        if (is_set(v, "dry_run"))
                put_note(v, "dry run: nothing is restarted, whatever a worker's action");
        return r;
}

/* ---- tables ---- */

static void add_look(struct table *t, struct look look, const char *name, const char *state) {
        table_add(t, look.mark, look.color);
        table_add(t, name, NULL);
        table_add(t, state, look.color);
}

/* Beside a pause, what it hides comes first. */
static void append_why(const struct view *v, json_object *w, char *buf, size_t size) {
        char pause[WHY_SIZE], why[WHY_SIZE];

        (void) why_of_worker(w, why, sizeof(why));
        if (pause_of_worker(v, w, pause, sizeof(pause))[0])
                text_append(buf, size, "%s: %s; paused %s", json_member_text(w, "health_state"), why, pause);
        else
                text_append(buf, size, "%s", why);
}

static void add_worker(const struct view *v, struct table *t, json_object *w) {
        json_object *holds = json_member(w, "holds", json_type_array);
        char since[PHRASE_SIZE], why[3 * WHY_SIZE] = "";

        add_look(t, look_of_state(state_of(w)), json_member_text(w, "name"), json_member_text(w, "state"));
        table_add(t, member_ago(v, state_source(w), "since", since), NULL);
        table_add(t, holds ? json_member_text(json_object_array_get_idx(holds, 0), "name") : "", NULL);
        table_add(t, json_member_text(w, "unit"), NULL);
        append_why(v, w, why, sizeof(why));
        table_add(t, why, NULL);
}

static void add_kafka(const struct view *v, struct table *t, json_object *k) {
        const char *outcome = json_member_text(k, "outcome");
        char since[PHRASE_SIZE], why[WHY_SIZE];

        add_look(t, look_of_kafka(outcome), json_member_text(k, "name"), outcome);
        table_add(t, member_ago(v, k, "since", since), NULL);
        table_add(t, why_of_kafka(k, why, sizeof(why)), NULL);
}

static int put_table(const struct view *v,
                     const struct table_column *columns,
                     size_t n_columns,
                     json_object *list,
                     void (*add)(const struct view *v, struct table *t, json_object *o)) {
        _cleanup_(table_done) struct table t = { .columns = columns, .n_columns = n_columns };
        size_t n = list ? json_object_array_length(list) : 0;

        if (n == 0)
                return 0;
        for (size_t i = 0; i < n; i++)
                add(v, &t, json_object_array_get_idx(list, i));
        if (t.out_of_memory)
                return -ENOMEM;
        (void) fputc('\n', v->f);
        table_print(v->f, &t, v->width, v->colors);
        return 0;
}

int status_view_all(const struct view *v) {
        int r = put_agent(v);

        if (r >= 0)
                r = put_table(v, worker_columns, ELEMENTSOF(worker_columns),
                              json_member(v->all, "workers", json_type_array), add_worker);
        if (r >= 0)
                r = put_table(v, kafka_columns, ELEMENTSOF(kafka_columns),
                              json_member(v->all, "kafka", json_type_array), add_kafka);
        return r;
}
