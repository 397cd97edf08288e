#include "report/http/verdict.h"

#define HEALTHY 200
#define STARTING 503
#define UNHEALTHY 500

/* A suspect worker did not pass its last poll: whoever asks for traffic is told so, and whoever might kill
 * is not. One that is being restarted, was stopped or paused is out of service on purpose. */
static const struct verdict verdicts[_STATE_MAX] = {
        [STATE_UNKNOWN] = { false, STARTING, "unknown", true, false, SPRING_UNKNOWN, SPRING_UP },
        [STATE_STARTING] = { false, STARTING, "starting", false, false, SPRING_OUT_OF_SERVICE, SPRING_UP },
        [STATE_HEALTHY] = { true, HEALTHY, "healthy", true, true, SPRING_UP, SPRING_UP },
        [STATE_DEGRADED] = { false, HEALTHY, "healthy", true, true, SPRING_UP, SPRING_UP },
        [STATE_SUSPECT] = { false, UNHEALTHY, "unhealthy", true, false, SPRING_DOWN, SPRING_UP },
        [STATE_UNHEALTHY] = { false, UNHEALTHY, "unhealthy", true, false, SPRING_DOWN, SPRING_UP },
        [STATE_RESTARTING] = { false, STARTING, "starting", false, false, SPRING_OUT_OF_SERVICE, SPRING_UP },
        [STATE_EXHAUSTED] = { false, UNHEALTHY, "unhealthy", true, false, SPRING_DOWN, SPRING_UP },
        [STATE_STOPPED] = { false, UNHEALTHY, "unhealthy", false, false, SPRING_OUT_OF_SERVICE, SPRING_UP },
        [STATE_PAUSED] = { false, STARTING, "unknown", true, false, SPRING_OUT_OF_SERVICE, SPRING_UP },
};

/* Nothing is watched, so nothing is known; and nobody is to be killed for it. */
static const struct verdict verdict_none = { false, STARTING,       "unknown", false,
                                             false, SPRING_UNKNOWN, SPRING_UP };

struct verdict verdict_of(enum worker_state state, bool seen_ok, bool lost_for_long) {
        struct verdict v = verdicts[state < _STATE_MAX ? state : STATE_UNKNOWN];

        v.started = v.started && seen_ok;
        if (v.status == SPRING_DOWN && lost_for_long)
                v.liveness = SPRING_DOWN;
        return v;
}

struct verdict verdict_of_none(void) {
        return verdict_none;
}

static unsigned health_rank(unsigned status) {
        return status == HEALTHY ? 0 : status == STARTING ? 1 : 2;
}

struct verdict verdict_worse(struct verdict a, struct verdict b) {
        bool b_is_worse = health_rank(b.health_status) > health_rank(a.health_status);

        return (struct verdict) {
                .passes = a.passes && b.passes,
                .health_status = b_is_worse ? b.health_status : a.health_status,
                .health_word = b_is_worse ? b.health_word : a.health_word,
                .started = a.started && b.started,
                .ready = a.ready && b.ready,
                .status = MAX(a.status, b.status),
                .liveness = MAX(a.liveness, b.liveness),
        };
}

static const char *const spring_names[] = {
        [SPRING_UP] = "UP",
        [SPRING_UNKNOWN] = "UNKNOWN",
        [SPRING_OUT_OF_SERVICE] = "OUT_OF_SERVICE",
        [SPRING_DOWN] = "DOWN",
};

const char *spring_status_to_string(enum spring_status s) {
        return s < ELEMENTSOF(spring_names) ? spring_names[s] : "UNKNOWN";
}

unsigned spring_http_status(enum spring_status s) {
        return s == SPRING_DOWN || s == SPRING_OUT_OF_SERVICE ? 503 : 200;
}
