/*
 * The loop of waiting. What a reader gets wrong: a refused password or a missing right is no reason to give up, since
 * both may be on their way; but it is told, and with it what a person can do.
 */
#include "engine/wait.h"

#include "base/clock.h"

#define PAUSE_FIRST_MS 250
#define PAUSE_LONGEST_MS 2000

struct teller { /* says a thing once */
	const struct wait_options *options;
	struct arena *arena;
	const char *label, *text; /* told last */
};

static bool may_heal(const struct error *error);
static void await_healing(struct arena *arena, const struct error *error, struct awaited *awaited);
static void tell(struct teller *teller, const struct awaited *awaited);
static struct error *time_is_over(struct arena *arena, const struct wait_options *options,
                                  const struct awaited *awaited, const char *what);
static struct error *stopped(struct arena *arena, const char *what);
static uint64_t next_pause(uint64_t pause_ms);

struct error *wait_until(const struct wait_options *options, wait_look *look, void *context,
                         const char *what, struct arena *arena)
{
	const uint64_t begun = clock_monotonic_ms();
	struct teller teller = {.options = options, .arena = arena};
	uint64_t pause_ms = PAUSE_FIRST_MS;

	for (;;) {
		AUTO_ARENA looking = arena_new();
		struct awaited awaited = {0};
		struct error *error = look(context, looking, &awaited);
		uint64_t waited, sleep_ms;

		if (!error && awaited.is_over)
			return awaited.outcome ? error_copy(arena, awaited.outcome) : NULL;
		if (stop_asked())
			return stopped(arena, what);
		if (error && !may_heal(error))
			return error_copy(arena, error);
		if (error)
			await_healing(looking, error, &awaited);
		tell(&teller, &awaited);
		waited = clock_monotonic_ms() - begun;
		if (waited >= options->timeout_ms)
			return time_is_over(arena, options, &awaited, what);
		sleep_ms = jitter(pause_ms);
		clock_sleep_ms(sleep_ms < options->timeout_ms - waited
		                       ? sleep_ms
		                       : options->timeout_ms - waited);
		pause_ms = next_pause(pause_ms);
	}
}

static bool may_heal(const struct error *error)
{
	switch (error->row->reaction) {
	case REACT_RETRY:
	case REACT_WAIT:
		return true;
	case REACT_REFUSE:
		return error->row == &error_rows()[ERR_DB_RIGHTS];
	case REACT_HALT:
		return false;
	}
	BUG("no such reaction");
}

/* The hints of some errors speak to whoever runs the agent; here an application's person reads them. */
static void await_healing(struct arena *arena, const struct error *error, struct awaited *awaited)
{
	static const struct {
		enum error_code code;
		const char *hint;
	} rows[] = {
		{ERR_DB_AUTH,
	         "Check user and password in DATABASE_URL. It is tried again, since a new password may be on its way."},
		{ERR_DB_UNREACHABLE,
	         "Is the server up, and does DATABASE_URL name it? It is tried again."},
	};

	*awaited = (struct awaited){.label = "waiting", .next = error->hint};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (error->row == &error_rows()[rows[i].code])
			awaited->next = rows[i].hint;
	awaited->text = arena_printf(arena, "%s (%s)", error_line(arena, error), error->row->code);
}

static void tell(struct teller *teller, const struct awaited *awaited)
{
	if (text_equal(awaited->label, teller->label) && text_equal(awaited->text, teller->text))
		return;
	teller->label = arena_text(teller->arena, awaited->label);
	teller->text = arena_text(teller->arena, awaited->text);
	if (teller->options->tell)
		teller->options->tell(teller->options->context, awaited->label, awaited->text,
		                      awaited->next);
}

static struct error *time_is_over(struct arena *arena, const struct wait_options *options,
                                  const struct awaited *awaited, const char *what)
{
	if (awaited->at_time_out)
		return error_copy(arena, awaited->at_time_out);
	return FAIL(
		arena, WAIT_TIME,
		.what = options->timeout_ms
	                        ? arena_printf(arena, "%s after %s", what,
	                                       text_duration(arena, options->timeout_ms))
	                        : what,
		.why = awaited->text,
		.hint = awaited->next
	                        ? awaited->next
	                        : "Is the agent at work there? Ask on its host: headgate status");
}

static struct error *stopped(struct arena *arena, const char *what)
{
	return FAIL(arena, STOPPED, .what = what, .why = "the wait was asked to stop",
	            .hint = "Start it again to wait on.");
}

static uint64_t next_pause(uint64_t pause_ms)
{
	const uint64_t next = pause_ms + pause_ms / 2;

	return next < PAUSE_LONGEST_MS ? next : PAUSE_LONGEST_MS;
}
