/*
 * Owns the talk with a running child: pipes, deadline, end. Easily got wrong: the child is reaped last of all, since as
 * long as it is a zombie its process group cannot become somebody else's and may be killed.
 */
#include "base/process_talk.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define OUTPUT_DEFAULT ((size_t)1024 * 1024)
#define PIECE ((size_t)64 * 1024)
#define COMPLAINT ((size_t)4 * 1024)
#define PATIENCE_MS 2000 /* from SIGTERM to SIGKILL */
#define GLANCE_MS 100 /* how long an end may go unnoticed when somebody else holds the pipes open */
#define CLOSED_GLANCE_MS 5 /* the same when the program closed them: it is about to end */

struct talk {
	struct arena *own, *arena;
	const struct process *process;
	struct child child;
	int end;            /* a descriptor that is ready when the child has ended; -1: none */
	struct bytes input; /* what is left of it */
	process_sink *sink;
	void *context;
	uint64_t end_ms;       /* monotonic; UINT64_MAX: none */
	uint64_t quiet_end_ms; /* moves on with each piece of output */
	bool ended;            /* the child, before the last poll */
	bool over;
	char *piece;
	char complaint[2 * COMPLAINT];
	size_t complaint_size;
	bool complaint_cut;
};

static bool is_open(const struct talk *talk);
static FALLIBLE pass_on(struct talk *talk, const struct pollfd *fds);
static void give_input(struct talk *talk);
static FALLIBLE take_output(struct talk *talk);
static void take_complaint(struct talk *talk);
static void heard(struct talk *talk);
static bool has_ended(const struct talk *talk);
static FALLIBLE out_of_time(struct talk *talk);
static FALLIBLE stopped(struct arena *arena, const struct process *process);
static int end_child(struct talk *talk, bool by_force);
static const char *tidy_complaint(struct talk *talk);
static void close_pipe(int *fd);

/* A program may end without reading its input. */
void talks_begin(struct sigaction *ret_before)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGPIPE, &ignore, ret_before);
}

void talks_end(const struct sigaction *before)
{
	(void)sigaction(SIGPIPE, before, NULL);
}

FALLIBLE talk_open(struct arena *arena, const struct process *process, process_sink *sink,
                   void *context, struct talk **ret_talk)
{
	AUTO_ARENA own = arena_new();
	struct talk *talk = ARENA_NEW(own, struct talk);

	*talk = (struct talk){
		.own = own,
		.arena = arena,
		.process = process,
		.input = process->input,
		.sink = sink,
		.context = context,
		.piece = arena_alloc(own, PIECE),
		.end_ms = UINT64_MAX,
	};
	if (process->deadline_ms)
		talk->end_ms = clock_monotonic_ms() + process->deadline_ms;
	heard(talk);
	if (stop_asked())
		return stopped(arena, process);
	TRY(child_start(arena, process, process->input.size > 0, &talk->child));
	talk->end = (int)syscall(SYS_pidfd_open, talk->child.pid, 0); /* Linux 5.3 */
	own = NULL; /* the talk's, until talk_close */
	*ret_talk = talk;
	return NULL;
}

/* Whoever holds a pipe open longer than the child is not waited for. */
void talk_polled(struct talk *talk, struct pollfd *fds, int64_t *wait_ms)
{
	const uint64_t now = clock_monotonic_ms();
	const uint64_t until =
		talk->end_ms < talk->quiet_end_ms ? talk->end_ms : talk->quiet_end_ms;
	int64_t wait = is_open(talk) || talk->end >= 0 ? GLANCE_MS : CLOSED_GLANCE_MS;

	talk->ended = has_ended(talk);
	fds[0] = (struct pollfd){.fd = talk->child.output, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = talk->child.complaint, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = talk->child.input, .events = POLLOUT};
	fds[3] = (struct pollfd){.fd = talk->ended ? -1 : talk->end, .events = POLLIN};
	if (talk->ended || now >= until)
		wait = 0;
	else if ((uint64_t)wait > until - now)
		wait = (int64_t)(until - now);
	if (wait < *wait_ms)
		*wait_ms = wait;
}

FALLIBLE talk_hear(struct talk *talk, const struct pollfd *fds)
{
	const uint64_t now = clock_monotonic_ms();

	if (talk->ended && !is_open(talk)) {
		talk->over = true;
		return NULL;
	}
	if (stop_asked())
		return stopped(talk->arena, talk->process);
	if (now >= talk->end_ms || now >= talk->quiet_end_ms)
		return out_of_time(talk);
	if (fds[0].revents || fds[1].revents || fds[2].revents)
		return pass_on(talk, fds);
	talk->over = talk->ended;
	return NULL;
}

bool talk_is_over(const struct talk *talk)
{
	return talk->over;
}

void talk_warn(struct talk *talk)
{
	(void)kill(-talk->child.pid, SIGTERM);
}

void talk_close(struct talk *talk, struct process_result *ret_result)
{
	const int status = end_child(talk, !ret_result);

	close_pipe(&talk->child.input);
	close_pipe(&talk->child.output);
	close_pipe(&talk->child.complaint);
	close_pipe(&talk->end);
	if (ret_result)
		*ret_result = (struct process_result){
			.status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
			.output = {.data = ""},
			.complaint = tidy_complaint(talk),
		};
	arena_free(talk->own);
}

struct collected talk_collected(struct arena *arena, const struct process *process)
{
	return (struct collected){
		.text = TEXT_IN(arena),
		.program = process->program,
		.maximum = process->output_maximum ? process->output_maximum : OUTPUT_DEFAULT,
	};
}

