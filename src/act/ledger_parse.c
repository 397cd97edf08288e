/* The ledger out of JSON text, as ledger_text.c writes it. Knows neither file nor clock: the clocks'
 * readings are an argument. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "act/ledger_text.h"
#include "util/json.h"
#include "util/text.h"

struct reader {
        const struct ledger_clock *now;
        bool same_boot;
        int64_t since_written; /* age of the file */
        char problem[192];
};

static void complain(struct reader *r, const char *format, ...) _printf_(2, 3);
static void complain(struct reader *r, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(r->problem, sizeof(r->problem), format, ap);
        va_end(ap);
}

/* A macro, so that who analyses the code sees that it is negative. */
#define bad(r, ...) (complain((r), __VA_ARGS__), -EBADMSG)

/* Gets a member that must be there and of that type; json_type_null stands for "any". */
static int get(struct reader *r, json_object *from, const char *key, json_type type, json_object **ret) {
        if (!json_object_object_get_ex(from, key, ret))
                return bad(r, "\"%s\" is missing", key);
        if (type != json_type_null && !json_object_is_type(*ret, type))
                return bad(r, "\"%s\" is not %s", key, json_type_to_name(type));
        return 0;
}

static int get_string(struct reader *r, json_object *from, const char *key, char *buf, size_t size) {
        json_object *v;
        size_t len;
        int q;

        q = get(r, from, key, json_type_string, &v);
        if (q < 0)
                return q;
        len = (size_t) json_object_get_string_len(v);
        if (len >= size || strlen(json_object_get_string(v)) != len)
                return bad(r, "\"%s\" is too long, or holds a NUL", key);
        memcpy(buf, json_object_get_string(v), len + 1);
        return 0;
}

/* "" or as many hexadecimal digits as fit. */
static int get_hex(struct reader *r, json_object *from, const char *key, char *buf, size_t size) {
        int q = get_string(r, from, key, buf, size);

        if (q < 0)
                return q;
        if (buf[0] != '\0' && (strlen(buf) != size - 1 || strspn(buf, "0123456789abcdef") != size - 1))
                return bad(r, "\"%s\" is no id", key);
        return 0;
}

static int get_bool(struct reader *r, json_object *from, const char *key, bool *ret) {
        json_object *v;
        int q = get(r, from, key, json_type_boolean, &v);

        if (q < 0)
                return q;
        *ret = json_object_get_boolean(v);
        return 0;
}

static int get_number(struct reader *r, json_object *from, const char *key, int64_t max, int64_t *ret) {
        json_object *v;
        int q = get(r, from, key, json_type_int, &v);

        if (q < 0)
                return q;
        *ret = json_object_get_int64(v);
        if (*ret < 0 || *ret > max)
                return bad(r, "\"%s\" is out of range", key);
        return 0;
}

static int get_unsigned(struct reader *r, json_object *from, const char *key, unsigned *ret) {
        int64_t n = 0;
        int q = get_number(r, from, key, UINT32_MAX, &n);

        *ret = (unsigned) n;
        return q;
}

/* How long ago a stamp was; 0 for one from the future. */
static int get_age(struct reader *r, const char *key, json_object *v, int64_t *ret) {
        int64_t part[2];

        if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) != 2)
                return bad(r, "\"%s\" is no stamp", key);
        for (size_t i = 0; i < 2; i++) {
                json_object *n = json_object_array_get_idx(v, i);

                if (!json_object_is_type(n, json_type_int))
                        return bad(r, "\"%s\" is no stamp", key);
                part[i] = json_object_get_int64(n);
                if (part[i] < -LEDGER_STAMP_MAX || part[i] > LEDGER_STAMP_MAX)
                        return bad(r, "\"%s\" is out of range", key);
        }
        *ret = r->same_boot ? (int64_t) r->now->boottime_usec - part[0]
                            : (int64_t) r->now->realtime_usec - part[1];
        *ret = MAX(*ret, (int64_t) 0);
        return 0;
}

