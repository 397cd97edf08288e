#include "util/command_line.h"

#include <errno.h>

#include "util/text.h"

#define BLANKS " \t"

/* What "\c" stands for, or '\0'. */
static char escaped(char c) {
        switch (c) {
        case '\\':
        case '"':
        case '\'':
                return c;
        case 's':
                return ' ';
        case 'n':
                return '\n';
        case 't':
                return '\t';
        default:
                return '\0';
        }
}

/* One word into out, which has room for it. Returns where the next one may begin, or NULL. */
static const char *take_word(const char *p, char *out, const char **ret_problem) {
        char quote = '\0';

        for (; *p != '\0' && (quote != '\0' || !strchr(BLANKS, *p)); p++) {
                if (*p == quote)
                        quote = '\0';
                else if (quote == '\0' && (*p == '"' || *p == '\''))
                        quote = *p;
                else if (*p != '\\')
                        *out++ = *p;
                else if (escaped(p[1]) != '\0')
                        *out++ = escaped(*++p);
                else {
                        *ret_problem = "has a backslash that stands for nothing; write two of them for one";
                        return NULL;
                }
        }
        *out = '\0';
        if (quote == '\0')
                return p;
        *ret_problem = "has a quote without its end; close it, or write a backslash before it";
        return NULL;
}

int command_line_split(const char *line, char ***ret, const char **ret_problem) {
        _cleanup_free_ char *word = malloc(strlen(line) + 1);
        _cleanup_strv_ char **words = NULL;

        if (!word)
                return -ENOMEM;
        for (const char *p = line + strspn(line, BLANKS); *p != '\0'; p += strspn(p, BLANKS)) {
                p = take_word(p, word, ret_problem);
                if (!p)
                        return -EINVAL;
                if (strv_extend(&words, word) < 0)
                        return -ENOMEM;
        }
        if (!words || words[0][0] != '/') {
                *ret_problem =
                        "does not begin with an absolute path; write /PATH/OF/THE/PROGRAM, and what it "
                        "is given";
                return -EINVAL;
        }
        *ret = TAKE_PTR(words);
        return 0;
}
