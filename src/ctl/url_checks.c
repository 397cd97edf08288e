/* What there is to say of a worker's URL, its peers, its port or socket and its certificates. Asks nobody.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "config/service_user.h"
#include "ctl/sandbox.h"
#include "ctl/url_checks.h"
#include "report/narrate.h"
#include "util/listen_address.h"
#include "util/text.h"

/* Time enough to have a certificate signed. */
#define CERTIFICATE_LEAST_DAYS 30

#define CLAUSE_SIZE 768

static const char *clause_of(const struct observation *o,
                             const struct check_clock *now,
                             char *buf,
                             size_t size) {
        return narrate_observation(o, now->agent_usec, (int64_t) (now->realtime_usec - now->agent_usec), buf,
                                   size);
}

static const char *remedy_of(const struct observation *o) {
        const char *remedy = observation_remedy(o);

        return isempty(remedy) ? NULL : remedy;
}

/* ---- the URL ---- */

static enum severity severity_of(const struct observation *o,
                                 const struct unit_facts *u,
                                 const struct check_clock *now) {
        switch (o->outcome) {
        case OUTCOME_OK:
                return FINDING_GOOD;
        case OUTCOME_DEGRADED:
        case OUTCOME_STARTING:
                return FINDING_WARNING;
        case OUTCOME_FAILING:
                /* Of a worker that is down anyway it says nothing. */
                return u->known && streq(u->load_state, "loaded") && !unit_facts_running(u)
                               ? FINDING_UNKNOWN
                               : FINDING_PROBLEM;
        default:
                return o->reason == REASON_NO_RESOURCES || (o->reason == REASON_CREDENTIAL && !now->is_root)
                               ? FINDING_UNKNOWN
                               : FINDING_PROBLEM;
        }
}

/* What answers us may be out of the agent's reach. */
static void check_socket(const struct worker_settings *w,
                         const struct url_facts *url,
                         const struct check_clock *now,
                         struct findings *f) {
        const char *path = listen_address_path(w->url), *directory = path ? sandbox_hides(path) : NULL;

        if (directory)
                finding_add(f, FINDING_PROBLEM, CHECK_URL, w->name,
                            "have the worker listen in another place, such as a directory below /run",
                            "%s: the service's sandbox hides %s", w->url, directory);
        else if (path && url->agent_may_connect < 0)
                finding_add(
                        f, FINDING_PROBLEM, CHECK_URL, w->name,
                        "have the unit make the socket writable for a group of its own (Group=, "
                        "UMask=0007), and make that user a member of it, never of root; then restart "
                        "connect-watchdog.service (a SupplementaryGroups= of its own is not seen from here)",
                        "%s: the user " CONFIG_SERVICE_USER " cannot connect to it: %s", w->url,
                        strerror(-url->agent_may_connect));
        else if (path && url->agent_may_connect == 0)
                finding_add(f, FINDING_UNKNOWN, CHECK_URL, w->name,
                            now->is_root ? "make that user: systemd-sysusers" : "run this as root",
                            "%s: whether the user " CONFIG_SERVICE_USER
                            " can connect to it was not looked at",
                            w->url);
}

void url_check(const struct worker_settings *w,
               const struct url_facts *url,
               const struct unit_facts *u,
               const struct check_clock *now,
               struct findings *f) {
        enum severity severity = severity_of(&url->seen, u, now);
        const char *remedy = remedy_of(&url->seen);
        char clause[CLAUSE_SIZE];

        if (severity == FINDING_UNKNOWN && url->seen.outcome == OUTCOME_FAILING)
                remedy = "start its unit, then verify again";
        else if (severity == FINDING_UNKNOWN)
                remedy = url->seen.reason == REASON_CREDENTIAL ? "run this as root, who can read credentials"
                                                               : NULL;
        finding_add(f, severity, CHECK_URL, w->name, remedy, "%s %s", w->url,
                    clause_of(&url->seen, now, clause, sizeof(clause)));
        check_socket(w, url, now, f);
        if (w->unit && !w->url_is_local && url->is_local == 0)
                finding_add(f, FINDING_WARNING, CHECK_THIS_HOST, w->name,
                            "set url to an address of this machine; or, when this URL does tell of this "
                            "unit, url_is_local = yes",
                            "%s is not an address of this machine: what it answers says nothing about %s, "
                            "which is then not restarted (hold not-this-host)",
                            w->url, w->unit);
}

/* ---- peers ---- */

static bool is_healthy(const struct observation *o) {
        return outcome_is_good(o->outcome);
}

