/* A worker and its unit, for the tests of verify-config. Checks nothing itself. */
#include "verify-scene.h"

#include "observe/kind.h"
#include "util/text.h"

struct worker_settings worker(void) {
        return (struct worker_settings) {
                .name = "a",
                .source_file = "/etc/a.conf",
                .source_line = 3,
                .kind = &kafka_connect_kind,
                .url = "http://127.0.0.1:8083",
                .unit = UNIT,
                .action = ACTION_RESTART,
                .sustain_usec = 3 * USEC_PER_MINUTE,
                .revive = true,
                .thread_dump = true,
                .min_healthy_peers = 1,
        };
}

struct unit_facts unit(void) {
        return (struct unit_facts) {
                .known = true,
                .id = UNIT,
                .load_state = "loaded",
                .active_state = "active",
                .sub_state = "running",
                .unit_file_state = "enabled",
                .restart = "on-failure",
                .main_pid = 42,
                .timeout_stop_usec = 180 * USEC_PER_SEC,
                .start_limit_usec = 10 * USEC_PER_SEC,
                .start_limit_burst = 5,
                .accepts_143 = true,
                .cmdline = PROC("/usr/bin/java\0-XX:+ExitOnOutOfMemoryError\0Main"),
                .environ = PROC("PATH=/bin"),
                .status = PROC(CATCHES),
        };
}

void expect(struct findings *f, const char *expected) {
        char said[4096] = "";

        for (size_t i = 0; i < f->n; i++)
                text_append(said, sizeof(said), "%s %s: %s%s%s\n", severity_to_string(f->list[i].severity),
                            check_to_string(f->list[i].check), f->list[i].text,
                            f->list[i].remedy ? " → " : "", strempty(f->list[i].remedy));
        findings_done(f);
        assert_string_equal(said, expected);
}
