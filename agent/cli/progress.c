/* One line, thinned out: five times a second on a terminal, every ten seconds in a log. */
#include "cli/progress.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/terminal.h"

#define TERMINAL_EVERY_MS 200
#define LOG_EVERY_MS 10000

static struct watching { /* of this process: the terminal is one, too */
	uint64_t last_ms;
	bool drawn;
} watching;

static void report(void *context, const char *what, enum progress_unit unit, uint64_t done,
                   uint64_t total);
static const char *amount(struct arena *arena, enum progress_unit unit, uint64_t amount);

const struct progress *progress_start(void)
{
	static const struct progress progress = {.report = report, .context = &watching};

	return &progress;
}

void progress_end(void)
{
	if (watching.drawn)
		(void)fputs("\r\033[K", stderr);
	watching.drawn = false;
}

static void report(void *context, const char *what, enum progress_unit unit, uint64_t done,
                   uint64_t total)
{
	struct watching *now = context;
	const bool watched = terminal_is_watched();
	AUTO_ARENA arena = arena_new();
	struct text line = TEXT_IN(arena);

	if (clock_monotonic_ms() - now->last_ms < (watched ? TERMINAL_EVERY_MS : LOG_EVERY_MS))
		return;
	now->last_ms = clock_monotonic_ms();
	text_printf(&line, "%s: %s", what, amount(arena, unit, done));
	if (total)
		text_printf(&line, " of %s (%d %%)", amount(arena, unit, total),
		            (int)(done * 100 / total));
	if (watched) {
		(void)fprintf(stderr, "\r\033[K%s", text_clip(arena, text_get(&line), 78));
		now->drawn = true;
	} else {
		LOG(INFO, PROGRESS, .msg = text_get(&line));
	}
}

static const char *amount(struct arena *arena, enum progress_unit unit, uint64_t amount)
{
	switch (unit) {
	case PROGRESS_BYTES:
		return text_size(arena, amount);
	case PROGRESS_BLOCKS:
		return text_plural(arena, amount, "block");
	case PROGRESS_ITEMS:
		return arena_printf(arena, "%llu", (unsigned long long)amount);
	}
	BUG("no such unit");
}
