/* One [kafka NAME]: timer in, events and dependencies out. What is asked blocks, so it is asked on a thread;
 * one thing at a time. Decides nothing itself. */
#include <errno.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "judge/kafka_deep.h"
#include "kafka_watch.h"
#include "observe/kafka_module.h"
#include "report/http/document.h"
#include "report/narrate_kafka.h"
#include "report/words.h"
#include "util/offload.h"
#include "util/text.h"
#include "worker.h"

/* Where no check could be made (no module, a credential that is missing), the next is made so much later. */
#define CANNOT_RETRY_USEC USEC_PER_MINUTE
/* What asks longer than its timeout and this is taken for hung. */
#define HUNG_USEC (5 * USEC_PER_SEC)

/* What the thread works with. The loop only hands it on; it belongs to the watch and to the tasks that carry
 * it.
 */
struct session {
        unsigned n_refs; /* the loop's */
        struct kafka_settings *settings;
        const struct kafka_module *module;
        struct kafka_client *client; /* made by the first task */
};

enum task_kind {
        TASK_CHECK,
        TASK_DEEP,
        TASK_LAG,
        TASK_END, /* of the session */
};

struct task {
        struct kafka_watch *watch;
        struct session *session;
        enum task_kind kind;
        int error; /* nothing could be asked: problem says why */
        char problem[KAFKA_DETAIL_SIZE];
        struct kafka_facts *facts;
        struct kafka_deep *deep;

        /* Lag: of a worker's sinks, each with its group. */
        char *worker;
        char **sinks, **groups;
        struct kafka_lag *lag;
};

struct kafka_watch {
        struct agent *agent;
        struct kafka_watch *next_leaving;      /* in agent->kafkas_leaving */
        const struct kafka_settings *settings; /* owned by agent->settings; NULL: it is leaving */
        struct kafka_health health;
        struct kafka_deep *deep; /* the last one */
        usec_t deep_at_usec;

        struct offload *offload;
        struct session *session;
        usec_t session_at_usec;  /* when it was made */
        struct offload_job *job; /* the task under way */
        usec_t begun_at_usec;
        bool hung_told; /* it was taken for hung */
        usec_t check_due_usec, deep_due_usec;
        sd_event_source *timer;
};

/* ---- on the thread ---- */

static int open_client(struct session *s, char *problem, size_t size) {
        int r;

        if (s->client)
                return 0;
        if (!s->module) {
                r = kafka_module_load(&s->module, problem, size);
                if (r < 0)
                        return r;
        }
        return s->module->client_new(s->settings, &s->client, problem, size);
}

static void work(void *data) {
        struct task *t = data;
        struct session *s = t->session;

        if (t->kind == TASK_END) {
                if (s && s->client)
                        s->module->client_free(TAKE_PTR(s->client));
                return;
        }
        t->error = open_client(s, t->problem, sizeof(t->problem));
        if (t->error < 0)
                return;
        if (t->kind == TASK_CHECK)
                t->error = s->module->check(s->client, &t->facts);
        else if (t->kind == TASK_DEEP)
                t->error = s->module->deep(s->client, &t->deep);
        else
                t->error = s->module->lag(s->client, (const char *const *) t->groups, strv_length(t->groups),
                                          s->settings->timeout_usec, &t->lag);
}

/* ---- tasks ---- */

/* One whose client was not freed on the thread, which hangs then, is left behind. */
static struct session *session_unref(struct session *s) {
        if (!s || --s->n_refs > 0 || s->client)
                return NULL;
        kafka_settings_free(s->settings);
        free(s);
        return NULL;
}

static void task_free(void *data) {
        struct task *t = data;

        session_unref(t->session);
        kafka_facts_free(t->facts);
        kafka_deep_free(t->deep);
        kafka_lag_free(t->lag);
        free(t->worker);
        strv_free(t->sinks);
        strv_free(t->groups);
        free(t);
}

