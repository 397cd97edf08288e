/* Gathers the evidence: the unit before and after, and in between SIGQUIT twice to a JVM that survives
 * it. Decides nothing; what cannot be had is said and is no error. */
#include "act/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "act/evidence_text.h"
#include "act/unit_journal.h"
#include "observe/kind.h"
#include "util/clock.h"
#include "util/offload.h"

#define SLACK (5 * USEC_PER_SEC)
#define JOURNAL_PATIENCE (3 * USEC_PER_SEC)
#define IDLE_THREAD_PATIENCE (50 * USEC_PER_MSEC)
#define DUMPS 2
#define TICK_THREAD_LINES 24
#define UNIT_NAME_SIZE 256

struct journal_job {
        struct evidence *evidence; /* the loop's alone */
        char unit[UNIT_NAME_SIZE];
        struct unit_journal_query query;
        struct thread_dumps dumps;
        usec_t log_before_realtime;
        char *log;
        int error;
};

struct evidence {
        sd_event *event;
        struct unit_watch *unit;
        const struct worker_settings *worker;
        bool signals;
        evidence_done_t done;
        void *userdata;

        sd_event_source *bound; /* however things hang, then it ends */
        sd_event_source *interval;
        sd_event_source *deliver;
        struct unit_call *call;
        struct offload *offload;
        struct offload_job *job;

        unsigned n_signals;
        usec_t first_signal_realtime;
        struct surroundings_read before, after;
        struct thread_dumps dumps;
        char why_no_dump[256];
        char *unit_log;
};

/* ---- the end ---- */

static void stop_all(struct evidence *e) {
        e->bound = sd_event_source_disable_unref(e->bound);
        e->interval = sd_event_source_disable_unref(e->interval);
        e->call = unit_call_unref(e->call);
        /* A journal that hangs keeps its thread, not us; one that has been read has nothing left to do. */
        e->offload = offload_free(e->offload, e->job ? 0 : IDLE_THREAD_PATIENCE);
        e->job = offload_job_unref(e->job);
}

static int on_deliver(_unused_ sd_event_source *source, void *userdata) {
        struct evidence *e = userdata;
        _cleanup_free_ char *summary = NULL, *tick_thread = NULL, *text = e->dumps.text;
        struct evidence_result r;

        summary = evidence_summary(e->worker->kind->jvm ? "JVM" : "process", &e->before.unit,
                                   e->before.at_usec, e->after.unit.known ? &e->after.unit : NULL,
                                   e->after.at_usec, e->dumps.n_lines);
        if (text)
                tick_thread = evidence_tick_thread(text, TICK_THREAD_LINES);
        r = (struct evidence_result) {
                .text = text,
                .summary = summary,
                .tick_thread = tick_thread,
                .why_no_dump = !text && e->why_no_dump[0] != '\0' ? e->why_no_dump : NULL,
                .unit_log = e->unit_log,
        };
        e->dumps.text = NULL;
        /* The last thing: e may be gone afterwards. */
        e->done(e, &r, e->userdata);
        return 0;
}

static void finish(struct evidence *e) {
        stop_all(e);
        if (!e->deliver)
                (void) sd_event_add_defer(e->event, &e->deliver, on_deliver, e);
}

static void explain(struct evidence *e, const char *format, ...) _printf_(2, 3);
static void explain(struct evidence *e, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(e->why_no_dump, sizeof(e->why_no_dump), format, ap);
        va_end(ap);
}

static int on_bound(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        struct evidence *e = userdata;

        if (e->worker->thread_dump && !e->dumps.text)
                explain(e, "the thread dump could not be had in time");
        finish(e);
        return 0;
}

/* ---- the unit afterwards ---- */

static void on_after(_unused_ struct unit_call *c,
                     int error,
                     const struct surroundings_read *r,
                     void *userdata) {
        struct evidence *e = userdata;

        if (error >= 0)
                e->after = *r;
        finish(e);
}

static void look_again(struct evidence *e) {
        e->call = unit_call_unref(e->call);
        if (unit_read_surroundings(e->unit, on_after, e, &e->call) < 0)
                finish(e);
}

/* ---- the journal ---- */

static void journal_job_free(void *data) {
        struct journal_job *j = data;

        thread_dumps_done(&j->dumps);
        free(j->log);
        free(j);
}

