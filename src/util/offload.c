/* One thread with a queue, its results delivered through an eventfd on the loop. Knows nothing of what
 * the work is. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "util/offload.h"

#define JOBS_WAITING_MAX 1024U

struct offload_job {
        struct offload_job *next;
        offload_work_t work;
        offload_done_t done;
        offload_free_t free_data;
        void *data;
        bool held;    /* the caller has the slot */
        bool dropped; /* nobody wants the result */
        bool listed;  /* the offload has it: waiting, under way or finished */
};

struct job_list {
        struct offload_job *first, *last;
};

/* Shared by the loop and the thread; whoever drops the last reference frees it, so that a thread left
 * behind can still end in peace. */
struct offload {
        pthread_mutex_t mutex;
        pthread_cond_t wake; /* there is work, or an end */
        pthread_cond_t idle; /* the thread has nothing to do, or is about to return */
        struct job_list waiting, finished;
        struct offload_job *running;
        unsigned n_waiting;
        unsigned n_refs;
        bool stop;
        bool has_ended;
        int event_fd;

        /* the loop's alone */
        sd_event_source *source;
        pthread_t thread;
        bool started;
        char name[16];
};

static void list_append(struct job_list *l, struct offload_job *j) {
        j->next = NULL;
        if (l->last)
                l->last->next = j;
        else
                l->first = j;
        l->last = j;
}

static struct offload_job *list_pop(struct job_list *l) {
        struct offload_job *j = l->first;

        if (!j)
                return NULL;
        l->first = j->next;
        if (!l->first)
                l->last = NULL;
        j->next = NULL;
        return j;
}

/* Frees what the job holds, and itself unless the caller still has the slot. On the loop's thread. */
static void job_settle(struct offload_job *j) {
        void *data = TAKE_PTR(j->data);

        j->listed = false;
        if (j->free_data && data)
                j->free_data(data);
        if (!j->held)
                free(j);
}

/* Takes the mutex locked, and gives it up. */
static void offload_unref_locked(struct offload *o) {
        bool last = --o->n_refs == 0;

        pthread_mutex_unlock(&o->mutex);
        if (!last)
                return;

        (void) close(o->event_fd);
        pthread_cond_destroy(&o->wake);
        pthread_cond_destroy(&o->idle);
        pthread_mutex_destroy(&o->mutex);
        free(o);
}

static void *thread_main(void *arg) {
        struct offload *o = arg;

        pthread_mutex_lock(&o->mutex);
        for (;;) {
                struct offload_job *j;

                while (!o->stop && !o->waiting.first)
                        pthread_cond_wait(&o->wake, &o->mutex);
                if (o->stop)
                        break;

                j = list_pop(&o->waiting);
                o->n_waiting--;
                o->running = j;
                pthread_mutex_unlock(&o->mutex);

                j->work(j->data);

                pthread_mutex_lock(&o->mutex);
                o->running = NULL;
                list_append(&o->finished, j);
                (void) eventfd_write(o->event_fd, 1);
                if (!o->waiting.first)
                        pthread_cond_signal(&o->idle);
        }
        o->has_ended = true;
        pthread_cond_signal(&o->idle);
        offload_unref_locked(o);
        return NULL;
}

static int start_thread(struct offload *o) {
        sigset_t all, before;
        int r;

        /* Signals are the loop's (signalfd): a thread that takes one would steal it. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pthread_mutex_lock(&o->mutex);
        o->n_refs++;
        r = pthread_create(&o->thread, NULL, thread_main, o);
        if (r != 0)
                o->n_refs--;
        pthread_mutex_unlock(&o->mutex);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;

        (void) pthread_setname_np(o->thread, o->name);
        o->started = true;
        return 0;
}

static int on_finished(_unused_ sd_event_source *s, int fd, _unused_ uint32_t revents, void *userdata) {
        struct offload *o = userdata;
        eventfd_t n;

        (void) eventfd_read(fd, &n);

        pthread_mutex_lock(&o->mutex);
        o->n_refs++;
        for (;;) {
                struct offload_job *j = list_pop(&o->finished);

                if (!j)
                        break;
                pthread_mutex_unlock(&o->mutex);
                /* done may drop the slot, or free the offload: job_settle() looks at neither. */
                if (!j->dropped && j->done)
                        j->done(j, j->data);
                job_settle(j);
                pthread_mutex_lock(&o->mutex);
        }
        offload_unref_locked(o);
        return 0;
}

