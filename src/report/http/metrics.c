/* GET /metrics, in Prometheus' text format 0.0.4 or OpenMetrics 1.0. Samples are the same in both, so that a
 * series does not change with who asks. The families stand in the same order in connect-watchdog.conf(5). */
#include <errno.h>

#include "judge/connectors.h"
#include "observe/kind.h"
#include "report/http/accept.h"
#include "report/http/document.h"
#include "report/http/process.h"

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* So many are named of one worker's connectors and tasks. */
#define TROUBLES_MAX 1000

struct page {
        const struct snapshot *s;
        const struct worker_snapshot *workers;
        size_t n_workers;
        struct process_usage process;
        bool openmetrics;

        char *text;
        size_t len, size;
        bool failed; /* for want of memory; what follows is dropped */
};

enum metric_type {
        GAUGE,
        COUNTER,   /* samples end in _total */
        INFO,      /* and these in _info */
        HISTOGRAM, /* writes its own */
        _METRIC_TYPE_MAX,
};

struct family {
        const char *name; /* without _total or _info */
        enum metric_type type;
        const char *unit; /* NULL: none; else the name ends in it */
        void (*write)(struct page *p, const struct family *f);
        const char *help;
};

struct label {
        const char *name, *value;
};

/* ---- writing ---- */

static void add(struct page *p, const char *text, size_t len) {
        if (p->failed)
                return;
        if (p->size - p->len <= len) {
                size_t size = MAX(2 * p->size, p->len + len + 4096);
                char *larger = realloc(p->text, size);

                if (!larger) {
                        p->failed = true;
                        return;
                }
                p->text = larger;
                p->size = size;
        }
        memcpy(p->text + p->len, text, len);
        p->len += len;
        p->text[p->len] = '\0';
}

static void say(struct page *p, const char *text) {
        add(p, text, strlen(text));
}

static void say_label_value(struct page *p, const char *value) {
        while (*value) {
                size_t plain = strcspn(value, "\\\"\n");

                add(p, value, plain);
                value += plain;
                if (*value)
                        say(p, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
                value += *value != '\0';
        }
}

/* labels end with one without a name; one without a value is left out. */
static void sample(struct page *p,
                   const struct family *f,
                   const char *suffix,
                   const struct label *labels,
                   const char *value) {
        const char *before = "{";

        say(p, f->name);
        say(p, suffix);
        for (; labels->name; labels++) {
                if (!labels->value)
                        continue;
                say(p, before);
                say(p, labels->name);
                say(p, "=\"");
                say_label_value(p, labels->value);
                say(p, "\"");
                before = ",";
        }
        say(p, before[0] == ',' ? "} " : " ");
        say(p, value);
        say(p, "\n");
}

#define LABELS(...) ((const struct label[]) { __VA_ARGS__, { NULL, NULL } })
#define NO_LABELS ((const struct label[]) { { NULL, NULL } })

static const char *suffix_of(const struct family *f) {
        static const char *const suffixes[_METRIC_TYPE_MAX] = {
                [GAUGE] = "", [COUNTER] = "_total", [INFO] = "_info", [HISTOGRAM] = ""
        };

        return suffixes[f->type];
}

#define DECIMAL_SIZE 21

/* printf() was a third of what the page took. */
static const char *decimal(char buf[static DECIMAL_SIZE], uint64_t value) {
        char *digit = buf + DECIMAL_SIZE - 1;

        *digit = '\0';
        do
                *--digit = (char) ('0' + value % 10);
        while (value /= 10);
        return digit;
}

static void number(struct page *p, const struct family *f, const struct label *labels, uint64_t value) {
        sample(p, f, suffix_of(f), labels, decimal((char[DECIMAL_SIZE]) { 0 }, value));
}

static void seconds(struct page *p, const struct family *f, const struct label *labels, usec_t value) {
        sample(p, f, suffix_of(f), labels, document_seconds((char[SECONDS_SIZE]) { 0 }, value));
}

static void of_worker(struct page *p,
                      const struct family *f,
                      const struct worker_snapshot *w,
                      uint64_t value) {
        number(p, f, LABELS({ "worker", w->settings->name }), value);
}

#define FOREACH_WORKER(w, p)                                                                                \
        for (const struct worker_snapshot *w = (p)->workers; w < (p)->workers + (p)->n_workers; w++)

#define FOREACH_KAFKA(k, p)                                                                                 \
        for (const struct kafka_snapshot *k = (p)->s->kafkas; k && k < (p)->s->kafkas + (p)->s->n_kafkas;   \
             k++)

/* ---- of the agent ---- */

static void write_build(struct page *p, const struct family *f) {
        number(p, f, LABELS({ "version", PROJECT_VERSION }), 1);
}

static void write_dry_run(struct page *p, const struct family *f) {
        number(p, f, NO_LABELS, p->s->dry_run);
}

static void write_config(struct page *p, const struct family *f) {
        number(p, f, NO_LABELS, !p->s->config_rejected);
}

/* ---- of each worker ---- */

static void write_worker(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        number(p, f,
               LABELS({ "worker", w->settings->name }, { "kind", w->settings->kind->name },
                      { "unit", w->settings->unit },
                      { "action", worker_action_to_string(w->settings->action) }),
               1);
}

static void write_state(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p) {
                enum worker_state state = snapshot_shown_state(w);

                for (enum worker_state i = 0; i < _STATE_MAX; i++)
                        number(p, f,
                               LABELS({ "worker", w->settings->name },
                                      { "state", worker_state_to_string(i) }),
                               i == state);
        }
}