static int get_stamp(struct reader *r, json_object *from, const char *key, usec_t *ret) {
        json_object *v;
        int64_t age;
        int q = get(r, from, key, json_type_null, &v);

        if (q < 0)
                return q;
        *ret = 0;
        if (!v)
                return 0;
        q = get_age(r, key, v, &age);
        if (q < 0)
                return q;
        /* 0 would read as "never": what is older than agent time itself becomes its first moment. */
        *ret = MAX(usec_sub(r->now->agent_usec, (usec_t) age), (usec_t) 1);
        return 0;
}

static int get_result(struct reader *r, json_object *from, enum restart_result *ret) {
        char name[16];
        int q = get_string(r, from, "result", name, sizeof(name));

        if (q < 0)
                return q;
        for (int i = 0; i < _RESTART_RESULT_MAX; i++)
                if (streq(name, ledger_result_names[i])) {
                        *ret = (enum restart_result) i;
                        return 0;
                }
        return bad(r, "\"result\" is unknown");
}

static int restart_from_json(struct reader *r, json_object *o, struct restart_record *ret) {
        int q;

        if (!json_object_is_type(o, json_type_object))
                return bad(r, "a restart is no object");
        if ((q = get_stamp(r, o, "at", &ret->at_usec)) < 0 || (q = get_result(r, o, &ret->result)) < 0 ||
            (q = get_bool(r, o, "revive", &ret->revive)) < 0 ||
            (q = get_hex(r, o, "incident", ret->incident, sizeof(ret->incident))) < 0 ||
            (q = get_hex(r, o, "invocation_id", ret->invocation_id, sizeof(ret->invocation_id))) < 0 ||
            (q = get_string(r, o, "stage", ret->stage, sizeof(ret->stage))) < 0 ||
            (q = get_string(r, o, "connector", ret->connector, sizeof(ret->connector))) < 0)
                return q;
        /* Absent where it is not, as in all that older agents wrote. */
        if (json_object_object_get_ex(o, "operator", NULL) &&
            (q = get_bool(r, o, "operator", &ret->operator)) < 0)
                return q;
        return ret->at_usec == 0 ? bad(r, "a restart has no time") : 0;
}

static int restarts_from_json(struct reader *r, json_object *from, struct budget *ret) {
        json_object *list;
        int q = get(r, from, "restarts", json_type_array, &list);

        if (q < 0)
                return q;
        if (json_object_array_length(list) > RESTARTS_KEPT)
                return bad(r, "there are too many restarts");
        ret->n_restarts = json_object_array_length(list);
        for (size_t i = 0; i < ret->n_restarts; i++) {
                q = restart_from_json(r, json_object_array_get_idx(list, i), &ret->restarts[i]);
                if (q < 0)
                        return q;
                if (i > 0 && ret->restarts[i].at_usec < ret->restarts[i - 1].at_usec)
                        return bad(r, "the restarts are not in order");
        }
        return 0;
}

static int budget_from_json(struct reader *r, json_object *from, const char *key, struct budget *ret) {
        json_object *o;
        int64_t left;
        int q;

        if ((q = get(r, from, key, json_type_object, &o)) < 0 || (q = restarts_from_json(r, o, ret)) < 0 ||
            (q = get_unsigned(r, o, "n", &ret->n)) < 0 ||
            (q = get_stamp(r, o, "exhausted_at", &ret->exhausted_at_usec)) < 0 ||
            (q = get_bool(r, o, "recurring", &ret->recurring)) < 0 ||
            (q = get_stamp(r, o, "last_try", &ret->last_try_usec)) < 0 ||
            (q = get_number(r, o, "distrusted_left", LEDGER_STAMP_MAX, &left)) < 0)
                return q;
        if (left > r->since_written)
                ret->distrusted_until_usec =
                        usec_add(r->now->agent_usec, (usec_t) (left - r->since_written));
        return 0;
}

