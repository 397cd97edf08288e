#include "report/http/process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>

static void read_memory(struct process_usage *u) {
        uint64_t page_bytes = (uint64_t) sysconf(_SC_PAGESIZE);
        FILE *f = fopen("/proc/self/statm", "re");
        char line[128], *end;

        if (!f)
                return;
        if (fgets(line, sizeof(line), f)) { /* in pages: size, resident, … */
                u->virtual_bytes = strtoull(line, &end, 10) * page_bytes;
                u->resident_bytes = strtoull(end, NULL, 10) * page_bytes;
        }
        (void) fclose(f);
}

static void count_fds(struct process_usage *u) {
        DIR *d = opendir("/proc/self/fd");
        uint64_t n = 0;

        if (!d)
                return;
        for (const struct dirent *e = readdir(d); e; e = readdir(d))
                n += e->d_name[0] != '.';
        (void) closedir(d);
        u->open_fds = n - (n > 0); /* but for the one that it was read with */
}

static usec_t usec_of(const struct timeval *t) {
        return (usec_t) t->tv_sec * USEC_PER_SEC + (usec_t) t->tv_usec;
}

void process_usage_read(struct process_usage *ret) {
        struct rusage usage;
        struct rlimit limit;

        *ret = (struct process_usage) {};
        if (getrusage(RUSAGE_SELF, &usage) == 0)
                ret->cpu_usec = usec_of(&usage.ru_utime) + usec_of(&usage.ru_stime);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
                ret->max_fds = limit.rlim_cur;
        read_memory(ret);
        count_fds(ret);
}
