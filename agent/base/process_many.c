/*
 * Owns the running of many small programs side by side, in one process and without threads. What a reader gets wrong:
 * one error ends them all, so that nothing of ours runs on when the caller has given up.
 */
#include <sys/param.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process_talk.h"

#define AT_ONCE_MAXIMUM 16

struct place {             /* for one program at a time */
	struct talk *talk; /* NULL: free */
	size_t which;
};

struct many {
	struct arena *arena;
	const struct process *processes;
	size_t count, begun, running;
	struct place places[AT_ONCE_MAXIMUM];
	size_t place_count;
	struct collected *collected;
	struct process_result *results;
};

static FALLIBLE begin_some(struct many *many);
static FALLIBLE hear_all(struct many *many);
static void finish(struct many *many, struct place *place);
static void end_all(struct many *many);

FALLIBLE process_run_many(struct arena *arena, const struct process *processes, size_t count,
                          struct process_result *ret_results)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct many many = {
		.arena = arena,
		.processes = processes,
		.count = count,
		.place_count = (size_t)MAX(1, MIN(processors, AT_ONCE_MAXIMUM)),
		.collected = ARENA_ARRAY(arena, struct collected, count),
		.results = ARENA_ARRAY(arena, struct process_result, count),
	};
	struct sigaction before;
	struct error *error = NULL;

	talks_begin(&before);
	while (!error && (many.begun < count || many.running)) {
		error = begin_some(&many);
		if (!error)
			error = hear_all(&many);
	}
	if (error)
		end_all(&many);
	talks_end(&before);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++) {
		ret_results[i] = many.results[i];
		ret_results[i].output = text_bytes(&many.collected[i].text);
	}
	return NULL;
}

static FALLIBLE begin_some(struct many *many)
{
	for (size_t i = 0; i < many->place_count && many->begun < many->count; i++) {
		struct place *place = &many->places[i];
		const struct process *process = &many->processes[many->begun];

		if (place->talk)
			continue;
		many->collected[many->begun] = talk_collected(many->arena, process);
		TRY(talk_open(many->arena, process, talk_collect, &many->collected[many->begun],
		              &place->talk));
		place->which = many->begun++;
		many->running++;
	}
	return NULL;
}

static FALLIBLE hear_all(struct many *many)
{
	struct pollfd fds[AT_ONCE_MAXIMUM * TALK_FDS];
	int64_t wait = INT64_MAX;

	for (size_t i = 0; i < many->place_count; i++) {
		struct pollfd *own = &fds[i * TALK_FDS];

		for (size_t k = 0; k < TALK_FDS; k++)
			own[k] = (struct pollfd){.fd = -1};
		if (many->places[i].talk)
			talk_polled(many->places[i].talk, own, &wait);
	}
	(void)clock_poll(fds, many->place_count * TALK_FDS, wait);
	for (size_t i = 0; i < many->place_count; i++) {
		struct place *place = &many->places[i];

		if (!place->talk)
			continue;
		TRY(talk_hear(place->talk, &fds[i * TALK_FDS]));
		if (talk_is_over(place->talk))
			finish(many, place);
	}
	return NULL;
}

static void finish(struct many *many, struct place *place)
{
	talk_close(place->talk, &many->results[place->which]);
	place->talk = NULL;
	many->running--;
}

static void end_all(struct many *many)
{
	for (size_t i = 0; i < many->place_count; i++)
		if (many->places[i].talk)
			talk_warn(many->places[i].talk);
	for (size_t i = 0; i < many->place_count; i++)
		if (many->places[i].talk)
			talk_close(many->places[i].talk, NULL);
}
