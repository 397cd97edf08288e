/* GET /status: what a person reads of workers in each state, and that nothing from outside is markup. */
#include "document-scene.h"
#include "judge/connectors.h"

static void assert_says(const struct document_scene *s, const char *text) {
        if (!strstr(s->answer.body, text))
                fail_msg("\"%s\" is not in:\n%s", text, s->answer.body);
}

static void assert_not(const struct document_scene *s, const char *text) {
        if (strstr(s->answer.body, text))
                fail_msg("\"%s\" is in:\n%s", text, s->answer.body);
}

static int set_up(void **state) {
        struct document_scene *s = calloc(1, sizeof(*s));

        assert_non_null(s);
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        document_scene_init(s);
        *state = s;
        return 0;
}

static int tear_down(void **state) {
        document_scene_done(*state);
        free(*state);
        return 0;
}

static void get(struct document_scene *s) {
        (void) document_scene_get(s, "/status", NULL, "", 200);
        assert_string_equal(s->answer.content_type, "text/html; charset=utf-8");
}

static void a_healthy_worker(void **state) {
        struct document_scene *s = *state;

        s->snapshot.n_workers = 1;
        scene_ok(&s->judge);
        scene_pass(&s->judge, 90 * USEC_PER_SEC);
        get(s);
        assert_says(s, "<title>connect-watchdog on host.example.org</title>");
        assert_says(s, "<p class=\"sum\"><bdi dir=\"auto\">1 worker: 1 healthy</bdi></p>");
        assert_says(s, "connect-a</bdi> <span class=\"state\">healthy</span></h2>");
        assert_says(s, "<section class=\"good\"");
        assert_says(s, "<dt>Since</dt><dd><time datetime=\"1970-02-11T16:00:00+0000\">"
                       "1970-02-11 16:00:00 UTC</time> (1min 30s ago)</dd>");
        assert_says(s, "<dt>Last answer</dt><dd>HTTP 200 after ");
        assert_says(s, "kafka-connect.service</code> (active, running)</dd>");
        assert_says(s, "<dt>Budget</dt><dd>3 of 3 restarts left within 1h</dd>");
        assert_not(s, "<dt>Incident</dt>");
        assert_not(s, "<dt>Not restarted because</dt>");
        assert_not(s, "<dt>What to do</dt>");
        assert_not(s, "class=\"note");
}

/* Restarted once in vain, and held now. */
static void a_worker_in_an_incident(void **state) {
        struct document_scene *s = *state;
        char text[256];

        scene_ok(&s->judge);
        scene_repeat(&s->judge, scene_silent, 5 * USEC_PER_SEC, 4 * USEC_PER_MINUTE);
        scene_restart(&s->judge, "start-2");
        scene_answered(&s->judge, "generating task configs for connector x", "x", 0);
        document_scene_decide(s);
        get(s);
        assert_says(s, "2 workers: 1 unknown, 1 suspect (connect-a, held: backoff)</bdi>");
        assert_says(s, "<section class=\"warn\"");
        assert_says(s, "<p><bdi dir=\"auto\">says that it is unhealthy (HTTP 500");
        assert_says(s, "<dt>Stage</dt><dd><bdi dir=\"auto\">generating task configs for connector x</bdi>");
        assert_says(s, "<li><strong>backoff</strong> until <time datetime=\"1970-02-11T16:06:00+0000\">"
                       "1970-02-11 16:06:00 UTC</time> (in 2min): <bdi dir=\"auto\">2min after restart 1");
        (void) snprintf(text, sizeof(text), "journalctl CONNECT_WATCHDOG_INCIDENT=%s</code>",
                        s->judge.history.incident.id);
        assert_says(s, text);
        assert_says(s, ", 1 restart in it; its story: ");
        assert_says(s, "<dt>Budget</dt><dd>2 of 3 restarts left within 1h; the last was <time ");
}

static void failed_tasks(void **state) {
        struct document_scene *s = *state;
        struct connector_trouble *t;

        scene_degraded(&s->judge);
        document_scene_look(s);
        get(s);
        assert_says(s,
                    "<dt>Connectors</dt><dd>connectors: 1 RUNNING; tasks: 1 RUNNING, 1 FAILED; seen <time ");
        assert_says(
                s,
                "<ul><li><bdi dir=\"auto\">orders &quot;x&quot;</bdi>, task 1: <strong>FAILED</strong> on "
                "<bdi dir=\"auto\">10.0.0.2:8083</bdi> since <time ");
        assert_not(s, "hidden"); /* its trace */

        t = &s->connectors->list[0].troubles[0];
        t->task = -1;
        t->kind = TROUBLE_NO_TASKS;
        get(s);
        assert_says(s, "orders &quot;x&quot;</bdi>: has no task on ");
}

