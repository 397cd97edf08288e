/* What the kinds share in reading answers. Knows no kind. */
#include <strings.h>

#include "observe/answer.h"
#include "util/text.h"

/* How much of the odd body a person gets to see. */
#define EXCERPT_SIZE 81
#define TYPE_SIZE 48
#define JSON_DEPTH_MAX 16

bool answer_is_html(const struct answer *a) {
        size_t i = 0;

        if (strncasecmp(a->content_type, "text/html", strlen("text/html")) == 0)
                return true;
        while (i < a->body_len && a->body[i] != '\0' && strchr(" \t\r\n", a->body[i]))
                i++;
        return i < a->body_len && a->body[i] == '<';
}

/* What was answered besides the status, for a person. A page that repeats our request could hold our
 * credentials: not that one. */
static void describe(const struct answer *a, struct observation *o) {
        const char *type = isempty(a->content_type) ? "no content type" : a->content_type;
        char excerpt[EXCERPT_SIZE];

        text_copy_line(o->detail, TYPE_SIZE, type, strlen(type));
        if (a->withheld)
                return;
        text_copy_line(excerpt, sizeof(excerpt), a->body, a->body_len);
        if (excerpt[0] == '\0')
                text_append(o->detail, sizeof(o->detail), ", empty");
        else if (!strcasestr(excerpt, "authorization") && !strcasestr(excerpt, "password") &&
                 !strcasestr(excerpt, "basic ") && !strcasestr(excerpt, "bearer ") &&
                 !strcasestr(excerpt, "token"))
                text_append(o->detail, sizeof(o->detail), ": %s", excerpt);
}

json_object *answer_object(const struct answer *a, size_t max_bytes) {
        json_object *o = NULL;
        const char *problem;

        if (a->body_len > max_bytes || json_parse(a->body, a->body_len, JSON_DEPTH_MAX, &o, &problem) < 0)
                return NULL;
        return json_object_is_type(o, json_type_object) ? o : json_object_unref(o);
}

static enum probe_verdict end(struct observation *o, enum outcome outcome, enum reason reason) {
        o->outcome = outcome;
        o->reason = reason;
        o->answered = outcome == OUTCOME_FAILING;
        return PROBE_DONE;
}

enum probe_verdict conclude_saying(struct observation *o,
                                   enum outcome outcome,
                                   enum reason reason,
                                   const char *detail) {
        text_copy_line(o->detail, sizeof(o->detail), detail, strlen(detail));
        return end(o, outcome, reason);
}

enum probe_verdict conclude_degraded(struct probe *p,
                                     struct observation *o,
                                     enum reason reason,
                                     const char *detail) {
        p->seen_ok = true;
        return conclude_saying(o, OUTCOME_DEGRADED, reason, detail);
}

enum probe_verdict conclude_showing(const struct answer *a,
                                    struct observation *o,
                                    enum outcome outcome,
                                    enum reason reason) {
        describe(a, o);
        return end(o, outcome, reason);
}

enum probe_verdict conclude(const struct answer *a,
                            struct observation *o,
                            enum outcome outcome,
                            enum reason reason) {
        if (reason == REASON_HEALTHY || reason == REASON_STARTING_UP || reason == REASON_UNHEALTHY)
                return end(o, outcome, reason);
        return conclude_showing(a, o, outcome, reason);
}

enum probe_verdict conclude_ok(struct probe *p, const struct answer *a, struct observation *o) {
        p->seen_ok = true;
        return conclude(a, o, OUTCOME_OK, REASON_HEALTHY);
}

enum probe_verdict classify_other_status(const struct answer *a,
                                         struct observation *o,
                                         enum reason otherwise) {
        static const struct {
                unsigned first, last;
                enum outcome outcome;
                enum reason reason;
        } rows[] = {
                { 300, 399, OUTCOME_UNKNOWN, REASON_REDIRECT },
                { 401, 401, OUTCOME_UNKNOWN, REASON_UNAUTHORIZED },
                { 403, 403, OUTCOME_UNKNOWN, REASON_FORBIDDEN },
                { 404, 404, OUTCOME_UNKNOWN, REASON_NOT_FOUND },
                { 429, 429, OUTCOME_UNKNOWN, REASON_RATE_LIMITED },
                { 400, 499, OUTCOME_UNKNOWN, REASON_CLIENT_ERROR },
                { 500, 599, OUTCOME_FAILING, REASON_SERVER_ERROR },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (a->status >= rows[i].first && a->status <= rows[i].last)
                        return conclude(a, o, rows[i].outcome, rows[i].reason);
        return conclude(a, o, OUTCOME_UNKNOWN, otherwise);
}
