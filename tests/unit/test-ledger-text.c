/* The ledger's text: what is written comes back whole, or is refused; never something else. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "act/ledger_text.h"

#define MINUTE USEC_PER_MINUTE

static const struct ledger_clock clock_now = {
        .agent_usec = 500 * USEC_PER_HOUR,
        .boottime_usec = 20 * USEC_PER_HOUR,
        .realtime_usec = UINT64_C(1732127340000000),
        .boot_id = "0123456789abcdef0123456789abcdef",
};

static const struct pauses no_pauses;
static struct pauses loaded_pauses; /* with the last text */

static uint64_t seed = 42;

static uint64_t random_number(uint64_t below) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return seed % below;
}

static void random_hex(char *buf, size_t size) {
        memset(buf, 0, size);
        for (size_t i = 0; random_number(4) > 0 && i < 1; i++)
                for (size_t k = 0; k < size - 1; k++)
                        buf[k] = "0123456789abcdef"[random_number(16)];
}

static void random_text(char *buf, size_t size) {
        static const char *const bits[] = { "a", " ", "\"",   "\\", "/",       "\t",
                                            "é", "💡", "\x01", "}",  "\xc2\x85" };
        size_t len = random_number(size), at = 0;

        memset(buf, 0, size);
        while (at < len) {
                const char *s = bits[random_number(ELEMENTSOF(bits))];

                if (at + strlen(s) >= size)
                        break;
                memcpy(buf + at, s, strlen(s));
                at += strlen(s);
        }
}

static usec_t random_stamp(void) {
        return random_number(3) == 0 ? 0 : 1 + random_number(clock_now.agent_usec);
}

static void random_budget(struct budget *b) {
        usec_t at = 1 + random_number(USEC_PER_HOUR);

        b->n_restarts = random_number(RESTARTS_KEPT + 1);
        for (size_t i = 0; i < b->n_restarts; i++) {
                struct restart_record *r = &b->restarts[i];

                r->at_usec = at;
                at += random_number(5 * USEC_PER_HOUR);
                r->result = (enum restart_result) random_number(_RESTART_RESULT_MAX);
                r->revive = random_number(2);
                r->operator= random_number(2);
                random_hex(r->incident, sizeof(r->incident));
                random_hex(r->invocation_id, sizeof(r->invocation_id));
                random_text(r->stage, sizeof(r->stage));
                random_text(r->connector, sizeof(r->connector));
        }
        b->n = (unsigned) random_number(UINT32_MAX);
        b->exhausted_at_usec = random_stamp();
        b->recurring = random_number(2);
        b->last_try_usec = random_stamp();
        b->distrusted_until_usec =
                random_number(2) ? clock_now.agent_usec + random_number(USEC_PER_DAY) + 1 : 0;
}

static struct ledger_entry *random_entries(size_t n) {
        struct ledger_entry *entries = calloc(n + 1, sizeof(*entries));

        assert_non_null(entries);
        for (size_t i = 0; i < n; i++) {
                struct history *h = &entries[i].history;

                assert_true(asprintf(&entries[i].worker, "connect-%zu", i) > 0);
                if (random_number(3) > 0)
                        assert_true(asprintf(&entries[i].unit, "kafka-connect@%zu.service", i) > 0);
                random_budget(&h->budget);
                random_budget(&h->virtual_budget);
                random_hex(h->incident.id, sizeof(h->incident.id));
                h->incident.opened_at_usec = random_stamp();
                h->incident.restarts = (unsigned) random_number(100);
                h->incident.was_unhealthy = random_number(2);
                h->incident.flapping_told = random_number(2);
                if (random_number(2))
                        h->streak = (struct streak) {
                                .received_at_usec = random_stamp() + 1,
                                .failures = (unsigned) random_number(UINT32_MAX),
                                .sustained_usec = random_number(USEC_PER_DAY),
                                .any_answered = random_number(2),
                                .silent = (unsigned) random_number(UINT32_MAX),
                                .silent_usec = random_number(USEC_PER_DAY),
                                .stage_began_at_usec = random_number(USEC_PER_DAY),
                                .successes = (unsigned) random_number(UINT32_MAX),
                                .healthy_usec = random_number(USEC_PER_DAY),
                        };
                random_hex(h->invocation_id, sizeof(h->invocation_id));
                h->seen_ok = random_number(2);
                h->stop_seen = random_number(2);
                h->lacks_health = random_number(2);
                random_hex(h->target, sizeof(h->target));
                for (uint64_t k = random_number(3); k > 0; k--) {
                        char name[80];
                        struct connector_attempt *t;

                        random_text(name, sizeof(name));
                        t = connector_attempts_get(&entries[i].connectors, name);
                        assert_non_null(t);
                        t->n = (unsigned) random_number(UINT32_MAX);
                        t->last_at_usec = random_stamp();
                        t->exhausted = random_number(2);
                }
        }
        return entries;
}

