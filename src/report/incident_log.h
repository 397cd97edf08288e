/* The stories of incidents, each in a file of its own below the state directory: they outlive the journal.
 * Blocks; for the reporter's thread. */
#pragma once

#include "report/events.h"

struct incident_log;

#define INCIDENTS_MAX 1000U
/* Of all of them together. */
#define INCIDENTS_BYTES_MAX ((size_t) 256 * 1024 * 1024)
/* So much is kept of one incident; what comes after that is left out, but for its end. */
#define INCIDENT_BYTES_MAX ((size_t) 4 * 1024 * 1024)

/* state_directory is copied. Returns 0 or -ENOMEM; touches no file yet. */
int incident_log_new(const char *state_directory, struct incident_log **ret);
struct incident_log *incident_log_free(struct incident_log *l);
DEFINE_CLEANUP(struct incident_log *, incident_log_free)

/* Whether it belongs to an incident; what is told of a cluster may belong to several. */
bool incident_log_wants(const struct event *e) _pure_;

/* Appends an event that belongs to an incident, to each of them. One that opens a new incident first makes
 * room: the files of incidents that ended more than keep_usec ago go, and the oldest beyond INCIDENTS_MAX
 * and INCIDENTS_BYTES_MAX. keep_usec 0: nothing is kept. Returns 0 or a negative errno. */
int incident_log_write(struct incident_log *l,
                       const struct event *e,
                       usec_t keep_usec,
                       usec_t realtime_usec);

const char *incident_log_directory(const struct incident_log *l) _pure_;
