/*
 * Owns the running of one program. process_talk.c is the talk with it, process_child.c what happens between vfork and
 * exec. What a reader gets wrong: a program that ended with another status than 0 is no error here.
 */
#include "base/process.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process_talk.h"

static FALLIBLE converse(struct talk *talk);

FALLIBLE process_run(struct arena *arena, const struct process *process,
                     struct process_result *ret_result)
{
	struct collected collected = talk_collected(arena, process);

	TRY(process_stream(arena, process, talk_collect, &collected, ret_result));
	ret_result->output = text_bytes(&collected.text);
	return NULL;
}

FALLIBLE process_stream(struct arena *arena, const struct process *process, process_sink *sink,
                        void *context, struct process_result *ret_result)
{
	struct sigaction before;
	struct talk *talk = NULL;
	struct error *error;

	TRY(talk_open(arena, process, sink, context, &talk));
	talks_begin(&before);
	error = converse(talk);
	talks_end(&before);
	talk_close(talk, error ? NULL : ret_result);
	return error;
}

static FALLIBLE converse(struct talk *talk)
{
	while (!talk_is_over(talk)) {
		struct pollfd fds[TALK_FDS];
		int64_t wait = INT64_MAX;

		talk_polled(talk, fds, &wait);
		(void)clock_poll(fds, TALK_FDS, wait);
		TRY(talk_hear(talk, fds));
	}
	return NULL;
}

const char *program_find(struct arena *arena, const char *name)
{
	static const char *const folders[] = {"/usr/bin", "/bin", "/usr/local/bin"};
	struct stat stat_of;

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		const char *path = path_join(arena, folders[i], name);

		if (!stat(path, &stat_of) && S_ISREG(stat_of.st_mode) && !access(path, X_OK))
			return path;
	}
	return NULL;
}
