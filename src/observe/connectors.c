/* Cuts the answer of GET /connectors?expand=status into connectors while it streams in, and reads one at a
 * time. Knows no socket, and nothing of what is healthy. */
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "observe/connectors.h"
#include "util/json.h"
#include "util/text.h"

#define JSON_DEPTH_MAX 16
#define BUFFER_FIRST ((size_t) 4096)

const char *const connector_state_names[] = { "UNASSIGNED", "RUNNING", "PAUSED", "FAILED",
                                              "RESTARTING", "STOPPED", NULL };
_Static_assert(ELEMENTSOF(connector_state_names) == _CONNECTOR_STATE_MAX, "a state has no name");

const char *connector_state_to_string(enum connector_state s) {
        return s > CONNECTOR_STATE_OTHER && s < _CONNECTOR_STATE_MAX ? connector_state_names[s - 1]
                                                                     : "OTHER";
}

enum connector_state connector_state_from_string(const char *name) {
        for (unsigned i = 0; connector_state_names[i]; i++)
                if (strcasecmp(name, connector_state_names[i]) == 0)
                        return (enum connector_state)(i + 1);
        return CONNECTOR_STATE_OTHER;
}

enum phase {
        PHASE_BEFORE, /* the opening bracket */
        PHASE_INSIDE,
        PHASE_AFTER, /* the closing one */
};

struct connectors_reader {
        connector_found_t found;
        void *userdata;
        int error;
        const char *problem;

        enum phase phase;
        bool only_names; /* an array of names: a worker older than 2.3 */
        bool any;        /* a member was read */
        unsigned depth;  /* of brackets within the member */
        bool in_string, escaped;
        unsigned hex_left; /* of \uXXXX: not to be cut within */
        bool cutting;      /* the rest of this string is dropped */
        size_t string_len; /* bytes of it that were kept */

        char *buffer; /* the current member, and the opening bracket before it */
        size_t len, size, largest;
};

/* ---- one connector ---- */

static int complain(const char **ret_problem, const char *problem) {
        *ret_problem = problem;
        return -EBADMSG;
}

/* A string that must be there. */
static const char *get_text(json_object *from, const char *key) {
        json_object *v = NULL;
        const char *s;

        if (!json_object_object_get_ex(from, key, &v) || !json_object_is_type(v, json_type_string))
                return NULL;
        s = json_object_get_string(v);
        return strlen(s) == (size_t) json_object_get_string_len(v) ? s : NULL;
}

static bool read_part(json_object *from, struct connector_part *ret) {
        const char *state = NULL;
        json_object *trace = NULL;

        if (!json_object_is_type(from, json_type_object))
                return false;
        state = get_text(from, "state");
        ret->worker_id = get_text(from, "worker_id");
        if (!state || !ret->worker_id)
                return false;
        ret->state = connector_state_from_string(state);
        ret->trace = "";
        if (json_object_object_get_ex(from, "trace", &trace) && trace) {
                if (!json_object_is_type(trace, json_type_string))
                        return false;
                ret->trace = json_object_get_string(trace);
        }
        return true;
}

static bool read_task(json_object *from, struct connector_part *ret) {
        json_object *id = NULL;

        if (!read_part(from, ret) || !json_object_object_get_ex(from, "id", &id) ||
            !json_object_is_type(id, json_type_int))
                return false;
        ret->id = json_object_get_int64(id);
        return ret->id >= 0 && ret->id <= INT32_MAX;
}

static int read_status(const char *name,
                       json_object *status,
                       connector_found_t found,
                       void *userdata,
                       const char **ret_problem) {
        json_object *connector = NULL, *tasks = NULL;
        struct connector_status c = { .name = name, .connector.id = -1 };
        _cleanup_free_ struct connector_part *parts = NULL;

        if (!json_object_is_type(status, json_type_object) ||
            !json_object_object_get_ex(status, "connector", &connector) ||
            !json_object_object_get_ex(status, "tasks", &tasks) ||
            !json_object_is_type(tasks, json_type_array) || !read_part(connector, &c.connector))
                return complain(ret_problem, "a connector's status is not as Connect tells it");
        c.type = strempty(get_text(status, "type"));
        c.n_tasks = json_object_array_length(tasks);
        parts = calloc(c.n_tasks + 1, sizeof(*parts));
        if (!parts)
                return -ENOMEM;
        for (size_t i = 0; i < c.n_tasks; i++)
                if (!read_task(json_object_array_get_idx(tasks, i), &parts[i]))
                        return complain(ret_problem, "a task's status is not as Connect tells it");
        c.tasks = parts;
        return found(&c, userdata);
}

