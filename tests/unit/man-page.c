/* Reads the sections of the manual's pages, as far as tests ask for them. */
#include "man-page.h"

#include "util/text.h"

FILE *open_source(const char *path) {
        char full[4096];
        FILE *f;

        assert_non_null(getenv("TEST_SOURCE_DIR"));
        (void) snprintf(full, sizeof(full), "%s/../../%s", getenv("TEST_SOURCE_DIR"), path);
        f = fopen(full, "re");
        if (!f)
                fail_msg("cannot open %s", full);
        return f;
}

/* "\-" is a hyphen that can be copied. */
static void unescape(char *s) {
        char *to = s;

        for (; *s; s++)
                if (s[0] != '\\' || s[1] != '-')
                        *to++ = *s;
        *to = '\0';
}

bool read_line(FILE *f, char *line, size_t size) {
        if (!fgets(line, (int) size, f))
                return false;
        line[strcspn(line, "\n")] = '\0';
        unescape(line);
        return true;
}

static void begin_item(struct section *s, const char *line) {
        struct item *i;

        assert_in_range(s->n, 0, ITEMS_MAX - 1);
        i = &s->items[s->n++];
        if (sscanf(line, ".It %7s %63s %127[^\n]", i->macro, i->name, i->rest) < 1)
                fail_msg("what is this: %s", line);
}

struct section *read_section(const char *page, const char *title) {
        struct section *s = calloc(1, sizeof(*s));
        FILE *f = open_source(page);
        bool inside = false, text = false;
        char line[1024];

        assert_non_null(s);
        while (read_line(f, line, sizeof(line))) {
                if (starts_with(line, ".Sh "))
                        inside = streq(line + 4, title);
                else if (inside && starts_with(line, ".It ")) {
                        begin_item(s, line);
                        text = true;
                } else if (inside && line[0] == '.')
                        text = false;
                else if (inside && text && s->n > 0)
                        text_append(s->items[s->n - 1].text, sizeof(s->items[0].text), "%s%s",
                                    s->items[s->n - 1].text[0] ? " " : "", line);
        }
        assert_int_equal(fclose(f), 0);
        if (s->n == 0)
                fail_msg("%s has no section \"%s\", or nothing is in it", page, title);
        return s;
}

const struct item *expect(const struct section *s, size_t *i, const char *name) {
        const struct item *item = &s->items[*i];

        if (*i >= s->n)
                fail_msg("%s is not in the manual", name);
        if (!streq(item->name, name) || !streq(item->macro, "Cm"))
                fail_msg("the manual has %s %s, where the code has %s", item->macro, item->name, name);
        (*i)++;
        return item;
}

void expect_end(const struct section *s, size_t i) {
        if (i < s->n)
                fail_msg("the manual has %s, which the code has not", s->items[i].name);
}

void expect_text(const struct item *item, const char *expected) {
        if (!starts_with(item->text, expected))
                fail_msg("the manual says of %s: \"%s\"; the code: \"%s\"", item->name, item->text,
                         expected);
}
