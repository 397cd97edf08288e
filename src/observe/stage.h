/* The stage in the message of GET /health: which operation of the herder, since when, for which
 * connector. Pure. */
#pragma once

#include "observe/observation.h"

/* Reads both forms that Stage.summarize() of Kafka 3.9 to 4.1 writes, wherever they stand in message.
 * What is in no such form leaves *ret empty; a time that is not in ISO form is 0. */
void stage_parse(const char *message, struct stage *ret);

/* "2026-11-20T18:29:04.123Z", or with an offset such as +02:00, of exactly len bytes. Returns 0 for
 * anything else. */
usec_t stage_parse_time(const char *text, size_t len) _pure_;