static void write_failures(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        of_worker(p, f, w, w->health->failures);
}

static void write_last_ok(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p) {
                usec_t at = w->health->last_ok_usec;

                seconds(p, f, LABELS({ "worker", w->settings->name }),
                        at > 0 ? snapshot_realtime(p->s, at) : 0);
        }
}

/* Nothing where it is not known: a zero would say that there is none. */
static void write_by_state(struct page *p,
                           const struct family *f,
                           const struct worker_snapshot *w,
                           const unsigned *n) {
        for (enum connector_state i = 0; i < _CONNECTOR_STATE_MAX; i++)
                number(p, f,
                       LABELS({ "worker", w->settings->name }, { "state", connector_state_to_string(i) }),
                       n[i]);
}

static void write_connectors(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        if (w->connectors)
                write_by_state(p, f, w, w->connectors->tally.connectors);
}

static void write_tasks(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        if (w->connectors)
                write_by_state(p, f, w, w->connectors->tally.tasks);
}

/* Who is asked for names gets them while something is wrong: a series for each one that is well would be of
 * no use to an alert, and there may be ten thousand. */
static void write_troubles(struct page *p, const struct family *f) {
        if (!p->s->settings->http.metrics_connectors)
                return;
        FOREACH_WORKER(w, p) {
                const struct connectors_view *v = w->connectors;
                size_t n = 0;

                for (size_t i = 0; v && i < v->n; i++) {
                        const struct troubled_connector *c = &v->list[i];

                        for (size_t j = 0; j < c->n_troubles && n < TROUBLES_MAX; j++, n++) {
                                const struct connector_trouble *t = &c->troubles[j];
                                char task[DECIMAL_SIZE];

                                number(p, f,
                                       LABELS({ "worker", w->settings->name }, { "connector", c->name },
                                              { "task",
                                                t->task < 0 ? NULL : decimal(task, (uint64_t) t->task) },
                                              { "state", t->kind == TROUBLE_NO_TASKS
                                                                 ? "NO_TASKS"
                                                                 : connector_state_to_string(t->state) }),
                                       1);
                        }
                }
        }
}

static void write_polls(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        for (enum outcome i = 0; i < _OUTCOME_MAX; i++)
                number(p, f, LABELS({ "worker", w->settings->name }, { "outcome", outcome_to_string(i) }),
                       w->counts->outcomes[i]);
}

static void write_durations(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p) {
                const struct label *labels = LABELS({ "worker", w->settings->name });
                char bound[SECONDS_SIZE], text[DECIMAL_SIZE];
                uint64_t n = 0;

                for (size_t i = 0; i <= LATENCY_BOUNDS; i++) {
                        n += w->counts->latencies[i];
                        sample(p, f, "_bucket",
                               LABELS({ "worker", w->settings->name },
                                      { "le", i < LATENCY_BOUNDS
                                                      ? document_seconds(bound, latency_bounds_usec[i])
                                                      : "+Inf" }),
                               decimal(text, n));
                }
                sample(p, f, "_sum", labels, document_seconds(bound, w->counts->latency_sum_usec));
                sample(p, f, "_count", labels, decimal(text, n));
        }
}

