/* What may stand to the right of a "=": booleans, numbers, sizes, levels, URLs, names. Spans are in
 * util/span.h. Pure. All return 0, -EINVAL for what is none, -ERANGE for what does not fit, -ENOMEM. */
#pragma once

#include "util/macro.h"

#define SECTION_NAME_LEN_MAX 64
#define SIZE_TEXT_SIZE 32

/* yes/no, true/false, on/off, y/n, t/f, 1/0; capitals do not matter (as systemd's). */
int value_bool(const char *text, bool *ret);

/* Decimal digits only. */
int value_unsigned(const char *text, uint64_t *ret);

/* Bytes: "4096", "16M"; K, M, G and T count by 1024. */
int value_size(const char *text, uint64_t *ret);
/* The same size with the largest suffix that keeps it exact. Returns buf. */
char *value_size_format(char *buf, size_t size, uint64_t bytes);

/* syslog's: emerg alert crit err warning notice info debug, or 0 to 7. */
int value_log_level(const char *text, int *ret);
const char *value_log_level_to_string(int level) _pure_;
const char *const *value_log_level_names(void) _pure_;

/* A base URL, http or https, without user, query and fragment; *ret has no trailing slash, its scheme in
 * small letters. Or a socket of this machine, "unix:/PATH". On -EINVAL *ret_problem says what is wrong and
 * what would be right. */
int value_url(const char *text, char **ret, const char **ret_problem);

/* The same with a path and a query of any kind, which are kept as they are. */
int value_link(const char *text, char **ret, const char **ret_problem);

/* [A-Za-z0-9._-]+ and at most SECTION_NAME_LEN_MAX. */
bool value_is_section_name(const char *text) _pure_;
/* A broker as HOST:PORT, or HOST of port 9092; *ret has the port. On -EINVAL *ret_problem says what is wrong
 * and what would be right. */
int value_broker(const char *text, char **ret, const char **ret_problem);
/* A topic's name as Kafka takes it. */
bool value_is_topic(const char *text) _pure_;
/* As RFC 1123 has it. */
bool value_is_hostname(const char *text) _pure_;
/* A worker's id as Connect writes it: HOST:PORT. */
bool value_is_worker_id(const char *text) _pure_;
/* A file's name without a path, visible, as credentials have. */
bool value_is_credential_name(const char *text) _pure_;

/* NULL for the path of a URL as it comes in a request: absolute, without query, fragment and escapes; else
 * what is wrong with it and what would be right, to follow the path. */
const char *value_url_path_problem(const char *text) _pure_;

/* The same for one that may have a query. */
const char *value_request_path_problem(const char *text) _pure_;

/* NULL for the name of a service that may be restarted; else what is wrong with it and what would be right,
 * to follow the name. */
const char *value_unit_problem(const char *text) _pure_;
