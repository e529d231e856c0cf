/*
 * The supervisor, `headgate run`: it looks at the branch and the ledger cheaply, and starts `headgate reconcile` as a
 * child of its own when something changed or is due. What a reader gets wrong: it decides nothing. What it remembers
 * only tells whether another look is worth a process; the child looks at everything again, and a supervisor that
 * starts anew simply starts a pass for each target.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "engine/due.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define STOP_PATIENCE_MS (10 * 60 * 1000) /* for children that finish or withdraw after SIGTERM */
#define POLL_MS 200
#define DECIDE_ANEW_MS (10 * 60 * 1000) /* R2: refusals by the looking stages */

struct ward { /* one target under supervision */
	const struct target *target;
	pid_t child;           /* 0: none at work */
	char seen[SHA256_HEX]; /* what the last child started from */
	struct due due;
	uint64_t next_look_ms; /* monotonic */
	uint64_t backoff_ms;
	uint64_t decided_ms; /* when the last child was started */
};

static void look(const struct engine *engine, const char *program, const char *const *arguments,
                 struct ward *ward);
static bool is_worth_a_pass(const struct ward *ward);
static bool start_child(const char *program, const char *const *arguments, struct ward *ward);
static void reap(const struct engine *engine, struct ward *wards, size_t count);
static void child_ended(const struct engine *engine, struct ward *ward, int status);
static void stop_children(const struct engine *engine, struct ward *wards, size_t count);
static size_t count_children(const struct ward *wards, size_t count);

struct error *engine_supervise(const struct engine *engine, const char *program,
                               const char *const *arguments)
{
	AUTO_ARENA arena = arena_new();
	const size_t count = engine->config->target_count;
	struct ward *wards = ARENA_ARRAY(arena, struct ward, count);

	stop_watch();
	for (size_t i = 0; i < count; i++)
		wards[i].target = &engine->config->targets[i];
	LOG(INFO, AGENT_STARTED,
	    .msg = arena_printf(arena, "watching %s of %s", text_plural(arena, count, "target"),
	                        engine->config->path));
	while (!stop_asked()) {
		uint64_t next_ms = clock_monotonic_ms() + engine->config->interval;

		reap(engine, wards, count);
		for (size_t i = 0; i < count && !stop_asked(); i++) {
			if (!wards[i].child && clock_monotonic_ms() >= wards[i].next_look_ms)
				look(engine, program, arguments, &wards[i]);
			if (!wards[i].child && wards[i].next_look_ms < next_ms)
				next_ms = wards[i].next_look_ms;
		}
		while (!stop_asked() && clock_monotonic_ms() < next_ms) {
			const size_t before = count_children(wards, count);
			const uint64_t left_ms = next_ms - clock_monotonic_ms();

			clock_sleep_ms(before && left_ms > POLL_MS ? POLL_MS : left_ms);
			reap(engine, wards, count);
			if (count_children(wards, count) < before)
				break; /* one ended: look again at what it left */
		}
	}
	stop_children(engine, wards, count);
	LOG(INFO, AGENT_STOPPED, .msg = "asked to stop");
	return NULL;
}

static void look(const struct engine *engine, const char *program, const char *const *arguments,
                 struct ward *ward)
{
	AUTO_ARENA arena = arena_new();
	struct error *error = due_look(engine, ward->target, arena, &ward->due);

	ward->next_look_ms = clock_monotonic_ms() + engine->config->interval;
	if (error)
		LOG(WARNING, LOOK_FAILED, .target = ward->target->name, .code = error->row->code,
		    .msg = arena_printf(arena, "%s; starting a pass, which will say it",
		                        error_line(arena, error)));
	if (!error && !is_worth_a_pass(ward))
		return;
	ward->decided_ms = clock_monotonic_ms();
	memcpy(ward->seen, ward->due.digest, sizeof ward->seen);
	LOG(DEBUG, PASS_DUE, .target = ward->target->name,
	    .msg = error ? "it could not be looked at" : ward->due.why);
	(void)start_child(program, arguments,
	                  ward); /* when it cannot be started, the next look tries again */
}

static bool is_worth_a_pass(const struct ward *ward)
{
	if (!text_equal(ward->due.digest, ward->seen) || ward->due.is_due)
		return true;
	if (ward->due.refused && clock_monotonic_ms() - ward->decided_ms >= DECIDE_ANEW_MS)
		return true;
	return ward->backoff_ms && !ward->due.stands; /* the last one could not do its work */
}

static bool start_child(const char *program, const char *const *arguments, struct ward *ward)
{
	AUTO_ARENA arena = arena_new();
	struct text_list line = {0};
	pid_t child;

	*LIST_ADD(arena, &line) = program;
	for (size_t i = 0; arguments[i]; i++)
		*LIST_ADD(arena, &line) = arguments[i];
	*LIST_ADD(arena, &line) = "reconcile";
	*LIST_ADD(arena, &line) = "--target";
	*LIST_ADD(arena, &line) = ward->target->name;
	*LIST_ADD(arena, &line) = NULL;
	child = fork();
	if (child == 0) {
		const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
		    dup2(nothing, STDOUT_FILENO) < 0)
			_exit(127);
		(void)setpgid(
			0,
			0); /* a terminal's ^C reaches the supervisor, which tells its children */
		execv(program, (char *const *)(uintptr_t)line.items);
		_exit(127);
	}
	if (child < 0) {
		LOG(ERROR, LOOK_FAILED, .target = ward->target->name,
		    .msg = arena_printf(arena, "cannot start '%s': %s", program,
		                        errno_text(arena, errno)));
		ward->seen[0] = '\0';
		return false;
	}
	ward->child = child;
	return true;
}

static void reap(const struct engine *engine, struct ward *wards, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status;

		if (wards[i].child && waitpid(wards[i].child, &status, WNOHANG) == wards[i].child)
			child_ended(engine, &wards[i], status);
	}
}

/* RETRY and WAIT look again soon, with backoff; a crash too. Anything else waits for a change or its time. */
static void child_ended(const struct engine *engine, struct ward *ward, int status)
{
	const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	const uint64_t slowest =
		engine->config->interval > 60000 ? engine->config->interval : 60000;

	ward->child = 0;
	ward->next_look_ms = clock_monotonic_ms() + 1;
	if (code == 0 || code == 2 || code == 3 || code == 4) {
		ward->backoff_ms = 0;
		return;
	}
	ward->backoff_ms = ward->backoff_ms ? ward->backoff_ms * 2 : 1000;
	if (ward->backoff_ms > slowest)
		ward->backoff_ms = slowest;
	ward->next_look_ms = clock_monotonic_ms() + jitter(ward->backoff_ms);
}

/* SIGTERM lets a child finish or withdraw cleanly; it is never killed from here: it may be building an index. */
static void stop_children(const struct engine *engine, struct ward *wards, size_t count)
{
	const uint64_t until = clock_monotonic_ms() + STOP_PATIENCE_MS;
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

	for (size_t i = 0; i < count; i++)
		if (wards[i].child)
			(void)kill(wards[i].child, SIGTERM);
	while (count_children(wards, count) && clock_monotonic_ms() < until) {
		reap(engine, wards, count);
		(void)nanosleep(&pause, NULL); /* clock_sleep_ms returns at once after a stop */
	}
}

static size_t count_children(const struct ward *wards, size_t count)
{
	size_t children = 0;

	for (size_t i = 0; i < count; i++)
		children += wards[i].child > 0;
	return children;
}