static void assert_budget_equal(const struct budget *a, const struct budget *b) {
        assert_int_equal(a->n_restarts, b->n_restarts);
        for (size_t i = 0; i < a->n_restarts; i++) {
                const struct restart_record *x = &a->restarts[i], *y = &b->restarts[i];

                assert_int_equal(x->at_usec, y->at_usec);
                assert_int_equal(x->result, y->result);
                assert_int_equal(x->revive, y->revive);
                assert_int_equal(x->operator, y->operator);
                assert_string_equal(x->incident, y->incident);
                assert_string_equal(x->invocation_id, y->invocation_id);
                assert_string_equal(x->stage, y->stage);
                assert_string_equal(x->connector, y->connector);
        }
        assert_int_equal(a->n, b->n);
        assert_int_equal(a->exhausted_at_usec, b->exhausted_at_usec);
        assert_int_equal(a->recurring, b->recurring);
        assert_int_equal(a->last_try_usec, b->last_try_usec);
        assert_int_equal(a->distrusted_until_usec, b->distrusted_until_usec);
}

static void assert_streak_equal(const struct streak *a, const struct streak *b) {
        assert_int_equal(a->received_at_usec, b->received_at_usec);
        assert_int_equal(a->failures, b->failures);
        assert_int_equal(a->sustained_usec, b->sustained_usec);
        assert_int_equal(a->any_answered, b->any_answered);
        assert_int_equal(a->silent, b->silent);
        assert_int_equal(a->silent_usec, b->silent_usec);
        assert_int_equal(a->stage_began_at_usec, b->stage_began_at_usec);
        assert_int_equal(a->successes, b->successes);
        assert_int_equal(a->healthy_usec, b->healthy_usec);
}

static void assert_entries_equal(const struct ledger_entry *a, const struct ledger_entry *b, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const struct history *x = &a[i].history, *y = &b[i].history;

                assert_string_equal(a[i].worker, b[i].worker);
                assert_true(streq_ptr(a[i].unit, b[i].unit));
                assert_budget_equal(&x->budget, &y->budget);
                assert_budget_equal(&x->virtual_budget, &y->virtual_budget);
                assert_string_equal(x->incident.id, y->incident.id);
                assert_int_equal(x->incident.opened_at_usec, y->incident.opened_at_usec);
                assert_int_equal(x->incident.restarts, y->incident.restarts);
                assert_int_equal(x->incident.was_unhealthy, y->incident.was_unhealthy);
                assert_int_equal(x->incident.flapping_told, y->incident.flapping_told);
                assert_streak_equal(&x->streak, &y->streak);
                assert_string_equal(x->invocation_id, y->invocation_id);
                assert_int_equal(x->seen_ok, y->seen_ok);
                assert_int_equal(x->stop_seen, y->stop_seen);
                assert_int_equal(x->lacks_health, y->lacks_health);
                assert_string_equal(x->target, y->target);
                assert_int_equal(a[i].connectors.n, b[i].connectors.n);
                for (size_t k = 0; k < a[i].connectors.n; k++) {
                        const struct connector_attempt *s = &a[i].connectors.list[k],
                                                       *t = &b[i].connectors.list[k];

                        assert_string_equal(s->name, t->name);
                        assert_int_equal(s->n, t->n);
                        assert_int_equal(s->last_at_usec, t->last_at_usec);
                        assert_int_equal(s->exhausted, t->exhausted);
                }
        }
}

static struct pauses random_pauses(void) {
        struct pauses p = {};