static void of_many_failed_tasks_the_first(void **state) {
        struct document_scene *s = *state;
        struct connector_trouble many[12], *own;

        document_scene_look(s);
        own = s->connectors->list[0].troubles;
        for (size_t i = 0; i < ELEMENTSOF(many); i++) {
                many[i] = *own;
                many[i].task = (int64_t) i;
        }
        s->connectors->list[0].troubles = many;
        s->connectors->list[0].n_troubles = ELEMENTSOF(many);
        get(s);
        s->connectors->list[0].troubles = own;
        s->connectors->list[0].n_troubles = 1;
        assert_says(s, ", task 9: ");
        assert_not(s, ", task 10: ");
        assert_says(s, "<li>and 2 more</li></ul>");
}

static void a_worker_that_can_only_be_alerted_about(void **state) {
        struct document_scene *s = *state;

        get(s);
        assert_says(s, "connect-b</bdi> <span class=\"state\">unknown</span></h2>\n<dl>");
        assert_says(s, "<dt>Last answer</dt><dd>none yet</dd>");
        assert_says(s, "<dt>Last ok</dt><dd>not since the agent started</dd>");
        assert_says(s, "<dt>Unit</dt><dd>none named: can only be alerted about</dd>");
        assert_says(s, "3 of 3 restarts, only told and not done, left within 1h");
        assert_says(s, "https://[::1]:8443/&quot;x&quot;</code>");
}

static void what_systemd_knows_of_the_unit(void **state) {
        struct document_scene *s = *state;

        s->judge.h.unit.known = false;
        get(s);
        assert_says(s, "kafka-connect.service</code> (systemd did not say how it is)");
        s->judge.h.unit.known = true;
        (void) strcpy(s->judge.h.unit.load_state, "not-found");
        get(s);
        assert_says(s, "kafka-connect.service</code> (not-found)");
}

static void no_answer_and_what_to_do(void **state) {
        struct document_scene *s = *state;
        struct observation o = { .outcome = OUTCOME_UNKNOWN,
                                 .reason = REASON_UNAUTHORIZED,
                                 .http_status = 401 };

        scene_ok(&s->judge);
        scene_silent(&s->judge);
        get(s);
        assert_says(s, "<dt>Last answer</dt><dd>none to the poll that ended <time ");
        scene_observe(&s->judge, &o);
        get(s);
        assert_says(s, "<dt>What to do</dt><dd>");
}

/* Each is said in words, not by colour alone. */
static void each_state(void **state) {
        static const char *const tones[_STATE_MAX] = {
                [STATE_UNKNOWN] = "idle",    [STATE_STARTING] = "warn", [STATE_HEALTHY] = "good",
                [STATE_DEGRADED] = "warn",   [STATE_SUSPECT] = "warn",  [STATE_UNHEALTHY] = "bad",
                [STATE_RESTARTING] = "warn", [STATE_EXHAUSTED] = "bad", [STATE_STOPPED] = "idle",
                [STATE_PAUSED] = "idle",
        };
        struct document_scene *s = *state;
        char text[128];

        s->snapshot.n_workers = 1;
        for (enum worker_state i = 0; i < _STATE_MAX; i++) {
                s->judge.h.state = i == STATE_EXHAUSTED ? STATE_UNHEALTHY : i;
                s->judge.history.budget.exhausted_at_usec = i == STATE_EXHAUSTED ? s->judge.now : 0;
                get(s);
                (void) snprintf(text, sizeof(text), "<span class=\"state\">%s</span>",
                                worker_state_to_string(i));
                assert_says(s, text);
                (void) snprintf(text, sizeof(text), "<section class=\"%s\"", tones[i]);
                assert_says(s, text);
                (void) snprintf(text, sizeof(text), "1 worker: 1 %s", worker_state_to_string(i));
                assert_says(s, text);
        }
}

static void every_text_from_outside_is_only_text(void **state) {
#define HOSTILE "</bdi><script>alert('x')</script><img src=x onerror=\"y\">&amp;"
        static char name[] = "n" HOSTILE, unit[] = "u" HOSTILE, url[] = "l" HOSTILE;
        struct document_scene *s = *state;
        struct observation o = { .outcome = OUTCOME_FAILING,
                                 .reason = REASON_UNHEALTHY,
                                 .answered = true,
                                 .http_status = 500,
                                 .stage.text = "s" HOSTILE,
                                 .detail = "d" HOSTILE };
        struct hold_entry hold = { .hold = HOLD_RECURRING, .text = "h" HOSTILE };

        s->snapshot.hostname = "o" HOSTILE;
        s->judge.w.name = name;
        s->judge.w.unit = unit;
        s->judge.w.url = url;
        (void) strcpy(s->judge.h.unit.active_state, "<script>");
        s->workers[0].holds = &hold;
        s->workers[0].n_holds = 1;
        scene_observe(&s->judge, &o);
        get(s);
        assert_not(s, "<script");
        assert_not(s, "<img");
        for (const char *from = "nulsdho"; *from; from++) {
                char text[128];

                (void) snprintf(text, sizeof(text),
                                "%c&lt;/bdi&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"
                                "&lt;img src=x onerror=&quot;y&quot;&gt;&amp;amp;",
                                *from);
                assert_says(s, text);
        }
}

