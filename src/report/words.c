/* Numbers and spans as one says them in a sentence. Pure: knows nothing of what they count. */

#include <stdio.h>

#include "report/words.h"

const char *ordinal_suffix(unsigned n) {
        if (n % 100 >= 11 && n % 100 <= 13)
                return "th";
        if (n % 10 == 1)
                return "st";
        if (n % 10 == 2)
                return "nd";
        if (n % 10 == 3)
                return "rd";
        return "th";
}

char *span_say(char *buf, size_t size, usec_t span) {
        unsigned seconds, tenths;

        if (span == USEC_INFINITY)
                return span_format(buf, size, span);
        if (span < USEC_PER_MSEC) {
                (void) snprintf(buf, size, "under 1ms");
                return buf;
        }
        if (span < USEC_PER_SEC)
                return span_format(buf, size, span - span % USEC_PER_MSEC);

        tenths = (unsigned) (span % USEC_PER_SEC / (100 * USEC_PER_MSEC));
        if (span >= 10 * USEC_PER_SEC || tenths == 0)
                return span_format(buf, size, span - span % USEC_PER_SEC);

        seconds = (unsigned) (span / USEC_PER_SEC);
        (void) snprintf(buf, size, "%u.%us", seconds, tenths);
        return buf;
}
