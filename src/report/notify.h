/* sd_notify(3): READY, STATUS, WATCHDOG, RELOADING, STOPPING. Each is a no-op without $NOTIFY_SOCKET. */
#pragma once

#include "util/macro.h"

void notify_ready(const char *status);
/* Sent only when it differs from the last one. */
void notify_status(const char *status);
void notify_reloading(void); /* with MONOTONIC_USEC, as Type=notify-reload asks */
void notify_stopping(void);
void notify_watchdog(void);

/* The interval at which WATCHDOG=1 must be sent (half of WatchdogSec); 0: systemd expects none. */
usec_t notify_watchdog_interval(void);
