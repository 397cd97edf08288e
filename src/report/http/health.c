/* GET /health, as KIP-1017 gives it to workers from Kafka 3.9 on: here for the older ones, and for several.
 */
#include <stdio.h>

#include "report/http/document.h"
#include "util/json.h"
#include "util/text.h"

#define MESSAGE_SIZE 4096

/* The first sentence is KIP-1017's own. */
static void write_message(const struct snapshot *s,
                          const struct worker_snapshot *workers,
                          size_t n,
                          struct verdict worst,
                          char *buf,
                          size_t size) {
        const char *separator = "";

        buf[0] = '\0';
        if (n == 0)
                text_append(buf, size, "No worker is configured; see connect-watchdog.conf(5)");
        else if (worst.health_status == 200)
                text_append(buf, size, "Worker has completed startup and is ready to handle requests.");
        for (size_t i = 0; i < n && worst.health_status != 200; i++) {
                char clause[CLAUSE_SIZE];

                if (snapshot_verdict(s, &workers[i]).health_status == 200)
                        continue;
                text_append(buf, size, "%s%s: %s", separator, workers[i].settings->name,
                            snapshot_clause(s, &workers[i], clause));
                separator = "\n";
        }
}

int document_health(const struct snapshot *s, const struct question *q, struct document *ret) {
        const struct worker_snapshot *workers;
        char message[MESSAGE_SIZE];
        struct verdict worst;
        json_object *o;
        size_t n;

        if (question_workers(s, q, &workers, &n) < 0)
                return document_no_worker(ret);
        worst = snapshot_verdict_of_all(s, workers, n);
        write_message(s, workers, n, worst, message, sizeof(message));

        o = json_object_new_object();
        if (o) {
                json_object_object_add(o, "status", json_object_new_string(worst.health_word));
                json_object_object_add(o, "message", json_object_new_string(message));
        }
        return document_json(ret, worst.health_status, "application/json", o);
}
