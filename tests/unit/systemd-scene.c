/* What the tests of the systemd client share: a bus, a client, a unit, and what was told of them. */
#include "systemd-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "fake-bus.h"

#define AGENT_OFFSET (1000 * USEC_PER_HOUR)

sd_event *event;
struct systemd *manager;
struct unit_watch *unit;

struct scene got;

usec_t boottime(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

usec_t agent_clock(void) {
        return boottime() + AGENT_OFFSET;
}

void on_changed(_unused_ struct systemd *s, bool connected, const char *why, _unused_ void *userdata) {
        got.n_changed++;
        got.connected = connected;
        (void) snprintf(got.why, sizeof(got.why), "%s", why);
}

void on_view(struct unit_watch *u, const struct unit_view *view, bool stop_seen, _unused_ void *userdata) {
        assert_ptr_equal(view, unit_watch_view(u));
        got.n_views++;
        got.view = *view;
        got.stop_seen = stop_seen;
}

void on_done(_unused_ struct unit_call *c, const struct unit_call_report *r, void *userdata) {
        struct unit_watch *u = userdata;

        got.n_done++;
        got.report = *r;
        if (u)
                memcpy(got.invocation_at_end, unit_watch_view(u)->invocation_id,
                       sizeof(got.invocation_at_end));
}

void on_surroundings(_unused_ struct unit_call *c,
                     int error,
                     const struct surroundings_read *r,
                     _unused_ void *u) {
        got.n_surroundings++;
        got.error = error;
        got.read = *r;
}

void run_for(usec_t span) {
        usec_t end = boottime() + span;

        while (boottime() < end)
                (void) sd_event_run(event, 10 * USEC_PER_MSEC);
}

void begin(void) {
        memset(&got, 0, sizeof(got));
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(systemd_new(event, agent_clock, on_changed, NULL, &manager), 0);
}

int set_up(void **state) {
        if (!fake_bus_start(true)) {
                assert_false(streq_ptr(getenv("CI"), "true"));
                print_message("# dbus-daemon, or python3 with dbus and gi, is missing here\n");
                *state = (void *) 1;
                return 0;
        }
        begin();
        return 0;
}

int tear_down(_unused_ void **state) {
        unit = unit_watch_free(unit);
        manager = systemd_free(manager);
        event = sd_event_unref(event);
        fake_bus_stop();
        return 0;
}

void watch(const char *name) {
        assert_int_equal(unit_watch_new(manager, name, on_view, NULL, &unit), 0);
        RUN_UNTIL(got.view.known);
        RUN_UNTIL(got.connected);
}

void watch_running(void) {
        fake_do("{'do':'unit','name':'" UNIT "'}");
        watch(UNIT);
        assert_string_equal(got.view.active_state, "active");
}

void call_and_wait(enum unit_verb verb, usec_t deadline) {
        _cleanup_(unit_call_unrefp) struct unit_call *c = NULL;

        got.n_done = 0;
        assert_int_equal(unit_call(unit, verb, deadline, on_done, unit, &c), 0);
        RUN_UNTIL(got.n_done == 1);
        run_for(30 * USEC_PER_MSEC);
        assert_int_equal(got.n_done, 1);
}
