/* status of one worker: everything that is known of it, in lines with a label each, as systemctl status has
 * them. */
#include "ctl/status_parts.h"
#include "ctl/text_width.h"
#include "util/span.h"
#include "util/text.h"

/* Before the colon. */
#define LABEL_WIDTH 11
#define INDENT (LABEL_WIDTH + strlen(": "))
#define LINE_SIZE 2048
/* Of what may be very many. */
#define LISTED_MAX 10

static void put_line(const struct view *v, const char *label, const char *format, ...) _printf_(3, 4);

/* label "": the line belongs to the one above. */
static void put_line(const struct view *v, const char *label, const char *format, ...) {
        char raw[LINE_SIZE] = "", line[LINE_SIZE];
        va_list ap;

        va_start(ap, format);
        text_appendv(raw, sizeof(raw), format, ap);
        va_end(ap);
        (void) text_copy_line(line, sizeof(line), raw, strlen(raw));
        (void) fprintf(v->f, "%*s%s ", LABEL_WIDTH, label, label[0] ? ":" : " ");
        text_print_wrapped(v->f, line, INDENT, INDENT, v->width);
        (void) fputc('\n', v->f);
}

static void put_head(const struct view *v, json_object *w) {
        struct look look = look_of_state(state_of(w));
        const char *state = json_member_text(w, "state"), *begin = v->colors ? look.color : "",
                   *end = v->colors ? COLOR_END : "";
        char line[LINE_SIZE] = "", moment[PHRASE_SIZE];

        text_append(line, sizeof(line), "%s - %s at %s", json_member_text(w, "name"),
                    json_member_text(w, "kind"), json_member_text(w, "url"));
        (void) fprintf(v->f, "%s%s%s ", begin, look.mark, end);
        text_print_wrapped(v->f, line, 2, 2, v->width);
        (void) fprintf(v->f, "\n%*s: %s%s%s", LABEL_WIDTH, "State", begin, state, end);
        (void) member_moment(v, state_source(w), "since", moment);
        (void) fprintf(v->f, "%s%s\n", moment[0] ? " since " : "", moment);
}

/* ---- the worker's answers ---- */

static void put_failures(const struct view *v, json_object *w) {
        uint64_t failures = member_number(w, "failures");
        usec_t lasted = member_span(w, "sustained_seconds");

        if (failures > 0)
                put_line(v, "Failing", "%u poll%s in a row over %s; unhealthy after %u over %s",
                         (unsigned) failures, failures == 1 ? "" : "s", SPAN(lasted - lasted % USEC_PER_SEC),
                         (unsigned) member_number(w, "failures_needed"),
                         SPAN(member_span(w, "sustain_needed_seconds")));
}

/* A poll that ends without an answer is none. */
static void put_last_answer(const struct view *v, json_object *w) {
        json_object *answer = json_member(w, "last_answer", json_type_object);
        uint64_t status = member_number(answer, "http_status");
        char moment[PHRASE_SIZE];

        if (!member_moment(v, answer, "received", moment)[0])
                return;
        if (status > 0)
                put_line(v, "Last answer", "HTTP %u at %s", (unsigned) status, moment);
        else
                put_line(v, "Last answer", "none to the poll that ended at %s", moment);
}

static void put_answers(const struct view *v, json_object *w) {
        json_object *answer = json_member(w, "last_answer", json_type_object);
        const char *remedy = json_member_text(answer, "remedy");
        char why[LINE_SIZE], moment[PHRASE_SIZE];

        if (pause_of_worker(v, w, why, sizeof(why))[0]) {
                put_line(v, "Paused", "%s", why);
                (void) member_moment(v, w, "since", moment);
                put_line(v, "Otherwise", "%s%s%s", json_member_text(w, "health_state"),
                         moment[0] ? " since " : "", moment);
        }
        put_line(v, "Why", "%s", why_of_worker(w, why, sizeof(why)));
        if (lacks_unit(w))
                put_line(v, "To do",
                         "correct unit = in its section: see systemctl list-units --type=service");
        else if (remedy[0])
                put_line(v, "To do", "%s", remedy);
        if (json_member_text(w, "stage")[0]) {
                (void) member_moment(v, answer, "stage_began", moment);
                put_line(v, "Stage", "%s%s%s", json_member_text(w, "stage"), moment[0] ? ", since " : "",
                         moment);
        }
        put_failures(v, w);
        put_last_answer(v, w);
        (void) member_moment(v, w, "last_ok", moment);
        put_line(v, "Last ok", "%s", moment[0] ? moment : "not since the agent started");
}

