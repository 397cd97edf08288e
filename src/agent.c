/* The one place that knows everything: start, reload, sd_notify's timers, the end. What happens to one
 * worker stands in worker.c, what is kept of all of them in agent_ledger.c. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "agent.h"
#include "intent.h"
#include "kafka_watch.h"
#include "operator.h"
#include "pause.h"
#include "report/http/server.h"
#include "report/notify.h"
#include "report/status_line.h"
#include "report/words.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/text.h"
#include "worker.h"

/* Up to so many workers are introduced one by one. */
#define WORKERS_INTRODUCED 20

/* So long the end waits for checks of Kafka that are under way. */
#define KAFKA_PATIENCE_USEC (2 * USEC_PER_SEC)

/* ---- time ---- */

int64_t agent_boottime_offset(void) {
        static int64_t offset;

        if (offset == 0)
                offset = (int64_t) clock_now(CLOCK_REALTIME) - (int64_t) clock_now(CLOCK_BOOTTIME);
        return offset;
}

usec_t agent_now(void) {
        return (usec_t) ((int64_t) clock_now(CLOCK_BOOTTIME) + agent_boottime_offset());
}

int64_t agent_clock_offset(void) {
        int64_t offset = (int64_t) clock_now(CLOCK_REALTIME) - (int64_t) agent_now(),
                half = USEC_PER_MSEC / 2;

        /* Rounded: that one clock is read after the other must not move what was. */
        return (offset + (offset < 0 ? -half : half)) / (int64_t) USEC_PER_MSEC * (int64_t) USEC_PER_MSEC;
}

bool agent_dry_run(const struct agent *a) {
        return a->options->dry_run || a->settings->agent.dry_run;
}

/* ---- sd_notify ---- */

static void send_status(struct agent *a) {
        _cleanup_free_ struct status_item *items = calloc(a->n_workers + 1, sizeof(*items));
        char line[512], status[640] = "";

        if (!items)
                return;
        for (size_t i = 0; i < a->n_workers; i++)
                items[i] = worker_status(a->workers[i]);
        if (a->config_rejected)
                text_append(status, sizeof(status), "the configuration on disk was rejected; as before: ");
        text_append(status, sizeof(status), "%s",
                    status_line(items, a->n_workers, agent_now(), line, sizeof(line)));
        kafka_watches_status(a, status, sizeof(status));
        notify_status(status);
}

static int on_status_due(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        send_status(userdata);
        return 0;
}