static void bytes_that_are_no_text(void **state) {
        static char name[] = "a\xff\x01\x7f<";
        struct document_scene *s = *state;

        s->judge.w.name = name;
        get(s);
        assert_says(s, "<bdi dir=\"auto\">a?  &lt;</bdi>");
        s->snapshot.hostname = "k\xc3\xb6ln";
        get(s);
        assert_says(s, "<title>connect-watchdog on k\xc3\xb6ln</title>");
}

static void what_holds_for_all(void **state) {
        struct document_scene *s = *state;

        s->snapshot.dry_run = true;
        s->snapshot.config_rejected = true;
        get(s);
        assert_says(s, "<strong>Dry run</strong>");
        assert_says(s, "<strong>The configuration on disk was rejected</strong>");
        assert_says(s, "journalctl CONNECT_WATCHDOG_EVENT=config-rejected");
        assert_not(s, "restarts left within"); /* of connect-a, too, they are only told */
}

static void a_cluster_and_its_topics(void **state) {
        struct document_scene *s = *state;

        document_scene_kafka(s);
        get(s);
        assert_says(s, "<section class=\"good\" aria-labelledby=\"k0\">\n<h2 id=\"k0\">Kafka "
                       "<bdi dir=\"auto\">main</bdi> <span class=\"state\">up</span></h2>");
        assert_says(s, "<li><bdi dir=\"auto\">connect-offsets</bdi>: ok since <time ");
        assert_says(s, "<dt>Brokers</dt><dd>1</dd>");
        assert_says(s, ", took 12ms</dd>");

        s->topic_health[0].state = TOPIC_BELOW_MIN_ISR;
        s->topic_health[0].worst_partition = 1;
        get(s);
        assert_says(s, "<section class=\"warn\" aria-labelledby=\"k0\">");
        assert_says(s, "connect-offsets</bdi>: below-min-isr since <time ");
        assert_says(s, ", as partition 1</li>");

        s->kafka_health = (struct kafka_health) { .outcome = KAFKA_DOWN,
                                                  .reason = KAFKA_REASON_NO_BROKER,
                                                  .detail = "<script>",
                                                  .checked_at_usec = 1 };
        get(s);
        assert_says(s, "<section class=\"bad\" aria-labelledby=\"k0\">");
        assert_says(s, "<bdi dir=\"auto\">&lt;script&gt;</bdi></p>");
        assert_not(s, "<dt>Brokers</dt>");

        s->kafka_health = (struct kafka_health) {};
        get(s);
        assert_says(s, "<section class=\"idle\" aria-labelledby=\"k0\">");
        assert_says(s, "<dt>Last check</dt><dd>none yet</dd>");
}

static void what_a_worker_requires(void **state) {
        static char name[] = "main", other[] = "<other>";
        static char *names[] = { name, other, NULL };
        struct document_scene *s = *state;

        get(s);
        assert_not(s, "<dt>Requires</dt>");
        s->judge.w.requires = names;
        s->judge.h.dependency =
                (struct dependency) { .state = DEPENDENCY_DOWN, .text = "Kafka main is down" };
        get(s);
        assert_says(
                s,
                "<dt>Requires</dt><dd>Kafka: down (<bdi dir=\"auto\">main</bdi>, "
                "<bdi dir=\"auto\">&lt;other&gt;</bdi>); <bdi dir=\"auto\">Kafka main is down</bdi></dd>");
}

static void no_worker(void **state) {
        struct document_scene *s = *state;

        s->snapshot.n_workers = 0;
        s->snapshot.hostname = NULL;
        get(s);
        assert_says(s, "<h1>connect-watchdog<bdi dir=\"auto\"></bdi></h1>");
        assert_says(s, "watching nothing: no worker configured");
        assert_says(s, "What to do next");
        assert_says(s, "[worker connect]");
        assert_says(s, "connect-watchdogctl verify-config");
}

static void one_is_asked_for(void **state) {
        struct document_scene *s = *state;

        assert_says(s, (document_scene_get(s, "/status", "connect-b", "", 200), "connect-b"));
        assert_not(s, "connect-a");
        (void) document_scene_get(s, "/status", "connect-c", "", 404);
        (void) document_scene_get(s, "/status/", NULL, "", 404);
}

static void nothing_is_loaded_or_run(void **state) {
        struct document_scene *s = *state;

        get(s);
        assert_not(s, "<script");
        assert_not(s, "src=");
        assert_not(s, "@import");
        assert_not(s, "url(");
        assert_not(s, "http-equiv");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_healthy_worker),
                TEST(a_worker_in_an_incident),
                TEST(failed_tasks),
                TEST(of_many_failed_tasks_the_first),
                TEST(a_worker_that_can_only_be_alerted_about),
                TEST(what_systemd_knows_of_the_unit),
                TEST(no_answer_and_what_to_do),
                TEST(each_state),
                TEST(every_text_from_outside_is_only_text),
                TEST(bytes_that_are_no_text),
                TEST(what_holds_for_all),
                TEST(a_cluster_and_its_topics),
                TEST(what_a_worker_requires),
                TEST(no_worker),
                TEST(one_is_asked_for),
                TEST(nothing_is_loaded_or_run),
        };

        return cmocka_run_group_tests_name("http-status", tests, NULL, NULL);
}
