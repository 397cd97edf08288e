/* pause, resume, restart, reset, notify-test: what the agent is told to do. The agent decides, and says what
 * came of it.
 */
#include <errno.h>

#include "ctl/control_client.h"
#include "ctl/status_parts.h"
#include "judge/remedy.h"
#include "observe/stage.h"
#include "util/clock.h"
#include "util/moment.h"
#include "util/span.h"

struct order {
        const struct ctl_options *options;
        const char *verb;   /* which is also its path */
        const char *worker; /* NULL: all */
        json_object *request;
};

static void order_done(struct order *o) {
        o->request = json_object_unref(o->request);
}

/* ---- what is answered ---- */

static void print_hold(json_object *hold, usec_t now_usec) {
        const char *until = json_member_text(hold, "until"), *text = json_member_text(hold, "text");
        usec_t until_usec = stage_parse_time(until, strlen(until));

        fprintf(stderr, "    %s", json_member_text(hold, "name"));
        if (until_usec > 0)
                fprintf(stderr, " until %s", MOMENT(until_usec, now_usec, 0));
        if (until_usec > now_usec + USEC_PER_SEC)
                fprintf(stderr, " (in %s)",
                        SPAN(until_usec - now_usec - (until_usec - now_usec) % USEC_PER_SEC));
        fprintf(stderr, "%s%s\n", text[0] ? ": " : "", text);
}

/* One that this version does not know may. */
static bool yields_to_force(json_object *hold) {
        const char *name = json_member_text(hold, "name");
        enum hold h = 0;

        while (h < _HOLD_MAX && !streq(hold_to_string(h), name))
                h++;
        return h == _HOLD_MAX || hold_yields_to_force(h);
}

static void print_holds(const struct order *o, json_object *body) {
        json_object *holds = json_member(body, "holds", json_type_array);
        size_t n = holds ? json_object_array_length(holds) : 0;
        bool force_helps = n > 0 && !o->options->force, reset_helps = false;

        for (size_t i = 0; i < n; i++) {
                json_object *hold = json_object_array_get_idx(holds, i);

                print_hold(hold, clock_now(CLOCK_REALTIME));
                force_helps = force_helps && yields_to_force(hold);
                reset_helps = reset_helps || hold_awaits_reset(hold);
        }
        if (reset_helps)
                fprintf(stderr, "When the cause is mended: connect-watchdogctl reset %s\n", o->worker);
        if (force_helps)
                fprintf(stderr, "To do it whatever holds stand: connect-watchdogctl %s %s --force\n",
                        o->verb, o->worker);
}

static int tell(const struct order *o, const struct control_answer *a, int status) {
        const char *text = json_member_text(a->body, "text");

        if (o->options->json && a->body)
                puts(json_object_to_json_string_ext(a->body, JSON_C_TO_STRING_PRETTY |
                                                                     JSON_C_TO_STRING_NOSLASHESCAPE));
        else if (status == CTL_OK)
                puts(text[0] ? text : "done");
        if (status == CTL_OK)
                return CTL_OK;
        fprintf(stderr, "connect-watchdogctl %s: %s\n", o->verb, a->problem);
        if (status == CTL_HELD && !o->options->json)
                print_holds(o, a->body);
        return status;
}

/* ---- what is asked ---- */

/* Takes value over, whatever comes of it. */
static int add(struct order *o, const char *key, json_object *value) {
        if (o->request && json_object_object_add(o->request, key, value) == 0)
                return 0;
        json_object_put(value);
        return -ENOMEM;
}

static int add_text(struct order *o, const char *key, const char *text) {
        json_object *value = json_object_new_string(text);

        return value ? add(o, key, value) : -ENOMEM;
}

static int add_number(struct order *o, const char *key, int64_t number) {
        json_object *value = json_object_new_int64(number);

        return value ? add(o, key, value) : -ENOMEM;
}

static int usage(const struct order *o, const char *problem) {
        fprintf(stderr, "connect-watchdogctl %s: %s\n", o->verb, problem);
        return CTL_USAGE;
}

static int no_memory(const struct order *o) {
        fprintf(stderr, "connect-watchdogctl %s: %s\n", o->verb, strerror(ENOMEM));
        return CTL_FAILED;
}

/* Returns CTL_OK or an exit status. */
static int begin(struct order *o, const struct ctl_options *options, int argc, char *argv[], bool for_all) {
        *o = (struct order) { .options = options, .verb = argv[0], .worker = argc > 1 ? argv[1] : NULL };
        if (argc > 2)
                return usage(o, for_all ? "one worker or all, not some of them" : "one worker at a time");
        if (!o->worker && !for_all)
                return usage(o, "which worker? connect-watchdogctl status lists them");
        o->request = json_object_new_object();
        if ((o->worker ? add_text(o, "worker", o->worker) : add(o, "worker", NULL)) < 0)
                return no_memory(o);
        return CTL_OK;
}

static int give(const struct order *o) {
        _cleanup_(control_answer_done) struct control_answer a = {};
        char path[32];

        (void) snprintf(path, sizeof(path), "/%s", o->verb);
        return tell(o, &a, control_post(o->options->socket, path, o->request, o->worker, &a));
}

/* ---- the verbs ---- */

int verb_pause(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(order_done) struct order o;
        usec_t span = 0;
        int r = begin(&o, options, argc, argv, true);

        if (r != CTL_OK)
                return r;
        /* What nobody ends, and of which nobody knows why it is, is found by who comes after. */
        if (!options->span || isempty(options->reason))
                return usage(&o, "say how long, and why: --for 2h --reason \"upgrade of Kafka\"");
        if (span_parse(options->span, &span) < 0 || span < USEC_PER_SEC || span == USEC_INFINITY)
                return usage(&o, "--for takes a span of a second or more, such as 30min or \"1h 30min\"");
        if (add_number(&o, "for_seconds", (int64_t) (span / USEC_PER_SEC)) < 0 ||
            add_text(&o, "reason", options->reason) < 0)
                return no_memory(&o);
        return give(&o);
}

int verb_resume(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(order_done) struct order o;
        int r = begin(&o, options, argc, argv, true);

        return r == CTL_OK ? give(&o) : r;
}

int verb_restart(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(order_done) struct order o;
        int r = begin(&o, options, argc, argv, false);

        if (r != CTL_OK)
                return r;
        return add(&o, "force", json_object_new_boolean(options->force)) < 0 ? no_memory(&o) : give(&o);
}

int verb_reset(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(order_done) struct order o;
        int r = begin(&o, options, argc, argv, false);

        return r == CTL_OK ? give(&o) : r;
}

int verb_notify_test(const struct ctl_options *options, int argc, char *argv[]) {
        _cleanup_(order_done) struct order o = { .options = options, .verb = argv[0] };

        if (argc != 2)
                return usage(&o, "which receiver? Write the NAME of one [notify NAME] section");
        o.request = json_object_new_object();
        return add_text(&o, "name", argv[1]) < 0 ? no_memory(&o) : give(&o);
}
