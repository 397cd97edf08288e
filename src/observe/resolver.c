/* Host names to addresses, off the loop: a few threads, results kept for a minute. Knows nothing of HTTP. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "observe/resolver.h"
#include "util/clock.h"
#include "util/offload.h"

#define FRESH_USEC USEC_PER_MINUTE
#define FORGOTTEN_USEC (10 * USEC_PER_MINUTE)
#define THREADS_MAX 8U
#define ADDRESSES_MAX 16U
#define LIST_SIZE (ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3))

/* What a thread works on. */
struct question {
        resolver_function_t function;
        struct host *host; /* the loop's; the thread does not look at it */
        char *name;
        int error;        /* EAI_…, 0: found */
        int error_number; /* errno with EAI_SYSTEM */
        bool is_local;
        char list[LIST_SIZE];
};

struct lookup {
        struct lookup *next;
        struct host *host; /* NULL: answered, or dropped */
        lookup_done_t done;
        void *userdata;
};

struct host {
        struct host *next;
        struct resolver *resolver;
        char *name;
        char *list; /* NULL: none known */
        bool is_local;
        unsigned generation;
        usec_t found_at_usec, used_at_usec;
        struct offload_job *job; /* asked right now */
        unsigned thread;         /* by this one */
        bool queued;             /* waits for a thread */
        struct lookup *lookups;  /* who waits, in order */
};

struct resolver {
        sd_event *event;
        resolver_function_t function;
        struct host *hosts;
        unsigned generation;
        unsigned n_refs;
        bool closing;
        struct {
                struct offload *offload;
                bool busy;
        } threads[THREADS_MAX];
        char localhost[sizeof("127.0.0.1,[::1]")]; /* "" until asked for */
};

static usec_t now_usec(void) {
        return clock_now(CLOCK_BOOTTIME);
}

/* ---- is it ours? ---- */

static bool address_is_loopback(const struct sockaddr *sa) {
        return sa->sa_family == AF_INET &&
               (ntohl(((const struct sockaddr_in *) (const void *) sa)->sin_addr.s_addr) >> 24) == 127;
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b) {
        const struct sockaddr_in *a4 = (const void *) a, *b4 = (const void *) b;
        const struct sockaddr_in6 *a6 = (const void *) a, *b6 = (const void *) b;

        if (a->sa_family != b->sa_family)
                return false;
        if (a->sa_family == AF_INET)
                return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
        return memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

/* Without AF_NETLINK, which the sandbox does not grant: one may bind to an address that is ours. Where a
 * balancer has set net.ipv4.ip_nonlocal_bind one may bind to any, so the route must also begin at the
 * address itself. Sends nothing. */
static bool address_is_local(const struct sockaddr *sa, socklen_t len) {
        _cleanup_close_ int bound = -1, routed = -1;
        struct sockaddr_storage to = { 0 }, from = { 0 };
        socklen_t from_len = sizeof(from);

        memcpy(&to, sa, len);
        if (sa->sa_family == AF_INET)
                ((struct sockaddr_in *) (void *) &to)->sin_port = 0;
        else
                ((struct sockaddr_in6 *) (void *) &to)->sin6_port = 0;
        bound = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (bound < 0 || bind(bound, (struct sockaddr *) &to, len) < 0)
                return false;
        if (address_is_loopback(sa))
                return true;

        if (sa->sa_family == AF_INET)
                ((struct sockaddr_in *) (void *) &to)->sin_port = htons(9);
        else
                ((struct sockaddr_in6 *) (void *) &to)->sin6_port = htons(9);
        routed = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return routed >= 0 && connect(routed, (struct sockaddr *) &to, len) == 0 &&
               getsockname(routed, (struct sockaddr *) &from, &from_len) == 0 &&
               same_address(sa, (struct sockaddr *) &from);
}

static bool literal(const char *host, struct sockaddr_storage *ret, socklen_t *ret_len) {
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        char name[INET6_ADDRSTRLEN];
        size_t len = strlen(host);

        memset(ret, 0, sizeof(*ret));
        if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
                memcpy(ret, &v4, sizeof(v4));
                *ret_len = sizeof(v4);
                return true;
        }
        if (len < 2 || host[0] != '[' || host[len - 1] != ']' || len - 2 >= sizeof(name))
                return false;
        memcpy(name, host + 1, len - 2);
        name[len - 2] = '\0';
        if (inet_pton(AF_INET6, name, &v6.sin6_addr) != 1)
                return false;
        memcpy(ret, &v6, sizeof(v6));
        *ret_len = sizeof(v6);
        return true;
}

/* ---- on the thread ---- */

