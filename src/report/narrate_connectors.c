/* The sentences about connectors and tasks. Decides nothing, and reads no clock. */
#include <syslog.h>

#include "report/narrate_connectors.h"
#include "report/words.h"
#include "util/text.h"

#define SENTENCE_SIZE 1024
#define TRACE_LINE_SIZE 385
#define NAME_SHOWN_SIZE 129
/* Of the list of a storm, one line each. */
#define LIST_SIZE ((size_t) 16 * 1024)

static const struct {
        enum event_type event;
        const char *word; /* in the list of a storm */
} tellings[_CONNECTOR_CHANGE_MAX] = {
        [CHANGE_FAILED] = { EVENT_CONNECTOR_FAILED, "" }, /* its state says it */
        [CHANGE_RECOVERED] = { EVENT_CONNECTOR_RECOVERED, "recovered" },
        [CHANGE_UNASSIGNED] = { EVENT_CONNECTOR_UNASSIGNED, "UNASSIGNED" },
        [CHANGE_NO_TASKS] = { EVENT_CONNECTOR_WITHOUT_TASKS, "without tasks" },
};

/* "task 0 of connector orders" */
static void append_subject(char *buf, size_t size, const struct connector_change *c) {
        char name[NAME_SHOWN_SIZE];

        if (c->trouble->task >= 0)
                text_append(buf, size, "task %d of ", (int) c->trouble->task);
        text_append(buf, size, "connector %s",
                    text_copy_line(name, sizeof(name), c->connector->name, strlen(c->connector->name)));
}

static void append_trace_line(char *buf, size_t size, const struct connector_trouble *t) {
        char line[TRACE_LINE_SIZE];

        if (t->trace && connector_trace_line(line, sizeof(line), t->trace)[0])
                text_append(buf, size, ": %s", line);
}

static void say(char *buf, size_t size, const struct connector_change *c, usec_t now_usec) {
        const struct connector_trouble *t = c->trouble;
        const char *lasted = SAY_SPAN(usec_sub(now_usec, t->since_usec));
        const char *state = connector_state_to_string(t->state);
        char worker[NAME_SHOWN_SIZE];

        append_subject(buf, size, c);
        switch (c->type) {
        case CHANGE_FAILED:
                text_append(buf, size, " is %s on %s", state,
                            text_copy_line(worker, sizeof(worker), t->worker_id, strlen(t->worker_id)));
                append_trace_line(buf, size, t);
                break;
        case CHANGE_RECOVERED:
                if (t->kind == TROUBLE_NO_TASKS)
                        text_append(buf, size, " is no longer without a task, after %s", lasted);
                else
                        text_append(buf, size, " is no longer %s, after %s", state, lasted);
                break;
        case CHANGE_UNASSIGNED:
                text_append(buf, size, " has been UNASSIGNED for %s: no worker runs it", lasted);
                break;
        case CHANGE_NO_TASKS:
        default:
                text_append(buf, size, " runs, but has not had a single task for %s", lasted);
        }
}

static int add_fields(struct event *e, const struct connector_change *c) {
        const struct connector_trouble *t = c->trouble;
        int r;

        r = event_field(e, "CONNECTOR", "%s", c->connector->name);
        if (r >= 0 && t->task >= 0)
                r = event_field(e, "TASK", "%d", (int) t->task);
        if (r >= 0 && c->type == CHANGE_FAILED)
                r = event_field(e, "CONNECTOR_STATE", "%s", connector_state_to_string(t->state));
        if (r >= 0 && c->type == CHANGE_FAILED)
                r = event_field(e, "WORKER_ID", "%s", t->worker_id);
        if (r >= 0 && c->type == CHANGE_FAILED && t->trace)
                r = event_field(e, "TRACE", "%s", t->trace);
        return r;
}

struct event *narrate_connector_change(const struct connector_change *c, usec_t now_usec) {
        _cleanup_(event_freep) struct event *e = NULL;
        char sentence[SENTENCE_SIZE] = "";

        say(sentence, sizeof(sentence), c, now_usec);
        e = event_new(tellings[c->type].event, "%s", sentence);
        if (!e || add_fields(e, c) < 0)
                return NULL;
        return TAKE_PTR(e);
}

/* ---- many at once ---- */

static void append_to_list(char *buf, size_t size, const struct connector_change *c) {
        char name[NAME_SHOWN_SIZE];

        text_append(buf, size, "%s%s", buf[0] ? "\n" : "",
                    text_copy_line(name, sizeof(name), c->connector->name, strlen(c->connector->name)));
        if (c->trouble->task >= 0)
                text_append(buf, size, " task %d", (int) c->trouble->task);
        text_append(buf, size, " %s",
                    c->type == CHANGE_FAILED ? connector_state_to_string(c->trouble->state)
                                             : tellings[c->type].word);
}

struct event *narrate_connector_storm(const struct connector_changes *c) {
        static const char *const words[_CONNECTOR_CHANGE_MAX] = { "failed", "recovered",
                                                                  "UNASSIGNED for long",
                                                                  "without a task for long" };
        _cleanup_free_ char *list = calloc(1, LIST_SIZE);
        _cleanup_(event_freep) struct event *e = NULL;
        unsigned counts[_CONNECTOR_CHANGE_MAX] = { 0 };
        const struct connector_change *first = NULL;
        char sentence[SENTENCE_SIZE] = "";
        int r;

        if (!list)
                return NULL;
        for (size_t i = 0; i < c->n; i++) {
                counts[c->list[i].type]++;
                append_to_list(list, LIST_SIZE, &c->list[i]);
                if (!first && c->list[i].type == CHANGE_FAILED)
                        first = &c->list[i];
        }

        text_append(sentence, sizeof(sentence), "%zu connectors and tasks changed at once", c->n);
        for (unsigned i = 0, n = 0; i < _CONNECTOR_CHANGE_MAX; i++)
                if (counts[i] > 0)
                        text_append(sentence, sizeof(sentence), "%s%u %s", n++ == 0 ? ": " : ", ", counts[i],
                                    words[i]);
        if (first) {
                text_append(sentence, sizeof(sentence), "; first ");
                append_subject(sentence, sizeof(sentence), first);
                append_trace_line(sentence, sizeof(sentence), first->trouble);
        }

        e = event_new(EVENT_CONNECTORS_CHANGED, "%s", sentence);
        if (!e)
                return NULL;
        e->priority = counts[CHANGE_FAILED] > 0          ? LOG_ERR
                      : counts[CHANGE_RECOVERED] == c->n ? LOG_NOTICE
                                                         : LOG_WARNING;
        r = event_field(e, "CONNECTORS_FAILED", "%u", counts[CHANGE_FAILED]);
        if (r >= 0)
                r = event_field(e, "CONNECTORS_RECOVERED", "%u", counts[CHANGE_RECOVERED]);
        if (r >= 0)
                r = event_field(e, "CONNECTORS", "%s", list);
        if (r >= 0 && first && first->trouble->trace)
                r = event_field(e, "TRACE", "%s", first->trouble->trace);
        return r < 0 ? NULL : TAKE_PTR(e);
}
