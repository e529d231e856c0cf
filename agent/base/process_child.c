/*
 * Owns the way from vfork to exec. Easily got wrong: until exec the child has our memory, while we stand still, so it
 * writes nothing there but its own variables, and no handler of ours may run in it. (A fork would copy the page tables
 * of all that a run holds, for each program.) SIG_IGN and blocked signals survive exec, so both are undone in the child;
 * and a parent that dies between vfork and prctl would leave an orphan, so the child looks once more.
 */
#include "base/process_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/text.h"

#define FDS_MAXIMUM 65536 /* where close_range(2) is missing */

struct pipes { /* [0] to read from, [1] to write to */
	int input[2], output[2], complaint[2], report[2];
};

struct report { /* what the child writes when it cannot become the program */
	enum { STEP_SET_UP, STEP_FOLDER, STEP_EXEC } step;
	int number;
};

static void pipes_cleanup(struct pipes *pipes);
#define AUTO_PIPES CLEANUP(pipes_cleanup) struct pipes

static FALLIBLE failed(struct arena *arena, const struct process *process, struct report report);
static int open_pipes(bool has_input, struct pipes *pipes);
static int open_pipe(int fds[2]);
static char **make_arguments(struct arena *arena, const struct process *process);
static char **make_environment(struct arena *arena, const struct process *process);
static bool names(const char *const *environment, const char *setting);
static void become(const struct process *process, const struct pipes *pipes, char **arguments,
                   char **environment, pid_t parent) __attribute__((noreturn));
static int set_up(const struct pipes *pipes, pid_t parent);
static int reset_signals(void);
static int close_later(void);
static bool read_report(int fd, struct report *ret_report);

FALLIBLE child_start(struct arena *arena, const struct process *process, bool has_input,
                     struct child *ret_child)
{
	AUTO_PIPES pipes = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	char **arguments = make_arguments(arena, process);
	char **environment = make_environment(arena, process);
	pid_t parent = getpid(), pid;
	struct report report = {.step = STEP_SET_UP};
	sigset_t all, before;

	if (process->program[0] != '/')
		BUG("the program '%s' is not named by an absolute path", process->program);
	if (open_pipes(has_input, &pipes)) {
		report.number = errno;
		return failed(arena, process, report);
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = vfork();
	if (!pid)
		become(process, &pipes, arguments, environment, parent);
	report.number = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return failed(arena, process, report);

	fd_cleanup(&pipes.report[1]);
	pipes.report[1] = -1;
	if (read_report(pipes.report[0], &report)) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return failed(arena, process, report);
	}
	ret_child->pid = pid;
	ret_child->input = TAKE_FD(pipes.input[1]);
	ret_child->output = TAKE_FD(pipes.output[0]);
	ret_child->complaint = TAKE_FD(pipes.complaint[0]);
	return NULL;
}

static void pipes_cleanup(struct pipes *pipes)
{
	for (int end = 0; end < 2; end++) {
		fd_cleanup(&pipes->input[end]);
		fd_cleanup(&pipes->output[end]);
		fd_cleanup(&pipes->complaint[end]);
		fd_cleanup(&pipes->report[end]);
	}
}

static FALLIBLE failed(struct arena *arena, const struct process *process, struct report report)
{
	const char *what = arena_printf(arena, "cannot run '%s'", process->program);
	const char *why = errno_text(arena, report.number);

	if (report.step == STEP_EXEC && (report.number == ENOENT || report.number == ENOTDIR))
		return FAIL(arena, PROGRAM_MISSING, .what = what, .why = why,
		            .hint = arena_printf(
				    arena, "Install the program, or correct its path: ls -l '%s'",
				    process->program));
	if (report.step == STEP_FOLDER)
		return FAIL(arena, PROCESS, .what = what,
		            .why = arena_printf(arena, "%s: %s", process->folder, why),
		            .hint = arena_printf(arena,
		                                 "Look at the folder it should run in: ls -ld '%s'",
		                                 process->folder));
	if (report.step == STEP_EXEC)
		return FAIL(arena, PROCESS, .what = what, .why = why,
		            .hint = arena_printf(arena,
		                                 "See whether our user may run it: ls -l '%s'",
		                                 process->program));
	return FAIL(arena, PROCESS, .what = what, .why = why,
	            .hint = "See whether a limit of processes or open files is reached: ulimit -a");
}