        for (uint64_t k = random_number(4); k > 0; k--) {
                char worker[40], reason[PAUSE_REASON_SIZE];
                const struct pause pause = {
                        .worker = random_number(3) > 0 ? worker : NULL,
                        .reason = reason,
                        .since_usec = random_stamp(),
                        .until_usec = clock_now.agent_usec + random_number(PAUSE_MAX_USEC),
                        .uid = (uint32_t) random_number(UINT64_C(1) << 32),
                };

                (void) snprintf(worker, sizeof(worker), "connect-%" PRIu64, k);
                random_text(reason, sizeof(reason));
                assert_int_equal(pauses_begin(&p, &pause), 0);
        }
        return p;
}

static void test_roundtrip(_unused_ void **state) {
        for (unsigned i = 0; i < 200; i++) {
                size_t n = random_number(4), loaded_n = 99;
                struct ledger_entry *entries = random_entries(n), *loaded = NULL;
                struct pauses pauses = random_pauses();
                _cleanup_free_ char *text = ledger_to_text(entries, n, &pauses, &clock_now), *again = NULL,
                                    *problem = NULL;

                assert_non_null(text);
                assert_int_equal(ledger_from_text(text, strlen(text), &clock_now, &loaded, &loaded_n,
                                                  &loaded_pauses, &problem),
                                 0);
                assert_null(problem);
                assert_int_equal(loaded_n, n);
                assert_entries_equal(entries, loaded, n);
                again = ledger_to_text(loaded, n, &loaded_pauses, &clock_now);
                assert_string_equal(text, again);
                ledger_entries_free(entries, n);
                ledger_entries_free(loaded, n);
                pauses_done(&pauses);
                pauses_done(&loaded_pauses);
        }
}

static void test_damage_is_refused(_unused_ void **state) {
        struct ledger_entry *entries = random_entries(2);
        _cleanup_free_ char *text = ledger_to_text(entries, 2, &no_pauses, &clock_now);
        size_t len = strlen(text);

        for (unsigned i = 0; i < 4000; i++) {
                _cleanup_free_ char *hurt = strdup(text), *problem = NULL;
                size_t hurt_len = len, n = 0;
                struct ledger_entry *loaded = NULL;
                int r;

                if (i % 4 == 0)
                        hurt_len = random_number(len);
                else if (i % 4 == 1)
                        hurt[random_number(len)] = (char) random_number(256);
                else
                        hurt[random_number(len)] ^= (char) (1 << random_number(8));
                r = ledger_from_text(hurt, hurt_len, &clock_now, &loaded, &n, &loaded_pauses, &problem);
                if (hurt_len == len && memcmp(hurt, text, len) == 0) {
                        assert_int_equal(r, 0);
                        ledger_entries_free(loaded, n);
                        continue;
                }
                assert_true(r == -EBADMSG || r == -EPROTONOSUPPORT);
                assert_non_null(problem);
                assert_null(loaded);
        }
        ledger_entries_free(entries, 2);
}

/* Wraps a body that was made by hand as if we had written it. */
static char *sealed(const char *body) {
        char *text = NULL;
        _cleanup_free_ char *rest = NULL;

        assert_true(asprintf(&rest, "%s}\n", body) > 0);
        assert_true(asprintf(&text, "{\"version\":1,\"checksum\":\"%016" PRIx64 "\",\"ledger\":%s",
                             ledger_checksum(rest, strlen(rest)), rest) > 0);
        return text;
}

#define BOOT "\"boot_id\":\"0123456789abcdef0123456789abcdef\",\"written_at\":[1,1]"
#define BUDGET(restarts, n)                                                                                 \
        "{\"restarts\":[" restarts "],\"n\":" n                                                             \
        ",\"exhausted_at\":null,\"recurring\":false,\"last_try\":null,"                                     \
        "\"distrusted_left\":0}"
#define RESTART(at, result)                                                                                 \
        "{\"at\":" at ",\"result\":\"" result "\",\"revive\":false,\"incident\":\"\",\"invocation_id\":"    \
        "\"\",\"stage\":\"\",\"connector\":\"\"}"