/* NULL when out of memory. */
static struct journal_job *journal_job_new(struct evidence *e) {
        struct journal_job *j = calloc(1, sizeof(*j));

        if (j) {
                j->evidence = e;
                (void) snprintf(j->unit, sizeof(j->unit), "%s", unit_watch_id(e->unit));
        }
        return j;
}

/* j is taken over. Returns 0 or a negative errno. */
static int read_journal(struct evidence *e,
                        struct journal_job *j,
                        offload_work_t work,
                        offload_done_t done) {
        int r = e->offload ? 0 : offload_new(e->event, "evidence", &e->offload);

        if (r < 0) {
                journal_job_free(j);
                return r;
        }
        return offload_submit(e->offload, work, done, journal_job_free, j, &e->job);
}

static void read_dumps_of_unit(void *data) {
        struct journal_job *j = data;

        j->error = unit_journal_read_dumps(&j->query, &j->dumps);
}

/* ---- the unit's last lines, from before we made it write more ---- */

static void end_gathering(struct evidence *e) {
        if (e->n_signals > 0)
                look_again(e);
        else
                finish(e);
}

static void read_log_of_unit(void *data) {
        struct journal_job *j = data;

        /* Without them the rest is still worth having. */
        (void) unit_journal_read_last(j->unit, j->log_before_realtime, &j->log);
}

static void on_log_read(_unused_ struct offload_job *job, void *data) {
        struct journal_job *j = data;
        struct evidence *e = j->evidence;

        e->job = offload_job_unref(e->job);
        e->unit_log = TAKE_PTR(j->log);
        end_gathering(e);
}

static void read_log(struct evidence *e) {
        struct journal_job *j = journal_job_new(e);

        if (j)
                j->log_before_realtime =
                        e->n_signals > 0 ? e->first_signal_realtime : clock_now(CLOCK_REALTIME);
        if (!j || read_journal(e, j, read_log_of_unit, on_log_read) < 0)
                end_gathering(e);
}

/* ---- the thread dumps ---- */

static void on_dumps_read(_unused_ struct offload_job *job, void *data) {
        struct journal_job *j = data;
        struct evidence *e = j->evidence;

        e->job = offload_job_unref(e->job);
        e->dumps = j->dumps;
        j->dumps = (struct thread_dumps) { 0 };
        if (!e->dumps.text && j->error < 0)
                explain(e, "the unit's journal could not be read: %s", strerror(-j->error));
        else if (!e->dumps.text)
                explain(e, "no thread dump appeared in the unit's journal (is the agent in group "
                           "systemd-journal, and does"
                           " the unit log there?)");
        read_log(e);
}

static int begin_dumps(struct evidence *e) {
        struct journal_job *j = journal_job_new(e);

        if (!j)
                return -ENOMEM;
        j->query = (struct unit_journal_query) {
                .unit = j->unit,
                .pid = e->before.unit.main_pid,
                .since_realtime_usec = e->first_signal_realtime,
                .patience_usec = JOURNAL_PATIENCE,
                .dumps_expected = e->n_signals,
        };
        return read_journal(e, j, read_dumps_of_unit, on_dumps_read);
}

static void read_dumps(struct evidence *e) {
        int r = begin_dumps(e);

        if (r >= 0)
                return;
        explain(e, "the unit's journal could not be read: %s", strerror(-r));
        read_log(e);
}

/* ---- the signals ---- */

/* /proc/PID/status. */
static int read_proc_status(uint32_t pid, char *buf, size_t size) {
        _cleanup_close_ int fd = -1;
        char path[32];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/status", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        n = read(fd, buf, size - 1);
        if (n < 0)
                return -errno;
        buf[n] = '\0';
        return 0;
}

static void send_signal(struct evidence *e);

/* What was asked for already is worth reading. */
static void stop_signalling(struct evidence *e) {
        if (e->n_signals > 0)
                read_dumps(e);
        else
                read_log(e);
}

static int on_interval(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        send_signal(userdata);
        return 0;
}

