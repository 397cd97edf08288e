/* The agent's side of HTTP: the snapshot that documents are made from, and what is told of listeners. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "kafka_watch.h"
#include "pause.h"
#include "report/http/process.h"
#include "report/http/server.h"
#include "util/text.h"
#include "worker.h"

/* So much of a path is told: it may hold anything, and be as long as a header. */
#define ACCESS_PATH_SIZE 512

static void fill_worker(const struct worker *w, struct worker_snapshot *ret) {
        *ret = (struct worker_snapshot) {
                .settings = w->settings,
                .health = &w->health,
                .history = &w->history,
                .counts = &w->counts,
                .connectors = connectors_watch_view(w->connectors),
                .connectors_problem = connectors_watch_problem(w->connectors),
                .lag = w->settings->lag ? &w->lag : NULL,
                .holds = w->holds,
                .n_holds = w->n_holds,
                .pause = worker_pause(w),
        };
}

int agent_http_answer(struct agent *a,
                      agent_answer_t answer,
                      const struct question *q,
                      struct document *ret) {
        _cleanup_free_ struct worker_snapshot *workers = calloc(a->n_workers + 1, sizeof(*workers));
        _cleanup_free_ struct kafka_snapshot *kafkas = calloc(a->n_kafkas + 1, sizeof(*kafkas));
        const char *hostname = a->settings->agent.hostname;
        char machine[HOST_NAME_MAX + 1] = "";

        if (!workers || !kafkas)
                return -ENOMEM;
        if (!hostname && gethostname(machine, sizeof(machine) - 1) == 0)
                hostname = machine;
        for (size_t i = 0; i < a->n_workers; i++)
                fill_worker(a->workers[i], &workers[i]);
        for (size_t i = 0; i < a->n_kafkas; i++)
                kafka_watch_snapshot(a->kafkas[i], &kafkas[i]);

        const struct snapshot s = {
                .now_usec = agent_now(),
                .clock_offset_usec = agent_clock_offset(),
                .started_at_usec = a->started_at_usec,
                .hostname = hostname,
                .dry_run = agent_dry_run(a),
                .config_rejected = a->config_rejected,
                .settings = a->settings,
                .workers = workers,
                .n_workers = a->n_workers,
                .kafkas = kafkas,
                .n_kafkas = a->n_kafkas,
                .measure = process_usage_read,
        };
        return answer(&s, q, ret);
}

static int answer(const struct question *q, struct document *ret, void *userdata) {
        return agent_http_answer(userdata, document_answer, q, ret);
}

static void on_listening(const char *address, int error, void *userdata) {
        struct agent *a = userdata;

        if (error < 0)
                reporter_tell(
                        a->reporter,
                        event_new(EVENT_LISTEN_FAILED,
                                  "cannot listen on %s: %s; workers are watched all the same, and it is "
                                  "tried again every 5s",
                                  address, strerror(-error)));
        else if (!a->started) /* agent-started says it */
                text_append(a->http_addresses, sizeof(a->http_addresses), "%s%s",
                            a->http_addresses[0] ? ", " : "; HTTP at ", address);
        else
                reporter_tell(a->reporter, event_new(EVENT_LISTENING, "HTTP is answered at %s", address));
}

static void on_access(const struct http_access *access, void *userdata) {
        struct agent *a = userdata;
        char path[ACCESS_PATH_SIZE];

        if (a->settings->http.access_log && !strv_contains(a->settings->http.access_log_skip, access->path))
                reporter_tell(a->reporter, event_new(EVENT_HTTP_REQUEST, "%s asked %s %s: %u, %zu bytes",
                                                     access->peer, access->method,
                                                     text_copy_line(path, sizeof(path), access->path,
                                                                    strlen(access->path)),
                                                     access->status, access->body_bytes));
}

void agent_observed(struct agent *a) {
        if (a->http_opened || !a->http_server)
                return;
        for (size_t i = 0; i < a->n_workers; i++)
                if (!a->workers[i]->observed || connectors_watch_is_awaited(a->workers[i]->connectors))
                        return;
        a->http_opened = true;
        http_server_open(a->http_server);
}

void agent_http_start(struct agent *a) {
        const struct http_server_calls calls = {
                .answer = answer,
                .listening = on_listening,
                .access = on_access,
                .userdata = a,
        };
        int r;

        r = http_server_new(a->event, &calls, &a->http_server);
        if (r >= 0)
                r = http_server_take_sockets(a->http_server);
        /* Sockets that systemd handed over say where to listen, so the configuration does not. */
        a->http_sockets_given = r > 0;
        if (r == 0)
                r = http_server_listen(a->http_server, a->settings->http.listen);
        if (r < 0)
                reporter_tell(a->reporter,
                              event_new(EVENT_INTERNAL_ERROR, "no HTTP server: %s", strerror(-r)));
}

void agent_http_reconfigure(struct agent *a) {
        if (a->http_server && !a->http_sockets_given)
                (void) http_server_listen(a->http_server, a->settings->http.listen);
}