/* ---- its unit, and what may be done ---- */

static void put_unit(const struct view *v, json_object *w) {
        json_object *u = json_member(w, "unit_state", json_type_object);
        const char *unit = json_member_text(w, "unit");
        char line[LINE_SIZE] = "", moment[PHRASE_SIZE];

        text_append(line, sizeof(line), "%s", unit[0] ? unit : "none is named");
        if (lacks_unit(w))
                text_append(line, sizeof(line), ", which does not exist");
        else if (u)
                text_append(line, sizeof(line), ", %s (%s)", json_member_text(u, "active"),
                            json_member_text(u, "sub"));
        /* When it failed or ended is not known. */
        if (streq(json_member_text(u, "active"), "active") && member_moment(v, u, "started", moment)[0])
                text_append(line, sizeof(line), " since %s", moment);
        if (member_number(u, "main_pid") > 0)
                text_append(line, sizeof(line), ", main PID %u", (unsigned) member_number(u, "main_pid"));
        put_line(v, "Unit", "%s", line);
}

static bool acts(const struct view *v, json_object *w) {
        return streq(json_member_text(w, "action"), "restart") && json_member_text(w, "unit")[0] &&
               !json_object_get_boolean(json_member(v->all, "dry_run", json_type_boolean));
}

/* What is only told is counted against a budget of its own. */
static void put_budget(const struct view *v, json_object *w) {
        bool real = acts(v, w);
        json_object *b = json_member(w, real ? "budget" : "virtual_budget", json_type_object);
        char line[LINE_SIZE] = "", moment[PHRASE_SIZE];

        if (!b)
                return;
        text_append(line, sizeof(line), "%u of %u restarts left within %s%s",
                    (unsigned) member_number(b, "left"), (unsigned) member_number(b, "limit"),
                    SPAN(member_span(b, "window_seconds")), real ? "" : "; they are only told, not done");
        if (member_moment(v, b, "last_restart", moment)[0])
                text_append(line, sizeof(line), "; the last was at %s", moment);
        if (member_moment(v, b, "exhausted_since", moment)[0])
                text_append(line, sizeof(line), "; exhausted since %s", moment);
        put_line(v, "Budget", "%s", line);
}

static void put_holds(const struct view *v, json_object *w) {
        json_object *holds = json_member(w, "holds", json_type_array);
        bool reset_helps = false;

        for (size_t i = 0; holds && i < json_object_array_length(holds); i++) {
                json_object *hold = json_object_array_get_idx(holds, i);
                const char *text = json_member_text(hold, "text");
                char moment[PHRASE_SIZE];

                reset_helps = reset_helps || hold_awaits_reset(hold);
                (void) member_moment(v, hold, "until", moment);
                put_line(v, i == 0 ? "Held by" : "", "%s%s%s%s%s", json_member_text(hold, "name"),
                         moment[0] ? " until " : "", moment, text[0] ? ": " : "", text);
        }
        if (reset_helps)
                put_line(v, "", "when the cause is mended: connect-watchdogctl reset %s",
                         json_member_text(w, "name"));
}

static void put_incident(const struct view *v, json_object *w) {
        const char *id = json_member_text(w, "incident");
        uint64_t restarts = member_number(w, "incident_restarts");
        char moment[PHRASE_SIZE];

        if (!id[0])
                return;
        put_line(v, "Incident", "%s since %s, %u restart%s", id,
                 member_moment(v, w, "incident_opened", moment), (unsigned) restarts,
                 restarts == 1 ? "" : "s");
        put_line(v, "", "journalctl CONNECT_WATCHDOG_INCIDENT=%s", id);
}

/* ---- connectors ---- */

/* "12 RUNNING, 1 FAILED" */
static void append_states(char *line, size_t size, json_object *states) {
        const char *separator = "";

        if (!states)
                return;
        json_object_object_foreach(states, name, n) {
                if (json_object_get_uint64(n) == 0)
                        continue;
                text_append(line, size, "%s%u %s", separator, (unsigned) json_object_get_uint64(n), name);
                separator = ", ";
        }
        if (!separator[0])
                text_append(line, size, "none");
}

