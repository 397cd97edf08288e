/* INI text through inih, whose lines are vetted first: it would cut a long line in two, cut a section's
 * name short, take an indented line for a continuation, and guess at ":" and ";". Knows no section and no
 * key. */

#include "config/ini_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util/text.h"

#define SECTION_LEN_MAX 80
#define BLANKS " \t"

struct reader {
        const char *next, *end;
        unsigned line;
        const struct ini_events *events;
        void *userdata;
};

static void tell(struct reader *r, const char *text) {
        r->events->problem(r->userdata, r->line, text);
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* Returns whether every byte may stand in a line. */
static bool bytes_are_fine(struct reader *r, const char *s, size_t len) {
        char text[INI_PROBLEM_SIZE];

        if (memchr(s, '\0', len)) {
                tell(r, "the line holds a NUL byte; write the file as plain text in UTF-8");
                return false;
        }
        if (!text_is_utf8(s, len)) {
                tell(r, "the line holds bytes that are not UTF-8; write the file in UTF-8");
                return false;
        }
        for (size_t i = 0; i < len; i++)
                if (((unsigned char) s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7F) {
                        (void) snprintf(text, sizeof(text),
                                        "the line holds a control character (0x%02X); remove it",
                                        (unsigned) (unsigned char) s[i]);
                        tell(r, text);
                        return false;
                }
        return true;
}

/* A section's line is taken here as a whole: inih would cut its name at 49 bytes. */
static void take_section(struct reader *r, const char *s, size_t len) {
        const char *end = memchr(s, ']', len);
        char name[SECTION_LEN_MAX + 1];
        size_t name_len;

        if (!end)
                tell(r, "the section has no \"]\"; write [NAME]");
        else if (end != s + len - 1)
                tell(r, "something stands behind the section's \"]\"; write it into a line of its own");
        else {
                for (s++; s < end && is_blank(*s); s++)
                        ;
                while (end > s && is_blank(end[-1]))
                        end--;
                name_len = (size_t) (end - s);
                if (name_len <= SECTION_LEN_MAX) {
                        memcpy(name, s, name_len);
                        name[name_len] = '\0';
                        r->events->section(r->userdata, r->line, name);
                        return;
                }
                tell(r, "the section's name is too long; a name has at most 64 letters");
        }
        r->events->section(r->userdata, r->line, NULL);
}

/* Whether a colon was meant as "=": behind one word, and not that of a URL. */
static bool separates_key(const char *s, const char *colon, size_t len) {
        const char *end = colon;

        if ((size_t) (colon - s) + 1 < len && colon[1] == '/')
                return false;
        while (end > s && is_blank(end[-1]))
                end--;
        for (const char *p = s; p < end; p++)
                if (is_blank(*p))
                        return false;
        return end > s;
}

/* Returns whether inih will read this "key = value" as it stands there. */
static bool key_is_fine(struct reader *r, const char *s, size_t len, size_t room) {
        const char *equals = memchr(s, '=', len), *colon = memchr(s, ':', len);
        char text[INI_PROBLEM_SIZE];

        /* inih would take either of them, whichever comes first. */
        if (colon && (!equals || colon < equals)) {
                if (separates_key(s, colon, len)) {
                        tell(r, "\":\" does not separate a key from its value here; write KEY = VALUE");
                        return false;
                }
                equals = NULL;
        }
        if (!equals) {
                tell(r, "the line is neither KEY = VALUE nor [SECTION]; a value cannot go on in a second "
                        "line, but a list's key can be given again");
                return false;
        }
        if (equals == s) {
                tell(r, "no key stands before the \"=\"; write KEY = VALUE");
                return false;
        }
        if (len > room) {
                (void) snprintf(text, sizeof(text),
                                "the line is %zu bytes long, and at most %zu are read; shorten it (a list's "
                                "key can be given again, for the rest)",
                                len, room);
                tell(r, text);
                return false;
        }
        if (s[len - 1] == '\\') {
                tell(r,
                     "a line cannot go on in the next; write it as one (a list's key can be given again)");
                return false;
        }
        for (size_t i = 1; i < len; i++)
                if (is_blank(s[i - 1]) && (s[i] == ';' || s[i] == '#')) {
                        tell(r, "a comment stands behind the value; write it into a line of its own");
                        return false;
                }
        return true;
}

/* What of a line inih is to see: a key with its value, or nothing. */
static size_t vet(struct reader *r, const char **line, size_t len, size_t room) {
        const char *s = *line;

        if (r->line == 1 && len >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0) {
                s += 3;
                len -= 3;
        }
        if (len > 0 && s[len - 1] == '\r')
                len--;
        if (!bytes_are_fine(r, s, len))
                return 0;
        while (len > 0 && is_blank(s[len - 1]))
                len--;
        for (; len > 0 && is_blank(*s); len--)
                s++;
        *line = s;
        if (len == 0 || *s == '#' || *s == ';')
                return 0;
        if (*s == '[') {
                take_section(r, s, len);
                return 0;
        }
        return key_is_fine(r, s, len, room) ? len : 0;
}

/* inih's fgets(): one line a call, which always fits and always ends in a newline. */
static char *read_line(char *buf, int size, void *stream) {
        struct reader *r = stream;
        const char *line = r->next, *newline;
        size_t len;

        if (r->next >= r->end || size < 8)
                return NULL;
        newline = memchr(line, '\n', (size_t) (r->end - line));
        len = (size_t) ((newline ? newline : r->end) - line);
        r->next = newline ? newline + 1 : r->end;
        r->line++;
        len = vet(r, &line, len, (size_t) size - 2);
        memcpy(buf, line, len);
        buf[len] = '\n';
        buf[len + 1] = '\0';
        return buf;
}

static int on_key(void *userdata, const char *section, const char *name, const char *value) {
        struct reader *r = userdata;

        (void) section;
        r->events->key(r->userdata, r->line, name, value);
        return 1;
}

int ini_text_read(const char *text, size_t len, const struct ini_events *events, void *userdata) {
        struct reader r = { .next = text, .end = text + len, .events = events, .userdata = userdata };
        int k;

        k = ini_parse_stream(read_line, &r, on_key, &r);
        if (k == -2)
                return -ENOMEM;
        if (k != 0 || r.next < r.end)
                /* Vetted lines leave inih nothing to refuse; were it otherwise, it must not go untold. */
                events->problem(userdata, k > 0 ? (unsigned) k : 0,
                                "cannot be understood; write KEY = VALUE");
        return 0;
}

static int read_whole(int fd, char **ret, size_t *ret_len) {
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        ssize_t n;

        text = malloc(INI_FILE_SIZE_MAX + 1);
        if (!text)
                return -ENOMEM;
        do {
                n = read(fd, text + len, INI_FILE_SIZE_MAX + 1 - len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                len += (size_t) n;
                if (len > INI_FILE_SIZE_MAX)
                        return -EFBIG;
        } while (n != 0);
        *ret = TAKE_PTR(text);
        *ret_len = len;
        return 0;
}

/* A regular file, or /dev/null, which a drop-in is masked with. */
static int check_type(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode) && !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
                return -EMEDIUMTYPE;
        return 0;
}

int ini_file_slurp(const char *path, char **ret, size_t *ret_len, char problem[static INI_PROBLEM_SIZE]) {
        _cleanup_close_ int fd = -1;
        int r;

        problem[0] = '\0';
        /* Not to wait for the other end of a FIFO. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? -errno : check_type(fd);
        if (r >= 0)
                r = read_whole(fd, ret, ret_len);
        if (r == -EISDIR)
                (void) snprintf(problem, INI_PROBLEM_SIZE,
                                "is a directory; put a file there, or give it another name");
        else if (r == -EMEDIUMTYPE)
                (void) snprintf(problem, INI_PROBLEM_SIZE, "is no regular file; put one there");
        else if (r == -EFBIG)
                (void) snprintf(problem, INI_PROBLEM_SIZE,
                                "is larger than %zu bytes; is this the right file?", INI_FILE_SIZE_MAX);
        else if (r == -EACCES || r == -EPERM)
                (void) snprintf(problem, INI_PROBLEM_SIZE,
                                "cannot be read: %s; let the user connect-watchdog read it (secrets go into "
                                "other files)",
                                strerror(-r));
        else if (r < 0)
                (void) snprintf(problem, INI_PROBLEM_SIZE, "cannot be read: %s; put a readable file there",
                                strerror(-r));
        return r;
}
