/* The worker kinds zeebe-broker and zeebe-gateway: Spring Boot's health endpoints, and those of brokers
 * older than them. Until the first ok its startup (and a broker's readiness) are asked for, which may take
 * minutes; from then on whether it lives, and whether all of it works. Pure: knows no socket and no clock.
 */
#include "observe/answer.h"
#include "util/text.h"

/* With all details on this is some kilobytes. */
#define BODY_PARSED_MAX ((size_t) 256 * 1024)

enum step {
        STEP_STARTUP,
        STEP_READY,
        STEP_LIVE,
        STEP_STATUS,
        _STEP_MAX,
};

struct paths {
        const char *now[_STEP_MAX], *old[_STEP_MAX]; /* NULL: there is none */
};

static const struct paths broker_paths = {
        .now = { "/actuator/health/startup", "/actuator/health/readiness", "/actuator/health/liveness",
                 "/actuator/health/status" },
        .old = { "/startup", "/ready", NULL, "/health" },
};

/* A gateway's readiness is that of the brokers behind it. */
static const struct paths gateway_paths = {
        .now = { "/actuator/health/startup", NULL, "/actuator/health/liveness", "/actuator/health" },
        .old = { NULL, NULL, NULL, "/health" },
};

static const struct reason_words words[] = {
        { REASON_UNHEALTHY, "says that it is down",
          "See the components it names, and its own log; one that misses other brokers or partitions' "
          "leaders "
          "may only wait for them." },
        { REASON_NOT_READY_YET, "has started, but is not ready yet", "" },
        { REASON_SHUTTING_DOWN, "says that it is out of service", "" },
        { REASON_NOT_FOUND, "answers, but not with Zeebe's health (404)",
          "See that url is that of the management port (9600), and that its health endpoint is exposed." },
        {},
};

/* ---- what is answered ---- */

struct body {
        char status[24]; /* "" when none is told */
        char said[224];  /* with the components that are not UP: "DOWN: diskSpace DOWN, partitions DEGRADED"
                          */
};

static void name_components(json_object *o, char *buf, size_t size) {
        json_object *components = json_member(o, "components", json_type_object);
        const char *separator = ": ";

        if (!components)
                return;
        json_object_object_foreach(components, key, component) {
                const char *status = json_member_text(component, "status");
                char name[48], said[24];

                if (isempty(status) || streq(status, "UP"))
                        continue;
                text_copy_line(name, sizeof(name), key, strlen(key));
                text_copy_line(said, sizeof(said), status, strlen(status));
                text_append(buf, size, "%s%s %s", separator, name, said);
                separator = ", ";
        }
}

static void read_body(const struct answer *a, struct body *ret) {
        _cleanup_(json_object_unrefp) json_object *o = answer_object(a, BODY_PARSED_MAX);
        const char *status = json_member_text(o, "status");

        *ret = (struct body) {};
        text_copy_line(ret->status, sizeof(ret->status), status, strlen(status));
        text_append(ret->said, sizeof(ret->said), "%s", ret->status);
        name_components(o, ret->said, sizeof(ret->said));
}

/* An old broker's answers have no body. */
static bool is_up(const struct answer *a, const struct body *b) {
        return a->status == 204 || (a->status == 200 && streq(b->status, "UP"));
}

static bool is_down(const struct answer *a, const struct body *b) {
        return a->status == 503 && (a->body_len == 0 || b->status[0]);
}

/* Alive, but in words of its own: DEGRADED, UNKNOWN, or whatever an indicator was made to say. */
static bool is_something_else(const struct answer *a, const struct body *b) {
        return a->status == 200 && b->status[0];
}

/* ---- from step to step ---- */

static const char *path_of(const struct probe *p, const struct paths *paths, unsigned step) {
        return p->lacks_health ? paths->old[step] : paths->now[step];
}

static enum probe_verdict ask(struct probe *p,
                              const struct paths *paths,
                              unsigned step,
                              struct probe_ask *ret) {
        /* The last of them is always there to be asked for. */
        while (step < STEP_STATUS && (!path_of(p, paths, step) || (p->absent & 1U << step)))
                step++;
        p->step = step;
        p->before.status = 0;
        *ret = (struct probe_ask) { .path = path_of(p, paths, step) };
        return PROBE_ASK;
}

static const struct paths *paths_of(const struct worker_settings *w) {
        return w->kind == &zeebe_gateway_kind ? &gateway_paths : &broker_paths;
}

