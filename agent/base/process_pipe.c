/*
 * Owns a program that is spoken with while it runs. Easily got wrong: writing to a program that has ended raises
 * SIGPIPE, and the child is reaped last, after its process group was killed.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process_child.h"

#define NAP_NS (5 * 1000000)

static bool has_ended(pid_t pid);

FALLIBLE process_pipe_open(struct arena *arena, const struct process *process,
                           struct process_pipe *ret_pipe)
{
	struct child child;

	TRY(child_start(arena, process, true, &child));
	*ret_pipe = (struct process_pipe){child.pid, child.input, child.output, child.complaint};
	return NULL;
}

ssize_t process_pipe_write(struct process_pipe *pipe, const void *data, size_t size)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	ssize_t written;

	(void)sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGPIPE, &ignore, &before);
	written = write(pipe->input, data, size);
	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		written = 0;
	(void)sigaction(SIGPIPE, &before, NULL);
	return written;
}

int process_pipe_close(struct process_pipe *pipe, uint64_t wait_ms)
{
	uint64_t until = clock_monotonic_ms() + wait_ms;
	int status = 0;

	if (!pipe->pid)
		return 0;
	fd_cleanup(&pipe->input); /* the sign for many programs to end */
	while (!has_ended(pipe->pid) && clock_monotonic_ms() < until)
		(void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
	(void)kill(-pipe->pid, SIGKILL);
	while (waitpid(pipe->pid, &status, 0) < 0)
		if (errno != EINTR)
			BUG("child %d is not ours: error %d", (int)pipe->pid, errno);
	fd_cleanup(&pipe->output);
	fd_cleanup(&pipe->complaint);
	*pipe = (struct process_pipe){.pid = 0, .input = -1, .output = -1, .complaint = -1};
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Looks without reaping. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid != 0;
}
