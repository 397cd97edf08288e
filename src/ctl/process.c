/* /proc: the files of a process, and who holds a socket. Judges nothing. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include <systemd/sd-login.h>

#include "ctl/listener.h"
#include "ctl/process.h"
#include "util/text.h"

#define PROC_TEXT_MAX ((size_t) 1024 * 1024)

void process_read(uint32_t pid, const char *name, struct proc_text *ret) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *data = NULL;
        size_t len = 0, size = 0;
        char path[64];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        do {
                if (len + 1 >= size) {
                        char *grown = realloc(data, size + 4096);

                        if (!grown)
                                return;
                        data = grown;
                        size += 4096;
                }
                n = read(fd, data + len, size - len - 1);
                if (n < 0)
                        return;
                len += (size_t) n;
        } while (n > 0 && len < PROC_TEXT_MAX);
        data[len] = '\0';
        ret->data = TAKE_PTR(data);
        ret->len = len;
}

/* ---- who listens ---- */

static void look_for_listener(const char *table,
                              const struct ip_address *to,
                              uint16_t port,
                              unsigned *best,
                              uint64_t *ret_inode) {
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        FILE *f;

        f = fopen(table, "re");
        if (!f)
                return;
        while (getline(&line, &size, f) >= 0) {
                struct listener l;
                unsigned rank;

                if (!listener_parse(line, &l) || l.port != port)
                        continue;
                rank = listener_rank(&l, to);
                if (rank <= *best)
                        continue;
                *best = rank;
                *ret_inode = l.inode;
        }
        (void) fclose(f);
}

/* The inode of the socket, or 0. */
static uint64_t find_listener(const char *addresses, uint16_t port) {
        struct ip_address to;
        uint64_t inode = 0;

        while (inode == 0 && ip_address_next(&addresses, &to)) {
                unsigned best = 0;

                look_for_listener("/proc/net/tcp", &to, port, &best, &inode);
                look_for_listener("/proc/net/tcp6", &to, port, &best, &inode);
        }
        return inode;
}

/* Whether both lead to the same: /var/run is often /run. */
static bool same_file(const char *a, const char *b) {
        struct stat of_a, of_b;

        return streq(a, b) || (stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
                               of_a.st_ino == of_b.st_ino);
}

/* The same of a socket. */
static uint64_t find_socket(const char *path) {
        _cleanup_free_ char *line = NULL;
        uint64_t inode = 0, found = 0;
        size_t size = 0;
        FILE *f;

        f = fopen("/proc/net/unix", "re");
        if (!f)
                return 0;
        while (found == 0 && getline(&line, &size, f) >= 0) {
                const char *bound;

                line[strcspn(line, "\n")] = '\0';
                if (unix_listener_parse(line, &inode, &bound) && same_file(bound, path))
                        found = inode;
        }
        (void) fclose(f);
        return found;
}

/* ---- who holds it ---- */

static bool holds(const char *pid, const char *link) {
        char path[64], target[64];
        bool found = false;
        struct dirent *e;
        DIR *d;

        (void) snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
        d = opendir(path);
        if (!d)
                return false;
        while (!found && (e = readdir(d))) {
                ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);

                if (n <= 0)
                        continue;
                target[n] = '\0';
                found = streq(target, link);
        }
        (void) closedir(d);
        return found;
}

static void describe_holder(uint32_t pid, struct port_facts *ret) {
        struct proc_text comm = {};
        char *unit = NULL;

        ret->state = PORT_HELD;
        ret->pid = pid;
        ret->unit[0] = ret->program[0] = '\0';
        if (sd_pid_get_unit((pid_t) pid, &unit) >= 0)
                (void) snprintf(ret->unit, sizeof(ret->unit), "%s", unit);
        free(unit);
        process_read(pid, "comm", &comm);
        if (comm.data)
                text_copy_line(ret->program, sizeof(ret->program), comm.data, strcspn(comm.data, "\n"));
        free(comm.data);
}

static void look_for_holder(uint64_t inode, const char *unit, struct port_facts *ret) {
        struct dirent *e;
        char link[64];
        DIR *proc;

        ret->state = inode == 0 ? PORT_FREE : PORT_HIDDEN;
        if (inode == 0)
                return;
        proc = opendir("/proc");
        if (!proc)
                return;
        (void) snprintf(link, sizeof(link), "socket:[%" PRIu64 "]", inode);
        while (!(ret->state == PORT_HELD && streq(ret->unit, unit)) && (e = readdir(proc)))
                if (isdigit((unsigned char) e->d_name[0]) && holds(e->d_name, link))
                        describe_holder((uint32_t) strtoul(e->d_name, NULL, 10), ret);
        (void) closedir(proc);
}

void port_look(const char *addresses, uint16_t port, const char *unit, struct port_facts *ret) {
        *ret = (struct port_facts) {};
        (void) snprintf(ret->place, sizeof(ret->place), "port %u", port);
        look_for_holder(find_listener(addresses, port), unit, ret);
}

void socket_look(const char *path, const char *unit, struct port_facts *ret) {
        *ret = (struct port_facts) {};
        (void) snprintf(ret->place, sizeof(ret->place), "%s", path);
        look_for_holder(find_socket(path), unit, ret);
}
