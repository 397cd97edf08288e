/* The queue between the loop, which must never wait, and the thread that writes events to wherever they
 * go, which may. It must not know what an event means. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <syslog.h>
#include <time.h>

#include "report/incident_log.h"
#include "report/reporter_internal.h"
#include "util/clock.h"
#include "util/text.h"

struct entry {
        struct entry *next;
        struct event *event;
        usec_t realtime_usec;
        size_t bytes;
        uint64_t lost_before; /* so many did not fit in just before this one */
        bool quiet;           /* above the level: kept, and not told */
};

struct reporter {
        pthread_t thread;
        pthread_mutex_t mutex;   /* guards all below */
        pthread_cond_t wake;     /* there is work for the thread */
        pthread_cond_t finished; /* the thread is at its end */

        struct entry *first, *last;
        size_t n_entries;
        size_t n_bytes;
        uint64_t lost; /* since the last entry that fitted */
        int max_level;
        usec_t history_usec; /* how long incidents are kept */
        bool stopping;
        bool ended;
        bool abandoned; /* the thread owns everything now, and is to write nothing any more */

        char *hostname; /* the loop's alone, as are these two */
        reporter_listener_t listener;
        void *listener_userdata;

        reporter_write_t write; /* these two never change */
        void *userdata;
        struct incident_log *incidents; /* the thread's, once it has begun to tell; NULL: none are kept */
};

static usec_t realtime_now(void) {
        return clock_now(CLOCK_REALTIME);
}

static struct entry *entry_free(struct entry *n) {
        if (!n)
                return NULL;

        event_free(n->event);
        free(n);
        return NULL;
}
DEFINE_CLEANUP(struct entry *, entry_free)

static size_t event_size(const struct event *e) {
        size_t n = sizeof(struct entry) + sizeof(struct event) + strlen(e->message) +
                   strlen(strempty(e->stage));

        STRV_FOREACH (f, e->fields)
                n += strlen(*f) + 1;

        return n;
}

static struct reporter *reporter_destroy(struct reporter *r) {
        while (r->first) {
                struct entry *n = r->first;

                r->first = n->next;
                entry_free(n);
        }

        (void) pthread_cond_destroy(&r->wake);
        (void) pthread_cond_destroy(&r->finished);
        (void) pthread_mutex_destroy(&r->mutex);
        free(r->hostname);
        incident_log_free(r->incidents);
        free(r);
        return NULL;
}

/* ---- on the thread ---- */

struct work {
        struct entry *entry; /* NULL: none */
        uint64_t lost;       /* to be told before it */
        bool tell_lost;      /* the level lets that through, and what else is a warning of our own */
        usec_t history_usec;
        bool end;
        bool abandoned;
};

static struct work reporter_next(struct reporter *r) {
        struct work w = { 0 };

        (void) pthread_mutex_lock(&r->mutex);

        while (!r->first && r->lost == 0 && !r->stopping && !r->abandoned)
                (void) pthread_cond_wait(&r->wake, &r->mutex);

        w.abandoned = r->abandoned;
        w.history_usec = r->history_usec;
        w.tell_lost = r->max_level >= event_info(EVENT_JOURNAL_LOST)->priority;
        if (w.abandoned)
                w.end = true;
        else if (r->first) {
                w.entry = r->first;
                w.lost = w.entry->lost_before;
                r->first = w.entry->next;
                if (!r->first)
                        r->last = NULL;
                r->n_entries--;
                r->n_bytes -= w.entry->bytes;
        } else if (r->lost > 0) {
                w.lost = r->lost;
                r->lost = 0;
        } else
                w.end = true;

        if (w.end && !w.abandoned) {
                r->ended = true;
                (void) pthread_cond_signal(&r->finished);
        }

        (void) pthread_mutex_unlock(&r->mutex);
        return w;
}

/* Returns how many are still to be told. */
static uint64_t tell_lost(struct reporter *r, uint64_t lost) {
        _cleanup_(event_freep) struct event *e = NULL;

        e = event_new(
                EVENT_JOURNAL_LOST, "%llu log entr%s lost here: what reads the log did not take %s in time",
                (unsigned long long) lost, lost == 1 ? "y was" : "ies were", lost == 1 ? "it" : "them");
        if (!e || event_field(e, "LOST", "%llu", (unsigned long long) lost) < 0)
                return lost;

        return r->write(r->userdata, e, realtime_now()) < 0 ? lost : 0;
}

/* That it fails is told once, until it works again. */
static void keep(struct reporter *r, const struct entry *entry, const struct work *w, bool *failed) {
        _cleanup_(event_freep) struct event *e = NULL;
        int error;

        error = incident_log_write(r->incidents, entry->event, w->history_usec, entry->realtime_usec);
        if (error < 0 && !*failed && w->tell_lost) {
                e = event_new(EVENT_HISTORY_UNWRITABLE, "what happens in incidents cannot be kept in %s: %s",
                              incident_log_directory(r->incidents), strerror(-error));
                if (e)
                        (void) r->write(r->userdata, e, realtime_now());
        }
        *failed = error < 0;
}

static void *reporter_thread(void *userdata) {
        struct reporter *r = userdata;
        bool keeping_failed = false;
        uint64_t untold = 0;

        for (;;) {
                struct work w = reporter_next(r);
                _cleanup_(entry_freep) struct entry *entry = w.entry;

                if (w.end) {
                        if (w.abandoned)
                                reporter_destroy(r);
                        return NULL;
                }

                untold = w.tell_lost ? untold + w.lost : 0;
                if (untold > 0)
                        untold = tell_lost(r, untold);

                if (entry && !entry->quiet && r->write(r->userdata, entry->event, entry->realtime_usec) < 0)
                        untold++;
                if (entry && r->incidents && incident_log_wants(entry->event))
                        keep(r, entry, &w, &keeping_failed);
        }
}

