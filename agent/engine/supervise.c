/*
 * The supervisor, `headgate run`: it looks at the branch and the ledger cheaply, and starts `headgate reconcile` as a
 * child of its own when something changed or is due. What a reader gets wrong: it decides nothing. What it remembers
 * only tells whether another look is worth a process; the child looks at everything again, and a supervisor that
 * starts anew simply starts a pass for each target.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/process.h"
#include "engine/due.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_PATIENCE_MS (10 * 60 * 1000) /* for children that finish or withdraw after SIGTERM */
#define POLL_MS 200
#define DECIDE_ANEW_MS (10 * 60 * 1000) /* R2: refusals by the looking stages */
#define COURTESY_MS                                                                                \
	10000 /* so long a target is not looked at while one that it comes after is at work; then it says that it waits */

struct ward { /* one target under supervision */
	const struct target
		*target; /* NULL: it left the configuration, and its last child is still at work */
	pid_t child;     /* 0: none at work */
	char seen[SHA256_HEX]; /* what the last child started from */
	struct due due;
	uint64_t next_look_ms; /* monotonic */
	uint64_t backoff_ms;
	uint64_t decided_ms; /* when the last child was started */
};

struct supervisor {
	struct engine engine; /* with the configuration as it was read last */
	const struct supervision *supervision;
	struct arena *arena; /* of that configuration and the wards; NULL arenas are freed */
	struct ward *wards;
	size_t count;
	uint64_t watchdog_ms; /* 0: nobody wants to hear from us */
};

static struct error *be_the_only_one(const struct engine *engine, const char *only,
                                     struct arena *arena, int *ret_fd);
static void watch(struct supervisor *supervisor);
static void rest(struct supervisor *supervisor, uint64_t until_ms);
static void reload(struct supervisor *supervisor);
static void take_wards(struct supervisor *supervisor, const struct ward *wards, size_t count);
static void tell_ready(const struct supervisor *supervisor, const char *first);
static uint64_t due_ms(const struct supervisor *supervisor, const struct ward *ward);
static void look(const struct supervisor *supervisor, struct ward *ward);
static bool is_worth_a_pass(const struct ward *ward);
static bool start_child(const struct supervision *supervision, struct ward *ward);
static void reap(struct supervisor *supervisor);
static void child_ended(const struct supervisor *supervisor, struct ward *ward, int status);
static void wake_followers(const struct supervisor *supervisor, const struct ward *ward);
static void stop_children(struct supervisor *supervisor);
static size_t count_children(const struct supervisor *supervisor);

struct error *engine_supervise(const struct engine *engine, const struct supervision *supervision,
                               struct arena *arena)
{
	AUTO_FD lock = -1;
	struct supervisor supervisor = {.engine = *engine,
	                                .supervision = supervision,
	                                .watchdog_ms = service_watchdog_ms()};

	TRY(be_the_only_one(engine, supervision->only, arena, &lock));
	supervisor.arena = arena_new();
	stop_watch();
	reload_watch();
	take_wards(&supervisor, NULL, 0);
	LOG(INFO, AGENT_STARTED,
	    .msg = arena_printf(supervisor.arena, "watching %s of %s",
	                        text_plural(supervisor.arena, supervisor.count, "target"),
	                        engine->config->path));
	tell_ready(&supervisor, "READY=1");
	watch(&supervisor);
	service_notify("STOPPING=1");
	stop_children(&supervisor);
	LOG(INFO, AGENT_STOPPED, .msg = "asked to stop");
	arena_free(supervisor.arena);
	return NULL;
}

/* Two would only get into each other's way: passes are locked by target. No target has a '_' in its name. */
static struct error *be_the_only_one(const struct engine *engine, const char *only,
                                     struct arena *arena, int *ret_fd)
{
	const char *state = engine->config->state, *holder = NULL;
	const char *path = arena_printf(arena, "%s/headgate_run%s%s.lock", state, only ? "." : "",
	                                only ? only : "");

