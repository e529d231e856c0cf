/*
 * Owns time, chance and the wishes to stop and to read the configuration again. Easily got wrong: a signal between looking at the flag and falling asleep;
 * clock_poll closes that gap, so wait by it (or by clock_sleep_ms) and not by poll or sleep.
 */
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/text.h"

static volatile sig_atomic_t stop_flag, reload_flag;

static const char *print_time(struct arena *arena, int64_t wall_us, const char *format);
static void fill_random(void *data, size_t size);
static void watch_signal(int number, void (*note)(int));
static void note_stop(int number);
static void note_reload(int number);

int64_t clock_wall_us(void)
{
	struct timespec now;

#ifdef HEADGATE_FAULTS
	const char *fixed = getenv("HEADGATE_TEST_CLOCK");
	uint64_t seconds;

	if (fixed && parse_number(fixed, INT64_MAX / 1000000, &seconds))
		return (int64_t)seconds * 1000000;
#endif
	if (clock_gettime(CLOCK_REALTIME, &now))
		BUG("the clock cannot be read");
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall(void)
{
	return clock_wall_us() / 1000000;
}

uint64_t clock_monotonic_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		BUG("the clock cannot be read");
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int clock_poll(struct pollfd *fds, size_t count, int64_t milliseconds)
{
	struct timespec wait = {.tv_sec = milliseconds / 1000,
	                        .tv_nsec = milliseconds % 1000 * 1000000};
	sigset_t stops, before;
	int ready = 0, number;

	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGHUP);
	sigprocmask(SIG_BLOCK, &stops, &before);
	/* The other wish ends a sleep and no conversation: that would otherwise turn in a circle until its deadline. */
	if (!stop_flag && (!reload_flag || count))
		ready = ppoll(fds, count, milliseconds < 0 ? NULL : &wait, &before);
	number = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (ready < 0 && number != EINTR)
		BUG("poll: error %d", number);
	if (ready <= 0) {
		for (size_t i = 0; i < count; i++)
			fds[i].revents = 0;
	}
	return ready > 0 ? ready : 0;
}

void clock_sleep_ms(uint64_t milliseconds)
{
	uint64_t now = clock_monotonic_ms(), end;

	if (__builtin_add_overflow(now, milliseconds, &end))
		end = UINT64_MAX;
	for (; now < end && !stop_flag && !reload_flag; now = clock_monotonic_ms())
		(void)clock_poll(NULL, 0, end - now > INT32_MAX ? INT32_MAX : (int64_t)(end - now));
}

const char *clock_iso(struct arena *arena, int64_t wall_us)
{
	return print_time(arena, wall_us, "%Y-%m-%dT%H:%M:%SZ");
}

const char *clock_human(struct arena *arena, int64_t wall_us)
{
	return print_time(arena, wall_us, "%Y-%m-%d %H:%M:%S UTC");
}

const char *clock_ago(struct arena *arena, int64_t wall_us)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} rows[] = {
		{86400, "d"},
		{3600, "h"},
		{60, "min"},
		{1, "s"},
	};
	int64_t seconds = (clock_wall_us() - wall_us) / 1000000;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (seconds >= rows[i].seconds)
			return arena_printf(arena, "%" PRId64 " %s ago", seconds / rows[i].seconds,
			                    rows[i].unit);
	}
	return "just now";
}

uint64_t random_below(uint64_t limit)
{
	uint64_t number, skipped;

	if (!limit)
		BUG("a random number below 0");
	skipped = (UINT64_MAX - limit + 1) %
	          limit; /* 2^64 modulo limit: taken away, all remainders are equally likely */
	do
		fill_random(&number, sizeof number);
	while (number < skipped);
	return number % limit;
}

const char *random_uuid(struct arena *arena)
{
	unsigned char bytes[16];
	char hex[33];

	fill_random(bytes, sizeof bytes);
	bytes[6] = (unsigned char)(0x40 | (bytes[6] & 0x0f));
	bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
	text_hex(bytes, sizeof bytes, hex);
	return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16,
	                    hex + 20);
}

uint64_t jitter(uint64_t milliseconds)
{
	uint64_t half = milliseconds / 2;

	return milliseconds - half + random_below(2 * half + 1);
}

void stop_watch(void)
{
	watch_signal(SIGTERM, note_stop);
	watch_signal(SIGINT, note_stop);
}

bool stop_asked(void)
{
	return stop_flag != 0;
}

void reload_watch(void)
{
	watch_signal(SIGHUP, note_reload);
}

bool reload_waits(void)
{
	return reload_flag != 0;
}

bool reload_asked(void)
{
	const bool asked = reload_flag != 0;

	reload_flag = 0;
	return asked;
}

static const char *print_time(struct arena *arena, int64_t wall_us, const char *format)
{
	time_t seconds = (time_t)(wall_us / 1000000 - (wall_us % 1000000 < 0));
	struct tm parts;
	char text[64];

	if (!gmtime_r(&seconds, &parts))
		BUG("the time %" PRId64 " cannot be printed", wall_us);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* both formats stand above */
	(void)strftime(text, sizeof text, format, &parts);
#pragma GCC diagnostic pop
	return arena_text(arena, text);
}

static void fill_random(void *data, size_t size)
{
	ssize_t got;

	do
		got = getrandom(data, size, 0); /* up to 256 bytes come whole */
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)size)
		BUG("the system has no random bytes");
}

static void watch_signal(int number, void (*note)(int))
{
	struct sigaction action = {.sa_handler = note};

	sigemptyset(&action.sa_mask);
	if (sigaction(number, &action, NULL))
		BUG("signals cannot be watched");
}

static void note_stop(int number)
{
	(void)number;
	stop_flag = 1;
}

static void note_reload(int number)
{
	(void)number;
	reload_flag = 1;
}
