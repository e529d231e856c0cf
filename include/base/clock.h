/*
 * Time and chance, behind one door so that tests may script them. Deadlines use the monotonic clock; the wall clock
 * is for records and for people. HEADGATE_TEST_CLOCK (seconds since 1970, debug builds only) fixes the wall clock.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

int64_t clock_wall_us(void); /* microseconds since 1970-01-01 UTC */
int64_t clock_wall(void);    /* seconds */
uint64_t clock_monotonic_ms(void);
/* poll(2) until something is ready, the time is over or a signal asked us to stop; -1 for the time: no limit. */
int clock_poll(struct pollfd *fds, size_t count, int64_t milliseconds);
void clock_sleep_ms(
	uint64_t milliseconds); /* returns early when a signal asked us to stop (see stop_asked) */

const char *clock_iso(struct arena *arena, int64_t wall_us);   /* "2026-11-24T23:32:15Z" */
const char *clock_human(struct arena *arena, int64_t wall_us); /* "2026-11-24 23:32:15 UTC" */
const char *clock_ago(struct arena *arena, int64_t wall_us);   /* "3 min ago" */

uint64_t random_below(uint64_t limit);        /* uniform in 0..limit-1, from getrandom(2) */
const char *random_uuid(struct arena *arena); /* RFC 9562 version 4, lower case with hyphens */
uint64_t jitter(uint64_t milliseconds);       /* +- 50 % */

/* SIGTERM and SIGINT set a flag; long work looks at it between steps. */
void stop_watch(void);
bool stop_asked(void);

/* SIGHUP asks to read the configuration again; only who watches for it survives it. A sleep ends early until the wish was
 * heard, while a poll of descriptors goes on: reload_asked tells it once, reload_waits only looks. */
void reload_watch(void);
bool reload_asked(void);
bool reload_waits(void);