static void begin(struct probe *p, const struct worker_settings *w, struct probe_ask *ret) {
        if (!p->seen_ok)
                p->absent = 0; /* while it starts, not all of it may be there */
        p->keep_percent = 0;
        (void) ask(p, paths_of(w), p->seen_ok ? STEP_LIVE : STEP_STARTUP, ret);
}

/* Not offered: what comes after it says enough; and where nothing of today's is, it is an older one. */
static enum probe_verdict is_absent(struct probe *p,
                                    const struct paths *paths,
                                    const struct answer *a,
                                    struct observation *o,
                                    struct probe_ask *ret_ask) {
        if (p->step < STEP_STATUS) {
                p->absent |= 1U << p->step;
                return ask(p, paths, p->step + 1, ret_ask);
        }
        if (!p->lacks_health) {
                p->lacks_health = true;
                p->absent = 0;
                return ask(p, paths, p->seen_ok ? STEP_LIVE : STEP_STARTUP, ret_ask);
        }
        p->lacks_health = false; /* neither of them: look again */
        if (!p->seen_ok && answer_is_html(a))
                return conclude(a, o, OUTCOME_STARTING, REASON_NOT_READY_YET);
        return classify_other_status(a, o, REASON_NOT_UNDERSTOOD);
}

static enum probe_verdict conclude_status(struct probe *p,
                                          const struct paths *paths,
                                          const struct answer *a,
                                          const struct body *b,
                                          struct observation *o) {
        bool lives = path_of(p, paths, STEP_LIVE) && !(p->absent & 1U << STEP_LIVE);

        if (is_up(a, b))
                return conclude_ok(p, a, o);
        /* An old broker looks at its partitions for the first time a minute after it was ready. */
        if (is_down(a, b) && !lives && !p->seen_ok)
                return conclude_saying(o, OUTCOME_STARTING, REASON_NOT_READY_YET, b->said);
        if (is_down(a, b) && !lives)
                return conclude_saying(o, OUTCOME_FAILING, REASON_UNHEALTHY, b->said);
        return conclude_degraded(p, o, REASON_DEGRADED, b->said);
}

static enum probe_verdict classify(struct probe *p,
                                   const struct worker_settings *w,
                                   const struct answer *a,
                                   struct observation *o,
                                   struct probe_ask *ret_ask) {
        const struct paths *paths = paths_of(w);
        struct body b;

        o->http_status = a->status;
        if (a->error != TRANSFER_OK)
                return classify_transfer_error(p, a, o);
        /* Once: older paths of today's brokers lead to the newer ones. */
        if (a->status >= 300 && a->status <= 399 && a->redirect[0] == '/' && p->before.status == 0) {
                p->before.status = a->status;
                *ret_ask = (struct probe_ask) { .path = a->redirect };
                return PROBE_ASK;
        }
        if (a->status == 404)
                return is_absent(p, paths, a, o, ret_ask);

        read_body(a, &b);
        if (!is_up(a, &b) && !is_down(a, &b) && !is_something_else(a, &b))
                return classify_other_status(a, o, REASON_NOT_UNDERSTOOD);
        if (p->step == STEP_STATUS)
                return conclude_status(p, paths, a, &b, o);
        if (!is_down(a, &b))
                return ask(p, paths, p->step + 1, ret_ask);
        if (streq(b.status, "OUT_OF_SERVICE") && p->step == STEP_STARTUP)
                return conclude_saying(o, OUTCOME_FAILING, REASON_SHUTTING_DOWN, b.said);
        /* A gateway that has found no broker yet is not live, and a restart finds none either. */
        if (p->step == STEP_LIVE && p->seen_ok)
                return conclude_saying(o, OUTCOME_FAILING, REASON_UNHEALTHY, b.said);
        return conclude_saying(o, OUTCOME_STARTING,
                               p->step == STEP_STARTUP ? REASON_STARTING_UP : REASON_NOT_READY_YET, b.said);
}

const struct worker_kind zeebe_broker_kind = {
        .name = "zeebe-broker",
        .default_url = "http://127.0.0.1:9600",
        .n_steps = _STEP_MAX,
        .jvm = true,
        .words = words,
        .begin = begin,
        .classify = classify,
};

const struct worker_kind zeebe_gateway_kind = {
        .name = "zeebe-gateway",
        .default_url = "http://127.0.0.1:9600",
        .n_steps = _STEP_MAX,
        .jvm = true,
        .words = words,
        .begin = begin,
        .classify = classify,
};
