/* Listening TCP sockets as /proc/net/tcp and tcp6 have them. Reads no file. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl/listener.h"

#define STATE_LISTEN 0x0AU

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* Groups of eight digits, each a word of four bytes in network order that was printed as a number of this
 * machine's. */
static bool parse_address(const char *hex, struct ip_address *ret) {
        size_t n_words = strlen(hex) / 8, first = n_words == 1 ? 3 : 0;

        if (strlen(hex) != 8 && strlen(hex) != 32)
                return false;
        memcpy(ret->bytes, mapped_prefix, sizeof(mapped_prefix));
        for (size_t i = 0; i < n_words; i++) {
                uint32_t word;

                if (sscanf(hex + 8 * i, "%8" SCNx32, &word) != 1)
                        return false;
                memcpy(ret->bytes + 4 * (first + i), &word, sizeof(word));
        }
        return true;
}

bool listener_parse(const char *line, struct listener *ret) {
        char address[33];
        unsigned state;

        /* sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode */
        return sscanf(line,
                      " %*u: %32[0-9A-Fa-f]:%4" SCNx16
                      " %*[0-9A-Fa-f]:%*x %2x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64,
                      address, &ret->port, &state, &ret->inode) == 4 &&
               state == STATE_LISTEN && parse_address(address, &ret->address);
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
