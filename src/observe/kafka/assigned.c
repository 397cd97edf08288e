/* Which partitions the members of a group were assigned: of what it has not committed anything yet it is
 * known by them alone. They are kept, for a member that is stuck for longer than its max.poll.interval.ms
 * leaves the group, and one that rebalances has none. */

#include <errno.h>

#include "observe/kafka/client.h"
#include "observe/kafka_assignment.h"

/* What is known is asked for again after so long: every broker is asked for all its groups. */
#define AGE_USEC (5 * USEC_PER_MINUTE)
/* Of a group that nobody wanted to know of in so long. */
#define FORGOTTEN_USEC USEC_PER_DAY
/* Which part of the time that there is one group may take. */
#define PART 3

struct kafka_assigned {
        struct kafka_assigned *next;
        usec_t asked_at_usec, wanted_at_usec;
        struct kafka_lag_group group;
};

static struct kafka_assigned *free_one(struct kafka_assigned *a) {
        struct kafka_assigned *next = a->next;

        kafka_lag_group_done(&a->group);
        free(a);
        return next;
}

struct kafka_assigned *kafka_assigned_free(struct kafka_assigned *list) {
        while (list)
                list = free_one(list);
        return NULL;
}

static struct kafka_assigned *keep(struct kafka_client *c, const char *group) {
        struct kafka_assigned *found = calloc(1, sizeof(*found));

        if (!found)
                return NULL;
        found->group.name = strdup(group);
        if (!found->group.name) {
                free(found);
                return NULL;
        }
        found->next = c->assigned;
        c->assigned = found;
        return found;
}

/* NULL: no memory. Forgets others on the way. */
static struct kafka_assigned *find(struct kafka_client *c, const char *group) {
        struct kafka_assigned *found = NULL;
        usec_t now = kafka_now();

        for (struct kafka_assigned **a = &c->assigned; *a;) {
                if (streq((*a)->group.name, group))
                        found = *a;
                else if (usec_sub(now, (*a)->wanted_at_usec) > FORGOTTEN_USEC) {
                        *a = free_one(*a);
                        continue;
                }
                a = &(*a)->next;
        }
        if (!found)
                found = keep(c, group);
        if (found)
                found->wanted_at_usec = now;
        return found;
}

int kafka_assigned_add(struct kafka_client *c, struct kafka_lag_group *g) {
        const struct kafka_assigned *a = find(c, g->name);
        int r = a ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < a->group.n_partitions; i++)
                r = kafka_lag_group_add(g, a->group.partitions[i].topic, a->group.partitions[i].id, -1);
        return r;
}

/* An assignment that cannot be read is none: whose it is commits all the same. */
static int take(struct kafka_assigned *a, const struct rd_kafka_group_info *info) {
        bool settled = info->member_cnt > 0 && streq(strempty(info->state), "Stable");
        struct kafka_lag_group told = { 0 };
        int r = 0;

        for (int i = 0; r != -ENOMEM && i < info->member_cnt; i++)
                if (info->members[i].member_assignment_size > 0)
                        r = kafka_assignment_read(&told, info->members[i].member_assignment,
                                                  (size_t) info->members[i].member_assignment_size);
        if (r != -ENOMEM && (told.n_partitions > 0 || settled)) {
                told.name = TAKE_PTR(a->group.name);
                kafka_lag_group_done(&a->group);
                a->group = told;
                told = (struct kafka_lag_group) { 0 };
        }
        kafka_lag_group_done(&told);
        return r == -ENOMEM ? r : 0;
}

static int ask(struct kafka_client *c, struct kafka_assigned *a, usec_t deadline) {
        const struct rd_kafka_group_list *list = NULL;
        int r = 0, msec = MIN(kafka_left_msec(deadline), (int) (c->timeout_usec / PART / USEC_PER_MSEC));

        a->asked_at_usec = kafka_now();
        (void) rd_kafka_list_groups(c->rk, a->group.name, &list, msec);
        if (!list)
                return 0;
        for (int i = 0; r >= 0 && i < list->group_cnt; i++)
                if (!list->groups[i].err && streq(strempty(list->groups[i].group), a->group.name) &&
                    streq(strempty(list->groups[i].protocol_type), "consumer"))
                        r = take(a, &list->groups[i]);
        rd_kafka_group_list_destroy(list);
        return r;
}

int kafka_assigned_refresh(struct kafka_client *c, const struct kafka_lag_group *g, usec_t deadline) {
        struct kafka_assigned *a = find(c, g->name);

        if (!a)
                return -ENOMEM;
        if (g->error != KAFKA_OK || kafka_left_msec(deadline) == 0 ||
            (g->n_partitions > 0 && a->asked_at_usec > 0 &&
             usec_sub(kafka_now(), a->asked_at_usec) < AGE_USEC))
                return 0;
        return ask(c, a, deadline);
}
