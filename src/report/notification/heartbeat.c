/* A dead-man's switch kept from going off. Knows not what being well means. */
#include <errno.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "observe/http_client.h"
#include "report/notification/heartbeat.h"
#include "report/notification/webhook.h"

struct heartbeat {
        const struct notify_settings *settings;
        struct heartbeat_calls calls;
        struct http_client *http;
        struct http_request *request; /* under way */
        sd_event_source *timer;
};

static void on_answer(_unused_ struct http_request *q, const struct answer *a, void *userdata) {
        struct heartbeat *h = userdata;
        bool taken = a->error == TRANSFER_OK && a->status >= 200 && a->status < 300;
        char why[NOTIFY_WHY_SIZE];

        webhook_describe(a, false, why, sizeof(why));
        h->request = http_request_unref(h->request);
        h->calls.beaten(taken ? NULL : why, h->calls.userdata);
}

/* What of the section is there to get in with is the webhook's. */
static int beat(struct heartbeat *h) {
        const struct notify_settings *s = h->settings;
        _cleanup_free_ char *base = NULL;
        const char *path;
        int r;

        r = webhook_split_url(s->heartbeat, &base, &path);
        if (r < 0)
                return r;
        const struct http_target target = {
                .base_url = base,
                .ca_file = s->ca_file,
                .verify = s->verify,
                .timeout_usec = s->timeout_usec,
                .max_response_bytes = WEBHOOK_ANSWER_BYTES_MAX,
        };
        return http_get(h->http, &target, path, on_answer, h, &h->request);
}

static int on_due(sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        struct heartbeat *h = userdata;

        (void) sd_event_source_set_time_relative(source, h->settings->heartbeat_interval_usec);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        if (!h->request && h->calls.is_well(h->calls.userdata) && beat(h) < 0)
                h->calls.beaten("could not be sent: this agent lacks descriptors or memory",
                                h->calls.userdata);
        return 0;
}

int heartbeat_new(sd_event *event,
                  struct http_client *http,
                  const struct notify_settings *settings,
                  const struct heartbeat_calls *calls,
                  struct heartbeat **ret) {
        _cleanup_(heartbeat_freep) struct heartbeat *h = calloc(1, sizeof(*h));
        int r;

        if (!h)
                return -ENOMEM;
        h->settings = settings;
        h->calls = *calls;
        h->http = http;
        r = sd_event_add_time_relative(event, &h->timer, CLOCK_BOOTTIME, 0, 10 * USEC_PER_MSEC, on_due, h);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

void heartbeat_keep(struct heartbeat *h, const struct notify_settings *settings) {
        if (h)
                h->settings = settings;
}

struct heartbeat *heartbeat_free(struct heartbeat *h) {
        if (!h)
                return NULL;
        sd_event_source_disable_unref(h->timer);
        http_request_unref(h->request);
        free(h);
        return NULL;
}
