/* What a POST on the control socket asks for: each member of its body is known, of its type and in its
 * bounds, or the whole is refused. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "report/http/control_order.h"
#include "report/http/json_maker.h"
#include "util/span.h"
#include "util/text.h"

#define DEPTH_MAX 4
#define WORKER_SIZE 512
#define WORD_SIZE 64 /* of what was sent, within an error */

enum member {
        MEMBER_WORKER = 1 << 0,
        MEMBER_ALL = 1 << 1, /* its worker may be null */
        MEMBER_FOR = 1 << 2,
        MEMBER_REASON = 1 << 3,
        MEMBER_FORCE = 1 << 4,
        MEMBER_NAME = 1 << 5,
};

static const struct {
        const char *path;
        unsigned members;
} verbs[_CONTROL_VERB_MAX] = {
        [CONTROL_PAUSE] = { "/pause", MEMBER_WORKER | MEMBER_ALL | MEMBER_FOR | MEMBER_REASON },
        [CONTROL_RESUME] = { "/resume", MEMBER_WORKER | MEMBER_ALL },
        [CONTROL_RESET] = { "/reset", MEMBER_WORKER },
        [CONTROL_RESTART] = { "/restart", MEMBER_WORKER | MEMBER_FORCE },
        [CONTROL_NOTIFY_TEST] = { "/notify-test", MEMBER_NAME },
};

void control_order_done(struct control_order *o) {
        free(o->worker);
        free(o->name);
        free(o->reason);
        *o = (struct control_order) {};
}

int control_order_verb(const char *path) {
        for (int v = 0; v < _CONTROL_VERB_MAX; v++)
                if (streq(path, verbs[v].path))
                        return v;
        return -ENOENT;
}

static int refuse(struct document *ret, unsigned status, const char *format, ...) _printf_(3, 4);
static int refuse(struct document *ret, unsigned status, const char *format, ...) {
        char text[CONTROL_TEXT_SIZE] = "";
        va_list ap;
        int r;

        va_start(ap, format);
        text_appendv(text, sizeof(text), format, ap);
        va_end(ap);
        r = control_error(ret, status, text);
        return r < 0 ? r : 1;
}

/* ---- members ---- */

/* One text of 0 to size - 1 bytes, in one line. */
static int take_text(json_object *v, const char *key, size_t size, char **ret, struct document *refusal) {
        size_t len = (size_t) json_object_get_string_len(v);

        if (!json_object_is_type(v, json_type_string) || strlen(json_object_get_string(v)) != len)
                return refuse(refusal, 400, "\"%s\" is no text", key);
        if (len >= size)
                return refuse(refusal, 400, "\"%s\" has %zu bytes; at most %zu are taken", key, len,
                              size - 1);
        *ret = malloc(len + 1);
        if (!*ret)
                return -ENOMEM;
        (void) text_copy_line(*ret, len + 1, json_object_get_string(v), len);
        return 0;
}

static int take_worker(json_object *v,
                       unsigned members,
                       struct control_order *ret,
                       struct document *refusal) {
        int r;

        if (!v && (members & MEMBER_ALL))
                return 0;
        r = take_text(v, "worker", WORKER_SIZE, &ret->worker, refusal);
        if (r == 0 && !ret->worker[0])
                r = refuse(refusal, 400, "\"worker\" is empty");
        return r;
}

static int take_span(json_object *v, struct control_order *ret, struct document *refusal) {
        int64_t seconds = json_object_get_int64(v);

        if (!json_object_is_type(v, json_type_int))
                return refuse(refusal, 400, "\"for_seconds\" is no whole number");
        if (seconds < 1 || seconds > (int64_t) (PAUSE_MAX_USEC / USEC_PER_SEC))
                return refuse(
                        refusal, 400,
                        "a pause lasts from 1s to %s; to restart nothing for longer, write action = alert "
                        "into the configuration",
                        SPAN(PAUSE_MAX_USEC));
        ret->for_usec = (usec_t) seconds * USEC_PER_SEC;
        return 0;
}