int connector_status_read(const char *name,
                          const char *text,
                          size_t len,
                          connector_found_t found,
                          void *userdata) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        const char *problem;
        int r;

        r = json_parse(text, len, JSON_DEPTH_MAX, &o, &problem);
        return r < 0 ? r : read_status(name, o, found, userdata, &problem);
}

/* ---- one member of the answer ---- */

static int read_name(struct connectors_reader *r, json_object *list) {
        json_object *name = json_object_array_get_idx(list, 0);
        struct connector_status c = { .only_named = true, .type = "", .connector.id = -1 };

        if (json_object_array_length(list) != 1 || !json_object_is_type(name, json_type_string))
                return complain(&r->problem, "a connector's name is no string");
        c.name = json_object_get_string(name);
        if (strlen(c.name) != (size_t) json_object_get_string_len(name))
                return complain(&r->problem, "a connector's name holds a NUL");
        return r->found(&c, r->userdata);
}

static int read_member(struct connectors_reader *r, json_object *object) {
        struct lh_entry *entry = json_object_get_object(object)->head;
        json_object *value, *status = NULL;
        const char *name;

        if (!entry || entry->next)
                return complain(&r->problem, "a connector has no name, or two");
        name = lh_entry_k(entry);
        value = (json_object *) lh_entry_v(entry);
        if (!json_object_is_type(value, json_type_object) ||
            !json_object_object_get_ex(value, "status", &status))
                return complain(&r->problem, "a connector has no status");
        return read_status(name, status, r->found, r->userdata, &r->problem);
}

/* json-c takes the name of a member up to a NUL: such a name would be another connector's. */
static bool name_holds_nul(const struct connectors_reader *r) {
        const char *p = memchr(r->buffer, '"', r->len), *end = r->buffer + r->len;

        for (p = p ? p + 1 : end; p < end && *p != '"'; p++)
                if (*p == '\\' && end - p > 5 && memcmp(++p, "u0000", 5) == 0)
                        return true;
        return false;
}

