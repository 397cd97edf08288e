/* A private bus with tests/integration/fake_systemd.py on it, for the tests of what talks to systemd. */
#pragma once

#include <stdbool.h>

/* Starts the bus, and the fake when asked; sets DBUS_SYSTEM_BUS_ADDRESS. Returns false where that cannot
 * be had here. */
bool fake_bus_start(bool with_fake);
/* Takes both away. */
void fake_bus_stop(void);
/* Tells the fake something, as JSON with ' instead of " (see Server.do()). Returns its answer, to be
 * freed. */
char *fake_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, without looking at the answer. */
void fake_do(const char *format, ...) __attribute__((format(printf, 1, 2)));
