/* The ledger: what must outlive the agent, in $STATE_DIRECTORY/ledger.json. Written whole, atomically and
 * with fsync, on a thread of its own. Stamps are kept as boot id + CLOCK_BOOTTIME + realtime and come
 * back as agent time. */
#pragma once

#include "judge/connector_remedy.h"
#include "judge/history.h"
#include "judge/pauses.h"

typedef struct sd_event sd_event;
struct ledger;

/* The clocks at one moment, to turn stamps into agent time and back. */
struct ledger_clock {
        usec_t agent_usec;
        usec_t boottime_usec;
        usec_t realtime_usec;
        char boot_id[33];
};

struct ledger_entry {
        char *worker;
        char *unit; /* NULL: none */
        struct history history;
        struct connector_attempts connectors;
};

/* ---- pure: text to entries and back (act/ledger_text.c, in the pure library) ---- */

#define LEDGER_VERSION 1

struct ledger_entry *ledger_entries_free(struct ledger_entry *entries, size_t n);

/* Returns the JSON text, to be freed, or NULL when out of memory. */
char *ledger_to_text(const struct ledger_entry *entries,
                     size_t n,
                     const struct pauses *pauses,
                     const struct ledger_clock *now);

/* Returns 0; -EBADMSG (damaged; *ret_problem says what, to be freed); -EPROTONOSUPPORT (of a newer
 * version; the same); -ENOMEM. Nothing is believed by halves. A stamp of this boot counts by
 * CLOCK_BOOTTIME, one of another boot by realtime; a stamp from the future counts as now. A pause that has
 * ended since comes back with the time at which it did. */
int ledger_from_text(const char *text,
                     size_t len,
                     const struct ledger_clock *now,
                     struct ledger_entry **ret,
                     size_t *ret_n,
                     struct pauses *ret_pauses,
                     char **ret_problem);

/* ---- the file ---- */

/* directory: NULL when there is no state directory; nothing is kept then, and every save fails with
 * -ENOENT. */
int ledger_open(sd_event *event, const char *directory, struct ledger **ret);
struct ledger *ledger_free(struct ledger *l);
DEFINE_CLEANUP(struct ledger *, ledger_free)

enum ledger_load_result {
        LEDGER_LOADED,
        LEDGER_ABSENT,    /* as fresh */
        LEDGER_PUT_ASIDE, /* damaged or newer: also ledger.json.<why>-<time>; so until the next save */
        LEDGER_NO_DIRECTORY,
        LEDGER_UNREADABLE, /* could not be read: treated like put aside, but left where it is */
};

/* Reads the file at start, before the loop runs, and locks the directory as long as l lives. *ret_problem (a
 * sentence, to be freed) is set for the last three. */
enum ledger_load_result ledger_load(struct ledger *l,
                                    const struct ledger_clock *now,
                                    struct ledger_entry **ret,
                                    size_t *ret_n,
                                    struct pauses *ret_pauses,
                                    char **ret_problem);

/* Saved, or not: error is 0 or a negative errno. */
typedef void (*ledger_saved_t)(int error, void *userdata);

/* Writes text (taken over) on the ledger's thread: temporary file, fsync, rename, fsync of the directory.
 * saved (may be NULL) is called from the loop when it is on disk or failed. A save that waits is replaced
 * by a newer one, whose end then answers both. Returns 0, or a negative errno (-ENOENT without a
 * directory, -EBUSY while another agent has it): nobody is called then. */
int ledger_save(struct ledger *l, char *text, ledger_saved_t saved, void *userdata);

/* Waits for what is queued, at most patience: for the end of the agent. */
void ledger_flush(struct ledger *l, usec_t patience_usec);
