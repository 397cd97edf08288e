/* HTTP over the agent's unix socket. What it knows the agent answers from memory; an order it answers when
 * that is on disk, and a restart after the evidence. One that takes longer hangs. */
#include <errno.h>
#include <sys/un.h>

#include <curl/curl.h>

#include "config/suggest.h"
#include "ctl/control_client.h"
#include "ctl/ctl_bus.h"
#include "ctl/verbs.h"
#include "util/text.h"

#define PROTOCOL "1"
#define GET_TIMEOUT_SECONDS 10L
#define POST_TIMEOUT_SECONDS 120L
#define BODY_BYTES_MAX ((size_t) 256 * 1024 * 1024)
#define JSON_DEPTH 32
#define PATH_SIZE 64

struct exchange {
        const char *socket;
        CURL *curl;
        struct curl_slist *headers;
        FILE *f;
        char *body;
        size_t len;
        char why[CURL_ERROR_SIZE];
        long timeout_seconds;
        long status;
};

static void exchange_done(struct exchange *x) {
        curl_easy_cleanup(x->curl);
        curl_slist_free_all(x->headers);
        if (x->f)
                (void) fclose(x->f);
        free(x->body);
}

void control_answer_done(struct control_answer *a) {
        a->body = json_object_unref(a->body);
}

static int fail(struct control_answer *a, int status, const char *format, ...) _printf_(3, 4);

static int fail(struct control_answer *a, int status, const char *format, ...) {
        va_list ap;

        a->problem[0] = '\0';
        va_start(ap, format);
        text_appendv(a->problem, sizeof(a->problem), format, ap);
        va_end(ap);
        return status;
}

/* ---- one request ---- */

static size_t take_body(char *data, size_t size, size_t n, void *userdata) {
        struct exchange *x = userdata;
        long at = ftell(x->f);

        if (at < 0 || (size_t) at + size * n > BODY_BYTES_MAX)
                return 0;
        return fwrite(data, size, n, x->f);
}

static bool add_header(struct exchange *x, const char *header) {
        struct curl_slist *longer = curl_slist_append(x->headers, header);

        if (longer)
                x->headers = longer;
        return longer;
}

static int set_up(struct exchange *x, const char *path, const char *post) {
        char url[PATH_SIZE + 32];

        x->curl = curl_easy_init();
        x->f = open_memstream(&x->body, &x->len);
        if (!x->curl || !x->f || !add_header(x, "Connect-Watchdog-Protocol: " PROTOCOL))
                return -ENOMEM;
        (void) snprintf(url, sizeof(url), "http://localhost%s", path);
        if (curl_easy_setopt(x->curl, CURLOPT_URL, url) != CURLE_OK ||
            curl_easy_setopt(x->curl, CURLOPT_UNIX_SOCKET_PATH, x->socket) != CURLE_OK ||
            curl_easy_setopt(x->curl, CURLOPT_PROXY, "") != CURLE_OK ||
            curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
            curl_easy_setopt(x->curl, CURLOPT_TIMEOUT, x->timeout_seconds) != CURLE_OK ||
            curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->why) != CURLE_OK ||
            curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, take_body) != CURLE_OK ||
            curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x) != CURLE_OK)
                return -ENOMEM;
        if (post && (!add_header(x, "Content-Type: application/json") ||
                     curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, post) != CURLE_OK))
                return -ENOMEM;
        return curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK ? 0 : -ENOMEM;
}

/* There is nobody at the socket: mostly as the agent does not run, but then systemd knows. Another socket
 * than the service's own is another agent's. */
static int tell_nobody(const struct exchange *x, const char *why, struct control_answer *a) {
        _cleanup_(ctl_bus_freep) struct ctl_bus *bus = NULL;
        struct unit_facts unit = {};
        char problem[256];

        if (streq(x->socket, CTL_SOCKET) && ctl_bus_open(&bus, problem, sizeof(problem)) >= 0 &&
            ctl_bus_read_unit(bus, AGENT_UNIT, &unit, problem, sizeof(problem)) >= 0) {
                if (unit_facts_running(&unit))
                        return fail(a, CTL_NO_AGENT,
                                    AGENT_UNIT
                                    " is %s, but nobody answers at %s: %s. journalctl -u " AGENT_UNIT
                                    " may say why, and systemctl restart " AGENT_UNIT " starts it anew",
                                    unit.active_state, x->socket, why);
                /* Mostly by its configuration: started again, it would fail again. */
                if (streq(unit.active_state, "failed"))
                        return fail(a, CTL_NO_AGENT,
                                    AGENT_UNIT " has failed: connect-watchdogctl verify-config and "
                                               "journalctl -u " AGENT_UNIT
                                               " say why; then systemctl start " AGENT_UNIT);
        }
        return fail(a, CTL_NO_AGENT, AGENT_UNIT " is not running (%s: %s): systemctl start " AGENT_UNIT,
                    x->socket, why);
}

static int tell_connecting(const struct exchange *x, struct control_answer *a) {
        long error = 0;

        (void) curl_easy_getinfo(x->curl, CURLINFO_OS_ERRNO, &error);
        switch (error) {
        case EACCES:
        case EPERM:
                return fail(
                        a, CTL_NOT_ALLOWED,
                        "only root and members of the group connect-watchdog may ask the agent (%s): use "
                        "sudo",
                        x->socket);
        case ENOENT:
        case ECONNREFUSED:
                return tell_nobody(x, strerror((int) error), a);
        default:
                return fail(a, CTL_NO_AGENT, "the agent cannot be asked at %s: %s", x->socket,
                            error > 0 ? strerror((int) error) : x->why);
        }
}