static int ask_system(const char *host, struct addrinfo **ret) {
        const struct addrinfo hints = {
                .ai_family = AF_UNSPEC,
                .ai_socktype = SOCK_STREAM,
                .ai_flags = AI_ADDRCONFIG,
        };

        return getaddrinfo(host, NULL, &hints, ret);
}

static void question_work(void *data) {
        struct question *q = data;
        struct addrinfo *found = NULL;
        size_t used = 0;

        q->error = q->function(q->name, &found);
        q->error_number = errno;
        if (q->error != 0)
                return;

        q->is_local = true;
        for (struct addrinfo *a = found; a && used + INET6_ADDRSTRLEN + 4 < sizeof(q->list);
             a = a->ai_next) {
                char text[INET6_ADDRSTRLEN];
                int n;

                if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) ||
                    getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
                        continue;
                n = snprintf(q->list + used, sizeof(q->list) - used,
                             a->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", used > 0 ? "," : "", text);
                used += (size_t) n;
                if (!address_is_local(a->ai_addr, a->ai_addrlen))
                        q->is_local = false;
        }
        freeaddrinfo(found);
        if (used == 0)
                q->error = EAI_NODATA;
}

static void question_free(void *data) {
        struct question *q = data;

        free(q->name);
        free(q);
}

/* ---- on the loop ---- */

static void resolver_unref(struct resolver *r) {
        if (--r->n_refs > 0)
                return;
        sd_event_unref(r->event);
        free(r);
}

static void host_free(struct host *h) {
        for (struct lookup *l = h->lookups, *next; l; l = next) {
                next = l->next;
                l->host = NULL;
                l->next = NULL;
        }
        offload_job_unref(h->job);
        free(h->name);
        free(h->list);
        free(h);
}

static struct host *find_host(struct resolver *r, const char *name) {
        for (struct host *h = r->hosts; h; h = h->next)
                if (strcasecmp(h->name, name) == 0)
                        return h;
        return NULL;
}

/* Forgets the names that nobody asked for in a while: reloads leave them behind. */
static void forget_old(struct resolver *r, usec_t now) {
        for (struct host **p = &r->hosts; *p;) {
                struct host *h = *p;

                if (h->job || h->queued || h->lookups || usec_sub(now, h->used_at_usec) < FORGOTTEN_USEC) {
                        p = &h->next;
                        continue;
                }
                *p = h->next;
                host_free(h);
        }
}

static void start_questions(struct resolver *r);

static void question_done(_unused_ struct offload_job *j, void *data) {
        struct question *q = data;
        struct host *h = q->host;
        struct resolver *r = h->resolver;
        struct addresses a = { .list = "" };
        char *list = q->error == 0 ? strdup(q->list) : NULL;

        h->job = offload_job_unref(h->job);
        r->threads[h->thread].busy = false;
        /* Those who are told may ask for another name, which forgets the old ones: not this one. */
        h->used_at_usec = now_usec();
        if (list) {
                if (!h->list || !streq(h->list, list))
                        h->generation = ++r->generation;
                free(h->list);
                h->list = list;
                h->is_local = q->is_local;
                h->found_at_usec = h->used_at_usec;
                a = (struct addresses) { .list = list,
                                         .is_local = h->is_local,
                                         .generation = h->generation };
        } else if (q->error == EAI_SYSTEM)
                a.problem = strerror(q->error_number);
        else
                a.problem = gai_strerror(q->error != 0 ? q->error : EAI_MEMORY);

        r->n_refs++;
        while (!r->closing && h->lookups) {
                struct lookup *l = h->lookups;

                h->lookups = l->next;
                l->next = NULL;
                l->host = NULL;
                l->done(l, &a, l->userdata);
        }
        if (!r->closing)
                start_questions(r);
        resolver_unref(r);
}

/* Returns the index of a thread that is free, or a negative errno. */
static int free_thread(struct resolver *r) {
        for (unsigned i = 0; i < THREADS_MAX; i++) {
                char name[16];
                int k;

                if (r->threads[i].busy)
                        continue;
                if (!r->threads[i].offload) {
                        (void) snprintf(name, sizeof(name), "resolve-%u", i);
                        k = offload_new(r->event, name, &r->threads[i].offload);
                        if (k < 0)
                                return k;
                }
                return (int) i;
        }
        return -EBUSY;
}