void agent_status_changed(struct agent *a) {
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_get_enabled(a->status_source, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(a->status_source, 200 * USEC_PER_MSEC);
        (void) sd_event_source_set_enabled(a->status_source, SD_EVENT_ONESHOT);
}

void agent_polled(struct agent *a) {
        if (a->ready)
                return;
        for (size_t i = 0; i < a->n_workers; i++)
                if (!a->workers[i]->polled_first)
                        return;
        a->ready = true;
        notify_ready(NULL);
        send_status(a);
}

const struct worker *agent_overdue(const struct agent *a) {
        for (size_t i = 0; i < a->n_workers; i++)
                if (worker_overdue(a->workers[i], agent_now()))
                        return a->workers[i];
        return NULL;
}

static int on_watchdog(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        if (!agent_overdue(userdata))
                notify_watchdog();

        (void) sd_event_source_set_time_relative(source, notify_watchdog_interval());
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static int add_timers(struct agent *a) {
        int r;

        r = sd_event_add_time_relative(a->event, &a->status_source, CLOCK_BOOTTIME, 0, 100 * USEC_PER_MSEC,
                                       on_status_due, a);
        if (r < 0)
                return r;
        if (notify_watchdog_interval() == 0)
                return 0;
        return sd_event_add_time_relative(a->event, &a->watchdog_source, CLOCK_MONOTONIC, 0, 1, on_watchdog,
                                          a);
}

/* ---- workers ---- */

static void append_when_restarted(char *buf, size_t size, const struct worker_settings *s, bool dry_run) {
        text_append(buf, size, "%s %s after %u failing polls over %s",
                    dry_run ? "would restart" : "restarts", s->unit, s->failures, SAY_SPAN(s->sustain_usec));
        if (!s->requires && !s->kind->needs_kafka && s->sustain_kafka_usec <= s->sustain_usec)
                return;
        if (!s->requires) {
                text_append(buf, size, " without an answer, or over %s of answered errors%s",
                            SAY_SPAN(MAX(s->sustain_kafka_usec, s->sustain_usec)),
                            s->kind->needs_kafka ? " (Kafka may be their cause)" : "");
                return;
        }
        text_append(buf, size, " while Kafka ");
        STRV_FOREACH (name, s->requires)
                text_append(buf, size, "%s%s", name == s->requires ? "" : " and ", *name);
        text_append(buf, size, " %s up; never while %s down, or nobody can tell",
                    s->requires[1] ? "are" : "is", s->requires[1] ? "one of them is" : "it is");
}

/* Told at first, and again when a reload changed it. */
static void introduce(struct worker *w) {
        const struct worker_settings *s = w->settings;
        char how[1024] = "", where[WORKER_WHERE_SIZE];
        uint64_t checksum;

        text_append(how, sizeof(how), "watching %s every %s; ", worker_where(s, where, sizeof(where)),
                    SAY_SPAN(s->interval_usec));
        if (!s->unit)
                text_append(how, sizeof(how), "no unit is named, so this can only alert");
        else if (s->action != ACTION_RESTART)
                text_append(how, sizeof(how), "action = alert: %s is never restarted", s->unit);
        else
                append_when_restarted(how, sizeof(how), s, agent_dry_run(w->agent));

        if (s->connectors && s->connector_restart && s->action == ACTION_RESTART)
                text_append(how, sizeof(how), "; %s what fails of the connectors on %s",
                            agent_dry_run(w->agent) ? "would restart" : "restarts", strempty(s->worker_id));

        checksum = hash_bytes(HASH_BASIS, how, strlen(how));
        if (checksum == w->introduced)
                return;
        w->introduced = checksum;
        worker_tell(w, worker_event(w, EVENT_WATCHING, "%s", how));
}

struct worker *agent_find_worker(const struct agent *a, const char *name) {
        for (size_t i = 0; i < a->n_workers; i++)
                if (streq(a->workers[i]->settings->name, name))
                        return a->workers[i];
        return NULL;
}

static void tell_nothing_watched(struct agent *a) {
        if (a->n_workers == 0)
                reporter_tell(
                        a->reporter,
                        event_new(
                                EVENT_NO_WORKER,
                                "no worker configured; see connect-watchdog.conf(5) (nothing is watched "
                                "until a [worker NAME] section stands in %s, or in conf.d/*.conf beside it)",
                                a->options->config.file ? a->options->config.file : CONFIG_DEFAULT_FILE));
}

static int first_error(int a, int b) {
        return a < 0 ? a : b;
}

/* Makes the workers those of the settings: known ones go on, new ones begin, the rest leave. room: for one
 * more than there will be; taken over. */
static int apply_workers(struct agent *a, struct settings *settings, struct worker **room) {
        _cleanup_free_ struct worker **next = room;
        int r, error = 0;

        pauses_follow(a, settings);
        /* All first, for units may change places. */
        for (size_t i = 0; i < a->n_workers; i++) {
                struct worker *w = a->workers[i];
                const struct worker_settings *s = settings_find_worker(settings, w->settings->name);

                if (!s || !streq_ptr(s->unit, w->settings->unit))
                        agent_keep_history(a, w);
                if (!s)
                        a->workers[i] = worker_free(w);
        }

        size_t n = 0, n_before = a->n_workers;
        struct worker **before = TAKE_PTR(a->workers);
        a->n_workers = 0;
        for (size_t i = 0; i < settings->n_workers; i++) {
                struct worker_settings *s = settings->workers[i];
                struct worker *w = NULL;

                for (size_t j = 0; j < n_before && !w; j++)
                        if (before[j] && streq(before[j]->settings->name, s->name))
                                w = TAKE_PTR(before[j]);
                r = w ? worker_reconfigure(w, s) : worker_new(a, s, &w);
                if (r < 0)
                        error = first_error(error, r);
                if (w)
                        next[n++] = w;
        }
        free(before);
        a->workers = TAKE_PTR(next);
        a->n_workers = n;
        return error;
}

/* One that cannot be started keeps no other from it. */
static int start_workers(struct agent *a) {
        int r, error = 0;

        for (size_t i = 0; i < a->n_workers; i++) {
                if (a->n_workers <= WORKERS_INTRODUCED)
                        introduce(a->workers[i]);
                if (!a->workers[i]->poll_source) {
                        r = worker_start(a->workers[i]);
                        if (r < 0) {
                                error = first_error(error, r);
                                continue;
                        }
                }
                worker_dependency_changed(a->workers[i]);
        }
        tell_nothing_watched(a);
        agent_polled(a);
        agent_observed(a);
        return error;
}

static void on_bus_changed(struct systemd *s _unused_, bool connected, const char *why, void *userdata) {
        struct agent *a = userdata;
        bool acts = false;

        for (size_t i = 0; i < a->n_workers; i++)
                acts = acts || a->workers[i]->settings->unit;
        if (acts && !connected)
                reporter_tell(a->reporter, event_new(EVENT_CANNOT_ACT,
                                                     "watching only, nothing can be restarted: %s", why));
        else if (acts && a->bus_known) {
                struct event *e = event_new(EVENT_CANNOT_ACT, "systemd can be reached again");
                if (e)
                        e->priority = LOG_NOTICE;
                reporter_tell(a->reporter, e);
        }
        a->bus_known = true;
        for (size_t i = 0; i < a->n_workers; i++)
                worker_bus_changed(a->workers[i]);
}

/* ---- configuration ---- */

static void tell_lines(struct agent *a, enum event_type type, char *const *lines) {
        STRV_FOREACH (line, lines)
                reporter_tell(a->reporter, event_new(type, "%s", *line));
}

/* Returns 0 and the settings; -EBADMSG when they were rejected, which has been told. */
static int load_settings(struct agent *a, bool running, struct settings **ret) {
        struct config_errors errors = {};
        int r;

        r = config_load(&a->options->config, ret, &errors);
        if (r == -EBADMSG) {
                tell_lines(a, EVENT_CONFIG_REJECTED, errors.lines);
                reporter_tell(a->reporter,
                              event_new(EVENT_CONFIG_REJECTED, "%zu error%s in the configuration: %s",
                                        errors.n_errors, errors.n_errors == 1 ? "" : "s",
                                        running ? "the one before stays in force" : "not starting"));
        } else
                tell_lines(a, EVENT_CONFIG_WARNING, errors.warnings);
        config_errors_done(&errors);
        return r;
}

static void take_agent_settings(struct agent *a) {
        reporter_set_level(a->reporter, a->settings->agent.log_level);
        (void) reporter_set_hostname(a->reporter, a->settings->agent.hostname);
        reporter_set_history(a->reporter, a->settings->agent.history_usec);
}

#define DROPPED_NAMED 5

/* "; no longer watched: a, b, c, d, e and 3 more", or nothing. */
static void append_dropped(char *buf,
                           size_t size,
                           const struct settings *before,
                           const struct settings *now) {
        size_t n = 0;

        for (size_t i = 0; i < before->n_workers; i++) {
                const char *name = before->workers[i]->name;

                if (!settings_find_worker(now, name) && n++ < DROPPED_NAMED)
                        text_append(buf, size, "%s%s", n == 1 ? "; no longer watched: " : ", ", name);
        }
        if (n > DROPPED_NAMED)
                text_append(buf, size, " and %zu more", n - DROPPED_NAMED);
}

/* What cannot be done of it keeps nothing else from being done: whoever is configured is watched. Only where
 * there is no memory to begin with all stays as it was. */
static int take_settings(struct agent *a, struct settings *fresh) {
        struct worker **workers = calloc(fresh->n_workers + 1, sizeof(struct worker *));
        struct kafka_watch **kafkas = kafka_watches_room(fresh);
        struct notifier **notifiers = agent_notify_room(fresh);
        struct settings *old = a->settings;
        char dropped[512] = "";
        int r;

        if (!workers || !kafkas || !notifiers) {
                free(notifiers);
                free(workers);
                free(kafkas);
                settings_free(fresh);
                return -ENOMEM;
        }
        a->settings = fresh;
        take_agent_settings(a);
        append_dropped(dropped, sizeof(dropped), old, fresh);
        r = agent_notify_apply(a, fresh, notifiers);
        r = first_error(r, kafka_watches_apply(a, fresh, kafkas));
        r = first_error(r, apply_workers(a, fresh, workers));
        settings_free(old);
        agent_http_reconfigure(a);
        reporter_tell(a->reporter, event_new(EVENT_CONFIG_RELOADED, "configuration reloaded: %zu worker%s%s",
                                             a->n_workers, a->n_workers == 1 ? "" : "s", dropped));
        return first_error(r, start_workers(a));
}

static void reload(struct agent *a) {
        struct settings *fresh = NULL;
        int r;

        if (a->ready)
                notify_reloading();
        r = load_settings(a, true, &fresh);
        a->config_rejected = r < 0;
        if (r >= 0)
                r = take_settings(a, fresh);
        if (r < 0 && r != -EBADMSG)
                reporter_tell(a->reporter,
                              event_new(EVENT_INTERNAL_ERROR, "reload failed: %s", strerror(-r)));
        agent_history_changed(a);
        if (a->ready)
                notify_ready(NULL);
        send_status(a);
}

/* ---- life ---- */

/* Nothing is polled, restarted or served any more. */
static void stop_watching(struct agent *a) {
        for (size_t i = 0; a->workers && i < a->n_workers; i++)
                if (health_suspend(&a->workers[i]->health, &a->workers[i]->history))
                        a->ledger_dirty = true;
        /* What changed in the last round has had no turn yet. */
        if (a->ledger_dirty && a->workers)
                (void) agent_save_ledger(a, NULL, NULL);
        for (size_t i = 0; a->workers && i < a->n_workers; i++)
                worker_free(a->workers[i]);
        free(TAKE_PTR(a->workers));
        a->n_workers = 0;
        a->http_server = http_server_free(a->http_server);
        a->control = http_server_free(a->control);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct agent *a = userdata;

        if (a->stopping)
                return si->ssi_signo == SIGHUP ? 0 : sd_event_exit(sd_event_source_get_event(source), 0);
        if (si->ssi_signo == SIGHUP) {
                reload(a);
                return 0;
        }
        a->stopping = true;
        notify_stopping();
        reporter_tell(a->reporter,
                      event_new(EVENT_AGENT_STOPPING, "stopping; what is watched goes on unwatched"));
        if (agent_notify_finish(a))
                return sd_event_exit(sd_event_source_get_event(source), 0);
        stop_watching(a);
        return 0;
}

static int add_signals(struct agent *a) {
        static const int signals[] = { SIGHUP, SIGTERM, SIGINT };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                r = sd_event_add_signal(a->event, NULL, signals[i], on_signal, a);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void agent_done(struct agent *a) {
        stop_watching(a);
        agent_notify_free(a);
        kafka_watches_free(a, KAFKA_PATIENCE_USEC);
        http_client_free(a->http);
        systemd_free(a->systemd);
        if (a->ledger)
                ledger_flush(a->ledger, 2 * USEC_PER_SEC);
        ledger_free(a->ledger);
        intents_free(a);
        operator_orders_free(a);
        pauses_free(a);
        ledger_entries_free(a->absent, a->n_absent);
        sd_event_source_disable_unref(a->ledger_source);
        sd_event_source_disable_unref(a->status_source);
        sd_event_source_disable_unref(a->watchdog_source);
        settings_free(a->settings);
        reporter_free(a->reporter);
        sd_event_unref(a->event);
}

static int set_up(struct agent *a) {
        _cleanup_free_ struct kafka_watch **kafkas = NULL;
        _cleanup_free_ struct worker **workers = NULL;
        struct notifier **notifiers;
        int r;

        r = add_signals(a);
        if (r < 0)
                return r;
        r = add_timers(a);
        if (r < 0)
                return r;
        r = http_client_new(a->event, &a->http);
        if (r < 0)
                return r;
        notifiers = agent_notify_room(a->settings);
        r = notifiers ? agent_notify_apply(a, a->settings, notifiers) : -ENOMEM;
        if (r < 0)
                return r;
        r = agent_open_ledger(a);
        if (r < 0)
                return r;
        agent_http_start(a);
        agent_control_start(a);
        if (!a->options->config.compat) {
                r = systemd_new(a->event, agent_now, on_bus_changed, a, &a->systemd);
                if (r < 0)
                        return r;
        }
        workers = calloc(a->settings->n_workers + 1, sizeof(struct worker *));
        kafkas = kafka_watches_room(a->settings);
        if (!workers || !kafkas)
                return -ENOMEM;
        r = kafka_watches_apply(a, a->settings, TAKE_PTR(kafkas));
        if (r < 0)
                return r;
        r = apply_workers(a, a->settings, TAKE_PTR(workers));
        if (r < 0)
                return r;
        reporter_tell(a->reporter,
                      event_new(EVENT_AGENT_STARTED,
                                "connect-watchdog " PROJECT_VERSION " started: %zu worker%s%s%s",
                                a->n_workers, a->n_workers == 1 ? "" : "s",
                                agent_dry_run(a) ? ", dry run: nothing is restarted" : "",
                                a->http_addresses));
        a->started = true;
        r = pauses_resume(a);
        return r < 0 ? r : start_workers(a);
}

int agent_run(const struct agent_options *options) {
        _cleanup_(agent_done) struct agent a = { .options = options, .started_at_usec = agent_now() };
        sigset_t handled;
        int r;

        /* What is large is short-lived (an answer, the ledger's text): back to the kernel with it. */
        (void) mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        /* Before any thread is begun: each inherits the mask. */
        (void) sigemptyset(&handled);
        (void) sigaddset(&handled, SIGHUP);
        (void) sigaddset(&handled, SIGTERM);
        (void) sigaddset(&handled, SIGINT);
        (void) sigaddset(&handled, SIGCHLD); /* of commands that are told of events */
        (void) sigprocmask(SIG_BLOCK, &handled, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        if (getrandom(&a.incident_seed, sizeof(a.incident_seed), GRND_NONBLOCK) < 0)
                a.incident_seed = agent_now();

        r = reporter_new(REPORTER_AUTO, LOG_INFO, &a.reporter);
        if (r >= 0 && options->state_directory)
                r = reporter_keep_incidents(a.reporter, options->state_directory);
        if (r < 0)
                return EXIT_FAILURE;
        r = load_settings(&a, false, &a.settings);
        if (r == -EBADMSG)
                return EXIT_CONFIG;
        if (r >= 0) {
                take_agent_settings(&a);
                r = sd_event_new(&a.event);
        }
        if (r >= 0)
                r = set_up(&a);
        if (r >= 0)
                r = sd_event_loop(a.event);
        if (r < 0) {
                reporter_tell(a.reporter, event_new(EVENT_INTERNAL_ERROR, "cannot go on: %s", strerror(-r)));
                return EXIT_FAILURE;
        }
        return r;
}
