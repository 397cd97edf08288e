/* Whole stories as the journal tells them: the real judge over virtual time, narrated. Only what the
 * agent adds about its own doing (started, watching, evidence, the restart) is not in here. */

#include <syslog.h>

#include "judge-scene.h"
#include "report/narrate.h"
#include "util/text.h"

/* What the agent says of itself in a story of one restart: agent-started, watching, evidence,
 * restart-requested and restart-done. */
#define LINES_OF_THE_AGENT 5
#define LINES_MAX 12

static char story[8192];
static unsigned n_lines;

static void tell(const struct scene *s) {
        for (size_t i = 0; i < s->told.n; i++) {
                _cleanup_(event_freep) struct event *e = narrate(&s->w, &s->told.told[i], s->now, 0);

                assert_non_null(e);
                if (e->priority > LOG_INFO)
                        continue;
                text_append(story, sizeof(story), "%s\n", e->message);
                n_lines++;
        }
}

static void begin(struct scene *s) {
        story[0] = '\0';
        n_lines = 0;
        scene_init(s);
        tell(s);
}

static void poll_n(struct scene *s, const struct observation *o, unsigned n, usec_t every) {
        for (unsigned i = 0; i < n; i++) {
                scene_observe(s, o);
                tell(s);
                scene_pass(s, every);
        }
}

static enum remedy_action decide(struct scene *s) {
        enum remedy_action action = scene_decide(s);

        tell(s);
        return action;
}

static void restart(struct scene *s, const char *invocation) {
        scene_restart(s, invocation);
        tell(s);
}

#define WELL                                                                                                \
        (&(const struct observation) {                                                                      \
                .outcome = OUTCOME_OK,                                                                      \
                .reason = REASON_HEALTHY,                                                                   \
                .http_status = 200,                                                                         \
                .latency_usec = 3 * USEC_PER_MSEC,                                                          \
        })
#define HUNG                                                                                                \
        (&(const struct observation) {                                                                      \
                .outcome = OUTCOME_FAILING,                                                                 \
                .reason = REASON_TIMEOUT,                                                                   \
                .latency_usec = 15 * USEC_PER_SEC,                                                          \
        })
#define NOT_UP                                                                                              \
        (&(const struct observation) {                                                                      \
                .outcome = OUTCOME_STARTING,                                                                \
                .reason = REASON_NOT_LISTENING_YET,                                                         \
        })

static void test_a_hung_worker_is_brought_back(void **state _unused_) {
        struct scene s;

        begin(&s);
        poll_n(&s, WELL, 5, 10 * USEC_PER_SEC);
        poll_n(&s, HUNG, 10, 20 * USEC_PER_SEC);
        assert_int_equal(decide(&s), REMEDY_TRY_RESTART);
        restart(&s, "start-2");
        scene_pass(&s, 2 * USEC_PER_SEC);
        poll_n(&s, NOT_UP, 2, 5 * USEC_PER_SEC);
        poll_n(&s, WELL, 30, 10 * USEC_PER_SEC);

        assert_string_equal(
                story,
                "healthy (HTTP 200 after 3ms)\n"
                "did not answer within the timeout (15s); 1st failing poll, a restart needs 3 in a row "
                "over 3min\n"
                "unhealthy after 10 failing polls in a row over 3min: did not answer within the timeout "
                "(15s)\n"
                "healthy again 12s after its start (HTTP 200 after 3ms); the incident closes when it "
                "stays so for 3min\n"
                "recovered: the incident lasted 6min 32s, 1 restart\n");
        assert_in_range(n_lines + LINES_OF_THE_AGENT, 1, LINES_MAX);
}

static void test_a_short_hang_is_two_lines(void **state _unused_) {
        struct scene s;

        begin(&s);
        poll_n(&s, WELL, 1, 10 * USEC_PER_SEC);
        poll_n(&s, HUNG, 1, 20 * USEC_PER_SEC);
        poll_n(&s, WELL, 30, 10 * USEC_PER_SEC);

        assert_string_equal(
                story,
                "healthy (HTTP 200 after 3ms)\n"
                "did not answer within the timeout (15s); 1st failing poll, a restart needs 3 in a row "
                "over 3min\n"
                "healthy again (HTTP 200 after 3ms); the incident closes when it stays so for 3min\n"
                "recovered before it was unhealthy: the incident lasted 3min 20s, without a restart\n");
}

/* However long a hold stands, each is told once when it begins and once when it ends. */
static void test_a_held_restart(void **state _unused_) {
        struct scene s;

        begin(&s);
        poll_n(&s, WELL, 1, 10 * USEC_PER_SEC);
        poll_n(&s, HUNG, 10, 20 * USEC_PER_SEC);
        (void) snprintf(s.around.package_manager, sizeof(s.around.package_manager), "APT");
        story[0] = '\0';
        for (unsigned i = 0; i < 20; i++) {
                assert_int_equal(decide(&s), REMEDY_NONE);
                poll_n(&s, HUNG, 1, 20 * USEC_PER_SEC);
        }
        s.around.package_manager[0] = '\0';
        assert_int_equal(decide(&s), REMEDY_TRY_RESTART);

        assert_string_equal(story, "not restarting: package-manager (APT is at work)\n"
                                   "no longer held by package-manager\n");
}

static void requires(struct scene *s, enum dependency_state state) {
        scene_requires(s, state);
        tell(s);
}

/* One incident tells it from the first failure to recovery, and names Kafka. */
static void test_an_outage_of_kafka(void **state _unused_) {
        struct scene s;

        begin(&s);
        requires(&s, DEPENDENCY_UP);
        poll_n(&s, WELL, 1, 10 * USEC_PER_SEC);
        poll_n(&s, HUNG, 1, 10 * USEC_PER_SEC);
        requires(&s, DEPENDENCY_DOWN);
        poll_n(&s, HUNG, 60, 10 * USEC_PER_SEC);
        requires(&s, DEPENDENCY_GRACE);
        poll_n(&s, HUNG, 1, 10 * USEC_PER_SEC);
        poll_n(&s, WELL, 11, 10 * USEC_PER_SEC);
        requires(&s, DEPENDENCY_UP);
        poll_n(&s, WELL, 10, 10 * USEC_PER_SEC);

        assert_string_equal(
                story,
                "healthy (HTTP 200 after 3ms)\n"
                "did not answer within the timeout (15s); 1st failing poll, a restart needs 3 in a row "
                "over 3min\n"
                "Kafka main is down since 13:50:00 (no broker answers), which is taken for the cause: "
                "failing polls are not counted\n"
                "healthy again (HTTP 200 after 3ms); the incident closes when it stays so for 3min\n"
                "recovered before it was unhealthy: the incident lasted 13min 20s, without a restart; taken "
                "for its cause: \"Kafka main is down since 13:50:00 (no broker answers)\"\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_hung_worker_is_brought_back),
                cmocka_unit_test(test_a_short_hang_is_two_lines),
                cmocka_unit_test(test_a_held_restart),
                cmocka_unit_test(test_an_outage_of_kafka),
        };

        (void) setenv("TZ", "UTC", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