void peers_check(const struct worker_settings *w,
                 const struct url_facts *url,
                 const struct check_clock *now,
                 struct findings *f) {
        size_t n_healthy = 0;

        if (url->n_peers == 0)
                return;
        for (size_t i = 0; i < url->n_peers; i++) {
                const struct peer_facts *p = &url->peers[i];
                char clause[CLAUSE_SIZE];

                n_healthy += is_healthy(&p->seen);
                if (!is_healthy(&p->seen))
                        finding_add(f, FINDING_WARNING, CHECK_PEERS, w->name, remedy_of(&p->seen), "%s %s",
                                    p->url, clause_of(&p->seen, now, clause, sizeof(clause)));
        }
        if (n_healthy < w->min_healthy_peers)
                finding_add(f, FINDING_WARNING, CHECK_PEERS, w->name, NULL,
                            "%zu of %zu peers answer healthy, and a restart needs %u (hold peers-unhealthy)",
                            n_healthy, url->n_peers, w->min_healthy_peers);
        else
                finding_add(f, FINDING_GOOD, CHECK_PEERS, w->name, NULL,
                            "%zu of %zu peers answer healthy, and a restart needs %u", n_healthy,
                            url->n_peers, w->min_healthy_peers);
}

/* ---- the port, or the socket ---- */

/* What may well stand between us and the worker. */
static bool is_in_between(const struct port_facts *p) {
        static const char *const programs[] = {
                "nginx",   "haproxy", "envoy",   "httpd",    "apache2",
                "traefik", "caddy",   "stunnel", "stunnel4", "docker-proxy"
        };
        static const char *const scopes[] = { "docker-", "libpod-", "cri-containerd-" };

        for (size_t i = 0; i < ELEMENTSOF(programs); i++)
                if (streq(p->program, programs[i]))
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(scopes); i++)
                if (strncmp(p->unit, scopes[i], strlen(scopes[i])) == 0)
                        return true;
        return false;
}

void port_check(const struct worker_settings *w,
                const struct unit_facts *u,
                const struct port_facts *p,
                struct findings *f) {
        if (p->state == PORT_HIDDEN)
                finding_add(f, FINDING_UNKNOWN, CHECK_PORT, w->name, "run this as root",
                            "%s is held by a process that cannot be seen", p->place);
        if (p->state != PORT_HELD)
                return;
        if (streq(p->unit, u->id))
                finding_add(f, FINDING_GOOD, CHECK_PORT, w->name, NULL,
                            "%s is held by %s (process %" PRIu32 ")", p->place, u->id, p->pid);
        else if (is_in_between(p))
                finding_add(f, FINDING_WARNING, CHECK_PORT, w->name,
                            "set url to where the worker itself listens, so that a fault of what stands in "
                            "between is "
                            "not taken for one of the worker",
                            "%s is held by %s (process %" PRIu32 ", %s) and not by %s", p->place, p->program,
                            p->pid, isempty(p->unit) ? "of no unit" : p->unit, u->id);
        else
                finding_add(f, FINDING_PROBLEM, CHECK_PORT, w->name,
                            "set unit to the one that runs this worker, or url to where this worker "
                            "listens; see "
                            "which program took its place",
                            "%s is held by %s (process %" PRIu32
                            ", %s) and not by %s: a restart of that would not help",
                            p->place, isempty(p->unit) ? "a process of no unit" : p->unit, p->pid,
                            p->program, u->id);
}

/* ---- certificates ---- */

static void check_end(const struct worker_settings *w,
                      const char *whose,
                      usec_t end_usec,
                      usec_t realtime_usec,
                      struct findings *f) {
        time_t end = (time_t) (end_usec / USEC_PER_SEC);
        unsigned days = (unsigned) (usec_sub(end_usec, realtime_usec) / USEC_PER_DAY);
        char date[32] = "";
        struct tm tm;

        if (end_usec == 0 || !gmtime_r(&end, &tm))
                return;
        (void) strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
        if (end_usec <= realtime_usec)
                finding_add(f, FINDING_PROBLEM, CHECK_CERTIFICATE, w->name, "renew it", "%s expired at %s",
                            whose, date);
        else
                finding_add(f, days < CERTIFICATE_LEAST_DAYS ? FINDING_WARNING : FINDING_GOOD,
                            CHECK_CERTIFICATE, w->name, days < CERTIFICATE_LEAST_DAYS ? "renew it" : NULL,
                            "%s expires at %s, in %u day%s", whose, date, days, days == 1 ? "" : "s");
}

void certificate_check(const struct worker_settings *w,
                       const struct url_facts *url,
                       usec_t realtime_usec,
                       struct findings *f) {
        char own[512] = "";

        check_end(w, "the server's certificate, or one of its issuers',", url->certificate_end_usec,
                  realtime_usec, f);
        if (!w->cert_file)
                return;
        text_append(own, sizeof(own), "our own (cert_file %s)", w->cert_file);
        check_end(w, own, url->own_certificate_end_usec, realtime_usec, f);
        if (url->own_certificate_problem)
                finding_add(f, FINDING_UNKNOWN, CHECK_CERTIFICATE, w->name, NULL, "cert_file %s: %s",
                            w->cert_file, url->own_certificate_problem);
}