/* ---- on the loop ---- */

static int reporter_start_thread(struct reporter *r) {
        sigset_t all, before;
        int k;

        /* Signals are the loop's; and a SIGPIPE of the thread's own must not end us. */
        (void) sigfillset(&all);
        k = pthread_sigmask(SIG_BLOCK, &all, &before);
        if (k != 0)
                return -k;

        k = pthread_create(&r->thread, NULL, reporter_thread, r);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (k != 0)
                return -k;

        (void) pthread_setname_np(r->thread, "reporter");
        return 0;
}

int reporter_new_with_writer(reporter_write_t write, void *userdata, int max_level, struct reporter **ret) {
        pthread_condattr_t attr;
        struct reporter *r;
        int k;

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;

        r->write = write;
        r->userdata = userdata;
        r->max_level = max_level;

        /* None of these can fail with glibc. */
        (void) pthread_mutex_init(&r->mutex, NULL);
        (void) pthread_cond_init(&r->wake, NULL);
        (void) pthread_condattr_init(&attr);
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&r->finished, &attr);
        (void) pthread_condattr_destroy(&attr);

        k = reporter_start_thread(r);
        if (k < 0) {
                reporter_destroy(r);
                return k;
        }

        *ret = r;
        return 0;
}

int reporter_new(enum reporter_target target, int max_level, struct reporter **ret) {
        bool journal = target == REPORTER_JOURNAL || (target == REPORTER_AUTO && journal_is_stderr());

        return reporter_new_with_writer(journal && journal_is_there() ? journal_write : console_write, NULL,
                                        max_level, ret);
}

struct reporter *reporter_free(struct reporter *r) {
        struct timespec deadline;
        bool ended;

        if (!r)
                return NULL;

        (void) clock_gettime(CLOCK_MONOTONIC, &deadline);
        deadline.tv_sec += (time_t) (REPORTER_FLUSH_USEC / USEC_PER_SEC);

        (void) pthread_mutex_lock(&r->mutex);
        r->stopping = true;
        (void) pthread_cond_signal(&r->wake);
        while (!r->ended)
                if (pthread_cond_timedwait(&r->finished, &r->mutex, &deadline) != 0)
                        break;

        ended = r->ended;
        if (!ended) {
                /* It hangs in a write: it frees everything itself, should it ever come back. */
                r->abandoned = true;
                (void) pthread_detach(r->thread);
        }
        (void) pthread_mutex_unlock(&r->mutex);

        if (ended) {
                (void) pthread_join(r->thread, NULL);
                reporter_destroy(r);
        }
        return NULL;
}

int reporter_set_hostname(struct reporter *r, const char *hostname) {
        return free_and_strdup(&r->hostname, hostname);
}

int reporter_keep_incidents(struct reporter *r, const char *state_directory) {
        return incident_log_new(state_directory, &r->incidents);
}

void reporter_set_history(struct reporter *r, usec_t keep_usec) {
        (void) pthread_mutex_lock(&r->mutex);
        r->history_usec = keep_usec;
        (void) pthread_mutex_unlock(&r->mutex);
}

void reporter_set_listener(struct reporter *r, reporter_listener_t listener, void *userdata) {
        r->listener = listener;
        r->listener_userdata = userdata;
}

void reporter_set_level(struct reporter *r, int max_level) {
        (void) pthread_mutex_lock(&r->mutex);
        r->max_level = max_level;
        (void) pthread_mutex_unlock(&r->mutex);
}

/* Takes the entry (NULL: it could not even be made), or counts it as lost. */
static void reporter_push(struct reporter *r, struct entry *n) {
        (void) pthread_mutex_lock(&r->mutex);

        if (n)
                n->quiet = n->event->priority > r->max_level;
        if (n && n->quiet && !(r->incidents && incident_log_wants(n->event)))
                entry_free(n);
        else if (!n || r->n_entries >= REPORTER_QUEUE_ENTRIES_MAX ||
                 r->n_bytes + n->bytes > REPORTER_QUEUE_BYTES_MAX) {
                entry_free(n);
                r->lost++;
        } else {
                n->lost_before = r->lost;
                r->lost = 0;
                if (r->last)
                        r->last->next = n;
                else
                        r->first = n;
                r->last = n;
                r->n_entries++;
                r->n_bytes += n->bytes;
        }

        (void) pthread_cond_signal(&r->wake);
        (void) pthread_mutex_unlock(&r->mutex);
}

void reporter_tell(struct reporter *r, struct event *e) {
        _cleanup_(event_freep) struct event *event = e;
        usec_t now = realtime_now();
        struct entry *n = NULL;

        if (!event)
                event = event_new(EVENT_INTERNAL_ERROR,
                                  "out of memory: something that happened could not be told");
        if (event && r->hostname)
                (void) event_field(event, "HOSTNAME", "%s", r->hostname);
        if (event && r->listener)
                r->listener(event, now, r->listener_userdata);
        if (event)
                n = calloc(1, sizeof(*n));
        if (n) {
                n->realtime_usec = now;
                n->bytes = event_size(event);
                n->event = TAKE_PTR(event);
        }

        reporter_push(r, n);
}
