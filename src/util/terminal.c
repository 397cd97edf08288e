/* Terminals: colours and size. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/terminal.h"

/* A wider line is nobody's. */
#define COLUMNS_MAX 10000

bool terminal_can_draw(int fd) {
        const char *term = getenv("TERM");

        return isatty(fd) > 0 && !isempty(term) && !streq(term, "dumb");
}

bool terminal_has_colors(int fd) {
        /* set and not empty */
        return terminal_can_draw(fd) && isempty(getenv("NO_COLOR"));
}

static struct winsize size_of(int fd) {
        struct winsize size = {};

        if (isatty(fd) <= 0 || ioctl(fd, TIOCGWINSZ, &size) < 0)
                return (struct winsize) {};
        return size;
}

unsigned terminal_columns(int fd) {
        const char *text = getenv("COLUMNS");
        unsigned long columns = isempty(text) ? 0 : strtoul(text, NULL, 10);

        if (columns > 0 && columns <= COLUMNS_MAX)
                return (unsigned) columns;
        return size_of(fd).ws_col;
}

unsigned terminal_rows(int fd) {
        return size_of(fd).ws_row;
}
