/* The worker kind krakend: GET /__health, or where that was moved to. Any 200 means that it serves; what its
 * asynchronous agents do has to be computed, for it never forgets one that died. Pure: knows no socket and
 * no clock. */
#include <stdio.h>
#include <time.h>

#include "observe/answer.h"
#include "util/span.h"
#include "util/text.h"

#define DEFAULT_PATH "/__health"
#define BODY_PARSED_MAX ((size_t) 256 * 1024)
#define AGENTS_NAMED_MAX 3
#define CLOCK_SECONDS_MAX ((int64_t) 10000000000) /* three hundred years */

static const struct reason_words words[] = {
        { REASON_TIMEOUT, "did not answer within the timeout",
          "Look at the gateway's CPU, memory and open files: its health waits for no backend." },
        { REASON_NOT_FOUND, "answers, but not with KrakenD's health (404)",
          "See that path is what health_path of its router says, and that disable_health is not set." },
        {},
};

/* ---- Go's time ---- */

/* "2022-01-19 18:25:17.00225307 +0100 CET m=+0.031662879" (time.Time's String()) */
struct go_time {
        int64_t wall_usec;  /* realtime */
        int64_t clock_usec; /* since the process started; -1: not told */
};

/* The digits after a decimal point, as microseconds; *text goes behind them. */
static int64_t read_fraction(const char **text) {
        int64_t usec = 0, unit = USEC_PER_SEC;

        if (**text != '.')
                return 0;
        for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
                unit /= 10;
                usec += (**text - '0') * unit;
        }
        return usec;
}

static bool read_go_time(const char *text, struct go_time *ret) {
        const char *clock = strstr(text, " m=+");
        struct tm tm = {};
        char *end = NULL;
        int64_t zone_seconds;

        text = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
        if (!text)
                return false;
        ret->wall_usec = read_fraction(&text);
        if (!strptime(text, " %z", &tm))
                return false;
        zone_seconds = tm.tm_gmtoff; /* timegm() takes it away */
        ret->wall_usec += ((int64_t) timegm(&tm) - zone_seconds) * (int64_t) USEC_PER_SEC;

        ret->clock_usec = -1;
        if (clock && clock[4] >= '0' && clock[4] <= '9') {
                int64_t seconds = strtoll(clock + 4, &end, 10);

                clock = end;
                if (seconds < CLOCK_SECONDS_MAX)
                        ret->clock_usec = seconds * (int64_t) USEC_PER_SEC + read_fraction(&clock);
        }
        return true;
}

static bool read_time_of(json_object *o, struct go_time *ret) {
        return o && json_object_is_type(o, json_type_string) && read_go_time(json_object_get_string(o), ret);
}

/* ---- agents ---- */

static usec_t age_of(const struct go_time *now, const struct go_time *then) {
        int64_t age = now->clock_usec >= 0 && then->clock_usec >= 0 ? now->clock_usec - then->clock_usec
                                                                    : now->wall_usec - then->wall_usec;

        return age > 0 ? (usec_t) age : 0;
}

/* Names those that were not seen for too long. Returns how many there are. */
static unsigned name_stale(json_object *agents,
                           const struct go_time *now,
                           usec_t stale_usec,
                           char *buf,
                           size_t size) {
        unsigned n = 0;

        json_object_object_foreach(agents, key, value) {
                struct go_time seen;
                char name[64];

                if (!read_time_of(value, &seen) || age_of(now, &seen) < stale_usec)
                        continue;
                text_copy_line(name, sizeof(name), key, strlen(key));
                if (n++ < AGENTS_NAMED_MAX)
                        text_append(buf, size, "%sagent %s was last seen %s ago", buf[0] ? ", " : "", name,
                                    SPAN(age_of(now, &seen)));
        }
        if (n > AGENTS_NAMED_MAX)
                text_append(buf, size, ", and %u more", n - AGENTS_NAMED_MAX);
        return n;
}

/* Its clock began anew, so it did, too. */
static void notice_restart(struct probe *p, const struct go_time *now, struct observation *o) {
        if (now->clock_usec < 0)
                return;
        o->restarted = p->clock_usec > 0 && now->clock_usec < p->clock_usec;
        p->clock_usec = now->clock_usec;
}

static enum probe_verdict classify_health(struct probe *p,
                                          const struct worker_settings *w,
                                          const struct answer *a,
                                          struct observation *o) {
        _cleanup_(json_object_unrefp) json_object *body = answer_object(a, BODY_PARSED_MAX);
        json_object *agents = json_member(body, "agents", json_type_object);
        char stale[OBSERVATION_DETAIL_SIZE] = "";
        struct go_time now;

        if (!body)
                return conclude(a, o, OUTCOME_UNKNOWN, REASON_NOT_UNDERSTOOD);
        if (read_go_time(json_member_text(body, "now"), &now)) {
                notice_restart(p, &now, o);
                if (agents && name_stale(agents, &now, w->agent_stale_usec, stale, sizeof(stale)) > 0)
                        return conclude_degraded(p, o, REASON_AGENT_STALE, stale);
        }
        return conclude_ok(p, a, o);
}

static void krakend_begin(struct probe *p _unused_, const struct worker_settings *w, struct probe_ask *ret) {
        /* Not HEAD, which some of its routers refuse. */
        *ret = (struct probe_ask) { .path = w->path ? w->path : DEFAULT_PATH };
}

static enum probe_verdict krakend_classify(struct probe *p,
                                           const struct worker_settings *w,
                                           const struct answer *a,
                                           struct observation *ret,
                                           struct probe_ask *ret_ask _unused_) {
        ret->http_status = a->status;
        if (a->error != TRANSFER_OK)
                return classify_transfer_error(p, a, ret);
        if (a->status == 200)
                return classify_health(p, w, a, ret);
        return classify_other_status(a, ret, REASON_NOT_UNDERSTOOD);
}

const struct worker_kind krakend_kind = {
        .name = "krakend",
        .default_url = "http://127.0.0.1:8080",
        .n_steps = 1,
        .words = words,
        .begin = krakend_begin,
        .classify = krakend_classify,
};