struct error *talk_collect(void *context, struct arena *arena, const void *data, size_t size)
{
	struct collected *collected = context;

	if (size > collected->maximum - collected->text.size)
		return FAIL(arena, PROCESS,
		            .what = arena_printf(arena, "cannot take the output of '%s'",
		                                 collected->program),
		            .why = arena_printf(arena, "it wrote more than %s",
		                                text_size(arena, collected->maximum)),
		            .hint = "Run the program by hand and look at what it writes.");
	text_add_bytes(&collected->text, data, size);
	return NULL;
}

static bool is_open(const struct talk *talk)
{
	return talk->child.output >= 0 || talk->child.complaint >= 0;
}

static FALLIBLE pass_on(struct talk *talk, const struct pollfd *fds)
{
	if (fds[2].revents)
		give_input(talk);
	if (fds[1].revents)
		take_complaint(talk);
	return fds[0].revents ? take_output(talk) : NULL;
}

static void give_input(struct talk *talk)
{
	ssize_t size = write(talk->child.input, talk->input.data, talk->input.size);

	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (size > 0) {
		talk->input.data += size;
		talk->input.size -= (size_t)size;
	}
	if (size < 0 || !talk->input.size) /* a program that wants no more input is no failure */
		close_pipe(&talk->child.input);
}

static FALLIBLE take_output(struct talk *talk)
{
	ssize_t size = read(talk->child.output, talk->piece, PIECE);

	if (size > 0) {
		struct error *error =
			talk->sink(talk->context, talk->arena, talk->piece, (size_t)size);

		heard(talk); /* afterwards: what the sink took is not the program's silence */
		return error;
	}
	if (size == 0 || (errno != EINTR && errno != EAGAIN))
		close_pipe(&talk->child.output);
	return NULL;
}

/* Keeps the end: when the double room is full, its older half goes. */
static void take_complaint(struct talk *talk)
{
	ssize_t size;

	if (talk->complaint_size == sizeof talk->complaint) {
		memcpy(talk->complaint, talk->complaint + COMPLAINT, COMPLAINT);
		talk->complaint_size = COMPLAINT;
		talk->complaint_cut = true;
	}
	size = read(talk->child.complaint, talk->complaint + talk->complaint_size,
	            sizeof talk->complaint - talk->complaint_size);
	if (size > 0)
		talk->complaint_size += (size_t)size;
	else if (size == 0 || (errno != EINTR && errno != EAGAIN))
		close_pipe(&talk->child.complaint);
}

static void heard(struct talk *talk)
{
	talk->quiet_end_ms = UINT64_MAX;
	if (talk->process->quiet_ms)
		talk->quiet_end_ms = clock_monotonic_ms() + talk->process->quiet_ms;
}

/* Looks without reaping. */
static bool has_ended(const struct talk *talk)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)talk->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid != 0;
}

static FALLIBLE out_of_time(struct talk *talk)
{
	struct arena *arena = talk->arena;
	const char *complaint = tidy_complaint(talk);
	bool is_quiet = clock_monotonic_ms() < talk->end_ms;
	const char *time = text_duration(arena, is_quiet ? talk->process->quiet_ms
	                                                 : talk->process->deadline_ms);
	const char *why = arena_printf(
		arena, is_quiet ? "it wrote nothing for %s" : "it had not ended after %s", time);

	return FAIL(
		arena, PROCESS_TIME,
		.what = arena_printf(arena, "cannot wait for '%s'", talk->process->program),
		.why = complaint[0] ? arena_printf(arena, "%s; it says: %s", why, complaint) : why,
		.hint = "Find out what it waits for, or give it more time in the configuration.");
}

static FALLIBLE stopped(struct arena *arena, const struct process *process)
{
	return FAIL(arena, STOPPED,
	            .what = arena_printf(arena, "stopped while running '%s'", process->program),
	            .hint = "Nothing to do: the next 'headgate reconcile' goes on from here.");
}

/* The status of waitpid. Whatever is left of the process group is killed before the leader is reaped. */
static int end_child(struct talk *talk, bool by_force)
{
	uint64_t end = clock_monotonic_ms() + PATIENCE_MS;
	struct timespec nap = {.tv_nsec = 5 * 1000000};
	int status = 0;

	if (by_force) {
		(void)kill(-talk->child.pid, SIGTERM);
		while (!has_ended(talk) && clock_monotonic_ms() < end)
			(void)nanosleep(&nap, NULL);
	}
	(void)kill(-talk->child.pid, SIGKILL);
	while (waitpid(talk->child.pid, &status, 0) < 0) {
		if (errno != EINTR)
			BUG("child %d is not ours: error %d", (int)talk->child.pid, errno);
	}
	return status;
}

static const char *tidy_complaint(struct talk *talk)
{
	struct arena *arena = talk->arena;
	size_t size = talk->complaint_size, cut = size > COMPLAINT ? size - COMPLAINT : 0;
	char *text;

	while (cut && cut < size && ((unsigned char)talk->complaint[cut] & 0xc0) == 0x80)
		cut++;
	text = arena_copy(arena, talk->complaint + cut, size - cut);
	for (size_t i = 0; i < size - cut; i++) {
		if (!text[i])
			text[i] = ' ';
	}
	return arena_printf(arena, "%s%s", cut || talk->complaint_cut ? "…" : "",
	                    text_clip(arena, text_trim(arena, text), SIZE_MAX));
}

static void close_pipe(int *fd)
{
	fd_cleanup(fd);
	*fd = -1;
}
