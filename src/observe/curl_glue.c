/* A curl multi handle driven by the sd-event loop: its sockets and its one timer. Knows nothing of what
 * is transferred. */
#include <errno.h>
#include <sys/epoll.h>

#include <systemd/sd-event.h>

#include "observe/curl_glue.h"

struct curl_glue {
        sd_event *event;
        CURLM *multi;
        sd_event_source *timer;
        sd_event_source *soon; /* a timeout of 0, or ends to be told: no clock needed */
        curl_glue_done_t done;
        void *userdata;
        int n_added;
        unsigned n_refs;
        bool ends_wait; /* to be told from the loop, whatever curl wants of its timer meanwhile */
        bool closing;
};

static void glue_unref(struct curl_glue *g) {
        if (--g->n_refs > 0)
                return;
        sd_event_unref(g->event);
        free(g);
}

static void tell_ends(struct curl_glue *g) {
        CURLMsg *message;
        int left;

        g->n_refs++;
        g->ends_wait = false;
        while (!g->closing && (message = curl_multi_info_read(g->multi, &left))) {
                CURL *easy = message->easy_handle;
                CURLcode result = message->data.result;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_glue_remove(g, easy);
                g->done(easy, result, g->userdata);
        }
        glue_unref(g);
}

static void act_on(struct curl_glue *g, curl_socket_t fd, int what) {
        int running;

        (void) curl_multi_socket_action(g->multi, fd, what, &running);
        tell_ends(g);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct curl_glue *g = userdata;
        int what = 0;

        if (g->closing) {
                (void) sd_event_source_set_enabled(s, SD_EVENT_OFF);
                return 0;
        }
        if (revents & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
                what |= CURL_CSELECT_IN;
        if (revents & EPOLLOUT)
                what |= CURL_CSELECT_OUT;
        if (revents & EPOLLERR)
                what |= CURL_CSELECT_ERR;
        act_on(g, fd, what);
        return 0;
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        struct curl_glue *g = userdata;

        if (!g->closing)
                act_on(g, CURL_SOCKET_TIMEOUT, 0);
        return 0;
}

static int on_soon(_unused_ sd_event_source *s, void *userdata) {
        return on_timer(NULL, 0, userdata);
}

static uint32_t events_of(int what) {
        switch (what) {
        case CURL_POLL_IN:
                return EPOLLIN;
        case CURL_POLL_OUT:
                return EPOLLOUT;
        case CURL_POLL_INOUT:
                return EPOLLIN | EPOLLOUT;
        default:
                return 0;
        }
}

static int on_curl_socket(_unused_ CURL *easy, curl_socket_t fd, int what, void *userdata, void *socketp) {
        struct curl_glue *g = userdata;
        sd_event_source *s = socketp;
        int r;

        if (what == CURL_POLL_REMOVE || g->closing) {
                sd_event_source_disable_unref(s);
                (void) curl_multi_assign(g->multi, fd, NULL);
                return 0;
        }
        if (s) {
                r = sd_event_source_set_io_events(s, events_of(what));
                return r < 0 ? -1 : 0;
        }

        r = sd_event_add_io(g->event, &s, fd, events_of(what), on_io, g);
        if (r < 0)
                return -1;
        (void) sd_event_source_set_description(s, "http");
        (void) curl_multi_assign(g->multi, fd, s);
        return 0;
}

/* Runs inside other calls of curl, which must not be entered from here: so a timer also for 0 ms. */
static int on_curl_timer(_unused_ CURLM *multi, long timeout_msec, void *userdata) {
        struct curl_glue *g = userdata;

        if (g->closing)
                return 0;
        (void) sd_event_source_set_enabled(g->soon, timeout_msec == 0 || g->ends_wait ? SD_EVENT_ONESHOT
                                                                                      : SD_EVENT_OFF);
        if (timeout_msec <= 0) {
                (void) sd_event_source_set_enabled(g->timer, SD_EVENT_OFF);
                return 0;
        }
        if (sd_event_source_set_time_relative(g->timer, (uint64_t) timeout_msec * USEC_PER_MSEC) < 0 ||
            sd_event_source_set_enabled(g->timer, SD_EVENT_ONESHOT) < 0)
                return -1;
        return 0;
}

struct curl_glue *curl_glue_free(struct curl_glue *g) {
        if (!g || g->closing)
                return NULL;

        /* Cleaning up calls the callbacks once more. */
        g->closing = true;
        if (g->multi)
                (void) curl_multi_cleanup(g->multi);
        g->timer = sd_event_source_disable_unref(g->timer);
        g->soon = sd_event_source_disable_unref(g->soon);
        glue_unref(g);
        return NULL;
}

int curl_glue_new(sd_event *event, curl_glue_done_t done, void *userdata, struct curl_glue **ret) {
        struct curl_glue *g;
        int r;

        g = calloc(1, sizeof(*g));
        if (!g)
                return -ENOMEM;
        g->n_refs = 1;
        g->event = sd_event_ref(event);
        g->done = done;
        g->userdata = userdata;

        /* Accuracy 1: 0 would mean a quarter of a second. */
        r = sd_event_add_time(event, &g->timer, CLOCK_MONOTONIC, 0, 1, on_timer, g);
        if (r < 0)
                goto fail;
        (void) sd_event_source_set_enabled(g->timer, SD_EVENT_OFF);
        (void) sd_event_source_set_description(g->timer, "http-timer");
        r = sd_event_add_defer(event, &g->soon, on_soon, g);
        if (r < 0)
                goto fail;
        (void) sd_event_source_set_enabled(g->soon, SD_EVENT_OFF);
        (void) sd_event_source_set_description(g->soon, "http-soon");

        r = -ENOMEM;
        g->multi = curl_multi_init();
        if (!g->multi || curl_multi_setopt(g->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket) != CURLM_OK ||
            curl_multi_setopt(g->multi, CURLMOPT_SOCKETDATA, g) != CURLM_OK ||
            curl_multi_setopt(g->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) != CURLM_OK ||
            curl_multi_setopt(g->multi, CURLMOPT_TIMERDATA, g) != CURLM_OK)
                goto fail;
        *ret = g;
        return 0;

fail:
        curl_glue_free(g);
        return r;
}

/* Sends the request right here rather than from the next turn of the loop: a turn saved with each poll.
 * Only what has ended already waits for that. */
int curl_glue_add(struct curl_glue *g, CURL *easy) {
        int running = 0;

        if (curl_multi_add_handle(g->multi, easy) != CURLM_OK)
                return -ENOMEM;
        g->n_added++;
        (void) curl_multi_socket_action(g->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        if (running < g->n_added) {
                g->ends_wait = true;
                (void) sd_event_source_set_enabled(g->soon, SD_EVENT_ONESHOT);
        }
        return 0;
}

void curl_glue_remove(struct curl_glue *g, CURL *easy) {
        if (curl_multi_remove_handle(g->multi, easy) == CURLM_OK)
                g->n_added--;
}

void curl_glue_keep(struct curl_glue *g, long n_connections) {
        (void) curl_multi_setopt(g->multi, CURLMOPT_MAXCONNECTS, n_connections);
}
