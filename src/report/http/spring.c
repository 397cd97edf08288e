/* GET /actuator/health and what is below it, as Spring Boot answers, and with it Zeebe's gateway: the
 * workers are the components, and startup, readiness and liveness are its groups. */
#include "report/http/document.h"
#include "util/json.h"

#define TYPE_SPRING "application/vnd.spring-boot.actuator.v3+json"
#define TYPE_JSON "application/json"

static enum spring_status of_all(struct verdict v) {
        return v.status;
}

static enum spring_status of_liveness(struct verdict v) {
        return v.liveness;
}

/* Refusing traffic is out of service, whatever it is for; see Spring's ReadinessState. */
static enum spring_status of_readiness(struct verdict v) {
        return v.ready ? SPRING_UP : SPRING_OUT_OF_SERVICE;
}

/* Zeebe's gateway has it down until it is started. */
static enum spring_status of_startup(struct verdict v) {
        return v.started ? SPRING_UP : SPRING_DOWN;
}

struct group {
        const char *name;
        enum spring_status (*status)(struct verdict v);
};

/* In the order of their names, as Spring lists them. */
static const struct group groups[] = {
        { "liveness", of_liveness },
        { "readiness", of_readiness },
        { "startup", of_startup },
};
static const struct group everything = { NULL, of_all };

/* The group that the path below /actuator/health begins with; *path is then what follows it. */
static const struct group *take_group(const char **path) {
        size_t len = strcspn(*path, "/");

        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (strlen(groups[i].name) == len && strncmp(*path, groups[i].name, len) == 0) {
                        *path += len + ((*path)[len] == '/' ? 1 : 0);
                        return &groups[i];
                }
        return &everything;
}

/* Spring's own type is what it sends to whoever does not ask for plain JSON. */
static const char *content_type(const struct question *q) {
        return strcasestr(q->accept, TYPE_JSON) && !strcasestr(q->accept, TYPE_SPRING) ? TYPE_JSON
                                                                                       : TYPE_SPRING;
}

static void add_text(json_object *o, const char *key, const char *text) {
        if (text)
                (void) json_object_object_add(o, key, json_object_new_string(text));
}

static json_object *make_details(const struct snapshot *s, const struct worker_snapshot *w) {
        json_object *o = json_object_new_object();
        char clause[CLAUSE_SIZE];

        if (!o)
                return NULL;
        add_text(o, "state", worker_state_to_string(health_shown_state(w->health, w->history)));
        if (w->health->last.sent_at_usec > 0) {
                add_text(o, "outcome", outcome_to_string(w->health->last.outcome));
                add_text(o, "reason", reason_to_string(w->health->last.reason));
        }
        add_text(o, "message", snapshot_clause(s, w, clause));
        add_text(o, "unit", w->settings->unit);
        return o;
}

static json_object *make_component(const struct snapshot *s,
                                   const struct worker_snapshot *w,
                                   const struct group *g) {
        json_object *o = json_object_new_object();

        if (!o)
                return NULL;
        add_text(o, "status", spring_status_to_string(g->status(snapshot_verdict(s, w))));
        (void) json_object_object_add(o, "details", make_details(s, w));
        return o;
}

static json_object *make_health(const struct snapshot *s,
                                const struct worker_snapshot *workers,
                                size_t n,
                                const struct group *g,
                                enum spring_status status) {
        json_object *o = json_object_new_object(), *components, *names;

        if (!o)
                return NULL;
        add_text(o, "status", spring_status_to_string(status));
        if (n > 0) { /* Spring leaves empty ones out */
                components = json_object_new_object();
                for (size_t i = 0; components && i < n; i++)
                        (void) json_object_object_add(components, workers[i].settings->name,
                                                      make_component(s, &workers[i], g));
                (void) json_object_object_add(o, "components", components);
        }
        if (g != &everything)
                return o;
        names = json_object_new_array();
        for (size_t i = 0; names && i < ELEMENTSOF(groups); i++)
                (void) json_object_array_add(names, json_object_new_string(groups[i].name));
        (void) json_object_object_add(o, "groups", names);
        return o;
}

int document_spring(const struct snapshot *s, const struct question *q, struct document *ret) {
        const char *component = q->rest;
        const struct group *g = take_group(&component);
        const struct worker_snapshot *workers;
        struct question wanted = *q;
        enum spring_status status;
        size_t n;

        if (component[0] != '\0')
                wanted.worker = component;
        if (question_workers(s, &wanted, &workers, &n) < 0) {
                ret->status = 404; /* without a body, as Spring's */
                return 0;
        }
        status = g->status(snapshot_verdict_of_all(s, workers, n));
        return document_json(ret, spring_http_status(status), content_type(q),
                             component[0] != '\0' ? make_component(s, workers, g)
                                                  : make_health(s, workers, n, g, status));
}
