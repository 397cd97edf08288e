/* For a while, with the eyes of the user that the service runs as: what root can read, that user may not. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define CONFIG_SERVICE_USER "connect-watchdog"

struct identity {
        uid_t uid;
        gid_t gid;
        gid_t *groups;
        int n_groups;
};

/* Takes on that user, and tells who one was before. Returns false, and changes nothing, where one is not
 * root or there is no such user. To be called while there is one thread. */
bool service_user_become(struct identity *ret_before);
/* Back again; frees. Without that nothing must go on, so it ends the program where it cannot be done. */
void service_user_return(struct identity *before);