static int take_member(const char *key,
                       json_object *v,
                       unsigned members,
                       struct control_order *ret,
                       struct document *refusal) {
        char word[WORD_SIZE];

        if ((members & MEMBER_WORKER) && streq(key, "worker"))
                return take_worker(v, members, ret, refusal);
        if ((members & MEMBER_NAME) && streq(key, "name"))
                return take_text(v, "name", WORKER_SIZE, &ret->name, refusal);
        if ((members & MEMBER_FOR) && streq(key, "for_seconds"))
                return take_span(v, ret, refusal);
        if ((members & MEMBER_REASON) && streq(key, "reason"))
                return take_text(v, "reason", PAUSE_REASON_SIZE, &ret->reason, refusal);
        if ((members & MEMBER_FORCE) && streq(key, "force")) {
                ret->force = json_object_get_boolean(v);
                return json_object_is_type(v, json_type_boolean)
                               ? 0
                               : refuse(refusal, 400, "\"force\" is neither true nor false");
        }
        return refuse(refusal, 400, "\"%s\" is nothing that %s takes",
                      text_copy_line(word, sizeof(word), key, strlen(key)), verbs[ret->verb].path);
}

static int take_members(json_object *o,
                        unsigned members,
                        struct control_order *ret,
                        struct document *refusal) {
        int r = 0;

        json_object_object_foreach(o, key, value) {
                r = take_member(key, value, members, ret, refusal);
                if (r != 0)
                        break;
        }
        return r;
}

/* What must be said, so that nobody pauses everything, or for ever, by leaving a word out. */
static int check_complete(json_object *o, unsigned members, struct document *refusal) {
        if ((members & MEMBER_NAME) && !json_object_object_get_ex(o, "name", NULL))
                return refuse(refusal, 400, "\"name\" is missing");
        if ((members & MEMBER_WORKER) && !json_object_object_get_ex(o, "worker", NULL))
                return refuse(refusal, 400, "\"worker\" is missing%s",
                              (members & MEMBER_ALL) ? "; null stands for all of them" : "");
        if ((members & MEMBER_FOR) && !json_object_object_get_ex(o, "for_seconds", NULL))
                return refuse(refusal, 400, "\"for_seconds\" is missing: a pause has an end");
        return 0;
}

int control_order_read(const char *path,
                       const char *body,
                       size_t len,
                       struct control_order *ret,
                       struct document *ret_refusal) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        const char *problem = "";
        int r, verb = control_order_verb(path);

        *ret = (struct control_order) {};
        if (verb < 0)
                return refuse(ret_refusal, 404, CONTROL_NOTHING_HERE);
        ret->verb = (enum control_verb) verb;
        r = json_parse(body, len, DEPTH_MAX, &o, &problem);
        if (r == -EBADMSG)
                return refuse(ret_refusal, 400, "the body is no JSON: %s", problem);
        if (r < 0)
                return r;
        if (!json_object_is_type(o, json_type_object))
                return refuse(ret_refusal, 400, "the body is no JSON object");
        r = check_complete(o, verbs[verb].members, ret_refusal);
        if (r == 0)
                r = take_members(o, verbs[verb].members, ret, ret_refusal);
        if (r != 0)
                control_order_done(ret);
        return r;
}

/* ---- answers ---- */

int control_done(struct document *ret, const char *worker, const char *text, bool kept) {
        struct json_maker m = {};
        json_object *o = json_make_object(&m);

        json_put_text(&m, o, "worker", worker);
        json_put_text(&m, o, "text", text);
        json_put_bool(&m, o, "kept", kept);
        return json_make_document(&m, o, 200, ret);
}

int control_held(struct document *ret,
                 const char *text,
                 const struct decision *d,
                 int64_t clock_offset_usec) {
        const struct snapshot s = { .clock_offset_usec = clock_offset_usec };
        struct json_maker m = { .s = &s };
        json_object *o = json_make_object(&m);

        json_put_text(&m, o, "error", text);
        json_put(&m, o, "holds", json_make_holds(&m, d->holds, d->n_holds));
        return json_make_document(&m, o, 409, ret);
}

char *control_pause_text(const struct pause *p,
                         int64_t clock_offset_usec,
                         char buf[static CONTROL_TEXT_SIZE]) {
        time_t seconds = (time_t) (usec_shift(p->until_usec, clock_offset_usec) / USEC_PER_SEC);
        char until[64] = "", text[PAUSE_TEXT_SIZE];
        struct tm tm;

        if (gmtime_r(&seconds, &tm))
                (void) strftime(until, sizeof(until), " until %Y-%m-%d %H:%M:%S UTC", &tm);
        (void) snprintf(buf, CONTROL_TEXT_SIZE, "paused%s (%s)", until, pause_text(p, text));
        return buf;
}
