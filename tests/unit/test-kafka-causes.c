/* Why a broker does not answer, out of what librdkafka says of it. The texts are those that 2.0.2 was seen
 * to say of a real broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "observe/kafka/causes.h"

#define REFUSED "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused"
#define NOT_RESOLVED "nohost:9092/bootstrap: Failed to resolve 'nohost:9092': Name or service not known"
#define WRONG_PASSWORD                                                                                      \
        "sasl_plaintext://a:9094/bootstrap: SASL authentication error: Authentication failed: Invalid "     \
        "username or password"
#define WRONG_SCRAM                                                                                         \
        "sasl_plaintext://a:9094/bootstrap: SASL authentication error: Authentication failed during "       \
        "authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256"
#define UNTRUSTED "ssl://a:9095/bootstrap: error:0A000086:SSL routines::certificate verify failed"
#define BROKEN "a:9092/7: Disconnected"
#define SILENT "a:9092/1: 1 request(s) timed out: disconnect"
#define SILENT_SO_FAR "a:9092/1: ApiVersionRequest failed: Local: Timed out"

static struct kafka_step explained(const struct kafka_causes *c, usec_t since) {
        struct kafka_step s = { 0 };

        kafka_step_set(&s, RD_KAFKA_RESP_ERR__TRANSPORT, NULL);
        kafka_step_explain(&s, c, since);
        return s;
}

static void each_cause_is_told_as_what_it_is(_unused_ void **state) {
        static const struct {
                rd_kafka_resp_err_t err;
                const char *said, *detail;
                enum kafka_error error;
        } cases[] = {
                { RD_KAFKA_RESP_ERR__TRANSPORT, REFUSED " (after 0ms in state CONNECT)", REFUSED,
                  KAFKA_NO_ANSWER },
                { RD_KAFKA_RESP_ERR__TRANSPORT,
                  REFUSED " (after 0ms in state CONNECT, 30 identical error(s) suppressed)", REFUSED,
                  KAFKA_NO_ANSWER },
                { RD_KAFKA_RESP_ERR__TRANSPORT, SILENT " (average rtt 20.913ms) (after 35951ms in state UP)",
                  SILENT, KAFKA_NO_ANSWER },
                { RD_KAFKA_RESP_ERR__TRANSPORT,
                  SILENT_SO_FAR ": probably due to broker version < 0.10 (see api.version.request "
                                "configuration) (after 4003ms in state APIVERSION_QUERY)",
                  SILENT_SO_FAR, KAFKA_NO_ANSWER },
                { RD_KAFKA_RESP_ERR__RESOLVE, NOT_RESOLVED, NOT_RESOLVED, KAFKA_NOT_RESOLVED },
                { RD_KAFKA_RESP_ERR__AUTHENTICATION, WRONG_PASSWORD " (after 301ms in state AUTH_REQ)",
                  WRONG_PASSWORD, KAFKA_UNAUTHENTICATED },
                { RD_KAFKA_RESP_ERR__TRANSPORT, UNTRUSTED " (after 24ms in state SSL_HANDSHAKE)", UNTRUSTED,
                  KAFKA_TLS },
                { RD_KAFKA_RESP_ERR__SSL, UNTRUSTED, UNTRUSTED, KAFKA_TLS },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct kafka_causes c = { 0 };
                struct kafka_step s;

                kafka_causes_add(&c, cases[i].err, cases[i].said, 5);
                s = explained(&c, 0);
                assert_int_equal(s.error, cases[i].error);
                assert_string_equal(s.detail, cases[i].detail);
                kafka_causes_done(&c);
        }
}

static void what_proves_our_own_mistake_comes_first(_unused_ void **state) {
        struct kafka_causes c = { 0 };

        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__RESOLVE, NOT_RESOLVED, 5);
        assert_int_equal(explained(&c, 0).error, KAFKA_NOT_RESOLVED);
        /* Another name has an address, so it is an outage. */
        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__TRANSPORT, REFUSED, 6);
        assert_int_equal(explained(&c, 0).error, KAFKA_NO_ANSWER);
        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__SSL, UNTRUSTED, 7);
        assert_int_equal(explained(&c, 0).error, KAFKA_TLS);
        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__AUTHENTICATION, WRONG_PASSWORD, 8);
        assert_int_equal(explained(&c, 0).error, KAFKA_UNAUTHENTICATED);
        /* It only sums up the others. */
        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "4/4 brokers are down", 9);
        assert_int_equal(c.n, 4);
        kafka_causes_done(&c);
}