static struct task *task_new(struct kafka_watch *k, enum task_kind kind) {
        struct task *t = calloc(1, sizeof(*t));

        if (t)
                *t = (struct task) { .watch = k, .kind = kind };
        return t;
}

/* Takes t over; NULL: there was no memory for it. */
static int submit(struct kafka_watch *k, struct task *t, offload_done_t done, struct offload_job **ret) {
        if (!t)
                return -ENOMEM;
        t->session = k->session;
        if (t->session)
                t->session->n_refs++;
        return offload_submit(k->offload, work, done, task_free, t, ret);
}

static struct task *lag_task_new(struct kafka_watch *k, const struct worker *w) {
        const struct connectors_view *v = connectors_watch_view(w->connectors);
        struct task *t = task_new(k, TASK_LAG);
        int r = t ? free_and_strdup(&t->worker, w->settings->name) : -ENOMEM;

        STRV_FOREACH (name, v->sinks) {
                _cleanup_free_ char *group = NULL;

                if (r >= 0 && asprintf(&group, "connect-%s", *name) < 0)
                        r = -ENOMEM;
                if (r >= 0)
                        r = strv_extend(&t->sinks, *name);
                if (r >= 0)
                        r = strv_extend(&t->groups, group);
        }
        if (r < 0 && t) {
                task_free(t);
                return NULL;
        }
        return t;
}

static int session_begin(struct kafka_watch *k) {
        struct session *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        r = kafka_settings_copy(k->settings, &s->settings);
        if (r < 0) {
                free(s);
                return r;
        }
        s->n_refs = 1;
        k->session = s;
        k->session_at_usec = agent_now();
        return 0;
}

/* Its client is freed on the thread, after what is under way there. Returns 0, or a negative errno: then it
 * stays where it is for ever. */
static int session_end(struct kafka_watch *k, offload_done_t done) {
        int r;

        k->job = offload_job_unref(k->job); /* its result is about what is not asked any more */
        r = submit(k, task_new(k, TASK_END), done, NULL);
        k->session = session_unref(k->session);
        return r;
}

/* ---- what came of it ---- */

static bool requires(const struct worker *w, const struct kafka_watch *k) {
        return strv_contains(w->settings->requires, k->settings->name);
}

/* To everybody whose restarts hang on it. */
static void tell_workers(struct kafka_watch *k) {
        struct agent *a = k->agent;

        for (size_t i = 0; i < a->n_workers; i++)
                if (requires(a->workers[i], k))
                        worker_dependency_changed(a->workers[i]);
}

/* It is part of the story of every incident that is open at a worker that requires it. */
static void tell(struct kafka_watch *k, struct event *e) {
        struct agent *a = k->agent;

        for (size_t i = 0; e && i < a->n_workers; i++) {
                const char *incident = a->workers[i]->history.incident.id;

                if (incident[0] && requires(a->workers[i], k) &&
                    event_field(e, "INCIDENT", "%s", incident) < 0)
                        e = event_free(e);
        }
        reporter_tell(a->reporter, e);
}

static void take_tolds(struct kafka_watch *k, int error, const struct kafka_tolds *tolds) {
        if (error < 0)
                tell(k, NULL); /* out of memory: not all of it is told */
        for (size_t i = 0; i < tolds->n; i++) {
                tell(k, narrate_kafka(k->settings, &k->health, &tolds->list[i]));
                if (tolds->list[i].type == KAFKA_TOLD_OUTCOME)
                        agent_status_changed(k->agent);
        }
        tell_workers(k);
}

static void cannot_check(struct kafka_watch *k, const char *why) {
        struct kafka_tolds tolds = {};
        int r;

        r = kafka_health_cannot_check(&k->health, k->settings, why, agent_now(), &tolds);
        take_tolds(k, r, &tolds);
        kafka_tolds_done(&tolds);
}

static void take_facts(struct kafka_watch *k, struct kafka_facts *facts) {
        struct kafka_tolds tolds = {};
        int r;

        r = kafka_health_observe(&k->health, k->settings, facts, agent_now(), &tolds);
        take_tolds(k, r, &tolds);
        kafka_tolds_done(&tolds);
}

