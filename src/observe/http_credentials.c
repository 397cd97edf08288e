/* What is read from a file for each request, so that a file that has changed counts at once: credentials and
 * headers. Knows no loop. */
#include <errno.h>
#include <strings.h>
#include <sys/stat.h>

#include "observe/http_site.h"
#include "observe/request_headers.h"
#include "util/secret.h"
#include "util/text.h"

static const char not_regular[] = "is no regular file";

static int set_secret(struct transfer *t,
                      const char *key,
                      const char *path,
                      CURLoption option,
                      char *detail,
                      size_t size) {
        const char *problem;
        char *secret = NULL;
        CURLcode code;
        int r;

        r = read_secret(path, &secret, &problem);
        if (r < 0)
                return describe_file_problem(key, path, r, problem, detail, size);
        code = curl_easy_setopt(t->easy, option, secret);
        secret_free(secret);
        return code == CURLE_OK ? 0 : describe_file_problem(key, path, -ENOMEM, NULL, detail, size);
}

int site_check_files(const struct site *s, char *detail, size_t size) {
        const char *const files[][2] = {
                { "ca_file", s->target.ca_file },
                { "cert_file", s->target.cert_file },
                { "key_file", s->target.key_file },
        };
        struct stat st;

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (files[i][1] && stat(files[i][1], &st) >= 0 && !S_ISREG(st.st_mode))
                        return describe_file_problem(files[i][0], files[i][1], -EINVAL, not_regular, detail,
                                                     size);
        return 0;
}

int transfer_set_credentials(struct transfer *t, char *detail, size_t size) {
        const struct http_target *target = &t->site->target;
        int r;

        if (target->bearer_token_file) {
                r = set_secret(t, "bearer_token_file", target->bearer_token_file, CURLOPT_XOAUTH2_BEARER,
                               detail, size);
                if (r < 0)
                        return r;
                (void) curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        } else if (target->username) {
                if (target->password_file) {
                        r = set_secret(t, "password_file", target->password_file, CURLOPT_PASSWORD, detail,
                                       size);
                        if (r < 0)
                                return r;
                } else if (target->password &&
                           curl_easy_setopt(t->easy, CURLOPT_PASSWORD, target->password) != CURLE_OK)
                        return -ENOMEM;
                if (curl_easy_setopt(t->easy, CURLOPT_USERNAME, target->username) != CURLE_OK)
                        return -ENOMEM;
                (void) curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        }
        return 0;
}

/* ---- headers ---- */

static void free_headers(struct curl_slist *l) {
        for (const struct curl_slist *i = l; i; i = i->next)
                explicit_bzero(i->data, strlen(i->data));
        curl_slist_free_all(l);
}

void transfer_clear_headers(struct transfer *t) {
        free_headers(TAKE_PTR(t->headers));
}

static int add_header(struct curl_slist **l, const char *header) {
        struct curl_slist *longer = curl_slist_append(*l, header);

        if (!longer)
                return -ENOMEM;
        *l = longer;
        return 0;
}

static bool has_header(const struct curl_slist *l, const char *name) {
        size_t len = strlen(name);

        for (; l; l = l->next)
                if (strncasecmp(l->data, name, len) == 0 && l->data[len] == ':')
                        return true;
        return false;
}

static int read_headers(const char *path, struct curl_slist **l, char *detail, size_t size) {
        static const char key[] = "headers_file";
        struct header_reader reader = { 0 };
        const char *header, *problem;
        char clause[128] = "", *text = NULL;
        size_t len = 0;
        int r;

        r = read_secret_text(path, &text, &len, &problem);
        if (r < 0)
                return describe_file_problem(key, path, r, problem, detail, size);
        reader = (struct header_reader) { .rest = text, .end = text + len };
        while ((r = header_read(&reader, &header, &problem)) > 0) {
                r = add_header(l, header);
                if (r < 0)
                        break;
        }
        explicit_bzero(text, len);
        free(text);
        if (r == -EBADMSG)
                text_append(clause, sizeof(clause), "line %u: %s", reader.line, problem);
        else if (r == 0 && !*l) {
                text_append(clause, sizeof(clause), "holds no header");
                r = -EBADMSG;
        }
        return r < 0 ? describe_file_problem(key, path, r, clause[0] ? clause : NULL, detail, size) : 0;
}

int transfer_set_headers(struct transfer *t, enum http_method method, char *detail, size_t size) {
        const char *path = t->site->target.headers_file;
        struct curl_slist *l = NULL;
        int r = 0;

        if (path)
                r = read_headers(path, &l, detail, size);
        /* curl would call it a form's, which Connect refuses with 415 even where there is no body. */
        if (r >= 0 && method == HTTP_POST && !has_header(l, "Content-Type"))
                r = add_header(&l, "Content-Type: application/json");
        if (r >= 0 && (l || t->headers) && curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, l) != CURLE_OK)
                r = -ENOMEM;
        if (r < 0) {
                free_headers(l);
                return r;
        }
        transfer_clear_headers(t);
        t->headers = l;
        return 0;
}
