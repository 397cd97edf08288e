/* The worker kind kafka-connect: GET /health (KIP-1017), and for workers older than 3.9 a request that
 * needs the herder's thread. Pure: knows no socket and no clock. */
#include "observe/answer.h"
#include "observe/stage.h"
#include "util/text.h"

#define PROBE_CONNECTOR "connect-watchdog-probe"
#define PROBE_PATH "/connectors/" PROBE_CONNECTOR

/* What Connect says here is a few hundred bytes; more is not its answer, and not worth parsing. */
#define BODY_PARSED_MAX ((size_t) 64 * 1024)

/* A stuck herder keeps a request waiting for 90 s: this much of the poll's time is for asking then
 * whether anything answers at all. */
#define KEEP_FOR_ROOT_PERCENT 33

enum step {
        STEP_HEALTH,
        STEP_CONNECTOR, /* older than 3.9: answered by the herder's thread alone */
        STEP_ROOT,      /* answered without that thread */
};

static const char *const paths[] = {
        [STEP_HEALTH] = "/health",
        [STEP_CONNECTOR] = PROBE_PATH,
        [STEP_ROOT] = "/",
};

/* What we read of an answer in JSON. */
struct connect_body {
        bool is_object;
        bool has_name;      /* "name": a connector */
        int64_t error_code; /* 0: none */
        char status[16];
        char message[1024]; /* "" when none */
};

/* Copies a string member; leaves buf empty when it is absent, no string, or holds a NUL byte. */
static void read_string(json_object *o, const char *key, char *buf, size_t size) {
        json_object *v = json_member(o, key, json_type_string);
        const char *s;
        size_t len;

        buf[0] = '\0';
        if (!v)
                return;
        s = json_object_get_string(v);
        len = (size_t) json_object_get_string_len(v);
        if (memchr(s, '\0', len))
                return;
        text_copy_line(buf, size, s, len);
}

static void read_body(const struct answer *a, struct connect_body *ret) {
        _cleanup_(json_object_unrefp) json_object *o = answer_object(a, BODY_PARSED_MAX);
        json_object *error_code = json_member(o, "error_code", json_type_int);

        *ret = (struct connect_body) { .is_object = o };
        read_string(o, "status", ret->status, sizeof(ret->status));
        read_string(o, "message", ret->message, sizeof(ret->message));
        if (error_code)
                ret->error_code = json_object_get_int64(error_code);
        ret->has_name = json_member(o, "name", json_type_string);
}

static enum probe_verdict ask(struct probe *p,
                              const struct answer *a,
                              enum step step,
                              struct probe_ask *ret_ask) {
        p->step = step;
        p->before.error = a->error;
        p->before.status = a->status;
        p->keep_percent = step == STEP_CONNECTOR ? KEEP_FOR_ROOT_PERCENT : 0;
        *ret_ask = (struct probe_ask) { .path = paths[step] };
        return PROBE_ASK;
}

/* The statuses that mean the same wherever they come from. */
static enum probe_verdict classify_status(const struct probe *p,
                                          const struct answer *a,
                                          const struct connect_body *b,
                                          struct observation *o) {
        if (a->status == 500 && b->error_code == 500 && streq(b->message, "Worker is shutting down"))
                return conclude(a, o, OUTCOME_FAILING, REASON_SHUTTING_DOWN);
        if (a->status == 404 && !p->seen_ok && !b->is_object && answer_is_html(a))
                return conclude(a, o, OUTCOME_STARTING, REASON_NOT_READY_YET);
        return classify_other_status(a, o, REASON_NOT_CONNECT);
}