int offload_new(sd_event *event, const char *name, struct offload **ret) {
        pthread_condattr_t attr;
        struct offload *o;
        int r;

        o = calloc(1, sizeof(*o));
        if (!o)
                return -ENOMEM;
        o->n_refs = 1;
        (void) snprintf(o->name, sizeof(o->name), "%s", name);
        o->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (o->event_fd < 0) {
                r = -errno;
                goto fail;
        }
        r = sd_event_add_io(event, &o->source, o->event_fd, EPOLLIN, on_finished, o);
        if (r < 0)
                goto fail_fd;
        (void) sd_event_source_set_description(o->source, o->name);

        pthread_mutex_init(&o->mutex, NULL);
        pthread_cond_init(&o->wake, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&o->idle, &attr);
        pthread_condattr_destroy(&attr);

        *ret = o;
        return 0;

fail_fd:
        (void) close(o->event_fd);
fail:
        free(o);
        return r;
}

static bool is_idle(const struct offload *o) {
        return !o->running && !o->waiting.first;
}

static bool has_ended(const struct offload *o) {
        return o->has_ended;
}

/* Returns whether it came to that within patience. The mutex is locked. */
static bool wait_until(struct offload *o, bool (*passes)(const struct offload *o), usec_t patience_usec) {
        struct timespec until;
        usec_t t;

        (void) clock_gettime(CLOCK_MONOTONIC, &until);
        t = usec_add((usec_t) until.tv_sec * USEC_PER_SEC + (usec_t) until.tv_nsec / 1000, patience_usec);
        t = MIN(t, (usec_t) INT32_MAX * USEC_PER_SEC);
        until.tv_sec = (time_t) (t / USEC_PER_SEC);
        until.tv_nsec = (long) (t % USEC_PER_SEC) * 1000;

        while (!passes(o))
                if (pthread_cond_timedwait(&o->idle, &o->mutex, &until) != 0)
                        break;
        return passes(o);
}

bool offload_drain(struct offload *o, usec_t patience_usec) {
        bool drained;

        pthread_mutex_lock(&o->mutex);
        drained = wait_until(o, is_idle, patience_usec);
        pthread_mutex_unlock(&o->mutex);
        return drained;
}

static void drop_all(struct offload *o, struct job_list *l) {
        struct offload_job *j;

        while ((j = list_pop(l))) {
                pthread_mutex_unlock(&o->mutex);
                job_settle(j);
                pthread_mutex_lock(&o->mutex);
        }
}

struct offload *offload_free(struct offload *o, usec_t patience_usec) {
        bool joinable;

        if (!o)
                return NULL;

        o->source = sd_event_source_disable_unref(o->source);

        pthread_mutex_lock(&o->mutex);
        o->stop = true;
        o->n_waiting = 0;
        drop_all(o, &o->waiting);
        pthread_cond_signal(&o->wake);
        if (o->started)
                (void) wait_until(o, has_ended, patience_usec);
        drop_all(o, &o->finished);
        joinable = o->started && o->has_ended;
        if (joinable) {
                pthread_mutex_unlock(&o->mutex);
                pthread_join(o->thread, NULL);
                pthread_mutex_lock(&o->mutex);
        } else if (o->started) {
                /* The thread still works with the data; the slot's holder may go. */
                pthread_detach(o->thread);
                if (o->running)
                        o->running->dropped = true;
        }
        offload_unref_locked(o);
        return NULL;
}

int offload_submit(struct offload *o,
                   offload_work_t work,
                   offload_done_t done,
                   offload_free_t free_data,
                   void *data,
                   struct offload_job **ret) {
        struct offload_job *j = NULL;
        bool full;
        int r;

        pthread_mutex_lock(&o->mutex);
        full = o->n_waiting >= JOBS_WAITING_MAX;
        pthread_mutex_unlock(&o->mutex);
        if (full) {
                r = -ENOBUFS;
                goto fail;
        }
        j = calloc(1, sizeof(*j));
        if (!j) {
                r = -ENOMEM;
                goto fail;
        }
        if (!o->started) {
                r = start_thread(o);
                if (r < 0)
                        goto fail;
        }
        *j = (struct offload_job) {
                .work = work,
                .done = done,
                .free_data = free_data,
                .data = data,
                .held = ret != NULL,
                .listed = true,
        };

        pthread_mutex_lock(&o->mutex);
        list_append(&o->waiting, j);
        o->n_waiting++;
        pthread_cond_signal(&o->wake);
        pthread_mutex_unlock(&o->mutex);

        if (ret)
                *ret = j;
        return 0;

fail:
        free(j);
        if (free_data && data)
                free_data(data);
        return r;
}

struct offload_job *offload_job_unref(struct offload_job *j) {
        if (!j)
                return NULL;

        j->held = false;
        j->dropped = true;
        if (!j->listed)
                free(j);
        return NULL;
}