static void write_incidents(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        of_worker(p, f, w, w->counts->incidents);
}

static void write_incident_open(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        of_worker(p, f, w, w->history->incident.id[0] != '\0');
}

static void write_restarts(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p) {
                const char *name = w->settings->name;

                number(p, f, LABELS({ "worker", name }, { "result", "done" }),
                       w->counts->restarts[RESTART_DONE]);
                number(p, f, LABELS({ "worker", name }, { "result", "failed" }),
                       w->counts->restarts[RESTART_FAILED]);
                number(p, f, LABELS({ "worker", name }, { "result", "refused" }),
                       w->counts->restarts_refused);
        }
}

static void write_would_restarts(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        of_worker(p, f, w, w->counts->would_restarts);
}

static void write_budget(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        of_worker(p, f, w, remedy_restarts_left(&w->history->budget, w->settings, p->s->now_usec));
}

static void write_holds(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p)
        for (enum hold hold = 0; hold < _HOLD_MAX; hold++) {
                bool stands = false;

                for (size_t i = 0; i < w->n_holds; i++)
                        stands = stands || w->holds[i].hold == hold;
                number(p, f, LABELS({ "worker", w->settings->name }, { "hold", hold_to_string(hold) }),
                       stands);
        }
}

static void write_dependency(struct page *p, const struct family *f) {
        FOREACH_WORKER(w, p) {
                if (w->health->dependency.state == DEPENDENCY_NONE)
                        continue;
                for (enum dependency_state i = DEPENDENCY_NONE + 1; i < _DEPENDENCY_STATE_MAX; i++)
                        number(p, f,
                               LABELS({ "worker", w->settings->name },
                                      { "state", dependency_state_to_string(i) }),
                               i == w->health->dependency.state);
        }
}

/* ---- of each [kafka] section ---- */

static void write_kafka_outcome(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        for (enum kafka_outcome i = 0; i < _KAFKA_OUTCOME_MAX; i++)
                number(p, f,
                       LABELS({ "kafka", k->settings->name }, { "outcome", kafka_outcome_to_string(i) }),
                       i == k->health->outcome);
}

static void write_kafka_checks(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        for (enum kafka_outcome i = 0; i < _KAFKA_OUTCOME_MAX; i++)
                number(p, f,
                       LABELS({ "kafka", k->settings->name }, { "outcome", kafka_outcome_to_string(i) }),
                       k->health->checks[i]);
}

static void write_kafka_duration(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        if (k->health->checked_at_usec > 0)
                seconds(p, f, LABELS({ "kafka", k->settings->name }), k->health->took_usec);
}

static void write_kafka_brokers(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        if (k->health->facts)
                number(p, f, LABELS({ "kafka", k->settings->name }), k->health->facts->n_brokers);
}

static void write_topic_state(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        for (size_t i = 0; i < k->health->n_topics; i++)
                for (enum topic_state j = 0; j < _TOPIC_STATE_MAX; j++)
                        number(p, f,
                               LABELS({ "kafka", k->settings->name }, { "topic", k->health->topics[i].name },
                                      { "state", topic_state_to_string(j) }),
                               j == k->health->topics[i].state);
}

static void write_bad_partitions(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        for (size_t i = 0; i < k->health->n_topics; i++) {
                const struct kafka_topic_health *t = &k->health->topics[i];
                const size_t n[] = {
                        [TOPIC_UNDER_REPLICATED] = t->n_under_replicated,
                        [TOPIC_BELOW_MIN_ISR] = t->n_below_min_isr,
                        [TOPIC_OFFLINE] = t->n_offline,
                };

                if (t->state == TOPIC_UNKNOWN) /* a zero would say that all are well */
                        continue;
                for (enum topic_state j = TOPIC_UNDER_REPLICATED; j <= TOPIC_OFFLINE; j++)
                        number(p, f,
                               LABELS({ "kafka", k->settings->name }, { "topic", k->health->topics[i].name },
                                      { "state", topic_state_to_string(j) }),
                               n[j]);
        }
}