#define WORKER(name, budget) WORKER_OF(name, "null", budget)
#define WORKER_OF(name, unit, budget)                                                                       \
        "{\"worker\":" name ",\"unit\":" unit ",\"budget\":" budget                                         \
        ",\"virtual_budget\":" BUDGET("", "0") ",\"incident\":{\"id\":\"\",\"opened_at\":null,"             \
                                               "\"restarts\":0,\"was_unhealthy\":false,"                    \
                                               "\"flapping_told\":false},\"invocation_id\":\"\",\"seen_"    \
                                               "ok\":true,\"stop_seen\":false,\"lacks_health\":"            \
                                               "false,\"target\":\"\"}"
#define BODY(workers) "{" BOOT ",\"workers\":[" workers "]}"

#define RESTART_OF(operator)                                                                                \
        "{\"at\":[5,5],\"result\":\"done\",\"revive\":false,\"operator\":"                                  \
        operator",\"incident\":\"\","                                                                       \
                "\"invocation_id\":\"\",\"stage\":\"\",\"connector\":\"\"}"
#define PAUSE(worker, left)                                                                                 \
        "{\"worker\":" worker ",\"since\":[1,1],\"left\":" left ",\"reason\":\"\",\"uid\":0}"
#define PAUSES(pauses) "{" BOOT ",\"workers\":[],\"pauses\":[" pauses "]}"

static const struct {
        const char *name;
        const char *body;
        const char *problem; /* NULL: it is loaded */
} bodies[] = {
        { "empty", BODY(""), NULL },
        { "one worker", BODY(WORKER("\"a\"", BUDGET("", "0"))), NULL },
        { "restarts in order",
          BODY(WORKER("\"a\"", BUDGET(RESTART("[5,5]", "done") "," RESTART("[5,5]", "failed"), "2"))),
          NULL },
        { "restarts not in order",
          BODY(WORKER("\"a\"", BUDGET(RESTART("[9,9]", "done") "," RESTART("[5,5]", "failed"), "2"))),
          "not in order" },
        { "unknown result", BODY(WORKER("\"a\"", BUDGET(RESTART("[5,5]", "maybe"), "1"))),
          "\"result\" is unknown" },
        { "a restart without a time", BODY(WORKER("\"a\"", BUDGET(RESTART("null", "done"), "1"))),
          "no time" },
        { "a stamp of one", BODY(WORKER("\"a\"", BUDGET(RESTART("[5]", "done"), "1"))), "no stamp" },
        { "a stamp of words", BODY(WORKER("\"a\"", BUDGET(RESTART("[\"5\",5]", "done"), "1"))), "no stamp" },
        { "a stamp out of range",
          BODY(WORKER("\"a\"", BUDGET(RESTART("[9223372036854775807,5]", "done"), "1"))), "out of range" },
        /* json-c 0.18 does not even read it */
        { "a stamp that overflows",
          BODY(WORKER("\"a\"", BUDGET(RESTART("[99999999999999999999,5]", "done"), "1"))), "" },
        { "n as a word", BODY(WORKER("\"a\"", BUDGET("", "\"3\""))), "\"n\" is not int" },
        { "n as a fraction", BODY(WORKER("\"a\"", BUDGET("", "3.5"))), "\"n\" is not int" },
        { "n as null", BODY(WORKER("\"a\"", BUDGET("", "null"))), "\"n\" is not int" },
        { "n below zero", BODY(WORKER("\"a\"", BUDGET("", "-1"))), "out of range" },
        { "n too large", BODY(WORKER("\"a\"", BUDGET("", "4294967296"))), "out of range" },
        { "a worker without a name", BODY(WORKER("\"\"", BUDGET("", "0"))), "\"worker\" is empty" },
        { "a name with a NUL", BODY(WORKER("\"a\\u0000b\"", BUDGET("", "0"))), "holds a NUL" },
        { "a worker twice", BODY(WORKER("\"a\"", BUDGET("", "0")) "," WORKER("\"a\"", BUDGET("", "0"))),
          "twice" },
        { "a worker's former unit",
          BODY(WORKER("\"a\"", BUDGET("", "0")) "," WORKER_OF("\"a\"", "\"a.service\"", BUDGET("", "0"))),
          NULL },
        { "a worker as a word", BODY("\"a\""), "no object" },
        { "a worker as null", BODY("null"), "no object" },
        { "no workers", "{" BOOT "}", "\"workers\" is missing" },
        { "no boot", "{\"written_at\":[1,1],\"workers\":[]}", "\"boot_id\" is missing" },
        { "a wrong boot", "{\"boot_id\":\"xyz\",\"written_at\":[1,1],\"workers\":[]}",
          "\"boot_id\" is no id" },
        { "an operator's restart", BODY(WORKER("\"a\"", BUDGET(RESTART_OF("true"), "0"))), NULL },
        { "an operator as a name", BODY(WORKER("\"a\"", BUDGET(RESTART_OF("\"me\""), "0"))),
          "\"operator\" is not boolean" },
        { "a pause", PAUSES(PAUSE("null", "5") "," PAUSE("\"a\"", "5")), NULL },
        { "pauses as an object", "{" BOOT ",\"workers\":[],\"pauses\":{}}", "\"pauses\" is not array" },
        { "a pause as a word", PAUSES("\"a\""), "a pause is no object" },
        { "half a pause", PAUSES("{\"worker\":null}"), "\"since\" is missing" },
        { "a pause of nobody", PAUSES(PAUSE("\"\"", "5")), "\"worker\" is empty" },
        { "a pause that has less than nothing left", PAUSES(PAUSE("null", "-5")), "out of range" },
        { "a pause twice", PAUSES(PAUSE("\"a\"", "5") "," PAUSE("\"a\"", "9")),
          "a pause stands in it twice" },
        { "half a worker", BODY("{\"worker\":\"a\"}"), "\"unit\" is missing" },
        { "a list", "[]", "\"ledger\" is not object" },
        { "null", "null", "\"ledger\" is not object" },
};

