/* One event of an incident as a line of JSON: the fields of its journal entry, as journalctl -o json has
 * them, and when it was. Pure. */
#pragma once

#include "judge/history.h"
#include "report/events.h"

#define INCIDENT_DIRECTORY "incidents"
#define INCIDENT_SUFFIX ".jsonl"
/* Microseconds since 1970, in decimal. */
#define INCIDENT_TIME "__REALTIME_TIMESTAMP"

/* Ends in a newline. Owned by the caller; NULL when out of memory. */
char *incident_line(const struct event *e, usec_t realtime_usec);

/* Whether that is the name of an incident, as each has one: hexadecimal digits. */
bool incident_id_is_valid(const char *id) _pure_;

/* The incident whose file that is, by the file's name. Returns false for what is none. */
bool incident_id_of_file(const char *name, char id[static INCIDENT_ID_SIZE]);
