/* Looks at this host for each worker: its unit, polkit, its URL, its port or socket. What that means is said
 * elsewhere. */
#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "config/service_user.h"
#include "ctl/ask_urls.h"
#include "ctl/certificate.h"
#include "ctl/ctl_bus.h"
#include "ctl/process.h"
#include "ctl/verify.h"
#include "util/listen_address.h"

struct worker_facts {
        struct unit_facts unit;
        struct polkit_facts polkit;
        struct port_facts port;
};

struct host {
        const struct settings *settings;
        struct unit_facts agent;
        struct worker_facts *workers; /* in the order of the settings */
        struct url_facts *urls;       /* the same */
};

static void host_done(struct host *h) {
        for (size_t i = 0; i < h->settings->n_workers; i++) {
                if (h->workers) {
                        free(h->workers[i].unit.cmdline.data);
                        free(h->workers[i].unit.environ.data);
                        free(h->workers[i].unit.status.data);
                }
                if (h->urls)
                        url_facts_done(&h->urls[i]);
        }
        free(h->workers);
        free(h->urls);
}

static bool acts(const struct host *h, const struct worker_settings *w) {
        return w->action == ACTION_RESTART && !h->settings->agent.dry_run;
}

/* ---- the bus ---- */

static const struct worker_settings *earlier_of_same_unit(const struct host *h, size_t i) {
        for (size_t k = 0; k < i; k++)
                if (h->workers[k].unit.known && streq(h->workers[k].unit.id, h->workers[i].unit.id))
                        return h->settings->workers[k];
        return NULL;
}

static void read_process(struct unit_facts *u) {
        if (u->main_pid == 0)
                return;
        process_read(u->main_pid, "cmdline", &u->cmdline);
        process_read(u->main_pid, "environ", &u->environ);
        process_read(u->main_pid, "status", &u->status);
}

/* Returns 0, or a negative errno with the problem, after which systemd is asked no more. */
static int read_units(struct host *h, struct ctl_bus *bus, char *problem, size_t size) {
        int r;

        r = ctl_bus_read_unit(bus, AGENT_UNIT, &h->agent, problem, size);
        for (size_t i = 0; r >= 0 && i < h->settings->n_workers; i++) {
                const struct worker_settings *w = h->settings->workers[i];
                struct unit_facts *u = &h->workers[i].unit;

                if (!w->unit)
                        continue;
                r = ctl_bus_read_unit(bus, w->unit, u, problem, size);
                if (r < 0)
                        break;
                u->same_as = earlier_of_same_unit(h, i);
                read_process(u);
                ctl_bus_ask_polkit(bus, w, u->id, h->agent.main_pid, &h->workers[i].polkit);
        }
        return r;
}

static void ask_bus(struct host *h, struct findings *f) {
        _cleanup_(ctl_bus_freep) struct ctl_bus *bus = NULL;
        char problem[256] = "";
        int r;

        r = ctl_bus_open(&bus, problem, sizeof(problem));
        if (r >= 0)
                r = read_units(h, bus, problem, sizeof(problem));
        if (r < 0)
                finding_add(f, FINDING_UNKNOWN, CHECK_SYSTEMD, NULL, "systemctl status",
                            "%s: units and polkit were not looked at", problem);
        service_check(&h->agent, f);
}

/* ---- URLs, ports and sockets ---- */

/* Returns 1 or a negative errno. Whether anybody answers there is found out elsewhere. */
static int may_connect(const char *url) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct listen_address to;
        const char *problem;

        if (fd < 0)
                return -errno;
        if (listen_address_parse(url, &to, &problem) >= 0 &&
            connect(fd, (struct sockaddr *) &to.address, to.address_len) < 0 &&
            (errno == EACCES || errno == EPERM))
                return -errno;
        return 1;
}

static void try_sockets(const struct host *h) {
        struct identity before;

        if (!service_user_become(&before))
                return;
        for (size_t i = 0; i < h->settings->n_workers; i++)
                if (listen_address_path(h->settings->workers[i]->url))
                        h->urls[i].agent_may_connect = may_connect(h->settings->workers[i]->url);
        service_user_return(&before);
}

static int ask_urls_and_ports(struct host *h) {
        int r;

        try_sockets(h);
        r = ask_urls(h->settings, h->urls);
        for (size_t i = 0; r >= 0 && i < h->settings->n_workers; i++) {
                const struct worker_settings *w = h->settings->workers[i];
                const char *path = listen_address_path(w->url);
                const struct unit_facts *u = &h->workers[i].unit;
                struct url_facts *url = &h->urls[i];

                if (w->cert_file)
                        url->own_certificate_problem =
                                certificate_read_end(w->cert_file, &url->own_certificate_end_usec);
                if (!u->known || !streq(u->load_state, "loaded"))
                        continue;
                if (path)
                        socket_look(path, u->id, &h->workers[i].port);
                else if (url->addresses[0])
                        port_look(url->addresses, url->port, u->id, &h->workers[i].port);
        }
        return r;
}

/* ---- all of it ---- */

static void judge(const struct host *h, size_t i, const struct check_clock *now, struct findings *f) {
        const struct worker_settings *w = h->settings->workers[i];
        const struct worker_facts *facts = &h->workers[i];

        unit_check(w, &facts->unit, f);
        polkit_check(w, &facts->unit, &facts->polkit, acts(h, w), f);
        url_check(w, &h->urls[i], &facts->unit, now, f);
        port_check(w, &facts->unit, &facts->port, f);
        peers_check(w, &h->urls[i], now, f);
        certificate_check(w, &h->urls[i], now->realtime_usec, f);
        unit_check_settings(w, &facts->unit, acts(h, w), f);
}

int verify_host(const struct settings *s, struct findings *f) {
        _cleanup_(host_done) struct host h = { .settings = s };
        struct check_clock now = { .is_root = geteuid() == 0 };
        int r;

        h.workers = calloc(s->n_workers + 1, sizeof(*h.workers));
        h.urls = calloc(s->n_workers + 1, sizeof(*h.urls));
        if (!h.workers || !h.urls)
                return -ENOMEM;
        ask_bus(&h, f);
        r = ask_urls_and_ports(&h);
        if (r < 0)
                return r;
        now.agent_usec = ask_urls_now();
        now.realtime_usec = (usec_t) time(NULL) * USEC_PER_SEC;
        for (size_t i = 0; i < s->n_workers; i++)
                judge(&h, i, &now, f);
        return 0;
}
