/* GET /__health, or wherever krakend_path puts it, as KrakenD answers it: always 200, with the time at which
 * each worker was last ok. That time alone says how a worker is. */
#include <stdio.h>
#include <time.h>

#include "report/http/document.h"
#include "util/json.h"
#include "util/text.h"

#define TYPE "application/json; charset=utf-8" /* as gin has it */
#define GO_TIME_SIZE 96

/* As Go's Time.String() writes it, in the local zone: "2022-01-19 18:25:17.00225307 +0100 CET
 * m=+0.031662879". m is the time since the agent started: where it goes back, the agent was restarted. */
static void write_go_time(const struct snapshot *s, usec_t at_usec, char *buf, size_t size) {
        usec_t real_usec = snapshot_realtime(s, at_usec);
        usec_t since_usec = usec_sub(at_usec, s->started_at_usec);
        time_t seconds = (time_t) (real_usec / USEC_PER_SEC);
        char date[32] = "", fraction[16], zone[32] = "";
        size_t len;
        struct tm tm;

        if (localtime_r(&seconds, &tm)) {
                (void) strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
                (void) strftime(zone, sizeof(zone), "%z %Z", &tm);
        }
        /* Without zeros at its end, and without the point before nothing. */
        (void) snprintf(fraction, sizeof(fraction), ".%06u", (unsigned) (real_usec % USEC_PER_SEC));
        for (len = strlen(fraction); len > 0 && strchr("0.", fraction[len - 1]); len--)
                fraction[len - 1] = '\0';
        (void) snprintf(buf, size, "%s%s %s m=+%ju.%06u000", date, fraction, zone,
                        (uintmax_t) (since_usec / USEC_PER_SEC), (unsigned) (since_usec % USEC_PER_SEC));
}

static json_object *new_go_time(const struct snapshot *s, usec_t at_usec) {
        char text[GO_TIME_SIZE];

        write_go_time(s, at_usec, text, sizeof(text));
        return json_object_new_string(text);
}

/* An agent of KrakenD's that never pinged is not in the map, so a worker that never was ok is not. */
static json_object *make_agents(const struct snapshot *s, const struct worker_snapshot *workers, size_t n) {
        json_object *o = json_object_new_object();

        for (size_t i = 0; o && i < n; i++)
                if (workers[i].health->last_ok_usec > 0)
                        (void) json_object_object_add(o, workers[i].settings->name,
                                                      new_go_time(s, workers[i].health->last_ok_usec));
        return o;
}

int document_krakend(const struct snapshot *s, const struct question *q, struct document *ret) {
        const struct worker_snapshot *workers;
        json_object *o;
        size_t n;

        if (s->settings->http.krakend_body) {
                int r = document_text(ret, 200, s->settings->http.krakend_body);

                ret->content_type = TYPE;
                return r;
        }
        if (question_workers(s, q, &workers, &n) < 0)
                return document_no_worker(ret);
        o = json_object_new_object();
        if (o) {
                (void) json_object_object_add(o, "agents", make_agents(s, workers, n));
                (void) json_object_object_add(o, "now", new_go_time(s, s->now_usec));
                (void) json_object_object_add(o, "status", json_object_new_string("ok"));
        }
        return document_json(ret, 200, TYPE, o);
}
