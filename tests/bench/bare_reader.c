/* What a look at all connectors costs at the least when it is written down as one would: GET the statuses
 * with a kept libcurl handle, give each piece of the answer to json-c as it comes, and count what failed in
 * the tree. What the agent's look is measured against; knows nothing of it. */
#include <stdio.h>
#include <time.h>

#include <curl/curl.h>
#include <json-c/json.h>

#include "util/macro.h"

struct answer {
        json_tokener *tokener;
        json_object *tree;
};

static size_t on_body(char *data, _unused_ size_t one, size_t len, void *userdata) {
        struct answer *a = userdata;

        a->tree = json_tokener_parse_ex(a->tokener, data, (int) len);
        return a->tree || json_tokener_get_error(a->tokener) == json_tokener_continue ? len : 0;
}

static bool has_failed(json_object *part) {
        json_object *state = NULL;

        return json_object_object_get_ex(part, "state", &state) &&
               streq(json_object_get_string(state), "FAILED");
}

static size_t failed_of(json_object *member) {
        json_object *status = NULL, *connector = NULL, *tasks = NULL;
        size_t n = 0;

        if (!json_object_object_get_ex(member, "status", &status) ||
            !json_object_object_get_ex(status, "connector", &connector) ||
            !json_object_object_get_ex(status, "tasks", &tasks))
                return 0;
        n += has_failed(connector);
        for (size_t i = 0; i < json_object_array_length(tasks); i++)
                n += has_failed(json_object_array_get_idx(tasks, i));
        return n;
}

static bool look(CURL *e, struct answer *a, size_t *ret_connectors, size_t *ret_failed) {
        size_t n = 0, failed = 0;
        bool ok;

        a->tree = NULL;
        a->tokener = json_tokener_new();
        ok = a->tokener && curl_easy_perform(e) == CURLE_OK && a->tree;
        if (ok) {
                json_object_object_foreach(a->tree, name, member) {
                        n += name[0] != '\0';
                        failed += failed_of(member);
                }
        }
        json_object_put(a->tree);
        json_tokener_free(a->tokener);
        *ret_connectors = n;
        *ret_failed = failed;
        return ok;
}

static bool set_up(CURL *e, const char *url, struct answer *a) {
        return curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 60000L) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_USERAGENT, "bare-reader") == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_WRITEDATA, a) == CURLE_OK;
}

/* bare-reader URL MILLISECONDS CONNECTORS: says so when that many are not found, or any has failed, so that
 * nothing else is measured unnoticed. */
int main(int argc, char *argv[]) {
        struct timespec next;
        struct answer answer;
        long interval_msec;
        CURL *easy;

        if (argc != 4 || (interval_msec = strtol(argv[2], NULL, 10)) <= 0)
                return EXIT_FAILURE;
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(easy = curl_easy_init()) ||
            !set_up(easy, argv[1], &answer))
                return EXIT_FAILURE;

        (void) clock_gettime(CLOCK_MONOTONIC, &next);
        for (;;) {
                size_t n, failed;

                if (!look(easy, &answer, &n, &failed) || n != strtoul(argv[3], NULL, 10) || failed > 0)
                        fprintf(stderr, "bare-reader: %zu connectors, %zu failed\n", n, failed);
                next.tv_nsec += interval_msec % 1000 * 1000000L;
                next.tv_sec += interval_msec / 1000 + next.tv_nsec / 1000000000L;
                next.tv_nsec %= 1000000000L;
                (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        }
}
