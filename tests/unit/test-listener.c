/* Lines of /proc/net/tcp, tcp6 and unix, and which listener the kernel gives a connection to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ctl/listener.h"

/* An address is printed in words of the machine. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOOPBACK_V4 "0100007F"
#define LAST_1 "01000000"
#define MAPPED "FFFF0000"
#else
#define LOOPBACK_V4 "7F000001"
#define LAST_1 "00000001"
#define MAPPED "0000FFFF"
#endif

/* Lines as the kernel writes them. */
static const char v4_loopback[] =
        "   1: " LOOPBACK_V4
        ":1F93 00000000:0000 0A 00000000:00000000 00:00000000 00000000   997        0 40213 1 "
        "ffff9d2b4a3f0000 100 0 0 10 0\n";
static const char v4_any[] =
        "  12: 00000000:1F93 00000000:0000 0A 00000000:00000010 00:00000000 00000000     0        0 555 1 "
        "0000000000000000 100 0 0 10 0\n";
static const char v4_established[] =
        "   2: " LOOPBACK_V4 ":1F93 " LOOPBACK_V4
        ":D1E2 01 00000000:00000000 00:00000000 00000000   997        0 40214 1 "
        "ffff9d2b4a3f0000 20 4 30 10 -1\n";
static const char v6_any[] = "   0: 00000000000000000000000000000000:1F93 "
                             "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
                             "00000000   997        0 4294967297 1 ffff9d2b4a3f0000 100 0 0 10 0\n";
static const char v6_mapped[] = "   0: 0000000000000000" MAPPED LOOPBACK_V4 ":1F93 "
                                "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
                                "00000000   997        0 77 1 ffff9d2b4a3f0000 100 0 0 10 0\n";
static const char v6_loopback[] = "   0: 000000000000000000000000" LAST_1 ":1F93 "
                                  "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
                                  "00000000   997        0 88 1 ffff9d2b4a3f0000 100 0 0 10 0\n";

static struct listener parse(const char *line) {
        struct listener l;

        if (!listener_parse(line, &l))
                fail_msg("not read: %s", line);
        return l;
}

static struct ip_address address(const char *text) {
        struct ip_address a;

        assert_true(ip_address_next(&text, &a));
        return a;
}

static void listening_sockets_are_read(_unused_ void **state) {
        struct listener l = parse(v4_loopback);

        assert_int_equal(l.port, 8083);
        assert_int_equal(l.inode, 40213);
        assert_int_equal(parse(v4_any).inode, 555);
        assert_true(parse(v6_any).inode == UINT64_C(4294967297));
}

static void everything_else_is_not(_unused_ void **state) {
        static const char *const lines[] = {
                v4_established,
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
                "inode\n",
                "",
                "\n",
                "   1: 0100007F:1F93",
                "   1: 0100007:1F93 00000000:0000 0A 00000000:00000000 00:00000000 00000000 997 0 40213 1\n",
                "   1: 0100007F0100007F:1F93 00000000:0000 0A 00000000:00000000 00:00000000 00000000 997 0 "
                "5 1\n",
                "   1: 0100007F:1F93 00000000:0000 0A 00000000:00000000 00:00000000 00000000 997 0 x 1\n",
        };
        struct listener l;

        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (listener_parse(lines[i], &l))
                        fail_msg("read: %s", lines[i]);
}

static void sockets_with_a_path_are_read(_unused_ void **state) {
        static const struct {
                const char *line;
                uint64_t inode; /* 0: it is none that listens */
                const char *path;
        } rows[] = {
                { "ffff9d2b4a3f0000: 00000002 00000000 00010000 0001 01 40213 /run/x.sock", 40213,
                  "/run/x.sock" },
                { "0000000000000000: 00000002 00000000 00010000 0001 01 4294967297 /run/with a blank",
                  4294967297, "/run/with a blank" },
                { "ffff9d2b4a3f0000: 00000003 00000000 00000000 0001 03 40214 /run/x.sock", 0, NULL },
                { "ffff9d2b4a3f0000: 00000002 00000000 00010000 0001 01 40213 @abstract", 0, NULL },
                { "ffff9d2b4a3f0000: 00000002 00000000 00010000 0001 01 40213", 0, NULL },
                { "ffff9d2b4a3f0000: 00000002 00000000 00010000 0001 01 x /run/x.sock", 0, NULL },
                { "Num       RefCount Protocol Flags    Type St Inode Path", 0, NULL },
                { "", 0, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const char *path = NULL;
                uint64_t inode = 0;

                assert_int_equal(unix_listener_parse(rows[i].line, &inode, &path), rows[i].inode > 0);
                if (rows[i].inode == 0)
                        continue;
                assert_true(inode == rows[i].inode);
                assert_string_equal(path, rows[i].path);
        }
}

static void the_nearest_listener_gets_the_connection(_unused_ void **state) {
        static const struct {
                const char *line, *to;
                unsigned rank;
        } cases[] = {
                { v4_loopback, "127.0.0.1", 3 }, { v4_loopback, "127.0.0.2", 0 },
                { v4_loopback, "[::1]", 0 },     { v4_any, "127.0.0.1", 2 },
                { v4_any, "192.0.2.1", 2 },      { v4_any, "[::1]", 0 },
                { v6_any, "127.0.0.1", 1 },      { v6_any, "[2001:db8::1]", 1 },
                { v6_mapped, "127.0.0.1", 3 },   { v6_mapped, "[::1]", 0 },
                { v6_loopback, "[::1]", 3 },     { v6_loopback, "127.0.0.1", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct listener l = parse(cases[i].line);
                struct ip_address to = address(cases[i].to);

                if (listener_rank(&l, &to) != cases[i].rank)
                        fail_msg("row %zu: %s is %u", i, cases[i].to, listener_rank(&l, &to));
        }
}

static void lists_of_addresses_are_walked(_unused_ void **state) {
        const char *list = "192.0.2.1,nonsense,[2001:db8::1],[fe80::1%eth0],::2";
        struct ip_address a;

        assert_true(ip_address_next(&list, &a));
        assert_memory_equal(a.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01", 16);
        assert_true(ip_address_next(&list, &a));
        assert_memory_equal(a.bytes, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
        assert_true(ip_address_next(&list, &a));
        assert_memory_equal(a.bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
        assert_false(ip_address_next(&list, &a));
        list = "";
        assert_false(ip_address_next(&list, &a));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(listening_sockets_are_read),
                cmocka_unit_test(everything_else_is_not),
                cmocka_unit_test(sockets_with_a_path_are_read),
                cmocka_unit_test(the_nearest_listener_gets_the_connection),
                cmocka_unit_test(lists_of_addresses_are_walked),
        };

        return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