static int incident_from_json(struct reader *r, json_object *from, struct incident *ret) {
        json_object *o;
        int q;

        if ((q = get(r, from, "incident", json_type_object, &o)) < 0 ||
            (q = get_hex(r, o, "id", ret->id, sizeof(ret->id))) < 0 ||
            (q = get_stamp(r, o, "opened_at", &ret->opened_at_usec)) < 0 ||
            (q = get_unsigned(r, o, "restarts", &ret->restarts)) < 0 ||
            (q = get_bool(r, o, "was_unhealthy", &ret->was_unhealthy)) < 0)
                return q;
        return get_bool(r, o, "flapping_told", &ret->flapping_told);
}

/* Absent unless the agent was ended in the middle of an incident, as in all that older agents wrote. */
static int streak_from_json(struct reader *r, json_object *from, struct streak *ret) {
        int64_t sustained, silent, stage, healthy;
        json_object *o;
        int q;

        if (!json_object_object_get_ex(from, "streak", &o))
                return 0;
        if (!json_object_is_type(o, json_type_object))
                return bad(r, "\"streak\" is not object");
        if ((q = get_stamp(r, o, "received_at", &ret->received_at_usec)) < 0 ||
            (q = get_unsigned(r, o, "failures", &ret->failures)) < 0 ||
            (q = get_number(r, o, "sustained", LEDGER_STAMP_MAX, &sustained)) < 0 ||
            (q = get_bool(r, o, "any_answered", &ret->any_answered)) < 0 ||
            (q = get_unsigned(r, o, "silent", &ret->silent)) < 0 ||
            (q = get_number(r, o, "silent_for", LEDGER_STAMP_MAX, &silent)) < 0 ||
            (q = get_number(r, o, "stage_began", LEDGER_STAMP_MAX, &stage)) < 0 ||
            (q = get_unsigned(r, o, "successes", &ret->successes)) < 0 ||
            (q = get_number(r, o, "healthy_for", LEDGER_STAMP_MAX, &healthy)) < 0)
                return q;
        ret->sustained_usec = (usec_t) sustained;
        ret->silent_usec = (usec_t) silent;
        ret->stage_began_at_usec = (usec_t) stage;
        ret->healthy_usec = (usec_t) healthy;
        return 0;
}

static int get_name(struct reader *r, json_object *from, const char *key, char **ret) {
        char name[LEDGER_NAME_SIZE];
        int q = get_string(r, from, key, name, sizeof(name));

        if (q < 0)
                return q;
        if (name[0] == '\0')
                return bad(r, "\"%s\" is empty", key);
        *ret = strdup(name);
        return *ret ? 0 : -ENOMEM;
}

static int connector_from_json(struct reader *r, json_object *o, struct connector_attempts *ret) {
        struct connector_attempt *t;
        json_object *name;
        unsigned n;
        int q;

        if (!json_object_is_type(o, json_type_object))
                return bad(r, "a connector is no object");
        if ((q = get(r, o, "name", json_type_string, &name)) < 0 || (q = get_unsigned(r, o, "n", &n)) < 0)
                return q;
        if (strlen(json_object_get_string(name)) != (size_t) json_object_get_string_len(name) ||
            connector_attempts_find(ret, json_object_get_string(name)))
                return bad(r, "a connector's name stands in it twice, or holds a NUL");
        t = connector_attempts_get(ret, json_object_get_string(name));
        if (!t)
                return -ENOMEM;
        t->n = n;
        if ((q = get_stamp(r, o, "last_at", &t->last_at_usec)) < 0)
                return q;
        return get_bool(r, o, "exhausted", &t->exhausted);
}

/* Absent where none was ever restarted, as in all that older agents wrote. */
static int connectors_from_json(struct reader *r, json_object *from, struct connector_attempts *ret) {
        json_object *list;
        int q = 0;

        if (!json_object_object_get_ex(from, "connectors", &list))
                return 0;
        if (!json_object_is_type(list, json_type_array))
                return bad(r, "\"connectors\" is not array");
        for (size_t i = 0; q >= 0 && i < json_object_array_length(list); i++)
                q = connector_from_json(r, json_object_array_get_idx(list, i), ret);
        return q;
}

