/* One program run for one notification. Knows no queue. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include <systemd/sd-event.h>

#include "report/notification/command.h"
#include "util/command_line.h"
#include "util/span.h"
#include "util/text.h"

/* Of what it writes, the beginning is told where it fails. */
#define OUTPUT_SIZE 256
/* From SIGTERM to SIGKILL. */
#define MERCY_USEC (2 * USEC_PER_SEC)

struct command {
        notify_sent_t done;
        void *userdata;
        pid_t pid; /* and its process group; 0: it has ended */
        usec_t timeout_usec;
        bool overdue; /* it was told to end */
        char *text;
        size_t text_len, n_written;
        int input, output; /* our ends of its pipes */
        char said[OUTPUT_SIZE];
        size_t n_said;
        sd_event_source *input_source, *output_source, *child_source, *limit_source;
};

/* ---- its pipes ---- */

static void close_input(struct command *c) {
        c->input_source = sd_event_source_disable_unref(c->input_source);
        if (c->input >= 0)
                (void) close(take_fd(&c->input));
}

/* A program need not read what it is given. */
static int on_writable(_unused_ sd_event_source *s, int fd, _unused_ uint32_t events, void *userdata) {
        struct command *c = userdata;
        ssize_t n = write(fd, c->text + c->n_written, c->text_len - c->n_written);

        if (n > 0)
                c->n_written += (size_t) n;
        if ((n < 0 && errno != EAGAIN && errno != EINTR) || c->n_written == c->text_len)
                close_input(c);
        return 0;
}

/* Returns 1, 0 at its end, or a negative errno: -EAGAIN where nothing is there now. */
static int read_some(struct command *c) {
        char block[4096];
        ssize_t n = read(c->output, block, sizeof(block));
        size_t taken;

        if (n <= 0)
                return n < 0 ? -errno : 0;
        taken = MIN((size_t) n, sizeof(c->said) - c->n_said);
        memcpy(c->said + c->n_said, block, taken);
        c->n_said += taken;
        return 1;
}

static int on_readable(sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *userdata) {
        int r = read_some(userdata);

        if (r <= 0 && r != -EAGAIN && r != -EINTR)
                (void) sd_event_source_set_enabled(s, SD_EVENT_OFF);
        return 0;
}

/* ---- its end ---- */

static void describe_end(struct command *c, const siginfo_t *si, char *why, size_t size) {
        char said[OUTPUT_SIZE];

        why[0] = '\0';
        if (c->overdue)
                text_append(why, size, "did not end within %s and was killed", SPAN(c->timeout_usec));
        else if (si->si_code == CLD_EXITED)
                text_append(why, size, "ended with status %d", si->si_status);
        else
                text_append(why, size, "was killed by SIG%s", strempty(sigabbrev_np(si->si_status)));
        text_copy_line(said, sizeof(said), c->said, c->n_said);
        for (size_t len = strlen(said); len > 0 && said[len - 1] == ' '; len--)
                said[len - 1] = '\0';
        if (said[0] != '\0')
                text_append(why, size, " (%s)", said);
}

static int on_child(_unused_ sd_event_source *s, const siginfo_t *si, void *userdata) {
        struct command *c = userdata;
        bool well = !c->overdue && si->si_code == CLD_EXITED && si->si_status == 0;
        char why[NOTIFY_WHY_SIZE];

        /* What it left behind in its group. It is reaped after this, so the number is still its own. */
        if (c->overdue)
                (void) kill(-c->pid, SIGKILL);
        c->pid = 0;
        while (c->n_said < sizeof(c->said) && read_some(c) > 0)
                ;
        describe_end(c, si, why, sizeof(why));
        c->done(well ? NOTIFY_TAKEN : NOTIFY_FAILED, why, c->userdata);
        return 0;
}

static int on_limit(sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        struct command *c = userdata;

        (void) kill(-c->pid, c->overdue ? SIGKILL : SIGTERM);
        if (c->overdue)
                return 0;
        c->overdue = true;
        (void) sd_event_source_set_time_relative(s, MERCY_USEC);
        (void) sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        return 0;
}

/* ---- its beginning ---- */

