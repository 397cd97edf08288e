/* What the judge's tests share: one worker with the design's defaults, its unit, and a clock that only the
 * test moves. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "judge/remedy.h"

struct scene {
        struct worker_settings w;
        struct health h;
        struct history history;
        struct remedy remedy;
        struct surroundings around; /* its unit and stop_seen are filled in by scene_decide() */
        struct unit_view unit;
        bool stop_seen;
        struct decision decision; /* the last one */
        struct tolds told;        /* of the last step */
        usec_t now;
};

/* The design's defaults, with action = restart. */
void scene_settings(struct worker_settings *w);
/* An enabled unit that is active since `since`. */
struct unit_view scene_unit_up(const char *invocation, usec_t since);
/* The agent has just seen an active unit; nothing was polled yet. */
void scene_init(struct scene *s);
/* The agent ends and starts: what is not in the history is lost. */
void scene_agent_restarts(struct scene *s);
void scene_pass(struct scene *s, usec_t span);

/* Tells the judge of s->unit. */
bool scene_unit(struct scene *s);
/* The unit starts anew now, by whomever. */
bool scene_unit_starts(struct scene *s, const char *invocation);
/* The unit ends now. */
void scene_unit_ends(struct scene *s, const char *active_state, const char *result, int code, int status);

/* What the worker requires is like this from now on. */
void scene_requires(struct scene *s, enum dependency_state state);

/* One poll, sent and answered now. */
void scene_observe(struct scene *s, const struct observation *o);
void scene_ok(struct scene *s);
void scene_degraded(struct scene *s);
void scene_starting(struct scene *s);
void scene_silent(struct scene *s);
void scene_answered(struct scene *s, const char *stage, const char *connector, usec_t began_at);
void scene_unknown(struct scene *s);
/* Polls of that kind every `every`, the first one now, until `span` has passed: the clock then stands there,
 * and a poll was made there too when it falls due. */
void scene_repeat(struct scene *s, void (*poll)(struct scene *s), usec_t every, usec_t span);
void scene_500(struct scene *s);
void scene_tick(struct scene *s);

/* Decides and tells, as the agent does when a remedy is asked for. */
enum remedy_action scene_decide(struct scene *s);
/* A whole restart of ours: charged, the unit starts as `invocation`, settled. */
void scene_restart(struct scene *s, const char *invocation);

bool scene_holds(const struct scene *s, enum hold hold);
const struct hold_entry *scene_hold(const struct scene *s, enum hold hold);
unsigned scene_count(const struct scene *s, enum told_type type);
/* Fails when nothing of that type was told in the last step. */
const struct told *scene_told(const struct scene *s, enum told_type type);

#define assert_state(s, expected)                                                                           \
        assert_string_equal(worker_state_to_string((s)->h.state), worker_state_to_string(expected))
#define assert_usec_equal(a, b)                                                                             \
        do {                                                                                                \
                usec_t _got = (a), _wanted = (b);                                                           \
                if (_got != _wanted)                                                                        \
                        fail_msg("%s is %ju us, not %ju us", #a, (uintmax_t) _got, (uintmax_t) _wanted);    \
        } while (0)