static void the_newest_of_a_broker_counts(_unused_ void **state) {
        struct kafka_causes c = { 0 };

        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__AUTHENTICATION, WRONG_PASSWORD, 5);
        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__TRANSPORT,
                         "sasl_plaintext://a:9094/bootstrap: Connection refused", 6);
        assert_int_equal(c.n, 1);
        assert_int_equal(explained(&c, 0).error, KAFKA_NO_ANSWER);
        kafka_causes_done(&c);
}

static void what_was_before_the_last_answer_explains_nothing(_unused_ void **state) {
        struct kafka_causes c = { 0 };
        struct kafka_step s;

        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__AUTHENTICATION, WRONG_PASSWORD, 5);
        s = explained(&c, 6);
        assert_int_equal(s.error, KAFKA_NO_ANSWER);
        assert_string_equal(s.detail, rd_kafka_err2str(RD_KAFKA_RESP_ERR__TRANSPORT));
        kafka_causes_done(&c);
}

static void one_broker_is_explained_by_its_own_cause(_unused_ void **state) {
        struct kafka_causes c = { 0 };
        struct kafka_step s = { .error = KAFKA_NO_ANSWER };

        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__AUTHENTICATION, WRONG_PASSWORD, 5);
        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__TRANSPORT, BROKEN, 5);
        kafka_step_explain_broker(&s, &c, 7);
        assert_int_equal(s.error, KAFKA_NO_ANSWER);
        assert_string_equal(s.detail, BROKEN);

        kafka_causes_forget(&c, 7);
        s = (struct kafka_step) { .error = KAFKA_NO_ANSWER };
        kafka_step_explain_broker(&s, &c, 7);
        assert_string_equal(s.detail, "");
        kafka_causes_done(&c);
}

static void an_answer_is_never_explained_away(_unused_ void **state) {
        struct kafka_causes c = { 0 };
        struct kafka_step s = { 0 };

        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__AUTHENTICATION, WRONG_PASSWORD, 5);
        kafka_step_set(&s, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, NULL);
        kafka_step_explain(&s, &c, 0);
        assert_int_equal(s.error, KAFKA_UNAUTHORIZED);
        kafka_step_set(&s, RD_KAFKA_RESP_ERR_NO_ERROR, "ignored");
        assert_int_equal(s.error, KAFKA_OK);
        assert_string_equal(s.detail, "");
        kafka_causes_done(&c);
}

/* Which tells of a wrong password where it is none. */
static void scram_of_an_old_librdkafka_is_named(_unused_ void **state) {
        struct kafka_causes c = { 0 };
        struct kafka_step s;

        kafka_causes_add(&c, RD_KAFKA_RESP_ERR__AUTHENTICATION, WRONG_SCRAM, 5);
        s = explained(&c, 0);
        assert_int_equal(s.error, KAFKA_UNAUTHENTICATED);
        if (rd_kafka_version() < 0x02060100)
                assert_non_null(strstr(s.detail, "cannot authenticate by SCRAM at Kafka 4"));
        else
                assert_string_equal(s.detail, WRONG_SCRAM);
        kafka_causes_done(&c);
}

static void brokers_under_ever_new_names_do_not_pile_up(_unused_ void **state) {
        struct kafka_causes c = { 0 };
        char said[64];

        for (int i = 0; i < 5000; i++) {
                (void) snprintf(said, sizeof(said), "host-%d:9092/%d: Connection refused", i, i);
                kafka_causes_add(&c, RD_KAFKA_RESP_ERR__TRANSPORT, said, 5);
        }
        assert_in_range(c.n, 1, 1024);
        assert_int_equal(explained(&c, 0).error, KAFKA_NO_ANSWER);
        kafka_causes_done(&c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_cause_is_told_as_what_it_is),
                cmocka_unit_test(what_proves_our_own_mistake_comes_first),
                cmocka_unit_test(the_newest_of_a_broker_counts),
                cmocka_unit_test(what_was_before_the_last_answer_explains_nothing),
                cmocka_unit_test(one_broker_is_explained_by_its_own_cause),
                cmocka_unit_test(an_answer_is_never_explained_away),
                cmocka_unit_test(scram_of_an_old_librdkafka_is_named),
                cmocka_unit_test(brokers_under_ever_new_names_do_not_pile_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
