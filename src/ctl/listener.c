/* Listening sockets as /proc/net/tcp, tcp6 and unix have them. Reads no file. */
#include <arpa/inet.h>

#include "ctl/listener.h"

#define STATE_LISTEN 0x0AUL
/* __SO_ACCEPTCON of linux/net.h */
#define FLAG_ACCEPTS 0x10000UL

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* Just so many digits. */
static bool parse_hex(const char *text, size_t n_digits, unsigned long *ret) {
        char digits[9];

        if (strspn(text, "0123456789ABCDEFabcdef") < n_digits || n_digits >= sizeof(digits))
                return false;
        memcpy(digits, text, n_digits);
        digits[n_digits] = '\0';
        *ret = strtoul(digits, NULL, 16);
        return true;
}

/* "0100007F:1F93": groups of eight digits, each a word of four bytes in network order that was printed as a
 * number of this machine's; then the port. */
static bool parse_socket(const char *text, struct listener *ret) {
        size_t n_digits = strcspn(text, ":"), first = n_digits == 8 ? 12 : 0;
        unsigned long number;

        if (n_digits != 8 && n_digits != 32)
                return false;
        memcpy(ret->address.bytes, mapped_prefix, sizeof(mapped_prefix));
        for (size_t i = 0; i < n_digits / 8; i++) {
                uint32_t word;

                if (!parse_hex(text + 8 * i, 8, &number))
                        return false;
                word = (uint32_t) number;
                memcpy(ret->address.bytes + first + 4 * i, &word, sizeof(word));
        }
        if (text[n_digits] != ':' || !parse_hex(text + n_digits + 1, 4, &number))
                return false;
        ret->port = (uint16_t) number;
        return true;
}

/* The field of that number, or "". */
static const char *find_field(const char *line, unsigned n) {
        line += strspn(line, " ");
        while (n-- > 0) {
                line += strcspn(line, " ");
                line += strspn(line, " ");
        }
        return line;
}

bool listener_parse(const char *line, struct listener *ret) {
        /* sl, local_address, rem_address, st, tx_queue:rx_queue, tr:tm->when, retrnsmt, uid, timeout, inode
         */
        const char *address = find_field(line, 1), *state = find_field(line, 3),
                   *inode = find_field(line, 9);
        unsigned long number;
        char *end;

        if (!parse_hex(state, 2, &number) || number != STATE_LISTEN || !parse_socket(address, ret))
                return false;
        ret->inode = strtoull(inode, &end, 10);
        return end != inode && inode[0] != '-' && strchr(" \n", *end);
}

bool unix_listener_parse(const char *line, uint64_t *ret_inode, const char **ret_path) {
        /* Num, RefCount, Protocol, Flags, Type, St, Inode, Path */
        const char *flags = find_field(line, 3), *inode = find_field(line, 6), *path = find_field(line, 7);
        unsigned long number;
        char *end;

        if (!parse_hex(flags, 8, &number) || !(number & FLAG_ACCEPTS) || path[0] != '/')
                return false;
        *ret_inode = strtoull(inode, &end, 10);
        *ret_path = path;
        return end != inode && inode[0] != '-' && *end == ' ';
}

static bool is_v4(const struct ip_address *a) {
        return memcmp(a->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

unsigned listener_rank(const struct listener *l, const struct ip_address *to) {
        static const struct ip_address any_v6 = {}, any_v4 = { { [10] = 0xff, [11] = 0xff } };

        if (memcmp(&l->address, to, sizeof(*to)) == 0)
                return 3;
        if (is_v4(to) && memcmp(&l->address, &any_v4, sizeof(any_v4)) == 0)
                return 2;
        return memcmp(&l->address, &any_v6, sizeof(any_v6)) == 0 ? 1 : 0;
}

bool ip_address_next(const char **list, struct ip_address *ret) {
        while (**list) {
                size_t len = strcspn(*list, ",");
                char text[INET6_ADDRSTRLEN + 2] = "";
                const char *address = text;

                if (len < sizeof(text))
                        memcpy(text, *list, len);
                *list += len + ((*list)[len] == ',');
                memcpy(ret->bytes, mapped_prefix, sizeof(mapped_prefix));
                if (inet_pton(AF_INET, text, ret->bytes + sizeof(mapped_prefix)) == 1)
                        return true;
                if (text[0] == '[') {
                        text[strcspn(text, "]")] = '\0';
                        address++;
                }
                if (inet_pton(AF_INET6, address, ret->bytes) == 1)
                        return true;
        }
        return false;
}