static int append(struct connectors_reader *r, const char *data, size_t len) {
        if (len > r->size - r->len) {
                size_t size = MAX(MAX(r->size * 2, BUFFER_FIRST), r->len + len);
                char *grown;

                if (size > 2 * CONNECTORS_ONE_MAX || r->len + len > CONNECTORS_ONE_MAX) {
                        r->problem = "one connector is too large";
                        return -EFBIG;
                }
                grown = realloc(r->buffer, size);
                if (!grown)
                        return -ENOMEM;
                r->buffer = grown;
                r->size = size;
        }
        memcpy(r->buffer + r->len, data, len);
        r->len += len;
        return 0;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The member in the buffer is whole; more: a comma follows it. */
static int finish_member(struct connectors_reader *r, bool more) {
        _cleanup_(json_object_unrefp) json_object *o = NULL;
        const char *problem = "";
        size_t begin = 1;
        int q;

        while (begin < r->len && is_blank(r->buffer[begin]))
                begin++;
        if (begin == r->len) {
                if (more || r->any)
                        return complain(&r->problem, "a connector is missing before a comma, or after one");
                return 0;
        }
        r->any = true;
        r->largest = MAX(r->largest, r->len);
        q = append(r, r->only_names ? "]" : "}", 1);
        if (q < 0)
                return q;
        if (!r->only_names && name_holds_nul(r))
                return complain(&r->problem, "a connector's name holds a NUL");
        q = json_parse(r->buffer, r->len, JSON_DEPTH_MAX, &o, &problem);
        r->len = 1;
        if (q < 0)
                return q == -EBADMSG ? complain(&r->problem, problem) : q;
        return r->only_names ? read_name(r, o) : read_member(r, o);
}

/* ---- the stream ---- */

static bool is_continuation(char c) {
        return ((unsigned char) c & 0xC0) == 0x80;
}

/* Takes bytes of a string up to what means something; returns how many, or a negative errno. */
static ssize_t take_plain(struct connectors_reader *r, const char *data, size_t len) {
        size_t n = 0, kept;
        int q;

        while (n < len && data[n] != '"' && data[n] != '\\')
                n++;
        kept = r->cutting ? 0 : n;
        if (!r->cutting && r->depth > 0 && r->string_len + n > CONNECTORS_STRING_MAX) {
                kept = CONNECTORS_STRING_MAX > r->string_len ? CONNECTORS_STRING_MAX - r->string_len : 0;
                kept = MAX(kept, MIN((size_t) r->hex_left, n));
                while (kept < n && is_continuation(data[kept]))
                        kept++;
                r->cutting = kept < n;
        }
        q = append(r, data, kept);
        if (q < 0)
                return q;
        r->string_len += kept;
        r->hex_left -= (unsigned) MIN(n, (size_t) r->hex_left);
        return (ssize_t) n;
}

static int take_in_string(struct connectors_reader *r, char c) {
        if (r->escaped) {
                r->escaped = false;
                r->hex_left = c == 'u' && !r->cutting ? 4 : 0;
        } else if (c == '"') {
                r->in_string = r->cutting = false;
                return append(r, &c, 1);
        } else {
                r->escaped = true;
                r->cutting = r->cutting || (r->depth > 0 && r->string_len >= CONNECTORS_STRING_MAX);
        }
        if (r->cutting)
                return 0;
        r->string_len++;
        return append(r, &c, 1);
}

static int take_between(struct connectors_reader *r, char c) {
        const char end = r->only_names ? ']' : '}';
        int q;

        switch (c) {
        case '"':
                r->in_string = true;
                r->string_len = r->hex_left = 0;
                break;
        case '{':
        case '[':
                r->depth++;
                break;
        case ',':
                if (r->depth == 0)
                        return finish_member(r, true);
                break;
        case '}':
        case ']':
                if (r->depth > 0) {
                        r->depth--;
                        break;
                }
                if (c != end)
                        return complain(&r->problem, "a bracket closes what was not opened");
                q = finish_member(r, false);
                r->phase = PHASE_AFTER;
                return q;
        default:
                break;
        }
        return append(r, &c, 1);
}

static int take_outside(struct connectors_reader *r, char c) {
        if (is_blank(c))
                return 0;
        if (r->phase == PHASE_AFTER)
                return complain(&r->problem, "something follows it");
        if (c != '{' && c != '[')
                return complain(&r->problem, "it is neither an object nor an array");
        r->phase = PHASE_INSIDE;
        r->only_names = c == '[';
        return append(r, &c, 1);
}

int connectors_reader_feed(struct connectors_reader *r, const char *data, size_t len) {
        for (size_t i = 0; i < len && r->error >= 0;) {
                if (r->phase == PHASE_INSIDE && r->in_string && !r->escaped && data[i] != '"' &&
                    data[i] != '\\') {
                        ssize_t n = take_plain(r, data + i, len - i);

                        if (n < 0)
                                r->error = (int) n;
                        else
                                i += (size_t) n;
                        continue;
                }
                r->error = r->phase != PHASE_INSIDE ? take_outside(r, data[i])
                           : r->in_string           ? take_in_string(r, data[i])
                                                    : take_between(r, data[i]);
                i++;
        }
        return r->error;
}

int connectors_reader_end(struct connectors_reader *r) {
        if (r->error >= 0 && r->phase != PHASE_AFTER)
                r->error = complain(&r->problem, "it ends too early");
        return r->error;
}

const char *connectors_reader_problem(const struct connectors_reader *r) {
        return r->problem;
}

size_t connectors_reader_largest(const struct connectors_reader *r) {
        return r->largest;
}

int connectors_reader_new(connector_found_t found, void *userdata, struct connectors_reader **ret) {
        struct connectors_reader *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->found = found;
        r->userdata = userdata;
        r->problem = "";
        *ret = r;
        return 0;
}

struct connectors_reader *connectors_reader_free(struct connectors_reader *r) {
        if (!r)
                return NULL;
        free(r->buffer);
        free(r);
        return NULL;
}

/* ---- words and paths ---- */

char *connector_trace_line(char *buf, size_t size, const char *trace) {
        return text_copy_line(buf, size, trace, strcspn(trace, "\r\n"));
}

char *connector_path(const char *name, const char *suffix) {
        static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~";
        static const char prefix[] = "/connectors/";
        char *path = malloc(sizeof(prefix) + 3 * strlen(name) + strlen(suffix)), *at = path;
        size_t dots = strspn(name, ".");
        bool only_dots = name[dots] == '\0';

        if (!path)
                return NULL;
        at += sprintf(at, "%s", prefix);
        for (const char *p = name; *p; p++) {
                /* "." and ".." as a segment would be taken for a step in the path. */
                if (strchr(unreserved, *p) || (*p == '.' && !only_dots))
                        *at++ = *p;
                else
                        at += sprintf(at, "%%%02X", (unsigned) (unsigned char) *p);
        }
        (void) sprintf(at, "%s", suffix);
        return path;
}