static int start_question(struct resolver *r, struct host *h) {
        struct question *q;
        int i, k;

        i = free_thread(r);
        if (i < 0)
                return i;
        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->function = r->function;
        q->host = h;
        q->name = strdup(h->name);
        if (!q->name) {
                free(q);
                return -ENOMEM;
        }
        k = offload_submit(r->threads[i].offload, question_work, question_done, question_free, q, &h->job);
        if (k < 0)
                return k;
        h->thread = (unsigned) i;
        h->queued = false;
        r->threads[i].busy = true;
        return 0;
}

static void start_questions(struct resolver *r) {
        for (struct host *h = r->hosts; h; h = h->next) {
                if (!h->queued)
                        continue;
                if (!h->lookups)
                        h->queued = false; /* all gave up */
                else if (start_question(r, h) < 0)
                        break;
        }
}

static const char *localhost_list(struct resolver *r) {
        static const struct sockaddr_in6 loopback = { .sin6_family = AF_INET6,
                                                      .sin6_addr = IN6ADDR_LOOPBACK_INIT };

        /* With IPv6 off, curl's last failure would be that of ::1 rather than the refusal that counts. */
        if (r->localhost[0] == '\0')
                (void) snprintf(r->localhost, sizeof(r->localhost), "127.0.0.1%s",
                                address_is_local((const struct sockaddr *) &loopback, sizeof(loopback))
                                        ? ",[::1]"
                                        : "");
        return r->localhost;
}

bool resolver_is_local_literal(const char *host) {
        struct sockaddr_storage sa;
        socklen_t len;

        return literal(host, &sa, &len) && address_is_local((struct sockaddr *) &sa, len);
}

bool resolver_known(struct resolver *r, const char *host, struct addresses *ret) {
        struct sockaddr_storage sa;
        socklen_t len;
        struct host *h;
        usec_t now;

        if (literal(host, &sa, &len)) {
                *ret = (struct addresses) { .list = "" };
                return true;
        }
        if (strcasecmp(host, "localhost") == 0) {
                *ret = (struct addresses) { .list = localhost_list(r), .is_local = true, .generation = 1 };
                return true;
        }

        now = now_usec();
        h = find_host(r, host);
        if (!h || !h->list || usec_sub(now, h->found_at_usec) >= FRESH_USEC)
                return false;
        h->used_at_usec = now;
        *ret = (struct addresses) { .list = h->list, .is_local = h->is_local, .generation = h->generation };
        return true;
}

static struct host *add_host(struct resolver *r, const char *name) {
        struct host *h = calloc(1, sizeof(*h)), **end;

        if (!h)
                return NULL;
        h->resolver = r;
        h->name = strdup(name);
        if (!h->name) {
                free(h);
                return NULL;
        }
        for (end = &r->hosts; *end; end = &(*end)->next)
                ;
        *end = h;
        return h;
}

int resolver_lookup(struct resolver *r,
                    const char *host,
                    lookup_done_t done,
                    void *userdata,
                    struct lookup **ret) {
        struct lookup *l, **end;
        usec_t now = now_usec();
        struct host *h;
        int k;

        h = find_host(r, host);
        if (!h) {
                forget_old(r, now);
                h = add_host(r, host);
        }
        if (!h)
                return -ENOMEM;
        h->used_at_usec = now;
        /* Also when it waits for a thread: it may be that none could be started then. */
        if (!h->job) {
                k = start_question(r, h);
                if (k == -EBUSY)
                        h->queued = true;
                else if (k < 0)
                        return k;
        }

        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        *l = (struct lookup) { .host = h, .done = done, .userdata = userdata };
        for (end = &h->lookups; *end; end = &(*end)->next)
                ;
        *end = l;
        *ret = l;
        return 0;
}

struct lookup *lookup_unref(struct lookup *l) {
        if (!l)
                return NULL;
        if (l->host)
                for (struct lookup **p = &l->host->lookups; *p; p = &(*p)->next)
                        if (*p == l) {
                                *p = l->next;
                                break;
                        }
        free(l);
        return NULL;
}

int resolver_new(sd_event *event, resolver_function_t function, struct resolver **ret) {
        struct resolver *r;

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->n_refs = 1;
        r->event = sd_event_ref(event);
        r->function = function ? function : ask_system;
        r->generation = 1;
        *ret = r;
        return 0;
}

struct resolver *resolver_free(struct resolver *r) {
        if (!r)
                return NULL;

        r->closing = true;
        for (struct host *h = r->hosts, *next; h; h = next) {
                next = h->next;
                host_free(h);
        }
        r->hosts = NULL;
        for (unsigned i = 0; i < THREADS_MAX; i++)
                r->threads[i].offload =
                        offload_free(r->threads[i].offload, r->threads[i].busy ? 0 : USEC_PER_SEC);
        resolver_unref(r);
        return NULL;
}