static void put_trouble(const struct view *v, json_object *t) {
        const char *worker_id = json_member_text(t, "worker_id");
        json_object *task = json_member(t, "task", json_type_int);
        char line[LINE_SIZE] = "", moment[PHRASE_SIZE];

        text_append(line, sizeof(line), "%s", json_member_text(t, "connector"));
        if (task)
                text_append(line, sizeof(line), ", task %u", (unsigned) json_object_get_uint64(task));
        text_append(line, sizeof(line), ": %s%s%s", json_member_text(t, "state"), worker_id[0] ? " on " : "",
                    worker_id);
        if (member_moment(v, t, "since", moment)[0])
                text_append(line, sizeof(line), " since %s", moment);
        put_line(v, "", "%s", line);
}

static void put_connectors(const struct view *v, json_object *w) {
        json_object *c = json_member(w, "connectors", json_type_object),
                    *troubles = json_member(c, "troubles", json_type_array);
        size_t n = troubles ? json_object_array_length(troubles) : 0;
        char line[LINE_SIZE] = "", ago[PHRASE_SIZE];

        if (!c)
                return;
        append_states(line, sizeof(line), json_member(c, "connectors", json_type_object));
        text_append(line, sizeof(line), "; tasks: ");
        append_states(line, sizeof(line), json_member(c, "tasks", json_type_object));
        if (member_ago(v, c, "seen", ago)[0])
                text_append(line, sizeof(line), "; seen %s", ago);
        put_line(v, "Connectors", "%s", line);
        for (size_t i = 0; i < MIN(n, (size_t) LISTED_MAX); i++)
                put_trouble(v, json_object_array_get_idx(troubles, i));
        if (n > LISTED_MAX)
                put_line(v, "", "and %zu more", n - LISTED_MAX);
}

/* Only what does not get on: the others have some lag at any time. */
static void put_lag(const struct view *v, json_object *w) {
        json_object *lag = json_member(w, "lag", json_type_array);
        size_t n_stuck = 0;

        for (size_t i = 0; lag && i < json_object_array_length(lag); i++) {
                json_object *c = json_object_array_get_idx(lag, i);
                char moment[PHRASE_SIZE];

                if (!member_moment(v, c, "stuck_since", moment)[0] || n_stuck == LISTED_MAX)
                        continue;
                put_line(v, n_stuck++ == 0 ? "Stuck" : "", "%s commits nothing since %s, %llu behind",
                         json_member_text(c, "connector"), moment,
                         (unsigned long long) member_number(c, "lag"));
        }
}

/* ---- Kafka ---- */

static json_object *find_kafka(const struct view *v, const char *name) {
        json_object *all = json_member(v->all, "kafka", json_type_array);

        for (size_t i = 0; all && i < json_object_array_length(all); i++) {
                json_object *k = json_object_array_get_idx(all, i);

                if (streq(json_member_text(k, "name"), name))
                        return k;
        }
        return NULL;
}

static void put_kafka(const struct view *v, json_object *w) {
        json_object *requires = json_member(w, "requires", json_type_array),
                    *dependency = json_member(w, "dependency", json_type_object);

        for (size_t i = 0; requires && i < json_object_array_length(requires); i++) {
                const char *name = json_object_get_string(json_object_array_get_idx(requires, i));
                json_object *k = name ? find_kafka(v, name) : NULL;
                char why[LINE_SIZE], moment[PHRASE_SIZE];

                if (!k)
                        continue;
                (void) member_moment(v, k, "since", moment);
                put_line(v, i == 0 ? "Kafka" : "", "%s: %s%s%s; %s", name, json_member_text(k, "outcome"),
                         moment[0] ? " since " : "", moment, why_of_kafka(k, why, sizeof(why)));
        }
        if (streq(json_member_text(dependency, "state"), "grace"))
                put_line(v, "", "%s", json_member_text(dependency, "text"));
}

void status_view_worker(const struct view *v, json_object *w) {
        put_head(v, w);
        put_answers(v, w);
        put_unit(v, w);
        put_line(v, "Action", "%s%s", json_member_text(w, "action"),
                 json_object_get_boolean(json_member(v->all, "dry_run", json_type_boolean)) ? ", but dry run"
                                                                                            : "");
        put_holds(v, w);
        put_budget(v, w);
        put_incident(v, w);
        put_connectors(v, w);
        put_lag(v, w);
        put_kafka(v, w);
}
