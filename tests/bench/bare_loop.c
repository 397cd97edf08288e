/* What a poll costs at the least: the same GET by a kept libcurl handle at each tick, its status read out of
 * the body with json-c, and nothing else. What the agent is measured against; knows nothing of it. */
#include <stdio.h>
#include <time.h>

#include <curl/curl.h>
#include <json-c/json.h>

#include "util/macro.h"

struct body {
        char text[4096];
        size_t len;
};

static size_t on_body(char *data, _unused_ size_t one, size_t len, void *userdata) {
        struct body *b = userdata;

        if (len > sizeof(b->text) - b->len)
                return 0;
        memcpy(b->text + b->len, data, len);
        b->len += len;
        return len;
}

static bool is_healthy(const struct body *b) {
        struct json_tokener *tokener = json_tokener_new();
        struct json_object *o = NULL, *status = NULL;
        bool healthy = false;

        if (tokener)
                o = json_tokener_parse_ex(tokener, b->text, (int) b->len);
        if (json_object_object_get_ex(o, "status", &status))
                healthy = streq(json_object_get_string(status), "healthy");
        json_object_put(o);
        json_tokener_free(tokener);
        return healthy;
}

static bool set_up(CURL *e, const char *url, struct body *b) {
        return curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 15000L) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_USERAGENT, "bare-loop") == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_WRITEDATA, b) == CURLE_OK;
}

static bool poll_once(CURL *e, struct body *b) {
        long status = 0;

        b->len = 0;
        return curl_easy_perform(e) == CURLE_OK &&
               curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200 &&
               is_healthy(b);
}

/* bare-loop URL MILLISECONDS: says so when an answer is not "healthy", so that nothing else is measured
 * unnoticed. */
int main(int argc, char *argv[]) {
        struct timespec next;
        struct body body;
        long interval_msec;
        CURL *easy;

        if (argc != 3 || (interval_msec = strtol(argv[2], NULL, 10)) <= 0)
                return EXIT_FAILURE;
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(easy = curl_easy_init()) ||
            !set_up(easy, argv[1], &body))
                return EXIT_FAILURE;

        (void) clock_gettime(CLOCK_MONOTONIC, &next);
        for (;;) {
                if (!poll_once(easy, &body))
                        fputs("bare-loop: not healthy\n", stderr);
                next.tv_nsec += interval_msec * 1000000L;
                next.tv_sec += next.tv_nsec / 1000000000L;
                next.tv_nsec %= 1000000000L;
                (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        }
}