static void write_deep_partitions(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p) {
                size_t n_ok = 0;

                if (!k->deep || k->deep->error != KAFKA_OK)
                        continue;
                for (size_t i = 0; i < k->deep->n_partitions; i++)
                        n_ok += k->deep->partitions[i].error == KAFKA_OK;
                number(p, f, LABELS({ "kafka", k->settings->name }, { "result", "ok" }), n_ok);
                number(p, f, LABELS({ "kafka", k->settings->name }, { "result", "error" }),
                       k->deep->n_partitions - n_ok);
        }
}

static void write_deep_duration(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        if (k->deep)
                seconds(p, f, LABELS({ "kafka", k->settings->name }), k->deep->took_usec);
}

static void write_deep_timestamp(struct page *p, const struct family *f) {
        FOREACH_KAFKA(k, p)
        if (k->deep)
                seconds(p, f, LABELS({ "kafka", k->settings->name }),
                        snapshot_realtime(p->s, k->deep_at_usec));
}

/* ---- of this process, by the names that every Prometheus client uses ---- */

static void write_cpu(struct page *p, const struct family *f) {
        seconds(p, f, NO_LABELS, p->process.cpu_usec);
}

static void write_resident(struct page *p, const struct family *f) {
        if (p->process.resident_bytes > 0)
                number(p, f, NO_LABELS, p->process.resident_bytes);
}

static void write_virtual(struct page *p, const struct family *f) {
        if (p->process.virtual_bytes > 0)
                number(p, f, NO_LABELS, p->process.virtual_bytes);
}

static void write_open_fds(struct page *p, const struct family *f) {
        if (p->process.open_fds > 0)
                number(p, f, NO_LABELS, p->process.open_fds);
}

static void write_max_fds(struct page *p, const struct family *f) {
        if (p->process.max_fds > 0)
                number(p, f, NO_LABELS, p->process.max_fds);
}

/* As the clock was then: a start that moves with the clock would look like another start. */
static void write_start(struct page *p, const struct family *f) {
        seconds(p, f, NO_LABELS, p->s->started_at_usec);
}

/* ---- the document ---- */

#define OURS "connect_watchdog_"

