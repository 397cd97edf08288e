/* What the tests of the systemd client share. */
#pragma once

#include <systemd/sd-event.h>

#include "act/systemd.h"

#define UNIT "kafka-connect.service"

extern sd_event *event;
extern struct systemd *manager;
extern struct unit_watch *unit;

/* All that the callbacks were told. */
struct scene {
        unsigned n_changed;
        bool connected;
        char why[256];

        unsigned n_views;
        struct unit_view view;
        bool stop_seen;

        unsigned n_done;
        struct unit_call_report report;
        char invocation_at_end[INVOCATION_ID_SIZE];

        unsigned n_surroundings;
        int error;
        struct surroundings_read read;
};
extern struct scene got;

usec_t boottime(void);
usec_t agent_clock(void);
void on_changed(struct systemd *s, bool connected, const char *why, void *userdata);
void on_view(struct unit_watch *u, const struct unit_view *view, bool stop_seen, void *userdata);
/* userdata: a unit_watch whose start is noted, or NULL. */
void on_done(struct unit_call *c, const struct unit_call_report *r, void *userdata);
void on_surroundings(struct unit_call *c, int error, const struct surroundings_read *r, void *userdata);

void run_for(usec_t span);
#define RUN_UNTIL(condition)                                                                                \
        do {                                                                                                \
                usec_t _end = boottime() + 20 * USEC_PER_SEC;                                               \
                while (!(condition)) {                                                                      \
                        if (boottime() > _end)                                                              \
                                fail_msg("in vain: %s (%s)", #condition, got.why);                          \
                        (void) sd_event_run(event, 50 * USEC_PER_MSEC);                                     \
                }                                                                                           \
        } while (0)

/* A loop and a client, without a bus of their own. */
void begin(void);
/* The same with a bus and a fake systemd; *state says when they cannot be had here. */
int set_up(void **state);
int tear_down(void **state);
#define NEEDS_BUS(state)                                                                                    \
        if (*(state))                                                                                       \
        skip()

/* Watches a unit until it was read; the second makes it run first. */
void watch(const char *name);
void watch_running(void);
void call_and_wait(enum unit_verb verb, usec_t deadline);