	TRY(folder_private(arena, state));
	TRY(file_lock(arena, path, arena_printf(arena, "pid %d", (int)getpid()), ret_fd, &holder));
	if (*ret_fd >= 0)
		return NULL;
	return FAIL(
		arena, TARGET_BUSY,
		.what = arena_printf(arena, "another headgate run watches with '%s'", state),
		.why = arena_printf(arena, "%s holds %s", holder ? holder : "another process",
	                            path),
		.hint = "One agent is enough: stop that one first (systemctl stop headgate), or "
			"give this one a 'state' of its own.");
}

static void watch(struct supervisor *supervisor)
{
	while (!stop_asked()) {
		uint64_t next_ms = clock_monotonic_ms() + supervisor->engine.config->interval;

		if (reload_asked())
			reload(supervisor);
		reap(supervisor);
		for (size_t i = 0; i < supervisor->count && !stop_asked(); i++) {
			struct ward *ward = &supervisor->wards[i];

			if (supervisor
			            ->watchdog_ms) /* many looks at servers that are silent take long */
				service_notify("WATCHDOG=1");
			if (!ward->child && ward->target &&
			    clock_monotonic_ms() >= due_ms(supervisor, ward))
				look(supervisor, ward);
			if (!ward->child && ward->target && due_ms(supervisor, ward) < next_ms)
				next_ms = due_ms(supervisor, ward);
		}
		rest(supervisor, next_ms);
	}
}

/* Until it is time, a child ended, or somebody wants something. */
static void rest(struct supervisor *supervisor, uint64_t until_ms)
{
	const size_t before = count_children(supervisor);
	uint64_t now_ms = clock_monotonic_ms();

	do {
		uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;

		if (count_children(supervisor) && left_ms > POLL_MS)
			left_ms = POLL_MS;
		if (supervisor->watchdog_ms) {
			service_notify("WATCHDOG=1");
			if (left_ms > supervisor->watchdog_ms)
				left_ms = supervisor->watchdog_ms;
		}
		clock_sleep_ms(left_ms);
		now_ms = clock_monotonic_ms();
		reap(supervisor);
		if (count_children(supervisor) < before)
			return; /* one ended: look again at what it left */
	} while (now_ms < until_ms && !stop_asked() && !reload_waits());
}

/* A configuration that cannot be read does not stop the agent; but each pass reads the file itself, and refuses it, too. */
static void reload(struct supervisor *supervisor)
{
	struct arena *arena = arena_new();
	const struct config *config = NULL;
	struct error *error;

	service_notify(arena_printf(arena, "RELOADING=1\nMONOTONIC_USEC=%llu",
	                            (unsigned long long)clock_monotonic_ms() * 1000));
	error = supervisor->supervision->reload(supervisor->supervision->context, arena, &config);
	if (error) {
		LOG(ERROR, RELOAD_REFUSED, .code = error->row->code,
		    .msg = arena_printf(
			    arena,
			    "%s; watching goes on as before, but no pass can begin until the file is valid; next: %s",
			    error_line(arena, error), error->hint));
		arena_free(arena);
	} else {
		struct arena *old = supervisor->arena;
		const struct ward *wards = supervisor->wards;
		const size_t count = supervisor->count;

		supervisor->arena = arena;
		supervisor->engine.config = config;
		take_wards(supervisor, wards, count);
		arena_free(old);
		LOG(INFO, AGENT_RELOADED,
		    .msg = arena_printf(arena, "watching %s of %s",
		                        text_plural(arena, config->target_count, "target"),
		                        config->path));
	}
	tell_ready(supervisor, "READY=1");
}

/* The wards of the present configuration; who was one before keeps its child, and is looked at anew at once. */
static void take_wards(struct supervisor *supervisor, const struct ward *wards, size_t count)
{
	const struct config *config = supervisor->engine.config;
	struct ward *taken =
		ARENA_ARRAY(supervisor->arena, struct ward, config->target_count + count);
	const struct target *const *order = config_in_order(supervisor->arena, config);
	size_t used = config->target_count;

	for (size_t i = 0; i < config->target_count; i++)
		taken[i].target = order[i];
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < config->target_count &&
		       (!wards[i].target || !text_equal(order[at]->name, wards[i].target->name)))
			at++;
		if (at < config->target_count)
			taken[at].child = wards[i].child;
		else if (wards[i].child)
			taken[used++].child = wards[i].child;
	}
	supervisor->wards = taken;
	supervisor->count = used;
}