/* What it may need of ours; nothing that speaks for the agent to systemd. */
static char **make_environment(const struct notification *n) {
        static const char *const names[] = { "PATH",    "LANG",  "LC_ALL",
                                             "TZ",      "HOME",  "USER",
                                             "LOGNAME", "SHELL", "CREDENTIALS_DIRECTORY" };
        _cleanup_strv_ char **base = NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = getenv(names[i]);
                _cleanup_free_ char *entry = NULL;

                if (!value)
                        continue;
                if (asprintf(&entry, "%s=%s", names[i], value) < 0) {
                        entry = NULL;
                        return NULL;
                }
                if (strv_extend(&base, entry) < 0)
                        return NULL;
        }
        return notification_environment(n, base);
}

/* Its own process group, no signal blocked or ignored, nothing open but its three. */
static int spawn(char *const *argv, char *const *environment, int in, int out, pid_t *ret) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        if (posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void) posix_spawn_file_actions_destroy(&actions);
                return -ENOMEM;
        }
        r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                                  POSIX_SPAWN_SETSIGDEF);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attributes, &all);
        if (r == 0)
                r = posix_spawn(ret, argv[0], &actions, &attributes, argv, environment);
        (void) posix_spawn_file_actions_destroy(&actions);
        (void) posix_spawnattr_destroy(&attributes);
        return -r;
}

static int watch(struct command *c, sd_event *event) {
        int r;

        r = sd_event_add_child(event, &c->child_source, c->pid, WEXITED, on_child, c);
        if (r >= 0)
                r = sd_event_source_set_child_process_own(c->child_source, true);
        if (r >= 0)
                r = sd_event_add_io(event, &c->input_source, c->input, EPOLLOUT, on_writable, c);
        if (r >= 0)
                r = sd_event_add_io(event, &c->output_source, c->output, EPOLLIN, on_readable, c);
        /* Who floods it waits for us, and not the loop for him. */
        if (r >= 0)
                r = sd_event_source_set_ratelimit(c->output_source, 100 * USEC_PER_MSEC, 10);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &c->limit_source, CLOCK_MONOTONIC, c->timeout_usec,
                                               10 * USEC_PER_MSEC, on_limit, c);
        return r;
}

static int start(struct command *c, sd_event *event, char *const *argv, char *const *environment) {
        _cleanup_close_ int in = -1, out = -1;
        int fds[2];
        int r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        in = fds[0];
        c->input = fds[1];
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        c->output = fds[0];
        out = fds[1];
        if (fcntl(c->input, F_SETFL, O_NONBLOCK) < 0 || fcntl(c->output, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        r = spawn(argv, environment, in, out, &c->pid);
        return r < 0 ? r : watch(c, event);
}

int command_run(sd_event *event,
                const struct notify_settings *settings,
                const struct notification *n,
                notify_sent_t done,
                void *userdata,
                char why[static NOTIFY_WHY_SIZE],
                struct command **ret) {
        _cleanup_(command_unrefp) struct command *c = calloc(1, sizeof(*c));
        _cleanup_strv_ char **argv = NULL, **environment = make_environment(n);
        const char *problem;
        int r;

        if (c) {
                *c = (struct command) {
                        .done = done,
                        .userdata = userdata,
                        .timeout_usec = settings->timeout_usec,
                        .text = notification_text(n, NOTIFY_JSON),
                        .input = -1,
                        .output = -1,
                };
                c->text_len = strlen(strempty(c->text));
        }
        r = c && c->text && environment ? command_line_split(settings->command, &argv, &problem) : -ENOMEM;
        if (r >= 0)
                r = start(c, event, argv, environment);
        if (r < 0) {
                (void) snprintf(why, NOTIFY_WHY_SIZE, "could not be run: %s%s%s", argv ? argv[0] : "",
                                argv ? ": " : "", strerror(-r));
                return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

struct command *command_unref(struct command *c) {
        if (!c)
                return NULL;
        if (c->pid > 0)
                (void) kill(-c->pid, SIGKILL);
        if (c->pid > 0 && !c->child_source)
                (void) waitpid(c->pid, NULL, 0);
        sd_event_source_disable_unref(c->child_source);
        sd_event_source_disable_unref(c->output_source);
        sd_event_source_disable_unref(c->limit_source);
        close_input(c);
        if (c->output >= 0)
                (void) close(c->output);
        free(c->text);
        free(c);
        return NULL;
}
