/* THE table of what each state of a worker means in the words of each contract that we serve; the manual has
 * the same table, and a test compares them. Pure. */
#pragma once

#include "judge/told.h"

/* Spring Boot's, worst last. */
enum spring_status {
        SPRING_UP,
        SPRING_UNKNOWN,
        SPRING_OUT_OF_SERVICE,
        SPRING_DOWN,
        _SPRING_STATUS_MAX,
};

struct verdict {
        unsigned health_status; /* KIP-1017's code of GET /health: 200, 503 or 500 */
        const char *
                health_word; /* its "status": "healthy", "starting", "unhealthy"; and "stopped", "unknown" */
        bool started;        /* Zeebe's /startup: 204; once the first ok of this start was seen */
        bool ready;          /* Zeebe's /ready: 204 */
        enum spring_status status, liveness;
};

/* What a worker in that state answers. seen_ok: the first ok of this start of its unit was seen. lost: it
 * fails now, has failed for so long that it would be restarted, and no hold of hold_spares() stands. */
struct verdict verdict_of(enum worker_state state, bool seen_ok, bool lost) _pure_;
/* What is answered where no worker is configured. */
struct verdict verdict_of_none(void) _pure_;
/* The worse of two, contract by contract: for several workers. */
struct verdict verdict_worse(struct verdict a, struct verdict b) _pure_;

/* Whether nobody else ought to restart the worker, either, while that hold stands: a restart is not wanted
 * now, or would not help. Other holds bind only ourselves. */
bool hold_spares(enum hold h) _pure_;

/* "UP", "OUT_OF_SERVICE", …; and the HTTP status that Spring answers it with: 200 or 503. */
const char *spring_status_to_string(enum spring_status s) _pure_;
unsigned spring_http_status(enum spring_status s) _pure_;
