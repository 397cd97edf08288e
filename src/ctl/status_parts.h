/* What both drawings of status have. Pure, but for the time zone. */
#pragma once

#include "ctl/status_view.h"
#include "judge/told.h"

#define PHRASE_SIZE 192

/* How a state looks. */
struct look {
        const char *mark;
        const char *color; /* "": none */
};
#define COLOR_END "\033[0m"
#define COLOR_BOLD "\033[1m"

/* _STATE_MAX: one that this version does not know. */
enum worker_state state_of(json_object *worker);
/* What it would be if nobody had paused it. */
enum worker_state health_state_of(json_object *worker);
struct look look_of_state(enum worker_state state);
struct look look_of_kafka(const char *outcome);

/* Realtime; 0: not known. */
usec_t member_time(json_object *o, const char *key);
/* connect-watchdogctl reset ends it. */
bool hold_awaits_reset(json_object *hold);
/* There is no such unit; one whose file went while it runs is still there. */
bool lacks_unit(json_object *worker);
/* What holds when its state began: its pause, where that is its state. */
json_object *state_source(json_object *worker);
/* 0 where there is none. */
uint64_t member_number(json_object *o, const char *key);
usec_t member_span(json_object *o, const char *key);

/* "14:05:10 (3h 2min ago)", "18:00:00 (in 2h)"; "" where there is none. Returns buf. */
char *member_moment(const struct view *v, json_object *o, const char *key, char buf[static PHRASE_SIZE]);
/* "3h 2min ago", likewise. */
char *member_ago(const struct view *v, json_object *o, const char *key, char buf[static PHRASE_SIZE]);
/* "3 workers: 2 healthy, 1 unhealthy (connect-b, held: backoff)"; "" where there are only states that this
 * version does not know. Returns 0 or -ENOMEM. */
#define SUM_SIZE 512
int sum_of_workers(json_object *all, char buf[static SUM_SIZE]);
/* Why it is in its state, in a clause. Returns buf. */
char *why_of_worker(json_object *worker, char *buf, size_t size);
/* "until 14:00:00 (in 2h) by uid 0: TEXT"; "" where it is not paused. Returns buf. */
char *pause_of_worker(const struct view *v, json_object *worker, char *buf, size_t size);
char *why_of_kafka(json_object *kafka, char *buf, size_t size);
