/* The module against librdkafka's own cluster of three brokers, which answers wrongly, late or not at all on
 * request. It speaks the protocol, but is no Kafka: tests/kafka has that. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "observe/kafka_module.h"
#include "util/text.h"

/* Where all answer, however busy the machine is; and where somebody does not, who is then awaited. */
#define TIMEOUT_USEC (20 * USEC_PER_SEC)
#define SILENCE_USEC (3 * USEC_PER_SEC)
/* What is bounded ends; when exactly is the machine's affair. */
#define LATE_USEC (10 * USEC_PER_SEC)
#define BROKERS 3

/* Of the protocol. */
enum {
        LIST_OFFSETS = 2,
        FIND_COORDINATOR = 10,
};

struct scene {
        rd_kafka_t *rk; /* which the mock cluster lives in */
        rd_kafka_mock_cluster_t *cluster;
        const struct kafka_module *module;
        struct kafka_settings settings;
        struct kafka_client *client;
};

static usec_t now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

static void split_bootstrap(struct scene *s) {
        char *rest, *copy = strdup(rd_kafka_mock_cluster_bootstraps(s->cluster));

        assert_non_null(copy);
        for (char *b = strtok_r(copy, ",", &rest); b; b = strtok_r(NULL, ",", &rest))
                assert_int_equal(strv_extend(&s->settings.bootstrap, b), 0);
        free(copy);
}

