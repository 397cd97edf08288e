#include "report/http/verdict.h"

/* Whoever asks for traffic is told of the first failing poll; whoever might kill, only of a worker that is
 * lost. Restarting and stopped are on purpose: out of service, and nobody is to be killed for them. That the
 * watchdog is paused says nothing of the worker: it is never asked for here. */
static const struct verdict verdicts[STATE_PAUSED] = {
        [STATE_UNKNOWN] = { 503, "unknown", true, false, SPRING_UNKNOWN, SPRING_UP },
        [STATE_STARTING] = { 503, "starting", false, false, SPRING_OUT_OF_SERVICE, SPRING_UP },
        [STATE_HEALTHY] = { 200, "healthy", true, true, SPRING_UP, SPRING_UP },
        [STATE_DEGRADED] = { 200, "healthy", true, true, SPRING_UP, SPRING_UP },
        [STATE_SUSPECT] = { 500, "unhealthy", true, false, SPRING_DOWN, SPRING_UP },
        [STATE_UNHEALTHY] = { 500, "unhealthy", true, false, SPRING_DOWN, SPRING_DOWN },
        [STATE_RESTARTING] = { 503, "starting", false, false, SPRING_OUT_OF_SERVICE, SPRING_UP },
        [STATE_EXHAUSTED] = { 500, "unhealthy", true, false, SPRING_DOWN, SPRING_DOWN },
        [STATE_STOPPED] = { 503, "stopped", false, false, SPRING_OUT_OF_SERVICE, SPRING_UP },
};

/* Nothing is watched, so nothing is known. */
static const struct verdict verdict_none = { 503, "unknown", false, false, SPRING_UNKNOWN, SPRING_UP };

struct verdict verdict_of(enum worker_state state, bool seen_ok, bool lost) {
        struct verdict v = verdicts[state < STATE_PAUSED ? state : STATE_UNKNOWN];

        v.started = v.started && seen_ok;
        if (!lost)
                v.liveness = SPRING_UP;
        return v;
}

struct verdict verdict_of_none(void) {
        return verdict_none;
}

bool hold_spares(enum hold h) {
        switch (h) {
        case HOLD_PAUSED:
        case HOLD_UNIT_BUSY:
        case HOLD_PACKAGE_MANAGER:
        case HOLD_DEPENDENCY_DOWN:
        case HOLD_PEERS_UNHEALTHY:
        case HOLD_NOT_OUR_TURN:
                return true;
        default:
                return false;
        }
}

static unsigned health_rank(const char *word) {
        static const char *const words[] = { "healthy", "starting", "stopped", "unknown" };
        unsigned rank = 0;

        while (rank < ELEMENTSOF(words) && !streq(words[rank], word))
                rank++;
        return rank;
}

struct verdict verdict_worse(struct verdict a, struct verdict b) {
        bool b_is_worse = health_rank(b.health_word) > health_rank(a.health_word);

        return (struct verdict) {
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