/* 0, or -1 with errno. */
static int open_pipes(bool has_input, struct pipes *pipes)
{
	if (open_pipe(pipes->output) || open_pipe(pipes->complaint) || open_pipe(pipes->report))
		return -1;
	if (has_input) {
		if (open_pipe(pipes->input) || fcntl(pipes->input[1], F_SETFL, O_NONBLOCK))
			return -1;
	} else if ((pipes->input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) {
		return -1;
	}
	if (fcntl(pipes->output[0], F_SETFL, O_NONBLOCK) ||
	    fcntl(pipes->complaint[0], F_SETFL, O_NONBLOCK))
		return -1;
	return 0;
}

/* Never takes 0, 1 or 2, even when our own are closed: the child would overwrite them. */
static int open_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		return -1;
	for (int i = 0; i < 2; i++) {
		int moved;

		if (fds[i] > 2)
			continue;
		moved = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (moved < 0)
			return -1;
		(void)close(fds[i]);
		fds[i] = moved;
	}
	return 0;
}

static char **make_arguments(struct arena *arena, const struct process *process)
{
	struct {
		char **items;
		size_t count, room;
	} list = {0};
	const char *slash = strrchr(process->program, '/');

	*LIST_ADD(arena, &list) = arena_text(arena, slash ? slash + 1 : process->program);
	for (size_t i = 0; process->arguments && process->arguments[i]; i++)
		*LIST_ADD(arena, &list) = arena_text(arena, process->arguments[i]);
	*LIST_ADD(arena, &list) = NULL;
	return list.items;
}

static char **make_environment(struct arena *arena, const struct process *process)
{
	static const char *const always[] = {"PATH=/usr/bin:/bin:/usr/local/bin", "LC_ALL=C.UTF-8"};
	struct {
		char **items;
		size_t count, room;
	} list = {0};

	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
		if (!names(process->environment, always[i]))
			*LIST_ADD(arena, &list) = arena_text(arena, always[i]);
	}
	for (size_t i = 0; process->environment && process->environment[i]; i++)
		*LIST_ADD(arena, &list) = arena_text(arena, process->environment[i]);
	*LIST_ADD(arena, &list) = NULL;
	return list.items;
}

static bool names(const char *const *environment, const char *setting)
{
	size_t size = strcspn(setting, "=") + 1;

	for (size_t i = 0; environment && environment[i]; i++) {
		if (strncmp(environment[i], setting, size) == 0)
			return true;
	}
	return false;
}

/* In the child: only calls that are safe after vfork. By its number exec is no place where coverage is written down. */
static void become(const struct process *process, const struct pipes *pipes, char **arguments,
                   char **environment, pid_t parent)
{
	struct report report = {.step = STEP_SET_UP};

	if (set_up(pipes, parent) == 0) {
		report.step = STEP_FOLDER;
		if (chdir(process->folder ? process->folder : "/") == 0) {
			report.step = STEP_EXEC;
			(void)syscall(SYS_execve, process->program, arguments, environment);
		}
	}
	report.number = errno;
	(void)!write(pipes->report[1], &report, sizeof report);
	_exit(127);
}

static int set_up(const struct pipes *pipes, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -1;
	if (getppid() != parent) /* it died before prctl: nobody would kill us any more */
		_exit(127);
	if (setsid() < 0 || reset_signals())
		return -1;
	if (dup2(pipes->input[0], 0) < 0 || dup2(pipes->output[1], 1) < 0 ||
	    dup2(pipes->complaint[1], 2) < 0)
		return -1;
	return close_later();
}

static int reset_signals(void)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;

	sigemptyset(&usual.sa_mask);
	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &usual, NULL); /* fails for the two that cannot be set */
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Every descriptor above the three closes itself at exec; the report pipe is needed until then. */
static int close_later(void)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */) == 0)
		return 0;
#endif
	for (int fd = 3; fd < FDS_MAXIMUM; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0)
			(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
	return 0;
}

/* False when the pipe closed without a word: exec worked. */
static bool read_report(int fd, struct report *ret_report)
{
	struct report report;
	ssize_t size;

	do
		size = read(fd, &report, sizeof report);
	while (size < 0 && errno == EINTR);
	if (size != sizeof report)
		return false;
	*ret_report = report;
	return true;
}
