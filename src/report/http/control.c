/* What is answered on the control socket: its own few routes, every answer as JSON. */
#include <errno.h>
#include <stdio.h>

#include "config/suggest.h"
#include "report/http/control_order.h"
#include "report/http/json_maker.h"
#include "report/http/routes.h"
#include "util/text.h"

#define ERROR_SIZE 512
#define WORD_SIZE 128 /* of what was asked for, within an error */

int control_error(struct document *ret, unsigned status, const char *text) {
        struct json_maker m = {};
        json_object *o = json_make_object(&m);
        char line[ERROR_SIZE];

        json_put_text(&m, o, "error", text_copy_line(line, sizeof(line), text, strcspn(text, "\n")));
        return json_make_document(&m, o, status, ret);
}

int control_no_worker(const struct snapshot *s, const struct question *q, struct document *ret) {
        _cleanup_free_ const char **names = calloc(s->n_workers + 1, sizeof(*names));
        char text[ERROR_SIZE] = "", word[WORD_SIZE];
        const char *nearest;

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_workers; i++)
                names[i] = s->workers[i].settings->name;
        nearest = suggest_nearest(q->worker, names);
        text_append(text, sizeof(text), "no worker is called \"%s\"",
                    text_copy_line(word, sizeof(word), q->worker, strlen(q->worker)));
        if (nearest)
                text_append(text, sizeof(text), "; did you mean \"%s\"?", nearest);
        return control_error(ret, 404, text);
}

static int document_version(const struct snapshot *s,
                            const struct question *q _unused_,
                            struct document *ret) {
        struct json_maker m = { .s = s };
        json_object *o = json_make_object(&m);

        json_put_text(&m, o, "version", PROJECT_VERSION);
        json_put_number(&m, o, "protocol", CONTROL_PROTOCOL);
        return json_make_document(&m, o, 200, ret);
}

static int document_control_workers(const struct snapshot *s,
                                    const struct question *q,
                                    struct document *ret) {
        const struct worker_snapshot *workers;
        struct question named = *q;
        size_t n;

        if (q->rest[0])
                named.worker = q->rest;
        if (question_workers(s, &named, &workers, &n) < 0)
                return control_no_worker(s, &named, ret);
        return document_workers(s, q, ret);
}

static const struct route routes[] = {
        { "/version", EXACT, document_version },
        { "/workers", HAS_REST, document_control_workers },
};

int control_check_protocol(const char *protocol, struct document *ret) {
        size_t digits = strspn(protocol, "0123456789");
        char text[ERROR_SIZE] = "", word[WORD_SIZE];
        int r;

        if (protocol[0] == '\0')
                return 0;
        (void) text_copy_line(word, sizeof(word), protocol, strlen(protocol));
        if (digits == 0 || (protocol[digits] != '\0' && protocol[digits] != '.')) {
                text_append(text, sizeof(text), CONTROL_PROTOCOL_HEADER ": %s is no version", word);
                r = control_error(ret, 400, text);
        } else if (digits > 4 || strtol(protocol, NULL, 10) > CONTROL_PROTOCOL) {
                text_append(text, sizeof(text),
                            "the running agent, connect-watchdog " PROJECT_VERSION
                            ", speaks version %d of the "
                            "control protocol and was asked in version %s; systemctl restart "
                            "connect-watchdog.service runs the one that is installed",
                            CONTROL_PROTOCOL, word);
                r = control_error(ret, 505, text);
        } else
                return 0;
        return r < 0 ? r : 1;
}

int control_answer(const struct snapshot *s, const struct question *q, struct document *ret) {
        int r = control_check_protocol(q->protocol, ret);

        if (r != 0)
                return MIN(r, 0);
        r = routes_answer(routes, ELEMENTSOF(routes), 0, s, q, ret);
        if (r != -ENOENT)
                return r;
        if (control_order_verb(q->path) >= 0)
                return control_error(ret, 405, "this is an order: it takes a POST");
        return control_error(ret, 404, CONTROL_NOTHING_HERE);
}
