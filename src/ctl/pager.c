/* The pager. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "ctl/pager.h"
#include "util/terminal.h"

/* Ends at once where all fits the screen, shows colours, does not wrap, clears nothing: systemd's. */
#define LESS_OPTIONS "FRSXMK"

/* "" for none; NULL: nobody has a wish. */
static const char *wanted(void) {
        const char *pager = getenv("SYSTEMD_PAGER");

        if (!pager)
                pager = getenv("PAGER");
        return pager && streq(pager, "cat") ? "" : pager;
}

static void run(const char *pager, int input) {
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void) signal(SIGINT, SIG_DFL);
        if (dup2(input, STDIN_FILENO) < 0 || setenv("LESS", LESS_OPTIONS, true) < 0 ||
            setenv("LESSCHARSET", "utf-8", true) < 0 ||
            /* Whoever may run this by sudo is not thereby given a shell. */
            setenv("LESSSECURE", "1", true) < 0)
                _exit(EXIT_FAILURE);
        if (pager)
                (void) execl("/bin/sh", "sh", "-c", pager, NULL);
        else
                (void) execlp("less", "less", NULL);
        /* Not more, which takes colours for width. */
        (void) execlp("cat", "cat", NULL);
        _exit(EXIT_FAILURE);
}

void pager_open(struct pager *p) {
        const char *pager = wanted();
        int ends[2];

        *p = (struct pager) { .terminal = -1 };
        if (!terminal_can_draw(STDOUT_FILENO) || (pager && !pager[0]) || pipe2(ends, O_CLOEXEC) < 0)
                return;
        p->terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        p->pid = p->terminal < 0 ? -1 : fork();
        if (p->pid == 0)
                run(pager, ends[0]);
        if (p->pid < 0 || dup2(ends[1], STDOUT_FILENO) < 0)
                p->pid = 0;
        else
                (void) signal(SIGINT, SIG_IGN); /* it is the pager that ^C is for */
        (void) close(ends[0]);
        (void) close(ends[1]);
}

void pager_close(struct pager *p) {
        if (p->pid > 0) {
                (void) fflush(stdout);
                (void) dup2(p->terminal, STDOUT_FILENO); /* the end of what it reads */
                while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        if (p->terminal >= 0)
                (void) close(p->terminal);
        p->pid = 0;
        p->terminal = -1;
}
