/* What waits for one receiver: in order, bounded, tried again with growing pauses, and folded where it is a
 * flood. Pure: time is an argument, of any clock that never goes back. */
#pragma once

#include "report/notification/notification.h"

#define NOTIFY_QUEUE_MAX 256
/* What could not be sent for so long is of no use any more. */
#define NOTIFY_KEPT_USEC USEC_PER_DAY
/* Pauses between tries: 1 s, 2 s, 4 s … */
#define NOTIFY_RETRY_MIN_USEC USEC_PER_SEC
#define NOTIFY_RETRY_MAX_USEC (5 * USEC_PER_MINUTE)
/* So many events of one type are sent one by one within the window; the others are folded into one. */
#define NOTIFY_BURST 10
#define NOTIFY_WINDOW_USEC USEC_PER_MINUTE

enum notify_result {
        NOTIFY_TAKEN,
        NOTIFY_FAILED,  /* to be tried again */
        NOTIFY_REFUSED, /* it will never be taken; the next one may */
};

enum notify_news {
        NOTIFY_NO_NEWS,
        NOTIFY_BEGAN_FAILING,
        NOTIFY_RECOVERED,
};

struct notify_flood {
        usec_t since_usec;
        unsigned n;                /* sent one by one in this window */
        unsigned n_folded;         /* and these not */
        struct notification *last; /* of the latter */
};

struct notify_queue {
        struct notification *first, *last;
        size_t n;
        struct notify_flood floods[_EVENT_TYPE_MAX];
        bool folds;
        bool sending;          /* the first is under way */
        unsigned failed;       /* tries in a row */
        usec_t due_usec;       /* of the next try */
        bool failing;          /* told */
        usec_t not_taken_usec; /* the last time that one failed or was refused; 0: never */
        uint64_t n_lost;       /* not told yet */
        uint64_t n_refused;    /* the same */
        usec_t refused_told_usec;
};

void notify_queue_done(struct notify_queue *q);

/* Takes n over (NULL, out of memory, is lost). When it is full the oldest is lost: what is new says how
 * things are now. */
void notify_queue_push(struct notify_queue *q, struct notification *n, usec_t now_usec);

/* What is to be sent now, which stays the queue's; NULL: nothing. Whoever takes it says how it went, or that
 * it was given up. */
const struct notification *notify_queue_next(struct notify_queue *q, usec_t now_usec);
enum notify_news notify_queue_sent(struct notify_queue *q, enum notify_result result, usec_t now_usec);
void notify_queue_given_up(struct notify_queue *q);

/* When notify_queue_next() may have something; USEC_INFINITY: not before something is pushed, or the one
 * under way has ended. */
usec_t notify_queue_deadline(const struct notify_queue *q) _pure_;
/* When the next try is due, for a sentence. */
usec_t notify_queue_pause(const struct notify_queue *q) _pure_;

/* Tries at once, without waiting for a pause's end. */
void notify_queue_retry(struct notify_queue *q);
/* The end is near: what is folded is told as it is. */
void notify_queue_unfold(struct notify_queue *q, usec_t now_usec);
/* All that waits is given up. */
void notify_queue_lose(struct notify_queue *q);
/* How many were lost since this was last asked, besides those that were refused. */
uint64_t notify_queue_take_lost(struct notify_queue *q);
/* How many were refused, if that is to be told now: at the first, once in each window in which more are, and
 * when one is taken again. */
uint64_t notify_queue_take_refused(struct notify_queue *q, usec_t now_usec);
/* Whether it does not take what it is sent, or did not within the window. */
bool notify_queue_is_troubled(const struct notify_queue *q, usec_t now_usec) _pure_;