static void tell_ready(const struct supervisor *supervisor, const char *first)
{
	AUTO_ARENA arena = arena_new();

	service_notify(arena_printf(
		arena, "%s\nSTATUS=watching %s", first,
		text_plural(arena, supervisor->engine.config->target_count, "target")));
}

/* Behind a target at work that comes first: when it ends, its followers are woken. */
static uint64_t due_ms(const struct supervisor *supervisor, const struct ward *ward)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		const struct ward *first = &supervisor->wards[i];

		for (size_t k = 0; first->child && first->target && k < ward->target->after.count;
		     k++)
			if (text_equal(ward->target->after.items[k], first->target->name))
				return ward->next_look_ms + COURTESY_MS;
	}
	return ward->next_look_ms;
}

static void look(const struct supervisor *supervisor, struct ward *ward)
{
	AUTO_ARENA arena = arena_new();
	struct error *error = due_look(&supervisor->engine, ward->target, arena, &ward->due);

	ward->next_look_ms = clock_monotonic_ms() + supervisor->engine.config->interval;
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
	(void)start_child(supervisor->supervision,
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

static bool start_child(const struct supervision *supervision, struct ward *ward)
{
	AUTO_ARENA arena = arena_new();
	const char *program = supervision->program;
	struct text_list line = {0};
	pid_t child;

	*LIST_ADD(arena, &line) = program;
	for (size_t i = 0; supervision->arguments[i]; i++)
		*LIST_ADD(arena, &line) = supervision->arguments[i];
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
		/* That is the supervisor's: whoever sends it to all that have our name must not end a run. */
		(void)signal(SIGHUP, SIG_IGN);
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

static void reap(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		struct ward *ward = &supervisor->wards[i];
		int status;

		if (ward->child && waitpid(ward->child, &status, WNOHANG) == ward->child)
			child_ended(supervisor, ward, status);
	}
}

/* RETRY and WAIT look again soon, with backoff; a crash too. Anything else waits for a change or its time. */
static void child_ended(const struct supervisor *supervisor, struct ward *ward, int status)
{
	const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	const uint64_t interval = supervisor->engine.config->interval;
	const uint64_t slowest = interval > 60000 ? interval : 60000;

	ward->child = 0;
	ward->next_look_ms = clock_monotonic_ms() + 1;
	if (ward->target)
		wake_followers(supervisor, ward);
	if (code == 0 || code == 2 || code == 3 || code == 4) {
		ward->backoff_ms = 0;
		return;
	}
	ward->backoff_ms = ward->backoff_ms ? ward->backoff_ms * 2 : 1000;
	if (ward->backoff_ms > slowest)
		ward->backoff_ms = slowest;
	ward->next_look_ms = clock_monotonic_ms() + jitter(ward->backoff_ms);
}

/* Targets that come after this one may go on now. */
static void wake_followers(const struct supervisor *supervisor, const struct ward *ward)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		struct ward *other = &supervisor->wards[i];

		for (size_t k = 0; other->target && k < other->target->after.count; k++)
			if (text_equal(other->target->after.items[k], ward->target->name))
				other->next_look_ms = clock_monotonic_ms() + 1;
	}
}

/* SIGTERM lets a child finish or withdraw cleanly; it is never killed from here: it may be building an index. */
static void stop_children(struct supervisor *supervisor)
{
	const uint64_t until = clock_monotonic_ms() + STOP_PATIENCE_MS;
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

	for (size_t i = 0; i < supervisor->count; i++)
		if (supervisor->wards[i].child)
			(void)kill(supervisor->wards[i].child, SIGTERM);
	while (count_children(supervisor) && clock_monotonic_ms() < until) {
		reap(supervisor);
		if (supervisor->watchdog_ms)
			service_notify("WATCHDOG=1");
		(void)nanosleep(&pause, NULL); /* clock_sleep_ms returns at once after a stop */
	}
}

static size_t count_children(const struct supervisor *supervisor)
{
	size_t children = 0;

	for (size_t i = 0; i < supervisor->count; i++)
		children += supervisor->wards[i].child > 0;
	return children;
}
