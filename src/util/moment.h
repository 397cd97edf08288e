/* Points of time as one says them in a sentence: "14:05:10". Pure, but for the time zone. */
#pragma once

#include "util/macro.h"

#define MOMENT_TEXT_SIZE 64

/* Agent time in local time, with the day when it is another one than that of now. clock_offset_usec: agent
 * time + this = realtime. "" when it cannot be said. Returns buf. */
char *moment_format(char *buf, size_t size, usec_t at_usec, usec_t now_usec, int64_t clock_offset_usec);

/* The same in a buffer of the enclosing block, for use in an argument list. */
#define MOMENT(at, now, clock_offset)                                                                       \
        moment_format((char[MOMENT_TEXT_SIZE]) { 0 }, MOMENT_TEXT_SIZE, at, now, clock_offset)
