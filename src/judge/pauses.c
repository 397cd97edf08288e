/* The pauses that operators asked for, as a short list. */
#include <errno.h>
#include <inttypes.h>

#include "judge/pauses.h"
#include "util/text.h"

static void pause_done(struct pause *p) {
        free(p->worker);
        free(p->reason);
        *p = (struct pause) {};
}

void pauses_done(struct pauses *p) {
        for (size_t i = 0; i < p->n; i++)
                pause_done(&p->list[i]);
        free(p->list);
        *p = (struct pauses) {};
}

const struct pause *pauses_find(const struct pauses *p, const char *worker) {
        for (size_t i = 0; i < p->n; i++)
                if (streq_ptr(p->list[i].worker, worker))
                        return &p->list[i];
        return NULL;
}

bool pauses_end(struct pauses *p, const char *worker) {
        const struct pause *found = pauses_find(p, worker);
        struct pause *gone;

        if (!found)
                return false;
        gone = p->list + (found - p->list);
        pause_done(gone);
        *gone = p->list[--p->n];
        return true;
}

int pauses_begin(struct pauses *p, const struct pause *pause) {
        struct pause copy = *pause, *grown;

        grown = reallocarray(p->list, p->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        p->list = grown;
        copy.worker = copy.reason = NULL;
        if (free_and_strdup(&copy.worker, pause->worker) < 0 ||
            free_and_strdup(&copy.reason, strempty(pause->reason)) < 0) {
                pause_done(&copy);
                return -ENOMEM;
        }
        (void) pauses_end(p, pause->worker);
        p->list[p->n++] = copy;
        return 0;
}

int pauses_rename(struct pauses *p, const char *from, const char *to) {
        const struct pause *found = pauses_find(p, from), *other = pauses_find(p, to);
        struct pause renamed;
        int r;

        if (!found)
                return 0;
        if (!other || other->until_usec < found->until_usec) {
                renamed = *found;
                renamed.worker = (char *) to;
                r = pauses_begin(p, &renamed);
                if (r < 0)
                        return r;
        }
        (void) pauses_end(p, from);
        return 0;
}

const struct pause *pauses_of(const struct pauses *p, const char *worker, usec_t now_usec) {
        const struct pause *longest = NULL;

        for (size_t i = 0; i < p->n; i++) {
                const struct pause *each = &p->list[i];

                if ((!each->worker || streq(each->worker, worker)) && each->until_usec > now_usec &&
                    (!longest || each->until_usec > longest->until_usec))
                        longest = each;
        }
        return longest;
}

const struct pause *pauses_first_to_end(const struct pauses *p) {
        const struct pause *first = NULL;

        for (size_t i = 0; i < p->n; i++)
                if (!first || p->list[i].until_usec < first->until_usec)
                        first = &p->list[i];
        return first;
}

char *pause_text(const struct pause *p, char buf[static PAUSE_TEXT_SIZE]) {
        buf[0] = '\0';
        text_append(buf, PAUSE_TEXT_SIZE, "%sby uid %" PRIu32 "%s%s", p->worker ? "" : "all workers, ",
                    p->uid, isempty(p->reason) ? "" : ": ", strempty(p->reason));
        return buf;
}
