/* The pure half of the evidence: which lines are a thread dump's, whether SIGQUIT is caught, and the
 * summary. Knows neither process nor journal. */
#include "act/evidence_text.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "act/evidence.h"
#include "util/text.h"

bool evidence_catches_sigquit(const char *proc_status) {
        static const char key[] = "\nSigCgt:";
        const char *at = strstr(proc_status, key);
        unsigned long long mask;
        char *end;

        if (!at)
                return false;
        errno = 0;
        mask = strtoull(at + strlen(key), &end, 16);
        if (errno != 0 || end == at + strlen(key) || (*end != '\n' && *end != '\0'))
                return false;
        return mask & (1ULL << (SIGQUIT - 1));
}

bool evidence_is_stopped(const char *proc_status) {
        return strstr(proc_status, "\nState:\tT") || strstr(proc_status, "\nState:\tt");
}

static bool contains(const char *line, size_t len, const char *what) {
        return memmem(line, len, what, strlen(what)) != NULL;
}

static bool is_herder(const char *line, size_t len) {
        const char *quote;

        if (len < 2 || line[0] != '"')
                return false;
        quote = memchr(line + 1, '"', len - 1);
        if (!quote)
                return false;
        len = (size_t) (quote - line);
        return contains(line, len, "DistributedHerder") || contains(line, len, "StandaloneHerder");
}

char *evidence_tick_thread(const char *dump, size_t max_lines) {
        const char *begin = NULL, *line = dump;
        size_t n = 0;

        while (*line != '\0' && n < max_lines) {
                const char *newline = strchrnul(line, '\n');
                size_t len = (size_t) (newline - line);

                if (!begin && is_herder(line, len))
                        begin = line;
                else if (begin && (len == 0 || line[0] == '"' || contains(line, len, "JNI global ref")))
                        break;
                if (begin)
                        n++;
                line = *newline == '\n' ? newline + 1 : newline;
        }
        if (!begin || n == 0)
                return NULL;
        while (line > begin && line[-1] == '\n')
                line--;
        return strndup(begin, (size_t) (line - begin));
}

/* The length of the word that follows key in text, and where it begins; 0: there is none. */
static size_t word_after(const char *text, const char *key, const char **ret) {
        const char *at = strstr(text, key);

        if (!at)
                return 0;
        *ret = at + strlen(key);
        return strcspn(*ret, " \n");
}

char *evidence_where(const char *tick_thread) {
        static const char *const jdk[] = { "java.", "jdk.", "sun." };
        const char *state = "", *frame = "", *link = "";
        size_t state_len = word_after(tick_thread, "java.lang.Thread.State: ", &state), frame_len = 0;
        char *where;

        for (const char *from = tick_thread; (frame_len = word_after(from, "\tat ", &frame)) > 0;
             from = frame) {
                bool own = true;

                for (size_t i = 0; i < ELEMENTSOF(jdk); i++)
                        own = own && strncmp(frame, jdk[i], strlen(jdk[i])) != 0;
                if (own)
                        break;
        }
        if (state_len == 0 && frame_len == 0)
                return NULL;
        if (frame_len > 0)
                link = state_len > 0 ? " at " : "at ";
        if (asprintf(&where, "%.*s%s%.*s", (int) state_len, state, link, (int) frame_len, frame) < 0)
                return NULL;
        return where;
}

/* Stack frames begin with a tab, which stays; other control characters could move a terminal's cursor. */
static void copy_line(char *to, const char *line, size_t len) {
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char) line[i];

                to[i] = (c < 0x20 && c != '\t') || c == 0x7F ? ' ' : line[i];
                /* U+0080 to U+009F in UTF-8. */
                if (i > 0 && (unsigned char) line[i - 1] == 0xC2 && c < 0xA0)
                        to[i - 1] = to[i] = ' ';
        }
}

int thread_dumps_add(struct thread_dumps *d, const char *line, size_t len) {
        bool begins = contains(line, len, "Full thread dump");
        char *grown;

        if (begins) {
                d->n_begun++;
                d->inside = true;
        }
        if (!d->inside)
                return 0;
        if (contains(line, len, "JNI global ref")) {
                d->n_ended++;
                d->inside = false;
        }
        len = MIN(len, THREAD_DUMP_LINE_MAX - 1);
        if (d->cut || d->len + len + 2 > THREAD_DUMP_MAX) {
                d->cut = true;
                return 0;
        }
        grown = realloc(d->text, d->len + len + 2);
        if (!grown)
                return -ENOMEM;
        d->text = grown;
        copy_line(d->text + d->len, line, len);
        d->len += len;
        d->text[d->len++] = '\n';
        d->text[d->len] = '\0';
        d->n_lines++;
        return 0;
}

void thread_dumps_done(struct thread_dumps *d) {
        free(d->text);
        *d = (struct thread_dumps) { 0 };
}

static void append_memory(char *buf, size_t size, uint64_t bytes) {
        static const char units[] = "BKMGTPE";
        size_t i = 0;

        if (bytes == UINT64_MAX)
                return;
        while (bytes >= 10240 || (bytes >= 1024 && i == 0)) {
                bytes /= 1024;
                i++;
        }
        text_append(buf, size, ", %" PRIu64 "%c", bytes, units[i]);
}

static void append_cpu(char *buf,
                       size_t size,
                       const struct unit_view *before,
                       usec_t before_usec,
                       const struct unit_view *after,
                       usec_t after_usec) {
        usec_t span, used;
        const char *how = "";

        if (before->cpu_usage_usec == USEC_INFINITY)
                return;
        if (after && after->cpu_usage_usec != USEC_INFINITY &&
            after->cpu_usage_usec >= before->cpu_usage_usec &&
            usec_sub(after_usec, before_usec) >= USEC_PER_SEC) {
                span = after_usec - before_usec;
                used = after->cpu_usage_usec - before->cpu_usage_usec;
        } else {
                span = before->active_enter_usec > 0 ? usec_sub(before_usec, before->active_enter_usec) : 0;
                used = before->cpu_usage_usec;
                how = " on average";
        }
        if (span >= USEC_PER_SEC)
                text_append(buf, size, ", %.0f %% CPU%s", (double) used * 100.0 / (double) span, how);
}

char *evidence_summary(const char *what,
                       const struct unit_view *before,
                       usec_t before_usec,
                       const struct unit_view *after,
                       usec_t after_usec,
                       unsigned dump_lines) {
        char buf[512] = "";

        if (!before->known)
                text_append(buf, sizeof(buf), "nothing is known of the unit");
        else if (before->main_pid == 0)
                text_append(buf, sizeof(buf), "no main process (%s, %s)", before->active_state,
                            isempty(before->result) ? "no result" : before->result);
        else {
                text_append(buf, sizeof(buf), "%s pid %" PRIu32, what, before->main_pid);
                append_memory(buf, sizeof(buf), before->memory_current_bytes);
                append_cpu(buf, sizeof(buf), before, before_usec, after, after_usec);
        }
        if (before->known && before->n_restarts > 0)
                text_append(buf, sizeof(buf), ", restarted by systemd %" PRIu32 " %s", before->n_restarts,
                            before->n_restarts == 1 ? "time" : "times");
        if (dump_lines > 0)
                text_append(buf, sizeof(buf), ", thread dump of %u lines", dump_lines);
        return strdup(buf);
}
