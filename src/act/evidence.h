/* What an operator wishes to have from before the restart: unit properties, the unit's last lines, and for a
 * JVM its thread dump, both copied out of the unit's own journal. */
#pragma once

#include "act/systemd.h"
#include "config/settings.h"

struct evidence;

struct evidence_result {
        char *text;        /* the thread dump (both), or NULL */
        char *summary;     /* one clause: "JVM pid 412, 431M, 12 % CPU, thread dump of 212 lines" */
        char *tick_thread; /* the herder's thread and its first frames, or NULL */
        char *why_no_dump; /* a clause, or NULL */
        char *unit_log;    /* the unit's last lines before all of that, or NULL */
};

typedef void (*evidence_done_t)(struct evidence *e, const struct evidence_result *r, void *userdata);

/* Gathers. Never takes longer than twice thread_dump_interval plus 5 s; what could not be had is said,
 * and is no error. signals: false while observe-only stands (nothing is sent then). Called exactly once
 * unless freed before. */
int evidence_gather(sd_event *event,
                    struct unit_watch *unit,
                    const struct worker_settings *w,
                    bool signals,
                    evidence_done_t done,
                    void *userdata,
                    struct evidence **ret);
struct evidence *evidence_free(struct evidence *e);
DEFINE_CLEANUP(struct evidence *, evidence_free)

/* Pure, tested without a process: whether /proc/PID/status text says that SIGQUIT is caught (SigCgt bit
 * 2). */
bool evidence_catches_sigquit(const char *proc_status) _pure_;
/* Pure: whether it says that the process is stopped, so that no signal but SIGCONT and SIGKILL reaches it.
 */
bool evidence_is_stopped(const char *proc_status) _pure_;
/* Pure: the herder's thread (named "DistributedHerder-…" or "StandaloneHerder…") with at most max_lines
 * lines out of a thread dump; NULL when there is none. To be freed. */
char *evidence_tick_thread(const char *dump, size_t max_lines);
/* Pure: where that thread stands, in one clause: its state and the first frame that is not the JDK's own
 * ("TIMED_WAITING at com.example.Source.taskConfigs(Source.java:58)"); NULL when the text names neither.
 * To be freed. */
char *evidence_where(const char *tick_thread);
