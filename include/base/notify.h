/*
 * Telling the service manager how we are: sd_notify(3)'s datagram to $NOTIFY_SOCKET, and its watchdog. Without a
 * service manager nothing happens. The socket is ours alone: children do not inherit the variable's meaning, since the
 * unit says NotifyAccess=main.
 */
#pragma once

#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=watching 2 targets": one or more lines. May be repeated; never fails. */
void service_notify(const char *state);
/* How often the manager wants to hear "WATCHDOG=1" from this process, in milliseconds (half its patience, as
 * sd_watchdog_enabled(3) advises); 0: it does not. */
uint64_t service_watchdog_ms(void);
