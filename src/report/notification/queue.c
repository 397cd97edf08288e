/* What waits for one receiver. It must not know how anything is sent. */

#include "report/notification/queue.h"

void notify_queue_done(struct notify_queue *q) {
        while (q->first) {
                struct notification *n = q->first;

                q->first = n->next;
                notification_free(n);
        }
        for (size_t i = 0; i < ELEMENTSOF(q->floods); i++)
                notification_free(q->floods[i].last);
        *q = (struct notify_queue) {};
}

/* Takes the first one out, or the second; if there is one. */
static void drop(struct notify_queue *q, bool second) {
        struct notification **at = second && q->first ? &q->first->next : &q->first, *n = *at;

        if (!n)
                return;
        *at = n->next;
        if (q->last == n)
                q->last = second ? q->first : NULL;
        q->n--;
        notification_free(n);
}

static void append(struct notify_queue *q, struct notification *n, usec_t now_usec) {
        if (q->n >= NOTIFY_QUEUE_MAX) {
                drop(q, q->sending);
                q->n_lost++;
        }
        n->next = NULL;
        n->queued_usec = now_usec;
        if (q->last)
                q->last->next = n;
        else
                q->first = n;
        q->last = n;
        q->n++;
}

/* ---- floods ---- */

static bool window_is_over(const struct notify_flood *f, usec_t now_usec) {
        return f->n > 0 && now_usec >= usec_add(f->since_usec, NOTIFY_WINDOW_USEC);
}

/* A flood that goes on is told once in each window; one that has ended may begin anew. */
static void end_window(struct notify_queue *q, struct notify_flood *f, usec_t now_usec) {
        struct notification *n = TAKE_PTR(f->last);
        unsigned n_folded = f->n_folded;

        f->n = n_folded > 0 ? NOTIFY_BURST : 0;
        f->n_folded = 0;
        f->since_usec = now_usec;
        if (!n)
                return;
        if (n_folded > 1 && notification_fold(n, n_folded, NOTIFY_WINDOW_USEC) < 0) {
                notification_free(n);
                q->n_lost += n_folded;
        } else
                append(q, n, now_usec);
}

static void end_windows(struct notify_queue *q, usec_t now_usec) {
        for (size_t i = 0; i < ELEMENTSOF(q->floods); i++)
                if (window_is_over(&q->floods[i], now_usec))
                        end_window(q, &q->floods[i], now_usec);
}

void notify_queue_unfold(struct notify_queue *q, usec_t now_usec) {
        for (size_t i = 0; i < ELEMENTSOF(q->floods); i++)
                if (q->floods[i].n_folded > 0)
                        end_window(q, &q->floods[i], now_usec);
}

void notify_queue_push(struct notify_queue *q, struct notification *n, usec_t now_usec) {
        struct notify_flood *f;

        if (!n) {
                q->n_lost++;
                return;
        }
        f = &q->floods[n->type];
        if (window_is_over(f, now_usec))
                end_window(q, f, now_usec);
        if (f->n == 0)
                f->since_usec = now_usec;
        /* For a test somebody is waiting. */
        if (!q->folds || f->n < NOTIFY_BURST || n->type == EVENT_NOTIFY_TEST) {
                f->n++;
                append(q, n, now_usec);
                return;
        }
        notification_free(f->last);
        f->last = n;
        f->n_folded++;
}

/* ---- sending ---- */

const struct notification *notify_queue_next(struct notify_queue *q, usec_t now_usec) {
        end_windows(q, now_usec);
        if (q->sending)
                return NULL;
        while (q->first && now_usec >= usec_add(q->first->queued_usec, NOTIFY_KEPT_USEC)) {
                drop(q, false);
                q->n_lost++;
        }
        if (!q->first || now_usec < q->due_usec)
                return NULL;
        q->sending = true;
        return q->first;
}

void notify_queue_given_up(struct notify_queue *q) {
        q->sending = false;
        notify_queue_retry(q);
}

void notify_queue_retry(struct notify_queue *q) {
        q->failed = 0;
        q->due_usec = 0;
}

usec_t notify_queue_pause(const struct notify_queue *q) {
        usec_t pause = NOTIFY_RETRY_MIN_USEC;

        for (unsigned i = 1; i < q->failed && pause < NOTIFY_RETRY_MAX_USEC; i++)
                pause *= 2;
        return MIN(pause, NOTIFY_RETRY_MAX_USEC);
}

static enum notify_news began_failing(struct notify_queue *q) {
        if (q->failing)
                return NOTIFY_NO_NEWS;
        q->failing = true;
        return NOTIFY_BEGAN_FAILING;
}

enum notify_news notify_queue_sent(struct notify_queue *q, enum notify_result result, usec_t now_usec) {
        q->sending = false;
        if (result != NOTIFY_TAKEN)
                q->not_taken_usec = now_usec;
        if (result == NOTIFY_FAILED) {
                q->failed++;
                q->due_usec = usec_add(now_usec, notify_queue_pause(q));
                return began_failing(q);
        }
        drop(q, false);
        notify_queue_retry(q);
        if (result == NOTIFY_REFUSED) {
                q->n_refused++;
                return began_failing(q);
        }
        if (!q->failing)
                return NOTIFY_NO_NEWS;
        q->failing = false;
        return NOTIFY_RECOVERED;
}

usec_t notify_queue_deadline(const struct notify_queue *q) {
        usec_t deadline = q->first && !q->sending ? q->due_usec : USEC_INFINITY;

        for (size_t i = 0; i < ELEMENTSOF(q->floods); i++)
                if (q->floods[i].n_folded > 0)
                        deadline = MIN(deadline, usec_add(q->floods[i].since_usec, NOTIFY_WINDOW_USEC));
        return deadline;
}

void notify_queue_lose(struct notify_queue *q) {
        uint64_t n = q->n_lost + q->n;

        for (size_t i = 0; i < ELEMENTSOF(q->floods); i++)
                n += q->floods[i].n_folded;
        notify_queue_done(q);
        q->n_lost = n;
}

uint64_t notify_queue_take_lost(struct notify_queue *q) {
        uint64_t n = q->n_lost;

        q->n_lost = 0;
        return n;
}

uint64_t notify_queue_take_refused(struct notify_queue *q, usec_t now_usec) {
        bool is_told =
                q->refused_told_usec > 0 && now_usec < usec_add(q->refused_told_usec, NOTIFY_WINDOW_USEC);
        uint64_t n = q->n_refused;

        if (n == 0 || (q->failing && is_told))
                return 0;
        q->n_refused = 0;
        q->refused_told_usec = now_usec;
        return n;
}

bool notify_queue_is_troubled(const struct notify_queue *q, usec_t now_usec) {
        return (q->failing && q->first) ||
               (q->not_taken_usec > 0 && now_usec < usec_add(q->not_taken_usec, NOTIFY_WINDOW_USEC));
}