static void test_every_value_is_checked(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                _cleanup_free_ char *text = sealed(bodies[i].body), *problem = NULL;
                struct ledger_entry *loaded = NULL;
                size_t n = 0;
                int r;

                r = ledger_from_text(text, strlen(text), &clock_now, &loaded, &n, &loaded_pauses, &problem);
                if (r != (bodies[i].problem ? -EBADMSG : 0) ||
                    (bodies[i].problem && !strstr(problem, bodies[i].problem)))
                        fail_msg("%s: %d, %s", bodies[i].name, r, strempty(problem));
                if (r >= 0)
                        ledger_entries_free(loaded, n);
                else
                        assert_int_equal(loaded_pauses.n, 0);
                pauses_done(&loaded_pauses);
        }
}

static void test_texts_that_are_no_ledger(_unused_ void **state) {
        static const struct {
                const char *text;
                int error;
        } texts[] = {
                { "", -EBADMSG },
                { "\n", -EBADMSG },
                { "{}", -EBADMSG },
                { "[1]", -EBADMSG },
                { "null", -EBADMSG },
                { "{\"version\":0}", -EBADMSG },
                { "{\"version\":1}", -EBADMSG },
                { "{\"version\":\"2\"}", -EBADMSG },
                { "{\"version\":2}", -EPROTONOSUPPORT },
                { "{\"version\":2,\"other\":[]} x", -EBADMSG },
                { "{\"version\":99999999999}", -EBADMSG },
                { "{\"version\":7,\"checksum\":1,\"ledger\":{}}", -EPROTONOSUPPORT },
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_free_ char *problem = NULL;
                struct ledger_entry *loaded = NULL;
                size_t n = 0;

                assert_int_equal(ledger_from_text(texts[i].text, strlen(texts[i].text), &clock_now, &loaded,
                                                  &n, &loaded_pauses, &problem),
                                 texts[i].error);
                assert_non_null(problem);
        }
}

/* One restart written at clock_now - 10 min, read with other clocks: when was it? */
static usec_t read_back(const struct ledger_clock *later, usec_t *ret_distrusted) {
        struct ledger_entry e = { .worker = (char *) "a" }, *loaded = NULL;
        _cleanup_free_ char *text = NULL, *problem = NULL;
        size_t n = 0;
        usec_t at;

        e.history.budget.n_restarts = 1;
        e.history.budget.restarts[0].at_usec = clock_now.agent_usec - 10 * MINUTE;
        e.history.budget.distrusted_until_usec = clock_now.agent_usec + 60 * MINUTE;
        text = ledger_to_text(&e, 1, &no_pauses, &clock_now);
        assert_non_null(text);
        assert_int_equal(ledger_from_text(text, strlen(text), later, &loaded, &n, &loaded_pauses, &problem),
                         0);
        at = loaded[0].history.budget.restarts[0].at_usec;
        *ret_distrusted = loaded[0].history.budget.distrusted_until_usec;
        ledger_entries_free(loaded, n);
        return later->agent_usec - at;
}

