/* The user that the service runs as. Knows nothing of what is read. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/service_user.h"
#include "util/macro.h"

bool service_user_become(struct identity *ret_before) {
        const struct passwd *user = geteuid() == 0 ? getpwnam(CONFIG_SERVICE_USER) : NULL;
        struct identity before = { .uid = geteuid(), .gid = getegid() };

        if (!user)
                return false;
        before.n_groups = getgroups(0, NULL);
        if (before.n_groups < 0)
                return false;
        before.groups = calloc((size_t) before.n_groups + 1, sizeof(gid_t));
        if (!before.groups)
                return false;
        before.n_groups = getgroups(before.n_groups, before.groups);
        if (before.n_groups >= 0 && initgroups(user->pw_name, user->pw_gid) >= 0) {
                if (setegid(user->pw_gid) >= 0 && seteuid(user->pw_uid) >= 0) {
                        *ret_before = before;
                        return true;
                }
                service_user_return(&before);
                return false;
        }
        free(before.groups);
        return false;
}

void service_user_return(struct identity *before) {
        if (seteuid(before->uid) < 0 || setegid(before->gid) < 0 ||
            setgroups((size_t) before->n_groups, before->groups) < 0)
                abort();
        free(TAKE_PTR(before->groups));
}