static void take_deep(struct kafka_watch *k, struct kafka_deep *d) {
        if (kafka_deep_changed(k->deep, d))
                tell(k, narrate_kafka_deep(k->settings, d));
        kafka_deep_free(k->deep);
        k->deep = d;
        k->deep_at_usec = agent_now();
}

/* Meanwhile a reload may have taken the worker away. */
static void take_lag(const struct kafka_watch *k, const struct task *t) {
        struct worker *w = agent_find_worker(k->agent, t->worker);
        struct lag_changes changes = {};

        if (!w || !w->settings->lag)
                return;
        if (!t->lag || lag_observe(&w->lag, w->settings, (const char *const *) t->sinks, t->lag, agent_now(),
                                   &changes) < 0)
                worker_tell(w, NULL); /* out of memory: not all of it is told */
        for (size_t i = 0; i < changes.n; i++) {
                struct event *e = narrate_lag(&changes.list[i]);

                if (e && worker_about(w, e) < 0)
                        e = event_free(e);
                worker_tell(w, e);
        }
        lag_changes_done(&changes);
}

static bool is_well(const struct kafka_watch *k) {
        return k->health.outcome == KAFKA_UP || k->health.outcome == KAFKA_SLOW;
}

/* A credential may have been put right since the client read it. */
static void renew_session(struct kafka_watch *k) {
        if (k->health.outcome != KAFKA_UNKNOWN ||
            usec_sub(agent_now(), k->session_at_usec) < CANNOT_RETRY_USEC)
                return;
        (void) session_end(k, NULL);
}

/* ---- when ---- */

static void pump(struct kafka_watch *k);

static void schedule_next(struct kafka_watch *k) {
        usec_t now = agent_now(), interval = k->settings->interval_usec;

        k->check_due_usec += (usec_sub(now, k->check_due_usec) / interval + 1) * interval;
}

static void on_task_done(struct offload_job *j, void *data) {
        struct task *t = data;
        struct kafka_watch *k = t->watch;

        k->job = offload_job_unref(j);
        if (t->kind == TASK_DEEP) {
                k->deep_due_usec = usec_add(agent_now(), k->settings->deep_interval_usec);
                if (t->deep)
                        take_deep(k, TAKE_PTR(t->deep));
                else
                        tell(k, NULL);
        } else if (t->kind == TASK_LAG)
                take_lag(k, t);
        else if (t->error < 0) {
                schedule_next(k);
                k->check_due_usec = MAX(k->check_due_usec, agent_now() + CANNOT_RETRY_USEC);
                cannot_check(k, t->problem[0] ? t->problem : strerror(-t->error));
        } else {
                schedule_next(k);
                take_facts(k, TAKE_PTR(t->facts));
        }
        renew_session(k);
        pump(k);
}

/* Takes t over. */
static void begin(struct kafka_watch *k, struct task *t) {
        int r = k->session ? 0 : session_begin(k);

        if (r >= 0)
                r = submit(k, t, on_task_done, &k->job);
        else if (t)
                task_free(t);
        k->hung_told = false;
        k->begun_at_usec = agent_now();
        if (r >= 0)
                return;
        schedule_next(k);
        cannot_check(k, strerror(-r));
}

/* Asked while Kafka is down, it would only keep the thread from finding out that it is back. */
static bool deep_is_due(const struct kafka_watch *k, usec_t now_usec) {
        return k->settings->deep && is_well(k) && now_usec >= k->deep_due_usec;
}

/* The worker whose sinks are to be asked for now. Between two checks, which are more often. */
static struct worker *lag_is_due(const struct kafka_watch *k, usec_t now_usec) {
        for (size_t i = 0; is_well(k) && i < k->agent->n_workers; i++) {
                struct worker *w = k->agent->workers[i];
                const struct worker_settings *s = w->settings;
                const struct connectors_view *v;

                if (!s->lag || !s->requires || !streq(s->requires[0], k -> settings -> name) ||
                    now_usec < w->lag_due_usec || !w->connectors)
                        continue;
                v = connectors_watch_view(w->connectors);
                if (v && (v->n_sinks > 0 || w->lag.n > 0))
                        return w;
        }
        return NULL;
}