static int entry_from_json(struct reader *r, json_object *o, struct ledger_entry *ret) {
        struct history *h = &ret->history;
        json_object *unit;
        int q;

        if (!json_object_is_type(o, json_type_object))
                return bad(r, "a worker is no object");
        if ((q = get_name(r, o, "worker", &ret->worker)) < 0 ||
            (q = get(r, o, "unit", json_type_null, &unit)) < 0 ||
            (unit && (q = get_name(r, o, "unit", &ret->unit)) < 0) ||
            (q = budget_from_json(r, o, "budget", &h->budget)) < 0 ||
            (q = budget_from_json(r, o, "virtual_budget", &h->virtual_budget)) < 0 ||
            (q = incident_from_json(r, o, &h->incident)) < 0 ||
            (q = get_hex(r, o, "invocation_id", h->invocation_id, sizeof(h->invocation_id))) < 0 ||
            (q = get_bool(r, o, "seen_ok", &h->seen_ok)) < 0 ||
            (q = get_bool(r, o, "stop_seen", &h->stop_seen)) < 0 ||
            (q = get_bool(r, o, "lacks_health", &h->lacks_health)) < 0)
                return q;
        /* Who stopped it before the reboot has no part in its being down now. */
        h->stop_seen = h->stop_seen && r->same_boot;
        if ((q = streak_from_json(r, o, &h->streak)) < 0 ||
            (q = connectors_from_json(r, o, &ret->connectors)) < 0)
                return q;
        return get_hex(r, o, "target", h->target, sizeof(h->target));
}