static void on_signalled(_unused_ struct unit_call *c, const struct unit_call_report *r, void *userdata) {
        struct evidence *e = userdata;

        e->call = unit_call_unref(e->call);
        if (r->result != UNIT_CALL_DONE) {
                explain(e, "SIGQUIT could not be sent: %s", r->detail);
                stop_signalling(e);
                return;
        }
        e->n_signals++;
        if (e->n_signals == DUMPS ||
            sd_event_add_time_relative(e->event, &e->interval, CLOCK_MONOTONIC,
                                       e->worker->thread_dump_interval_usec, 1, on_interval, e) < 0)
                read_dumps(e);
}

/* Right before each signal: is it the same process still, and does it survive SIGQUIT? */
static void send_signal(struct evidence *e) {
        const struct unit_view *now = unit_watch_view(e->unit);
        uint32_t pid = e->before.unit.main_pid;
        char status[8192];
        int r;

        if (!now->known || now->main_pid != pid) {
                explain(e, "the main process changed meanwhile");
                stop_signalling(e);
                return;
        }
        r = read_proc_status(pid, status, sizeof(status));
        if (r < 0) {
                explain(e,
                        "process %" PRIu32
                        " cannot be looked at (%s; ProtectProc= may hide it), and SIGQUIT might end it",
                        pid, strerror(-r));
                stop_signalling(e);
                return;
        }
        if (evidence_is_stopped(status)) {
                explain(e, "process %" PRIu32 " is stopped (SIGSTOP, or a debugger)", pid);
                stop_signalling(e);
                return;
        }
        if (!evidence_catches_sigquit(status)) {
                explain(e,
                        "process %" PRIu32
                        " does not catch SIGQUIT (java -Xrs, or a script around it) and would die of it",
                        pid);
                stop_signalling(e);
                return;
        }
        if (e->n_signals == 0)
                e->first_signal_realtime = clock_now(CLOCK_REALTIME);
        if (unit_kill_main(e->unit, SIGQUIT, on_signalled, e, &e->call) < 0) {
                explain(e, "SIGQUIT could not be sent: there is no systemd to send it");
                stop_signalling(e);
        }
}

/* Returns whether a thread dump is to be had; else says why not, where one was asked for. */
static bool wants_dump(struct evidence *e) {
        if (!e->worker->thread_dump)
                return false;
        if (!e->worker->kind->jvm)
                explain(e, "a worker of kind %s is no JVM", e->worker->kind->name);
        else if (!e->signals)
                explain(e, "no signal is sent while only observing");
        else if (!e->before.unit.known || e->before.unit.main_pid == 0)
                explain(e, "the unit has no main process");
        else
                return true;
        return false;
}

static void on_before(_unused_ struct unit_call *c,
                      int error,
                      const struct surroundings_read *r,
                      void *userdata) {
        struct evidence *e = userdata;

        e->call = unit_call_unref(e->call);
        if (error >= 0)
                e->before = *r;
        if (wants_dump(e))
                send_signal(e);
        else
                read_log(e);
}

int evidence_gather(sd_event *event,
                    struct unit_watch *unit,
                    const struct worker_settings *w,
                    bool signals,
                    evidence_done_t done,
                    void *userdata,
                    struct evidence **ret) {
        _cleanup_(evidence_freep) struct evidence *e = NULL;
        int r;

        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->event = sd_event_ref(event);
        e->unit = unit;
        e->worker = w;
        e->signals = signals;
        e->done = done;
        e->userdata = userdata;
        e->before.unit = *unit_watch_view(unit);
        r = sd_event_add_time_relative(
                event, &e->bound, CLOCK_MONOTONIC,
                usec_add(usec_add(w->thread_dump_interval_usec, w->thread_dump_interval_usec), SLACK),
                USEC_PER_MSEC, on_bound, e);
        if (r < 0)
                return r;
        r = unit_read_surroundings(unit, on_before, e, &e->call);
        if (r < 0) {
                /* No bus: what was last seen must do. */
                (void) wants_dump(e);
                finish(e);
        }
        *ret = TAKE_PTR(e);
        return 0;
}

struct evidence *evidence_free(struct evidence *e) {
        if (!e)
                return NULL;
        stop_all(e);
        e->deliver = sd_event_source_disable_unref(e->deliver);
        thread_dumps_done(&e->dumps);
        free(e->unit_log);
        sd_event_unref(e->event);
        free(e);
        return NULL;
}
