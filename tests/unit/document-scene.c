/* Snapshots for the tests of the documents. */
#include "document-scene.h"

#include "judge/connectors.h"
#include "observe/kind.h"
#include "report/http/process.h"

static void measure(struct process_usage *ret) {
        *ret = (struct process_usage) {
                .cpu_usec = 1500 * USEC_PER_MSEC,
                .resident_bytes = 4096,
                .virtual_bytes = 8192,
                .open_fds = 12,
        };
}

static void init_other_worker(struct document_scene *s) {
        static char name[] = "connect-b", url[] = "https://[::1]:8443/\"x\"";
        static struct worker_settings settings;
        static struct worker_counts counts;
        static struct history history;
        static struct health health;

        scene_settings(&settings);
        settings.name = name;
        settings.url = url;
        settings.unit = NULL;
        settings.action = ACTION_ALERT;
        settings.kind = &kafka_connect_kind;
        health_init(&health, 4713, s->judge.now);
        s->workers[1] = (struct worker_snapshot) {
                .settings = &settings,
                .health = &health,
                .history = &history,
                .counts = &counts,
        };
}

void document_scene_init(struct document_scene *s) {
        *s = (struct document_scene) {};
        scene_init(&s->judge);
        s->judge.w.kind = &kafka_connect_kind;
        s->workers[0] = (struct worker_snapshot) {
                .settings = &s->judge.w,
                .health = &s->judge.h,
                .history = &s->judge.history,
                .counts = &s->counts,
        };
        init_other_worker(s);
        s->settings.http.healthcheck_compat = true;
        s->snapshot = (struct snapshot) {
                .started_at_usec = s->judge.now,
                .hostname = "host.example.org",
                .settings = &s->settings,
                .workers = s->workers,
                .n_workers = ELEMENTSOF(s->workers),
                .measure = measure,
        };
}

void document_scene_decide(struct document_scene *s) {
        (void) scene_decide(&s->judge);
        s->workers[0].holds = s->judge.decision.holds;
        s->workers[0].n_holds = s->judge.decision.n_holds;
}

const char *document_scene_get(struct document_scene *s,
                               const char *path,
                               const char *worker,
                               const char *accept,
                               unsigned status) {
        const struct question q = { .path = path, .rest = "", .worker = worker, .accept = accept };

        document_done(&s->answer);
        s->snapshot.now_usec = s->judge.now;
        assert_int_equal(document_answer(&s->snapshot, &q, &s->answer), 0);
        assert_int_equal(s->answer.status, status);
        assert_non_null(s->answer.body);
        assert_int_equal(strlen(s->answer.body), s->answer.body_len);
        return s->answer.body;
}

void document_scene_look(struct document_scene *s) {
        const struct connector_part tasks[] = {
                { 0, CONNECTOR_RUNNING, "10.0.0.1:8083", "" },
                { 1, CONNECTOR_FAILED, "10.0.0.2:8083", "hidden trace" },
        };
        const struct connector_status c = { .name = "orders \"x\"",
                                            .type = "sink",
                                            .connector = { -1, CONNECTOR_RUNNING, "10.0.0.1:8083", "" },
                                            .tasks = tasks,
                                            .n_tasks = ELEMENTSOF(tasks) };
        struct connectors_view *v = calloc(1, sizeof(*v));
        struct connector_changes changes = {};

        assert_non_null(v);
        s->judge.w.unhealthy_states = connector_state_bit(CONNECTOR_FAILED);
        s->judge.w.considered = CONSIDER_CONNECTOR | CONSIDER_TASK;
        connector_rules_count(&v->tally, &s->judge.w, &c);
        assert_int_equal(connectors_view_add(v, &s->judge.w, &c, s->judge.now), 0);
        assert_int_equal(connectors_view_finish(v, NULL, &s->judge.w, s->judge.now, &changes), 0);
        connector_changes_done(&changes);
        s->workers[0].connectors = s->connectors = v;
}

void document_scene_done(struct document_scene *s) {
        connectors_view_free(s->connectors);
        document_done(&s->answer);
}
