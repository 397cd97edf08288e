/* Points of time as one says them in a sentence. */
#include <time.h>

#include "util/moment.h"

static bool local(usec_t at_usec, int64_t clock_offset_usec, struct tm *ret) {
        time_t t = (time_t) (usec_shift(at_usec, clock_offset_usec) / USEC_PER_SEC);

        return localtime_r(&t, ret);
}

char *moment_format(char *buf, size_t size, usec_t at_usec, usec_t now_usec, int64_t clock_offset_usec) {
        struct tm at, now;

        buf[0] = '\0';
        if (!local(at_usec, clock_offset_usec, &at) || !local(now_usec, clock_offset_usec, &now))
                return buf;
        if (at.tm_yday == now.tm_yday && at.tm_year == now.tm_year)
                (void) strftime(buf, size, "%H:%M:%S", &at);
        else
                (void) strftime(buf, size, "%Y-%m-%d %H:%M:%S", &at);
        return buf;
}