static void test_stamps_over_boots_and_clocks(_unused_ void **state) {
        static const struct {
                const char *name;
                int64_t agent, boot, real; /* later than clock_now */
                const char *boot_id;       /* NULL: the same boot */
                usec_t age, distrusted_left;
        } cases[] = {
                { "same boot", 5 * MINUTE, 5 * MINUTE, 5 * MINUTE, NULL, 15 * MINUTE, 55 * MINUTE },
                { "same boot, realtime set back", 5 * MINUTE, 5 * MINUTE, -(int64_t) USEC_PER_DAY, NULL,
                  15 * MINUTE, 55 * MINUTE },
                { "same boot, realtime set forward", 5 * MINUTE, 5 * MINUTE, (int64_t) USEC_PER_DAY, NULL,
                  15 * MINUTE, 55 * MINUTE },
                { "another agent of this boot", -(int64_t) (400 * USEC_PER_HOUR), 5 * MINUTE, 5 * MINUTE,
                  NULL, 15 * MINUTE, 55 * MINUTE },
                { "other boot", 0, -(int64_t) (19 * USEC_PER_HOUR), 20 * MINUTE,
                  "ffffffffffffffffffffffffffffffff", 30 * MINUTE, 40 * MINUTE },
                { "other boot, no id of ours", 0, 0, 20 * MINUTE, "", 30 * MINUTE, 40 * MINUTE },
                { "other boot, from the future", 0, 0, -(int64_t) USEC_PER_DAY,
                  "ffffffffffffffffffffffffffffffff", 0, 60 * MINUTE },
                { "other boot, a bit from the future", 0, 0, -(int64_t) (4 * MINUTE),
                  "ffffffffffffffffffffffffffffffff", 6 * MINUTE, 60 * MINUTE },
                { "the distrust is over", 2 * USEC_PER_HOUR, 2 * USEC_PER_HOUR, 0, NULL, 130 * MINUTE, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct ledger_clock later = clock_now;
                usec_t age, distrusted;

                later.agent_usec += (usec_t) cases[i].agent;
                later.boottime_usec += (usec_t) cases[i].boot;
                later.realtime_usec += (usec_t) cases[i].real;
                if (cases[i].boot_id)
                        (void) snprintf(later.boot_id, sizeof(later.boot_id), "%s", cases[i].boot_id);
                age = read_back(&later, &distrusted);
                if (age != cases[i].age ||
                    usec_sub(distrusted, later.agent_usec) != cases[i].distrusted_left)
                        fail_msg("%s: %" PRIu64 " %" PRIu64, cases[i].name, age,
                                 usec_sub(distrusted, later.agent_usec));
                if (cases[i].distrusted_left == 0)
                        assert_int_equal(distrusted, 0);
        }
}

/* A pause of which 60 min were left, read with other clocks. */
static void test_a_pause_over_boots_and_clocks(_unused_ void **state) {
        static const struct {
                const char *name;
                int64_t boot, real; /* later than clock_now */
                const char *boot_id;
                int64_t left; /* below zero: it ended so long ago */
        } cases[] = {
                { "same boot", 5 * MINUTE, 5 * MINUTE, "0123456789abcdef0123456789abcdef", 55 * MINUTE },
                { "same boot, realtime set forward", 5 * MINUTE, USEC_PER_DAY,
                  "0123456789abcdef0123456789abcdef", 55 * MINUTE },
                { "other boot", -(int64_t) USEC_PER_HOUR, 20 * MINUTE, "ffffffffffffffffffffffffffffffff",
                  40 * MINUTE },
                { "other boot, from the future", 0, -(int64_t) USEC_PER_DAY,
                  "ffffffffffffffffffffffffffffffff", 60 * MINUTE },
                { "ended in this boot", 70 * MINUTE, 0, "0123456789abcdef0123456789abcdef",
                  -(int64_t) (10 * MINUTE) },
                { "ended while the machine was off", 0, 90 * MINUTE, "ffffffffffffffffffffffffffffffff",
                  -(int64_t) (30 * MINUTE) },
        };
        const struct pause pause = { .worker = (char *) "a",
                                     .since_usec = clock_now.agent_usec - 10 * MINUTE,
                                     .until_usec = clock_now.agent_usec + 60 * MINUTE };
        struct pauses pauses = {};

        assert_int_equal(pauses_begin(&pauses, &pause), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = ledger_to_text(NULL, 0, &pauses, &clock_now), *problem = NULL;
                struct ledger_clock later = clock_now;
                struct ledger_entry *loaded = NULL;
                size_t n = 0;

                later.boottime_usec += (usec_t) cases[i].boot;
                later.realtime_usec += (usec_t) cases[i].real;
                (void) snprintf(later.boot_id, sizeof(later.boot_id), "%s", cases[i].boot_id);
                assert_int_equal(
                        ledger_from_text(text, strlen(text), &later, &loaded, &n, &loaded_pauses, &problem),
                        0);
                assert_int_equal(loaded_pauses.n, 1);
                if (loaded_pauses.list[0].until_usec != later.agent_usec + (usec_t) cases[i].left)
                        fail_msg("%s: %" PRIi64, cases[i].name,
                                 (int64_t) (loaded_pauses.list[0].until_usec - later.agent_usec));
                ledger_entries_free(loaded, n);
                pauses_done(&loaded_pauses);
        }
        pauses_done(&pauses);
}

static void test_a_stop_before_a_reboot_says_nothing_of_now(_unused_ void **state) {
        static const struct {
                const char *boot_id;
                bool stop_seen;
        } cases[] = {
                { "0123456789abcdef0123456789abcdef", true },
                { "ffffffffffffffffffffffffffffffff", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct ledger_entry e = { .worker = (char *) "a", .history.stop_seen = true },
                                    *loaded = NULL;
                _cleanup_free_ char *text = ledger_to_text(&e, 1, &no_pauses, &clock_now), *problem = NULL;
                struct ledger_clock later = clock_now;
                size_t n = 0;

                assert_non_null(text);
                (void) snprintf(later.boot_id, sizeof(later.boot_id), "%s", cases[i].boot_id);
                assert_int_equal(
                        ledger_from_text(text, strlen(text), &later, &loaded, &n, &loaded_pauses, &problem),
                        0);
                assert_int_equal(n, 1);
                assert_int_equal(loaded[0].history.stop_seen, cases[i].stop_seen);
                ledger_entries_free(loaded, n);
        }
}

static void test_a_stamp_before_agent_time_is_not_never(_unused_ void **state) {
        struct ledger_clock later = clock_now;
        usec_t distrusted;

        later.agent_usec = 3 * USEC_PER_SEC;
        assert_int_equal(read_back(&later, &distrusted), 3 * USEC_PER_SEC - 1);
}

static void test_text_that_is_not_utf8_is_cleaned(_unused_ void **state) {
        struct ledger_entry e = { .worker = (char *) "a" }, *loaded = NULL;
        _cleanup_free_ char *text = NULL, *problem = NULL;
        size_t n = 0;

        e.history.budget.n_restarts = 1;
        e.history.budget.restarts[0].at_usec = 1;
        strcpy(e.history.budget.restarts[0].stage, "x\xff\xfey");
        text = ledger_to_text(&e, 1, &no_pauses, &clock_now);
        assert_int_equal(
                ledger_from_text(text, strlen(text), &clock_now, &loaded, &n, &loaded_pauses, &problem), 0);
        assert_string_equal(loaded[0].history.budget.restarts[0].stage, "x??y");
        ledger_entries_free(loaded, n);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roundtrip),
                cmocka_unit_test(test_damage_is_refused),
                cmocka_unit_test(test_every_value_is_checked),
                cmocka_unit_test(test_texts_that_are_no_ledger),
                cmocka_unit_test(test_stamps_over_boots_and_clocks),
                cmocka_unit_test(test_a_pause_over_boots_and_clocks),
                cmocka_unit_test(test_a_stop_before_a_reboot_says_nothing_of_now),
                cmocka_unit_test(test_a_stamp_before_agent_time_is_not_never),
                cmocka_unit_test(test_text_that_is_not_utf8_is_cleaned),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
