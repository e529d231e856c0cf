/*
 * Owns the running of programs: pipes, deadline, end. process_child.c is what happens between fork and exec.
 * Easily got wrong: the child is reaped last of all, since as long as it is a zombie its process group cannot become
 * somebody else's and may be killed.
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process_child.h"
#include "base/text.h"

#define OUTPUT_DEFAULT ((size_t)1024 * 1024)
#define PIECE ((size_t)64 * 1024)
#define COMPLAINT ((size_t)4 * 1024)
#define PATIENCE_MS 2000 /* from SIGTERM to SIGKILL */
#define GLANCE_MS 100 /* how long an end may go unnoticed when somebody else holds the pipes open */
#define CLOSED_GLANCE_MS 5 /* the same when the program closed them: it is about to end */

struct conversation {
	struct arena *arena;
	const struct process *process;
	struct child child;
	struct bytes input; /* what is left of it */
	process_sink *sink;
	void *context;
	uint64_t end_ms;       /* monotonic; UINT64_MAX: none */
	uint64_t quiet_end_ms; /* moves on with each piece of output */
	char *piece;
	char complaint[2 * COMPLAINT];
	size_t complaint_size;
	bool complaint_cut;
};

struct collected {
	struct text text;
	const char *program;
	size_t maximum;
};

static struct error *collect(void *context, struct arena *arena, const void *data, size_t size);
static FALLIBLE converse(struct conversation *talk);
static FALLIBLE pass_on(struct conversation *talk, const struct pollfd *fds);
static void give_input(struct conversation *talk);
static FALLIBLE take_output(struct conversation *talk);
static void take_complaint(struct conversation *talk);
static void heard(struct conversation *talk);
static bool has_ended(const struct conversation *talk);
static FALLIBLE out_of_time(struct conversation *talk);
static FALLIBLE stopped(struct conversation *talk);
static int end_child(struct conversation *talk, bool by_force);
static const char *tidy_complaint(struct conversation *talk);
static void close_pipe(int *fd);

FALLIBLE process_run(struct arena *arena, const struct process *process,
                     struct process_result *ret_result)
{
	struct collected collected = {
		.text = TEXT_IN(arena),
		.program = process->program,
		.maximum = process->output_maximum ? process->output_maximum : OUTPUT_DEFAULT,
	};

	TRY(process_stream(arena, process, collect, &collected, ret_result));
	ret_result->output = text_bytes(&collected.text);
	return NULL;
}

FALLIBLE process_stream(struct arena *arena, const struct process *process, process_sink *sink,
                        void *context, struct process_result *ret_result)
{
	AUTO_ARENA scratch = arena_new();
	struct conversation *talk = ARENA_NEW(scratch, struct conversation);
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	struct error *error;
	int status;

	talk->arena = arena;
	talk->process = process;
	talk->input = process->input;
	talk->sink = sink;
	talk->context = context;
	talk->piece = arena_alloc(scratch, PIECE);
	talk->end_ms = UINT64_MAX;
	if (process->deadline_ms)
		talk->end_ms = clock_monotonic_ms() + process->deadline_ms;
	heard(talk);
	if (stop_asked())
		return stopped(talk);
	TRY(child_start(arena, process, process->input.size > 0, &talk->child));

	sigemptyset(&ignore.sa_mask);
	/* A program may end without reading its input. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	error = converse(talk);
	(void)sigaction(SIGPIPE, &before, NULL);

	status = end_child(talk, error != NULL);
	close_pipe(&talk->child.input);
	close_pipe(&talk->child.output);
	close_pipe(&talk->child.complaint);
	if (error)
		return error;
	*ret_result = (struct process_result){
		.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
		.output = {.data = ""},
		.complaint = tidy_complaint(talk),
	};
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

static struct error *collect(void *context, struct arena *arena, const void *data, size_t size)
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

/* Until both pipes are closed and the child has ended. Who holds a pipe open longer than the child is not waited for. */
static FALLIBLE converse(struct conversation *talk)
{
	for (;;) {
		uint64_t now = clock_monotonic_ms();
		bool ended = has_ended(talk);
		bool open = talk->child.output >= 0 || talk->child.complaint >= 0;
		struct pollfd fds[] = {
			{.fd = talk->child.output, .events = POLLIN},
			{.fd = talk->child.complaint, .events = POLLIN},
			{.fd = talk->child.input, .events = POLLOUT},
		};
		int64_t wait = ended ? 0 : open ? GLANCE_MS : CLOSED_GLANCE_MS;

		if (ended && !open)
			return NULL;
		if (stop_asked())
			return stopped(talk);
		if (now >= talk->end_ms || now >= talk->quiet_end_ms)
			return out_of_time(talk);
		if ((uint64_t)wait > talk->end_ms - now)
			wait = (int64_t)(talk->end_ms - now);
		if (clock_poll(fds, 3, wait))
			TRY(pass_on(talk, fds));
		else if (ended && !stop_asked()) /* a stop, too, makes clock_poll say "nothing" */
			return NULL;
	}
}

static FALLIBLE pass_on(struct conversation *talk, const struct pollfd *fds)
{
	if (fds[2].revents)
		give_input(talk);
	if (fds[1].revents)
		take_complaint(talk);
	return fds[0].revents ? take_output(talk) : NULL;
}

static void give_input(struct conversation *talk)
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

static FALLIBLE take_output(struct conversation *talk)
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
static void take_complaint(struct conversation *talk)
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

static void heard(struct conversation *talk)
{
	talk->quiet_end_ms = UINT64_MAX;
	if (talk->process->quiet_ms)
		talk->quiet_end_ms = clock_monotonic_ms() + talk->process->quiet_ms;
}

/* Looks without reaping. */
static bool has_ended(const struct conversation *talk)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)talk->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid != 0;
}

static FALLIBLE out_of_time(struct conversation *talk)
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

static FALLIBLE stopped(struct conversation *talk)
{
	struct arena *arena = talk->arena;

	return FAIL(
		arena, STOPPED,
		.what = arena_printf(arena, "stopped while running '%s'", talk->process->program),
		.hint = "Nothing to do: the next 'headgate reconcile' goes on from here.");
}

/* The status of waitpid. Whatever is left of the process group is killed before the leader is reaped. */
static int end_child(struct conversation *talk, bool by_force)
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

static const char *tidy_complaint(struct conversation *talk)
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
