/* The few macros and cleanup helpers that every folder uses. Nothing here knows of workers or units. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Microseconds, as systemd counts them: a point in time or a span. */
typedef uint64_t usec_t;

#define USEC_PER_MSEC ((usec_t) 1000)
#define USEC_PER_SEC ((usec_t) 1000000)
#define USEC_PER_MINUTE ((usec_t) 60 * USEC_PER_SEC)
#define USEC_PER_HOUR ((usec_t) 60 * USEC_PER_MINUTE)
#define USEC_PER_DAY ((usec_t) 24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))
#define _pure_ __attribute__((pure))
#define _warn_unused_result_ __attribute__((warn_unused_result))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
/* Each argument is evaluated once; the numbered names let calls be nested. */
#define CONCATENATE_(a, b) a##b
#define CONCATENATE(a, b) CONCATENATE_(a, b)
#define CHOOSE_(n, a, op, b)                                                                                \
        __extension__({                                                                                     \
                __typeof__(a) CONCATENATE(_a, n) = (a);                                                     \
                __typeof__(b) CONCATENATE(_b, n) = (b);                                                     \
                CONCATENATE(_a, n) op CONCATENATE(_b, n) ? CONCATENATE(_a, n) : CONCATENATE(_b, n);         \
        })
#define MIN(a, b) CHOOSE_(__COUNTER__, a, <, b)
#define MAX(a, b) CHOOSE_(__COUNTER__, a, >, b)

/* Hands a pointer over: the variable is NULL afterwards, so its cleanup does nothing. */
#define TAKE_PTR(p)                                                                                         \
        __extension__({                                                                                     \
                __typeof__(p) *_p = &(p);                                                                   \
                __typeof__(p) _v = *_p;                                                                     \
                *_p = NULL;                                                                                 \
                _v;                                                                                         \
        })

#define DEFINE_CLEANUP(type, func)                                                                          \
        static inline void func##p(type *p) {                                                               \
                if (*p)                                                                                     \
                        *p = func(*p);                                                                      \
        }

static inline void freep(void *p) {
        free(*(void **) p);
}
#define _cleanup_free_ _cleanup_(freep)

static inline void closep(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}
#define _cleanup_close_ _cleanup_(closep)

/* As TAKE_PTR(), for a descriptor. */
static inline int take_fd(int *fd) {
        int r = *fd;

        *fd = -1;
        return r;
}

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* As streq(), but NULL equals NULL and nothing else. */
static inline bool streq_ptr(const char *a, const char *b) {
        return (!a && !b) || (a && b && streq(a, b));
}

static inline const char *strempty(const char *s) {
        return s ? s : "";
}

static inline bool isempty(const char *s) {
        return !s || s[0] == '\0';
}

static inline usec_t usec_add(usec_t a, usec_t b) {
        return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

static inline usec_t usec_sub(usec_t a, usec_t b) {
        return a > b ? a - b : 0;
}

/* From one clock to another that is so much ahead, or behind. */
static inline usec_t usec_shift(usec_t a, int64_t by) {
        return by < 0 ? usec_sub(a, -(usec_t) by) : usec_add(a, (usec_t) by);
}