static enum probe_verdict classify_health(struct probe *p,
                                          const struct answer *a,
                                          const struct connect_body *b,
                                          struct observation *o,
                                          struct probe_ask *ret_ask) {
        if (a->status == 404 && b->error_code == 404 && streq(b->message, "HTTP 404 Not Found")) {
                p->lacks_health = true;
                return ask(p, a, STEP_CONNECTOR, ret_ask);
        }

        if (a->status == 200 && streq(b->status, "healthy"))
                return conclude_ok(p, a, o);
        if (a->status == 503 && streq(b->status, "starting")) {
                stage_parse(b->message, &o->stage);
                return conclude(a, o, OUTCOME_STARTING, REASON_STARTING_UP);
        }
        if (a->status == 500 && streq(b->status, "unhealthy")) {
                stage_parse(b->message, &o->stage);
                return conclude(a, o, OUTCOME_FAILING, REASON_UNHEALTHY);
        }
        return classify_status(p, a, b, o);
}

/* Before the first ok this is what a slow start looks like: an old worker has no 503 to tell it from a stuck
 * one. */
static enum probe_verdict conclude_herder_silent(const struct probe *p,
                                                 const struct answer *a,
                                                 struct observation *o) {
        return p->seen_ok ? conclude(a, o, OUTCOME_FAILING, REASON_HERDER_STUCK)
                          : conclude(a, o, OUTCOME_STARTING, REASON_HERDER_NOT_READY_YET);
}

static enum probe_verdict classify_connector(struct probe *p,
                                             const struct answer *a,
                                             const struct connect_body *b,
                                             struct observation *o) {
        if (a->status == 200 && b->has_name)
                return conclude_ok(p, a, o);
        if (a->status == 404 && b->error_code == 404 &&
            streq(b->message, "Connector " PROBE_CONNECTOR " not found"))
                return conclude_ok(p, a, o);
        if (a->status == 500 && b->error_code == 500 && !streq(b->message, "Worker is shutting down"))
                return conclude_herder_silent(p, a, o);
        return classify_status(p, a, b, o);
}

/* Whatever answers here shows that the JVM lives; what is told is how the question before it ended. */
static enum probe_verdict classify_root(const struct probe *p,
                                        const struct answer *a,
                                        struct observation *o) {
        if (a->status >= 500)
                return conclude(a, o, OUTCOME_FAILING, REASON_SERVER_ERROR);
        (void) conclude_herder_silent(p, a, o);
        o->http_status = p->before.status;
        o->detail[0] = '\0';
        text_append(o->detail, sizeof(o->detail), "GET %s was not answered in time, GET / was with HTTP %u",
                    paths[STEP_CONNECTOR], a->status);
        return PROBE_DONE;
}

static void kafka_connect_begin(struct probe *p,
                                const struct worker_settings *w _unused_,
                                struct probe_ask *ret) {
        p->step = p->lacks_health ? STEP_CONNECTOR : STEP_HEALTH;
        p->keep_percent = p->lacks_health ? KEEP_FOR_ROOT_PERCENT : 0;
        p->before.error = TRANSFER_OK;
        p->before.status = 0;
        *ret = (struct probe_ask) { .path = paths[p->step] };
}

static enum probe_verdict kafka_connect_classify(struct probe *p,
                                                 const struct worker_settings *w _unused_,
                                                 const struct answer *a,
                                                 struct observation *ret,
                                                 struct probe_ask *ret_ask) {
        struct connect_body body;

        ret->http_status = a->status;
        if (a->error == TRANSFER_TIMEOUT && p->step == STEP_CONNECTOR)
                return ask(p, a, STEP_ROOT, ret_ask);
        if (a->error != TRANSFER_OK)
                return classify_transfer_error(p, a, ret);

        if (p->step == STEP_ROOT)
                return classify_root(p, a, ret);
        read_body(a, &body);
        if (p->step == STEP_CONNECTOR)
                return classify_connector(p, a, &body, ret);
        return classify_health(p, a, &body, ret, ret_ask);
}

const struct worker_kind kafka_connect_kind = {
        .name = "kafka-connect",
        .default_url = "http://127.0.0.1:8083",
        .n_steps = ELEMENTSOF(paths),
        .jvm = true,
        .has_connectors = true,
        .needs_kafka = true,
        .begin = kafka_connect_begin,
        .classify = kafka_connect_classify,
};