static usec_t next_due(const struct kafka_watch *k) {
        if (k->job)
                return k->hung_told ? USEC_INFINITY
                                    : k->begun_at_usec + k->settings->timeout_usec + HUNG_USEC;
        return k->settings->deep && is_well(k) ? MIN(k->check_due_usec, k->deep_due_usec)
                                               : k->check_due_usec;
}

static void pump(struct kafka_watch *k) {
        usec_t now = agent_now(), due;
        struct worker *w;

        if (!k->job && now >= k->check_due_usec)
                begin(k, task_new(k, TASK_CHECK));
        else if (!k->job && deep_is_due(k, now))
                begin(k, task_new(k, TASK_DEEP));
        else if (!k->job && (w = lag_is_due(k, now))) {
                w->lag_due_usec = usec_add(now, w->settings->lag_interval_usec);
                begin(k, lag_task_new(k, w));
        }

        due = next_due(k);
        if (due == USEC_INFINITY)
                return;
        (void) sd_event_source_set_time(k->timer, (usec_t) ((int64_t) due - agent_boottime_offset()));
        (void) sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
}

static int on_due(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct kafka_watch *k = userdata;
        usec_t now = agent_now();

        /* What was last found must not pass for what is. */
        if (k->job && now >= next_due(k)) {
                char why[KAFKA_DETAIL_SIZE] = "";

                k->hung_told = true;
                text_append(why, sizeof(why), "a check that began %s ago has not ended",
                            SAY_SPAN(now - k->begun_at_usec));
                cannot_check(k, why);
        }
        pump(k);
        return 0;
}

/* ---- life ---- */

static struct kafka_watch *kafka_watch_free(struct kafka_watch *k, usec_t patience_usec) {
        if (!k)
                return NULL;
        offload_job_unref(k->job);
        offload_free(k->offload, patience_usec);
        sd_event_source_disable_unref(k->timer);
        kafka_deep_free(k->deep);
        kafka_health_done(&k->health);
        free(k);
        return NULL;
}

static int kafka_watch_new(struct agent *a, const struct kafka_settings *s, struct kafka_watch **ret) {
        usec_t accuracy = MIN(s->interval_usec / 100, 250 * USEC_PER_MSEC);
        struct kafka_watch *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return -ENOMEM;
        k->agent = a;
        k->settings = s;
        r = kafka_health_init(&k->health, s, agent_now());
        if (r < 0)
                goto fail;
        r = offload_new(a->event, "kafka", &k->offload);
        if (r < 0)
                goto fail;
        r = sd_event_add_time(a->event, &k->timer, CLOCK_BOOTTIME, 0, accuracy, on_due, k);
        if (r < 0)
                goto fail;
        k->check_due_usec = agent_now();
        *ret = k;
        return 0;

fail:
        kafka_watch_free(k, 0);
        return r;
}

static void on_left(struct offload_job *j _unused_, void *data) {
        struct task *t = data;
        struct kafka_watch *k = t->watch, **at = &k->agent->kafkas_leaving;

        while (*at != k)
                at = &(*at)->next_leaving;
        *at = k->next_leaving;
        kafka_watch_free(k, USEC_PER_SEC);
}

/* Without waiting for what is under way on its thread. */
static void kafka_watch_leave(struct kafka_watch *k) {
        struct agent *a = k->agent;

        k->settings = NULL;
        (void) sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
        if (session_end(k, on_left) < 0) {
                kafka_watch_free(k, 0);
                return;
        }
        k->next_leaving = a->kafkas_leaving;
        a->kafkas_leaving = k;
}