static const struct family families[] = {
        { OURS "build", INFO, NULL, write_build, "The agent that answers." },
        { OURS "dry_run", GAUGE, NULL, write_dry_run, "Whether nothing is restarted, whatever happens." },
        { OURS "config_last_reload_successful", GAUGE, NULL, write_config,
          "Whether the configuration on disk is the one in force." },
        { OURS "worker", INFO, NULL, write_worker, "A worker as it is configured." },
        { OURS "worker_state", GAUGE, NULL, write_state,
          "The state of a worker: 1 for the one that it is in, 0 for the others." },
        { OURS "consecutive_failures", GAUGE, NULL, write_failures, "Failing polls in a row." },
        { OURS "last_ok_timestamp_seconds", GAUGE, "seconds", write_last_ok,
          "When a worker last answered well, since 1970; 0 before the first time." },
        { OURS "polls", COUNTER, NULL, write_polls, "Polls that ended, by what they found." },
        { OURS "poll_duration_seconds", HISTOGRAM, "seconds", write_durations,
          "How long polls took, whatever they found." },
        { OURS "incidents", COUNTER, NULL, write_incidents, "Incidents that were opened." },
        { OURS "incident_open", GAUGE, NULL, write_incident_open, "Whether an incident is open." },
        { OURS "restarts", COUNTER, NULL, write_restarts,
          "Restarts that systemd was asked for, by how that ended." },
        { OURS "would_restarts", COUNTER, NULL, write_would_restarts,
          "Restarts that were only told, because nothing may be done." },
        { OURS "restart_budget_remaining", GAUGE, NULL, write_budget,
          "How many more restarts there may be within the window." },
        { OURS "connectors", GAUGE, NULL, write_connectors,
          "Connectors of the worker's cluster, by state." },
        { OURS "tasks", GAUGE, NULL, write_tasks, "Tasks of the worker's cluster, by state." },
        { OURS "connector_trouble", GAUGE, NULL, write_troubles,
          "1 for each connector and task that is not well." },
        { OURS "hold", GAUGE, NULL, write_holds, "Whether this keeps back a restart that is due now." },
        { OURS "dependency_state", GAUGE, NULL, write_dependency,
          "What a worker requires of Kafka, taken together: 1 for the state that it is in." },
        { OURS "kafka_outcome", GAUGE, NULL, write_kafka_outcome,
          "What the last check found: 1 for that outcome, 0 for the others." },
        { OURS "kafka_checks", COUNTER, NULL, write_kafka_checks, "Checks that ended, by what they found." },
        { OURS "kafka_check_duration_seconds", GAUGE, "seconds", write_kafka_duration,
          "How long the last check took." },
        { OURS "kafka_brokers", GAUGE, NULL, write_kafka_brokers, "Brokers that the last metadata named." },
        { OURS "kafka_topic_state", GAUGE, NULL, write_topic_state,
          "The state of a required topic: 1 for the one that it is in, 0 for the others." },
        { OURS "kafka_topic_bad_partitions", GAUGE, NULL, write_bad_partitions,
          "Partitions of a required topic that are not well, by what is wrong." },
        { OURS "kafka_deep_partitions", GAUGE, NULL, write_deep_partitions,
          "Partitions of the last deep check, by its result." },
        { OURS "kafka_deep_duration_seconds", GAUGE, "seconds", write_deep_duration,
          "How long the last deep check took." },
        { OURS "kafka_deep_timestamp_seconds", GAUGE, "seconds", write_deep_timestamp,
          "When the last deep check ended, since 1970." },
        { "process_cpu_seconds", COUNTER, "seconds", write_cpu, "CPU time of the agent, user and system." },
        { "process_resident_memory_bytes", GAUGE, "bytes", write_resident, "Resident memory of the agent." },
        { "process_virtual_memory_bytes", GAUGE, "bytes", write_virtual, "Virtual memory of the agent." },
        { "process_open_fds", GAUGE, NULL, write_open_fds, "File descriptors that the agent has open." },
        { "process_max_fds", GAUGE, NULL, write_max_fds, "How many it may have open." },
        { "process_start_time_seconds", GAUGE, "seconds", write_start,
          "When the agent started, since 1970." },
};

/* "# TYPE name type"; the older format knows no info and no name but that of the samples. */
static void describe(struct page *p, const struct family *f, const char *keyword, const char *text) {
        say(p, "# ");
        say(p, keyword);
        say(p, " ");
        say(p, f->name);
        say(p, p->openmetrics ? "" : suffix_of(f));
        say(p, " ");
        say(p, text);
        say(p, "\n");
}

static void write_page(struct page *p) {
        static const char *const types[_METRIC_TYPE_MAX] = {
                [GAUGE] = "gauge", [COUNTER] = "counter", [INFO] = "info", [HISTOGRAM] = "histogram"
        };

        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const struct family *f = &families[i];

                describe(p, f, "HELP", f->help);
                describe(p, f, "TYPE", f->type == INFO && !p->openmetrics ? "gauge" : types[f->type]);
                if (f->unit && p->openmetrics)
                        describe(p, f, "UNIT", f->unit);
                f->write(p, f);
        }
        if (p->openmetrics)
                say(p, "# EOF\n");
}

/* A person with a browser or curl gets text: it is for whoever names it. */
static bool wants_openmetrics(const char *accept) {
        bool named, text_named;
        unsigned q = accept_quality(accept, "application/openmetrics-text", "1.0.0", &named);

        return named && q > 0 && q >= accept_quality(accept, "text/plain", "0.0.4", &text_named);
}

int document_metrics(const struct snapshot *s, const struct question *q, struct document *ret) {
        struct page p = { .s = s, .openmetrics = wants_openmetrics(q->accept) };

        if (question_workers(s, q, &p.workers, &p.n_workers) < 0)
                return document_no_worker(ret);
        s->measure(&p.process);
        write_page(&p);
        if (p.failed) {
                free(p.text);
                return -ENOMEM;
        }
        *ret = (struct document) {
                .status = 200,
                .content_type = p.openmetrics ? OPENMETRICS_TYPE : TEXT_TYPE,
                .body = p.text,
                .body_len = p.len,
        };
        return 0;
}