static int tell_no_answer(const struct exchange *x, CURLcode code, struct control_answer *a) {
        switch (code) {
        case CURLE_COULDNT_CONNECT:
                return tell_connecting(x, a);
        case CURLE_OPERATION_TIMEDOUT:
                return fail(a, CTL_NO_AGENT,
                            "the agent has not answered for %ld s, it hangs; journalctl -u " AGENT_UNIT
                            " may say why, and systemctl restart " AGENT_UNIT " starts it anew",
                            x->timeout_seconds);
        case CURLE_OUT_OF_MEMORY:
                return fail(a, CTL_FAILED, "%s", strerror(ENOMEM));
        default:
                return fail(a, CTL_NO_AGENT, "the agent did not answer at %s: %s", x->socket,
                            x->why[0] ? x->why : curl_easy_strerror(code));
        }
}

/* Returns CTL_OK when there is an answer, whatever it says. */
static int perform(struct exchange *x, const char *path, const char *post, struct control_answer *a) {
        CURLcode code;

        if (strlen(x->socket) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                return fail(a, CTL_USAGE, "%s: the path is too long for a socket", x->socket);
        x->timeout_seconds = post ? POST_TIMEOUT_SECONDS : GET_TIMEOUT_SECONDS;
        if (set_up(x, path, post) < 0)
                return fail(a, CTL_FAILED, "%s", strerror(ENOMEM));
        code = curl_easy_perform(x->curl);
        if (code != CURLE_OK)
                return tell_no_answer(x, code, a);
        (void) curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &x->status);
        return fflush(x->f) == 0 ? CTL_OK : fail(a, CTL_FAILED, "%s", strerror(ENOMEM));
}

/* ---- what it answers ---- */

/* The agent's own sentence, or the first line of what was said in its place. */
static void copy_error(const struct exchange *x, struct control_answer *a) {
        const char *error = json_member_text(a->body, "error");

        if (error[0])
                (void) text_copy_line(a->problem, sizeof(a->problem), error, strlen(error));
        else
                (void) fail(a, 0, "the agent answered HTTP %ld without saying why", x->status);
}

static int read_answer(const struct exchange *x, struct control_answer *a) {
        const char *problem = "";
        int r = json_parse(x->body, x->len, JSON_DEPTH, &a->body, &problem);

        if (x->status == 200)
                return r >= 0 ? CTL_OK
                              : fail(a, CTL_FAILED,
                                     "what answers at %s is no agent of connect-watchdog, or another "
                                     "version of it: %s",
                                     x->socket, r == -ENOMEM ? strerror(ENOMEM) : problem);
        copy_error(x, a);
        switch (x->status) {
        case 403:
                return CTL_NOT_ALLOWED;
        case 404:
                return CTL_NO_WORKER;
        case 409:
                return CTL_HELD;
        default:
                return CTL_FAILED;
        }
}

int control_get(const char *socket, const char *path, struct control_answer *a) {
        _cleanup_(exchange_done) struct exchange x = { .socket = socket };
        int r = perform(&x, path, NULL, a);

        return r == CTL_OK ? read_answer(&x, a) : r;
}

/* ---- an agent that does not know the question ---- */

/* An agent of before this verb answers as to any path that it does not have. Whether it was that, and not
 * the worker, that is not there, shows in what workers there are. */
static int tell_unknown(const char *socket, const char *worker, struct control_answer *refused) {
        _cleanup_(control_answer_done) struct control_answer all = {};
        const char *version;

        if (control_get(socket, "/workers", &all) != CTL_OK)
                return CTL_NO_WORKER;
        version = json_member_text(all.body, "version");
        if (worker && !control_find_worker(&all, worker)) {
                if (!json_member_text(refused->body, "error")[0])
                        (void) memcpy(refused->problem, all.problem, sizeof(refused->problem));
                return CTL_NO_WORKER;
        }
        return fail(refused, CTL_FAILED,
                    "the running agent (%s) does not know this yet, as connect-watchdogctl " PROJECT_VERSION
                    " does: systemctl restart " AGENT_UNIT " runs the one that is installed",
                    version[0] ? version : "of another version");
}

int control_post(const char *socket,
                 const char *path,
                 json_object *request,
                 const char *worker,
                 struct control_answer *a) {
        _cleanup_(exchange_done) struct exchange x = { .socket = socket };
        const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
        int r;

        if (!text)
                return fail(a, CTL_FAILED, "%s", strerror(ENOMEM));
        r = perform(&x, path, text, a);
        if (r == CTL_OK)
                r = read_answer(&x, a);
        /* 405: one that takes no POST at all. */
        return x.status == 404 || x.status == 405 ? tell_unknown(socket, worker, a) : r;
}

/* ---- a worker by its name ---- */

static const char *nearest(json_object *workers, const char *name) {
        size_t n = json_object_array_length(workers);
        _cleanup_free_ const char **names = calloc(n + 1, sizeof(*names));

        for (size_t i = 0; names && i < n; i++)
                names[i] = json_member_text(json_object_array_get_idx(workers, i), "name");
        return names ? suggest_nearest(name, names) : NULL;
}

json_object *control_find_worker(struct control_answer *a, const char *name) {
        json_object *workers = json_member(a->body, "workers", json_type_array);
        const char *meant;

        for (size_t i = 0; workers && i < json_object_array_length(workers); i++) {
                json_object *w = json_object_array_get_idx(workers, i);

                if (streq(json_member_text(w, "name"), name))
                        return w;
        }
        meant = workers ? nearest(workers, name) : NULL;
        (void) fail(a, 0, "there is no worker %s; %s%s%s", name, meant ? "did you mean " : "see ",
                    meant ? meant : "connect-watchdogctl status", meant ? "?" : "");
        return NULL;
}