static int set_up(void **state) {
        struct scene *s = calloc(1, sizeof(*s));
        char problem[512], errstr[256];
        rd_kafka_conf_t *conf;

        assert_non_null(s);
        assert_int_equal(kafka_module_load(&s->module, problem, sizeof(problem)), 0);
        conf = rd_kafka_conf_new();
        rd_kafka_conf_set_log_cb(conf, NULL);
        s->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
        assert_non_null(s->rk);
        s->cluster = rd_kafka_mock_cluster_new(s->rk, BROKERS);
        assert_non_null(s->cluster);
        assert_int_equal(rd_kafka_brokers_add(s->rk, rd_kafka_mock_cluster_bootstraps(s->cluster)), BROKERS);
        /* One leader each: brokers 1, 2 and 3. */
        assert_int_equal(rd_kafka_mock_topic_create(s->cluster, "offsets", 3, BROKERS), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(rd_kafka_mock_partition_set_leader(s->cluster, "offsets", i, i + 1), 0);
        assert_int_equal(rd_kafka_mock_topic_create(s->cluster, "configs", 1, BROKERS), 0);
        assert_int_equal(rd_kafka_mock_partition_set_leader(s->cluster, "configs", 0, 1), 0);
        assert_int_equal(rd_kafka_mock_coordinator_set(s->cluster, "group", "connect-cluster", 1), 0);

        s->settings.name = (char *) "main";
        s->settings.timeout_usec = TIMEOUT_USEC;
        s->settings.group = (char *) "connect-cluster";
        assert_int_equal(strv_extend(&s->settings.topics, "offsets"), 0);
        assert_int_equal(strv_extend(&s->settings.topics, "configs"), 0);
        split_bootstrap(s);
        *state = s;
        return 0;
}

static int tear_down(void **state) {
        struct scene *s = *state;

        if (s->client)
                s->module->client_free(s->client);
        rd_kafka_mock_cluster_destroy(s->cluster);
        rd_kafka_destroy(s->rk);
        strv_free(s->settings.bootstrap);
        strv_free(s->settings.topics);
        strv_free(s->settings.properties);
        free(s);
        return 0;
}

static void begin(struct scene *s) {
        char problem[512] = "";

        if (s->module->client_new(&s->settings, &s->client, problem, sizeof(problem)) < 0)
                fail_msg("%s", problem);
}

static void ready(struct scene *s) {
        if (!s->client)
                begin(s);
}

/* One check, which ends in time whatever is wrong. */
static struct kafka_facts *check(struct scene *s) {
        struct kafka_facts *f = NULL;
        usec_t begun = now();

        ready(s);
        assert_int_equal(s->module->check(s->client, &f), 0);
        assert_true(now() - begun < s->settings.timeout_usec + LATE_USEC);
        assert_true(f->took_usec <= now() - begun);
        return f;
}

/* ---- liveness ---- */

static void all_is_told_of_a_cluster_that_is_well(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f = check(s);

        assert_int_equal(f->metadata.error, KAFKA_OK);
        assert_int_equal(f->coordinator.error, KAFKA_OK);
        assert_int_equal(f->leaders.error, KAFKA_OK);
        assert_true(f->metadata.asked && f->coordinator.asked && f->leaders.asked);
        assert_int_equal(f->timeout_usec, TIMEOUT_USEC);
        assert_int_equal(f->n_brokers, BROKERS);
        assert_non_null(strstr(f->brokers[0].address, ":"));
        assert_non_null(f->cluster_id);

        assert_int_equal(f->n_topics, 2);
        assert_string_equal(f->topics[0].name, "offsets");
        assert_string_equal(f->topics[1].name, "configs");
        assert_int_equal(f->topics[0].error, KAFKA_OK);
        assert_int_equal(f->topics[0].n_partitions, 3);
        for (int32_t i = 0; i < 3; i++) {
                const struct kafka_partition *p = &f->topics[0].partitions[i];

                assert_int_equal(p->id, i);
                assert_int_equal(p->leader, i + 1);
                assert_int_equal(p->error, KAFKA_OK);
                assert_int_equal(p->n_replicas, BROKERS);
                assert_int_equal(p->n_isrs, BROKERS);
        }
        /* The mock cannot tell. */
        assert_true(f->topics[0].min_isr < 0);
        assert_null(f->topics[0].cleanup_policy);
        kafka_facts_free(f);
}

static void without_topics_and_group_only_brokers_are_looked_for(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        s->settings.topics = strv_free(s->settings.topics);
        s->settings.group = NULL;
        f = check(s);
        assert_int_equal(f->metadata.error, KAFKA_OK);
        assert_int_equal(f->n_brokers, BROKERS);
        assert_int_equal(f->n_topics, 0);
        assert_false(f->coordinator.asked || f->leaders.asked);
        kafka_facts_free(f);
}

static void topics_that_are_missing_or_not_ours_are_told_apart(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        assert_int_equal(strv_extend(&s->settings.topics, "missing"), 0);
        rd_kafka_mock_topic_set_error(s->cluster, "missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        rd_kafka_mock_topic_set_error(s->cluster, "configs", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        f = check(s);
        assert_int_equal(f->metadata.error, KAFKA_OK);
        assert_int_equal(f->topics[0].error, KAFKA_OK);
        assert_int_equal(f->topics[1].error, KAFKA_UNAUTHORIZED);
        assert_int_equal(f->topics[2].error, KAFKA_NO_SUCH_TOPIC);
        assert_int_equal(f->topics[2].n_partitions, 0);
        assert_int_equal(f->leaders.error, KAFKA_OK);
        kafka_facts_free(f);
}

static void a_dead_cluster_does_not_answer_and_is_found_again(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        s->settings.timeout_usec = SILENCE_USEC;
        kafka_facts_free(check(s));
        for (int32_t i = 1; i <= BROKERS; i++)
                assert_int_equal(rd_kafka_mock_broker_set_down(s->cluster, i), 0);
        f = check(s);
        assert_int_equal(f->metadata.error, KAFKA_NO_ANSWER);
        assert_true(strlen(f->metadata.detail) > 0);
        assert_false(f->coordinator.asked || f->leaders.asked);
        assert_int_equal(f->n_brokers, 0);
        assert_int_equal(f->n_topics, 0);
        kafka_facts_free(f);

        for (int32_t i = 1; i <= BROKERS; i++)
                assert_int_equal(rd_kafka_mock_broker_set_up(s->cluster, i), 0);
        f = check(s);
        assert_int_equal(f->metadata.error, KAFKA_OK);
        assert_int_equal(f->leaders.error, KAFKA_OK);
        kafka_facts_free(f);
}

/* It accepts connections, as a process that is stopped does, and metadata goes on naming it. */
static void a_silent_leader_is_found_and_hides_no_other(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        s->settings.timeout_usec = SILENCE_USEC;
        kafka_facts_free(check(s));
        assert_int_equal(rd_kafka_mock_broker_set_rtt(s->cluster, 3, 60000), 0);
        f = check(s);
        assert_int_equal(f->metadata.error, KAFKA_OK);
        assert_int_equal(f->topics[0].partitions[0].error, KAFKA_OK);
        assert_int_equal(f->topics[0].partitions[1].error, KAFKA_OK);
        assert_int_equal(f->topics[0].partitions[2].error, KAFKA_NO_ANSWER);
        assert_int_equal(f->topics[1].partitions[0].error, KAFKA_OK);
        assert_int_equal(f->leaders.error, KAFKA_NO_ANSWER);
        assert_int_equal(strncmp(f->leaders.detail, "broker 3: ", 10), 0);
        assert_int_equal(f->coordinator.error, KAFKA_OK);
        kafka_facts_free(f);
}

static void a_partition_without_leader_is_told(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        s->settings.timeout_usec = SILENCE_USEC;
        assert_int_equal(rd_kafka_mock_partition_set_leader(s->cluster, "offsets", 1, -1), 0);
        f = check(s);
        assert_int_equal(f->topics[0].partitions[1].leader, -1);
        assert_int_equal(f->topics[0].partitions[1].error, KAFKA_UNAVAILABLE);
        assert_int_equal(f->topics[0].partitions[0].error, KAFKA_OK);
        kafka_facts_free(f);
}

/* As whenever a broker is restarted in good order. */
static void an_election_under_way_is_awaited(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        rd_kafka_mock_push_request_errors(s->cluster, LIST_OFFSETS, 2,
                                          RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                          RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
        f = check(s);
        assert_int_equal(f->leaders.error, KAFKA_OK);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(f->topics[0].partitions[i].error, KAFKA_OK);
        kafka_facts_free(f);
}

static void a_group_whose_coordinator_is_down_is_told_until_it_is_back(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;
        unsigned answered = 0;

        s->settings.timeout_usec = SILENCE_USEC;
        assert_int_equal(rd_kafka_mock_coordinator_set(s->cluster, "group", "connect-cluster", 3), 0);
        assert_int_equal(rd_kafka_mock_broker_set_down(s->cluster, 3), 0);
        f = check(s);
        assert_int_equal(f->metadata.error, KAFKA_OK);
        assert_int_equal(f->coordinator.error, KAFKA_NO_ANSWER);
        assert_int_equal(f->topics[0].partitions[0].error, KAFKA_OK);
        kafka_facts_free(f);

        /* librdkafka would send what it could not, now that it can. */
        assert_int_equal(rd_kafka_mock_broker_set_up(s->cluster, 3), 0);
        for (unsigned i = 0; i < 20; i++) {
                f = check(s);
                answered += f->coordinator.error == KAFKA_OK;
                kafka_facts_free(f);
        }
        assert_true(answered > 0);
}

static void a_group_that_is_not_ours_proves_an_answer(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        rd_kafka_mock_push_request_errors(s->cluster, FIND_COORDINATOR, 1,
                                          RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
        f = check(s);
        assert_int_equal(f->coordinator.error, KAFKA_UNAUTHORIZED);
        assert_true(f->coordinator.took_usec < TIMEOUT_USEC);
        kafka_facts_free(f);
}

static void a_name_without_address_is_no_outage(void **state) {
        struct scene *s = *state;
        struct kafka_facts *f;

        s->settings.bootstrap = strv_free(s->settings.bootstrap);
        /* A label longer than DNS has them: no server is asked. */
        assert_int_equal(strv_extend(&s->settings.bootstrap, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                                             "aaaaaaaaaaaaaaaaaaaaaaaaaa.example:9092"),
                         0);
        s->settings.timeout_usec = USEC_PER_SEC;
        f = check(s);
        assert_int_equal(f->metadata.error, KAFKA_NOT_RESOLVED);
        kafka_facts_free(f);
}

/* ---- the deep check ---- */

static struct kafka_deep *deep(struct scene *s) {
        struct kafka_deep *d = NULL;
        usec_t begun = now();

        assert_int_equal(s->module->deep(s->client, &d), 0);
        assert_true(now() - begun < s->settings.timeout_usec + LATE_USEC);
        return d;
}

static void begin_deep(struct scene *s) {
        assert_int_equal(rd_kafka_mock_topic_create(s->cluster, "deep", 3, 1), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(rd_kafka_mock_partition_set_leader(s->cluster, "deep", i, i + 1), 0);
        s->settings.deep = true;
        s->settings.deep_topic = (char *) "deep";
        begin(s);
}

static void a_message_goes_through_each_partition_again_and_again(void **state) {
        struct scene *s = *state;

        begin_deep(s);
        for (unsigned i = 0; i < 3; i++) {
                struct kafka_deep *d = deep(s);

                assert_int_equal(d->error, KAFKA_OK);
                assert_int_equal(d->n_partitions, 3);
                for (int32_t p = 0; p < 3; p++) {
                        assert_int_equal(d->partitions[p].id, p);
                        assert_int_equal(d->partitions[p].error, KAFKA_OK);
                        assert_true(d->partitions[p].took_usec > 0);
                        assert_string_equal(d->partitions[p].detail, "");
                }
                kafka_deep_free(d);
        }
}

static void a_partition_that_takes_nothing_is_told_apart(void **state) {
        struct scene *s = *state;
        struct kafka_deep *d;

        s->settings.timeout_usec = SILENCE_USEC;
        begin_deep(s);
        kafka_deep_free(deep(s));
        assert_int_equal(rd_kafka_mock_broker_set_rtt(s->cluster, 2, 60000), 0);
        d = deep(s);
        assert_int_equal(d->error, KAFKA_OK);
        assert_int_equal(d->partitions[0].error, KAFKA_OK);
        assert_int_equal(d->partitions[1].error, KAFKA_NO_ANSWER);
        assert_string_equal(d->partitions[1].detail, "not acknowledged in time");
        assert_int_equal(d->partitions[2].error, KAFKA_OK);
        kafka_deep_free(d);
}

static void a_deep_topic_that_is_missing_is_not_made(void **state) {
        struct scene *s = *state;
        struct kafka_deep *d;

        s->settings.deep = true;
        s->settings.deep_topic = (char *) "missing";
        rd_kafka_mock_topic_set_error(s->cluster, "missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        begin(s);
        d = deep(s);
        assert_int_equal(d->error, KAFKA_NO_SUCH_TOPIC);
        assert_int_equal(d->n_partitions, 0);
        kafka_deep_free(d);
}

static void a_section_without_deep_topic_has_no_deep_check(void **state) {
        struct scene *s = *state;
        struct kafka_deep *d;

        begin(s);
        d = deep(s);
        assert_int_equal(d->error, KAFKA_OUR_OWN);
        kafka_deep_free(d);
}

/* ---- lag ---- */

/* The mock cannot list what a group has committed. */
static void groups_are_told_in_the_order_in_which_they_were_asked_for(void **state) {
        struct scene *s = *state;
        const char *groups[] = { "connect-sink", "connect-idle" };
        struct kafka_lag *l = NULL;

        begin(s);
        assert_int_equal(s->module->lag(s->client, groups, 2, TIMEOUT_USEC, &l), 0);
        assert_int_equal(l->n_groups, 2);
        for (size_t i = 0; i < 2; i++) {
                assert_string_equal(l->groups[i].name, groups[i]);
                assert_int_equal(l->groups[i].error, KAFKA_OK);
                assert_int_equal(l->groups[i].n_partitions, 0);
        }
        kafka_lag_free(l);
}

static void lag_of_a_dead_cluster_is_not_told(void **state) {
        struct scene *s = *state;
        const char *groups[] = { "connect-a", "connect-b" };
        struct kafka_lag *l = NULL;
        usec_t begun;

        for (int32_t i = 1; i <= BROKERS; i++)
                assert_int_equal(rd_kafka_mock_broker_set_down(s->cluster, i), 0);
        begin(s);
        begun = now();
        assert_int_equal(s->module->lag(s->client, groups, 2, USEC_PER_SEC, &l), 0);
        assert_true(now() - begun < LATE_USEC);
        assert_int_equal(l->groups[0].error, KAFKA_NO_ANSWER);
        assert_int_equal(l->groups[1].error, KAFKA_NO_ANSWER);
        kafka_lag_free(l);
}

/* ---- settings ---- */

static void refused(struct scene *s, int expected, const char *words) {
        char problem[512] = "";

        assert_int_equal(s->module->client_new(&s->settings, &s->client, problem, sizeof(problem)),
                         expected);
        if (!strstr(problem, words))
                fail_msg("\"%s\" does not say \"%s\"", problem, words);
        assert_null(s->client);
}

static void what_is_wrong_with_the_settings_is_named(void **state) {
        struct scene *s = *state;
        char dir[] = "/tmp/test-kafka-module-XXXXXX", path[128];
        int fd;

        assert_non_null(mkdtemp(dir));
        (void) snprintf(path, sizeof(path), "%s/file", dir);

        s->settings.ca_file = path;
        refused(s, -ENOENT, "ca_file");
        assert_int_equal(mkfifo(path, 0600), 0);
        refused(s, -EINVAL, "is no regular file");
        s->settings.ca_file = NULL;
        s->settings.password_file = path;
        refused(s, -EINVAL, "password_file");
        (void) unlink(path);

        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "secret\nsecret\n", 14), 14);
        (void) close(fd);
        refused(s, -EBADMSG, "line break");

        s->settings.password_file = NULL;
        s->settings.ca_file = path;
        assert_int_equal(strv_extend(&s->settings.properties, "security.protocol=ssl"), 0);
        refused(s, -EINVAL, "ssl.ca.location failed");
        (void) unlink(path);
        (void) rmdir(dir);

        s->settings.ca_file = NULL;
        assert_int_equal(strv_extend(&s->settings.properties, "no.such=thing"), 0);
        refused(s, -EINVAL, "no.such");
}

static void properties_are_looked_at_before_they_are_used(void **state) {
        struct scene *s = *state;
        char problem[512] = "";

        assert_int_equal(
                s->module->check_property("security.protocol", "sasl_ssl", problem, sizeof(problem)), 0);
        assert_int_equal(
                s->module->check_property("security.protocol", "sasl-ssl", problem, sizeof(problem)),
                -EINVAL);
        assert_non_null(strstr(problem, "security.protocol"));
        assert_int_equal(s->module->check_property("securty.protocol", "ssl", problem, sizeof(problem)),
                         -EINVAL);
        assert_int_equal(s->module->check_property("group.id", "x", problem, sizeof(problem)), -EINVAL);
        assert_non_null(strstr(problem, "set by this program itself"));
}

int main(void) {
#define WITH_CLUSTER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                WITH_CLUSTER(all_is_told_of_a_cluster_that_is_well),
                WITH_CLUSTER(without_topics_and_group_only_brokers_are_looked_for),
                WITH_CLUSTER(topics_that_are_missing_or_not_ours_are_told_apart),
                WITH_CLUSTER(a_dead_cluster_does_not_answer_and_is_found_again),
                WITH_CLUSTER(a_silent_leader_is_found_and_hides_no_other),
                WITH_CLUSTER(a_partition_without_leader_is_told),
                WITH_CLUSTER(an_election_under_way_is_awaited),
                WITH_CLUSTER(a_group_whose_coordinator_is_down_is_told_until_it_is_back),
                WITH_CLUSTER(a_group_that_is_not_ours_proves_an_answer),
                WITH_CLUSTER(a_name_without_address_is_no_outage),
                WITH_CLUSTER(a_message_goes_through_each_partition_again_and_again),
                WITH_CLUSTER(a_partition_that_takes_nothing_is_told_apart),
                WITH_CLUSTER(a_deep_topic_that_is_missing_is_not_made),
                WITH_CLUSTER(a_section_without_deep_topic_has_no_deep_check),
                WITH_CLUSTER(groups_are_told_in_the_order_in_which_they_were_asked_for),
                WITH_CLUSTER(lag_of_a_dead_cluster_is_not_told),
                WITH_CLUSTER(what_is_wrong_with_the_settings_is_named),
                WITH_CLUSTER(properties_are_looked_at_before_they_are_used),
        };

        /* A mock cluster of 2.8.0 (Debian 13) ends the process where one of its topics has an error, which
         * no real one does: what librdkafka of that age makes of a cluster is tests/kafka's. */
        const struct CMUnitTest without_errors[] = {
                WITH_CLUSTER(all_is_told_of_a_cluster_that_is_well),
                WITH_CLUSTER(without_topics_and_group_only_brokers_are_looked_for),
                WITH_CLUSTER(what_is_wrong_with_the_settings_is_named),
                WITH_CLUSTER(properties_are_looked_at_before_they_are_used),
        };

        if (rd_kafka_version() >= 0x02010000)
                return cmocka_run_group_tests(without_errors, NULL, NULL);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