/* One that does not work gets a new client all the same: what it needs may be there now. */
static void kafka_watch_reconfigure(struct kafka_watch *k, const struct kafka_settings *s) {
        bool same = kafka_settings_equal(k->settings, s);
        bool elsewhere = !strv_equal(k->settings->bootstrap, s->bootstrap);

        k->settings = s;
        if (same && is_well(k))
                return;
        if (elsewhere)
                kafka_health_doubt(&k->health, agent_now());
        if (kafka_health_reconfigure(&k->health, s, agent_now()) < 0)
                tell(k, NULL);
        (void) session_end(k, NULL);
        k->deep = kafka_deep_free(k->deep);
        k->deep_due_usec = 0;
        k->check_due_usec = agent_now();
}

struct kafka_watch **kafka_watches_room(const struct settings *s) {
        return calloc(s->n_kafkas + 1, sizeof(struct kafka_watch *));
}

int kafka_watches_apply(struct agent *a, const struct settings *s, struct kafka_watch **room) {
        _cleanup_free_ struct kafka_watch **next = room;
        int r, first_error = 0;
        size_t n = 0;

        for (size_t i = 0; i < s->n_kafkas; i++) {
                struct kafka_watch *k = NULL;

                for (size_t j = 0; j < a->n_kafkas && !k; j++)
                        if (a->kafkas[j] && streq(a->kafkas[j]->settings->name, s->kafkas[i]->name))
                                k = TAKE_PTR(a->kafkas[j]);
                if (k)
                        kafka_watch_reconfigure(k, s->kafkas[i]);
                else {
                        r = kafka_watch_new(a, s->kafkas[i], &k);
                        if (r < 0) {
                                first_error = first_error ? first_error : r;
                                continue;
                        }
                }
                next[n++] = k;
        }
        for (size_t i = 0; i < a->n_kafkas; i++)
                if (a->kafkas[i])
                        kafka_watch_leave(a->kafkas[i]);
        free(a->kafkas);
        a->kafkas = TAKE_PTR(next);
        a->n_kafkas = n;
        for (size_t i = 0; i < n; i++)
                pump(a->kafkas[i]);
        return first_error;
}

void kafka_watches_free(struct agent *a, usec_t patience_usec) {
        usec_t until = usec_add(agent_now(), patience_usec);
        bool drained;

        for (size_t i = 0; i < a->n_kafkas; i++)
                kafka_watch_leave(a->kafkas[i]);
        free(a->kafkas);
        a->kafkas = NULL;
        a->n_kafkas = 0;
        while (a->kafkas_leaving) {
                struct kafka_watch *k = a->kafkas_leaving;

                a->kafkas_leaving = k->next_leaving;
                drained = offload_drain(k->offload, usec_sub(until, agent_now()));
                kafka_watch_free(k, drained ? USEC_PER_SEC : 0);
        }
}

/* ---- for others ---- */

const struct kafka_health *kafka_watch_health(const struct agent *a, const char *name) {
        for (size_t i = 0; i < a->n_kafkas; i++)
                if (streq(a->kafkas[i]->settings->name, name))
                        return &a->kafkas[i]->health;
        return NULL;
}

void kafka_watch_snapshot(const struct kafka_watch *k, struct kafka_snapshot *ret) {
        *ret = (struct kafka_snapshot) {
                .settings = k->settings,
                .health = &k->health,
                .deep = k->deep,
                .deep_at_usec = k->deep_at_usec,
        };
}

void kafka_watches_status(const struct agent *a, char *buf, size_t size) {
        for (size_t i = 0; i < a->n_kafkas; i++) {
                const struct kafka_health *h = &a->kafkas[i]->health;

                if (h->outcome != KAFKA_UP && h->checked_at_usec > 0)
                        text_append(buf, size, "; Kafka %s is %s", a->kafkas[i]->settings->name,
                                    h->outcome == KAFKA_UNKNOWN ? "not to be judged"
                                                                : kafka_outcome_to_string(h->outcome));
        }
}