static int entries_from_json(struct reader *r, json_object *list, struct ledger_entry **ret, size_t *ret_n) {
        size_t n = json_object_array_length(list), done = 0;
        struct ledger_entry *entries;
        int q = 0;

        entries = calloc(MAX(n, (size_t) 1), sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        for (; done < n && q >= 0; done++) {
                q = entry_from_json(r, json_object_array_get_idx(list, done), &entries[done]);
                for (size_t i = 0; q >= 0 && i < done; i++)
                        if (streq(entries[i].worker, entries[done].worker) &&
                            streq_ptr(entries[i].unit, entries[done].unit))
                                q = bad(r, "worker \"%s\" stands in it twice", entries[i].worker);
        }
        if (q < 0) {
                ledger_entries_free(entries, done);
                return q;
        }
        *ret = entries;
        *ret_n = n;
        return 0;
}

/* What *ret then holds is the caller's, also on error. */
static int pause_from_json(struct reader *r, json_object *o, struct pause *ret) {
        int64_t left, uid;
        json_object *worker;
        char reason[PAUSE_REASON_SIZE];
        int q;

        if (!json_object_is_type(o, json_type_object))
                return bad(r, "a pause is no object");
        if ((q = get(r, o, "worker", json_type_null, &worker)) < 0 ||
            (worker && (q = get_name(r, o, "worker", &ret->worker)) < 0) ||
            (q = get_stamp(r, o, "since", &ret->since_usec)) < 0 ||
            (q = get_number(r, o, "left", LEDGER_STAMP_MAX, &left)) < 0 ||
            (q = get_string(r, o, "reason", reason, sizeof(reason))) < 0 ||
            (q = get_number(r, o, "uid", UINT32_MAX, &uid)) < 0)
                return q;
        ret->uid = (uint32_t) uid;
        ret->until_usec = MAX(usec_shift(r->now->agent_usec, left - r->since_written), (usec_t) 1);
        ret->reason = strdup(reason);
        return ret->reason ? 0 : -ENOMEM;
}

/* Absent where nothing is paused, as in all that older agents wrote. */
static int pauses_from_json(struct reader *r, json_object *from, struct pauses *ret) {
        json_object *list;
        int q = 0;

        if (!json_object_object_get_ex(from, "pauses", &list))
                return 0;
        if (!json_object_is_type(list, json_type_array))
                return bad(r, "\"pauses\" is not array");
        for (size_t i = 0; q >= 0 && i < json_object_array_length(list); i++) {
                struct pause p = {};

                q = pause_from_json(r, json_object_array_get_idx(list, i), &p);
                if (q >= 0 && pauses_find(ret, p.worker))
                        q = bad(r, "a pause stands in it twice");
                if (q >= 0)
                        q = pauses_begin(ret, &p);
                free(p.worker);
                free(p.reason);
        }
        return q;
}

static int ledger_from_json(struct reader *r,
                            json_object *top,
                            struct ledger_entry **ret,
                            size_t *ret_n,
                            struct pauses *ret_pauses) {
        json_object *o, *list, *written;
        char boot_id[sizeof(r->now->boot_id)];
        int q;

        if ((q = get(r, top, "ledger", json_type_object, &o)) < 0 ||
            (q = get_hex(r, o, "boot_id", boot_id, sizeof(boot_id))) < 0 ||
            (q = get(r, o, "written_at", json_type_array, &written)) < 0)
                return q;
        r->same_boot = boot_id[0] != '\0' && streq(boot_id, r->now->boot_id);
        if ((q = get_age(r, "written_at", written, &r->since_written)) < 0 ||
            (q = get(r, o, "workers", json_type_array, &list)) < 0)
                return q;
        q = pauses_from_json(r, o, ret_pauses);
        if (q >= 0)
                q = entries_from_json(r, list, ret, ret_n);
        if (q < 0)
                pauses_done(ret_pauses);
        return q;
}

/* Byte for byte: the head is as we write it, and the checksum fits to the rest. */
static int check_text(struct reader *r, const char *text, size_t len) {
        char head[LEDGER_HEAD_SIZE];
        size_t head_len =
                (size_t) snprintf(head, sizeof(head), LEDGER_HEAD_FORMAT, LEDGER_VERSION, UINT64_C(0));

        if (len <= head_len)
                return bad(r, "it is cut short");
        (void) snprintf(head, sizeof(head), LEDGER_HEAD_FORMAT, LEDGER_VERSION,
                        ledger_checksum(text + head_len, len - head_len));
        return memcmp(text, head, head_len) == 0 ? 0 : bad(r, "its checksum does not fit");
}

static int parse(struct reader *r, const char *text, size_t len, json_object **ret) {
        const char *problem;
        int q;

        if (len == 0)
                return bad(r, "it is empty");
        q = json_parse(text, len, JSON_TOKENER_DEFAULT_DEPTH, ret, &problem);
        if (q == -EBADMSG)
                return bad(r, "it is not JSON: %s", problem);
        if (q >= 0 && !json_object_is_type(*ret, json_type_object))
                return bad(r, "it is not a JSON object");
        return q;
}

static int load(struct reader *r,
                json_object *top,
                const char *text,
                size_t len,
                struct ledger_entry **ret,
                size_t *ret_n,
                struct pauses *ret_pauses) {
        int64_t version;
        int q;

        q = get_number(r, top, "version", INT32_MAX, &version);
        if (q < 0)
                return q;
        if (version > LEDGER_VERSION) {
                (void) bad(r, "it is of version %" PRIi64 ", newer than this agent's %d", version,
                           LEDGER_VERSION);
                return -EPROTONOSUPPORT;
        }
        q = check_text(r, text, len);
        return q < 0 ? q : ledger_from_json(r, top, ret, ret_n, ret_pauses);
}

int ledger_from_text(const char *text,
                     size_t len,
                     const struct ledger_clock *now,
                     struct ledger_entry **ret,
                     size_t *ret_n,
                     struct pauses *ret_pauses,
                     char **ret_problem) {
        struct reader r = { .now = now };
        json_object *top = NULL;
        int q;

        *ret_pauses = (struct pauses) {};
        q = parse(&r, text, len, &top);
        if (q >= 0)
                q = load(&r, top, text, len, ret, ret_n, ret_pauses);
        json_object_put(top);
        if ((q == -EBADMSG || q == -EPROTONOSUPPORT) && ret_problem) {
                *ret_problem = strdup(r.problem);
                if (!*ret_problem)
                        q = -ENOMEM;
        }
        return q;
}
